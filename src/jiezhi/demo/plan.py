"""演示街道的数据：只有数据类，不含数据库。地名、人名、代码全部虚构。"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Geometry = dict[str, Any]
"""GeoJSON 面，WGS-84 的度，小数 7 位（约一厘米）。"""

LAYERS = ("street", "community", "grid", "building")


@dataclass(frozen=True)
class AreaPlan:
    """一个区域。`level` 为 street、community 或 grid;`parent` 是上级区域的代码（街道的上级是区）。"""

    code: str
    name: str
    level: str
    parent: str
    geometry: Geometry


@dataclass(frozen=True)
class BuildingPlan:
    """一栋楼或一处场所。

    `code` 是 12 位门牌编码，末位是校验位（Luhn）；`address` 是门牌上的字；`name` 是场所名，没有则空；
    `kind` 如 住宅、商铺、学校；`setting` 是 小区、沿街、城中村、园区 之一。经纬度为 WGS-84。
    """

    code: str
    address: str
    name: str
    kind: str
    setting: str
    community: str
    grid: str
    lon: float
    lat: float

    @property
    def label(self) -> str:
        """报事时居民会说的叫法：场所名，没有则门牌。"""
        return self.name or self.address


@dataclass(frozen=True)
class UnitPlan:
    """一个单位。

    `kind`：street 街道本级、inside 科室、community 社区工作站、outside 区级和驻地单位。
    """

    code: str
    name: str
    short: str
    kind: str
    parent: str = ""
    community: str = ""
    duties: str = ""


@dataclass(frozen=True)
class PostPlan:
    """一种岗位。"""

    code: str
    title: str


@dataclass(frozen=True)
class PostingPlan:
    """某人在某单位任某岗，管某些区域（街道、社区或网格代码）。"""

    post: str
    unit: str
    areas: tuple[str, ...]


@dataclass(frozen=True)
class OfficerPlan:
    """一名工作人员。`contract` 为真是聘用人员；`certificate` 是行政执法证号（虚构），没有则空。"""

    login: str
    name: str
    title: str
    unit: str
    contract: bool
    certificate: str
    postings: tuple[PostingPlan, ...]


@dataclass(frozen=True)
class DispatchRule:
    """派单表的一行。`community` 为空表示全街道适用，否则只用于该社区并优先于全街道的行。"""

    category: str
    subcategory: str
    unit: str
    community: str = ""


@dataclass(frozen=True)
class ReportPlan:
    """一条居民诉求。`same_as` 指同一件事更早那条的 `number`,首次反映为 0;`urgent` 表示要马上处置。"""

    number: int
    text: str
    category: str
    subcategory: str
    building: str
    channel: str
    reporter: str
    urgent: bool = False
    same_as: int = 0


@dataclass(frozen=True)
class StreetPlan:
    """一个完整的街道：区域、楼栋、单位、岗位、人员、派单表、诉求。"""

    seed: int
    district_code: str
    district_name: str
    street: AreaPlan
    communities: tuple[AreaPlan, ...]
    grids: tuple[AreaPlan, ...]
    buildings: tuple[BuildingPlan, ...]
    units: tuple[UnitPlan, ...]
    posts: tuple[PostPlan, ...]
    officers: tuple[OfficerPlan, ...]
    dispatch: tuple[DispatchRule, ...]
    reports: tuple[ReportPlan, ...]

    def keepers(self, grid: str) -> tuple[OfficerPlan, ...]:
        """管这个网格的网格员。"""
        return tuple(
            officer
            for officer in self.officers
            if any(p.post == "grid_worker" and grid in p.areas for p in officer.postings)
        )

    def holders(self, post: str, unit: str = "") -> tuple[OfficerPlan, ...]:
        """任某岗的人；给了 `unit` 则只看该单位。"""
        return tuple(
            officer
            for officer in self.officers
            if any(p.post == post and unit in ("", p.unit) for p in officer.postings)
        )

    def unit_for(self, category: str, subcategory: str, community: str = "") -> str | None:
        """按派单表找承办单位的代码：先看本社区的行，再看全街道的行；表里没有为 None。"""
        table = {(r.category, r.subcategory, r.community): r.unit for r in self.dispatch}
        return table.get((category, subcategory, community)) or table.get((category, subcategory, ""))

    def to_geojson(self, layers: Sequence[str] = LAYERS) -> dict[str, Any]:
        """导出为 GeoJSON FeatureCollection；每个图形的 `layer` 属性是所在图层。

        Raises:
            ValueError: 没有这个图层。
        """
        unknown = [layer for layer in layers if layer not in LAYERS]
        if unknown:
            raise ValueError(f"没有“{unknown[0]}”图层，可选：{'、'.join(LAYERS)}。")
        features: list[dict[str, Any]] = []
        for area in (self.street, *self.communities, *self.grids):
            if area.level in layers:
                properties: dict[str, Any] = {
                    "layer": area.level,
                    "code": area.code,
                    "name": area.name,
                    "parent": area.parent,
                }
                features.append({"type": "Feature", "properties": properties, "geometry": area.geometry})
        for b in self.buildings if "building" in layers else ():
            properties = {
                "layer": "building",
                "code": b.code,
                "name": b.name,
                "address": b.address,
                "kind": b.kind,
                "setting": b.setting,
                "parent": b.grid,
            }
            point = {"type": "Point", "coordinates": [b.lon, b.lat]}
            features.append({"type": "Feature", "properties": properties, "geometry": point})
        return {"type": "FeatureCollection", "features": features}
