"""文书制作：冻结、归卷、版本、断电、没填的、什么字都印得出。"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from django.test import TestCase
from docx.oxml.ns import qn
from docx.shared import Pt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.casework import actions, files, matters, outbox, upkeep
from jiezhi.base.casework.integrity import verify_database
from jiezhi.base.casework.models import Case, Delivery, Event, EvidenceFile
from jiezhi.base.casework.replay import differences
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import archivist
from jiezhi.base.documents import actions as papers
from jiezhi.base.documents import codes, making
from jiezhi.base.documents.layouts import Paper, compose
from jiezhi.base.documents.layouts.style import style
from jiezhi.base.documents.markup import Mark, Paragraph, Table, parse
from jiezhi.base.documents.models import MADE, VOID, WAITING, Document
from jiezhi.base.documents.testing import HOUR, PAPERS, answered, handling, paper_definition
from jiezhi.core.procedure.papers import environment
from jiezhi.core.prose import capital


def opened(document: Document) -> Any:
    assert document.docx is not None
    return docx.Document(str(files.path_of(document.docx.digest)))


def words(word: Any) -> str:
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(line.text for line in word.paragraphs), *cells])


def test_the_paper_says_what_was_so_when_it_was_done(office: Office) -> None:
    case = handling(office, reporter={"name": "张三", "phone": "13800138000"}, spot={"address": "云桥路8号"})
    uid = str(case.uid)
    now = START + 2 * HOUR
    assert actions.act(uid, "answer", acting_officer=office.clerk, inputs={"reply": "已经换灯"}, now=now).ok
    # 制作之前又改了内容：文书写的还是答复那一刻的。
    assert actions.act(
        uid, "redo", acting_officer=office.clerk, inputs={"reply": "又换了电线"}, now=now + HOUR
    ).ok
    assert not outbox.drain(now + 2 * HOUR).failed
    first, second = Document.objects.filter(case=case).order_by("version")
    text = words(opened(first))
    assert "已经换灯" in text and "又换了电线" not in text
    assert "张三：" in text and case.number in text and "云桥路8号" in text
    assert "综合执法队" in text and "李经办" in text and "本单位规定" in text
    assert "又换了电线" in words(opened(second))
    assert (first.state, second.state, second.version) == (VOID, MADE, 2)


def test_the_digest_is_a_second_event_and_everything_still_verifies(office: Office) -> None:
    document = answered(office)
    event = Event.objects.filter(case=document.case).latest("seq")
    body = json.loads(bytes(event.body))
    assert event.action == "file_document" and event.officer_id is None
    assert [item["digest"] for item in body["files"]] == [document.docx_id]
    assert body["effects"]["document"]["source"] == document.event.seq
    assert body["effects"]["uses"] == ["reply", "reporter", "spot", "subject", "to_unit"]
    assert differences(Case.objects.get(pk=document.case_id)) == []
    report = verify_database()
    assert report.faults == []


def test_a_page_opened_before_the_paper_was_filed_is_not_stale(office: Office) -> None:
    case = answered(office).case
    version = case.events.filter(action="answer").get().seq
    done = actions.act(
        str(case.uid), "close", acting_officer=office.dispatcher, version=version, now=START + 200 * HOUR
    )
    assert done.ok, done


def test_layout_follows_the_standard(office: Office) -> None:
    word = opened(answered(office))
    section = word.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    margins = (section.top_margin, section.left_margin, section.right_margin, section.bottom_margin)
    assert [round(one.mm) for one in margins] == [37, 28, 26, 35]
    grid = section._sectPr.find(qn("w:docGrid"))
    assert grid.get(qn("w:type")) == "linesAndChars"
    assert abs(int(grid.get(qn("w:linePitch"))) * 22 - 225 / 25.4 * 1440) < 22
    spacing = word.styles["Normal"].paragraph_format.line_spacing
    assert abs(spacing.pt - 225 / 25.4 * 72 / 22) < 0.05
    fonts = {}
    for line in word.paragraphs:
        for run in line.runs:
            fonts[run.text] = (run._element.rPr.rFonts.get(qn("w:eastAsia")), run.font.size)
    assert fonts["答复书"] == ("方正小标宋简体", Pt(22))
    assert fonts["一、办理情况"] == ("黑体", Pt(16))
    assert fonts["已经换好路灯"] == ("仿宋_GB2312", Pt(16))
    assert [line.text for line in word.paragraphs][-1] == "2026年8月3日"
    assert "（印章）" in word.paragraphs[-2].text
    footer = section.footer
    shown = "".join(cell.text for cell in footer.tables[0].rows[0].cells)
    assert "核验码" in shown and "第 1 页 共 1 页" in shown
    codes_ = [part.text for part in footer._element.iter(qn("w:instrText"))]
    assert codes_ == ["PAGE", "NUMPAGES"]


def test_the_qr_in_the_footer_is_ours_and_names_no_one(office: Office) -> None:
    import zxingcpp
    from PIL import Image

    document = answered(office, reporter={"name": "张三", "phone": "13800138000"})
    with zipfile.ZipFile(files.path_of(document.docx_id or "")) as archive:
        [name] = [one for one in archive.namelist() if one.startswith("word/media/")]
        image = Image.open(io.BytesIO(archive.read(name)))
        core = archive.read("docProps/core.xml").decode()
    text = zxingcpp.read_barcodes(image)[0].text
    mark = codes.parse(text)
    assert mark is not None and mark.genuine
    assert text == f"JZ1.{document.short}.{document.code}"
    assert "张三" not in core and "13800138000" not in core


def test_records_of_talks_are_each_a_paper(office: Office) -> None:
    case = handling(office)
    for hour in (2, 3):
        done = actions.act(str(case.uid), "talk", acting_officer=office.clerk, now=START + hour * HOUR)
        assert done.ok, done
    assert not outbox.drain(START + 4 * HOUR).failed
    found = Document.objects.filter(case=case)
    assert [one.state for one in found] == [MADE, MADE] and {one.version for one in found} == {1}
    footer = opened(found[0]).sections[0].footer
    assert "被询问人：＿" in footer.paragraphs[0].text and "询问人：＿" in footer.paragraphs[0].text


def test_reissue_voids_the_old_version(office: Office) -> None:
    document = answered(office)
    with pytest.raises(ValueError, match="理由"):
        papers.reissue(document, acting_officer=office.clerk, reason="", now=START + 4 * HOUR)
    for _ in range(2):  # 点两下也只出一版
        papers.reissue(document, acting_officer=office.clerk, reason="打印时污损", now=START + 4 * HOUR)
    assert not outbox.drain(START + 4 * HOUR).failed
    old, new = Document.objects.filter(case=document.case).order_by("version")
    assert (old.state, new.state, new.version, new.event_id) == (VOID, MADE, 2, old.event_id)
    assert old.note == "已由第 2 版代替" and new.short != old.short
    with pytest.raises(NotAllowed):
        papers.reissue(new, acting_officer=office.stranger, reason="想看一看", now=START + 4 * HOUR)


def test_an_older_step_made_late_does_not_replace_the_newer(office: Office) -> None:
    case = handling(office)
    for hour, action in ((2, "answer"), (3, "redo")):
        done = actions.act(
            str(case.uid), action, acting_officer=office.clerk, inputs={"reply": f"第{hour}点的答复"},
            now=START + hour * HOUR,
        )  # fmt: skip
        assert done.ok, done
    first = Delivery.objects.filter(case=case, kind="document").earliest("id")
    Delivery.objects.filter(pk=first.pk).update(not_before=START + 9 * HOUR)  # 第一份没有做成，在等着再试
    assert not outbox.drain(START + 4 * HOUR).failed
    newest = Document.objects.get(case=case)
    assert (newest.state, newest.version, newest.event.action) == (MADE, 2, "redo")
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert not outbox.drain(START + 9 * HOUR).failed
    old = Document.objects.get(case=case, event__action="answer")
    newest.refresh_from_db()
    assert (old.state, old.version, old.docx, newest.state) == (VOID, 1, None, MADE)
    assert "已有后来办理的第 2 版" in old.note
    assert Event.objects.filter(case=case, action="file_document").count() == 1
    assert verify_database().faults == []
    # 也不能把先办的重出成最新的一版。
    with pytest.raises(ValueError, match="已有新的一份"):
        papers.reissue(old, acting_officer=office.clerk, reason="再出一份", now=START + 9 * HOUR)
    papers.reissue(newest, acting_officer=office.clerk, reason="打印时污损", now=START + 9 * HOUR)
    assert not outbox.drain(START + 9 * HOUR).failed
    assert [one.version for one in Document.objects.filter(case=case, state=MADE)] == [3]
    assert verify_database().faults == []


def test_a_template_that_never_fills_is_given_up_when_the_step_is_done_again(office: Office) -> None:
    wrong = {**PAPERS, "reply": PAPERS["reply"] | {"text": "{% if reply == '换灯' %}{{ spot }}{% endif %}好"}}
    matters.publish(paper_definition(documents=wrong), now=START)
    case = handling(office)
    who = {"acting_officer": office.clerk}
    actions.act(str(case.uid), "answer", inputs={"reply": "已经换灯"}, now=START + 2 * HOUR, **who)
    actions.act(str(case.uid), "redo", inputs={"reply": "换灯"}, now=START + 3 * HOUR, **who)
    assert outbox.drain(START + 4 * HOUR).failed == 1
    actions.act(str(case.uid), "redo", inputs={"reply": "又换了电线"}, now=START + 5 * HOUR, **who)
    outbox.drain(START + 8 * HOUR)
    assert not outbox.drain(START + 12 * HOUR).failed  # 不再一直试
    states = Document.objects.filter(case=case).order_by("version").values_list("version", "state")
    assert list(states) == [(1, VOID), (2, VOID), (3, MADE)]
    assert verify_database().faults == []


@pytest.mark.parametrize("red", [True, False])
def test_a_letter_without_the_red_head(office: Office, red: bool) -> None:
    plain = {**PAPERS, "reply": PAPERS["reply"] | {"red_head": red}}
    matters.publish(paper_definition(documents=plain), now=START)
    word = opened(answered(office))
    colours = [run.font.color.rgb for line in word.paragraphs for run in line.runs if run.font.color.rgb]
    assert bool(colours) is red and "答复书" in words(word)
    assert ("云桥街道办事处" in [line.text for line in word.paragraphs]) is red


def test_nothing_twice_when_the_power_fails(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = handling(office)
    now = START + 2 * HOUR
    actions.act(str(case.uid), "answer", acting_officer=office.clerk, inputs={"reply": "已经换灯"}, now=now)
    # 文件存好了、登记之前断电
    real = making.file_document

    def cut(*_: Any) -> str:
        raise KeyboardInterrupt

    outbox.handler("document", cut, prepare=making.render)
    with pytest.raises(KeyboardInterrupt):
        outbox.drain(now)
    outbox.handler("document", real, prepare=making.render)
    assert Document.objects.get(case=case).state == WAITING and Case.objects.get(pk=case.pk).seq == 3
    assert not outbox.drain(now + HOUR).failed
    # 登记了、还没有记“做完”（另一个进程也在做）
    row = Delivery.objects.get(case=case, kind="document")
    made = making.render(row, now + 2 * HOUR)
    assert made is None and making.file_document(row, now + 2 * HOUR, made) == "已经制作过"
    assert Event.objects.filter(case=case, action="file_document").count() == 1
    assert Document.objects.get(case=case).state == MADE


def test_a_blank_that_must_be_filled_says_which(office: Office) -> None:
    wrong = {**PAPERS, "reply": PAPERS["reply"] | {"text": "地点在{{ spot }}"}}
    matters.publish(paper_definition(documents=wrong), now=START)
    case = handling(office)
    actions.act(
        str(case.uid),
        "answer",
        acting_officer=office.clerk,
        inputs={"reply": "已经换灯"},
        now=START + 2 * HOUR,
    )
    assert outbox.drain(START + 3 * HOUR).failed == 1
    said = Delivery.objects.get(case=case, kind="document").result
    assert "“地点”还没有填" in said and "答复书" in said


def test_lawful_erasure_takes_the_papers_with_it(office: Office) -> None:
    document = answered(office, reporter={"name": "张三"})
    assert document.docx is not None
    path = files.path_of(document.docx.digest)
    assert path.is_file()
    with TestCase.captureOnCommitCallbacks(execute=True):
        done = upkeep.erase(
            str(document.case.uid),
            ["reporter"],
            acting_officer=archivist(office),
            reason="本人申请",
            now=START + 9 * HOUR,
        )
    assert done.ok, done
    assert not path.exists()
    document.refresh_from_db()
    assert document.docx is not None and document.docx.erased_at is not None
    with pytest.raises(ValueError, match="依法清除"):
        papers.take(document, acting_officer=office.clerk, now=START + 9 * HOUR)
    assert verify_database().faults == []


def test_taking_a_paper_with_secrets_is_on_record(office: Office) -> None:
    from jiezhi.base.accounts.models import SensitiveRead

    document = answered(office, reporter={"name": "张三"})
    found = papers.take(document, acting_officer=office.clerk, now=START + 4 * HOUR)
    assert found == document.docx
    read = SensitiveRead.objects.get()
    assert read.field == "reporter" and "答复书" in read.reason
    with pytest.raises(NotAllowed):
        papers.take(document, acting_officer=office.stranger, now=START + 4 * HOUR)


def test_kept_files_are_not_swept(office: Office) -> None:
    from datetime import timedelta

    from jiezhi.base.documents.models import Scan
    from jiezhi.base.documents.testing import printed, scanned

    document = answered(office)
    scan = scanned(printed(document, code="A" * 10), officer=office.clerk)
    left = papers.file_scan(scan, acting_officer=office.clerk, now=START + 5 * HOUR).left
    assert [one.result for one in left] == ["forged"]
    files.sweep(START + timedelta(days=9))
    assert Scan.objects.count() == 1 and EvidenceFile.objects.filter(pk=scan.pk).exists()


PAPER = Paper("答复书", "letter", "云桥街道办事处", "", "2026年8月3日", ("经办人",), True, "JZ1.X.Y", "X Y")
LAYOUTS = ["letter", "form", "record", "receipt", "sheet"]
ANY = st.text(st.characters(codec=None), max_size=80) | st.sampled_from(
    ["{{ 7*7 }}", "{% for x in y %}", "|a||b|", "---\n===\n| a |", "**粗", "一、标题\n二、", "👨‍👩‍👧 𠮷", "\x00\x0b\x1f\ufffe\ud800", "> 右\n= 左"]
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=ANY, long=st.integers(1, 400), layout=st.sampled_from(LAYOUTS))
def test_any_words_print_as_words(text: str, long: int, layout: str) -> None:
    template = "= {{ a }}：\n一、{{ a }}\n| 栏目 | {{ a }} |\n|---|-----|\n问：{{ a }}\n{{ a }}\n前{{ b }}后"
    filled = environment().from_string(template).render(a=text, b="长" * long)
    paper = Paper(**{**{key: getattr(PAPER, key) for key in PAPER.__slots__}, "layout": layout})
    word = docx.Document(io.BytesIO(compose(paper, filled, style())))
    shown = words(word)
    assert "前" + "长" * long + "后" in shown
    if "{{ 7*7 }}" in text:
        assert "{{ 7*7 }}" in shown and "49" not in shown
    # 填的内容造不出新的表格、换页、横线。
    assert len(word.tables) == (1 if layout != "form" else 2)
    assert len(word.tables[0].columns) == 2
    assert not list(word._element.iter(qn("w:br")))


@pytest.mark.parametrize(
    ("fen", "wanted"),
    [
        (0, "零元整"), (5, "伍分"), (50, "伍角整"), (500000, "伍仟元整"), (1005003, "壹万零伍拾元零叁分"),
        (1250, "壹拾贰元伍角整"), (10001000000, "壹亿零壹万元整"), (100000500, "壹佰万零伍元整"), (123405678, "壹佰贰拾叁万肆仟零伍拾陆元柒角捌分"),
    ],
)  # fmt: skip
def test_capital_amounts(fen: int, wanted: str) -> None:
    assert capital(fen) == wanted


def test_files_are_kept_where_evidence_is(office: Office, tmp_path: Path) -> None:
    assert files.audit().unknown == () and answered(office).docx_id
    assert files.audit().missing == () == files.audit().altered


def test_a_condition_at_the_end_of_a_line_keeps_the_lines_apart() -> None:
    text = "属于{{ a }}。{% if b %}依据某条。{% endif %}\n二、提示\n| 名称 |\n{% for x in c %}\n| {{ x }} |\n{% endfor %}\n完"
    blocks = parse(environment().from_string(text).render(a="轻微", b=True, c=["甲", "乙"]))
    assert [type(one).__name__ for one in blocks] == ["Paragraph", "Paragraph", "Table", "Paragraph"]
    assert isinstance(blocks[1], Paragraph) and (blocks[1].kind, blocks[1].text) == ("h1", "二、提示")
    assert isinstance(blocks[2], Table) and len(blocks[2].rows) == 3


def test_marks() -> None:
    text = (
        "= 张三：\n> 二〇二六年\n^ 居中\n一、事实。当事人说了。\n（二）理由\n1.第一\n问：去哪？\n附件：清单\n---\n===\n"
        "|--|----|\n| 甲 | **乙** |||\n| 丙 |\n普通**粗**字"
    )
    blocks = parse(text)
    kinds = [one.kind if isinstance(one, Paragraph | Mark) else "table" for one in blocks]
    assert kinds == [
        "flush", "right", "center", "h1", "h2", "body", "ask", "attach", "rule", "page", "table", "body",
    ]  # fmt: skip
    heading, table, last = blocks[3], blocks[10], blocks[11]
    assert isinstance(heading, Paragraph) and [run.heading for run in heading.runs] == [True, False]
    assert heading.runs[0].text == "一、事实。"
    assert isinstance(table, Table) and (table.widths, table.header, table.columns) == ([2, 4], False, 4)
    assert [cell.span for cell in table.rows[0]] == [1, 3] and table.rows[0][1].lines[0][0].bold
    assert isinstance(last, Paragraph) and [(run.text, run.bold) for run in last.runs] == [
        ("普通", False),
        ("粗", True),
        ("字", False),
    ]
    long = "一、" + "很长" * 30 + "。后面"
    assert isinstance(parse(long)[0], Paragraph) and parse(long)[0].kind == "body"  # type: ignore[union-attr]
