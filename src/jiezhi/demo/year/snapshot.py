"""随手拍的经过。`fate` 说这一件特别在哪里，不写是平常的一件。"""

from __future__ import annotations

from typing import Any

from jiezhi.base.accounts.models import Officer
from jiezhi.demo.year.affair import Affair, doubled, rated, reopened
from jiezhi.demo.year.life import RESIDENT, Life, Story, Who
from jiezhi.demo.year.people import Town, Trouble

FATES = {
    "": 60, "returned": 5, "escalated": 3, "check_failed": 4, "unhappy": 4, "reopened": 2, "extended": 3, "late": 3, "urgent": 3,
    "supervised": 2, "withdrawn": 2, "referred": 1.5, "corrected": 2, "recalled": 1, "reassigned": 1, "merged": 3, "led": 0.5,
}  # fmt: skip
"""各种特别的经过平常占几份。"""


def snapshot(life: Life, town: Town, fate: str = "", found: Trouble | None = None) -> Story:
    """居民拍照报事：派、签、处理、核查、评价。"""
    it = Affair(life, town, "snapshot", found)
    yield from _reported(it)
    if fate == "merged":
        yield from doubled(it, _reported, _finish)
        return
    if fate == "withdrawn":
        life.after(hours=life.rng.uniform(1, 20))
        yield from it.does("withdraw", RESIDENT, it.say("withdraw_reason"))
        return
    if fate == "referred":
        yield from _nobody(it)
        return
    if fate == "corrected":
        yield from it.corrected(spot=it.elsewhere())
    if it.outside:
        yield from _outside(it, back=fate == "outside_back" or life.rng.random() < 0.2)
        return
    yield from it.dispatched(automatic=True)
    if fate == "urgent":
        yield from _rushed(it)
    else:
        yield from it.signed()
    if fate in ("returned", "escalated", "recalled"):
        yield from getattr(it, fate)()
    yield from it.pressed(fate)
    yield from _fixed(it)
    if fate == "check_failed":
        yield from it.does(
            "check_failed", _checker(it), check_note=it.say("check_bad", again=it.about("again"))
        )
        yield from _fixed(it)
    yield from _checked(it)
    yield from rated(it, "unhappy" if fate == "unhappy" else "", _fixed_again)
    if fate == "reopened":
        yield from reopened(it)
        yield from _fixed(it)
        yield from _checked(it)


def _reported(it: Affair) -> Story:
    town, life, rng = it.town, it.life, it.life.rng
    channel = rng.choices(["居民手机", "网格员", "窗口", "电话"], (62, 22, 6, 10))[0]
    who: Who = RESIDENT
    if channel == "网格员":
        who = town.keeper(it.building)
    elif channel != "居民手机":
        who = town.one(rng, "hotline_clerk")
    inputs: dict[str, Any] = {"content": it.report.text, "spot": town.spot(it.building)}
    if who is not RESIDENT:
        inputs["channel"] = channel
    if rng.random() < 0.7:
        inputs["photos"] = town.photo(rng, "before", rng.randint(1, 2))
    if channel != "网格员":
        inputs["reporter"] = town.resident(rng)
    it.uid = yield from life.opens("report.snapshot", "report", who, **inputs, category=it.category)


def _nobody(it: Affair) -> Story:
    """不属行政机关受理的；已经自动派出去的先收回。"""
    dispatcher = it.town.one(it.life.rng, "dispatcher")
    if not it.outside:
        it.life.after(minutes=40)
        it.life.work(0.5, dispatcher)
        yield from it.does("recall", dispatcher, it.say("recall_reason"))
    it.life.work(0.7, dispatcher)
    yield from it.does("refer", dispatcher, it.say("refer_reason"), refer_to=it.say("refer_to"))


def _outside(it: Affair, *, back: bool) -> Story:
    """属区级部门的：移送、跟踪、登记结果；有的退回来，改由街道办。"""
    life, dispatcher = it.life, it.town.one(it.life.rng, "dispatcher")
    life.work(1.5, dispatcher)
    yield from it.does("send_outside", dispatcher, it.say("outside_reason"), to_unit=it.unit)
    life.workdays(life.rng.choice((1, 2, 3, 3, 7)))
    if back:
        yield from it.does("outside_returned", dispatcher, it.say("outside_back"))
        it.unit = "construction"
        life.work(1, dispatcher)
        yield from it.does("dispatch", dispatcher, to_unit=it.unit)
        yield from it.signed()
        yield from _fixed(it)
        yield from _checked(it)
    else:
        number = f"QJ{life.rng.randint(10000, 99999)}"
        yield from it.does("outside_answer", dispatcher, reply=it.reply(), outside_number=number)
    yield from rated(it, "", _fixed_again)


def _rushed(it: Affair) -> Story:
    """有危险的先到现场，不等上班。"""
    life, rng = it.life, it.life.rng
    keeper = it.town.keeper(it.building)
    life.after(minutes=rng.randint(5, 20))
    yield from it.does("mark_urgent", keeper)
    it.handler = it.town.one(rng, "unit_clerk", it.unit)
    life.after(minutes=rng.randint(10, 40))
    yield from it.does("sign", it.handler)
    life.after(minutes=rng.choice((30, 50, 80, 170)))
    photos = it.town.photo(rng, "before", 2)
    yield from it.does("inspect", it.handler, site_photos=photos, site_note=it.about("found"))


def _fixed(it: Affair) -> Story:
    """到场、处理、拍照、答复。"""
    assert it.handler is not None
    life, rng = it.life, it.life.rng
    if rng.random() < 0.45:
        life.work(2, it.handler)
        photos = it.town.photo(rng, "before", rng.randint(1, 2))
        yield from it.does("inspect", it.handler, site_photos=photos, site_note=it.about("found"))
    life.work(7, it.handler)
    after = it.town.photo(rng, "after", rng.randint(1, 3))
    yield from it.does("answer", it.handler, reply=it.reply(), after_photos=after)
    life.work(2.5)


def _fixed_again(it: Affair) -> Story:
    yield from _fixed(it)
    yield from _checked(it)


def _checker(it: Affair) -> Officer:
    """核查的人不能是处置的人。"""
    keeper, lead = it.town.keeper(it.building), it.town.lead(it.building)
    options = [one for one in (keeper, lead, it.town.person("callback")) if one != it.handler]
    return it.life.rng.choice(options)


def _checked(it: Affair) -> Story:
    yield from it.does("check", _checker(it), check_note=it.say("check_ok"))


def _finish(it: Affair) -> Story:
    if it.outside:
        yield from _outside(it, back=False)
        return
    yield from it.signed()
    yield from _fixed(it)
    yield from _checked(it)
    yield from rated(it, "", _fixed_again)
