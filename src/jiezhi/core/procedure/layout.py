"""分层画图的摆放：把带宽高的节点按层排好次序和左右位置。

In the manner of Sugiyama, Tagawa and Toda (1981): layers are given, crossings are cut by barycentre sweeps,
and the places within a layer solve “as near as possible to one's neighbours, never overlapping” exactly by
pooling adjacent violators. 全部计算只依赖输入的次序，同样的输入总得到同样的图。
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

GAP = 22.0
SWEEPS = 12


@dataclass
class Node:
    """一个要摆的东西：环节、动作文字，或长线穿过中间层时占的位置（kind 为 pass）。"""

    name: str
    kind: str
    rank: int
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    up: list[Node] = field(default_factory=list, repr=False)
    down: list[Node] = field(default_factory=list, repr=False)

    @property
    def top(self) -> float:
        """上边。"""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """下边。"""
        return self.y + self.height / 2


def layers(after: Mapping[str, Sequence[str]], root: str) -> tuple[dict[str, int], set[tuple[str, str]]]:
    """有向图分层：每个节点的层次（从 `root` 起最长路径，不算往回的边；`root` 在 0，其余至少 1），以及往回的边。"""
    back: set[tuple[str, str]] = set()
    finished: list[str] = []
    state: dict[str, int] = {}
    for begin in after:
        if begin in state:
            continue
        state[begin] = 1
        stack = [(begin, iter(after[begin]))]
        while stack:
            name, following = stack[-1]
            reached = next(following, None)
            if reached is None:
                state[name] = 2
                finished.append(name)
                stack.pop()
            elif reached not in state:
                state[reached] = 1
                stack.append((reached, iter(after[reached])))
            elif state[reached] == 1:
                back.add((name, reached))
    ranks = {name: 0 if name == root else 1 for name in after}
    for name in reversed(finished):
        for target in after[name]:
            if (name, target) not in back:
                ranks[target] = max(ranks[target], ranks[name] + 1)
    return ranks, back


def link(upper: Node, lower: Node) -> None:
    """上一层到下一层的一条线。"""
    upper.down.append(lower)
    lower.up.append(upper)


def place(nodes: Sequence[Node]) -> tuple[float, float]:
    """给每个节点定 x、y（中心），从 (0, 0) 起；返回总宽、总高。"""
    if not nodes:
        return 0.0, 0.0
    layers: list[list[Node]] = [[] for _ in range(max(node.rank for node in nodes) + 1)]
    for node in nodes:
        layers[node.rank].append(node)
    layers = [layer for layer in layers if layer]
    _order(layers)
    _spread(layers)
    _straighten(layers)
    left = min(node.x - node.width / 2 for node in nodes)
    for node in nodes:
        node.x -= left
    return max(node.x + node.width / 2 for node in nodes), _stack(layers)


def _order(layers: list[list[Node]]) -> None:
    best, fewest = [list(layer) for layer in layers], _crossings(layers)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for layer in layers[1:] if downwards else layers[-2::-1]:
            spots = {id(node): spot for near in layers for spot, node in enumerate(near)}
            keys: dict[int, float] = {}
            for spot, node in enumerate(layer):
                around = node.up if downwards else node.down
                keys[id(node)] = sum(spots[id(other)] for other in around) / len(around) if around else spot
            layer.sort(key=lambda node: keys[id(node)])  # noqa: B023 - 就地排序，当场用完
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    for layer, order in zip(layers, best, strict=True):
        layer[:] = order


def _crossings(layers: list[list[Node]]) -> int:
    total = 0
    for upper, lower in zip(layers, layers[1:], strict=False):
        spots = {id(node): spot for spot, node in enumerate(lower)}
        ends = [
            (i, spots[id(other)]) for i, node in enumerate(upper) for other in node.down if id(other) in spots
        ]
        total += sum(
            1
            for position, (a, b) in enumerate(ends)
            for c, d in ends[position + 1 :]
            if (a - c) * (b - d) < 0
        )
    return total


def _spread(layers: list[list[Node]]) -> None:
    for layer in layers:
        edge = 0.0
        for node in layer:
            node.x = edge + node.width / 2
            edge += node.width + GAP
    for sweep in range(SWEEPS * 4):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted, weights = [], []
            for node in layer:
                around = node.up + node.down
                wanted.append(sum(_pull(node, n) * n.x for n in around) / sum(_pull(node, n) for n in around)
                              if around else node.x)  # fmt: skip
                weights.append({"pass": 8.0, "state": 2.0}.get(node.kind, 1.0))
            for node, x in zip(layer, _apart(layer, wanted, weights), strict=True):
                node.x = x


def _straighten(layers: list[list[Node]]) -> None:
    """一条长线连续的占位，两边都让得开时放到同一个 x 上。"""
    beside: dict[int, tuple[Node | None, Node | None]] = {}
    for layer in layers:
        for spot, node in enumerate(layer):
            before = layer[spot - 1] if spot else None
            after = layer[spot + 1] if spot + 1 < len(layer) else None
            beside[id(node)] = (before, after)
    for layer in layers:
        for node in layer:
            if node.kind != "pass" or node.up[0].kind == "pass":
                continue
            chain = [node]
            while chain[-1].down[0].kind == "pass":
                chain.append(chain[-1].down[0])
            low, high = float("-inf"), float("inf")
            for part in chain:
                before, after = beside[id(part)]
                if before:
                    low = max(low, before.x + (before.width + part.width) / 2 + GAP)
                if after:
                    high = min(high, after.x - (after.width + part.width) / 2 - GAP)
            if low <= high:
                mean = sum(part.x for part in chain) / len(chain)
                for part in chain:
                    part.x = min(max(mean, low), high)


def _pull(node: Node, other: Node) -> float:
    """长线尽量直，所以占位之间拉得最紧。"""
    return 8.0 if node.kind == other.kind == "pass" else 2.0 if "pass" in (node.kind, other.kind) else 1.0


def _apart(layer: list[Node], wanted: list[float], weights: list[float]) -> list[float]:
    """离 wanted 尽量近而互不重叠的位置：减去累计间隔后做保序回归。"""
    offsets = [0.0]
    for one, two in zip(layer, layer[1:], strict=False):
        offsets.append(offsets[-1] + (one.width + two.width) / 2 + GAP)
    blocks: list[tuple[float, float, int]] = []
    for want, offset, weight in zip(wanted, offsets, weights, strict=True):
        mean, mass, count = want - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            earlier, earlier_mass, earlier_count = blocks.pop()
            mean = (mean * mass + earlier * earlier_mass) / (mass + earlier_mass)
            mass, count = mass + earlier_mass, count + earlier_count
        blocks.append((mean, mass, count))
    flat = [mean for mean, _, count in blocks for _ in range(count)]
    return [spot + offset for spot, offset in zip(flat, offsets, strict=True)]


def _stack(layers: list[list[Node]]) -> float:
    y = 0.0
    for layer, following in zip(layers, [*layers[1:], []], strict=True):
        height = max(node.height for node in layer)
        for node in layer:
            node.y = y + height / 2
        reach = max((abs(node.x - other.x) for node in layer for other in node.down), default=0.0)
        y += height + ((22 + min(34.0, reach / 7)) if following else 0)
    return y
