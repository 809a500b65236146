"""测试用：一个无证办园的案件，从线索到决定一步步怎样办（用科室的话；`desk` 是情景测试的办公桌）。"""

from __future__ import annotations

from typing import Any

from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.core.procedure.view import Actor

PARTY = Actor("party")
SCHOOL = {"name": "云桥小星星托育有限公司", "phone": "13700137000", "address": "云桥路66号"}
NEIGHBOUR = {"name": "贺某某", "phone": "13700137009", "address": "云桥路88号2栋"}
FACTS = "当事人没有取得办园许可，自二〇二六年三月起擅自举办民办幼儿园，在园幼儿二十二人，收取保教费四万元"
KINDERGARTEN = {
    "责令限期改正后逾期未改正": "是",
    "在园幼儿": "十人以上不足三十人",
    "场所有安全隐患": "否",
    "查处前已自行停办并妥善安置幼儿": "否",
}
EVIDENCE = [
    {"name": "现场检查笔录", "kind": "勘验笔录和现场笔录", "proves": "有二十二名幼儿在园", "checked": True},
    {"name": "收费记录", "kind": "书证", "proves": "收取保教费四万元", "checked": True},
]

HELD = {
    "参加人和代理人": "当事人负责人，委托代理人一人",
    "听证笔录": "承办人陈述事实和证据；当事人申辩；双方质证辩论；最后陈述",
    "听证报告": "事实清楚，建议维持拟处罚意见",
}


class Team:
    """办一个处罚案件的人。"""

    def __init__(self, desk: Any) -> None:
        self.one, self.two = (desk.person("enforcement_officer", nth=n) for n in (0, 1))
        self.chief = desk.person("enforcement_chief")
        self.head = desk.person("office_head")
        self.legal = desk.person("legal_reviewer")
        self.host = desk.person("hearing_host")
        self.finance = desk.person("finance_clerk")
        self.archivist = desk.person("archivist")
        self.publisher = desk.person("publisher")


def clue(desk: Any, team: Team) -> Case:
    """巡查发现一条线索。"""
    building = desk.building()
    inputs = {
        "clue_text": "沿街商铺二楼疑似无证办幼儿园",
        "clue_source": "日常巡查",
        "spot": {"lon": str(building.lon), "lat": str(building.lat), "address": "云桥路66号"},
        "clue_photos": [desk.photo()],
    }
    result = actions.open_case(
        "enforcement.penalty", "register", inputs=inputs, now=desk.now, acting_officer=team.one
    )
    assert isinstance(result, Outcome), str(result)
    return Case.objects.get(uid=result.uid)


def proposal(team: Team, **more: Any) -> dict[str, Any]:
    """提请立案填的内容。"""
    return {
        "当事人": [SCHOOL],
        "当事人种类": "法人或其他组织",
        "年龄段": "不适用",
        "案由": "CF-056",
        "违法行为日": "2026-07-20",
        "危害后果涉及健康安全金融": False,
        "承办人员": [str(team.one.pk), str(team.two.pk)],
        "管辖审查意见": "违法行为发生在本街道，属职权目录内事项，没有其他机关立案",
        "立案建议": "涉嫌擅自举办民办幼儿园，建议立案",
    } | more


def filed(desk: Any, team: Team, **more: Any) -> Case:
    """批准立案。"""
    case = clue(desk, team)
    desk.does(case, team.one, "提请立案", **proposal(team, **more))
    return desk.does(case, team.head, "批准立案")


def inspected(desk: Any, team: Team, case: Case) -> Case:
    """现场检查。"""
    return desk.does(case, team.one, "现场检查", **site(desk))


def site(desk: Any, **more: Any) -> dict[str, Any]:
    """现场检查填的内容。"""
    return {
        "已出示执法证件": True,
        "检查时间": desk.now.isoformat(),
        "现场情况": "二楼设四间活动室，有幼儿二十二人",
        "现场照片": [desk.photo()],
        "在场人和签字情况": "负责人在场，已签字",
    } | more


def findings(**more: Any) -> dict[str, Any]:
    """调查终结填的内容。"""
    return {
        "违法事实": FACTS,
        "证据清单": EVIDENCE,
        "情节": "一般",
        "法制审核情形": "不属于",
        "听证情形": "较大数额罚款",
        "裁量情形": KINDERGARTEN,
        "违法所得": 4_000_000,
        "拟罚款金额": 12_000_000,
        "拟处罚内容": "没收违法所得四万元，并处罚款",
        **kinds("拟", 没收=True),
        "偏离裁量基准": False,
    } | more


def kinds(prefix: str = "", **chosen: bool) -> dict[str, Any]:
    """勾选处罚种类；`prefix` 写“拟”是告知的。"""
    names = ("警告或通报批评", "没收", "暂扣吊销许可或降低资质", "停产停业关闭或限制从业")
    return {f"{prefix}{name}": chosen.get(name, False) for name in names}


def reported(desk: Any, team: Team, **more: Any) -> Case:
    """调查终结。"""
    case = inspected(desk, team, filed(desk, team))
    return desk.does(case, team.one, "调查终结", **findings(**more))


def served(desk: Any, team: Team, case: Case, paper: str = "事先告知书") -> Case:
    """当面送达。"""
    return desk.does(case, team.two, f"送达{paper}", **delivery(desk, paper))


def delivery(desk: Any, paper: str, **more: Any) -> dict[str, Any]:
    """当面送达填的内容。"""
    return {
        f"{paper}送达方式": "直接送达",
        f"{paper}送达日期": desk.now.date().isoformat(),
        f"{paper}送达回证等材料": [desk.photo()],
    } | more


def informed(desk: Any, team: Team, **more: Any) -> Case:
    """告知书送达了。"""
    case = reported(desk, team, **more)
    desk.does(case, team.chief, "批准告知")
    return served(desk, team, case)


def deciding(desk: Any, team: Team, **more: Any) -> Case:
    """期满没有申辩，等负责人决定（情节一般、不用审核）。"""
    case = informed(desk, team, **{"听证情形": "不属于", "拟罚款金额": 9_000_000} | more)
    desk.later(days=9)
    return desk.does(case, team.one, "没有申辩，转办")


def decision(desk: Any, **more: Any) -> dict[str, Any]:
    """处罚决定填的内容。"""
    return {
        "决定日期": desk.now.date().isoformat(),
        "罚款金额": 9_000_000,
        "处罚内容": "没收违法所得四万元，并处罚款",
        **kinds(没收=True),
        "责令改正": "立即停止办园，妥善安置在园幼儿",
        "代收机构名称和地址": "云桥农商行云桥路支行",
    } | more


def performing(desk: Any, team: Team) -> Case:
    """九万元罚款的决定送达了。"""
    case = deciding(desk, team)
    desk.does(case, team.head, "作出处罚决定", **decision(desk))
    return served(desk, team, case, "处罚决定书")


def hearing(day: str, host: Any) -> dict[str, Any]:
    """听证通知填的内容。"""
    return {
        "听证日期": day,
        "听证时间和地点": f"{day} 上午九时，街道办三楼会议室",
        "是否公开举行": "公开举行",
        "听证主持人": str(host.pk),
    }
