"""演示件各自的经过：谁在哪天办了哪一步，填了什么。"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jiezhi.demo.business import Hand

PENALTY = "enforcement.penalty"
CANOPY = {
    "name": "云桥顺达建材有限公司",
    "phone": "13900001001",
    "address": "云桥路旁顺达建材门市",
}
GYM = {"name": "云桥悦动健身服务有限公司", "phone": "13900001002", "address": "云桥路悦动健身"}
DINER = {"name": "云桥好味来餐饮店", "phone": "13900001003", "address": "云桥路好味来餐饮店"}
BANK = "云桥农商行云桥路支行，云桥路6号"


def published_penalty(hand: Hand) -> None:
    """占用城市道路：罚款决定已送达、已公布，等缴款。"""
    uid = _clue(hand, 50, 0, "商铺门前搭钢架雨棚，占了人行道", "日常巡查", "雨棚全景")
    facts = {"act_on": hand.day(51), "endangers": False}
    _filed(hand, uid, 49, CANOPY, "CF-068-1", "擅自占用城市道路，跨社区的商铺门前路段属本街道", **facts)
    _inspected(hand, uid, 47, "商铺门前人行道上有一处钢架雨棚，占用三十二平方米，行人绕行机动车道")
    _reported(
        hand,
        uid,
        44,
        facts="当事人没有经过批准，在商铺门前人行道上搭设钢架雨棚，占用城市道路三十二平方米，影响行人通行",
        factors={
            "占用面积": "十平方米以上不足五十平方米",
            "影响通行": "是",
            "一年内因同类行为受过的处罚次数": "0",
        },
        proposed_fine=600_000,
        proposed_penalty="罚款六千元",
    )
    hand.does(uid, "inform", hand.person("enforcement_chief"), hand.when(43))
    _served(hand, uid, "inform", 42)
    hand.does(uid, "conclude", hand.person("enforcement_officer"), hand.when(16))
    head = hand.person("office_head")
    hand.does(
        uid,
        "decide",
        head,
        hand.when(14, 15),
        decided_on=hand.day(14),
        fine=600_000,
        penalty_text="罚款六千元",
        dec_warn=False,
        dec_seize=False,
        dec_licence=False,
        dec_close=False,
        correction="自收到决定书之日起七日内拆除雨棚，恢复人行道原状",
        pay_place=BANK,
    )
    _served(hand, uid, "decide", 11)
    review = hand.child(uid, "publishing.review")
    answers: dict[str, Any] = {"impact": True, "minor": False, "state_secret": False, "private": False}
    hand.does(review, "review", hand.person("legal_reviewer"), hand.when(10), **answers)
    hand.does(review, "publish", hand.person("publisher"), hand.when(9))


def penalty_being_heard(hand: Hand) -> None:
    """夜间噪声：告知书已送达，当事人提了申辩，等复核。"""
    uid = _clue(hand, 22, 1, "健身房夜间音响吵到楼上住户", "热线转来", "健身房门面")
    _filed(hand, uid, 21, GYM, "CF-067", "说服教育后仍不改正", act_on=hand.day(23), endangers=False)
    _inspected(hand, uid, 19, "二十二时三十分，营业场所音响开着，楼上两户门窗关闭仍听得见")
    _reported(
        hand,
        uid,
        6,
        facts="当事人夜间使用音响器材，干扰楼上住户，经说服教育、责令改正后仍不改正",
        factors={
            "经说服教育、责令改正拒不改正": "是",
            "发生时段": "夜间或者午间",
            "影响范围": "相邻住户",
            "一年内因同类行为受过的处罚次数": "0",
        },
        proposed_fine=900_000,
        proposed_penalty="罚款九千元",
    )
    hand.does(uid, "inform", hand.person("enforcement_chief"), hand.when(4))
    _served(hand, uid, "inform", 2)
    when = hand.when(1, 16)
    hand.does(
        uid,
        "defend",
        hand.person("enforcement_officer"),
        when,
        defence="已经装了隔音棉，晚上十点以后不再开音响，请求从轻",
        defence_paper=[hand.photo("申辩书", when)],
    )


def penalty_under_investigation(hand: Hand) -> None:
    """户外广告：已立案、检查过一次，等询问、取证、调查终结。"""
    uid = _clue(hand, 12, 2, "餐饮店楼顶新装大型广告牌，没有见到批准", "投诉举报", "楼顶广告牌")
    _filed(hand, uid, 11, DINER, "CF-063", "没有查到设置审批", act_on=hand.day(14), endangers=False)
    _inspected(hand, uid, 9, "楼顶有一块长六米、高三米的广告牌，店长未能出示审批文件")


def clue_waiting(hand: Hand) -> None:
    """工地围挡：刚登记的线索，等提请立案。"""
    _clue(hand, 1, 3, "临街工地有一段没有围挡，行人从基坑边走过", "日常巡查", "缺围挡的路段")


def spot_penalty(hand: Hand) -> None:
    """乱倒垃圾：当场决定、当场交付，等报备和缴款。"""
    one = hand.person("enforcement_officer")
    when = hand.when(1, 9, 20)
    uid = hand.opens(
        "enforcement.spot",
        "inspect",
        one,
        when,
        act="随意倾倒生活垃圾",
        spot=hand.spot(0),
        parties=[{"name": "倪志远", "phone": "13900001005"}],
        party_kind="自然人",
        age_band="成年人",
        cause="CF-066-2",
        act_on=hand.day(1),
        facts="把两袋生活垃圾扔在人行道树池里，没有投进收集点",
        photos=[hand.photo("树池里的垃圾", when)],
        handlers=hand.ids("enforcement_officer"),
        shown_certificate=True,
        factors={
            "垃圾种类": "其他垃圾或可回收物",
            "经责令改正拒不改正": "否",
            "一年内因同类行为受过的处罚次数": "0",
        },
    )
    hand.does(uid, "tell", one, hand.when(1, 9, 28), told=True, proposed_fine=15_000, defence="没有意见")
    hand.does(
        uid,
        "decide",
        one,
        hand.when(1, 9, 35),
        punish="罚款",
        fine=15_000,
        correction="当场清理干净，已清理",
        pay_place=BANK,
    )
    when = hand.when(1, 9, 40)
    receipt = [hand.photo("交付决定书", when)]
    hand.does(uid, "deliver", one, when, signed="当事人签收", receipt=receipt)


def caution_waiting(hand: Hand) -> None:
    """阳台吊挂：已敬告，等到期复查。"""
    one = hand.person("enforcement_officer")
    when = hand.when(5, 11)
    uid = hand.opens(
        "enforcement.caution",
        "register",
        one,
        when,
        act="临街阳台外吊挂衣物",
        spot=hand.spot(1, "住宅"),
        parties=[{"name": "顾小芸", "phone": "13900001006"}],
        party_kind="自然人",
        cause="CF-060",
        act_on=hand.day(5),
        facts="临街阳台栏杆外加装晾衣杆，吊挂衣物",
        photos=[hand.photo("阳台", when)],
        must_file=False,
        handlers=hand.ids("enforcement_officer"),
    )
    hand.does(
        uid,
        "caution",
        one,
        hand.when(5, 11, 30),
        facts="临街阳台栏杆外加装晾衣杆，吊挂衣物",
        ground="首违可不罚",
        ground_reason="第一次发现，晾衣杆固定牢靠，没有坠落",
        first=True,
        slight=True,
        advice="请把晾衣杆收回栏杆以内",
        correct_by=hand.day(-2),
        told_how="当面口头并交付敬告书",
    )


def stall_lacking_papers(hand: Hand) -> None:
    """临时堆放：材料不齐，已一次性告知，等补正。"""
    clerk = hand.person("window_clerk")
    uid = _received(
        hand,
        "service.temporary_use",
        3,
        "云桥安居装饰有限公司",
        purpose="装修材料临时堆放",
        spot=hand.spot(0),
        area_size=12,
        use_from=hand.day(-10),
        use_to=hand.day(-15),
        materials_state=[{"material": "identity", "state": "已核原件"}],
    )
    hand.does(uid, "supplement", clerk, hand.when(2, 11))


def billboard_in_review(hand: Hand) -> None:
    """户外广告：已受理，指派了核查人员，等到场核查。"""
    uid = _accepted(
        hand,
        "service.billboard",
        5,
        "云桥海棠大药房",
        subject="门头上方灯箱",
        spot=hand.spot(2),
        area_size=12,
        set_from=hand.day(-20),
        set_to=hand.day(-380),
    )
    examiners = hand.ids("enforcement_officer")
    hand.does(uid, "assign_examiners", hand.person("service_chief"), hand.when(3, 15), examiners=examiners)


def poster_granted(hand: Hand) -> None:
    """张贴宣传品：已准予，等申请人来领。"""
    uid = _accepted(
        hand,
        "service.poster",
        4,
        "云桥社区读书会",
        subject="社区读书节横幅",
        spot=hand.spot(3),
        pieces=4,
        hang_from=hand.day(-5),
        hang_to=hand.day(-12),
    )
    chief = hand.person("service_chief")
    reason = "只在围墙内侧张挂，凭位置图和样稿可以判断"
    hand.does(uid, "decide_on_papers", chief, hand.when(3, 10), reason)
    hand.does(
        uid,
        "grant",
        chief,
        hand.when(2, 16),
        grant_content="在申请的地点张挂横幅四件，期满自行清除",
        valid_from=hand.day(-5),
        valid_to=hand.day(-12),
    )


def expiring_certificate(hand: Hand) -> None:
    """应急管理办一人的执法证二十天后到期，等换证。"""
    hand.opens(
        "enforcement.certificate",
        "issue",
        hand.person("certificate_keeper"),
        hand.when(55),
        holder=str(hand.person("unit_clerk", unit="emergency").pk),
        kind="行政执法证",
        number="YQ-ZF-0901",
        issuer="临江区司法局",
        valid_from=hand.day(1800),
        valid_to=hand.day(-20),
        reviewed_on=hand.day(90),
    )


# ---- 各件共有的步骤 ----


def _clue(hand: Hand, days: int, community: int, text: str, source: str, shot: str) -> str:
    when = hand.when(days, 9)
    return hand.opens(
        PENALTY,
        "register",
        hand.person("enforcement_officer"),
        when,
        clue_text=text,
        clue_source=source,
        spot=hand.spot(community),
        clue_photos=[hand.photo(shot, when)],
    )


def _filed(hand: Hand, uid: str, days: int, party: dict[str, str], cause: str, why: str, **more: Any) -> None:
    hand.does(
        uid,
        "propose",
        hand.person("enforcement_officer"),
        hand.when(days, 10),
        parties=[party],
        party_kind="法人或其他组织",
        age_band="不适用",
        cause=cause,
        handlers=hand.ids("enforcement_officer"),
        jurisdiction="违法行为发生在本街道，属权责清单内事项，没有其他机关立案",
        filing_opinion=f"{why}，符合立案标准，建议立案",
        **more,
    )
    hand.does(uid, "file", hand.person("office_head"), hand.when(days, 15))


def _inspected(hand: Hand, uid: str, days: int, text: str) -> None:
    when = hand.when(days, 10)
    hand.does(
        uid,
        "inspect",
        hand.person("enforcement_officer"),
        hand.when(days, 11),
        shown_certificate=True,
        inspect_at=when.isoformat(),
        inspect_text=text,
        inspect_photos=[hand.photo("检查现场", when)],
        on_site="负责人在场，已签字",
    )


def _reported(hand: Hand, uid: str, days: int, **more: Any) -> None:
    kinds = {"kind": "勘验笔录和现场笔录", "checked": True}
    hand.does(
        uid,
        "report",
        hand.person("enforcement_officer"),
        hand.when(days),
        evidence=[{"name": "现场检查笔录和照片", "proves": "违法事实", **kinds}],
        gravity="一般",
        review_ground="不属于",
        hearing_ground="不属于",
        departs=False,
        pro_warn=False,
        pro_seize=False,
        pro_licence=False,
        pro_close=False,
        **more,
    )


def _served(hand: Hand, uid: str, doc: str, days: int) -> None:
    when = hand.when(days, 15)
    given: dict[str, Any] = {
        "way": "直接送达",
        "on": hand.day(days),
        "receipt": [hand.photo("送达回证", when)],
    }
    inputs: dict[str, Any] = {f"{doc}_{name}": value for name, value in given.items()}
    hand.does(uid, f"serve_{doc}", hand.person("enforcement_officer", 1), when, **inputs)


def _accepted(hand: Hand, matter: str, days: int, applicant: str, **inputs: Any) -> str:
    """材料齐全的许可申请，收下就受理。"""
    when = hand.when(days, 9)
    uid = _received(
        hand,
        matter,
        days,
        applicant,
        material_application=[hand.photo("申请表", when)],
        material_design=[hand.photo("图样", when)],
        materials_state=[{"material": "identity", "state": "已核原件"}],
        **inputs,
    )
    hand.does(uid, "accept", hand.person("window_clerk"), hand.when(days, 10))
    return uid


def _received(hand: Hand, matter: str, days: int, applicant: str, **inputs: Any) -> str:
    who = {"name": applicant, "phone": f"1390000{2000 + days}"}
    return hand.opens(
        matter, "receive", hand.person("window_clerk"), hand.when(days, 9), applicant=who, **inputs
    )
