"""处罚决定之后：复议诉讼的各种结果、加处、分期、变更、终结执行、重新办理；办错的都被拦住。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework import outbox
from jiezhi.base.casework.models import Case
from jiezhi.services.enforcement.testing import (
    PARTY,
    SCHOOL,
    Team,
    clue,
    deciding,
    decision,
    delivery,
    filed,
    findings,
    informed,
    inspected,
    kinds,
    performing,
    proposal,
    served,
)
from jiezhi.services.promise.testing import words_of

ADULT = {"name": "何小川", "phone": "13900139001"}
GIVEN_UP = "登记复议诉讼结果"
OLD = "2024-08-20"
"""立案那天还没有过两年，撤销之后就过了。"""


@pytest.fixture
def team(desk: Any) -> Team:
    return Team(desk)


def ticks(desk: Any) -> None:
    """worker 走几轮；时机到了而条件还不具备的，留着再试。"""
    for _ in range(5):
        outbox.fire_clocks(desk.now)
        outbox.drain(desk.now)


def disputed(desk: Any, team: Team, case: Case, kind: str = "行政复议") -> None:
    """登记复议诉讼。"""
    desk.does(case, team.one, "登记复议诉讼", 复议或诉讼=kind, 受理日期=desk.now.date().isoformat())


def result(desk: Any, **more: Any) -> dict[str, Any]:
    """复议诉讼的结果。"""
    return {"结束日期": desk.now.date().isoformat(), "复议机关或者法院的文书": [desk.photo()]} | more


def test_a_quashed_decision_is_executed_no_more(desk: Any, team: Team) -> None:
    case = inspected(desk, team, filed(desk, team, 违法行为日=OLD))
    desk.does(case, team.one, "调查终结", **findings(听证情形="不属于", 拟罚款金额=9_000_000))
    desk.does(case, team.chief, "批准告知")
    served(desk, team, case)
    desk.later(days=9)
    desk.does(case, team.one, "没有申辩，转办")
    desk.does(case, team.head, "作出处罚决定", **decision(desk))
    served(desk, team, case, "处罚决定书")
    desk.later(days=20)
    disputed(desk, team, case)
    desk.later(days=40)
    ended = desk.now.date().isoformat()
    said = desk.refused(case, team.one, GIVEN_UP, 复议诉讼结果="撤销", 结束日期=ended)
    assert "复议诉讼结果" in said, "撤销不能只登记个结果"
    quashed = result(desk, 变更或撤销的内容="区人民政府撤销本处罚决定")
    assert "要由街道办负责人办理" in desk.refused(case, team.one, "登记复议诉讼撤销", **quashed)
    desk.does(case, team.head, "登记复议诉讼撤销", **quashed)
    assert case.state == "refunding" and "decide" not in case.done
    for who, title in ((team.finance, "加处罚款"), (team.one, "催告"), (team.head, "申请法院强制执行")):
        assert "现在是“已撤销待退款”" in desk.refused(case, who, title)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "revoked" and desk.running(case) == set()
    assert "现在是“已撤销或者确认违法”" in desk.refused(case, team.finance, "加处罚款")
    # 重新办理的，追责时效看原案什么时候发现的
    again = clue(desk, team)
    desk.does(again, team.one, "提请立案", **proposal(team, 违法行为日=OLD))
    assert "追责时效" in desk.refused(again, team.head, "批准立案")
    desk.does(again, team.head, "退回重新审查", "写明原案")
    desk.does(again, team.one, "提请立案", **proposal(team, 违法行为日=OLD, 原案案号="云桥罚案〔2026〕999号"))
    assert "追责时效" in desk.refused(again, team.head, "批准立案")
    desk.does(again, team.head, "退回重新审查", "写对案号")
    desk.does(again, team.one, "提请立案", **proposal(team, 违法行为日=OLD, 原案案号=case.number))
    desk.does(again, team.head, "批准立案")
    desk.same(case, again)


def test_an_altered_decision_is_served_again_and_never_heavier(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    desk.later(days=5)
    disputed(desk, team, case)
    desk.later(days=40)
    altered = result(desk, 变更或撤销的内容="罚款变更为八万元", 当事人收到日=desk.now.date().isoformat())
    said = desk.refused(case, team.head, "登记复议诉讼变更", 罚款金额=9_000_001, **altered)
    assert "高于原决定" in said
    desk.does(case, team.head, "登记复议诉讼变更", 罚款金额=8_000_000, **altered)
    assert case.state == "decided" and "缴纳罚款" not in desk.running(case)
    said = desk.refused(
        case, team.head, "变更决定", "改回去", 变更或撤销的内容="改回九万元", 罚款金额=9_000_000
    )
    assert "高于原决定" in said and "变更决定不得加重" in said
    again = delivery(desk, "处罚决定书", 处罚决定书受送达人=SCHOOL)
    desk.does(case, team.two, "送达处罚决定书", **again)
    assert {"缴纳罚款", "复议诉讼期"} <= desk.running(case), "重新送达，重新起算"
    desk.worker()
    desk.same(case)


def test_the_punishment_may_not_exceed_what_was_told(desk: Any, team: Team) -> None:
    said = desk.refused(
        inspected(desk, team, filed(desk, team)), team.one, "调查终结",
        **findings(拟处罚内容="吊销许可证，罚款", 听证情形="不属于", **kinds("拟", 暂扣吊销许可或降低资质=True)),
    )  # fmt: skip
    assert "听证情形选了“不属于”" in said and "第63条" in said
    case = deciding(desk, team)
    licence = kinds(没收=True, 暂扣吊销许可或降低资质=True)
    text = "没收违法所得四万元，吊销许可证，罚款"
    said = desk.refused(case, team.head, "作出处罚决定", **decision(desk, 处罚内容=text, **licence))
    assert "没有事先告知过" in said and "第44条" in said
    said = desk.refused(case, team.head, "作出处罚决定", **decision(desk, 处罚内容=text))
    assert "没有勾选的处罚种类" in said
    desk.same(case)


def test_the_party_may_speak_until_the_decision(desk: Any, team: Team) -> None:
    case = informed(
        desk, team, 听证情形="不属于", 法制审核情形="疑难复杂涉及多个法律关系", 拟罚款金额=9_000_000
    )
    desk.later(days=9)
    desk.does(case, team.one, "没有申辩，转办")
    desk.does(case, team.legal, "法制审核通过", 法制审核意见="事实清楚，程序合法", 审核人资格证号="A20180001")
    assert case.state == "deciding"
    desk.does(case, PARTY, "决定前又陈述申辩", 陈述申辩内容="已经停办，请求从轻", 申辩材料=[desk.photo()])
    assert case.state == "hearing_out" and "review" not in case.done, "先复核，再审核"
    assert "现在是“听取陈述申辩”" in desk.refused(case, team.head, "作出处罚决定", **decision(desk))
    desk.does(case, team.one, "复核申辩", 复核意见="停办已在裁量时考虑", 是否采纳="不采纳")
    desk.does(case, team.one, "申辩复核完毕，转办")
    assert case.state == "reviewing"
    desk.worker()
    words = words_of(case, "行政处罚事先告知书")
    assert "作出决定之前均可提出" in words and "视为没有" not in words
    desk.same(case)


@pytest.mark.parametrize("cause", ["CF-067", "CF-058-1", "CF-070"])
def test_no_facts_no_penalty_whatever_the_benchmark(desk: Any, team: Team, cause: str) -> None:
    case = inspected(
        desk, team, filed(desk, team, 当事人=[ADULT], 当事人种类="自然人", 年龄段="成年人", 案由=cause)
    )
    desk.does(
        case, team.one, "调查终结，建议不予处罚",
        违法事实="经调查没有发现当事人有该违法行为，现有证据不足以认定",
        证据清单=findings()["证据清单"], 不予处罚的建议和理由="询问、检查都没有发现违法行为，事实不成立",
    )  # fmt: skip
    assert "现在是“待决定不予处罚”" in desk.refused(case, team.chief, "批准告知")
    desk.does(
        case, team.head, "决定不予处罚", 不予处罚的种类="事实不成立", 决定日期=desk.now.date().isoformat(),
        不予处罚的理由="证据不足", 教育情况="没有",
    )  # fmt: skip
    desk.worker()
    words = words_of(case, "不予行政处罚决定书")
    assert "事实不能成立" in words and "第33条" not in words
    desk.same(case)


def test_a_fine_cannot_be_closed_as_fulfilled_and_the_court_may_end_it(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    assert "决定里有罚款" in desk.refused(case, team.one, "登记履行完毕", 履行情况="已履行")
    desk.does(case, team.one, "催告", 催告内容="十日内缴清")
    served(desk, team, case, "催告书")
    desk.later(days=200)
    desk.worker()
    case.refresh_from_db()
    desk.does(case, team.head, "申请法院强制执行")
    ending = {"履行情况": "法院裁定终结执行", "法院的文书": [desk.photo()]}
    assert "要由街道办负责人办理" in desk.refused(case, team.one, "终结执行", **ending)
    desk.does(case, team.head, "终结执行", **ending)
    desk.does(case, team.one, "结案", 结案情况="法院裁定终结执行")
    desk.worker()
    case.refresh_from_db()
    assert Case.objects.get(parent=case, matter="enforcement.court").state == "void"
    # 结案之后来的复议诉讼也登记得了
    desk.does(case, team.archivist, "归档")
    disputed(desk, team, case, "行政诉讼")
    desk.does(case, team.one, GIVEN_UP, 复议诉讼结果="维持或驳回", 结束日期=desk.now.date().isoformat())
    assert case.state == "archived"
    desk.same(case)


def test_upheld_on_review_leaves_fifteen_days_to_sue(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    desk.later(days=58)
    disputed(desk, team, case)
    desk.later(days=150)
    ticks(desk)
    case.refresh_from_db()
    assert "remedy_over" not in case.done, "复议还没有完"
    today = desk.now.date()
    upheld = {"复议诉讼结果": "维持或驳回", "结束日期": (today - timedelta(days=6)).isoformat()}
    # 起诉期从当事人收到复议决定书之日起算：不知道哪天收到的登记不了，早于决定、还没有到的日子也不行
    for told in (
        {},
        {"当事人收到日": "2026-08-03"},
        {"当事人收到日": (today + timedelta(days=1)).isoformat()},
    ):
        assert "当事人收到复议决定书的日子" in desk.refused(case, team.one, GIVEN_UP, **upheld, **told)
    desk.does(case, team.one, GIVEN_UP, **upheld, 当事人收到日=(today - timedelta(days=1)).isoformat())
    sue = desk.clock(case, "复议后起诉期")
    assert sue.started_at.astimezone(desk.now.tzinfo).date() == today - timedelta(days=1)
    desk.does(case, team.one, "催告", 催告内容="十日内缴清")
    served(desk, team, case, "催告书")
    desk.later(days=12)
    ticks(desk)
    case.refresh_from_db()
    assert "remedy_over" not in case.done, "登记结果那天没有让救济期提前届满"
    said = desk.refused(case, team.head, "申请法院强制执行")
    assert "复议后起诉期" in said
    desk.later(days=6)
    ticks(desk)
    case.refresh_from_db()
    assert "remedy_over" in case.done
    due = desk.clock(case, "申请法院强制执行").due_at - desk.now
    assert timedelta(days=80) < due < timedelta(days=93), "三个月从真正届满那天起"
    desk.does(case, team.head, "申请法院强制执行")
    desk.worker()
    case.refresh_from_db()
    # 缴清了，法院的子件随之停下
    paid = {"缴款日期": desk.now.date().isoformat(), "缴款凭证": [desk.photo()]}
    desk.does(case, team.finance, "登记缴清罚款", 累计实缴金额=9_000_000, **paid)
    desk.worker()
    assert Case.objects.get(parent=case, matter="enforcement.court").state == "void"
    desk.same(case)


def test_upheld_in_court_ends_the_remedies(desk: Any, team: Team) -> None:
    """当事人起诉了、法院维持的：没有“复议后起诉期”，裁判生效救济就完了；填了收到日的登记不了。"""
    case = performing(desk, team)
    desk.later(days=58)
    disputed(desk, team, case, "行政诉讼")
    desk.later(days=150)
    ticks(desk)
    case.refresh_from_db()
    day = desk.now.date().isoformat()
    upheld = {"复议诉讼结果": "维持或驳回", "结束日期": day}
    assert "行政诉讼的、撤回的不填" in desk.refused(case, team.one, GIVEN_UP, **upheld, 当事人收到日=day)
    desk.does(case, team.one, GIVEN_UP, **upheld)
    assert "复议后起诉期" not in desk.running(case)
    desk.later(days=2)
    ticks(desk)
    case.refresh_from_db()
    assert "remedy_over" in case.done
    desk.same(case)


def test_the_surcharge_is_by_the_day_and_pauses_for_each_dispute(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    due = desk.clock(case, "缴纳罚款").due_at.astimezone(desk.now.tzinfo)
    desk.now = due + timedelta(hours=9)  # 逾期的头一天
    said = desk.refused(case, team.finance, "加处罚款", 加处罚款金额=9_000_000)
    assert "每日百分之三" in said and "第72条" in said
    for kind in ("行政复议", "行政诉讼"):
        disputed(desk, team, case, kind)
        desk.later(days=60)
        day = desk.now.date().isoformat()
        told = {"当事人收到日": day} if kind == "行政复议" else {}
        desk.does(case, team.one, GIVEN_UP, 复议诉讼结果="维持或驳回", 结束日期=day, **told)
        assert ("复议后起诉期" in desk.running(case)) == (kind == "行政复议"), "法院维持的不另给起诉期"
        desk.later(days=3)
    assert len(case.fields["disputes"]) == 2
    desk.does(case, team.finance, "加处罚款")
    # 两次复议诉讼之间的两天，和后一次之后的三天
    assert case.fields["surcharge"] == 9_000_000 * 3 * 5 // 100
    paid = {"缴款日期": desk.now.date().isoformat(), "缴款凭证": [desk.photo()]}
    said = desk.refused(case, team.finance, "登记缴清罚款", 累计实缴金额=9_000_000, **paid)
    assert "已经加处的罚款" in said
    desk.does(case, team.finance, "登记先缴的罚款", 累计实缴金额=9_000_000, **paid)
    desk.later(days=10)
    more = 9_000_000 * 3 * 6 // 100
    assert "每日百分之三" in desk.refused(case, team.finance, "加处罚款", 加处罚款金额=more), "只算到缴款那天"
    whole = case.fields["surcharge"] + 9_000_000
    desk.does(case, team.finance, "登记缴清罚款", 累计实缴金额=whole, **paid)
    desk.worker()
    assert "加处罚款" in words_of(case, "加处罚款告知书")
    desk.same(case)


def test_instalments_add_up_and_hold_back_the_court(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    asked = {"申请延期分期的理由": "资金周转困难", "当事人的申请": [desk.photo()]}
    twice = [{"due_on": "2027-06-30", "amount": 9_000_000}, {"due_on": "2027-12-31", "amount": 9_000_000}]
    assert "合计不等于罚款金额" in desk.refused(case, team.head, "批准延期分期", 分期安排=twice, **asked)
    desk.does(case, team.head, "不批准延期分期", 不批准的理由="有足够的财产可以缴纳", **asked)
    half = [{"due_on": "2027-03-31", "amount": 4_500_000}, {"due_on": "2027-06-30", "amount": 4_500_000}]
    desk.does(case, team.head, "批准延期分期", 分期安排=half, **asked)
    assert "还有没到期的分期" in desk.refused(case, team.one, "催告", 催告内容="请缴纳")
    desk.later(days=200)
    ticks(desk)
    case.refresh_from_db()
    assert "remedy_over" not in case.done, "申请法院的期限从分期届满起算"
    desk.at(7, 1, 10, year=2027)
    ticks(desk)
    case.refresh_from_db()
    assert "remedy_over" in case.done
    desk.does(case, team.one, "催告", 催告内容="请缴纳")
    desk.same(case)


def test_handlers_change_and_a_recused_officer_leaves(desk: Any, team: Team) -> None:
    case = inspected(desk, team, filed(desk, team))
    both, other = [str(team.one.pk), str(team.two.pk)], [str(team.one.pk), str(team.chief.pk)]
    assert "要由街道办负责人办理" in desk.refused(case, team.one, "变更承办人", "调离", 承办人员=other)
    desk.does(case, team.head, "变更承办人", "原承办人调离", 承办人员=other)
    asked = {"谁申请回避": "当事人", "申请回避的理由": "是竞争对手的亲戚"}
    desk.does(case, PARTY, "申请回避", **asked)
    granted = asked | {"被申请回避的人": str(team.chief.pk), "回避决定": "准予回避"}
    said = desk.refused(case, team.head, "决定回避", 承办人员=other, **granted)
    assert "还在承办人员里" in said and "第43条" in said
    desk.does(case, team.head, "决定回避", 承办人员=both, **granted)
    desk.does(case, team.two, "调查终结", **findings())
    desk.worker()
    case.refresh_from_db()
    desk.same(case)
