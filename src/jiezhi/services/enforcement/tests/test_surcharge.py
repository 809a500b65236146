"""加处罚款：每日百分之三，封顶本金，复议诉讼期间不算，整数分。"""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from jiezhi.services.enforcement.surcharge import Due, surcharge

START = date(2026, 8, 1)


def day(number: int) -> date:
    return START + timedelta(days=number)


def test_three_per_cent_a_day_up_to_the_fine() -> None:
    due = Due(10_000, START)
    assert [surcharge([due], day(n)) for n in (-3, 0, 1, 33, 34, 400)] == [0, 0, 300, 9_900, 10_000, 10_000]


def test_the_time_of_a_review_does_not_count() -> None:
    due = Due(10_000, START)
    assert surcharge([due], day(10), [(day(3), day(6))]) == 300 * 6
    assert surcharge([due], day(10), [(day(3), None)]) == 300 * 2
    assert surcharge([due], day(10), [(day(3), day(6)), (day(5), day(8))]) == 300 * 4


def test_what_is_paid_stops_running_that_day() -> None:
    assert surcharge([Due(10_000, START, ((day(4), 10_000),))], day(10)) == 300 * 3
    assert surcharge([Due(10_000, START, ((day(4), 5_000),))], day(6)) == 300 * 3 + 150 * 3
    # 分期各算各的
    assert surcharge([Due(10_000, START), Due(10_000, day(5))], day(7)) == 300 * 7 + 300 * 2


dues = st.builds(Due, st.integers(1, 10**10), st.integers(0, 60).map(day))


@given(st.lists(dues, min_size=1, max_size=4), st.integers(0, 200), st.integers(0, 200), st.integers(0, 30))
def test_whole_fen_capped_and_never_falling(items: list[Due], n: int, start: int, length: int) -> None:
    paused = [(day(start), day(start + length))]
    found = surcharge(items, day(n), paused)
    assert isinstance(found, int) and 0 <= found <= sum(one.amount for one in items)
    assert found <= surcharge(items, day(n)) and found <= surcharge(items, day(n + 1), paused)


@given(st.integers(1, 10**9), st.integers(0, 33))
def test_it_is_the_simple_product_before_the_cap(amount: int, days: int) -> None:
    assert surcharge([Due(amount, START)], day(days)) == min(amount * 3 * days // 100, amount)
