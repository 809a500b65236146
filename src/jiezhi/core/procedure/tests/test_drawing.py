"""流程图：文字不重叠、走过的路看得出、内容不出格。"""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.procedure.drawing import BLUE, draw, measure, wrap
from jiezhi.core.procedure.layout import GAP, Node, link, place
from jiezhi.core.procedure.loader import load_matter
from jiezhi.core.procedure.tests.helpers import SMALL, sample

SVG = "{http://www.w3.org/2000/svg}"
TAKEN = [("start", "new", "register"), ("new", "assigned", "dispatch"), ("assigned", "handling", "take")]


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def text_boxes(svg: str) -> list[tuple[float, float, float, float]]:
    root = ElementTree.fromstring(svg)
    found = []
    for group in root.iter(f"{SVG}g"):
        dx, dy = map(float, group.get("transform", "").removeprefix("translate(").rstrip(")").split())
        for node in group.iter(f"{SVG}text"):
            size, x, y = (float(node.get(key, "0")) for key in ("font-size", "x", "y"))
            width = measure(node.text or "", size)
            left = x + dx - (width / 2 if node.get("text-anchor") == "middle" else 0)
            found.append((left, y + dy - size * 0.85, left + width, y + dy + size * 0.15))
    return found


def assert_no_overlap(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    boxes = text_boxes(svg)
    for left, top, right, bottom in boxes:
        assert left >= 0 and top >= 0 and right <= width and bottom <= height
    for one, two in itertools.combinations(boxes, 2):
        assert one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1], (one, two)


def test_sample_drawing() -> None:
    definition = sample().matters["hotline.report"].definition
    svg = draw(definition)
    assert svg == draw(definition)
    assert_no_overlap(svg)
    shown = texts(svg)
    for state in definition.matter.states.values():
        assert shown.count(state.title) == 1
    assert "答复时限 5个工作日" in shown
    assert shown.count("催办") == 1  # 任何环节都能办的只列一次
    assert "撤回诉求 → 已撤回" in shown
    root = ElementTree.fromstring(svg)
    assert root.findtext(f"{SVG}title") == "居民报事流程图"
    assert "待核实：退回重办，到处理中。" in (root.findtext(f"{SVG}desc") or "")
    dashed = [node for node in root.iter(f"{SVG}path") if node.get("stroke-dasharray")]
    assert len(dashed) == 3  # 两个退回重派、一个退回重办


def test_the_way_taken_and_the_current_state_stand_out() -> None:
    definition = sample().matters["hotline.report"].definition
    root = ElementTree.fromstring(draw(definition, taken=TAKEN, current="handling"))
    thick = [node for node in root.iter(f"{SVG}path") if node.get("stroke-width") == "2.6"]
    assert len(thick) == len(TAKEN)
    assert {node.get("stroke") for node in thick} == {BLUE}
    here = [node for node in root.iter(f"{SVG}text") if node.text == "处理中"]
    assert here[0].get("fill") == "#ffffff"
    assert "现在在“处理中”" in (root.findtext(f"{SVG}desc") or "")


def test_markup_in_titles_is_only_text() -> None:
    text = SMALL.replace("title: 小件", "title: '<script>&\"'").replace("title: 待办", "title: ']]><a/>'")
    svg = draw(load_matter(text, sample()).definition)
    root = ElementTree.fromstring(svg)
    assert "]]><a/>" in texts(svg)
    assert root.findtext(f"{SVG}title") == '<script>&"流程图'
    assert {node.tag.removeprefix(SVG) for node in root.iter()} <= {
        "svg", "title", "desc", "rect", "g", "path", "polygon", "text", "circle",
    }  # fmt: skip


def test_wrap_keeps_every_character_and_no_punctuation_first() -> None:
    rows = wrap("责令限期改正（逾期不改的，移送），并告知申诉途径和期限", 9)
    assert "".join(rows) == "责令限期改正（逾期不改的，移送），并告知申诉途径和期限"
    assert len(rows) > 1
    assert not any(row[0] in ",)" for row in rows)
    assert not any(row.endswith("(") for row in rows)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 7), st.text("甲乙丙丁W", min_size=1, max_size=24)),
        max_size=14,
    )
)
def test_any_procedure_draws_without_overlap(edges: list[tuple[int, int, str]]) -> None:
    states = "".join(f"  s{i}: {{title: 环节{i}{'很长的名字' * (i % 3)}}}\n" for i in range(7))
    actions = "".join(
        f"  a{n}: {{title: {title}, from: s{a}, to: s{b}, by: post.x}}\n"
        for n, (a, b, title) in enumerate(edges)
        if b < 7
    )
    anywhere = "  urge: {title: 催办, from: any, by: post.x}\n"
    text = (
        "matter: demo.any\ntitle: 任意\ncovers: [B1]\nclass: 甲\n"
        f"states:\n{states}  end: {{title: 完, terminal: true}}\n"
        f"actions:\n  open: {{title: 开, from: start, to: s0, by: reporter}}\n{actions}{anywhere}"
    )
    definition = load_matter(text, sample()).definition
    assert_no_overlap(draw(definition, current="s0"))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(10, 200)), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=16),
)
def test_layout_keeps_nodes_of_a_layer_apart(
    boxes: list[tuple[int, int]], pairs: list[tuple[int, int]]
) -> None:
    nodes = [Node(str(i), "state", rank, width, 20) for i, (rank, width) in enumerate(boxes)]
    for a, b in pairs:
        if a < len(nodes) and b < len(nodes) and nodes[b].rank == nodes[a].rank + 1:
            link(nodes[a], nodes[b])
    width, _ = place(nodes)
    for one, two in itertools.combinations(nodes, 2):
        if one.rank == two.rank:
            assert abs(one.x - two.x) >= (one.width + two.width) / 2 + GAP - 1e-6
    assert min(node.x - node.width / 2 for node in nodes) >= -1e-6
    assert max(node.x + node.width / 2 for node in nodes) <= width + 1e-6
