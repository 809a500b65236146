"""通用做法的展开、合并，参数的代入。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.core.procedure.errors import PackError
from jiezhi.core.procedure.loader import load_matter, try_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.source import read_text
from jiezhi.core.procedure.tests.helpers import SMALL, sample
from jiezhi.core.procedure.traits import LoadedTrait, check_value, expand, references, resolve, substitute

ASK = """\
trait: ask
title: 征求意见
arguments: {name: null, by: [post.a, post.b], days: 3个工作日, from: new, title: 征求意见}
fields:
  $name: {title: "$title内容", type: text}
conditions:
  ready: {title: 已备齐, cel: "true", say: 没备齐, remedy: 备齐, basis: office.8}
clocks:
  $name: {title: 征求期, limit: $days, from: "action.ask_$name", basis: office.8}
actions:
  ask_$name:
    title: $title
    means: dispatch
    from: $from
    by: $by
    collect: ["$name"]
    needs: [ready]
    clears: handle
"""


def trait(text: str) -> LoadedTrait:
    source = read_text(text, "t.yaml")
    assert not source.problems
    data: dict[str, Any] = source.data
    return LoadedTrait(data["trait"], data["title"], data["arguments"], data, source.positions, "t.yaml")


def packs(*texts: str) -> PackSet:
    base = sample()
    return PackSet(means=base.means, statutes=base.statutes, codes=base.codes,
                   traits={item.name: item for item in map(trait, texts)})  # fmt: skip


def codes(text: str, pack_set: PackSet) -> list[str]:
    return [problem.code for problem in try_matter(text, pack_set, "m.yaml")[1]]


def using(use: str, more: str = "") -> str:
    return SMALL.replace("class:", f"use:\n{use}\nclass:").replace("  close:\n", more + "  close:\n")


def test_arguments_replace_whole_values_keys_and_parts_of_text() -> None:
    matter = load_matter(using("  - ask: {name: police, title: 征求派出所意见}"), packs(ASK)).decl
    action = matter.actions["ask_police"]
    assert (action.title, action.by, action.collect) == ("征求派出所意见", ["post.a", "post.b"], ["police"])
    assert matter.fields["police"].title == "征求派出所意见内容"
    assert matter.clocks["police"].from_ == ["action.ask_police"]
    # 业务模板自己的在前
    assert list(matter.actions) == ["register", "close", "ask_police"]


def test_the_same_trait_twice_under_different_names() -> None:
    matter = load_matter(using("  - ask: {name: a}\n  - ask: {name: b, days: 5个工作日}"), packs(ASK)).decl
    assert (matter.clocks["a"].limit, matter.clocks["b"].limit) == ("3个工作日", "5个工作日")


def test_arguments_may_carry_params_which_are_left_for_resolve() -> None:
    text = using("  - ask: {name: a, days: $d}") + (
        "params:\n  d: {title: 天数, default: 2个工作日, max: 4个工作日, basis: office.8}\n"
    )
    matter = load_matter(text, packs(ASK)).decl
    assert matter.clocks["a"].limit == "$d"
    assert resolve(matter).clocks["a"].limit == "2个工作日"
    assert resolve(matter, {"d": "4个工作日"}).clocks["a"].limit == "4个工作日"
    assert resolve(matter, {"d": "4个工作日"}).use == matter.use
    with pytest.raises(PackError) as caught:
        resolve(matter, {"d": "5个工作日", "e": 1})
    assert [p.code for p in caught.value.problems] == ["param.unknown", "param.out_of_bounds"]


def test_argument_mistakes() -> None:
    found = try_matter(using("  - ask: {nam: a}"), packs(ASK), "m.yaml")[1]
    assert {(p.code, p.file, p.line) for p in found if p.code.startswith("trait.")} == {
        ("trait.argument_unused", "m.yaml", 5),
        ("trait.argument_missing", "m.yaml", 5),
    }
    assert "trait.arguments" in codes(using("  - ask:"), packs(ASK))


def test_own_declaration_wins_entry_by_entry() -> None:
    own = "  ask_a: {title: 改名, by: post.z, needs: [ready, done.register]}\n"
    matter = load_matter(using("  - ask: {name: a}", own), packs(ASK)).decl
    action = matter.actions["ask_a"]
    assert (action.title, action.by, action.from_) == ("改名", ["post.z"], ["new"])
    assert action.needs == ["ready", "done.register"]


@pytest.mark.parametrize(
    ("own", "code"),
    [
        ("  ask_a: {means: close}\n", "trait.means_changed"),
        ("  ask_a: {needs: []}\n", "trait.weakened"),
        ("  ask_a: {needs: done.register}\n", "trait.weakened"),
        ("  ask_a: {clears: [register]}\n", "trait.weakened"),
    ],
)
def test_the_common_floor_cannot_be_lowered(own: str, code: str) -> None:
    text = using("  - ask: {name: a}", own)
    found = try_matter(text, packs(ASK), "m.yaml")[1]
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "ask_a:" in row)
    assert [(p.code, p.line) for p in found] == [(code, line)]


def test_the_same_means_written_as_a_list_is_no_change() -> None:
    assert (
        codes(
            using("  - ask: {name: a}", "  ask_a: {means: [dispatch], clears: [handle, dispatch]}\n"),
            packs(ASK),
        )
        == []
    )


def test_conditions_may_be_reworded_but_not_loosened() -> None:
    text = using("  - ask: {name: a}") + "conditions:\n  ready: {say: 还差材料}\n"
    assert codes(text, packs(ASK)) == []
    assert codes(text.replace("say: 还差材料", "cel: 1 == 1"), packs(ASK)) == ["trait.weakened"]
    assert codes(text.replace("say: 还差材料", "effect: warn"), packs(ASK)) == ["trait.weakened"]


def test_two_traits_must_agree() -> None:
    other = ASK.replace("trait: ask", "trait: also")
    text = using("  - ask: {name: a}\n  - also: {name: a}")
    assert codes(text, packs(ASK, other)) == []
    assert set(codes(text, packs(ASK, other.replace("备齐, basis", "快备齐, basis")))) == {"trait.conflict"}


def test_mistakes_inside_a_trait_point_at_the_trait() -> None:
    found = try_matter(using("  - ask: {name: Bad}"), packs(ASK), "m.yaml")[1]
    assert {p.file for p in found} == {"t.yaml"}
    assert ("decl.string_pattern_mismatch", 5) in {(p.code, p.line) for p in found}


def test_expand_leaves_its_input_alone() -> None:
    source = read_text(using("  - ask: {name: a}", "  ask_a: {title: 改名}\n"), "m.yaml")
    before = repr(source.data)
    expanded = expand(source.data, source.positions, packs(ASK).traits)
    assert repr(source.data) == before
    assert expanded.positions.at(("actions", "ask_a", "title"))[0] == "m.yaml"  # type: ignore[index]
    assert expanded.positions.at(("actions", "ask_a", "by"))[:2] == ("t.yaml", 15)  # type: ignore[index]
    assert expanded.from_traits[("clocks", "a")] == "ask"


def test_substitute_is_a_single_pass() -> None:
    assert substitute({"$a": ["$b", "x$a-$c"]}, {"a": "$b", "b": [1]}) == {"$b": [1, "x$b-$c"]}
    assert references({"$a": ["$b", {"c": "x$d"}], "e": 3}) == {"a", "b", "d"}


@pytest.mark.parametrize(
    ("default", "low", "high", "value", "fits"),
    [
        ("5个工作日", "1个工作日", "5个工作日", "5个工作日", True),
        ("5个工作日", "2个工作日", None, "1个工作日", False),
        ("5个工作日", None, "5个工作日", "7日", False),
        ("5个工作日", None, "5个工作日", "很快", False),
        ("5个工作日", None, "5个工作日", 5, False),
        (3, 1, 5, 5, True),
        (3, 1, 5, 0, False),
        (3, 1, 5, 6, False),
        (3, 1, 5, "3", False),
        (3, 1, 5, True, False),
        ("平台", None, None, "街道公众号", True),
        ("平台", None, None, "'; x", False),
    ],
)
def test_param_bounds(default: Any, low: Any, high: Any, value: Any, fits: bool) -> None:
    from jiezhi.core.procedure.base import ParamDecl

    param = ParamDecl(title="参数", default=default, min=low, max=high, basis="office.8")
    assert (check_value(param, value) is None) is fits


def test_braces_end_the_name() -> None:
    given = {"doc": "inform", "more": ["a", "b"]}
    assert substitute("${doc}_to", given) == "inform_to"
    assert substitute(["$more", "c", ["$more"]], given) == ["a", "b", "c", ["a", "b"]]
    assert substitute("{field.$doc} ${doc} $doc_to ${none}", given) == "{field.inform} inform $doc_to ${none}"
    assert references(["${doc}_x", "$doc_to"]) == {"doc", "doc_to"}
