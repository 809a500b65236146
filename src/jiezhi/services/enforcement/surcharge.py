"""加处罚款：到期不缴的，每日按罚款数额的百分之三，总额不超过罚款数额（行政处罚法 §72），复议、诉讼期间不算（§73）。

纯函数，数额是整数分，日子是北京时间的日期。
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

DAILY = 3
"""每日百分之几。"""
Period = tuple[date, date | None]


@dataclass(frozen=True, slots=True)
class Due:
    """应缴的一笔：数额（分）、到期日、陆续缴的（日期，数额）。没有分期的就是一笔。"""

    amount: int
    on: date
    paid: tuple[tuple[date, int], ...] = ()


def surcharge(dues: Iterable[Due], until: date, paused: Iterable[Period] = ()) -> int:
    """截至 `until`（含）各笔应加处的合计（分）。

    `paused` 是复议、诉讼期间（起止日都不算；还没有完的止写 None）。按没有缴的部分逐日算，缴款当天不再算；
    合计后去掉不足一分的零头。每笔加处不超过那一笔的数额，所以合计不超过罚款数额。
    """
    periods = list(paused)
    return sum(_one(due, until, periods) for due in dues)


def _one(due: Due, until: date, paused: list[Period]) -> int:
    paid = sorted(due.paid)
    days = (until - due.on).days
    # 加处到本金为止最多 34 天整，缴一点拖一点的也有限；超过本金就不必再数。
    total, day = 0, due.on
    for _ in range(max(days, 0)):
        day += timedelta(days=1)
        if any(start <= day and (end is None or day <= end) for start, end in paused):
            continue
        left = due.amount - sum(amount for on, amount in paid if on <= day)
        if left <= 0:
            break
        total += left * DAILY
        if total >= due.amount * 100:
            return due.amount
    return total // 100
