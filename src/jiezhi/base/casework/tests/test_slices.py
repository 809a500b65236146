"""时段：首尾相接、不重不漏、由近到远，不论多长都只有几十段。"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jiezhi.base.casework import slices

SECONDS = st.integers(0, 4_000_000_000)


def span(word: str) -> tuple[int, int]:
    """一段的起止（秒，止不含）。"""
    length = slices.SHORTEST * slices.TIMES ** slices.LEVELS.index(word[1])
    return int(word[2:]) * length, (int(word[2:]) + 1) * length


@given(SECONDS, SECONDS)
def test_the_slices_follow_one_another_and_leave_nothing_out(one: int, other: int) -> None:
    newest, oldest = max(one, other), min(one, other)
    spans = [span(word) for word in slices.cover(newest, oldest)]
    assert spans[0][0] <= newest < spans[0][1]
    assert spans[-1][0] <= oldest < spans[-1][1]
    assert all(later[0] == earlier[1] for later, earlier in zip(spans, spans[1:], strict=False))
    assert len(spans) <= 60


@given(st.integers(1_000_000_000, 4_000_000_000))
def test_the_nearest_slices_are_short_and_the_far_ones_long(newest: int) -> None:
    spans = [span(word) for word in slices.cover(newest, newest - 3650 * 86_400)]
    lengths = [end - start for start, end in spans]
    assert lengths[:4] == [slices.SHORTEST] * 4 and max(lengths) >= 256 * 86_400


@given(st.integers(1_000_000_000, 4_000_000_000))
def test_lately_is_the_last_weeks(newest: int) -> None:
    later, earlier = (span(word) for word in slices.lately(newest))
    assert later[0] <= newest < later[1] and earlier[1] == later[0]
    assert 16 * 86_400 <= newest + 1 - earlier[0] <= 32 * 86_400 + 1
