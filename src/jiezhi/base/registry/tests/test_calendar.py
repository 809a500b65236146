from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.registry import actions, queries
from jiezhi.base.registry.models import CalendarDay, CalendarYear, DayKind
from jiezhi.base.registry.tests.conftest import NOW
from jiezhi.core.calendar.daytable import DayKind as CoreDayKind

HOLIDAY = date(2024, 10, 1)
WORKING_SUNDAY = date(2024, 9, 29)  # 调休上班
TYPHOON = date(2024, 9, 6)  # 星期五


def test_seeded(db):
    table = queries.day_table()
    assert not table.is_workday(HOLIDAY) and table.is_workday(WORKING_SUNDAY) and table.announced(2024)


def test_kinds_match_core():
    assert set(DayKind.values) == {kind.value for kind in CoreDayKind}


def test_edit_and_undo(db):
    before = queries.day_table()
    actions.set_calendar_days({TYPHOON: "rest"}, note="台风停工", acting_officer=None, now=NOW)
    assert before.is_workday(TYPHOON) and not queries.day_table().is_workday(TYPHOON)
    assert queries.changed_days(2024).get().note == "台风停工"
    actions.set_calendar_days({TYPHOON: "holiday"}, acting_officer=None, now=NOW)
    actions.set_calendar_days({TYPHOON: None}, acting_officer=None, now=NOW)
    assert queries.day_table().is_workday(TYPHOON)
    day = TYPHOON.isoformat()
    changes = AdminRecord.objects.filter(action="calendar.change").order_by("id")
    assert [(r.old, r.new) for r in changes] == [
        ({}, {day: "rest"}),
        ({day: "rest"}, {day: "holiday"}),
        ({day: "holiday"}, {day: None}),
    ]


def test_announce_a_year(db):
    year = 2050
    monday, saturday = date(year, 1, 31), date(year, 2, 5)
    table = queries.day_table()
    assert not table.announced(year) and table.is_workday(monday) and not table.is_workday(saturday)
    actions.set_calendar_days(
        {monday: "holiday", saturday: "workday"},
        announce_year=year,
        source="国办发明电〔2049〕7 号",
        acting_officer=None,
        now=NOW,
    )
    table = queries.day_table()
    assert table.announced(year) and not table.is_workday(monday) and table.is_workday(saturday)
    assert queries.years().get().source == "国办发明电〔2049〕7 号"


def test_cached_until_changed(db, django_assert_num_queries):
    actions.set_calendar_days({TYPHOON: "rest"}, acting_officer=None, now=NOW)
    table = queries.day_table()
    with django_assert_num_queries(1):
        assert queries.day_table() is table
    actions.set_calendar_days({TYPHOON: "workday"}, acting_officer=None, now=NOW)
    assert queries.day_table() is not table


def test_all_problems_at_once(db, clerk):
    with pytest.raises(ValidationError) as caught:
        actions.set_calendar_days(
            {date(2050, 1, 3): "party", date(2052, 1, 1): "rest"},
            announce_year=2050,
            acting_officer=None,
            now=NOW,
        )
    said = " ".join(caught.value.messages)
    assert all(word in said for word in ("没有“party”这种日子", "不在 2050 年的安排之内", "请写明依据"))
    with pytest.raises(ValidationError, match="只排到"):
        actions.set_calendar_days({date(2150, 1, 1): "rest"}, acting_officer=None, now=NOW)
    with pytest.raises(ValidationError, match="至少改一天"):
        actions.set_calendar_days({}, acting_officer=None, now=NOW)
    with pytest.raises(NotAllowed):
        actions.set_calendar_days({TYPHOON: "rest"}, acting_officer=clerk, now=NOW)
    assert not CalendarDay.objects.exists()


def test_database_constraints(db):
    CalendarDay.objects.create(date=TYPHOON, kind="rest")
    for make in (
        lambda: CalendarDay.objects.create(date=TYPHOON, kind="rest"),
        lambda: CalendarDay.objects.create(date=HOLIDAY, kind="?"),
        lambda: CalendarDay.objects.create(date=date(2150, 1, 1), kind="rest"),
        lambda: CalendarYear.objects.create(year=2050, announced=True),
        lambda: CalendarYear.objects.create(year=1950),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            make()
    assert CalendarDay.objects.count() == 1 and not CalendarYear.objects.exists()
