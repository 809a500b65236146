"""三种经纬度之间的换算：WGS-84（卫星定位）、GCJ-02（国内地图）、BD-09（百度地图）。

手机和执法记录仪给出 WGS-84；居民从地图软件里复制出来的多半是 GCJ-02 或 BD-09。三者在同一地点相差
几百米，足以把一件事派到隔壁社区，所以入库一律 WGS-84，进出时换算。

经纬度的单位是度，次序总是先经度后纬度。换算公式是业界通行的近似式，不是国家公布的算法；与地图软件
相比的偏差在一米上下。境外（下面的矩形之外）三者视为相同。矩形边线两侧约一公里内，偏移前后会分落两边，
换算不可逆；这条线在海上和境外，不影响使用。
"""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class Datum(StrEnum):
    """经纬度所用的坐标系。"""

    WGS84 = "WGS84"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


# 通行公式采用的矩形（西、南、东、北），度。
CHINA_BOX = (72.004, 0.8293, 137.8347, 55.8271)

_SEMI_MAJOR = 6378245.0  # 克拉索夫斯基椭球长半轴，米
_ECCENTRICITY2 = 0.00669342162296594323  # 同一椭球第一偏心率的平方
_BD_ANGULAR = math.pi * 3000.0 / 180.0
_TOLERANCE = 1e-11  # 度；比承诺的 1e-9 严两位
_MAX_ROUNDS = 30


def _inside(lon: FloatArray, lat: FloatArray, margin: float = 0.0) -> npt.NDArray[np.bool_]:
    west, south, east, north = CHINA_BOX
    return (lon >= west - margin) & (lon <= east + margin) & (lat >= south - margin) & (lat <= north + margin)


def _gcj_shift(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """GCJ-02 减 WGS-84 的差（度），按 WGS-84 位置计算。"""
    x, y = lon - 105.0, lat - 35.0
    pi = math.pi
    common = 20.0 * np.sin(6.0 * pi * x) + 20.0 * np.sin(2.0 * pi * x)
    root = np.sqrt(np.abs(x))
    north_m = (
        -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + (
            common
            + 20.0 * np.sin(pi * y)
            + 40.0 * np.sin(pi * y / 3.0)
            + 160.0 * np.sin(pi * y / 12.0)
            + 320.0 * np.sin(pi * y / 30.0)
        )
        * (2.0 / 3.0)
    )
    east_m = (
        300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + (
            common
            + 20.0 * np.sin(pi * x)
            + 40.0 * np.sin(pi * x / 3.0)
            + 150.0 * np.sin(pi * x / 12.0)
            + 300.0 * np.sin(pi * x / 30.0)
        )
        * (2.0 / 3.0)
    )
    radians = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY2 * np.sin(radians) ** 2
    meridian = _SEMI_MAJOR * (1.0 - _ECCENTRICITY2) / (magic * np.sqrt(magic))
    parallel = _SEMI_MAJOR / np.sqrt(magic) * np.cos(radians)
    return np.degrees(east_m / parallel), np.degrees(north_m / meridian)


def _bd_shift(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """BD-09 减 GCJ-02 的差（度），按 GCJ-02 位置计算。"""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_ANGULAR)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_ANGULAR)
    return radius * np.cos(angle) + 0.0065 - lon, radius * np.sin(angle) + 0.006 - lat


def _forward(lon: FloatArray, lat: FloatArray, source: Datum) -> tuple[FloatArray, FloatArray]:
    """加一层偏移：WGS-84→GCJ-02 或 GCJ-02→BD-09。"""
    inside = _inside(lon, lat)
    out_lon, out_lat = lon.copy(), lat.copy()
    if inside.any():
        shift = _gcj_shift if source is Datum.WGS84 else _bd_shift
        east, north = shift(lon[inside], lat[inside])
        out_lon[inside] += east
        out_lat[inside] += north
    return out_lon, out_lat


def _backward(lon: FloatArray, lat: FloatArray, target: Datum) -> tuple[FloatArray, FloatArray]:
    """去一层偏移：GCJ-02→WGS-84 或 BD-09→GCJ-02。偏移随位置变化很慢（压缩比约 0.02），逐次代入即收敛。"""
    out_lon, out_lat = lon.copy(), lat.copy()
    near = _inside(lon, lat, margin=0.05)
    if near.any():
        shift = _gcj_shift if target is Datum.WGS84 else _bd_shift
        goal_lon, goal_lat = lon[near], lat[near]
        now_lon, now_lat = goal_lon, goal_lat
        for _ in range(_MAX_ROUNDS):
            east, north = shift(now_lon, now_lat)
            next_lon, next_lat = goal_lon - east, goal_lat - north
            moved = np.maximum(np.abs(next_lon - now_lon), np.abs(next_lat - now_lat))
            now_lon, now_lat = next_lon, next_lat
            if not (moved > _TOLERANCE).any():
                break
        # 反推出的原点若在矩形外，说明这一点本就没有加过偏移。
        shifted = _inside(now_lon, now_lat)
        out_lon[near] = np.where(shifted, now_lon, goal_lon)
        out_lat[near] = np.where(shifted, now_lat, goal_lat)
    return out_lon, out_lat


def _checked(lons: npt.ArrayLike, lats: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    lon = np.atleast_1d(np.asarray(lons, dtype=np.float64))
    lat = np.atleast_1d(np.asarray(lats, dtype=np.float64))
    if lon.shape != lat.shape:
        raise ValueError(f"经度有 {lon.size} 个，纬度有 {lat.size} 个，个数要相同。")
    bad = (np.abs(lon) > 180.0) | (np.abs(lat) > 90.0)
    if bad.any():
        first = int(np.flatnonzero(bad.ravel())[0])
        x, y = float(lon.ravel()[first]), float(lat.ravel()[first])
        hint = "经度和纬度像是写反了，请对调。" if abs(y) <= 180.0 and abs(x) <= 90.0 else "请核对后重填。"
        raise ValueError(f"第 {first + 1} 个坐标（{x:g}, {y:g}）不是有效的经纬度：{hint}")
    return lon, lat


_LEVEL = {Datum.WGS84: 0, Datum.GCJ02: 1, Datum.BD09: 2}
_BY_LEVEL = (Datum.WGS84, Datum.GCJ02, Datum.BD09)


def convert_arrays(
    lons: npt.ArrayLike, lats: npt.ArrayLike, source: Datum, target: Datum
) -> tuple[FloatArray, FloatArray]:
    """成批换算。入参与返回都是度；缺失值（NaN）原样保留。

    Raises:
        ValueError: 个数不同，或有超出范围的经纬度（说明第几个）。
    """
    lon, lat = _checked(lons, lats)
    level, goal = _LEVEL[Datum(source)], _LEVEL[Datum(target)]
    if level == goal:
        return lon.copy(), lat.copy()
    while level < goal:
        lon, lat = _forward(lon, lat, _BY_LEVEL[level])
        level += 1
    while level > goal:
        level -= 1
        lon, lat = _backward(lon, lat, _BY_LEVEL[level])
    return lon, lat


def to_wgs84_arrays(lons: npt.ArrayLike, lats: npt.ArrayLike, datum: Datum) -> tuple[FloatArray, FloatArray]:
    """成批换算为 WGS-84（度）。`datum` 是给出的坐标所用的坐标系。"""
    return convert_arrays(lons, lats, datum, Datum.WGS84)


def from_wgs84_arrays(
    lons: npt.ArrayLike, lats: npt.ArrayLike, datum: Datum
) -> tuple[FloatArray, FloatArray]:
    """成批把 WGS-84（度）换算为 `datum`。"""
    return convert_arrays(lons, lats, Datum.WGS84, datum)


def _convert(lon: float, lat: float, source: Datum, target: Datum) -> tuple[float, float]:
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise ValueError("经纬度不是数字，请重新选取位置。")
    lons, lats = convert_arrays([lon], [lat], source, target)
    return float(lons[0]), float(lats[0])


def to_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """换算为 WGS-84。入参、返回：（经度, 纬度），度；反解误差小于 1e-9 度。

    Raises:
        ValueError: 不是数字，或超出经纬度范围。
    """
    return _convert(lon, lat, datum, Datum.WGS84)


def from_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """WGS-84 换算为 `datum`。入参、返回：（经度, 纬度），度；错误同 `to_wgs84`。"""
    return _convert(lon, lat, Datum.WGS84, datum)


def wgs84_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """WGS-84 → GCJ-02，度。"""
    return _convert(lon, lat, Datum.WGS84, Datum.GCJ02)


def gcj02_to_wgs84(lon: float, lat: float) -> tuple[float, float]:
    """GCJ-02 → WGS-84，度。"""
    return _convert(lon, lat, Datum.GCJ02, Datum.WGS84)


def gcj02_to_bd09(lon: float, lat: float) -> tuple[float, float]:
    """GCJ-02 → BD-09，度。"""
    return _convert(lon, lat, Datum.GCJ02, Datum.BD09)


def bd09_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """BD-09 → GCJ-02，度。"""
    return _convert(lon, lat, Datum.BD09, Datum.GCJ02)


def wgs84_to_bd09(lon: float, lat: float) -> tuple[float, float]:
    """WGS-84 → BD-09，度。"""
    return _convert(lon, lat, Datum.WGS84, Datum.BD09)


def bd09_to_wgs84(lon: float, lat: float) -> tuple[float, float]:
    """BD-09 → WGS-84，度。"""
    return _convert(lon, lat, Datum.BD09, Datum.WGS84)
