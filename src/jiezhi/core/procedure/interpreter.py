"""解释器:这个人、现在、对这件、能不能办这个动作;能办,办了是什么样。

纯函数,不碰数据库。`plan` 把差的一次说全(Refusal),或者给出可以照办的 Plan;
`available` 用同样的检查回答“现在能办什么、不能办的差什么”。
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from jiezhi.core.procedure import clockwork
from jiezhi.core.procedure.abstract import choose
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.base import ChildrenTest, ConditionDecl
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.needs import Need
from jiezhi.core.procedure.values import ValueProblem, normalize
from jiezhi.core.procedure.view import (
    CaseView,
    ChildPlan,
    Env,
    Missing,
    Plan,
    Refusal,
    Request,
)

# 手机和服务器的钟可以差这么多;再多就是填错了。
CLOCK_SKEW = timedelta(minutes=5)


def plan(
    definition: Definition, view: CaseView | None, request: Request, env: Env, *, probe: bool = False
) -> Plan | Refusal:
    """检查一次办理。`view` 为 None 表示开件。

    `probe` 为真时只问“具不具备条件”:不检查要填的内容(按钮、看板用)。
    返回 Plan 或 Refusal;不抛业务异常。
    """
    state = START if view is None else view.state
    action = definition.action(request.action)
    if action is None:
        missing = Missing("unknown_action", f"没有“{request.action}”这个办理动作", "从页面上列出的动作里选")
        return Refusal(request.action, request.action, (missing,))
    found: list[Missing] = []
    if state not in definition.sources(action):
        found.append(_wrong_state(definition, state, action))
    if view is not None and view.merged_into and "merged" not in action.means:
        found.append(Missing("merged", f"本件已并入 {view.merged_into}", "请到并入的那件上办理"))
    who = _actor(definition, action, request, view, env)
    if isinstance(who, Missing):
        found.append(who)
        who = {}
    values, problems = _inputs(definition, action, view, request, env, probe=probe)
    found += problems
    if action.reason and not request.reason.strip() and not probe:
        found.append(Missing("reason", "还没有写明理由", "写明理由后再办", field="reason"))
    found += _moment(view, request)
    stored = dict(view.fields) if view else {}
    merged = {**stored, **values}
    if not found or probe or state in definition.sources(action):
        found += _needs(definition, action, view, merged, request, env, probe=probe)
        if view is not None:
            found += clockwork.barred(definition, action, view, merged, request.at, env)
    if view is None and definition.matter.unique_open and not probe:
        found += _unique(definition, values, env)
    if any(item.blocking for item in found):
        return Refusal(request.action, action.title, tuple(found))
    if probe:
        return Plan(
            request.action, action, None if view is None else state, state, {}, {}, who, warnings=found
        )
    return _effects(definition, action, view, request, env, values, merged, who, found)


def available(
    definition: Definition, view: CaseView | None, request: Request, env: Env
) -> list[Plan | Refusal]:
    """`view` 这件上,请求里的办理人现在能办的和差条件的动作;轮不到他办的不列。

    `request.action` 不用;返回按声明先后。
    """
    state = START if view is None else view.state
    result: list[Plan | Refusal] = []
    for name in definition.by_state.get(state, []):
        outcome = plan(definition, view, replace(request, action=name), env, probe=True)
        if isinstance(outcome, Refusal) and any(item.code == "who" for item in outcome.missing):
            continue
        result.append(outcome)
    return result


def _wrong_state(definition: Definition, state: str, action: ActionDecl) -> Missing:
    if state == START:
        return Missing("state", f"“{action.title}”不是开件动作", "先登记开件")
    current = definition.matter.states[state].title
    wanted = [
        "开件" if name == START else f"“{definition.matter.states[name].title}”"
        for name in definition.sources(action)
    ]
    return Missing(
        "state",
        f"现在是“{current}”,“{action.title}”要在{'、'.join(wanted[:4])}时办",
        "刷新页面,看看现在能办什么",
    )


def _actor(
    definition: Definition, action: ActionDecl, request: Request, view: CaseView | None, env: Env
) -> dict[str, str] | Missing:
    for who in action.by:
        answer = env.may(who, request.actor, view)
        if answer is not None:
            post, unit = answer
            return request.actor.record(post, unit, action.organ)
    names = "、".join(env.describe_who(who) for who in action.by)
    return Missing(
        "who", f"“{action.title}”要由{names}办理", "请转给有权办理的人", _basis(definition, action.basis)
    )


def _inputs(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    request: Request,
    env: Env,
    *,
    probe: bool,
) -> tuple[dict[str, Any], list[Missing]]:
    values: dict[str, Any] = dict(action.set)
    if probe:
        return values, []
    found: list[Missing] = []
    allowed = set(action.collected()) | set(action.fill)
    for name in request.inputs:
        if name not in allowed:
            decl = definition.matter.fields.get(name)
            title = decl.title if decl else name
            found.append(Missing("input", f"“{action.title}”不填“{title}”", "去掉这一项", field=name))
    required = set(action.required())
    for name in dict.fromkeys([*action.collected(), *action.fill]):
        decl = definition.matter.fields[name]
        raw = request.inputs.get(name, decl.default)
        if raw is None and name in action.fill and name not in request.inputs:
            raw = env.fact(action.fill[name], view, values)
        try:
            value = normalize(decl, raw)
        except ValueProblem as error:
            found.append(Missing("input", f"“{decl.title}”{error}", "改正后再办", field=name))
            continue
        if value is None:
            if name in required:
                found.append(Missing("input", f"还没有“{decl.title}”", decl.help or "填写后再办", field=name))
            continue  # 选填的留空就是不写,不把原来的值抹掉
        wrong = env.refer(decl, value)
        if wrong:
            found.append(Missing("input", f"“{decl.title}”{wrong}", "改正后再办", field=name))
            continue
        values[name] = value
    return values, found


def _moment(view: CaseView | None, request: Request) -> list[Missing]:
    if request.at > request.now + CLOCK_SKEW:
        return [Missing("at", "发生时间还没有到", "核对发生时间", field="at")]
    if view is not None and view.changed_at is not None and request.at < view.changed_at:
        local = view.changed_at.astimezone(clockwork.LOCAL)
        text = f"{local.month}月{local.day}日 {local:%H:%M}"
        return [Missing("at", f"发生时间早于上一次环节变动({text})", "核对发生时间", field="at")]
    return []


def _unique(definition: Definition, values: Mapping[str, Any], env: Env) -> list[Missing]:
    wanted = {name: values.get(name) for name in definition.matter.unique_open}
    number = env.unique(wanted, None)
    if number is None:
        return []
    titles = "、".join(definition.matter.fields[name].title for name in wanted)
    return [Missing("unique", f"同一{titles}已有未办结的 {number}", "到那一件上办理")]


def _needs(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    merged: Mapping[str, Any],
    request: Request,
    env: Env,
    *,
    probe: bool,
) -> list[Missing]:
    found = []
    to_come = set(action.collected()) if probe else set()
    for need in definition.needs[request.action]:
        if probe and _depends_on(definition, need) & to_come:
            continue  # 办理时才填的内容,现在还判断不了
        if _need_met(definition, need, view, merged, request, env):
            continue
        found.append(
            Missing(
                f"need.{need.key}",
                need.say,
                need.remedy,
                _basis(definition, need.basis),
                blocking=need.effect == "stop",
            )
        )
    return found


def _depends_on(definition: Definition, need: Need) -> set[str]:
    if need.kind == "field":
        return {need.name}
    if need.kind == "predicate":
        return {definition.matter.predicates[need.name].field}
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
            return clockwork.status_met(view, need.name, need.status, request.at) != need.negated
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
    """子件条件:`all` 全部(没有子件不算)、`any` 至少一件、`count` 至少几件。"""
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


def _effects(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    request: Request,
    env: Env,
    values: dict[str, Any],
    merged: dict[str, Any],
    who: dict[str, str],
    warnings: list[Missing],
) -> Plan | Refusal:
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
        missing = Missing("branch", "按现在填的内容定不下去向", "核对填写的内容,或联系系统管理员检查业务模板")
        return Refusal(request.action, action.title, (missing,))
    effects: dict[str, Any] = {}
    if action.means:
        effects["done"] = sorted(set(action.means))
    if cleared:
        effects["cleared"] = sorted(cleared)
    _assignments(action, view, request, env, merged, effects)
    for key in ("tag", "untag"):
        if getattr(action, key):
            effects[key] = sorted(getattr(action, key))
    if request.reason.strip():
        effects["reason"] = request.reason.strip()[:2000]
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
        values=values,
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
    # 校验过的模板恰好一支成立;万一不是,宁可不办。
    return action.to[held[0]].state if len(held) == 1 else None


def _assignments(
    action: ActionDecl,
    view: CaseView | None,
    request: Request,
    env: Env,
    merged: Mapping[str, Any],
    effects: dict[str, Any],
) -> None:
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


def _children(
    action: ActionDecl, view: CaseView | None, env: Env, merged: Mapping[str, Any]
) -> list[ChildPlan]:
    plans = []
    for slot, child in action.open.items():
        targets = env.targets(child.for_each, view, merged) if child.for_each else [{}]
        for row in targets:
            inputs: dict[str, Any] = {}
            for name, source in child.copy_fields.items():
                if source.startswith("field."):
                    inputs[name] = merged.get(source.removeprefix("field."))
                elif source.startswith("row."):
                    inputs[name] = row.get(source.removeprefix("row."))
                else:
                    inputs[name] = source
            inputs = {name: value for name, value in inputs.items() if value is not None}
            plans.append(ChildPlan(slot, child.matter, child.action, inputs, row.get("unit")))
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


def _basis(definition: Definition, reference: str | None) -> str:
    citation = definition.citation(reference)
    # 待核的依据不对外引用。
    return citation.label if citation and citation.status in ("已核对", "推导", "内部规定") else ""


def changed_since(
    definition: Definition, expected: int, view: CaseView, recent: Sequence[Mapping[str, Any]]
) -> Missing:
    """版本对不上时告诉后来的人:这期间谁办了什么。`recent` 是期间的办理记录内容,从旧到新。"""
    parts = []
    for body in recent:
        action = definition.action(body["action"])
        moment = datetime.fromisoformat(body["at"]).astimezone(clockwork.LOCAL)
        who = body["actor"].get("name") or {"reporter": "来件人", "party": "当事人"}.get(
            body["actor"]["kind"], "系统"
        )
        parts.append(f"{moment:%H:%M} {who}办了“{action.title if action else body['action']}”")
    what = ";".join(parts[-5:]) or "有人先办了"
    state = definition.matter.states[view.state].title
    return Missing("version", f"您打开之后这件已有变动:{what},现在是“{state}”", "刷新后核对再办")
