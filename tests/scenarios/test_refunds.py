"""普通程序的退款：分期缴了一部分的、执行之后变更的，多缴的退还才能了结；加处的照变更后的折算。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework.models import Case
from jiezhi.services.enforcement.testing import SCHOOL, Team, delivery, performing


@pytest.fixture
def team(desk: Any) -> Team:
    return Team(desk)


def today(desk: Any) -> str:
    return str(desk.now.date().isoformat())


def money(desk: Any) -> dict[str, Any]:
    return {"缴款日期": today(desk), "缴款凭证": [desk.photo()]}


def back(desk: Any) -> dict[str, Any]:
    return {"退还日期": today(desk), "退还凭证": [desk.photo()]}


def quashed(desk: Any, **more: Any) -> dict[str, Any]:
    return {
        "结束日期": today(desk),
        "复议机关或者法院的文书": [desk.photo()],
        "变更或撤销的内容": "区人民政府复议决定",
    } | more


def test_what_was_paid_by_instalments_is_paid_back(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    dues = [{"due_on": f"2027-0{n}-28", "amount": 3_000_000} for n in (1, 2, 3)]
    desk.does(
        case, team.head, "批准延期分期", 申请延期分期的理由="资金周转困难", 当事人的申请=[desk.photo()], 分期安排=dues
    )  # fmt: skip
    desk.worker()
    first = Case.objects.filter(parent=case, slot="instalment").order_by("number").first()
    assert first is not None
    desk.does(first, team.finance, "登记本期缴清", 实缴金额=3_000_000, **money(desk))
    desk.does(case, team.one, "登记复议诉讼", 复议或诉讼="行政复议", 受理日期=today(desk))
    desk.later(days=40)
    desk.does(case, team.head, "登记复议诉讼撤销", **quashed(desk))
    desk.worker()
    case.refresh_from_db()
    assert case.state == "refunding"
    states = Case.objects.filter(parent=case, slot="instalment").values_list("state", flat=True)
    assert sorted(states) == ["paid", "void", "void"], "没有缴的各期作废"
    assert "少于应当退还的" in desk.refused(
        case, team.finance, "登记退还罚款", 累计退还金额=2_999_999, **back(desk)
    )
    desk.does(case, team.finance, "登记退还罚款", **back(desk))
    assert (case.state, case.fields["refund"]) == ("revoked", 3_000_000)
    desk.same(case)


def test_altered_after_archiving_reopens_to_pay_back_the_difference(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    desk.now = desk.clock(case, "缴纳罚款").due_at + timedelta(days=9, hours=9)
    desk.does(case, team.finance, "加处罚款")
    assert case.fields["surcharge"] == 9_000_000 * 3 * 10 // 100
    desk.does(case, team.finance, "登记缴清罚款", 累计实缴金额=11_700_000, **money(desk))
    desk.does(case, team.one, "结案", 结案情况="缴清")
    desk.does(case, team.archivist, "归档")
    desk.does(case, team.one, "登记复议诉讼", 复议或诉讼="行政诉讼", 受理日期=today(desk))
    desk.later(days=60)
    altered = quashed(desk, 罚款金额=6_000_000)
    title = "登记执行后的复议诉讼变更"
    said = desk.refused(case, team.head, title, 加处罚款金额=2_700_000, **altered)
    assert "高于按变更后的罚款折算的" in said
    desk.does(case, team.head, title, **altered)
    assert case.state == "settled" and case.fields["surcharge"] == 1_800_000
    said = desk.refused(case, team.one, "结案", 结案情况="照变更后的")
    assert "多缴的罚款还没有退还" in said
    desk.does(case, team.finance, "登记退还多缴的罚款", **back(desk))
    assert case.fields["refund"] == 11_700_000 - 7_800_000
    desk.does(case, team.one, "结案", 结案情况="照变更后的")
    desk.does(case, team.archivist, "归档")
    # 后来又撤销了：以前退的算在累计里
    desk.does(case, team.head, "撤销决定", "发现新证据", 变更或撤销的内容="撤销本决定")
    desk.worker()
    desk.does(case, team.finance, "登记退还罚款", **back(desk))
    assert (case.state, case.fields["refund"]) == ("revoked", 11_700_000)
    desk.same(case)


def test_what_was_paid_before_the_alteration_cannot_be_overwritten_by_less(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    desk.does(case, team.finance, "登记先缴的罚款", 累计实缴金额=9_000_000, **money(desk))
    desk.does(case, team.one, "登记复议诉讼", 复议或诉讼="行政复议", 受理日期=today(desk))
    desk.later(days=40)
    desk.does(
        case, team.head, "登记复议诉讼变更", **quashed(desk, 罚款金额=6_000_000, 当事人收到日=today(desk))
    )
    desk.does(case, team.two, "送达处罚决定书", **delivery(desk, "处罚决定书", 处罚决定书受送达人=SCHOOL))
    desk.worker()
    case.refresh_from_db()
    said = desk.refused(case, team.finance, "登记缴清罚款", 累计实缴金额=6_000_000, **money(desk))
    assert "少于以前登记缴过的" in said
    assert "少于以前登记缴过的" in desk.refused(
        case, team.finance, "登记先缴的罚款", 累计实缴金额=8_999_999, **money(desk)
    )
    desk.does(case, team.finance, "登记缴清罚款", 累计实缴金额=9_000_000, **money(desk))
    assert "多缴的罚款还没有退还" in desk.refused(case, team.one, "结案", 结案情况="照变更后的")
    desk.does(case, team.finance, "登记退还多缴的罚款", **back(desk))
    assert case.fields["refund"] == 3_000_000
    desk.does(case, team.one, "结案", 结案情况="照变更后的")
    desk.same(case)


def test_what_was_paid_by_instalments_counts_towards_the_whole(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    dues = [{"due_on": f"2027-0{n}-28", "amount": 4_500_000} for n in (1, 2)]
    desk.does(
        case, team.head, "批准延期分期", 申请延期分期的理由="资金周转困难", 当事人的申请=[desk.photo()], 分期安排=dues
    )  # fmt: skip
    desk.worker()
    for one in Case.objects.filter(parent=case, slot="instalment").order_by("number"):
        desk.does(one, team.finance, "登记本期缴清", 实缴金额=5_000_000, **money(desk))
    case.refresh_from_db()
    said = desk.refused(case, team.finance, "登记分期缴清", 累计实缴金额=9_000_000, **money(desk))
    assert "少于以前登记缴过的" in said
    desk.does(case, team.finance, "登记分期缴清", 累计实缴金额=10_000_000, **money(desk))
    assert "多缴的罚款还没有退还" in desk.refused(case, team.one, "结案", 结案情况="缴清")


def test_what_the_court_collected_is_paid_back(desk: Any, team: Team) -> None:
    case = performing(desk, team)
    desk.does(case, team.one, "催告", 催告内容="十日内缴清")
    desk.does(
        case, team.two, "送达催告书", 催告书送达方式="直接送达", 催告书送达日期=today(desk),
        催告书送达回证等材料=[desk.photo()],
    )  # fmt: skip
    desk.later(days=200)
    desk.worker()
    case.refresh_from_db()
    desk.does(case, team.head, "申请法院强制执行")
    court = Case.objects.get(parent=case, slot="court")
    paper = {"法院的文书": [desk.photo()]}
    desk.does(
        court, team.head, "签发并递交申请", 哪个法院="临江区人民法院", 执行标的情况="罚款和加处罚款", 催告情况="已经催告",
        被申请人=[SCHOOL], 决定书文号=case.fields["decision_number"], 罚款金额=9_000_000, 加处罚款金额=9_000_000, 决定书及依据=[desk.photo()], 当事人意见材料=[desk.photo()], 催告书和送达材料=[desk.photo()],
    )  # fmt: skip
    desk.does(court, team.one, "登记法院受理", 法院案号="（2027）临行审1号", **paper)
    desk.does(court, team.one, "登记法院裁定", 裁定="准予执行", 执行结果="裁定准予", **paper)
    desk.does(court, team.one, "登记执行完毕", 执行到位金额=18_000_000, 执行结果="执行到位")
    desk.does(case, team.one, "登记法院执行完毕", 履行情况="法院执行到位")
    desk.does(case, team.one, "结案", 结案情况="法院执行到位")
    desk.does(case, team.head, "撤销决定", "再审改判", 变更或撤销的内容="撤销本决定")
    desk.worker()
    desk.does(case, team.finance, "登记退还罚款", **back(desk))
    assert (case.state, case.fields["refund"]) == ("revoked", 18_000_000)
    desk.same(case, court)
