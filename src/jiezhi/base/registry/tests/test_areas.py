from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from jiezhi.base.accounts import queries as account_queries
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.registry import actions, queries
from jiezhi.base.registry.models import Area, AreaVersion
from jiezhi.base.registry.models.areas import path_and_above
from jiezhi.base.registry.tests.conftest import COMMUNITY, FEATURES, GRIDS, NOW, STREET, feature, square

DAY = timedelta(days=1)
POINT = (114.005, 22.505)  # 在一格


def test_paths(areas):
    assert [(a.path, a.depth) for a in Area.objects.all()] == [
        ("/990101001/", 1),
        ("/990101001/001/", 2),
        ("/990101001/001/001/", 3),
        ("/990101001/001/002/", 3),
    ]
    assert path_and_above(areas[GRIDS[0]].path) == ["/990101001/001/001/", "/990101001/001/", "/990101001/"]


def test_locate(areas):
    index = queries.area_index("grid", NOW)
    assert index.locate(*POINT) == areas[GRIDS[0]].pk
    assert index.locate(114.015, 22.505) == areas[GRIDS[1]].pk
    assert index.locate(120.0, 22.505) is None
    assert queries.area_index("community", NOW).locate(*POINT) == areas[COMMUNITY].pk


def test_no_areas_yet(db):
    assert queries.area_index("grid", NOW).locate(*POINT) is None


def test_history(areas):
    later = NOW + 10 * DAY
    actions.change_area_polygon(
        areas[GRIDS[0]],
        square(114.1, 22.5),
        reason="区政府批准调整",
        acting_officer=None,
        effective=later,
        now=NOW,
    )
    key = areas[GRIDS[0]].pk
    moved = (114.105, 22.505)
    for at, old, new in (
        (NOW - DAY, None, None),
        (NOW, key, None),
        (later - timedelta(seconds=1), key, None),
        (later, None, key),
    ):
        index = queries.area_index("grid", at)
        assert (index.locate(*POINT), index.locate(*moved)) == (old, new)
    first, second = queries.versions_of(areas[GRIDS[0]])
    assert (first.valid_to, second.valid_from, second.valid_to) == (later, later, None)
    assert second.reason == "区政府批准调整"
    assert queries.geometry_of(areas[GRIDS[0]], NOW) == square(114.0, 22.5)
    assert queries.geometry_of(areas[GRIDS[0]], NOW - DAY) is None
    record = account_queries.records_of(areas[GRIDS[0]]).first()
    assert (record.title, record.old["version"], record.new["version"]) == ("改区域边界", first.pk, second.pk)


def test_index_is_cached_until_a_boundary_changes(areas, django_assert_num_queries):
    first = queries.area_index("grid", NOW)
    with django_assert_num_queries(1):
        assert queries.area_index("grid", NOW + DAY) is first
    actions.change_area_polygon(
        areas[GRIDS[0]], square(114.1, 22.5), reason="批准调整", acting_officer=None, now=NOW + 2 * DAY
    )
    assert queries.area_index("grid", NOW + 3 * DAY) is not first
    assert queries.area_index("grid", NOW).locate(*POINT) == areas[GRIDS[0]].pk
    assert queries.area_index("grid", NOW + 3 * DAY).locate(*POINT) is None


def test_rolled_back_change_is_not_remembered(areas):
    class Undo(Exception):
        pass

    with pytest.raises(Undo), transaction.atomic():
        actions.change_area_polygon(
            areas[GRIDS[0]], square(114.1, 22.5), reason="批准调整", acting_officer=None, now=NOW + DAY
        )
        assert queries.area_index("grid", NOW + DAY).locate(*POINT) is None
        raise Undo
    assert queries.area_index("grid", NOW + DAY).locate(*POINT) == areas[GRIDS[0]].pk


def test_polygon_change_is_checked(areas):
    grid = areas[GRIDS[0]]
    swapped = {
        "type": "Polygon",
        "coordinates": [[[22.5, 114.0], [22.6, 114.0], [22.6, 114.1], [22.5, 114.0]]],
    }
    for geometry, effective, reason, says in (
        (swapped, None, "批准", "写反"),
        ({"type": "Point", "coordinates": [114, 22.5]}, None, "批准", "不是面"),
        (square(114.1, 22.5), NOW, "批准", "要晚于"),
        (square(114.1, 22.5), None, " ", "原因"),
    ):
        with pytest.raises(ValidationError, match=says):
            actions.change_area_polygon(
                grid, geometry, reason=reason, effective=effective, acting_officer=None, now=NOW + DAY
            )
    assert queries.versions_of(grid).count() == 1


def test_database_keeps_one_current_version(areas):
    grid = areas[GRIDS[0]]
    values = {"area": grid, "geometry": square(114.1, 22.5), "reason": "r"}
    for window in (
        {"valid_from": NOW + DAY},
        {"valid_from": NOW, "valid_to": NOW + DAY},
        {"valid_from": NOW + DAY, "valid_to": NOW + DAY},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            AreaVersion.objects.create(**values, **window)
    assert grid.versions.count() == 1


def test_levels_must_descend(areas):
    with pytest.raises(ValidationError, match="社区不能放在网格“一格”之下"):
        actions.create_area(
            code="x1", name="某", level="community", parent=areas[GRIDS[0]], acting_officer=None, now=NOW
        )
    building = actions.create_area(
        code="b1", name="1栋", level="building", parent=areas[GRIDS[0]], acting_officer=None, now=NOW
    )
    assert building.path == "/990101001/001/001/b1/"
    with pytest.raises(ValidationError) as caught:
        actions.create_area(code="b1", name="又一栋", level="building", acting_officer=None, now=NOW)
    assert "code" in caught.value.message_dict


def test_crossed_polygon_is_mended_and_noted(areas):
    bow = [[114.0, 22.5], [114.01, 22.51], [114.01, 22.5], [114.0, 22.51], [114.0, 22.5]]
    area = actions.create_area(
        code="g9",
        name="九格",
        level="grid",
        geometry={"type": "Polygon", "coordinates": [bow]},
        acting_officer=None,
        now=NOW,
    )
    assert "自动修复" in account_queries.records_of(area).get().note


def test_closing(areas):
    with pytest.raises(ValidationError, match="还有 2 个在用的区域"):
        actions.close_area(areas[COMMUNITY], reason="撤并", acting_officer=None, now=NOW + DAY)
    actions.close_area(areas[GRIDS[0]], reason="撤并", acting_officer=None, now=NOW + DAY)
    assert queries.area_index("grid", NOW + DAY).locate(*POINT) is None
    assert queries.area_index("grid", NOW).locate(*POINT) == areas[GRIDS[0]].pk
    with pytest.raises(ValidationError, match="已经停用"):
        actions.close_area(areas[GRIDS[0]], reason="撤并", acting_officer=None, now=NOW + DAY)


def test_import_again_changes_only_what_differs(areas):
    again = [
        FEATURES[0],
        feature(GRIDS[0], "一格（新）", "grid", COMMUNITY, square(114.0, 22.5, 0.009)),
        feature("990101001001003", "三格", "grid", COMMUNITY, square(114.0, 22.51, 0.009)),
    ]
    result = actions.import_areas(again, reason="年度调整", acting_officer=None, now=NOW + DAY)
    assert (result.created, result.changed, result.same) == (1, 1, 1)
    assert queries.area_by_code(GRIDS[0]).name == "一格（新）"
    assert queries.versions_of(areas[GRIDS[0]]).count() == 2
    assert queries.versions_of(areas[GRIDS[1]]).count() == 1
    record = AdminRecord.objects.filter(action="area.import").first()
    assert record.new == {"created": ["990101001001003"], "changed": 1, "same": 1}


def test_import_lists_all_problems_and_changes_nothing(areas):
    before = AdminRecord.objects.count()
    bad = [
        feature("", "无码", "grid"),
        feature("n1", "孤格", "grid", "missing"),
        feature("n2", "怪级", "village"),
        feature("n3", "甲", "grid", COMMUNITY),
        feature("n3", "乙", "grid", COMMUNITY),
        feature(STREET, "云桥街道", "district"),
        feature("990101001001009", "九格", "grid", COMMUNITY, {"type": "Polygon", "coordinates": []}),
    ]
    with pytest.raises(ValidationError) as caught:
        actions.import_areas(bad, reason="导入", acting_officer=None, now=NOW + DAY)
    said = " ".join(caught.value.messages)
    assert all(word in said for word in ("缺少代码", "不认识", "重复"))
    with pytest.raises(ValidationError) as caught:
        actions.import_areas([bad[1], bad[3], bad[5]], reason="导入", acting_officer=None, now=NOW + DAY)
    said = " ".join(caught.value.messages)
    assert "没有登记" in said and "级别不能改" in said
    assert Area.objects.count() == 4 and AdminRecord.objects.count() == before
