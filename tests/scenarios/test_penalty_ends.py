"""行政处罚的各种去处：不予处罚、事项收回移送、移送公安、不履行申请法院、撤销。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.casework import powers
from jiezhi.base.casework.models import Case
from jiezhi.services.enforcement.testing import (
    FACTS,
    SCHOOL,
    Team,
    deciding,
    decision,
    filed,
    findings,
    inspected,
    kinds,
    served,
)
from jiezhi.services.promise.testing import words_of


@pytest.fixture
def take_back(desk: Any, team: Team) -> Any:
    """收回一个事项。"""

    def repeal(code: str) -> None:
        powers.repeal(code, reason="上级收回", acting_officer=team.head, now=desk.now)

    return repeal


@pytest.fixture
def team(desk: Any) -> Team:
    return Team(desk)


def test_a_child_under_fourteen_is_not_punished_but_taught(desk: Any, team: Team) -> None:
    boy = {"name": "小周", "phone": "13700137077"}
    case = inspected(
        desk, team, filed(desk, team, 当事人=[boy], 当事人种类="自然人", 年龄段="不满14", 案由="CF-067")
    )
    noise = {
        "经说服教育、责令改正拒不改正": "是",
        "发生时段": "夜间或者午间",
        "影响范围": "相邻住户",
        "一年内因同类行为受过的处罚次数": "0",
    }
    desk.does(
        case, team.one, "调查终结",
        **findings(违法事实="在住宅楼内夜间击鼓发出噪声，经劝阻仍不停止", 听证情形="不属于", 裁量情形=noise, 违法所得=None,
                   拟罚款金额=0, 拟处罚内容="警告", **kinds("拟", 警告或通报批评=True)),
    )  # fmt: skip
    desk.does(case, team.chief, "批准告知")
    served(desk, team, case)
    desk.later(days=9)
    desk.does(case, team.one, "没有申辩，转办")
    said = desk.refused(
        case,
        team.head,
        "作出处罚决定",
        **decision(desk, 罚款金额=0, 处罚内容="警告", **kinds(警告或通报批评=True)),
    )
    assert "不满十四周岁" in said and "第30条" in said and "不予处罚决定" in said
    spared = {"决定日期": desk.now.date().isoformat(), "不予处罚的理由": "当事人不满十四周岁，责令监护人管教"}
    said = desk.refused(case, team.head, "决定不予处罚", 不予处罚的种类="轻微不罚", **spared)
    assert "教育情况" in said
    spared |= {"不予处罚的种类": "不满十四周岁", "教育情况": "约谈监护人，当面教育"}
    said = desk.refused(case, team.head, "决定不予处罚", **spared)
    assert "责令监护人" in said and "第30条" in said
    desk.does(case, team.head, "决定不予处罚", 责令管教或者看管治疗="责令监护人严加管教", **spared)
    assert case.fields["decision_number"] == "云桥不罚决字〔2026〕第1号"
    served(desk, team, case, "不予处罚决定书")
    desk.does(case, team.one, "不予处罚结案", 结案情况="已送达，已教育")
    desk.does(case, team.archivist, "归档")
    desk.worker()
    case.refresh_from_db()
    words = words_of(case, "不予行政处罚决定书")
    assert "不满十四周岁" in words and "第30条" in words and "严加管教" in words and "第33条" not in words
    desk.same(case)


def test_a_power_taken_back_midway_is_handed_over(desk: Any, team: Team, take_back: Any) -> None:
    case = deciding(desk, team)
    take_back("CF-056")
    desk.later(days=1)
    said = desk.refused(case, team.head, "作出处罚决定", **decision(desk))
    assert "没有在有效期内的授权" in said and "移送有权机关" in said
    handing = {"移送到哪个机关": "区教育局", "接收机关的回执": [desk.photo()]}
    assert "要由街道办负责人办理" in desk.refused(case, team.chief, "移送有权机关", "事项已收回", **handing)
    desk.does(case, team.head, "移送有权机关", "事项已收回", **handing)
    assert case.state == "referred" and desk.running(case) == set()
    desk.same(case)


def test_a_crime_goes_to_the_police_and_no_fine_takes_its_place(desk: Any, team: Team) -> None:
    case = inspected(desk, team, filed(desk, team))
    desk.does(case, team.one, "涉嫌犯罪，报告移送", "涉案金额可能达到追诉标准")
    child = Case.objects.get(parent=case, matter="enforcement.police")
    assert "现在是“移送公安”" in desk.refused(case, team.head, "作出处罚决定", **decision(desk))
    answer = {"公安机关的答复": "不予立案", "公安机关的文书": [desk.photo()]}
    said = desk.refused(case, team.chief, "没有移送或者公安机关不立案，继续办理", **answer)
    assert "还没有办结" in said
    desk.does(child, team.chief, "成立专案组", 专案人员=[str(team.one.pk), str(team.two.pk)])
    desk.does(
        child, team.one, "提出移送书面报告", 涉案人=[SCHOOL], 涉嫌罪名="非法经营罪", 涉嫌犯罪的事实=FACTS
    )
    desk.does(child, team.head, "不批准移送", 不批准的理由="没有达到追诉标准")
    desk.does(case, team.chief, "没有移送或者公安机关不立案，继续办理", **answer)
    assert case.state == "investigating"
    desk.does(case, team.one, "调查终结", **findings())
    desk.same(case, child)


def test_the_police_take_the_case(desk: Any, team: Team) -> None:
    case = inspected(desk, team, filed(desk, team))
    desk.does(case, team.one, "涉嫌犯罪，报告移送", "涉案金额达到追诉标准")
    child = Case.objects.get(parent=case, matter="enforcement.police")
    desk.does(child, team.chief, "成立专案组", 专案人员=[str(team.one.pk), str(team.two.pk)])
    desk.does(
        child, team.one, "提出移送书面报告", 涉案人=[SCHOOL], 涉嫌罪名="非法经营罪", 涉嫌犯罪的事实=FACTS
    )
    desk.does(child, team.head, "批准移送", 审批意见="同意移送")
    desk.later(hours=20)
    desk.does(
        child, team.one, "送公安机关", 哪个公安机关="临江公安分局", 涉案物品清单="收费记录一册",
        调查报告=[desk.photo()], 公安机关接收的回执=[desk.photo()],
    )  # fmt: skip
    desk.later(days=2)
    desk.does(child, team.one, "登记公安立案", 公安机关的答复="已立案侦查", 公安机关的通知书=[desk.photo()])
    answer = {"公安机关的答复": "已立案侦查", "公安机关的文书": [desk.photo()]}
    said = desk.refused(case, team.chief, "公安机关已立案", **answer)
    assert "移交" in said and "第12条" in said
    desk.does(child, team.two, "移交物品和材料", 涉案物品清单="收费记录一册", 物品和材料交接单=[desk.photo()])
    desk.does(case, team.chief, "公安机关已立案", **answer)
    assert case.state == "criminal" and desk.running(case) == set()
    desk.same(case, child)


def test_unpaid_then_surcharged_demanded_and_taken_to_court(desk: Any, team: Team) -> None:
    case = deciding(desk, team)
    desk.does(case, team.head, "作出处罚决定", **decision(desk))
    served(desk, team, case, "处罚决定书")
    decided = desk.now
    short = {"累计实缴金额": 8_999_999, "缴款日期": desk.now.date().isoformat(), "缴款凭证": [desk.photo()]}
    assert "不足罚款金额" in desk.refused(case, team.finance, "登记缴清罚款", **short)
    assert "还在计时" in desk.refused(case, team.finance, "加处罚款")
    desk.later(days=26)
    desk.does(case, team.finance, "加处罚款")
    assert 0 < case.fields["surcharge"] <= case.fields["fine"]
    assert "超过罚款数额" in desk.refused(case, team.finance, "加处罚款", 加处罚款金额=9_000_001)
    # 复议期间不加处、不申请法院
    desk.does(case, team.one, "登记复议诉讼", 复议或诉讼="行政复议", 受理日期=desk.now.date().isoformat())
    assert "已经“复议诉讼”" in desk.refused(case, team.finance, "加处罚款")
    desk.later(days=50)
    day = desk.now.date().isoformat()
    desk.does(case, team.one, "登记复议诉讼结果", 复议诉讼结果="维持或驳回", 结束日期=day, 当事人收到日=day)
    # 催告书送达十个工作日、救济期满之后才能申请法院
    desk.does(case, team.one, "催告", 催告内容="十日内到云桥农商行缴清罚款和加处罚款")
    served(desk, team, case, "催告书")
    said = desk.refused(case, team.head, "申请法院强制执行")
    assert "催告期" in said and "第54条" in said and "救济期届满" in said
    desk.now = decided
    desk.later(days=200)
    desk.worker()
    case.refresh_from_db()
    assert "remedy_over" in case.done and "申请法院强制执行" in desk.running(case)
    desk.does(case, team.head, "申请法院强制执行")
    assert Case.objects.filter(parent=case, matter="enforcement.court").count() == 1
    said = desk.refused(case, team.one, "登记法院执行完毕", 履行情况="已执行")
    assert "还没有办结" in said
    desk.same(case)


def test_a_revoked_decision_is_withdrawn_from_the_public(desk: Any, team: Team) -> None:
    case = deciding(desk, team)
    desk.does(case, team.head, "作出处罚决定", **decision(desk))
    publication = Case.objects.get(parent=case, matter="publishing.review")
    desk.does(
        publication, team.publisher, "审查完毕", 是否具有一定社会影响=True, 当事人有没有未成年人=False,
        是否涉及国家秘密=False, **{"是否涉及商业秘密、个人隐私": False},
    )  # fmt: skip
    desk.does(publication, team.publisher, "公布")
    desk.later(days=2)
    desk.does(case, team.head, "撤销决定", "认定事实有误", 变更或撤销的内容="撤销云桥罚决字〔2026〕第1号决定")
    assert case.state == "refunding"
    desk.worker()
    case.refresh_from_db()
    assert case.state == "revoked" and "没有要退还的" in desk.steps(case), "没有缴过款的自己了结"
    publication.refresh_from_db()
    assert publication.state == "withdrawing" and "撤回" in desk.running(publication)
    desk.same(case, publication)
