"""换版的校验：旧版每一种可达而未办结的状况，映射过去必须是新版自己也走得到的状况。

新版已经校验过：它走得到的每一种状况都能办结、以后怎样走都不违反法律规则。所以映射过去仍在其中的件也一样；
不在其中的，说明旧版怎样走到、新版到那里还差什么、可以改映射到哪里。判断的真假按旧字段的值重算，
旧版没有跟踪到的值按全部可能算。
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import Any

from jiezhi.core.procedure.abstract import Machine, Relevance, domain, parse_event, relevance
from jiezhi.core.procedure.change import ChangeDecl, change_map, renamed, renamed_set
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.verifier import changelaw, changeshape
from jiezhi.core.procedure.verifier.assigned import Assigned, uses
from jiezhi.core.procedure.verifier.catalogue import UNCHECKED
from jiezhi.core.procedure.verifier.changeshape import title_of
from jiezhi.core.procedure.verifier.explore import CAP, Graph
from jiezhi.core.procedure.verifier.report import Report
from jiezhi.core.procedure.view import CaseView

SHOWN = 5
# 一个环节里看这么多种状况就够改了；换版不成立时，往往处处不成立。
MANY = 20


def verify_change(old: Definition, new: Definition, decl: ChangeDecl, *, cap: int = CAP) -> list[Problem]:
    """核对一次换版，返回全部问题（按轻重）；有 error 就不能换。两版都应先各自通过 `verify`。

    `cap` 是两版各最多穷举多少种状况。不抛异常。
    """
    return ChangeCheck(old, new, decl, cap=cap).problems


class ChangeCheck:
    """一次换版的核对：`problems` 是映射的问题，`lacking` 问真正的一件换过去还差什么。"""

    def __init__(self, old: Definition, new: Definition, decl: ChangeDecl, *, cap: int = CAP) -> None:
        self.old, self.new, self.decl, self.cap = old, new, decl, cap
        self.names = change_map(old, new, decl)
        self.report = Report(new, None)

    @cached_property
    def problems(self) -> list[Problem]:
        """全部问题，error 在前。"""
        pair = changeshape.Pair(self.old, self.new, self.names, self.report)
        changeshape.check(pair)
        changelaw.check(pair)
        if self.names.known:
            self._paths()
        found = list(dict.fromkeys(self.report.found))
        return sorted(found, key=lambda one: not one.is_error)

    @property
    def ok(self) -> bool:
        """可以换。"""
        return not any(problem.is_error for problem in self.problems)

    # ---- 看走法的 ----

    @cached_property
    def target(self) -> Graph:
        """新版走得到的全部状况。"""
        protected = [name for name, clock in self.new.matter.clocks.items() if clock.protects]
        return Graph(Machine(self.new, relevance(self.new), protected), self.cap)

    @cached_property
    def _index(self) -> dict[int, int]:
        return {key: i for i, key in enumerate(self.target.keys)}

    @cached_property
    def source(self) -> Graph:
        """旧版走得到的全部状况；跟踪的比校验它自己时多：新版要看的也一并跟踪。"""
        track, machine = relevance(self.old), self.target.machine
        wanted = {name for name, one in self.names.meanings.items() if one in machine.track.meanings}
        watched = {self.new.matter.predicates[name].field for name in machine.track.predicates}
        fields = {name for name, one in self.names.fields.items() if one in watched}
        old = self.old.matter
        truths = {name for name, one in old.predicates.items() if one.field in fields}
        meanings = tuple(sorted({*track.meanings, *wanted}))
        predicates = tuple(name for name in old.predicates if name in {*track.predicates, *truths})
        clocks = [name for name, one in self.names.clocks.items() if one in machine.clocks]
        return Graph(Machine(self.old, Relevance(meanings, predicates), clocks), self.cap)

    def _paths(self) -> None:
        if self.source.truncated or self.target.truncated:
            say = f"走法过于复杂（超过 {self.cap} 种状况），换版校验不完"
            self.report.add("change.too_complex", ("actions",), say)
            return
        landings: dict[int, list[int]] = {}
        missed: dict[tuple[str, str], int] = {}
        said: dict[int, str] = {}
        tried: dict[str, int] = {}
        for config in range(1, len(self.source.keys)):
            if self.source.terminal(config):
                continue
            state = self.names.states[self.source.state(config)]
            assert state is not None
            for key in self._mapped(config):
                found = self._index.get(key)
                before = self.source.state(config)
                if found is None and tried.get(before, 0) < MANY:
                    tried[before] = tried.get(before, 0) + 1
                    if key not in said:
                        said[key] = self._short(key)
                    missed.setdefault((before, said[key]), config)
                elif found is not None:
                    landings.setdefault(found, []).append(config)
        for (state, say), config in missed.items():
            self.report.add("change.unreachable", ("states", state), say, path=self.source.path(config))
        self._assigned(landings)

    def _mapped(self, config: int) -> Iterator[int]:
        """旧版一种状况映射成新版的哪些状况（真假不能确定的，每种可能各一个）。"""
        was, now = self.source.machine, self.target.machine
        bits = self.source.bits(config)
        before = self.source.state(config)
        state = self.names.states[before]
        assert state is not None
        kept = renamed_set(was.done_of(bits), self.names.meanings_in(before))
        fixed = now.mask("means", kept)
        for name in was.clocks:
            target = self.names.clocks[name]
            if bits & was.bit["clock", name] and target and not self._voided(name, before):
                fixed |= now.bit["clock", target]
        for truth in self._truths(frozenset(n for n, held in was.truth_of(bits).items() if held)):
            yield (now.number[state] << now.shift) | fixed | truth

    def _voided(self, clock: str, state: str) -> bool:
        """起算它的含义不带过去的保护期，不算起算过：新版要重新告知、重新起算。"""
        starts = [parse_event(text) for text in self.old.matter.clocks[clock].from_]
        gone = {name for name, target in self.names.meanings_in(state).items() if target is None}
        return any(ref and ref.kind in ("means", "served") and ref.name in gone for ref in starts)

    def _truths(self, held: frozenset[str]) -> list[int]:
        """新版各判断的真假：按字段算出全部可能，再组合。"""
        if held not in self._truth_cache:
            machine = self.target.machine
            fields = dict.fromkeys(
                self.new.matter.predicates[name].field for name in machine.track.predicates
            )
            options = [self._valuations(field, held) for field in fields]
            self._truth_cache[held] = sorted({sum(combination) for combination in product(*options)})
        return self._truth_cache[held]

    @cached_property
    def _truth_cache(self) -> dict[frozenset[str], list[int]]:
        return {}

    def _valuations(self, field: str, held: frozenset[str]) -> set[int]:
        """旧件上 `held` 这些判断成立时，新版看 `field` 的判断可能有的真假组合。"""
        machine, predicates = self.target.machine, self.new.matter.predicates
        mine = [name for name in machine.track.predicates if predicates[name].field == field]

        def of(value: Any) -> int:
            holding = [n for n in mine if self.new.expression(predicates[n].cel).holds({field: value})]
            return machine.mask("truth", holding)

        source = next((name for name, target in self.names.fields.items() if target == field), None)
        if source is None:
            return {of(None)}
        old = {
            name: one
            for name, one in self.old.matter.predicates.items()
            if one.field == source and name in self.source.machine.track.predicates
        }
        values = domain(self.old.matter.fields[source])
        if values is not None:
            fits = [
                value
                for value in [None, *values]
                if all(
                    self.old.expression(one.cel).holds({source: value}) == (name in held)
                    for name, one in old.items()
                )
            ]
            if fits:
                return {of(value) for value in fits}
        same = {_cel(one.cel, source, field): name in held for name, one in old.items()}
        choices = []
        for name in mine:
            bit, known = machine.bit["truth", name], same.get(_cel(predicates[name].cel, field, field))
            choices.append([0, bit] if known is None else [bit if known else 0])
        return {sum(chosen) for chosen in product(*choices)}

    # ---- 字段和角色 ----

    def _assigned(self, landings: dict[int, list[int]]) -> None:
        """新版往后要用的字段、角色，旧件换过来时是不是一定有。"""
        matter, graph = self.new.matter, self.target
        needed = {
            name: {use.name: use for use in uses(self.new, name, UNCHECKED) if not use.warn}
            for name in matter.actions
            if graph.taken[name]
        }
        whom = {
            who
            for name in needed
            for who in [*matter.actions[name].by, *matter.actions[name].assign.values()]
            if who.startswith("role.")
        }
        fields, roles = self.names.fields, self.names.roles
        names = {name: target for name, target in fields.items() if target}
        names |= {f"role.{name}": f"role.{target}" for name, target in roles.items() if target}
        before = Assigned(self.old, self.source, names)
        holding = {
            config: frozenset(names[one] for one, bit in before.bit.items() if inside & bit)
            for config, inside in enumerate(before.inside)
        }
        arrivals = {
            config: frozenset.intersection(*(holding[one] for one in olds))
            for config, olds in landings.items()
        }
        used = {name for found in needed.values() for name in found} | whom
        after = Assigned(self.new, graph, used, arrivals)
        for name, found in needed.items():
            short = [one for one in found if one in after.bit and not after.at_action[name] & after.bit[one]]
            for one in short:
                say = f"换版后的件到动作{self.report.action(name)}要用{self.report.field(one)}（{found[one].purpose}），"
                say += "旧件可能没有；请映射到采集它的环节之前，或在新版里先采集"
                self.report.add(
                    "change.unassigned", found[one].at, say, path=self._came(after, landings, one, name)
                )
            roles_in = [who for who in matter.actions[name].by if who in after.bit]
            if roles_in and len(roles_in) == len(matter.actions[name].by):
                held = after.roles_before(name)
                if not any(held & after.bit[who] for who in roles_in):
                    title = "”或“".join(title_of(self.new, "roles", who[5:]) for who in roles_in)
                    say = f"换版后的件到动作{self.report.action(name)}时可能还没有指定“{title}”，没有人能办"
                    self.report.add(
                        "change.unassigned",
                        ("actions", name, "by"),
                        say,
                        path=self._came(after, landings, roles_in[0], name),
                    )

    def _came(self, after: Assigned, landings: dict[int, list[int]], one: str, name: str) -> tuple[str, ...]:
        """旧件的一条走法：换过来之后，不再采集 `one` 就走得到 `name`。"""
        bit = after.bit[one]
        for start, olds in landings.items():
            if after.arrivals[start] & bit:
                continue
            waiting, seen = [start], {start}
            while waiting:
                for edge in self.target.edges[waiting.pop()]:
                    gains = after.effect(edge[0], edge[1])[0] & bit
                    if edge[0].name == name and (one.startswith("role.") or not gains):
                        return (*self.source.path(olds[0]), "换版")
                    if not gains and edge[3] not in seen:
                        seen.add(edge[3])
                        waiting.append(edge[3])
        return ()

    # ---- 说明 ----

    def _short(self, key: int) -> str:
        """这种状况新版走不到：差什么、可以改映射到哪里。"""
        machine, graph = self.target.machine, self.target
        state = machine.states[key >> machine.shift]
        bits = key & machine.low
        there = [one & machine.low for one in graph.keys if one >> machine.shift == machine.number[state]]
        say = f"映射到环节{self.report.state(state)}"
        if not there:
            return f"{say}，新版走不到这个环节"
        near = min(there, key=lambda one: ((one ^ bits).bit_count(), one))
        lacks = [self._word(kind, name) for (kind, name), bit in machine.bit.items() if near & ~bits & bit]
        extra = [self._word(kind, name) for (kind, name), bit in machine.bit.items() if bits & ~near & bit]
        if lacks:
            say += f"，新版到这里必须已经{'、'.join(lacks)}，旧件没有"
        if extra:
            say += f"，新版到这里不会还有{'、'.join(extra)}"
        others = [
            machine.states[one >> machine.shift]
            for one in graph.keys
            if one & machine.low == bits and not machine.terminal[one >> machine.shift]
        ]
        fits = [self.report.state(one) for one in dict.fromkeys(others) if one not in (START, state)]
        tail = f"；可以改映射到{'、'.join(fits[:SHOWN])}" if fits else "；请改映射到这之前的环节"
        return say + tail + ("，或在 clears 里写明换过去时作废哪些含义" if extra else "")

    def _word(self, kind: str, name: str) -> str:
        if kind == "clock":
            return f"起算保护期{self.report.clock(name)}"
        if kind == "truth":
            return f"属于“{self.new.matter.predicates[name].title}”"
        return f"做过{self.report.meaning(name)}"

    # ---- 真正的一件 ----

    def lacking(self, view: CaseView) -> list[str]:
        """这一件（旧版的样子）换到新版还差什么；没有差的为空。映射本身的问题见 `problems`。"""
        state = self.names.states.get(view.state)
        if view.closed_at is not None or state is None:
            return ["已经办结的件不换版"]
        machine = self.target.machine
        fields = renamed(view.fields, self.names.fields)
        truth = [name for name, held in self.new.predicate_values(fields).items() if held]
        bits = machine.mask(
            "means", renamed_set(view.done, self.names.meanings_in(view.state))
        ) | machine.mask("truth", truth)
        keys = [(machine.number[state] << machine.shift) | bits]
        for name in machine.clocks:
            options = self._clock_bits(name, view)
            keys = [key | (machine.bit["clock", name] if on else 0) for key in keys for on in options]
        return [] if any(key in self._index for key in keys) else [self._short(keys[0])]

    def _clock_bits(self, target: str, view: CaseView) -> list[bool]:
        """保护期算不算起算过：在走的算，没有过的不算；停了的可能是放弃也可能是作废，两种都试。"""
        name = next((one for one, to in self.names.clocks.items() if to == target), None)
        rounds = [clock for clock in view.clocks if clock.name == name and not clock.void]
        if name is None or not rounds or self._voided(name, view.state):
            return [False]
        return [True] if any(clock.live for clock in rounds) else [True, False]


def _cel(source: str, name: str, to: str) -> str:
    """表达式里的字段换名，空白归一，好认出同一个判断。"""
    return " ".join(re.sub(rf"(?<![\w.'\"]){name}\b", to, source).split())
