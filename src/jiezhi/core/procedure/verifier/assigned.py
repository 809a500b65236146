"""用到的字段是不是每条走法都采集了，用到的角色是不是每条走法都指定了。

在可达状况的图上求交（每条走法都有才算有），不放过任何一条走法；跟踪的真假把“属于复杂情形所以一定填过”
这类情况自动分开。
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from jiezhi.core.procedure.abstract import Act, Variant, always_written
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.base import ConditionDecl
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.verifier import papers
from jiezhi.core.procedure.verifier.catalogue import Catalogue
from jiezhi.core.procedure.verifier.explore import Edge, Graph
from jiezhi.core.procedure.verifier.report import Place, Report
from jiezhi.core.procedure.verifier.separate import OUTSIDERS

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Use:
    """一处用到：字段名或 `role.x`,在哪里写的，作什么用。"""

    name: str
    at: Place
    purpose: str
    warn: bool = False


class Assigned:
    """每种状况下一定有值的字段和一定有人的角色。

    `arrivals` 是从别处来的件（换版）：状况 → 来的时候一定有的；不给就只有从开件走来的。
    """

    def __init__(
        self,
        definition: Definition,
        graph: Graph,
        used: Iterable[str],
        arrivals: Mapping[int, frozenset[str]] | None = None,
    ) -> None:
        self.definition = definition
        self.graph = graph
        known = {*definition.matter.fields, *(f"role.{role}" for role in definition.matter.roles)}
        self.bit = {name: 1 << i for i, name in enumerate(sorted(known & set(used)))}
        self._effects: dict[tuple[int, int], tuple[int, int]] = {}
        self.arrivals = {config: self.mask(found) for config, found in (arrivals or {}).items()}
        self.inside = self._solve() if self.bit else [0] * len(graph.keys)
        self.at_action = self._meet() if self.bit else dict.fromkeys(graph.taken, 0)

    def mask(self, names: frozenset[str] | set[str]) -> int:
        """这些名字的位。"""
        return sum(self.bit[name] for name in names if name in self.bit)

    def effect(self, act: Act, variant: Variant) -> tuple[int, int]:
        """这一步一定给了什么、可能弄没了什么。"""
        key = (act.index, id(variant))
        found = self._effects.get(key)
        if found is None:
            needs = self.definition.needs[act.name]
            given = {need.name for need in needs if need.kind == "field" and not need.negated}
            gain, lose = set(variant.gain) | given, set(variant.lose) - given
            for role, source in act.decl.assign.items():
                # actor 由来件人、系统办时指定不到人，角色反而空了。
                emptied = source == "none" or (source == "actor" and bool(OUTSIDERS & set(act.decl.by)))
                (lose if emptied else gain).add(f"role.{role}")
            found = self._effects[key] = (self.mask(gain), self.mask(lose))
        return found

    def has(self, config: int, edge: Edge) -> int:
        """办这一步时（填写之后）一定有的。"""
        gain, lose = self.effect(edge[0], edge[1])
        return (self.inside[config] & ~lose) | gain

    def _solve(self) -> list[int]:
        everything = (1 << len(self.bit)) - 1
        inside = [everything] * len(self.graph.keys)
        inside[0] = 0
        for config, found in self.arrivals.items():
            inside[config] &= found
        waiting = deque([0, *self.arrivals])
        queued, seen = set(waiting), set(waiting)
        while waiting:
            config = waiting.popleft()
            queued.discard(config)
            base = inside[config]
            for act, variant, _, target in self.graph.edges[config]:
                gain, lose = self.effect(act, variant)
                new = inside[target] & ((base & ~lose) | gain)
                if new != inside[target] or target not in seen:
                    seen.add(target)
                    inside[target] = new
                    if target not in queued:
                        queued.add(target)
                        waiting.append(target)
        return inside

    def _meet(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for name, taken in self.graph.taken.items():
            for config, edge in taken:
                # 角色看办理之前，字段看填写之后
                found[name] = found.get(name, -1) & self.has(config, edge)
        return found

    def roles_before(self, name: str) -> int:
        """办这个动作之前一定有的。"""
        found = -1
        for config, _ in self.graph.taken[name]:
            found &= self.inside[config]
        return found

    def witness(self, name: str, action: str, *, before: bool = False) -> tuple[str, ...]:
        """一条走到 `action` 而还没有 `name` 的最短走法。"""
        bit = self.bit[name]

        def transfer(edge: Edge) -> tuple[bool, bool]:
            if before and edge[0].name == action:
                return False, False
            gain, lose = self.effect(edge[0], edge[1])
            return bool(gain & bit), bool(lose & bit)

        return self.graph.lacking(transfer, lambda edge: edge[0].name == action)


def check(report: Report, graph: Graph, catalogue: Catalogue) -> Assigned:
    """查用到而没有采集的字段。角色在 people 里查。"""
    matter = report.definition.matter
    needed = {
        name: list(uses(report.definition, name, catalogue)) for name in matter.actions if graph.taken[name]
    }
    used = {use.name for found in needed.values() for use in found}
    for action in matter.actions.values():
        used |= {who for who in [*action.by, *action.assign.values()] if who.startswith("role.")}
    assigned = Assigned(report.definition, graph, used)
    for name, found in needed.items():
        for use in found:
            bit = assigned.bit.get(use.name)
            if bit is None or assigned.at_action[name] & bit:
                continue
            say = (
                f"动作{report.action(name)}用到字段{report.field(use.name)}({use.purpose}),"
                "但有的走法还没有采集它；"
                f"请在这之前列为必填，或在这个动作里采集"
            )
            severity = "warn" if use.warn else "error"
            path = assigned.witness(use.name, name)
            report.add("field.unassigned", use.at, say, path=path, severity=severity)  # type: ignore[arg-type]
    return assigned


def uses(definition: Definition, name: str, catalogue: Catalogue) -> Iterator[Use]:
    """动作用到的全部字段。"""
    matter = definition.matter
    action = matter.actions[name]
    at: Place = ("actions", name)
    for i, raw in enumerate(action.needs):
        decl = raw if isinstance(raw, ConditionDecl) else matter.conditions.get(raw)
        if decl is None:
            continue
        for variable in _condition_fields(definition, decl):
            yield Use(variable, (*at, "needs", i), f"办理条件“{decl.title}”")
    for clock_name, clock in matter.clocks.items():
        starting = _starts(action, name, clock.from_)
        for source, purpose in ((clock.at, "起算时刻"), (clock.per, "每个当事人一个时限")):
            if starting and source and source.startswith("field."):
                yield Use(source[6:], ("clocks", clock_name), f"时限“{clock.title}”的{purpose}")
        if clock.before and set(clock.binds) & set(action.means):
            yield Use(clock.before[6:], ("clocks", clock_name, "before"), f"时限“{clock.title}”倒数的基准")
    for slot, child in action.open.items():
        source = child.for_each or ""
        if source.startswith(("rows.", "field.")):
            yield Use(
                source.partition(".")[2], (*at, "open", slot, "for_each"), f"按它开立子件“{child.title}”"
            )
        info = (catalogue.matters or {}).get(child.matter)
        required = info.opening.get(child.action or next(iter(info.opening), "")) if info else None
        for target, value in child.copy_fields.items():
            if value.startswith("field.") and (required is None or target in required):
                place: Place = (*at, "open", slot, "copy", target)
                yield Use(value[6:], place, f"抄给子件“{child.title}”", warn=catalogue.matters is None)
    for role, source in action.assign.items():
        if source.startswith("field."):
            yield Use(source[6:], (*at, "assign", role), "按它指定人员")
    for target, key in action.number.items():
        sequence = matter.sequences.get(key)
        for word in ("channel", "column"):
            if sequence and word in sequence.per:
                yield Use(sequence.source(word), (*at, "number", target), f"编号“{sequence.title}”按它编")
    if action.extend and action.extend.amount.startswith("field."):
        yield Use(action.extend.amount[6:], (*at, "extend", "amount"), "延长多久")
    for i, notice in enumerate(action.notify):
        for key, text in (("text", notice.text), ("merged", notice.merged or "")):
            for word in PLACEHOLDER.findall(text):
                if word.startswith("field."):
                    yield Use(word[6:], (*at, "notify", i, key), "通知文字")
    for field, place, purpose in papers.uses(definition, name):
        yield Use(field, place, purpose)
    if START in action.from_ and matter.summary:
        yield Use(matter.summary, ("summary",), "作件名")


def _condition_fields(definition: Definition, decl: ConditionDecl) -> list[str]:
    found: set[str] = set()
    if decl.cel is not None:
        try:
            found |= definition.expression(decl.cel).variables
        except (ValueError, RuntimeError):
            return []
    if decl.call is not None:
        values = [str(value) for value in decl.call.args.values()]
        found |= {value[6:] for value in values if value.startswith("field.")}
    return sorted(found - set(decl.optional_fields))


def _starts(action: ActionDecl, name: str, sources: list[str]) -> bool:
    happened = (
        {f"means.{m}" for m in action.means} | {f"served.{m}" for m in action.serves} | {f"action.{name}"}
    )
    happened |= {f"state.{branch.state}" for branch in action.to}
    happened |= {f"date.{written}" for written in always_written(action)}
    if START in action.from_:
        happened.add("open")
    return bool(happened & set(sources))
