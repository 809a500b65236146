"""附近在办的件，给公众看的样子：只说大概在哪、哪一类、来了几天、到哪一步。

位置只到方格（约 90 米一格）和网格：来人从哪里问，问多少次，都推不出比一格更细的地方。来件人写的一个字也不给：里面
可能有别人的姓名、门牌，遮也未必遮得净。没有编号，看不到照片，看不到来件人。
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case
from jiezhi.base.documents.values import Names
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.services.dispatch.duplicates import SPAN
from jiezhi.services.dispatch.placing import Placer


@dataclass(frozen=True, slots=True)
class Near:
    """附近在办的一件。`days` 是来了几天。"""

    where: str
    category: str
    days: int
    state: str


def nearby(matter: str, spot: Mapping[str, Any], now: datetime, limit: int = 5) -> list[Near]:
    """同一业务、近期来的、还在办的，在 `spot`（要有坐标，WGS-84）那一格和周围八格里的，新的在前。"""
    from jiezhi.core.space import cell, neighbours  # 带进 numpy、shapely，用到才引入

    try:
        here = cell(float(spot["lon"]), float(spot["lat"]))
    except (KeyError, TypeError, ValueError):
        return []
    rows = Case.objects.filter(
        cell__in=neighbours(here),
        matter=matter,
        closed_at=None,
        confidential=False,
        opened_at__gte=now - SPAN,
    )
    found = rows.select_related("version").defer("version__content").order_by("-opened_at", "-pk")
    return shown(found[:limit], now)


def shown(cases: Iterable[Case], now: datetime) -> list[Near]:
    """这些件给公众看的样子，次序照给的。"""
    listed, names = list(cases), Names(now)
    if not listed:
        return []
    placer = Placer(now)
    return [_shown(one, placer, names, now) for one in listed]


def _shown(case: Case, placer: Placer, names: Names, now: datetime) -> Near:
    definition = matters.definition_of(case.version)
    area = placer.by_path.get(case.area_path)
    state = definition.matter.states.get(case.state)
    return Near(
        where=area.name if area else "",
        category=_category(definition, case.fields, names),
        days=max((now - case.opened_at).days, 0),
        state=state.title if state else "",
    )


def _category(definition: Definition, values: Mapping[str, Any], names: Names) -> str:
    for name, decl in definition.matter.fields.items():
        if decl.type is FieldType.CODE and not decl.secret and values.get(name):
            return names.get(decl, str(values[name]))
    return ""
