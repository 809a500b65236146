"""When periods end: worked examples, pauses, extensions, counting backwards, and properties against a plain
walk.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jiezhi.core.calendar import (
    CHINA,
    REGIMES,
    ClockError,
    DayKind,
    DayTable,
    Due,
    Duration,
    Unit,
    due,
    due_before,
    parse_duration,
    seed_table,
)

TABLE = seed_table()
OFFICE = REGIMES["office"]
ONE = timedelta(days=1)


def at(year: int, month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CHINA)


def end(start: datetime, written: str, regime: str = "office", **more: object) -> Due:
    return due(start, parse_duration(written), REGIMES[regime], TABLE, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "written", "last"),
    [
        (at(2025, 8, 1), "5个工作日", date(2025, 8, 8)),
        (at(2025, 8, 2), "5个工作日", date(2025, 8, 8)),  # begun on a Saturday
        (at(2025, 9, 26), "3个工作日", date(2025, 9, 30)),  # Sunday 28 September is made up
        (at(2025, 9, 30), "1个工作日", date(2025, 10, 9)),  # eight days off
        (at(2026, 2, 13), "2个工作日", date(2026, 2, 24)),  # Saturday the 14th is made up
        (at(2025, 8, 1), "90日", date(2025, 10, 30)),
        (at(2025, 8, 1), "3个月", date(2025, 11, 1)),
        (at(2025, 11, 30), "3个月", date(2026, 2, 28)),
        (at(2024, 2, 29), "1年", date(2025, 2, 28)),
        (at(2025, 8, 31), "1个月", date(2025, 9, 30)),
        (at(2026, 1, 30), "每年1月31日", date(2026, 1, 31)),
        (at(2026, 1, 31), "每年1月31日", date(2027, 1, 31)),
        (at(2026, 3, 1), "每年2月29日", date(2027, 2, 28)),
        (at(2027, 3, 1), "每年2月29日", date(2028, 2, 29)),
    ],
)
def test_last_day(start: datetime, written: str, last: date) -> None:
    found = end(start, written)
    assert found.last_day == last
    assert found.at == datetime(last.year, last.month, last.day, tzinfo=CHINA) + ONE


@pytest.mark.parametrize(
    ("start", "written", "instant"),
    [
        (at(2025, 8, 1, 9, 30), "24小时", at(2025, 8, 2, 9, 30)),
        (at(2025, 8, 1, 11), "4个工作小时", at(2025, 8, 1, 17)),
        (at(2025, 8, 1, 14), "4个工作小时", at(2025, 8, 1, 18)),
        (at(2025, 8, 1, 17), "4个工作小时", at(2025, 8, 4, 12)),
        (at(2025, 8, 2, 17), "1个工作小时", at(2025, 8, 4, 10)),
        (at(2025, 8, 1, 9), "7个工作小时", at(2025, 8, 1, 18)),
        (at(2025, 8, 1, 9), "8个工作小时", at(2025, 8, 4, 10)),
    ],
)
def test_hours_end_at_an_instant(start: datetime, written: str, instant: datetime) -> None:
    found = end(start, written)
    assert (found.at, found.last_day, found.provisional) == (instant, None, False)


def test_the_day_is_that_of_beijing() -> None:
    assert end(datetime(2025, 8, 1, 17, tzinfo=UTC), "1日").last_day == date(2025, 8, 3)
    with pytest.raises(ClockError, match="时区"):
        end(datetime(2025, 8, 1), "1日")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (end(at(2025, 8, 1), "5个工作日"), "自8月1日次日起5个工作日，8月8日届满"),
        (end(at(2025, 8, 1), "5日", "penalty-2021"), "自8月1日次日起5日（按工作日计），8月8日届满"),
        (end(at(2025, 8, 1, 9, 30), "24小时"), "自8月1日9时30分起24小时，8月2日9时30分届满"),
        (end(at(2025, 12, 1), "60日"), "自12月1日次日起60日，2026年1月30日届满"),
        (end(at(2025, 12, 1), "每年1月31日"), "每年1月31日，2026年1月31日届满"),
        (
            end(at(2025, 8, 1), "15日", favours_party=True),
            "自8月1日次日起15日，末日8月16日不是工作日，顺延，8月18日届满",
        ),
        (
            end(
                at(2025, 8, 1),
                "20个工作日",
                pauses=[(at(2025, 8, 4), at(2025, 8, 6))],
                extensions=[Duration(10, Unit.WORKDAY)],
            ),
            "自8月1日次日起20个工作日，延长10个工作日，扣除2个工作日，9月16日届满",
        ),
        (
            end(at(2025, 8, 1), "24小时", pauses=[(at(2025, 8, 1, 11), at(2025, 8, 1, 12, 30))]),
            "自8月1日10时整起24小时，扣除1小时30分钟，8月2日11时30分届满",
        ),
    ],
)
def test_explains_itself_in_one_line(found: Due, words: str) -> None:
    assert found.explain == words


def test_an_unannounced_year_is_provisional_until_it_is_entered() -> None:
    start = at(2026, 12, 25)
    before = end(start, "10个工作日")
    assert before.provisional
    assert before.last_day == date(2027, 1, 11)
    new_year = {date(2027, 1, 2): DayKind.HOLIDAY, date(2027, 1, 4): DayKind.HOLIDAY}
    announced = TABLE.with_days(new_year, announced_years=[2027])
    after = due(start, parse_duration("10个工作日"), OFFICE, announced)
    assert not after.provisional
    assert after.last_day == date(2027, 1, 12)
    assert "尚未公布" not in after.explain


@pytest.mark.parametrize(
    ("written", "favours_party", "provisional"),
    [
        ("90日", False, False),  # calendar days need no announcement
        ("90日", True, True),  # but rolling does
        ("24小时", True, False),
        ("40个工作小时", False, True),
        ("6个月", False, False),
        ("3日", True, False),
    ],
)
def test_only_what_needs_the_calendar_is_provisional(
    written: str, favours_party: bool, provisional: bool
) -> None:
    found = end(at(2026, 12, 24), written, favours_party=favours_party)
    assert found.provisional is provisional


# pauses


def _paused(written: str, *pauses: tuple[datetime, datetime], **more: object) -> date | None:
    return end(at(2025, 8, 1), written, pauses=pauses, **more).last_day


def test_days_after_the_pause_up_to_the_resumption_do_not_count() -> None:
    monday, wednesday, friday = at(2025, 8, 4), at(2025, 8, 6), at(2025, 8, 8)
    assert _paused("5个工作日") == date(2025, 8, 8)
    assert _paused("5个工作日", (monday, monday + timedelta(hours=5))) == date(2025, 8, 8)
    assert _paused("5个工作日", (monday, wednesday)) == date(2025, 8, 12)
    assert _paused("5个工作日", (friday, at(2025, 8, 12))) == date(2025, 8, 12)
    assert _paused("10个工作日", (friday, at(2025, 8, 11))) == date(2025, 8, 18)
    assert _paused("10日", (monday, wednesday)) == date(2025, 8, 13)
    assert _paused("1个月", (monday, wednesday)) == date(2025, 9, 3)


def test_a_pause_in_time_on_the_last_day_leaves_the_day_of_resumption() -> None:
    friday, sunday = at(2025, 8, 8), at(2025, 8, 10)
    assert _paused("5个工作日", (friday, sunday)) == date(2025, 8, 10)
    assert _paused("5个工作日", (friday, sunday), favours_party=True) == date(2025, 8, 11)


def test_a_pause_while_the_rolled_days_run_counts_as_in_time() -> None:
    sunday, tuesday = at(2025, 8, 17), at(2025, 8, 19)
    assert _paused("15日", favours_party=True) == date(2025, 8, 18)
    assert _paused("15日", (sunday, tuesday), favours_party=True) == date(2025, 8, 19)
    assert _paused("15日", (sunday, tuesday)) == date(2025, 8, 16)


def test_a_pause_after_the_end_changes_nothing() -> None:
    assert _paused("5个工作日", (at(2025, 8, 11), at(2025, 8, 20))) == date(2025, 8, 8)


@pytest.mark.parametrize(
    ("written", "over"), [("24小时", at(2025, 8, 2)), ("2个工作小时", at(2025, 8, 1, 12))]
)
def test_a_pause_at_the_very_end_comes_too_late(written: str, over: datetime) -> None:
    second = timedelta(seconds=1)
    assert end(at(2025, 8, 1), written, pauses=[(over, over + 5 * ONE)]).at == over
    assert end(at(2025, 8, 1), written, pauses=[(over - second, over + 5 * ONE)]).at > over + 2 * ONE


def test_hours_are_subtracted_exactly() -> None:
    pause = (at(2025, 8, 1, 17, 15), at(2025, 8, 4, 9, 30))
    assert end(at(2025, 8, 1), "24小时", pauses=[pause]).at == at(2025, 8, 5, 2, 15)
    # 45 minutes on Friday and 30 on Monday are office time
    assert end(at(2025, 8, 1, 17), "1个工作小时", pauses=[pause]).at == at(2025, 8, 4, 10, 15)


@pytest.mark.parametrize(
    "pauses",
    [
        [(at(2025, 8, 5), at(2025, 8, 4))],
        [(at(2025, 7, 31), at(2025, 8, 4))],
        [(at(2025, 8, 4), at(2025, 8, 7)), (at(2025, 8, 6), at(2025, 8, 9))],
    ],
)
def test_pauses_in_disorder_are_refused(pauses: list[tuple[datetime, datetime]]) -> None:
    with pytest.raises(ClockError, match="前后颠倒"):
        end(at(2025, 8, 1), "20日", pauses=pauses)


# extensions


@pytest.mark.parametrize(
    ("limit", "extension", "same_as"),
    [
        ("20个工作日", "10个工作日", "30个工作日"),
        ("60日", "30日", "90日"),
        ("3个月", "1个月", "4个月"),
        ("1年", "3个月", "15个月"),
        ("24小时", "24小时", "48小时"),
    ],
)
def test_alike_units_are_summed(limit: str, extension: str, same_as: str) -> None:
    for favours_party in (True, False):
        start = at(2025, 11, 30)
        longer = end(start, limit, extensions=[parse_duration(extension)], favours_party=favours_party)
        assert longer.at == end(start, same_as, favours_party=favours_party).at


@pytest.mark.parametrize(
    ("limit", "extension", "instant"),
    [
        ("5个工作日", "10日", at(2025, 8, 19, 0)),
        ("10日", "5个工作日", at(2025, 8, 19, 0)),
        ("1个月", "15日", at(2025, 9, 17, 0)),
        ("2日", "24小时", at(2025, 8, 5, 0)),
        ("24小时", "2日", at(2025, 8, 5, 0)),
        ("1个工作日", "4个工作小时", at(2025, 8, 5, 15)),
    ],
)
def test_other_units_follow_the_earlier_end(limit: str, extension: str, instant: datetime) -> None:
    assert end(at(2025, 8, 1), limit, extensions=[parse_duration(extension)]).at == instant


def test_an_extension_is_read_as_the_statute_reads_it() -> None:
    longer = end(at(2025, 8, 1), "20日", "licence-2019", extensions=[parse_duration("10日")])
    assert longer.at == end(at(2025, 8, 1), "30个工作日").at


# backwards


@pytest.mark.parametrize(
    ("target", "written", "last"),
    [
        (at(2025, 8, 20, 9), "7个工作日", date(2025, 8, 10)),
        (at(2025, 8, 20, 9), "7日", date(2025, 8, 12)),
        (at(2025, 10, 10, 9), "3个工作日", date(2025, 9, 28)),
        (at(2026, 3, 31), "1个月", date(2026, 2, 28)),
        (at(2026, 3, 1), "1个月", date(2026, 1, 31)),
        (at(2026, 3, 1), "1年", date(2025, 2, 28)),
    ],
)
def test_the_latest_lawful_day_for_notice(target: datetime, written: str, last: date) -> None:
    found = due_before(target, parse_duration(written), REGIMES["decision-2019"], TABLE)
    assert found.last_day == last
    assert found.at == datetime(last.year, last.month, last.day, tzinfo=CHINA) + ONE


def test_backwards_in_words_and_hours() -> None:
    found = due_before(at(2025, 8, 20, 9), parse_duration("7日"), REGIMES["penalty-2021"], TABLE)
    assert found.explain == "8月20日之前留足7日（按工作日计）（首尾两日都不计），最迟8月10日"
    hours = due_before(at(2025, 8, 20, 9), parse_duration("24小时"), OFFICE, TABLE)
    assert (hours.at, hours.last_day) == (at(2025, 8, 19, 9), None)
    assert hours.explain == "8月20日9时整之前24小时，须早于8月19日9时整"
    assert due_before(at(2027, 3, 1), parse_duration("5个工作日"), OFFICE, TABLE).provisional
    with pytest.raises(ClockError, match="不能倒着算"):
        due_before(at(2025, 8, 20), parse_duration("每年1月31日"), OFFICE, TABLE)


# properties

MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2024, 12, 31)).map(lambda d: d.replace(tzinfo=CHINA))
LIMITS = st.builds(Duration, st.integers(1, 60), st.sampled_from(Unit))
REGIME = st.sampled_from([REGIMES["office"], REGIMES["coercion-2011"], REGIMES["civil-2023"]])


@st.composite
def _pauses(draw: st.DrawFn, start: datetime) -> list[tuple[datetime, datetime]]:
    moments, cursor = [], start
    for _ in range(draw(st.integers(0, 3)) * 2):
        cursor += timedelta(minutes=draw(st.integers(0, 9 * 24 * 60)))
        moments.append(cursor)
    return list(zip(moments[::2], moments[1::2], strict=True))


@settings(max_examples=200, deadline=None)
@given(st.data(), MOMENTS, LIMITS, REGIME, st.booleans())
def test_due_is_monotone(data: st.DataObject, start: datetime, limit: Duration, regime, party: bool) -> None:
    sooner = start - timedelta(minutes=data.draw(st.integers(0, 20_000)))
    pauses = data.draw(_pauses(start))
    first = due(sooner, limit, regime, TABLE, favours_party=party, pauses=pauses)
    second = due(start, limit, regime, TABLE, favours_party=party, pauses=pauses)
    assert first.at <= second.at
    assert second.at > start
    longer = Duration(limit.amount + 1, limit.unit)
    if regime.effective(longer).unit is regime.effective(limit).unit:
        assert second.at <= due(start, longer, regime, TABLE, favours_party=party, pauses=pauses).at
    extended = due(
        start, limit, regime, TABLE, favours_party=party, pauses=pauses, extensions=[Duration(3, Unit.DAY)]
    )
    assert second.at <= extended.at


@settings(max_examples=200, deadline=None)
@given(st.data(), MOMENTS, st.integers(1, 40), st.sampled_from([Unit.DAY, Unit.WORKDAY]))
def test_equals_a_walk_that_skips_excluded_days(
    data: st.DataObject, start: datetime, amount: int, unit: Unit
) -> None:
    pauses = data.draw(_pauses(start))
    day, left = start.date(), amount
    while left:
        day += ONE
        excluded = any(paused.date() < day <= resumed.date() for paused, resumed in pauses)
        left -= not excluded and (unit is Unit.DAY or TABLE.is_workday(day))
    # a pause begun on the very last day is the worked example above
    assume(all(paused.date() != day for paused, _ in pauses))
    assert due(start, Duration(amount, unit), OFFICE, TABLE, pauses=pauses).last_day == day


@settings(max_examples=200, deadline=None)
@given(MOMENTS, LIMITS, st.integers(0, 40_000), st.integers(0, 40_000))
def test_a_pause_moves_the_end_by_what_it_excludes(
    start: datetime, limit: Duration, into: int, minutes: int
) -> None:
    plain = due(start, limit, OFFICE, TABLE)
    paused = start + timedelta(minutes=into)
    resumed = paused + timedelta(minutes=minutes)
    moved = due(start, limit, OFFICE, TABLE, pauses=[(paused, resumed)])
    if paused >= plain.at:
        assert moved == plain
    elif limit.unit is Unit.HOUR:
        assert moved.at - plain.at == resumed - paused
    elif limit.unit is Unit.WORK_HOUR:
        position = TABLE.office_position
        assert position(moved.at) - position(plain.at) == position(resumed) - position(paused)
    else:
        assert plain.last_day is not None
        assert moved.last_day is not None
        if limit.unit is Unit.WORKDAY:
            shift = TABLE.workdays_between(plain.last_day, moved.last_day)
            assert shift == TABLE.workdays_between(paused.date(), resumed.date())
        else:
            assert moved.last_day - plain.last_day == resumed.date() - paused.date()
        assert moved.at > resumed


@settings(max_examples=200, deadline=None)
@given(MOMENTS, LIMITS, st.sampled_from([REGIMES["office"], REGIMES["coercion-2011"]]))
def test_backwards_agrees_with_forwards(target: datetime, limit: Duration, regime) -> None:
    back = due_before(target, limit, regime, TABLE)
    tick = timedelta(seconds=1)
    if back.last_day is None:
        assert due(back.at - tick, limit, regime, TABLE).at <= target
        assert due(back.at + tick, limit, regime, TABLE).at > target
        return
    eve = datetime(target.year, target.month, target.day, tzinfo=CHINA)
    assert due(back.at - tick, limit, regime, TABLE).at <= eve
    assert due(back.at, limit, regime, TABLE).at > eve


def test_an_empty_table_counts_by_guess() -> None:
    found = due(at(2025, 8, 1), parse_duration("5个工作日"), OFFICE, DayTable({}))
    assert (found.last_day, found.provisional) == (date(2025, 8, 8), True)
