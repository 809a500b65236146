"""居民接口：来件、传照片、查进度、评价、要求重办、撤回。凭编号和查询码只到自己那一件。"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from jiezhi.api.testing import problem
from jiezhi.base.casework import actions, files, outbox, replay
from jiezhi.base.casework.models import Case
from jiezhi.services.residents import actions as residents

Made = Callable[..., Any]
BODY = {"inputs": {"content": "东桥路12号路灯不亮", "reporter": {"name": "林小燕", "phone": "13800138001"}}}


@pytest.fixture
def mine(resident: Any) -> dict[str, str]:
    """一件来件的编号和查询码。"""
    made = resident.post("/public/reports", BODY)
    assert made.status_code == 201, made.content.decode()
    return dict(made.json())


def handle(street: Any, photo: Any) -> None:
    """最后登记的那件：派单、签收、处理、核查。"""
    answer(street, photo, str(Case.objects.latest("pk").uid), "灯泡已换，今晚正常亮灯")


def answer(street: Any, photo: Any, uid: str, reply: str) -> None:
    """派单、签收、处理、核查。"""

    def shot() -> str:
        return files.store(
            photo(), "处理后.jpg", kind="photo", acting_officer=street["jingban"], now=timezone.now()
        ).pk

    for action, who, inputs in (
        ("dispatch", "fenbo", {"to_unit": "law"}),
        ("sign", "jingban", {}),
        ("answer", "jingban", {"reply": reply, "after_photos": [shot()]}),
        ("check", "huifang", {}),
    ):
        result = actions.act(uid, action, acting_officer=street[who], inputs=inputs)
        assert result.ok, str(result)
    outbox.drain(timezone.now() + timedelta(minutes=1))


def test_report_and_track_it_to_the_end(resident: Any, street: Any, mine: Any, photo: Made) -> None:
    found = resident.track(**mine).json()
    assert (found["state"], found["number"]) == ("待分派", mine["number"])
    assert [one["action"] for one in found["choices"]] == ["withdraw"]
    handle(street, photo)
    text = resident.track(**mine)
    found = text.json()
    assert [one["title"] for one in found["steps"]] == ["待分派", "办理中", "待核查", "已答复待评价"]
    assert "灯泡已换，今晚正常亮灯" in [one["text"] for one in found["contents"]]
    assert any("请评价" in one["text"] for one in found["messages"])
    assert [one["action"] for one in found["choices"]] == ["rate", "unhappy"]
    for hidden in ("13800138001", "林小燕", "李经办", "陈分拨", "梁回访"):
        assert hidden not in text.content.decode()


def test_rate_and_ask_again(resident: Any, street: Any, mine: Any, photo: Made) -> None:
    handle(street, photo)
    road = f"/public/reports/{mine['number']}/actions"
    body = {"code": mine["code"], "inputs": {"rating": 1, "rating_note": "灯还是不亮"}}
    problem(resident.post(f"{road}/rate", body | {"inputs": {"rating": 2}}), 422, "refused")
    key = str(uuid4())
    again = resident.post(f"{road}/unhappy", body, key=key)
    assert again.status_code == 200 and again.json()["state"] == "办理中", again.content.decode()
    assert resident.post(f"{road}/unhappy", body, key=key).json()["repeated"]
    assert Case.objects.get().tags == ["重办"]


def test_withdraw_asks_a_reason(resident: Any, street: Any, mine: Any) -> None:
    road = f"/public/reports/{mine['number']}/actions/withdraw"
    found = problem(resident.post(road, {"code": mine["code"]}), 422, "invalid")
    assert found["missing"][0]["field"] == "reason"
    assert resident.post(road, {"code": mine["code"], "reason": "已经修好了"}).json()["state"] == "已撤回"


@pytest.mark.parametrize(
    "action", ["dispatch", "answer", "mark_urgent", "correct", "join", "nothing", "lapse"]
)
def test_a_resident_may_do_only_what_is_a_residents(
    resident: Any, street: Any, mine: Any, action: str
) -> None:
    body = {"code": mine["code"], "inputs": {}, "reason": "我要办"}
    problem(resident.post(f"/public/reports/{mine['number']}/actions/{action}", body), 404, "not-found")
    assert Case.objects.get().seq == 1


def test_the_same_key_reports_once(resident: Any, street: Any) -> None:
    key = str(uuid4())
    first, again = (
        resident.post("/public/reports", BODY, key=key),
        resident.post("/public/reports", BODY, key=key),
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"repeated": True}
    problem(
        resident.post("/public/reports", {"inputs": {"content": "另一件事"}}, key=key), 409, "idempotency"
    )
    problem(resident.post("/public/reports", BODY, key="短"), 422, "invalid")
    problem(resident.post("/public/reports", BODY, key="1234567"), 422, "invalid")
    assert Case.objects.count() == 1


def test_a_photo_is_only_for_whoever_holds_its_slip(
    resident: Any, street: Any, caller: Made, photo: Made
) -> None:
    kept = resident.upload("/public/files", {"file": photo()}).json()
    assert "digest" not in kept
    digest = residents.slips.read([kept["slip"]], "")[kept["slip"]][0]
    officers = caller("wangge").upload("/files", {"file": photo(12)}).json()
    for bad in (
        digest,
        kept["slip"][:-1],
        kept["slip"] + "x",
        officers["slip"],
        officers["digest"],
        "",
        "x" * 600,
    ):
        body = {"inputs": {**BODY["inputs"], "photos": [bad]}}
        problem(resident.post("/public/reports", body), 422, "invalid")
    done = resident.post("/public/reports", {"inputs": {**BODY["inputs"], "photos": [kept["slip"]]}})
    assert done.status_code == 201 and Case.objects.get().fields["photos"] == [digest]


def test_only_photos(resident: Any, street: Any) -> None:
    import io

    stream = io.BytesIO(b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF")
    stream.name = "材料.pdf"
    assert "照片" in problem(resident.upload("/public/files", {"file": stream}), 422, "invalid")["detail"]


def test_too_big_for_a_resident(resident: Any, street: Any, settings: Any, photo: Made) -> None:
    settings.EVIDENCE_MAX_BYTES = 0
    big = photo()
    big.seek(0, 2)
    big.write(b"\0" * 70_000)
    big.seek(0)
    problem(resident.upload("/public/files", {"file": big}), 413, "too-large")


@pytest.mark.parametrize("matter", ["enforcement.penalty", "hotline.order", "online.message", "nothing.here"])
def test_what_residents_cannot_open(resident: Any, street: Any, matter: str) -> None:
    assert resident.post("/public/reports", {"matter": matter, "inputs": {}}).status_code in (404, 422)
    assert Case.objects.count() == 0


def test_what_residents_can_open_is_listed(resident: Any, street: Any) -> None:
    found = {one["matter"]: one for one in resident.get("/public/matters").json()}
    assert found["report.snapshot"]["fields"][0]["name"] == "content"
    assert all(not one["external"] for one in found.values())


# ---- 并入 ----


def test_merged_reports_still_tell_their_own_story(resident: Any, street: Any, mine: Any) -> None:
    """并入之后看得到那一件办到哪一步，看不到那一件里别人写的话。"""
    other = resident.post("/public/reports", {"inputs": {"content": "灯坏了三天，张三家门口"}}).json()
    cases = {one.number: one for one in Case.objects.all()}
    uids = [str(cases[other["number"]].uid), str(cases[mine["number"]].uid)]
    assert all(
        one.ok for one in actions.merge(uids[0], uids[1:], acting_officer=street["fenbo"], reason="同一盏灯")
    )
    actions.act(uids[0], "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": "law"})
    outbox.drain(timezone.now() + timedelta(minutes=1))
    text = resident.track(**mine)
    found = text.json()
    assert (found["state"], found["merged"]) == ("办理中", True)
    assert [one["action"] for one in found["choices"]] == ["unmerge"]
    assert "张三" not in text.content.decode()
    assert any("合并办理" in one["text"] for one in found["messages"])


def test_one_merged_is_told_what_it_can_do_and_may_go_its_own_way(
    resident: Any, street: Any, mine: Any, photo: Made
) -> None:
    """并入的件听到的是对它说的话：不请他评价他办不了的，别人的姓名电话不告诉他；问题还在可以单独重办。"""
    master = resident.post(
        "/public/reports",
        {"inputs": {"content": "灯坏了", "reporter": {"name": "欧阳建国", "phone": "13900139000"}}},
    ).json()
    cases = {one.number: str(one.uid) for one in Case.objects.all()}
    uid = cases[master["number"]]
    joined = actions.merge(uid, [cases[mine["number"]]], acting_officer=street["fenbo"], reason="同一盏灯")
    assert all(one.ok for one in joined)
    answer(street, photo, uid, "已按欧阳建国（13900139000）指的位置换好灯泡")
    said = [one["text"] for one in resident.track(**mine).json()["messages"]]
    (told,) = [one for one in said if "换好灯泡" in one]
    start = f"您反映的 {mine['number']} 已并入 {master['number']} 一并办理。处理好了："
    assert told.startswith(start) and "要求重新办理" in told
    assert "评价" not in told and "欧阳建国" not in told and "13900139000" not in told
    theirs = [one["text"] for one in resident.track(master["number"], master["code"]).json()["messages"]]
    assert any("欧阳建国（13900139000）" in one and "请评价" in one for one in theirs), "本人的话原样"
    road = f"/public/reports/{mine['number']}/actions/unmerge"
    problem(resident.post(road, {"code": mine["code"]}), 422, "invalid")
    again = resident.post(road, {"code": mine["code"], "reason": "我家门口那盏还不亮"})
    assert again.status_code == 200 and again.json()["state"] == "待分派", again.content.decode()
    found = resident.track(**mine).json()
    assert (found["state"], found["merged"]) == ("待分派", False)
    case = Case.objects.get(number=mine["number"])
    assert case.merged_into is None and case.closed_at is None and "merge" not in case.done
    assert list(replay.replay_many(Case.objects.all())) == []
    done = actions.act(
        uid, "unhappy", actor=residents.RESIDENT, inputs={"rating": 1, "rating_note": "又灭了"}
    )
    assert done.ok, str(done)
    outbox.drain(timezone.now() + timedelta(minutes=2))
    assert len(resident.track(**mine).json()["messages"]) == len(said), "不再跟着那一件听话"


# ---- 登记 ----


def test_what_the_office_writes_is_not_taken_from_residents(resident: Any, street: Any) -> None:
    """来源由系统定；材料核过没有由窗口写；许可、给付还不能在网上申请，列不出来也收不下。"""
    listed = {one["matter"]: one for one in resident.get("/public/matters").json()}
    assert set(listed) == {"report.snapshot"}
    asked = {one["name"] for one in listed["report.snapshot"]["fields"]}
    assert "content" in asked and "channel" not in asked
    body = {"inputs": {"content": "路灯不亮", "channel": "网格员"}}
    found = problem(resident.post("/public/reports", body), 422, "invalid")
    assert [one["say"] for one in found["missing"]] == ["“登记随手拍”不填“来源”"]
    verified = [{"material": "identity", "state": "已核原件"}]
    for matter in ("service.temporary_use", "service.minimum_living", "outside.report", "hotline.order"):
        for inputs in ({}, {"materials_state": verified}, {"channel": "窗口"}):
            problem(resident.post("/public/reports", {"matter": matter, "inputs": inputs}), 404, "not-found")
    assert not Case.objects.exists()
    assert resident.post("/public/reports", {"inputs": {"content": "路灯不亮"}}).status_code == 201
    assert Case.objects.get().fields["channel"] == "居民手机"


def test_where_it_is_wrong_is_said_in_their_words(resident: Any, street: Any) -> None:
    found = problem(resident.post("/public/reports", {"inputs": 5, "extra": 1}), 422, "invalid")
    assert {one["where"] for one in found["errors"]} == {"body.inputs", "body.extra"}
    found = problem(resident.get("/public/powers/" + "x" * 200), 422, "invalid")
    assert [one["where"] for one in found["errors"]] == ["path.code"]


# ---- 查询码 ----


def test_a_wrong_code_and_a_wrong_number_sound_the_same(resident: Any, street: Any, mine: Any) -> None:
    wrong = problem(resident.track(mine["number"], "00000-00000"), 404, "not-found")
    absent = problem(resident.track("SP2099000001", mine["code"]), 404, "not-found")
    assert wrong["detail"] == absent["detail"]
    problem(resident.get(f"/public/reports/{mine['number']}"), 422, "invalid")


def test_a_code_in_the_address_is_not_taken(resident: Any, street: Any, mine: Any) -> None:
    """网址会留在代理的访问记录里：只收请求头里的。"""
    problem(resident.get(f"/public/reports/{mine['number']}", {"code": mine["code"]}), 422, "invalid")
    assert resident.track(**mine).status_code == 200


def test_guessing_at_a_number_from_many_addresses_does_not_stop_its_owner(
    resident: Any, street: Any, mine: Any
) -> None:
    for n in range(residents.TRIES + 5):
        found = resident.track(mine["number"], f"WRONG{n:05}", REMOTE_ADDR=f"10.0.0.{n}")
        assert found.status_code == 404
    assert resident.track(**mine).status_code == 200


def test_guessing_from_one_address_is_stopped_even_over_many_numbers(
    resident: Any, street: Any, mine: Any
) -> None:
    for n in range(residents.TRIES):
        assert resident.track(f"SP2099{n:06}", "00000-00000").status_code == 404
    road = f"/public/reports/{mine['number']}"
    stopped = resident.track(**mine)
    found = problem(stopped, 429, "too-many")
    assert "60 分钟后" in found["detail"] and 0 < int(stopped.headers["Retry-After"]) <= 3600
    withdraw = {"code": mine["code"], "reason": "不用了"}
    problem(resident.post(f"{road}/actions/withdraw", withdraw), 429, "too-many")
    # 没有可信代理时，自己写的来路不算数，换不来更多次数。
    forged = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.8.8.8"}
    again = resident.track(**mine, **forged)
    assert again.status_code == 429
    elsewhere = resident.track(**mine, REMOTE_ADDR="10.9.9.9")
    assert elsewhere.status_code == 200, "别的地址不受连累"


# ---- 只读的 ----


def test_guides_powers_and_placing_are_open_to_all(resident: Any, street: Any) -> None:
    guides = resident.get("/public/guides").json()
    whole = resident.get(f"/public/guides/{guides[0]['matter']}").json()
    assert whole["materials"] and whole["title"] == guides[0]["title"]
    problem(resident.get("/public/guides/report.snapshot"), 404, "not-found")
    assert resident.get("/public/powers").json() == []
    problem(resident.get("/public/powers/X1"), 404, "not-found")
    found = resident.post("/public/areas/locate", {"lon": 113.005, "lat": 23.008}).json()
    assert [one["title"] for one in found["areas"]] == ["云桥街道", "东桥社区", "东桥第7网格"]
    assert "place" not in found
    problem(resident.post("/public/areas/locate", {}), 422, "invalid")
    problem(resident.post("/public/areas/locate", {"lon": 113.005}), 422, "invalid")


# ---- 限速 ----


def test_one_address_is_slowed_and_others_are_not(resident: Any, street: Any, settings: Any) -> None:
    settings.PUBLIC_RATES = {"report": "3/60", "read": "off"}
    address = f"10.1.{uuid4().int % 200}.{uuid4().int % 200}"

    def post(where: str) -> Any:
        return resident.client.post(
            "/api/v1/public/reports", BODY, content_type="application/json", REMOTE_ADDR=where
        )

    assert [post(address).status_code for _ in range(3)] == [201] * 3
    stopped = post(address)
    problem(stopped, 429, "too-many")
    assert 0 < int(stopped.headers["Retry-After"]) <= 60
    assert post(address + "9").status_code == 201
    assert all(resident.get("/public/guides").status_code == 200 for _ in range(5))


def test_bytes_are_limited_by_address_too(resident: Any, street: Any, settings: Any, photo: Made) -> None:
    one = photo(1).getbuffer().nbytes
    settings.PUBLIC_RATES = {"bytes": f"{one * 5 // 2}/60"}
    address = f"10.2.{uuid4().int % 200}.{uuid4().int % 200}"

    def upload(where: str, seed: int = 1) -> Any:
        return resident.client.post("/api/v1/public/files", {"file": photo(seed)}, REMOTE_ADDR=where)

    codes = [upload(address).status_code for _ in range(3)]
    assert codes[0] == 201 and codes[-1] == 429
    assert upload(address + "9").status_code == 201


def test_a_nearly_full_disk_takes_no_more_from_residents(
    resident: Any, street: Any, settings: Any, photo: Made
) -> None:
    settings.RESIDENT_MIN_FREE_BYTES = 1 << 60
    found = problem(resident.upload("/public/files", {"file": photo()}), 503, "unavailable")
    assert "快满了" in found["detail"] and "不带照片登记" in found["detail"]
    assert resident.post("/public/reports", BODY).status_code == 201
