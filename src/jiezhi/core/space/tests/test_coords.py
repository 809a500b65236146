"""坐标换算。"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.space import (
    Datum,
    bd09_to_gcj02,
    bd09_to_wgs84,
    convert_arrays,
    from_wgs84,
    from_wgs84_arrays,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    metres,
    to_wgs84,
    to_wgs84_arrays,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

LON = st.floats(73.5, 135.0)
LAT = st.floats(3.9, 53.5)
DATUMS = st.sampled_from(list(Datum))


def test_known_value_of_tiananmen() -> None:
    lon, lat = wgs84_to_gcj02(116.397428, 39.90923)
    assert (round(lon, 6), round(lat, 6)) == (116.403672, 39.910634)


def test_shifts_have_the_expected_size() -> None:
    """GCJ-02 与 WGS-84 相差几百米，BD-09 再差近一公里：算错量级的公式过不了。"""
    lon, lat = 113.95, 22.75
    assert 300 < metres(lon, lat, *wgs84_to_gcj02(lon, lat)) < 900
    assert 700 < metres(lon, lat, *gcj02_to_bd09(lon, lat)) < 1100


@settings(max_examples=150, deadline=None)
@given(LON, LAT, DATUMS, DATUMS)
def test_round_trip_between_any_two(lon: float, lat: float, first: Datum, second: Datum) -> None:
    there = convert_arrays([lon], [lat], first, second)
    back = convert_arrays(*there, second, first)
    assert abs(back[0][0] - lon) < 1e-9
    assert abs(back[1][0] - lat) < 1e-9


@pytest.mark.parametrize("lon", [105.0, 105.0 + 1e-13, 105.0 - 1e-9])
def test_converges_where_the_root_term_is_steep(lon: float) -> None:
    """公式含 |经度-105| 的平方根，在 105 度处斜率无穷大。"""
    back = gcj02_to_wgs84(*wgs84_to_gcj02(lon, 29.0))
    assert back == pytest.approx((lon, 29.0), abs=1e-9)


def test_pairwise_functions_agree_with_general_ones() -> None:
    lon, lat = 113.95, 22.75
    gcj, bd = wgs84_to_gcj02(lon, lat), wgs84_to_bd09(lon, lat)
    assert gcj == from_wgs84(lon, lat, Datum.GCJ02) != (lon, lat)
    assert bd == from_wgs84(lon, lat, Datum.BD09) == gcj02_to_bd09(*gcj) != gcj
    assert bd09_to_gcj02(*bd) == pytest.approx(gcj, abs=1e-9)
    assert bd09_to_wgs84(*bd) == to_wgs84(*bd, Datum.BD09) == pytest.approx((lon, lat), abs=1e-9)
    assert to_wgs84(lon, lat, Datum.WGS84) == (lon, lat)


@pytest.mark.parametrize("place", [(-73.98, 40.75), (151.2, -33.87), (2.35, 48.86), (179.9, 89.9)])
@pytest.mark.parametrize("datum", list(Datum))
def test_abroad_nothing_moves(place: tuple[float, float], datum: Datum) -> None:
    assert from_wgs84(*place, datum) == place
    assert to_wgs84(*place, datum) == place


def test_arrays_match_single_points_and_keep_gaps() -> None:
    lons, lats = np.array([113.95, np.nan, -73.98, 121.47]), np.array([22.75, np.nan, 40.75, 31.23])
    out = from_wgs84_arrays(lons, lats, Datum.BD09)
    assert np.isnan(out[0][1]) and np.isnan(out[1][1])
    for i in (0, 2, 3):
        assert (out[0][i], out[1][i]) == from_wgs84(lons[i], lats[i], Datum.BD09)
    back = to_wgs84_arrays(*out, Datum.BD09)
    np.testing.assert_allclose(back[0], lons, atol=1e-9)
    assert lons[0] == 113.95  # 不改传入的数组


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="第 2 个坐标.*写反"):
        to_wgs84_arrays([113.9, 22.7], [22.7, 113.9], Datum.GCJ02)
    with pytest.raises(ValueError, match="核对后重填"):
        to_wgs84(500000.0, 2500000.0, Datum.GCJ02)
    with pytest.raises(ValueError, match="不是数字"):
        to_wgs84(math.nan, 22.7, Datum.GCJ02)
    with pytest.raises(ValueError, match="个数要相同"):
        to_wgs84_arrays([1.0, 2.0], [1.0], Datum.GCJ02)
