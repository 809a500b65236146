"""定时的事：到时候才做，一件出错不停别的，另一个线程里做的不重叠。"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from jiezhi.base.casework import chores
from jiezhi.base.casework.testing import START

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "_chores", {})


def test_each_in_its_own_time_and_one_bad_one_stops_nothing() -> None:
    done: list[tuple[str, datetime]] = []
    said: list[str] = []

    def bad(now: datetime) -> None:
        raise OSError("磁盘满了")

    chores.chore("坏的", HOUR, bad)
    chores.chore("常做的", HOUR, lambda now: done.append(("常", now)))
    chores.daily("每天的", lambda now: done.append(("天", now)))
    for hours in (0, 0.5, 1, 24):
        assert not chores.run_due(START + hours * HOUR, said.append)
    assert done == [
        ("常", START),
        ("天", START),
        ("常", START + HOUR),
        ("常", START + 24 * HOUR),
        ("天", START + 24 * HOUR),
    ]
    assert len(said) == 3 and "磁盘满了" in said[0]


def test_more_to_do_comes_again_at_once() -> None:
    left = [True, True, False]
    chores.chore("分几次的", HOUR, lambda now: left.pop(0))
    assert [chores.run_due(START, print) for _ in range(4)] == [True, True, False, False]


def test_aside_does_not_hold_up_and_does_not_overlap() -> None:
    gate, runs = threading.Event(), []

    def slow(now: datetime) -> None:
        runs.append(threading.current_thread().name)
        gate.wait(5)

    chores.chore("要等网络的", timedelta(0), slow, aside=True)
    for _ in range(3):
        chores.run_due(START, print)
    assert runs == ["要等网络的"]
    gate.set()
    thread = chores._chores["要等网络的"].thread
    assert thread is not None
    thread.join(5)
    chores.run_due(START, print)
    again = chores._chores["要等网络的"].thread
    assert again is not None
    again.join(5)
    assert len(runs) == 2
