"""时限在一次办理里怎样变：谁起算、谁停、谁扣除、谁延长，以及保护期拦不拦。

只依据声明和 core.calendar 计算，结果写成可重放的变动（op），每项带算好的到期时刻。
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from jiezhi.core.calendar import REGIMES, Annual, Duration, Regime, due, due_before, parse_duration
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import ClockDecl
from jiezhi.core.procedure.view import CaseView, ClockView, Env, Missing

LOCAL = ZoneInfo("Asia/Shanghai")
EVERY = "every."
DATE = "date."


def regime_of(definition: Definition, clock: ClockDecl) -> Regime:
    """这个时限按哪部法律数日子。"""
    citation = definition.citation(clock.basis)
    return REGIMES[clock.regime or (citation.regime if citation else "office")]


def status_met(view: CaseView | None, name: str, status: str, at: datetime) -> bool:
    """办理条件里的时限状态：expired 已届满、running 在计时、not_running 不在计时。

    没有起算过的时限不算届满；按当事人的时限，全部届满才算届满。
    """
    clocks = [clock for clock in view.clocks if clock.name == name] if view else []
    running = [clock for clock in clocks if clock.live and clock.due_at > at]
    if status == "running":
        return bool(running)
    if status == "not_running":
        return not running
    latest = {clock.key: clock for clock in sorted(clocks, key=lambda item: item.round)}
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
        citation = definition.citation(clock.basis)
        basis = citation.label if citation else ""
        if clock.protects and set(clock.guards) & set(action.means):
            for live in view.running(name):
                if live.due_at > at:
                    found.append(
                        Missing(
                            f"clock.{name}",
                            f"“{clock.title}”到{_day(live)}才届满，届满前不得“{action.title}”",
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
    target = _moment(merged.get(clock.before.removeprefix("field.")))
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
    """这次办理引起的全部时限变动，先停、再扣除、再延长、后起算；延长不合规返回 Missing。

    保护当事人的时限：起算的含义作废了就停，重新做了就重新起算，当事人得到完整的期间；
    约束本单位的时限：已在计时的不重新起算，超期抹不掉。
    """
    action, to_state, at = act.decl, act.to_state, act.at
    live = [clock for clock in view.clocks if clock.live] if view else []
    happened = _happened(action, act.name, to_state, view is None or view.state != to_state, view is None)
    terminal = definition.is_terminal(to_state)
    ops: list[dict[str, Any]] = []
    ended: set[tuple[str, str]] = set()
    for clock in live:
        if terminal or _ends(definition, act, clock, happened, merged, values, env):
            ops.append(operation("end", clock, at))
            ended.add((clock.name, clock.key))
    for clock in live:
        if (clock.name, clock.key) not in ended and clock.name in definition.matter.clocks:
            ops += _excluded(definition, clock, happened, at, env)
    if action.extend:
        extended = _extended(definition, action, view, merged, at, env, ended)
        if isinstance(extended, Missing):
            return extended
        ops += extended
    if not terminal:
        rounds = _rounds(view)
        still = {(clock.name, clock.key) for clock in live} - ended
        ops += _started(definition, happened, merged, values, at, env, rounds, still)
        ops += _recurring(definition, to_state, values, at, env, rounds, still)
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
    if clock.name in act.decl.stop or clock.name in act.decl.waives:
        return True
    if clock.name.startswith(EVERY):
        name = clock.name.removeprefix(EVERY)
        decl = definition.action(name)
        return decl is None or name == act.name or act.to_state not in definition.sources(decl)
    if clock.name.startswith(DATE):
        return clock.name.removeprefix(DATE) in values
    clock_decl = definition.matter.clocks.get(clock.name)
    if clock_decl is None:
        return False
    if clock_decl.protects:
        again = set(clock_decl.from_) & happened and clock.key in _keys(clock_decl, merged, env)
        lapsed = {f"means.{meaning}" for meaning in act.cleared} & set(clock_decl.from_)
        if again or lapsed:
            return True
    return bool(set(clock_decl.until) & happened)


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


def due_of(
    start: datetime,
    limit: str,
    regime: Regime,
    env: Env,
    *,
    favours: bool = False,
    pauses: tuple[tuple[datetime, datetime], ...] = (),
    extensions: tuple[str, ...] = (),
) -> dict[str, Any]:
    """算到期时刻，写成 op 里的 due 和 provisional。"""
    found = due(
        start,
        parse_duration(limit),
        regime,
        env.table,
        favours_party=favours,
        pauses=pauses,
        extensions=tuple(_plain(parse_duration(item)) for item in extensions),
    )
    result: dict[str, Any] = {"due": found.at.astimezone(LOCAL).isoformat()}
    if found.provisional:
        result["provisional"] = True
    return result


def _plain(value: Duration | Annual) -> Duration:
    if isinstance(value, Annual):
        raise ValueError("延长要写多少日，不能写每年几月几日")
    return value


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
    citation = definition.citation(caps.basis if caps else decl.basis)
    label = citation.label if citation else ""
    if caps is None:
        return Missing("extend", f"“{decl.title}”不能延长", "按期办理", label)
    ops = []
    for clock in live:
        if clock.due_at <= at:
            return Missing("extend", f"“{decl.title}”已经届满，不能再延长", "按超期办理，说明原因", label)
        if len(clock.extensions) >= caps.times:
            return Missing("extend", f"“{decl.title}”最多延长 {caps.times} 次，已经用完", "按期办理", label)
        wanted, each = _plain(parse_duration(amount)), _plain(parse_duration(caps.each))
        if wanted.unit != each.unit or wanted.amount > each.amount:
            return Missing("extend", f"每次最多延长 {caps.each}，不能延长 {amount}", "改短延长的时间", label)
        closed = tuple((a, b) for a, b in clock.pauses if b)
        again = _due_again(definition, clock, env, closed, (*clock.extensions, amount))
        ops.append(operation("extend", clock, at, amount=amount) | again)
    return ops


def _rounds(view: CaseView | None) -> dict[tuple[str, str], int]:
    rounds: dict[tuple[str, str], int] = {}
    for clock in view.clocks if view else []:
        key = (clock.name, clock.key)
        rounds[key] = max(rounds.get(key, 0), clock.round)
    return rounds


def _started(
    definition: Definition,
    happened: set[str],
    merged: Mapping[str, Any],
    values: Mapping[str, Any],
    at: datetime,
    env: Env,
    rounds: dict[tuple[str, str], int],
    still: set[tuple[str, str]],
) -> list[dict[str, Any]]:
    ops = []
    dated = {f"date.{name}" for name in values}
    for name, decl in definition.matter.clocks.items():
        if decl.limit is None or not set(decl.from_) & (happened | dated):
            continue
        start = at
        source = decl.at or next(
            (item for item in decl.from_ if item in dated and item not in happened), None
        )
        if source:
            start = _moment(merged.get(source.removeprefix("field.").removeprefix("date."))) or at
        for key in _keys(decl, merged, env):
            if (name, key) in still:
                continue  # 已在计时的不重新起算：超期抹不掉
            regime = regime_of(definition, decl)
            op = {
                "op": "start",
                "clock": name,
                "at": start.astimezone(LOCAL).isoformat(),
                "limit": decl.limit,
            }
            op |= due_of(start, decl.limit, regime, env, favours=decl.protects is not None)
            ops.append(_keyed(op, key, rounds.get((name, key), 0) + 1))
    return ops


def _keys(decl: ClockDecl, merged: Mapping[str, Any], env: Env) -> list[str]:
    if decl.per is None:
        return [""]
    value = merged.get(decl.per.removeprefix("field."))
    items = value if isinstance(value, list) else [value]
    return [env.party_key(item) for item in items if item]


def _recurring(
    definition: Definition,
    to_state: str,
    values: Mapping[str, Any],
    at: datetime,
    env: Env,
    rounds: dict[tuple[str, str], int],
    still: set[tuple[str, str]],
) -> list[dict[str, Any]]:
    ops = []
    for name in definition.by_state.get(to_state, []):
        action = definition.matter.actions[name]
        key = (EVERY + name, "")
        if action.every and key not in still:
            op = {
                "op": "start",
                "clock": key[0],
                "at": at.astimezone(LOCAL).isoformat(),
                "limit": action.every,
            }
            op |= due_of(at, action.every, REGIMES["office"], env)
            ops.append(_keyed(op, "", rounds.get(key, 0) + 1))
    triggers = {item for action in definition.matter.actions.values() for item in action.on}
    dates = {item.removeprefix(DATE) for item in triggers if item.startswith(DATE)}
    for field in sorted(dates & set(values)):
        moment = _moment(values[field])
        if moment is not None:
            text = moment.astimezone(LOCAL).isoformat()
            op = {"op": "start", "clock": DATE + field, "at": at.astimezone(LOCAL).isoformat(), "due": text}
            ops.append(_keyed(op, "", rounds.get((DATE + field, ""), 0) + 1))
    return ops


def _moment(value: Any) -> datetime | None:
    if not value:
        return None
    text = str(value)
    if len(text) == 10:
        return datetime.combine(date.fromisoformat(text), time.min, LOCAL)
    return datetime.fromisoformat(text)


def _keyed(op: dict[str, Any], key: str, number: int) -> dict[str, Any]:
    if key:
        op["key"] = key
    if number > 1:
        op["round"] = number
    return op


def operation(kind: str, clock: ClockView, at: datetime, **extra: str) -> dict[str, Any]:
    """一项时限变动；`kind` 为 pause、resume、extend、end、due。"""
    op = {"op": kind, "clock": clock.name, "at": at.astimezone(LOCAL).isoformat(), **extra}
    return _keyed(op, clock.key, clock.round)


def _day(clock: ClockView) -> str:
    local = clock.due_at.astimezone(LOCAL)
    if local.time() == time.min:
        return f"{local.month}月{local.day}日零时"
    return f"{local.month}月{local.day}日{local:%H:%M}"


def before(end: datetime, duration: Duration, regime: Regime, table: Any) -> datetime:
    """到期前 `duration` 的时刻（临期提醒用）。`end` 是不含在内的终点。"""
    return due_before(end, duration, regime, table).at
