"""期间与时限: durations, the day table, what each statute means by a day, and clocks. Pure functions; no
`now` inside.
"""

from .bounds import compare, exceeds, seed_table
from .clocks import (
    ClockRule,
    ClockState,
    ClockStatus,
    Entry,
    EntryKind,
    Light,
    Remaining,
    evaluate,
    light,
)
from .daytable import CHINA, DEFAULT_OFFICE_HOURS, DayKind, DayTable
from .durations import Annual, Duration, Unit, parse_duration
from .periods import ClockError, Due, due, due_before, last_day_of, whole_day
from .regimes import REGIMES, Regime, Rolling, Status, configured
from .standing import stands

__all__ = [
    "CHINA",
    "DEFAULT_OFFICE_HOURS",
    "REGIMES",
    "Annual",
    "ClockError",
    "ClockRule",
    "ClockState",
    "ClockStatus",
    "DayKind",
    "DayTable",
    "Due",
    "Duration",
    "Entry",
    "EntryKind",
    "Light",
    "Regime",
    "Remaining",
    "Rolling",
    "Status",
    "Unit",
    "compare",
    "configured",
    "due",
    "due_before",
    "evaluate",
    "exceeds",
    "last_day_of",
    "light",
    "parse_duration",
    "seed_table",
    "stands",
    "whole_day",
]
