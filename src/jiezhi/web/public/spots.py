"""地点：居民写的、点的，认出是哪个社区、网格；附近有没有在办的。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.values import ValueProblem, normalize
from jiezhi.services.dispatch.nearby import Near, nearby
from jiezhi.services.dispatch.placing import Placer
from jiezhi.web.forms import raw as raws

SPOT = FieldDecl(title="地点", type=FieldType.PLACE)
# 只有坐标定不到、文字也没有说到的，这几种认不出来。
UNSURE = frozenset({"root", "none"})


@dataclass(frozen=True, slots=True)
class Found:
    """认出来的。`areas` 从街道到网格；`sure` 为假是没有认出更细的；`problem` 是写得不对；`near` 是附近在办的。"""

    areas: tuple[str, ...] = ()
    sure: bool = False
    outside: bool = False
    problem: str = ""
    pinned: bool = False
    near: list[Near] = field(default_factory=list)


def look(raw: Mapping[str, str], matter: str, now: datetime) -> Found | None:
    """认一个地点，列出同一业务附近在办的。什么也没有写的为 None。"""
    try:
        spot = normalize(SPOT, raws.given(SPOT, dict(raw)))
    except ValueProblem as error:
        return Found(problem=f"地点{error}")
    if not spot:
        return None
    placer = Placer(now)
    found = placer.place(spot)
    chain = sorted(path for path in placer.by_path if found.area_path.startswith(path))
    return Found(
        areas=tuple(placer.by_path[path].name for path in chain),
        sure=found.how not in UNSURE | {"outside"},
        outside=found.how == "outside",
        pinned="lon" in found.place,
        near=nearby(matter, found.place, now),
    )
