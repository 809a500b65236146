"""画一个虚构的街道：先画不规则的外缘，再分社区，社区里分网格；相邻的格共用同一条弯曲的边线。

做法：在以米计的平面上用泰森多边形切分，把全部边线打断成一段段弧，每段弧只弯曲一次、只取整一次，再由弧围成面。
共用边线的点因此逐位相同，拼起来既无缝隙也不重叠。
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from jiezhi.core.space import metres

CENTRE = (113.95, 22.75)
_DECIMALS = 7
_LON_METRES = metres(CENTRE[0] - 0.5, CENTRE[1], CENTRE[0] + 0.5, CENTRE[1])
_LAT_METRES = metres(CENTRE[0], CENTRE[1] - 0.5, CENTRE[0], CENTRE[1] + 0.5)


@dataclass(frozen=True)
class Tiling:
    """外缘、社区、每个社区的网格；都是经纬度的面，次序自北向南、自西向东。"""

    street: BaseGeometry
    communities: tuple[BaseGeometry, ...]
    grids: tuple[tuple[BaseGeometry, ...], ...]


def tile(rng: random.Random, communities: int, per_community: int) -> Tiling:
    """切分出 `communities` 个社区、各 `per_community` 个网格。

    Raises:
        RuntimeError: 试了多次仍画不成（街道太碎），属程序错误。
    """
    for attempt in range(40):
        outline = _outline(rng)
        parts = _voronoi(rng, outline, communities, rounds=6)
        cells = [_voronoi(rng, part, per_community, rounds=3) for part in parts]
        if any(c.geom_type != "Polygon" for c in [*parts, *(c for row in cells for c in row)]):
            continue
        arcs = _arcs([c for row in cells for c in row])
        bent = [_bend(rng, arc, amplitude=7.0 / (1 + attempt // 8)) for arc in arcs]
        faces = list(shapely.get_parts(shapely.polygonize(bent)))
        if len(faces) == communities * per_community and _is_tiling(faces):
            grouped = _group(faces, parts, per_community)
            if grouped is not None:
                return grouped
    raise RuntimeError("画不出演示街道，请换一个种子。")


def metres_apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    """街道范围内两点的平面距离，米。"""
    return math.hypot((a[0] - b[0]) * _LON_METRES, (a[1] - b[1]) * _LAT_METRES)


def scatter(
    rng: random.Random, area: BaseGeometry, count: int, margin: float, apart: float
) -> list[tuple[float, float]]:
    """在面内随机取点，离边线不少于 `margin` 米，彼此不少于 `apart` 米；自西向东排好。"""
    flat = shapely.transform(area, lambda xy: xy * (_LON_METRES, _LAT_METRES))
    room = shapely.transform(flat.buffer(-margin), lambda xy: xy / (_LON_METRES, _LAT_METRES))
    shapely.prepare(room)
    west, south, east, north = room.bounds
    found: list[tuple[float, float]] = []
    for _ in range(20_000):
        point = (round(rng.uniform(west, east), _DECIMALS), round(rng.uniform(south, north), _DECIMALS))
        if shapely.intersects_xy(room, *point) and all(metres_apart(point, p) >= apart for p in found):
            found.append(point)
            if len(found) == count:
                return sorted(found)
    raise RuntimeError("网格太小，放不下这么多楼栋。")


def _outline(rng: random.Random) -> BaseGeometry:
    """不规则的外缘：椭圆上取点，半径各自伸缩。"""
    points = []
    for step in range(18):
        angle = 2 * math.pi * (step + rng.uniform(-0.25, 0.25)) / 18
        radius = rng.uniform(0.88, 1.12)
        points.append((1300 * radius * math.cos(angle), 950 * radius * math.sin(angle)))
    return shapely.Polygon(points)


def _voronoi(rng: random.Random, area: BaseGeometry, count: int, rounds: int) -> list[BaseGeometry]:
    """把一块面切成 `count` 份；每轮把种子点移到各份的中心，份与份才大小相近。"""
    west, south, east, north = area.bounds
    seeds: list[tuple[float, float]] = []
    while len(seeds) < count:
        x, y = rng.uniform(west, east), rng.uniform(south, north)
        if shapely.intersects_xy(area, x, y):
            seeds.append((x, y))
    cells: list[BaseGeometry] = []
    for _ in range(rounds):
        whole = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=area, ordered=True)
        cells = [shapely.intersection(cell, area) for cell in shapely.get_parts(whole)]
        seeds = [(cell.centroid.x, cell.centroid.y) for cell in cells]
    return cells


def _arcs(cells: list[BaseGeometry]) -> list[BaseGeometry]:
    """全部边线，在交点处打断，每段只出现一次。"""
    lines = shapely.unary_union([shapely.boundary(cell) for cell in cells], grid_size=0.01)
    merged = shapely.line_merge(lines)
    # 次序和走向都定下来，同一种子才得同一结果。
    return sorted(shapely.normalize(shapely.get_parts(merged)), key=lambda arc: list(arc.coords))


def _bend(rng: random.Random, arc: BaseGeometry, amplitude: float) -> BaseGeometry:
    """两端不动，中间每隔约 45 米取一点，左右挪动；换成经纬度并取整。"""
    dense = [(x, y) for x, y, *_ in shapely.segmentize(arc, 45.0).coords]
    moved = [
        (x + rng.uniform(-amplitude, amplitude), y + rng.uniform(-amplitude, amplitude)) for x, y in dense
    ]
    moved[0], moved[-1] = dense[0], dense[-1]
    return shapely.LineString(
        [
            (
                round(CENTRE[0] + x / _LON_METRES, _DECIMALS),
                round(CENTRE[1] + y / _LAT_METRES, _DECIMALS),
            )
            for x, y in moved
        ]
    )


def _is_tiling(faces: list[BaseGeometry]) -> bool:
    if not all(face.is_valid and not shapely.get_num_interior_rings(face) for face in faces):
        return False
    whole = shapely.unary_union(faces)
    if whole.geom_type != "Polygon" or shapely.get_num_interior_rings(whole):
        return False
    return abs(sum(face.area for face in faces) - whole.area) < 1e-9 * whole.area


def _group(faces: list[BaseGeometry], parts: list[BaseGeometry], per_community: int) -> Tiling | None:
    """把网格归到各自的社区；数目对不上为 None，重画。"""
    rows: list[list[BaseGeometry]] = [[] for _ in parts]
    for face in faces:
        inner = shapely.point_on_surface(face)
        x, y = (inner.x - CENTRE[0]) * _LON_METRES, (inner.y - CENTRE[1]) * _LAT_METRES
        rows[min(range(len(parts)), key=lambda i: parts[i].distance(shapely.Point(x, y)))].append(face)
    if any(len(row) != per_community for row in rows):
        return None
    unions = [shapely.unary_union(row) for row in rows]
    order = sorted(range(len(parts)), key=lambda i: _reading_order(unions[i]))
    return Tiling(
        street=shapely.normalize(shapely.unary_union(faces)),
        communities=tuple(shapely.normalize(unions[i]) for i in order),
        grids=tuple(tuple(shapely.normalize(f) for f in sorted(rows[i], key=_reading_order)) for i in order),
    )


def _reading_order(area: BaseGeometry) -> tuple[int, float]:
    """自北向南分行（每行约 330 米），行内自西向东。"""
    return -round(area.centroid.y / 0.003), area.centroid.x
