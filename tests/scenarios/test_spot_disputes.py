"""当场处罚之后：复议撤销的退款、不再执行；变更的按变更后的；确认违法的结案；加处的按日算。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework import outbox
from jiezhi.base.casework.models import Case
from jiezhi.services.enforcement.testing_spot import ADULT, delivered
from jiezhi.services.promise.testing import words_of


@pytest.fixture
def team(desk: Any) -> list[Any]:
    return [desk.person("enforcement_officer", nth=n) for n in (0, 1)]


@pytest.fixture
def head(desk: Any) -> Any:
    return desk.person("office_head")


@pytest.fixture
def finance(desk: Any) -> Any:
    return desk.person("finance_clerk")


def ticks(desk: Any, case: Case) -> None:
    """worker 走几轮；时机到了而条件还不具备的（复议期间届满），留着再试。"""
    for _ in range(5):
        outbox.fire_clocks(desk.now)
        outbox.drain(desk.now)
    case.refresh_from_db()


def paid(desk: Any, case: Case, finance: Any, yuan: int) -> Case:
    return desk.does(
        case, finance, "登记缴清罚款", 累计实缴金额=yuan * 100, 缴款日期=desk.now.date().isoformat(), 缴款凭证=[desk.photo()]
    )  # fmt: skip


def disputed(desk: Any, case: Case, officer: Any) -> Case:
    return desk.does(
        case, officer, "登记复议诉讼", 复议或诉讼="行政复议", 受理日期=desk.now.date().isoformat()
    )


def ended(desk: Any, **more: Any) -> dict[str, Any]:
    return {"结束日期": desk.now.date().isoformat(), "复议机关或者法院的文书": [desk.photo()]} | more


def received(desk: Any) -> dict[str, Any]:
    """当事人今天收到复议决定书。"""
    return {"当事人收到日": desk.now.date().isoformat()}


def overdue_and_demanded(desk: Any, team: list[Any]) -> Case:
    """逾期十天，加处、催告都做了，催告书送到了。"""
    case = delivered(desk, team)
    desk.at(8, 28)
    ticks(desk, case)
    desk.does(case, team[0], "加处罚款")
    desk.does(case, team[0], "催告", 催告内容="十日内到云桥农商行缴纳")
    return desk.does(
        case, team[0], "送达催告书", 催告书送达方式="直接送达", 催告书送达日期="2026-08-28", 催告书送达回证等材料=[desk.photo()]
    )  # fmt: skip


def served_again(desk: Any, case: Case, officer: Any) -> Case:
    return desk.does(
        case, officer, "送达当场处罚决定", 当场处罚决定受送达人=ADULT, 当场处罚决定送达方式="直接送达",
        当场处罚决定送达日期=desk.now.date().isoformat(), 当场处罚决定送达回证等材料=[desk.photo()],
    )  # fmt: skip


def test_quashed_before_it_was_paid_goes_no_further(desk: Any, team: list[Any], head: Any) -> None:
    case = overdue_and_demanded(desk, team)
    disputed(desk, case, team[0])
    desk.later(days=50)
    ticks(desk, case)
    quashed = ended(desk, 变更或撤销的内容="区人民政府撤销本处罚决定")
    # 撤销不能只登记个结果把争议清掉
    said = desk.refused(case, team[0], "登记复议诉讼结果", 复议诉讼结果="撤销", 结束日期="2026-10-17")
    assert "复议诉讼结果" in said
    assert "要由街道办负责人办理" in desk.refused(case, team[0], "登记复议诉讼撤销", **quashed)
    desk.does(case, head, "登记复议诉讼撤销", **quashed)
    assert "spot_decide" not in case.done and "serve" not in case.done
    for who, title in ((team[0], "加处罚款"), (team[0], "催告"), (head, "申请法院强制执行")):
        assert "现在是“已撤销待退款”" in desk.refused(case, who, title)
    ticks(desk, case)
    assert case.state == "revoked" and desk.running(case) == set()
    assert Case.objects.get(parent=case, slot="publication").state == "dropped", "不再公布"
    desk.same(case)


def test_quashed_after_it_was_paid_is_paid_back(desk: Any, team: list[Any], head: Any, finance: Any) -> None:
    case = paid(desk, delivered(desk, team), finance, 150)
    desk.does(case, head, "结案")
    disputed(desk, case, team[0])
    desk.later(days=30)
    desk.does(case, head, "登记复议诉讼撤销", **ended(desk, 变更或撤销的内容="区人民政府撤销本处罚决定"))
    ticks(desk, case)
    assert case.state == "refunding", "缴过的没有退还，不算了结"
    assert any("缴过的罚款要退还" in text for text in desk.told(case, finance))
    assert "多缴的罚款还没有退还" in desk.refused(case, finance, "没有要退还的")
    back = {"退还日期": desk.now.date().isoformat(), "退还凭证": [desk.photo()]}
    assert "少于应当退还的" in desk.refused(case, finance, "登记退还罚款", 累计退还金额=14999, **back)
    assert "要由财务人员办理" in desk.refused(case, head, "登记退还罚款", **back)
    desk.does(case, finance, "登记退还罚款", **back)
    assert (case.state, case.fields["refund"]) == ("revoked", 15000)
    desk.same(case)


def test_cash_taken_on_the_spot_is_paid_back_too(desk: Any, team: list[Any], head: Any, finance: Any) -> None:
    case = delivered(desk, team, 100)
    ticket = {"财政专用票据号": "0012346", "票据照片": [desk.photo()], "不当场收缴事后难以执行": False}
    said = desk.refused(case, team[0], "当场收缴罚款", 当场收缴金额=20000, **ticket)
    assert "与罚款金额不同" in said
    desk.does(case, team[0], "当场收缴罚款", **ticket)
    desk.does(case, head, "撤销决定", "认错了人", 变更或撤销的内容="撤销本决定")
    ticks(desk, case)
    desk.does(case, finance, "登记退还罚款", 退还日期="2026-08-03", 退还凭证=[desk.photo()])
    assert (case.state, case.fields["refund"]) == ("revoked", 10000)
    assert "申请行政复议" in words_of(case, "变更撤销决定书")
    desk.same(case)


def test_altered_is_served_again_and_collected_at_the_new_amount(
    desk: Any, team: list[Any], head: Any, finance: Any
) -> None:
    one, case = team[0], overdue_and_demanded(desk, team)
    assert case.fields["surcharge"] == 4500
    disputed(desk, case, one)
    desk.later(days=20)
    altered = ended(desk, 变更或撤销的内容="罚款变更为一百元", 处罚种类="罚款", **received(desk))
    assert "高于原决定" in desk.refused(case, head, "登记复议诉讼变更", 罚款金额=15001, **altered)
    said = desk.refused(case, head, "登记复议诉讼变更", 罚款金额=10000, 加处罚款金额=4500, **altered)
    assert "高于按变更后的罚款折算的" in said
    desk.does(case, head, "登记复议诉讼变更", 罚款金额=10000, **altered)
    assert case.state == "changed" and case.fields.get("surcharge") is None
    assert not {"demand", "demand_served", "remedy_over", "apply_court", "serve"} & set(case.done)
    assert "现在是“变更后待送达”" in desk.refused(case, one, "催告", 催告内容="请缴纳")
    desk.later(days=1)
    served_again(desk, case, one)
    assert {"缴纳罚款", "复议期", "复议后起诉期"} <= desk.running(case), "重新送达，重新起算"
    due = desk.clock(case, "缴纳罚款", 2).due_at
    assert timedelta(days=14) < due - desk.now < timedelta(days=17)
    assert "还没有届满" in desk.refused(case, one, "加处罚款", 加处罚款金额=300)
    assert "还没有届满" in desk.refused(case, one, "催告", 催告内容="请缴纳")
    desk.now = due + timedelta(days=9, hours=9)
    ticks(desk, case)
    desk.does(case, one, "加处罚款")
    assert case.fields["surcharge"] == 10000 * 3 * 10 // 100, "按变更后的数额和新的期限算"
    paid(desk, case, finance, 130)
    desk.does(case, head, "结案")
    desk.same(case)


def test_altered_after_it_was_paid_gives_back_the_difference(
    desk: Any, team: list[Any], head: Any, finance: Any
) -> None:
    case = paid(desk, delivered(desk, team), finance, 150)
    desk.does(case, head, "结案")
    disputed(desk, case, team[0])
    desk.later(days=30)
    altered = ended(desk, 变更或撤销的内容="罚款变更为一百元", 处罚种类="罚款", 罚款金额=10000)
    desk.does(case, head, "登记执行后的复议诉讼变更", **altered)
    assert case.state == "settled" and "close" not in case.done
    assert "多缴的罚款还没有退还" in desk.refused(case, head, "结案")
    desk.does(case, finance, "登记退还多缴的罚款", 退还日期="2026-09-02", 退还凭证=[desk.photo()])
    assert case.fields["refund"] == 5000
    desk.does(case, head, "结案")
    ticks(desk, case)
    assert Case.objects.get(parent=case, slot="publication").state == "dropped"
    desk.same(case)


def test_altered_to_a_warning_has_nothing_to_collect(desk: Any, team: list[Any], head: Any) -> None:
    case = disputed(desk, delivered(desk, team), team[0])
    desk.later(days=30)
    altered = ended(desk, 变更或撤销的内容="变更为警告", **received(desk))
    said = desk.refused(case, head, "登记复议诉讼变更", 处罚种类="警告", 罚款金额=100, **altered)
    assert "警告的罚款要填零" in said
    desk.does(case, head, "登记复议诉讼变更", 处罚种类="警告", 罚款金额=0, **altered)
    served_again(desk, case, team[0])
    desk.later(days=70)
    ticks(desk, case)
    assert "本件属于“只给予警告”" in desk.refused(case, team[0], "催告", 催告内容="请缴纳")
    desk.does(case, team[0], "只有警告，转结案")
    desk.does(case, head, "结案")
    desk.same(case)


def test_confirmed_unlawful_ends_the_case(desk: Any, team: list[Any], head: Any) -> None:
    case = disputed(desk, delivered(desk, team), team[0])
    desk.later(days=30)
    desk.does(case, team[1], "登记确认违法", **ended(desk, 变更或撤销的内容="区人民政府确认本处罚程序违法"))
    assert case.state == "revoked" and "confirmed_unlawful" in case.done and desk.running(case) == set()
    for who, title in ((team[0], "加处罚款"), (team[0], "催告"), (head, "申请法院强制执行")):
        assert "现在是“已撤销或者确认违法”" in desk.refused(case, who, title)
    ticks(desk, case)
    assert Case.objects.get(parent=case, slot="publication").state == "dropped"
    desk.same(case)


def test_upheld_on_review_leaves_fifteen_days_to_sue(desk: Any, team: list[Any], head: Any) -> None:
    case = delivered(desk, team)
    desk.later(days=55)
    disputed(desk, case, team[0])
    desk.later(days=30)
    ticks(desk, case)
    assert "remedy_over" not in case.done, "复议还没有完"
    upheld = {"复议诉讼结果": "维持或驳回", "结束日期": desk.now.date().isoformat()}
    assert "当事人收到复议决定书" in desk.refused(case, team[0], "登记复议诉讼结果", **upheld)
    desk.does(case, team[0], "登记复议诉讼结果", **upheld, **received(desk))
    assert "复议后起诉期" in desk.running(case)
    desk.does(case, team[0], "催告", 催告内容="十日内缴纳")
    desk.does(
        case, team[0], "送达催告书", 催告书送达方式="直接送达", 催告书送达日期=desk.now.date().isoformat(), 催告书送达回证等材料=[desk.photo()]
    )  # fmt: skip
    desk.later(days=10)
    assert "复议后起诉期" in desk.refused(case, head, "申请法院强制执行")
    desk.later(days=20)
    ticks(desk, case)
    desk.does(case, head, "申请法院强制执行")
    desk.same(case)


def test_the_surcharge_is_by_the_day_and_told_in_writing(desk: Any, team: list[Any], finance: Any) -> None:
    case = delivered(desk, team)
    desk.at(8, 28)
    for amount in (4501, 15000):
        said = desk.refused(case, finance, "加处罚款", 加处罚款金额=amount)
        assert "每日百分之三" in said and "第72条" in said
    assert "加处罚款超过罚款数额" in desk.refused(case, finance, "加处罚款", 加处罚款金额=15001)
    desk.does(case, finance, "加处罚款")
    assert case.fields["surcharge"] == 15000 * 3 * 10 // 100
    ticks(desk, case)
    words = words_of(case, "加处罚款告知书")
    assert "百分之三" in words and "45元" in words and "陈述、申辩" in words
    # 罚款先缴了的，只算到缴款那天
    money = {"缴款日期": "2026-08-28", "缴款凭证": [desk.photo()]}
    assert "实缴金额不足" in desk.refused(case, finance, "登记缴清罚款", 累计实缴金额=15000, **money)
    desk.does(case, finance, "登记先缴的罚款", 累计实缴金额=15000, **money)
    desk.at(9, 8)
    assert "每日百分之三" in desk.refused(case, finance, "加处罚款", 加处罚款金额=9000)
    desk.does(case, finance, "登记缴清罚款", 累计实缴金额=19500, **money)
    desk.same(case)
