"""两版差在哪里：说的是中文、是名称，会影响正在办的件的排在前面。"""

from __future__ import annotations

import copy
from typing import Any

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.difference import Change, difference
from jiezhi.core.procedure.tests.test_change import LAW, OLD, REVIEW, compiled


def said(old: Definition, new: Definition) -> list[str]:
    return [one.say for one in difference(old, new, {"office_head": "街道办负责人"})]


def only(changes: dict[str, Any], law: dict[str, Any] = LAW) -> list[Change]:
    return difference(compiled(), compiled(changes, law))


def test_nothing_to_say() -> None:
    assert difference(compiled(), compiled()) == []


def test_an_action_gains_a_condition() -> None:
    found = said(compiled(), compiled(REVIEW))
    assert "动作“作出决定”新增办理条件“法制审核”" in found
    assert "新增环节“待审核”" in found and "新增动作“法制审核”" in found
    assert "动作“告知”新增到哪里“待审核”" in found and "动作“告知”去掉到哪里“待决定”" in found
    assert "动作“退回调查”新增作废的含义“法制审核”" in found


def test_a_limit_changes() -> None:
    (found,) = only({"clocks/decide": {**OLD["clocks"]["decide"], "limit": "60日"}})
    assert (found.what, found.impact) == ("changed", 3) and found.path == ("clocks", "decide", "limit")
    assert found.say == "时限“办案”由 90日 改为 60日"


def test_what_only_reads_differently_comes_last() -> None:
    decide = {**OLD["actions"]["decide"], "title": "决定", "by": ["post.office_head", "post.deputy_head"]}
    found = difference(compiled(), compiled({"actions/decide": decide}))
    assert [one.impact for one in found] == [3, 0]
    assert found[1].say == "动作“作出决定”的名称由 作出决定 改为 决定"
    removed = {"actions/decide": {**OLD["actions"]["decide"], "by": "post.deputy_head"}}
    assert "动作“作出决定”去掉谁能做“街道办负责人”" in said(compiled(), compiled(removed))


def test_things_that_disappear_and_types() -> None:
    (found,) = only({"clocks/decide": None})
    assert (found.what, found.impact, found.say) == ("removed", 3, "去掉时限“办案”")
    (found,) = only({"fields/cause": {"title": "案由", "type": "count"}})
    assert found.say == "字段“案由”的类型由 text 改为 count" and found.impact == 3


def test_the_law_changes() -> None:
    law = copy.deepcopy(LAW)
    law["rules"]["review_first"] = {
        "kind": "before", "means": "decide", "all_of": ["review"], "basis": "office.x", "say": "先审核再决定",
    }  # fmt: skip
    found = difference(compiled(REVIEW), compiled(REVIEW, law))
    assert [one.say for one in found] == ["新增法律规则“先审核再决定”（本单位规定：内部规定）"]
    assert found[0].impact == 3 and found[0].as_json()["path"] == ["laws", "测试规则", "review_first"]
