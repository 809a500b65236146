"""可以办：办了是什么样。算出的 effects 全是能进规范字节的值。"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from jiezhi.core.procedure import clockwork
from jiezhi.core.procedure.abstract import choose
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.base import Call
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.fold import REASON
from jiezhi.core.procedure.view import CaseView, ChildPlan, Env, Missing, Plan, Refusal, Request


def work_out(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    request: Request,
    env: Env,
    values: dict[str, Any],
    merged: dict[str, Any],
    who: dict[str, str],
    warnings: list[Missing],
    filled: list[str],
) -> Plan | Refusal:
    """算出办了是什么样。定不下去向、延长不合规时返回 Refusal。"""
    from_state = view.state if view else START
    done = view.done if view else frozenset()
    numbered = [name for name in action.number if name != "case"]
    touched = [*values, *numbered]
    lapsed = {meaning for name in touched for meaning in definition.rests_on.get(name, ())} | set(
        action.clears
    )
    cleared = (done & lapsed) - set(action.means)
    after = (done - lapsed) | set(action.means)
    to_state = _target(definition, action, from_state, merged, after)
    if to_state is None:
        missing = Missing(
            "branch", "按现在填的内容定不下去向", "核对填写的内容，或联系系统管理员检查业务模板"
        )
        return Refusal(request.action, action.title, (missing,))
    effects: dict[str, Any] = {}
    if action.means:
        effects["done"] = sorted(set(action.means))
    if cleared:
        effects["cleared"] = sorted(cleared)
    wrong = _assignments(definition, action, view, request, env, merged, effects)
    if wrong:
        return Refusal(request.action, action.title, tuple(wrong))
    for key in ("tag", "untag"):
        if getattr(action, key):
            effects[key] = sorted(getattr(action, key))
    if filled:
        effects["filled"] = sorted(filled)
    if action.service and merged.get(action.service.to) is not None:
        to, deemed = env.party_key(merged[action.service.to]), merged.get(action.service.deemed)
        effects |= {"serves": sorted(action.serves), "served": {"to": to, "deemed": deemed}}
    if request.origin:
        effects["origin"] = dict(request.origin)
    if action.deemed:
        effects["deemed"] = action.deemed
    if warnings:
        effects["warned"] = sorted(item.code for item in warnings)
    was_closed = view is not None and view.closed_at is not None
    terminal = definition.is_terminal(to_state)
    if terminal != was_closed:
        effects["closed"] = terminal
    act = clockwork.Act(action, request.action, to_state, frozenset(cleared), request.at)
    ops = clockwork.operations(definition, act, view, merged, values, env)
    if isinstance(ops, Missing):
        return Refusal(request.action, action.title, (ops,))
    if ops:
        effects["clocks"] = ops
    return Plan(
        action=request.action,
        decl=action,
        from_state=view.state if view else None,
        to_state=to_state,
        values={**values, REASON: request.reason.strip()[:2000]} if request.reason.strip() else values,
        effects=effects,
        actor=who,
        children=_children(action, view, env, merged),
        followups=_followups(definition, from_state, to_state, view),
        warnings=warnings,
    )


def _target(
    definition: Definition, action: ActionDecl, state: str, merged: Mapping[str, Any], done: Set[str]
) -> str | None:
    if not action.to:
        return state
    if len(action.to) == 1 and action.to[0].when is None:
        return action.to[0].state
    truth = {name for name, value in definition.predicate_values(merged).items() if value}
    held = choose(definition, action, truth, done)
    # 校验过的模板恰好一支成立；万一不是，宁可不办。
    return action.to[held[0]].state if len(held) == 1 else None


def _assignments(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    request: Request,
    env: Env,
    merged: Mapping[str, Any],
    effects: dict[str, Any],
) -> list[Missing]:
    roles: dict[str, list[str]] = {}
    for role, source in action.assign.items():
        if source == "none":
            people: list[str] = []
        elif source == "actor":
            people = [request.actor.id] if request.actor.kind == "officer" else []
        elif source.startswith("field."):
            value = merged.get(source.removeprefix("field."))
            people = (
                [str(item) for item in value] if isinstance(value, list) else [str(value)] if value else []
            )
        else:
            people = env.resolve(source, request.actor, view, merged)
        if role in ("unit", "area"):
            if people or source == "none":
                effects[role] = people[0] if people else None
        else:
            roles[role] = people
    if roles:
        effects["roles"] = roles
    found = _ruled_wrong(definition, action, view, request, roles)
    return found + roles_wrong(definition, view, roles, merged, env)


def _ruled_wrong(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    request: Request,
    roles: Mapping[str, list[str]],
) -> list[Missing]:
    """法律规则要求的角色：不得指定到空；由这一步指定的，办理人自己要在里面（资格、人数在 roles_wrong 核）。"""
    found = []
    for rule in definition.role_rules:
        role = rule.role or ""
        decl = definition.matter.roles.get(role)
        if decl is None or role not in roles:
            continue
        label, people = definition.label(rule.basis), roles[role]
        if not people and action.assign[role] != "none":
            say = f"没有指定“{decl.title}”"
            found.append(Missing(f"role.{role}", say, "指定人员后再办", label))
        elif rule.means in action.means:
            held = view.roles.get(role, ()) if view else ()
            if request.actor.id not in {*held, *people}:
                say = f"“{action.title}”只能由“{decl.title}”办，您不在里面"
                found.append(Missing(f"role.{role}", say, "请他们本人办；您也是的，把自己写进去", label))
    return list({item.say: item for item in found}.values())


def roles_wrong(
    definition: Definition,
    view: CaseView | None,
    roles: Mapping[str, list[str]],
    merged: Mapping[str, Any],
    env: Env,
    joining: Set[str] | None = None,
) -> list[Missing]:
    """角色的人数、资格、相互不得是同一人。给了 `joining` 只核这几个人（新进来的）的资格。"""
    found = []
    held = {**(view.roles if view else {}), **{role: tuple(people) for role, people in roles.items()}}
    for role, people in roles.items():
        decl = definition.matter.roles.get(role)
        if decl is None or not people:
            continue
        if len(people) < decl.min:
            say = f"“{decl.title}”至少 {decl.min} 人，现在 {len(people)} 人"
            found.append(Missing(f"role.{role}", say, "补足人员后再办"))
        for name in decl.needs:
            for person in people:
                if joining is not None and person not in joining:
                    continue
                if not env.call(Call(name=name, args={"officer": person}), view, merged):
                    say = f"“{decl.title}”中有人不具备“{env.describe_who(name)}”"
                    found.append(Missing(f"role.{role}", say, "换具备条件的人"))
    for role, people_held in held.items():
        decl = definition.matter.roles.get(role)
        for other in decl.distinct_from if decl else []:
            if set(people_held) & set(held.get(other, ())) and (role in roles or other in roles):
                titles = definition.matter.roles
                say = f"“{titles[role].title}”和“{titles[other].title}”不得是同一人"
                found.append(Missing(f"role.{role}", say, "换一个人"))
    return found


def _children(
    action: ActionDecl, view: CaseView | None, env: Env, merged: Mapping[str, Any]
) -> list[ChildPlan]:
    plans = []
    for slot, child in action.open.items():
        targets = env.targets(child.for_each, view, merged) if child.for_each else [{}]
        for row in targets:
            inputs: dict[str, Any] = {}
            numbered: dict[str, str] = {}
            for name, source in child.copy_fields.items():
                if source.removeprefix("field.") in action.number:
                    numbered[name] = source.removeprefix("field.")
                elif source.startswith("field."):
                    inputs[name] = merged.get(source.removeprefix("field."))
                elif source.startswith("row."):
                    inputs[name] = row.get(source.removeprefix("row."))
                else:
                    inputs[name] = source
            inputs = {name: value for name, value in inputs.items() if value is not None}
            plans.append(ChildPlan(slot, child.matter, child.action, inputs, row.get("unit"), numbered))
    return plans


def _followups(definition: Definition, from_state: str, to_state: str, view: CaseView | None) -> list[str]:
    triggers = set()
    if view is None:
        triggers.add("open")
    if from_state != to_state:
        triggers.add(f"entered.{to_state}")
    return [
        name
        for name in definition.by_state.get(to_state, [])
        if triggers & set(definition.matter.actions[name].on)
    ]
