"""区域、定位、单位、代码表、权责清单、业务模板：与页面是同一份数据。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.api.actions import create_token
from jiezhi.api.testing import Caller, problem
from jiezhi.base.casework import matters
from jiezhi.base.casework.testing import Office, make_office
from jiezhi.base.casework.tests import powerlist
from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import Area, AreaVersion, Unit
from jiezhi.core.procedure.powers import LASTING

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[113.0, 23.0], [113.02, 23.0], [113.02, 23.02], [113.0, 23.02], [113.0, 23.0]]],
}


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


@pytest.fixture
def me(office: Office) -> Caller:
    scopes = ["registry:read"]
    return Caller(create_token(office.dispatcher, name="测试", scopes=scopes, days=9, acting_officer=None)[1])


def area(office: Office, code: str, name: str, level: str, parent: Area, **more: Any) -> Area:
    path = f"{parent.path}{code[len(parent.code) :]}/"
    row = Area.objects.create(
        code=code, name=name, level=level, parent=parent, path=path, depth=parent.depth + 1, **more
    )
    AreaVersion.objects.create(area=row, geometry=SQUARE, valid_from=powerlist.START, reason="初始")
    stamps.touch(stamps.AREAS)
    return row


def test_areas_are_a_tree(me: Caller, office: Office) -> None:
    community = area(office, "990101001001", "东桥社区", "community", office.area)
    grid = area(office, "990101001001007", "东桥第7网格", "grid", community)
    area(office, "990101001001007B1", "1栋", "building", grid)
    area(office, "990101001002", "撤销的社区", "community", office.area, is_active=False)
    (top,) = me.get("/areas").json()
    assert (top["name"], [one["name"] for one in top["children"]]) == ("测试街道", ["东桥社区"])
    (leaf,) = top["children"][0]["children"]
    assert (leaf["code"], leaf["children"]) == ("990101001001007", [])
    (top,) = me.get("/areas", {"buildings": "true"}).json()
    assert top["children"][0]["children"][0]["children"][0]["name"] == "1栋"


def test_locate_by_point_by_words_and_not_at_all(me: Caller, office: Office) -> None:
    community = area(office, "990101001001", "东桥社区", "community", office.area)
    area(office, "990101001001007", "东桥第7网格", "grid", community)
    found = me.post("/areas/locate", {"lon": 113.01, "lat": 23.01}).json()
    assert [one["title"] for one in found["areas"]] == ["测试街道", "东桥社区", "东桥第7网格"]
    assert (found["how"], found["confidence"]) == ("coordinates", 95)
    assert found["place"] == {"lon": "113.0100000", "lat": "23.0100000"}
    found = me.post("/areas/locate", {"text": "东桥社区门口有人乱倒垃圾"}).json()
    assert (found["how"], found["areas"][-1]["title"]) == ("words", "东桥社区")
    assert me.post("/areas/locate", {"lon": 0, "lat": 0}).json()["how"] == "root"
    for bad in (
        {},
        {"lon": 1},
        {"lon": 181, "lat": 0},
        {"lon": "x", "lat": 1},
        {"address": "字" * 201},
        {"x": 1},
    ):
        problem(me.post("/areas/locate", bad), 422, "invalid")


def test_units_and_who_is_in_them(me: Caller, office: Office) -> None:
    Unit.objects.create(code="old", name="撤销的", kind="internal", path="/old/", is_active=False)
    found = {one["code"]: one for one in me.get("/units").json()}
    assert set(found) == {"law", "civil"}
    assert {one["title"] for one in found["law"]["officers"]} == {"李经办", "王负责"}
    assert found["law"]["officers"][0]["code"] == str(office.clerk.pk)


def test_code_lists(me: Caller) -> None:
    matters.publish_codes("kinds", "种类", {"a": "甲", "a/b": "乙"})
    assert me.get("/codes/kinds").json() == {
        "name": "kinds",
        "title": "种类",
        "codes": {"a": "甲", "a/b": "乙"},
    }
    problem(me.get("/codes/none"), 404, "not-found")


def test_the_power_list(me: Caller, office: Office) -> None:
    people = powerlist.make_people(office)
    held = {**powerlist.HELD, "to": LASTING}
    powerlist.published(people, "CF-1", authorisation=held)
    powerlist.drafted(people, "CF-2", title="还没有公布的")
    rows = {one["code"]: one for one in me.get("/powers").json()}
    assert {code: one["status"] for code, one in rows.items()} == {"CF-1": "in_force", "CF-2": "draft"}
    whole = me.get("/powers/CF-1").json()
    assert whole["exercisable"] and whole["bases"] and whole["unit"] == "综合执法队"
    assert not me.get("/powers/CF-2").json()["exercisable"]
    problem(me.get("/powers/CF-9"), 404, "not-found")
    for query, codes in (
        ({"q": "吐痰"}, ["CF-1"]),
        ({"q": "cf-2"}, ["CF-2"]),
        ({"class_name": "行政许可"}, []),
    ):
        assert [one["code"] for one in me.get("/powers", query).json()] == codes
    public = Caller()
    assert [one["code"] for one in public.get("/public/powers").json()] == ["CF-1"], "草稿不给公众看"
    assert public.get("/public/powers/CF-1").json()["title"] == "随地吐痰"
    problem(public.get("/public/powers/CF-2"), 404, "not-found")


def test_matters_say_what_to_fill_in(me: Caller) -> None:
    (one,) = me.get("/matters").json()
    assert (one["matter"], one["action"]) == ("test.report", "register")
    asked = {item["name"]: item for item in one["fields"]}
    assert asked["subject"] == {
        "name": "subject", "title": "标题", "type": "text", "required": True, "max": 200,
    }  # fmt: skip
    assert asked["reporter"]["sensitive"] and not asked["spot"]["required"]
    whole = me.get("/matters/test.report").json()
    acts = {item["action"]: item for item in whole["actions"]}
    assert acts["register"]["before"] == ["start"] and acts["dispatch"]["after"] == ["handling"]
    assert acts["return"]["reason"] and "close" in acts
    assert whole["indexed"] == ["to_unit", "hard"] and whole["digest"]
    problem(me.get("/matters/none"), 404, "not-found")


def test_what_i_cannot_open_is_not_offered(office: Office) -> None:
    _, secret = create_token(office.clerk, name="测试", scopes=["registry:read"], days=9, acting_officer=None)
    assert Caller(secret).get("/matters").json() == []


def test_a_matter_without_a_guide(me: Caller) -> None:
    assert me.get("/guides").json() == []
    problem(me.get("/guides/test.report"), 404, "not-found")
    problem(me.get("/guides/none"), 404, "not-found")
