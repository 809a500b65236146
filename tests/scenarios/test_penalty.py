"""行政处罚普通程序：从一条线索办到案卷归档；办错的每一样都被拦住，说得出凭哪一条、怎么补，补好了能接着办。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.models import Case
from jiezhi.base.documents.queries import documents_of
from jiezhi.base.registry.actions import appoint
from jiezhi.base.registry.models import Unit
from jiezhi.services.enforcement.testing import (
    EVIDENCE,
    FACTS,
    HELD,
    KINDERGARTEN,
    NEIGHBOUR,
    PARTY,
    SCHOOL,
    Team,
    clue,
    deciding,
    decision,
    filed,
    findings,
    hearing,
    informed,
    inspected,
    proposal,
    reported,
    served,
    site,
)


@pytest.fixture
def give_post(desk: Any) -> Any:
    """给一个人加一个岗位。"""

    def give(officer: Officer, post: str) -> None:
        admin = Officer.objects.get(login=desk.plan.holders("admin")[0].login)
        appoint(officer, post, Unit.objects.get(code="law_safety"), acting_officer=admin, now=desk.now)

    return give


@pytest.fixture
def team(desk: Any) -> Team:
    return Team(desk)


def test_from_a_clue_through_hearing_review_and_instalments_to_the_archive(desk: Any, team: Team) -> None:
    case = clue(desk, team)
    assert case.number == "云桥罚案〔2026〕1号"
    desk.does(case, team.one, "提请立案", **proposal(team))
    desk.at(8, 4)
    desk.does(case, team.head, "批准立案")
    assert f"{desk.clock(case, '作出决定').due_at.astimezone(desk.now.tzinfo):%m-%d}" == "11-03"

    # 调查：亮证、笔录、证据
    desk.at(8, 5)
    inspected(desk, team, case)
    desk.does(
        case, team.two, "询问", 已出示执法证件=True, 被询问人=SCHOOL, 询问时间=desk.now.isoformat(),
        询问内容="问：有没有办园许可？\n答：没有。", 录音录像=[desk.photo()],
    )  # fmt: skip
    desk.does(case, team.one, "收集证据", 书证=[desk.photo()], 电子数据=[desk.photo()])
    desk.does(case, team.one, "责令改正", 责令改正="立即停止办园")
    desk.at(8, 10)
    desk.does(case, team.one, "调查终结", **findings(情节="重大违法行为"))
    assert "《深圳经济特区学前教育条例》" in case.fields["legal_basis"], "依据取自权责清单"
    assert case.fields["tier"] == "一般" and "建议罚款" in case.fields["guide_note"]
    assert not case.fields.get("weighing"), "示范基准只给承办人看，不写进告知书"

    # 告知、送达，申辩期和听证申请期开始
    desk.at(8, 11)
    desk.does(case, team.chief, "批准告知")
    assert case.fields["inform_number"] == "云桥罚告字〔2026〕第1号"
    served(desk, team, case)
    assert {"陈述申辩期", "听证申请期", "作出决定"} <= desk.running(case)
    desk.at(8, 13)
    desk.does(case, PARTY, "陈述申辩", 陈述申辩内容="已经在申请许可，请求从轻", 申辩材料=[desk.photo()])
    desk.at(8, 14)
    desk.does(case, team.one, "要求听证", 听证申请材料=[desk.photo()])

    # 听证：七个工作日前通知，主持人不是调查人员，不早于通知的日期
    desk.at(8, 17)
    said = desk.refused(case, team.chief, "通知听证", **hearing("2026-08-20", team.host))
    assert "来不及" in said and "第64条第（2）项" in said
    desk.does(case, team.chief, "通知听证", **hearing("2026-08-28", team.host))
    assert case.fields["hearing_number"] == "云桥听通字〔2026〕第1号"
    held = {"听证举行日": "2026-08-28", **HELD}
    assert "还没有“听证通知书送达”" in desk.refused(case, team.host, "举行听证", **held)
    served(desk, team, case, "听证通知书")
    desk.at(8, 28, 10)
    desk.does(case, team.host, "举行听证", 听证举行日="2026-08-28", **HELD)

    # 申辩复核之后才能转办；经过听证的要法制审核，重大的要集体讨论
    desk.at(8, 31)
    assert "已经“陈述申辩”" in desk.refused(case, team.one, "没有申辩，转办")
    assert "还没有“复核申辩”" in desk.refused(case, team.one, "申辩复核完毕，转办")
    desk.does(
        case,
        team.one,
        "复核申辩",
        复核意见="正在申请许可不影响违法事实的认定，情节已在裁量时考虑",
        是否采纳="不采纳",
    )
    desk.does(case, team.one, "申辩复核完毕，转办")
    assert case.state == "reviewing"
    desk.does(case, team.legal, "法制审核通过", 法制审核意见="事实清楚，程序合法", 审核人资格证号="A20180001")
    assert case.state == "discussing"
    desk.does(
        case, team.head, "集体讨论", 讨论日期="2026-08-31", 参加讨论的负责人="主任、副主任、政法委员",
        讨论情况和结论="一致同意拟处罚意见", 不同意见="没有",
    )  # fmt: skip
    desk.does(case, team.chief, "登记审核意见采纳情况", 审核意见采纳情况="全部采纳")

    # 决定、送达、公开审查
    desk.at(9, 1)
    desk.does(case, team.head, "作出处罚决定", **decision(desk, 罚款金额=12_000_000))
    assert case.fields["decision_number"] == "云桥罚决字〔2026〕第1号"
    publication = Case.objects.get(parent=case, matter="publishing.review")
    assert publication.fields["decision_number"] == "云桥罚决字〔2026〕第1号"
    assert "送达处罚决定书" in desk.running(case)
    desk.at(9, 2)
    served(desk, team, case, "处罚决定书")
    assert desk.running(case) == {"缴纳罚款", "复议诉讼期"}
    assert f"{desk.clock(case, '缴纳罚款').due_at.astimezone(desk.now.tzinfo):%m-%d}" == "09-18"

    # 分期：负责人批准，每期一件，都缴清了才算缴清
    desk.at(9, 8)
    desk.does(
        case, team.head, "批准延期分期", 申请延期分期的理由="资金周转困难", 当事人的申请=[desk.photo()],
        分期安排=[{"due_on": "2026-09-30", "amount": 6_000_000}, {"due_on": "2026-10-30", "amount": 6_000_000}],
    )  # fmt: skip
    periods = list(Case.objects.filter(parent=case, matter="enforcement.instalment").order_by("pk"))
    assert len(periods) == 2 and "缴纳罚款" not in desk.running(case)
    paid = {"实缴金额": 6_000_000, "缴款凭证": [desk.photo()]}
    whole = {"累计实缴金额": 12_000_000, "缴款凭证": [desk.photo()]}
    desk.at(9, 28)
    desk.does(periods[0], team.finance, "登记本期缴清", 缴款日期="2026-09-28", **paid)
    said = desk.refused(case, team.finance, "登记分期缴清", 缴款日期="2026-09-28", **whole)
    assert "还有没缴清的分期" in said and "第66条" in said
    desk.at(10, 20)
    desk.does(periods[1], team.finance, "登记本期缴清", 缴款日期="2026-10-20", **paid)
    desk.does(case, team.finance, "登记分期缴清", 缴款日期="2026-10-20", **whole)

    # 结案、归档，案卷包离线验得过
    assert "现在是“待结案”" in desk.refused(case, team.archivist, "归档")
    desk.does(case, team.one, "结案", 结案情况="罚款已分期缴清，已停止办园")
    desk.does(case, team.archivist, "归档")
    assert case.state == "archived" and desk.running(case) == set()
    desk.worker()
    assert {one.title for one in documents_of(case) if one.state == "made"} == {
        "立案审批表", "现场检查笔录", "询问笔录", "调查终结报告", "行政处罚事先告知书", "陈述申辩复核意见书", "听证通知书",
        "听证笔录", "听证报告", "法制审核意见书", "集体讨论记录", "行政处罚决定书", "延期分期缴纳罚款审批表", "结案报告", "案卷目录",
    }  # fmt: skip
    case.refresh_from_db()
    desk.same(case, publication, *periods)
    desk.package(case, team.archivist)


def test_filing_is_refused_for_one_officer_old_acts_and_expired_certificates(desk: Any, team: Team) -> None:
    case = clue(desk, team)
    said = desk.refused(case, team.one, "提请立案", **proposal(team, 承办人员=[str(team.one.pk)]))
    assert "至少 2 个" in said
    desk.does(case, team.one, "提请立案", **proposal(team, 违法行为日="2024-05-01"))
    said = desk.refused(case, team.head, "批准立案")
    assert "追责时效" in said and "第36条" in said
    assert "要由街道办负责人办理" in desk.refused(case, team.chief, "批准立案")
    desk.does(case, team.head, "退回重新审查", "核对违法行为日")
    # 没有执法证的人不能承办
    clerk = desk.person("unit_clerk", "construction")
    desk.does(case, team.one, "提请立案", **proposal(team, 承办人员=[str(team.one.pk), str(clerk.pk)]))
    said = desk.refused(case, team.head, "批准立案")
    assert "承办人" in said and "行政执法证" in said
    desk.does(case, team.head, "退回重新审查", "换持证人员")
    desk.does(case, team.one, "提请立案", **proposal(team))
    desk.does(case, team.head, "批准立案")
    assert case.state == "investigating"
    # 证件注销之后立的案，也不能承办
    certificate = Case.objects.get(matter="enforcement.certificate", fields__holder=str(team.two.pk))
    desk.later(days=1)
    keeper = desk.person("certificate_keeper")
    desk.does(certificate, keeper, "注销", "调离执法队")
    other = clue(desk, team)
    desk.does(other, team.one, "提请立案", **proposal(team))
    assert "行政执法证" in desk.refused(other, team.head, "批准立案")
    desk.does(other, team.head, "退回重新审查", "换持证人员")
    desk.does(other, team.one, "提请立案", **proposal(team, 承办人员=[str(team.one.pk), str(team.chief.pk)]))
    desk.does(other, team.head, "批准立案")
    desk.same(case, other)


def test_investigation_needs_a_shown_certificate_and_checked_evidence(desk: Any, team: Team) -> None:
    case = filed(desk, team)
    said = desk.refused(case, team.one, "现场检查", **site(desk, 已出示执法证件=False))
    assert "没有出示执法证件" in said and "第55条" in said
    assert "还没有“调查”" in desk.refused(case, team.one, "调查终结", **findings())
    inspected(desk, team, case)
    unchecked = [EVIDENCE[0], {**EVIDENCE[1], "checked": False}]
    assert "第46条" in desk.refused(case, team.one, "调查终结", **findings(证据清单=unchecked))
    # 用了监控记录的，要审核过
    seen = {"用了电子监控记录": True}
    said = desk.refused(case, team.one, "调查终结", **findings(**seen))
    assert "电子监控记录" in said and "第41条" in said
    # 超出法定幅度（违法所得五倍）、偏离又不说明，都不行；示范基准的档次不拦人
    assert "法定幅度" in desk.refused(case, team.one, "调查终结", **findings(拟罚款金额=20_100_000))
    said = desk.refused(case, team.one, "调查终结", **findings(拟罚款金额=15_000_000, 偏离裁量基准=True))
    assert "偏离" in said and "写明理由" in said
    # 写明理由的偏离，负责人批准了才能告知
    departing = findings(拟罚款金额=15_000_000, 偏离裁量基准=True, 偏离的理由="多次警告之后仍然招生")
    desk.does(case, team.one, "调查终结", **departing)
    assert "现在是“偏离待批准”" in desk.refused(case, team.chief, "批准告知")
    desk.does(case, team.head, "批准偏离", 对偏离的审批意见="理由成立")
    desk.does(case, team.chief, "批准告知")
    desk.same(case)


def test_the_party_is_heard_before_the_decision(desk: Any, team: Team) -> None:
    case = reported(desk, team)
    # 没有告知、没有送达，决定不了
    assert "现在是“调查终结待告知”" in desk.refused(case, team.head, "作出处罚决定", **decision(desk))
    desk.does(case, team.chief, "批准告知")
    served(desk, team, case)
    said = desk.refused(case, team.one, "没有申辩，转办")
    assert "还在计时" in said and "第62条" in said and "第64条第（1）项" in said
    # 当事人自己放弃的，附签字材料；放弃之后不用再等
    said = desk.refused(case, team.one, "放弃陈述申辩和听证", 事先告知书受送达人=SCHOOL)
    assert "放弃书" in said
    desk.does(
        case, team.one, "放弃陈述申辩和听证", 事先告知书受送达人=SCHOOL, 当事人签字的放弃书=[desk.photo()]
    )
    assert "没有在计时" in desk.refused(case, PARTY, "要求听证", 听证申请材料=[desk.photo()])
    desk.does(case, team.one, "没有申辩，转办")
    assert case.state == "deciding"
    # 新的事实：退回补充调查，原来的告知作废，要重新告知、重新送达
    desk.does(case, team.one, "退回补充调查", "发现在园幼儿另有十名")
    assert not {"inform", "report"} & set(case.done)
    inspected(desk, team, case)
    more = findings(
        违法事实=FACTS + "；另有十名幼儿在三楼", 裁量情形=KINDERGARTEN | {"在园幼儿": "三十人以上"}
    )
    desk.does(case, team.one, "调查终结", **more)
    assert "现在是“调查终结待告知”" in desk.refused(case, team.one, "没有申辩，转办")
    desk.does(case, team.chief, "批准告知")
    assert case.fields["inform_number"] == "云桥罚告字〔2026〕第2号", "另发一个号"
    desk.later(hours=1)
    served(desk, team, case)
    assert {"陈述申辩期", "听证申请期"} <= desk.running(case), "当事人得到完整的期间"
    desk.same(case)


def test_two_parties_are_two_cases_each_with_its_own_period(desk: Any, team: Team) -> None:
    case = clue(desk, team)
    both = proposal(team, 当事人=[SCHOOL, NEIGHBOUR])
    assert "1 个" in desk.refused(case, team.one, "提请立案", **both), "各人的申辩、听证、罚款各是各的"
    first, second = (
        filed(desk, team),
        filed(desk, team, 当事人=[NEIGHBOUR], 当事人种类="自然人", 年龄段="成年人"),
    )
    for one in (first, second):
        inspected(desk, team, one)
        desk.does(one, team.one, "调查终结", **findings(听证情形="不属于", 拟罚款金额=9_000_000))
        desk.does(one, team.chief, "批准告知")
        served(desk, team, one)
    # 一个人放弃了，不影响另一个人的期间
    desk.does(
        first, team.one, "放弃陈述申辩和听证", 事先告知书受送达人=SCHOOL, 当事人签字的放弃书=[desk.photo()]
    )
    desk.does(first, team.one, "没有申辩，转办")
    assert "还在计时" in desk.refused(second, team.one, "没有申辩，转办")
    desk.later(days=9)
    desk.does(second, team.one, "没有申辩，转办")
    desk.same(first, second)


def test_who_investigated_may_neither_host_nor_review(desk: Any, team: Team, give_post: Any) -> None:
    case = informed(desk, team, 法制审核情形="疑难复杂涉及多个法律关系")
    desk.does(case, PARTY, "要求听证", 听证申请材料=[desk.photo()])
    said = desk.refused(case, team.chief, "通知听证", **hearing("2026-08-28", team.one))
    assert "不得是同一人" in said
    desk.does(case, team.chief, "通知听证", **hearing("2026-08-28", team.host))
    assert "要由听证主持人办理" in desk.refused(case, team.chief, "举行听证", 听证举行日="2026-08-28", **HELD)
    # 无正当理由不出席的，送达了通知、到了那天，由主持人记明情形，终止听证；队长掐不掉
    absent = {"听证举行日": "2026-08-28", "终止听证的情形": "等了一小时，当事人无正当理由没有出席"}
    dropping = "无故不到或者中途退出，终止听证"
    assert "还没有“听证通知书送达”" in desk.refused(case, team.host, dropping, **absent)
    served(desk, team, case, "听证通知书")
    assert "要由听证主持人办理" in desk.refused(case, team.chief, dropping, **absent)
    assert "撤回书" in desk.refused(case, team.one, "撤回听证要求"), "撤回要当事人签字"
    desk.at(8, 28, 10)
    early = absent | {"听证举行日": "2026-08-20"}
    assert "听证早于通知的日期" in desk.refused(case, team.host, dropping, **early)
    desk.does(case, team.host, dropping, **absent)
    desk.does(case, team.one, "没有申辩，转办")
    give_post(team.one, "legal_reviewer")
    opinion = {"法制审核意见": "事实清楚，程序合法", "审核人资格证号": "A20180001"}
    said = desk.refused(case, team.one, "法制审核通过", **opinion)
    assert "您承办过本案，不能审核" in said
    # 审核不通过的退回补充，重新告知
    desk.does(case, team.legal, "退回补充调查", "收费记录没有核对原件")
    assert case.state == "investigating" and "inform" not in case.done
    desk.same(case)


def test_a_decision_is_refused_when_it_is_wrong(desk: Any, team: Team) -> None:
    case = deciding(desk, team)
    for wrong, words in (
        ({"罚款金额": 9_000_001}, ("高于事先告知的金额", "第45条", "重新告知")),
        ({"罚款金额": 3_000_000}, ("法定幅度", "按裁量说明改金额")),
    ):
        said = desk.refused(case, team.head, "作出处罚决定", **decision(desk, **wrong))
        assert all(word in said for word in words), said
    assert "要由街道办负责人办理" in desk.refused(case, team.chief, "作出处罚决定", **decision(desk))
    desk.does(case, team.head, "作出处罚决定", **decision(desk))

    # 同一行为不得再罚款；确实不是同一行为的写明理由
    desk.later(days=1)
    again = deciding(desk, team)
    said = desk.refused(again, team.head, "作出处罚决定", **decision(desk))
    assert "同一违法行为已经罚过款" in said and "第29条" in said
    desk.does(
        again,
        team.head,
        "作出处罚决定",
        **decision(desk, 不是同一违法行为的说明="上次查的是一分园，这次是二分园"),
    )
    # 一号一件，不会重号
    assert again.fields["decision_number"] == "云桥罚决字〔2026〕第2号"
    desk.same(case, again)


def test_the_basis_must_have_been_in_force_when_the_act_was_done(desk: Any, team: Team) -> None:
    case = inspected(desk, team, filed(desk, team, 违法行为日="2022-03-01", 危害后果涉及健康安全金融=True))
    desk.does(case, team.one, "调查终结", **findings(听证情形="不属于", 拟罚款金额=9_000_000))
    desk.does(case, team.chief, "批准告知")
    served(desk, team, case)
    desk.later(days=9)
    desk.does(case, team.one, "没有申辩，转办")
    said = desk.refused(case, team.head, "作出处罚决定", **decision(desk))
    assert "还没有施行" in said and "第37条" in said
    desk.does(case, team.one, "退回补充调查", "核对违法行为日")
    desk.same(case)
