"""工作日表。"""

from functools import lru_cache

from django.db.models import QuerySet

from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import CalendarDay, CalendarYear
from jiezhi.core.calendar.daytable import FIRST_YEAR, LAST_YEAR, DayKind, DayTable

_cache: stamps.StampedCache[DayTable] = stamps.StampedCache(stamps.CALENDAR)


@lru_cache(maxsize=1)
def _seed() -> DayTable:
    return DayTable.from_chinesecalendar(FIRST_YEAR, LAST_YEAR)


def _build() -> DayTable:
    days = {day: DayKind(kind) for day, kind in CalendarDay.objects.values_list("date", "kind")}
    announced = list(CalendarYear.objects.filter(announced=True).values_list("year", flat=True))
    # 没有改动过的就是随程序带的那一张，不必重算。
    return _seed().with_days(days, announced_years=announced) if days or announced else _seed()


def day_table() -> DayTable:
    """现行的工作日表：随程序带的国务院安排，加上本单位的改动。按版本戳缓存，命中时一条查询。"""
    return _cache.get(_build)


def table_for(stamp: str) -> DayTable:
    """同 `day_table`,版本戳已经查过的。"""
    return _cache.get(_build, stamp)


def changed_days(year: int) -> QuerySet[CalendarDay]:
    """某年里改动过的日子。"""
    return CalendarDay.objects.filter(date__year=year)


def years() -> QuerySet[CalendarYear]:
    return CalendarYear.objects.all()
