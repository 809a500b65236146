"""May a period end later than the statute's?"""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.calendar import (
    REGIMES,
    DayTable,
    Duration,
    Unit,
    compare,
    exceeds,
    parse_duration,
    seed_table,
)

OFFICE = REGIMES["office"]


@pytest.mark.parametrize(
    ("limit", "cap", "expected"),
    [
        ("5个工作日", "5个工作日", False),
        ("6个工作日", "5个工作日", True),
        ("4个工作日", "5个工作日", False),
        ("90日", "90日", False),
        ("91日", "90日", True),
        ("12个月", "1年", False),
        ("13个月", "1年", True),
        ("1年", "12个月", False),
        ("24小时", "1日", False),
        ("25小时", "1日", True),
        ("1日", "24小时", True),
        ("1日", "48小时", False),
        ("1日", "47小时", True),
        ("5日", "5个工作日", False),  # never later
        ("7日", "5个工作日", True),  # seven days running were worked
        ("5个工作日", "7日", True),  # holidays
        ("5个工作日", "14日", True),  # the spring of 2020
        ("5个工作日", "15日", False),
        ("1个月", "31日", False),
        ("1个月", "30日", True),
        ("31日", "1个月", True),
        ("28日", "1个月", False),
        ("1年", "366日", False),
        ("1年", "365日", True),
        ("4个工作小时", "1个工作日", False),
        ("7个工作小时", "1个工作日", False),
        ("8个工作小时", "1个工作日", True),
        ("1个工作日", "4个工作小时", True),
        ("1个工作日", "14个工作小时", True),  # both end on the same day, one at midnight
        ("1个工作日", "15个工作小时", False),
        ("4小时", "4个工作小时", False),
        ("5小时", "4个工作小时", True),
        ("4个工作小时", "24小时", True),
        ("1个工作小时", "9999小时", False),
        ("每年1月31日", "每年1月31日", False),
        ("每年1月31日", "每年2月1日", True),
        ("每年1月31日", "1年", False),
        ("每年1月31日", "11个月", True),
        ("9000个工作日", "9999日", True),  # longer than anything announced
    ],
)
def test_exceeds(limit: str, cap: str, expected: bool) -> None:
    assert exceeds(parse_duration(limit), parse_duration(cap), OFFICE) is expected


def test_days_are_read_as_the_statute_reads_them() -> None:
    five, working = parse_duration("5日"), parse_duration("5个工作日")
    assert not exceeds(working, five, REGIMES["penalty-2021"])
    assert exceeds(working, five, REGIMES["petition-2022"])


def test_compare_is_a_partial_order() -> None:
    def order(a: str, b: str) -> int | None:
        return compare(parse_duration(a), parse_duration(b), OFFICE)

    assert order("5日", "6日") == -1
    assert order("6日", "5日") == 1
    assert order("1年", "12个月") == 0
    assert order("7日", "5个工作日") is None
    assert order("5日", "5个工作日") == -1


def test_without_announced_years_nothing_is_granted() -> None:
    assert exceeds(parse_duration("1个工作日"), parse_duration("90日"), OFFICE, DayTable({}))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 25),
    st.integers(1, 45),
    st.dates(date(2004, 1, 1), date(2026, 9, 1)),
)
def test_no_announced_start_contradicts_a_no(working: int, days: int, start: date) -> None:
    limit, cap = Duration(working, Unit.WORKDAY), Duration(days, Unit.DAY)
    by_working, by_days = seed_table().add_workdays(start, working), start + timedelta(days=days)
    assert exceeds(limit, cap, OFFICE) or by_working <= by_days
    assert exceeds(cap, limit, OFFICE) or by_days <= by_working
