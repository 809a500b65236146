"""随手拍（B1）：从居民拍照报事到办结，以及退回、重办、紧急、移送、撤回、重新办理。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework import queries
from jiezhi.base.casework.models import Case, Clock, Event, NumberIssue

HALLWAY = "城乡建设/楼道杂物"  # 由所在社区工作站先办
STALLS = "城乡建设/占道经营"  # 由综合行政执法队办
LAMPS = "城乡建设/市政设施"  # 由区城管局办，不能自动派


@pytest.fixture
def handled(desk: Any) -> Any:
    """派到综合行政执法队、已签收的一件占道经营。"""

    def through(content: str = "学校门口摊档把路堵死", **more: Any) -> Case:
        case = desk.report(content, desk.building(2, 3), STALLS, **more)
        desk.worker()
        case.refresh_from_db()
        desk.later(hours=1)
        return desk.does(case, desk.person("unit_clerk", "enforcement"), "签收")

    return through


@pytest.fixture
def answered(desk: Any, handled: Any) -> Any:
    """处理完毕、核查通过、等来件人评价的一件。"""

    def through(**more: Any) -> Case:
        case = handled(**more)
        desk.later(hours=3)
        clerk = desk.person("unit_clerk", "enforcement")
        desk.does(case, clerk, "处理完毕", 处理结果="摊档已经劝离", 处理后照片=[desk.photo()])
        desk.later(hours=1)
        return desk.does(case, desk.person("callback"), "核查通过")

    return through


def test_from_photo_to_closing(desk: Any) -> None:
    building = desk.building(1, 1)
    keeper, colleague = desk.keeper(building), desk.person("unit_clerk", "station_1", 1)
    case = desk.report("三楼楼道堆满纸皮，怕着火", building, HALLWAY)
    assert case.number == "SP2026000001" and case.area_id == building.grid
    assert (case.state, case.unit_id) == ("new", None)

    desk.worker()  # 按规则自动派给本社区工作站
    case.refresh_from_db()
    assert (case.state, case.unit_id) == ("handling", "station_1")
    assert desk.told(case) == ["您反映的事已登记，编号 SP2026000001，查询码 {code}，凭这两样查进度、评价。"]
    notice = "新工单 SP2026000001：三楼楼道堆满纸皮，怕着火，8月3日 15:00 前签收"
    assert desk.told(case, keeper) == desk.told(case, colleague) == [notice]
    assert desk.running(case) == {"签收", "办理"}

    desk.later(minutes=40)
    desk.does(case, colleague, "签收")
    assert case.roles["handler"] == [str(colleague.pk)] and desk.running(case) == {"办理"}
    desk.later(hours=1)
    desk.does(case, colleague, "我已到场核实", 处理前照片=[desk.photo()], 现场情况="纸皮堆到三楼")
    desk.later(hours=4)
    said = desk.refused(case, colleague, "处理完毕", 处理结果="已请住户清走")
    assert "还没有“处理后照片”" in said
    desk.does(case, colleague, "处理完毕", 处理结果="已请住户清走", 处理后照片=[desk.photo()])
    assert case.state == "checking" and desk.running(case) == set()

    desk.later(hours=2)
    said = desk.refused(case, colleague, "核查通过")
    assert "要由回访员、社区负责人、本网格的网格员办理" in said
    desk.does(case, keeper, "核查通过", 核查意见="楼道已清空")
    desk.worker()
    assert desk.told(case)[-1] == (
        "您反映的 SP2026000001 处理好了：已请住户清走 请评价；不满意可以要求重办。"
    )

    desk.at(8, 5)
    said = desk.refused(case, desk.resident, "评价满意", 满意度=2)
    assert "不满意" in said
    desk.does(case, desk.resident, "不满意，要求重办", 满意度=1, 评价意见="第二天又堆回来了")
    desk.worker()
    assert case.state == "handling" and "重办" in case.tags
    assert desk.told(case, colleague)[-1] == "SP2026000001 来件人不满意，请重办：第二天又堆回来了"
    assert "处理完毕" not in desk.buttons(case, desk.person("unit_clerk", "construction"))
    assert desk.running(case) == {"办理"} and desk.clock(case, "办理", 2).started_at == desk.now

    desk.at(8, 6, 10)
    desk.does(case, colleague, "处理完毕", 处理结果="装了告示，已上门劝导", 处理后照片=[desk.photo()])
    checked = desk.at(8, 6, 15)
    desk.does(case, keeper, "核查通过")
    due = desk.clock(case, "评价期", 2).due_at
    assert due > checked + timedelta(days=7)

    desk.now = due - timedelta(seconds=1)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "answered"
    desk.now = due + timedelta(days=3)  # worker 停了三天才恢复
    desk.worker()
    case.refresh_from_db()
    last = desk.last(case)
    assert (case.state, case.closed_at) == ("closed", due), "按届满的时刻办结"
    assert (last.at, last.recorded_at) == (due, desk.now)
    assert desk.steps(case) == [
        "登记随手拍", "自动派单", "签收", "我已到场核实", "处理完毕", "核查通过", "不满意，要求重办",
        "处理完毕", "核查通过", "期满未评价，按无异议办结",
    ]  # fmt: skip
    assert desk.running(case) == set()
    desk.same(case)
    report = desk.package(case, keeper)
    assert report.facts["files"] == 4


def test_the_one_who_handled_it_cannot_check_it(desk: Any) -> None:
    """工作站的网格员兼经办人：自己办的件，自己的网格，也不能自己核查。"""
    building = desk.building(1, 1)
    keeper = desk.keeper(building)
    case = desk.report("楼梯间放了一排鞋柜", building, HALLWAY)
    desk.worker()
    desk.later(hours=1)
    desk.does(case, keeper, "签收")
    desk.does(case, keeper, "处理完毕", 处理结果="鞋柜已搬走", 处理后照片=[desk.photo()])
    said = desk.refused(case, keeper, "核查通过")
    assert "您办过本件的处理，不能自己核查" in said
    assert "请回访员、社区负责人或本网格的网格员核查" in said
    assert "不能自己核查" in desk.refused(case, keeper, "核查不通过，退回重办", 核查意见="没有搬走")
    assert desk.buttons(case, keeper) == {"核查通过": False, "核查不通过，退回重办": False}
    desk.does(case, desk.person("community_lead", "station_1"), "核查不通过，退回重办", 核查意见="还有一个")
    desk.worker()
    assert case.state == "handling"
    assert desk.told(case, keeper)[-1] == f"{case.number} 核查不通过：还有一个"
    assert "处理完毕" in desk.steps(case)
    desk.same(case)


def test_only_the_responsible_unit_sees_and_signs(desk: Any) -> None:
    case = desk.report("摊档占了人行道", desk.building(2, 3), STALLS)
    desk.worker()
    case.refresh_from_db()
    assert case.unit_id == "enforcement"
    other = desk.person("unit_clerk", "construction")
    assert "要由责任单位的经办人、责任单位的部门负责人办理" in desk.refused(case, other, "签收")
    assert not queries.visible(other, desk.now).filter(pk=case.pk).exists()
    assert queries.visible(desk.person("unit_clerk", "enforcement"), desk.now).filter(pk=case.pk).exists()
    neighbour = desk.keeper(desk.building(2, 5))
    assert not queries.visible(neighbour, desk.now).filter(pk=case.pk).exists()
    assert "要由" in desk.refused(case, neighbour, "我已到场核实", 处理前照片=[desk.photo()])
    desk.same(case)


def test_everything_missing_is_said_at_once(desk: Any) -> None:
    case = desk.report("摊档占了人行道", desk.building(2, 3), STALLS)
    desk.worker()
    case.refresh_from_db()
    said = desk.refused(case, desk.person("unit_clerk", "enforcement"), "处理完毕", 处理结果="好")
    for words in ("① “处理结果”至少 4 字", "② 还没有“处理后照片”", "③ 还没有“签收”(先办理“签收”)"):
        assert words in said.replace("（", "(").replace("）", ")")


def test_reporter_is_not_in_the_units_notices(desk: Any, handled: Any) -> None:
    """来件人信息不进派遣单：给单位的通知里没有姓名、电话，办理记录的正文里也没有。"""
    case = handled(reporter={"name": "司马青衫", "phone": "13912345678"})
    clerk = desk.person("unit_clerk", "enforcement")
    desk.does(case, desk.person("supervisor"), "督办", 督办要求="今天之内劝离")
    desk.does(case, clerk, "处理完毕", 处理结果="摊档已经劝离", 处理后照片=[desk.photo()])
    desk.does(case, desk.person("callback"), "核查不通过，退回重办", 核查意见="傍晚又摆出来")
    desk.worker()
    notices = [
        text for who in (clerk, desk.person("unit_chief", "enforcement")) for text in desk.told(case, who)
    ]
    assert len(notices) >= 4
    bodies = "".join(
        bytes(body).decode() for body in Event.objects.filter(case=case).values_list("body", flat=True)
    )
    for secret in ("司马青衫", "13912345678"):
        assert not [text for text in notices if secret in text]
        assert secret not in bodies and secret not in str(case.fields) and secret not in case.title
    shown = [value for line in queries.timeline(case) for _, value, _ in line.values]
    assert "司马青衫" not in str(shown) and "13912345678" not in str(shown)
    desk.same(case)


def test_words_written_by_the_resident_are_not_filled_in(desk: Any) -> None:
    """正文里写成占位的样子，通知里照原样，不会换成谁的姓名电话。"""
    case = desk.report("摊档占道 {field.reporter} {number}", desk.building(2, 3), STALLS)
    desk.worker()
    notice = desk.told(case, desk.person("unit_clerk", "enforcement"))[-1]
    assert "摊档占道 {field.reporter} {number}" in notice and "林小燕" not in notice


def test_returning_does_not_restart_the_handling_clock(desk: Any, handled: Any) -> None:
    case = handled()
    clerk, dispatcher = desk.person("unit_clerk", "enforcement"), desk.person("dispatcher")
    first = desk.clock(case, "办理")
    desk.at(8, 5)
    assert "还没有写明理由" in desk.refused(case, clerk, "不属本单位，退回重派")
    desk.does(case, clerk, "不属本单位，退回重派", "这是门店装修，不是占道")
    assert (case.state, case.unit_id, case.roles.get("handler")) == ("new", None, None)
    assert desk.running(case) == {"办理", "分派"}
    desk.later(hours=1)
    desk.does(case, dispatcher, "派给责任单位", 承办单位="construction")
    again = desk.clock(case, "办理")
    assert (again.due_at, again.started_at) == (first.due_at, first.started_at)
    assert Clock.objects.filter(case=case, name="handle").count() == 1
    assert desk.clock(case, "签收", 2).started_at == desk.now, "新单位的签收另起一轮"
    builder = desk.person("unit_clerk", "construction")
    desk.worker()
    assert desk.told(case, builder) == [f"新工单 {case.number}：{case.title}，8月5日 16:00 前签收"]

    desk.now = first.due_at + timedelta(hours=20)
    case.refresh_from_db()
    assert queries.light_of(case, desk.now) == "超期"
    desk.does(case, builder, "签收")
    desk.does(case, builder, "不属本单位，退回重派", "应由执法队办")
    desk.does(case, dispatcher, "派给责任单位", 承办单位="enforcement")
    desk.worker()
    assert queries.light_of(case, desk.now) == "超期", "退回、改派抹不掉超期"
    sign = desk.clock(case, "签收", 3).due_at.astimezone(first.due_at.tzinfo)
    assert sign > desk.now and desk.told(case, clerk)[-1].endswith("前签收")
    chief = desk.person("unit_chief", "enforcement")
    assert "已经届满，不能再延长" in desk.refused(case, chief, "批准延期", "难办", 延长多久="1个工作日")
    desk.does(case, clerk, "签收")
    desk.does(case, clerk, "处理完毕", 处理结果="门店已经整改", 处理后照片=[desk.photo()])
    done = desk.clock(case, "办理")
    assert done.ended_at > done.due_at == first.due_at
    desk.does(case, desk.person("callback"), "核查不通过，退回重办", 核查意见="围挡没有拆")
    assert desk.clock(case, "办理", 2).due_at > desk.now
    done.refresh_from_db()
    assert done.ended_at > done.due_at, "重办另起一轮，头一轮的超期还在"
    desk.same(case)


def test_the_notice_names_the_signing_deadline_even_when_overdue(desk: Any, handled: Any) -> None:
    """办理已经超期再改派：通知里写的是签收的时间，不是早已过去的办理期限。"""
    case = handled()
    desk.at(8, 20)
    desk.does(case, desk.person("dispatcher"), "收回重派", "办得太慢")
    desk.does(case, desk.person("dispatcher"), "派给责任单位", 承办单位="construction")
    desk.worker()
    assert desk.told(case, desk.person("unit_clerk", "construction"))[-1].endswith("，8月20日 15:00 前签收")


def test_extension_within_the_cap_only(desk: Any, handled: Any) -> None:
    case = handled()
    chief, clerk = desk.person("unit_chief", "enforcement"), desk.person("unit_clerk", "enforcement")
    before = desk.clock(case, "办理").due_at
    assert "要由责任单位的部门负责人办理" in desk.refused(
        case, clerk, "批准延期", "难办", 延长多久="3个工作日"
    )
    said = desk.refused(case, chief, "批准延期", "难办", 延长多久="6个工作日")
    assert "每次最多延长 5个工作日" in said
    assert "每次最多延长 5个工作日" in desk.refused(case, chief, "批准延期", "难办", 延长多久="30日")
    assert "还没有写明理由" in desk.refused(case, chief, "批准延期", 延长多久="3个工作日")
    desk.does(case, desk.keeper(desk.building(2, 3)), "有危险，先到现场")
    desk.does(case, chief, "批准延期", "要和学校商定方案", 延长多久="3个工作日")
    after = desk.clock(case, "办理").due_at
    assert after - before == timedelta(days=3)
    desk.worker()
    last = (after - timedelta(minutes=1)).astimezone(desk.now.tzinfo)  # 到期是不含在内的终点
    text = f"办理期限延长 3个工作日，预计 {last.month}月{last.day}日 前答复"
    assert text in desk.told(case)[-1], "告诉来件人的是延长后的办理期限，不是别的时限"
    said = desk.refused(case, chief, "批准延期", "还要再等", 延长多久="1个工作日")
    assert "最多延长 1 次，已经用完" in said
    desk.same(case)


def test_reopening_starts_over(desk: Any, answered: Any) -> None:
    case = answered()
    desk.later(hours=1)
    desk.does(case, desk.resident, "评价满意", 满意度=4, 评价意见="挺快")
    assert case.state == "closed" and case.closed_at == desk.now and desk.running(case) == set()
    desk.at(8, 20)
    desk.does(case, desk.resident, "问题仍在，重新办理", "又摆回来了")
    assert (case.state, case.closed_at, case.unit_id) == ("new", None, None)
    assert "重新办理" in case.tags
    assert desk.running(case) == {"分派"}, "等着分派的时间也有时限"
    said = desk.refused(case, desk.person("unit_clerk", "enforcement"), "处理完毕", 处理结果="又劝离了")
    assert "现在是“待分派”" in said
    desk.later(hours=1)
    desk.does(case, desk.person("dispatcher"), "派给责任单位", 承办单位="enforcement")
    assert desk.clock(case, "办理", 2).started_at == desk.now
    desk.same(case)


def test_withdrawing_needs_no_excuse_but_a_reason_and_leaves_nothing_running(desk: Any, handled: Any) -> None:
    case = handled()
    assert "要由来件人、分拨员办理" in desk.refused(
        case, desk.person("unit_clerk", "enforcement"), "来件人撤回", "算了"
    )
    desk.does(case, desk.resident, "来件人撤回", "已经自己谈好")
    assert case.state == "withdrawn" and case.closed_at == desk.now and desk.running(case) == set()
    assert case.tags == []
    assert desk.buttons(case, desk.person("unit_clerk", "enforcement")) == {}
    desk.same(case)


def test_numbers_are_consecutive_and_each_accounted_for(desk: Any) -> None:
    cases = [desk.report(f"第{n}件", desk.building(1, 1)) for n in range(1, 4)]
    assert [case.number for case in cases] == [f"SP2026{n:06}" for n in range(1, 4)]
    issued = NumberIssue.objects.filter(text__startswith="SP")
    assert set(issued.values_list("text", "case")) == {(one.number, one.pk) for one in cases}
