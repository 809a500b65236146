"""时限在一次办理里怎样变：谁起算、谁停、谁扣除、谁延长，以及保护期拦不拦。

只依据声明和 core.calendar 计算，结果写成可重放的变动（op），每项带算好的到期时刻。
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jiezhi.core.calendar import Annual, due_before, parse_duration
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.clockdue import (
    DATE,
    EVERY,
    LOCAL,
    Uncountable,
    awaited,
    before,
    day,
    due_of,
    keys,
    moment,
    operation,
    plain,
    regime_of,
    started_by,
)
from jiezhi.core.procedure.clockstart import backward, limited, recurring, rounds_of, started
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import ClockDecl
from jiezhi.core.procedure.view import CaseView, ClockView, Env, Missing

__all__ = [
    "DATE",
    "EVERY",
    "LOCAL",
    "Act",
    "barred",
    "before",
    "due_of",
    "operation",
    "operations",
    "regime_of",
    "status_met",
]


def status_met(
    view: CaseView | None, name: str, status: str, at: datetime, everyone: Iterable[str] = ()
) -> bool:
    """办理条件里的时限状态：expired 已届满、running 在计时、not_running 不在计时。

    没有起算过的时限不算届满；按当事人的时限，全部届满才算届满。`everyone` 是必须都起算过的当事人标识。
    重新告知之前的各轮不算。
    """
    clocks = view.counted(name) if view else []
    running = [clock for clock in clocks if clock.live and clock.due_at > at]
    if status == "running":
        return bool(running)
    if status == "not_running":
        return not running
    latest = {clock.key: clock for clock in sorted(clocks, key=lambda item: item.round)}
    if not set(everyone) <= set(latest):
        return False
    return bool(latest) and all(clock.due_at <= at for clock in latest.values())


def barred(
    definition: Definition,
    action: ActionDecl,
    view: CaseView,
    merged: Mapping[str, Any],
    at: datetime,
    env: Env,
) -> list[Missing]:
    """保护期没有过、或倒数时限已经来不及，拦住。"""
    found = []
    for name, clock in definition.matter.clocks.items():
        basis = definition.label(clock.basis)
        if clock.protects and set(clock.guards) & set(action.means):
            if not set(awaited(clock, merged, env)) <= {one.key for one in view.counted(name)}:
                say = f"还有当事人的“{clock.title}”没有起算，不得“{action.title}”"
                found.append(Missing(f"clock.{name}", say, "先送达每一个当事人", basis))
            for live in view.running(name):
                if live.due_at > at:
                    found.append(
                        Missing(
                            f"clock.{name}",
                            f"“{clock.title}”到{day(live)}才届满，届满前不得“{action.title}”",
                            "等届满，或由当事人书面放弃",
                            basis,
                        )
                    )
        if clock.at_least and clock.before and set(clock.binds) & set(action.means):
            found += _too_late(definition, clock, merged, at, env, basis, action)
    return found


def _too_late(
    definition: Definition,
    clock: ClockDecl,
    merged: Mapping[str, Any],
    at: datetime,
    env: Env,
    basis: str,
    action: ActionDecl,
) -> list[Missing]:
    assert clock.before and clock.at_least
    try:
        target = moment(merged.get(clock.before.removeprefix("field.")))
    except Uncountable as error:
        return [Missing("clock.backward", str(error), "核对填写的日期", basis)]
    if target is None:
        return []
    duration = parse_duration(clock.at_least)
    if isinstance(duration, Annual):
        return []
    latest = due_before(target, duration, regime_of(definition, clock), env.table)
    if at < latest.at:
        return []
    say = f"“{action.title}”应在{target.astimezone(LOCAL):%m月%d日}的{clock.at_least}前办，已经来不及"
    return [
        Missing("clock.backward", say, "改定更晚的日期", basis, field=clock.before.removeprefix("field."))
    ]


@dataclass(frozen=True, slots=True)
class Act:
    """一次办理里与时限有关的：动作、去向、因它作废的法律含义、发生时刻。"""

    decl: ActionDecl
    name: str
    to_state: str
    cleared: frozenset[str]
    at: datetime


def operations(
    definition: Definition,
    act: Act,
    view: CaseView | None,
    merged: Mapping[str, Any],
    values: Mapping[str, Any],
    env: Env,
) -> list[dict[str, Any]] | Missing:
    """同 `_operations`；日子算不出来时返回 Missing，不抛异常。"""
    try:
        return _operations(definition, act, view, merged, values, env)
    except Uncountable as error:
        return Missing("clock", str(error), "核对填写的日期")


def _operations(
    definition: Definition,
    act: Act,
    view: CaseView | None,
    merged: Mapping[str, Any],
    values: Mapping[str, Any],
    env: Env,
) -> list[dict[str, Any]] | Missing:
    """这次办理引起的全部时限变动，先停、再扣除、再延长、后起算；延长不合规返回 Missing。

    保护当事人的时限：起算的含义作废或者重新做了，全部当事人以前的各轮（连同已经届满、放弃的）都不算数，
    重新起算、重新送达，当事人得到完整的期间；
    约束本单位的时限：已在计时的不重新起算，超期抹不掉。
    """
    action, to_state, at = act.decl, act.to_state, act.at
    live = [clock for clock in view.clocks if clock.live] if view else []
    happened = _happened(action, act.name, to_state, view is None or view.state != to_state, view is None)
    terminal = definition.is_terminal(to_state)
    ops: list[dict[str, Any]] = []
    ended: set[tuple[str, str]] = set()
    # 起算的含义重新做了，或者作废了：以前的各轮不算数。
    stale = started_by(definition, {*action.means, *act.cleared})
    for clock in view.clocks if view else []:
        if clock.name in stale and not clock.void:
            ops.append(operation("void", clock, at))
            ended.add((clock.name, clock.key))
    for clock in live:
        if (clock.name, clock.key) in ended:
            continue
        if terminal or _ends(definition, act, clock, happened, merged, values, env):
            ops.append(operation("end", clock, at))
            ended.add((clock.name, clock.key))
    for clock in live:
        if (clock.name, clock.key) not in ended and clock.name in definition.matter.clocks:
            ops += _excluded(definition, clock, happened, at, env)
            ops += _given_anew(definition, clock, merged, values, at, env)
    if action.extend:
        extended = _extended(definition, action, view, merged, at, env, ended)
        if isinstance(extended, Missing):
            return extended
        ops += extended
    if not terminal:
        rounds = rounds_of(view)
        still = {(clock.name, clock.key) for clock in live} - ended
        ops += started(definition, happened, merged, values, at, env, rounds, still)
        ops += recurring(definition, to_state, values, at, env, rounds, still)
        ops += backward(definition, action.means, merged, values, at, env, rounds)
    return ops


def _happened(action: ActionDecl, name: str, to_state: str, moved: bool, opening: bool) -> set[str]:
    found = {f"means.{meaning}" for meaning in action.means} | {
        f"served.{meaning}" for meaning in action.serves
    }
    found.add(f"action.{name}")
    if moved:
        found.add(f"state.{to_state}")
    if opening:
        found.add("open")
    return found


def _ends(
    definition: Definition,
    act: Act,
    clock: ClockView,
    happened: set[str],
    merged: Mapping[str, Any],
    values: Mapping[str, Any],
    env: Env,
) -> bool:
    if clock.name in act.decl.stop:
        return True
    if clock.name in act.decl.waives:
        # 谁放弃的只放弃谁的：别的当事人的保护期照走。
        declared = definition.matter.clocks.get(clock.name)
        return declared is None or clock.key in keys(declared, values, env)
    if clock.name.startswith(EVERY):
        name = clock.name.removeprefix(EVERY)
        decl = definition.action(name)
        return decl is None or name == act.name or act.to_state not in definition.sources(decl)
    if clock.name.startswith(DATE):
        return clock.name.removeprefix(DATE) in values
    clock_decl = definition.matter.clocks.get(clock.name)
    if clock_decl is None:
        return False
    if clock_decl.before is not None:
        rewritten = clock_decl.before.removeprefix("field.") in values
        return rewritten or bool(set(clock_decl.binds) & set(act.decl.means))
    again = clock_decl.protects and set(clock_decl.from_) & happened
    if again and clock.key in keys(clock_decl, merged, env):
        return True
    return _satisfied(clock_decl, act, clock, happened, merged, env)


def _satisfied(
    decl: ClockDecl, act: Act, clock: ClockView, happened: set[str], merged: Mapping[str, Any], env: Env
) -> bool:
    """等的事发生了没有。逐个当事人送达的，按当事人的时限只有这次送达的那个当事人的才算满足。"""
    met, service = bool(set(decl.until) & happened), act.decl.service
    if decl.per is None or service is None:
        return met
    return met and clock.key == env.party_key(merged.get(service.to))


def _excluded(
    definition: Definition, clock: ClockView, happened: set[str], at: datetime, env: Env
) -> list[dict[str, Any]]:
    decl = definition.matter.clocks[clock.name]
    for exclude in decl.excludes:
        if clock.status == "running" and exclude.from_ in happened:
            return [operation("pause", clock, at, reason=exclude.title)]
        if clock.status == "paused" and exclude.to in happened:
            start = clock.pauses[-1][0]
            pauses = (*((a, b) for a, b in clock.pauses[:-1] if b), (start, at))
            return [
                operation("resume", clock, at, reason=exclude.title)
                | _due_again(definition, clock, env, pauses)
            ]
    return []


def _given_anew(
    definition: Definition,
    clock: ClockView,
    merged: Mapping[str, Any],
    values: Mapping[str, Any],
    at: datetime,
    env: Env,
) -> list[dict[str, Any]]:
    """主办系统改了期限，到期跟着改。"""
    decl = definition.matter.clocks[clock.name]
    if decl.due is None or decl.due.removeprefix("field.") not in values:
        return []
    found = {"limit": ""} | limited(definition, decl, merged, clock.started_at, env)
    if found["limit"] and clock.limit or datetime.fromisoformat(found["due"]) == clock.due_at:
        return []  # 照声明的期限在走的，照旧
    return [operation("due", clock, at) | found]


def _due_again(
    definition: Definition,
    clock: ClockView,
    env: Env,
    pauses: Iterable[tuple[datetime, datetime]],
    extensions: Iterable[str] | None = None,
) -> dict[str, Any]:
    decl = definition.matter.clocks[clock.name]
    return due_of(
        clock.started_at,
        clock.limit,
        regime_of(definition, decl),
        env,
        favours=decl.protects is not None,
        pauses=tuple(pauses),
        extensions=tuple(clock.extensions if extensions is None else extensions),
    )


def _extended(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    merged: Mapping[str, Any],
    at: datetime,
    env: Env,
    ended: set[tuple[str, str]],
) -> list[dict[str, Any]] | Missing:
    assert action.extend is not None
    name = action.extend.clock
    decl = definition.matter.clocks[name]
    live = [clock for clock in (view.running(name) if view else []) if (name, clock.key) not in ended]
    if not live:
        return Missing("extend", f"“{decl.title}”没有在计时，不能延长", "核对是否已经办结或还没有起算")
    amount = action.extend.amount
    if amount.startswith("field."):
        amount = str(merged.get(amount.removeprefix("field."), ""))
    caps = decl.extension
    label = definition.label(caps.basis if caps else decl.basis)
    if caps is None:
        return Missing("extend", f"“{decl.title}”不能延长", "按期办理", label)
    ops = []
    for clock in live:
        if decl.due is not None and not clock.limit:
            say = f"“{decl.title}”的期限是{definition.matter.host_system or '别的单位'}给的，不能在这里延长"
            return Missing("extend", say, "向给期限的一方申请，批准后期限跟着改", label)
        if clock.due_at <= at:
            return Missing("extend", f"“{decl.title}”已经届满，不能再延长", "按超期办理，说明原因", label)
        if len(clock.extensions) >= caps.times:
            return Missing("extend", f"“{decl.title}”最多延长 {caps.times} 次，已经用完", "按期办理", label)
        wanted, each = plain(parse_duration(amount)), plain(parse_duration(caps.each))
        if wanted.unit != each.unit or wanted.amount > each.amount:
            return Missing("extend", f"每次最多延长 {caps.each}，不能延长 {amount}", "改短延长的时间", label)
        closed = tuple((a, b) for a, b in clock.pauses if b)
        again = _due_again(definition, clock, env, closed, (*clock.extensions, amount))
        ops.append(operation("extend", clock, at, amount=amount) | again)
    return ops
