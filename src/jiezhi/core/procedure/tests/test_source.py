"""读 YAML：只认看得出来的写法，记得住位置，不怕恶意文件。"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.procedure.errors import PackError, Problem, in_order
from jiezhi.core.procedure.source import MAX_BYTES, read_text


def codes(text: str | bytes) -> list[str]:
    return [problem.code for problem in read_text(text, "a.yaml").problems]


def test_only_plain_scalars_are_interpreted() -> None:
    text = "a: yes\nb: on\nc: 012\nd: 2026-01-01\ne: -3\nf: ~\ng: 'true'\nh: true\ni: 0x1f\nj: |\n  7\nk:\n"
    source = read_text(text, "a.yaml")
    assert source.problems == []
    assert source.data == {
        "a": "yes", "b": "on", "c": "012", "d": "2026-01-01", "e": -3, "f": None,
        "g": "true", "h": True, "i": "0x1f", "j": "7\n", "k": None,
    }  # fmt: skip


def test_keys_are_always_text() -> None:
    assert read_text("60: a\ntrue: b\non: c\n", "a.yaml").data == {"60": "a", "true": "b", "on": "c"}


def test_question_mark_suffix_works_inside_brackets() -> None:
    assert read_text("collect: [content, urgent?, 'x?']\nwhat?: a?\n", "a").data == {
        "collect": ["content", "urgent?", "x?"],
        "what?": "a?",
    }


def test_positions_of_keys_and_values() -> None:
    source = read_text("matter: x\nactions:\n  派单:\n    needs: [one, two?, three]\n", "a.yaml")
    marks = source.positions
    assert marks.keys[("actions", "派单")][1:] == (3, 3)
    assert marks.values[("actions", "派单", "needs", 0)][1:] == (4, 13)
    assert marks.values[("actions", "派单", "needs", 2)][1:] == (4, 24)
    assert marks.at(("matter",)) == ("a.yaml", 1, 1)
    assert marks.at(("matter",), key=False) == ("a.yaml", 1, 9)
    # 没有的路径退到最近的上一级
    assert marks.at(("actions", "派单", "by", 3)) == ("a.yaml", 3, 3)


@pytest.mark.parametrize(
    ("text", "code", "line", "word"),
    [
        ("a: 1\nb: 1.5\n", "yaml.float", 2, "小数"),
        ("a: 1e3", "yaml.float", 1, "小数"),
        ("a: .nan", "yaml.float", 1, "小数"),
        ("a: 1\nb: 2\na: 3\n", "yaml.duplicate", 3, "第 1 行"),
        ("a: 99999999999999999999", "yaml.big_int", 1, "编号"),
        ("a: !!python/object/apply:os.system [x]", "yaml.tag", 1, "标签"),
        ("? [a, b]\n: c\n", "yaml.key", 1, "键"),
        ("a: b\n\tc: d", "yaml.tab", 2, "Tab"),
        ("a: 'x", "yaml.syntax", 1, "引号"),
        ("a: @x", "yaml.syntax", 1, "加引号"),
        ("a: [b\nc: d\n", "yaml.syntax", 2, "右方括号"),
        ("标题\uff1a甲\nb: c\n", "yaml.syntax", 2, "中文冒号"),
        ("a: b\n---\nc: d\n", "yaml.documents", 2, "一份"),
        ("%YAML 1.1\n---\na: b\n", "yaml.directive", 1, "%"),
        ("# 空\n", "yaml.empty", 1, "空"),
        ("a: \u202eb", "yaml.invisible", 1, "看不见"),
        ("a: b\x07", "yaml.control", 1, "控制字符"),
        (b"a: \xd6\xd0", "yaml.encoding", 1, "UTF-8"),
        ("a: " + "x" * MAX_BYTES, "yaml.too_big", 0, "拆"),
        ("[" * 500_000, "yaml.too_deep", 1, "套得太深"),
        ("a: [" + "1," * 300_000 + "]", "yaml.too_many", 1, "拆"),
    ],
)
def test_refused_in_chinese_with_place(text: str | bytes, code: str, line: int, word: str) -> None:
    found = read_text(text, "包/a.yaml").problems
    assert [(p.code, p.line) for p in found] == [(code, line)]
    assert word in found[0].say
    assert str(found[0]).startswith(f"包/a.yaml:{line} " if line else "包/a.yaml ")


def test_anchor_alias_and_merge_are_all_reported_at_once() -> None:
    text = "a: &x {k: v}\nb: *x\nc:\n  <<: *x\n"
    assert codes(text) == ["yaml.anchor", "yaml.alias", "yaml.merge", "yaml.alias"]


def test_alias_bomb_stays_small() -> None:
    rows = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 30)]
    source = read_text("\n".join(rows), "a")
    assert source.data["a29"] == [None, None]


def test_duplicate_keeps_the_first_value_and_its_position() -> None:
    source = read_text("a: 1\nb: {c: x, c: [y]}\n", "a")
    assert source.data == {"a": 1, "b": {"c": "x"}}
    assert source.positions.values[("b", "c")][1:] == (2, 8)
    assert ("b", "c", 0) not in source.positions.values


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="ab:-[]{}?!&*|>'\"#%@` \n\t,0.1\uff1a中\x00", max_size=40))
def test_never_raises(text: str) -> None:
    source = read_text(text, "a.yaml")
    assert source.data is not None or source.problems
    assert all(problem.say for problem in source.problems)


def test_problem_shown_and_as_json() -> None:
    problem = Problem(
        "x.y",
        "error",
        "b1",
        "packs/reports/b1.yaml",
        37,
        5,
        ("派单", "退回"),
        "office.8",
        "办理动作“派单”：缺",
    )
    assert str(problem) == "packs/reports/b1.yaml:37 办理动作“派单”：缺（依据 office.8）"
    assert problem.as_json()["path"] == ["派单", "退回"]
    warn = Problem("x.z", "warn", "b1", "packs/reports/b1.yaml", 2, 1, (), None, "提醒一下")
    assert "〔提醒〕" in str(warn)
    assert in_order([problem, warn, problem]) == [warn, problem]
    assert PackError([problem, warn]).problems == (problem, warn)
