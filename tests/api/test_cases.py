"""办公接口：列表、件、登记、办理、合并。与页面同一个门、同一套看得见。"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from jiezhi.api.testing import problem
from jiezhi.base.accounts.actions import deactivate_officer
from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.casework.outcome import Outcome

Made = Callable[..., Any]
REPORT = {"matter": "report.snapshot", "inputs": {"content": "东桥路12号路灯不亮"}}


# ---- 登记 ----


def test_open_then_read_it_back(caller: Made) -> None:
    me = caller("fenbo")
    made = me.post("/cases", REPORT | {"inputs": {**REPORT["inputs"], "reporter": {"phone": "13800138001"}}})
    assert made.status_code == 201, made.content.decode()
    done = made.json()
    assert done["state"] == {"code": "new", "title": "待分派"} and done["version"] == 1
    found = me.get(f"/cases/{done['uid']}").json()
    fields = {one["name"]: one for one in found["fields"]}
    assert fields["content"]["value"] == "东桥路12号路灯不亮"
    assert fields["reporter"]["masked"] and fields["reporter"]["value"] == {"phone": "138****8001"}
    assert [one["title"] for one in found["steps"]] == ["登记随手拍"]
    assert found["clocks"][0]["title"] == "分派" and found["light"] == "正常"
    assert {"dispatch", "mark_urgent"} <= {one["action"] for one in found["available"]}


def test_the_phone_never_appears_in_clear(caller: Made, opened: Made) -> None:
    me, case = caller("fenbo"), opened()
    for path in (f"/cases/{case.uid}", "/cases", f"/cases/{case.uid}/available"):
        text = me.get(path).content.decode()
        assert "13800138001" not in text and "林小燕" not in text


def test_what_is_lacking_is_said_all_at_once(caller: Made) -> None:
    found = problem(caller("fenbo").post("/cases", {"matter": "report.snapshot"}), 422, "invalid")
    assert found["missing"] == [
        {
            "code": "input",
            "say": "还没有“反映的事”",
            "remedy": "一句话说清楚在哪里、什么事",
            "basis": "",
            "field": "content",
            "blocking": True,
        }
    ]
    assert Case.objects.count() == 0


def test_who_may_not_open_is_told_who_may(caller: Made) -> None:
    found = problem(caller("jingban").post("/cases", REPORT), 403, "not-allowed")
    assert "分拨员" in found["missing"][0]["say"]


def test_the_same_key_opens_once(caller: Made) -> None:
    me = caller("fenbo")
    first, again = me.post("/cases", REPORT, key="k-1"), me.post("/cases", REPORT, key="k-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["uid"] == first.json()["uid"] and again.json()["repeated"] is True
    other = REPORT | {"inputs": {"content": "另一件事"}}
    problem(me.post("/cases", other, key="k-1"), 409, "idempotency")
    assert Case.objects.count() == 1


def test_keys_of_two_tokens_never_collide(caller: Made) -> None:
    """同一个人的两个令牌、两个人的令牌，用同一个标识，各是各的。"""
    made = [
        one.post("/cases", REPORT, key="k-1") for one in (caller("fenbo"), caller("fenbo"), caller("wangge"))
    ]
    assert [one.status_code for one in made] == [201, 201, 201]
    assert len({one.json()["uid"] for one in made}) == Case.objects.count() == 3


@pytest.mark.parametrize("key", ["带中文", "a" * 81, "有 空格"])
def test_a_malformed_key_is_refused(caller: Made, key: str) -> None:
    problem(caller("fenbo").post("/cases", REPORT, **{"Idempotency-Key": key}), 422, "invalid")


# ---- 看得见 ----


def test_somebody_elses_case_is_not_found_by_any_road(caller: Made, opened: Made, photo: Made) -> None:
    """无权看的与没有的，一个字不差。"""
    case, nobody = opened(), caller("lvren")
    digest = "0" * 64
    for road in ("", "/available", f"/files/{digest}", f"/files/{digest}/thumbnail"):
        hidden, absent = nobody.get(f"/cases/{case.uid}{road}"), nobody.get(f"/cases/{uuid4()}{road}")
        one, other = problem(hidden, 404, "not-found"), problem(absent, 404, "not-found")
        assert one | {"instance": ""} == other | {"instance": ""}
    for road, body in (
        ("actions/dispatch", {"inputs": {"to_unit": "law"}}),
        ("merge", {"others": [str(uuid4())], "reason": "同一件事"}),
    ):
        problem(nobody.post(f"/cases/{case.uid}/{road}", body), 404, "not-found")
    assert nobody.get("/cases").json()["total"] == 0
    assert nobody.get("/cases", {"q": case.number}).json()["items"] == []


def test_a_case_in_sight_is_not_anyones_to_act_on(caller: Made, opened: Made) -> None:
    case = opened()
    found = problem(
        caller("duban").post(f"/cases/{case.uid}/actions/dispatch", {"inputs": {"to_unit": "law"}}),
        403,
        "not-allowed",
    )
    assert found["missing"][0]["code"] == "who"
    assert Case.objects.get().seq == 1


# ---- 办理 ----


def test_act_and_then_it_is_the_units(caller: Made, opened: Made) -> None:
    case, me, clerk = opened(), caller("fenbo"), caller("jingban")
    problem(clerk.get(f"/cases/{case.uid}"), 404, "not-found")
    done = me.post(f"/cases/{case.uid}/actions/dispatch", {"inputs": {"to_unit": "law"}, "version": 1})
    assert done.json()["state"]["title"] == "办理中" and done.json()["version"] == 2
    assert [one["number"] for one in clerk.get("/cases").json()["items"]] == [case.number]
    choices = {one["action"]: one for one in clerk.get(f"/cases/{case.uid}/available").json()}
    assert choices["sign"]["ready"] and not choices["answer"]["ready"]
    assert choices["answer"]["missing"][0]["remedy"]
    asked = {one["name"]: one for one in choices["answer"]["fields"]}
    assert asked["reply"]["required"] and asked["after_photos"]["kind"] == "photo"


def test_a_stale_version_is_a_conflict_that_says_what_happened(
    caller: Made, opened: Made, street: Any
) -> None:
    case = opened()
    actions.act(case.uid, "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": "law"})
    found = problem(
        caller("fenbo").post(f"/cases/{case.uid}/actions/recall", {"reason": "派错了", "version": 1}),
        409,
        "conflict",
    )
    assert "派给责任单位" in found["missing"][0]["say"]


def test_acting_twice_with_one_key_acts_once_even_out_of_sight(
    caller: Made, opened: Made, street: Any
) -> None:
    """退回之后这件不再归他看，重来照样答复“已办”；换了内容的不收；别人的令牌用同样的标识仍是 404。"""
    case = opened()
    actions.act(case.uid, "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": "law"})
    clerk, path = caller("jingban"), f"/cases/{case.uid}/actions/return"
    first = clerk.post(path, {"reason": "不属本单位"}, key="r-1")
    assert first.status_code == 200 and not first.json()["repeated"]
    problem(clerk.get(f"/cases/{case.uid}"), 404, "not-found")
    again = clerk.post(path, {"reason": "不属本单位"}, key="r-1")
    assert again.status_code == 200 and again.json()["repeated"]
    problem(clerk.post(path, {"reason": "换个说法"}, key="r-1"), 409, "idempotency")
    problem(caller("jingban").post(path, {"reason": "不属本单位"}, key="r-1"), 404, "not-found")
    assert Event.objects.filter(action="return").count() == 1
    other = opened("另一件，他看不见")
    problem(
        clerk.post(f"/cases/{other.uid}/actions/return", {"reason": "不属本单位"}, key="r-1"),
        404,
        "not-found",
    )


def test_an_unknown_action_is_not_found(caller: Made, opened: Made) -> None:
    problem(caller("fenbo").post(f"/cases/{opened().uid}/actions/nothing", {}), 404, "not-found")


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "2999-01-01T00:00:00Z", "2026-08-03T09:00:00", "昨天"]
)
def test_an_impossible_moment_is_refused(caller: Made, opened: Made, at: str) -> None:
    body = {"inputs": {"to_unit": "law"}, "at": at}
    problem(caller("fenbo").post(f"/cases/{opened().uid}/actions/dispatch", body), 422, "invalid")


def test_a_moment_yet_to_come_is_refused(caller: Made, opened: Made) -> None:
    at = (timezone.now() + timedelta(days=1)).isoformat()
    body = {"inputs": {"to_unit": "law"}, "at": at}
    found = problem(caller("fenbo").post(f"/cases/{opened().uid}/actions/dispatch", body), 422, "invalid")
    assert found["missing"][0]["field"] == "at"


# ---- 合并 ----


def test_merge_needs_every_case_in_sight_and_happens_once(caller: Made, opened: Made) -> None:
    one, other, me = opened(), opened("东桥路12号的灯不亮"), caller("fenbo")
    body = {"others": [other.uid], "reason": "同一件事"}
    problem(me.post(f"/cases/{one.uid}/merge", body | {"others": [str(uuid4())]}), 404, "not-found")
    done = me.post(f"/cases/{one.uid}/merge", body, key="m-1")
    assert done.status_code == 200, done.content.decode()
    assert {item["number"] for item in done.json()} == {one.number, other.number}
    again = me.post(f"/cases/{one.uid}/merge", body, key="m-1")
    assert again.json()[0]["repeated"] and Event.objects.filter(action="join").count() == 1
    problem(
        me.post(f"/cases/{one.uid}/merge", body | {"reason": "另一个理由"}, key="m-1"), 409, "idempotency"
    )
    links = me.get(f"/cases/{one.uid}").json()["links"]
    assert [(link["how"], link["number"]) for link in links] == [("merged", other.number)]
    assert me.get(f"/cases/{other.uid}").json()["merged_into"] == one.uid


def test_join_alone_is_refused(caller: Made, opened: Made) -> None:
    """单独办“并入”会留下一件没有主件的“已并入”。"""
    me, case = caller("fenbo"), opened()
    problem(me.post(f"/cases/{case.uid}/actions/join", {"reason": "同一件事"}), 422, "refused")
    assert "join" not in {one["action"] for one in me.get(f"/cases/{case.uid}/available").json()}


# ---- 列表 ----


def test_the_list_filters_like_the_page(caller: Made, opened: Made, street: Any) -> None:
    lamp, noise = opened(), opened("工地半夜施工", category="环境保护/噪声扰民")
    actions.act(noise.uid, "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": "law"})
    me = caller("fenbo")

    def numbers(**query: Any) -> set[str]:
        found = me.get("/cases", query)
        assert found.status_code == 200, found.content.decode()
        return {one["number"] for one in found.json()["items"]}

    assert numbers() == {lamp.number, noise.number}
    assert numbers(matter="report.snapshot", state="new") == {lamp.number}
    assert numbers(unit="law") == numbers(q="工地") == {noise.number}
    assert numbers(q="8001") == numbers(q="13800138001") == {lamp.number, noise.number}
    assert numbers(area="990101001001007") == {lamp.number, noise.number}
    assert numbers(open="closed") == numbers(light="超期") == numbers(scope="mine") == set()
    picked = numbers(matter="report.snapshot", field="category:环境保护/噪声扰民")
    assert picked == {noise.number}


def test_pages_do_not_overlap_and_the_total_is_right(caller: Made, opened: Made) -> None:
    made = {opened(f"第{n}件路灯不亮").number for n in range(5)}
    me, seen = caller("fenbo"), []
    for page in (1, 2, 3):
        found = me.get("/cases", {"size": 2, "page": page}).json()
        assert (found["total"], found["capped"], found["more"]) == (5, False, page < 3)
        seen += [one["number"] for one in found["items"]]
    assert len(seen) == 5 and set(seen) == made


def test_following_the_cursor_is_not_upset_by_what_comes_in(caller: Made, opened: Made, street: Any) -> None:
    """一页一页接着翻，每页之间都新来一件、办一件：原来的一件不重、一件不漏。"""
    made = [opened(f"第{n}件路灯不亮") for n in range(7)]
    me, seen, cursor = caller("fenbo"), [], ""
    first = me.get("/cases", {"size": 2}).json()
    assert first["total"] == 7 and first["next"]
    while True:
        found = me.get("/cases", {"size": 2, "cursor": cursor}).json()
        seen += [one["number"] for one in found["items"]]
        assert found["page"] == (None if cursor else 1)
        if not found["more"]:
            break
        cursor = found["next"]
        opened(f"翻到第{len(seen)}件时新来的")
    assert len(seen) == len(set(seen)) and {one.number for one in made} <= set(seen)
    assert found["next"] == "" and found["total"] is None


def test_a_cursor_is_only_for_the_same_list(caller: Made, opened: Made) -> None:
    for n in range(3):
        opened(f"第{n}件路灯不亮")
    me = caller("fenbo")
    cursor = me.get("/cases", {"size": 1}).json()["next"]
    assert me.get("/cases", {"size": 2, "cursor": cursor}).json()["items"], "每页几件可以改"
    for query in (
        {"cursor": cursor, "state": "new"},
        {"cursor": cursor + "x"},
        {"cursor": cursor, "page": 2},
    ):
        problem(me.get("/cases", query), 422, "invalid")


@pytest.mark.parametrize(
    "query",
    [
        {"size": 101}, {"page": 0}, {"page": 10_000, "size": 50}, {"light": "红"}, {"open": "maybe"}, {"area": "没有"},
        {"field": "category:x"}, {"field": "没有冒号", "matter": "report.snapshot"},
        {"field": "reporter:林", "matter": "report.snapshot"}, {"field": "nothing:x", "matter": "report.snapshot"},
        {"q": "字" * 101},
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_refused(caller: Made, query: dict[str, Any]) -> None:
    problem(caller("fenbo").get("/cases", query), 422, "invalid")


def test_a_leaver_sees_nothing_at_once(caller: Made, opened: Made, street: Any) -> None:
    me = caller("fenbo")
    opened()
    assert me.get("/cases").status_code == 200
    deactivate_officer(street["fenbo"], reason="调走了", acting_officer=None)
    problem(me.get("/cases"), 401, "unauthorized")


def test_a_confidential_case_is_only_theirs(caller: Made, opened: Made) -> None:
    case = opened()
    assert isinstance(case, Outcome)
    Case.objects.filter(uid=case.uid).update(confidential=True)
    problem(caller("fenbo").get(f"/cases/{case.uid}"), 404, "not-found")
    problem(
        caller("fenbo").post(f"/cases/{case.uid}/actions/dispatch", {"inputs": {"to_unit": "law"}}),
        404,
        "not-found",
    )
