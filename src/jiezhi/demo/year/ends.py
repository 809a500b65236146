"""处罚决定送达之后的各种结局，以及移送公安。"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from jiezhi.base.casework.models import Case
from jiezhi.demo.year.life import Life, Story, child
from jiezhi.demo.year.people import Town
from jiezhi.demo.year.scene import Scene


def finished(it: Scene) -> Story:
    """结案、归档。"""
    life = it.life
    life.workdays(life.rng.randint(1, 5))
    yield from it.does("close", it.town.person("enforcement_officer"), close_note=it.words("close_note"))
    life.workdays(life.rng.randint(3, 20))
    yield from it.does("archive", it.town.person("archivist"))


def _paid(it: Scene, fine: int) -> Story:
    life = it.life
    life.days(life.rng.randint(2, 14), 11)
    yield from _pays(it, "pay", fine)


def _pays(it: Scene, action: str, amount: int) -> Story:
    finance = it.town.person("finance_clerk")
    yield from it.does(action, finance, paid=amount, paid_on=it.life.today, paid_paper=it.photos("paper"))


def _instalments(it: Scene, fine: int) -> Story:
    """批准分三期，有一期晚缴。"""
    life, head = it.life, it.town.person("office_head")
    life.workdays(4)
    each = fine // 3
    amounts = [each, each, fine - 2 * each]
    dues = [life.day(days) for days in (20, 45, 70)]
    rows = [{"due_on": due, "amount": amount} for due, amount in zip(dues, amounts, strict=True)]
    reason = {"instalment_reason": "资金周转困难", "instalment_paper": it.photos("paper")}
    yield from it.does("approve_instalment", head, **reason, instalments=rows)
    late = life.rng.randrange(3)
    finance = it.town.person("finance_clerk")
    for nth, due in enumerate(dues):
        life.until(date.fromisoformat(due) + timedelta(days=6 if nth == late else -7), 11)
        if not life.table.is_workday(life.now.date()):
            life.workdays(1, 11)
        period = str(child(it.uid, "enforcement.instalment", nth).uid)
        yield from life.does(
            period,
            "pay_late" if nth == late else "pay",
            finance,
            paid=amounts[nth],
            paid_on=life.today,
            paid_paper=it.photos("paper"),
        )
    life.workdays(2)
    yield from _pays(it, "instalments_paid", fine)


def _reviewed(it: Scene, kind: str = "行政复议", days: int = 50) -> Story:
    """登记复议诉讼，过些日子有结果。"""
    life = it.life
    life.days(life.rng.randint(8, 25))
    one = it.town.person("enforcement_officer")
    yield from it.does("dispute", one, dispute_kind=kind, dispute_on=life.today)
    life.days(days)


def _result(it: Scene, **more: Any) -> dict[str, Any]:
    return {"dispute_ended_on": it.life.today, "dispute_paper": it.photos("paper")} | more


def _received(it: Scene) -> dict[str, Any]:
    """复议决定书送到了当事人手里。"""
    return {"dispute_received_on": it.life.today}


def _upheld(it: Scene, fine: int) -> Story:
    kind = it.life.rng.choice(("行政复议", "行政诉讼"))
    yield from _reviewed(it, kind)
    told = _received(it) if kind == "行政复议" else {}
    yield from it.does(
        "upheld", it.town.person("enforcement_officer"), **_result(it, dispute_result="维持或驳回"), **told
    )
    it.life.workdays(5)
    yield from _pays(it, "pay", fine)


def _overturned(it: Scene, fine: int) -> Story:
    yield from _reviewed(it)
    note = "复议机关认为主要证据不足，撤销原处罚决定"
    yield from it.does("overturned", it.town.person("office_head"), **_result(it, change_note=note))


def _unlawful(it: Scene, fine: int) -> Story:
    yield from _reviewed(it, "行政诉讼", 90)
    note = "法院认为送达程序有瑕疵，确认违法"
    yield from it.does(
        "confirm_unlawful", it.town.person("enforcement_officer"), **_result(it, change_note=note)
    )


def _altered(it: Scene, fine: int) -> Story:
    yield from _reviewed(it)
    less = fine * 8 // 10
    note = "复议机关认为裁量偏重，变更罚款数额"
    yield from it.does(
        "altered", it.town.person("office_head"), **_result(it, change_note=note, fine=less), **_received(it)
    )
    yield from it.served("decide", "直接送达", again=True)
    yield from _paid(it, less)


def _amended(it: Scene, fine: int) -> Story:
    it.life.workdays(6)
    less = min(it.scene["fines"])
    note = "核实整改积极，减轻罚款"
    yield from it.does(
        "amend", it.town.person("office_head"), "当事人提供了整改完成的证据", change_note=note, fine=less
    )
    yield from it.served("decide", "直接送达", again=True)
    yield from _paid(it, less)


def _revoked(it: Scene, fine: int) -> Story:
    it.life.workdays(15)
    note = "撤销处罚决定，另行调查"
    yield from it.does("revoke", it.town.person("office_head"), "认定事实有误", change_note=note)
    review = child(it.uid, "publishing.review")
    it.life.workdays(2)
    if Case.objects.get(pk=review.pk).state == "withdrawing":
        why = "原决定认定事实有误，已经撤销"
        yield from it.life.does(str(review.uid), "withdraw", it.town.person("publisher"), withdraw_reason=why)


def _court(it: Scene, fine: int) -> Story:
    """到期不缴：加处、催告，救济期满申请法院强制执行。"""
    life, town = it.life, it.town
    one, head = town.person("enforcement_officer"), town.person("office_head")
    served = life.now
    life.days(life.rng.randint(24, 32))
    yield from it.does("add_surcharge", town.person("finance_clerk"))
    life.work(3, one)
    yield from it.does("demand", one, demand_text="十日内到云桥农商行缴清罚款和加处罚款")
    yield from it.served("demand", "直接送达")
    life.now = max(life.now, served)
    life.days(200 - (life.now - served).days)
    yield from it.does("apply_court", head)
    yield from _in_court(life, town, it, fine)
    life.workdays(2)
    yield from it.does("executed", one, fulfil_note="法院执行到位")


def _in_court(life: Life, town: Town, it: Scene, fine: int) -> Story:
    one, head = town.person("enforcement_officer"), town.person("office_head")
    parent = Case.objects.get(uid=it.uid)
    uid = str(child(it.uid, "enforcement.court").uid)
    life.workdays(3)
    papers = {name: it.photos("paper") for name in ("decision_papers", "party_opinion", "demand_papers")}
    yield from life.does(
        uid, "submit", head, parties=[it.party], decision_number=parent.fields["decision_number"], fine=fine,
        surcharge=parent.fields["surcharge"], court="临江区人民法院", subject="罚款和加处罚款，没有查到可供执行的财产",
        demanded="催告书已送达满十个工作日，至今没有缴纳", **papers,
    )  # fmt: skip
    life.days(4)
    number = f"（{life.now.year}）临行审{life.rng.randint(11, 99)}号"
    yield from life.does(uid, "accept", one, court_case=number, court_paper=it.photos("paper"))
    life.days(6)
    yield from life.does(
        uid, "rule", one, ruling="准予执行", court_paper=it.photos("paper"), end_note="裁定准予强制执行"
    )
    life.days(18)
    amount = fine + parent.fields["surcharge"]
    yield from life.does(uid, "finish", one, executed_amount=amount, end_note="划扣到位")


def _held(it: Scene, fine: int) -> Story:
    """先缴了罚款，加处的后缴。"""
    life, town = it.life, it.town
    life.days(27)
    yield from it.does("add_surcharge", town.person("finance_clerk"))
    life.workdays(3)
    yield from _pays(it, "pay_first", fine)
    life.workdays(6)
    owed = fine + int(Case.objects.get(uid=it.uid).fields["surcharge"])
    yield from _pays(it, "pay", owed)


ENDS: dict[str, Callable[[Scene, int], Story]] = {
    "paid": _paid, "instalments": _instalments, "upheld": _upheld, "overturned": _overturned, "unlawful": _unlawful, "altered": _altered,
    "amended": _amended, "revoked": _revoked, "court": _court, "held": _held, "police_refused": _paid,
}  # fmt: skip


def to_police(it: Scene, ending: str) -> Story:
    """涉嫌犯罪移送：专案组、报告、批准、送公安；立案的移交物品，不立案的退回继续办。"""
    life, town = it.life, it.town
    one, two = (town.person("enforcement_officer", nth=n) for n in (0, 1))
    chief, head = town.person("enforcement_chief"), town.person("office_head")
    life.work(5, one)
    yield from it.does("report_crime", one, "涉案数额可能达到追诉标准")
    uid = str(child(it.uid, "enforcement.police").uid)
    life.work(2, chief)
    yield from life.does(uid, "form_team", chief, team_members=town.handlers())
    life.work(6, one)
    crime = it.life.rng.choice(("非法经营罪", "污染环境罪"))
    yield from life.does(uid, "report", one, parties=[it.party], crime=crime, facts=it.words("facts"))
    life.workdays(1)
    yield from life.does(uid, "approve", head, opinion="事实清楚，同意移送")
    life.after(hours=life.rng.choice((4, 20, 30)))
    papers = {"survey": it.photos("paper"), "handed_paper": it.photos("paper")}
    yield from life.does(
        uid, "hand_over", one, police_unit="临江公安分局", items="收费记录一册，台账两本", **papers
    )
    life.days(2)
    answer = {"answer_paper": it.photos("paper")}
    if ending == "police_filed":
        yield from life.does(uid, "filed", one, answer="已立案侦查", **answer)
        life.workdays(1)
        yield from life.does(
            uid, "hand_items", two, items="收费记录一册，台账两本", handover_paper=it.photos("paper")
        )
        life.work(2)
        yield from it.does(
            "police_took", chief, police_note="公安机关已立案", police_paper=it.photos("paper")
        )
        return
    yield from life.does(uid, "refused", one, answer="情节显著轻微，不予立案", **answer)
    life.workdays(1)
    yield from life.does(uid, "dispute", one, review_reason="鉴定显示已达追诉标准，请予复议")
    life.days(3)
    yield from life.does(
        uid, "reviewed", one, review_result="维持不立案", answer="经复议维持不立案", **answer
    )
    life.workdays(1)
    yield from life.does(uid, "advise", two, procurator_note="已书面建议区检察院监督")
    life.workdays(2)
    yield from life.does(uid, "return", chief, "按行政处罚继续办理")
    life.work(2)
    yield from it.does(
        "police_returned", chief, police_note="公安机关不立案，继续办理", police_paper=it.photos("paper")
    )
