"""区域索引。"""

import math
import threading
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.space import AreaIndex, metres, square_metres

W, S = 113.90, 22.70


def square(x: float, y: float, size: float = 0.01) -> dict[str, Any]:
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def board(n: int = 6) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{i}-{j}", square(W + i * 0.01, S + j * 0.01)) for i in range(n) for j in range(n)]


def test_locates_inside_and_outside() -> None:
    index = AreaIndex(board())
    assert index.locate(W + 0.025, S + 0.034) == "2-3"
    assert index.locate(W - 0.001, S + 0.03) is None
    assert index.locate(math.nan, S) is None
    assert len(index) == 36
    assert AreaIndex([]).locate(W, S) is None
    assert AreaIndex([]).locate_many([W], [S]).tolist() == [-1]
    assert AreaIndex([]).overlaps() == []


def test_hole_belongs_to_nobody_or_to_the_one_in_it() -> None:
    ring = square(W, S, 0.03)
    ring["coordinates"].append(square(W + 0.01, S + 0.01)["coordinates"][0][::-1])
    assert AreaIndex([("环", ring)]).locate(W + 0.015, S + 0.015) is None
    both = AreaIndex([("环", ring), ("心", square(W + 0.01, S + 0.01))])
    assert both.locate(W + 0.015, S + 0.015) == "心"
    assert both.overlaps() == []


def test_smallest_wins() -> None:
    index = AreaIndex([("街道", square(W, S, 0.05)), ("社区", square(W, S, 0.02)), ("网格", square(W, S))])
    assert index.locate(W + 0.005, S + 0.005) == "网格"
    assert index.locate(W + 0.03, S + 0.03) == "街道"
    assert index.locate_many([W + 0.005, W + 0.015, W + 0.03, W + 0.06], [S + 0.005] * 4).tolist() == [
        2,
        1,
        0,
        -1,
    ]


def test_outlines_around_a_spot_are_cut_to_the_frame() -> None:
    """框内看得见的边线都在，框外的没有；原点就是那一点，北在上。"""
    index = AreaIndex(board())
    lon, lat = W + 0.012, S + 0.015  # 西边线在它西边约 205 米，别的边线都在 500 米以外
    found = {one.key: one for one in index.outlines(lon, lat, 300)}
    assert set(found) == {"0-1", "1-1"}
    gap = metres(lon, lat, W + 0.01, lat)
    for one in found.values():
        (line,) = one.lines
        assert {round(x) for x, _ in line} == {-round(gap)}
        assert {round(y) for _, y in line} == {-300, 300}
        assert abs(one.middle[0]) <= 300 and abs(one.middle[1]) <= 300
    assert found["0-1"].middle[0] < -gap < found["1-1"].middle[0], "名字写在各自那一边"
    inner = index.outlines(W + 0.015, S + 0.015, 100)
    assert [(one.key, one.lines) for one in inner] == [("1-1", ())], "边线都在框外，只知道在谁里面"
    assert index.outlines(W + 1, S + 1, 300) == [] == AreaIndex([]).outlines(W, S, 300)
    with pytest.raises(ValueError, match="不是有效的经纬度"):
        index.outlines(999, 0, 300)


@settings(max_examples=60, deadline=None)
@given(st.permutations(board(3)), st.integers(0, 3), st.floats(0, 0.03))
def test_shared_border_goes_one_way_whatever_the_order(
    items: list[tuple[str, dict[str, Any]]], line: int, along: float
) -> None:
    """边线上的点总有归属（外缘也算），且与传入次序无关。"""
    edge = board(3)[line * 3 if line < 3 else 6][1]["coordinates"][0][0 if line < 3 else 1][0]
    answer = AreaIndex(items).locate(edge, S + min(along, 0.029))
    assert answer is not None
    assert answer == AreaIndex(board(3)).locate(edge, S + min(along, 0.029))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_many_agrees_with_brute_force(seed: int) -> None:
    """随机叠放的多边形：成批、单点、逐个相交三种算法答案相同。"""
    rng = np.random.default_rng(seed)
    items = []
    for i in range(12):
        x, y = rng.uniform(0, 0.05, 2)
        angles = np.sort(rng.uniform(0, 2 * math.pi, 9))
        radius = rng.uniform(0.002, 0.02, 9)
        ring = [
            [W + x + r * math.cos(a), S + y + r * math.sin(a)] for a, r in zip(angles, radius, strict=True)
        ]
        items.append((i, {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}))
    index = AreaIndex(items)
    shapes = [shapely.make_valid(shapely.geometry.shape(g), method="structure") for _, g in items]
    areas = [square_metres(shape) for shape in shapes]
    lons, lats = W + rng.uniform(-0.02, 0.07, 150), S + rng.uniform(-0.02, 0.07, 150)
    many = index.locate_many(lons, lats)
    assert (many >= 0).any()
    for lon, lat, got in zip(lons, lats, many, strict=True):
        hits = [i for i, shape in enumerate(shapes) if shape.intersects(shapely.Point(lon, lat))]
        expected = min(hits, key=lambda i: areas[i]) if hits else -1
        assert got == expected
        assert index.locate(lon, lat) == (None if expected < 0 else expected)


def test_many_keeps_order_and_gaps() -> None:
    index = AreaIndex(board())
    found = index.locate_many([W + 0.015, math.nan, W - 1, W + 0.055], [S + 0.005, S, S, S + 0.055])
    assert [None if i < 0 else index.keys[i] for i in found] == ["1-0", None, None, "5-5"]
    with pytest.raises(ValueError, match="个数要相同"):
        index.locate_many([W], [S, S])


def test_nearest_measures_metres() -> None:
    index = AreaIndex(board())
    assert index.nearest(W + 0.015, S + 0.005, 50) == ("1-0", 0.0)
    east_edge = W + 0.06
    found = index.nearest(east_edge + 0.001, S + 0.015, 500)
    assert found is not None and found[0] == "5-1"
    assert found[1] == pytest.approx(metres(east_edge, S + 0.015, east_edge + 0.001, S + 0.015), rel=1e-4)
    assert index.nearest(east_edge + 0.001, S + 0.015, 90) is None
    # 外接框的角上：框碰得到，圆够不着
    assert index.nearest(east_edge + 0.0008, S + 0.06 + 0.0008, 100) is None
    assert index.nearest(0.0, 0.0, 100) is None
    with pytest.raises(ValueError, match="大于 0"):
        index.nearest(W, S, -1)


def test_overlaps_beyond_tolerance() -> None:
    items = [("甲", square(W, S)), ("乙", square(W + 0.009, S)), ("丙", square(W + 0.019, S))]
    index = AreaIndex(items)
    found = index.overlaps()
    assert [(o.first, o.second) for o in found] == [("甲", "乙")]
    width, height = metres(W, S, W + 0.001, S), metres(W, S, W, S + 0.01)
    assert found[0].square_metres == pytest.approx(width * height, rel=1e-3)
    assert index.overlaps(tolerance=found[0].square_metres + 1) == []
    assert AreaIndex([("甲", square(W, S)), ("甲", square(W, S))]).overlaps() == []


def test_bow_tie_is_repaired_and_reported() -> None:
    bow = {
        "type": "Polygon",
        "coordinates": [[[W, S], [W + 0.01, S + 0.01], [W + 0.01, S], [W, S + 0.01], [W, S]]],
    }
    index = AreaIndex([("好", square(W + 0.02, S)), ("结", bow)])
    assert [r.key for r in index.repaired] == ["结"]
    assert "自己交叉" in index.repaired[0].reason and "113.905" in index.repaired[0].reason
    assert index.repaired[0].square_metres == pytest.approx(
        square_metres(shapely.box(W, S, W + 0.01, S + 0.01)) / 2
    )
    assert index.locate(W + 0.001, S + 0.005) == "结"
    assert index.locate(W + 0.005, S + 0.001) is None
    assert AreaIndex(board()).repaired == ()


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        ({"type": "Polygon", "coordinates": []}, "区域“某格”是空的"),
        (
            {"type": "Polygon", "coordinates": [[[W, S], [W + 1, S], [W + 2, S], [W, S]]]},
            "区域“某格”有一块不到 1",
        ),
        (
            {"type": "Polygon", "coordinates": [[[W, S], [W + 1, S], [W + 1, S + 1]]]},
            "区域“某格”的边界没有闭合",
        ),
        ({"type": "Point", "coordinates": [W, S]}, "区域“某格”不是面"),
        ({"type": "Polygon", "coordinates": [[[S, W], [S, W + 1], [S + 1, W], [S, W]]]}, "区域“某格”.*写反"),
        (None, "区域“某格”没有画出范围"),
    ],
)
def test_degenerate_areas_are_refused_by_name(geometry: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AreaIndex([("好", square(W, S)), ("某格", geometry)])


def test_several_parts_and_heights_are_accepted() -> None:
    """一个键两块；带高程的坐标忽略高程。"""
    tall = {
        "type": "MultiPolygon",
        "coordinates": [[[[x, y, 12.5] for x, y in square(W, S)["coordinates"][0]]]],
    }
    index = AreaIndex([("甲", tall), ("甲", square(W + 0.02, S))])
    assert index.locate(W + 0.005, S + 0.005) == "甲" == index.locate(W + 0.025, S + 0.005)


def test_threads_get_the_same_answers() -> None:
    index = AreaIndex(board())
    rng = np.random.default_rng(3)
    lons, lats = W + rng.uniform(0, 0.06, 3000), S + rng.uniform(0, 0.06, 3000)
    expected = index.locate_many(lons, lats)
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(index.locate_many(lons, lats))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert all(np.array_equal(expected, answer) for answer in answers)
