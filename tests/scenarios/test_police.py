"""涉嫌犯罪移送：专案组、三日内审批、二十四小时内送公安；不立案的提请复议；不批准的写明理由。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome

SUSPECT = {"name": "丁某某", "phone": "13700137001"}
FACTS = "在网格内倾倒危险废物三车，数量较大，已造成土壤污染"


@pytest.fixture
def team(desk: Any) -> list[Any]:
    return [desk.person("enforcement_officer", nth=n) for n in (0, 1)]


def opened(desk: Any) -> Case:
    result = actions.open_case(
        "enforcement.police",
        "open",
        inputs={"subject": "倾倒危险废物", "parties": [SUSPECT], "cause": "CF-066-1"},
        now=desk.now,
        acting_officer=desk.person("enforcement_chief"),
    )
    assert isinstance(result, Outcome), str(result)
    return Case.objects.get(uid=result.uid)


def reported(desk: Any, team: list[Any]) -> Case:
    case = opened(desk)
    chief = desk.person("enforcement_chief")
    assert "至少 2 个" in desk.refused(case, chief, "成立专案组", 专案人员=[str(team[0].pk)])
    desk.does(case, chief, "成立专案组", 专案人员=[str(one.pk) for one in team])
    said = desk.refused(
        case, chief, "提出移送书面报告", 涉案人=[SUSPECT], 涉嫌罪名="污染环境罪", 涉嫌犯罪的事实=FACTS
    )
    assert "要由专案人员办理" in said
    desk.does(
        case, team[0], "提出移送书面报告", 涉案人=[SUSPECT], 涉嫌罪名="污染环境罪", 涉嫌犯罪的事实=FACTS
    )
    return case


def sent(desk: Any, team: list[Any]) -> Case:
    case = reported(desk, team)
    desk.later(days=1)
    desk.does(case, desk.person("office_head"), "批准移送", 审批意见="事实清楚，同意移送")
    desk.later(hours=20)
    desk.does(
        case,
        team[1],
        "送公安机关",
        哪个公安机关="临江公安分局",
        涉案物品清单="废油桶十二只",
        调查报告=[desk.photo()],
        公安机关接收的回执=[desk.photo()],
    )
    return case


def test_approved_handed_over_filed_and_the_items_follow(desk: Any, team: list[Any]) -> None:
    case = reported(desk, team)
    head = desk.person("office_head")
    desk.worker()
    case.refresh_from_db()
    approve = desk.clock(case, "审批移送")
    assert (approve.due_at - desk.now).days == 3 and desk.told(case, head)
    # 只有机关负责人能批；批了之后二十四小时一分一秒地走
    assert "要由街道办负责人办理" in desk.refused(
        case, desk.person("enforcement_chief"), "批准移送", 审批意见="同意"
    )
    desk.does(case, head, "批准移送", 审批意见="同意移送")
    clock = desk.clock(case, "送公安机关")
    assert (clock.due_at - desk.now).total_seconds() == 24 * 3600
    desk.later(hours=23)
    desk.does(
        case,
        team[0],
        "送公安机关",
        哪个公安机关="临江公安分局",
        涉案物品清单="废油桶十二只",
        调查报告=[desk.photo()],
        公安机关接收的回执=[desk.photo()],
    )
    assert desk.running(case) == {"公安机关答复"}
    desk.later(days=2)
    desk.does(case, team[0], "登记公安立案", 公安机关的答复="已立案侦查", 公安机关的通知书=[desk.photo()])
    assert desk.last(case).officer_id == team[0].pk
    assert desk.running(case) == {"移交涉案物品"}
    desk.later(days=1)
    desk.does(case, team[1], "移交物品和材料", 涉案物品清单="废油桶十二只", 物品和材料交接单=[desk.photo()])
    assert case.state == "handed"
    desk.worker()
    case.refresh_from_db()
    desk.same(case)


def test_a_late_handover_stays_overdue(desk: Any, team: list[Any]) -> None:
    case = reported(desk, team)
    desk.does(case, desk.person("office_head"), "批准移送", 审批意见="同意移送")
    desk.later(hours=30)
    desk.does(
        case,
        team[0],
        "送公安机关",
        哪个公安机关="临江公安分局",
        涉案物品清单="没有",
        调查报告=[desk.photo()],
        公安机关接收的回执=[desk.photo()],
    )
    clock = desk.clock(case, "送公安机关")
    assert clock.ended_at > clock.due_at


def test_refused_by_the_police_disputed_and_returned(desk: Any, team: list[Any]) -> None:
    case = sent(desk, team)
    answer = {"公安机关的答复": "情节显著轻微", "公安机关的通知书": [desk.photo()]}
    desk.does(case, team[0], "登记公安不立案", **answer)
    desk.later(days=2)
    desk.does(case, team[0], "提请公安复议", 提请复议的理由="鉴定显示属于危险废物，已达追诉标准")
    desk.does(case, team[0], "登记复议结果", 复议结果="维持不立案", **answer)
    desk.does(case, team[1], "建议检察机关监督", 建议检察机关监督的情况="已书面建议区检察院监督")
    desk.does(case, desk.person("enforcement_chief"), "不立案，退回继续办理", reason="按行政处罚办理")
    assert case.state == "returned" and "police_returned" in case.done
    desk.same(case)


def test_the_three_days_to_dispute_run_out(desk: Any, team: list[Any]) -> None:
    case = sent(desk, team)
    desk.does(case, team[0], "登记公安不立案", 公安机关的答复="不立案", 公安机关的通知书=[desk.photo()])
    desk.later(days=5)
    desk.worker()
    case.refresh_from_db()
    said = desk.refused(case, team[0], "提请公安复议", 提请复议的理由="不服，已达追诉标准")
    assert "没有在计时" in said


def test_not_approved_needs_a_reason(desk: Any, team: list[Any]) -> None:
    case = reported(desk, team)
    head = desk.person("office_head")
    assert "还没有“不批准的理由”" in desk.refused(case, head, "不批准移送")
    desk.does(case, head, "不批准移送", 不批准的理由="数量没有达到追诉标准，继续按行政处罚办理")
    assert case.state == "rejected"
    desk.same(case)
