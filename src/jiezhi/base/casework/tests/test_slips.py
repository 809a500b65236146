"""收据：本人凭它把传过的材料用在件上；别人的、过了期的、抄来的摘要不认。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.casework import slips
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.testing import START, Office, make_office
from jiezhi.core.procedure.fields import FieldDecl

DIGEST, OTHER = "a" * 64, "b" * 64
FIELDS = {
    "photos": FieldDecl.model_validate({"title": "照片", "type": "file", "kind": "photo"}),
    "subject": FieldDecl.model_validate({"title": "标题", "type": "text"}),
    "list": FieldDecl.model_validate(
        {
            "title": "清单", "type": "rows",
            "columns": {"what": {"title": "什么", "type": "text"}, "scan": {"title": "扫描件", "type": "file"}},
        }
    ),
}  # fmt: skip


@pytest.fixture
def office(db: None) -> Office:
    made = make_office()
    for digest, officer in ((DIGEST, made.clerk), (OTHER, None)):
        EvidenceFile.objects.create(
            digest=digest, name="一.jpg", mime="image/jpeg", kind="photo", size=1, uploaded_by=officer, uploaded_at=START,
        )  # fmt: skip
    return made


def handed(inputs: dict[str, Any], officer: Any = None, **more: Any) -> slips.Handed:
    return slips.accept(FIELDS, inputs, officer=officer, **more)


def test_a_slip_is_for_its_holder_only() -> None:
    mine, residents = slips.give("7", DIGEST, "一.jpg"), slips.give("", DIGEST)
    assert slips.read([mine, residents, "假的", ""], "7") == {mine: (DIGEST, "一.jpg")}
    assert slips.read([mine, residents], "") == {residents: (DIGEST, "")}
    assert slips.read([mine], "8") == {} and slips.read([mine + "x"], "7") == {}


def test_a_slip_expires(monkeypatch: Any) -> None:
    slip = slips.give("7", DIGEST)
    monkeypatch.setattr(slips, "SECONDS", -1)
    assert slips.read([slip], "7") == {}


def test_slips_become_digests_in_fields_and_in_rows(office: Office) -> None:
    slip = slips.give("", OTHER)
    rows = [{"what": "一样", "scan": [slip]}, {"what": "没有扫描件"}, {"scan": slip}]
    found = handed({"photos": [slip], "list": rows, "subject": slip, "没有这个字段": [slip]})
    assert not found.problems
    assert found.inputs["photos"] == [OTHER]
    assert found.inputs["list"] == [
        {"what": "一样", "scan": [OTHER]},
        {"what": "没有扫描件"},
        {"scan": [OTHER]},
    ]
    assert found.inputs["subject"] == slip, "不是材料的照原样"


def test_digests_only_of_ones_own(office: Office) -> None:
    assert handed({"photos": [DIGEST]}, office.clerk).inputs == {"photos": [DIGEST]}
    for who, digest in ((office.clerk, OTHER), (office.chief, DIGEST), (None, DIGEST), (None, OTHER)):
        (problem,) = handed({"photos": [digest]}, who).problems
        assert problem.field == "photos" and problem.remedy
    (problem,) = handed({"list": [{"scan": [OTHER]}]}, office.clerk).problems
    assert problem.field == "list", "藏在表格里的也查"


def test_what_is_already_there_may_stay(office: Office) -> None:
    kept = {"photos": [OTHER]}
    assert handed({"photos": [OTHER]}, office.chief, already=kept).inputs == {"photos": [OTHER]}
    assert handed({"photos": [DIGEST]}, office.chief, already=kept).problems


def test_an_erased_or_swept_file_is_not_accepted(office: Office) -> None:
    slip = slips.give("", OTHER)
    EvidenceFile.objects.filter(pk=OTHER).update(erased_at=START)
    assert handed({"photos": [slip]}).problems
    EvidenceFile.objects.filter(pk=OTHER).delete()
    assert handed({"photos": [slip]}).problems


@pytest.mark.parametrize("odd", [None, 7, {"a": 1}, [7], [None], [[]], [{"x": "y"}], True])
def test_odd_shapes_are_left_for_the_door_to_refuse(
    odd: Any, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0):
        assert handed({"photos": odd, "list": odd}).inputs == {"photos": odd, "list": odd}
