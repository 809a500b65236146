"""折叠：件 = 全部办理记录依次作用的结果。

办理时用同一个 `apply` 算出新样子再写库，重放时用它从头算一遍；两者不等就是数据被改过或程序有错。
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from jiezhi.core.procedure.change import renamed, renamed_set
from jiezhi.core.procedure.view import CaseView, ClockView

ERASED = "已依法清除"
# 理由也是可清除的内容：和填写的字段一样只以加盐摘要进办理记录，但不是件上的字段。
REASON = "_reason"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def apply(view: CaseView | None, body: Mapping[str, Any], values: Mapping[str, Any]) -> CaseView:
    """把一条办理记录（规范内容 `body` 和它的字段值 `values`）作用到件上，返回新的样子。

    `view` 为 None 表示这是第一条。时刻都带时区。
    """
    effects = body["effects"]
    at = datetime.fromisoformat(body["at"])
    if view is None:
        view = CaseView(uid=body["case"], state="start", opened_at=at, changed_at=at)
    if "changed" in effects:
        view = _changed(view, effects["changed"])
    written = {name: values.get(name, ERASED) for name in body["inputs"] if not name.startswith("_")}
    fields = {**view.fields, **written}
    fields = {name: value for name, value in fields.items() if value is not None}
    for name in effects.get("erased_now", []):
        fields[name] = ERASED
    to_state = body["to"]
    moved = to_state != view.state
    roles = dict(view.roles)
    for role, people in effects.get("roles", {}).items():
        if people:
            roles[role] = tuple(people)
        else:
            roles.pop(role, None)
    closed_at = view.closed_at
    if "closed" in effects:
        closed_at = at if effects["closed"] else None
    return CaseView(
        uid=view.uid,
        state=to_state,
        seq=body["seq"],
        number=effects.get("number", view.number),
        fields=fields,
        done=(view.done - frozenset(effects.get("cleared", []))) | frozenset(effects.get("done", [])),
        roles=roles,
        unit=effects.get("unit", view.unit),
        area=effects.get("area", view.area),
        tags=(view.tags - frozenset(effects.get("untag", []))) | frozenset(effects.get("tag", [])),
        clocks=fold_clocks(view.clocks, effects.get("clocks", [])),
        opened_at=view.opened_at,
        changed_at=at if moved else view.changed_at,
        closed_at=closed_at,
        merged_into=effects.get("merged_into", view.merged_into),
        parent=effects.get("parent", view.parent),
    )


def _changed(view: CaseView, names: Mapping[str, Any]) -> CaseView:
    """换版：环节、字段、法律含义、角色换成新版的叫法，不带过去的去掉；时限的改名和停止在 clocks 里。"""
    return replace(
        view,
        state=names.get("states", {}).get(view.state, view.state),
        fields=renamed(view.fields, names.get("fields", {})),
        done=renamed_set(view.done, names.get("meanings", {})),
        roles=renamed(view.roles, names.get("roles", {})),
    )


def fold_clocks(clocks: list[ClockView], ops: list[dict[str, Any]]) -> list[ClockView]:
    """把时限的变动依次作用上去。每项变动都带算好的 due，重放不依赖日历表。"""
    table = {(clock.name, clock.key, clock.round): clock for clock in clocks}
    for op in ops:
        key = (op["clock"], op.get("key", ""), op.get("round", 1))
        at = datetime.fromisoformat(op["at"])
        due = _time(op.get("due"))
        if op["op"] == "start":
            assert due is not None
            table[key] = ClockView(
                name=key[0],
                key=key[1],
                round=key[2],
                status="running",
                started_at=at,
                due_at=due,
                provisional=op.get("provisional", False),
                limit=op.get("limit", ""),
            )
            continue
        clock = table[key]
        changes: dict[str, Any] = {}
        if due is not None:
            changes = {"due_at": due, "provisional": op.get("provisional", False)}
        match op["op"]:
            case "pause":
                changes |= {"status": "paused", "pauses": (*clock.pauses, (at, None))}
            case "resume":
                changes |= {"status": "running", "pauses": (*clock.pauses[:-1], (clock.pauses[-1][0], at))}
            case "extend":
                changes |= {"extensions": (*clock.extensions, op["amount"])}
            case "end":
                changes |= {"status": "ended", "ended_at": at}
            case "void":
                changes |= {"status": "ended", "ended_at": clock.ended_at or at, "void": True}
            case "rename":
                del table[key]
                key = (op["to"], *key[1:])
                changes |= {"name": op["to"]}
            case "due":
                changes |= {"limit": op.get("limit", clock.limit)}
        table[key] = replace(clock, **changes)
    return list(table.values())
