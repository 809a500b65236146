"""距离、外接框，以及按方格找附近的点。

角度单位度，距离单位米，球半径取 IUGG 平均半径。方格边长 0.0008 度：南北约 89 米，东西在三亚约 85 米、
在漠河约 53 米。数据库里给方格编号建索引，查本格和周围八格，就不会漏掉 `CELL_SAFE_METRES` 以内的点。
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

EARTH_RADIUS = 6371008.8  # 米
METRES_PER_DEGREE = math.pi * EARTH_RADIUS / 180.0

_CELLS_PER_DEGREE = 1250
_COLUMNS = 360 * _CELLS_PER_DEGREE
_ROWS = 180 * _CELLS_PER_DEGREE

CELL_SAFE_METRES = 50.0
"""北纬 55.5 度以南，相距不到这么多米的两点必在同一方格或相邻方格。"""

_MAX_CELL_SEARCH = 2000.0


def metres(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """两点间的球面距离（半正矢公式），米。入参为同一坐标系的度。"""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_lat, half_lon = (phi2 - phi1) / 2.0, math.radians(lon2 - lon1) / 2.0
    a = math.sin(half_lat) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lon) ** 2
    return 2.0 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(a)))


def flat_offset(lon: float, lat: float, other_lon: float, other_lat: float) -> tuple[float, float]:
    """另一点在这一点的东、北各多少米（负的是西、南）。摊平了算，几公里之内与球面相差不到千分之一。"""
    east = (other_lon - lon) * METRES_PER_DEGREE * math.cos(math.radians(lat))
    return east, (other_lat - lat) * METRES_PER_DEGREE


def metres_arrays(
    lons1: npt.ArrayLike, lats1: npt.ArrayLike, lons2: npt.ArrayLike, lats2: npt.ArrayLike
) -> FloatArray:
    """`metres` 的成批算法，按 numpy 的规则对齐（一点对多点、逐对均可）；NaN 得 NaN。"""
    phi1, phi2 = np.radians(np.asarray(lats1, np.float64)), np.radians(np.asarray(lats2, np.float64))
    half_lon = np.radians(np.asarray(lons2, np.float64) - np.asarray(lons1, np.float64)) / 2.0
    a = np.sin((phi2 - phi1) / 2.0) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_lon) ** 2
    return np.asarray(2.0 * EARTH_RADIUS * np.arcsin(np.minimum(1.0, np.sqrt(a))), dtype=np.float64)


def bbox(lon: float, lat: float, metres: float) -> tuple[float, float, float, float]:
    """以一点为圆心、`metres` 米为半径的圆的外接框：（西, 南, 东, 北），度。

    不跨 180 度经线，超出处截断；框内的点未必在圆内，要再量一次距离。

    Raises:
        ValueError: 半径不是正数，或经纬度无效。
    """
    _check(lon, lat)
    if not (math.isfinite(metres) and metres > 0):
        raise ValueError("查找半径要大于 0 米。")
    angle = metres / EARTH_RADIUS
    south, north = lat - math.degrees(angle), lat + math.degrees(angle)
    if south <= -90.0 or north >= 90.0:
        return -180.0, max(south, -90.0), 180.0, min(north, 90.0)
    # 圆的最东点不在圆心的纬线上，要用这个式子才框得全。
    half = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(lat)))))
    # 放宽约一毫米，免得圆周上的点因舍入落在框外。
    half, slack = half * (1.0 + 1e-9) + 1e-8, 1e-8
    return max(lon - half, -180.0), south - slack, min(lon + half, 180.0), north + slack


def cell(lon: float, lat: float) -> int:
    """所在方格的编号（非负整数，小于 2**37，可直接存进数据库）。

    Raises:
        ValueError: 经纬度无效。
    """
    _check(lon, lat)
    column = math.floor((lon + 180.0) * _CELLS_PER_DEGREE) % _COLUMNS
    row = min(math.floor((lat + 90.0) * _CELLS_PER_DEGREE), _ROWS - 1)
    return row * _COLUMNS + column


def cell_arrays(lons: npt.ArrayLike, lats: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """`cell` 的成批算法；缺失或无效的坐标得 -1。"""
    lon, lat = np.asarray(lons, np.float64), np.asarray(lats, np.float64)
    good = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
    column = np.floor((np.where(good, lon, 0.0) + 180.0) * _CELLS_PER_DEGREE).astype(np.int64) % _COLUMNS
    row = np.floor((np.where(good, lat, 0.0) + 90.0) * _CELLS_PER_DEGREE).astype(np.int64)
    return np.where(good, np.minimum(row, _ROWS - 1) * _COLUMNS + column, -1)


def neighbours(cell: int) -> list[int]:
    """本格和周围八格的编号，从小到大；在南北极边上不足九个。

    Raises:
        ValueError: 编号不存在。
    """
    if not 0 <= cell < _ROWS * _COLUMNS:
        raise ValueError(f"没有编号为 {cell} 的方格。")
    row, column = divmod(cell, _COLUMNS)
    rows = range(max(row - 1, 0), min(row + 1, _ROWS - 1) + 1)
    return sorted(r * _COLUMNS + (column + step) % _COLUMNS for r in rows for step in (-1, 0, 1))


def cells_within(lon: float, lat: float, metres: float) -> list[int]:
    """半径 `metres` 米（不超过 2000）的圆可能碰到的全部方格，从小到大。查更大的半径时用它代替 `neighbours`。

    Raises:
        ValueError: 半径不是正数或过大，或经纬度无效。
    """
    if metres > _MAX_CELL_SEARCH:
        raise ValueError(f"查找半径不要超过 {_MAX_CELL_SEARCH:.0f} 米。")
    west, south, east, north = bbox(lon, lat, metres)
    low, high = cell(west, south) // _COLUMNS, cell(west, north) // _COLUMNS
    first, last = (min(math.floor((x + 180.0) * _CELLS_PER_DEGREE), _COLUMNS - 1) for x in (west, east))
    return [row * _COLUMNS + column for row in range(low, high + 1) for column in range(first, last + 1)]


def _check(lon: float, lat: float) -> None:
    if not (abs(lon) <= 180.0 and abs(lat) <= 90.0):  # NaN 也在此拦下
        raise ValueError(f"（{lon:g}, {lat:g}）不是有效的经纬度，请重新选取位置。")
