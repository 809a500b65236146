"""The statutes row by row: what each means by 日, and the general rules on counting."""

from datetime import date, datetime, timedelta

import pytest

from jiezhi.core.calendar import (
    CHINA,
    REGIMES,
    ClockRule,
    DayKind,
    DayTable,
    Entry,
    EntryKind,
    Rolling,
    Status,
    configured,
    due,
    evaluate,
    parse_duration,
    seed_table,
)

ROWS = [
    ("penalty-2021", "二日", "2个工作日"),
    ("penalty-2021", "三日", "3个工作日"),
    ("penalty-2021", "五日", "5个工作日"),
    ("penalty-2021", "七日", "7个工作日"),
    ("penalty-2021", "4日", "4日"),
    ("penalty-2021", "10日", "10日"),
    ("penalty-2021", "十五日", "15日"),
    ("penalty-2021", "九十日", "90日"),
    ("licence-2019", "5日", "5个工作日"),
    ("licence-2019", "20日", "20个工作日"),
    ("licence-2019", "45日", "45个工作日"),
    ("coercion-2011", "3日", "3个工作日"),
    ("coercion-2011", "5日", "5个工作日"),
    ("coercion-2011", "7日", "7个工作日"),
    ("coercion-2011", "10日", "10个工作日"),
    ("coercion-2011", "11日", "11日"),
    ("coercion-2011", "30日", "30日"),
    ("coercion-2011", "3个月", "3个月"),
    ("review-2023", "3日", "3个工作日"),
    ("review-2023", "5日", "5个工作日"),
    ("review-2023", "7日", "7个工作日"),
    ("review-2023", "10日", "10个工作日"),
    ("review-2023", "30日", "30日"),
    ("review-2023", "60日", "60日"),
    ("litigation-2017", "15日", "15日"),
    ("litigation-2017", "5日", "5日"),
    ("petition-2022", "15日", "15日"),
    ("petition-2022", "30日", "30日"),
    ("petition-2022", "60日", "60日"),
    ("petition-2022", "5个工作日", "5个工作日"),
    ("disclosure-2019", "7个工作日", "7个工作日"),
    ("disclosure-2019", "15个工作日", "15个工作日"),
    ("disclosure-2019", "20个工作日", "20个工作日"),
    ("disclosure-2019", "20日", "20日"),
    ("decision-2019", "30日", "30日"),
    ("decision-2019", "7个工作日", "7个工作日"),
    ("mediation-2010", "30日", "30日"),
    ("civil-2023", "30日", "30日"),
    ("labour-2007", "3日", "3日"),
    ("labour-2007", "15日", "15日"),
    ("legal-aid-2021", "7日", "7日"),
    ("legal-aid-2021", "3日", "3日"),
    ("legal-aid-2021", "5日", "5日"),
    ("sz-credit-2022", "3个工作日", "3个工作日"),
    ("sz-dispute-2022", "30日", "30日"),
    ("sz-dispute-2022", "3个工作日", "3个工作日"),
    ("sz-dispute-2022", "10个工作日", "10个工作日"),
    ("office", "5日", "5日"),
    ("office", "2个工作日", "2个工作日"),
    ("licence-2019", "24小时", "24小时"),
    ("licence-2019", "每年1月31日", "每年1月31日"),
]


@pytest.mark.parametrize(("name", "written", "counted"), ROWS)
def test_what_a_written_day_means(name: str, written: str, counted: str) -> None:
    assert REGIMES[name].effective(parse_duration(written)) == parse_duration(counted)


def test_every_regime_is_covered_and_names_its_source() -> None:
    assert {row[0] for row in ROWS} == set(REGIMES)
    for name, regime in REGIMES.items():
        assert regime.name == name
        assert regime.first_day_excluded
        assert bool(regime.law and regime.article) != (name == "office")
    uncertain = {name for name, regime in REGIMES.items() if regime.status is Status.UNCHECKED}
    assert uncertain == {"legal-aid-2021"}


@pytest.mark.parametrize(
    ("name", "working", "calendar"),
    [
        ("labour-2007", ["3日", "5日", "10日"], ["15日", "45日"]),
        ("legal-aid-2021", ["3日", "5日", "7日"], ["10日"]),
    ],
)
def test_unsettled_readings_can_be_switched(name: str, working: list[str], calendar: list[str]) -> None:
    regime = configured([name])[name]
    for written in working:
        assert str(regime.effective(parse_duration(written))) == written.replace("日", "个工作日")
    for written in calendar:
        assert str(regime.effective(parse_duration(written))) == written
    assert str(REGIMES[name].effective(parse_duration(working[0]))) == working[0]


@pytest.mark.parametrize("name", ["penalty-2021", "没有这个"])
def test_settled_readings_cannot_be_switched(name: str) -> None:
    with pytest.raises(ValueError, match="可以改选的有：labour-2007、legal-aid-2021"):
        configured([name])


def test_a_switched_reading_changes_the_clock() -> None:
    rule = ClockRule(parse_duration("3日"), "legal-aid-2021")
    friday = datetime(2026, 11, 6, 10, tzinfo=CHINA)
    rows = [Entry(EntryKind.START, friday)]
    assert evaluate(rule, rows, friday, seed_table()).due.last_day == date(2026, 11, 9)
    switched = evaluate(rule, rows, friday, seed_table(), regimes=configured(["legal-aid-2021"]))
    assert switched.due.last_day == date(2026, 11, 11)


# general rules


def test_the_first_day_does_not_count() -> None:
    early, late = (datetime(2026, 11, 2, hour, tzinfo=CHINA) for hour in (0, 23))
    for begin in (early, late):
        end = due(begin, parse_duration("15日"), REGIMES["petition-2022"], seed_table())
        assert end.last_day == date(2026, 11, 17)
        assert end.at == datetime(2026, 11, 18, tzinfo=CHINA)


ALWAYS = {"review-2023", "litigation-2017", "civil-2023"}


@pytest.mark.parametrize("name", sorted(REGIMES))
@pytest.mark.parametrize("favours_party", [True, False])
def test_when_the_last_day_rolls(name: str, favours_party: bool) -> None:
    """A month from 19 January 2026 ends in the Spring Festival; work resumes on 24 February."""
    begin = datetime(2026, 1, 19, 10, tzinfo=CHINA)
    end = due(begin, parse_duration("1个月"), REGIMES[name], seed_table(), favours_party=favours_party)
    assert (REGIMES[name].roll_last is Rolling.ALWAYS) == (name in ALWAYS)
    rolled = favours_party or name in ALWAYS
    assert end.last_day == (date(2026, 2, 24) if rolled else date(2026, 2, 19))
    assert ("顺延" in end.explain) == rolled


def test_what_was_posted_in_time_is_in_time() -> None:
    """在途不计: the act is recorded with the day of posting; looking at it later changes nothing."""
    begin, posted = (datetime(2026, 11, day, 20, tzinfo=CHINA) for day in (2, 17))
    rule = ClockRule(parse_duration("15日"), "civil-2023", favours_party=True)
    rows = [Entry(EntryKind.START, begin), Entry(EntryKind.END, posted)]
    state = evaluate(rule, rows, posted + timedelta(days=9), seed_table())
    assert not state.overdue


def test_the_thirteen_statutory_days_of_2026_are_free() -> None:
    free = [(1, 1), (2, 16), (2, 17), (2, 18), (2, 19), (4, 5), (5, 1), (5, 2), (6, 19), (9, 25)]
    free += [(10, 1), (10, 2), (10, 3)]
    assert [day for day in free if seed_table().kind(date(2026, *day)) is not DayKind.HOLIDAY] == []
    assert len(free) == 13


@pytest.mark.parametrize("day", [(2024, 3, 8), (2021, 6, 1), (2025, 8, 1), (2022, 5, 5)])
def test_half_day_festivals_are_working_days(day: tuple[int, int, int]) -> None:
    assert seed_table().is_workday(date(*day))


def test_a_year_not_announced_is_never_counted_silently() -> None:
    end = due(
        datetime(2026, 12, 24, 9, tzinfo=CHINA),
        parse_duration("10个工作日"),
        REGIMES["office"],
        DayTable.from_chinesecalendar(2026, 2026),
    )
    assert end.provisional
    assert "2027年放假安排尚未公布" in end.explain


def test_only_recorded_pauses_stop_a_clock() -> None:
    rule = ClockRule(parse_duration("60日"), "petition-2022")
    begin, now = (datetime(2026, month, 2, 9, tzinfo=CHINA) for month in (9, 11))
    rows = [Entry(EntryKind.START, begin)]
    assert evaluate(rule, rows, now, seed_table()).overdue
    paused = [
        *rows,
        Entry(EntryKind.PAUSE, begin + timedelta(days=5)),
        Entry(EntryKind.RESUME, begin + timedelta(days=8)),
    ]
    assert not evaluate(rule, paused, now, seed_table()).overdue
