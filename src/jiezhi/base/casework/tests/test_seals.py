"""不能重放的登记：绕过程序改了哪一列，全库核验都说得出是哪个表、哪一件的。"""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import models

from jiezhi.base.accounts.append_only import suspended
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import files, integrity, numbers
from jiezhi.base.casework.models import Event, EvidenceFile, MatterVersion, NumberIssue
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import DAY, life, photo, photo_bytes, said


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def raw(row: models.Model, **changes: Any) -> None:
    with suspended():
        assert models.QuerySet(type(row)).filter(pk=row.pk).update(**changes) == 1


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (EvidenceFile, {"name": "别的.jpg"}),
        (EvidenceFile, {"uploaded_at": START + timedelta(seconds=1)}),
        (EvidenceFile, {"taken_at": START}),
        (EvidenceFile, {"lon": 113.0001, "lat": 23.0}),
        (EvidenceFile, {"width": 41}),
        (NumberIssue, {"issued_at": START + timedelta(seconds=1)}),
        (NumberIssue, {"void_reason": "作废"}),
        (NumberIssue, {"case": None}),
        (MatterVersion, {"published_at": START + timedelta(seconds=1)}),
        (Event, {"request_digest": "0" * 64}),
        (Event, {"key": "别的"}),
        (Officer, {"name": "张三"}),
    ],
)
def test_a_changed_register_is_found(
    office: Office, model: type[models.Model], changes: dict[str, Any]
) -> None:
    life(office)
    assert integrity.verify_database().ok
    row = model._default_manager.order_by("pk")[0]
    raw(row, **changes)
    fault = said(str(model._meta.verbose_name), "与行印不符")
    assert fault.kind == "seal"


def test_the_case_is_named(office: Office) -> None:
    case = life(office)
    raw(NumberIssue.objects.get(case=case), issued_at=START + DAY)
    assert said("已发编号", "与行印不符").case == case.number


def test_lawful_changes_keep_it_whole(office: Office) -> None:
    case = life(office)
    paper = NumberIssue.objects.filter(case=case)
    assert paper.count() == 1
    lease = numbers.lease_range(
        "test.report",
        "case",
        3,
        officer=office.clerk,
        valid_until=START + DAY,
        acting_officer=None,
        now=START,
    )
    numbers.return_lease(lease.pk, acting_officer=None, now=START)
    assert NumberIssue.objects.exclude(voided_at=None).count() == 3
    first = photo("blue")
    again = files.store(
        io.BytesIO(photo_bytes("blue")),
        "又传.jpg",
        kind="photo",
        acting_officer=office.clerk,
        now=START + DAY,
    )
    assert again.pk == first.pk and again.name == "又传.jpg"
    assert integrity.verify_database().ok
