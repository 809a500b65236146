"""A clock as the fold of its rows."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.calendar import (
    CHINA,
    REGIMES,
    ClockError,
    ClockRule,
    ClockState,
    ClockStatus,
    Duration,
    Entry,
    EntryKind,
    Light,
    Unit,
    evaluate,
    light,
    parse_duration,
    seed_table,
)

TABLE = seed_table()
TEN = Duration(10, Unit.WORKDAY)


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2025, month, day, hour, minute, tzinfo=CHINA)


def row(kind: str, when: datetime, amount: Duration | None = None) -> Entry:
    return Entry(EntryKind(kind), when, amount, "测试")


START = row("start", at(8, 1))


def state(
    written: str, now: datetime, *rows: Entry, regime: str = "office", party: bool = False
) -> ClockState:
    return evaluate(ClockRule(parse_duration(written), regime, party), [START, *rows], now, TABLE)


@pytest.mark.parametrize(
    ("written", "now", "words"),
    [
        ("5个工作日", at(8, 1), "还剩5个工作日"),
        ("5个工作日", at(8, 5), "还剩3个工作日"),
        ("5个工作日", at(8, 3), "还剩5个工作日"),
        ("5个工作日", at(8, 8, 23, 59), "今天到期"),
        ("5个工作日", at(8, 9, 0), "已超不足1个工作日"),
        ("5个工作日", at(8, 11), "已超1个工作日"),
        ("5个工作日", at(8, 12), "已超2个工作日"),
        ("15日", at(8, 4), "还剩12日"),
        ("15日", at(8, 17, 0), "已超1日"),
        ("1个月", at(8, 30), "还剩2日"),
        ("24小时", at(8, 1, 12, 30), "还剩21小时30分钟"),
        ("24小时", at(8, 2, 9, 20), "还剩40分钟"),
        ("24小时", at(8, 2, 10), "已超不足1分钟"),
        ("24小时", at(8, 2, 13), "已超3小时"),
        ("4个工作小时", at(8, 1, 11, 15), "还剩2个工作小时45分钟"),
        ("4个工作小时", at(8, 4, 9, 30), "已超2个工作小时30分钟"),
    ],
)
def test_what_is_left_in_words(written: str, now: datetime, words: str) -> None:
    found = state(written, now)
    assert str(found.remaining) == words
    assert found.overdue == words.startswith("已超")
    assert found.status is ClockStatus.RUNNING


def test_the_end_is_exclusive() -> None:
    assert not state("5个工作日", at(8, 20), row("end", at(8, 8, 23, 59))).overdue
    late = state("5个工作日", at(8, 20), row("end", at(8, 9, 0)))
    assert late.overdue
    assert late.ended_at == at(8, 9, 0)
    assert late.status is ClockStatus.ENDED


def test_an_open_pause_stops_the_clock_until_now() -> None:
    pause = row("pause", at(8, 5))
    for now in (at(8, 5, 18), at(8, 12), at(9, 30)):
        found = state("5个工作日", now, pause)
        assert (found.status, found.overdue) == (ClockStatus.PAUSED, False)
        assert str(found.remaining) == "还剩3个工作日"
    resumed = state("5个工作日", at(8, 8), pause, row("resume", at(8, 7)))
    assert resumed.status is ClockStatus.RUNNING
    assert resumed.due.last_day == date(2025, 8, 12)
    assert "扣除2个工作日" in resumed.due.explain


def test_a_pause_on_the_last_day_never_turns_overdue_by_itself() -> None:
    for now in (at(8, 8, 12), at(8, 9), at(8, 10, 23), at(8, 11)):
        assert not state("5个工作日", now, row("pause", at(8, 8))).overdue


def test_a_paused_clock_may_be_ended_or_voided() -> None:
    pause = row("pause", at(8, 5))
    ended = state("5个工作日", at(9, 30), pause, row("end", at(9, 1)))
    assert (ended.status, ended.overdue) == (ClockStatus.ENDED, False)
    void = state("5个工作日", at(9, 30), row("void", at(8, 6)))
    assert (void.status, void.overdue, void.status.shown) == (ClockStatus.VOID, False, "已作废")


def test_an_extension_adds_to_the_limit() -> None:
    found = state("20日", at(8, 20), row("extend", at(8, 15), TEN), regime="licence-2019")
    assert found.due.last_day == TABLE.add_workdays(date(2025, 8, 1), 30)
    assert found.span == 30
    assert "延长10个工作日" in found.due.explain


def test_what_is_recorded_after_the_end_erases_nothing() -> None:
    extended = state("5个工作日", at(8, 12), row("extend", at(8, 11), TEN))
    assert extended.overdue
    assert extended.due.last_day == date(2025, 8, 8)
    assert extended.due.explain.endswith("；8月11日的延期在届满之后，不计入")
    paused = state("5个工作日", at(8, 20), row("pause", at(8, 11)))
    assert (paused.status, paused.overdue) == (ClockStatus.PAUSED, True)
    assert "8月11日的暂停在届满之后" in paused.due.explain
    both = state(
        "5个工作日",
        at(8, 20),
        row("pause", at(8, 8)),
        row("extend", at(8, 15), TEN),
        row("resume", at(8, 18)),
    )
    assert not both.overdue


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "还没有起算记录"),
        ([row("pause", at(8, 2))], "请先记录起算时间"),
        ([START, row("start", at(8, 2))], "不能再次起算"),
        ([START, row("pause", at(8, 2)), row("pause", at(8, 3))], "已经暂停"),
        ([START, row("resume", at(8, 2))], "不用恢复"),
        ([START, row("end", at(8, 2)), row("end", at(8, 3))], "已经办结"),
        ([START, row("void", at(8, 2)), row("pause", at(8, 3))], "已经作废"),
        ([START, row("pause", at(7, 31))], "早于前一条起算记录"),
        ([START, row("extend", at(8, 2))], "没有写延长多久"),
        ([START, row("pause", at(8, 2), TEN)], "只有延期才写"),
        ([Entry(EntryKind.START, datetime(2025, 8, 1))], "时区"),
    ],
)
def test_rows_that_make_no_sense_are_refused(rows: list[Entry], words: str) -> None:
    with pytest.raises(ClockError, match=words):
        evaluate(ClockRule(TEN, "office"), rows, at(9, 1), TABLE)


def test_an_unknown_regime_lists_the_known_ones() -> None:
    with pytest.raises(ClockError, match="没有名为“x”.*penalty-2021"):
        evaluate(ClockRule(TEN, "x"), [START], at(9, 1), TABLE)


def test_a_party_gets_the_rolled_day_the_office_does_not() -> None:
    sunday = at(8, 17)
    assert not state("15日", sunday, regime="penalty-2021", party=True).overdue
    assert state("15日", sunday, regime="penalty-2021").overdue


@pytest.mark.parametrize(
    ("written", "warn", "first"),
    [
        ("5个工作日", "1个工作日", at(8, 7, 0)),
        ("5个工作日", "2日", at(8, 6, 0)),
        ("5个工作日", "80%", at(8, 7, 0)),
        ("5个工作日", "50%", at(8, 6, 0)),
        ("5个工作日", "4小时", at(8, 8, 20)),
        ("15日", "3日", at(8, 13, 0)),
        ("15日", "2个工作日", at(8, 13, 0)),
        ("15日", "80%", at(8, 13, 0)),
        ("3个月", "1个月", at(10, 1, 0)),
        ("24小时", "4小时", at(8, 2, 6)),
        ("24小时", "75%", at(8, 2, 4)),
        ("4个工作小时", "1个工作小时", at(8, 1, 15)),
        ("4个工作小时", "75%", at(8, 1, 15)),
    ],
)
def test_the_light_turns_at_its_threshold(written: str, warn: str, first: datetime) -> None:
    found = state(written, at(8, 1))
    assert light(found, warn, first - timedelta(minutes=1)) is Light.NORMAL
    assert light(found, warn, first) is Light.SOON
    assert light(found, warn, found.due.at - timedelta(seconds=1)) is Light.SOON
    assert light(found, warn, found.due.at) is Light.OVERDUE


def test_the_light_of_clocks_that_do_not_run() -> None:
    now = at(12, 1)
    assert light(state("5个工作日", now, row("end", at(8, 8))), "1个工作日", now) is Light.NORMAL
    assert light(state("5个工作日", now, row("end", at(8, 9))), "1个工作日", now) is Light.OVERDUE
    assert light(state("5个工作日", now, row("pause", at(8, 5))), "1个工作日", now) is Light.NORMAL
    assert light(state("5个工作日", now, row("pause", at(8, 7))), "1个工作日", now) is Light.SOON
    assert (
        light(state("5个工作日", now, row("pause", at(8, 5))), Duration(3, Unit.WORKDAY), now) is Light.SOON
    )
    used = state("5个工作日", at(8, 20), row("pause", at(8, 5)), row("resume", at(8, 20)))
    assert light(used, "50%", at(8, 20)) is Light.NORMAL  # two of five days used; pauses left out


@pytest.mark.parametrize("warn", ["", "0%", "101%", "x%", "早一点", "每年1月31日"])
def test_a_threshold_must_be_a_duration_or_a_percentage(warn: str) -> None:
    with pytest.raises(ClockError, match="提醒时间"):
        light(state("5个工作日", at(8, 1)), warn, at(8, 1))


@st.composite
def _histories(draw: st.DrawFn) -> list[Entry]:
    """Lawful rows that leave the clock running."""
    rows, cursor = [START], START.at
    for _ in range(draw(st.integers(0, 3))):
        cursor += timedelta(minutes=draw(st.integers(0, 8000)))
        if draw(st.booleans()):
            amount = Duration(draw(st.integers(1, 9)), draw(st.sampled_from([Unit.DAY, Unit.WORKDAY])))
            rows.append(row("extend", cursor, amount))
        else:
            rows.append(row("pause", cursor))
            cursor += timedelta(minutes=draw(st.integers(0, 8000)))
            rows.append(row("resume", cursor))
    return rows


@settings(max_examples=200, deadline=None)
@given(
    st.data(),
    _histories(),
    st.builds(Duration, st.integers(1, 40), st.sampled_from(Unit)),
    st.sampled_from(sorted(REGIMES)),
    st.booleans(),
)
def test_what_is_left_never_grows_while_running(
    data: st.DataObject, rows: list[Entry], limit: Duration, regime: str, party: bool
) -> None:
    rule = ClockRule(limit, regime, party)
    minutes = sorted(data.draw(st.lists(st.integers(0, 100_000), min_size=2, max_size=6)))
    states = [evaluate(rule, rows, rows[-1].at + timedelta(minutes=m), TABLE) for m in minutes]
    assert len({found.due for found in states}) == 1
    for earlier, later in zip(states, states[1:], strict=False):
        assert earlier.remaining.unit is later.remaining.unit
        assert earlier.remaining.amount >= later.remaining.amount
        assert earlier.overdue <= later.overdue
    for found in states:
        assert found.overdue == str(found.remaining).startswith("已超")
        assert (found.remaining.amount > 0) <= (not found.overdue)


@settings(max_examples=100, deadline=None)
@given(_histories(), st.integers(0, 20_000), st.integers(0, 100_000))
def test_a_clock_paused_in_time_stays_in_time(rows: list[Entry], pause: int, wait: int) -> None:
    when = rows[-1].at + timedelta(minutes=pause)
    for written in ("5个工作日", "15日", "1个月", "24小时", "9个工作小时"):
        rule = ClockRule(parse_duration(written), "penalty-2021")
        before = evaluate(rule, rows, when, TABLE)
        paused = evaluate(rule, [*rows, row("pause", when)], when + timedelta(minutes=wait), TABLE)
        assert paused.status is ClockStatus.PAUSED
        assert paused.overdue == before.overdue
