"""时限从哪里起算：办了什么、进了哪个环节、写了哪个日期。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jiezhi.core.calendar import REGIMES, due_before, parse_duration
from jiezhi.core.procedure.clockdue import (
    DATE,
    EVERY,
    LOCAL,
    Uncountable,
    due_of,
    given,
    keyed,
    keys,
    moment,
    regime_of,
)
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import ClockDecl
from jiezhi.core.procedure.view import CaseView, Env

Key = tuple[str, str]


def rounds_of(view: CaseView | None) -> dict[tuple[str, str], int]:
    """各时限到第几轮了。"""
    rounds: dict[tuple[str, str], int] = {}
    for clock in view.clocks if view else []:
        key = (clock.name, clock.key)
        rounds[key] = max(rounds.get(key, 0), clock.round)
    return rounds


def started(
    definition: Definition,
    happened: set[str],
    merged: Mapping[str, Any],
    values: Mapping[str, Any],
    at: datetime,
    env: Env,
    rounds: dict[tuple[str, str], int],
    still: set[tuple[str, str]],
) -> list[dict[str, Any]]:
    """这次办理使哪些声明过的时限起算。已在计时的不重新起算：超期抹不掉。"""
    ops = []
    dated = {f"date.{name}" for name, value in values.items() if value is not None}
    for name, decl in definition.matter.clocks.items():
        if decl.limit is None or not set(decl.from_) & (happened | dated):
            continue
        start = at
        source = decl.at or next(
            (item for item in decl.from_ if item in dated and item not in happened), None
        )
        if source:
            start = moment(merged.get(source.removeprefix("field.").removeprefix("date."))) or at
            _not_backdated(decl, start, at)
        for key in keys(decl, merged, env):
            if (name, key) in still:
                continue
            op = {"op": "start", "clock": name, "at": start.astimezone(LOCAL).isoformat()}
            op |= limited(definition, decl, merged, start, env)
            ops.append(keyed(op, key, rounds.get((name, key), 0) + 1))
    return ops


def limited(
    definition: Definition, decl: ClockDecl, merged: Mapping[str, Any], start: datetime, env: Env
) -> dict[str, Any]:
    """op 里的期限和到期：主办系统给了的照给的，没有给的照声明的 limit 算。"""
    if (due := given(decl, merged, start)) is not None:
        return due
    assert decl.limit is not None
    regime = regime_of(definition, decl)
    return {"limit": decl.limit} | due_of(start, decl.limit, regime, env, favours=decl.protects is not None)


def _not_backdated(decl: ClockDecl, start: datetime, at: datetime) -> None:
    """保护期不能从办理之前的日子起算：倒填一个旧日期，期间就被跳过了。"""
    if decl.protects and start.astimezone(LOCAL).date() < at.astimezone(LOCAL).date():
        raise Uncountable(f"“{decl.title}”的起算日不能早于办理当天，请核对日期")


def backward(
    definition: Definition,
    means: Sequence[str],
    merged: Mapping[str, Any],
    values: Mapping[str, Any],
    at: datetime,
    env: Env,
    rounds: dict[Key, int],
) -> list[dict[str, Any]]:
    """倒数的时限：基准日期一定下来就有一行，到期是最迟办理的时刻，好亮灯提醒。

    定日期的这一步（`means`）就是受它约束的那件事的，已经办了，不必再提醒。
    """
    ops = []
    for name, decl in definition.matter.clocks.items():
        if decl.at_least is None or decl.before is None or set(decl.binds) & set(means):
            continue
        field = decl.before.removeprefix("field.")
        target = moment(merged.get(field)) if field in values else None
        if target is None:
            continue
        latest = due_before(target, parse_duration(decl.at_least), regime_of(definition, decl), env.table)
        op: dict[str, Any] = {
            "op": "start",
            "clock": name,
            "at": at.astimezone(LOCAL).isoformat(),
            "limit": decl.at_least,
            "due": latest.at.astimezone(LOCAL).isoformat(),
        }
        if latest.provisional:
            op["provisional"] = True
        ops.append(keyed(op, "", rounds.get((name, ""), 0) + 1))
    return ops


def recurring(
    definition: Definition,
    to_state: str,
    values: Mapping[str, Any],
    at: datetime,
    env: Env,
    rounds: dict[tuple[str, str], int],
    still: set[tuple[str, str]],
) -> list[dict[str, Any]]:
    """周期性自动办理和定日子自动办理的内部时限。"""
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
            ops.append(keyed(op, "", rounds.get(key, 0) + 1))
    triggers = {item for action in definition.matter.actions.values() for item in action.on}
    dates = {item.removeprefix(DATE) for item in triggers if item.startswith(DATE)}
    for field in sorted(dates & set(values)):
        when = moment(values[field])
        if when is not None:
            text = when.astimezone(LOCAL).isoformat()
            op = {"op": "start", "clock": DATE + field, "at": at.astimezone(LOCAL).isoformat(), "due": text}
            ops.append(keyed(op, "", rounds.get((DATE + field, ""), 0) + 1))
    return ops
