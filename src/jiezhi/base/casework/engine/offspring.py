"""随之开立的子件：先看开不开得成，再和上级件在同一事务里开。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from jiezhi.base.casework import matters
from jiezhi.base.casework.engine.identity import new_uid
from jiezhi.base.casework.engine.loading import Loaded
from jiezhi.base.casework.outcome import Refused, refuse
from jiezhi.core.procedure.interpreter import plan
from jiezhi.core.procedure.view import SYSTEM, ChildPlan, Plan, Refusal, Request

if TYPE_CHECKING:
    from jiezhi.base.casework.engine.work import Work

# 一步之内子件套子件最多几层：再多就是模板自己开自己。
MAX_DEPTH = 5


def plan_children(work: Work, outcome: Plan, request: Request) -> list[tuple[ChildPlan, str]] | Refused:
    """要开哪些子件、各用哪个全局标识；有一件开不成就说它缺什么。写进 `outcome.effects`。"""
    result: list[tuple[ChildPlan, str]] = []
    for child in outcome.children:
        awaited = dict.fromkeys(child.numbered, "待取号")
        given = {**child.inputs, **awaited}
        probe = Request(child.action or "", SYSTEM, request.now, request.at, inputs=given)
        version, opening = work.opening(child.matter, probe.action, probe)
        definition = matters.definition_of(version)
        if definition.matter.host_system:
            return refuse(
                outcome.decl.title, "child", f"{definition.matter.title}由外面的系统编号，不能随之开立"
            )
        probe = replace(probe, action=opening)
        answer = plan(definition, None, probe, work.env(definition, probe))
        if isinstance(answer, Refusal):
            return Refused(Refusal(outcome.action, outcome.decl.title, answer.missing))
        result.append((child, new_uid(request.at)))
    if result:
        outcome.effects["children"] = [{"slot": child.slot, "case": uid} for child, uid in result]
    return result


def open_children(
    work: Work,
    parent: Loaded,
    children: Sequence[tuple[ChildPlan, str]],
    request: Request,
    numbers: Mapping[str, str],
) -> Refused | None:
    """随之开立子件（`numbers` 是这一步取的号）；有一件开不成就返回它缺什么，由调用者把这一步退掉。"""
    if children and _depth(work, parent) >= MAX_DEPTH:
        return refuse("开立子件", "child", f"子件套了 {MAX_DEPTH} 层", "请系统管理员检查业务模板")
    for child, uid in children:
        given = {**child.inputs, **{name: numbers[source] for name, source in child.numbered.items()}}
        opening = Request(child.action or "", SYSTEM, request.now, request.at, inputs=given)
        result = work.open(child.matter, opening, uid=uid, parent=parent, slot=child.slot, unit=child.unit)
        if isinstance(result, Refused):
            return result
    return None


def _depth(work: Work, loaded: Loaded) -> int:
    depth, item = 0, loaded
    while item.view.parent and item.view.parent in work.loaded:
        depth, item = depth + 1, work.loaded[item.view.parent]
    return depth
