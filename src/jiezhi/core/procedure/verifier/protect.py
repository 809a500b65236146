"""保护期：当事人的期间，每条走法都要先起算，只能届满或由当事人自己放弃，不能绕过去。"""

from __future__ import annotations

from jiezhi.core.procedure.abstract import parse_event
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.fields import FieldType
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
        _moment(report, name, clock)
    for name, action in matter.actions.items():
        for i, target in enumerate(action.waives):
            waived = matter.clocks.get(target)
            at: Place = ("actions", name, "waives", i)
            if waived is None:
                continue
            if not waived.protects:
                say = f"动作{report.action(name)}放弃的“{waived.title}”不是保护期；要停时限请写 stop"
                report.add("protect.waive", at, say)
            elif not waivable(report, action):
                say = (
                    f"动作{report.action(name)}能绕过保护期“{waived.title}”：只有当事人自己明确放弃才行；"
                    "请把 by 改为 party 或 reporter；由岗位代为记录的，要必收当事人签字的材料（file 字段）；"
                    "都要写明 means"
                )
                report.add("protect.waive", at, say, basis=waived.basis)
            if waived.per and waived.per.removeprefix("field.") not in action.required():
                say = (
                    f"保护期“{waived.title}”每个当事人一个，动作{report.action(name)}没有说是谁放弃，"
                    f"会把别人的也停掉；请把{report.field(waived.per.removeprefix('field.'))}列为必填"
                )
                report.add("protect.waive_all", at, say, basis=waived.basis)


def waivable(report: Report, action: ActionDecl) -> bool:
    """是不是当事人自己明确的放弃。

    当事人自己办；或由岗位代为记录，并必收书面的凭据。
    """
    if not action.by or not action.means:
        return False
    others = [who for who in action.by if who not in PARTIES]
    if not all(who.startswith(("post.", "unit.")) for who in others):
        return False
    fields = report.definition.matter.fields
    papers = [name for name in action.required() if name in fields and fields[name].type is FieldType.FILE]
    return not others or bool(papers)


def _moment(report: Report, name: str, clock: ClockDecl) -> None:
    """起算时刻取自字段的，要与起算的那件事一起填：不然重新告知之后沿用旧的日期，当事人的期间就短了。"""
    if clock.at is None or not clock.at.startswith("field."):
        return
    field = clock.at[6:]
    for key, action in report.definition.matter.actions.items():
        if field in action.required():
            continue
        causes = [text for text in clock.from_ if _causes(key, action, text) and text != f"date.{field}"]
        if causes:
            say = (
                f"保护期“{clock.title}”从{report.field(field)}起算，动作{report.action(key)}会使它起算"
                f"（{'、'.join(causes)}），却没有同时必填{report.field(field)}，会沿用以前填的；"
                "请在这个动作里列为必填"
            )
            at: Place = ("actions", key) if field not in action.collected() else ("actions", key, "collect")
            report.add("protect.stale", at, say, basis=clock.basis)


def _causes(name: str, action: ActionDecl, text: str) -> bool:
    ref = parse_event(text)
    if ref is None:
        return False
    match ref.kind:
        case "open":
            return action.opens_case
        case "means":
            return ref.name in action.means
        case "served":
            return ref.name in action.serves
        case "action":
            return ref.name == name
        case "state":
            return any(branch.state == ref.name for branch in action.to)
        case _:
            return ref.name in action.written()


def _ends(report: Report, name: str, clock: ClockDecl) -> None:
    matter = report.definition.matter
    for key, action in matter.actions.items():
        if name in action.stop and not (name in action.waives and waivable(report, action)):
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
        if harmless or (
            doers and all(name in action.waives and waivable(report, action) for action in doers)
        ):
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
        entered = any(starts & bit for starts in machine.entering)
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
            own = machine.mask("means", action.means)
            if not entered and acts and not acts[0][1][0].means & bit:
                continue
            for config, edge in acts:
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
