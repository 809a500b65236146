"""区域索引：给一个点，答它在哪个区域（网格、社区、街道）。

坐标一律 WGS-84 的度。建好以后不再改变；各线程可同时查。
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from jiezhi.core.space.distance import METRES_PER_DEGREE, bbox
from jiezhi.core.space.geojson import Geometry, check_geometry

K = TypeVar("K", bound=Hashable)

MIN_SQUARE_METRES = 1.0
"""小于此面积（平方米）视为没有画成面。"""

_REASONS = (
    ("Ring Self-intersection", "边界碰到了自己"),
    ("Self-intersection", "边界自己交叉"),
    ("Hole lies outside shell", "挖空的部分画到了外面"),
    ("Holes are nested", "挖空的部分互相套着"),
    ("Nested shells", "一块画在了另一块里面"),
    ("Interior is disconnected", "内部被切断"),
    ("Duplicate Rings", "边界重复画了两遍"),
    ("Too few points", "有一段边界点数不够"),
)


@dataclass(frozen=True)
class Repair(Generic[K]):
    """一处已自动修好的图形。`reason` 是给人看的说明；`square_metres` 是修好后的面积。"""

    key: K
    reason: str
    square_metres: float


@dataclass(frozen=True)
class Overlap(Generic[K]):
    """两个区域画重了的部分，面积单位平方米。"""

    first: K
    second: K
    square_metres: float


@dataclass(frozen=True)
class Outline(Generic[K]):
    """一个区域在简图里的边线：一段一段的折线，和写名字的地方。坐标是以图心为原点的米，东、北为正。"""

    key: K
    lines: tuple[tuple[tuple[float, float], ...], ...]
    middle: tuple[float, float]


class AreaIndex(Generic[K]):
    """由 （键, GeoJSON 面） 组成的索引。一个键可以有几块，各占一行。

    - 画坏的面（自交等）自动修好，记入 `repaired`;空的、没有面积的拒收。
    - 几个区域都含此点时取面积最小的；面积相等按键的文字、再按次序。两区共用的边线因此总归同一边，
      与传入的次序无关。
    """

    keys: tuple[K, ...]
    """各行的键，次序同传入；`locate_many` 返回的就是这里的下标。"""

    repaired: tuple[Repair[K], ...]

    def __init__(self, items: Sequence[tuple[K, Geometry]]) -> None:
        """Raises: ValueError 指明是哪个区域、怎样改。"""
        self.keys = tuple(key for key, _ in items)
        repaired: list[Repair[K]] = []
        shapes: list[BaseGeometry] = []
        for key, geometry in items:
            shape, reason = _polygon(key, geometry)
            shapes.append(shape)
            if reason:
                repaired.append(Repair(key, reason, square_metres(shape)))
        self.repaired = tuple(repaired)
        areas = [square_metres(shape) for shape in shapes]
        # 内部按“谁优先”排好，命中几个时取下标最小的即可。
        self._order = np.array(
            sorted(range(len(shapes)), key=lambda i: (areas[i], str(self.keys[i]), i)), dtype=np.int64
        )
        self._shapes = np.array([shapes[i] for i in self._order], dtype=object)
        self._areas = np.array([areas[i] for i in self._order], dtype=np.float64)
        self._tree = shapely.STRtree(self._shapes)
        self._warm()

    def _warm(self) -> None:
        """GEOS 的加速结构到首次查询才建，建时不防多线程争抢，所以在这里先查一遍。"""
        if len(self._shapes) == 0:
            return
        shapely.prepare(self._shapes)
        inner = shapely.point_on_surface(self._shapes)
        shapely.intersects_xy(self._shapes, shapely.get_x(inner), shapely.get_y(inner))
        self._tree.query(inner)

    def __len__(self) -> int:
        return len(self.keys)

    def locate(self, lon: float, lat: float) -> K | None:
        """点在哪个区域；都不在时为 None。坐标无效（含 NaN）也为 None。"""
        hits = self._ranks(lon, lat)
        return self.keys[self._order[hits[0]]] if len(hits) else None

    def locate_many(self, lons: npt.ArrayLike, lats: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """成批定位。返回与点一一对应的 `keys` 下标，都不在或坐标缺失为 -1。

        Raises:
            ValueError: 经度与纬度个数不同。
        """
        lon = np.asarray(lons, dtype=np.float64).ravel()
        lat = np.asarray(lats, dtype=np.float64).ravel()
        if lon.shape != lat.shape:
            raise ValueError(f"经度有 {lon.size} 个，纬度有 {lat.size} 个，个数要相同。")
        answer = np.full(lon.size, -1, dtype=np.int64)
        good = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        if good.size == 0 or len(self._shapes) == 0:
            return answer
        lon, lat = lon[good], lat[good]
        # 先用外接框粗筛，再用预备好的面细判。边界点多时，让树自己判相交要慢近一半，因为它只预备点、不预备面。
        rows, ranks = self._tree.query(shapely.points(lon, lat))
        hit = shapely.intersects_xy(self._shapes[ranks], lon[rows], lat[rows])
        best = np.full(lon.size, len(self._shapes), dtype=np.int64)
        np.minimum.at(best, rows[hit], ranks[hit])
        found = best < len(self._shapes)
        answer[good[found]] = self._order[best[found]]
        return answer

    def nearest(self, lon: float, lat: float, max_metres: float) -> tuple[K, float] | None:
        """最近的区域和到它边界的距离（米）；点在区域内时距离为 0;`max_metres` 米以内没有则为 None。

        用于街边定位漂移：点落在河里、路中央时归到旁边的网格。

        Raises:
            ValueError: 半径不是正数，或经纬度无效。
        """
        west, south, east, north = bbox(lon, lat, max_metres)
        inside = self._ranks(lon, lat)
        if len(inside):
            return self.keys[self._order[inside[0]]], 0.0
        ranks = np.sort(self._tree.query(shapely.box(west, south, east, north)))
        if len(ranks) == 0:
            return None
        # 以此点为原点摊平成米；几公里之内与球面距离相差不到千分之一。
        scale = np.array([METRES_PER_DEGREE * math.cos(math.radians(lat)), METRES_PER_DEGREE])
        flat = shapely.transform(self._shapes[ranks], lambda xy: (xy - (lon, lat)) * scale)
        gaps = shapely.distance(flat, shapely.Point(0.0, 0.0))
        at = int(np.argmin(gaps))
        if float(gaps[at]) > max_metres:
            return None
        return self.keys[self._order[ranks[at]]], float(gaps[at])

    def outlines(self, lon: float, lat: float, metres: float) -> list[Outline[K]]:
        """一点四周（半边长 `metres` 米的方框）以内各区域的边线，画简图用；裁到框内，框不算边线。

        Raises:
            ValueError: 半径不是正数，或经纬度无效。
        """
        window = shapely.box(*bbox(lon, lat, metres * 1.5))
        scale = np.array([METRES_PER_DEGREE * math.cos(math.radians(lat)), METRES_PER_DEGREE])
        found = []
        for rank in np.sort(self._tree.query(window)).tolist():
            near = shapely.intersection(self._shapes[rank], window)
            flat = shapely.transform(near, lambda xy: (xy - (lon, lat)) * scale)
            inside = shapely.clip_by_rect(flat, -metres, -metres, metres, metres)
            if inside.is_empty:
                continue
            edge = shapely.transform(
                shapely.intersection(self._shapes[rank].boundary, window),
                lambda xy: (xy - (lon, lat)) * scale,
            )
            cut = shapely.line_merge(shapely.clip_by_rect(edge, -metres, -metres, metres, metres))
            lines = [one.coords for one in shapely.get_parts(cut) if one.geom_type == "LineString"]
            middle = shapely.point_on_surface(inside)
            found.append(
                Outline(
                    self.keys[self._order[rank]],
                    tuple(tuple((float(x), float(y)) for x, y in one) for one in lines),
                    (float(middle.x), float(middle.y)),
                )
            )
        return found

    def overlaps(self, tolerance: float = 10.0) -> list[Overlap[K]]:
        """画重了的区域，重叠面积超过 `tolerance` 平方米的才列；大的在前。同一个键的几块之间不算。"""
        found: list[Overlap[K]] = []
        if len(self._shapes) == 0:
            return found
        left, right = self._tree.query(self._shapes, predicate="intersects")
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            i, j = sorted((int(self._order[a]), int(self._order[b])))
            if a >= b or self.keys[i] == self.keys[j]:
                continue
            area = square_metres(shapely.intersection(self._shapes[a], self._shapes[b]))
            if area > tolerance:
                found.append(Overlap(self.keys[i], self.keys[j], area))
        return sorted(found, key=lambda o: (-o.square_metres, str(o.first), str(o.second)))

    def _ranks(self, lon: float, lat: float) -> npt.NDArray[np.int64]:
        if len(self._shapes) == 0 or not (math.isfinite(lon) and math.isfinite(lat)):
            return np.empty(0, dtype=np.int64)
        ranks = self._tree.query(shapely.Point(lon, lat))
        hit = shapely.intersects_xy(self._shapes[ranks], lon, lat)
        return np.sort(ranks[hit]).astype(np.int64)


def square_metres(shape: BaseGeometry) -> float:
    """经纬度图形的面积，平方米。按图形中部的纬度摊平；街道大小的范围内误差不到千分之一。"""
    if shape.is_empty:
        return 0.0
    _, south, _, north = shape.bounds
    stretch = math.cos(math.radians((south + north) / 2.0))
    return float(shape.area) * stretch * METRES_PER_DEGREE**2


def _polygon(key: object, geometry: Geometry) -> tuple[BaseGeometry, str]:
    """读成面；返回 （面, 修复说明或空）。"""
    where = f"区域“{key}”"
    check_geometry(geometry, where)
    if geometry["type"] not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"{where}不是面。请在地图上画出它的范围。")
    shape = shapely.force_2d(shapely.geometry.shape(dict(geometry)))
    if shape.is_empty:
        raise ValueError(f"{where}是空的。请在地图上画出它的范围。")
    reason = ""
    if not shape.is_valid:
        reason = _reason(shapely.is_valid_reason(shape))
        shape = _only_faces(shapely.make_valid(shape, method="structure", keep_collapsed=False))
    if square_metres(shape) < MIN_SQUARE_METRES:
        raise ValueError(f"{where}有一块不到 1 平方米，像是误画的线或碎片。请删去这一块，或重画它的范围。")
    return shape, reason


def _only_faces(shape: BaseGeometry) -> BaseGeometry:
    """修复后可能带出线头，只留下面。"""
    parts = [p for p in shapely.get_parts(shapely.get_parts(shape)) if p.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _reason(text: str) -> str:
    shown = next((chinese for english, chinese in _REASONS if text.startswith(english)), "图形有误")
    _, _, spot = text.partition("[")
    numbers = spot.rstrip("]").split()
    return f"{shown}（在 {numbers[0]}, {numbers[1]} 附近）" if len(numbers) == 2 else shown
