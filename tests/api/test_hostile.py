"""坏输入：要么收下、原样读得回来，要么说明哪里不对；一次 500 也没有。"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jiezhi.base.casework import outbox, replay
from jiezhi.base.casework.models import Case

Made = Callable[..., Any]
WORDS = [
    "长" * 2000,
    "控制\x01\x07\x1b[31m字符\x7f\x85",
    "从右到左\u202egnp.exe\u2066隐藏\u2069\u200f",
    "表情😀👨‍👩‍👧‍👦🇨🇳零宽\u200b\u200d\ufeff",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "'; DROP TABLE casework_case; -- \" OR 1=1",
    "{{ 7*7 }}{% debug %}{field.reporter}{number}${jndi:ldap://x}",
    "\\u0000\\x00%00\\n",
    "换行\r\n\t制表\u2028\u2029",
    "生僻𠮷𪚥字、組合é́́́́",
    "=cmd|' /C calc'!A0",
    "../../../etc/passwd",
    "ﷺ" * 100,
]


@pytest.mark.parametrize("text", WORDS, ids=range(len(WORDS)))
def test_whatever_is_said_is_kept_as_it_was(caller: Made, resident: Any, street: Any, text: str) -> None:
    """居民说的话一个字不改，页面、接口、列表、查找、后续发送都受得住，折叠出来与库里相同。"""
    made = resident.post("/public/reports", {"inputs": {"content": text, "reporter": {"name": text[:50]}}})
    assert made.status_code == 201, made.content.decode()
    case, me = Case.objects.get(), caller("fenbo")
    said = text.strip()
    assert case.fields["content"] == said
    whole = me.get(f"/cases/{case.uid}")
    assert whole.status_code == 200 and whole.headers["Content-Type"].startswith("application/json")
    assert next(one["value"] for one in whole.json()["fields"] if one["name"] == "content") == said
    assert me.get("/cases").json()["items"][0]["title"] == said[:200]
    assert me.get("/cases", {"q": text[:100]}).status_code == 200
    tracked = resident.track(case.number, made.json()["code"])
    assert said in [one["text"] for one in tracked.json()["contents"]]
    assert outbox.drain().failed == 0
    case.refresh_from_db()
    assert replay.differences(case) == []


@pytest.mark.parametrize(
    "inputs",
    [
        {"content": "长" * 5000}, {"content": ""}, {"content": "   "}, {"content": "x"}, {"content": 5}, {"content": None},
        {"content": ["路灯不亮"]}, {"content": {"a": "路灯不亮"}}, {"content": True}, {},
        {"content": "路灯不亮", "spot": {"lon": "NaN", "lat": "1"}}, {"content": "路灯不亮", "spot": {"lon": 1e308, "lat": 1}},
        {"content": "路灯不亮", "spot": {"lon": "1"}}, {"content": "路灯不亮", "spot": ["x"]}, {"content": "路灯不亮", "spot": 7},
        {"content": "路灯不亮", "spot": {"address": "长" * 5000}}, {"content": "路灯不亮", "spot": {"x": 1}},
        {"content": "路灯不亮", "reporter": {"phone": "不是电话"}}, {"content": "路灯不亮", "reporter": {"phone": 1.5}},
        {"content": "路灯不亮", "reporter": {"identifier_kind": "居民身份证", "identifier": "123"}},
        {"content": "路灯不亮", "reporter": [[]]}, {"content": "路灯不亮", "reporter": {"name": {"a": 1}}},
        {"content": "路灯不亮", "channel": "外星"}, {"content": "路灯不亮", "channel": {"a": 1}},
        {"content": "路灯不亮", "category": "没有/这类"}, {"content": "路灯不亮", "category": 9}, {"content": "路灯不亮", "category": "a\nb"},
        {"content": "路灯不亮", "to_unit": "law"}, {"content": "路灯不亮", "reply": "已办"}, {"content": "路灯不亮", "#unique": "x"},
        {"content": "路灯不亮", "_reason": "x"}, {"content": "路灯不亮", "photos": "x" * 5000},
    ],
    ids=range(32),
)  # fmt: skip
def test_what_cannot_be_is_refused_and_leaves_nothing(
    resident: Any, street: Any, inputs: dict[str, Any]
) -> None:
    found = resident.post("/public/reports", {"inputs": inputs})
    assert found.status_code == 422, found.content.decode()
    assert found.json()["missing"][0]["say"]
    assert Case.objects.count() == 0


def test_too_many_things_at_once(resident: Any, street: Any) -> None:
    many = {"content": "路灯不亮", **{f"x{n}": n for n in range(300)}}
    assert resident.post("/public/reports", {"inputs": many}).status_code == 422
    long = {"content": "路灯不亮", "x" * 100: 1}
    assert resident.post("/public/reports", {"inputs": long}).status_code == 422
    assert (
        resident.post("/public/reports", {"inputs": {"content": "路灯不亮"}, "actor": "system"}).status_code
        == 422
    )
    photos = {"content": "路灯不亮", "photos": ["x"] * 1000}
    assert resident.post("/public/reports", {"inputs": photos}).status_code == 422
    assert Case.objects.count() == 0


@pytest.mark.parametrize("reason", ["长" * 2001, "\x00", "   ", ""])
def test_reasons(caller: Made, opened: Made, reason: str) -> None:
    """要理由的，空白的不算；太长的不收。"""
    found = caller("fenbo").post(f"/cases/{opened().uid}/actions/withdraw", {"reason": reason})
    assert found.status_code in (400, 422) and Case.objects.get().seq == 1


def test_a_refused_field_name_is_said_back_safely(caller: Made) -> None:
    body = {"matter": "report.snapshot", "inputs": {"content": "路灯不亮", "<b>\u202e": 1}}
    found = caller("fenbo").post("/cases", body)
    assert found.status_code == 422 and found.headers["Content-Type"] == "application/problem+json"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
