"""抽象机的准备：起止点怎样读，哪些法律含义和命名判断要跟踪，字段有哪些取值。"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType

END = "end"
EventKind = Literal["open", "means", "action", "state", "served", "date"]
_EVENT = re.compile(r"^(?:(open)|(means|action|state|served|date)\.([a-z][a-z0-9_]*))$")


@dataclass(frozen=True)
class EventRef:
    """时限、用时里说的“什么时候”：open、means.x、action.x、state.x、served.x、date.x。"""

    kind: EventKind
    name: str


def parse_event(text: str) -> EventRef | None:
    """读一个起止点的写法；写法不对返回 None。"""
    found = _EVENT.match(text)
    if not found:
        return None
    return EventRef(found[1] or found[2], found[3] or "")  # type: ignore[arg-type]


@dataclass(frozen=True)
class Relevance:
    """要跟踪的法律含义和命名判断。"""

    meanings: tuple[str, ...]
    predicates: tuple[str, ...]


def relevance(definition: Definition) -> Relevance:
    """校验要跟踪的：法律规则、办理条件、去向和保护期提到的；其余不影响走法。"""
    meanings: set[str] = set()
    predicates: set[str] = set()
    by_law: dict[str, set[str]] = {}
    for name, predicate in definition.matter.predicates.items():
        if predicate.law:
            by_law.setdefault(predicate.law, set()).add(name)
    for needs in definition.needs.values():
        meanings |= {need.name for need in needs if need.kind == "done"}
        predicates |= {need.name for need in needs if need.kind == "predicate"}
    for action in definition.matter.actions.values():
        for branch in action.to:
            guard = definition.guard(branch.when)
            meanings |= guard.meanings
            predicates |= guard.predicates
    for law in definition.laws:
        for rule in law.rules.values():
            if rule.kind in ("before", "never", "clears"):
                meanings |= {*rule.all_of, *rule.any_of, *rule.clears, *filter(None, [rule.after])}
            guard = definition.guard(rule.when)
            meanings |= guard.meanings
            predicates |= {pack for word in guard.predicates for pack in by_law.get(word, ())}
    for clock in definition.matter.clocks.values():
        if clock.protects:
            meanings |= set(clock.guards)
    known = {meaning for action in definition.matter.actions.values() for meaning in action.means}
    return Relevance(
        tuple(name for name in definition.means if name in meanings & known),
        tuple(name for name in definition.matter.predicates if name in predicates),
    )


def everything(definition: Definition) -> Relevance:
    """全部跟踪（测试和随机走查用）。"""
    done = {meaning for action in definition.matter.actions.values() for meaning in action.means}
    return Relevance(tuple(sorted(done)), tuple(definition.matter.predicates))


def domain(decl: FieldDecl | None) -> list[Any] | None:
    """有限取值的字段的全部取值（不含空）；其余类型为 None。"""
    if decl is None:
        return None
    if decl.type is FieldType.FLAG:
        return [False, True]
    if decl.type is FieldType.CHOICE:
        return list(decl.choices)
    if decl.type is FieldType.RATING:
        return list(range(max(1, decl.min or 1), (decl.max or 5) + 1))
    return None


def always_written(action: ActionDecl) -> frozenset[str]:
    """办了就一定写入的字段：必填、定值、取号。预填的可能没有值，要它一定有就列为必填。"""
    numbers = [name for name in action.number if name != "case"]
    return frozenset([*action.required(), *action.set, *numbers])
