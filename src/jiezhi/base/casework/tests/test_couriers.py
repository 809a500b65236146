"""成批的、往外送的后续发送：一批里一条坏了不连累别的，一个接收方慢了不拖住别的。"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any

import pytest
from django.db import connection

from jiezhi.base.casework import couriers as couriers_module
from jiezhi.base.casework import outbox, outgoing
from jiezhi.base.casework.couriers import Couriers
from jiezhi.base.casework.models import Case, Delivery, Notice
from jiezhi.base.casework.settling import Later
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.test_actions import HOUR, dispatched, opened

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_handlers", dict(outbox._handlers))
    monkeypatch.setattr(outgoing, "_carriers", dict(outgoing._carriers))
    monkeypatch.setattr(outgoing, "_couriers", Couriers(size=6, per_lane=2))


def row(office: Office, kind: str, key: str, **payload: Any) -> Delivery:
    case = Case.objects.get(uid=opened(office).uid)
    return Delivery.objects.create(case=case, kind=kind, key=key, payload=payload, not_before=START)


# ---- 成批 ----


def test_a_batch_is_one_transaction_and_few_statements(
    office: Office, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        dispatched(office)
    with django_assert_max_num_queries(20):
        assert outbox.drain(START + HOUR).done == 20
    assert Notice.objects.filter(officer=office.clerk).count() == 20


def test_one_bad_one_in_a_batch_spoils_nothing(office: Office) -> None:
    """一批里有一条做不成：别的照做，做不成的记下自己的缘由，什么也不重。"""
    for _ in range(5):
        dispatched(office)
    bad = Delivery.objects.filter(kind="notify").order_by("pk")[2]
    Delivery.objects.filter(pk=bad.pk).update(payload={"to": "unit"})  # 少了内容
    drained = outbox.drain(START + HOUR)
    assert (drained.done, drained.failed) == (4, 1)
    assert Notice.objects.filter(officer=office.clerk).count() == 4
    bad.refresh_from_db()
    assert bad.done_at is None and "text" in bad.result and bad.attempts == 1


def test_the_same_case_never_twice_in_a_batch_and_order_holds(office: Office) -> None:
    seen: list[list[str]] = []

    def many(rows: Any, now: datetime) -> list[str]:
        seen.append([one.key for one in rows])
        return ["好"] * len(rows)

    outbox.handler("many", lambda one, now: "好", many=many)
    first = row(office, "many", "甲1")
    for key in ("甲2", "甲3"):
        Delivery.objects.create(case=first.case, kind="many", key=key, payload={}, not_before=START)
    row(office, "many", "乙1")
    outbox.drain(START)
    assert seen == [["甲1", "乙1"], ["甲2"], ["甲3"]]


def test_what_a_batch_puts_off_keeps_what_it_wrote(office: Office) -> None:
    """返回 Later 的：写下的照样提交，到时再来。"""

    def many(rows: Any, now: datetime) -> list[Any]:
        Notice.objects.bulk_create(
            Notice(delivery=one, case=one.case, text="试过一次", created_at=now) for one in rows
        )
        return [Later("对方忙", at=now + 5 * MINUTE) if one.attempts == 0 else "好" for one in rows]

    outbox.handler("many", lambda one, now: many([one], now)[0], many=many)
    one = row(office, "many", "1")
    assert outbox.drain(START).failed == 1
    one.refresh_from_db()
    assert (one.not_before, one.result, one.attempts) == (START + 5 * MINUTE, "对方忙", 1)
    assert outbox.drain(START + 5 * MINUTE).done == 1 and Notice.objects.filter(delivery=one).count() == 2


# ---- 往外送 ----


def far(record: Any, prepare: Any, carry: Any) -> None:
    """登记一种往外送的，三样都是一件一件的做法。"""

    def packed(rows: Sequence[Delivery], now: datetime) -> list[Any]:
        found: list[Any] = []
        for one in rows:
            try:
                found.append(prepare(one, now))
            except Exception as error:
                found.append(error)
        return found

    outgoing.carrier(
        "far",
        prepare=packed,
        carry=lambda loads: (carry(load) for load in loads),
        record=lambda rows, now, brought: [record(*one) for one in zip(rows, repeat(now), brought)],
    )


def test_one_slow_lane_leaves_the_others_alone(office: Office) -> None:
    gate = threading.Event()
    carried: list[str] = []

    def carry(load: tuple[str]) -> str:
        (name,) = load
        assert threading.current_thread().name.startswith("courier")
        if name.startswith("慢"):
            gate.wait(10)
        carried.append(name)
        return f"送了{name}"

    far(lambda one, now, back: back, lambda one, now: (one.key,), carry)
    slow = [row(office, "far.1", f"慢{i}") for i in range(5)]
    quick = [row(office, "far.2", f"快{i}") for i in range(5)]
    near = row(office, "notify", "近", to="reporter", text="到了")
    drained = outbox.drain(START, patience=0.02)
    while len(carried) < 5:
        drained = outbox.drain(START, patience=0.02)
    assert drained.away == 2, "慢的那条路上至多两个"
    near.refresh_from_db()
    assert near.done_at and not [key for key in carried if key.startswith("慢")]
    gate.set()
    outbox.drain(START)
    assert sorted(carried) == sorted(one.key for one in [*slow, *quick]), "一条不丢，一条不重"
    assert not Delivery.objects.filter(done_at=None).exists()
    assert Delivery.objects.get(key="快3").result == "送了快3"


def test_sending_happens_outside_transactions_and_recording_inside(office: Office) -> None:
    depth = len(connection.savepoint_ids)
    seen: list[bool] = []

    def prepare(one: Delivery, now: datetime) -> list[str]:
        seen.append(len(connection.savepoint_ids) == depth)
        return ["货"]

    def record(one: Delivery, now: datetime, back: str) -> str:
        seen.append(len(connection.savepoint_ids) > depth)
        return back

    far(record, prepare, lambda load: "".join(load * 2))
    row(office, "far.1", "1")
    assert outbox.drain(START).done == 1
    assert seen == [True, True] and Delivery.objects.get(key="1").result == "货货"


def test_failing_on_the_way_and_refusing_to_go(office: Office) -> None:
    """线程里出错：记下缘由再试；备的时候就说不用送、以后再送的，不派。"""

    def carry(load: tuple[str]) -> str:
        raise OSError("断线了")

    answers = {"不用": "不用送了", "以后": Later("停机", at=START + HOUR), "坏": "走"}

    def prepare(one: Delivery, now: datetime) -> Any:
        if one.key == "备不成":
            raise ValueError("没有地址")
        return answers[one.key] if one.key != "坏" else ("走",)

    far(lambda one, now, back: "到了", prepare, carry)
    for key in ("不用", "以后", "坏", "备不成"):
        row(office, f"far.{len(key)}{key}", key)
    drained = outbox.drain(START)
    assert (drained.done, drained.failed) == (1, 3)
    told = dict(Delivery.objects.filter(kind__startswith="far").values_list("key", "result"))
    assert told["不用"] == "不用送了" and told["以后"] == "停机"
    assert "断线了" in told["坏"] and "没有地址" in told["备不成"]
    assert Delivery.objects.get(key="坏").not_before == START + MINUTE


def test_couriers_hold_no_more_than_they_should() -> None:
    couriers = Couriers(size=3, per_lane=2)
    gate = threading.Event()
    for lane in ("a", "a", "b"):
        assert couriers.room(lane) > 0
        couriers.send([lane], lane, lambda loads: iter([gate.wait(5)]), [None])
    assert couriers.room("b") == 0, "一共三个"
    assert couriers.landed(0) == []
    gate.set()
    back = []
    while couriers:
        back += couriers.landed(None)
    assert sorted(one.tokens[0] for one in back) == ["a", "a", "b"] and couriers.room("a") == 2


def test_a_trip_carries_more_each_time_until_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """从一件带起，都送完了加倍，没有送完的下一趟只带送了的那么多；没有带满的不算。"""
    monkeypatch.setattr(couriers_module, "SECONDS", 0.05)
    couriers = Couriers(size=2, per_lane=1, most=4)
    pauses = iter([0.0] * 1 + [0.0] * 2 + [0.0] * 4 + [0.0, 0.0, 0.1])

    def walk(loads: Sequence[int]) -> Iterator[int]:
        for load in loads:
            time.sleep(next(pauses, 0.0))
            yield load

    carried = []
    for _ in range(4):
        share = couriers.share("a")
        couriers.send(range(share), "a", walk, range(share))
        (back,) = couriers.landed(None)
        carried.append((share, back.results()))
    assert carried == [(1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (4, [0, 1, 2])]
    assert couriers.share("a") == 3 and couriers.share("b") == 1
    couriers.send([0], "a", walk, [0])
    couriers.landed(None)
    assert couriers.share("a") == 3, "只带了一件"


def test_whoever_waited_longest_goes_first() -> None:
    couriers = Couriers(size=4, per_lane=4)
    for lane in ("a", "b", "a"):
        couriers.send([lane], lane, lambda loads: iter(loads), [lane])
    assert couriers.fairly({"a", "b", "c", "d"}) == ["c", "d", "b", "a"]


def test_a_carrier_that_carries_nothing_is_an_error(office: Office) -> None:
    """一件也没有送就回来：记下缘由，过一会儿再试，不能没完没了地派。"""
    outgoing.carrier(
        "far", prepare=lambda rows, now: [1] * len(rows), carry=lambda loads: iter(()), record=lambda *all: []
    )
    row(office, "far.1", "1")
    assert outbox.drain(START).failed == 1
    assert "没有送就回来了" in Delivery.objects.get(key="1").result


def test_hundreds_of_slow_ones_go_at_the_same_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "_couriers", Couriers(size=32, per_lane=8))
    far(lambda one, now, back: "好", lambda one, now: 1, lambda load: time.sleep(0.05))
    case = Case.objects.get(uid=opened(office).uid)
    Delivery.objects.bulk_create(
        Delivery(case=case, kind=f"far.{i % 4}", key=f"{i}", payload={}, not_before=START) for i in range(128)
    )
    started = time.monotonic()
    assert outbox.drain(START).done == 128
    assert time.monotonic() - started < 128 * 0.05 / 2, "是同时送的"
