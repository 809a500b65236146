"""演示街道：拼得严、放得对、人岗齐。"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import shapely

from jiezhi.core.space import AreaIndex, metres, read_features, square_metres
from jiezhi.demo.buildings import luhn_digit
from jiezhi.demo.names import PEOPLE
from jiezhi.demo.plan import LAYERS, StreetPlan
from jiezhi.demo.street import build_street


@pytest.fixture(scope="module")
def plan() -> StreetPlan:
    return build_street()


@pytest.mark.parametrize("seed", [20260101, 1, 2, 3, 17])
def test_grids_tile_the_street(seed: int) -> None:
    plan = build_street(seed)
    shapes = [shapely.geometry.shape(grid.geometry) for grid in plan.grids]
    street = shapely.geometry.shape(plan.street.geometry)
    whole = shapely.unary_union(shapes)
    assert len(shapes) == 40
    assert whole.geom_type == "Polygon" and not whole.interiors
    assert whole.equals(street)
    assert sum(map(square_metres, shapes)) == pytest.approx(square_metres(street), rel=1e-4)
    assert sum(s.area for s in shapes) == pytest.approx(street.area, rel=1e-9)
    index = AreaIndex([(grid.code, grid.geometry) for grid in plan.grids])
    assert index.repaired == ()
    assert index.overlaps(tolerance=0.01) == []
    for community in plan.communities:
        own = [s for s, g in zip(shapes, plan.grids, strict=True) if g.parent == community.code]
        assert len(own) == 8
        union = shapely.geometry.shape(community.geometry)
        assert union.geom_type == "Polygon" and shapely.unary_union(own).equals(union)


def test_grids_are_not_a_chessboard(plan: StreetPlan) -> None:
    shapes = [shapely.geometry.shape(grid.geometry) for grid in plan.grids]
    areas = sorted(map(square_metres, shapes))
    assert areas[0] > 20_000 and areas[-1] > 1.5 * areas[0]
    assert all(20 <= shapely.get_num_coordinates(shape) <= 60 for shape in shapes)


def test_every_building_lies_in_its_grid_and_community(plan: StreetPlan) -> None:
    index = AreaIndex([(grid.code, grid.geometry) for grid in plan.grids])
    parents = {grid.code: grid.parent for grid in plan.grids}
    found = index.locate_many([b.lon for b in plan.buildings], [b.lat for b in plan.buildings])
    assert len(plan.buildings) == 300
    assert [index.keys[i] for i in found] == [b.grid for b in plan.buildings]
    assert all(parents[b.grid] == b.community for b in plan.buildings)
    assert {Counter(b.grid for b in plan.buildings)[g.code] for g in plan.grids} <= {7, 8}
    for grid in plan.grids:
        own = [b for b in plan.buildings if b.grid == grid.code]
        assert all(metres(a.lon, a.lat, b.lon, b.lat) > 20 for a in own for b in own if a is not b)


def test_codes_are_unique_and_well_formed(plan: StreetPlan) -> None:
    areas = (plan.street, *plan.communities, *plan.grids)
    assert [len(plan.communities), len(plan.grids)] == [5, 40]
    for codes in (
        [a.code for a in areas],
        [a.name for a in areas],
        [b.code for b in plan.buildings],
        [b.address for b in plan.buildings],
        [u.code for u in plan.units],
        [u.name for u in plan.units],
        [p.code for p in plan.posts],
        [o.login for o in plan.officers],
        [o.name for o in plan.officers],
        [(r.category, r.subcategory, r.community) for r in plan.dispatch],
        [r.number for r in plan.reports],
    ):
        assert len(codes) == len(set(codes))
    assert all(child.code.startswith(child.parent) for child in areas)
    assert all(re.fullmatch(r"990101\d{6}", b.code) for b in plan.buildings)
    assert all(luhn_digit(b.code[:-1]) == int(b.code[-1]) for b in plan.buildings)
    assert {len(a.code) for a in plan.communities} == {12}
    assert not {b.code for b in plan.buildings} & {a.code for a in areas}


def test_check_digit_catches_a_slip() -> None:
    assert luhn_digit("7992739871") == 3  # 标准附录里的例子
    assert all(luhn_digit(f"9901015{d}001") != luhn_digit("99010150001") for d in range(1, 10))


def test_buildings_are_varied(plan: StreetPlan) -> None:
    kinds = Counter(b.kind for b in plan.buildings)
    assert {"住宅", "商铺", "学校", "工地", "公园", "厂房", "写字楼"} <= set(kinds)
    assert {b.setting for b in plan.buildings} == {"小区", "沿街", "城中村", "园区"}
    assert kinds["住宅"] > 120
    assert any(re.fullmatch(r".+[路街道]\d+号", b.address) for b in plan.buildings)
    assert any(re.fullmatch(r".+[村围][一二三四五六七八九十]+巷\d+号", b.address) for b in plan.buildings)
    assert any(re.fullmatch(r".+\d+栋", b.address) for b in plan.buildings)


def test_every_grid_has_a_keeper_of_its_own_community(plan: StreetPlan) -> None:
    stations = {u.code: u.community for u in plan.units if u.kind == "community"}
    loads = Counter[str]()
    for grid in plan.grids:
        keepers = plan.keepers(grid.code)
        assert len(keepers) == 1
        assert stations[keepers[0].unit] == grid.parent
        loads[keepers[0].login] += 1
    assert set(loads.values()) == {1, 2}


def test_units_are_staffed(plan: StreetPlan) -> None:
    assert len(plan.officers) == 60
    units = {u.code: u for u in plan.units}
    posts = {p.code for p in plan.posts}
    areas = {a.code for a in (plan.street, *plan.communities, *plan.grids)}
    for unit in plan.units:
        assert unit.parent == "" or unit.parent in units
        if unit.kind in ("inside", "community"):
            assert len(plan.holders("unit_clerk", unit.code)) >= 2
            assert len(plan.holders("unit_chief", unit.code)) == 1
        if unit.kind == "community":
            assert len(plan.holders("community_lead", unit.code)) == 1
    assert Counter(u.kind for u in plan.units) == {"street": 1, "inside": 8, "community": 5, "outside": 12}
    assert all(plan.holders(post) for post in posts)
    for officer in plan.officers:
        assert officer.postings and units[officer.unit].kind != "outside"
        for posting in officer.postings:
            assert posting.post in posts and posting.unit in units
            assert posting.areas and set(posting.areas) <= areas
    # 回访、督办的人不办件
    doers = {o.login for o in (*plan.holders("unit_clerk"), *plan.holders("grid_worker"))}
    assert not doers & {o.login for o in (*plan.holders("callback"), *plan.holders("supervisor"))}


def test_names_and_logins(plan: StreetPlan) -> None:
    assert len(PEOPLE) >= 60
    assert len({login for _, login in PEOPLE}) == len({name for name, _ in PEOPLE}) == len(PEOPLE)
    assert all(re.fullmatch(r"[\u4e00-\u9fff]{2,4}", name) for name, _ in PEOPLE)
    assert all(re.fullmatch(r"[a-z]{4,20}", login) for _, login in PEOPLE)
    assert Counter(len(o.name) for o in plan.officers)[2] >= 2


def test_dispatch_table_answers_every_report(plan: StreetPlan) -> None:
    kinds = {u.code: u.kind for u in plan.units}
    where = {b.code: b for b in plan.buildings}
    answered = Counter[str]()
    for report in plan.reports:
        unit = plan.unit_for(report.category, report.subcategory, where[report.building].community)
        assert unit is not None
        answered[kinds[unit]] += 1
    assert set(answered) == {"inside", "community", "outside"}
    assert all(rule.unit in kinds for rule in plan.dispatch)
    for unit in plan.units:
        if unit.kind == "community":
            assert plan.unit_for("政法平安", "邻里纠纷", unit.community) == unit.code
    assert plan.unit_for("政法平安", "邻里纠纷") is None
    assert plan.unit_for("没有", "这一类") is None


def test_reports_read_like_residents(plan: StreetPlan) -> None:
    where = {b.code: b for b in plan.buildings}
    assert len(plan.reports) >= 60
    assert len({r.text for r in plan.reports}) == len(plan.reports)
    lengths = [len(r.text) for r in plan.reports]
    assert min(lengths) < 25 and max(lengths) > 50
    by_number = {r.number: r for r in plan.reports}
    for report in plan.reports:
        assert where[report.building].label in report.text
        assert not re.search(r"[{}|!\[\]]", report.text)
        if report.same_as:
            earlier = by_number[report.same_as]
            assert earlier.number < report.number and earlier.same_as == 0
            assert earlier.building == report.building
            assert earlier.subcategory == report.subcategory
    assert sum(1 for r in plan.reports if r.same_as) >= 4
    assert 4 <= sum(r.urgent for r in plan.reports) <= 12


def test_same_seed_same_plan_even_in_another_process(plan: StreetPlan) -> None:
    assert build_street() == plan
    assert build_street(7) != plan
    code = "import hashlib; from jiezhi.demo.street import build_street as b;"
    code += "print(hashlib.sha256(repr(b()).encode()).hexdigest())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(digests) == 1 and len(digests.pop().strip()) == 64


def test_exports_geojson_our_own_reader_accepts(plan: StreetPlan, tmp_path: Path) -> None:
    document = plan.to_geojson()
    text = json.dumps(document, ensure_ascii=False)
    (path := tmp_path / "street.geojson").write_text(text, encoding="utf-8")
    with path.open("rb") as file:
        features = read_features(file)
    assert Counter(f.properties["layer"] for f in features) == {
        "street": 1,
        "community": 5,
        "grid": 40,
        "building": 300,
    }
    assert {f["properties"]["layer"] for f in plan.to_geojson(["grid"])["features"]} == {"grid"}
    for feature in features:
        if feature.geometry["type"] == "Polygon":
            assert shapely.is_ccw(shapely.LinearRing(feature.geometry["coordinates"][0]))
    assert LAYERS == ("street", "community", "grid", "building")
    with pytest.raises(ValueError, match="没有“楼栋”图层"):
        plan.to_geojson(["楼栋"])
