"""公示的内容。只放去标识以后、正在公开的；撤下、撤回时内容一并删去，原件在案卷里。"""

from datetime import date

from django.db import models

from jiezhi.base.accounts.sealing import SealedModel
from jiezhi.base.casework.models import Case
from jiezhi.core.calendar import last_day_of


class Publication(SealedModel):
    """公示的一条：由一件公开审查而来，一件至多一条。"""

    class Status(models.TextChoices):
        SHOWN = "公示中"
        WITHDRAWN = "已撤回"
        TAKEN_DOWN = "已撤下"

    case = models.OneToOneField(Case, models.PROTECT, related_name="publication", verbose_name="公开审查件")
    source = models.ForeignKey(
        Case, models.PROTECT, null=True, related_name="publications", verbose_name="来源案件"
    )
    category = models.CharField("栏目", max_length=20)
    number = models.CharField("决定文号", max_length=80)
    title = models.CharField("题名", max_length=200, blank=True)
    party = models.CharField("当事人（去标识）", max_length=200, blank=True)
    organ = models.CharField("作出决定的机关", max_length=100)
    text = models.TextField("公开的内容", blank=True)
    decided_on = models.DateField("作出决定的日期")
    published_at = models.DateTimeField("公布时间")
    expires_at = models.DateTimeField("到期撤下的时间")
    ended_at = models.DateTimeField("撤下、撤回的时间", null=True)
    reason = models.CharField("撤回的理由", max_length=400, blank=True)
    status = models.CharField("状态", max_length=4, choices=Status.choices, default=Status.SHOWN)

    class Meta:
        verbose_name = "公示"
        indexes = [models.Index(fields=["status", "-published_at"])]

    def __str__(self) -> str:
        return f"{self.number}（{self.status}）"

    @property
    def last_day(self) -> date:
        """公示的最后一天（到期时刻是不含在内的终点），北京时间。"""
        return last_day_of(self.expires_at)
