"""The day table against chinesecalendar, against a plain walk through the days, and its provisional years."""

import random
from datetime import date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.calendar import CHINA, DayKind, DayTable, seed_table

ONE = timedelta(days=1)


def _random_table(seed: int) -> DayTable:
    """Three years in which any day may be anything, in runs as long as twelve days off."""
    dice = random.Random(seed)
    days: dict[date, DayKind] = {}
    day = date(2030, 1, 1)
    while day.year < 2033:
        kind = dice.choice(list(DayKind))
        for _ in range(dice.randint(1, 12)):
            days[day] = kind
            day += ONE
    return DayTable(days)


RANDOM_TABLES = [_random_table(seed) for seed in range(6)]


def test_agrees_with_chinesecalendar_on_every_day_of_2015_to_2026() -> None:
    table = DayTable.from_chinesecalendar(2015, 2026)
    day, wrong = date(2015, 1, 1), []
    while day.year < 2027:
        if table.is_workday(day) != chinese_calendar.is_workday(day):
            wrong.append(day)
        assert (table.kind(day) is DayKind.WORKDAY) == table.is_workday(day)
        day += ONE
    assert wrong == []


@pytest.mark.parametrize(
    "day", [(2026, 1, 4), (2026, 2, 14), (2026, 2, 28), (2026, 5, 9), (2026, 9, 20), (2026, 10, 10)]
)
def test_make_up_weekends_are_working_days(day: tuple[int, int, int]) -> None:
    made_up = date(*day)
    assert made_up.weekday() >= 5
    assert seed_table().is_workday(made_up)
    assert seed_table().add_workdays(made_up - ONE, 1) == made_up


def test_the_spring_festival_of_2026_is_skipped() -> None:
    table = seed_table()
    assert table.add_workdays(date(2026, 2, 14), 1) == date(2026, 2, 24)
    assert table.workdays_between(date(2026, 2, 14), date(2026, 2, 24)) == 1
    assert table.kind(date(2026, 2, 17)) is DayKind.HOLIDAY
    assert table.kind(date(2026, 3, 1)) is DayKind.REST
    assert table.kind(date(2026, 3, 1)).shown == "休息日"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(RANDOM_TABLES), st.dates(date(2030, 1, 1), date(2032, 12, 31)), st.integers(-80, 80))
def test_counts_like_a_walk_through_the_days(table: DayTable, day: date, n: int) -> None:
    step, left, walked = (ONE, n, day) if n >= 0 else (-ONE, -n, day)
    while left:
        walked += step
        left -= table.kind(walked) is DayKind.WORKDAY
    assert table.add_workdays(day, n) == walked
    low, high = sorted((day, walked))
    between = sum(table.kind(low + i * ONE) is DayKind.WORKDAY for i in range(1, (high - low).days + 1))
    assert table.workdays_between(low, high) == between
    assert table.workdays_between(high, low) == -between


def test_a_year_not_announced_is_guessed_and_marked() -> None:
    table = DayTable.from_chinesecalendar(2025, 2027)
    assert table.announced(2026)
    assert not table.announced(2027)
    for month, day in ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)):
        assert table.kind(date(2027, month, day)) is DayKind.HOLIDAY
    assert table.is_workday(date(2027, 5, 3))
    assert not table.is_workday(date(2027, 5, 8))
    assert table.provisional_between(date(2026, 12, 20), date(2027, 1, 4))
    assert not table.provisional_between(date(2026, 1, 1), date(2026, 12, 28))
    assert not table.provisional_between(date(2024, 12, 31), date(2025, 1, 31))


def test_the_end_of_december_waits_for_the_next_year() -> None:
    table = DayTable.from_chinesecalendar(2026, 2026)
    assert table.provisional_between(date(2026, 12, 28), date(2026, 12, 29))
    assert table.unannounced_year(date(2026, 12, 28), date(2026, 12, 29)) == 2027
    later = table.with_days({}, [2027])
    assert not later.provisional_between(date(2026, 12, 28), date(2027, 12, 28))


def test_with_days_gives_a_new_table_and_leaves_the_old() -> None:
    old = DayTable.from_chinesecalendar(2026, 2026)
    closed = date(2026, 11, 25)
    new = old.with_days({closed: DayKind.REST, date(2027, 2, 5): DayKind.HOLIDAY}, announced_years=[2027])
    assert old.is_workday(closed)
    assert not new.is_workday(closed)
    assert not new.is_workday(date(2027, 2, 5))
    assert new.announced(2026)
    assert new.announced(2027)
    assert not old.announced(2027)
    with pytest.raises(TypeError):
        new.days[closed] = DayKind.WORKDAY  # type: ignore[index]


def test_one_day_given_does_not_announce_its_year() -> None:
    assert not DayTable({date(2026, 3, 2): DayKind.WORKDAY}).announced(2026)


def test_dates_outside_the_calendar_are_refused_in_chinese() -> None:
    for day in (date(1900, 1, 1), date(2100, 1, 1)):
        with pytest.raises(ValueError, match="日历只排到"):
            seed_table().is_workday(day)
    with pytest.raises(ValueError, match="日历只排到"):
        seed_table().add_workdays(date(2099, 12, 1), 500)


@pytest.mark.parametrize(
    "hours", [(), (("12:00", "09:00"),), (("09:00", "12:00"), ("11:00", "18:00")), (("九点", "18:00"),)]
)
def test_office_hours_must_make_sense(hours: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="办公时间"):
        DayTable({}, hours)


def _at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        (_at(11, 23, 9), _at(11, 23, 12), 3),
        (_at(11, 23, 9), _at(11, 23, 14), 3),  # the noon break is not office time
        (_at(11, 23, 11), _at(11, 23, 15), 2),
        (_at(11, 20, 17), _at(11, 23, 10), 2),  # Friday afternoon to Monday morning
        (_at(11, 21, 0), _at(11, 22, 23), 0),
        (_at(11, 23, 0), _at(11, 24, 0), 7),
    ],
)
def test_office_time_between_two_moments(begin: datetime, end: datetime, hours: int) -> None:
    table = seed_table()
    assert table.office_position(end) - table.office_position(begin) == hours * 3_600_000_000


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(RANDOM_TABLES), st.datetimes(datetime(2030, 2, 1), datetime(2032, 11, 30)))
def test_office_moment_is_the_inverse_of_office_position(table: DayTable, naive: datetime) -> None:
    moment = naive.replace(tzinfo=CHINA)
    position = table.office_position(moment)
    first, last = table.office_moment(position), table.office_moment(position, latest=True)
    assert table.office_position(first) == table.office_position(last) == position
    assert first <= moment <= last
    tick = timedelta(microseconds=1)
    assert table.office_position(first - tick) < position < table.office_position(last + tick)


def test_an_office_open_around_the_clock() -> None:
    table = DayTable({}, (("00:00", "24:00"),))
    assert table.office_day == timedelta(days=1)
