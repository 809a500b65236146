"""便民窗口共用的：收件、一次告知、补正、受理、不予受理、撤回；备案登记的经过。"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Clock
from jiezhi.core.procedure.materials import PREFIX, STATE
from jiezhi.demo.year.life import RESIDENT, Life, Story, Who
from jiezhi.demo.year.people import Town
from jiezhi.demo.year.words import load

FILING = {
    "": 74,
    "supplemented": 12,
    "refused": 3,
    "refused_after": 2,
    "denied": 3,
    "withdrawn": 4,
    "deemed": 2,
}
"""登记备案的各种经过平常占几份。"""
FILINGS = ("small_works", "job_relief", "owners_committee", "owners_meeting", "population_charter")


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    return load("counter")


def said(
    town: Town, rng: random.Random, part: str, table: str = "", slots: Mapping[str, str] | None = None
) -> str:
    """窗口上的一句话：`table` 是哪一组，不写是各种申请共用的。"""
    options = _texts()[table][part] if table else _texts()[part]
    return town.words.fill(rng, options if isinstance(options, str) else rng.choice(options), slots)


class Application:
    """一件申请。`name` 是业务模板的后半截，如 temporary_use。"""

    def __init__(self, life: Life, town: Town, name: str, *, firm: bool = False) -> None:
        self.life, self.town, self.name = life, town, name
        self.matter = f"service.{name}"
        self.building = town.somewhere(life.rng)
        self.applicant = town.firm(life.rng, self.building) if firm else town.resident(life.rng)
        self.uid = ""
        self.slots = {"place": self.building.label, "year": str(life.now.year)}

    def words(self, part: str, table: str = "") -> str:
        """关于这一件的一句话，见 `said`。"""
        return said(self.town, self.life.rng, part, table, self.slots)

    def papers(self, lacking: int = 0, pledged: str = "") -> dict[str, Any]:
        """交的材料；`lacking` 样没有交，`pledged` 那一样告知承诺。委托手续只有代办的要。"""
        wanted = matters.definition_of(matters.current_version(self.matter)).matter.materials
        names = [name for name in wanted if name not in ("entrustment", pledged)]
        given: dict[str, Any] = {}
        states = [{"material": pledged, "state": "告知承诺"}] if pledged else []
        for name in names[: len(names) - lacking]:
            if wanted[name].original + wanted[name].copies:
                given[f"{PREFIX}{name}"] = self.town.photo(self.life.rng, "paper")
            else:
                states.append({"material": name, "state": "共享核到" if wanted[name].shared else "已核原件"})
        return given | ({STATE: states} if states else {})

    def does(self, action: str, who: Who, reason: str = "", /, **inputs: Any) -> Story:
        """在这一件上办一步。"""
        return self.life.does(self.uid, action, who, reason, **inputs)

    @property
    def clerk(self) -> Any:
        """窗口人员。"""
        return self.town.one(self.life.rng, "window_clerk")

    def explained(self) -> Story:
        """办理超过承诺时限的，办结之前先公开说明理由。"""
        clocks = Clock.objects.filter(case__uid=self.uid, name="decide").exclude(status="paused")
        if any(one.due_at <= (one.ended_at or self.life.now) for one in clocks):
            reason = self.town.words.say(self.life.rng, "late_reasons")
            yield from self.does("explain_late", self.town.person("service_chief"), late_reason=reason)

    def receives(self, *, lacking: int = 0, pledged: str = "", **inputs: Any) -> Story:
        """收件：多数在窗口，也有代办、上门、邮寄的。`pledged` 那一样材料先不交，等承诺。"""
        channel = self.life.rng.choices(["窗口", "代办", "上门", "邮寄"], (88, 6, 4, 2))[0]
        papers = self.papers(lacking, pledged)
        if pledged:
            papers[STATE] = papers[STATE][1:]
        given = {"applicant": self.applicant, "channel": channel, **papers, **inputs}
        self.uid = yield from self.life.opens(self.matter, "receive", self.clerk, **given)

    def accepted(self, fate: str) -> Story:
        """收件之后到受理；没有受理成的返回假。"""
        life = self.life
        if fate == "deemed":  # 五个工作日没有人告知，视为受理
            life.workdays(7)
            return True
        if fate == "refused":
            life.workdays(life.rng.randint(1, 3))
            yield from self.does(
                "refuse_accept", self.clerk, refuse_reason=self.words("refuse"), refer_to="区级主管部门窗口"
            )
            return False
        if fate in ("supplemented", "refused_after"):
            life.workdays(life.rng.randint(1, 3))
            yield from self.does("supplement", self.clerk)
            life.days(life.rng.randint(2, 9))
            supplied = self.papers() if fate == "supplemented" else {}
            yield from self.does("supply", self.clerk, **supplied)
            if fate == "refused_after":
                life.work(2)
                yield from self.does(
                    "refuse_after_supply", self.clerk, refuse_reason=self.words("refuse_after")
                )
                return False
            life.work(2)
        else:
            life.work(life.rng.choice((0.2, 0.5, 3, 6)))
        yield from self.does("accept", self.clerk)
        if fate == "withdrawn":
            life.work(8)
            why = self.words("withdraw")
            if life.rng.random() < 0.5:
                yield from self.does("withdraw", RESIDENT, why)
            else:
                paper = self.town.photo(life.rng, "paper")
                yield from self.does("record_withdrawal", self.clerk, why, withdraw_paper=paper)
            return False
        return True


def filing(life: Life, town: Town, name: str = "small_works", fate: str = "") -> Story:
    """备案、登记：材料齐了就登记发证明。"""
    rng = life.rng
    it = Application(life, town, name, firm=name == "small_works")
    inputs: dict[str, Any] = {}
    match name:
        case "small_works":
            start = rng.randint(1, 5)
            inputs = {
                "work": it.words("work", name),
                "work_from": life.day(start),
                "work_to": life.day(start + rng.randint(1, 25)),
            }
        case "job_relief":
            inputs = {"wanted_job": it.words("wanted_job", name)}
        case "population_charter":
            inputs = {"committee": f"{it.building.label}所在社区居民委员会"}
        case _:
            it.building = town.somewhere(rng, "小区住宅")
            inputs["community_name"] = it.building.label.rstrip("0123456789栋")
            it.applicant = {
                "name": f"{inputs['community_name']}业主委员会",
                "phone": f"1390003{rng.randrange(10000):04}",
            }
            inputs |= (
                {"elected_on": life.day(-12)}
                if name == "owners_committee"
                else {"households": rng.randint(120, 1600)}
            )
    if name in ("small_works", "owners_committee", "owners_meeting"):
        inputs["spot"] = town.spot(it.building)
    yield from it.receives(
        lacking=rng.randint(1, 2) if fate in ("supplemented", "refused_after") else 0, **inputs
    )
    if not (yield from it.accepted(fate)):
        return
    chief = town.person("service_chief")
    if name == "owners_meeting":
        life.workdays(rng.randint(2, 6))
        yield from it.does(
            "guide_on_site",
            town.person("unit_clerk", "public_service"),
            guidance_note=it.words("guidance", name),
        )
    life.work(1.5 if name == "small_works" else 4, it.clerk)
    if fate == "deemed":
        yield from it.does("check_materials", it.clerk, **it.papers())
    yield from it.explained()
    if fate == "denied":
        yield from it.does("deny", chief, deny_reason=it.words("deny_record"))
    else:
        yield from it.does("record", it.clerk, record_content=it.words("record"))
