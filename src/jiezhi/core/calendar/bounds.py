"""比法定更长吗: may a declared period end later than the statute's?

Across units (5个工作日 or 7日？) the answer depends on the calendar, so it is found by trying every starting
day of the announced years rather than by a rule of thumb.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from .daytable import DayTable
from .durations import Annual, Duration, Unit
from .periods import last_day
from .regimes import Regime

SEED_YEARS = (2004, 2026)


@lru_cache(maxsize=1)
def seed_table() -> DayTable:
    """The day table of the years `chinesecalendar` knows; nothing in it is an office's own edit."""
    return DayTable.from_chinesecalendar(*SEED_YEARS)


def exceeds(
    limit: Duration | Annual, cap: Duration | Annual, regime: Regime, table: DayTable | None = None
) -> bool:
    """True when `limit` can end later than `cap`, both begun at one moment and counted by `regime`.

    Exact for alike units (and months against years). Across units it means: in *some* situation of the
    announced years of `table` (default: those `chinesecalendar` knows) the limit ends later. So 7日 against
    5个工作日 exceeds (in a week of make-up days five working days are over sooner), and 5个工作日 against
    7日 exceeds too (holidays). Conservative where it can't be exact: rolling is left out; hours become whole
    days in the direction that refuses; a limit in working days longer than the announced years exceeds.
    """
    table = table or seed_table()
    return _exceeds(_plain(regime.effective(limit)), _plain(regime.effective(cap)), table)


def compare(
    a: Duration | Annual, b: Duration | Annual, regime: Regime, table: DayTable | None = None
) -> int | None:
    """-1 when `a` never ends later than `b` but may end sooner, 1 the reverse, 0 alike, None when either may
    be later.
    """
    longer, shorter = exceeds(a, b, regime, table), exceeds(b, a, regime, table)
    return None if longer and shorter else longer - shorter


def _plain(limit: Duration | Annual) -> Duration | Annual:
    """Years as months, so that the two compare exactly."""
    if isinstance(limit, Duration) and limit.unit is Unit.YEAR:
        return Duration(12 * limit.amount, Unit.MONTH)
    return limit


@lru_cache(maxsize=512)
def _exceeds(limit: Duration | Annual, cap: Duration | Annual, table: DayTable) -> bool:
    if limit == cap:
        return False
    limit_unit, cap_unit = _unit(limit), _unit(cap)
    # an hour of office time never takes less than an hour
    same_scale = limit_unit is cap_unit or (limit_unit is Unit.HOUR and cap_unit is Unit.WORK_HOUR)
    if same_scale and isinstance(limit, Duration) and isinstance(cap, Duration):
        return limit.amount > cap.amount
    days = _announced_days(table)
    tried = False
    for day in days:
        end = None if limit_unit is Unit.HOUR else _last(day, limit, table, late=True)
        limit_of_cap = None if cap_unit is Unit.HOUR else _last(day, cap, table, late=False)
        if any(
            found is not None and unit in _COUNTS_WORKDAYS and found > days[-1]
            for found, unit in ((end, limit_unit), (limit_of_cap, cap_unit))
        ):
            break  # from here on the working days would be guesses
        tried = True
        if end is None and limit_of_cap is not None and isinstance(limit, Duration):
            # begun at the last moment of a day, H hours outlast N days exactly when H > 24 N
            later = limit.amount > 24 * (limit_of_cap - day).days
        elif limit_of_cap is None and end is not None and isinstance(cap, Duration):
            later = 24 * ((end - day).days + 1) > cap.amount  # begun at the first moment of a day
        else:
            later = end is not None and limit_of_cap is not None and end > limit_of_cap
        if later:
            return True
    return not tried


_COUNTS_WORKDAYS = (Unit.WORKDAY, Unit.WORK_HOUR)


def _unit(limit: Duration | Annual) -> Unit | None:
    return limit.unit if isinstance(limit, Duration) else None


def _last(day: date, limit: Duration | Annual, table: DayTable, *, late: bool) -> date:
    """Last day of `limit` begun on `day`; working hours as the latest (`late`) or a safely early whole
    day.
    """
    if isinstance(limit, Duration) and limit.unit is Unit.WORK_HOUR:
        days = -(-timedelta(hours=limit.amount) // table.office_day)
        return table.add_workdays(day, days if late else max(days - 2, 0))
    return last_day(day, limit, table)


def _announced_days(table: DayTable) -> list[date]:
    years = sorted(table.announced_years or ())
    days = (
        date.fromordinal(number)
        for year in years
        for number in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
    )
    one = timedelta(days=1)
    return [day for day in days if not table.provisional_between(day - one, day)]
