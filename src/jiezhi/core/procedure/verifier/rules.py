"""法律规则：在全部走法上逐步核对，退回绕回来的也不放过。

before  看办理之前做过、且没有被本次填写作废的含义；同一次办理里一并做的不算“先”。means: end 看办完之后。
never   看办完之后仍未作废的 after（同一次办理里作废了的不算）。
clears  看办完之后 clears 里的含义是不是都没有了（本次重新做的除外）。
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jiezhi.core.procedure.abstract import END
from jiezhi.core.procedure.errors import Severity
from jiezhi.core.procedure.guards import parse_guard
from jiezhi.core.procedure.law import CAN_STOP, RuleDecl
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.verifier import periods
from jiezhi.core.procedure.verifier.demands import KINDS, demand
from jiezhi.core.procedure.verifier.explore import Edge, Graph
from jiezhi.core.procedure.verifier.report import Place, Report
from jiezhi.core.procedure.verifier.separate import separate


@dataclass(frozen=True)
class Ruling:
    """一条正在核对的规则。"""

    law: str
    name: str
    rule: RuleDecl
    severity: Severity


def check(report: Report, graph: Graph) -> None:
    """核对全部法律规则。"""
    matter = report.definition.matter
    performed = {meaning for action in matter.actions.values() for meaning in action.means}
    for law in report.definition.laws:
        for name, rule in law.rules.items():
            status = _status(report, law.law, name, rule)
            if status is None:
                continue
            ruling = Ruling(law.law, name, rule, "error" if status in CAN_STOP else "warn")
            if rule.kind == "has":
                _has(report, graph, ruling)
                continue
            if rule.means != END and rule.means not in performed:
                continue
            if rule.kind in KINDS:
                demand(report, rule, _say(report, ruling), ruling.severity)
            elif rule.kind == "free":
                _free(report, ruling)
            elif rule.kind == "clock":
                if rule.from_means is None or rule.from_means in performed:
                    periods.clock(report, rule, _say(report, ruling), ruling.severity)
            elif rule.kind == "separate":
                _named(report, ruling)
                separate(report, graph, ruling.rule, _say(report, ruling), ruling.severity)
            else:
                _paths(report, graph, ruling)


def _status(report: Report, law: str, name: str, rule: RuleDecl) -> str | None:
    citation = report.definition.citation(rule.basis)
    if citation is None:
        say = f"法律规则“{law}·{name}”的依据 {rule.basis} 不在法律名录里；请补上或改正"
        report.add("basis.unknown", (), say, basis=rule.basis)
        return None
    if citation.status == "待核":
        say = f"法律规则“{law}·{name}”的依据还没有核对（待核），不能用来拦办理；请先核对原文，或改成参数"
        report.add("law.unverified", (), say, basis=rule.basis)
        return None
    return citation.status


def _say(report: Report, ruling: Ruling) -> str:
    return f"违反法律规则“{ruling.rule.say}”"


def _named(report: Report, ruling: Ruling) -> bool:
    """规则用到的法律判断，业务模板都声明了没有。"""
    declared = {decl.law for decl in report.definition.matter.predicates.values() if decl.law}
    missing = sorted(parse_guard(ruling.rule.when).predicates - declared)
    for word in missing:
        say = (
            f"法律规则“{ruling.rule.say}”要看“{word}”，本业务模板必须声明命名判断："
            f"在 predicates 里写一个 law: {word} 的判断"
        )
        report.add("law.predicate", ("predicates",), say, basis=ruling.rule.basis, severity=ruling.severity)
    return not missing


def _when(graph: Graph, report: Report, rule: RuleDecl) -> Callable[[int, int], bool]:
    """规则的 when 在（含义位, 真假位）下是否成立。几个命名判断同一个 law 的，有一个成立就算成立。"""
    if rule.when is None:
        return lambda done, bits: True
    guard = parse_guard(rule.when)
    machine = graph.machine
    words: dict[str, int] = {}
    for name, decl in report.definition.matter.predicates.items():
        if decl.law:
            words[decl.law] = words.get(decl.law, 0) | machine.mask("truth", [name])
    cache: dict[tuple[int, int], bool] = {}
    mask = machine.mask("truth", machine.track.predicates)
    meant = machine.mask("means", guard.meanings)

    def holds(done: int, bits: int) -> bool:
        key = (done & meant, bits & mask)
        if key not in cache:
            truth = {word: bool(bits & found) for word, found in words.items()}
            cache[key] = guard.holds(truth, machine.done_of(done))
        return cache[key]

    return holds


def _paths(report: Report, graph: Graph, ruling: Ruling) -> None:
    if not _named(report, ruling):
        return
    rule, machine = ruling.rule, graph.machine
    holds = _when(graph, report, rule)
    every, some = machine.mask("means", rule.all_of), machine.mask("means", rule.any_of)
    untracked = [meaning for meaning in rule.all_of if ("means", meaning) not in machine.bit]
    after = machine.mask("means", [rule.after] if rule.after else [])
    cleared = machine.mask("means", rule.clears)
    ends = rule.means == END

    def breaks(config: int, edge: Edge) -> bool:
        act, variant, _, target = edge
        bits, new = graph.bits(config), graph.bits(target)
        prior = new if ends else bits & ~variant.lapsed
        if not holds(prior, new):
            return False
        if rule.kind == "before":
            return bool(untracked) or prior & every != every or bool(rule.any_of) and not prior & some
        if rule.kind == "never":
            left = new if ends else prior & ~act.clears
            return bool(left & after)
        own = machine.mask("means", act.decl.means)
        return bool(new & cleared & ~own)

    for name in report.definition.matter.actions:
        if not ends and rule.means not in report.definition.matter.actions[name].means:
            continue
        for config, edge in graph.endings[name] if ends else graph.taken[name]:
            if breaks(config, edge):
                _broken(report, graph, ruling, name, config, edge)
                break


def _broken(report: Report, graph: Graph, ruling: Ruling, name: str, config: int, edge: Edge) -> None:
    rule = ruling.rule
    path = graph.path(config, edge[0])
    target = report.meaning(rule.means)
    if rule.kind == "before":
        wanted = report.meanings(rule.all_of) or f"{report.meanings(rule.any_of)}之一"
        loop = "（前面做过的已经作废，要重新做）" if len(path) != len(set(path)) else ""
        detail = f"有一条走法没有{wanted}就{target}{loop}；请让这条走法先经过{wanted}"
    elif rule.kind == "never":
        detail = f"有一条走法在{report.meaning(rule.after or '')}之后又{target}；请加办理条件 not done.{rule.after}"
    else:
        detail = (
            f"{target}之后{report.meanings(rule.clears)}没有作废；请在 clears 里写上{'、'.join(rule.clears)}"
        )
    at: Place = ("actions", name)
    say = f"动作{report.action(name)}{_say(report, ruling)}：{detail}"
    report.add(f"law.{rule.kind}", at, say, path=path, basis=rule.basis, severity=ruling.severity)


def _has(report: Report, graph: Graph, ruling: Ruling) -> None:
    if not _named(report, ruling):
        return
    rule = ruling.rule
    holds = _when(graph, report, rule)
    for name, action in report.definition.matter.actions.items():
        if rule.means in action.means:
            for config, edge in graph.taken[name]:
                if holds(graph.bits(config), graph.bits(edge[3])):
                    return
    say = f"{_say(report, ruling)}：没有能做{report.meaning(rule.means)}的动作；请补上"
    report.add("law.has", ("actions",), say, basis=rule.basis, severity=ruling.severity)


def _free(report: Report, ruling: Ruling) -> None:
    rule = ruling.rule
    for name, action in report.definition.matter.actions.items():
        if rule.means not in action.means:
            continue
        stops = [i for i, need in enumerate(report.definition.needs[name]) if need.effect == "stop"]
        if stops:
            say = (
                f"动作{report.action(name)}{_say(report, ruling)}:"
                f"做{report.meaning(rule.means)}不得设办理条件；请删去"
            )
            at: Place = ("actions", name, "needs", stops[0])
            report.add("law.free", at, say, basis=rule.basis, severity=ruling.severity)
        if action.opens_case and report.definition.matter.unique_open:
            say = (
                f"动作{report.action(name)}{_say(report, ruling)}:unique_open 会拦住登记；请删去，"
                "重复的登记后再合并"
            )
            report.add("law.free", ("unique_open",), say, basis=rule.basis, severity=ruling.severity)


def fitting(matter: MatterDecl, rule: RuleDecl) -> list[str]:
    """业务模板里哪些时限是这条 clock 规则要的：从 from_means（没有写的是开件）起，到 means 为止。"""

    def covers(sources: list[str], meaning: str) -> bool:
        if meaning == END or f"means.{meaning}" in sources:
            return True
        doers = [name for name, action in matter.actions.items() if meaning in action.means]
        return bool(doers) and all(f"action.{name}" in sources for name in doers)

    return [
        name
        for name, clock in matter.clocks.items()
        if clock.limit
        and (covers(clock.from_, rule.from_means) if rule.from_means else "open" in clock.from_)
        and covers(clock.until, rule.means)
    ]
