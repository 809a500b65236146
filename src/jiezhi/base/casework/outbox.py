"""后续发送：提交之后的事，由 worker 做。断电重来不丢、不重。

通知与“做完”在同一事务里写，所以不会发两遍；系统自动办理带着请求标识走同一个门，重来时认得“已办”。
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, overload

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.models import Case, Clock, Delivery, Notice
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.models import Unit
from jiezhi.core.procedure.clockwork import DATE, EVERY
from jiezhi.core.procedure.view import SYSTEM

# 没做成的隔多久再试：1 分、2 分、4 分……最长 1 小时。
BACKOFF = timedelta(minutes=1)
BACKOFF_MAX = timedelta(hours=1)


class NotYet(Exception):
    """条件还不具备：不算做错，过一会儿再看。"""


Handler = Callable[[Delivery, datetime], str]
Prepare = Callable[[Delivery, datetime], Any]
PreparedHandler = Callable[[Delivery, datetime, Any], str]
_handlers: dict[str, tuple[Callable[..., str], Prepare | None]] = {}


@dataclass(frozen=True, slots=True)
class Drained:
    """一轮做了多少。"""

    done: int
    failed: int


@overload
def handler(kind: str, function: Handler) -> None: ...
@overload
def handler(kind: str, function: PreparedHandler, *, prepare: Prepare) -> None: ...
def handler(kind: str, function: Callable[..., str], *, prepare: Prepare | None = None) -> None:
    """登记某一种后续发送怎么做；函数返回一句结果，抛异常表示这次没做成。

    费时的、动文件的（如排版）放在 `prepare`：在事务之前做，结果作为第三个参数交给 `function`。断电或有人
    同时在做时 `prepare` 会重做，所以它做的事重复了也要无妨；认“已做过”由 `function` 在事务里认。
    """
    _handlers[kind] = (function, prepare)


def waiting(now: datetime) -> QuerySet[Delivery]:
    """该做而没有做的。"""
    return Delivery.objects.filter(done_at=None, not_before__lte=now).order_by("id")


def drain(now: datetime | None = None, *, limit: int = 200, slow: int = 200) -> Drained:
    """做一轮后续发送，最多 `limit` 条。某一条没做成不影响别的，过一会儿再试。

    费时的（有 `prepare` 的，如排版）另排一队，每轮最多 `slow` 条，放在最后：到期的办理和通知不等它们。
    """
    moment = now or timezone.now()
    done = failed = 0
    kinds = [kind for kind, (_, prepare) in _handlers.items() if prepare]
    rows = waiting(moment).select_related("case")
    for row in [*rows.exclude(kind__in=kinds)[:limit], *rows.filter(kind__in=kinds)[:slow]]:
        if _deliver(row, moment):
            done += 1
        else:
            failed += 1
    return Drained(done, failed)


def _deliver(row: Delivery, now: datetime) -> bool:
    function, prepare = _handlers.get(row.kind, (None, None))
    try:
        prepared = (prepare(row, now),) if prepare else ()
        with transaction.atomic():
            locked = _lock(row)
            if locked is None:
                return True
            result = function(locked, now, *prepared) if function else None
            if result is None:
                raise LookupError(f"没有装“{row.kind}”这种后续发送，装好后会自动补做")
            Delivery.objects.filter(pk=row.pk).update(
                done_at=now, result=result[:400], attempts=row.attempts + 1
            )
        return True
    except NotYet as waiting_for:
        _later(row, now, f"等条件具备：{waiting_for}")
        return False
    except Exception as error:  # 任何缘故没做成都记下缘由再试，worker 不能因一条而停
        _later(row, now, f"没有做成：{error}")
        return False


def _later(row: Delivery, now: datetime, why: str) -> None:
    wait = min(BACKOFF * 2 ** min(row.attempts, 10), BACKOFF_MAX)
    Delivery.objects.filter(pk=row.pk, done_at=None).update(
        attempts=row.attempts + 1, not_before=now + wait, result=why[:400]
    )


def _lock(row: Delivery) -> Delivery | None:
    skip = connection.features.has_select_for_update_skip_locked
    found = Delivery.objects.select_for_update(skip_locked=skip) if skip else Delivery.objects
    return found.filter(pk=row.pk, done_at=None).first()


# ---- 各种后续发送 ----


def _notify(row: Delivery, now: datetime) -> str:
    case = row.case
    assert case is not None
    to, text = row.payload["to"], row.payload["text"]
    if to in ("reporter", "followers"):
        cases = [case, *merged_under(case)]
        Notice.objects.bulk_create(
            [
                Notice(delivery=row, case=one, to_reporter=True, text=_own(text, case, one), created_at=now)
                for one in cases
            ]
        )
        return f"已列入待发给来件人 {len(cases)} 条"
    people = _recipients(case, to, now)
    Notice.objects.bulk_create(
        [Notice(delivery=row, case=case, officer_id=pk, text=text, created_at=now) for pk in people]
    )
    return f"已通知 {len(people)} 人" if people else "没有可通知的人：请给该单位或岗位安排人员"


def _own(text: str, master: Case, case: Case) -> str:
    if case.pk == master.pk:
        return text
    return f"您反映的 {case.number} 已并入 {master.number} 一并办理。{text}"


def merged_under(case: Case) -> list[Case]:
    """并入这件的全部件（含并入之后又随它并入的）。"""
    found: list[Case] = []
    level = [case.pk]
    while level:
        rows = list(Case.objects.filter(merged_into__in=level))
        found += rows
        level = [row.pk for row in rows]
    return found


def _recipients(case: Case, to: str, now: datetime) -> list[int]:
    kind, _, name = to.partition(".")
    if kind == "role":
        return [int(pk) for pk in case.roles.get(name, [])]
    if kind == "post":
        return [one.pk for one in registry.officers_with(name, area_path=case.area_path or None, at=now)]
    unit = Unit.objects.filter(code=case.unit_id).first()
    if unit is None:
        return []
    post = name or "unit_clerk"
    people = registry.officers_with(post, unit=unit, at=now) or registry.officers_with(
        "unit_chief", unit=unit, at=now
    )
    return [one.pk for one in people]


def _auto(row: Delivery, now: datetime) -> str:
    """系统自动办理。到期引起的，条件不具备就一直等到时限停了为止；进环节引起的只试一次。"""
    assert row.case is not None
    clock = Clock.objects.filter(pk=row.payload["clock"]).first() if "clock" in row.payload else None
    if clock is not None and clock.status == "ended":
        return "时限已经停了，不再办理"
    at = None
    if row.payload.get("at"):
        at = min(max(datetime.fromisoformat(row.payload["at"]), row.case.changed_at), now)
    result = actions.act(
        str(row.case.uid), row.payload["action"], actor=SYSTEM, at=at, now=now, key=row.key[:120]
    )
    if not result.ok and clock is not None:
        raise NotYet(str(result))
    return "已自动办理" if result.ok else f"没有自动办理：{result}"


def _child(row: Delivery, now: datetime) -> str:
    child = row.case
    if child is None or child.parent_id is None:
        return "没有上级件"
    parent = Case.objects.select_related("version").get(pk=child.parent_id)
    triggers = {f"child.{child.slot}.closed"}
    siblings = Case.objects.filter(parent=parent, slot=child.slot)
    if not siblings.filter(closed_at=None).exists():
        triggers.add(f"children.{child.slot}.closed")
    said = []
    for name in triggered(parent, triggers):
        result = actions.act(str(parent.uid), name, actor=SYSTEM, now=now, key=f"{row.key[:80]}:{name}")
        said.append("已自动办理" if result.ok else f"没有自动办理：{result}")
    return ";".join(said) or "上级件没有随之要办的"


def _parent(row: Delivery, now: datetime) -> str:
    """上级件做了某个含义：等着它的子件随之自动办理。"""
    assert row.case is not None
    triggers = {f"parent.{meaning}" for meaning in row.payload["means"]}
    said = []
    for child in Case.objects.filter(parent=row.case).select_related("version").order_by("pk"):
        for name in triggered(child, triggers):
            key = f"{row.key[:60]}:{child.pk}:{name}"
            result = actions.act(str(child.uid), name, actor=SYSTEM, now=now, key=key)
            said.append("已自动办理" if result.ok else f"没有自动办理：{result}")
    return "；".join(said)[:400] or "子件没有随之要办的"


handler("notify", _notify)
handler("parent", _parent)
handler("auto", _auto)
handler("child", _child)


# ---- 时限届满 ----


def triggered(case: Case, triggers: set[str], *, anywhere: bool = False) -> list[str]:
    """由这些时机自动办理的动作；`anywhere` 为真时不论现在在哪个环节。"""
    definition = matters.definition_of(case.version)
    names = definition.matter.actions if anywhere else definition.by_state.get(case.state, [])
    return [
        name
        for name in names
        if triggers & set(definition.matter.actions[name].on) or EVERY + name in triggers
    ]


def fire_clocks(now: datetime | None = None, *, limit: int = 500) -> int:
    """处理到期的时限：有随之自动办理的排进后续发送，没有的只记“已处理”。返回处理了几个。

    “已处理”和排进后续发送在同一事务，断电重来不会漏办、也不会办两次。
    """
    moment = now or timezone.now()
    rows = (
        Clock.objects.filter(status="running", fired_at=None, due_at__lte=moment)
        .select_related("case__version")
        .order_by("due_at")[:limit]
    )
    count = 0
    with transaction.atomic():
        planned: list[Delivery] = []
        fired: list[int] = []
        for clock in rows:
            fired.append(clock.pk)
            name = clock.name
            trigger = name if name.startswith((EVERY, DATE)) else f"clock.{name}.expires"
            # 现在不在那个环节的也排上：时限还在走，回到那个环节时照办。
            for action in triggered(clock.case, {trigger}, anywhere=True):
                planned.append(
                    Delivery(
                        case_id=clock.case_id,
                        kind="auto",
                        key=f"clock:{clock.pk}:{clock.due_at:%Y%m%d%H%M%S}:{action}",
                        payload={"action": action, "at": clock.due_at.isoformat(), "clock": clock.pk},
                        not_before=moment,
                    )
                )
        if planned:
            Delivery.objects.bulk_create(planned, ignore_conflicts=True)
        if fired:
            count = Clock.objects.filter(pk__in=fired).update(fired_at=moment)
    return count
