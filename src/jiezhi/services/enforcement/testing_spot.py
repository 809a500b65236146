"""测试用：一起当场处罚（随意倾倒生活垃圾）从路边检查到交付决定书怎样办；`desk` 是情景测试的办公桌。"""

from __future__ import annotations

from typing import Any

from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome

ADULT = {
    "name": "何小川",
    "identifier": "440300199003077011",
    "identifier_kind": "身份证",
    "phone": "13900139001",
}
RUBBISH = {
    "垃圾种类": "其他垃圾或可回收物",
    "经责令改正拒不改正": "否",
    "一年内因同类行为受过的处罚次数": "0",
}


def inspected(desk: Any, team: list[Any], **more: Any) -> Case:
    """路边查到一起乱扔垃圾，亮证检查。"""
    building = desk.building()
    inputs = {
        "act": "随意倾倒生活垃圾",
        "spot": {"lon": str(building.lon), "lat": str(building.lat), "address": "云桥路18号门前"},
        "parties": [ADULT],
        "party_kind": "自然人",
        "age_band": "成年人",
        "cause": "CF-066-2",
        "act_on": desk.now.date().isoformat(),
        "facts": "把两袋生活垃圾扔在人行道上，没有投进收集点",
        "photos": [desk.photo()],
        "handlers": [str(one.pk) for one in team],
        "shown_certificate": True,
        "factors": RUBBISH,
    } | more
    result = actions.open_case(
        "enforcement.spot", "inspect", inputs=inputs, now=desk.now, acting_officer=team[0]
    )
    assert isinstance(result, Outcome), str(result)
    return Case.objects.get(uid=result.uid)


def told(desk: Any, case: Case, officer: Any, yuan: int = 150) -> Case:
    """告知拟罚多少，听取陈述申辩。"""
    return desk.does(
        case,
        officer,
        "告知并听取陈述申辩",
        已告知内容事实理由依据和权利=True,
        拟罚款金额=yuan * 100,
        陈述申辩="没有意见",
    )


def decide(yuan: int = 150, **more: Any) -> dict[str, Any]:
    """当场处罚决定填的内容；零元是警告。"""
    kind = "罚款" if yuan else "警告"
    return {
        "处罚种类": kind,
        "罚款金额": yuan * 100,
        "责令改正": "当场清理干净，已清理",
        "代收机构名称和地址": "云桥农商行云桥路支行",
    } | more


def delivered(desk: Any, team: list[Any], yuan: int = 150) -> Case:
    """当场决定罚款，交付了决定书，报了备。"""
    case = told(desk, inspected(desk, team), team[0], yuan)
    desk.does(case, team[0], "当场作出处罚决定", **decide(yuan))
    desk.does(case, team[0], "当场交付决定书", 当事人签收="当事人签收", 交付决定书的照片=[desk.photo()])
    return desk.does(case, team[1], "报所属机关备案")
