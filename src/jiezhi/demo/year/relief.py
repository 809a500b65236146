"""社会救助的经过：收件、调查、初审、公示、报批、告知；批准之后的动态核查。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jiezhi.demo.year.counter import Application, said
from jiezhi.demo.year.life import Life, Story, child
from jiezhi.demo.year.people import Town

RELIEF = {
    "": 54, "denied": 14, "objected": 4, "sent_back": 4, "discovered": 10, "supplemented": 8, "refused": 2, "withdrawn": 2, "late": 2,
}  # fmt: skip
RELIEFS = (
    "minimum_living",
    "temporary_relief",
    "medical_relief",
    "extreme_poverty",
    "housing_relief",
    "disaster_housing",
)
FAMILY = {"same": 7, "stopped": 2, "kept": 1}
"""各种经过平常占几份。"""

_MARKS = {"minimum_living": "DB", "medical_relief": "YL", "extreme_poverty": "TK", "housing_relief": "ZF"}


def relief(
    life: Life, town: Town, name: str = "minimum_living", fate: str = "", family: str | None = None
) -> Story:
    """一件救助申请。临时救助另有 urgent 先行救助、small 受托审批；`family` 是批准之后核查怎样。"""
    rng = life.rng
    it = Application(life, town, name)
    it.building = town.somewhere(rng, "小区住宅", "城中村住宅", "沿街住宅")
    inputs: dict[str, Any] = {}
    match name:
        case "temporary_relief":
            amount = rng.choice(
                (200_000, 300_000, 450_000) if fate in ("urgent", "small") else (600_000, 800_000)
            )
            inputs = {"trouble": it.words("trouble", "relief"), "amount_asked": amount}
        case "disaster_housing":
            inputs = {"damage": it.words("damage", "relief"), "spot": town.spot(it.building)}
        case _:
            inputs = {"household": f"{_MARKS[name]}{life.now:%y%m%d}{rng.randint(0, 9999):04}"}
            if name in ("minimum_living", "housing_relief"):
                inputs["members"] = rng.randint(1, 5)
    if fate == "discovered":
        finder = rng.choice((town.keeper(it.building), town.lead(it.building)))
        it.uid = yield from life.opens(
            it.matter, "discover", finder, applicant=it.applicant, community=it.building.community, **inputs
        )
        life.work(4)
        yield from it.does("check_materials", it.clerk, **it.papers())
        life.work(1)
        yield from it.does("accept", it.clerk)
    else:
        yield from it.receives(
            lacking=1 if fate == "supplemented" else 0, community=it.building.community, **inputs
        )
        if fate == "urgent":
            life.after(hours=1)
            yield from it.does(
                "urgent_help", town.person("service_chief"), urgent_note=it.words("urgent", "relief")
            )
        elif not (yield from it.accepted(fate)):
            return
    yield from _approved(it, fate)
    if fate == "late":
        life.workdays(12)
    life.work(3)
    yield from it.explained()
    yield from it.does("tell_result", it.clerk)
    if name == "minimum_living" and fate != "denied":
        family = family or rng.choices(list(FAMILY), list(FAMILY.values()))[0]
        yield from life.forks(_family, town, str(child(it.uid, "service.relief_household").uid), family)


def _approved(it: Application, fate: str) -> Story:
    """调查、初审、公示到审批；公示有异议、上级退回的再来一遍。"""
    life, town, rng = it.life, it.town, it.life.rng
    worker, chief = town.one(rng, "unit_clerk", "public_service"), town.person("unit_chief", "public_service")
    again = 2 if fate in ("objected", "sent_back") else 1
    for turn in range(again):
        life.work(5, worker)
        photos = town.photo(rng, "scene")
        ways = it.words("ways", "relief")
        yield from it.does(
            "examine",
            worker,
            examine_ways=ways,
            examine_note=it.words("note", "relief"),
            examine_papers=photos,
        )
        life.work(3, chief)
        yield from it.does(
            "propose", chief, proposal="符合条件", proposal_note=it.words("proposal", "relief")
        )
        life.work(1.5, worker)
        board = f"{it.building.label}所在社区公告栏"
        yield from it.does("publicise", worker, publicised_at=board)
        if fate == "objected" and turn == 0:
            life.days(3)
            yield from it.does("object", worker, objection=it.words("objection", "relief"))
            continue
        last = life.table.next_workday(life.now.date() + timedelta(days=7))
        life.until(life.table.add_workdays(last, 1), 9)
        if fate in ("urgent", "small"):
            paper = f"临民委〔{life.now.year}〕{rng.randint(2, 60)}号"
            benefit = it.words("benefit_once", "relief")
            yield from it.does(
                "approve_small",
                town.person("office_head"),
                entrusted_paper=paper,
                result="批准",
                benefit=benefit,
            )
            return
        yield from it.does("report_up", chief)
        if it.name == "temporary_relief":  # 十日内要批，当天就报、就批
            life.work(2)
        else:
            life.workdays(rng.randint(1, 3))
        if fate == "sent_back" and turn == 0:
            yield from it.does("sent_back", worker, "收入没有核实，退回补充调查")
    if fate == "denied":
        yield from it.does("record_denial", worker, deny_reason=it.words("deny", "relief"))
    else:
        monthly = it.name in ("minimum_living", "extreme_poverty", "housing_relief")
        benefit = it.words("benefit_monthly" if monthly else "benefit_once", "relief")
        yield from it.does("record_approval", worker, benefit=benefit)


def _family(life: Life, town: Town, uid: str, fate: str) -> Story:
    """低保家庭：到时候系统转为该核查，核人口、收入、财产。"""
    rng = life.rng
    worker, chief = town.one(rng, "unit_clerk", "public_service"), town.person("unit_chief", "public_service")
    life.days(182)
    life.work(20, worker)
    result = "不再符合" if fate != "same" else rng.choice(["没有变化", "没有变化", "有变化仍符合"])
    note = "子女就业，家庭人均收入有变化" if fate != "same" else said(town, rng, "note", "relief")
    yield from life.does(
        uid, "check", worker, check_result=result, check_note=note, check_papers=town.photo(rng, "scene")
    )
    if fate == "same":
        return
    life.workdays(2)
    opinion = "无异议" if fate == "stopped" else "子女只是临时工，本月已经离职，有证明"
    yield from life.does(uid, "hear_them", worker, defence=opinion)
    life.workdays(2)
    if fate == "stopped":
        yield from life.does(uid, "stop", chief, stop_reason="家庭人均收入高于本市最低生活保障标准")
    else:
        yield from life.does(uid, "keep", chief, "就业证明已经核实为临时性，继续享受")
