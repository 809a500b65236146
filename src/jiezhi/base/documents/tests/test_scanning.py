"""扫描归位：认得出各种扫法，错的各说各的，什么也不丢。"""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageDraw

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.casework import files, outbox
from jiezhi.base.casework.integrity import verify_database
from jiezhi.base.casework.models import Event, EvidenceUse
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.documents import actions, codes, converting, queries, reading
from jiezhi.base.documents.actions import ScanRefused, Sorted, file_scan, manual_file
from jiezhi.base.documents.converting import PDFIUM
from jiezhi.base.documents.models import MADE, SIGNED, VOID, WAITING, Document, Scan
from jiezhi.base.documents.reading import decode
from jiezhi.base.documents.testing import HOUR, answered, printed, scanned, worn

NOW = START + 5 * HOUR


def scan(office: Office, *sheets: Image.Image, expected: Document | None = None) -> Sorted:
    file = scanned(*sheets, officer=office.clerk)
    return file_scan(file, acting_officer=office.clerk, now=NOW, expected_document=expected)


def unmarked() -> Image.Image:
    """有字、没有二维码的一页。"""
    sheet = Image.new("L", (1654, 2339), 255)
    ImageDraw.Draw(sheet).rectangle((300, 300, 1200, 340), fill=30)
    return sheet


def said(found: Sorted) -> list[tuple[int, str]]:
    return [(one.page, one.result) for one in found.left]


def with_pages(document: Document, pages: int) -> Document:
    document.pages = pages
    document.save()
    return document


@pytest.mark.parametrize("dpi", [150, 200, 300])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_any_way_up(office: Office, dpi: int, turn: int) -> None:
    document = Document(short="ABCDEFGH", code=codes.code_of("ABCDEFGH"))
    found = decode(printed(document, dpi=dpi, page=3).rotate(turn, expand=True))
    assert [(one.short, one.page, one.genuine) for one in found] == [("ABCDEFGH", 3, True)]


@pytest.mark.parametrize(
    ("tilt", "noise", "dpi"),
    [(2, 0.02, 200), (-4, 0.01, 150), (7, 0.005, 300), (0, 0.06, 200), (-1, 0.03, 150)],
)
def test_crooked_and_speckled(office: Office, tilt: float, noise: float, dpi: int) -> None:
    document = Document(short="ABCDEFGH", code=codes.code_of("ABCDEFGH"))
    sheet = worn(printed(document, dpi=dpi), tilt=tilt, noise=noise)
    assert [one.short for one in decode(sheet)] == ["ABCDEFGH"]


def test_a_signed_page_files_itself(office: Office) -> None:
    document = answered(office)
    found = scan(office, printed(document))
    [filed] = found.filed
    assert (filed.document, filed.pages, found.left) == (document, (1,), ())
    document.refresh_from_db()
    assert (document.state, document.signed_at) == (SIGNED, NOW)
    event = Event.objects.get(case=document.case, seq=filed.seq)
    body = json.loads(bytes(event.body))
    assert event.action == "file_scan" and event.officer == office.clerk
    assert body["effects"]["scan"]["short"] == document.short and body["effects"]["scan"]["pages"] == [1]
    assert [item["name"] for item in body["files"]] == ["答复书"]
    assert EvidenceUse.objects.filter(event=event).count() == 1
    assert verify_database().faults == []


def test_a_photo_will_do(office: Office) -> None:
    document = answered(office)
    target = io.BytesIO()
    printed(document, dpi=150).rotate(90, expand=True).convert("RGB").save(target, "JPEG", quality=80)
    target.seek(0)
    file = files.store(target, "手机拍的.jpg", kind="any", acting_officer=office.clerk, now=NOW)
    assert file_scan(file, acting_officer=office.clerk, now=NOW, expected_document=document).filed


def test_the_same_file_again_is_not_filed_twice(office: Office) -> None:
    document = answered(office)
    file = scanned(printed(document), officer=office.clerk)
    first = file_scan(file, acting_officer=office.clerk, now=NOW)
    again = file_scan(file, acting_officer=office.clerk, now=NOW + HOUR)
    assert first == again and Event.objects.filter(action="file_scan").count() == 1


def test_another_scan_of_a_signed_paper_waits(office: Office) -> None:
    document = answered(office)
    scan(office, printed(document))
    found = scan(office, printed(document, text="又一遍"))
    assert said(found) == [(1, "already")]
    assert "已签回归卷" in found.left[0].say


def test_a_paper_of_another_case_is_told_apart(office: Office) -> None:
    here, there = answered(office), answered(office, subject="井盖坏了")
    found = scan(office, printed(there), expected=here)
    assert said(found) == [(1, "other_case")] and there.case.number in found.left[0].say
    there.refresh_from_db()
    assert there.state == MADE and not Event.objects.filter(action="file_scan").exists()


def test_a_voided_version_is_not_signed_by_mistake(office: Office) -> None:
    old = answered(office)
    actions.reissue(old, acting_officer=office.clerk, reason="打印时污损", now=START + 4 * HOUR)
    outbox.drain(START + 4 * HOUR)
    found = scan(office, printed(old))
    assert said(found) == [(1, "voided")]
    assert "第 1 版" in found.left[0].say and "第 2 版代替" in found.left[0].say
    old.refresh_from_db()
    assert old.state == VOID


def test_forged_and_blank_pages(office: Office) -> None:
    document = answered(office)
    forged = printed(document, code="2345678923")
    stranger = printed(Document(short="ABCDEFGH", code="2345678923"))
    found = scan(office, forged, stranger, unmarked())
    assert said(found) == [(1, "forged"), (2, "forged"), (3, "no_code")]
    assert "不要签收" in found.left[0].say and not found.filed
    with pytest.raises(ValueError, match="核验码不对"):
        manual_file([found.left[0]], document, acting_officer=office.clerk, reason="就归这里", now=NOW)


def test_repeated_missing_and_extra_pages(office: Office) -> None:
    document = with_pages(answered(office), 3)
    one, two = printed(document, page=1), printed(document, page=2)
    # 第2页扫了两次（画面略有不同），缺第3页
    found = scan(office, one, two, worn(two, noise=0.0005))
    assert said(found) == [(1, "too_few"), (2, "too_few"), (3, "repeated")]
    assert "缺第 3 页" in found.left[0].say and "第 2 页重复" in found.left[2].say
    # Word 印的没有页号：多出来的看得出多
    plain = [printed(document, text=f"另扫{n}") for n in range(4)]
    assert {code for _, code in said(scan(office, *plain))} == {"too_many"}
    # 没有页号而画面一模一样
    assert (2, "repeated") in said(scan(office, plain[0], plain[0], printed(document, text="三")))
    document.refresh_from_db()
    assert document.state == MADE
    assert len(scan(office, one, two, printed(document, page=3)).filed) == 1


def test_several_papers_in_one_pdf_go_each_to_its_own(office: Office) -> None:
    first = with_pages(answered(office), 2)
    second = with_pages(answered(office, subject="井盖坏了"), 1)
    blank = unmarked()
    found = scan(office, printed(first, page=1), printed(second, page=1), printed(first, page=2), blank)
    assert {(one.document.pk, one.pages) for one in found.filed} == {(first.pk, (1, 3)), (second.pk, (2,))}
    assert said(found) == [(4, "no_code")]
    # 各件里只有自己的那几页
    for filed, count in ((first, 2), (second, 1)):
        use = EvidenceUse.objects.get(case=filed.case, event__action="file_scan")
        assert len(pdfium.PdfDocument(files.path_of(use.file_id))) == count
    assert verify_database().faults == []


def test_what_can_not_be_read_is_filed_by_hand(office: Office) -> None:
    document = with_pages(answered(office), 2)
    found = scan(office, printed(document, page=1), unmarked())
    assert said(found) == [(1, "too_few"), (2, "no_code")]
    assert set(queries.waiting_scans(office.clerk, NOW)) == set(found.left)
    with pytest.raises(ValueError, match="理由"):
        manual_file(found.left, document, acting_officer=office.clerk, reason="", now=NOW)
    with pytest.raises(NotAllowed):
        manual_file(found.left, document, acting_officer=office.stranger, reason="第二页码糊了", now=NOW)
    filed = manual_file(found.left, document, acting_officer=office.clerk, reason="第二页码糊了", now=NOW)
    assert filed.pages == (1, 2)
    document.refresh_from_db()
    assert document.state == SIGNED and not queries.waiting_scans(office.clerk, NOW)
    with pytest.raises(ValueError, match="已经归过"):
        manual_file(found.left, document, acting_officer=office.clerk, reason="再归一次", now=NOW)
    assert verify_database().faults == []


def test_someone_who_may_not_see_the_case(office: Office) -> None:
    document = answered(office)
    file = scanned(printed(document), officer=office.stranger)
    with pytest.raises(NotAllowed):
        file_scan(file, acting_officer=office.stranger, now=NOW, expected_document=document)
    found = file_scan(file, acting_officer=office.stranger, now=NOW)
    assert said(found) == [(1, "not_visible")] and document.title not in found.left[0].say
    assert Scan.objects.get().document is None
    # 承办人看不到别人传的扫描件里有什么，但可以自己再传
    assert not queries.waiting_scans(office.clerk, NOW)


def test_a_scan_first_sent_by_someone_else_is_not_stuck(office: Office) -> None:
    document = with_pages(answered(office), 1)
    other = with_pages(answered(office, subject="井盖坏了"), 3)
    file = scanned(printed(document), printed(other, page=1), unmarked(), officer=office.stranger)
    found = file_scan(file, acting_officer=office.stranger, now=NOW)
    assert said(found) == [(1, "not_visible"), (2, "not_visible"), (3, "no_code")]
    found = file_scan(file, acting_officer=office.clerk, now=NOW + HOUR)
    assert [(one.document, one.pages) for one in found.filed] == [(document, (1,))]
    assert said(found) == [(2, "too_few"), (3, "no_code")]
    assert set(queries.waiting_scans(office.clerk, NOW)) == set(found.left)
    # 先传的人再来：归了的、认出的都不说给他听，也不动别人判好的。
    again = file_scan(file, acting_officer=office.stranger, now=NOW + 2 * HOUR)
    assert not again.filed and said(again) == [(2, "not_visible"), (3, "no_code")]
    assert other.title not in again.left[0].say and again.left[0].document is None
    assert Scan.objects.get(page=2).result == "too_few"
    # 没有认出的，最后传的人来归：承办人再传一次就轮到他。
    assert [one.page for one in queries.waiting_scans(office.stranger, NOW)] == [3]
    left = file_scan(file, acting_officer=office.clerk, now=NOW + 3 * HOUR).left
    manual_file(left, other, acting_officer=office.clerk, reason="原件只有一页", now=NOW + 3 * HOUR)
    assert verify_database().faults == []


def test_a_page_scanned_before_its_paper_was_ready_is_judged_again(office: Office) -> None:
    document = answered(office)
    Document.objects.filter(pk=document.pk).update(state=WAITING)
    file = scanned(printed(document), officer=office.clerk)
    assert said(file_scan(file, acting_officer=office.clerk, now=NOW)) == [(1, "not_made")]
    Document.objects.filter(pk=document.pk).update(state=MADE)
    assert file_scan(file, acting_officer=office.clerk, now=NOW + HOUR).filed
    assert Scan.objects.count() == 1


def test_the_other_case_takes_the_page_it_was_refused_for(office: Office) -> None:
    here, there = answered(office), answered(office, subject="井盖坏了")
    file = scanned(printed(there), officer=office.clerk)
    wrong = file_scan(file, acting_officer=office.clerk, now=NOW, expected_document=here)
    assert said(wrong) == [(1, "other_case")]
    found = file_scan(file, acting_officer=office.clerk, now=NOW, expected_document=there)
    assert [one.document for one in found.filed] == [there]


def test_the_page_number_can_not_be_changed(office: Office) -> None:
    document = with_pages(answered(office), 2)
    true = codes.text_of(document.short, 1)
    forged = codes.parse(true.removesuffix(".1") + ".2")
    bare = codes.parse(true.removesuffix(".1"))
    found = codes.parse(true)
    assert found is not None and found.genuine and found.page == 1
    assert forged is not None and not forged.genuine and bare is not None and not bare.genuine


def test_files_that_can_not_be_looked_at(office: Office, settings: Any) -> None:
    broken = files.store(
        io.BytesIO(b"%PDF-1.4\n" + b"x" * 400), "坏.pdf", kind="any", acting_officer=office.clerk, now=NOW
    )
    with pytest.raises(ScanRefused, match="打不开"):
        file_scan(broken, acting_officer=office.clerk, now=NOW)
    text = files.store(
        io.BytesIO("一二三".encode()), "a.txt", kind="any", acting_officer=office.clerk, now=NOW
    )
    with pytest.raises(ScanRefused, match="PDF 或图片"):
        file_scan(text, acting_officer=office.clerk, now=NOW)
    settings.SCAN_MAX_PAGES = 1
    document = answered(office)
    with pytest.raises(ScanRefused, match="超过 1 页"):
        scan(office, printed(document), printed(document, text="二"))
    assert not Scan.objects.exists()


@pytest.mark.office_suite
def test_printed_by_libreoffice_and_scanned_back(office: Office, settings: Any) -> None:
    settings.SOFFICE = ""
    document = answered(office, reply="已经换好路灯。" * 300)
    assert document.pdf is not None and document.pages is not None and document.pages >= 4
    pdf = pdfium.PdfDocument(files.path_of(document.pdf.digest))
    sheets = [page.render(scale=150 / 72, grayscale=True).to_pil() for page in pdf]
    numbers = [mark.page for sheet in sheets for mark in decode(sheet)]
    assert numbers == list(range(1, document.pages + 1))
    text = pdf[0].get_textpage().get_text_range()
    assert "云桥街道办事处" in text and f"第1页共{document.pages}页" in text.replace(" ", "")
    found = scan(office, *[worn(sheet, tilt=1.5, noise=0.001) for sheet in sheets])
    assert found.filed and not found.left


@pytest.mark.office_suite
def test_a_slow_or_missing_libreoffice_costs_only_the_pdf(
    office: Office, settings: Any, tmp_path: Any
) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    settings.SOFFICE, settings.SOFFICE_SECONDS = str(slow), 0.2
    document = answered(office)
    assert document.state == MADE and document.docx is not None and document.pdf is None
    assert document.pages is None


def test_blank_backs_and_strays_do_not_pile_up(office: Office) -> None:
    document = answered(office)
    blank = Image.new("L", (1654, 2339), 248)
    file = scanned(printed(document), worn(blank, noise=0.0005), unmarked(), officer=office.clerk)
    found = file_scan(file, acting_officer=office.clerk, now=NOW)
    assert [one.pages for one in found.filed] == [(1,)] and said(found) == [(3, "no_code")]
    assert Scan.objects.get(page=2).result == "blank"
    with pytest.raises(ValueError, match="理由"):
        actions.set_aside(found.left, acting_officer=office.clerk, reason="", now=NOW)
    with pytest.raises(ValueError, match="有去处"):
        actions.set_aside(found.left, acting_officer=office.stranger, reason="不是我们的", now=NOW)
    assert actions.set_aside(found.left, acting_officer=office.clerk, reason="夹进来的封面", now=NOW) == 1
    assert not queries.waiting_scans(office.clerk, NOW)
    # 各页都有去处了：另存进件里的还在，混着别的页的原件由清扫收走，再传同一份仍认得。
    kept = EvidenceUse.objects.get(event__action="file_scan").file_id
    files.sweep(NOW + 100 * HOUR)
    assert files.path_of(kept).is_file() and not files.path_of(file.digest).is_file()
    again = scanned(printed(document), worn(blank, noise=0.0005), unmarked(), officer=office.clerk)
    if again.digest == file.digest:
        assert file_scan(again, acting_officer=office.clerk, now=NOW).filed == found.filed


def test_faint_writing_is_not_a_blank_page(office: Office) -> None:
    sheet = Image.new("L", (827, 1169), 245)  # 100 dpi 的传真：一像素宽、发灰的字
    draw = ImageDraw.Draw(sheet)
    for column in range(200, 400, 6):
        draw.line((column, 500, column + 3, 512), fill=90)
    assert said(scan(office, sheet)) == [(1, "no_code")]


def test_reading_marks_leaves_others_free_to_print(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """认码的时候不占着 pdfium：别的线程照样排版。"""
    free, read = [], reading._marks

    def marks(image: Image.Image) -> Any:
        def try_lock() -> None:
            free.append(PDFIUM.acquire(blocking=False))
            if free[-1]:
                PDFIUM.release()

        other = threading.Thread(target=try_lock)
        other.start()
        other.join()
        return read(image)

    monkeypatch.setattr(reading, "_marks", marks)
    document = with_pages(answered(office), 2)
    found = scan(office, printed(document, page=1), printed(document, page=2))
    assert found.filed[0].pages == (1, 2) and len(free) >= 2 and all(free)


def test_too_many_pages_are_refused(office: Office, settings: Any) -> None:
    settings.SCAN_MAX_PAGES = 1
    document = answered(office)
    with pytest.raises(ScanRefused, match="超过 1 页"):
        scan(office, printed(document), printed(document, text="二"))
    assert PDFIUM.acquire(blocking=False)
    PDFIUM.release()


def test_the_converter_is_told_nothing_it_need_not_know(
    office: Office, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """转换程序看不到库的口令；明文只放在材料的文件夹里，用完就没有了。"""
    program, seen = tmp_path / "soffice", tmp_path / "seen"
    program.write_text(f'#!/bin/sh\nenv >{seen}\nfor last; do :; done\necho "$last" >>{seen}\nexit 1\n')
    program.chmod(0o755)
    settings.SOFFICE = str(program)
    monkeypatch.setenv("JIEZHI_DATABASE_URL", "postgres://secret")
    assert converting.to_pdf(b"docx") is None
    *lines, path = seen.read_text().splitlines()
    # PWD、_ 之类是 sh 自己加的。
    assert {line.split("=")[0] for line in lines} <= {"PATH", "HOME", "LANG", "PWD", "OLDPWD", "SHLVL", "_"}
    assert Path(path).is_relative_to(settings.FILES_DIR)
    assert list(files.workplace().iterdir()) == []
