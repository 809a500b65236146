"""空间：坐标换算、距离与方格、区域索引、地图文件。

只认 WGS-84 的经纬度（度，先经度后纬度），距离用米；别的坐标系先经 `to_wgs84`。
"""

from jiezhi.core.space.coords import (
    Datum,
    bd09_to_gcj02,
    bd09_to_wgs84,
    convert_arrays,
    from_wgs84,
    from_wgs84_arrays,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    to_wgs84,
    to_wgs84_arrays,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from jiezhi.core.space.distance import (
    CELL_SAFE_METRES,
    bbox,
    cell,
    cell_arrays,
    cells_within,
    flat_offset,
    metres,
    metres_arrays,
    neighbours,
)
from jiezhi.core.space.geojson import Feature, check_geometry, read_features
from jiezhi.core.space.polygons import AreaIndex, Outline, Overlap, Repair, square_metres

__all__ = [
    "CELL_SAFE_METRES",
    "AreaIndex",
    "Datum",
    "Feature",
    "Outline",
    "Overlap",
    "Repair",
    "bbox",
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "cell",
    "cell_arrays",
    "cells_within",
    "check_geometry",
    "convert_arrays",
    "flat_offset",
    "from_wgs84",
    "from_wgs84_arrays",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "metres",
    "metres_arrays",
    "neighbours",
    "read_features",
    "square_metres",
    "to_wgs84",
    "to_wgs84_arrays",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]
