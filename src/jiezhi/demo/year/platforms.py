"""热线工单、网上留言的经过：主办系统在外面，成批导入。"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from jiezhi.demo.year.affair import Affair, doubled, rated, reopened
from jiezhi.demo.year.life import Life, Story
from jiezhi.demo.year.people import Town, Trouble

HOTLINE = {
    "": 60, "returned": 5, "referred": 4, "extended": 4, "late": 3, "rework": 5, "carded": 2, "praised": 2, "led": 1, "reopened": 2,
    "corrected": 2, "supervised": 2, "escalated": 1, "merged": 2, "unreached": 3,
}  # fmt: skip
ONLINE = {
    "": 60, "redrafted": 9, "unhappy": 5, "extended": 4, "referred": 5, "corrected": 3, "supervised": 3, "led": 2, "reopened": 1,
    "late": 3, "returned": 3, "merged": 2,
}  # fmt: skip
"""各种特别的经过平常占几份。"""

# 热线平台、问政平台的来表每天几点导入；休息日有人值班，少导两次。
_IMPORTS = ((8, 40), (11, 35), (15, 5), (17, 45), (21, 15))
_DUTY = ((9, 20), (15, 30), (21, 10))


# ---- 热线 ----


def hotline(life: Life, town: Town, fate: str = "", found: Trouble | None = None) -> Story:
    """热线平台的工单：成批导入，派、签、联系、答复，回访，平台办结。"""
    it = Affair(life, town, "hotline", found)
    yield from _called(it, due=fate != "extended")
    if fate == "merged":
        yield from doubled(it, _called, _finish_hotline)
        return
    if it.outside or fate == "referred":
        yield from _referred(it)
        return
    if fate == "corrected":
        yield from it.corrected(subject=f"{it.report.title}（更正）", spot=it.elsewhere())
    yield from it.dispatched(automatic=True)
    yield from it.signed()
    if fate in ("returned", "escalated"):
        yield from getattr(it, fate)()
    yield from it.pressed(fate)
    yield from _answered(it, reached=fate != "unreached")
    if fate == "carded":
        yield from _carded(it)
    yield from _closed(it, again=fate == "rework")
    if fate == "praised":
        life.workdays(life.rng.randint(1, 6))
        clerk = town.one(life.rng, "hotline_clerk")
        yield from it.does("praise", clerk, praise_by=it.say("praise_by"), praise_text=it.say("praise_text"))
    if fate == "reopened":
        life.after(days=life.rng.uniform(3, 30))
        yield from it.does("reopen", town.person("callback"), it.say("reopen_reason"))
        dispatcher = town.one(life.rng, "dispatcher")
        life.work(1, dispatcher)
        yield from it.does("dispatch", dispatcher, to_unit=it.unit)
        yield from it.signed()
        yield from _answered(it)
        yield from _closed(it)


def _called(it: Affair, *, due: bool = True) -> Story:
    """来电在先，导入来表在后。`due` 是热线给了期限：给了的本单位不能自己延期。"""
    town, life, rng = it.town, it.life, it.life.rng
    called = life.now
    life.now = _next_import(life)
    number = f"LJ{called:%Y%m%d%H%M%S}{rng.randint(0, 999):03}"
    inputs = {
        "subject": it.report.title, "content": it.report.text, "spot": town.spot(it.building),
        "reporter": town.resident(rng), "category": it.category, "urgency": rng.choices(["一般", "紧急"], (9, 1))[0],
    }  # fmt: skip
    if due:
        inputs["hotline_due"] = (called + timedelta(days=9)).isoformat()
    it.uid = yield from life.imports("hotline.order", "receive", town.importer(rng), called, number, **inputs)


def _next_import(life: Life) -> datetime:
    """下一次导入来表的时刻。"""
    moment = life.now
    while True:
        for hour, minute in _IMPORTS if life.table.is_workday(moment.date()) else _DUTY:
            found = moment.replace(hour=hour, minute=minute, second=0, microsecond=0)
            if found > life.now:
                return found
        moment = (moment + timedelta(days=1)).replace(hour=0, minute=0)


def _referred(it: Affair) -> Story:
    """不属本街道的退回热线；自动派出去的先由单位退回来。"""
    life, clerk = it.life, it.town.one(it.life.rng, "hotline_clerk")
    other = it.town.short(it.unit) if it.outside else "区级主管部门"
    if not it.outside:
        yield from it.dispatched(automatic=True)
        worker = it.town.one(life.rng, "unit_clerk", it.unit)
        life.work(1.5, worker)
        yield from it.does("return", worker, it.say("return_reason", other=other))
    life.work(2, clerk)
    why = "不属本街道职权" if it.outside else life.rng.choice(("不在本辖区", "不属本街道职权", "重复工单"))
    yield from it.does("refer", clerk, it.say("hotline_refer", other=other), refer_reason=why)


def _answered(it: Affair, *, reached: bool = True) -> Story:
    """办理、联系来电人、答复。"""
    assert it.handler is not None
    life, rng = it.life, it.life.rng
    life.work(8, it.handler)
    contact: dict[str, Any] = (
        {"contacted": True} if reached else {"contacted": False, "contact_note": it.say("contact_note")}
    )
    photos = {"photos": it.town.photo(rng, "after", rng.randint(1, 2))} if rng.random() < 0.6 else {}
    yield from it.does("answer", it.handler, reply=it.reply() + "以上情况特此回复。", **contact, **photos)


def _carded(it: Affair) -> Story:
    """收到亮牌，三个工作日内说明整改。"""
    life, rng = it.life, it.life.rng
    life.workdays(1)
    clerk = it.town.one(rng, "hotline_clerk")
    yield from it.does(
        "card", clerk, card=rng.choices(["黄牌", "红牌"], (4, 1))[0], card_reason=it.say("card_reason")
    )
    life.workdays(rng.randint(1, 4))
    yield from it.does("card_answer", it.chief, card_reply=it.say("card_reply"))


def _closed(it: Affair, *, again: bool = False) -> Story:
    """回访、平台办结；不满意的退回重办。"""
    life, rng, caller = it.life, it.life.rng, it.town.person("callback")
    life.work(4, caller)
    if again:
        note = it.say("visit_bad", again=it.about("again"))
        yield from it.does("rework", caller, it.say("rework_reason"), satisfied="不满意", visit_note=note)
        yield from _answered(it)
        life.work(4, caller)
    if rng.random() < 0.75:
        kinds = {"满意": "visit_good", "基本满意": "visit_fair", "未接通": "visit_none"}
        result = rng.choices(list(kinds), (6, 3, 1))[0]
        yield from it.does("call_back", caller, satisfied=result, visit_note=it.say(kinds[result]))
        life.work(2)
    life.work(3)
    yield from it.does("close", it.town.one(rng, "hotline_clerk"))


def _finish_hotline(it: Affair) -> Story:
    if it.outside:
        yield from _referred(it)
        return
    yield from it.signed()
    yield from _answered(it)
    yield from _closed(it)


# ---- 网上留言 ----


def online(life: Life, town: Town, fate: str = "", found: Trouble | None = None) -> Story:
    """问政平台的留言：拟稿，另一人审看，答复；网友评价。"""
    it = Affair(life, town, "online", found)
    yield from _posted(it)
    if fate == "merged":
        yield from doubled(it, _posted, _finish_online)
        return
    if fate == "referred":
        dispatcher = town.one(life.rng, "dispatcher")
        life.work(3, dispatcher)
        to = town.short(it.unit) if it.outside else it.say("refer_to")
        yield from it.does("refer", dispatcher, it.say("refer_reason"), refer_to=to)
        return
    if fate == "corrected":
        yield from it.corrected(spot=town.spot(it.building), category=it.category)
    yield from it.dispatched(automatic=False)
    yield from it.signed()
    if fate == "returned":
        yield from it.returned()
    yield from it.pressed(fate)
    yield from _replied(it, redraft=fate == "redrafted")
    yield from rated(it, "unhappy" if fate == "unhappy" else "", _replied)
    if fate == "reopened":
        yield from reopened(it)
        yield from _replied(it)


def _posted(it: Affair) -> Story:
    """网友留言在先，导入在后；多数没有写地点和类别。"""
    town, life, rng = it.town, it.life, it.life.rng
    posted = life.now
    life.now = _next_import(life)
    number = f"WZ{posted:%Y%m%d%H%M%S}{rng.randint(0, 999):03}"
    nick = rng.choice(town.words.voices["nick"]) + (str(rng.randint(1, 999)) if rng.random() < 0.6 else "")
    inputs: dict[str, Any] = {
        "subject": it.report.title, "content": it.report.text, "reporter": {"account": nick},
        "likes": int(rng.expovariate(0.12)), "dislikes": int(rng.expovariate(0.9)),
    }  # fmt: skip
    if rng.random() < 0.35:
        inputs["spot"] = town.spot(it.building)
    it.uid = yield from life.imports(
        "online.message", "receive", town.importer(rng), posted, number, **inputs
    )


def _replied(it: Affair, *, redraft: bool = False) -> Story:
    """经办人拟稿，负责人审看（拟稿的就是负责人的，请街道领导看）。"""
    assert it.handler is not None
    life, town = it.life, it.town
    text = it.reply()
    for _ in range(2 if redraft else 1):
        life.work(11, it.handler)
        yield from it.does("draft", it.handler, draft=text)
        reviewer = it.chief if it.chief != it.handler else town.person("leader")
        life.work(3, reviewer)
        if redraft:
            yield from it.does("redraft", reviewer, review_note=it.say("redraft_note"))
            text += it.say("reply_tail") or "联系电话可拨街道总机转接。"
            redraft = False
    yield from it.does("answer", reviewer, reply=text)


def _finish_online(it: Affair) -> Story:
    yield from it.dispatched(automatic=False)
    yield from it.signed()
    yield from _replied(it)
    yield from rated(it, "", _replied)
