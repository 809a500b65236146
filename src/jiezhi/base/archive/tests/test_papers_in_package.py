"""案卷包里有文书和签回件，离开系统也核验得过；改一个字节就报得出。"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from jiezhi.base.archive import actions
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import DAY
from jiezhi.base.documents.actions import file_scan
from jiezhi.base.documents.models import Document
from jiezhi.base.documents.testing import HOUR, answered, paper_definition, printed, scanned
from jiezhi.core.evidence import verify_package


def packed(office: Office, path: Path) -> Document:
    matters.publish(paper_definition(), now=START)
    document = answered(office, reporter={"name": "张三"})
    scan = scanned(printed(document), officer=office.clerk)
    assert file_scan(scan, acting_officer=office.clerk, now=START + 5 * HOUR).filed
    actions.write_case_package(
        Case.objects.get(pk=document.case_id), path, acting_officer=office.clerk, now=START + DAY, reveal=True,
        reason="移送法院",
    )  # fmt: skip
    return document


def test_papers_and_signed_copies_travel_with_the_case(office: Office, tmp_path: Path, settings: Any) -> None:
    settings.SOFFICE = "off"
    path = tmp_path / "案卷.zip"
    document = packed(office, path)
    report = verify_package(path)
    assert report.ok, report.faults
    assert report.facts["files"] == 2
    with zipfile.ZipFile(path) as archive:
        assert any(name.endswith(document.docx_id or "?") for name in archive.namelist())


def test_an_altered_paper_is_found(office: Office, tmp_path: Path, settings: Any) -> None:
    settings.SOFFICE = "off"
    path = tmp_path / "案卷.zip"
    document = packed(office, path)
    other = tmp_path / "改过.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            if item.filename.endswith(document.docx_id or "?"):
                data = data[:-1] + bytes([data[-1] ^ 1])
            target.writestr(item, data)
    found = verify_package(other)
    assert not found.ok and any("答复书" in fault.say for fault in found.faults)
