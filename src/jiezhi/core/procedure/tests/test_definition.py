"""编译好的业务模板：表、依据、表达式、摘要。"""

from __future__ import annotations

import pytest

from jiezhi.core.procedure.definition import START, Definition, cite
from jiezhi.core.procedure.loader import load_matter
from jiezhi.core.procedure.tests.helpers import SMALL, sample
from jiezhi.core.procedure.traits import resolve


def report() -> Definition:
    return sample().matters["hotline.report"].definition


def test_dump_and_load_give_the_same_definition() -> None:
    one = report()
    two = Definition.load(one.dump())
    assert two.digest == one.digest
    assert two.dump() == one.dump()
    assert two.matter == one.matter
    assert two.by_state == one.by_state
    assert two.laws == one.laws


def test_digest_depends_on_the_content_and_on_parameters() -> None:
    small = load_matter(SMALL, sample()).definition
    other = load_matter(SMALL.replace("待办", "待处理"), sample()).definition
    assert small.digest != other.digest
    assert load_matter("# 注释不算\n" + SMALL, sample()).definition.digest == small.digest
    packs = sample()
    decl = resolve(packs.matters["hotline.report"].decl, {"dispatch_limit": "2个工作小时"})
    changed = Definition.build(decl, packs.statutes, tuple(packs.laws), packs.means)
    assert changed.digest != report().digest


def test_tables() -> None:
    definition = report()
    assert definition.opening_actions == ["register"]
    assert definition.by_state["handling"] == ["return", "handle", "extend", "urge", "withdraw"]
    assert definition.by_state["closed"] == []  # any 不含已办结的
    assert definition.is_terminal("withdrawn") and not definition.is_terminal("new")
    assert not definition.is_terminal(START)
    action = definition.action("return")
    assert action is not None and definition.sources(action) == ["assigned", "handling"]
    assert definition.action("没有") is None


def test_needs_say_what_is_missing_and_how_to_get_it() -> None:
    needs = report().needs["reply"]
    assert [need.key for need in needs] == ["done.handle", "condition.has_result"]
    assert needs[0].say == "还没有“办理”"
    assert "填报处理结果" in needs[0].remedy
    assert needs[1].basis == "derived.reply"


def test_citations() -> None:
    statutes = sample().statutes
    found = cite(statutes, "office.8")
    assert found is not None
    assert (found.limit, found.extend, found.status) == ("5个工作日", "5个工作日", "内部规定")
    assert found.label.startswith("本单位规定：")
    derived = cite(statutes, "derived.reply")
    assert derived is not None and derived.label.startswith("系统规则：")
    assert cite(statutes, "office.99") is None
    assert cite(statutes, "nope.1") is None
    assert report().citation(None) is None


def test_expressions() -> None:
    definition = report()
    assert definition.predicate_values({"ours": True}) == {"ours": True}
    assert definition.predicate_values({"ours": False}) == {"ours": False}
    assert definition.predicate_values({}) == {"ours": False}  # 没有采集，算不成立
    expression = definition.expression("size(result) > 4")
    assert expression.variables == {"result"}
    assert expression.holds({"result": "路灯已修好了"})
    assert not expression.holds({"result": "好"})
    assert not expression.holds({})
    assert definition.expression("size(result) > 4") is expression
    with pytest.raises(ValueError):
        definition.expression("a >")


def test_only_cited_statutes_travel_with_the_definition() -> None:
    assert set(report().statutes) == {"office", "derived"}
    assert [law.law for law in report().laws] == ["群众诉求"]
    other = load_matter(SMALL.replace("class: 群众诉求", "class: 别的"), sample()).definition
    assert other.laws == ()
