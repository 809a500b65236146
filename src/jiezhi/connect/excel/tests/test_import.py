"""导入:热线和问政平台导出的表,变成件。"""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.matters import UnknownMatter
from jiezhi.base.casework.models import Case, Delivery, Event, NumberIssue
from jiezhi.base.casework.testing import Office
from jiezhi.connect.excel import actions, queries
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.models import ImportRow, ImportRun
from jiezhi.connect.excel.reader import read_sheet
from jiezhi.connect.excel.tests import build
from jiezhi.connect.excel.tests.sheets import HEAD, NOW, REPLIED, counts, load, message, order, said


def test_hotline_sheet_becomes_orders(office: Office) -> None:
    run, report = load(office, build.table(HEAD, order("GZ001"), order("GZ002", 标题="井盖破损")))
    assert counts(report) == (2, 0, 0, 0) and report.status == "已完成" and report.rows == report.total == 2
    case = Case.objects.get(number="GZ001")
    assert (case.matter, case.state, case.host_system, case.title) == (
        "hotline.order",
        "new",
        "12345热线",
        "路灯不亮",
    )
    assert case.opened_at == datetime(2026, 8, 3, 1, 30, tzinfo=UTC)
    fields = case_view(case, []).fields
    assert fields["category"] == "城乡建设/市政设施"
    assert fields["spot"] == {"lon": "113.9500000", "lat": "22.7500000", "address": "云桥大道12号"}
    assert fields["reporter"] == {"name": "张三", "phone": "13800138000"}
    assert "张三" not in str(case.fields)
    event = Event.objects.get(case=case)
    assert event.officer == office.dispatcher and event.recorded_at == NOW
    body = bytes(event.body).decode()
    assert run.sm3 in body and '"kind":"import"' in body and "GZ001" in body
    assert event.key == "import:12345热线:GZ001:receive"
    assert not NumberIssue.objects.exists()


def test_importing_again_and_overlapping_doubles_nothing(office: Office) -> None:
    content = build.table(HEAD, *[order(f"GZ{i:03}") for i in range(7)])
    load(office, content)
    _, again = load(office, content)
    assert counts(again) == (0, 7, 0, 0)
    _, wider = load(office, build.table(HEAD, *[order(f"GZ{i:03}") for i in range(4, 10)]), batch=2)
    assert counts(wider) == (3, 3, 0, 0)
    assert Case.objects.count() == Event.objects.count() == 10
    assert ImportRow.objects.filter(outcome="已有").exclude(case=None).count() == 10


def test_changed_content_is_reported_and_the_case_left_alone(office: Office) -> None:
    load(office, build.table(HEAD, order("GZ001")))
    changed = order("GZ001", 标题="路灯还是不亮", 联系电话="13900139000", 备注="催办")
    _, report = load(office, build.table(HEAD, changed))
    assert counts(report) == (0, 0, 1, 0)
    text = said(report)[2]
    assert "与已有的不同:标题、联系电话" in text.replace("：", ":") and "来电人" not in text
    assert Case.objects.get().title == "路灯不亮" and Case.objects.get().seq == 1


def test_corrected_case_is_still_the_same_row(office: Office) -> None:
    """导入后在这里更正过的件,再导原来的表不算不同。"""
    content = build.table(HEAD, order("GZ001"))
    load(office, content)
    done = casework.act(
        str(Case.objects.get().uid),
        "correct",
        acting_officer=office.dispatcher,
        inputs={"subject": "路灯整段不亮"},
        reason="来电人补充",
        now=NOW,
    )
    assert done.ok, str(done)
    _, report = load(office, content)
    assert counts(report) == (0, 1, 0, 0) and Case.objects.get().title == "路灯整段不亮"


def test_order_registered_by_hand_is_recognised(office: Office) -> None:
    opened = casework.open_case(
        "hotline.order",
        acting_officer=office.dispatcher,
        inputs={"subject": "路灯不亮", "content": "楼下路灯三天不亮"},
        origin={"number": "GZ001", "system": "12345热线"},
        now=NOW,
    )
    assert opened.ok
    _, same = load(office, build.table(["工单编号", "来电时间", "标题", "内容"], order("GZ001")[:4]))
    assert counts(same) == (0, 1, 0, 0)
    _, other = load(office, build.table(HEAD, order("GZ001", 诉求内容="别的事")))
    assert "诉求内容" in said(other)[2] or "内容" in said(other)[2]
    assert Case.objects.count() == 1


def test_all_problems_of_a_row_at_once_and_others_go_in(office: Office) -> None:
    bad = order("GZ002", 来电时间="2026-02-30", 标题="", 联系电话="不详", 诉求类别="天上的事")
    _, report = load(office, build.table(HEAD, order("GZ001"), bad, order("GZ003")))
    assert counts(report) == (2, 0, 1, 0)
    text = said(report)[3]
    for column, words in [
        ("来电时间", "不是存在的日期"),
        ("标题", "没有填写"),
        ("联系电话", "电话"),
        ("诉求类别", "没有"),
    ]:
        assert column in text and words in text
    assert not Case.objects.filter(number="GZ002").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"工单编号": 1.23456789012345e17}, "丢失精度"),
        ({"工单编号": ""}, "工单编号"),
        ({"工单编号": "9" * 81}, "最多 80 个字"),
        ({"来电时间": ""}, "来电时间"),
        ({"来电时间": "26-8-3 9:30"}, "年份只有两位"),
        ({"来电时间": "2026-08-20 09:30"}, "发生时间还没有到"),
        ({"经度": ""}, "坐标要同时有经度和纬度"),
        ({"经度": "东经"}, "经度应为数字"),
        ({"标题": "长" * 201}, "最多 200 字"),
        ({"诉求类别": "市政设"}, "是不是“市政设施”"),
    ],
)
def test_bad_cells_spoil_their_row_only(office: Office, changes: dict[str, Any], words: str) -> None:
    _, report = load(office, build.table(HEAD, order("GZ001"), order("GZ002", **changes)))
    assert counts(report)[0] == 1 and report.refused == 1
    assert words in said(report)[3]
    assert report.kinds[0][1] == 1


def test_formula_without_result_is_refused_formula_like_text_is_not(office: Office) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet()
        for at, row in enumerate([HEAD, order("GZ001"), order("GZ002")]):
            for column, value in enumerate(row):
                sheet.write_string(at, column, str(value))
        sheet.write_string(1, 3, "=1+1 不是公式,是来电人说的")
        sheet.write_formula(2, 3, "=A1&A2", value="")

    run, report = load(office, build.workbook(fill))
    assert counts(report) == (1, 0, 1, 0)
    assert "公式" in said(report)[3]
    assert Case.objects.get().fields["content"].startswith("=1+1")
    assert "像公式" in ImportRow.objects.get(run=run, row=2).note


def test_same_number_twice_in_a_file(office: Office) -> None:
    _, report = load(
        office, build.table(HEAD, order("GZ001"), order("GZ002"), order("GZ001", 标题="又一件")), batch=1
    )
    assert counts(report) == (2, 0, 1, 0)
    assert "与第 2 行的编号相同" in said(report)[4]


def test_wrong_file_is_refused_whole_and_says_what_looks_alike(office: Office) -> None:
    head = ["工单编号", "来电日期时间", "标题", "诉求内容"]
    with pytest.raises(SheetError) as refused:
        load(office, build.table(head, order("GZ001")[:4]))
    assert "缺少“来电时间”列" in str(refused.value) and "来电日期时间" in str(refused.value)
    assert not ImportRun.objects.exists()
    run, report = load(office, build.table(head, order("GZ001")[:4]), column_map={"来电时间": "来电日期时间"})
    assert counts(report) == (1, 0, 0, 0) and run.columns["来电时间"] == "来电日期时间"


@pytest.mark.parametrize(
    ("given", "words"),
    [({"没有这列": "标题"}, "没有“没有这列”"), ({"标题": "没有这个列名"}, "没有“没有这个列名”")],
)
def test_wrong_column_map_is_refused(office: Office, given: dict[str, str], words: str) -> None:
    with pytest.raises(SheetError, match=words):
        load(office, build.table(HEAD, order()), layout="standard", column_map=given)


def test_who_may_import(office: Office) -> None:
    with pytest.raises(NotAllowed, match="分拨员"):
        load(office, build.table(HEAD, order()), officer=office.clerk)
    with pytest.raises(UnknownMatter):
        load(office, build.table(HEAD, order()), matter="no.such")
    with pytest.raises(SheetError, match="没有声明来表"):
        load(office, build.table(HEAD, order()), matter="test.report")
    with pytest.raises(SheetError, match="没有“别的”这种来表"):
        load(office, build.table(HEAD, order()), layout="别的")


def test_too_many_rows_are_refused_before_anything_is_opened(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MAX_ROWS", 3)
    with pytest.raises(SheetError, match="超过 3 行"):
        load(office, build.table(HEAD, *[order(f"GZ{i}") for i in range(4)]))
    assert not ImportRun.objects.exists() and not Case.objects.exists()


def test_trial_run_says_the_same_and_opens_nothing(office: Office) -> None:
    load(office, build.table(HEAD, order("GZ000")))
    content = build.table(
        HEAD,
        order("GZ000"),
        order("GZ001"),
        order("GZ002", 标题=""),
        order("GZ001"),
        order("GZ003", 来电时间="2026-09-01"),
    )
    run, trial = load(office, content, dry_run=True, batch=2)
    before = (Case.objects.count(), Event.objects.count(), Delivery.objects.count())
    assert before[0] == 1
    assert not ImportRow.objects.filter(run=run, outcome="新开").exclude(case=None).exists()
    _, real = load(office, content, batch=2)
    assert counts(trial) == counts(real) == (1, 1, 3, 0)
    assert trial.problems == real.problems and trial.kinds == real.kinds
    assert Case.objects.count() == 2


def test_totals_and_notes_below_the_table_are_skipped(office: Office) -> None:
    run, report = load(office, build.table(HEAD, order("GZ001"), ["合计", 1], ["制表人:某某"]))
    assert counts(report) == (1, 0, 0, 2) and report.rows == 3
    assert [row.note for row in ImportRow.objects.filter(run=run, outcome="跳过")] == [
        "像是合计行",
        "像是表下的说明",
    ]


def test_replied_messages_arrive_closed(office: Office) -> None:
    run, report = load(
        office, build.table(REPLIED, message("1001"), message("1002", reply="")), matter="online.message"
    )
    assert run.layout == "replied" and counts(report) == (2, 0, 0, 0)
    closed, waiting = Case.objects.get(number="1001"), Case.objects.get(number="1002")
    assert (closed.state, closed.seq, closed.closed_at) == (
        "closed",
        4,
        datetime(2026, 8, 5, 7, 0, tzinfo=UTC),
    )
    assert (waiting.state, waiting.seq) == ("new", 1)
    assert case_view(closed, []).fields["reply"] == "已派人修好,请放心。"


def test_row_with_a_refused_later_step_leaves_nothing_behind(office: Office) -> None:
    """答复早于留言:登记本身没有毛病,也不留下半截的件。"""
    bad = message("1001", 答复时间="2026-08-01 08:00")
    _, report = load(office, build.table(REPLIED, bad, message("1002")), matter="online.message")
    assert counts(report) == (1, 0, 1, 0)
    assert "答复时间" in said(report)[2] and "早于" in said(report)[2]
    assert list(Case.objects.values_list("number", flat=True)) == ["1002"]
    assert Event.objects.count() == 4
    _, mended = load(office, build.table(REPLIED, message("1001"), message("1002")), matter="online.message")
    assert counts(mended) == (1, 1, 0, 0)


def test_reply_that_arrives_in_a_later_export_is_added(office: Office) -> None:
    head = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "点赞数", "反对数"]
    first = build.table(head, [*message("1001")[:5], 3, 0])
    run, report = load(office, first, matter="online.message")
    assert run.layout == "messages" and counts(report) == (1, 0, 0, 0)
    later = build.table(REPLIED, message("1001"))
    run, report = load(office, later, matter="online.message")
    assert counts(report) == (0, 1, 0, 0)
    assert "补登原答复" in ImportRow.objects.get(run=run).note
    assert Case.objects.get().state == "closed" and Case.objects.get().seq == 4
    _, again = load(office, later, matter="online.message")
    assert counts(again) == (0, 1, 0, 0) and Case.objects.get().seq == 4
    _, other = load(
        office, build.table(REPLIED, message("1001", reply="换了说法的答复")), matter="online.message"
    )
    assert counts(other) == (0, 0, 1, 0) and "答复意见" in said(other)[2]


def test_rejected_rows_go_back_as_they_came_and_can_be_mended(office: Office) -> None:
    content = build.table(
        HEAD, order("GZ001"), order("GZ002", 标题="", 备注="急"), order("GZ003", 来电时间="昨天")
    )
    run, report = load(office, content)
    assert report.refused == 2
    out = io.BytesIO()
    assert actions.write_error_report(run, out) == 2
    back = read_sheet(out.getvalue(), name="退回.xlsx")
    assert back.headers == [*HEAD, "问题"]
    rows = [row.cells for row in back.rows]
    assert (
        rows[0][0] == "GZ002" and rows[0][10] == "急" and "标题" in rows[0][-1] and "原第 3 行" in rows[0][-1]
    )
    mended = [list(rows[0]), list(rows[1])]
    mended[0][2], mended[1][1] = "井盖破损", "2026-08-04 10:00"
    _, second = load(office, build.table(list(back.headers), *mended))
    assert counts(second) == (2, 0, 0, 0) and Case.objects.count() == 3


def test_broken_off_run_goes_on_where_it_stopped(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [order(f"GZ{i:03}", **({"标题": ""} if i == 5 else {})) for i in range(9)]
    run = actions.start_import(
        "hotline.order", build.table(HEAD, *rows), name="a.xlsx", acting_officer=office.dispatcher, now=NOW
    )
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if done >= 4:
            raise OSError("磁盘满了")

    with pytest.raises(OSError, match="磁盘满了"):
        actions.run_import(run, batch=2, now=NOW, progress=stop)
    run.refresh_from_db()
    assert (run.status, run.why, run.last_row, told[-1]) == ("已中断", "磁盘满了", 5, (4, 9))
    assert list(queries.unfinished()) == [run]
    report = actions.resume_import(run, now=NOW + timedelta(hours=1), batch=2)
    assert counts(report) == (8, 0, 1, 0) and report.status == "已完成"
    assert Case.objects.count() == 8 and not queries.unfinished().exists()
    assert counts(actions.resume_import(run)) == (8, 0, 1, 0)


def test_two_at_once_on_one_run(office: Office) -> None:
    """两处同时接着导同一个文件:后来的停下,不重复。"""
    content = build.table(HEAD, *[order(f"GZ{i:03}") for i in range(4)])
    run = actions.start_import(
        "hotline.order", content, name="a.xlsx", acting_officer=office.dispatcher, now=NOW
    )
    other = ImportRun.objects.get(pk=run.pk)
    actions.run_import(run, now=NOW)
    with pytest.raises(SheetError, match="另有一处"):
        actions.run_import(other, now=NOW)
    run.refresh_from_db()
    assert run.status == "已完成" and Case.objects.count() == 4
