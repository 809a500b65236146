"""法律规则“做这个含义必须有……”：缺了就拒绝，补上就通过。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.law import LawDecl, StatuteDecl
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.verifier import verify

MEANS = {"file": "立案", "inform": "告知", "hear": "听证", "notify_hearing": "通知听证", "decide": "决定"}
STATUTES = {
    "law": StatuteDecl.model_validate(
        {
            "name": "处罚法", "version": "2021", "in_force": "2021-07-15", "status": "已核对",
            "regime": "penalty-2021",
            "articles": {"1": {"text": "两人", "limit": "90日"}, "64-1": {"text": "听证", "limit": "5日"},
                         "64-2": {"text": "通知", "at_least": "7日"}},
        }
    )
}  # fmt: skip

MATTER: dict[str, Any] = {
    "matter": "demo.demands", "title": "处罚", "covers": ["D1"], "class": "行政处罚",
    "roles": {"handler": {"title": "承办人", "min": 2, "needs": ["certificate.enforcement"]}},
    "fields": {
        "people": {"title": "承办人员", "type": "officer", "many": True},
        "ledger": {"title": "笔录", "type": "text"},
        "hearing_on": {"title": "听证日", "type": "date"},
        "shown": {"title": "出示证件", "type": "flag"},
        "cause": {"title": "案由", "type": "text"},
        "party": {"title": "受送达人", "type": "party", "sensitive": True},
        "parties": {"title": "当事人", "type": "party", "many": True, "sensitive": True},
        "far": {"title": "别的日子", "type": "date"},
    },
    "conditions": {
        "power": {
            "title": "事项生效", "call": {"name": "power.in_force", "args": {"power": "field.cause"}}, "say": "事项没有生效",
            "remedy": "移送有权机关", "basis": "law.1",
        },
        "shown": {
            "title": "出示证件", "cel": "shown  ==  true", "say": "没有出示", "remedy": "出示", "basis": "law.1",
            "witness": {"met": {"shown": True}, "unmet": {"shown": False}},
        },
    },
    "clocks": {
        "decide": {
            "title": "作出决定", "limit": "90日", "from": ["means.file"], "until": ["means.decide"], "basis": "law.1",
        },
        "ask": {
            "title": "听证申请期", "limit": "5个工作日", "from": "means.inform", "protects": "party",
            "guards": ["decide"], "basis": "law.64-1",
        },
        "notice": {
            "title": "听证通知", "at_least": "7个工作日", "before": "field.hearing_on",
            "binds": ["notify_hearing"], "basis": "law.64-2",
        },
    },
    "meanings": {"inform": {"rests_on": ["ledger"]}, "notify_hearing": {"rests_on": ["ledger"]}},
    "documents": {"paper": {"title": "决定书", "text": "{{ ledger }}；可以申请复议"}},
    "states": {
        "filed": {"title": "已立案"}, "informed": {"title": "已告知"},
        "closed": {"title": "办结", "terminal": True},
    },
    "actions": {
        "file": {
            "title": "立案", "means": "file", "from": "start", "to": "filed", "by": "post.office_head",
            "collect": ["people", "ledger", "shown", "cause"], "assign": {"handler": "field.people"},
            "needs": ["power", "shown"],
            "basis": "law.1",
        },
        "inform": {
            "title": "告知", "means": "inform", "from": "filed", "to": "informed", "by": "role.handler",
            "basis": "law.1",
        },
        "notify": {
            "title": "通知听证", "means": "notify_hearing", "from": "informed", "by": "role.handler",
            "collect": ["hearing_on"], "basis": "law.64-2",
        },
        "decide": {
            "title": "决定", "means": "decide", "from": "informed", "to": "closed", "by": "post.office_head",
            "document": ["paper"], "basis": "law.1",
            "open": {"review": {"matter": "demo.review", "title": "公开审查"}},
        },
    },
}  # fmt: skip

RULES: dict[str, dict[str, Any]] = {
    "require": {
        "kind": "require", "means": "file", "condition": "power.in_force", "args": {"power": "field.cause"},
        "basis": "law.1",
    },
    "role": {
        "kind": "role", "means": "inform", "role": "handler", "min": 2,
        "condition": "certificate.enforcement", "basis": "law.1",
    },
    "by": {"kind": "by", "means": "decide", "posts": ["office_head"], "basis": "law.1"},
    "document": {"kind": "document", "means": "decide", "mentions": ["ledger", "复议"], "basis": "law.1"},
    "collects": {"kind": "collects", "means": "file", "field": "ledger", "type": "text", "basis": "law.1"},
    "protects": {
        "kind": "protects", "means": "decide", "from_means": "inform", "limit": "5日", "basis": "law.64-1",
    },
    "notice": {
        "kind": "notice", "means": "notify_hearing", "field": "hearing_on", "limit": "7日", "basis": "law.64-2",
    },
    "clock": {"kind": "clock", "means": "decide", "from_means": "file", "limit": "90日", "basis": "law.1"},
    "test": {"kind": "test", "means": "file", "cel": "shown == true", "basis": "law.1"},
    "rests": {"kind": "rests", "means": "inform", "field": "ledger", "basis": "law.1"},
    "keeps": {"kind": "keeps", "means": "notify_hearing", "all_of": ["inform"], "basis": "law.1"},
    "settled": {"kind": "keeps", "means": "file", "any_of": ["hear", "decide"], "basis": "law.1"},
    "opens": {"kind": "opens", "means": "decide", "matter": "demo.review", "basis": "law.1"},
}  # fmt: skip

BREAKS: list[tuple[str, dict[str, Any], str]] = [
    ("require", {"actions": {"file": {"needs": []}}}, "power.in_force"),
    ("require", {"conditions": {"power": {"effect": "warn"}}}, "power.in_force"),
    ("role", {"roles": {"handler": {"min": 1}}}, "至少 2 人"),
    ("role", {"roles": {"handler": {"needs": []}}}, "certificate.enforcement"),
    ("role", {"actions": {"inform": {"by": ["role.handler", "post.office_head"]}}}, "只能由“承办人”办"),
    ("require", {"conditions": {"power": {"call": {"args": {"power": "A-001"}}}}}, "现在power: A-001"),
    (
        "require",
        {"conditions": {"power": {"call": {"args": {"power": "field.cause", "on": "x"}}}}},
        "一项不差",
    ),
    (
        "role",
        {"actions": {"inform": {"by": ["post.unit_clerk"], "assign": {"handler": "none"}}}},
        "只能由“承办人”办",
    ),
    ("by", {"actions": {"decide": {"organ": "本街道", "by": ["post.unit_clerk"]}}}, "post.office_head"),
    ("by", {"actions": {"decide": {"by": ["post.office_head", "post.unit_clerk"]}}}, "post.office_head"),
    ("by", {"actions": {"decide": {"by": "role.handler"}}}, "post.office_head"),
    ("document", {"actions": {"decide": {"document": []}}}, "没有出文书"),
    ("document", {"documents": {"paper": {"text": "可以申请复议"}}}, "没有“笔录”"),
    ("document", {"documents": {"paper": {"text": "{{ ledgers }}复议"}}}, "没有“笔录”"),
    ("document", {"documents": {"paper": {"text": "{{ ledger }}"}}}, "没有“复议”"),
    ("document", {"documents": {"paper": {"text": "{# {{ ledger }}复议 #}决定。"}}}, "没有“笔录”、“复议”"),
    (
        "document",
        {"documents": {"paper": {"text": "{{ ledger }}{% if shown %}复议{% endif %}"}}},
        "没有“复议”",
    ),
    ("document", {"documents": {"paper": {"text": "{% set ledger = '' %}{{ ledger }}复议"}}}, "没有“笔录”"),
    (
        "document",
        {"documents": {"paper": {"text": "{% for ledger in [] %}{{ ledger }}{% endfor %}复议"}}},
        "没有“笔录”",
    ),
    ("document", {"documents": {"paper": {"text": "{% if ledger %}复议{% endif %}复议"}}}, "没有“笔录”"),
    ("collects", {"fields": {"ledger": {"type": "flag"}}}, "请改为 text"),
    (
        "collects",
        {"actions": {"file": {"collect": ["people", "ledger?", "shown", "cause"]}}},
        "没有必填“笔录”",
    ),
    ("protects", {"clocks": {"ask": {"limit": "3个工作日"}}}, "保护期"),
    ("protects", {"clocks": {"ask": {"protects": None, "guards": []}}}, "保护期"),
    ("protects", {"clocks": {"ask": {"regime": "office"}}}, "数日子"),
    ("protects", {"clocks": {"ask": {"from": ["means.inform", "open"]}}}, "要从 means.inform 起算"),
    ("protects", {"actions": {"file": {"serves": ["inform"]}}}, "要从 served.inform 起算"),
    ("protects", {"clocks": {"ask": {"per": "field.parties"}}}, "请写 among"),
    ("notice", {"clocks": {"notice": {"before": "field.far"}}}, "请改 before"),
    ("notice", {"clocks": {"notice": {"regime": "office"}}}, "数日子"),
    ("clock", {"clocks": {"decide": {"limit": "91日"}}}, "不得超过90日"),
    ("clock", {"clocks": {"decide": {"from": ["open"]}}}, "没有从"),
    ("clock", {"clocks": {"decide": {"regime": "labour-2007"}}}, "数日子"),
    ("clock", {"clocks": {"decide": {"at": "field.far"}}}, "请删去 at"),
    ("clock", {"clocks": {"decide": {"until": ["means.decide", "means.inform"]}}}, "means.inform"),
    ("clock", {"clocks": {"decide": {"until": ["means.decide", "action.notify"]}}}, "action.notify"),
    ("clock", {"clocks": {"decide": {"until": ["means.decide", "state.informed"]}}}, "state.informed"),
    ("clock", {"actions": {"notify": {"stop": ["decide"]}}}, "从 stop 里删去"),
    (
        "clock",
        {
            "clocks": {
                "decide": {
                    "excludes": [
                        {
                            "from": "means.inform",
                            "to": "means.notify_hearing",
                            "title": "等听证",
                            "basis": "law.1",
                        },
                    ]
                }
            }
        },
        "扣除了“等听证”",
    ),
    (
        "clock",
        {"clocks": {"decide": {"extension": {"each": "30日", "basis": "law.64-1"}}}},
        "没有规定可以延长",
    ),
    ("notice", {"clocks": {"notice": {"at_least": "5个工作日"}}}, "倒数时限"),
    ("notice", {"clocks": {"notice": {"binds": ["decide"]}}}, "倒数时限"),
    ("test", {"conditions": {"shown": {"cel": "shown != null"}}}, "shown == true"),
    ("test", {"conditions": {"shown": {"effect": "warn"}}}, "shown == true"),
    ("test", {"actions": {"file": {"needs": ["power"]}}}, "shown == true"),
    ("test", {"actions": {"notify": {"set": {"shown": True}}}}, "不能由系统定"),
    ("test", {"fields": {"shown": {"default": True}}}, "不能有缺省值"),
    ("test", {"actions": {"file": {"collect": ["people", "ledger", "shown?", "cause"]}}}, "会沿用以前填的"),
    ("rests", {"meanings": {"inform": {"rests_on": ["people"]}}}, "“笔录”改了"),
    ("keeps", {"meanings": {"notify_hearing": {"rests_on": ["people"]}}}, "单独作废"),
    ("keeps", {"actions": {"decide": {"clears": ["notify_hearing"]}}}, "没有一并作废"),
    ("settled", {"actions": {"inform": {"clears": ["file"]}}}, "却没有做“听证”、“决定”之一"),
    ("settled", {"meanings": {"file": {"rests_on": ["people"]}}}, "只由“听证”、“决定”了结"),
    ("opens", {"actions": {"decide": {"open": {"review": {"matter": "demo.other"}}}}}, "demo.review"),
    ("opens", {"actions": {"decide": {"open": {"review": {"for_each": "field.people"}}}}}, "请删去 for_each"),
]


def changed(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """逐层替换。"""
    found = dict(base)
    for key, value in change.items():
        old = found.get(key)
        found[key] = changed(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    return found


def codes(rule: str, matter: dict[str, Any]) -> list[tuple[str, str]]:
    law = LawDecl.model_validate(
        {"law": "处罚", "applies_to": ["行政处罚"], "rules": {rule: RULES[rule] | {"say": "法律要求"}}}
    )
    definition = Definition.build(MatterDecl.model_validate(matter), STATUTES, (law,), MEANS)
    return [(p.code, p.say) for p in verify(definition) if p.is_error and p.code.startswith("law.")]


@pytest.mark.parametrize("rule", RULES)
def test_what_the_law_demands_is_there(rule: str) -> None:
    assert codes(rule, MATTER) == []


def test_one_of_the_endings_may_void_it() -> None:
    assert codes("settled", changed(MATTER, {"actions": {"decide": {"clears": ["file"]}}})) == []


@pytest.mark.parametrize(("rule", "change", "fragment"), BREAKS)
def test_what_the_law_demands_is_missing(rule: str, change: dict[str, Any], fragment: str) -> None:
    found = codes(rule, changed(MATTER, change))
    kind = RULES[rule]["kind"]
    assert any(code == f"law.{kind}" and fragment in say for code, say in found), found
    assert any("法律要求" in say for _, say in found)
