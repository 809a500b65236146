"""读地图文件。"""

import io
import json
from typing import Any

import pytest

from jiezhi.core.space import read_features

RING = [[113.9, 22.7], [113.91, 22.7], [113.91, 22.71], [113.9, 22.7]]


def collection(geometry: Any, properties: Any = None, **extra: Any) -> str:
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature], **extra}, ensure_ascii=False)


def polygon(ring: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize(
    "crs", [None, "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4490", "EPSG:4326"]
)
def test_reads_text_bytes_and_marks(crs: str | None) -> None:
    extra = {"crs": {"type": "name", "properties": {"name": crs}}} if crs else {}
    text = collection(polygon(RING), {"网格编号": "Q-1"}, **extra)
    for file in (io.StringIO(text), io.BytesIO(text.encode()), io.BytesIO(text.encode("utf-8-sig"))):
        (feature,) = read_features(file)
        assert feature.properties == {"网格编号": "Q-1"}
        assert feature.geometry["coordinates"] == [RING]


def test_points_and_lines_are_read_too() -> None:
    for geometry in (
        {"type": "Point", "coordinates": [113.9, 22.7, 5.0]},
        {"type": "LineString", "coordinates": RING},
        {"type": "MultiPolygon", "coordinates": [[RING]]},
    ):
        assert read_features(io.StringIO(collection(geometry)))[0].geometry == geometry


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "文件是空的"),
        ("网格，经度\n1,113", "不是 JSON 格式，第 1 行"),
        ('{"type": "FeatureCollection", "features": [', "不是 JSON 格式"),
        ("[1, 2]", "应为 FeatureCollection"),
        (json.dumps(polygon(RING)), "写的是“Polygon”"),
        ('{"type": "FeatureCollection"}', "没有图形清单"),
        ('{"type": "FeatureCollection", "features": [3]}', "第 1 个图形不是 Feature"),
        (collection(None, {"name": "甲格"}), "第 1 个图形（“甲格”）没有画出范围"),
        (collection({"type": "Circle"}), "种类“Circle”不能用"),
        (collection(polygon(RING[:3])), "没有闭合"),
        (collection(polygon([RING[0], RING[1], RING[0]])), "围不成面"),
        (collection(polygon([[y, x] for x, y in RING])), r"经度和纬度写反了（如 22.7, 113.9）"),
        (collection(polygon([[43.8, 87.6], [43.9, 87.6], [43.9, 87.7], [43.8, 87.6]])), "写反了"),
        (collection(polygon([[500000, 2500000], [1, 2], [3, 4], [500000, 2500000]])), "以米计的平面坐标"),
        (collection(polygon([["a", "b"]] * 4)), "不是“经度, 纬度”两个数字"),
        (collection(polygon("abcd")), "坐标写法不对"),
        (collection({"type": "Point", "coordinates": [float("nan"), 22.7]}), "不是数字的坐标"),
        (collection(polygon(RING), [1]), "属性"),
        (collection(polygon(RING), crs={"properties": {"name": "EPSG:4547"}}), "坐标系是“EPSG:4547”"),
        ("[" * 200_000, "层次太深"),
    ],
)
def test_malformed_files_are_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_features(io.StringIO(text))
    assert message in str(caught.value)


def test_other_encodings_are_explained() -> None:
    with pytest.raises(ValueError, match="不是 UTF-8"):
        read_features(io.BytesIO(collection(polygon(RING), {"名": "网格"}).encode("gbk")))
