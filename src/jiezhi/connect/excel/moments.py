"""日期和时间：Excel 里的各种写法。时间一律按北京时间（Asia/Shanghai）理解。"""

from __future__ import annotations

import datetime as dt
import re

from jiezhi.connect.excel.cells import Cell, blank, one_line
from jiezhi.connect.excel.errors import ValueProblem
from jiezhi.connect.excel.values import half
from jiezhi.core.calendar import CHINA as SHANGHAI

EARLIEST = dt.date(1900, 1, 1)
_SERIAL_FIRST, _SERIAL_LAST = 10_000.0, 80_000.0  # 1927 to 2119; outside, a number is hardly a date
_EPOCH = dt.datetime(1899, 12, 30)
_EPOCH_1904 = dt.datetime(1904, 1, 1)

_DATE = r"(?P<y>\d{4})\s*(?P<s>[-/.年])\s*(?P<m>\d{1,2})\s*(?:(?P=s)|月)\s*(?P<d>\d{1,2})\s*日?"
_HALF_DAY = r"(?P<half>上午|下午|凌晨|早上|早晨|中午|晚上|傍晚|AM|PM)?"
_CLOCK = (
    r"(?P<h>\d{1,2})\s*(?::\s*(?P<mi>\d{1,2})(?:\s*:\s*(?P<se>\d{1,2})(?:\.\d+)?)?"
    r"|[时点]\s*(?:(?P<mi2>\d{1,2})\s*分?(?:\s*(?P<se2>\d{1,2})\s*秒)?|(?P<half_hour>半)|整)?)"
)
_FULL = re.compile(
    rf"{_DATE}(?:[\sT,]*(?:(?:星期|周)[一二三四五六日天])?[\sT]*{_HALF_DAY}\s*{_CLOCK}\s*(?P<ampm>AM|PM)?)?"
    r"(?:\s*(?:星期|周)[一二三四五六日天])?",
    re.IGNORECASE,
)
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\s?(\d{2})(\d{2})(\d{2})?)?")
_SHORT_YEAR = re.compile(r"\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}(?!\d)")
_DAY_FIRST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d{2}\b")
_OFFSET = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})")


def as_datetime(
    value: Cell | None,
    *,
    now: dt.datetime | None = None,
    ahead_days: int = 366,
    earliest: dt.date = EARLIEST,
    epoch_1904: bool = False,
) -> dt.datetime | None:
    """A moment, aware, Asia/Shanghai; a date alone is its midnight.

    In: a date cell, an Excel serial number (`epoch_1904` for workbooks that count from 1904), or text. `now`
    (aware) is the moment beyond which plus `ahead_days` a date is refused; without it, the year 2100.
    Raises `ValueProblem` on two-digit years, dates that do not exist, are before `earliest` or far ahead.
    """
    if blank(value) or value is None:
        return None
    moment = _read(value, epoch_1904)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=SHANGHAI)
    else:
        moment = moment.astimezone(SHANGHAI)
    if moment.date() < earliest:
        raise ValueProblem(f"日期 {moment:%Y-%m-%d} 过早，请核对年份")
    if now is not None:
        too_late = moment > now.astimezone(SHANGHAI) + dt.timedelta(days=ahead_days)
    else:
        too_late = moment.year > 2100
    if too_late:
        raise ValueProblem(f"日期 {moment:%Y-%m-%d} 在很久以后，请核对年份")
    return moment


def as_date(
    value: Cell | None, *, now: dt.datetime | None = None, ahead_days: int = 366, epoch_1904: bool = False
) -> dt.date | None:
    """The day alone, in Asia/Shanghai. In and errors as `as_datetime`."""
    moment = as_datetime(value, now=now, ahead_days=ahead_days, epoch_1904=epoch_1904)
    return None if moment is None else moment.date()


def _read(value: Cell, epoch_1904: bool) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return _whole_second(value)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    if isinstance(value, bool | dt.time | dt.timedelta):
        raise ValueProblem("只有钟点，没有日期，请补上年月日")
    if isinstance(value, int | float):
        return _number(float(value), epoch_1904)
    return _text(value, epoch_1904)


def _whole_second(moment: dt.datetime) -> dt.datetime:
    """Excel keeps days as binary fractions: 11:25:05 may arrive as 11:25:04.999999."""
    if moment.microsecond:
        moment += dt.timedelta(microseconds=500_000)
        moment = moment.replace(microsecond=0)
    return moment


def _number(number: float, epoch_1904: bool) -> dt.datetime:
    if number.is_integer() and 19000101 <= number <= 21001231:
        return _text(str(int(number)), epoch_1904)
    if not _SERIAL_FIRST <= number <= _SERIAL_LAST:
        raise ValueProblem(f"“{number:g}”不是日期，请按“2019-02-28 11:25”的样子填写")
    start = _EPOCH_1904 if epoch_1904 else _EPOCH
    return start + dt.timedelta(seconds=round(number * 86400))


def _text(value: str, epoch_1904: bool) -> dt.datetime:
    text = half(one_line(value)).strip("'")
    found = _FULL.fullmatch(text)
    if found:
        return _parts(text, found)
    packed = _PACKED.fullmatch(text)
    if packed:
        parts = [int(part) for part in packed.groups() if part is not None]
        return _build(text, *parts)
    offset = _OFFSET.fullmatch(text)
    if offset:
        try:
            return _whole_second(dt.datetime.fromisoformat(text.replace("Z", "+00:00")))
        except ValueError:
            raise ValueProblem(f"“{text}”不是存在的日期，请核对") from None
    if _SHORT_YEAR.match(text):
        raise ValueProblem(f"“{text[:30]}”的年份只有两位，请写成四位，如 2019-02-28")
    if _DAY_FIRST.match(text):
        raise ValueProblem(f"“{text[:30]}”分不清月和日，请按“2019-02-28”的样子填写")
    try:
        number = float(text)
    except ValueError:
        raise ValueProblem(f"“{text[:30]}”不是日期，请按“2019-02-28 11:25”的样子填写") from None
    return _number(number, epoch_1904)


def _parts(text: str, found: re.Match[str]) -> dt.datetime:
    year, month, day = int(found["y"]), int(found["m"]), int(found["d"])
    if found["h"] is None:
        return _build(text, year, month, day)
    hour = int(found["h"])
    minute = 30 if found["half_hour"] else int(found["mi"] or found["mi2"] or 0)
    second = int(found["se"] or found["se2"] or 0)
    part = (found["half"] or found["ampm"] or "").upper()
    return _build(text, year, month, day, _hour(text, part, hour), minute, second)


def _hour(text: str, part: str, hour: int) -> int:
    """24-hour clock. 下午3时 and 下午15时 both mean 15; what could be noon or midnight is refused."""
    if part in {"AM", "PM"}:
        if not 1 <= hour <= 12:
            raise ValueProblem(f"“{text[:40]}”的钟点不对，请核对")
        return hour % 12 + (12 if part == "PM" else 0)
    if part in {"下午", "傍晚", "晚上"}:
        if hour == 12 and part == "下午":
            return 12
        if hour in {0, 12} or (part == "晚上" and hour < 5):
            raise ValueProblem(f"“{text[:40]}”分不清是哪一天的几点，请改用 24 小时制")
        return hour + 12 if hour < 12 else hour
    if part == "中午":
        return hour + 12 if hour in {1, 2} else hour
    if part and hour >= 12:
        raise ValueProblem(f"“{text[:40]}”的钟点前后矛盾，请改用 24 小时制")
    return hour


def _build(
    text: str, year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> dt.datetime:
    if hour == 24:
        raise ValueProblem(f"“{text[:40]}”请写成次日 0 时")
    try:
        return dt.datetime(year, month, day, hour, minute, second)
    except ValueError:
        raise ValueProblem(f"“{text[:40]}”不是存在的日期或时刻，请核对") from None
