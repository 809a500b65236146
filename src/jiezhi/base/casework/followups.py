"""平台自带的几种后续发送：通知、系统自动办理、告诉上级件和子件。"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jiezhi.base.accounts import secrets
from jiezhi.base.casework import actions, outbox
from jiezhi.base.casework.models import Case, Clock, Delivery, Notice
from jiezhi.base.casework.outbox import NotYet, triggered
from jiezhi.base.casework.outcome import Result as Acted
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.base.casework.settling import Later, Result
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.models import Unit
from jiezhi.core.procedure.view import SYSTEM
from jiezhi.core.prose.redaction import redactor

# 通知里查询码的占位，办理时不换。
CODE = "{code}"

# ---- 通知 ----


def _notify(row: Delivery, now: datetime) -> str:
    (told,) = _notify_many([row], now)
    return told


def _notify_many(rows: Sequence[Delivery], now: datetime) -> list[str]:
    """写下通知；一批里同一单位、同一岗位的人只查一次。"""
    made: list[Notice] = []
    told: list[str] = []
    asked: dict[tuple[str, str | None], list[int]] = {}
    for row in rows:
        case = row.case
        assert case is not None
        to, text = row.payload["to"], row.payload["text"]
        if to in ("reporter", "followers"):
            cases = [case, *merged_under(case)]
            told_each = own_words(row.payload, case, cases)
            made += [
                Notice(delivery=row, case=one, to_reporter=True, text=said, created_at=now)
                for one, said in zip(cases, told_each, strict=True)
            ]
            told.append(f"已列入待发给来件人 {len(cases)} 条")
            continue
        people = _recipients(case, to, now, asked)
        made += [Notice(delivery=row, case=case, officer_id=pk, text=text, created_at=now) for pk in people]
        told.append(f"已通知 {len(people)} 人" if people else "没有可通知的人：请给该单位或岗位安排人员")
    Notice.objects.bulk_create(made)
    return told


def own_words(payload: Mapping[str, str], master: Case, cases: Sequence[Case]) -> list[str]:
    """主件的一条通知，对 `cases`（主件和并入它的）各自的来件人怎样说，次序照给的。

    `payload` 是通知的内容。对并入的各件说的是另写的话：不请他评价他办不了的，主件来件人的姓名电话也不告诉他。
    """
    merged = payload.get("merged", "")
    if merged and any(one.pk != master.pk for one in cases):
        merged = redactor(people_to_mask(master, {}))(merged)
    return [
        payload["text"]
        if one.pk == master.pk
        else f"您反映的 {one.number} 已并入 {master.number} 一并办理。{merged}"
        for one in cases
    ]


def people_to_mask(case: Case, values: Mapping[str, Any]) -> list[dict[str, str]]:
    """件上的当事人，和这一步填的（`values`）：给别人看的文字里，他们的姓名电话出现在哪里都要遮。"""
    found = [*values.values(), *case.fields.values()]
    if case.sealed:
        found += json.loads(secrets.decrypt(bytes(case.sealed))).values()
    people = [one for value in found for one in (value if isinstance(value, list) else [value])]
    return [one for one in people if isinstance(one, dict) and ("name" in one or "phone" in one)]


def as_sent(text: str, case: Case) -> str:
    """发给来件人的时候才填上查询码：通知里存的、记的都没有它。`case` 是他自己那一件。"""
    return text.replace(CODE, receipt_code(str(case.uid)))


def merged_under(case: Case) -> list[Case]:
    """并入这件的全部件（含并入之后又随它并入的）。"""
    found: list[Case] = []
    level = [case.pk]
    while level:
        rows = list(Case.objects.filter(merged_into__in=level))
        found += rows
        level = [row.pk for row in rows]
    return found


def _recipients(
    case: Case, to: str, now: datetime, asked: dict[tuple[str, str | None], list[int]]
) -> list[int]:
    kind, _, name = to.partition(".")
    if kind == "role":
        return [int(pk) for pk in case.roles.get(name, [])]
    if kind == "officer":  # 指名的（离岗交接）
        return [int(name)]
    key = (to, case.area_path or None) if kind == "post" else (to, case.unit_id)
    if key not in asked:
        people = _holders(name, key[1], now) if kind == "post" else _unit_people(name, key[1], now)
        asked[key] = people
    return asked[key]


def _holders(post: str, area_path: str | None, now: datetime) -> list[int]:
    return [one.pk for one in registry.officers_with(post, area_path=area_path, at=now)]


def _unit_people(post: str, unit_code: str | None, now: datetime) -> list[int]:
    unit = Unit.objects.filter(code=unit_code).first()
    if unit is None:
        return []
    people = registry.officers_with(post or "unit_clerk", unit=unit, at=now) or registry.officers_with(
        "unit_chief", unit=unit, at=now
    )
    return [one.pk for one in people]


# ---- 系统自动办理 ----


def _entry(row: Delivery, now: datetime) -> actions.Entry:
    assert row.case is not None
    at = None
    if row.payload.get("at"):
        at = min(max(datetime.fromisoformat(row.payload["at"]), row.case.changed_at), now)
    return actions.Entry(action=row.payload["action"], case=str(row.case.uid), at=at, key=row.key[:120])


STOPPED = "时限已经停了，不再办理"


def _auto(row: Delivery, now: datetime) -> Result:
    """系统自动办理。到期引起的，条件不具备就一直等到时限停了为止；进环节引起的只试一次。"""
    if row.payload.get("clock") in _ended([row]):
        return STOPPED
    entry = _entry(row, now)
    result = actions.act(entry.case, entry.action, actor=SYSTEM, at=entry.at, now=now, key=entry.key)
    if not result.ok and "clock" in row.payload:
        raise NotYet(str(result))
    return _acted(result)


def _auto_many(rows: Sequence[Delivery], now: datetime) -> list[Result]:
    ended = _ended(rows)
    going = [row for row in rows if row.payload.get("clock") not in ended]
    results = iter(actions.act_many([_entry(row, now) for row in going], actor=SYSTEM, now=now))
    told: list[Result] = []
    for row in rows:
        if row.payload.get("clock") in ended:
            told.append(STOPPED)
            continue
        result = next(results)
        waits = not result.ok and "clock" in row.payload
        told.append(Later(f"等条件具备：{result}") if waits else _acted(result))
    return told


def _ended(rows: Sequence[Delivery]) -> set[int]:
    """这些里已经停了的时限。"""
    clocks = [row.payload["clock"] for row in rows if "clock" in row.payload]
    if not clocks:
        return set()
    return set(Clock.objects.filter(pk__in=clocks, status="ended").values_list("pk", flat=True))


def _acted(result: Acted) -> str:
    return "已自动办理" if result.ok else f"没有自动办理：{result}"


# ---- 上级件、子件 ----


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
        said.append(_acted(result))
    return "；".join(said) or "上级件没有随之要办的"


def _parent(row: Delivery, now: datetime) -> str:
    """上级件做了某个含义：等着它的子件随之自动办理。"""
    assert row.case is not None
    triggers = {f"parent.{meaning}" for meaning in row.payload["means"]}
    said = []
    for child in Case.objects.filter(parent=row.case).select_related("version").order_by("pk"):
        for name in triggered(child, triggers):
            key = f"{row.key[:60]}:{child.pk}:{name}"
            said.append(_acted(actions.act(str(child.uid), name, actor=SYSTEM, now=now, key=key)))
    return "；".join(said)[:400] or "子件没有随之要办的"


def register() -> None:
    """登记这几种；`AppConfig.ready()` 里调用。"""
    outbox.handler("notify", _notify, many=_notify_many)
    outbox.handler("auto", _auto, many=_auto_many)
    outbox.handler("parent", _parent)
    outbox.handler("child", _child)
