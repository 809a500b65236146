"""真实数据试用之四：真实的街道、社区、网格边界和网格事件。另起一个空库，单独的进程。

用法：python bench/trial_geo.py 数据文件夹（结果印成 JSON）；平时由 bench/trial.py 调用。
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from common import fresh_database
from trial_common import COMMUNITIES, EVENTS, GRIDS, STREETS, Figures, check_data, discard, timed

DISTRICT = "D0"
BULK = 100_000
SINGLE = 2_000
MARGIN = 0.002
_DIGITS = {word: number for number, word in enumerate("一二三四五六七八九十", start=1)}
_REPORTED = re.compile(r"(.+)网格(\d+)")


def main() -> None:
    folder = Path(sys.argv[1])
    check_data(folder)
    try:
        fresh_database()
        print(json.dumps(run(folder), ensure_ascii=False))
    finally:
        discard()


def run(folder: Path) -> Figures:
    """装边界，定位，对照。"""
    from django.utils import timezone

    from jiezhi.base.registry import actions
    from jiezhi.base.registry.models import Area
    from jiezhi.base.registry.queries import area_index

    now = timezone.now()
    features, found = areas(folder)
    with timed() as watch:
        done = actions.import_areas(features, reason="真实数据试用", acting_officer=None, now=now)
    found |= {"created": done.created, "import_seconds": watch.seconds}
    found["registered"] = dict(Counter(Area.objects.values_list("level", flat=True)))
    grids = area_index("grid", now)
    found["repaired"] = len(grids.repaired)
    overlaps = grids.overlaps()
    found["overlaps"] = len(overlaps)
    found["overlap_most"] = overlaps[0].square_metres if overlaps else 0.0
    found |= compare(read(folder / EVENTS), now)
    found |= speed(features, now)
    return found


def read(path: Path) -> list[Any]:
    """读一个图层。"""
    from jiezhi.core.space.geojson import read_features

    with path.open("rb") as stream:
        return read_features(stream)


def areas(folder: Path) -> tuple[list[dict[str, Any]], Figures]:
    """三层边界 → 区域。同一代码的几块合成一个多面；不到 1 平方米的碎片删去。"""
    found: Figures = {"files": {}, "merged": {}, "slivers": {}}
    features = [_feature(DISTRICT, "试用区", "district", "", None)]
    layers = (
        (STREETS, "street", "街道编码", "街道", lambda row: DISTRICT),
        (COMMUNITIES, "community", "社区编码", "社区", lambda row: row["街道编码"]),
        (GRIDS, "grid", "网格编号", "所属组织", lambda row: row["网格编号"].rpartition("-")[0]),
    )
    for name, level, code, title, parent in layers:
        rows = read(folder / name)
        pieces: dict[str, list[Any]] = defaultdict(list)
        about: dict[str, Mapping[str, str]] = {}
        dropped = 0
        for row in rows:
            key = row.properties[code]
            about.setdefault(key, row.properties)
            kept = list(_pieces(row.geometry))
            pieces[key] += kept
            dropped += not kept
        found["files"][level] = len(rows)
        found["merged"][level] = sum(len(one) > 1 for one in pieces.values())
        found["slivers"][level] = dropped
        features += [
            _feature(
                key,
                about[key][title],
                level,
                parent(about[key]),
                {"type": "MultiPolygon", "coordinates": shapes},
            )
            for key, shapes in pieces.items()
        ]
    return features, found


def _feature(code: str, name: str, level: str, parent: str, geometry: Any) -> dict[str, Any]:
    properties = {"code": code, "name": name, "level": level, "parent": parent}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _pieces(geometry: Mapping[str, Any]) -> Iterable[Any]:
    import shapely

    from jiezhi.core.space.polygons import MIN_SQUARE_METRES, square_metres

    shapes = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for shape in shapes:
        if square_metres(shapely.Polygon(shape[0], shape[1:])) >= MIN_SQUARE_METRES:
            yield shape


def compare(events: list[Any], now: Any) -> Figures:
    """事件定到的网格与上报的网格对不对得上。"""
    from jiezhi.base.registry.models import Area
    from jiezhi.services.dispatch.queries import place_many

    known = _names(Area.objects.filter(level="grid").values_list("code", "name"))
    spots = [_spot(*event.geometry["coordinates"][:2]) for event in events]
    placings = place_many(spots, at=now)
    outcome: Counter[str] = Counter()
    how: Counter[str] = Counter()
    clash = 0
    for event, placing in zip(events, placings, strict=True):
        how[placing.how] += 1
        match = _REPORTED.fullmatch(event.properties["上报部门"])
        wanted = known.get((match[1], int(match[2]))) if match else None
        if wanted is None:
            outcome["unknown"] += 1
            continue
        clash += wanted.rpartition("-")[2] != str(int(match[2]))  # type: ignore[index]
        parent = wanted.rpartition("-")[0]
        if placing.area_code == wanted:
            outcome["same"] += 1
        elif placing.area_code.rpartition("-")[0] == parent:
            outcome["sibling"] += 1
        else:
            outcome["elsewhere"] += 1
    return {"events": len(events), "agree": dict(outcome), "how": dict(how), "name_code_clash": clash}


def _names(grids: Iterable[tuple[str, str]]) -> dict[tuple[str, int], str]:
    """（社区名去掉“社区”，第几网格） → 代码。名称的末尾写作“社区第几网格”（后面可带编号）或“社区网格几”。"""
    known: dict[tuple[str, int], str] = {}
    for code, name in grids:
        match = re.fullmatch(r".*?街道(.+?)社区.*社区(?:第([一二三四五六七八九十]+)网格\d*|网格(\d+))", name)
        if match:
            key = (match[1], _number(match[2]) if match[2] else int(match[3]))
            assert key not in known, "两个网格同名"
            known[key] = code
    return known


def _number(word: str) -> int:
    if len(word) == 1:
        return _DIGITS[word]
    tens, _, ones = word.partition("十")
    return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)


def _spot(lon: float, lat: float) -> dict[str, str]:
    return {"lon": f"{lon:.7f}", "lat": f"{lat:.7f}"}


def speed(features: list[dict[str, Any]], now: Any) -> Figures:
    """逐个和成批定位，每秒多少点。点在全区外接框内均匀撒。"""
    import numpy as np
    import shapely

    from jiezhi.base.registry.queries import area_index
    from jiezhi.services.dispatch.queries import Placer

    shapes = [shapely.geometry.shape(one["geometry"]) for one in features if one["geometry"]]
    west, south, east, north = shapely.total_bounds(shapes)
    random = np.random.default_rng(20260101)
    lons = random.uniform(west - MARGIN, east + MARGIN, BULK)
    lats = random.uniform(south - MARGIN, north + MARGIN, BULK)
    index = area_index("grid", now)
    with timed() as pure:
        hits = index.locate_many(lons, lats)
    inside = np.flatnonzero(hits >= 0)
    spots = [_spot(lons[at], lats[at]) for at in inside]
    Placer(now).place_many(spots[:10])
    placer = Placer(now)
    with timed() as bulk:
        placer.place_many(spots)
    everywhere = [_spot(*pair) for pair in zip(lons[:20_000], lats[:20_000], strict=True)]
    with timed() as mixed:
        Placer(now).place_many(everywhere)
    alone = Placer(now)
    alone.index("grid")
    with timed() as single:
        for spot in spots[:SINGLE]:
            alone.place(spot)
    with timed() as fresh:
        for spot in spots[SINGLE : SINGLE + 200]:
            Placer(now).place(spot)
    return {
        "bulk_points": len(spots),
        "inside": float(len(spots) / BULK),
        "index_rate": BULK / pure.seconds,
        "bulk_rate": len(spots) / bulk.seconds,
        "mixed_points": len(everywhere),
        "mixed_rate": len(everywhere) / mixed.seconds,
        "single_points": SINGLE,
        "single_rate": SINGLE / single.seconds,
        "fresh_rate": 200 / fresh.seconds,
    }


if __name__ == "__main__":
    main()
