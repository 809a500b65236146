"""材料：传、用、取。别人传的、别人件上的，凭摘要挂不上；保密的先记录后给。"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from jiezhi.api.testing import problem
from jiezhi.base.accounts.models import SensitiveRead
from jiezhi.base.casework import actions, matters, slips
from jiezhi.base.casework.models import Case, EvidenceFile
from jiezhi.base.casework.outcome import Outcome
from jiezhi.services.residents.actions import RESIDENT

Made = Callable[..., Any]


def report(photos: list[str]) -> dict[str, Any]:
    return {"matter": "report.snapshot", "inputs": {"content": "路灯不亮", "photos": photos}}


@pytest.fixture
def handling(opened: Made, street: Any) -> Outcome:
    """派给综合行政执法队、已签收的一件。"""
    case = opened()
    for action, who, inputs in (("dispatch", "fenbo", {"to_unit": "law"}), ("sign", "jingban", {})):
        assert actions.act(case.uid, action, acting_officer=street[who], inputs=inputs).ok
    return case


def test_upload_then_use_it_then_fetch_it(caller: Made, handling: Outcome, photo: Made) -> None:
    me = caller("jingban")
    made = me.upload("/files", {"file": photo(), "kind": "photo"})
    assert made.status_code == 201, made.content.decode()
    kept = made.json()
    assert (kept["kind"], kept["name"], kept["width"]) == ("photo", "现场.jpg", 40)
    done = me.post(f"/cases/{handling.uid}/actions/inspect", {"inputs": {"site_photos": [kept["slip"]]}})
    assert done.status_code == 200, done.content.decode()
    case = me.get(f"/cases/{handling.uid}").json()
    assert [(one["name"], one["field"], one["secret"]) for one in case["materials"]] == [
        ("现场.jpg", "site_photos", False)
    ]
    road = f"/cases/{handling.uid}/files/{kept['digest']}"
    got = me.get(road)
    body = b"".join(got.streaming_content)
    assert body == photo().read() and got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["Content-Type"] == "application/octet-stream"
    small = me.get(f"{road}/thumbnail")
    assert small.headers["Content-Type"] == "image/jpeg" and small.content[:2] == b"\xff\xd8"
    assert SensitiveRead.objects.count() == 0, "不保密的不用写明原因"


def test_a_bare_digest_of_ones_own_will_do(caller: Made, photo: Made) -> None:
    me = caller("wangge")
    kept = me.upload("/files", {"file": photo()}).json()
    assert me.post("/cases", report([kept["digest"]])).status_code == 201


def test_somebody_elses_photo_cannot_be_borrowed(caller: Made, photo: Made, resident: Any) -> None:
    """抄来的摘要、别人的收据、居民的收据、编出来的，都不认。"""
    theirs = caller("fenbo").upload("/files", {"file": photo()}).json()
    public = resident.upload("/public/files", {"file": photo(11)}).json()
    me = caller("wangge")
    for bad in (theirs["digest"], theirs["slip"], public["slip"], "eyJ:1x:abc", "0" * 64):
        found = problem(me.post("/cases", report([bad])), 422, "invalid")
        assert (found["missing"][0]["code"], found["missing"][0]["field"]) == ("file", "photos")
    assert Case.objects.count() == 0


def test_the_same_content_uploaded_by_oneself_is_ones_own(caller: Made, photo: Made) -> None:
    caller("fenbo").upload("/files", {"file": photo()})
    mine = caller("wangge").upload("/files", {"file": photo(name="我拍的.jpg")}).json()
    assert caller("wangge").post("/cases", report([mine["slip"]])).status_code == 201
    assert EvidenceFile.objects.count() == 1


@pytest.mark.parametrize("photos", [{"a": 1}, 7, [None], [["x"]], [{"slip": "x"}], "x", True])
def test_a_malformed_list_of_photos_is_refused(caller: Made, photos: Any) -> None:
    problem(caller("wangge").post("/cases", report(photos)), 422, "invalid")


def test_what_is_not_wanted_is_not_kept(caller: Made) -> None:
    me = caller("wangge")
    for name, body, kind in (
        ("空.jpg", b"", "photo"),
        ("病毒.exe", b"MZ" + b"\0" * 200, "any"),
        ("网页.html", b"<script>alert(1)</script>", "any"),
        ("假照片.jpg", b"%PDF-1.4\n%%EOF", "photo"),
    ):
        stream = io.BytesIO(body)
        stream.name = name
        problem(me.upload("/files", {"file": stream, "kind": kind}), 422, "invalid")
    problem(me.upload("/files", {"kind": "any"}), 422, "invalid")
    assert EvidenceFile.objects.count() == 0


def test_too_big_is_stopped_before_it_is_read(caller: Made, settings: Any, photo: Made) -> None:
    settings.UPLOAD_MAX_BYTES = 100
    problem(caller("wangge").upload("/files", {"file": photo()}), 413, "too-large")
    settings.EVIDENCE_MAX_BYTES = 100
    settings.UPLOAD_MAX_BYTES = 10_000
    assert "MB" in problem(caller("wangge").upload("/files", {"file": photo()}), 422, "invalid")["detail"]


def test_a_secret_file_asks_why_and_is_recorded_first(caller: Made, resident: Any, photo: Made) -> None:
    """保密字段里的材料：不写原因不给，写了先有查看记录；缩略图没有，文件名不露。"""
    slip = resident.upload("/public/files", {"file": photo(name="林小燕身份证.jpg")}).json()["slip"]
    inputs = {"material_identity": [slip], "community": "990101001001", "applicant": {"name": "林小燕"}}
    definition = matters.definition_of(matters.current_version("service.temporary_use"))
    filled = {
        "purpose": "堆放装修材料",
        "spot": "东桥路12号",
        "area_size": 3,
        "use_from": "2027-01-04",
        "use_to": "2027-01-08",
    }
    asked = definition.matter.actions[definition.opening_actions[0]].collected()
    inputs |= {name: value for name, value in filled.items() if name in asked}
    handed = slips.accept(definition.matter.fields, inputs, officer=None)
    made = actions.open_case("service.temporary_use", actor=RESIDENT, inputs=handed.inputs)
    assert made.ok, str(made)
    case, me = Case.objects.get(), caller("fenbo")
    listed = me.get(f"/cases/{case.uid}").json()["materials"][0]
    assert listed["secret"] and "林小燕" not in listed["name"]
    road = f"/cases/{case.uid}/files/{listed['digest']}"
    assert "4 个字" in problem(me.get(road), 422, "invalid")["detail"]
    problem(me.get(f"{road}/thumbnail"), 404, "not-found")
    assert SensitiveRead.objects.count() == 0
    got = me.get(road, {"reason": "核对来件人身份"})
    assert got.status_code == 200 and got.headers["Cache-Control"] == "no-store"
    assert "林小燕" not in got.headers["Content-Disposition"]
    read = SensitiveRead.objects.get()
    assert (read.officer.login, read.field, read.reason) == ("fenbo", "material_identity", "核对来件人身份")


def test_an_erased_file_is_gone(caller: Made, handling: Outcome, photo: Made) -> None:
    me = caller("wangge")
    kept = me.upload("/files", {"file": photo()}).json()
    done = me.post("/cases", report([kept["slip"]])).json()
    EvidenceFile.objects.update(erased_at=timezone.now())
    problem(me.get(f"/cases/{done['uid']}/files/{kept['digest']}"), 404, "not-found")
    problem(me.post("/cases", report([kept["slip"]])), 422, "invalid")


def test_a_file_of_another_case_is_not_on_this_one(caller: Made, opened: Made, photo: Made) -> None:
    me, other = caller("fenbo"), opened()
    kept = me.upload("/files", {"file": photo()}).json()
    assert me.post("/cases", report([kept["slip"]])).status_code == 201
    problem(me.get(f"/cases/{other.uid}/files/{kept['digest']}"), 404, "not-found")
    for digest in ("../../etc/passwd", "x" * 64, "0" * 63):
        assert me.get(f"/cases/{other.uid}/files/{digest}").status_code in (404, 422)
