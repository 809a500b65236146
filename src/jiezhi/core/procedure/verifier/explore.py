"""穷举：从开件出发能到的全部状况，怎样最快走到，能不能办结。"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import cached_property

from jiezhi.core.procedure.abstract import Act, Machine, Variant

CAP = 200_000
Edge = tuple[Act, Variant, int, int]  # 动作、写法、第几支（-1 为没有写 to）、到达的状况的序号


class Graph:
    """可达状况的图。序号 0 是开件之前；`truncated` 为真表示超过上限没有穷举完。"""

    def __init__(self, machine: Machine, cap: int = CAP) -> None:
        self.machine = machine
        self.keys: list[int] = [machine.start]
        self.edges: list[list[Edge]] = []
        self.parent: list[tuple[int, Act] | None] = [None]
        self.truncated = False
        index = {machine.start: 0}
        keys, parent = self.keys, self.parent
        position = 0
        while position < len(keys):
            out: list[Edge] = []
            for act, variant, branch, key in machine.moves(keys[position]):
                target = index.get(key)
                if target is None:
                    target = index[key] = len(keys)
                    keys.append(key)
                    parent.append((position, act))
                out.append((act, variant, branch, target))
            self.edges.append(out)
            position += 1
            if len(keys) > cap:
                self.truncated = True
                break

    def state(self, config: int) -> str:
        """状况所在的环节。"""
        return self.machine.states[self.keys[config] >> self.machine.shift]

    def bits(self, config: int) -> int:
        """状况的含义和真假位。"""
        return self.keys[config] & self.machine.low

    def terminal(self, config: int) -> bool:
        """是不是已经办结。"""
        return self.machine.terminal[self.keys[config] >> self.machine.shift]

    @cached_property
    def reached(self) -> set[str]:
        """到得了的环节（含 start）。"""
        return {self.machine.states[number] for number in {key >> self.machine.shift for key in self.keys}}

    @cached_property
    def taken(self) -> dict[str, list[tuple[int, Edge]]]:
        """动作 → 它的全部步（出发状况, 步）。"""
        found: dict[str, list[tuple[int, Edge]]] = {act.name: [] for act in self.machine.acts}
        for config, out in enumerate(self.edges):
            for edge in out:
                found[edge[0].name].append((config, edge))
        return found

    @cached_property
    def endings(self) -> dict[str, list[tuple[int, Edge]]]:
        """动作 → 它使件办结的各步。"""
        return {
            name: [(at, edge) for at, edge in found if self.terminal(edge[3]) and not self.terminal(at)]
            for name, found in self.taken.items()
        }

    @cached_property
    def stuck(self) -> list[int]:
        """死路：没有办结，又一步也走不了。"""
        return [i for i, out in enumerate(self.edges) if not out and not self.terminal(i)]

    def reaching(self, goals: Iterable[int]) -> set[int]:
        """走得到 `goals` 的状况。"""
        found = set(goals)
        waiting = list(found)
        while waiting:
            for config in self._back[waiting.pop()]:
                if config not in found:
                    found.add(config)
                    waiting.append(config)
        return found

    @cached_property
    def _back(self) -> list[set[int]]:
        back: list[set[int]] = [set() for _ in self.keys]
        for config, out in enumerate(self.edges):
            for edge in out:
                back[edge[3]].add(config)
        return back

    @cached_property
    def endless(self) -> list[int]:
        """怎么走都到不了办结的状况（含死路）。"""
        fine = self.reaching(i for i in range(len(self.keys)) if self.terminal(i))
        return [i for i in range(len(self.keys)) if i not in fine]

    def path(self, config: int, *last: Act) -> tuple[str, ...]:
        """最短的走法：从开件到 `config`,再办 `last`,用动作名称写。"""
        titles = [act.decl.title for act in reversed(last)]
        at = self.parent[config]
        while at is not None:
            titles.append(at[1].decl.title)
            at = self.parent[at[0]]
        return tuple(reversed(titles))

    def lacking(
        self, transfer: Callable[[Edge], tuple[bool, bool]], target: Callable[[Edge], bool]
    ) -> tuple[str, ...]:
        """最短的走法，走到 `target` 那一步时某样东西还没有（或已经变没）。

        `transfer` 说一步是不是给了它、是不是可能弄没它；没有这样的走法时为空。
        """
        came: dict[tuple[int, bool], tuple[tuple[int, bool], Act] | None] = {(0, False): None}
        waiting = deque([(0, False)])
        while waiting:
            here = waiting.popleft()
            for edge in self.edges[here[0]]:
                gives, takes = transfer(edge)
                has = gives or (here[1] and not takes)
                if target(edge) and not has:
                    titles = [edge[0].decl.title]
                    at = came[here]
                    while at is not None:
                        titles.append(at[1].decl.title)
                        at = came[at[0]]
                    return tuple(reversed(titles))
                there = (edge[3], has)
                if there not in came:
                    came[there] = (here, edge[0])
                    waiting.append(there)
        return ()
