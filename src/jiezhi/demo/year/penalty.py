"""行政处罚普通程序的经过：线索、立案、调查、告知、听取申辩、听证、审核、讨论、决定、送达；之后各奔各的结局。"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import Any

from jiezhi.core.prose import yuan
from jiezhi.demo.year.ends import ENDS, finished, to_police
from jiezhi.demo.year.life import PARTY, Life, Story, Stuck, child
from jiezhi.demo.year.people import Town
from jiezhi.demo.year.scene import BANK, Scene
from jiezhi.demo.year.sidework import HOLDS, correction_within, preserved, recused

PENALTY = {
    "paid": 50, "spared": 12, "instalments": 6, "upheld": 4, "overturned": 1.5, "altered": 1, "amended": 1.5, "revoked": 1, "unlawful": 0.5,
    "court": 3, "not_filed": 6, "referred": 5, "handed": 2, "police_filed": 1, "police_refused": 1, "held": 3,
}  # fmt: skip
"""各种结局平常占几份。"""

CHANGED = ("revoked", "overturned", "unlawful", "amended", "altered")
"""决定后来变了的：正在公开审查的不再公布，已经公布的撤回。"""

FLAGS = ("warn", "seize", "licence", "close")


def penalty(
    life: Life, town: Town, ending: str = "paid", scene: Scene | None = None, uid: str = "", options: str = ""
) -> Story:
    """一个案件。`uid` 是敬告、当场处罚转来的；`options` 是途中的事，空格隔开，不写就随机有一些。"""
    it = Scene(life, town, "penalty", lambda one: bool(one.get("big")) or "hearing" not in options)
    if scene is not None:
        it = _turned(it, scene)
    chosen = set(options.split()) or _some(it)
    one, chief, head = (
        town.person("enforcement_officer"),
        town.person("enforcement_chief"),
        town.person("office_head"),
    )
    if uid:
        it.uid = uid
    else:
        yield from _clue(it)
    if ending == "referred":
        life.workdays(2)
        yield from it.does("refer", chief, "违法行为地不在本街道", refer_to="临江区城市管理和综合执法局")
        return
    life.work(8, one)
    yield from _proposed(it)
    if "sent_back" in chosen:
        life.workdays(1)
        yield from it.does("send_back", head, "补充违法行为发生地的核查情况")
        life.work(6, one)
        yield from _proposed(it)
    life.workdays(life.rng.randint(1, 4), 16)
    if ending == "not_filed":
        yield from it.does(
            "not_file", head, "及时改正，没有造成后果", not_file_reason="违法行为轻微并及时改正"
        )
        return
    yield from it.does("file", head)
    yield from _investigated(it, chosen)
    if ending == "handed":
        life.workdays(3)
        paper = it.photos("paper")
        yield from it.does(
            "hand_case", head, "查明属区级部门管辖", refer_to="临江区住房和建设局", refer_paper=paper
        )
        return
    if ending in ("police_filed", "police_refused"):
        yield from to_police(it, ending)
        if ending == "police_filed":
            return
        yield from _inspected(it)
    if ending == "spared":
        yield from _spared(it)
        return
    fine = yield from _concluded(it, chosen)
    if "slow" in chosen:  # 超过九十日才决定，看得出是超期
        life.days(75)
    yield from _decided(it, fine)
    review = str(child(it.uid, "publishing.review").uid)
    yield from life.forks(publication, town, review, True, ending in CHANGED)
    yield from it.served("decide", "" if ending in ("paid", "held") else "直接送达")
    if "typo" in chosen:
        yield from it.does("correct", one, correct_note="决定书第二页门店名称漏一字，予以更正")
    yield from ENDS[ending](it, fine)
    if ending not in ("overturned", "revoked", "unlawful"):
        yield from finished(it)


def _turned(it: Scene, scene: Scene) -> Scene:
    """敬告、当场处罚转来的：人、地、案由照旧，事实用它的。"""
    it.building, it.party, it.person = scene.building, scene.party, scene.person
    it.scene = {
        **it.scene,
        **scene.scene,
        "facts": f"经调查，{scene.words('facts')}",
        "opinion": "情节超出当场处理的范围",
    }
    return it


def _some(it: Scene) -> set[str]:
    """途中的事，随机有一些。"""
    odds = {
        "interview": 0.6, "attach": 0.5, "defence": 0.25, "waive": 0.12, "review": 0.12, "complex": 0.08, "hearing": 0.25,
        "correction": 0.2, "preserve": 0.1, "suspend": 0.05, "recuse": 0.03, "departs": 0.05, "late_defence": 0.04, "typo": 0.05,
        "sent_back": 0.06, "redo": 0.05, "slow": 0.03,
    }  # fmt: skip
    return {name for name, chance in odds.items() if it.life.rng.random() < chance}


def _clue(it: Scene) -> Story:
    town, rng = it.town, it.life.rng
    source, who = rng.choice([
        ("日常巡查", town.person("enforcement_officer")), ("日常巡查", town.keeper(it.building)), ("投诉举报", town.person("enforcement_chief")),
        ("热线转来", town.one(rng, "dispatcher")), ("上级交办", town.person("enforcement_chief")),
    ])  # fmt: skip
    inputs = {
        "clue_text": it.words("clue"),
        "clue_source": source,
        "clue_photos": it.photos("before"),
        **it.at_place(),
    }
    it.uid = yield from it.life.opens("enforcement.penalty", "register", who, **inputs)


def _proposed(it: Scene) -> Story:
    opinion = f"{it.words('opinion')}，符合立案标准，建议立案"
    yield from it.does(
        "propose", it.town.person("enforcement_officer"), **it.about_party(), act_on=it.life.day(-it.life.rng.randint(2, 9)),
        endangers=False, jurisdiction=it.words("jurisdiction"), filing_opinion=opinion,
    )  # fmt: skip


def _inspected(it: Scene) -> Story:
    life, one = it.life, it.town.person("enforcement_officer")
    life.work(6, one)
    began = life.now
    life.after(minutes=life.rng.randint(20, 60))
    yield from it.does(
        "inspect", one, shown_certificate=True, inspect_at=began.isoformat(), inspect_text=it.words("inspect") if "inspect" in it.scene
        else it.words("facts"), inspect_photos=it.photos("scene", 2), on_site=it.words("on_site"),
    )  # fmt: skip


def _investigated(it: Scene, chosen: set[str]) -> Story:
    life, town = it.life, it.town
    one, two, head = (
        town.person("enforcement_officer"),
        town.person("enforcement_officer", nth=1),
        town.person("office_head"),
    )
    yield from _inspected(it)
    if "recuse" in chosen:
        yield from recused(it)
    if {"preserve", "preserve_all"} & chosen:
        yield from preserved(it, one, tuple(HOLDS) if "preserve_all" in chosen else ())
    if "correction" in chosen:
        yield from correction_within(it)
    if "suspend" in chosen:
        life.workdays(2)
        yield from it.does("suspend", head, suspend_reason="等待鉴定机构出具意见")
        life.days(16)
        yield from it.does("resume", town.person("enforcement_chief"))
    if "interview" in chosen:
        life.work(8, two)
        asked = {
            "interviewee": it.party,
            "interview_at": life.now.isoformat(),
            "interview_text": it.words("interview"),
        }
        life.after(minutes=45)
        yield from it.does("interview", two, shown_certificate=True, **asked)
    if "attach" in chosen:
        life.work(5, one)
        yield from it.does("attach", one, ev_documents=it.photos("paper"), ev_records=it.photos("paper"))


def _concluded(it: Scene, chosen: set[str]) -> Story:
    """调查终结到待决定；返回拟罚多少。"""
    life, town = it.life, it.town
    one, chief, head = (
        town.person("enforcement_officer"),
        town.person("enforcement_chief"),
        town.person("office_head"),
    )
    fine = it.fine()
    yield from _reported(it, fine, chosen)
    if "departs" in chosen:
        life.workdays(2)
        yield from it.does("approve_departure", head, departure_opinion="理由成立，同意")
    life.workdays(life.rng.randint(1, 3), 15)
    yield from it.does("inform", chief)
    yield from it.served("inform")
    if "redo" in chosen:
        life.work(6)
        yield from it.does(
            "redo", town.person("legal_reviewer"), "面积的测量记录没有当事人签字，补正后重新告知"
        )
        yield from _inspected(it)
        yield from _reported(it, fine, chosen - {"departs"})
        life.workdays(1)
        yield from it.does("inform", chief)
        yield from it.served("inform", "直接送达")
    if "hearing" in chosen and it.scene.get("big"):
        yield from _heard(it, chosen)
    elif "waive" in chosen:
        life.workdays(1)
        yield from it.does("waive", one, inform_to=it.party, waiver=it.photos("paper"))
    defended = "defence" in chosen
    if defended:
        life.workdays(1, 16)
        yield from it.does("defend", PARTY, defence=it.words("defence"), defence_paper=it.photos("paper"))
        life.workdays(2)
        result = life.rng.choice(["采纳", "部分采纳", "不采纳", "不采纳"])
        yield from it.does(
            "review_defence", one, defence_reply=it.words("defence_reply"), defence_result=result
        )
    life.workdays(9)
    yield from it.does("conclude_answered" if defended else "conclude", one)
    yield from _approved(it, chosen)
    if "late_defence" in chosen:
        life.after(hours=3)
        yield from it.does(
            "defend_late", PARTY, defence="已经停止并恢复原状，请求从轻", defence_paper=it.photos("paper")
        )
        life.workdays(2)
        yield from it.does(
            "review_defence", one, defence_reply=it.words("defence_reply"), defence_result="不采纳"
        )
        life.work(3, one)
        yield from it.does("conclude_answered", one)
        yield from _approved(it, chosen)
    return fine


def _reported(it: Scene, fine: int, chosen: set[str]) -> Story:
    life, one = it.life, it.town.person("enforcement_officer")
    life.work(14, one)
    seize = bool(it.scene.get("gains"))
    penalty_text = f"没收违法所得四万元，并处罚款{yuan(fine)}" if seize else f"罚款{yuan(fine)}"
    proof = {"kind": "勘验笔录和现场笔录", "proves": "违法事实", "checked": True}
    more: dict[str, Any] = (
        {"factors": it.scene["factors"]}
        if "factors" in it.scene
        else {"weighing": "综合事实、性质、情节，在法定幅度内裁量"}
    )
    if seize:
        more["illegal_gains"] = it.scene["gains"]
    if "departs" in chosen:
        more["departure_reason"] = "多次劝说、警告之后仍然不改，影响较大"
    yield from it.does(
        "report", one, facts=it.words("facts"), evidence=[{"name": "现场检查笔录和照片", **proof}, {"name": "当事人陈述", **proof, "kind": "当事人的陈述"}],
        gravity="情节复杂" if "complex" in chosen else "一般", review_ground="疑难复杂涉及多个法律关系" if "review" in chosen else "不属于",
        hearing_ground="较大数额罚款" if it.scene.get("big") else "不属于", proposed_fine=fine, proposed_penalty=penalty_text,
        departs="departs" in chosen, **{f"pro_{name}": name == "seize" and seize for name in FLAGS}, **more,
    )  # fmt: skip


def _heard(it: Scene, chosen: set[str]) -> Story:
    """要求听证：通知、送达通知，到那天举行；也有不来的、撤回的。"""
    life, town = it.life, it.town
    host = town.person("hearing_host")
    life.workdays(1, 16)
    yield from it.does("request_hearing", PARTY, hearing_paper=it.photos("paper"))
    life.workdays(2)
    if "hearing_withdrawn" in chosen:
        yield from it.does(
            "withdraw_hearing", town.person("enforcement_officer"), withdraw_paper=it.photos("paper")
        )
        return
    day = life.table.add_workdays(life.now.date(), 14).isoformat()
    where = f"{day} 上午九时，街道办三楼会议室"
    yield from it.does(
        "notify_hearing", town.person("enforcement_chief"), hearing_on=day, hearing_where=where, hearing_open="公开举行",
        hearing_host=str(host.pk),
    )  # fmt: skip
    yield from it.served("notify_hearing", "直接送达")
    life.until(day, 11)
    if "hearing_dropped" in chosen:
        note = "按通知的时间等了一小时，当事人没有说明理由，没有出席"
        yield from it.does("drop_hearing", host, heard_on=day, drop_note=note)
        return
    people = "当事人的负责人和委托代理人一人，承办人两人"
    text = "承办人陈述事实、证据和拟处罚意见；当事人申辩；双方质证、辩论；最后陈述"
    yield from it.does(
        "hear",
        host,
        heard_on=day,
        hearing_people=people,
        hearing_text=text,
        hearing_opinion="事实清楚，建议维持拟处罚意见",
    )


def _approved(it: Scene, chosen: set[str]) -> Story:
    """法制审核、集体讨论：走到哪个环节看情节。"""
    life, town, head = it.life, it.town, it.town.person("office_head")
    heard = (
        "hearing" in chosen and it.scene.get("big") and not {"hearing_dropped", "hearing_withdrawn"} & chosen
    )
    if "review" in chosen or heard:
        life.workdays(life.rng.choice((1, 2, 3, 7)))
        opinion = it.words("review_opinion")
        yield from it.does(
            "review", town.person("legal_reviewer"), review_opinion=opinion, reviewer_mark="A20180001"
        )
    if "complex" in chosen:
        life.workdays(2, 15)
        told = {"discuss_on": life.today, "discuss_people": "办事处主任、副主任、政法委员", "dissent": "没有"}
        yield from it.does("discuss", head, discussion=it.words("discussion"), **told)


def _decided(it: Scene, fine: int) -> Story:
    life = it.life
    life.workdays(life.rng.randint(1, 4), 16)
    seize = bool(it.scene.get("gains"))
    text = f"没收违法所得四万元，并处罚款{yuan(fine)}" if seize else f"罚款{yuan(fine)}"
    yield from it.does(
        "decide", it.town.person("office_head"), decided_on=life.today, fine=fine, penalty_text=text, correction=it.words("correction"),
        pay_place=BANK, **{f"dec_{name}": name == "seize" and seize for name in FLAGS},
    )  # fmt: skip


def _spared(it: Scene) -> Story:
    """调查终结，建议不予处罚。"""
    life, one, head = it.life, it.town.person("enforcement_officer"), it.town.person("office_head")
    life.work(10, one)
    proof = [{"name": "现场检查笔录", "kind": "勘验笔录和现场笔录", "proves": "现场情况", "checked": True}]
    advice = "当事人已经自行改正，没有造成危害后果，建议不予处罚，进行教育"
    yield from it.does(
        "report_spared", one, facts=it.words("facts") + "，已经自行改正", evidence=proof, spare_advice=advice
    )
    life.workdays(life.rng.randint(1, 4))
    yield from it.does(
        "decide_not", head, spare_kind="轻微不罚", decided_on=life.today, not_punished_reason="违法行为轻微并及时改正，没有造成危害后果",
        education="已当面教育并书面告知有关规定",
    )  # fmt: skip
    yield from it.served("decide_not", "直接送达")
    life.workdays(2)
    yield from it.does("close_spared", one, close_note="不予处罚决定已送达，已教育")
    life.workdays(life.rng.randint(3, 15))
    yield from it.does("archive", it.town.person("archivist"))


def publication(life: Life, town: Town, uid: str, impact: bool, shaky: bool = False) -> Story:
    """决定之后的公开审查：审查、公布；影响不大的可以不公开。`shaky` 是原决定后来会变，变了就不再往下办。"""
    reviewer = life.rng.choice((town.person("publisher"), town.person("legal_reviewer")))
    answers: dict[str, Any] = {"impact": impact, "minor": False, "state_secret": False, "private": False}
    with suppress(Stuck) if shaky else nullcontext():
        life.workdays(life.rng.choices((1, 2, 3, 9), (4, 4, 3, 1))[0], 10)
        yield from life.does(uid, "review", reviewer, **answers, review_note="已核对去标识的内容")
        publisher = town.person("publisher")
        life.workdays(life.rng.randint(1, 2), 15)
        if not impact and life.rng.random() < 0.5:
            yield from life.does(uid, "withhold", publisher, "没有社会影响，不公开")
        else:
            yield from life.does(uid, "publish", publisher)
