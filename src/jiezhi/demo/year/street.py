"""街面执法的经过：当场处罚、敬告。`fate` 说这一件特别在哪里，不写是平常的一件。"""

from __future__ import annotations

from typing import Any

from jiezhi.base.casework.models import Case
from jiezhi.demo.year.life import Life, Story, child
from jiezhi.demo.year.penalty import penalty, publication
from jiezhi.demo.year.people import Town
from jiezhi.demo.year.scene import BANK, Scene
from jiezhi.demo.year.sidework import correction

SPOT = {
    "": 60,
    "cash": 12,
    "warned": 10,
    "dropped": 6,
    "ordinary": 5,
    "unpaid": 4,
    "ordered": 3,
    "upheld": 1,
    "revoked": 1,
}
CAUTION = {"": 70, "uncorrected": 8, "advised": 6, "filed": 6, "early": 10}
"""各种特别的经过平常占几份。"""

CASH_MOST = 10_000
"""一百元以下的才当场收缴（分）。"""


def spot(life: Life, town: Town, fate: str = "") -> Story:
    """路边查到，亮证检查，当场告知、决定、交付；报备、缴款、结案。"""
    warned = fate == "warned"
    refused = fate == "dropped"  # 劝了不听的，不能算轻微
    it = Scene(
        life,
        town,
        "spot",
        lambda one: (one["fines"] == [0]) == warned and not (refused and one["cause"] == "CF-067"),
    )
    one, fine = town.person("enforcement_officer"), it.fine()
    if fate == "cash":
        low = min(it.scene["fines"])
        fate, fine = ("cash", low) if low <= CASH_MOST else ("", fine)
    inputs: dict[str, Any] = {
        "act": it.words("act"), "facts": it.words("facts"), "photos": it.photos("before"), "shown_certificate": True,
        "factors": it.scene["factors"], "act_on": life.today, **it.about_party(), **it.at_place(),
    }  # fmt: skip
    it.uid = yield from life.opens("enforcement.spot", "inspect", one, **inputs)
    if fate == "dropped":
        life.after(minutes=12)
        why = "首次、当场改正，没有造成后果"
        yield from it.does(
            "drop", one, why, drop_kind="轻微不罚", education="当面宣讲有关规定，当事人表示改正"
        )
        return
    if fate == "ordinary" or not town.weighable(life.now):
        yield from _to_ordinary(it)
        return
    life.after(minutes=life.rng.randint(5, 15))
    heard = life.rng.choice(["没有意见", "没有意见", "提出意见已复核", "明确放弃"])
    more = {"defence_text": it.words("defence")} if heard == "提出意见已复核" else {}
    yield from it.does("tell", one, told=True, proposed_fine=fine, defence=heard, **more)
    life.after(minutes=life.rng.randint(4, 12))
    punish = "警告" if warned else "罚款"
    yield from it.does(
        "decide", one, punish=punish, fine=fine, correction=it.words("correction"), pay_place=BANK
    )
    review = str(child(it.uid, "publishing.review").uid)
    yield from life.forks(publication, town, review, not it.person, fate == "revoked")
    life.after(minutes=life.rng.randint(2, 6))
    signed = life.rng.choices(["当事人签收", "当事人拒绝签收已注明"], (9, 1))[0]
    yield from it.does("deliver", one, signed=signed, receipt=it.photos("paper"))
    yield from _performed(it, fate, fine)


def _to_ordinary(it: Scene) -> Story:
    """够不上当场处罚的，带着登记的内容转普通程序。"""
    life = it.life
    life.after(minutes=20)
    yield from it.does(
        "turn_to_case", it.town.person("enforcement_officer"), "情节超出当场处罚的范围，转普通程序"
    )
    case = child(it.uid, "enforcement.penalty")
    yield from life.forks(penalty, it.town, "spared", it, str(case.uid))


def _performed(it: Scene, fate: str, fine: int) -> Story:
    life, town = it.life, it.town
    one, finance = town.person("enforcement_officer"), town.person("finance_clerk")
    if fate == "cash":
        ticket = f"{life.rng.randint(100000, 999999):07}"
        yield from it.does(
            "take_cash", one, hard_to_collect=False, ticket=ticket, ticket_photo=it.photos("paper")
        )
        life.workdays(life.rng.choice((0, 1, 1, 2)), 16)
        yield from it.does("hand_in", one)
    else:
        life.workdays(life.rng.choice((0, 1, 1, 2, 3)), 16)
    yield from it.does("record", town.person("enforcement_officer", nth=1))
    if fate == "ordered":
        yield from it.does("order", one, correction=it.words("order_requirement"))
        made = child(it.uid, "enforcement.correction")
        yield from life.forks(correction, town, "", str(made.uid))
    if fate == "revoked":
        life.workdays(6)
        note = "认定的时间有误，撤销当场处罚决定"
        yield from it.does("revoke", town.person("office_head"), "核查发现认定有误", change_note=note)
        return
    if fate == "cash":
        life.workdays(1, 15)
        yield from it.does("deposit", finance, paid=fine, paid_on=life.today, bank_paper=it.photos("paper"))
    elif fine == 0:
        life.after(minutes=30)
        yield from it.does("warned_only", one)
    elif fate == "unpaid":
        yield from _late(it, fine)
    else:
        life.days(life.rng.randint(1, 13), 11)
        yield from it.does("pay", finance, paid=fine, paid_on=life.today, paid_paper=it.photos("paper"))
    if fate == "upheld":
        yield from it.does("dispute", one, dispute_kind="行政复议", dispute_on=life.today)
        life.days(45)
        ended = {"dispute_ended_on": life.today, "dispute_received_on": life.today}
        yield from it.does("upheld", one, dispute_result="维持或驳回", **ended)
    life.work(6)
    yield from it.does("close", town.person("enforcement_chief"))


def _late(it: Scene, fine: int) -> Story:
    """到期不缴：加处、催告，送达催告书之后才来缴。"""
    life, town = it.life, it.town
    life.days(life.rng.randint(22, 30))
    yield from it.does("add_surcharge", town.person("enforcement_officer"))
    life.work(2)
    yield from it.does(
        "demand", town.person("enforcement_officer"), demand_text="十日内到代收机构缴清罚款和加处罚款"
    )
    yield from it.served("demand", "直接送达")
    life.workdays(life.rng.randint(2, 8))
    owed = fine + int(Case.objects.get(uid=it.uid).fields["surcharge"])
    yield from it.does(
        "pay", town.person("finance_clerk"), paid=owed, paid_on=life.today, paid_paper=it.photos("paper")
    )


def caution(life: Life, town: Town, fate: str = "") -> Story:
    """轻微的敬告：提示改正，到期复查；该立案、没有改正的转立案。"""
    it = Scene(life, town, "caution")
    one, two = (town.person("enforcement_officer", nth=n) for n in (0, 1))
    facts = it.words("facts")
    inputs: dict[str, Any] = {
        "act": it.words("act"), "facts": facts, "photos": it.photos("before"), "must_file": fate == "filed", "act_on": life.today,
        **it.about_party(age=False), **it.at_place(),
    }  # fmt: skip
    it.uid = yield from life.opens("enforcement.caution", "register", one, **inputs)
    life.after(minutes=life.rng.randint(10, 30))
    if fate == "filed":
        yield from it.does("turn_to_case", one, "有危害后果，符合立案标准")
        yield from life.forks(penalty, town, "spared", it, str(child(it.uid, "enforcement.penalty").uid))
        return
    grounds: dict[str, Any] = {
        "ground": "首违可不罚",
        "first": True,
        "slight": True,
        "ground_reason": "第一次发现，后果轻微，当场表示改正",
    }
    if fate == "advised":
        grounds = {"ground": "尚不构成违法", "ground_reason": "只是摆放不整齐，没有影响通行"}
    elif life.rng.random() < 0.4:
        grounds = {
            "ground": "轻微不罚",
            "minor": True,
            "harmless": True,
            "ground_reason": "情节轻微，没有造成后果",
        }
    span = life.rng.randint(3, 10)
    how = life.rng.choice(["当面口头并交付敬告书", "当面口头并交付敬告书", "书面送交", "电话告知后送交"])
    yield from it.does(
        "caution",
        one,
        facts=facts,
        **grounds,
        advice=it.words("advice"),
        correct_by=life.day(span),
        told_how=how,
    )
    if fate == "early":
        life.days(max(span - 2, 1), 15)
    else:
        life.days(span + life.rng.choice((1, 1, 2, 4, 9)), 15)
    failed = fate in ("uncorrected", "advised")
    yield from it.does(
        "recheck", two, recheck_on=life.today, recheck_photos=it.photos("before" if failed else "after"),
        recheck_note=it.words("recheck_undone" if failed else "recheck_done"), must_file=False,
        outcome="未改正" if failed else "已改正",
    )  # fmt: skip
    if fate == "uncorrected":
        life.workdays(1)
        yield from it.does("turn_to_case", one, "敬告之后没有改正，转立案")
        yield from life.forks(penalty, town, "spared", it, str(child(it.uid, "enforcement.penalty").uid))
