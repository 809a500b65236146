"""虚构的临江区云桥街道，供演示、试用和测试。不碰数据库；同一种子总得到同一街道。"""

from __future__ import annotations

import json
import random

import shapely
from shapely.geometry.base import BaseGeometry

from jiezhi.demo.buildings import place_buildings
from jiezhi.demo.geometry import tile
from jiezhi.demo.names import NEIGHBOURHOODS
from jiezhi.demo.organisation import POSTS, build_dispatch, build_officers, build_units
from jiezhi.demo.plan import AreaPlan, Geometry, StreetPlan
from jiezhi.demo.reports import build_reports

# 代码虚构：GB/T 2260 没有 99 开头的省。街道 9 位、社区 12 位、网格 15 位，逐级加 3 位。
DISTRICT = ("990101", "临江区")
STREET = ("990101001", "云桥街道")
GRIDS_PER_COMMUNITY = 8
BUILDINGS = 300
OFFICERS = 60


def build_street(seed: int = 20260101) -> StreetPlan:
    """造出整个街道：5 个社区、40 个网格、300 栋楼、60 名工作人员、派单表和居民诉求例句。

    各部分各用一个由种子派生的随机源，改动其中一部分不会牵动其余部分。
    """
    tiling = tile(_source(seed, "areas"), len(NEIGHBOURHOODS), GRIDS_PER_COMMUNITY)
    street = AreaPlan(*STREET, "street", DISTRICT[0], _geojson(tiling.street))
    communities: list[AreaPlan] = []
    grids: list[tuple[AreaPlan, BaseGeometry]] = []
    for number, (hood, shape) in enumerate(zip(NEIGHBOURHOODS, tiling.communities, strict=True), start=1):
        code = f"{street.code}{number:03d}"
        communities.append(AreaPlan(code, f"{hood.name}社区", "community", street.code, _geojson(shape)))
        for place, part in enumerate(tiling.grids[number - 1], start=1):
            name = f"{hood.name}社区第{'一二三四五六七八'[place - 1]}网格"
            grids.append((AreaPlan(f"{code}{place:03d}", name, "grid", code, _geojson(part)), part))
    areas = [grid for grid, _ in grids]
    buildings = place_buildings(
        _source(seed, "buildings"), DISTRICT[0], grids, GRIDS_PER_COMMUNITY, BUILDINGS
    )
    units = build_units(street, communities)
    return StreetPlan(
        seed=seed,
        district_code=DISTRICT[0],
        district_name=DISTRICT[1],
        street=street,
        communities=tuple(communities),
        grids=tuple(areas),
        buildings=buildings,
        units=units,
        posts=POSTS,
        officers=build_officers(_source(seed, "people"), street, communities, areas, units, OFFICERS),
        dispatch=build_dispatch(units),
        reports=build_reports(_source(seed, "reports"), buildings),
    )


def _source(seed: int, part: str) -> random.Random:
    # 以文字作种子时 random 用 SHA-512，不受 PYTHONHASHSEED 影响。
    return random.Random(f"{part}:{seed}")


def _geojson(shape: BaseGeometry) -> Geometry:
    """转成 GeoJSON；外环逆时针（RFC 7946 §3.1.6）。"""
    result: Geometry = json.loads(shapely.to_geojson(shapely.orient_polygons(shape)))
    return result
