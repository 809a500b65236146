"""业务模板的流程图（SVG）。

环节是圆角框，办结环节双线框；办理动作是带文字的箭头，退回（往回走的）是虚线；任何环节都能办的动作列在图下的
说明框里；留在原环节的动作写在环节框里。动作文字和环节一样占位置，所以文字不会重叠。时限画小钟，写在起算的地方。
只用属性、不用样式表和编号引用，可以直接嵌进任何页面。
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.layout import Node, layers, link, place
from jiezhi.core.procedure.matter import ClockDecl
from jiezhi.core.procedure.svgparts import (
    BLUE,
    FONT,
    GREY,
    GREY_INK,
    INK,
    PALE,
    PAPER,
    SMALL,
    TITLE,
    Line,
    clock_sign,
    line_width,
    measure,
    num,
    plain,
    row_of,
    words,
    wrap,
)

MARGIN = 28
MAX_TITLE, MAX_LABEL = 11, 14


@dataclass
class _Box:
    """一个节点里的文字。"""

    lines: list[Line] = field(default_factory=list)


@dataclass
class _Route:
    """一条线：从上到下经过的节点；`upwards` 是实际方向向上（退回）。"""

    nodes: list[Node]
    upwards: bool
    taken: bool


def draw(
    definition: Definition, *, taken: Sequence[tuple[str, str, str]] = (), current: str | None = None
) -> str:
    """画流程图。

    进：`taken` 是走过的路 （从哪个环节, 到哪个环节, 动作代号），开件从 `start` 起；`current` 是现在的环节。
    出：一段 `<svg>…</svg>`(UTF-8 文字)。同样的输入画出同样的字节。
    """
    return _Drawing(definition, taken, current).svg()


class _Drawing:
    def __init__(
        self, definition: Definition, taken: Sequence[tuple[str, str, str]], current: str | None
    ) -> None:
        self.definition = definition
        self.matter = definition.matter
        self.taken = set(taken)
        self.visited = {place for step in taken for place in step[:2]} | ({current} if current else set())
        self.current = current
        self.edges: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.stays: dict[str, list[str]] = {}
        self.anywhere: list[str] = []
        self.boxes: dict[str, _Box] = {}
        self.routes: list[_Route] = []
        self.nodes: dict[str, Node] = {}
        self.shown_clocks: set[str] = set()
        self._collect()

    # —— 要画什么 ——

    def _collect(self) -> None:
        for name, action in self.matter.actions.items():
            targets = [(branch.state, branch.when) for branch in action.to]
            if "any" in action.from_:
                self.anywhere.append(self._anywhere_text(name))
                continue
            for source in self.definition.sources(action):
                if source != START and source not in self.matter.states:
                    continue
                if not targets:
                    self.stays.setdefault(source, []).append(action.title)
                for target, when in targets:
                    title = f"{action.title}({self._when(when)})" if when else action.title
                    if target == source:
                        self.stays.setdefault(source, []).append(title)
                    elif target in self.matter.states:
                        self.edges.setdefault((source, target), []).append((name, title))

    def _anywhere_text(self, name: str) -> str:
        action = self.matter.actions[name]
        text = action.title
        if action.to:
            ends = [self._title(branch.state) for branch in action.to]
            text += " → " + "或".join(dict.fromkeys(ends))
        if action.except_:
            text += "(" + "、".join(self._title(state) for state in action.except_) + "除外)"
        return text

    def _title(self, state: str) -> str:
        if state == START:
            return "开件"
        return self.matter.states[state].title if state in self.matter.states else state

    def _when(self, text: str) -> str:
        """`not ours and done.inform` → 中文。"""
        said: list[str] = []
        denied = False
        for word in text.replace("(", " ( ").replace(")", " ) ").split():
            if word == "not":
                denied = True
                continue
            if word in self.matter.predicates:
                said.append(self.matter.predicates[word].title + (":否" if denied else ""))
            elif word.startswith("done."):
                said.append(("未" if denied else "已") + self.definition.means.get(word[5:], word[5:]))
            else:
                said.append(("非" if denied else "") + {"and": "，且", "or": "，或"}.get(word, word))
            denied = False
        return "".join(said)

    def _clock_lines(self, action_name: str) -> list[Line]:
        """在这个动作起算的时限。"""
        action = self.matter.actions[action_name]
        starts = {f"action.{action_name}", *(f"means.{m}" for m in action.means)}
        starts |= {f"served.{m}" for m in action.serves} | ({"open"} if action.opens_case else set())
        return [
            self._clock_line(name, clock)
            for name, clock in self.matter.clocks.items()
            if clock.limit and starts & set(clock.from_)
        ]

    def _clock_line(self, name: str, clock: ClockDecl) -> Line:
        self.shown_clocks.add(name)
        return Line(f"{clock.title} {clock.limit}", clock=True)

    # —— 摆在哪里 ——

    def _ranks(self) -> tuple[dict[str, int], set[tuple[str, str]]]:
        """每个环节的层次（最长路径，不算退回），以及哪些边是退回。"""
        after: dict[str, list[str]] = {START: [], **{name: [] for name in self.matter.states}}
        for source, target in self.edges:
            after[source].append(target)
        ranks, back = layers(after, START)
        deepest = max(ranks.values())
        entered = {target for _, target in self.edges}
        for name, decl in self.matter.states.items():
            if decl.terminal and name not in entered:
                ranks[name] = deepest  # 只从“任何环节”走到的办结环节，放最下面
        return ranks, back

    def _arrange(self) -> tuple[float, float]:
        ranks, back = self._ranks()
        for name in (START, *self.matter.states):
            self._add_state(name, ranks[name] * 2)
        for index, ((source, target), steps) in enumerate(self.edges.items()):
            upwards = (source, target) in back
            upper, lower = (target, source) if upwards else (source, target)
            label = self._add_label(f"e{index}", source, target, steps)
            first, last = ranks[upper] * 2, ranks[lower] * 2
            label.rank = last - 1 if upwards else first + 1
            chain = [self.nodes[upper]]
            for rank in range(first + 1, last):
                if rank == label.rank:
                    chain.append(label)
                else:
                    chain.append(self._add(Node(f"e{index}.{rank}", "pass", rank, 8, 8)))
            chain.append(self.nodes[lower])
            for one, two in zip(chain, chain[1:], strict=False):
                link(one, two)
            walked = any((source, target, name) in self.taken for name, _ in steps)
            self.routes.append(_Route(chain, upwards, walked))
        return place(list(self.nodes.values()))

    def _add(self, node: Node) -> Node:
        self.nodes[node.name] = node
        return node

    def _add_state(self, name: str, rank: int) -> None:
        if name == START:
            self.boxes[name] = _Box([Line("开件")])
            self._add(Node(name, "state", rank, 64, 30))
            return
        decl = self.matter.states[name]
        lines = [Line(row) for row in wrap(decl.title, MAX_TITLE)]
        width = max(measure(line.text, TITLE) for line in lines)
        small = [
            self._clock_line(clock_name, clock)
            for clock_name, clock in self.matter.clocks.items()
            if clock.limit and f"state.{name}" in clock.from_
        ]
        for title in dict.fromkeys(self.stays.get(name, [])):
            small += [Line(row) for row in wrap(f"可办：{title}", MAX_LABEL)]
        self.boxes[name] = _Box([*lines, *small])
        width = max([width, *(line_width(line, SMALL) for line in small)])
        height = len(lines) * (TITLE + 6) + len(small) * (SMALL + 6) + 16 + (6 if small else 0)
        self._add(Node(name, "state", rank, max(width + 36, 96), height))

    def _add_label(self, key: str, source: str, target: str, steps: list[tuple[str, str]]) -> Node:
        lines: list[Line] = []
        for name, title in steps:
            walked = (source, target, name) in self.taken
            lines += [Line(row, taken=walked) for row in wrap(title, MAX_LABEL)]
            lines += self._clock_lines(name)
        self.boxes[key] = _Box(lines)
        width = max(line_width(line, SMALL + 1) for line in lines) + 10
        return self._add(Node(key, "label", 0, width, len(lines) * (SMALL + 7) + 4))

    # —— 画出来 ——

    def svg(self) -> str:
        """整幅图。"""
        width, height = self._arrange()
        legend, legend_width, legend_height = self._legend(max(width, 320), height + 26)
        full_width = max(width, legend_width, 320) + MARGIN * 2
        full_height = height + MARGIN * 2 + (legend_height + 26 if legend else 0)
        shift = (full_width - width) / 2
        title = f"{self.matter.title}流程图"
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {num(full_width)} {num(full_height)}" '
            f'width="{num(full_width)}" height="{num(full_height)}" role="img" '
            f'font-family="{escape(FONT, quote=True)}" fill="{INK}" aria-label="{plain(title)}">',
            f"<title>{plain(title)}</title>",
            f"<desc>{plain(self._description())}</desc>",
            f'<rect width="100%" height="100%" fill="{PAPER}"/>',
            f'<g transform="translate({num(shift)} {MARGIN})">',
        ]
        # 走过的线压在上面。
        ends = self._ports()
        for route in sorted(self.routes, key=lambda route: route.taken):
            parts += self._line(route, ends)
        for node in self.nodes.values():
            if node.kind == "state":
                parts += self._state(node)
            elif node.kind == "label":
                parts += self._label(node)
        parts.append("</g>")
        if legend:
            parts += [f'<g transform="translate({MARGIN} {MARGIN})">', *legend, "</g>"]
        return "".join([*parts, "</svg>"])

    def _ports(self) -> dict[tuple[int, str, bool], float]:
        """同一个环节出入的几条线在框边上左右错开。键是（哪条线、哪个环节、是不是下边）。"""
        sides: dict[tuple[str, bool], list[tuple[float, int]]] = {}
        for route in self.routes:
            first, last = route.nodes[0], route.nodes[-1]
            sides.setdefault((first.name, True), []).append((route.nodes[1].x, id(route)))
            sides.setdefault((last.name, False), []).append((route.nodes[-2].x, id(route)))
        ports: dict[tuple[int, str, bool], float] = {}
        for (name, below), lines in sides.items():
            node = self.nodes[name]
            step = min(26.0, (node.width - 30) / max(len(lines) - 1, 1))
            ordered = sorted(lines, key=lambda line: line[0])
            for index, (_, route_id) in enumerate(ordered):
                ports[(route_id, name, below)] = node.x + (index - (len(lines) - 1) / 2) * step
        return ports

    def _line(self, route: _Route, ports: dict[tuple[int, str, bool], float]) -> Iterable[str]:
        colour, thick = (BLUE, 2.6) if route.taken else (GREY, 1.4)
        dash = ' stroke-dasharray="6 4"' if route.upwards else ""
        first, last = route.nodes[0], route.nodes[-1]
        start_x = ports[(id(route), first.name, True)]
        end_x = ports[(id(route), last.name, False)]
        path: list[str] = []
        for upper, lower in zip(route.nodes, route.nodes[1:], strict=False):
            x1 = start_x if upper is first else upper.x
            x2 = end_x if lower is last else lower.x
            y1 = upper.bottom + (9 if upper is first and route.upwards else 0)
            y2 = lower.top - (9 if lower is last and not route.upwards else 0)
            middle = (y1 + y2) / 2
            path.append(
                f"M{num(x1)} {num(y1)}C{num(x1)} {num(middle)} {num(x2)} {num(middle)} {num(x2)} {num(y2)}"
            )
            if lower.kind == "pass":
                path.append(f"M{num(x2)} {num(lower.top)}V{num(lower.bottom)}")
        yield f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="{thick}"{dash}/>'
        if route.upwards:
            x, y, way = start_x, first.bottom, 1
        else:
            x, y, way = end_x, last.top, -1
        tip = f"{num(x)},{num(y + way)} {num(x - 5)},{num(y + way * 10)} {num(x + 5)},{num(y + way * 10)}"
        yield f'<polygon points="{tip}" fill="{colour}"/>'

    def _state(self, node: Node) -> Iterable[str]:
        name = node.name
        here, seen = name == self.current, name in self.visited
        fill = BLUE if here else PALE if seen else "#ffffff"
        stroke = BLUE if here or seen else INK
        text = "#ffffff" if here else INK
        x, y, w, h = node.x - node.width / 2, node.top, node.width, node.height
        radius = h / 2 if name == START else 9
        box = f'<rect x="{num(x)}" y="{num(y)}" width="{num(w)}" height="{num(h)}" rx="{num(radius)}" '
        yield box + f'fill="{fill}" stroke="{stroke}" stroke-width="1.6"/>'
        if name != START and self.matter.states[name].terminal:
            inner = "#ffffff" if here else stroke
            yield (
                f'<rect x="{num(x + 4)}" y="{num(y + 4)}" width="{num(w - 8)}" height="{num(h - 8)}" rx="6" '
                f'fill="none" stroke="{inner}" stroke-width="1"/>'
            )
        lines = self.boxes[name].lines
        titles = len(wrap(self._title(name), MAX_TITLE)) if name != START else 1
        size = TITLE if name != START else 13
        top = y + (8 if name != START else 3)
        for index, line in enumerate(lines):
            if index < titles:
                yield words(node.x, top + size + 1, line.text, size, text, bold=name != START)
                top += TITLE + 6
            else:
                top += 3 if index == titles else 0
                yield from row_of(node.x, top + SMALL + 1, line, SMALL, text if here else GREY_INK)
                top += SMALL + 6

    def _label(self, node: Node) -> Iterable[str]:
        top = node.top + 2
        for line in self.boxes[node.name].lines:
            colour = BLUE if line.taken or line.clock else INK
            yield from row_of(node.x, top + SMALL + 2, line, SMALL + 1 if not line.clock else SMALL, colour)
            top += SMALL + 7

    def _legend(self, width: float, top: float) -> tuple[list[str], float, float]:
        """任何环节都能办的动作、图上没处标的时限。"""
        rows: list[tuple[Line, bool]] = []
        limit = max((width - 32) / (SMALL + 1), 12)
        if self.anywhere:
            rows.append((Line("任何未办结的环节都可以办"), True))
            rows += [(Line(row), False) for text in self.anywhere for row in wrap(text, limit)]
        rest = [
            f"{clock.title}：{clock.limit or f'至少提前{clock.at_least}'}"
            for name, clock in self.matter.clocks.items()
            if name not in self.shown_clocks
        ]
        if rest:
            rows.append((Line("其他时限"), True))
            rows += [
                (Line(row, clock=index == 0), False)
                for text in rest
                for index, row in enumerate(wrap(text, limit - 2))
            ]
        if not rows:
            return [], 0, 0
        needed = max(line_width(line, SMALL + 1) for line, _ in rows) + 32
        height = len(rows) * 22 + 18
        parts = [
            f'<rect x="0" y="{num(top)}" width="{num(max(needed, 200))}" height="{num(height)}" rx="9" '
            f'fill="#ffffff" stroke="{GREY}" stroke-width="1"/>'
        ]
        y = top + 26
        for line, heading in rows:
            x = 16.0
            if line.clock:
                parts.append(clock_sign(x + 6, y - 4.5, BLUE))
                x += 18
            parts.append(words(x, y, line.text, SMALL + 1, INK, bold=heading, anchor="start"))
            y += 22
        return parts, max(needed, 200), height

    def _description(self) -> str:
        """读屏软件读的文字：每个环节能办什么、到哪里。"""
        sentences = []
        for (source, target), steps in self.edges.items():
            acts = "、".join(title for _, title in steps)
            sentences.append(f"{self._title(source)}：{acts}，到{self._title(target)}。")
        for source, titles in self.stays.items():
            sentences.append(f"{self._title(source)}：可办{'、'.join(dict.fromkeys(titles))}，环节不变。")
        if self.anywhere:
            sentences.append(f"任何未办结的环节都可以办：{'、'.join(self.anywhere)}。")
        for clock in self.matter.clocks.values():
            sentences.append(f"{clock.title}：{clock.limit or f'至少提前{clock.at_least}'}。")
        if self.current:
            sentences.append(f"现在在“{self._title(self.current)}”。")
        return "".join(sentences)
