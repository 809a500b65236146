"""指定的来源在运行时给出谁，与校验器认可的写法一一对应；逐项开立的每一项给出什么。"""

from datetime import UTC, datetime

import pytest

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework.engine.env import CaseEnv
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.registry.models import Appointment, Area
from jiezhi.core.procedure.view import SYSTEM, Actor, CaseView

FIELDS = {
    **MATTER["fields"],
    "helpers": {"title": "协办单位", "type": "unit", "many": True},
    "goods": {"title": "清单", "type": "rows", "columns": {"what": {"title": "名称", "type": "text"}}},
}


def env() -> CaseEnv:
    return CaseEnv(Work(START), definition(fields=FIELDS))


def grid_worker(office: Office, area: Area | None, login: str) -> str:
    post, _ = Post.objects.get_or_create(code="grid_worker", defaults={"title": "网格员"})
    officer = Officer.objects.create(login=login, name=login, staff_kind="established", password="!")
    Appointment.objects.create(
        officer=officer, post=post, unit=office.unit, area=area, valid_from=datetime(2020, 1, 1, tzinfo=UTC)
    )
    return str(officer.pk)


def view(**changes: object) -> CaseView:
    return CaseView(uid="c1", state="new", **changes)  # type: ignore[arg-type]


def test_unit_post_is_who_holds_it_in_the_responsible_unit(office: Office) -> None:
    found = env()
    assert found.resolve("unit.unit_clerk", SYSTEM, view(unit="law"), {}) == [str(office.clerk.pk)]
    assert found.resolve("unit.unit_clerk", SYSTEM, view(unit="civil"), {}) == []
    assert found.resolve("unit.unit_clerk", SYSTEM, view(), {}) == []
    assert found.resolve("unit.unit_clerk", SYSTEM, None, {}) == []


def test_post_is_who_holds_it_and_covers_the_area(office: Office) -> None:
    north = Area.objects.create(
        code="n", name="北", level="grid", path="/990101001/n/", depth=2, parent=office.area
    )
    south = Area.objects.create(
        code="s", name="南", level="grid", path="/990101001/s/", depth=2, parent=office.area
    )
    people = [
        grid_worker(office, area, login) for area, login in ((north, "bei"), (south, "nan"), (None, "quan"))
    ]
    found = env()
    assert found.resolve("post.grid_worker", SYSTEM, view(area="n"), {}) == [people[0], people[2]]
    assert found.resolve("post.grid_worker", SYSTEM, view(area="990101001"), {}) == [people[2]]
    assert found.resolve("post.grid_worker", SYSTEM, view(), {}) == [people[2]]
    assert set(found.resolve("post.grid_worker", SYSTEM, None, {})) == set(people)
    assert found.resolve("area.keeper", SYSTEM, view(area="s"), {})[0] == people[1]
    assert found.resolve("area.keeper", SYSTEM, view(), {}) == []
    for one in found.resolve("post.grid_worker", SYSTEM, view(area="n"), {}):
        assert found.may("post.grid_worker", Actor("officer", one), view(area="n")) is not None


def test_units_and_roles(office: Office) -> None:
    office.other.parent = office.unit
    office.other.save()
    found = CaseEnv(Work(START), definition())
    actor = Actor("officer", str(office.clerk.pk))
    assert found.resolve("unit.mine", actor, view(), {}) == ["law"]
    assert found.resolve("unit.parent", actor, view(unit="civil"), {}) == ["law"]
    assert found.resolve("unit.parent", actor, view(unit="law"), {}) == []
    assert found.resolve("unit.mine", SYSTEM, view(), {}) == []
    assert found.resolve("role.handler", actor, view(roles={"handler": ("7",)}), {}) == ["7"]
    for text in ("unit.none", "none", "unit", "nobody.knows", ""):
        assert found.resolve(text, actor, view(unit="law"), {}) == []


@pytest.mark.parametrize(
    ("for_each", "values", "expected"),
    [
        (
            "field.helpers",
            {"helpers": ["law", "civil"]},
            [{"value": "law", "unit": "law"}, {"value": "civil", "unit": "civil"}],
        ),
        ("field.to_unit", {"to_unit": "law"}, [{"value": "law", "unit": "law"}]),
        ("field.reporter", {"reporter": {"name": "张三"}}, [{"value": {"name": "张三"}}]),
        ("field.helpers", {}, []),
        ("rows.goods", {"goods": [{"what": "甲"}]}, [{"what": "甲"}]),
        ("nobody.knows", {}, []),
    ],
)
def test_what_each_item_offers(
    office: Office, for_each: str, values: dict[str, object], expected: list[dict[str, object]]
) -> None:
    assert env().targets(for_each, None, values) == expected


def test_each_of_several_units_must_exist(office: Office) -> None:
    found = env()
    decl = found.definition.matter.fields["helpers"]
    assert found.refer(decl, ["law", "civil"]) is None
    assert found.refer(decl, ["law", "nowhere"]) == "不是在用的单位，请从列表中选"
