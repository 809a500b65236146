"""行政许可的经过：核查、听证、扣除期间、延长、决定、颁证；告知承诺和事后核查。证件以后的事见 licences。"""

from __future__ import annotations

from typing import Any

from jiezhi.demo.year.counter import Application
from jiezhi.demo.year.licences import LICENCES, checked, licensed
from jiezhi.demo.year.life import RESIDENT, Life, Story, child
from jiezhi.demo.year.penalty import publication
from jiezhi.demo.year.people import Town

PERMIT = {
    "": 56, "supplemented": 12, "refused": 3, "refused_after": 2, "withdrawn": 4, "deemed": 2, "denied": 5, "heard": 2, "waived": 1,
    "lapsed": 1, "excluded": 3, "extended": 3, "late": 2, "unlawful": 0.5, "dropped": 0.5,
}  # fmt: skip
PERMITS = ("temporary_use", "poster", "billboard")
PLEDGES = {"kept": 6, "fixed": 2, "ended": 1, "withdrawn": 1}
"""各种经过平常占几份。"""

SAFE = {"risk_security": False, "risk_life": False, "risk_lasting": False, "risk_record": False}
LONG = ("renewed", "renewed_late", "reissued", "refused")
"""这样的证件要给够日子，才来得及申请延续。"""


def permit(
    life: Life,
    town: Town,
    name: str = "temporary_use",
    fate: str = "",
    after: str | None = None,
    pledge: str = "",
) -> Story:
    """一件许可申请。`after` 是证件以后怎样（不写随机），`pledge` 是告知承诺后来怎样（只有张挂宣传品可以承诺）。"""
    rng = life.rng
    it = Application(life, town, name, firm=True)
    it.building = town.somewhere(rng, "沿街商铺", "沿街写字楼", "小区商铺", "沿街公园")
    after = after if after is not None else rng.choices(list(LICENCES), list(LICENCES.values()))[0]
    begin = rng.randint(15, 25)
    span = 100 if after in LONG else 365 if name == "billboard" else rng.choice((5, 10, 30, 60))
    first, last = life.day(begin), life.day(begin + span)
    inputs = _asked(it, first, last)
    if pledge:
        yield from it.receives(**inputs, pledged="design")
        yield from _pledged(it, pledge)
    else:
        yield from it.receives(
            lacking=rng.randint(1, 2) if fate in ("supplemented", "refused_after") else 0, **inputs
        )
    if not (yield from it.accepted(fate)):
        return
    chief = town.person("service_chief")
    if fate == "deemed":
        yield from it.does("check_materials", it.clerk, **it.papers())
    yield from _examined(it)
    yield from _delayed(it, fate)
    if name == "poster":  # 承诺三个工作日
        life.work(2, chief)
    else:
        life.workdays(1, 16)
    if fate == "denied":
        yield from it.does("deny", chief, deny_reason=it.words("deny_permit"))
        life.workdays(rng.randint(1, 4))
        yield from it.explained()
        yield from it.does(
            "deliver_denial", it.clerk, given_way="当面领取", given_proof=town.photo(rng, "paper")
        )
        return
    first, last = max(first, life.day(1)), max(last, life.day(6))
    yield from it.does("grant", chief, grant_content=it.words("grant", name), valid_from=first, valid_to=last)
    licence = str(child(it.uid, "service.licence").uid)
    review = str(child(licence, "publishing.review").uid)
    yield from life.forks(publication, town, review, True, after in ("amended", "revoked"))
    yield from life.forks(licensed, town, licence, last, after)
    if pledge in ("kept", "fixed", "ended"):
        yield from life.forks(checked, town, str(child(it.uid, "service.pledge_check").uid), pledge)
    life.workdays(rng.randint(1, 6))
    yield from it.explained()
    yield from it.does("hand_over", it.clerk, given_way=rng.choice(["当面领取", "邮寄", "电子证照"]))
    if fate == "unlawful":
        life.days(60)
        yield from it.does("record_unlawful", chief, unlawful_paper=it.words("unlawful_paper"))


def _asked(it: Application, first: str, last: str) -> dict[str, Any]:
    """申请什么。"""
    rng = it.life.rng
    it.slots |= {
        "place": it.building.label,
        "area": str(rng.randint(4, 60)),
        "pieces": str(rng.randint(2, 20)),
    }
    it.slots["subject"] = it.words("subject", it.name)
    inputs: dict[str, Any] = {"spot": it.town.spot(it.building)}
    match it.name:
        case "temporary_use":
            asked = {
                "purpose": it.slots["subject"],
                "area_size": int(it.slots["area"]),
                "use_from": first,
                "use_to": last,
            }
        case "billboard":
            asked = {
                "subject": it.slots["subject"],
                "area_size": int(it.slots["area"]),
                "set_from": first,
                "set_to": last,
            }
        case _:
            asked = {
                "subject": it.slots["subject"],
                "pieces": int(it.slots["pieces"]),
                "hang_from": first,
                "hang_to": last,
            }
    return inputs | asked


def _pledged(it: Application, pledge: str) -> Story:
    """书面告知、登记承诺；也有办结前撤回承诺、改为交材料的。"""
    life = it.life
    life.after(minutes=15)
    yield from it.does("inform_pledge", it.clerk, **SAFE)
    life.after(minutes=20)
    stated = it.papers(pledged="design")
    yield from it.does("pledge", it.clerk, pledge_paper=it.town.photo(life.rng, "paper"), **stated)
    if pledge == "withdrawn":
        life.work(5)
        yield from it.does("withdraw_pledge", it.clerk, "样稿已经做好，改为提交")
        yield from it.does("check_materials", it.clerk, **it.papers())


def _examined(it: Application) -> Story:
    """到场核查，或者只看材料。"""
    life, town, chief = it.life, it.town, it.town.person("service_chief")
    if it.name == "poster" and life.rng.random() < 0.6:
        life.work(3, it.clerk)
        yield from it.does("decide_on_papers", it.clerk, "凭位置图和样稿可以判断，不需到场")
        return
    life.work(2, chief)
    yield from it.does(
        "assign_examiners", life.rng.choice((chief, town.person("deputy_head"))), examiners=town.handlers()
    )
    officer = town.person("enforcement_officer", nth=life.rng.randint(0, 1))
    life.work(4 if it.name == "poster" else 9, officer)
    note = it.words("examine")
    yield from it.does("examine", officer, examine_note=note, examine_photos=town.photo(life.rng, "scene"))


def _delayed(it: Application, fate: str) -> Story:
    """决定之前的听证、扣除期间、延长，或者就是拖着。"""
    life, town, chief = it.life, it.town, it.town.person("service_chief")
    match fate:
        case "heard" | "waived" | "lapsed" | "dropped":
            yield from _hearing(it, fate)
        case "excluded":
            life.work(3)
            yield from it.does(
                "exclude",
                chief,
                excluded_for=life.rng.choice(["专家评审", "检测", "鉴定"]),
                excluded_days="10个工作日",
            )
            life.workdays(life.rng.randint(7, 12))
            yield from it.does("exclude_end", it.clerk)
        case "extended":
            life.workdays(1)
            head = town.person("office_head")
            yield from it.does(
                "extend",
                head,
                "需要与相邻业主协调，情况复杂",
                extend_by=f"{life.rng.choice((5, 10))}个工作日",
            )
            life.workdays(6)
        case "late":
            life.workdays(16)


def _hearing(it: Application, fate: str) -> Story:
    """告知听证权利：有人申请就听证，也有放弃的、到期不申请的、不来的。"""
    life, town, chief = it.life, it.town, it.town.person("service_chief")
    life.work(2, chief)
    neighbour = town.resident(life.rng)
    yield from it.does("tell_hearing", chief, interested=[neighbour])
    if fate == "waived":
        life.workdays(1)
        yield from it.does("waive_hearing", it.clerk, hearing_waiver=town.photo(life.rng, "paper"))
        return
    if fate == "lapsed":
        life.workdays(8)
        return
    life.workdays(life.rng.randint(1, 3))
    if life.rng.random() < 0.5:
        yield from it.does("record_request", it.clerk)
    else:
        yield from it.does("request_hearing", RESIDENT)
    life.workdays(1)
    day, host = life.table.add_workdays(life.now.date(), 12).isoformat(), town.person("hearing_host")
    yield from it.does(
        "notify_hearing", chief, hearing_on=day, hearing_place="街道办三楼会议室", hearing_host=str(host.pk)
    )
    life.until(day, 16)
    if fate == "dropped":
        paper = town.photo(life.rng, "paper")
        yield from it.does(
            "drop_hearing", host, drop_note="申请人书面撤回听证申请，终止听证", hearing_waiver=paper
        )
    else:
        yield from it.does("hear", host, heard_on=day, hearing_note=it.words("hearing_note"))
