"""准予之后：证件的检查、变更、延续、撤销、注销；告知承诺的事后核查。"""

from __future__ import annotations

from datetime import date, timedelta

from jiezhi.demo.year.counter import said
from jiezhi.demo.year.life import Life, Story
from jiezhi.demo.year.people import Town

LICENCES = {
    "": 40,
    "cancelled": 20,
    "renewed": 10,
    "renewed_late": 5,
    "reissued": 4,
    "amended": 8,
    "revoked": 3,
    "refused": 5,
}
"""证件以后的各种经过平常占几份。"""


def licensed(life: Life, town: Town, uid: str, valid_to: str, fate: str) -> Story:
    """一张证件。`valid_to` 有效期至。"""
    rng, chief, head = life.rng, town.person("service_chief"), town.person("office_head")
    clerk, last = town.one(rng, "window_clerk"), date.fromisoformat(valid_to)
    life.days(rng.randint(5, 20), 15)
    if fate in ("", "renewed") and life.today < valid_to and rng.random() < 0.5:
        inspector = rng.choice((clerk, town.person("enforcement_officer")))
        yield from life.does(uid, "inspect", inspector, inspect_note=said(town, rng, "inspect"))
    match fate:
        case "amended":
            yield from life.does(
                uid, "amend", chief, change_note="缩小范围，便于通行", content="准予的范围缩小一半，其余不变"
            )
        case "revoked":
            why = "核查发现申请人并非场地的使用人，不具备申请资格"
            yield from life.does(uid, "revoke", head, revoke_case="不具备申请资格", revoke_reason=why)
        case "cancelled":
            yield from _ended(life, town, uid, last)
        case "renewed" | "reissued" | "refused":
            life.until(last - timedelta(days=rng.randint(55, 60)))
            yield from life.does(uid, "apply_renewal", clerk)
            life.workdays(3)
            if fate == "renewed":
                yield from life.does(uid, "renew", chief, valid_to=(last + timedelta(days=180)).isoformat())
            elif fate == "refused":
                yield from life.does(
                    uid, "deny_renewal", chief, deny_reason="场地另有公益活动安排，不能继续占用"
                )
                yield from _ended(life, town, uid, last)
            else:  # 届满前没有作出决定，视为准予延续
                life.until(last + timedelta(days=4))
                yield from life.does(uid, "reissue", chief, valid_to=(last + timedelta(days=180)).isoformat())
        case "renewed_late":
            life.until(last - timedelta(days=12))
            yield from life.does(uid, "apply_late", clerk)
            life.workdays(2)
            yield from life.does(uid, "renew", chief, valid_to=(last + timedelta(days=90)).isoformat())


def _ended(life: Life, town: Town, uid: str, last: date) -> Story:
    life.until(last + timedelta(days=2))
    life.workdays(life.rng.randint(1, 6))
    yield from life.does(
        uid, "cancel", town.person("service_chief"), "期满没有申请延续", cancel_case="有效期届满未延续"
    )


def checked(life: Life, town: Town, uid: str, fate: str) -> Story:
    """承诺的事后核查：属实的了结，不实的限期整改，拒不整改的终止。"""
    rng, chief, clerk = life.rng, town.person("service_chief"), town.one(life.rng, "window_clerk")
    life.days(rng.randint(10, 40), 15)
    if fate == "kept":
        way = rng.choice(["现场核查", "数据比对"])
        yield from life.does(uid, "keep", clerk, check_way=way, check_note=said(town, rng, "pledge_true"))
        return
    note = said(town, rng, "pledge_false")
    yield from life.does(uid, "falsify", chief, check_way="现场核查", check_note=note, fix_by=life.day(5))
    life.workdays(1)
    yield from life.does(uid, "defend", clerk, defence="多出的是合作商户自己挂的，愿意整改")
    life.workdays(4)
    if fate == "fixed":
        yield from life.does(uid, "accept_fix", chief, fix_note=said(town, rng, "pledge_fixed"))
    else:
        yield from life.does(uid, "end_pledge", town.person("office_head"), end_note="两次通知之后仍未改正")
