"""组提交：同时来的几条并在一个事务里，各得各的结果。"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from jiezhi.base.casework import actions
from jiezhi.base.casework.actions import Entry, officer_actor
from jiezhi.base.casework.engine import gathering, running, turnstile
from jiezhi.base.casework.engine.gathering import Gathering
from jiezhi.base.casework.models import Case, Event, NumberIssue
from jiezhi.base.casework.outcome import Outcome, Refused
from jiezhi.base.casework.replay import differences
from jiezhi.base.casework.testing import Office


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """各线程都像连着同一个磁盘上的 SQLite，排队用各自的锁文件。"""

    class Disk:
        vendor = "sqlite"
        in_atomic_block = False
        settings_dict = {"NAME": tmp_path / "base.sqlite3"}

    monkeypatch.setattr(turnstile, "connection", Disk)


def submit_all(gate: Gathering[Any, Any], jobs: Sequence[Any]) -> list[Any]:
    """每条一个线程同时交，返回各自的结果或错误。"""
    found: list[Any] = [None] * len(jobs)

    def run(at: int) -> None:
        try:
            found[at] = gate.submit(jobs[at])
        except Exception as error:
            found[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
        time.sleep(0.002)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive(), "有一条一直没有等到结果"
    return found


def slow(batches: list[list[int]]) -> Callable[[Sequence[int]], list[int]]:
    def together(jobs: Sequence[int]) -> list[int]:
        batches.append(list(jobs))
        time.sleep(0.05)
        return [job * 10 for job in jobs]

    return together


def test_those_who_come_while_one_is_working_go_together(apart: None) -> None:
    batches: list[list[int]] = []
    alone: list[int] = []

    def one(job: int) -> int:
        alone.append(job)
        while job == 0 and len(gate._waiting) < 5:  # 第一条办着，等其余的都到
            time.sleep(0.001)
        return job * 10

    gate: Gathering[int, int] = Gathering(slow(batches), one)
    assert submit_all(gate, range(6)) == [0, 10, 20, 30, 40, 50]
    assert alone == [0] and sorted(job for batch in batches for job in batch) == [1, 2, 3, 4, 5]
    assert gate.submit(7) == 70, "空下来以后照常能办"


def test_no_more_than_the_most_at_once(apart: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST", 3)
    batches: list[list[int]] = []
    gate: Gathering[int, int] = Gathering(slow(batches), lambda job: slow(batches)([job])[0])
    assert submit_all(gate, range(8)) == [job * 10 for job in range(8)]
    assert max(len(batch) for batch in batches) == 3


def test_error_in_one_is_told_to_that_one_only(apart: None) -> None:
    def together(jobs: Sequence[int]) -> list[int]:
        raise RuntimeError("一起办不成")

    def alone(job: int) -> int:
        time.sleep(0.02)
        if job == 2:
            raise ValueError("第 2 条自己的错")
        return job

    gate: Gathering[int, int] = Gathering(together, alone)
    found = submit_all(gate, range(5))
    assert [str(one) for one in found] == ["0", "1", "第 2 条自己的错", "3", "4"]


def test_cannot_queue_once_does_not_block_the_next(apart: None, monkeypatch: pytest.MonkeyPatch) -> None:
    gate: Gathering[int, int] = Gathering(lambda jobs: list(jobs), lambda job: job)

    def broken(path: str) -> int:
        raise OSError("磁盘满")

    with monkeypatch.context() as patch:
        patch.setattr(turnstile, "_handle", broken)
        with pytest.raises(OSError, match="磁盘满"):
            gate.submit(1)
    assert gate.submit(2) == 2


def test_queue_lets_each_in_turn(apart: None) -> None:
    """先来先得：等着的人不会被刚放开的人插队。"""
    order: list[int] = []
    started = threading.Barrier(2)

    def greedy() -> None:
        for _ in range(3):
            with turnstile.queueing():
                if not order:
                    started.wait()
                    time.sleep(0.05)
                order.append(1)

    def patient() -> None:
        started.wait()
        with turnstile.queueing():
            order.append(2)

    threads = [threading.Thread(target=greedy), threading.Thread(target=patient)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert order == [1, 2, 1, 1]


@pytest.mark.parametrize("together", [running._together, running._as_batch])
def test_together_is_the_same_as_one_by_one(
    office: Office, together: Callable[[Sequence[Any]], list[Any]]
) -> None:
    """一起办：成的、拒的、写错的各说各的；没有办成的不占号、不留记录；每件都能重放。"""
    who = officer_actor(office.dispatcher)
    known = actions.open_case(
        "test.report", acting_officer=office.dispatcher, inputs={"subject": "旧件"}, key="旧"
    )
    assert isinstance(known, Outcome)
    jobs = [
        Entry(matter="test.report", inputs={"subject": "甲"}, key="甲"),
        Entry(matter="test.report", inputs={}, key="没有标题"),
        Entry(matter="没有这个模板", inputs={"subject": "乙"}),
        Entry(case=known.uid, action="dispatch", inputs={"to_unit": "law"}, version=1),
        Entry(case=known.uid, action="dispatch", inputs={"to_unit": "law"}, version=1),
        Entry(matter="test.report", inputs={"subject": "旧件"}, key="旧"),
        Entry(matter="test.report", inputs={"subject": "丙"}, key="丙"),
    ]
    results = together([(job, who) for job in jobs])
    assert [result.ok for result in results] == [True, False, False, True, False, True, True]
    assert isinstance(results[4], Refused) and results[4].refusal.missing[0].code in ("version", "state")
    assert isinstance(results[5], Outcome) and results[5].repeated
    assert sorted(NumberIssue.objects.values_list("n", flat=True)) == [1, 2, 3]
    assert Event.objects.count() == 4
    for case in Case.objects.all():
        assert differences(case) == []


def test_same_request_twice_at_once_is_done_once(office: Office) -> None:
    who = officer_actor(office.dispatcher)
    jobs = [(Entry(matter="test.report", inputs={"subject": "甲"}, key="甲"), who)] * 2
    gate = running._everything
    slots = [gathering._Slot(job) for job in jobs]
    gate._run(slots)
    first, second = (slot.result for slot in slots)
    assert isinstance(first, Outcome) and isinstance(second, Outcome)
    assert second.repeated and first.uid == second.uid
    assert Case.objects.count() == 1


def test_same_step_twice_at_once_is_done_once(office: Office) -> None:
    """双击提交办理：第二次答“已办”，不是“现在已经是办理中”。"""
    known = actions.open_case("test.report", acting_officer=office.dispatcher, inputs={"subject": "旧件"})
    assert isinstance(known, Outcome)
    who = officer_actor(office.dispatcher)
    step = Entry(case=known.uid, action="dispatch", inputs={"to_unit": "law"}, key="派")
    first, second = running._together([(step, who)] * 2)
    assert isinstance(first, Outcome) and not first.repeated
    assert isinstance(second, Outcome) and second.repeated and second.seq == first.seq


def test_same_step_twice_in_one_batch_is_done_once(office: Office) -> None:
    """一批里同一请求写了两遍，第二遍答“已办”；同组的退掉之后，它不算办过。"""
    known = actions.open_case("test.report", acting_officer=office.dispatcher, inputs={"subject": "旧件"})
    assert isinstance(known, Outcome)
    step = Entry(case=known.uid, action="dispatch", inputs={"to_unit": "law"}, key="派")
    bad = Entry(case=known.uid, action="没有这个动作")
    results = actions.act_many(
        [replace(step, group="甲"), replace(bad, group="甲"), step, step], acting_officer=office.dispatcher
    )
    assert [result.ok for result in results] == [False, False, True, True]
    assert [getattr(result, "repeated", None) for result in results[2:]] == [False, True]
    assert Event.objects.filter(key="派").count() == 1


def test_inside_a_transaction_nothing_is_gathered(office: Office) -> None:
    assert connection.in_atomic_block
    assert running._gate(Entry(matter="test.report")) is None


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_what_may_be_gathered(monkeypatch: pytest.MonkeyPatch, vendor: str) -> None:
    """SQLite 都并在一处；PostgreSQL 只并同一种业务的开件。"""

    class Database:
        in_atomic_block = False

    Database.vendor = vendor  # type: ignore[attr-defined]
    monkeypatch.setattr(running, "connection", Database)
    opening, again, other = (Entry(matter=name) for name in ("test.report", "test.report", "test.other"))
    first, second, third, step = map(
        running._gate, (opening, again, other, Entry(case="某件", action="note"))
    )
    assert first is not None and first is second
    assert (third is first) == (vendor == "sqlite")
    assert step is (first if vendor == "sqlite" else None)
