"""依法清除不漏文书：理由、件名、改了名的、正在排的、等人工归的扫描件。"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import docx
import pypdfium2 as pdfium
import pytest
from django.test import TestCase
from PIL import Image, ImageDraw

from jiezhi.base.accounts.models import Officer, SensitiveRead
from jiezhi.base.casework import actions, files, matters, outbox, upkeep
from jiezhi.base.casework.integrity import verify_database
from jiezhi.base.casework.models import Case, Delivery, EvidenceFile
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.lives import archivist
from jiezhi.base.documents import actions as papers
from jiezhi.base.documents import making
from jiezhi.base.documents.actions import ScanRefused
from jiezhi.base.documents.models import MADE, Document, Scan
from jiezhi.base.documents.testing import HOUR, PAPERS, answered, handling, paper_definition, printed, scanned
from jiezhi.core.procedure.fold import REASON

NAME = {"name": "王小明", "phone": "13800001234"}
LATER = START + 9 * HOUR


def saying(office: Office, text: str) -> Case:
    """答复要写理由、文书的模板是 `text` 的件，答复过。"""
    acts = MATTER["actions"] | {
        "answer": MATTER["actions"]["answer"] | {"document": ["reply"], "reason": True}
    }
    paper = {"reply": {"title": "答复书", "layout": "letter", "text": text}}
    matters.publish(definition(actions=acts, documents=paper), now=START)
    case = handling(office, reporter=NAME)
    done = actions.act(
        str(case.uid), "answer", acting_officer=office.clerk, inputs={"reply": "已经换好路灯"},
        reason="李四家有病人", now=START + 2 * HOUR,
    )  # fmt: skip
    assert done.ok, done
    return case


def forget(case: Case, officer: Officer, fields: Sequence[str]) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        done = upkeep.erase(str(case.uid), fields, acting_officer=officer, reason="本人申请", now=LATER)
    assert done.ok, done


def words(document: Document) -> str:
    path = files.path_of(document.docx_id or "")
    return zipfile.ZipFile(path).read("word/document.xml").decode()


def kept(text: str) -> list[str]:
    """材料目录里还有这些字的 Word 文件。"""
    found = []
    for digest in EvidenceFile.objects.values_list("digest", flat=True):
        path = files.path_of(digest)
        if path.is_file() and zipfile.is_zipfile(path):
            found += [digest] if text in zipfile.ZipFile(path).read("word/document.xml").decode() else []
    return found


@pytest.mark.parametrize(
    ("text", "field", "word"),
    [
        ("理由：{{ reason }}", REASON, "李四家有病人"),
        ("关于{{ case.title }}的答复", "subject", "路灯不亮"),
        ("{% if not hard %}{% set x = reporter %}{% else %}{% set x = subject %}{% endif %}致{{ x }}", "reporter", "王小明"),
        ("{% set x = reporter %}{% set y = x %}致{{ y.phone }}{% set x = subject %}", "reporter", "13800001234"),
        ("{{ reply|default(reporter.name) if hard else reporter }}", "reporter", "王小明"),
    ],
)  # fmt: skip
def test_what_is_printed_goes_with_the_erasure(office: Office, text: str, field: str, word: str) -> None:
    case = saying(office, text)
    assert not outbox.drain(START + 3 * HOUR).failed
    assert word in words(Document.objects.get(case=case))
    forget(case, archivist(office), [field])
    assert Document.objects.get(case=case).erased and kept(word) == []
    assert verify_database().faults == []


def test_an_erasure_while_the_paper_is_being_made(office: Office) -> None:
    case = saying(office, "致{{ reporter.name }}（{{ reporter.phone }}）：{{ reply }}")
    row = Delivery.objects.get(case=case, kind="document")
    made = making.render(row, START + 3 * HOUR)
    assert made is not None and kept("王小明")
    forget(case, archivist(office), ["reporter"])
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert "重新排" in making.file_document(row, LATER, made)
    assert kept("王小明") == [] and verify_database().faults == []
    Delivery.objects.filter(pk=row.pk).update(done_at=LATER)
    assert not outbox.drain(LATER).failed
    document = Document.objects.get(case=case)
    assert (document.state, document.version) == (MADE, 1)
    assert "已依法清除" in words(document) and "王小明" not in words(document)
    assert verify_database().faults == []


def test_rows_and_parties_already_erased_still_print(office: Office) -> None:
    text = "{% for p in reporter %}{{ p.name }}{{ p.phone }}，{% endfor %}{{ reporter.name }}"
    case = saying(office, text)
    forget(case, archivist(office), ["reporter"])
    assert not outbox.drain(LATER).failed
    assert "已依法清除，" in words(Document.objects.get(case=case))


def page_marks(digest: str) -> list[int]:
    """每页深色的点数。"""
    pdf = pdfium.PdfDocument(files.path_of(digest))
    images = [page.render(scale=1, grayscale=True).to_pil() for page in pdf]
    return [sum(image.histogram()[:100]) for image in images]


def test_scans_waiting_to_be_filed_are_cleaned_too(office: Office) -> None:
    document = answered(office, reporter=NAME)
    document.pages = 2
    document.save()
    stray = Image.new("L", (1654, 2339), 255)
    ImageDraw.Draw(stray).rectangle((300, 300, 1200, 340), fill=30)
    file = scanned(printed(document, page=1), stray, officer=office.clerk)
    left = papers.file_scan(file, acting_officer=office.clerk, now=START + 5 * HOUR).left
    assert [one.result for one in left] == ["too_few", "no_code"]
    forget(document.case, archivist(office), ["reporter"])
    assert not files.path_of(file.digest).exists()
    first, second = Scan.objects.order_by("page")
    assert (first.result, second.result) == ("aside", "no_code") and "依法清除" in first.say
    # 别的页还在等，页号不变，能照样归。
    assert second.file_id is not None and second.file_id != file.digest
    blank, full = page_marks(second.file_id)
    assert blank == 0 and full > 0
    other = answered(office, subject="井盖坏了")
    filed = papers.manual_file(
        [second], other, acting_officer=office.clerk, reason="码没有印出来", now=LATER + HOUR
    )
    assert filed.pages == (2,)
    assert verify_database().faults == []


def test_a_signed_copy_of_an_erased_paper_is_not_taken_in(office: Office) -> None:
    document = answered(office, reporter=NAME)
    sheet = printed(document)
    forget(document.case, archivist(office), ["reporter"])
    found = papers.file_scan(scanned(sheet, officer=office.clerk), acting_officer=office.clerk, now=LATER)
    assert [one.result for one in found.left] == ["erased"] and "档案员" in found.left[0].say
    with pytest.raises(ScanRefused, match="依法清除"):
        papers.manual_file(
            found.left, Document.objects.get(pk=document.pk), acting_officer=office.clerk,
            reason="就归这里", now=LATER,
        )  # fmt: skip


def test_the_receipt_names_what_and_whom(office: Office) -> None:
    addressed = {**PAPERS, "reply": PAPERS["reply"] | {"to": "reporter"}}
    matters.publish(paper_definition(documents=addressed), now=START)
    document = answered(office, reporter=NAME)
    data = papers.receipt(document, acting_officer=office.clerk, now=LATER)
    word = docx.Document(io.BytesIO(data))
    cells = [cell.text for row in word.tables[0].rows for cell in row.cells]
    assert "答复书" in cells and "王小明" in cells and document.case.number in cells
    assert [line.text for line in word.paragraphs if line.text][:2] == ["云桥街道办事处", "送达回证"]
    read: Any = SensitiveRead.objects.get()
    assert read.field == "reporter" and "送达回证" in read.reason
    with pytest.raises(papers.NotAllowed):
        papers.receipt(document, acting_officer=office.stranger, now=LATER)
    Document.objects.filter(pk=document.pk).update(state="void")
    document.refresh_from_db()
    with pytest.raises(ValueError, match="已作废"):
        papers.receipt(document, acting_officer=office.clerk, now=LATER)
