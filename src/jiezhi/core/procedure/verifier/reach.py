"""走不走得通：到不了的环节、办不了的动作、死路、去向重叠或遗漏、自动办理撞车。"""

from __future__ import annotations

from jiezhi.core.procedure.abstract import END, Act, parse_event
from jiezhi.core.procedure.definition import START
from jiezhi.core.procedure.verifier.explore import Graph
from jiezhi.core.procedure.verifier.report import Report


def check(report: Report, graph: Graph) -> None:
    """全部走法上的检查。"""
    _unreachable(report, graph)
    _dead_ends(report, graph)
    _branches(report, graph)
    _collisions(report, graph)


def _unreachable(report: Report, graph: Graph) -> None:
    matter = report.definition.matter
    for name in matter.states:
        if name not in graph.reached:
            say = f"环节{report.state(name)}到不了：没有哪条走法通到它；请补上去它的动作，或删去这个环节"
            report.add("state.unreachable", ("states", name), say)
    for name, action in matter.actions.items():
        sources = report.definition.sources(action)
        if graph.taken[name] or not any(source in graph.reached for source in sources):
            continue
        act = next(act for act in graph.machine.acts if act.name == name)
        if any(len(held) != 1 for held in act.routes.values()):
            continue  # 去向定不下来，另报
        asks = [need.say for need in report.definition.needs[name] if need.kind in ("done", "predicate")]
        why = f"它要的条件凑不齐（{';'.join(asks)}）" if asks else "没有办它的环节"
        say = f"动作{report.action(name)}永远办不了：到得了的环节里，{why}；请改条件或 from"
        report.add("action.never", ("actions", name), say)


def _dead_ends(report: Report, graph: Graph) -> None:
    told: set[str] = set()
    for config in graph.stuck:
        state = graph.state(config)
        if state in told or state == START or _undecided(graph, config):
            continue
        told.add(state)
        say = f"走到环节{report.state(state)}成了死路：没有办结，也没有能办的动作；请补上动作，或放宽办理条件"
        report.add("state.dead_end", ("states", state), say, path=graph.path(config))
    if len(graph.endless) == len(graph.stuck):
        return
    hopeless = set(graph.endless) - graph.reaching(graph.stuck)
    for config in sorted(hopeless):
        state = graph.state(config)
        if state in told or state == START:
            continue
        told.add(state)
        say = f"走到环节{report.state(state)}之后，怎么办都到不了办结；请补上通向办结的动作"
        report.add("state.no_end", ("states", state), say, path=graph.path(config))


def _undecided(graph: Graph, config: int) -> bool:
    """一步也走不了是因为去向定不下来（另报），不是没有动作。"""
    machine, bits = graph.machine, graph.bits(config)
    for act in machine.by_state[machine.number[graph.state(config)]]:
        if bits & act.need == act.need_value:
            for variant in act.variants:
                after = bits & variant.keep | variant.set
                if after & act.truth_need == act.truth_value and act.guards:
                    return True
    return False


def _branches(report: Report, graph: Graph) -> None:
    for act in graph.machine.acts:
        told: set[str] = set()
        for key, held in act.routes.items():
            kind = "gap" if not held else "overlap" if len(held) > 1 else ""
            if not kind or kind in told:
                continue
            told.add(kind)
            where = _routed(graph, act, key)
            situation = _situation(report, graph, act, key)
            if kind == "gap":
                say = (
                    f"动作{report.action(act.name)}在{situation}时没有去向；请补一支去向，"
                    "或加一支不写 when 的“其余”"
                )
                report.add("branch.gap", ("actions", act.name, "to"), say, path=where)
            else:
                texts = "、".join(f"“{act.decl.to[i].when}”" for i in held)
                say = f"动作{report.action(act.name)}的去向{texts}在{situation}时同时成立；请改成互相排斥"
                report.add("branch.overlap", ("actions", act.name, "to", held[1]), say, path=where)


def _routed(graph: Graph, act: Act, key: int) -> tuple[str, ...]:
    for config in range(len(graph.edges)):
        bits = graph.bits(config)
        if act not in graph.machine.by_state[graph.machine.number[graph.state(config)]]:
            continue
        if bits & act.need != act.need_value:
            continue
        for variant in act.variants:
            after = bits & variant.keep | variant.set
            if after & act.truth_need == act.truth_value and after & act.guard_mask == key:
                return graph.path(config, act)
    return (act.decl.title,)


def _situation(report: Report, graph: Graph, act: Act, key: int) -> str:
    parts = []
    machine = graph.machine
    predicates = report.definition.matter.predicates
    for name in machine.track.predicates:
        bit = machine.bit["truth", name]
        if act.guard_mask & bit:
            parts.append(f"{'' if key & bit else '不'}属于“{predicates[name].title}”")
    for name in machine.track.meanings:
        bit = machine.bit["means", name]
        if act.guard_mask & bit:
            parts.append(f"{'已' if key & bit else '未'}{report.meaning(name)}")
    return "、".join(parts) or "任何情形"


def _collisions(report: Report, graph: Graph) -> None:
    triggers = [trigger for action in report.definition.matter.actions.values() for trigger in action.on]
    if len(triggers) == len(set(triggers)):
        return
    told: set[tuple[str, str]] = set()
    for config, out in enumerate(graph.edges):
        automatic: dict[str, list[Act]] = {}
        for act in dict.fromkeys(edge[0] for edge in out if edge[0].decl.on):
            for trigger in act.decl.on:
                automatic.setdefault(trigger, []).append(act)
        for acts in automatic.values():
            if len(acts) < 2 or not any(act.decl.to or act.decl.clears for act in acts):
                continue
            pair = (acts[0].name, acts[1].name)
            if pair in told:
                continue
            told.add(pair)
            say = (
                f"自动办理{report.action(pair[0])}和{report.action(pair[1])}在环节"
                f"{report.state(graph.state(config))}时机相同、会一起触发；请合成一个，或写上互斥的办理条件"
            )
            report.add("auto.collision", ("actions", pair[1], "on"), say, path=graph.path(config))


def can_happen(graph: Graph, text: str) -> bool:
    """一个起止点在某条走法上会不会发生。"""
    ref = parse_event(text)
    if ref is None:
        return False
    actions = graph.machine.definition.matter.actions
    taken = [actions[name] for name, found in graph.taken.items() if found]
    match ref.kind:
        case "open":
            return any(action.opens_case for action in taken)
        case "means":
            if ref.name == END:
                return any(graph.terminal(i) for i in range(len(graph.keys)))
            return any(ref.name in action.means for action in taken)
        case "served":
            return any(ref.name in action.serves for action in taken)
        case "action":
            return bool(graph.taken.get(ref.name))
        case "state":
            return ref.name in graph.reached
        case _:
            return any(ref.name in action.written() for action in taken)
