"""样板：从门里办出各种环节的件，给 fill.py 抄。全部经 actions，和真的一样。"""

from __future__ import annotations

import io
import random
from datetime import timedelta
from typing import Any

from django.utils import timezone
from PIL import Image

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions, files, outbox
from jiezhi.base.casework.models import Case, Delivery
from jiezhi.base.casework.outcome import Outcome
from jiezhi.core.procedure.view import Actor
from jiezhi.demo.street import build_street

PHOTOS = 40
RESIDENT = Actor("reporter")
REPLY = "经办人已到现场核实，情况属实。已联系责任方当场整改，并安排专人巡查，三日内复查；如再出现请随时反映。"


class Hand:
    """替各岗位的人办，按岗位找人；时间由它往前拨。"""

    def __init__(self) -> None:
        self.plan = build_street()
        self.rng = random.Random(11)
        self.officers = {one.login: one for one in Officer.objects.all()}
        self.now = timezone.now() - timedelta(days=20)
        self.shots = 0

    def person(self, post: str, unit: str = "") -> Officer:
        found = self.plan.holders(post, unit) or self.plan.holders(post)
        return self.officers[self.rng.choice(found).login]

    def photo(self) -> str:
        self.shots += 1
        stream = io.BytesIO()
        Image.new("RGB", (48, 36), (self.shots % 250, 90, 120)).save(stream, "JPEG")
        stream.seek(0)
        return files.store(stream, "现场.jpg", kind="photo", acting_officer=None, now=self.now).pk

    def does(self, uid: str, action: str, who: Officer | Actor, reason: str = "", **inputs: Any) -> bool:
        """办一步；条件不具备就算了。"""
        self.now += timedelta(minutes=self.rng.randint(20, 300))
        by: dict[str, Any] = {"acting_officer": who} if isinstance(who, Officer) else {"actor": who}
        result = actions.act(uid, action, inputs=inputs, at=self.now, now=self.now, reason=reason, **by)
        self.settle()
        return isinstance(result, Outcome)

    def settle(self) -> None:
        """自动派单之类；文书、通知不做。"""
        Delivery.objects.filter(done_at=None).exclude(kind="auto").update(done_at=self.now, result="灌库")
        outbox.drain(self.now)


def make_samples(count: int = 140) -> None:
    """办出样板。随手拍、热线、网络问政从登记到办结的各种环节；别的业务是演示街道自己开的。"""
    hand = Hand()
    for index in range(count):
        hand.now = timezone.now() - timedelta(days=20) + timedelta(minutes=37 * index)
        report = hand.plan.reports[index % len(hand.plan.reports)]
        building = next(one for one in hand.plan.buildings if one.code == report.building)
        spot = {"address": building.label, "lon": str(building.lon), "lat": str(building.lat)}
        common = {
            "content": report.text,
            "spot": spot,
            "category": f"{report.category}/{report.subcategory}",
            "reporter": {"name": report.reporter, "phone": f"1390000{index:04}"},
        }
        stage = index % 7  # 0 刚登记，1 办理中，2 待核查或已答复，其余办结
        if index % 8 < 3:
            _snapshot(hand, common, stage)
        elif index % 8 < 7:
            _hotline(hand, common, stage, index)
        else:
            _message(hand, report.text, stage, index)


def _unit(hand: Hand, uid: str, post: str = "dispatcher") -> str:
    """派到街道内的一个单位（没有自动派的），返回单位。"""
    case = Case.objects.get(uid=uid)
    if case.unit_id is None:
        inside = [unit.code for unit in hand.plan.units if unit.kind in ("inside", "community")]
        hand.does(uid, "dispatch", hand.person(post), to_unit=hand.rng.choice(inside))
        case.refresh_from_db()
    return str(case.unit_id or "")


def _opened(result: Any) -> str:
    assert isinstance(result, Outcome), str(result)
    return result.uid


def _snapshot(hand: Hand, common: dict[str, Any], stage: int) -> None:
    inputs = {**common, "photos": [hand.photo(), hand.photo()]}
    uid = _opened(
        actions.open_case(
            "report.snapshot", "report", actor=RESIDENT, inputs=inputs, at=hand.now, now=hand.now
        )
    )
    hand.settle()
    if stage == 0:
        return
    unit = _unit(hand, uid)
    clerk = hand.person("unit_clerk", unit)
    hand.does(uid, "sign", clerk)
    if stage == 1:
        return
    hand.does(uid, "inspect", clerk, site_photos=[hand.photo()], site_note="到场核实，情况属实，已拍照。")
    hand.does(uid, "answer", clerk, reply=REPLY, after_photos=[hand.photo()])
    if stage == 2:
        return
    hand.does(uid, "check", hand.person("callback"), check_note="已核查")
    if stage == 3 and hand.does(uid, "unhappy", RESIDENT, rating=2, rating_note="没有彻底解决"):
        hand.does(uid, "answer", clerk, reply=REPLY, after_photos=[hand.photo()])
        hand.does(uid, "check", hand.person("callback"))
    hand.does(uid, "rate", RESIDENT, rating=5, rating_note="处理得快")


def _hotline(hand: Hand, common: dict[str, Any], stage: int, index: int) -> None:
    clerk = hand.person("hotline_clerk")
    entry = actions.Entry(
        action="receive",
        matter="hotline.order",
        inputs={**common, "subject": str(common["content"])[:30]},
        at=hand.now,
        origin={"number": f"RX{index:09}"},
    )
    uid = _opened(actions.act_many([entry], actor=actions.import_actor(clerk), now=hand.now)[0])
    hand.settle()
    if stage == 0:
        return
    worker = hand.person("unit_clerk", _unit(hand, uid))
    hand.does(uid, "sign", worker)
    if stage == 1:
        return
    if stage == 3:
        hand.does(uid, "extend", hand.person("unit_chief", _unit(hand, uid)), "要会商", extend_by="5个工作日")
    hand.does(uid, "answer", worker, reply=REPLY, contacted=True)
    if stage == 2:
        return
    hand.does(uid, "call_back", hand.person("callback"), satisfied="满意", visit_note="来电人满意")
    hand.does(uid, "close", clerk)


def _message(hand: Hand, text: str, stage: int, index: int) -> None:
    clerk = hand.person("hotline_clerk")
    inputs = {"subject": text[:20], "content": text}
    entry = actions.Entry(
        action="receive",
        matter="online.message",
        inputs=inputs,
        at=hand.now,
        origin={"number": f"LY{index:07}"},
    )
    uid = _opened(actions.act_many([entry], actor=actions.import_actor(clerk), now=hand.now)[0])
    hand.settle()
    if stage == 0:
        return
    unit = _unit(hand, uid)
    worker, chief = hand.person("unit_clerk", unit), hand.person("unit_chief", unit)
    hand.does(uid, "sign", worker)
    if stage == 1:
        return
    hand.does(uid, "draft", worker, draft=REPLY)
    if stage == 2:
        return
    hand.does(uid, "answer", chief, reply=REPLY)
    outbox.fire_clocks(hand.now + timedelta(days=30))
    hand.settle()
