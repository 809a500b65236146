"""期间的起止: when a period ends, and the latest day for something that must precede a date.

A day-like period ends with a whole day; its end is the *exclusive* instant 00:00 Asia/Shanghai of the day
after. A period in hours ends at its instant. The rules themselves stand in `regimes`.

Excluded time (pauses). Days in (day of pause, day of resumption] do not count, the mirror of 首日不计：
paused and resumed on one day excludes nothing; working-day periods leave out the working days among them;
hours are subtracted exactly. A pause begun after the period has ended changes nothing; one begun on the last
day in time leaves at least the day of resumption.

Extensions add to the limit: alike units are summed (20个工作日+10个工作日 is 30个工作日, 1年+3个月 is
15个月), others are appended after the earlier end. Only the final last day may roll.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from .daytable import CHINA, DayTable
from .durations import Annual, Duration, Unit
from .regimes import Regime

DAY = timedelta(days=1)
Pause = tuple[datetime, datetime]


class ClockError(ValueError):
    """A clock's rows or figures do not make sense; the message says in Chinese what to correct."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a period ends.

    `at`: exclusive end instant (aware, Asia/Shanghai): done in time means done before it. `last_day`: the
    last day, or None when the period ends within a day. `provisional`: a year without announced holidays was
    involved. `explain`: one line of Chinese.
    """

    at: datetime
    last_day: date | None
    provisional: bool
    explain: str


def local(moment: datetime) -> datetime:
    """`moment` in Asia/Shanghai. ClockError when it has no time zone."""
    if moment.tzinfo is None:
        raise ClockError("时间缺少时区，请按北京时间记录。")
    return moment.astimezone(CHINA)


def midnight(day: date) -> datetime:
    """00:00 Asia/Shanghai with which `day` begins."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


def whole_day(due_at: datetime) -> bool:
    """到期时刻是不是整日的终点（北京时间零点，不含在内）。没有时区 → ClockError。"""
    end = local(due_at)
    return end == midnight(end.date())


def last_day_of(due_at: datetime) -> date:
    """到期时刻（不含在内的终点）之前的最后一天，北京时间。没有时区 → ClockError。"""
    return (local(due_at) - timedelta(microseconds=1)).date()


def add_months(day: date, months: int) -> date:
    """Same day number `months` later (or earlier), else the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return _clamped(year, month + 1, day.day)


def _clamped(year: int, month: int, day: int) -> date:
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            if day <= 28:
                raise ClockError("期限超出了日历范围，请检查日期和时限。") from None
            day -= 1


def last_day(anchor: date, limit: Duration | Annual, table: DayTable) -> date:
    """Last day of a day-like `limit` whose first counted day is the one after `anchor`; nothing rolled.

    `limit` is counted as given: pass it through `Regime.effective` first. ClockError beyond the calendar.
    """
    if isinstance(limit, Annual):
        this_year = _clamped(anchor.year, limit.month, limit.day)
        return this_year if this_year > anchor else _clamped(anchor.year + 1, limit.month, limit.day)
    if limit.unit is Unit.WORKDAY:
        return table.add_workdays(anchor, limit.amount)
    if limit.unit is Unit.DAY:
        return anchor + timedelta(days=limit.amount)
    return add_months(anchor, limit.amount if limit.unit is Unit.MONTH else 12 * limit.amount)


def due(
    start: datetime,
    duration: Duration | Annual,
    regime: Regime,
    table: DayTable,
    *,
    favours_party: bool = False,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Duration] = (),
) -> Due:
    """When the period begun at `start` ends.

    In: the limit as written, the statute's regime, the day table; `favours_party` when the period gives time
    to or protects a party (decides rolling); `pauses` as (pause, resume) in order, not before `start`;
    `extensions` as granted. An `Annual` limit gives its next occurrence after the day of `start`. ClockError
    for pauses in disorder or naive times.
    """
    begun = local(start)
    anchor = _anchor(begun.date(), regime)
    waiting = _ordered(begun, pauses)
    rolls = regime.rolls(favours_party)
    notes = [f"，延长{extension}" for extension in extensions]
    doubtful: list[tuple[date, date]] = []  # ranges (after, until] whose working days were counted
    at, last = begun, begun.date()
    segments = _segments(duration, extensions, regime)
    hourly = False
    for number, segment in enumerate(segments, 1):
        final = number == len(segments)
        hourly = isinstance(segment, Duration) and segment.unit.measured_in_hours
        if isinstance(segment, Duration) and hourly:
            at = _hours_end(at, segment, table, waiting, notes)
            last = last_day_of(at)
            if segment.unit is Unit.WORK_HOUR:
                doubtful.append((anchor - DAY, last))
        else:
            working = isinstance(segment, Duration) and segment.unit is Unit.WORKDAY
            last = last_day(anchor, segment, table)
            while waiting:
                paused, resumed = (moment.date() for moment in waiting[0])
                if paused > (table.next_workday(last) if final and rolls else last):
                    break
                del waiting[0]
                last = _without(last, paused, resumed, working, table, notes)
            if working:
                doubtful.append((anchor, last))
            if final and rolls:
                rolled = table.next_workday(last)
                doubtful.append((last - DAY, rolled))
                if rolled != last:
                    notes.append(f"，末日{_day(last, begun)}不是工作日，顺延")
                    last = rolled
            at = midnight(last + DAY)
        anchor = last
    counted = regime.effective(duration)
    written = f"{duration}（按工作日计）" if counted != duration else str(duration)
    if hourly:
        head = f"自{_moment(begun, begun)}起{written}"
        tail = f"，{_moment(at, begun)}届满"
    else:
        head = f"自{_day(begun.date(), begun)}{'次日' if regime.first_day_excluded else ''}起{written}"
        if isinstance(duration, Annual):
            head = written
        tail = f"，{_day(last, begun)}届满"
    provisional, warning = _provisional(doubtful, table)
    return Due(at, None if hourly else last, provisional, f"{head}{''.join(notes)}{tail}{warning}")


def due_before(target: datetime, duration: Duration | Annual, regime: Regime, table: DayTable) -> Due:
    """Until when something must be done that the law wants a period *before* `target` （举行7个工作日前通知）.

    Counted so that the whole period lies between: neither the day of the act （首日不计） nor the day of
    `target` counts, hence `due(act, duration)` ends before the day of `target` begins. Out: `Due.last_day`
    is the latest lawful day, which may be a rest day. For hours, the act must precede `Due.at`. Nothing
    rolls. ClockError for `Annual`.
    """
    held = local(target)
    limit = regime.effective(duration)
    if isinstance(limit, Annual):
        raise ClockError(f"“{limit}”不能倒着算，请写成若干日或若干个工作日。")
    written = f"{duration}（按工作日计）" if limit != duration else str(duration)
    if limit.unit.measured_in_hours:
        if limit.unit is Unit.HOUR:
            at = _elapse(held, -timedelta(hours=limit.amount))
            provisional, warning = False, ""
        else:
            at = table.office_moment(table.office_position(held) - _office_time(limit), latest=True)
            provisional, warning = _provisional([(at.date() - DAY, held.date())], table)
        return Due(
            at, None, provisional, f"{_moment(held, held)}之前{written}，须早于{_moment(at, held)}{warning}"
        )
    eve = held.date() - DAY
    ranges: list[tuple[date, date]] = []
    if limit.unit is Unit.WORKDAY:
        anchor = table.add_workdays(held.date(), -limit.amount) - DAY
        ranges.append((anchor, eve))
    elif limit.unit is Unit.DAY:
        anchor = eve - timedelta(days=limit.amount)
    else:
        months = limit.amount if limit.unit is Unit.MONTH else 12 * limit.amount
        anchor = add_months(eve, -months) + timedelta(
            days=3
        )  # at most three days end on one short month's last day
        while last_day(anchor, limit, table) > eve:
            anchor -= DAY
    latest = anchor if regime.first_day_excluded else anchor + DAY
    provisional, warning = _provisional(ranges, table)
    both = "首尾两日都不计" if regime.first_day_excluded else f"{_day(held.date(), held)}当日不计"
    explain = f"{_day(held.date(), held)}之前留足{written}（{both}），最迟{_day(latest, held)}{warning}"
    return Due(midnight(latest + DAY), latest, provisional, explain)


def _anchor(day: date, regime: Regime) -> date:
    """The day before the first one counted."""
    return day if regime.first_day_excluded else day - DAY


def _ordered(begun: datetime, pauses: Sequence[Pause]) -> list[Pause]:
    result: list[Pause] = []
    earlier = begun
    for paused, resumed in pauses:
        pair = local(paused), local(resumed)
        if not earlier <= pair[0] <= pair[1]:
            raise ClockError("暂停和恢复的时间前后颠倒，或者早于起算时间，请核对后更正。")
        result.append(pair)
        earlier = pair[1]
    return result


def _segments(
    duration: Duration | Annual, extensions: Sequence[Duration], regime: Regime
) -> list[Duration | Annual]:
    """The limit and its extensions as counted, neighbours of one unit summed."""
    segments = [regime.effective(duration)]
    for extension in extensions:
        added, before = regime.effective(extension), segments[-1]
        if isinstance(before, Duration) and before.unit is added.unit:
            segments[-1] = Duration(before.amount + added.amount, added.unit)
        elif isinstance(before, Duration) and {before.unit, added.unit} == {Unit.MONTH, Unit.YEAR}:
            months = sum(d.amount * (12 if d.unit is Unit.YEAR else 1) for d in (before, added))
            segments[-1] = Duration(months, Unit.MONTH)
        else:
            segments.append(added)
    return segments


def _without(
    last: date, paused: date, resumed: date, working: bool, table: DayTable, notes: list[str]
) -> date:
    """`last` moved by the excluded days in (paused, resumed]."""
    excluded = table.workdays_between(paused, resumed) if working else (resumed - paused).days
    if not excluded:
        # begun in time on the last day and resumed on a rest day: the clock is not over before it runs again
        return max(last, resumed)
    notes.append(f"，扣除{excluded}{'个工作日' if working else '日'}")
    moved = table.add_workdays(last, excluded) if working else last + timedelta(days=excluded)
    return max(moved, resumed)


def _hours_end(
    begin: datetime, limit: Duration, table: DayTable, waiting: list[Pause], notes: list[str]
) -> datetime:
    """End of a period in hours begun at `begin`; takes from `waiting` the pauses begun before that end."""
    if limit.unit is Unit.HOUR:
        end = _elapse(begin, timedelta(hours=limit.amount))
        while waiting and waiting[0][0] < end:
            paused, resumed = waiting.pop(0)
            pause = resumed.timestamp() - paused.timestamp()
            end = _elapse(end, timedelta(seconds=pause))
            notes.append(f"，扣除{spoken_minutes(int(pause // 60))}")
        return end
    position = table.office_position(begin) + _office_time(limit)
    while waiting and waiting[0][0] < table.office_moment(position):
        paused, resumed = waiting.pop(0)
        excluded = table.office_position(resumed) - table.office_position(paused)
        position += excluded
        notes.append(f"，扣除{spoken_minutes(excluded // 60_000_000, '工作')}")
    return table.office_moment(position)


def _office_time(limit: Duration) -> int:
    """Microseconds of office time in `limit` 工作小时."""
    return limit.amount * 3_600_000_000


def _elapse(moment: datetime, span: timedelta) -> datetime:
    """`moment` plus real elapsed time (the zone had summer time until 1991)."""
    return (moment.astimezone(UTC) + span).astimezone(CHINA)


def _provisional(ranges: Sequence[tuple[date, date]], table: DayTable) -> tuple[bool, str]:
    for after, until in ranges:
        if table.provisional_between(after, until):
            year = table.unannounced_year(after, until)
            return True, f"({year}年放假安排尚未公布，此为暂估)"
    return False, ""


def spoken_minutes(minutes: int, prefix: str = "") -> str:
    """3小时20分钟, 40分钟, with `prefix` 工作 before 小时; 0 is 不足1分钟."""
    hours, rest = divmod(minutes, 60)
    if not minutes:
        return "不足1分钟"
    spoken = f"{hours}{'个' if prefix else ''}{prefix}小时" if hours else ""
    return spoken + (f"{rest}分钟" if rest else "")


def _day(day: date, reference: datetime) -> str:
    text = f"{day.month}月{day.day}日"
    return text if day.year == reference.year else f"{day.year}年{text}"


def _moment(moment: datetime, reference: datetime) -> str:
    return f"{_day(moment.date(), reference)}{moment.hour}时" + (
        f"{moment.minute}分" if moment.minute else "整"
    )
