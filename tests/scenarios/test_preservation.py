"""先行登记保存：负责人批准、两人实施、七个工作日内处理；到期没有处理的只能解除退还。还有责令改正、分期缴款。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome

OWNER = {"name": "阿强烧烤", "phone": "13600136001"}


@pytest.fixture
def team(desk: Any) -> list[Any]:
    return [desk.person("enforcement_officer", nth=n) for n in (0, 1)]


def opened(desk: Any, matter: str, who: Any, **inputs: Any) -> Case:
    result = actions.open_case(matter, "open", inputs=inputs, now=desk.now, acting_officer=who)
    assert isinstance(result, Outcome), str(result)
    return Case.objects.get(uid=result.uid)


def held(desk: Any, team: list[Any]) -> Case:
    case = opened(desk, "enforcement.preservation", team[0], name="烧烤炉", parties=[OWNER], cause="CF-064-1")
    head = desk.person("office_head")
    hold = {
        "已出示执法证件": True,
        "数量": "1个",
        "规格和特征": "铁制，长一米",
        "保存时的状态": "完好",
        "保存地点": "执法队物证室",
        "保存物品照片": [desk.photo()],
        "在场人和签字情况": "当事人在场签字",
    }
    assert "待批准" in desk.refused(case, team[0], "现场登记保存", **hold)
    people = [str(one.pk) for one in team]
    approval = {"可能灭失或者以后难以取得的情形": "当事人准备搬走", "批准的机关负责人": str(head.pk)}
    said = desk.refused(case, desk.person("enforcement_chief"), "批准登记保存", 执法人员=people, **approval)
    assert "要由街道办负责人办理" in said
    desk.does(case, head, "批准登记保存", 执法人员=people, **approval)
    desk.does(case, team[0], "现场登记保存", **hold)
    return case


def test_settled_within_seven_working_days_and_given_back(desk: Any, team: list[Any]) -> None:
    case = held(desk, team)
    # 8 月 3 日周一保存，第七个工作日是 8 月 12 日
    assert desk.clock(case, "作出处理决定").due_at.astimezone(desk.now.tzinfo).day == 13
    desk.later(days=2)
    settle = {"处理决定": "解除退还", "处理的理由和去向": "已经查明，退还当事人"}
    assert "要由街道办负责人办理" in desk.refused(case, team[0], "作出处理决定", **settle)
    head = desk.person("office_head")
    assert "处理决定" in desk.refused(case, head, "作出处理决定", **settle | {"处理决定": "依法没收"}), (
        "没收要由处罚决定"
    )
    desk.does(case, head, "作出处理决定", **settle)
    assert case.state == "releasing"
    desk.does(
        case, desk.person("evidence_keeper"), "解除并退还", 领取人="阿强", 领取签字的材料=[desk.photo()]
    )
    assert case.state == "released"
    desk.worker()
    case.refresh_from_db()
    desk.same(case)


def test_expired_without_a_decision_must_be_released(desk: Any, team: list[Any]) -> None:
    case = held(desk, team)
    desk.at(8, 13, 9)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "must_release"
    assert any("应当立即解除" in text for text in desk.told(case, team[0]))
    head = desk.person("office_head")
    said = desk.refused(case, head, "作出处理决定", 处理决定="转处罚决定处理", 处理的理由和去向="另行决定")
    assert "现在是“应解除”" in said
    desk.does(case, team[0], "解除并退还", 领取人="阿强", 领取签字的材料=[desk.photo()])
    desk.same(case)


def test_correction_falls_due_is_rechecked_and_the_result_told(desk: Any, team: list[Any]) -> None:
    case = opened(
        desk,
        "enforcement.correction",
        team[0],
        parties=[OWNER],
        cause="CF-064-1",
        requirement="清走堆放的物料",
    )
    desk.does(
        case,
        team[0],
        "发责令改正通知书",
        改正要求="清走堆放的物料",
        改正期限="2026-08-10",
        执法人员=[str(one.pk) for one in team],
    )
    assert case.fields["notice_number"] == "云桥责改字〔2026〕第1号"
    # 期限那天还没有过，期限延长到 12 日的，12 日过了才到期
    desk.at(8, 10, 18)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "correcting"
    desk.does(
        case, desk.person("enforcement_chief"), "延长改正期限", reason="连日大雨", 改正期限="2026-08-12"
    )
    desk.at(8, 12, 18)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "correcting"
    desk.at(8, 13, 1)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "due"
    desk.does(
        case,
        team[1],
        "复查",
        复查日期="2026-08-13",
        复查照片=[desk.photo()],
        复查情况="还堆着",
        改正情况="未改正",
    )
    assert case.state == "uncorrected"
    desk.same(case)


def test_an_instalment_paid_late_carries_three_per_cent_a_day(desk: Any) -> None:
    finance = desk.person("finance_clerk")
    case = opened(desk, "enforcement.instalment", finance, amount=100_000, due_on="2026-08-10")
    desk.at(8, 10, 20)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "waiting"
    desk.at(8, 15)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "overdue"
    paid = {"缴款日期": "2026-08-15", "缴款凭证": [desk.photo()]}
    assert "少于本期金额" in desk.refused(case, finance, "登记逾期缴清", 实缴金额=90_000, **paid)
    desk.does(case, finance, "登记逾期缴清", 实缴金额=100_000, **paid)
    # 11、12、13、14 日四天，缴款当天不算
    assert case.fields["surcharge"] == 100_000 * 3 * 4 // 100
    desk.same(case)
