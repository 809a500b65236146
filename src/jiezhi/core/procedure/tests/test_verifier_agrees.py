"""校验器放行的，运行时要办得成：子件、指定的来源、放弃保护期、等时机的自动办理、几个值的字段。"""

from __future__ import annotations

import pytest

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.fields import FieldDecl
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.sources import SPELLINGS, Source, parse_source
from jiezhi.core.procedure.tests.test_verifier import FOLDER, PENALTY, PETITION, codes, define
from jiezhi.core.procedure.values import ValueProblem, normalize
from jiezhi.core.procedure.verifier import Catalogue, MatterInfo, verify

FIELDS = "  hearing_date: {title: 听证日期, type: date}\n"
OPENING = "collect: [cause, handler, identifier]"
BACK = "    reason: true\n    basis: derived.apart\n"
ALL = frozenset({"who", "unit", "spot"})


@pytest.fixture(scope="module")
def packs() -> PackSet:
    return load_folder(FOLDER / "shared")


def opened(packs: PackSet, for_each: str, copy: str, info: MatterInfo | None = None) -> list[Problem]:
    """退回补充时逐项开立子件；立案时填了协办单位、当事人、清单。"""
    more = (
        "  helpers: {title: 协办单位, type: unit, many: true}\n"
        "  people: {title: 当事人, type: party, many: true, sensitive: true}\n"
        "  goods: {title: 清单, type: rows, columns: {what: {title: 名称, type: text}}}\n"
    )
    child = f"    open:\n      ask: {{matter: demo.task, title: 协查, for_each: {for_each}, copy: {copy}}}\n"
    definition = define(
        packs,
        PENALTY,
        (FIELDS, FIELDS + more),
        (OPENING, "collect: [cause, handler, identifier, helpers, people, goods]"),
        (BACK, child + BACK),
    )
    task = info or MatterInfo(
        {"start": frozenset()}, ALL, frozenset({"who"}), {"start": frozenset({"system"})}
    )
    outside = Catalogue(
        matters={"demo.task": task}, resolvers=frozenset({"roster.patrol"}), tags=frozenset({"shop"})
    )
    return verify(definition, catalogue=outside)


@pytest.mark.parametrize(
    ("for_each", "copy"),
    [
        ("field.helpers", "{who: row.value, unit: row.unit}"),
        ("field.people", "{who: row.value}"),
        ("field.identifier", "{who: row.value}"),
        ("rows.goods", "{who: row.what}"),
        ("tag.shop", "{spot: row.value, unit: row.address}"),
        ("roster.patrol", "{who: row.value}"),
    ],
)
def test_each_source_offers_what_the_runtime_gives(packs: PackSet, for_each: str, copy: str) -> None:
    assert [str(problem) for problem in opened(packs, for_each, copy)] == []


@pytest.mark.parametrize(
    ("for_each", "copy", "code"),
    [
        ("field.people", "{who: row.unit}", "unknown.column"),
        ("rows.goods", "{who: row.value}", "unknown.column"),
        ("roster.patrol", "{who: row.address}", "unknown.column"),
        ("tag.shop", "{who: row.unit}", "unknown.column"),
        ("field.people", "{spot: row.value}", "field.sensitive"),
        ("field.goods", "{who: row.what}", "child.rows"),
        ("rows.helpers", "{who: row.value}", "child.rows"),
        ("roster.night", "{who: row.value}", "unknown.resolver"),
        ("role.handler", "{who: row.value}", "child.for_each"),
    ],
)
def test_what_the_runtime_does_not_give_is_refused(
    packs: PackSet, for_each: str, copy: str, code: str
) -> None:
    assert codes(opened(packs, for_each, copy)) == {(code, "error")}


def test_row_without_for_each_is_refused(packs: PackSet) -> None:
    child = "    open: {ask: {matter: demo.task, title: 协查, copy: {who: row.value}}}\n"
    assert codes(verify(define(packs, PENALTY, (BACK, child + BACK)))) == {("child.rows", "error")}


@pytest.mark.parametrize(
    ("info", "code"),
    [
        (MatterInfo({"start": frozenset()}, ALL, ALL, {"start": frozenset({"post.chief"})}), "child.by"),
        (
            MatterInfo({"start": frozenset()}, ALL, ALL, {"start": frozenset({"system"})}, "省平台"),
            "child.host",
        ),
        (MatterInfo({"start": frozenset()}, ALL, ALL, reasons=frozenset({"start"})), "child.by"),
        (MatterInfo({"start": frozenset({"spot"})}, ALL, ALL), "child.missing"),
    ],
)
def test_a_child_the_system_cannot_open_is_refused(packs: PackSet, info: MatterInfo, code: str) -> None:
    assert codes(opened(packs, "field.helpers", "{who: row.value}", info)) == {(code, "error")}


def test_the_outline_of_a_matter_says_who_opens_it_and_where_it_is_hosted(packs: PackSet) -> None:
    petition: MatterDecl = define(packs, PETITION).matter
    assert MatterInfo.of(petition) == MatterInfo(
        opening={"register": frozenset({"content"})},
        fields=frozenset({"content", "phone", "more", "answer"}),
        sensitive=frozenset({"phone"}),
        by={"register": frozenset({"reporter", "post.window"})},
        host="信访信息系统",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("actor", Source("actor")),
        ("unit.none", Source("none")),
        ("unit.parent", Source("unit.parent")),
        ("unit.unit_clerk", Source("unit", "unit_clerk")),
        ("post.chief", Source("post", "chief")),
        ("field.x", Source("field", "x")),
        ("dispatch.unit", Source("resolver", "dispatch.unit")),
        ("area.keeper", Source("area.keeper")),
        ("area.other", None),
        ("row.value", None),
        ("unit", None),
        ("role.", None),
        ("", None),
    ],
)
def test_one_reading_of_sources(text: str, expected: Source | None) -> None:
    assert parse_source(text) == expected


def test_every_listed_spelling_is_read() -> None:
    assert all(parse_source(text) for text in SPELLINGS)


@pytest.mark.parametrize("source", ["actor", "none", "post.chief", "unit.clerk", "role.other", "roster.x"])
def test_sources_of_people_are_accepted_for_roles(packs: PackSet, source: str) -> None:
    roles = ("  handler: {title: 承办人}\n", "  handler: {title: 承办人}\n  other: {title: 协办}\n")
    first = ("    assign: {handler: actor}\n", f"    assign: {{other: {source}}}\n")
    opening = (
        "    collect: [content, phone?]\n",
        "    collect: [content, phone?]\n    assign: {other: post.x}\n",
    )
    anyone = ("by: [role.handler, post.chief]", "by: post.chief")
    assert verify(define(packs, PETITION, roles, first, opening, anyone)) == []


@pytest.mark.parametrize("source", ["none", "unit.parent", "unit.mine", "roster.unit"])
def test_sources_of_units_are_accepted_for_the_unit(packs: PackSet, source: str) -> None:
    first = ("    assign: {handler: actor}\n", f"    assign: {{handler: actor, unit: {source}}}\n")
    assert verify(define(packs, PETITION, first)) == []


def test_a_role_given_to_whoever_acts_is_empty_when_the_reporter_acts(packs: PackSet) -> None:
    mixed = (
        "    by: post.chief\n    assign: {handler: actor}",
        "    by: [post.chief, reporter]\n    assign: {handler: actor}",
    )
    only = ("by: [role.handler, post.chief]", "by: role.handler")
    assert codes(verify(define(packs, PETITION, only))) == set()
    assert codes(verify(define(packs, PETITION, only, mixed))) == {("role.unassigned", "error")}


def test_a_paper_waiver_may_be_recorded_by_a_post(packs: PackSet) -> None:
    paper = (FIELDS, FIELDS + "  signed: {title: 放弃书, type: file}\n")
    by_post = ("    by: party\n", "    by: [party, post.chief]\n    collect: [signed]\n")
    assert verify(define(packs, PENALTY, paper, by_post)) == []
    organ = ("    by: party\n", "    by: post.chief\n    organ: 区司法局\n")
    assert ("protect.waive", "error") in codes(verify(define(packs, PENALTY, organ))), "写外部机关也要签字"
    system = ("    by: party\n", "    by: [party, role.handler]\n    collect: [signed]\n")
    assert ("protect.waive", "error") in codes(verify(define(packs, PENALTY, paper, system)))


def test_one_party_may_waive_his_own_period(packs: PackSet) -> None:
    several = (FIELDS, FIELDS + "  parties: {title: 当事人, type: party, many: true, sensitive: true}\n")
    per = ("from: served.inform, protects", "from: served.inform, per: field.parties, protects")
    opening = (OPENING, "collect: [cause, handler, identifier, parties]")
    whose = ("    by: party\n", "    by: party\n    collect: [parties]\n")
    assert verify(define(packs, PENALTY, several, per, opening, whose)) == []


def test_a_protected_period_may_start_from_a_date_filled_with_it(packs: PackSet) -> None:
    told = (FIELDS, FIELDS + "  told_on: {title: 送达日期, type: date}\n")
    at = ("from: served.inform, protects", "from: served.inform, at: field.told_on, protects")
    assert verify(define(packs, PENALTY, told, at, ("collect: [fine]", "collect: [fine, told_on]"))) == []


def test_an_expiry_that_may_find_the_case_elsewhere_is_told(packs: PackSet) -> None:
    aside = "  pause:\n    title: 搁置\n    from: doing\n    to: new\n    by: post.chief\n"
    (problem,) = verify(define(packs, PETITION, ("  withdraw:\n", aside + "  withdraw:\n")))
    assert (problem.code, problem.severity, problem.path) == ("auto.waits", "warn", ("登记", "受理", "搁置"))
    assert "到期时可能不在这些环节，会等到回到其中再办" in problem.say and "“待受理”" in problem.say
    stops = aside + "    stop: reply\n"
    found = verify(define(packs, PETITION, ("  withdraw:\n", stops + "  withdraw:\n")))
    assert codes(found) == {("law.clock", "error")}, "搁置就停掉法定的时限，不行"


def test_a_date_or_child_that_may_come_elsewhere_is_told(packs: PackSet) -> None:
    dated = ("    on: clock.reply.expires\n", "    on: date.day\n")
    field = ("  more: {title", "  day: {title: 约定日期, type: date}\n  more: {title")
    early = ("    collect: [content, phone?]\n", "    collect: [content, phone?, day]\n")
    found = verify(define(packs, PETITION, dated, field, early))
    assert codes(found) == {("auto.waits", "warn")} and "“待受理”" in found[0].say
    late = ("    assign: {handler: actor}\n", "    assign: {handler: actor}\n    collect: [day]\n")
    assert verify(define(packs, PETITION, dated, field, late)) == []
    child = ("    on: clock.reply.expires\n", "    on: child.ask.closed\n")
    asks = "    open: {ask: {matter: demo.task, title: 协查}}\n"
    opening = ("    collect: [content, phone?]\n", "    collect: [content, phone?]\n" + asks)
    assert codes(verify(define(packs, PETITION, child, opening))) == {("auto.waits", "warn")}
    after = ("    assign: {handler: actor}\n", "    assign: {handler: actor}\n" + asks)
    assert verify(define(packs, PETITION, child, after)) == []


def test_a_field_of_several_values_keeps_each_checked_value_once() -> None:
    units = FieldDecl.model_validate({"title": "协办单位", "type": "unit", "many": True, "min": 2, "max": 3})
    assert normalize(units, ["law", " law", "civil"]) == ["law", "civil"]
    assert normalize(units, []) is None and normalize(units, ["", None]) is None
    for wrong in ("law", ["law", "law"], ["a", "b", "c", "d"], ["law", "x" * 100]):
        with pytest.raises(ValueProblem):
            normalize(units, wrong)
    people = FieldDecl.model_validate({"title": "当事人", "type": "party", "many": True})
    assert normalize(people, "张三") == normalize(people, [{"name": "张三"}]) == [{"name": "张三"}]
