"""到期的写法：件页面、文书、通知说的是同一天。"""

from __future__ import annotations

from datetime import datetime

import pytest

from jiezhi.core.calendar import CHINA, ClockError, last_day_of, stands
from jiezhi.core.prose import due_words, moment_words

NOW = datetime(2026, 8, 3, 9, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("due_at", "formal", "short"),
    [
        (datetime(2026, 8, 13, tzinfo=CHINA), "2026年8月12日", "8月12日"),
        (datetime(2027, 1, 1, tzinfo=CHINA), "2026年12月31日", "12月31日"),
        (datetime(2027, 1, 5, tzinfo=CHINA), "2027年1月4日", "2027年1月4日"),
        (datetime(2026, 8, 12, 15, 5, tzinfo=CHINA), "2026年8月12日15时05分", "8月12日 15:05"),
    ],
)
def test_a_whole_day_period_ends_on_its_last_day(due_at: datetime, formal: str, short: str) -> None:
    assert (due_words(due_at), due_words(due_at, NOW)) == (formal, short)
    abroad = due_at.astimezone(tz=None)
    assert (due_words(abroad), due_words(abroad, NOW)) == (formal, short)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ClockError):
        last_day_of(datetime(2026, 8, 13))


def test_moments_are_told_in_beijing_time() -> None:
    assert moment_words(datetime.fromisoformat("2026-08-01T01:30:00+00:00")) == "2026年8月1日9时30分"


def test_the_day_something_lapses_it_no_longer_stands() -> None:
    assert stands("2026-01-01", "2026-07-01", "2026-06-30") and not stands(
        "2026-01-01", "2026-07-01", "2026-07-01"
    )
    assert stands("2026-01-01", None, "2026-01-01") and not stands("2026-01-01", None, "2025-12-31")
