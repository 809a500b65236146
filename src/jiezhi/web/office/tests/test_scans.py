"""扫描件归卷的页面：收什么、不收什么，不用归的写明理由。"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageDraw

from jiezhi.base.casework import files
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.documents.models import Scan
from jiezhi.web.office.testing import Street

SCAN, ASIDE = reverse("office:scan"), reverse("office:scan-set-aside")
Enter = Callable[[str], Client]


def picture() -> SimpleUploadedFile:
    """有字、没有二维码的一页。"""
    image = Image.new("L", (800, 1100), 255)
    ImageDraw.Draw(image).rectangle((100, 100, 600, 140), fill=30)
    target = io.BytesIO()
    image.save(target, "PNG")
    return SimpleUploadedFile("扫描.png", target.getvalue())


def test_pages_not_to_be_filed_are_set_aside_with_a_reason(street: Street, enter: Enter) -> None:
    browser = enter("jingban")
    said = browser.post(SCAN, {"files": picture()}).content.decode()
    assert "没有认出二维码" in said and "不用归" in said
    [row] = Scan.objects.all()
    refused = browser.post(ASIDE, {"page": row.pk, "reason": ""}, follow=True).content.decode()
    assert "请写明不用归的理由" in refused and Scan.objects.get().result == "no_code"
    others = enter("minzheng").post(ASIDE, {"page": row.pk, "reason": "传错了的页"}, follow=True)
    assert "没有选要处理的页" in others.content.decode()
    done = browser.post(ASIDE, {"page": row.pk, "reason": "传错了的页"}, follow=True).content.decode()
    assert "已记下 1 页不用归" in done and "没有等人工归的页" in done
    row.refresh_from_db()
    assert row.result == "aside" and row.say == "李经办：不用归，传错了的页"


def test_only_scans_are_taken(street: Street, enter: Enter) -> None:
    recording = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\0" * 40
    answer = enter("jingban").post(SCAN, {"files": SimpleUploadedFile("录的.mp4", recording)})
    assert answer.status_code == 422 and "这里要交扫描件" in answer.content.decode()
    assert not EvidenceFile.objects.exists()


def test_what_is_too_big_is_not_written_to_disk(
    street: Street, enter: Enter, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """超过上限的一份只收到刚过上限，照样说得清为什么；同来的别的照收。"""
    settings.EVIDENCE_MAX_BYTES = settings.EVIDENCE_MAX_RECORDING_BYTES = 1024 * 1024
    written: list[int] = []
    receive = files._receive

    def watched(upload: Any, *args: Any) -> Any:
        written.append(upload.size)
        return receive(upload, *args)

    monkeypatch.setattr(files, "_receive", watched)
    big = SimpleUploadedFile("大.pdf", b"%PDF-1.4 " + b"x" * 5 * 1024 * 1024)
    said = enter("jingban").post(SCAN, {"files": [big, picture()]}).content.decode()
    assert "大.pdf 没有收：文件超过 1 MB" in said and "没有认出二维码" in said
    assert 1024 * 1024 < written[0] < 1.2 * 1024 * 1024


def test_a_submission_too_big_in_all_is_not_read(street: Street, enter: Enter, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    answer = enter("jingban").post(SCAN, {"files": picture()})
    assert answer.status_code == 400 and "一次交得太多" in answer.content.decode()
    assert not EvidenceFile.objects.exists()


def test_half_received_uploads_lie_where_they_are_swept() -> None:
    assert Path(configured.FILE_UPLOAD_TEMP_DIR) == Path(configured.HOME) / "files" / files.UPLOADING
