"""街道上的人、地、物：办事的人各有快慢，居民、店家是虚构的，照片画好了反复用。"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.actions import import_actor
from jiezhi.core.procedure.view import Actor
from jiezhi.demo.plan import BuildingPlan, StreetPlan
from jiezhi.demo.year.rhythm import Year
from jiezhi.demo.year.words import Words, words
from jiezhi.services.discretion import queries as discretion

RESIDENTS = 9_000
"""虚构的居民有这么多：姓名跟着电话走，同一个号码总是同一个人。"""

# 各类诉求平常占多少；没有列出的占 1。
_COMMON = {
    "环境保护/噪声扰民": 9.0, "城乡建设/占道经营": 7.0, "城乡建设/环境卫生": 7.0, "城乡建设/物业管理": 7.0, "交通运输/停车秩序": 7.0,
    "城乡建设/市政设施": 4.0, "政法平安/邻里纠纷": 4.0, "应急安全/电动车充电": 4.0, "城乡建设/市容环境": 3.5, "城乡建设/违法建设": 3.5,
    "环境保护/油烟异味": 3.0, "应急安全/消防安全": 3.0, "劳动和社会保障/拖欠工资": 2.5, "城乡建设/楼道杂物": 2.5, "城乡建设/绿化养护": 2.0,
    "商贸旅游/消费纠纷": 2.0, "卫生计生/食品安全": 1.8, "环境保护/施工扬尘": 1.5, "交通运输/道路交通": 1.5, "城乡建设/房屋安全": 1.5,
    "环境保护/水体污染": 0.4, "环境保护/工业废气": 0.4, "商贸旅游/特种设备": 0.6, "城乡建设/加装电梯": 0.6,
}  # fmt: skip


_NEXT = {
    "construction": "enforcement", "emergency": "enforcement", "public_service": "law_safety", "law_safety": "public_service",
    "grid_centre": "law_safety", "economy": "public_service", "party_office": "public_service", "street": "construction",
}  # fmt: skip


@dataclass(frozen=True)
class HotSpot:
    """热点：同一地点反复有人反映同一件事。"""

    building: BuildingPlan
    category: str
    theme: str
    weight: float


@dataclass(frozen=True)
class Trouble:
    """一条诉求发生在哪里、是哪一类、哪种事（空为不限）。"""

    building: BuildingPlan
    category: str
    theme: str = ""


class Town:
    """演示街道这一年的样子。`shots` 是画好存好的照片：用途 → 摘要。"""

    def __init__(self, plan: StreetPlan, year: Year, rng: random.Random, shots: dict[str, list[str]]) -> None:
        self.plan, self.year, self.shots = plan, year, shots
        self.words: Words = words()
        self._officers = {one.login: one for one in Officer.objects.all()}
        self._units = {unit.code: unit.short for unit in plan.units}
        self._outside = {unit.code for unit in plan.units if unit.kind == "outside"}
        self._benchmarks_from = max(row.in_force for row in discretion.benchmark_rows())
        self._places: dict[str, list[BuildingPlan]] = defaultdict(list)
        for building in plan.buildings:
            self._places[building.setting + building.kind].append(building)
        # 多数人按时，有人快，有两成总是慢。
        self.pace = {
            officer.pk: rng.lognormvariate(0, 0.3) * (2.4 if rng.random() < 0.2 else 1.0)
            for _, officer in sorted(self._officers.items())
        }
        self.hot = [self._hot(rng) for _ in range(12)]

    # ---- 工作人员 ----

    def person(self, post: str, unit: str = "", nth: int = 0) -> Officer:
        """任某岗的第几个人。"""
        return self._officers[self.plan.holders(post, unit)[nth].login]

    def one(self, rng: random.Random, post: str, unit: str = "") -> Officer:
        """任某岗的随便哪一个。"""
        return self._officers[rng.choice(self.plan.holders(post, unit)).login]

    def keeper(self, building: BuildingPlan) -> Officer:
        """管这栋楼的网格员。"""
        return self._officers[self.plan.keepers(building.grid)[0].login]

    def lead(self, building: BuildingPlan) -> Officer:
        """这个社区的负责人。"""
        number = int(building.community[-3:])
        return self.person("community_lead", f"station_{number}")

    def importer(self, rng: random.Random) -> Actor:
        """导入来表的热线专员。"""
        return import_actor(self.one(rng, "hotline_clerk"))

    def handlers(self) -> list[str]:
        """两名持证的执法人员，填在人员栏里。"""
        return [str(self.person("enforcement_officer", nth=n).pk) for n in (0, 1)]

    def weighable(self, moment: datetime) -> bool:
        """那天有没有裁量基准：没有的不能当场处罚。"""
        return moment.date() >= self._benchmarks_from

    # ---- 单位 ----

    def unit_for(self, category: str, building: BuildingPlan) -> str:
        """按派单表由谁办。"""
        kind, _, part = category.partition("/")
        return self.plan.unit_for(kind, part, building.community) or "party_office"

    def outside(self, unit: str) -> bool:
        """是不是区级、驻地单位。"""
        return unit in self._outside

    def short(self, unit: str) -> str:
        """单位的简称。"""
        return self._units[unit]

    def other_unit(self, unit: str) -> str:
        """派错了的，多半是另一个科室的事。"""
        return _NEXT.get(unit, "construction")

    # ---- 居民、店家、地方 ----

    def resident(self, rng: random.Random) -> dict[str, str]:
        """一个居民：姓名、电话。"""
        number = rng.randrange(RESIDENTS)
        own = random.Random(f"resident:{number}")
        voices = self.words.voices
        name = own.choice(voices["surnames"]) + own.choice(voices["given"])
        return {"name": name, "phone": f"1390000{number:04}"}

    def firm(self, rng: random.Random, building: BuildingPlan) -> dict[str, str]:
        """一户店家：名称、电话、地址。"""
        number = rng.randrange(900)
        own = random.Random(f"firm:{number}")
        voices = self.words.voices
        name = "云桥" + own.choice(voices["firm_words"]) + own.choice(voices["firm_trades"])
        return {"name": name, "phone": f"1390001{number:04}", "address": f"{building.address}旁门店"}

    def party(self, rng: random.Random, kind: str, building: BuildingPlan) -> dict[str, str]:
        """一个当事人。"""
        return self.resident(rng) if kind == "自然人" else self.firm(rng, building)

    def somewhere(self, rng: random.Random, *where: str) -> BuildingPlan:
        """这样的地方里随便一处（环境＋场所种类，如 沿街商铺）；不写是哪里都行。"""
        found = [one for kind in where for one in self._places.get(kind, ())]
        return rng.choice(found or self.plan.buildings)

    def spot(self, building: BuildingPlan) -> dict[str, str]:
        """地点栏怎么填。"""
        return {"address": building.label, "lon": str(building.lon), "lat": str(building.lat)}

    def trouble(self, rng: random.Random, moment: datetime) -> Trouble:
        """这一刻来的一条诉求：是哪一类、在哪里。热点占一成多。"""
        raining = moment.date() in self.year.rain
        if rng.random() < (0.05 if raining else 0.14):
            found = rng.choices(
                self.hot, [one.weight * self.year.favour(one.category, moment) for one in self.hot]
            )[0]
            return Trouble(found.building, found.category, found.theme)
        names = list(self.words.topics)
        weights = [_COMMON.get(name, 1.0) * self.year.favour(name, moment) for name in names]
        category = rng.choices(names, weights)[0]
        return Trouble(self.somewhere(rng, *self.words.topics[category]["at"]), category)

    def photo(self, rng: random.Random, kind: str, count: int = 1) -> list[str]:
        """几张照片的摘要：before 处理前、after 处理后、paper 回证和材料、scene 现场。"""
        return rng.sample(self.shots[kind], count)

    def _hot(self, rng: random.Random) -> HotSpot:
        names = [
            "环境保护/噪声扰民",
            "城乡建设/占道经营",
            "城乡建设/环境卫生",
            "交通运输/停车秩序",
            "城乡建设/物业管理",
            "城乡建设/内涝排水",
        ]
        category = rng.choice(names)
        themes = [one.split("~")[0] for one in self.words.topics[category]["facts"]]
        building = self.somewhere(rng, *self.words.topics[category]["at"])
        return HotSpot(building, category, rng.choice(themes), rng.uniform(0.5, 3))
