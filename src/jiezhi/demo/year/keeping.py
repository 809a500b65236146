"""台账的经过：执法证件、执法设备、证据移交，公示管理员直接提出的公开审查。"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from jiezhi.base.casework.models import Case
from jiezhi.core.calendar import CHINA
from jiezhi.demo.year.life import Life, Story
from jiezhi.demo.year.people import Town

HANDOVER = {"": 60, "rejected": 15, "outside": 15, "outside_rejected": 5, "withdrawn": 5}
"""移交的各种经过平常占几份。"""

ITEMS = [
    {"name": "现场录像", "kind": "录像", "count": 1, "state": "十二分钟"},
    {"name": "询问笔录", "kind": "书证", "count": 1, "state": "原件"},
]


def reviewed(life: Life, town: Town) -> Story:
    """年审：执法队、法制审核员的行政执法证逐张年审，登记培训学时。"""
    keeper = town.person("certificate_keeper")
    first = datetime.combine(town.year.first, time(), CHINA)
    for case in Case.objects.filter(matter="enforcement.certificate", opened_at__lt=first).order_by("pk"):
        uid = str(case.uid)
        life.work(1, keeper)
        if case.fields["kind"] == "行政执法证":
            yield from life.does(
                uid, "review", keeper, reviewed_on=life.today, review_note="年审材料齐全，通过"
            )
        hours = life.rng.choice((64, 72, 60, 40))
        yield from life.does(uid, "train", keeper, train_year=life.now.year, train_hours=hours)


def certified(life: Life, town: Town, unit: str, fate: str = "") -> Story:
    """给一个科室的人办执法证；以后暂扣恢复、换证、注销，或者就到期了。"""
    keeper, rng = town.person("certificate_keeper"), life.rng
    holder = town.person("unit_clerk", unit)
    days = 200 if fate in ("renewed", "lapsed") else 1800
    start = date.fromisoformat(life.today)
    dated = {"valid_from": life.today, "valid_to": life.day(days), "reviewed_on": life.today}
    number = f"YQ-ZF-{rng.randint(1000, 8999)}"
    uid = yield from life.opens(
        "enforcement.certificate",
        "issue",
        keeper,
        holder=str(holder.pk),
        kind="行政执法证",
        number=number,
        issuer="临江区司法局",
        **dated,
    )
    match fate:
        case "suspended":
            life.days(60)
            yield from life.does(uid, "suspend", keeper, "接受调查，暂扣执法证件")
            life.days(30)
            yield from life.does(uid, "restore", keeper, "核查无误，恢复")
        case "renewed" | "lapsed":
            life.until(start + timedelta(days=days + 9 if fate == "lapsed" else days - 20))
            fresh = {"valid_from": life.today, "valid_to": life.day(1800), "reviewed_on": life.today}
            yield from life.does(uid, "renew", keeper, number=f"YQ-ZF-{rng.randint(1000, 8999)}", **fresh)
        case "cancelled":
            life.days(120)
            yield from life.does(uid, "cancel", keeper, "调离执法岗位")


def equipped(life: Life, town: Town, nth: int, fate: str = "") -> Story:
    """一台执法设备：登记、领用、登记原始材料、归还；有送修的、报废的。"""
    keeper, rng = town.person("evidence_keeper"), life.rng
    kind, mark = rng.choice(
        [("执法记录仪", "JLY"), ("照相机", "XJ"), ("移动执法终端", "ZD"), ("录音笔", "LYB")]
    )
    uid = yield from life.opens(
        "enforcement.device",
        "enlist",
        keeper,
        serial=f"YQ-{mark}-{nth:03}",
        kind=kind,
        model="示例型号",
        bought_on=life.today,
    )
    for turn in range(rng.randint(2, 5)):
        life.days(rng.randint(4, 45), 9)
        user = town.person("enforcement_officer", nth=rng.randint(0, 1))
        yield from life.does(uid, "issue", keeper, user=str(user.pk), condition="完好")
        life.after(hours=rng.randint(1, 3))
        taken = life.now
        life.after(hours=rng.randint(1, 4))
        about = f"云桥罚案〔{life.now.year}〕{rng.randint(1, 40)}号"
        originals = town.photo(rng, "scene", rng.randint(1, 3))
        yield from life.does(
            uid, "ingest", user, originals=originals, recorded_at=taken.isoformat(), about=about
        )
        life.work(2)
        yield from life.does(uid, "return", keeper, condition="完好")
        if fate and turn == 0:
            life.days(3)
            yield from life.does(uid, "repair", keeper, condition="电池鼓包", repair_to="厂家维修点")
            life.days(20)
            if fate == "scrapped":
                yield from life.does(uid, "scrap", keeper, "超过使用年限，没有维修价值")
                return
            yield from life.does(uid, "repaired", keeper, condition="已换电池")


def handed(life: Life, town: Town, fate: str = "") -> Story:
    """移交证据：给证据保管员，或者给别的机关；有退回补正的、不移交了的。"""
    rng, keeper = life.rng, town.person("evidence_keeper")
    giver = town.person("enforcement_officer", nth=rng.randint(0, 1))
    about = {
        "about": f"云桥罚案〔{life.now.year}〕{rng.randint(1, 60)}号",
        "items": ITEMS[: rng.randint(1, 2)],
    }
    originals = {"originals": town.photo(rng, "scene")} if rng.random() < 0.5 else {}
    if fate.startswith("outside"):
        organ = {"organ_name": rng.choice(["临江公安分局云桥派出所", "临江区城市管理和综合执法局"])}
        uid = yield from life.opens("enforcement.handover", "hand_out", giver, **about, **originals, **organ)
        life.work(6)
        paper = {"receipt": town.photo(rng, "paper")}
        if fate == "outside_rejected":
            yield from life.does(uid, "rejected_outside", giver, opinion="清单与实物数量不符")
            life.work(5)
            yield from life.does(uid, "hand_out_again", giver, items=about["items"], **organ)
            life.work(5)
        yield from life.does(uid, "received_outside", giver, organ_person="值班民警", **paper)
        return
    uid = yield from life.opens(
        "enforcement.handover", "hand_over", giver, **about, **originals, receiver=str(keeper.pk)
    )
    if fate == "withdrawn":
        life.work(2)
        yield from life.does(uid, "withdraw", giver, "案件不再移送")
        return
    life.work(4, keeper)
    if fate == "rejected":
        yield from life.does(uid, "reject", keeper, opinion="清单少写一份光盘")
        life.work(3, giver)
        given: dict[str, Any] = {"items": about["items"], "receiver": str(keeper.pk)}
        yield from life.does(uid, "hand_again", giver, **given)
        life.work(2, keeper)
    yield from life.does(uid, "receive", keeper, opinion="与清单一致")


def submitted(life: Life, town: Town, fate: str = "") -> Story:
    """区级平台作出的决定，由公示管理员提出公开审查；`fate` 为 expired 的公示期满由系统撤下。"""
    rng, publisher = life.rng, town.person("publisher")
    number = f"临城罚决字〔{life.now.year}〕第{rng.randint(10, 900)}号"
    firm = town.firm(rng, town.somewhere(rng, "沿街商铺"))
    uid = yield from life.opens(
        "publishing.review", "submit", publisher, decision_number=number, decided_on=life.day(-1), organ="临江区城市管理和综合执法局",
        parties=[firm], subject="擅自设置大型户外广告", facts="没有经过批准，擅自设置大型户外广告", outcome="责令限期拆除，罚款三千元",
    )  # fmt: skip
    life.workdays(1)
    answers = {"impact": True, "minor": False, "state_secret": False, "private": False}
    reviewer = town.person("legal_reviewer")
    yield from life.does(uid, "review", reviewer, **answers)
    if fate == "again":
        life.workdays(1)
        yield from life.does(uid, "again", publisher, "题名写得不准，退回重审")
        life.workdays(1)
        yield from life.does(uid, "review", reviewer, **answers, public_title="擅自设置户外广告")
    life.workdays(1)
    yield from life.does(uid, "publish", publisher)
