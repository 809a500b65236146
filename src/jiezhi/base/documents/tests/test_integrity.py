"""全库核验查得出文书登记的改动：绕过程序改一列、删一行、插一行，说清是哪一份。"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import outbox
from jiezhi.base.casework.integrity import verify_database
from jiezhi.base.casework.models import EvidenceUse
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.documents import actions, codes
from jiezhi.base.documents.models import MADE, SIGNED, VOID, WAITING, Document, Scan
from jiezhi.base.documents.testing import HOUR, answered, printed, scanned

NOW = START + 5 * HOUR


def said() -> list[str]:
    return [fault.say for fault in verify_database().faults if fault.row == "文书"]


def signed(office: Office) -> Document:
    document = answered(office)
    file = scanned(printed(document), officer=office.clerk)
    assert actions.file_scan(file, acting_officer=office.clerk, now=NOW).filed
    document.refresh_from_db()
    return document


def test_a_whole_life_agrees(office: Office) -> None:
    document = signed(office)
    case = str(document.case.uid)
    done = casework.act(
        case, "redo", acting_officer=office.clerk, inputs={"reply": "又换了电线"}, now=NOW + HOUR
    )
    assert done.ok, done
    report = verify_database()  # 新的一份还没有做
    assert report.faults == [] and report.counts["文书"] == 1
    outbox.drain(NOW + HOUR)
    assert [one.state for one in Document.objects.order_by("version")] == [VOID, MADE]
    assert said() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (lambda one: {"number": "云罚〔2026〕9号"}, "“文号”现为“云罚〔2026〕9号”，办理记录里是“”"),
        (lambda one: {"title": "决定书"}, "“题名”现为“决定书”"),
        (lambda one: {"version": 3}, "“版本”现为“3”"),
        (lambda one: {"uses": []}, "依法清除时会漏"),
        (lambda one: {"state": MADE}, "状态现为“已制作”，应为“已签回”"),
        (lambda one: {"state": VOID}, "状态现为“已作废”，应为“已签回”"),
        (lambda one: {"state": WAITING}, "状态现为“待制作”"),
        (lambda one: {"docx": None}, "摘要不符"),
        (lambda one: {"pdf_id": EvidenceUse.objects.get(event__action="file_scan").file_id}, "摘要不符"),
        (lambda one: {"code": "2345678923"}, "核验码不是本机发出的"),
        (lambda one: {"event": one.case.events.get(seq=1)}, "写的是第1号办理制作的"),
        (lambda one: {"short": "ABCDEFGH", "code": codes.code_of("ABCDEFGH")}, "登记里没有：登记被删去"),
    ],
)
def test_a_changed_column_is_found(
    office: Office, changes: Callable[[Document], dict[str, Any]], words: str
) -> None:
    document = signed(office)
    Document.objects.filter(pk=document.pk).update(**changes(document))
    found = said()
    assert any(words in one for one in found), found
    assert all(one.startswith(f"{document.case.number}：") for one in found)


def test_rows_taken_away_or_put_in_are_found(office: Office) -> None:
    document = signed(office)
    Scan.objects.all().delete()
    assert any("扫描件的登记不符" in one for one in said())
    Document.objects.create(
        case=document.case, event=document.event, name="reply", title="答复书", version=9, short="ABCDEFGH",
        code=codes.code_of("ABCDEFGH"), state=SIGNED, docx=document.docx, created_at=NOW,
    )  # fmt: skip
    found = said()
    assert any("没有归卷的办理记录" in one for one in found)
    assert any("状态现为“已签回”，应为“" in one for one in found)
    stranger = answered(office, subject="井盖坏了")
    Document.objects.filter(pk=stranger.pk).update(case=document.case)
    assert any("找不到制作它的办理记录" in one for one in said())
