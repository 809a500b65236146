"""读地图文件（GeoJSON,RFC 7946），读不通时用大白话说明错在哪里、怎样改。"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from jiezhi.core.space.coords import CHINA_BOX

Geometry = Mapping[str, Any]
"""GeoJSON 的 geometry 对象。"""

_DEPTH = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
# 这些写法都表示“WGS-84 经纬度”；2016 年以前的旧文件常带。
_LONLAT_CRS = ("CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490", "EPSG:4490")


@dataclass(frozen=True)
class Feature:
    """地图文件里的一个图形：属性表的一行，和它的几何。"""

    properties: dict[str, Any]
    geometry: dict[str, Any]


def read_features(fileobj: IO[str] | IO[bytes]) -> list[Feature]:
    """读出全部图形，次序同文件。坐标应为度、先经度后纬度。

    Raises:
        ValueError: 文件不是 UTF-8、不是 JSON、不是 FeatureCollection、图形不闭合、经纬度写反、坐标不是
            经纬度等；说明第几个图形。
    """
    document = _parse(fileobj.read())
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        kind = document.get("type") if isinstance(document, dict) else None
        found = f"（文件里写的是“{kind}”）" if kind else ""
        raise ValueError(
            f"这不是地图图层文件：最外层应为 FeatureCollection{found}。请从地图软件导出整个图层的 GeoJSON。"
        )
    _check_crs(document.get("crs"))
    rows = document.get("features")
    if not isinstance(rows, list):
        raise ValueError("地图文件里没有图形清单（features）。请重新导出。")
    features = []
    for number, row in enumerate(rows, start=1):
        where = f"第 {number} 个图形"
        if not isinstance(row, dict) or row.get("type") != "Feature":
            raise ValueError(f"{where}不是 Feature，请重新导出。")
        properties = row.get("properties") or {}
        if not isinstance(properties, dict):
            raise ValueError(f"{where}的属性（properties）不是名称和值的对照，请重新导出。")
        name = next((v for v in properties.values() if isinstance(v, str) and v), "")
        where = f"{where}（“{name}”）" if name else where
        geometry = row.get("geometry")
        if not isinstance(geometry, dict):
            raise ValueError(f"{where}没有画出范围。请补画，或删去这一行再导出。")
        check_geometry(geometry, where)
        features.append(Feature(properties=properties, geometry=geometry))
    return features


def check_geometry(geometry: Geometry, where: str) -> None:
    """检查一个几何写得对不对（不查自交，那由 `AreaIndex` 修）。`where` 是报错时对它的称呼。

    Raises:
        ValueError: 种类不认识、坐标不是数字、超出范围、写反、边界不闭合。
    """
    if not isinstance(geometry, Mapping):
        raise ValueError(f"{where}没有画出范围。请补画。")
    kind = geometry.get("type")
    if kind not in _DEPTH:
        raise ValueError(f"{where}的图形种类“{kind}”不能用。请用点、线或面。")
    points = list(_positions(geometry.get("coordinates"), _DEPTH[kind], where))
    _check_range(points, where)
    for ring in _rings(geometry):
        if len(ring) == 0:
            continue
        if tuple(ring[0][:2]) != tuple(ring[-1][:2]):
            raise ValueError(
                f"{where}的边界没有闭合：最后一个点应与第一个点相同。请在地图软件里闭合后再导出。"
            )
        if len(ring) < 4:
            raise ValueError(f"{where}的边界只有 {len(ring) - 1} 个点，围不成面。请重画。")


def _parse(raw: str | bytes) -> Any:
    if isinstance(raw, bytes):
        try:
            raw = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError("文件的文字编码不是 UTF-8。请在地图软件里选 UTF-8 重新导出。") from None
    raw = raw.removeprefix("\ufeff")
    if not raw.strip():
        raise ValueError("文件是空的。请重新导出。")
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"文件不是 JSON 格式，第 {error.lineno} 行第 {error.colno} 个字符处读不下去。"
            "请确认选的是 GeoJSON 文件，且没有被截断。"
        ) from None
    except RecursionError:
        raise ValueError("文件的层次太深，不像地图文件。请重新导出。") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"文件里有不是数字的坐标（{name}）。请检查图形后重新导出。")


def _check_crs(crs: Any) -> None:
    if not isinstance(crs, dict):
        return
    properties = crs.get("properties")
    name = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    if name and not name.endswith(_LONLAT_CRS):
        raise ValueError(f"地图文件用的坐标系是“{name}”，不是经纬度。请导出时选 WGS 84(EPSG:4326)。")


def _positions(node: Any, depth: int, where: str) -> Iterator[tuple[float, float]]:
    if not isinstance(node, Sequence) or isinstance(node, str):
        raise ValueError(f"{where}的坐标写法不对。请重新导出。")
    if depth > 0:
        for child in node:
            yield from _positions(child, depth - 1, where)
        return
    if len(node) < 2 or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in node[:2]):
        raise ValueError(f"{where}有一个点不是“经度, 纬度”两个数字。请重新导出。")
    yield float(node[0]), float(node[1])


def _check_range(points: Sequence[tuple[float, float]], where: str) -> None:
    if not points:
        return
    bad = [p for p in points if not (math.isfinite(p[0]) and math.isfinite(p[1]))]
    if bad:
        raise ValueError(f"{where}有不是数字的坐标。请检查图形后重新导出。")
    west, south, east, north = CHINA_BOX
    # 经度落在我国纬度的范围、纬度落在我国经度的范围：写反了。
    if all(south <= x <= north and west <= y <= east for x, y in points):
        x, y = points[0]
        raise ValueError(
            f"{where}的经度和纬度写反了（如 {x:g}, {y:g}）。应先写经度，再写纬度，请对调后再导入。"
        )
    for x, y in points:
        if abs(x) > 180.0 or abs(y) > 90.0:
            raise ValueError(
                f"{where}的坐标（{x:g}, {y:g}）不是经纬度，像是以米计的平面坐标。"
                "请导出时选 WGS 84(EPSG:4326)。"
            )


def _rings(geometry: Geometry) -> Iterator[Sequence[Sequence[float]]]:
    if geometry["type"] == "Polygon":
        yield from geometry["coordinates"]
    elif geometry["type"] == "MultiPolygon":
        for polygon in geometry["coordinates"]:
            yield from polygon
