"""12345 热线（B2）：主办系统在外面。导入、分派、退回热线、延期、亮牌、表扬、包案、回访不满意、按热线的说法办结。"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jiezhi.base.casework import queries
from jiezhi.base.casework.models import Case, Event, NumberIssue

HEAD = [
    "工单号",
    "受理时间",
    "标题",
    "诉求内容",
    "事发地址",
    "经度",
    "纬度",
    "市民姓名",
    "联系电话",
    "类别",
    "区交办人",
]
LOCAL = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def clerk(desk: Any) -> Any:
    """热线专员。"""
    return desk.person("hotline_clerk")


@pytest.fixture
def order(desk: Any, clerk: Any) -> Any:
    """从热线平台导入一件；worker 做过后返回。"""

    def imported(number: str = "12345-2026-080301", **changes: Any) -> Case:
        report = desk.imports("hotline.order", clerk, HEAD, row(desk, number, **changes))
        assert (report.opened, report.refused) == (1, 0), report.problems
        desk.worker()
        return Case.objects.get(number=number)

    return imported


def row(desk: Any, number: str, **changes: Any) -> list[Any]:
    building = desk.building(2, 3)
    cells = {
        "工单号": number,
        "受理时间": "2026-08-03 08:30:00",
        "标题": "学校门口占道经营",
        "诉求内容": "放学时间摊档把路堵死，请处理",
        "事发地址": building.label,
        "经度": str(building.lon),
        "纬度": str(building.lat),
        "市民姓名": "司马青衫",
        "联系电话": "13912345678",
        "类别": "占道经营",
        "区交办人": "区热线办小周",
    }
    return list({**cells, **changes}.values())


@pytest.fixture
def answered(desk: Any, order: Any) -> Any:
    """执法队答复过的一件。"""

    def through(**changes: Any) -> Case:
        case = order(**changes)
        worker = desk.person("unit_clerk", "enforcement")
        desk.at(8, 3, 10)
        desk.does(case, worker, "签收")
        desk.at(8, 4, 10)
        return desk.does(case, worker, "答复", 答复内容="摊档已经劝离，每天放学安排人值守", 已联系来电人=True)

    return through


def test_from_import_to_the_hotlines_word(desk: Any, clerk: Any, order: Any) -> None:
    case = order()
    assert (case.number, case.host_system) == ("12345-2026-080301", "12345热线")
    assert not NumberIssue.objects.filter(case=case).exists(), "沿用对方的编号，不另发号"
    assert case.opened_at == datetime(2026, 8, 3, 8, 30, tzinfo=LOCAL)
    assert case.area_id == desk.building(2, 3).grid
    assert (case.state, case.unit_id) == ("handling", "enforcement"), "类别认得，按规则自动派"
    worker, chief = desk.person("unit_clerk", "enforcement"), desk.person("unit_chief", "enforcement")
    assert desk.told(case, worker) == [f"新工单 {case.number}：学校门口占道经营，8月3日 15:00 前签收"]
    assert "司马青衫" not in str(desk.told(case, worker)) and "13912345678" not in str(case.fields)
    assert queries.worklist(clerk, queries.Filters(words="13912345678"), now=desk.now).get() == case

    desk.at(8, 3, 10)
    said = desk.refused(case, worker, "答复", 答复内容="摊档已经劝离，安排人值守")
    assert "还没有“签收”" in said and "还没有联系来电人，也没有写明联系不上的情况" in said
    desk.does(case, worker, "签收")
    desk.at(8, 5)
    before = desk.clock(case, "办理").due_at
    desk.does(case, chief, "批准延期", "要和学校商定", 延长多久="5个工作日")
    assert desk.clock(case, "办理").due_at == before + timedelta(days=7)
    desk.at(8, 6)
    desk.does(case, worker, "答复", 答复内容="摊档已经劝离，每天放学安排人值守", 联系情况="打了三次没有接通")
    assert case.state == "answered" and desk.running(case) == set()
    desk.worker()
    assert desk.told(case, clerk) == [f"{case.number} 已答复，请把答复抄回热线平台：学校门口占道经营"]
    assert "要由受理员办理" in desk.refused(case, worker, "热线平台已办结")
    desk.does(case, clerk, "登记回访", 回访结果="满意")
    desk.at(8, 7)
    desk.does(case, clerk, "热线平台已办结")
    line = queries.timeline(case)[-1]
    assert (line.who, line.event.officer) == ("12345热线", clerk), "热线办结的，由热线专员代为登记"
    assert case.state == "closed" and case.closed_at == desk.now
    desk.same(case)
    desk.package(case, clerk)


def test_importing_again_doubles_nothing(desk: Any, clerk: Any, order: Any) -> None:
    case = order()
    seq = case.seq
    rows = [row(desk, case.number), row(desk, "12345-2026-080302", 标题="井盖破损", 类别="市政设施")]
    report = desk.imports("hotline.order", clerk, HEAD, *rows)
    assert (report.opened, report.repeated, report.refused) == (1, 1, 0)
    desk.worker()
    case.refresh_from_db()
    orders = Case.objects.filter(matter="hotline.order")
    assert case.seq == seq and orders.count() == 2
    assert not NumberIssue.objects.filter(case__in=orders).exists()
    other = Case.objects.get(number="12345-2026-080302")
    assert other.state == "new", "区级部门承办的不自动派"
    desk.same(case, other)


def test_a_misdirected_order_goes_back_within_the_limit(desk: Any, clerk: Any, order: Any) -> None:
    case = order(类别="市政设施", 标题="路灯不亮")
    limit = desk.clock(case, "可退回热线的期限")
    assert limit.due_at == datetime(2026, 8, 5, tzinfo=LOCAL), "受理次日起一个工作日"
    desk.at(8, 3, 11)
    said = desk.refused(case, clerk, "不属本街道，退回热线")
    assert "还没有“退回依据”" in said and "还没有写明理由" in said
    desk.does(case, clerk, "不属本街道，退回热线", "路灯由区城管局管养", 退回依据="不属本街道职权")
    limit.refresh_from_db()
    assert case.state == "referred" and limit.ended_at == desk.now < limit.due_at
    assert desk.running(case) == set() and desk.buttons(case, clerk) == {}
    desk.same(case)


def test_a_late_return_stays_late(desk: Any, clerk: Any, order: Any) -> None:
    """过了可退回的期限仍退得出去（街道办不了的事不能硬留），但看得出退晚了。"""
    case = order(类别="市政设施", 标题="路灯不亮")
    desk.at(8, 6)
    assert queries.light_of(case, desk.now) == "超期"
    desk.does(case, clerk, "不属本街道，退回热线", "路灯由区城管局管养", 退回依据="不属本街道职权")
    limit = desk.clock(case, "可退回热线的期限")
    assert limit.ended_at > limit.due_at
    desk.same(case)


def test_returned_by_the_unit_then_back_to_the_hotline(desk: Any, clerk: Any, order: Any) -> None:
    """派错单位的先退回分派，再退回热线；办理时限从受理起一直在走。"""
    case = order()
    first = desk.clock(case, "办理")
    desk.at(8, 3, 10)
    desk.does(case, desk.person("unit_clerk", "enforcement"), "不属本单位，退回重派", "不在本辖区")
    assert desk.clock(case, "办理").due_at == first.due_at
    desk.does(case, clerk, "不属本街道，退回热线", "事发地在邻街道", 退回依据="不在本辖区")
    assert case.state == "referred"
    desk.same(case)


def test_a_card_starts_the_explanation_clock(desk: Any, clerk: Any, answered: Any) -> None:
    case = answered()
    desk.at(8, 5)
    desk.does(case, clerk, "登记收到的亮牌", 亮牌="黄牌", 亮牌原因="未在时限内联系来电人")
    desk.worker()
    worker, chief = desk.person("unit_clerk", "enforcement"), desk.person("unit_chief", "enforcement")
    assert "亮牌" in case.tags and case.state == "answered"
    assert desk.told(case, worker)[-1] == (
        f"{case.number} 收到黄牌：未在时限内联系来电人，请三个工作日内说明整改"
    )
    assert desk.told(case, desk.person("supervisor")) == [f"{case.number} 收到黄牌：学校门口占道经营"]
    assert queries.timeline(case)[-1].who == "区热线管理机构"
    explain = desk.clock(case, "亮牌整改说明")
    assert explain.due_at == datetime(2026, 8, 11, tzinfo=LOCAL), "次日起三个工作日：6、7、10日"
    assert "责任单位的部门负责人" in desk.refused(case, worker, "提交亮牌整改说明", 整改说明="已整改")
    desk.at(8, 6)
    desk.does(case, chief, "提交亮牌整改说明", 整改说明="当天补打电话，已向来电人致歉")
    assert desk.running(case) == set()
    desk.same(case)


def test_no_explanation_without_a_card(desk: Any, answered: Any) -> None:
    case = answered()
    said = desk.refused(
        case, desk.person("unit_chief", "enforcement"), "提交亮牌整改说明", 整改说明="已经整改"
    )
    assert "还没有“亮牌”" in said


def test_praise_is_kept(desk: Any, clerk: Any, answered: Any) -> None:
    case = answered()
    desk.does(case, clerk, "登记批示表扬", 谁的表扬或批示="区领导", 表扬或批示内容="办得快")
    assert "表扬" in case.tags and case.state == "answered"
    line = queries.timeline(case)[-1]
    assert line.title == "登记批示表扬" and ("表扬或批示内容", "办得快") in [
        (t, v) for t, v, _ in line.values
    ]
    desk.same(case)


def test_a_leader_takes_a_hard_case(desk: Any, order: Any) -> None:
    case = order()
    leader, supervisor = desk.person("leader"), desk.person("supervisor")
    said = desk.refused(case, desk.person("unit_chief", "enforcement"), "领导包案", 包案领导=str(leader.pk))
    assert "要由督办员、街道领导办理" in said
    desk.does(case, supervisor, "领导包案", 包案领导=str(leader.pk))
    desk.worker()
    assert case.roles["lead"] == [str(leader.pk)] and "领导包案" in case.tags
    assert desk.told(case, leader) == [f"请您包案办理 {case.number}：学校门口占道经营"]
    assert desk.told(case, desk.person("unit_clerk", "enforcement"))[-1] == (
        f"{case.number} 已由领导包案：学校门口占道经营"
    )
    hard = queries.worklist(leader, queries.Filters(mine=True, fields={"hard": "是"}), now=desk.now)
    assert list(hard) == [case]
    desk.same(case)


def test_an_unhappy_callback_is_done_again(desk: Any, clerk: Any, answered: Any) -> None:
    case = answered()
    worker, caller = desk.person("unit_clerk", "enforcement"), desk.person("callback")
    desk.at(8, 5)
    said = desk.refused(case, caller, "登记回访", 回访结果="不满意", 回访情况="摊档又回来了")
    assert "回访不满意" in said
    desk.does(case, caller, "回访不满意，退回重办", "摊档又回来了", 回访结果="不满意")
    desk.worker()
    assert case.state == "handling" and "重办" in case.tags
    assert desk.told(case, worker)[-1] == f"{case.number} 来电人不满意，请重办：学校门口占道经营"
    assert "现在是“办理中”" in desk.refused(case, clerk, "热线平台已办结")
    assert desk.clock(case, "办理", 2).started_at == desk.now
    desk.at(8, 6)
    desk.does(case, worker, "答复", 答复内容="联合市场监管定点值守，已回访", 已联系来电人=True)
    desk.does(case, caller, "登记回访", 回访结果="基本满意")
    desk.does(case, clerk, "热线平台已办结")
    desk.at(8, 20)
    desk.does(case, clerk, "登记批示表扬", 谁的表扬或批示="来电人", 表扬或批示内容="送来锦旗")
    desk.does(case, caller, "问题仍在，重新办理", "来电人再次来电")
    assert case.state == "new" and desk.running(case) == {"分派", "办理"}
    assert Event.objects.filter(case=case, action="close").count() == 1
    desk.same(case)
