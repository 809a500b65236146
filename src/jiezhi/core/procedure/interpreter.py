"""解释器：这个人、现在、对这件、能不能办这个动作；能办，办了是什么样。

纯函数，不碰数据库。`plan` 把差的一次说全（Refusal），或者给出可以照办的 Plan;
`available` 用同样的检查回答“现在能办什么、不能办的差什么”。
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from jiezhi.core.procedure import clockwork, conditions, effects, inputs
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.base import Call
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.view import (
    CaseView,
    Env,
    Missing,
    Plan,
    Refusal,
    Request,
)

# 再早的事不会录进来：多半是年份填错了。
FIRST_YEAR = 1990
# 手机和服务器的钟可以差这么多；再多就是填错了。
CLOCK_SKEW = timedelta(minutes=5)


def plan(
    definition: Definition,
    view: CaseView | None,
    request: Request,
    env: Env,
    *,
    probe: bool = False,
    fit: dict[str, bool] | None = None,
) -> Plan | Refusal:
    """检查一次办理。`view` 为 None 表示开件。

    `probe` 为真时只问“具不具备条件”：不检查要填的内容（按钮、看板用）。
    `fit` 是同一个人、同一刻已经问过的资格，逐个动作问的时候不重复查。
    返回 Plan 或 Refusal；不抛业务异常。
    """
    state = START if view is None else view.state
    action = definition.action(request.action)
    if action is None:
        missing = Missing("unknown_action", f"没有“{request.action}”这个办理动作", "从页面上列出的动作里选")
        return Refusal(request.action, request.action, (missing,))
    found: list[Missing] = []
    if state not in definition.sources(action):
        found.append(_wrong_state(definition, state, action))
    who = _actor(definition, action, request, view, env, {} if fit is None else fit)
    if isinstance(who, Missing):
        found.append(who)
        who = {}
    collected = inputs.collect(definition, action, view, request, env, probe=probe)
    values = collected.values
    found += collected.problems
    if action.reason and not request.reason.strip() and not probe:
        found.append(Missing("reason", "还没有写明理由", "写明理由后再办", field="reason"))
    found += _moment(view, request)
    stored = dict(view.fields) if view else {}
    merged = {**stored, **values}
    if not found or probe or state in definition.sources(action):
        found += conditions.unmet(definition, action, view, merged, request, env, probe=probe)
        if view is not None:
            found += clockwork.barred(definition, action, view, merged, request.at, env)
    if not probe:
        found += _unique(definition, action, view, values, merged, env)
    if any(item.blocking for item in found):
        return Refusal(request.action, action.title, tuple(found))
    if probe:
        return Plan(
            request.action, action, None if view is None else state, state, {}, {}, who, warnings=found
        )
    return effects.work_out(
        definition, action, view, request, env, values, merged, who, found, collected.filled
    )


def available(
    definition: Definition, view: CaseView | None, request: Request, env: Env
) -> list[Plan | Refusal]:
    """`view` 这件上，请求里的办理人现在能办的和差条件的动作；轮不到他办的不列。

    `request.action` 不用；返回按声明先后。
    """
    state = START if view is None else view.state
    result: list[Plan | Refusal] = []
    fit: dict[str, bool] = {}
    for name in definition.by_state.get(state, []):
        outcome = plan(definition, view, replace(request, action=name), env, probe=True, fit=fit)
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
        f"现在是“{current}”，“{action.title}”要在{'、'.join(wanted[:4])}时办",
        "刷新页面，看看现在能办什么",
    )


def _actor(
    definition: Definition,
    action: ActionDecl,
    request: Request,
    view: CaseView | None,
    env: Env,
    fit: dict[str, bool],
) -> dict[str, str] | Missing:
    unfit: Missing | None = None
    for who in action.by:
        answer = env.may(who, request.actor, view)
        if answer is None:
            continue
        lacking = _unfit(definition, action, who, request, view, env, fit)
        if lacking is None:
            post, unit = answer
            return request.actor.record(post, unit, action.organ)
        unfit = unfit or lacking
    if unfit is not None:
        return unfit
    names = "、".join(env.describe_who(who) for who in action.by)
    return Missing(
        "who", f"“{action.title}”要由{names}办理", "请转给有权办理的人", definition.label(action.basis)
    )


def _unfit(
    definition: Definition,
    action: ActionDecl,
    who: str,
    request: Request,
    view: CaseView | None,
    env: Env,
    fit: dict[str, bool],
) -> Missing | None:
    """凭件上的角色办的，资格要在办的时候还有效：指定之后收回、过期的不行。"""
    role = who.removeprefix("role.")
    decl = definition.matter.roles.get(role) if who != role else None
    if decl is None or view is None:
        return None
    for name in decl.needs:
        if name not in fit:
            fit[name] = env.call(Call(name=name, args={"officer": request.actor.id}), view, view.fields)
        if not fit[name]:
            say = f"您现在不具备“{env.describe_who(name)}”，不能作为“{decl.title}”办“{action.title}”"
            remedy = "恢复资格后再办，或改由具备资格的人承办"
            return Missing(f"role.{role}", say, remedy, definition.label(action.basis))
    return None


def _moment(view: CaseView | None, request: Request) -> list[Missing]:
    if request.at.year < FIRST_YEAR:
        return [Missing("at", f"发生时间是 {request.at.year} 年，太早了", "核对发生时间", field="at")]
    if request.at > request.now + CLOCK_SKEW:
        return [Missing("at", "发生时间还没有到", "核对发生时间", field="at")]
    if view is not None and view.changed_at is not None and request.at < view.changed_at:
        local = view.changed_at.astimezone(clockwork.LOCAL)
        text = f"{local.month}月{local.day}日 {local:%H:%M}"
        if request.at == request.now:  # 不是补录：服务器的时钟往回拨了
            say = f"服务器现在的时间比本件上一次环节变动（{text}）还早"
            return [Missing("at", say, "请系统管理员核对服务器时钟，校准后再办", field="at")]
        return [Missing("at", f"发生时间早于上一次环节变动（{text}）", "核对发生时间", field="at")]
    return []


def _unique(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    values: Mapping[str, Any],
    merged: Mapping[str, Any],
    env: Env,
) -> list[Missing]:
    """同时只能有一件：开件、改动这些字段、重新打开时都要查。"""
    names = definition.matter.unique_open
    reopening = view is not None and view.closed_at is not None
    if not names or not (view is None or reopening or set(names) & set(values)):
        return []
    number = env.unique({name: merged.get(name) for name in names}, view.uid if view else None)
    if number is None:
        return []
    titles = "、".join(definition.matter.fields[name].title for name in names)
    if not number:
        return [
            Missing("unique", f"同一{titles}已有一件没有办结", "那一件您看不见，请向分拨员或者督办员查问")
        ]
    return [Missing("unique", f"同一{titles}已有未办结的 {number}", "到那一件上办理")]


def changed_since(
    definition: Definition, expected: int, view: CaseView, recent: Sequence[Mapping[str, Any]]
) -> Missing:
    """版本对不上时告诉后来的人：这期间谁办了什么。`recent` 是期间的办理记录内容，从旧到新。"""
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
    return Missing("version", f"您打开之后这件已有变动：{what}，现在是“{state}”", "刷新后核对再办")
