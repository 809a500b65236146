"""可改的工作日表，以及各类缓存的版本戳。"""

from datetime import date

from django.db import models
from django.db.models import Q

from jiezhi.base.accounts.sealing import SealedModel
from jiezhi.core.calendar.daytable import FIRST_YEAR, LAST_YEAR
from jiezhi.core.calendar.daytable import DayKind as CoreDayKind


class DayKind(models.TextChoices):
    """与 core.calendar.DayKind 同值。"""

    WORKDAY = CoreDayKind.WORKDAY.value, "工作日"
    REST = CoreDayKind.REST.value, "休息日"
    HOLIDAY = CoreDayKind.HOLIDAY.value, "节假日"


class CalendarDay(SealedModel):
    """改动过的一天；没有的日子按国务院办公厅安排（随程序带的年份）或周一至周五。"""

    date = models.DateField("日期", unique=True)
    kind = models.CharField("种类", max_length=8, choices=DayKind.choices)
    note = models.CharField("说明", max_length=100, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "改动的日子"
        ordering = ("date",)
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=DayKind.values), name="calendarday_kind_known"),
            models.CheckConstraint(
                condition=Q(date__range=(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))),
                name="calendarday_range",
            ),
        )

    def __str__(self) -> str:
        return f"{self.date} {self.get_kind_display()}"


class CalendarYear(SealedModel):
    """某一年的放假安排是否已公布，以及依据哪份通知。"""

    year = models.PositiveSmallIntegerField("年份", unique=True)
    announced = models.BooleanField("已公布", default=False)
    source = models.CharField("依据的通知", max_length=200, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "各年放假安排"
        ordering = ("year",)
        constraints = (
            models.CheckConstraint(
                condition=Q(year__range=(FIRST_YEAR, LAST_YEAR)), name="calendaryear_range"
            ),
            models.CheckConstraint(
                condition=Q(announced=False) | ~Q(source=""), name="calendaryear_announced_has_source"
            ),
        )

    def __str__(self) -> str:
        return f"{self.year} 年"


class Stamp(models.Model):
    """版本戳：内容一变就换一个随机值。各进程据此知道自己缓存的日历、区域索引是否还作数。

    用随机值而不用计数：事务回滚后计数会重复，缓存就可能张冠李戴。
    """

    name = models.CharField(max_length=32, unique=True)
    value = models.CharField(max_length=32)

    class Meta:
        verbose_name = verbose_name_plural = "版本戳"

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
