"""随手拍（B1）里不在本单位办的：上报街道、移送区里、紧急的先到场、不属本街道的告知去处。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jiezhi.base.casework import queries

HALLWAY = "城乡建设/楼道杂物"  # 由所在社区工作站先办
STALLS = "城乡建设/占道经营"  # 由综合行政执法队办
LAMPS = "城乡建设/市政设施"  # 由区城管局办，不能自动派


def test_a_station_sends_it_up(desk: Any) -> None:
    """社区办不了的上报：回到分拨员手里改派，办理时限不重新起算。"""
    building = desk.building(1, 1)
    case = desk.report("楼道里堆了一屋子旧家电", building, HALLWAY)
    desk.worker()
    case.refresh_from_db()
    first = desk.clock(case, "办理").due_at
    desk.later(hours=2)
    assert "要由" in desk.refused(case, desk.keeper(building), "上报上一级", "社区没有车")
    desk.does(case, desk.person("community_lead", "station_1"), "上报上一级", "社区没有车")
    desk.worker()
    dispatcher = desk.person("dispatcher")
    assert (case.state, case.unit_id) == ("new", "street") and "已上报" in case.tags
    assert desk.told(case, dispatcher)[-1].startswith(f"{case.number} 已上报，请改派")
    assert desk.running(case) == {"分派", "办理"}
    desk.does(case, dispatcher, "派给责任单位", 承办单位="construction")
    assert desk.clock(case, "办理").due_at == first
    desk.same(case)


def test_a_unit_outside_cannot_be_dispatched_to(desk: Any) -> None:
    case = desk.report("路灯坏了半个月", desk.building(3, 2), LAMPS)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "new", "区级部门承办的不自动派"
    dispatcher = desk.person("dispatcher")
    said = desk.refused(case, dispatcher, "派给责任单位", 承办单位="out_urban")
    assert "所选的是外部单位" in said and "改派街道内的单位，或移送、退回来源" in said
    desk.same(case)


def test_sent_to_the_district_and_its_answer_recorded(desk: Any) -> None:
    case = desk.report("路灯坏了半个月", desk.building(3, 2), LAMPS)
    desk.worker()
    dispatcher = desk.person("dispatcher")
    desk.later(hours=1)
    desk.does(case, dispatcher, "移送区级部门并跟踪", "不属街道职权", 承办单位="out_urban")
    assert (case.state, case.unit_id) == ("outside", "out_urban")
    desk.worker()
    assert desk.told(case)[-1] == f"您反映的 {case.number} 属区级部门职责，已移送，我们会跟踪结果。"
    desk.at(8, 6)
    desk.does(case, dispatcher, "登记区级部门的办理结果", 处理结果="灯杆电缆已更换", 区级部门受理号="CG-771")
    desk.worker()
    assert case.state == "answered" and "灯杆电缆已更换" in desk.told(case)[-1]
    line = queries.timeline(case)[-1]
    assert line.who == "区级部门" and line.event.officer == dispatcher, "区级部门办的，由分拨员代为登记"
    desk.does(case, desk.resident, "评价满意", 满意度=5)
    assert case.state == "closed"
    desk.same(case)


def test_sending_to_the_district_ends_the_units_signing(desk: Any) -> None:
    """派错了、还没有签收就移送区级部门：原单位的签收时限不再走，不算它超期。"""
    case = desk.report("摊档占了人行道", desk.building(2, 3), STALLS)
    desk.worker()
    desk.later(minutes=30)
    desk.does(case, desk.person("dispatcher"), "移送区级部门并跟踪", "属区级职权", 承办单位="out_urban")
    assert desk.running(case) == {"办理"}
    desk.later(hours=2)
    desk.does(case, desk.person("dispatcher"), "区级部门退回", "区级认为属街道")
    assert case.state == "new" and case.unit_id is None and "分派" in desk.running(case)
    desk.same(case)


def test_danger_starts_a_two_hour_clock(desk: Any) -> None:
    building = desk.building(2, 3)
    case = desk.report("雨棚快掉下来了，下面就是公交站", building, STALLS)
    desk.worker()
    desk.later(minutes=10)
    desk.does(case, desk.keeper(building), "有危险，先到现场")
    assert "紧急" in case.tags
    arrive = desk.clock(case, "紧急到场")
    assert arrive.due_at == desk.now + timedelta(hours=2) and case.due_at == arrive.due_at
    desk.worker()
    clerk = desk.person("unit_clerk", "enforcement")
    assert desk.told(case, clerk)[-1].startswith(f"紧急 {case.number}")
    desk.later(hours=3)
    assert queries.light_of(case, desk.now) == "超期"
    desk.does(case, clerk, "我已到场核实", 处理前照片=[desk.photo()])
    arrive.refresh_from_db()
    assert arrive.status == "ended" and arrive.ended_at > arrive.due_at, "迟到的仍看得出迟到"
    desk.same(case)


def test_told_where_to_go_when_it_is_nobodys_business_here(desk: Any) -> None:
    case = desk.report("邻居欠我钱不还", desk.building(1, 2))
    desk.worker()
    case.refresh_from_db()
    assert case.state == "new", "没有类别的不自动派"
    desk.does(case, desk.person("dispatcher"), "不属行政机关受理，告知去处", "民事纠纷", 移送到="人民法院")
    desk.worker()
    assert case.state == "referred"
    assert desk.told(case)[-1] == f"您反映的 {case.number} 应由人民法院处理，请向其提出。"
    desk.same(case)
