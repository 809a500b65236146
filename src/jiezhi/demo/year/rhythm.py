"""一年的起伏：工作日、周末、节假日各来多少，一天里几点来，哪几天下暴雨，什么季节什么事多。"""

from __future__ import annotations

import random
from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from itertools import accumulate

from jiezhi.core.calendar import CHINA, DayTable

# 24 个钟头各占多少：工作日早上、傍晚两个高峰，晚上不断；周末起得晚，晚上更多。
_WORKDAY = (4, 2, 1, 1, 1, 2, 8, 20, 46, 58, 55, 40, 28, 30, 44, 48, 46, 42, 34, 36, 44, 40, 24, 10)
_RESTDAY = (8, 4, 2, 1, 1, 2, 5, 12, 26, 40, 44, 38, 28, 26, 32, 36, 38, 40, 44, 52, 60, 58, 38, 18)
_OFFICE = (0, 0, 0, 0, 0, 0, 0, 0, 4, 40, 48, 30, 2, 0, 30, 44, 38, 18, 0, 0, 0, 0, 0, 0)

RAIN = {
    "城乡建设/内涝排水": 30.0, "应急安全/三防隐患": 14.0, "城乡建设/绿化养护": 6.0, "城乡建设/房屋安全": 5.0,
    "城乡建设/户外广告": 3.0, "城乡建设/施工管理": 3.0, "城乡建设/市政设施": 2.5,
}  # fmt: skip
_SEASONS: dict[str, tuple[tuple[int, ...], float]] = {
    "环境保护/噪声扰民": ((5, 6, 7, 8, 9), 1.7),
    "卫生计生/病媒防制": ((6, 7, 8, 9, 10), 2.6),
    "劳动和社会保障/拖欠工资": ((12, 1, 2), 2.8),
    "教育文体/学校管理": ((3, 9, 10), 2.2),
    "教育文体/校外培训": ((1, 7, 8), 2.2),
    "应急安全/消防安全": ((10, 11, 12, 1), 1.6),
    "商贸旅游/消费纠纷": ((11, 12, 1), 1.5),
    "城乡建设/环境卫生": ((6, 7, 8), 1.6),
}


class Year:
    """从 `first` 到 `last`（都含）每天的分量。同一随机源总得到同样的天气。"""

    def __init__(self, first: date, last: date, rng: random.Random, table: DayTable) -> None:
        self.first, self.last, self.table = first, last, table
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self.rain = _rain(days, rng)
        self.weights = [self._weight(day) * rng.lognormvariate(0, 0.16) for day in days]
        self._days = days
        self._mounting = list(accumulate(self.weights))
        self._work = [day for day in days if table.is_workday(day)]

    def _weight(self, day: date) -> float:
        before = day - timedelta(days=1)
        weight = 1.0 if self.table.is_workday(day) else 0.62
        if self.holiday(day):
            weight = 0.34
        elif self.holiday(before):
            weight *= 1.55  # 放完假头一天
        if day.month in (7, 8):
            weight *= 1.1
        return weight * (3.2 if day in self.rain else 1.7 if before in self.rain else 1.0)

    def holiday(self, day: date) -> bool:
        """长假里的一天：前后连着三天以上不上班。"""
        window = [not self.table.is_workday(day + timedelta(days=n)) for n in range(-2, 3)]
        return any(all(window[start : start + 3]) for start in range(3))

    def arrival(self, rng: random.Random) -> datetime:
        """居民来件的一个时刻。"""
        day = self._days[bisect_right(self._mounting, rng.random() * self._mounting[-1])]
        hours = _WORKDAY if self.table.is_workday(day) else _RESTDAY
        return self._moment(day, hours, rng)

    def visit(self, rng: random.Random) -> datetime:
        """工作日办公时间里的一个时刻：到窗口办事、上街执法。"""
        return self._moment(rng.choice(self._work), _OFFICE, rng)

    def between(self, first: int, last: int, rng: random.Random, *, office: bool) -> datetime:
        """第 `first` 到第 `last` 天（可为负，是这一年之前）之间的一个时刻；`office` 为真时在办公时间里。"""
        day = self.first + timedelta(days=rng.randint(first, last))
        if office and not self.table.is_workday(day):
            day = self.table.next_workday(day)
        return self._moment(day, _OFFICE if office else _WORKDAY, rng)

    def _moment(self, day: date, hours: tuple[int, ...], rng: random.Random) -> datetime:
        hour = rng.choices(range(24), hours)[0]
        clock = time(hour, rng.randint(0, 59), rng.randint(0, 59))
        return datetime.combine(day, clock, CHINA)

    def favour(self, category: str, moment: datetime) -> float:
        """这一类在这一刻多多少。"""
        months, more = _SEASONS.get(category, ((), 1.0))
        found = more if moment.month in months else 1.0
        if moment.date() in self.rain or moment.date() - timedelta(days=1) in self.rain:
            found *= RAIN.get(category, 0.7)
        if category == "环境保护/噪声扰民" and moment.hour >= 20:
            found *= 3
        return found


def _rain(days: list[date], rng: random.Random) -> frozenset[date]:
    """四到九月里的暴雨天，另有两场台风各连下三天。"""
    wet = [day for day in days if 4 <= day.month <= 9]
    if not wet:
        return frozenset()
    found = set(rng.sample(wet, min(8, len(wet))))
    stormy = [day for day in wet if day.month >= 7] or wet
    for start in rng.sample(stormy, min(2, len(stormy))):
        found |= {start + timedelta(days=n) for n in range(3)}
    return frozenset(found & set(days))
