"""给每个网格安排楼栋和门牌。"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from shapely.geometry.base import BaseGeometry

from jiezhi.demo.geometry import scatter
from jiezhi.demo.names import NEIGHBOURHOODS, Neighbourhood
from jiezhi.demo.plan import AreaPlan, BuildingPlan

_DIGITS = "零一二三四五六七八九十"
_CIVIC = (
    ("{school}", "学校"),
    ("{park}", "公园"),
    ("{name}社区工作站", "公共服务"),
    ("{name}社区健康服务中心", "医疗"),
    ("{name}农贸市场", "市场"),
    ("{name}幼儿园", "学校"),
    ("{name}公交首末站", "交通设施"),
    ("{name}长者服务站", "公共服务"),
)


def door_code(district: str, serial: int) -> str:
    """12 位门牌编码：6 位区码 + 5 位流水 + 1 位 Luhn 校验位，抄错一位即可发现。"""
    body = f"{district}{50_000 + serial:05d}"
    return body + str(luhn_digit(body))


def luhn_digit(body: str) -> int:
    """Luhn 校验位（ISO/IEC 7812-1 附录 B）。"""
    total = 0
    for place, char in enumerate(reversed(body)):
        value = int(char) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


def place_buildings(
    rng: random.Random,
    district: str,
    grids: Sequence[tuple[AreaPlan, BaseGeometry]],
    per_community: int,
    total: int,
) -> tuple[BuildingPlan, ...]:
    """把 `total` 栋楼分到各网格（每格相差不超过一栋），起好门牌。"""
    few, extra = divmod(total, len(grids))
    larger = set(rng.sample(range(len(grids)), extra))
    namer = _Namer(rng)
    found: list[BuildingPlan] = []
    for position, (grid, shape) in enumerate(grids):
        hood = NEIGHBOURHOODS[position // per_community]
        theme = hood.themes[position % per_community]
        points = scatter(rng, shape, few + (position in larger), margin=12.0, apart=22.0)
        rows = namer.rows(hood, theme, len(points))
        for (lon, lat), (address, name, kind, setting) in zip(points, rows, strict=True):
            code = door_code(district, len(found) + 1)
            found.append(BuildingPlan(code, address, name, kind, setting, grid.parent, grid.code, lon, lat))
    return tuple(found)


Row = tuple[str, str, str, str]


class _Namer:
    """依次发放门牌，保证全街道不重号。"""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._road_numbers: Counter[str] = Counter()
        self._lanes: Counter[str] = Counter()
        self._estates: Counter[str] = Counter()
        self._blocks: Counter[str] = Counter()
        self._roads: Counter[str] = Counter()

    def rows(self, hood: Neighbourhood, theme: str, count: int) -> list[Row]:
        makers = {
            "estate": self._estate,
            "road": self._road,
            "village": self._village,
            "civic": self._civic,
            "office": self._office,
            "factory": self._factory,
            "site": self._site,
        }
        return makers[theme](hood, count)

    def _number(self, road: str) -> str:
        self._road_numbers[road] += self._rng.choice((1, 2, 2, 3, 4))
        return f"{road}{self._road_numbers[road]}号"

    def _next_road(self, hood: Neighbourhood) -> str:
        self._roads[hood.name] += 1
        return hood.roads[self._roads[hood.name] % len(hood.roads)]

    def _estate(self, hood: Neighbourhood, count: int) -> list[Row]:
        estate = hood.estates[self._estates[hood.name] % len(hood.estates)]
        self._estates[hood.name] += 1
        rows = []
        for _ in range(count - 1):
            self._blocks[estate] += 1
            rows.append((f"{estate}{self._blocks[estate]}栋", "", "住宅", "小区"))
        self._blocks[estate + "铺"] += 1
        shop = f"{estate}底商{100 + self._blocks[estate + '铺']}号铺"
        return [*rows, (shop, "", "商铺", "小区")]

    def _road(self, hood: Neighbourhood, count: int) -> list[Row]:
        road = self._next_road(hood)
        kinds = ("商铺", "住宅", "商铺", "住宅", "写字楼", "商铺", "住宅", "商铺")
        return [(self._number(road), "", kinds[i % len(kinds)], "沿街") for i in range(count)]

    def _village(self, hood: Neighbourhood, count: int) -> list[Row]:
        rows = []
        self._lanes[hood.village] += 1
        for i in range(count):
            if i == count // 2:
                self._lanes[hood.village] += 1
            lane = f"{hood.village}{_chinese(self._lanes[hood.village])}巷"
            kind = "商铺" if i % 4 == 3 else "住宅"
            rows.append((self._number(lane), "", kind, "城中村"))
        return rows

    def _civic(self, hood: Neighbourhood, count: int) -> list[Row]:
        rows: list[Row] = []
        for i in range(count):
            name, kind = _CIVIC[i % len(_CIVIC)]
            shown = name.format(name=hood.name, school=hood.school, park=hood.park)
            rows.append((self._number(hood.roads[0]), shown, kind, "沿街"))
        return rows

    def _office(self, hood: Neighbourhood, count: int) -> list[Row]:
        rows: list[Row] = []
        for i in range(count):
            self._blocks[hood.name + "中心"] += 1
            tower = f"{hood.name}中心{chr(64 + self._blocks[hood.name + '中心'])}座"
            kind = "商铺" if i % 3 == 2 else "写字楼"
            rows.append((self._number(hood.roads[-1]), tower, kind, "沿街"))
        return rows

    def _factory(self, hood: Neighbourhood, count: int) -> list[Row]:
        rows: list[Row] = []
        for i in range(count):
            self._blocks[hood.name + "工业园"] += 1
            block = self._blocks[hood.name + "工业园"]
            kind = "宿舍" if i % 4 == 3 else "厂房"
            rows.append((f"{hood.name}工业园{block}栋", "", kind, "园区"))
        return rows

    def _site(self, hood: Neighbourhood, count: int) -> list[Row]:
        """两块工地，其余是周边的房子。"""
        road = hood.roads[-1]
        sites: list[Row] = [
            (self._number(road), f"{hood.name}学校扩建工地", "工地", "沿街"),
            (self._number(road), f"{hood.name}人才房项目工地", "工地", "沿街"),
        ]
        return [*sites, *self._road(hood, count - len(sites))]


def _chinese(number: int) -> str:
    return _DIGITS[number] if number <= 10 else f"十{_DIGITS[number - 10]}"
