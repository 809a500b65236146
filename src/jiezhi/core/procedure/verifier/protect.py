"""保护期：当事人的期间，每条走法都要先起算，只能届满或由当事人自己放弃，不能绕过去。"""

from __future__ import annotations

from jiezhi.core.procedure.abstract import parse_event
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.matter import ClockDecl
from jiezhi.core.procedure.verifier.explore import Edge, Graph
from jiezhi.core.procedure.verifier.report import Place, Report

PARTIES = frozenset({"party", "reporter"})


def check(report: Report) -> None:
    """不看走法的检查：谁能结束保护期。"""
    matter = report.definition.matter
    for name, clock in matter.clocks.items():
        if clock.guards and not clock.protects:
            say = f"时限“{clock.title}”写了 guards 却没有写 protects: party，拦不住；请补上"
            report.add("protect.shape", ("clocks", name, "guards"), say)
        if not clock.protects:
            continue
        if not clock.guards:
            say = f"保护期“{clock.title}”没有写保护期内不得做什么；请写 guards"
            report.add("protect.shape", ("clocks", name), say)
        _ends(report, name, clock)
    for name, action in matter.actions.items():
        for i, target in enumerate(action.waives):
            waived = matter.clocks.get(target)
            at: Place = ("actions", name, "waives", i)
            if waived is None:
                continue
            if not waived.protects:
                say = f"动作{report.action(name)}放弃的“{waived.title}”不是保护期；要停时限请写 stop"
                report.add("protect.waive", at, say)
            elif not waivable(action):
                say = (
                    f"动作{report.action(name)}能绕过保护期“{waived.title}”：只有当事人自己明确放弃才行；"
                    f"请把 by 改为 party 或 reporter，并写明 means"
                )
                report.add("protect.waive", at, say, basis=waived.basis)


def waivable(action: ActionDecl) -> bool:
    """是不是当事人自己明确的放弃。"""
    return bool(action.by) and set(action.by) <= PARTIES and bool(action.means)


def _ends(report: Report, name: str, clock: ClockDecl) -> None:
    matter = report.definition.matter
    for key, action in matter.actions.items():
        if name in action.stop and not (name in action.waives and waivable(action)):
            say = f"动作{report.action(key)}会提前停掉保护期“{clock.title}”；请从 stop 里删去，届满前不得结束"
            report.add("protect.stopped", ("actions", key, "stop"), say, basis=clock.basis)
    for i, text in enumerate(clock.until):
        ref = parse_event(text)
        if ref is None:
            continue
        doers = [
            action
            for key, action in matter.actions.items()
            if (ref.kind == "means" and ref.name in action.means)
            or (ref.kind == "action" and ref.name == key)
        ]
        harmless = ref.kind == "means" and ref.name in clock.guards
        if harmless or (doers and all(name in action.waives and waivable(action) for action in doers)):
            continue
        say = f"保护期“{clock.title}”会因“{text}”提前结束；请删去，只有届满或当事人放弃才能结束"
        report.add("protect.stopped", ("clocks", name, "until", i), say, basis=clock.basis)


def check_paths(report: Report, graph: Graph) -> None:
    """每条走法：被保护的含义之前，保护期起算过且没有作废；之后不再重新起算。"""
    machine = graph.machine
    for name in machine.clocks:
        clock = report.definition.matter.clocks[name]
        bit = machine.bit["clock", name]
        guarded = machine.mask("means", clock.guards)
        for key, action in report.definition.matter.actions.items():
            acts = graph.taken[key]
            if set(clock.guards) & set(action.means):
                for config, edge in acts:
                    if not graph.bits(config) & ~edge[1].lapsed & bit:
                        what = report.meanings(m for m in clock.guards if m in action.means)
                        say = (
                            f"动作{report.action(key)}可以跳过保护期“{clock.title}”："
                            "有一条走法还没有起算（或起算后又作废）"
                            f"就{what}；请让这条走法先经过{'、'.join(clock.from_)}"
                        )
                        path = graph.path(config, edge[0])
                        report.add("protect.skipped", ("actions", key), say, path=path, basis=clock.basis)
                        break
            for config, edge in acts:
                own = machine.mask("means", action.means)
                if _starts(edge[0].means, edge, graph, config, bit) and graph.bits(edge[3]) & guarded & ~own:
                    say = (
                        f"动作{report.action(key)}在{report.meanings(clock.guards)}之后才起算保护期“{clock.title}”，等于没有保护；"
                        f"请在 clears 里让{report.meanings(clock.guards)}作废，或不再起算"
                    )
                    path = graph.path(config, edge[0])
                    report.add("protect.late", ("actions", key), say, path=path, basis=clock.basis)
                    break


def _starts(means: int, edge: Edge, graph: Graph, config: int, bit: int) -> bool:
    """这一步是不是起算了这个保护期。"""
    before, after = graph.keys[config] >> graph.machine.shift, graph.keys[edge[3]] >> graph.machine.shift
    return bool(means & bit) or (before != after and bool(graph.machine.entering[after] & bit))
