"""办案途中的子件：先行登记保存、责令改正、回避。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jiezhi.base.accounts.models import Officer
from jiezhi.demo.year.life import PARTY, Life, Story, child
from jiezhi.demo.year.people import Town
from jiezhi.demo.year.scene import Scene

HOLDS = {"back": 5, "kept": 3, "expired": 1, "refused": 1}
CORRECTION = {"": 70, "extended": 12, "uncorrected": 18}
"""登记保存、责令改正的几种去处平常占几份。"""


def recused(it: Scene) -> Story:
    """当事人申请回避，负责人审查决定。"""
    life, two = it.life, it.town.person("enforcement_officer", nth=1)
    life.workdays(1, 11)
    asked = {"recuse_from": "当事人", "recuse_reason": "认为执法人员与投诉人相识"}
    yield from it.does("ask_recusal", PARTY, **asked)
    life.workdays(1, 16)
    yield from it.does(
        "recuse",
        it.town.person("office_head"),
        **asked,
        recuse_who=str(two.pk),
        recuse_result="不予回避",
        handlers=it.town.handlers(),
    )


def preserved(it: Scene, one: Officer, fates: tuple[str, ...] = ()) -> Story:
    """提请登记保存一两件物品，各是一件子件。"""
    life, rng = it.life, it.life.rng
    chosen = fates or tuple(rng.choices(list(HOLDS), list(HOLDS.values()), k=rng.randint(1, 2)))
    things = ["音响", "铁架", "广告布", "货架", "烤炉", "切割机"]
    rows = [
        {"name": name, "quantity": f"{rng.randint(1, 4)}件", "mark": "旧"}
        for name in rng.sample(things, len(chosen))
    ]
    life.work(2, one)
    yield from it.does("preserve", one, exhibits=rows)
    for nth, fate in enumerate(chosen):
        yield from life.forks(_held, it.town, str(child(it.uid, "enforcement.preservation", nth).uid), fate)


def _held(life: Life, town: Town, uid: str, fate: str) -> Story:
    """批准、现场保存、七个工作日内处理；到期没有处理的只能解除。"""
    rng, head, one, keeper = (
        life.rng,
        town.person("office_head"),
        town.person("enforcement_officer"),
        town.person("evidence_keeper"),
    )
    life.after(hours=1)
    life.work(1, head)
    if fate == "refused":
        yield from life.does(uid, "refuse", head, "已经拍照取证，不必保存原物")
        return
    why = "物品可能被转移，以后难以取得"
    yield from life.does(uid, "approve", head, why=why, approved_by=str(head.pk), handlers=town.handlers())
    life.work(1.5, one)
    held: dict[str, Any] = {
        "quantity": "1件",
        "mark": "旧，有使用痕迹",
        "condition": "完好",
        "held_at": "执法队物证室",
    }
    yield from life.does(
        uid,
        "hold",
        one,
        shown_certificate=True,
        **held,
        photos=town.photo(rng, "scene"),
        on_site="当事人在场，已签字",
    )
    life.work(2, keeper)
    yield from life.does(uid, "keep", keeper, keeper_note="已入库上架，标签编号与清单一致")
    if fate == "expired":
        life.workdays(10)
    else:
        life.workdays(rng.randint(3, 6))
        kind = "解除退还" if fate == "back" else "转处罚决定处理"
        note = "已经固定证据，退还当事人" if fate == "back" else "作为证据随案处理"
        yield from life.does(uid, "settle", head, settle_kind=kind, settle_note=note)
        if fate == "kept":
            return
        life.workdays(1)
    yield from life.does(
        uid, "release", keeper, returned_to="当事人本人", return_paper=town.photo(rng, "paper")
    )


def correction_within(it: Scene) -> Story:
    """案件里责令改正，另成一件，到期复查。"""
    one, rng = it.town.person("enforcement_officer"), it.life.rng
    it.life.work(2, one)
    yield from it.does("order_correction", one, correction=it.words("correction"))
    fate = rng.choices(list(CORRECTION), list(CORRECTION.values()))[0]
    yield from it.life.forks(correction, it.town, fate, str(child(it.uid, "enforcement.correction").uid))


def correction(life: Life, town: Town, fate: str = "", uid: str = "") -> Story:
    """责令改正：发通知书，到期复查。`uid` 是案件随之开立的，不给就单独登记一件。"""
    it = Scene(life, town, "caution")
    one, two = (town.person("enforcement_officer", nth=n) for n in (0, 1))
    it.uid = uid
    if not uid:
        inputs = {
            "subject": it.words("act"),
            "parties": [it.party],
            "cause": it.scene["cause"],
            "spot": town.spot(it.building),
        }
        it.uid = yield from life.opens("enforcement.correction", "open", one, **inputs)
    life.work(3, one)
    span = life.rng.randint(3, 12)
    need = it.words("order_requirement")
    yield from it.does("order", one, requirement=need, correct_by=life.day(span), handlers=town.handlers())
    if fate == "extended":
        life.days(max(span - 1, 1), 14)
        span = life.rng.randint(3, 7)
        yield from it.does(
            "extend", town.person("enforcement_chief"), it.words("order_again"), correct_by=life.day(span)
        )
    due = life.now + timedelta(days=span + 1)
    life.until(due.date() if life.table.is_workday(due.date()) else life.table.next_workday(due.date()), 15)
    failed = fate == "uncorrected"
    yield from it.does(
        "recheck", two, recheck_on=life.today, recheck_photos=it.photos("before" if failed else "after"),
        recheck_note=it.words("recheck_undone" if failed else "recheck_done"), outcome="未改正" if failed else "已改正",
    )  # fmt: skip
