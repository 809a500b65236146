"""一条群众诉求：说的是什么、在哪里、归谁办；派单、签收、退回、督办、评价这些各种来件一样的。"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jiezhi.base.accounts.models import Officer
from jiezhi.demo.year.life import RESIDENT, Life, Story, Who
from jiezhi.demo.year.people import Town, Trouble
from jiezhi.demo.year.words import Report


class Affair:
    """一条诉求：说的是什么、在哪里、归谁办。"""

    def __init__(self, life: Life, town: Town, voice: str, found: Trouble | None = None) -> None:
        found = found or town.trouble(life.rng, life.now)
        self.life, self.town, self.voice = life, town, voice
        self.building, self.category = found.building, found.category
        self.report: Report = town.words.report(
            life.rng, voice, found.category, found.building.label, found.theme
        )
        self.unit = town.unit_for(self.category, self.building)
        self.outside = town.outside(self.unit)
        self.uid = ""
        self.handler: Officer | None = None
        self._replies = 0

    def say(self, kind: str, **slots: str) -> str:
        """工作人员的一句话。"""
        return self.town.words.say(self.life.rng, kind, **slots)

    def about(self, part: str) -> str:
        """说这件事的一句话。"""
        return self.town.words.about(self.life.rng, self.report, part)

    def reply(self) -> str:
        """答复。"""
        self._replies += 1
        head = (
            "reply_again" if self._replies > 1 else "reply_online" if self.voice == "online" else "reply_head"
        )
        return f"{self.say(head)}{self.about('done')}。{self.say('reply_tail')}"

    @property
    def chief(self) -> Officer:
        """承办单位的负责人。"""
        return self.town.person("unit_chief", self.unit)

    def does(self, action: str, who: Who, reason: str = "", /, **inputs: Any) -> Story:
        """在这一件上办一步。"""
        return self.life.does(self.uid, action, who, reason, **inputs)

    # ---- 派单到签收，各种来件一样 ----

    def dispatched(self, *, automatic: bool) -> Story:
        """派到承办单位：有类别、派得出的系统自动派，不然分拨员派。"""
        if automatic and not self.outside:
            self.life.after(minutes=self.life.rng.randint(25, 70))
            return
        if self.outside:
            self.unit, self.outside = "party_office", False
        dispatcher = self.town.one(self.life.rng, "dispatcher")
        self.life.work(1.2, dispatcher)
        note = self.say("dispatch_note")
        yield from self.does(
            "dispatch", dispatcher, to_unit=self.unit, **({"dispatch_note": note} if note else {})
        )

    def signed(self) -> Story:
        """签收；由谁签收就由谁经办。"""
        self.handler = self.town.one(self.life.rng, "unit_clerk", self.unit)
        self.life.work(0.8, self.handler)
        yield from self.does("sign", self.handler)

    def returned(self) -> Story:
        """不是本单位的，退回，分拨员改派，新的单位签收。"""
        assert self.handler is not None
        self.life.work(2, self.handler)
        right = self.town.other_unit(self.unit)
        yield from self.does("return", self.handler, self.say("return_reason", other=self.town.short(right)))
        yield from self._again(right)

    def escalated(self) -> Story:
        """承办单位办不了，上报，分拨员改派。"""
        self.life.work(4, self.chief)
        yield from self.does("escalate", self.chief, self.say("escalate_reason"))
        yield from self._again(self.town.other_unit(self.unit))

    def recalled(self) -> Story:
        """分拨员、督办员收回改派。"""
        self.life.workdays(2)
        yield from self.does("recall", self.town.one(self.life.rng, "dispatcher"), self.say("recall_reason"))
        yield from self._again(self.town.other_unit(self.unit))

    def _again(self, unit: str) -> Story:
        self.unit = unit
        dispatcher = self.town.one(self.life.rng, "dispatcher")
        self.life.work(1.5, dispatcher)
        yield from self.does("dispatch", dispatcher, to_unit=unit)
        yield from self.signed()

    def pressed(self, fate: str) -> Story:
        """办理当中的督办、催办、包案、延期、换人。"""
        rng = self.life.rng
        supervisor = self.town.person("supervisor")
        if fate == "supervised":
            self.life.work(5)
            yield from self.does("urge", supervisor, demand=self.say("urge"))
            self.life.work(6)
            yield from self.does("supervise", supervisor, demand=self.say("demand"))
        elif fate == "led":
            self.life.work(4)
            yield from self.does("lead", supervisor, lead_by=str(self.town.one(rng, "leader").pk))
        elif fate == "extended":
            self.life.workdays(rng.randint(2, 3))
            yield from self.does(
                "extend", self.chief, self.say("extend_reason"), extend_by=f"{rng.choice((2, 3, 5))}个工作日"
            )
            self.life.workdays(rng.randint(2, 4))
        elif fate == "reassigned":
            self.life.work(5)
            self.handler = self.town.person("unit_clerk", self.unit, rng.randint(0, 1))
            yield from self.does(
                "reassign", self.chief, self.say("reassign_reason"), new_handler=str(self.handler.pk)
            )
        elif fate == "late":
            self.life.workdays(rng.randint(13, 24))

    def corrected(self, **values: Any) -> Story:
        """登记有误的更正。"""
        self.life.work(0.6)
        yield from self.does(
            "correct", self.town.one(self.life.rng, "dispatcher"), self.say("correct_reason"), **values
        )

    def elsewhere(self) -> dict[str, str]:
        """同一类地方的另一处。"""
        where = self.town.words.topics[self.category]["at"]
        return self.town.spot(self.town.somewhere(self.life.rng, *where))


def rated(it: Affair, fate: str, redo: Any) -> Story:
    """评价；不满意的重办；有一多半的人不评价，到期由系统办结。"""
    life, rng = it.life, it.life.rng
    life.after(hours=rng.uniform(2, 60))
    if fate == "unhappy":
        note = it.say("rating_bad", again=it.about("again"))
        yield from it.does("unhappy", RESIDENT, rating=rng.randint(1, 2), rating_note=note)
        yield from redo(it)
        life.after(hours=rng.uniform(5, 50))
    if fate == "unhappy" or rng.random() < 0.4:
        note = it.say("rating_good")
        given = {"rating_note": note} if note else {}
        yield from it.does("rate", RESIDENT, rating=rng.choices((3, 4, 5), (2, 4, 6))[0], **given)
    else:
        if rng.random() < 0.2:
            life.work(3)
            yield from it.does("visit", it.town.person("callback"), visit_note=it.say("visit_note"))
        life.after(days=9)


def reopened(it: Affair) -> Story:
    """办结之后又出现，重新打开，重新派、签。"""
    life, rng = it.life, it.life.rng
    life.after(days=rng.uniform(3, 30))
    yield from it.does("reopen", rng.choice((RESIDENT, it.town.person("callback"))), it.say("reopen_reason"))
    dispatcher = it.town.one(rng, "dispatcher")
    life.work(1, dispatcher)
    yield from it.does("dispatch", dispatcher, to_unit=it.unit)
    yield from it.signed()


def doubled(it: Affair, register: Callable[[Affair], Story], finish: Callable[[Affair], Story]) -> Story:
    """同一处同一件事又有一两个人来说：分拨员并在一起办，主件照常办完。"""
    life, rng, town = it.life, it.life.rng, it.town
    same, others = Trouble(it.building, it.category, it.report.theme), []
    for _ in range(rng.randint(1, 2)):
        life.after(hours=rng.uniform(0.3, 6))
        twin = Affair(life, town, it.voice, same)
        yield from register(twin)
        others.append(twin.uid)
    life.after(minutes=30)
    dispatcher = town.one(rng, "dispatcher")
    life.work(1, dispatcher)
    yield from life.merges(it.uid, others, dispatcher, it.say("merge_reason"))
    yield from finish(it)
