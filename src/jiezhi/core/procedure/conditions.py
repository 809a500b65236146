"""办理条件满足没有。"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jiezhi.core.procedure import checklist, clockdue, clockwork
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.base import ChildrenTest, ConditionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.materials import PREFIX, STATE
from jiezhi.core.procedure.needs import Need
from jiezhi.core.procedure.view import CaseView, Env, Missing, Request


def unmet(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    merged: Mapping[str, Any],
    request: Request,
    env: Env,
    *,
    probe: bool,
) -> list[Missing]:
    """没有满足的办理条件。`probe` 为真时，要等填写之后才判断得了的不算。"""
    found = []
    to_come = set(action.written()) if probe else set()
    for need in definition.needs[request.action]:
        if probe and _depends_on(definition, need) & to_come:
            continue  # 办理时才填的内容，现在还判断不了
        if need.kind == "materials":
            done = view.done if view else frozenset()
            found += [one.missing() for one in checklist.lacking(definition, merged, done)]
            continue
        if _need_met(definition, need, view, merged, request, env):
            continue
        # 没有写参数的登记条件看得到件上任何内容：这一步还要填的，先提醒，填了再拦。
        call = need.decl.call if need.decl is not None else None
        tentative = bool(probe and action.collect and call is not None and not call.args)
        found.append(
            Missing(
                f"need.{need.key}",
                need.say,
                need.remedy,
                definition.label(need.basis),
                blocking=need.effect == "stop" and not tentative,
            )
        )
    return found


def _depends_on(definition: Definition, need: Need) -> set[str]:
    if need.kind == "field":
        return {need.name}
    if need.kind == "predicate":
        return {definition.matter.predicates[need.name].field}
    if need.kind == "materials":
        return {STATE, *(PREFIX + name for name in definition.matter.materials)}
    if need.decl is not None and need.decl.cel:
        return set(definition.expression(need.decl.cel).variables)
    if need.decl is not None and need.decl.call:
        return {
            str(value).removeprefix("field.")
            for value in need.decl.call.args.values()
            if str(value).startswith("field.")
        }
    return set()


def _need_met(
    definition: Definition,
    need: Need,
    view: CaseView | None,
    merged: Mapping[str, Any],
    request: Request,
    env: Env,
) -> bool:
    done = view.done if view else frozenset()
    match need.kind:
        case "done":
            return (need.name in done) != need.negated
        case "predicate":
            expression = definition.expression(definition.matter.predicates[need.name].cel)
            return expression.holds(merged) != need.negated
        case "field":
            return (merged.get(need.name) is not None) != need.negated
        case "clock":
            everyone = clockdue.awaited(definition.matter.clocks[need.name], merged, env)
            return clockwork.status_met(view, need.name, need.status, request.at, everyone) != need.negated
        case _:
            assert need.decl is not None
            return _condition_met(definition, need.decl, view, merged, request, env)


def _condition_met(
    definition: Definition,
    decl: ConditionDecl,
    view: CaseView | None,
    merged: Mapping[str, Any],
    request: Request,
    env: Env,
) -> bool:
    if decl.cel is not None:
        return definition.expression(decl.cel).holds(merged)
    if decl.children is not None:
        return view is not None and children_met(decl.children, view, env)
    if decl.distinct_from is not None:
        if view is None:
            return True
        return all(request.actor.id not in env.doers(view, meaning) for meaning in decl.distinct_from)
    if decl.call is not None:
        return env.call(decl.call, view, merged)
    return False


def children_met(test: ChildrenTest, view: CaseView, env: Env) -> bool:
    """子件条件：`all` 全部（没有子件不算）、`any` 至少一件、`count` 至少几件。"""
    children = env.children(view, test.of)

    def fits(wanted: Any) -> int:
        if wanted == "closed":
            return sum(child.closed for child in children)
        if wanted == "open":
            return sum(not child.closed for child in children)
        return sum(child.state in wanted for child in children)

    if test.all is not None:
        return bool(children) and fits(test.all) == len(children)
    if test.any is not None:
        return fits(test.any) > 0
    return fits(test.at) >= (test.count or 1)
