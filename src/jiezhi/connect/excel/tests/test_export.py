"""导出:照来时的样子写回去,右边加上办理情况。"""

from __future__ import annotations

import datetime as dt
import io

import pytest

from jiezhi.base.accounts.models import AdminRecord, SensitiveRead
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import Office
from jiezhi.base.registry.models import Appointment
from jiezhi.connect.excel import Layout, actions, exporting
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.reader import Sheet, read_sheet
from jiezhi.connect.excel.tests import build
from jiezhi.connect.excel.tests.sheets import HEAD, NOW, REPLIED, load, message, order

APPENDED = ["编号", "环节", "责任单位", "答复", "办结时间"]


def opened(out: io.BytesIO) -> tuple[Sheet, list[dict[str, object]]]:
    sheet = read_sheet(out.getvalue(), name="导出.xlsx", allow_no_rows=True)
    return sheet, [dict(zip(sheet.headers, row.cells, strict=True)) for row in sheet.rows]


def test_comes_out_as_it_came_in_with_people_masked(office: Office) -> None:
    run, _ = load(office, build.table(HEAD, order("GZ001", 标题="=1+1 不是公式"), order("GZ002")))
    out = io.BytesIO()
    assert actions.export_cases(Case.objects.all(), run, out, acting_officer=office.dispatcher, now=NOW) == 2
    sheet, rows = opened(out)
    assert sheet.headers == [*HEAD, *APPENDED]
    first = rows[0]
    assert (first["工单编号"], first["标题"], first["诉求内容"]) == (
        "GZ001",
        "=1+1 不是公式",
        "楼下路灯三天不亮",
    )
    assert first["来电时间"] == dt.datetime(2026, 8, 3, 9, 30) and first["地址"] == "云桥大道12号"
    assert (first["来电人"], first["联系电话"]) == ("张*", "138****8000")
    assert (first["编号"], first["环节"], first["办结时间"]) == ("GZ001", "待分派", "")
    assert not AdminRecord.objects.filter(action="export.cases").exists()


def test_full_numbers_need_a_reason_which_is_recorded(office: Office) -> None:
    run, _ = load(office, build.table(HEAD, order("GZ001")))
    out = io.BytesIO()
    actions.export_cases(
        Case.objects.all(), run, out, acting_officer=office.dispatcher, reason="报送区热线办", now=NOW
    )
    assert opened(out)[1][0]["联系电话"] == "13800138000"
    record = AdminRecord.objects.get(action="export.cases")
    assert record.officer == office.dispatcher and record.note == "报送区热线办"


def test_replied_sheet_shows_replies_made_here_too(office: Office) -> None:
    content = build.table(REPLIED, message("1001"), message("1002", reply=""))
    run, _ = load(office, content, matter="online.message")
    out = io.BytesIO()
    actions.export_cases(Case.objects.all(), run, out, acting_officer=office.dispatcher, now=NOW)
    _, rows = opened(out)
    assert (
        rows[0]["答复时间"] == dt.datetime(2026, 8, 5, 15, 0) and rows[0]["答复意见"] == "已派人修好,请放心。"
    )
    assert rows[0]["环节"] == "已办结" and rows[0]["责任单位"] == "综合执法队"
    assert rows[0]["答复"] == "已派人修好,请放心。" and rows[0]["办结时间"] == dt.datetime(2026, 8, 5, 15, 0)
    assert rows[1]["答复时间"] == rows[1]["答复"] == "" and rows[1]["环节"] == "待分派"


def test_only_what_the_officer_may_see(office: Office) -> None:
    run, _ = load(office, build.table(HEAD, order("GZ001"), order("GZ002")))
    case = Case.objects.get(number="GZ002")
    done = casework.act(
        str(case.uid), "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": "law"}, now=NOW
    )
    assert done.ok, str(done)
    Appointment.objects.filter(officer=office.stranger).delete()
    out = io.BytesIO()
    assert actions.export_cases(Case.objects.all(), run, out, acting_officer=office.stranger, now=NOW) == 0
    assert (
        actions.export_cases(Case.objects.all(), run, io.BytesIO(), acting_officer=office.clerk, now=NOW) == 1
    )


def test_by_the_name_of_a_layout_or_somebody_elses_sheet(office: Office) -> None:
    load(office, build.table(HEAD, order("GZ001")))
    out = io.BytesIO()
    actions.export_cases(
        Case.objects.all(), "standard", out, acting_officer=office.dispatcher, matter="hotline.order", now=NOW
    )
    sheet, rows = opened(out)
    assert sheet.headers[0] == "工单编号" and rows[0]["诉求类别"] == "城乡建设/市政设施"
    theirs = Layout(headers=["诉求标题", "工单号", "问题描述", "受理时间"])
    out = io.BytesIO()
    actions.export_cases(
        Case.objects.all(), theirs, out, acting_officer=office.dispatcher, matter="hotline.order", now=NOW
    )
    _, rows = opened(out)
    assert (rows[0]["诉求标题"], rows[0]["工单号"]) == ("路灯不亮", "GZ001")
    with pytest.raises(SheetError, match="没有“别的”"):
        actions.export_cases(
            Case.objects.all(), "别的", out, acting_officer=office.dispatcher, matter="hotline.order"
        )


def test_a_reason_too_short_is_refused(office: Office) -> None:
    run, _ = load(office, build.table(HEAD, order("GZ001")))
    out = io.BytesIO()
    with pytest.raises(SheetError, match="至少 4 个字"):
        actions.export_cases(
            Case.objects.all(), run, out, acting_officer=office.dispatcher, reason=" 报送 ", now=NOW
        )
    assert not out.getvalue() and not AdminRecord.objects.filter(action="export.cases").exists()


def test_full_text_is_recorded_before_it_is_written(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = load(office, build.table(HEAD, order("GZ001"), order("GZ002")))
    recorded: list[int] = []

    def broken(*args: object, **kwargs: object) -> int:
        recorded.append(AdminRecord.objects.get(action="export.cases").new["rows"])
        raise OSError("磁盘满了")

    monkeypatch.setattr(exporting, "export", broken)
    with pytest.raises(OSError, match="磁盘满了"):
        actions.export_cases(
            Case.objects.all(),
            run,
            io.BytesIO(),
            acting_officer=office.dispatcher,
            reason="报送区热线办",
            now=NOW,
        )
    assert recorded == [2] and AdminRecord.objects.filter(action="export.cases").exists()


def test_every_case_and_item_of_a_full_export_is_noted(office: Office) -> None:
    run, _ = load(office, build.table(HEAD, order("GZ001"), order("GZ002")))
    out = io.BytesIO()
    actions.export_cases(Case.objects.all(), run, out, acting_officer=office.dispatcher, now=NOW)
    assert not SensitiveRead.objects.exists(), "打了码的不用记"
    actions.export_cases(
        Case.objects.all(), run, out, acting_officer=office.dispatcher, reason="报送区热线办", now=NOW
    )
    noted = SensitiveRead.objects.order_by("pk").values_list(
        "case_number", "field_title", "reason", "officer"
    )
    who = office.dispatcher.pk
    assert list(noted) == [(one, "来电人", "导出表格：报送区热线办", who) for one in ("GZ001", "GZ002")]


def test_no_note_no_row(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = load(office, build.table(HEAD, order("GZ001")))

    def full(*args: object, **kwargs: object) -> int:
        raise OSError("磁盘满了")

    monkeypatch.setattr(exporting, "note_reads", full)
    out = io.BytesIO()
    with pytest.raises(OSError, match="磁盘满了"):
        actions.export_cases(
            Case.objects.all(), run, out, acting_officer=office.dispatcher, reason="报送区热线办", now=NOW
        )
    assert opened(out)[1] == []
