from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from jiezhi.base.accounts import actions as accounts
from jiezhi.base.accounts import queries as account_queries
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Post
from jiezhi.base.registry import actions, queries
from jiezhi.base.registry.models import Appointment, Unit
from jiezhi.base.registry.tests.conftest import GRIDS, NOW

DAY = timedelta(days=1)


def test_unit_path_and_record(unit):
    team = actions.create_unit(
        code="team1", name="一队", kind="internal", parent=unit, acting_officer=None, now=NOW
    )
    assert (unit.path, team.path, str(unit), str(team)) == ("/law/", "/law/team1/", "执法办", "一队")
    assert queries.unit_by_code("team1") == team
    assert account_queries.records_of(team).get().new["parent"] == unit.pk


@pytest.mark.parametrize(
    ("given", "field"), [({"code": "law"}, "code"), ({"code": "a/b"}, "code"), ({"kind": "x"}, "kind")]
)
def test_bad_units(unit, given, field):
    with pytest.raises(ValidationError) as caught:
        actions.create_unit(
            **{"code": "u2", "name": "某", "kind": "internal", "acting_officer": None, "now": NOW, **given}
        )
    assert field in caught.value.message_dict
    assert Unit.objects.count() == 1


def test_only_administrators_manage(unit, admin, clerk):
    with pytest.raises(NotAllowed):
        actions.create_unit(code="u2", name="某", kind="internal", acting_officer=clerk, now=NOW)
    made = actions.create_unit(code="u2", name="某", kind="internal", acting_officer=admin, now=NOW)
    assert account_queries.records_of(made).get().officer == admin
    with pytest.raises(NotAllowed):  # 任职之前还不是管理员
        actions.create_unit(code="u3", name="某", kind="internal", acting_officer=admin, now=NOW - DAY)


def test_appointment_window_is_half_open(unit, posts, clerk):
    actions.appoint(
        clerk, "unit_clerk", unit, valid_from=NOW, valid_to=NOW + DAY, acting_officer=None, now=NOW
    )
    held = [("unit_clerk", unit.pk, None)]
    moments = [NOW - timedelta(seconds=1), NOW, NOW + DAY - timedelta(seconds=1), NOW + DAY]
    assert [queries.posts_of(clerk, at) for at in moments] == [[], held, held, []]
    assert [queries.appointments_of(clerk, at).count() for at in moments] == [0, 1, 1, 0]
    assert queries.appointments_of(clerk).count() == 1


def test_posts_of_is_one_query(unit, posts, clerk, areas, django_assert_num_queries):
    grid = areas[GRIDS[0]]
    actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW)
    actions.appoint(clerk, "grid_worker", unit, area=grid, acting_officer=None, now=NOW)
    with django_assert_num_queries(1):
        held = queries.posts_of(clerk, NOW)
    assert held == [("unit_clerk", unit.pk, None), ("grid_worker", unit.pk, "/990101001/001/001/")]
    queries.holdings(clerk.pk, NOW)
    with django_assert_num_queries(1):
        held_by_code = queries.holdings(clerk.pk, NOW)
    assert held_by_code == [("unit_clerk", "law", None), ("grid_worker", "law", "/990101001/001/001/")]
    assert (queries.post_title("grid_worker"), queries.post_title("nobody")) == ("网格员", "nobody")
    with django_assert_num_queries(1):
        assert [str(one) for one in queries.appointments_of(clerk, NOW)] == [
            "Clerk 执法办 经办人",
            "Clerk 执法办 网格员",
        ]


def test_snapshot_of_who_holds_what_is_fresh_after_every_change(unit, posts, clerk):
    one = actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW)
    assert queries.holdings(clerk.pk, NOW) == [("unit_clerk", "law", None)]
    actions.end_appointment(one, acting_officer=None, reason="调岗", now=NOW + timedelta(hours=1))
    assert queries.holdings(clerk.pk, NOW + timedelta(hours=2)) == []
    again = actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW + timedelta(hours=3))
    assert queries.holdings(clerk.pk, NOW + timedelta(hours=4)) == [("unit_clerk", "law", None)]
    accounts.deactivate_officer(clerk, acting_officer=None, now=NOW + timedelta(hours=6), reason="离岗")
    assert again.pk and queries.holdings(clerk.pk, NOW + timedelta(hours=7)) == []


def test_suspended_post_gives_nothing(unit, posts, clerk):
    actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW)
    accounts.change_post(Post.objects.get(code="unit_clerk"), is_active=False, acting_officer=None, now=NOW)
    assert queries.posts_of(clerk, NOW) == [] == queries.officers_with("unit_clerk", at=NOW)


def test_officers_with_scope(unit, posts, areas, make_officer):
    other = actions.create_unit(code="u2", name="某", kind="internal", acting_officer=None, now=NOW)
    anywhere, street, grid, elsewhere, outside = (
        make_officer(name) for name in ("a.all", "b.street", "c.grid", "d.other", "e.unit")
    )
    for officer, area, where in (
        (anywhere, None, unit),
        (street, areas["990101001"], unit),
        (grid, areas[GRIDS[0]], unit),
        (grid, None, unit),
        (elsewhere, areas[GRIDS[1]], unit),
        (outside, None, other),
    ):
        actions.appoint(officer, "grid_worker", where, area=area, acting_officer=None, now=NOW)
    path = areas[GRIDS[0]].path
    found = queries.officers_with("grid_worker", unit, path, at=NOW)
    assert [officer.login for officer in found] == ["c.grid", "b.street", "a.all"]
    assert len(queries.officers_with("grid_worker", at=NOW)) == 5
    assert queries.officers_with("grid_worker", other, at=NOW) == [outside]
    accounts.deactivate_officer(grid, reason="调离", acting_officer=None, now=NOW + DAY)
    assert grid not in queries.officers_with("grid_worker", unit, path, at=NOW + DAY)


@pytest.mark.parametrize("kind", ["contract", "auxiliary", "volunteer"])
def test_only_established_staff_sign(unit, posts, make_officer, kind):
    officer = make_officer("temp", staff_kind=kind)
    with pytest.raises(ValidationError, match="只能由编制内人员担任"):
        actions.appoint(officer, "unit_chief", unit, acting_officer=None, now=NOW)
    assert Appointment.objects.count() == 0


def test_refusals_are_listed_together(unit, posts, clerk):
    accounts.deactivate_officer(clerk, reason="调离", acting_officer=None, now=NOW)
    actions.change_unit(unit, is_active=False, acting_officer=None, now=NOW)
    unit.refresh_from_db()
    with pytest.raises(ValidationError) as caught:
        actions.appoint(clerk, "unit_clerk", unit, valid_from=NOW, valid_to=NOW, acting_officer=None, now=NOW)
    assert set(caught.value.message_dict) == {"officer", "unit", "valid_to"}
    with pytest.raises(ValidationError, match="没有代码为"):
        actions.appoint(clerk, "nobody", unit, acting_officer=None, now=NOW)


def test_same_post_twice_at_once_is_refused(unit, posts, clerk):
    first = actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW)
    with pytest.raises(ValidationError, match="不用再任"):
        actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW + DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.create(officer=clerk, post=first.post, unit=unit, valid_from=NOW + DAY)
    actions.end_appointment(first, reason="轮岗", acting_officer=None, now=NOW + DAY)
    again = actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW + DAY)
    assert again.valid_from == NOW + DAY


def test_ending(unit, posts, clerk):
    one = actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW)
    with pytest.raises(ValidationError, match="原因"):
        actions.end_appointment(one, reason=" ", acting_officer=None, now=NOW + DAY)
    actions.end_appointment(one, reason="轮岗", acting_officer=None, now=NOW + DAY)
    assert queries.posts_of(clerk, NOW + DAY) == [] != queries.posts_of(clerk, NOW)
    with pytest.raises(ValidationError, match="已经结束"):
        actions.end_appointment(one, reason="轮岗", acting_officer=None, now=NOW + 2 * DAY)
    future = actions.appoint(
        clerk, "unit_clerk", unit, valid_from=NOW + 9 * DAY, acting_officer=None, now=NOW + DAY
    )
    actions.end_appointment(future, reason="不去了", acting_officer=None, now=NOW + 2 * DAY)
    assert queries.appointments_of(clerk).count() == 1
    titles = [record.title for record in account_queries.records_of(one)]
    assert titles == ["免职", "任职"]


def test_leaver_loses_all_posts(unit, posts, clerk, admin):
    actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW)
    actions.appoint(clerk, "callback", unit, valid_from=NOW + 9 * DAY, acting_officer=None, now=NOW)
    accounts.deactivate_officer(clerk, reason="辞职", acting_officer=admin, now=NOW + DAY)
    assert queries.posts_of(clerk, NOW + DAY) == []
    [kept] = queries.appointments_of(clerk)
    assert kept.valid_to == NOW + DAY
    assert account_queries.records_of(kept).first().note == "离岗：辞职"


def test_unit_with_people_cannot_close(unit, posts, clerk):
    actions.appoint(clerk, "unit_clerk", unit, acting_officer=None, now=NOW)
    with pytest.raises(ValidationError, match="还有 1 个任职"):
        actions.change_unit(unit, is_active=False, acting_officer=None, now=NOW)
    assert actions.change_unit(unit, short="执法队", acting_officer=None, now=NOW).short == "执法队"
