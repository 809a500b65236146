"""自动办理等的时机到来时，件会不会正好在办不了它的环节。

运行时会一直等到件回到能办的环节再办，所以只提醒。
"""

from __future__ import annotations

from collections import deque

from jiezhi.core.procedure.abstract import Act
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.verifier.explore import Edge, Graph
from jiezhi.core.procedure.verifier.report import Report


def check(report: Report, graph: Graph) -> None:
    """查每个等时限、日期、子件的自动办理。"""
    for name, action in report.definition.matter.actions.items():
        sources = set(report.definition.sources(action))
        if not graph.taken[name]:
            continue
        for i, trigger in enumerate(action.on):
            waits = _Waits(graph, name, trigger)
            if not waits.understood:
                continue
            found = waits.outside(sources)
            if not found:
                continue
            states = "、".join(report.state(state) for state in list(found)[:4])
            say = (
                f"动作{report.action(name)}等的时机 {trigger} 到来时，件可能在{states}，不在它的 from 里；"
                "到期时可能不在这些环节，会等到回到其中再办；不想等就把这些环节写进 from，或让时限先停"
            )
            report.add(
                "auto.waits",
                ("actions", name, "on", i),
                say,
                path=next(iter(found.values())),
                severity="warn",
            )


class _Waits:
    """某个时机从什么时候起可能到来，到什么时候不会再来。"""

    def __init__(self, graph: Graph, name: str, trigger: str) -> None:
        self.graph = graph
        self.name = name
        self.matter = graph.machine.definition.matter
        self.kind, _, rest = trigger.partition(".")
        self.of = rest.removesuffix(".expires").removesuffix(".closed")
        self._act = next(act for act in graph.machine.acts if act.name == name)
        self.clock = self.matter.clocks.get(self.of) if self.kind == "clock" else None
        self._from = set(self.clock.from_) if self.clock else set()
        # 写入日期只使时限起算，不使它停。
        self._until = (
            {one for one in self.clock.until if not one.startswith("date.")} if self.clock else set()
        )
        self._known: dict[tuple[int, int, int], set[str]] = {}
        self.understood = self.clock is not None or self.kind in ("date", "child", "children")

    def outside(self, sources: set[str]) -> dict[str, tuple[str, ...]]:
        """时机可能到来而不在 `sources` 里的未办结环节 → 走到那里的最短走法。"""
        found: dict[str, tuple[str, ...]] = {}
        came: dict[tuple[int, bool], tuple[tuple[int, bool], Act] | None] = {(0, False): None}
        waiting = deque([(0, False)])
        while waiting:
            here = waiting.popleft()
            config, pending = here
            state = self.graph.state(config)
            if pending and state not in sources and state not in found and self._could(config):
                found[state] = self._path(came, here)
            for edge in self.graph.edges[config]:
                after = self._starts(config, edge) or (pending and not self._ends(config, edge))
                there = (edge[3], after and not self.graph.terminal(edge[3]))
                if there not in came:
                    came[there] = (here, edge[0])
                    waiting.append(there)
        return found

    def _path(
        self, came: dict[tuple[int, bool], tuple[tuple[int, bool], Act] | None], here: tuple[int, bool]
    ) -> tuple[str, ...]:
        titles = []
        at = came[here]
        while at is not None:
            titles.append(at[1].decl.title)
            at = came[at[0]]
        return tuple(reversed(titles))

    def _could(self, config: int) -> bool:
        """这时若在能办的环节就办得了：已经做过（没做过）的含义本来就不许办的，等不等都一样。"""
        return self.graph.bits(config) & self._act.need == self._act.need_value

    def _happened(self, config: int, edge: Edge) -> set[str]:
        keys, shift = self.graph.keys, self.graph.machine.shift
        key = (edge[0].index, keys[config] >> shift, keys[edge[3]] >> shift)
        if key not in self._known:
            self._known[key] = self._work_out(config, edge)
        return self._known[key]

    def _work_out(self, config: int, edge: Edge) -> set[str]:
        action, name = edge[0].decl, edge[0].name
        found = {f"means.{one}" for one in action.means} | {f"served.{one}" for one in action.serves}
        found.add(f"action.{name}")
        if action.opens_case:
            found.add("open")
        if self.graph.state(config) != self.graph.state(edge[3]):
            found.add(f"state.{self.graph.state(edge[3])}")
        return found | {f"date.{field}" for field in action.written()}

    def _starts(self, config: int, edge: Edge) -> bool:
        action: ActionDecl = edge[0].decl
        match self.kind:
            case "clock":
                assert self.clock is not None
                return not self._from.isdisjoint(self._happened(config, edge))
            case "date":
                return f"date.{self.of}" in self._happened(config, edge)
            case _:
                return self.of in action.open

    def _ends(self, config: int, edge: Edge) -> bool:
        if edge[0].name == self.name and not self._several():
            return True  # 已经照这个时机办过
        if self.clock is None:
            return False
        action = edge[0].decl
        if self.of in action.stop or self.of in action.waives:
            return self.clock.per is None
        if self.clock.protects and {f"means.{one}" for one in action.clears} & set(self.clock.from_):
            return True
        return not self._until.isdisjoint(self._happened(config, edge))

    def _several(self) -> bool:
        """时机会来好几次：每个当事人一次，或每件子件一次。"""
        if self.clock is not None:
            return self.clock.per is not None
        return self.kind == "child" and any(
            action.open[self.of].for_each for action in self.matter.actions.values() if self.of in action.open
        )
