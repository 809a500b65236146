"""热线、执法的导出表一遍遍导：不多一件；对方改了的列出来；状态跟着走；采用、不采用都有依据。"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import integrity, replay, upkeep
from jiezhi.base.casework import queries as casequeries
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case, Clock, Event
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.models import ImportRow, SheetChange
from jiezhi.connect.excel.queries import ImportReport
from jiezhi.connect.systems import actions, importing, queries
from jiezhi.connect.systems.tests.conftest import Street
from jiezhi.connect.systems.tests.sheets import CASES, ORDERS, case, order, table

NOW = datetime(2026, 8, 5, 1, 0, tzinfo=UTC)


def load(street: Street, *rows: dict[str, Any], headers: list[str] = ORDERS, **more: Any) -> ImportReport:
    options = {"acting_officer": street.clerk, "now": NOW, "name": "工单.xlsx"} | more
    return importing.import_sheet("hotline", table(headers, *rows), **options).reports["hotline.order"]


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.opened, report.repeated, report.refused


def waiting(number: str = "GZ2026001") -> list[tuple[str, Any, Any]]:
    rows = SheetChange.objects.filter(number=number, status="待处理").order_by("pk")
    return [(one.row.column, one.before, one.now) for one in map(queries.shown_change, rows)]


def test_the_same_sheets_over_and_over_make_no_more(street: Street) -> None:
    """同表、增量表、列次序变、多一列少一列：件和办理记录都不多。"""
    first = [order(f"GZ20260{n:02}") for n in range(6)]
    assert counts(load(street, *first)) == (6, 0, 0)
    shuffled = ORDERS[:]
    random.Random(4).shuffle(shuffled)
    before = (Case.objects.count(), Event.objects.count())
    for rows, headers in (
        (first, ORDERS),
        (first, shuffled),
        (first, [*shuffled, "区交办人"]),
        (first[2:], [one for one in ORDERS if one not in ("热线时限", "工单状态", "来电人")]),
        (list(reversed(first)), ORDERS),
    ):
        report = load(street, *rows, headers=headers)
        assert counts(report) == (0, len(rows), 0) and not report.changed and not report.followed
    more = [*first[4:], order("GZ2026090")]
    assert counts(load(street, *more)) == (1, 2, 0)
    assert (Case.objects.count(), Event.objects.count()) == (before[0] + 1, before[1] + 1)
    assert not SheetChange.objects.exists()


def clock(name: str) -> Any:
    return Clock.objects.filter(name=name).order_by("-round").first()


def test_the_hotlines_own_limit_is_the_limit(street: Street) -> None:
    """热线给的期限以它为准：占位的分派、退回期限照记，件的到期、灯不看它们；只有日子的算到那天完。"""
    now = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    row = order(来电时间="2026-11-02 09:00", 派单时间="2026-11-20 16:00", 热线时限="2026-12-05")
    load(street, row, now=now)
    one = Case.objects.get()
    assert one.due_at == datetime(2026, 12, 5, 16, 0, tzinfo=UTC), "北京时间 12 月 5 日完"
    assert casequeries.light_of(one, now) == "正常"
    assert clock("handle").due_at == one.due_at and clock("handle").limit == ""
    # 分派、退回从派到街道那一刻起算，不从来电起算：导入的时候还没有过
    sent = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    assert {clock(name).started_at for name in ("first_assign", "refer")} == {sent}
    assert clock("handle").started_at == datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    # 热线改了期限，到期跟着改；这里不能自己延长
    load(street, row | {"热线时限": "2026-12-08 12:00"}, now=now + timedelta(hours=1))
    one.refresh_from_db()
    assert one.due_at == clock("handle").due_at == datetime(2026, 12, 8, 4, 0, tzinfo=UTC)
    sent_on = casework.act(
        str(one.uid), "dispatch", acting_officer=street.office.dispatcher, inputs={"to_unit": "law"}, now=now + timedelta(hours=2)
    )  # fmt: skip
    assert sent_on.ok, str(sent_on)
    one.refresh_from_db()
    assert one.due_at == clock("handle").due_at, "签收期限也不改它"
    longer = casework.act(
        str(one.uid), "extend", acting_officer=street.office.chief, inputs={"extend_by": "5个工作日"},
        reason="需要会商", now=now + timedelta(hours=3),
    )  # fmt: skip
    assert "12345热线给的，不能在这里延长" in str(longer)
    assert replay.differences(one) == [] and integrity.verify_database().ok


def test_without_the_hotlines_limit_ours_counts(street: Street) -> None:
    """没有给期限、没有派单时间的：照本单位的，分派从导入起算；给了再照给的，退回重派的分派不从派单起算。"""
    load(street, order(热线时限="", 派单时间=""))
    one = Case.objects.get()
    assert clock("first_assign").started_at == NOW and clock("handle").limit == "5个工作日"
    assert one.due_at == min(row.due_at for row in Clock.objects.exclude(status="ended"))
    load(street, order(派单时间="", 热线时限="2026-08-20 18:00"), now=NOW + timedelta(hours=1))
    one.refresh_from_db()
    assert one.due_at == datetime(2026, 8, 20, 10, 0, tzinfo=UTC) and clock("handle").limit == ""
    for action, who, more in (
        ("dispatch", street.office.dispatcher, {"inputs": {"to_unit": "law"}}),
        ("return", street.office.clerk, {"reason": "不属本单位"}),
    ):
        done = casework.act(str(one.uid), action, acting_officer=who, now=NOW + timedelta(hours=2), **more)
        assert done.ok, str(done)
    assert clock("assign").started_at == NOW + timedelta(hours=2)
    assert replay.differences(one) == []


def test_a_number_that_is_not_one_is_refused(street: Street) -> None:
    report = load(street, order("路灯不亮"), order("GZ2026001"))
    assert counts(report) == (1, 0, 1)
    assert "不像12345热线的编号" in report.problems[0].problems[0]


def test_changed_columns_are_listed_and_nothing_is_overwritten(street: Street) -> None:
    load(street, order())
    changed = order(标题="路灯整段不亮", 联系电话="13900139000")
    report = load(street, changed)
    assert counts(report) == (0, 0, 1) and report.changed == 2
    assert waiting() == [("标题", "路灯不亮", "路灯整段不亮"), ("联系电话", "138****8000", "139****9000")]
    assert Case.objects.get().title == "路灯不亮" and Case.objects.get().seq == 1
    # 明文不落在库里
    assert b"13900139000" not in b"".join(bytes(one.sealed) for one in SheetChange.objects.all())
    # 再导不再记一遍；改了又改只留最后的；改回去就不用处理了
    load(street, changed)
    assert SheetChange.objects.count() == 2
    load(street, order(标题="路灯全灭", 联系电话="13900139000"))
    assert waiting()[1] == ("标题", "路灯不亮", "路灯全灭") and len(waiting()) == 2
    load(street, order())
    assert waiting() == []
    assert sorted(SheetChange.objects.values_list("status", flat=True)) == ["又改了", "已改回", "已改回"]


def test_a_trial_leaves_nothing(street: Street) -> None:
    load(street, order())
    report = load(street, order(标题="路灯整段不亮", 工单状态="待回访"), order("GZ2026002"), dry_run=True)
    assert counts(report) == (1, 0, 1) and (report.changed, report.followed) == (1, 1)
    assert Case.objects.count() == Event.objects.count() == 1 and not SheetChange.objects.exists()


def test_their_state_and_limit_are_followed_through_the_door(street: Street) -> None:
    load(street, order())
    found = Case.objects.get()
    assert found.fields["hotline_state"] == "办理中"
    report = load(street, order(工单状态="待回访", 热线时限="2026-08-12 18:00", 标题="路灯整段不亮"))
    assert (report.changed, report.followed) == (1, 2), "标题等人处理，状态和时限照样跟"
    found.refresh_from_db()
    event = Event.objects.get(case=found, seq=2)
    assert (event.action, event.officer) == ("follow", street.clerk)
    assert found.fields["hotline_state"] == "待回访" and found.fields["hotline_due"].startswith("2026-08-12")
    followed = SheetChange.objects.filter(status="已跟着改").order_by("pk")
    assert [(one.column, one.event) for one in followed] == [("热线时限", 2), ("工单状态", 2)]
    note = ImportRow.objects.filter(number="GZ2026001").latest("pk").note
    assert "跟着对方改了热线时限、工单状态" in note
    # 同样的再导不再办；变回去还认得是新的一次
    load(street, order(工单状态="待回访", 热线时限="2026-08-12 18:00"))
    assert Event.objects.count() == 2
    load(street, order(工单状态="办理中", 热线时限="2026-08-12 18:00"))
    load(street, order(工单状态="待回访", 热线时限="2026-08-12 18:00"))
    assert Event.objects.count() == 4 and replay.differences(Case.objects.get()) == []


def answered(street: Street, number: str = "GZ2026001") -> Case:
    """派单、签收、答复过的一件。"""
    found = Case.objects.get(number=number)

    def does(action: str, officer: Any, **inputs: Any) -> None:
        result = casework.act(str(found.uid), action, acting_officer=officer, inputs=inputs, now=NOW)
        assert result.ok, str(result)

    does("dispatch", street.office.dispatcher, to_unit="law")
    does("sign", street.office.clerk)
    does("answer", street.office.clerk, reply="路灯已经修好，请放心使用", contacted=True)
    found.refresh_from_db()
    return found


def test_what_they_closed_or_sent_back_is_done_here_once(street: Street) -> None:
    load(street, order(), order("GZ2026002"))
    found = answered(street)
    content = table(ORDERS, order(工单状态="退回重办"), order("GZ2026002", 工单状态="已办结"))
    imported = importing.import_sheet("hotline", content, acting_officer=street.clerk, now=NOW, name="a.xlsx")
    assert imported.led == ["GZ2026001"]
    found.refresh_from_db()
    assert found.state == "handling" and "重办" in found.tags
    # 没有答复的不能跟着办结：说明缘由，留给对账
    ((number, why),) = imported.left
    assert number == "GZ2026002" and "对方已是“已办结”" in why and "没有跟着办" in why
    assert Case.objects.get(number="GZ2026002").state == "new"
    # 重办之后又答复了，对方的表还是“退回重办”：不再退一次
    result = casework.act(
        str(found.uid), "answer", acting_officer=street.office.clerk,
        inputs={"reply": "重新换了灯头，已经亮了", "contacted": True}, now=NOW + timedelta(hours=1),
    )  # fmt: skip
    assert result.ok, str(result)
    again = importing.import_sheet(
        "hotline", content, acting_officer=street.clerk, now=NOW + timedelta(hours=2), name="a.xlsx"
    )
    assert again.led == again.left == []
    found.refresh_from_db()
    assert found.state == "answered"
    closed = importing.import_sheet(
        "hotline", table(ORDERS, order(工单状态="已办结")), acting_officer=street.clerk,
        now=NOW + timedelta(hours=3), name="b.xlsx",
    )  # fmt: skip
    found.refresh_from_db()
    assert closed.led == ["GZ2026001"] and found.state == "closed"
    assert '"organ":"12345热线"' in bytes(Event.objects.get(case=found, action="close").body).decode()
    assert replay.differences(found) == []


def test_adopting_goes_through_the_door_and_is_not_asked_again(street: Street) -> None:
    load(street, order())
    changed = order(标题="路灯整段不亮", 来电人="张三丰", 联系电话="13900139000")
    load(street, changed)
    rows = list(SheetChange.objects.order_by("pk"))
    with pytest.raises(ValidationError, match="同一件"):
        actions.adopt([], acting_officer=street.clerk, reason="热线来电更正", now=NOW)
    refused = actions.adopt(rows, acting_officer=street.office.stranger, reason="热线来电更正", now=NOW)
    assert not refused.ok and SheetChange.objects.filter(status="待处理").count() == 3
    done = actions.adopt(rows, acting_officer=street.clerk, reason="热线来电更正", now=NOW)
    assert done.ok, str(done)
    found = Case.objects.get()
    assert (found.title, found.seq) == ("路灯整段不亮", 2)
    assert case_view(found, ()).fields["reporter"] == {"name": "张三丰", "phone": "13900139000"}
    assert set(SheetChange.objects.values_list("status", "event", "officer")) == {
        ("已更正", 2, street.clerk.pk)
    }
    with pytest.raises(ValidationError, match="已经处理过"):
        actions.adopt(rows, acting_officer=street.clerk, reason="热线来电更正", now=NOW)
    assert counts(load(street, changed)) == (0, 1, 0)
    # 采用之后对方又改回原来的，认得是又改了一次
    assert load(street, order()).changed == 3
    assert waiting()[0] == ("标题", "路灯整段不亮", "路灯不亮")


def test_dismissing_needs_a_reason_and_is_remembered(street: Street) -> None:
    load(street, order())
    changed = order(标题="路灯整段不亮")
    load(street, changed)
    row = SheetChange.objects.get()
    with pytest.raises(ValidationError, match="至少 4 个字"):
        actions.dismiss([row], acting_officer=street.clerk, reason="不改", now=NOW)
    with pytest.raises(NotAllowed, match="导入、对账由"):
        actions.dismiss([row], acting_officer=street.office.clerk, reason="现场核过不是整段", now=NOW)
    assert actions.dismiss([row], acting_officer=street.clerk, reason="现场核过不是整段", now=NOW) == 1
    record = AdminRecord.objects.get(action="systems.dismiss")
    assert (record.officer, record.note, record.new["列"]) == (street.clerk, "现场核过不是整段", "标题")
    assert counts(load(street, changed)) == (0, 1, 0) and waiting() == []
    assert counts(load(street, order())) == (0, 1, 0), "件上还是原来的，改回来也不算改"
    assert load(street, order(标题="路灯全灭")).changed == 1


def test_a_column_that_cannot_be_corrected_says_so(street: Street) -> None:
    """网络问政的留言用户不在更正的栏目里。"""
    headers = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情"]

    def sheet(user: str) -> bytes:
        row = dict(zip(headers, ["1001", user, "路灯不亮", "2026-08-03 09:30", "楼下路灯不亮"], strict=True))
        return table(headers, row)

    for user in ("A0001", "A0002"):
        importing.import_sheet("online", sheet(user), acting_officer=street.clerk, now=NOW, name="留言.xlsx")
    with pytest.raises(ValidationError, match="改不了“留言用户”"):
        actions.adopt(
            list(SheetChange.objects.all()), acting_officer=street.clerk, reason="来电更正", now=NOW
        )
    assert Case.objects.get().seq == 1


def test_erased_by_law_means_erased_here_too(street: Street) -> None:
    archivist = street.give("dangan", "档案员", "archivist")
    load(street, order())
    load(street, order(联系电话="13900139000", 标题="路灯整段不亮"))
    result = upkeep.erase(
        str(Case.objects.get().uid), ["reporter"], acting_officer=archivist, reason="来电人要求删除", now=NOW
    )
    assert result.ok, str(result)
    assert waiting() == [("标题", "路灯不亮", "路灯整段不亮"), ("联系电话", "已依法清除", "已依法清除")]
    phone = SheetChange.objects.get(column="联系电话")
    with pytest.raises(ValidationError, match="已依法清除"):
        actions.adopt([phone], acting_officer=street.clerk, reason="来电更正", now=NOW)
    assert load(street, order(联系电话="13900139000", 标题="路灯整段不亮")).changed == 0


def test_who_may_import(street: Street) -> None:
    for officer in (street.office.clerk, street.admin, street.chief):
        with pytest.raises(NotAllowed, match="导入、对账由"):
            load(street, order(), acting_officer=officer)
    part = street.give("pianqu", "片区员", "hotline_clerk", area=street.office.area)
    assert counts(load(street, order(), acting_officer=part)) == (1, 0, 0), "管着全街道的，不算限了区域"


def test_only_for_reconciling(street: Street) -> None:
    publisher = street.give("gongshi", "公示员", "publisher")
    with pytest.raises(SheetError, match="只用来对账"):
        importing.import_sheet(
            "publicity", table(["决定书文号"], {"决定书文号": "云桥罚决字〔2026〕第1号"}),
            acting_officer=publisher, now=NOW,
        )  # fmt: skip
    with pytest.raises(ValidationError, match="信访件的业务模板还没有做"):
        importing.import_sheet("petition", b"", acting_officer=street.clerk, now=NOW)
    with pytest.raises(ValidationError, match="没有登记“nothing”"):
        importing.import_sheet("nothing", b"", acting_officer=street.clerk, now=NOW)


# ---- 执法平台：件号由本平台发，平台的案号另记 ----


def bring(
    street: Street, *rows: dict[str, Any], headers: list[str] = CASES, **more: Any
) -> importing.Imported:
    options = {"acting_officer": street.chief, "now": NOW, "name": "案件.xlsx"} | more
    return importing.import_sheet("enforcement", table(headers, *rows), **options)


def clue(street: Street, text: str = "沿街商铺占道堆放") -> Case:
    result = casework.open_case(
        "enforcement.penalty", acting_officer=street.chief,
        inputs={"clue_text": text, "clue_source": "日常巡查"}, now=NOW - timedelta(days=1),
    )  # fmt: skip
    assert result.ok, str(result)
    return Case.objects.get(uid=result.uid)  # type: ignore[union-attr]


def test_platform_cases_open_clues_only_when_they_are_clues(street: Street) -> None:
    rows = [case(), case("粤云执案〔2026〕2号", 案件状态="已结案", 登记时间="")]
    report = bring(street, *rows).reports["enforcement.penalty"]
    assert (report.opened, report.skipped, report.refused) == (1, 1, 0)
    found = Case.objects.get()
    assert found.number == "云桥罚案〔2026〕1号" and found.host_system == ""
    assert found.fields["province_number"] == "粤云执案〔2026〕1号" and found.state == "clue"
    note = ImportRow.objects.get(outcome="跳过").note
    assert note == "“案件状态”是“已结案”，这里没有这一件，不登记"
    for again in (rows, list(reversed(rows)), [case(案件状态="调查取证"), rows[1]]):
        report = bring(street, *again).reports["enforcement.penalty"]
        assert (report.opened, report.repeated, report.refused) == (0, 1, 0)
    assert Case.objects.count() == Event.objects.count() == 1
    report = bring(street, case(案情简介="沿街商铺占道经营")).reports["enforcement.penalty"]
    assert report.changed == 1 and Case.objects.get().seq == 1


def test_their_number_is_entered_on_the_case_they_name(street: Street) -> None:
    mine, other = clue(street), clue(street, "乱倒垃圾")
    rows = [
        case("粤云执案〔2026〕7号", 本单位案号=mine.number, 案件状态="调查取证"),
        case("粤云执案〔2026〕8号", 本单位案号=other.number),
    ]
    found = bring(street, *rows)
    assert sorted(found.entered) == sorted([mine.number, other.number]) and found.left == []
    report = found.reports["enforcement.penalty"]
    assert (report.opened, report.repeated, report.refused) == (0, 2, 0)
    mine.refresh_from_db()
    event = Event.objects.get(case=mine, seq=2)
    assert (event.action, event.officer) == ("enter_province_number", street.chief)
    assert mine.fields["province_number"] == "粤云执案〔2026〕7号" and "transcribe" in mine.done
    assert replay.differences(mine) == []
    # 再导不再回填；平台换了号的不改，说出来
    assert bring(street, *rows).entered == []
    changed = bring(street, case("粤云执案〔2026〕9号", 本单位案号=mine.number, 案件状态="调查取证"))
    assert changed.entered == [] and "登记的是 粤云执案〔2026〕7号" in changed.left[0][1]
    assert Case.objects.count() == 2


def test_without_the_columns_for_clues_only_numbers_are_entered(street: Street) -> None:
    mine = clue(street)
    headers = ["案号", "本单位案号", "立案日期"]
    found = bring(street, case("粤云执案〔2026〕7号", 本单位案号=mine.number), headers=headers)
    assert found.entered == [mine.number] and found.reports == {}
    assert "只回填对方编号" in found.notes[0]


def test_one_number_belongs_to_one_case(street: Street) -> None:
    first, second = clue(street), clue(street, "乱倒垃圾")

    def enter(target: Case, number: str) -> Any:
        return casework.act(
            str(target.uid), "enter_province_number", acting_officer=street.chief,
            inputs={"province_number": number}, now=NOW,
        )  # fmt: skip

    assert enter(first, "粤云执案〔2026〕7号").ok
    assert "已经记在别的件上" in str(enter(second, "粤云执案〔2026〕7号"))
    assert "不像那边的编号" in str(enter(second, "7号"))
    assert enter(first, "粤云执案〔2026〕7号").ok, "同一件再登记一遍无妨"
    assert Case.objects.get(pk=second.pk).seq == 1


def test_a_clue_named_by_them_is_not_opened_twice_even_by_the_plain_import(street: Street) -> None:
    """直接用来表导入（不先回填）也不会为已有的件再开一件。"""
    from jiezhi.connect.excel import actions as excel

    mine = clue(street)
    run = excel.start_import(
        "enforcement.penalty", table(CASES, case(本单位案号=mine.number)), acting_officer=street.chief,
        now=NOW, name="a.xlsx",
    )  # fmt: skip
    report = excel.run_import(run, now=NOW)
    assert report.refused == 1 and "还没有登记省行政执法平台的编号" in report.problems[0].problems[0]
    assert Case.objects.count() == 1
