"""定位：坐标、门牌、地址、文字，一样一样试。"""

from collections.abc import Callable
from typing import Any

import pytest

from jiezhi.base.casework.testing import START
from jiezhi.base.registry import actions as registry
from jiezhi.services.dispatch.placing import DRIFT_METRES, Placer, complete_place, place, place_many
from jiezhi.services.dispatch.tests.town import GRID1, GRID2, GRID3, SOUTH, STREET, Street

METRE = 1 / 111195  # 纬度一米是多少度


def at(lon: float, lat: float, **more: str) -> dict[str, str]:
    return {"lon": f"{lon:.7f}", "lat": f"{lat:.7f}", **more}


def test_coordinates_in_a_grid(street: Street) -> None:
    found = place(at(114.0149, 22.5033), at=START)
    assert (found.area_code, found.how) == (GRID2, "coordinates")
    assert found.area_path == street.areas[GRID2].path and found.confidence >= 90


def test_just_outside_goes_to_the_nearest_grid(street: Street) -> None:
    near = place(at(114.005, 22.51 + 20 * METRE), at=START)
    assert (near.area_code, near.how) == (GRID1, "near") and near.confidence == 65
    far = place(at(114.005, 22.51 + (DRIFT_METRES + 2) * METRE), at=START)
    assert (far.area_code, far.how) == (SOUTH, "community")


def test_doorplate_brings_coordinates_and_address(street: Street) -> None:
    found = place({"doorplate": "990101500017"}, at=START)
    assert (found.area_code, found.how, found.confidence) == (GRID1, "doorplate", 95)
    assert found.place == {
        "doorplate": "990101500017", "address": "河畔路12号", "lon": "114.0050000", "lat": "22.5050000",
    }  # fmt: skip


def test_coordinates_come_before_the_doorplate(street: Street) -> None:
    assert place(at(114.015, 22.505, doorplate="990101500017"), at=START).area_code == GRID2


@pytest.mark.parametrize(
    ("address", "area", "lon"),
    [
        ("测试街道南岸社区河畔路十二号三幢", GRID1, "114.0052000"),  # 写法不同，同一处
        ("河畔路99号二楼203房", GRID2, "114.0150000"),  # 比登记的更细
        ("河畔路12号3栋501", GRID1, "114.0052000"),
        ("江滨大道", "990101001002001", "114.0050000"),  # 只有一处以此开头
        ("河畔路", SOUTH, None),  # 两个网格都有，只定到社区，不补坐标
        ("河畔路14号", SOUTH, None),  # 没有登记 14 号，只知道在哪个社区
    ],
)
def test_address(street: Street, address: str, area: str, lon: str | None) -> None:
    found = place({"address": address}, at=START)
    assert (found.area_code, found.how, found.place.get("lon")) == (area, "address", lon)


def test_words_of_the_report_name_a_registered_place(street: Street) -> None:
    found = place(None, "我住河畔路十二号三栋楼上，半夜很吵。麻烦来看看", at=START)
    assert (found.area_code, found.how, found.place["lon"]) == (GRID1, "words", "114.0052000")


def test_words_name_a_community_or_a_grid(street: Street) -> None:
    assert place(None, "北岸社区的路灯全黑了", at=START).area_code == "990101001002"
    assert place(None, "我们北岸这边路灯全黑了", at=START).how == "words"
    assert place(None, "南岸社区第二网格的路灯", at=START).area_code == GRID2
    two = place(None, "南岸社区到北岸社区的桥上没有灯", at=START)
    assert (two.area_code, two.how) == (STREET, "root")


def test_unplaceable_goes_to_the_street(street: Street) -> None:
    found = place({"address": "不知道在哪里"}, "灯坏了", at=START)
    assert (found.area_code, found.how, found.place) == (STREET, "root", {"address": "不知道在哪里"})
    away = place(at(116.4, 39.9), at=START)
    assert (away.area_code, away.how) == (STREET, "outside") and away.confidence < found.confidence


def test_no_areas_yet(db: None) -> None:
    found = place(at(114.0, 22.5), "路灯", at=START)
    assert (found.area_code, found.how, found.confidence) == ("", "none", 0)


def test_half_a_coordinate_or_nonsense_is_no_coordinate(street: Street) -> None:
    assert place({"lon": "114.005"}, at=START).how == "root"
    assert place({"lon": "东", "lat": "西"}, at=START).how == "root"
    assert place({"lon": "nan", "lat": "nan"}, at=START).how == "root"


def test_complete_place_keeps_what_was_said(street: Street) -> None:
    assert complete_place({"address": "河畔路99号203"}, at=START) == {
        "address": "河畔路99号203", "lon": "114.0150000", "lat": "22.5050000",
    }  # fmt: skip
    assert complete_place(at(114.005, 22.505), at=START) == at(114.005, 22.505)
    assert complete_place(None, "没有说在哪里", at=START) is None


def test_old_boundary_for_an_old_report(street: Street) -> None:
    from datetime import timedelta

    from jiezhi.services.dispatch.tests.town import square

    later = START + timedelta(days=10)
    registry.change_area_polygon(
        street.areas[GRID1],
        square(114.0, 22.5, 0.004),
        reason="缩小",
        effective=later,
        acting_officer=None,
        now=later,
    )
    point = at(114.006, 22.505)
    assert place(point, at=START).area_code == GRID1
    assert place(point, at=later).area_code == SOUTH


def test_bulk_answers_as_one_by_one_and_in_order(street: Street) -> None:
    values: list[dict[str, str] | None] = [
        at(114.005, 22.52), {"doorplate": "990101500017"}, None, {"address": "河畔路99号"}, at(0, 0),
        at(114.015, 22.501), None,
    ]  # fmt: skip
    texts = ["", "", "河畔路12号3栋的灯", "", "", "北岸社区", "没有"]
    bulk = place_many(values, texts, at=START)
    assert bulk == [place(value, text, at=START) for value, text in zip(values, texts, strict=True)]
    assert [one.area_code for one in bulk] == [GRID3, GRID1, GRID1, GRID2, STREET, GRID2, STREET]
    with pytest.raises(ValueError, match="个数要相同"):
        place_many(values, [""])


def test_bulk_query_count_does_not_grow(
    street: Street, django_assert_num_queries: Callable[..., Any]
) -> None:
    points = [at(114.0 + i / 100_000, 22.505) for i in range(2000)]
    place_many(points, at=START)
    with django_assert_num_queries(2):  # 区域、版本戳
        found = place_many(points, at=START)
    assert {one.area_code for one in found} == {GRID1, GRID2}
    mixed = [*points[:50], *({"doorplate": f"99{i}"} for i in range(50)), *({"address": "河畔路12号"},) * 50]
    with django_assert_num_queries(4):  # 再加门牌、地址
        place_many(mixed, at=START)


def test_a_placer_asks_once(street: Street, django_assert_num_queries: Callable[..., Any]) -> None:
    placer = Placer(START)
    first = placer.place({"address": "河畔路12号"}, "灯坏了")
    with django_assert_num_queries(0):
        assert placer.place({"address": "河畔路12号"}, "灯坏了") == first
