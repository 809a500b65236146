"""时限: a clock as its recorded rows, folded into where it stands at `now`.

`evaluate` is a pure function of the rule, the rows, `now` and the day table; nothing is stored but the rows.
An extension or pause recorded after the clock had already run out changes nothing
（已超期的不因事后延期而消失）: it is named in the explanation instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from .daytable import DayTable
from .durations import Annual, Duration, Unit, parse_duration, spoken
from .periods import DAY, ClockError, Due, Pause, add_months, due, due_before, local, midnight, spoken_minutes
from .regimes import REGIMES, Regime

__all__ = [
    "ClockError",
    "ClockRule",
    "ClockState",
    "ClockStatus",
    "Due",
    "Entry",
    "EntryKind",
    "Light",
    "Remaining",
    "due",
    "due_before",
    "evaluate",
    "light",
]


class EntryKind(StrEnum):
    """What a row does to its clock."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    EXTEND = "extend"
    END = "end"
    VOID = "void"

    @property
    def shown(self) -> str:
        """The Chinese word."""
        return _KINDS_SHOWN[self]


_KINDS_SHOWN = {
    EntryKind.START: "起算",
    EntryKind.PAUSE: "暂停",
    EntryKind.RESUME: "恢复",
    EntryKind.EXTEND: "延期",
    EntryKind.END: "办结",
    EntryKind.VOID: "作废",
}


class ClockStatus(StrEnum):
    """Where a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    VOID = "void"

    @property
    def shown(self) -> str:
        """The Chinese word: 计时中, 已暂停, 已办结, 已作废."""
        return {"running": "计时中", "paused": "已暂停", "ended": "已办结", "void": "已作废"}[self.value]


class Light(StrEnum):
    """时限灯."""

    NORMAL = "正常"
    SOON = "临期"
    OVERDUE = "超期"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a clock: what happened, when (aware), by how much (only 延期), and why."""

    kind: EntryKind
    at: datetime
    amount: Duration | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClockRule:
    """What the procedure declares: the limit as written, the statute's regime, whether it protects a
    party.
    """

    limit: Duration | Annual
    regime_name: str
    favours_party: bool = False


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left, or by how much it is over.

    `amount`: whole units left after today (days) or minutes left (hours); negative when over, 0 on the last
    day. `unit`: 工作日 or 日 for periods that end with a day, 工作小时 or 小时 (then `amount` is in minutes
    of it). `overdue` decides the words when `amount` is 0. `str()` gives the words.
    """

    amount: int
    unit: Unit
    overdue: bool
    last_day: bool = False

    def __str__(self) -> str:
        verb = "已超" if self.overdue else "还剩"
        if self.unit.measured_in_hours:
            return verb + spoken_minutes(abs(self.amount), "工作" if self.unit is Unit.WORK_HOUR else "")
        if self.last_day and not self.overdue:
            return "今天到期"
        if self.amount == 0:  # only rest days lie between
            return f"{verb}不足{spoken(1, self.unit)}"
        return verb + spoken(abs(self.amount), self.unit)


@dataclass(frozen=True, slots=True)
class ClockState:
    """A clock at `now`.

    `ended_at`: when it was ended or voided. `overdue`: that moment, or `now`, is not before `due.at`.
    `remaining`: as of the same moment. `span`: what the whole limit amounted to without pauses, in
    `remaining`'s measure.
    """

    status: ClockStatus
    due: Due
    started_at: datetime
    ended_at: datetime | None
    overdue: bool
    remaining: Remaining
    span: int
    table: DayTable = field(repr=False, compare=False)


def evaluate(
    rule: ClockRule,
    entries: Sequence[Entry],
    now: datetime,
    table: DayTable,
    *,
    regimes: Mapping[str, Regime] = REGIMES,
) -> ClockState:
    """Fold the rows of one clock, in order of time, into its state at `now` (aware).

    An open pause excludes time up to `now`. `regimes`: pass `regimes.configured(...)` for an office's
    confirmed readings. ClockError, in Chinese, for rows out of order: not begun, begun twice, paused while
    paused, resumed while running, anything after the end, an extension without an amount, an unknown regime.
    """
    regime = regimes.get(rule.regime_name)
    if regime is None:
        raise ClockError(
            f"没有名为“{rule.regime_name}”的计时规则，请在业务模板里改成：{'、'.join(regimes)}。"
        )
    now = local(now)
    started: datetime | None = None
    paused: datetime | None = None
    ended: Entry | None = None
    pauses: list[Pause] = []
    extensions: list[Duration] = []
    late: list[Entry] = []
    previous: Entry | None = None

    def end_at(until: datetime) -> Due:
        assert started is not None
        open_pause = [] if paused is None else [(paused, max(until, paused))]
        return due(
            started,
            rule.limit,
            regime,
            table,
            favours_party=rule.favours_party,
            pauses=[*pauses, *open_pause],
            extensions=extensions,
        )

    for entry in entries:
        _check(entry, previous, ended, paused)
        previous = entry
        if entry.kind is EntryKind.START:
            started = local(entry.at)
        elif entry.kind is EntryKind.PAUSE:
            if entry.at >= end_at(entry.at).at:
                late.append(entry)
            paused = entry.at
        elif entry.kind is EntryKind.RESUME and paused is not None:
            pauses.append((paused, entry.at))
            paused = None
        elif entry.kind is EntryKind.EXTEND and entry.amount is not None:
            if entry.at >= end_at(entry.at).at:
                late.append(entry)
            else:
                extensions.append(entry.amount)
        else:
            ended = entry
    if started is None:
        raise ClockError("时限还没有起算记录，请先记录起算时间。")

    moment = local(ended.at) if ended else now
    final = end_at(moment)
    if late:
        said = "、".join(f"{local(e.at).month}月{local(e.at).day}日的{e.kind.shown}" for e in late)
        final = replace(final, explain=f"{final.explain}；{said}在届满之后，不计入")
    if ended is None:
        status = ClockStatus.RUNNING if paused is None else ClockStatus.PAUSED
    else:
        status = ClockStatus.VOID if ended.kind is EntryKind.VOID else ClockStatus.ENDED
    unit = _measure_unit(rule, extensions, regime)
    unpaused = final
    if pauses or paused is not None:
        pauses, paused = [], None
        unpaused = end_at(moment)
    return ClockState(
        status=status,
        due=final,
        started_at=started,
        ended_at=local(ended.at) if ended else None,
        overdue=moment >= final.at,
        remaining=_remaining(moment, final, unit, table),
        span=max(1, _remaining(started, unpaused, unit, table).amount),
        table=table,
    )


def light(state: ClockState, warn_at: Duration | str, now: datetime) -> Light:
    """正常, 临期 or 超期 of a clock.

    `warn_at`: how long before the end it becomes 临期 （“1个工作日”, or a `Duration`）, or how much of the
    limit is used up by then （“80%”, pauses left out）. A paused, ended or voided clock is judged as it stood
    when evaluated. ClockError for a threshold that is neither.
    """
    remaining, moment = state.remaining, state.ended_at
    if state.status is ClockStatus.RUNNING:
        moment = local(now)
        remaining = _remaining(moment, state.due, remaining.unit, state.table)
    if remaining.overdue:
        return Light.OVERDUE
    if state.status in (ClockStatus.ENDED, ClockStatus.VOID):
        return Light.NORMAL
    if isinstance(warn_at, str) and warn_at.strip().endswith("%"):
        used = state.span - remaining.amount
        return Light.SOON if used * 100 >= _percent(warn_at) * state.span else Light.NORMAL
    before = _threshold(warn_at)
    moment = moment or local(now)
    return Light.SOON if moment >= _warning(state, before) else Light.NORMAL


def _check(entry: Entry, previous: Entry | None, ended: Entry | None, paused: datetime | None) -> None:
    shown = entry.kind.shown
    at = local(entry.at)
    when = f"{at.month}月{at.day}日{at.hour}时{at.minute:02d}分"
    if previous is None:
        if entry.kind is not EntryKind.START:
            raise ClockError(f"{when}的{shown}之前没有起算记录，请先记录起算时间。")
    elif entry.kind is EntryKind.START:
        raise ClockError(f"时限已经起算，{when}不能再次起算；需要重新计时的，请另开一个时限。")
    elif ended is not None:
        raise ClockError(f"时限已经{ended.kind.shown}，{when}不能再{shown}；记错的请按更正办理。")
    elif at < local(previous.at):
        raise ClockError(f"{when}的{shown}早于前一条{previous.kind.shown}记录，请核对时间。")
    if entry.kind is EntryKind.PAUSE and paused is not None:
        raise ClockError(f"时限已经暂停，{when}不能再次暂停；请先恢复。")
    if entry.kind is EntryKind.RESUME and paused is None:
        raise ClockError(f"时限没有暂停，{when}不用恢复。")
    if (entry.kind is EntryKind.EXTEND) != (entry.amount is not None):
        raise ClockError(
            f"{when}的延期没有写延长多久，请补上，例如：10个工作日。"
            if entry.amount is None
            else f"{when}的{shown}不能带时长，只有延期才写延长多久。"
        )


def _measure_unit(rule: ClockRule, extensions: Sequence[Duration], regime: Regime) -> Unit:
    """The unit in which what is left is told: that of the last part of the limit."""
    part = regime.effective(extensions[-1] if extensions else rule.limit)
    unit = part.unit if isinstance(part, Duration) else Unit.DAY
    return unit if unit is Unit.WORKDAY or unit.measured_in_hours else Unit.DAY


def _remaining(moment: datetime, final: Due, unit: Unit, table: DayTable) -> Remaining:
    moment = local(moment)
    overdue = moment >= final.at
    if final.last_day is None:
        if unit is Unit.WORK_HOUR:
            amount = _towards_zero(
                table.office_position(final.at) - table.office_position(moment), 60_000_000
            )
        else:
            amount = _towards_zero(int((final.at.timestamp() - moment.timestamp()) * 1000), 60_000)
        return Remaining(amount, unit, overdue)
    today: date = moment.date()
    if unit is Unit.WORKDAY:
        amount = table.workdays_between(today, final.last_day)
    else:
        amount = (final.last_day - today).days
    return Remaining(amount, unit, overdue, today == final.last_day)


def _towards_zero(amount: int, whole: int) -> int:
    return amount // whole if amount >= 0 else -(-amount // whole)


def _percent(written: str) -> int:
    number = written.strip()[:-1]
    if not number.isdigit() or not 0 < int(number) <= 100:
        raise ClockError(f"提醒时间“{written}”写得不对，请写成80%或者1个工作日。")
    return int(number)


def _threshold(warn_at: Duration | str) -> Duration:
    if isinstance(warn_at, Duration):
        return warn_at
    try:
        parsed = parse_duration(warn_at)
    except ValueError:
        parsed = None
    if not isinstance(parsed, Duration):
        raise ClockError(f"提醒时间“{warn_at}”写得不对，请写成80%或者1个工作日。")
    return parsed


def _warning(state: ClockState, before: Duration) -> datetime:
    """The first moment at which no more than `before` is left."""
    end, table = state.due.at, state.table
    if before.unit is Unit.HOUR:
        return end - timedelta(hours=before.amount)
    if before.unit is Unit.WORK_HOUR:
        return table.office_moment(table.office_position(end) - before.amount * 3_600_000_000)
    last = state.due.last_day or end.date()
    if before.unit is Unit.WORKDAY:
        # n working days left after today: the day before the one with n+1 left has passed
        return midnight(table.add_workdays(last + DAY, -before.amount - 1))
    if before.unit is Unit.DAY:
        return midnight(last - timedelta(days=before.amount))
    return midnight(add_months(last, -before.amount * (12 if before.unit is Unit.YEAR else 1)))
