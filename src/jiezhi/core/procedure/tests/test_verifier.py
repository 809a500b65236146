"""校验器的零散性质：名录、定位、降为提醒、放弃保护期、分离的两种写法、上限、概况。"""

from __future__ import annotations

from pathlib import Path

import pytest

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.loader import load_folder, try_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.verifier import Catalogue, MatterInfo, summary, verify

FOLDER = Path(__file__).parent / "wrong_packs"
PENALTY = (FOLDER / "base_penalty.yaml").read_text(encoding="utf-8")
PETITION = (FOLDER / "base_petition.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def packs() -> PackSet:
    return load_folder(FOLDER / "shared")


def define(packs: PackSet, text: str, *changes: tuple[str, str]) -> Definition:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    matter, problems = try_matter(text, packs)
    assert matter is not None, [str(problem) for problem in problems]
    return matter.definition


def codes(problems: list[Problem]) -> set[tuple[str, str]]:
    return {(problem.code, problem.severity) for problem in problems}


def test_names_outside_are_checked_only_against_a_given_catalogue(packs: PackSet) -> None:
    found = define(packs, PENALTY, ("by: post.legal", "by: [post.legal, roster.on_duty]"))
    assert verify(found) == []
    narrow = Catalogue(posts=frozenset({"chief"}), resolvers=frozenset())
    assert codes(verify(found, catalogue=narrow)) == {
        ("unknown.post", "error"),
        ("unknown.resolver", "error"),
    }


CHILD = """    reason: true
    open:
      ask: {matter: demo.task, title: 协查, copy: {who: field.identifier, what: field.fine}}
    basis: derived.apart
"""


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (MatterInfo({"start": frozenset()}, frozenset({"who", "what"}), frozenset({"who"})), set()),
        (MatterInfo({"start": frozenset()}, frozenset({"who", "what"})), {("field.sensitive", "error")}),
        (MatterInfo({"start": frozenset()}, frozenset({"what"})), {("unknown.field", "error")}),
        (
            MatterInfo({"a": frozenset(), "b": frozenset()}, frozenset({"who", "what"}), frozenset({"who"})),
            {("child.action", "error")},
        ),
    ],
)
def test_a_child_is_checked_against_its_matter(
    packs: PackSet, info: MatterInfo, expected: set[tuple[str, str]]
) -> None:
    found = define(packs, PENALTY, ("    reason: true\n    basis: derived.apart\n", CHILD))
    assert codes(verify(found, catalogue=Catalogue(matters={"demo.task": info}))) == expected


def test_a_field_the_child_requires_must_be_collected_here_on_every_path(packs: PackSet) -> None:
    child = CHILD.replace("what: field.fine", "what: field.hearing_date")
    found = define(packs, PENALTY, ("    reason: true\n    basis: derived.apart\n", child))
    fields = (frozenset({"who", "what"}), frozenset({"who"}))
    needed = Catalogue(matters={"demo.task": MatterInfo({"start": frozenset({"what"})}, *fields)})
    free = Catalogue(matters={"demo.task": MatterInfo({"start": frozenset()}, *fields)})
    assert codes(verify(found, catalogue=needed)) == {("field.unassigned", "error")}
    assert verify(found, catalogue=free) == []


def test_a_rule_resting_on_a_web_source_only_warns(packs: PackSet) -> None:
    broken = ("    from: informed\n    to: closed", "    from: [drafting, informed]\n    to: closed")
    found = define(packs, PENALTY, broken)
    assert ("law.before", "error") in codes(verify(found))
    (law,) = found.laws
    rules = {name: rule.model_copy(update={"basis": "penalty-2021.web"}) for name, rule in law.rules.items()}
    softer = Definition.build(
        found.matter, packs.statutes, (law.model_copy(update={"rules": rules}),), packs.means
    )
    assert ("law.before", "warn") in codes(verify(softer))
    assert ("law.before", "error") not in codes(verify(softer))


def test_a_rule_resting_on_an_unverified_article_is_itself_refused(packs: PackSet) -> None:
    found = define(packs, PENALTY)
    (law,) = found.laws
    rule = law.rules["inform_first"].model_copy(update={"basis": "penalty-2021.unsure"})
    shaky = law.model_copy(update={"rules": {"inform_first": rule}})
    again = Definition.build(found.matter, packs.statutes, (shaky,), packs.means)
    assert codes(verify(again)) == {("law.unverified", "error")}


def test_mutually_exclusive_roles_also_keep_persons_apart(packs: PackSet) -> None:
    assign = (
        "    assign: {handler: field.handler}\n",
        "    assign: {handler: field.handler, reviewer: field.second}\n",
    )
    collect = (
        "    collect: [cause, handler, identifier]",
        "    collect: [cause, handler, second, identifier]",
    )
    declared = ("  facts: {title", "  second: {title: 指定审核人, type: officer}\n  facts: {title")
    roles = ("    by: post.legal\n    needs: [apart]", "    by: role.reviewer")
    apart = define(packs, PENALTY, assign, collect, declared, roles)
    assert ("law.separate", "error") not in codes(verify(apart))
    changed = ("    title: 退回补充\n", "    title: 退回补充\n    assign: {handler: field.handler}\n")
    swapped = define(packs, PENALTY, assign, collect, declared, roles, changed)
    assert ("law.separate", "error") in codes(verify(swapped))


def test_a_field_need_counts_as_collected_afterwards(packs: PackSet) -> None:
    optional = ("    collect: [fine]\n", "    collect: [fine?]\n")
    assert ("field.unassigned", "error") in codes(verify(define(packs, PENALTY, optional)))
    needed = ("    needs: [fined]", "    needs: [field.fine, fined]")
    assert verify(define(packs, PENALTY, optional, needed)) == []


def test_leaving_an_optional_field_blank_keeps_what_was_there(packs: PackSet) -> None:
    later = ("    collect: [hearing_date, place]", "    collect: [hearing_date, place, fine?]")
    assert not [p for p in verify(define(packs, PENALTY, later)) if p.code == "field.unassigned"]


def test_too_many_situations_are_said_to_be_too_many(packs: PackSet) -> None:
    assert codes(verify(define(packs, PENALTY), cap=5)) == {("matter.too_complex", "error")}


def test_the_place_falls_back_to_the_nearest_known_line(packs: PackSet) -> None:
    found = define(packs, PENALTY, ("    means: inform\n", "    means: infrom\n"))
    lines = {("actions", "inform"): ("甲.yaml", 7)}
    problems = verify(found, locate=lambda path: lines[path])
    assert ("甲.yaml", 7) in {(p.file, p.line) for p in problems if p.code == "unknown.meaning"}


def test_problems_speak_plain_chinese_and_cite_the_article(packs: PackSet) -> None:
    broken = ("    from: informed\n    to: closed", "    from: [drafting, informed]\n    to: closed")
    (problem,) = [p for p in verify(define(packs, PENALTY, broken)) if p.code == "law.before"]
    assert problem.basis == "penalty-2021.44"
    assert "《行政处罚法》(2021)第44条" in problem.say
    assert "请" in problem.say


def test_the_summary_counts_and_lists_what_rests_on_less_than_the_text(packs: PackSet) -> None:
    found = summary(define(packs, PETITION))
    assert (found["states"], found["actions"], found["clocks"], found["rules"]) == (4, 6, 1, 3)
    assert found["configs"] == 7
    penalty = summary(
        define(packs, PENALTY, ("    basis: penalty-2021.44\n  call", "    basis: penalty-2021.web\n  call"))
    )
    assert penalty["resting"] == {"已核对(网)": ["penalty-2021.web"], "待核": [], "推导": ["derived.apart"]}


def test_a_state_reached_in_a_loop_clears_the_protected_period_only_when_it_lapses(packs: PackSet) -> None:
    again = ("    from: drafting\n    to: informed", "    from: [drafting, informed]\n    to: informed")
    assert verify(define(packs, PENALTY, again)) == []
