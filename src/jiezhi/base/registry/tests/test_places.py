import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.base.accounts import queries as account_queries
from jiezhi.base.registry import actions, queries
from jiezhi.base.registry.addresses import common_prefix, normalise_address
from jiezhi.base.registry.models import Place
from jiezhi.base.registry.tests.conftest import COMMUNITY, GRIDS, NOW


@pytest.mark.parametrize(
    ("written", "one"),
    [
        ("石厦北二街12号3栋", "石厦北二街12号3栋"),
        ("深圳市 福田区福保街道石厦北二街十二号3幢", "石厦北二街12号3栋"),
        ("广东省深圳市福田区福保街道明月社区石厦北二街12号3号楼", "石厦北二街12号3栋"),
        ("石厦北二街12号第三栋（地铁口旁）", "石厦北二街12号3栋"),
        ("福田区石厦北二街12#3座", "石厦北二街12号3栋"),
        ("南园花园小区二十一栋", "南园花园小区21栋"),
        ("八卦岭工业区512栋", "八卦岭工业区512栋"),
        ("市场路3号", "市场路3号"),
        ("中心村12弄二〇三室", "中心村12巷203室"),
        ("东区3栋a座", "东区3栋A栋"),
        ("福保街道", "福保街道"),
        ("12-3号", "12-3号"),
        ("", ""),
    ],
)
def test_ways_of_writing(written, one):
    assert normalise_address(written) == one


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("省市区街道社一二十百号栋巷弄座楼A1 3-#(),。小新花园"), max_size=24))
def test_normalising_twice_changes_nothing(text):
    once = normalise_address(text)
    assert normalise_address(once) == once


def test_numbers_are_not_cut():
    assert common_prefix("福田路12号", "福田路123号") == "福田路"
    assert common_prefix("福田路12号3栋", "福田路12号") == "福田路12号"
    assert common_prefix("福田路12", "福田路12") == "福田路12"
    assert common_prefix("甲", "乙") == ""


@pytest.fixture
def street(db):
    for address in (
        "福田路12号",
        "福田路12号3栋",
        "福田路12号30栋",
        "福田路123号",
        "石厦北二街8号",
        "石厦路1号",
    ):
        actions.create_place(address=address, acting_officer=None, now=NOW)


def _found(text, **limit):
    return [(c.place.address, c.score) for c in queries.find_address(text, **limit)]


def test_exact_first(street, django_assert_max_num_queries):
    with django_assert_max_num_queries(1):
        assert _found("深圳市福田区福田路十二号3幢") == [("福田路12号3栋", 1.0)]


def test_longest_prefix(street, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        found = _found("福田路12号3栋501")
    assert found[0] == ("福田路12号3栋", 0.727)
    assert [address for address, _ in _found("福田路12号5栋")] == [
        "福田路12号",
        "福田路12号3栋",
        "福田路12号30栋",
    ]
    assert {address for address, _ in _found("福田路9号")} >= {"福田路12号", "福田路123号"}
    assert _found("石厦北二街") == [("石厦北二街8号", 0.714)]
    assert len(_found("福田路9号", limit=2)) == 2


def test_nothing_alike(street):
    assert _found("梅林一村") == [] == _found("") == _found("福")


def test_closed_places_are_not_offered(street):
    place = Place.objects.get(address="石厦北二街8号")
    actions.change_place(place, is_active=False, acting_officer=None, now=NOW)
    assert _found("石厦北二街8号") == []


def test_doorplate_and_grid(areas, clerk):
    place = actions.create_place(
        address="福田路12号", doorplate=" a-100 1 ", lon=114.005, lat=22.505, acting_officer=clerk, now=NOW
    )
    assert place.area == areas[GRIDS[0]]
    assert queries.place_by_doorplate("A1001") == place
    assert queries.place_by_doorplate("") is None
    assert account_queries.records_of(place).get().new["area"] == areas[GRIDS[0]].pk
    outside = actions.create_place(address="外地", lon=120.0, lat=22.5, acting_officer=clerk, now=NOW)
    assert outside.area is None


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"address": " "}, "address", "请填写地址"),
        ({"address": "（旁）"}, "address", "没有可以辨认"),
        ({"lon": 114.0}, "lon", "一起填"),
        ({"doorplate": "A1"}, "doorplate", "门牌编码"),
        ({"kind": "castle"}, "kind", "castle"),
    ],
)
def test_bad_places(db, given, field, says):
    actions.create_place(address="甲", doorplate="A1", acting_officer=None, now=NOW)
    with pytest.raises(ValidationError) as caught:
        actions.create_place(**{"address": "乙", "acting_officer": None, "now": NOW, **given})
    assert says in " ".join(caught.value.message_dict[field])
    assert Place.objects.count() == 1


def test_place_belongs_to_a_grid(areas):
    with pytest.raises(ValidationError, match="“南岸社区”是社区"):
        actions.create_place(address="甲", area=areas[COMMUNITY], acting_officer=None, now=NOW)


def test_database_constraints(db):
    place = actions.create_place(address="甲", acting_officer=None, now=NOW)
    for change in (
        {"lon": 114.0},
        {"lon": 200.0, "lat": 22.0},
        {"doorplate": ""},
        {"kind": "?"},
        {"address": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Place.objects.filter(pk=place.pk).update(**change)


def test_changing_address_moves_the_key(street):
    place = Place.objects.get(address="石厦路1号")
    actions.change_place(place, address="石厦路2号", acting_officer=None, now=NOW)
    assert _found("石厦路二号") == [("石厦路2号", 1.0)]
    assert account_queries.records_of(place).first().old == {"address": "石厦路1号"}


def test_import(areas):
    rows = [
        {"address": "福田路1号", "doorplate": "D1", "lon": 114.005, "lat": 22.505},
        {"address": "福田路2号", "doorplate": "D2", "lon": 114.015, "lat": 22.505},
        {"address": "福田路3号"},
    ]
    assert actions.import_places(rows, reason="门牌库", acting_officer=None, now=NOW).created == 3
    assert [p.area.code if p.area else None for p in Place.objects.order_by("id")] == [*GRIDS, None]
    again = actions.import_places(rows[:2], reason="门牌库", acting_officer=None, now=NOW)
    assert (again.created, again.same) == (0, 2)
    with pytest.raises(ValidationError) as caught:
        actions.import_places(
            [{"address": ""}, {"address": "甲", "doorplate": "D9"}, {"address": "乙", "doorplate": "d9"}],
            reason="门牌库",
            acting_officer=None,
            now=NOW,
        )
    assert caught.value.messages == ["第 1 行：请填写地址", "第 3 行：门牌编码 D9 重复"]
    assert Place.objects.count() == 3
