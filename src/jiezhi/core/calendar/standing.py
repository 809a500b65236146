"""在某日有没有效：施行日含，失效日不含。"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

Day = TypeVar("Day", date, str)


def stands(since: Day, until: Day | None, day: Day) -> bool:
    """`since` 施行、`until` 失效（没有的为空）的，`day` 那天有没有效。三个都是日期，或都写成 YYYY-MM-DD。"""
    return since <= day and (not until or day < until)
