"""区域树；把坐标、门牌、地址或文字定到网格。"""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from jiezhi.api import shapes_registry as shapes
from jiezhi.api.auth import Token
from jiezhi.api.problems import Problem
from jiezhi.base.registry.models import Area, AreaLevel
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.values import ValueProblem, normalize
from jiezhi.services.dispatch.placing import HOW, Placer

router = Router(tags=["区域和定位"])
SPOT = FieldDecl(title="地点", type=FieldType.PLACE)


@router.get("/areas", response=list[shapes.AreaOut], auth=Token("registry:read"), summary="区域树")
def areas(
    request: HttpRequest,
    buildings: Annotated[bool, Query(False, description="连同楼栋；楼栋很多，缺省不列")] = False,
) -> Any:
    """在用的区域，上级套着下级。"""
    rows = Area.objects.filter(is_active=True).order_by("path")
    if not buildings:
        rows = rows.exclude(level=AreaLevel.BUILDING)
    nodes: dict[int, dict[str, Any]] = {}
    tops: list[dict[str, Any]] = []
    for pk, parent, code, name, level in rows.values_list("pk", "parent", "code", "name", "level"):
        nodes[pk] = {"code": code, "name": name, "level": level, "children": []}
        # 上级停用了的，自己作顶层。
        (nodes[parent]["children"] if parent in nodes else tops).append(nodes[pk])
    return tops


@router.post("/areas/locate", response=shapes.PlacedOut, auth=Token("registry:read"), summary="定位")
def locate(request: HttpRequest, body: shapes.LocateIn) -> Any:
    """定到最细的区域；定不准不猜，只定到几个候选共同的上级。"""
    found, place = located(body)
    return {**found, "place": place}


def located(body: shapes.LocateIn) -> tuple[dict[str, Any], dict[str, str]]:
    """定位的结果，和补全了的地点。写得不对 → Problem。"""
    given = {name: value for name in ("lon", "lat", "address", "doorplate") if (value := getattr(body, name))}
    given |= {name: value for name in ("lon", "lat") if (value := getattr(body, name)) is not None}
    try:
        spot = normalize(SPOT, given) if given else None
    except ValueProblem as error:
        raise Problem("invalid", f"地点{error}") from error
    if spot is None and not body.text.strip():
        raise Problem("invalid", "请写坐标、门牌、地址，或者说到地方的文字")
    placer = Placer()
    found = placer.place(spot or {}, body.text)
    chain = sorted(path for path in placer.by_path if found.area_path.startswith(path))
    areas = [{"code": placer.by_path[path].code, "title": placer.by_path[path].name} for path in chain]
    answer = {"areas": areas, "how": found.how, "say": HOW[found.how], "confidence": found.confidence}
    return answer, found.place
