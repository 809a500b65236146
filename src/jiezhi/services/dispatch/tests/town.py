"""一个社区、两个网格、几处登记的地点；来件模板带类别、定位、分派、退回、上报。"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jiezhi.base.casework import actions, testing
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.registry.models import Area, Unit
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.law import StatuteDecl
from jiezhi.core.procedure.matter import MatterDecl

STREET = "990101001"
SOUTH, NORTH = "990101001001", "990101001002"
GRID1, GRID2, GRID3 = "990101001001001", "990101001001002", "990101001002001"
LAMP = "城乡建设/市政设施"
NOISE = "环境保护/噪声扰民"


def square(west: float, south: float, size: float = 0.01, tall: float = 0.01) -> dict[str, Any]:
    east, north = west + size, south + tall
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _feature(code: str, name: str, level: str, parent: str, geometry: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name, "level": level, "parent": parent},
        "geometry": geometry,
    }


# 南岸社区比它的两个网格往北多出一条没有划进网格的江滩；北岸社区在江对面。
AREAS = [
    _feature(STREET, "测试街道", "street", "", square(114.0, 22.5, 0.03, 0.03)),
    _feature(SOUTH, "南岸社区", "community", STREET, square(114.0, 22.5, 0.02, 0.012)),
    _feature(NORTH, "北岸社区", "community", STREET, square(114.0, 22.515, 0.02)),
    _feature(GRID1, "南岸社区第一网格", "grid", SOUTH, square(114.0, 22.5)),
    _feature(GRID2, "南岸社区第二网格", "grid", SOUTH, square(114.01, 22.5)),
    _feature(GRID3, "北岸社区第一网格", "grid", NORTH, square(114.0, 22.515)),
]
PLACES: list[dict[str, Any]] = [
    {"address": "河畔路12号", "doorplate": "990101500017", "lon": 114.005, "lat": 22.505},
    {"address": "河畔路12号3栋", "lon": 114.0052, "lat": 22.5052},
    {"address": "河畔路99号", "lon": 114.015, "lat": 22.505},
    {"address": "江滨大道1号", "lon": 114.005, "lat": 22.52},
]


def matter() -> dict[str, Any]:
    """来件：登记时定位、按规则定单位；派单、自动派单、退回、上报。"""
    shape = deepcopy(testing.MATTER)
    shape["fields"] |= {
        "content": {"title": "内容", "type": "text", "max": 1000},
        "category": {"title": "类别", "type": "text", "indexed": True},
        "sure": {"title": "归类有把握", "type": "flag"},
        "suggested": {"title": "建议单位", "type": "unit"},
    }
    taken = shape["actions"]
    taken["register"] |= {
        "collect": ["subject", "content?", "category?", "sure?", "spot?", "reporter?", "photos?"],
        "fill": {"spot": "dispatch.spot"},
        "assign": {"area": "dispatch.area"},
    }
    taken["dispatch"] |= {
        "collect": ["to_unit", "hard?"],
        "fill": {"suggested": "dispatch.unit"},
    }
    taken["auto"] = {
        "title": "自动派单", "means": "dispatch", "from": "new", "to": "handling", "by": ["system"],
        "needs": ["rule_sure"],
        "assign": {"unit": "dispatch.unit"},
    }  # fmt: skip
    taken["escalate"] = {
        "title": "上报", "means": "escalate", "from": "handling", "reason": True,
        "by": ["post.dispatcher", "unit.unit_clerk"], "assign": {"unit": "dispatch.up"},
    }  # fmt: skip
    shape["conditions"]["rule_sure"] = {
        "title": "规则写明可以自动派出",
        "call": {
            "name": "dispatch.sure",
            "args": {"category": "field.category", "confidence": "field.sure"},
        },
        "say": "没有恰好一条可以自动派出的规则",
        "remedy": "由分拨员派单",
        "basis": "office.handle",
    }
    return shape


def definition(name: str = "test.report", *, unit: bool = False) -> Definition:
    """编译好的来件模板。`unit` 为真的，登记时就按规则定单位（批量导入用）。"""
    shape = {**matter(), "matter": name}
    if unit:
        shape["actions"]["register"]["assign"]["unit"] = "dispatch.unit"
    statutes = {key: StatuteDecl.model_validate(value) for key, value in testing.STATUTES.items()}
    means = {**testing.MEANS, "escalate": "上报"}
    return Definition.build(MatterDecl.model_validate(shape), statutes, (), means)


@dataclass
class Street:
    """测试用的街道。"""

    office: Office
    street: Unit
    station: Unit
    outside: Unit
    areas: dict[str, Area]

    def report(self, subject: str, *, now: datetime = START, **inputs: Any) -> Outcome:
        result = actions.open_case(
            "test.report",
            acting_officer=self.office.dispatcher,
            inputs={"subject": subject, **inputs},
            now=now,
        )
        assert isinstance(result, Outcome), str(result)
        return result
