"""距离、外接框、方格。"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.space import (
    CELL_SAFE_METRES,
    bbox,
    cell,
    cell_arrays,
    cells_within,
    metres,
    metres_arrays,
    neighbours,
)

LON = st.floats(73.5, 135.0)
LAT = st.floats(3.9, 53.6)


def _move(lon: float, lat: float, bearing: float, distance: float) -> tuple[float, float]:
    """从一点沿方位角走若干米（球面正解）。"""
    d, phi = distance / 6371008.8, math.radians(lat)
    phi2 = math.asin(math.sin(phi) * math.cos(d) + math.cos(phi) * math.sin(d) * math.cos(bearing))
    step = math.atan2(
        math.sin(bearing) * math.sin(d) * math.cos(phi), math.cos(d) - math.sin(phi) * math.sin(phi2)
    )
    return lon + math.degrees(step), math.degrees(phi2)


def test_known_distances() -> None:
    assert metres(113.0, 22.0, 113.0, 23.0) == pytest.approx(111195.08, abs=0.01)
    assert metres(0.0, 0.0, 180.0, 0.0) == pytest.approx(math.pi * 6371008.8)
    assert metres(113.95, 22.75, 113.95, 22.75) == 0.0


@settings(max_examples=100, deadline=None)
@given(LON, LAT, st.floats(0, 2 * math.pi), st.floats(0.1, 5000))
def test_distance_and_bbox_agree_with_walking(lon: float, lat: float, bearing: float, far: float) -> None:
    x, y = _move(lon, lat, bearing, far)
    assert metres(lon, lat, x, y) == pytest.approx(far, abs=1e-3)
    west, south, east, north = bbox(lon, lat, far)
    assert west <= x <= east and south <= y <= north
    # 框不能大得离谱：四角到圆心不超过 1.5 倍半径（外加放宽的毫米）
    assert metres(lon, lat, west, south) < 1.5 * far + 0.01


@settings(max_examples=150, deadline=None)
@given(LON, LAT, st.floats(0, 2 * math.pi), st.floats(0, CELL_SAFE_METRES))
def test_near_points_are_in_neighbouring_cells(lon: float, lat: float, bearing: float, far: float) -> None:
    x, y = _move(lon, lat, bearing, far)
    assert cell(x, y) in neighbours(cell(lon, lat))
    assert cell(lon, lat) in neighbours(cell(x, y))


@settings(max_examples=80, deadline=None)
@given(LON, LAT, st.floats(0, 2 * math.pi), st.floats(1, 600))
def test_cells_within_misses_nothing(lon: float, lat: float, bearing: float, far: float) -> None:
    found = cells_within(lon, lat, far)
    assert cell(*_move(lon, lat, bearing, far * 0.999)) in found
    assert found == sorted(set(found))


def test_cell_size_and_edges() -> None:
    """同格不超过一格的对角线，两格之外不同号。"""
    here = cell(113.9501, 22.7501)
    assert cell(113.9502, 22.7502) == here
    assert cell(113.9501 + 0.0016, 22.7501) == here + 2
    assert len(neighbours(here)) == 9 and here in neighbours(here)
    assert cell(180.0, 0.0) == cell(-180.0, 0.0)
    assert len(neighbours(cell(0.0, 90.0))) == 6
    assert cell(179.99999, 10.0) in neighbours(cell(-179.99999, 10.0))


def test_arrays_match_single_points() -> None:
    rng = np.random.default_rng(7)
    lons, lats = rng.uniform(-180, 180, 200), rng.uniform(-90, 90, 200)
    assert cell_arrays(lons, lats).tolist() == [cell(x, y) for x, y in zip(lons, lats, strict=True)]
    assert cell_arrays([np.nan, 200.0, 113.0], [22.0, 22.0, 22.0]).tolist() == [-1, -1, cell(113.0, 22.0)]
    expected = [metres(113.95, 22.75, x, y) for x, y in zip(lons, lats, strict=True)]
    np.testing.assert_allclose(metres_arrays(113.95, 22.75, lons, lats), expected, rtol=1e-12)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="大于 0"):
        bbox(113.0, 22.0, 0.0)
    with pytest.raises(ValueError, match="有效的经纬度"):
        cell(113.0, math.nan)
    with pytest.raises(ValueError, match="不要超过 2000 米"):
        cells_within(113.0, 22.0, 5000.0)
    with pytest.raises(ValueError, match="没有编号"):
        neighbours(-1)
