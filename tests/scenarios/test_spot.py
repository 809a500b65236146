"""当场处罚：两名执法人员在路边办完，报备、缴款、结案、归档包；不适用的转普通程序。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework import actions, numbers
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.services.discretion import actions as discretion
from jiezhi.services.discretion import queries
from jiezhi.services.enforcement import queries as enforcement
from jiezhi.services.enforcement.testing_spot import ADULT, RUBBISH, decide, inspected, told
from jiezhi.services.promise.testing import words_of


@pytest.fixture
def team(desk: Any) -> list[Any]:
    return [desk.person("enforcement_officer", nth=n) for n in (0, 1)]


def test_decided_on_the_spot_paid_and_packed(desk: Any, team: list[Any]) -> None:
    one, two = team
    case = inspected(desk, team)
    assert case.number.startswith("云桥当罚案〔2026〕")

    # 没有告知就罚不了；告知之后数额不能比告知的高
    assert "现在是“已检查待告知”" in desk.refused(case, one, "当场作出处罚决定", **decide())
    told(desk, case, one)
    assert "罚款高于告知的金额" in desk.refused(case, one, "当场作出处罚决定", **decide(160))
    desk.does(case, two, "当场作出处罚决定", **decide())
    assert case.fields["decision_number"] == "云桥当罚决字〔2026〕第1号"
    assert case.fields["tier"] == "从轻"
    said = case.fields["weighing"]
    assert "示范基准" in said and "建议罚款100元至220元" in said and "第111条" in said

    # 当场交付就是送达：十五日缴款、六十日复议都从这时起算；两个工作日内报备
    desk.does(case, one, "当场交付决定书", 当事人签收="当事人签收", 交付决定书的照片=[desk.photo()])
    assert desk.running(case) == {"缴纳罚款", "报所属机关备案", "复议期"}
    desk.does(case, one, "报所属机关备案")

    # 超过一百元、事后也不难执行，不能当场收缴
    cash = {"财政专用票据号": "0012345", "票据照片": [desk.photo()]}
    said = desk.refused(case, one, "当场收缴罚款", 不当场收缴事后难以执行=False, **cash)
    assert "一百元以下" in said and "第68条" in said

    finance, chief = desk.person("finance_clerk"), desk.person("enforcement_chief")
    desk.later(days=3)
    short = {"累计实缴金额": 1, "缴款日期": "2026-08-06", "缴款凭证": [desk.photo()]}
    assert "实缴金额不足" in desk.refused(case, finance, "登记缴清罚款", **short)
    desk.does(
        case, finance, "登记缴清罚款", 累计实缴金额=15000, 缴款日期="2026-08-06", 缴款凭证=[desk.photo()]
    )
    desk.does(case, chief, "结案")
    assert case.state == "closed" and desk.running(case) == set()
    desk.worker()
    case.refresh_from_db()
    # 决定书写明违反的规定和处罚依据；决定同时开始公开审查；结案之后来的复议照样登记。
    assert "第111条" in words_of(case, "当场行政处罚决定书")
    review = Case.objects.get(parent=case, slot="publication")
    assert (review.matter, review.state) == ("publishing.review", "reviewing")
    desk.does(case, chief, "登记复议诉讼", 复议或诉讼="行政复议", 受理日期="2026-08-06")
    desk.same(case, review)
    desk.package(case, desk.person("archivist"))


def test_a_child_written_as_a_firm_is_still_a_child(desk: Any, team: list[Any]) -> None:
    """证件是身份证的写成“单位”，年龄和数额的限制照样起作用。"""
    child = ADULT | {"name": "何小宝", "identifier": "440300201503077018"}
    firm = {"parties": [child], "party_kind": "法人或其他组织", "age_band": "不适用"}
    case = told(desk, inspected(desk, team, **firm), team[0])
    assert "年龄段没有填对" in desk.refused(case, team[0], "当场作出处罚决定", **decide())


def test_cash_collected_is_handed_in_within_two_working_days(desk: Any, team: list[Any]) -> None:
    case = inspected(desk, team)
    told(desk, case, team[0], 100)
    desk.does(case, team[0], "当场作出处罚决定", **decide(100))
    desk.does(case, team[0], "当场交付决定书", 当事人签收="当事人签收", 交付决定书的照片=[desk.photo()])
    desk.does(
        case,
        team[0],
        "当场收缴罚款",
        不当场收缴事后难以执行=False,
        财政专用票据号="0012346",
        票据照片=[desk.photo()],
    )
    assert "收缴款上交机关" in desk.running(case) and "缴纳罚款" not in desk.running(case)
    desk.later(days=1)
    desk.does(case, team[0], "收缴款交机关")
    assert "收缴款缴付银行" in desk.running(case)
    finance = desk.person("finance_clerk")
    desk.does(
        case,
        finance,
        "收缴款缴付银行",
        累计实缴金额=10000,
        缴款日期="2026-08-04",
        缴付银行凭证=[desk.photo()],
    )
    assert "还没有“当场处罚报备”" in desk.refused(case, desk.person("enforcement_chief"), "结案")
    desk.does(case, team[1], "报所属机关备案")
    desk.does(case, desk.person("enforcement_chief"), "结案")
    desk.same(case)


def test_what_may_not_be_done_on_the_spot(desk: Any, team: list[Any]) -> None:
    one = team[0]
    # 一个人、没有亮证，都开不了
    for wrong, why in (
        ({"handlers": [str(one.pk)]}, "至少 2 个"),
        ({"shown_certificate": False}, "没有出示执法证件"),
    ):
        with pytest.raises(AssertionError, match=why):
            inspected(desk, team, **wrong)
    # 对公民超过二百元
    case = inspected(desk, team, factors=RUBBISH | {"垃圾种类": "有害垃圾", "经责令改正拒不改正": "是"})
    told(desk, case, one, 400)
    said = desk.refused(case, one, "当场作出处罚决定", **decide(400))
    assert "不能当场处罚" in said and "第51条" in said and "转普通程序" in said
    # 不在档内（偏离）的要报批，也不能当场罚
    said = desk.refused(case, one, "当场作出处罚决定", **decide(150))
    assert "不在裁量档次内" in said and "超过二百元" not in said

    # 转普通程序：案由、当事人、事实带过去，成为一条线索
    desk.does(case, one, "不适用简易程序，转普通程序", reason="从重档次超过二百元")
    child = Case.objects.get(parent=case)
    assert (child.matter, child.state) == ("enforcement.penalty", "clue")
    assert child.fields["cause"] == "CF-066-2"
    desk.same(case, child)


def test_children_are_not_punished(desk: Any, team: list[Any]) -> None:
    boy = {"name": "小明", "identifier": "44030020130910123X", "identifier_kind": "身份证"}
    case = inspected(desk, team, parties=[boy], age_band="不满14")
    told(desk, case, team[0], 100)
    said = desk.refused(case, team[0], "当场作出处罚决定", **decide(100))
    assert "不满十四周岁" in said and "第30条" in said
    desk.does(
        case, team[0], "不予处罚", reason="十二岁", 不予处罚的情形="不满14", 教育情况="已责令监护人管教"
    )
    assert case.state == "dropped"
    # 年龄段填成年人，与身份证上的生日对不上
    other = inspected(desk, team, parties=[boy])
    told(desk, other, team[0], 100)
    assert "年龄段没有填对" in desk.refused(other, team[0], "当场作出处罚决定", **decide(100))


def test_not_fined_twice_for_one_act(desk: Any, team: list[Any]) -> None:
    first = inspected(desk, team)
    told(desk, first, team[0])
    desk.does(first, team[0], "当场作出处罚决定", **decide())
    second = inspected(desk, team)
    told(desk, second, team[1])
    said = desk.refused(second, team[1], "当场作出处罚决定", **decide())
    assert "已经罚过款" in said and "第29条" in said
    assert first.number not in said and "何小川" not in said
    desk.does(second, team[1], "当场作出处罚决定", 不是同一违法行为的说明="下午另一处又扔了一次", **decide())


def test_the_legal_range_the_law_leaves_open_must_be_filled_in_first(desk: Any, team: list[Any]) -> None:
    case = inspected(
        desk,
        team,
        cause="CF-058-2",
        factors={"经责令改正拒不改正": "否", "一年内因同类行为受过的处罚次数": "0"},
    )
    told(desk, case, team[0], 50)
    assert "法定幅度还没有填写" in desk.refused(case, team[0], "当场作出处罚决定", **decide(50))
    discretion.set_limit(
        "city.litter",
        2000,
        20000,
        source="某市市容条例第某条",
        reason="照地方规定填",
        acting_officer=None,
        now=desk.now,
    )
    desk.does(case, team[0], "当场作出处罚决定", **decide(50))
    assert case.fields["tier"] == "从轻"


def test_unpaid_fine_surcharged_demanded_and_taken_to_court(desk: Any, team: list[Any]) -> None:
    one, head = team[0], desk.person("office_head")
    case = inspected(desk, team)
    told(desk, case, one)
    desk.does(case, one, "当场作出处罚决定", **decide())
    desk.does(case, one, "当场交付决定书", 当事人签收="当事人签收", 交付决定书的照片=[desk.photo()])
    assert "“缴纳罚款”还没有届满" in desk.refused(case, one, "加处罚款", 加处罚款金额=100)

    # 8 月 3 日交付，十五日到 8 月 18 日；到 8 月 28 日逾期 10 天，每日百分之三
    desk.at(8, 28)
    desk.worker()
    desk.does(case, one, "加处罚款")
    assert case.fields["surcharge"] == 15000 * 3 * 10 // 100
    desk.does(case, one, "催告", 催告内容="十日内到云桥农商行缴纳")
    desk.does(
        case,
        one,
        "送达催告书",
        催告书送达方式="直接送达",
        催告书送达日期="2026-08-28",
        催告书送达回证等材料=[desk.photo()],
    )
    assert "届满前不得" in desk.refused(case, head, "申请法院强制执行")
    # 复议期满、催告满十个工作日，才能申请；三个月内
    desk.at(10, 9)
    desk.worker()
    desk.does(case, head, "申请法院强制执行")
    child = Case.objects.get(parent=case, slot="court")
    assert child.matter == "enforcement.court"
    desk.does(
        child,
        head,
        "签发并递交申请",
        被申请人=[ADULT],
        决定书文号=case.fields["decision_number"],
        罚款金额=15000,
        加处罚款金额=15000,
        哪个法院="临江区人民法院",
        执行标的情况="罚款和加处罚款，没有查到财产",
        催告情况="8 月 28 日送达催告书，至今没有缴纳",
        决定书及依据=[desk.photo()],
        当事人意见材料=[desk.photo()],
        催告书和送达材料=[desk.photo()],
    )
    assert desk.running(child) == {"法院受理"}
    desk.does(child, one, "登记法院受理", 法院案号="（2026）临行审1号", 法院的文书=[desk.photo()])
    desk.does(
        child, one, "登记法院裁定", 裁定="准予执行", 法院的文书=[desk.photo()], 执行结果="裁定准予强制执行"
    )
    desk.does(child, one, "登记执行完毕", 执行到位金额=30000, 执行结果="执行到位")
    desk.does(case, one, "登记法院执行完毕", 履行情况="法院执行到位")
    desk.does(case, one, "报所属机关备案")
    desk.does(case, desk.person("enforcement_chief"), "结案")
    desk.same(case, child)


def test_deviation_is_counted_by_cause_and_tier(desk: Any, team: list[Any]) -> None:
    for yuan, day in ((150, 3), (200, 4)):
        desk.at(8, day, 10)
        case = inspected(desk, team)
        told(desk, case, team[0], yuan)
        desk.does(case, team[0], "当场作出处罚决定", **decide(yuan))
    (row,) = queries.deviation(Case.objects.filter(matter="enforcement.spot"))
    assert (row.cause, row.tier, row.decided, row.departed) == ("CF-066-2", "从轻", 2, 0)
    assert (row.fines, row.middle, row.rate) == ((15000, 20000), 15000, 0.0)
    found = enforcement.execution(Case.objects.filter(matter="enforcement.spot"))
    assert (found.fined, found.settled, found.amount, found.rate) == (2, 0, 35000, 0.0)


def test_a_number_leased_to_the_device_is_used_off_line(desk: Any, team: list[Any]) -> None:
    one = team[0]
    lease = numbers.lease_range(
        "enforcement.spot",
        "decision_no",
        5,
        officer=one,
        valid_until=desk.now + timedelta(days=1),
        acting_officer=desk.person("enforcement_chief"),
        now=desk.now,
        device="执法平板一号",
    )
    case = inspected(desk, team)
    told(desk, case, one)
    # 离线时写在纸上的号，回来登记时照它记；不在自己租段里的号不收
    name, inputs = desk._named(case, "当场作出处罚决定", decide())
    for number, good in (("云桥当罚决字〔2026〕第9号", False), ("云桥当罚决字〔2026〕第3号", True)):
        result = actions.act(
            str(case.uid),
            name,
            inputs=inputs,
            leased={"decision_number": number},
            now=desk.now,
            acting_officer=one,
        )
        assert isinstance(result, Outcome) is good, str(result)
    case.refresh_from_db()
    assert case.fields["decision_number"] == "云桥当罚决字〔2026〕第3号"
    desk.later(hours=2)
    unused = numbers.return_lease(lease.pk, acting_officer=one, now=desk.now)
    assert len(unused) == 4
    desk.same(case)


def test_the_page_says_what_the_benchmark_asks(desk: Any, team: list[Any], client: Any) -> None:
    case = inspected(desk, team)
    client.force_login(team[0], backend="django.contrib.auth.backends.ModelBackend")
    shown = client.get(f"/cases/{case.uid}/?act=tell").content.decode()
    # 基准问的每一项都列出来，选项照基准；计数的说明怎么填。
    for text in ("垃圾种类", "其他垃圾或可回收物", "厨余垃圾", "有害垃圾", "一年内因同类行为受过的处罚次数"):
        assert text in shown, text
    assert "初次违法" in shown


def test_noise_is_fined_only_after_an_order_was_refused(desk: Any, team: list[Any]) -> None:
    """先说服教育、责令改正，拒不改正的才处罚：没到那一步，一分钱也罚不了。"""
    asked = {"发生时段": "白天", "影响范围": "相邻住户", "一年内因同类行为受过的处罚次数": "0"}
    noise = {"cause": "CF-067", "act": "商铺门口高音喇叭", "facts": "用高音喇叭反复播放叫卖声，吵到楼上住户"}
    case = inspected(desk, team, **noise, factors=asked | {"经说服教育、责令改正拒不改正": "否"})
    told(desk, case, team[0], 200)
    said = desk.refused(case, team[0], "当场作出处罚决定", **decide(200))
    assert "罚款超出法定幅度" in said
    after = inspected(desk, team, **noise, factors=asked | {"经说服教育、责令改正拒不改正": "是"})
    told(desk, after, team[0], 200)
    assert desk.does(after, team[0], "当场作出处罚决定", **decide(200)).state == "decided"
