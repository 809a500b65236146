"""单位、岗位、人员、派单表。单位职责按街道通行的设置虚构，不对应任何真实街道。"""

from __future__ import annotations

import random
from collections.abc import Sequence

from jiezhi.base.accounts.posts import STANDARD_POSTS
from jiezhi.demo.names import PEOPLE
from jiezhi.demo.plan import AreaPlan, DispatchRule, OfficerPlan, PostingPlan, PostPlan, UnitPlan

# 叫法与随系统安装的岗位一致：人在页面上、命令行里看到的是同一个名称。
POSTS = tuple(
    PostPlan(code, STANDARD_POSTS[code].title)
    for code in (
        "leader",
        "supervisor",
        "dispatcher",
        "hotline_clerk",
        "callback",
        "unit_chief",
        "unit_clerk",
        "community_lead",
        "grid_worker",
        "archivist",
        "office_head",
        "deputy_head",
        "enforcement_officer",
        "enforcement_chief",
        "legal_reviewer",
        "hearing_host",
        "window_clerk",
        "service_chief",
        "publisher",
        "power_keeper",
        "certificate_keeper",
        "evidence_keeper",
        "finance_clerk",
        "admin",
    )
)

# 代码、全称、简称、职责
_OFFICES = (
    ("party_office", "党政综合办公室", "党政综合办", "综合协调、网络问政、热线分拨、督办、档案"),
    ("enforcement", "综合行政执法队", "综合行政执法队", "市容、违建、占道、噪声等行政执法"),
    ("law_safety", "平安法治办公室", "平安法治办", "信访、调解、法制审核、综治"),
    ("public_service", "公共服务办公室", "公共服务办", "劳动、民政、卫生、文体"),
    ("construction", "城市建设和管理办公室", "城市建设和管理办", "物业、房屋、环卫、绿化、市政设施"),
    ("emergency", "应急管理办公室", "应急管理办", "安全生产、消防、三防、值班"),
    ("economy", "经济发展办公室", "经济发展办", "企业服务、统计、商贸"),
    ("grid_centre", "网格管理中心", "网格管理中心", "网格巡查、出租屋、信息采集、系统运行"),
)
_OUTSIDE = (
    ("out_urban", "临江区城市管理和综合执法局", "区城管局"),
    ("out_housing", "临江区住房和建设局", "区住建局"),
    ("out_education", "临江区教育局", "区教育局"),
    ("out_market", "临江区市场监督管理局", "区市场监管局"),
    ("out_health", "临江区卫生健康局", "区卫健局"),
    ("out_labour", "临江区人力资源局", "区人力资源局"),
    ("out_transport", "临江区交通运输局", "区交通运输局"),
    ("out_water", "临江区水务局", "区水务局"),
    ("out_ecology", "临江区生态环境局", "区生态环境局"),
    ("out_industry", "临江区工业和信息化局", "区工信局"),
    ("out_traffic", "临江公安分局交通警察大队", "临江交警大队"),
    ("out_police", "临江公安分局云桥派出所", "云桥派出所"),
)
_CHIEF_TITLES = {"party_office": "主任", "enforcement": "队长", "grid_centre": "主任"}

# 科室里各人另外任的岗位：负责人、第一人、第二人。
_DUTIES: dict[str, tuple[tuple[str, ...], ...]] = {
    "party_office": ((), ("publisher",), ("certificate_keeper",)),
    "enforcement": (("enforcement_chief",), ("enforcement_officer",), ("enforcement_officer",)),
    "law_safety": ((), ("legal_reviewer",), ("hearing_host",)),
    "public_service": (("service_chief",), ("window_clerk",), ("window_clerk",)),
    "construction": ((), ("evidence_keeper",), ()),
    "economy": ((), ("finance_clerk",), ()),
}
_NONE: tuple[tuple[str, ...], ...] = ((), (), ())

_RULES = """
城乡建设 市容环境 enforcement
城乡建设 占道经营 enforcement
城乡建设 违法建设 enforcement
城乡建设 户外广告 enforcement
城乡建设 环境卫生 construction
城乡建设 物业管理 construction
城乡建设 房屋安全 construction
城乡建设 绿化养护 construction
城乡建设 加装电梯 construction
城乡建设 市政设施 out_urban
城乡建设 供水供气 out_housing
城乡建设 施工管理 out_housing
城乡建设 内涝排水 out_water
环境保护 噪声扰民 enforcement
环境保护 油烟异味 enforcement
环境保护 施工扬尘 out_housing
环境保护 水体污染 out_ecology
环境保护 工业废气 out_ecology
交通运输 道路交通 out_traffic
交通运输 公交出行 out_transport
交通运输 停车秩序 enforcement
交通运输 共享单车 construction
劳动和社会保障 拖欠工资 public_service
劳动和社会保障 就业创业 public_service
劳动和社会保障 社会保险 out_labour
教育文体 学校管理 out_education
教育文体 校外培训 out_education
教育文体 文体设施 public_service
卫生计生 医疗服务 out_health
卫生计生 病媒防制 public_service
卫生计生 食品安全 out_market
商贸旅游 消费纠纷 out_market
商贸旅游 特种设备 out_market
商贸旅游 企业服务 economy
民政救助 社会救助 public_service
民政救助 养老助残 public_service
应急安全 消防安全 emergency
应急安全 电动车充电 emergency
应急安全 三防隐患 emergency
应急安全 安全生产 emergency
政法平安 矛盾调解 law_safety
政法平安 出租屋管理 grid_centre
政法平安 治安防范 out_police
信息通信 通信设施 out_industry
党务政务 意见建议 party_office
党务政务 工作作风 party_office
"""
# 由所在社区工作站先办的小类，每个社区一行
_COMMUNITY_RULES = (("政法平安", "邻里纠纷"), ("城乡建设", "楼道杂物"))


def build_units(street: AreaPlan, communities: Sequence[AreaPlan]) -> tuple[UnitPlan, ...]:
    """街道本级、八个科室、每个社区一个工作站，以及区级和驻地单位。"""
    root = UnitPlan("street", f"{street.name}办事处", street.name, "street", duties="统筹全街道工作")
    offices = [UnitPlan(c, n, s, "inside", root.code, duties=d) for c, n, s, d in _OFFICES]
    stations = [
        UnitPlan(
            f"station_{number}",
            f"{community.name}工作站",
            f"{community.name}工作站",
            "community",
            root.code,
            community.code,
            "社区事务、邻里调解、网格走访",
        )
        for number, community in enumerate(communities, start=1)
    ]
    outside = [UnitPlan(c, n, s, "outside") for c, n, s in _OUTSIDE]
    return (root, *offices, *stations, *outside)


def build_dispatch(units: Sequence[UnitPlan]) -> tuple[DispatchRule, ...]:
    """派单表：先全街道的行，再分社区的行。"""
    rules = [DispatchRule(*line.split()) for line in _RULES.strip().splitlines()]
    for category, subcategory in _COMMUNITY_RULES:
        rules += [
            DispatchRule(category, subcategory, unit.code, unit.community)
            for unit in units
            if unit.kind == "community"
        ]
    return tuple(rules)


def build_officers(
    rng: random.Random,
    street: AreaPlan,
    communities: Sequence[AreaPlan],
    grids: Sequence[AreaPlan],
    units: Sequence[UnitPlan],
    total: int,
) -> tuple[OfficerPlan, ...]:
    """领导 3 人，党政综合办 7 人，其余七个科室各 3 人，每个社区负责人 1 人；余下的人都做网格员。"""
    team = _Team(rng, street)
    team.add("党工委书记", "street", ("leader",))
    team.add("办事处主任", "street", ("leader", "office_head"))
    team.add("办事处副主任", "street", ("leader", "deputy_head"))
    for unit in units:
        if unit.kind != "inside":
            continue
        chief, first, second = _DUTIES.get(unit.code, _NONE)
        team.add(f"{unit.short}{_CHIEF_TITLES.get(unit.code, '主任')}", unit.code, ("unit_chief", *chief))
        if unit.code == "party_office":
            team.add("四级主任科员", unit.code, ("dispatcher", "unit_clerk", *first))
            team.add("一级科员", unit.code, ("dispatcher", "unit_clerk", *second))
            team.add("热线专员", unit.code, ("hotline_clerk",), contract=True)
            team.add("热线专员兼档案员", unit.code, ("hotline_clerk", "archivist"), contract=True)
            team.add("回访专员", unit.code, ("callback",), contract=True)
            team.add("三级主任科员", unit.code, ("supervisor", "power_keeper"))
        elif unit.code == "grid_centre":
            team.add("职员", unit.code, ("unit_clerk",))
            team.add("系统管理员", unit.code, ("unit_clerk", "admin"))
        else:
            word = "执法队员" if unit.code == "enforcement" else "科员"
            team.add(f"一级{word}", unit.code, ("unit_clerk", *first))
            team.add(f"二级{word}", unit.code, ("unit_clerk", *second))
    stations = [unit for unit in units if unit.kind == "community"]
    # 先扣掉每个社区一名负责人，剩下的均分
    spare = total - len(team.officers) - len(stations)
    for number, (unit, community) in enumerate(zip(stations, communities, strict=True)):
        scope = (community.code,)
        team.add("社区党委书记、工作站站长", unit.code, ("community_lead", "unit_chief"), scope)
        beats = [grid.code for grid in grids if grid.parent == community.code]
        people = spare // len(stations) + (number < spare % len(stations))
        shares = _share(beats, people)
        for place, share in enumerate(shares):
            if place < 2:  # 每站两名专职工作者，兼做经办
                team.add("社区专职工作者", unit.code, ("grid_worker", "unit_clerk"), scope, share)
            else:
                team.add("网格员", unit.code, ("grid_worker",), scope, share, contract=True)
    return tuple(team.officers)


def _share(beats: Sequence[str], people: int) -> list[tuple[str, ...]]:
    """把网格按编号次序分给若干人，人少时前面的人多管一个。"""
    each, more = divmod(len(beats), people)
    shares, start = [], 0
    for person in range(people):
        size = each + (person < more)
        shares.append(tuple(beats[start : start + size]))
        start += size
    return shares


class _Team:
    def __init__(self, rng: random.Random, street: AreaPlan) -> None:
        people = list(PEOPLE)
        rng.shuffle(people)
        self._people = iter(people)
        self._street = street
        self.officers: list[OfficerPlan] = []

    def add(
        self,
        title: str,
        unit: str,
        posts: tuple[str, ...],
        scope: tuple[str, ...] = (),
        grids: tuple[str, ...] = (),
        contract: bool = False,
    ) -> None:
        """添一人。`scope` 为空表示全街道；网格员岗只管 `grids`。"""
        name, login = next(self._people)
        scope = scope or (self._street.code,)
        certificate = f"YQ-ZF-{len(self.officers):04d}" if unit == "enforcement" else ""
        postings = tuple(PostingPlan(p, unit, grids if p == "grid_worker" else scope) for p in posts)
        self.officers.append(OfficerPlan(login, name, title, unit, contract, certificate, postings))
