"""工作日日历: which days are working days, and counting them without walking through them.

Working days follow the State Council's yearly arrangement （放假调休）, seeded from `chinesecalendar`; an
office may overrule single days and enter a newly announced year. A year whose arrangement is not announced
is *provisional*: it is guessed as Monday to Friday without the statutory holidays that have a fixed date
（元旦1月1日, 劳动节5月1日至2日, 国庆10月1日至3日: 全国年节及纪念日放假办法（2024）§2, 已核对）, and every result
that touched it says so. The guess has more working days than the real year will have, so a guessed deadline
is mostly early; near a make-up weekend it may be late.

The arrangement of a year can also move the last days of the December before it （调休 for 元旦: 29 December
in 2007 and 2018）. From 29 December on, a day therefore counts as announced only when the following year is
announced too.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from types import MappingProxyType
from zoneinfo import ZoneInfo

#: The time zone in which the law counts.
CHINA = ZoneInfo("Asia/Shanghai")

#: Days the tables cover; beyond them only periods that need no table can be counted.
FIRST_YEAR, LAST_YEAR = 1970, 2099
_ORIGIN = date(FIRST_YEAR, 1, 1).toordinal() - 1
_LIMIT = date(LAST_YEAR, 12, 31).toordinal() - _ORIGIN

_FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
_NEW_YEAR_TAIL = 3  # days of December which the next year's arrangement may still move

OfficeHours = tuple[tuple[str, str], ...]
DEFAULT_OFFICE_HOURS: OfficeHours = (("09:00", "12:00"), ("14:00", "18:00"))


class DayKind(StrEnum):
    """What a day is."""

    WORKDAY = "workday"
    REST = "rest"
    HOLIDAY = "holiday"

    @property
    def shown(self) -> str:
        """The Chinese word: 工作日, 休息日, 节假日."""
        return {"workday": "工作日", "rest": "休息日", "holiday": "节假日"}[self.value]


def guess_kind(day: date) -> DayKind:
    """Kind of `day` when nobody has announced it: see the module's first paragraph."""
    if (day.month, day.day) in _FIXED_HOLIDAYS:
        return DayKind.HOLIDAY
    return DayKind.WORKDAY if day.weekday() < 5 else DayKind.REST


@lru_cache(maxsize=1)
def _guessed() -> bytes:
    """One byte per day from 1 January FIRST_YEAR: 1 where the guess is a working day. Index 0 is the day
    before.
    """
    days = (date.fromordinal(_ORIGIN + i) for i in range(1, _LIMIT + 1))
    return b"\0" + bytes(guess_kind(day) is DayKind.WORKDAY for day in days)


@dataclass(frozen=True, eq=False)
class DayTable:
    """Immutable table of days. Build a changed one with `with_days`.

    `days`: the known days. `office_hours`: pairs "HH:MM" in order, for 工作小时. `announced_years`: years
    with a State Council arrangement; by default those in which every day is given. ValueError for bad office
    hours.
    """

    days: Mapping[date, DayKind]
    office_hours: OfficeHours = DEFAULT_OFFICE_HOURS
    announced_years: frozenset[int] | None = None
    # counted[i]: working days among the first i days; unsure[i]: days not announced
    # works: the numbers of the days that are working days
    _counted: array[int] = field(init=False, repr=False)
    _unsure: array[int] = field(init=False, repr=False)
    _works: array[int] = field(init=False, repr=False)
    _spans: tuple[tuple[int, int], ...] = field(init=False, repr=False)
    _day_length: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        days = MappingProxyType(dict(self.days))
        announced = self.announced_years
        if announced is None:
            announced = _complete_years(days)
        works = bytearray(_guessed())
        for day, kind in days.items():
            works[_index(day)] = kind is DayKind.WORKDAY
        unsure = bytearray(b"\0") + b"\1" * _LIMIT
        for year in announced:
            first, last = _index(date(year, 1, 1)), _index(date(year, 12, 31))
            tail = 0 if year + 1 in announced else _NEW_YEAR_TAIL
            unsure[first : last + 1 - tail] = bytes(last + 1 - tail - first)
        spans = tuple((_microseconds(opens), _microseconds(closes)) for opens, closes in self.office_hours)
        flat = [moment for span in spans for moment in span]
        if not flat or any(a >= b for a, b in zip(flat, flat[1:], strict=False)):
            raise ValueError("办公时间要按先后写，不能重叠，例如：09:00—12:00、14:00—18:00。")
        values = {
            "days": days,
            "announced_years": frozenset(announced),
            "_counted": array("i", accumulate(works)),
            "_unsure": array("i", accumulate(unsure)),
            "_works": array("i", (i for i, work in enumerate(works) if work)),
            "_spans": spans,
            "_day_length": sum(b - a for a, b in spans),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_chinesecalendar(
        cls, first_year: int, last_year: int, office_hours: OfficeHours = DEFAULT_OFFICE_HOURS
    ) -> DayTable:
        """Table seeded from the `chinesecalendar` package for both years and those between.

        Years which the package does not know stay provisional.
        """
        from chinese_calendar import holidays, workdays  # its tables are large: loaded only when seeding

        known = {day.year for day in holidays}
        days: dict[date, DayKind] = {}
        for year in range(first_year, last_year + 1):
            if year not in known:
                continue
            for number in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1):
                day = date.fromordinal(number)
                if day in workdays:
                    days[day] = DayKind.WORKDAY
                elif day in holidays:
                    days[day] = DayKind.HOLIDAY
                else:
                    days[day] = DayKind.WORKDAY if day.weekday() < 5 else DayKind.REST
        return cls(days, office_hours)

    def with_days(self, days: Mapping[date, DayKind], announced_years: Iterable[int] = ()) -> DayTable:
        """New table in which `days` replace what was known, and `announced_years` are announced as well.

        For a newly imported year give its holidays and make-up workdays; the days not given follow Monday to
        Friday.
        """
        announced = (self.announced_years or frozenset()) | frozenset(announced_years)
        return DayTable({**self.days, **days}, self.office_hours, announced)

    def kind(self, day: date) -> DayKind:
        """Kind of `day`, known or guessed."""
        return self.days.get(day) or guess_kind(day)

    def is_workday(self, day: date) -> bool:
        """True when `day` is a working day (make-up weekends included)."""
        i = _index(day)
        return self._counted[i] != self._counted[i - 1]

    def announced(self, year: int) -> bool:
        """True when the State Council's arrangement of `year` is in the table."""
        return year in (self.announced_years or ())

    def add_workdays(self, day: date, n: int) -> date:
        """The n-th working day strictly after `day`; before it when n is negative; `day` itself when n is
        0.
        """
        i = _index(day)
        if n == 0:
            return day
        place = self._counted[i] + n - 1 if n > 0 else self._counted[i - 1] + n
        if not 0 <= place < len(self._works):
            raise ValueError(_OUTSIDE)
        return date.fromordinal(_ORIGIN + self._works[place])

    def workdays_between(self, after: date, until: date) -> int:
        """Working days after `after` up to and including `until`; negative when `until` is earlier."""
        return self._counted[_index(until)] - self._counted[_index(after)]

    def next_workday(self, day: date) -> date:
        """`day` when it is a working day, else the first working day after it."""
        return day if self.is_workday(day) else self.add_workdays(day, 1)

    def provisional_between(self, after: date, until: date) -> bool:
        """True when a day after `after`, up to and including `until`, is not announced."""
        return self._unsure[_index(until)] > self._unsure[_index(after)]

    def unannounced_year(self, after: date, until: date) -> int:
        """The first year whose announcement would settle the days after `after` up to `until`."""
        year = (after + timedelta(days=1)).year
        while year <= until.year and self.announced(year):
            year += 1
        return year

    @property
    def office_day(self) -> timedelta:
        """Office time of one working day."""
        return timedelta(microseconds=self._day_length)

    def office_position(self, moment: datetime) -> int:
        """Microseconds of office time from the table's beginning to `moment` (aware). Differences are office
        time.
        """
        local = moment.astimezone(CHINA)
        i = _index(local.date())
        whole = self._counted[i - 1]
        position = whole * self._day_length
        if self._counted[i] != whole:
            clock = _microseconds_of(local)
            position += sum(min(clock, closes) - opens for opens, closes in self._spans if clock > opens)
        return position

    def office_moment(self, position: int, *, latest: bool = False) -> datetime:
        """The earliest moment at `position`, e.g. 18:00; with `latest` the last, e.g. 09:00 of the next
        working day.
        """
        place, within = divmod(position - (0 if latest else 1), self._day_length)
        within += 0 if latest else 1
        if not 0 <= place < len(self._works):
            raise ValueError(_OUTSIDE)
        for opens, closes in self._spans:
            length = closes - opens
            if within < length or (within == length and not latest):
                break
            within -= length
        day = date.fromordinal(_ORIGIN + self._works[place])
        return datetime.combine(day, time(), CHINA) + timedelta(microseconds=opens + within)


_OUTSIDE = f"工作日日历只排到{FIRST_YEAR}年至{LAST_YEAR}年，请检查日期是否写错。"


def _index(day: date) -> int:
    i = day.toordinal() - _ORIGIN
    if not 1 <= i <= _LIMIT:
        raise ValueError(_OUTSIDE)
    return i


def _complete_years(days: Mapping[date, DayKind]) -> frozenset[int]:
    given: dict[int, int] = {}
    for day in days:
        given[day.year] = given.get(day.year, 0) + 1
    return frozenset(year for year, n in given.items() if n == date(year, 12, 31).timetuple().tm_yday)


def _microseconds(clock: str) -> int:
    if clock == "24:00":
        return 86_400_000_000
    try:
        return _microseconds_of(time.fromisoformat(clock))
    except ValueError:
        raise ValueError(f"办公时间“{clock}”写得不对，请写成09:00这样的时刻。") from None


def _microseconds_of(clock: time | datetime) -> int:
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1_000_000 + clock.microsecond
