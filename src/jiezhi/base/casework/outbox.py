"""后续发送：提交之后的事，由 worker 做。断电重来不丢、不重。

种类分四样，做法不同，保证相同——“做完”和它写下的东西在同一个事务里提交：
- 平常的：一条一个事务；
- 能成批的（`many`，通知、自动办理）：几十条一个事务，省的是每条一次落盘；整批出错就一条一条来，各记各的缘由；
- 费时的（`prepare`，如排版）：在事务之前做，另排一队；
- 往外送的（`carrier`，如网络推送）：一条路上的备一批，交给线程去送，回来了一批一起记。送出去而没有记下就断电的会再送
  一遍，对方凭标识认重。
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from jiezhi.base.casework import dialect, matters, outgoing
from jiezhi.base.casework.engine.turnstile import writing
from jiezhi.base.casework.models import Case, Clock, Delivery
from jiezhi.base.casework.settling import Later, Result, Tally, lock, postponed, settle
from jiezhi.core.procedure.clockwork import DATE, EVERY
from jiezhi.core.procedure.definition import Definition

# 一个事务最多做几条：再多，网页那边的办理就等得久了。PostgreSQL 的写事务只等同一件的，可以多做些。
BATCH = 20
BATCH_APART = 100


class NotYet(Exception):
    """条件还不具备：不算做错，过一会儿再看。"""


Handler = Callable[[Delivery, datetime], Result]
ManyHandler = Callable[[Sequence[Delivery], datetime], Sequence[Result]]
Prepare = Callable[[Delivery, datetime], Any]
PreparedHandler = Callable[[Delivery, datetime, Any], Result]


@dataclass(frozen=True, slots=True)
class Kind:
    """一种后续发送怎么做。"""

    function: Callable[..., Result]
    prepare: Prepare | None = None
    many: ManyHandler | None = None


_handlers: dict[str, Kind] = {}


@dataclass(frozen=True, slots=True)
class Drained:
    """一轮做了多少；`away` 是交给线程、还没有回来的。"""

    done: int
    failed: int
    away: int = 0


@overload
def handler(kind: str, function: Handler, *, many: ManyHandler | None = None) -> None: ...
@overload
def handler(kind: str, function: PreparedHandler, *, prepare: Prepare) -> None: ...
def handler(
    kind: str,
    function: Callable[..., Result],
    *,
    prepare: Prepare | None = None,
    many: ManyHandler | None = None,
) -> None:
    """登记某一种后续发送怎么做；函数返回一句结果，抛异常或返回 Later 表示这次没做成。

    `prepare`：费时的、动文件的（如排版）在事务之前做，结果作为第三个参数交给 `function`。断电或有人同时在做时
    会重做，所以它做的事重复了也要无妨；认“已做过”由 `function` 在事务里认。
    `many`：一次做几十条，逐条给结果；同一件的不会同在一批。抛异常就退回一条一条做。
    """
    _handlers[kind] = Kind(function, prepare, many)


def _of(row: Delivery) -> Kind | None:
    return _handlers.get(row.kind) or _handlers.get(row.kind.partition(".")[0])


def waiting(now: datetime) -> QuerySet[Delivery]:
    """该做而没有做的。"""
    return Delivery.objects.filter(done_at=None, not_before__lte=now).order_by("id")


def drain(
    now: datetime | None = None, *, limit: int = 200, slow: int = 200, patience: float | None = None
) -> Drained:
    """做一轮后续发送，最多 `limit` 条。某一条没做成不影响别的，过一会儿再试。

    费时的（有 `prepare` 的，如排版）另排一队，每轮最多 `slow` 条，放在最后：到期的办理和通知不等它们。
    交给线程送的，最多等 `patience` 秒（None：等到全部回来）；没有等到的算 `away`，下一轮再收。
    """
    moment = now or timezone.now()
    tally = Tally()
    slowly = [kind for kind, how in _handlers.items() if how.prepare]
    carried = outgoing.carried()
    rows = waiting(moment).select_related("case__version").defer("case__version__content")
    outgoing.collect(tally, moment, 0)
    _quickly(list(rows.exclude(kind__in=slowly).exclude(carried)[:limit]), moment, tally)
    for row in rows.filter(kind__in=slowly)[:slow]:
        tally.add(_deliver(row, moment))
    lanes = set(waiting(moment).filter(carried).order_by().values_list("kind", flat=True).distinct())
    outgoing.dispatch(waiting(moment), lanes, moment, tally)
    while back := outgoing.collect(tally, moment, patience):
        if patience is None:
            lanes |= back  # 有带回来没有送的
            outgoing.dispatch(waiting(moment), lanes, moment, tally)
    return Drained(tally.done, tally.failed, outgoing.away())


# ---- 一条一条、成批 ----


def _quickly(rows: Sequence[Delivery], now: datetime, tally: Tally) -> None:
    """平常的逐条做，能成批的挑同种类、不同件的凑一批。"""
    left = list(rows)
    most = BATCH_APART if connection.vendor == "postgresql" else BATCH
    while left:
        how = _of(left[0])
        if how is None or how.many is None:
            tally.add(_deliver(left.pop(0), now))
            continue
        batch: list[Delivery] = []
        rest: list[Delivery] = []
        cases: set[int | None] = set()
        for row in left:
            fits = row.kind == left[0].kind and row.case_id not in cases and len(batch) < most
            (batch if fits else rest).append(row)
            if row.kind == left[0].kind:
                cases.add(row.case_id)  # 同一件的先后不能乱：前一条没进这一批，后一条也不进
        left = rest
        if not _together(batch, how.many, now, tally):
            for row in batch:
                tally.add(_deliver(row, now))


def _together(rows: Sequence[Delivery], many: ManyHandler, now: datetime, tally: Tally) -> bool:
    """一批一个事务；出了错什么也没有留下，返回假。"""
    try:
        with writing():
            held = lock(rows)
            results = many(held, now) if held else []
            settle(held, now, results)
    except Exception:  # 是哪一条、什么缘由，逐条做的时候自会记下
        return False
    kept = sum(not isinstance(result, Later) for result in results)
    tally.done += kept + len(rows) - len(held)
    tally.failed += len(held) - kept
    return True


def _deliver(row: Delivery, now: datetime) -> bool:
    how = _of(row)
    try:
        if how is None:
            raise LookupError(f"没有装“{row.kind}”这种后续发送，装好后会自动补做")
        prepared = (how.prepare(row, now),) if how.prepare else ()
        with writing():
            held = lock([row])
            if not held:
                return True
            result = how.function(held[0], now, *prepared)
            settle(held, now, [result])
        return not isinstance(result, Later)
    except NotYet as waiting_for:
        postponed(row, now, Later(f"等条件具备：{waiting_for}"))
        return False
    except Exception as error:  # 任何缘故没做成都记下缘由再试，worker 不能因一条而停
        postponed(row, now, Later(f"没有做成：{error}"))
        return False


# ---- 时限届满 ----


def triggered(case: Case, triggers: set[str]) -> list[str]:
    """由这些时机自动办理、现在这个环节可办的动作。"""
    definition = matters.definition_of(case.version)
    return _upon(definition, definition.by_state.get(case.state, ()), triggers)


def _upon(definition: Definition, names: Iterable[str], triggers: set[str]) -> list[str]:
    return [
        name
        for name in names
        if triggers & set(definition.matter.actions[name].on) or EVERY + name in triggers
    ]


def fire_clocks(now: datetime | None = None, *, limit: int = 2000) -> int:
    """处理到期的时限：有随之自动办理的排进后续发送，没有的只记“已处理”。返回处理了几个。

    “已处理”和排进后续发送在同一事务，断电重来不会漏办、也不会办两次。
    """
    moment = now or timezone.now()
    due = (
        Clock.objects.filter(status="running", fired_at=None, due_at__lte=moment)
        .order_by("due_at")
        .values_list("pk", "case_id", "name", "due_at", "case__version__digest")[:limit]
    )
    if not due.exists():
        return 0
    upon: dict[tuple[str, str], list[str]] = {}
    with writing():
        rows = list(due)
        planned: list[Delivery] = []
        for pk, case, name, due_at, version in rows:
            if (version, name) not in upon:
                definition = matters.definition_with(version)
                assert definition is not None
                trigger = name if name.startswith((EVERY, DATE)) else f"clock.{name}.expires"
                # 现在不在那个环节的也排上：时限还在走，回到那个环节时照办。
                upon[version, name] = _upon(definition, definition.matter.actions, {trigger})
            for action in upon[version, name]:
                planned.append(
                    Delivery(
                        case_id=case,
                        kind="auto",
                        key=f"clock:{pk}:{due_at:%Y%m%d%H%M%S}:{action}",
                        payload={"action": action, "at": due_at.isoformat(), "clock": pk},
                        not_before=moment,
                    )
                )
        if planned:
            Delivery.objects.bulk_create(planned, ignore_conflicts=True)
        # 刚才看了之后别人延长了的（PostgreSQL 上可能）不算：它还没有到期。
        fired = Clock.objects.filter(pk__in=dialect.keys([row[0] for row in rows]), due_at__lte=moment)
        return fired.update(fired_at=moment)
