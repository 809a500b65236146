"""换版抹不掉的：当事人做过的、法律规则要看的含义，法定时限，含义所依据的字段，事项的类别。"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.tests import test_change
from jiezhi.core.procedure.tests.test_change import LAW, MEANS, OLD, decl, errors
from jiezhi.core.procedure.verifier.change import verify_change

MORE = {"defend": "陈述申辩", "reply": "复核申辩", "dispute": "复议诉讼", "plead": "申辩"}
RULES: dict[str, Any] = {
    "answered": {"kind": "before", "means": "decide", "all_of": "reply", "when": "done.defend"},
    "kept": {"kind": "keeps", "means": "reply", "all_of": "inform"},
    "ended": {"kind": "keeps", "means": "plead", "any_of": "decide"},
    "paused": {"kind": "never", "means": "decide", "after": "dispute"},
    "in_time": {"kind": "clock", "means": "decide", "from_means": "file", "limit": "90日"},
}
STATED = {
    **LAW,
    "rules": {
        **LAW["rules"],
        **{name: {**rule, "basis": "office.x", "say": f"规则{name}"} for name, rule in RULES.items()},
    },
}


def step(title: str, means: str, by: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "means": means, "from": "pending", "by": by, "basis": "office.x", **more}


TALK: dict[str, Any] = {
    "actions/defend": step("登记申辩", "defend", "post.unit_clerk"),
    "actions/reply": step("复核申辩", "reply", "role.handler", needs="done.defend"),
    "actions/dispute": step("登记复议诉讼", "dispute", "post.unit_clerk"),
    "actions/settle": step(
        "复议诉讼结束", "note", "post.unit_clerk", needs="done.dispute", clears=["dispute"]
    ),
    "actions/decide": {
        **OLD["actions"]["decide"],
        "needs": ["done.inform", "done.reply", "not done.dispute"],
    },
}


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_change, "MEANS", {**MEANS, **MORE})


def compiled(changes: dict[str, Any] | None = None, law: dict[str, Any] = STATED) -> Definition:
    return test_change.compiled({**TALK, **(changes or {})}, law)


def kept(old: Definition, new: Definition, **names: Any) -> str:
    found = [one.say for one in verify_change(old, new, decl(**names)) if one.code == "change.kept"]
    return "；".join(found)


def test_what_the_law_looks_at_is_neither_dropped_nor_cleared() -> None:
    """申辩、复议抹掉，后面的复核、停止计算就一并免了。"""
    old = compiled()
    new = compiled({"title": "处罚（新版）"})
    assert errors(old, new) == {}
    for names in (
        {"meanings": {"defend": "drop", "reply": "drop"}},
        {"clears": {"pending": ["defend", "reply"]}},
    ):
        assert "“陈述申辩”不能在换版时作废：法律规则“规则answered”" in kept(old, new, **names)
    assert "“复议诉讼”不能在换版时作废：法律规则“规则paused”" in kept(old, new, meanings={"dispute": "drop"})


def test_what_the_law_keeps_together_goes_together() -> None:
    old, new = compiled(), compiled()
    alone = kept(old, new, clears={"pending": ["reply"]})
    assert "“复核申辩”不能在换版时作废：违反法律规则“规则kept”" in alone
    assert kept(old, new, clears={"pending": ["reply", "inform"]}) == ""
    pleading = {"actions/defend": {**TALK["actions/defend"], "means": "plead"}}
    pleading["actions/reply"] = {**TALK["actions/reply"], "needs": "done.plead"}
    old, new = compiled(pleading), compiled(pleading)
    assert "违反法律规则“规则ended”" in kept(old, new, clears={"pending": ["plead"]})


def test_what_the_party_did_is_not_dropped() -> None:
    """没有规则提到也一样：当事人办的不能由换版作废，也不能改认作别的。"""
    by_party = {"actions/defend": {**TALK["actions/defend"], "by": ["party", "post.unit_clerk"]}}
    old, new = compiled(by_party, LAW), compiled(by_party, LAW)
    assert "它是当事人办的" in kept(old, new, meanings={"defend": "drop"})
    plain = {"actions/defend": {**TALK["actions/defend"], "means": "note"}}
    plain["actions/reply"] = {**TALK["actions/reply"], "needs": "done.note"}
    renamed = kept(old, compiled(plain, LAW), meanings={"defend": "note"})
    assert "“陈述申辩”不能改认作“批注”" in renamed
    still = {"actions/defend": {**by_party["actions/defend"], "means": "plead"}}
    still["actions/reply"] = {**TALK["actions/reply"], "needs": "done.plead"}
    assert kept(old, compiled(still, LAW), meanings={"defend": "plead"}) == "", "只是换了叫法"
    assert kept(compiled(law=LAW), compiled(law=LAW), meanings={"dispute": "drop"}) == ""


def test_a_clock_of_ours_is_not_stopped() -> None:
    """新版还有的、法律规则要的，换版停不掉：停了就看不出超期。"""
    old, clock = compiled(), OLD["clocks"]["decide"]
    assert "新版还有，换版不能停它" in errors(old, compiled(), clocks={"decide": "end"})["change.clocks"]
    other = {"clocks/decide": None, "clocks/handle": clock}
    said = errors(old, compiled(other), clocks={"decide": "end"})["change.clocks"]
    assert "法律规则“规则in_time”要的" in said and "请映射到“办案”" in said
    assert errors(old, compiled(other), clocks={"decide": "handle"}) == {}
    # 同名而不再是那个时限：名字不算数
    moved = {**clock, "title": "送达", "from": "means.inform", "until": "means.return"}
    swapped = {"clocks/decide": moved, "clocks/handle": clock}
    assert "请映射到“办案”" in errors(old, compiled(swapped))["change.clocks"]
    # 没有规则要、新版也没有了的，可以停
    assert errors(compiled(law=LAW), compiled({"clocks/decide": None}, LAW), clocks={"decide": "end"}) == {}


TWO: dict[str, Any] = {
    "fields/facts": {"title": "事实", "type": "text"},
    "fields/scene": {"title": "现场", "type": "text"},
    "actions/file": {**OLD["actions"]["file"], "collect": ["cause", "party", "facts", "scene"]},
    "meanings": {"inform": {"rests_on": ["facts"]}},
}


def test_fields_both_versions_have_stay_themselves() -> None:
    old, new = compiled(TWO), compiled(TWO)
    swap = {"fields": {"facts": "scene", "scene": "facts"}}
    assert "两版都有的字段各是各的" in errors(old, new, **swap)["change.fields"]
    assert "旧值要带过去" in errors(old, new, fields={"scene": "drop"})["change.fields"]
    # 旧版还有的名字也不能占：现场成了事实，而原来的事实不要了
    gone = {name: value for name, value in TWO.items() if name != "fields/scene"}
    gone["actions/file"] = {**TWO["actions/file"], "collect": ["cause", "party", "facts"]}
    taken = {"fields": {"scene": "facts", "facts": "drop"}}
    found = [one.say for one in verify_change(old, compiled(gone), decl(**taken)) if one.is_error]
    assert any("“现场”不能改认作“事实”" in say for say in found)


def test_a_meaning_rests_on_the_same_fields() -> None:
    """告知依据的是事实：换版不能让它改为依据另一个字段，也不能让事实改了不作废。"""
    old = compiled(TWO)
    loose, other = copy.deepcopy(TWO), copy.deepcopy(TWO)
    loose["meanings"] = {"inform": {"rests_on": []}}
    assert "“告知”不再依据字段“事实”" in errors(old, compiled(loose))["change.rests"]
    other["meanings"] = {"inform": {"rests_on": ["facts", "scene"]}}
    assert "“告知”才开始依据字段“现场”" in errors(old, compiled(other))["change.rests"]
    back = {"states": {"pending": "investigating"}, "meanings": {"inform": "drop", "reply": "drop"}}
    assert "change.rests" not in errors(old, compiled(other), **back), "告知作废、重做就行"
    renamed = compiled(
        {
            "fields/truth": TWO["fields/facts"],
            "fields/found": TWO["fields/scene"],
            "actions/file": {**TWO["actions/file"], "collect": ["cause", "party", "truth", "found"]},
            "meanings": {"inform": {"rests_on": ["truth"]}},
        }
    )
    assert errors(old, renamed, fields={"facts": "truth", "scene": "found"}) == {}
    crossed = errors(old, renamed, fields={"scene": "truth", "facts": "found"})
    assert "才开始依据" in crossed["change.rests"] or "不再依据" in crossed["change.rests"]


def test_a_legal_judgment_keeps_its_field() -> None:
    """新版另设一个空字段来判断情节，旧件就都不算复杂了。"""
    law = {"predicates/heavy": {**OLD["predicates"]["heavy"], "law": "complex"}}
    grave = {
        "fields/grave": {"title": "重大", "type": "flag"},
        "predicates/heavy": {"title": "情节严重", "field": "grave", "cel": "grave == true", "law": "complex"},
        "actions/inform": {**OLD["actions"]["inform"], "collect": ["heavy", "grave"]},
    }
    said = errors(compiled(law), compiled(grave))
    assert "新版看的是别的字段" in said["change.law"]
    assert "change.law" not in errors(compiled(law), compiled(law))


def test_the_class_and_the_roles_stay() -> None:
    assert "类别由行政处罚改为执法办件" in errors(compiled(), compiled({"class": "执法办件"}))["change.class"]
    roles = {"roles/host": {"title": "主持人"}}
    swap = {"roles": {"handler": "host", "host": "handler"}}
    assert "两版都有的角色各是各的" in errors(compiled(roles), compiled(roles), **swap)["change.roles"]
