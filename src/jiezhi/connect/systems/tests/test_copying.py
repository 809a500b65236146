"""抄录单：次序同对方；个人信息打码，写明理由的先记再印；抄过的认得，内容改了要重新抄。"""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from docx import Document as read_docx

from jiezhi.base.accounts.models import AdminRecord, SensitiveRead
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import replay
from jiezhi.base.casework.models import Case
from jiezhi.connect.excel.reader import Sheet, read_sheet
from jiezhi.connect.systems import copying, importing, queries
from jiezhi.connect.systems.testing import copy_bytes
from jiezhi.connect.systems.tests.conftest import Street
from jiezhi.connect.systems.tests.sheets import ORDERS, order, table
from jiezhi.connect.systems.tests.test_importing import answered, clue

NOW = datetime(2026, 8, 5, 1, 0, tzinfo=UTC)
HOTLINE = ("hotline", "hotline.order")
PENALTY = ("enforcement", "enforcement.penalty")
COLUMNS = [
    "工单编号",
    "标题",
    "承办单位",
    "答复内容",
    "是否联系来电人",
    "联系情况",
    "来电人",
    "联系电话",
    "答复时间",
]


@pytest.fixture
def orders(street: Street) -> list[Case]:
    rows = [order("GZ2026001"), order("GZ2026002", 标题="井盖破损"), order("GZ2026003")]
    importing.import_sheet(
        "hotline", table(ORDERS, *rows), acting_officer=street.clerk, now=NOW, name="a.xlsx"
    )
    return [answered(street, "GZ2026001"), answered(street, "GZ2026002")]


def printed(data: bytes) -> list[list[tuple[str, str]]]:
    """每一页的（栏目、内容）。"""
    return [
        [(row.cells[0].text, row.cells[1].text) for row in one.rows]
        for one in read_docx(io.BytesIO(data)).tables
    ]


def batch(data: bytes) -> tuple[Sheet, list[dict[str, Any]]]:
    sheet = read_sheet(data, name="批量.xlsx")
    return sheet, [dict(zip(sheet.headers, row.cells, strict=True)) for row in sheet.rows]


def test_one_page_each_in_their_order_with_people_masked(street: Street, orders: list[Case]) -> None:
    data = copy_bytes(*HOTLINE, acting_officer=street.clerk, now=NOW)
    pages = printed(data)
    assert len(pages) == 2, "没有答复的不抄"
    assert [title for title, _ in pages[0]] == [*COLUMNS, "工单编号（抄录后填）"]
    first = dict(pages[0])
    assert first["答复内容"] == "路灯已经修好，请放心使用" and first["承办单位"] == "综合执法队"
    assert (first["来电人"], first["联系电话"]) == ("张*", "138****8000")
    assert first["是否联系来电人"] == "是" and first["答复时间"] == "2026年8月5日9时00分"
    assert dict(pages[1])["标题"] == "井盖破损"
    assert (
        not SensitiveRead.objects.exists() and not AdminRecord.objects.filter(action="systems.copy").exists()
    )
    text = "\n".join(line.text for line in read_docx(io.BytesIO(data)).paragraphs)
    assert text.count("热线工单答复抄录单") == 2 and "本单位编号：GZ2026001" in text


def test_full_text_needs_a_reason_and_is_recorded_first(
    street: Street, orders: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match="至少 4 个字"):
        copy_bytes(*HOTLINE, acting_officer=street.clerk, now=NOW, reason="抄录")
    assert not SensitiveRead.objects.exists()
    seen: list[int] = []
    real = copying.export

    def recorded(*args: Any, **more: Any) -> int:
        seen.append(SensitiveRead.objects.count())
        return real(*args, **more)

    monkeypatch.setattr(copying, "export", recorded)
    data = copy_bytes(
        *HOTLINE,
        acting_officer=street.clerk,
        now=NOW,
        reason="抄回热线平台",
        form="xlsx",
        numbers=["GZ2026001"],
    )
    sheet, (row,) = batch(data)
    assert row["联系电话"] == "13800138000" and row["来电人"] == "张三"
    assert seen == [1], "先记后写"
    read = SensitiveRead.objects.get()
    assert (read.case_number, read.field, read.reason) == ("GZ2026001", "reporter", "抄回热线平台")
    assert AdminRecord.objects.get(action="systems.copy").new["件"] == ["GZ2026001"]


def test_a_batch_has_the_columns_of_their_form(street: Street, orders: list[Case]) -> None:
    sheet, rows = batch(copy_bytes(*HOTLINE, acting_officer=street.clerk, now=NOW, form="xlsx"))
    assert sheet.headers == [*COLUMNS, "本单位编号", "对方工单编号"]
    assert [row["工单编号"] for row in rows] == ["GZ2026001", "GZ2026002"]
    assert rows[0]["答复时间"] == datetime(2026, 8, 5, 9, 0)


def test_copied_once_unless_the_answer_changes(street: Street, orders: list[Case]) -> None:
    results = copying.mark_copied(
        *HOTLINE, {"GZ2026001": "", "GZ2026003": "", "没有": ""}, acting_officer=street.clerk, now=NOW
    )
    assert [result.ok for _, result in results] == [True, False, False]
    assert "现在是“待分派”" in str(results[1][1]) and "没有 没有 这件" in str(results[2][1])
    found = orders[0]
    found.refresh_from_db()
    assert "transcribe" in found.done and replay.differences(found) == []
    assert [
        one.number for one in queries.to_copy(queries.usable("hotline"), "hotline.order", street.clerk, NOW)
    ] == ["GZ2026002"]
    # 退回重办再答复：答复改了，抄过的不算
    for action, officer, inputs, reason in (
        ("rework", street.clerk, {}, "来电人不满意"),
        ("answer", street.office.clerk, {"reply": "又换了灯头，已经亮了", "contacted": True}, ""),
    ):
        result = casework.act(
            str(found.uid),
            action,
            acting_officer=officer,
            inputs=inputs,
            reason=reason,
            now=NOW + timedelta(hours=1),
        )
        assert result.ok, str(result)
    waiting = queries.to_copy(queries.usable("hotline"), "hotline.order", street.clerk, NOW)
    assert [one.number for one in waiting] == ["GZ2026001", "GZ2026002"]
    assert not copying.mark_copied(*HOTLINE, {"GZ2026001": ""}, acting_officer=street.office.clerk, now=NOW)[
        0
    ][1].ok


def test_only_what_one_may_see(street: Street, orders: list[Case]) -> None:
    with pytest.raises(ValidationError, match="没有等着抄录的件"):
        copy_bytes(*HOTLINE, acting_officer=street.office.stranger, now=NOW)
    with pytest.raises(ValidationError, match="没有这些件，或您无权查看：GZ2026001"):
        copy_bytes(*HOTLINE, acting_officer=street.office.stranger, now=NOW, numbers=["GZ2026001"])
    with pytest.raises(ValidationError, match="没有声明"):
        copy_bytes("certificates", "enforcement.certificate", acting_officer=street.clerk, now=NOW)
    with pytest.raises(ValidationError, match="登记里没有“hotline.order”"):
        copy_bytes("online", "hotline.order", acting_officer=street.clerk, now=NOW)


def test_words_in_the_case_stay_words(street: Street) -> None:
    """内容里的竖线、换行、星号、花括号只是字，造不出表格、标题和模板语句。"""
    text = "| 甲 | 乙 |\n===\n**粗** {{ title }} {% for %}"
    rows = [order("GZ2026001", 标题=text, 诉求内容=text)]
    importing.import_sheet(
        "hotline", table(ORDERS, *rows), acting_officer=street.clerk, now=NOW, name="a.xlsx"
    )
    answered(street)
    (page,) = printed(copy_bytes(*HOTLINE, acting_officer=street.clerk, now=NOW))
    assert dict(page)["标题"].replace("\n", " ") == text.replace("\n", " ")
    assert len(page) == len(COLUMNS) + 1


def test_numbers_come_back_from_the_filled_batch(street: Street) -> None:
    cases = [clue(street), clue(street, "乱倒垃圾")]
    Case.objects.filter(pk__in=[one.pk for one in cases]).update(state="investigating")
    data = copy_bytes(*PENALTY, acting_officer=street.chief, now=NOW, form="xlsx")
    sheet, rows = batch(data)
    assert sheet.headers[0] == "本单位案号" and sheet.headers[-2:] == ["本单位编号", "对方案号"]
    for place, row in enumerate(rows, 1):
        row["对方案号"] = f"粤云执案〔2026〕{place}号"
    rows[1]["对方案号"] = ""
    entries = copying.read_marks("enforcement", table(sheet.headers, *rows), "批量.xlsx")
    assert entries == {cases[0].number: "粤云执案〔2026〕1号"}
    (result,) = copying.mark_copied(*PENALTY, entries, acting_officer=street.chief, now=NOW)
    assert result[1].ok, str(result[1])
    assert Case.objects.get(pk=cases[0].pk).fields["province_number"] == "粤云执案〔2026〕1号"
    left = queries.to_copy(queries.usable("enforcement"), "enforcement.penalty", street.chief, NOW)
    assert [one.pk for one in left] == [cases[1].pk]
    (empty,) = copying.mark_copied(*PENALTY, {cases[1].number: ""}, acting_officer=street.chief, now=NOW)
    assert "还没有填对方给的编号" in str(empty[1])
    with pytest.raises(ValidationError, match="没有这些列：对方案号"):
        copying.read_marks("enforcement", table(["本单位编号", "备注"], {"本单位编号": "1"}), "批量.xlsx")
