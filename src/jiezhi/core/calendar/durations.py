"""时限的写法: what a period is called, as the law writes it, and how to read it.

A `Duration` is an amount and a unit exactly as written （“5日” stays 5日）. Whether a written 日 means a
working day is a question of the statute, answered by `regimes.Regime.effective`, never here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

#: No period in law is longer; a larger number is a slip of the keyboard and would leave the calendar.
MAX_AMOUNT, MAX_YEARS = 9999, 100


class Unit(StrEnum):
    """Unit of a period; the value is the word the law uses."""

    HOUR = "小时"
    WORK_HOUR = "工作小时"
    DAY = "日"
    WORKDAY = "工作日"
    MONTH = "月"
    YEAR = "年"

    @property
    def measured_in_hours(self) -> bool:
        """True for 小时 and 工作小时, which end at an instant; the others end with a whole day."""
        return self in (Unit.HOUR, Unit.WORK_HOUR)


_TAKES_GE = (Unit.WORK_HOUR, Unit.WORKDAY, Unit.MONTH)


def spoken(amount: int, unit: Unit) -> str:
    """`amount` of `unit` as the law writes it: 5个工作日, 90日, 3个月."""
    return f"{amount}{'个' if unit in _TAKES_GE else ''}{unit.value}"


@dataclass(frozen=True, slots=True)
class Duration:
    """A period such as 5个工作日: `amount` (1 to 9999, years to 100) of `unit`. ValueError when out of
    range.
    """

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        most = MAX_YEARS if self.unit is Unit.YEAR else MAX_AMOUNT
        if not 1 <= self.amount <= most:
            raise ValueError(f"{self.unit.value}数要在1到{most}之间，现在是{self.amount}。")

    def __str__(self) -> str:
        return spoken(self.amount, self.unit)


@dataclass(frozen=True, slots=True)
class Annual:
    """A date of every year, such as 每年1月31日. 2月29日 means the last day of February in common years."""

    month: int
    day: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= 12 or not 1 <= self.day <= _LONGEST_MONTH[self.month - 1]:
            raise ValueError(
                f"没有{self.month}月{self.day}日这一天，请改成日历上有的日期，例如：每年1月31日。"
            )

    def __str__(self) -> str:
        return f"每年{self.month}月{self.day}日"


_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_NUMBER = r"[0-9]+|[零〇一二两三四五六七八九十百千]+"
_DURATION = re.compile(
    rf"(?P<amount>{_NUMBER})(?:个?(?P<loose>工作日|工作小时|小时)|(?P<bare>日|天|年)|个(?P<month>月))"
)
_ANNUAL = re.compile(rf"每年(?P<month>{_NUMBER})月(?P<day>{_NUMBER})日")
_UNITS = {unit.value: unit for unit in Unit} | {"天": Unit.DAY}
_EXAMPLES = "5个工作日、90日、24小时、4个工作小时、3个月、2年、每年1月31日"

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}
# 一百二 is refused: people say it for 120, and read digit by digit it would be 102.
_CHINESE_NUMBER = re.compile(
    r"(?![零〇])(?:[一二两三四五六七八九]千)?(?:[零〇]?[一二两三四五六七八九]百)?"
    r"(?:十|[零〇]?[一二三四五六七八九]十)?(?:(?<![百千])[一二两三四五六七八九]|[零〇][一二三四五六七八九])?"
)


def _number(text: str) -> int | None:
    """Value of Arabic or Chinese digits below ten thousand （十五, 二十四, 一百二十）; None when ill-formed."""
    if text.isdigit():
        return int(text)
    if not _CHINESE_NUMBER.fullmatch(text):
        return None
    total, digit = 0, None
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        else:
            total += (digit or 1) * _PLACES[char]
            digit = None
    return total + (digit or 0)


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> Duration | Annual:
    """Read a period as the law writes it.

    In: 5个工作日, 5工作日, 90日, 90天, 24小时, 4个工作小时, 3个月, 2年, 每年1月31日, also in Chinese
    numerals （十五日）. Out: `Duration` or `Annual`. ValueError, in Chinese with examples, for anything else;
    “3月” is refused because it may be the month of March.
    """
    written = text.strip()
    if match := _DURATION.fullmatch(written):
        amount = _number(match["amount"])
        if amount is not None:
            return Duration(amount, _UNITS[match["loose"] or match["bare"] or match["month"]])
    elif match := _ANNUAL.fullmatch(written):
        month, day = _number(match["month"]), _number(match["day"])
        if month is not None and day is not None:
            return Annual(month, day)
    raise ValueError(f"看不懂时限“{text}”。请照这样写：{_EXAMPLES}。")
