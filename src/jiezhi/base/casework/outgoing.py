"""往外送的后续发送（网络推送）：一条路上的备一批，交给线程去送，回来了一批一起记。

送之前先占住（LEASE），送出去而没有记下就断电的，租期过了再送一遍，对方凭标识认重。
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from jiezhi.base.casework.couriers import Couriers
from jiezhi.base.casework.engine.turnstile import writing
from jiezhi.base.casework.models import Delivery
from jiezhi.base.casework.settling import Later, Result, Tally, locked, postponed, settle

# 交给线程去送的，这么久没有回音就当作没有送过（进程被杀了），可以再送。
LEASE = timedelta(minutes=2)
# 往外送的，备了这么多就先交出去：备得太多，先备的等得久。
FULL = 128

Pack = Callable[[Sequence[Delivery], datetime], Sequence[Any]]
Carry = Callable[[Sequence[Any]], Iterator[Any]]
Record = Callable[[Sequence[Delivery], datetime, Sequence[Any]], Sequence[Result]]
Bunch = list[tuple[Delivery, Any]]


@dataclass(frozen=True, slots=True)
class Carrier:
    """一种往外送的怎么做。"""

    prepare: Pack
    carry: Carry
    record: Record


_carriers: dict[str, Carrier] = {}
_couriers = Couriers()


def carrier(kind: str, *, prepare: Pack, carry: Carry, record: Record) -> None:
    """登记一种往外送的。每一条的种类写成“种类.接收方”（如 webhook.3），一个接收方一条路，成批的都是同一条路上的。

    `prepare`：在事务之前备一批，逐条给：要送的东西；一句话（不用送了）、Later（以后再说）、异常（备不成）的不派。
    `carry`：在线程里一件一件地送（不得碰数据库），送一件给一个结果；提前结束的，后面的带回来下次再送，不算试过。
    `record`：在事务里记一批，逐条给结果；第三个参数是送的结果，与第一个参数一一对应。出错就退回一条一条记。
    """
    _carriers[kind] = Carrier(prepare, carry, record)


def carried() -> Q:
    """往外送的各种，作条件。"""
    found = Q(pk=None)
    for kind in _carriers:
        found |= Q(kind__startswith=f"{kind}.")
    return found


def away() -> int:
    """交给线程、还没有回来的有几条。"""
    return len(_couriers)


def postpone(kind: str, until: datetime) -> None:
    """这一条路上等着的都推到 `until` 再说（接收方连不上、订阅暂停）。"""
    Delivery.objects.filter(kind=kind, done_at=None, not_before__lt=until).update(not_before=until)


def dispatch(rows: QuerySet[Delivery], lanes: Iterable[str], now: datetime, tally: Tally) -> None:
    """各条路上还有空的，备好交出去。一条路一条路地取：一个接收方积压再多，也轮得到别的。"""
    spare = _couriers.spare
    picked: list[tuple[str, Bunch]] = []
    for lane in _couriers.fairly(lanes):
        share = _couriers.share(lane)
        free = min(_couriers.room(lane), spare)
        found = list(rows.filter(kind=lane)[: free * share]) if free > 0 else []
        if not found:
            continue
        try:
            loads = _carriers[lane.partition(".")[0]].prepare(found, now)
        except Exception as error:
            loads = [error] * len(found)
        picked.append((lane, list(zip(found, loads, strict=True))))
        spare -= -(-len(found) // share)
        if sum(len(bunch) for _, bunch in picked) >= FULL:
            _hand_over(picked, now, tally)
            picked = []
    _hand_over(picked, now, tally)


def _hand_over(picked: Sequence[tuple[str, Bunch]], now: datetime, tally: Tally) -> None:
    """占住要送的，交给线程；不用送的当场记下。"""
    if not picked:
        return
    going: list[tuple[str, Bunch]] = []
    with writing():
        keys = [row.pk for _, bunch in picked for row, _ in bunch]
        held = dict(locked(keys).values_list("pk", "not_before"))
        for lane, bunch in picked:
            mine: Bunch = []
            kept: list[tuple[Delivery, Result]] = []
            for row, load in bunch:
                if held.get(row.pk) != row.not_before:
                    continue  # 另一个 worker 拿去送了
                if isinstance(load, Exception):
                    load = Later(f"没有做成：{load}")
                if isinstance(load, str | Later):
                    kept.append((row, load))
                    tally.add(isinstance(load, str))
                else:
                    mine.append((row, load))
            settle([row for row, _ in kept], now, [result for _, result in kept])
            going.append((lane, mine))
        keys = [row.pk for _, bunch in going for row, _ in bunch]
        Delivery.objects.filter(pk__in=keys).update(not_before=now + LEASE)
    for lane, bunch in going:
        trips = -(-len(bunch) // _couriers.share(lane))
        for start in range(trips):
            part = bunch[start::trips]
            how = _carriers[lane.partition(".")[0]]
            _couriers.send([row for row, _ in part], lane, how.carry, [load for _, load in part])


def collect(tally: Tally, now: datetime, patience: float | None) -> set[str]:
    """收回来的，一个事务里记下各自的结果；没有来得及送的让开。返回哪几条路上有回来的。"""
    back = _couriers.landed(patience)
    if not back:
        return set()
    with writing():
        left = [row.pk for errand in back for row in errand.tokens[len(errand.results()) :]]
        Delivery.objects.filter(pk__in=left, done_at=None).update(not_before=now)
        sent: dict[str, Bunch] = defaultdict(list)
        for errand in back:
            sent[errand.lane.partition(".")[0]] += zip(errand.tokens, errand.results(), strict=False)
        for kind, bunch in sent.items():
            _record(_carriers[kind], bunch, now, tally)
    return {errand.lane for errand in back}


def _record(how: Carrier, bunch: Bunch, now: datetime, tally: Tally) -> None:
    """记一批；出了错就一条一条记，各记各的缘由。在事务里调用。"""
    failed = [(row, result) for row, result in bunch if isinstance(result, Exception)]
    try:
        with transaction.atomic():
            held = set(locked(row.pk for row, _ in bunch).values_list("pk", flat=True))
            back = [one for one in bunch if one[0].pk in held and not isinstance(one[1], Exception)]
            rows = [row for row, _ in back]
            results = how.record(rows, now, [result for _, result in back]) if back else []
            settle(rows, now, results)
    except Exception as error:
        if len(bunch) > 1:
            for one in bunch:
                _record(how, [one], now, tally)
            return
        failed, results = [(bunch[0][0], error)], []
    for row, problem in failed:
        postponed(row, now, Later(f"没有做成：{problem}"))
    later = len(failed) + sum(isinstance(result, Later) for result in results)
    tally.failed += later
    tally.done += len(bunch) - later
