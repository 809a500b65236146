"""执法资格：换证时限正好在有效期末了届满；资格看的是那一刻。"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.extensions import Context
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.registry.models import Appointment
from jiezhi.core.calendar import REGIMES, DayTable, due, parse_duration
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.view import Actor
from jiezhi.services.qualification import queries, resolve
from jiezhi.services.qualification.queries import ENFORCEMENT, MATTER

TABLE = DayTable.from_chinesecalendar(2025, 2026)
DAY = timedelta(days=1)


@lru_cache(maxsize=1)
def definition() -> Definition:
    found = load_folder(settings.PACKS_DIR).matters[MATTER].definition
    assert found is not None
    return found


def context(at: datetime = START, actor: Actor | None = None, **values: Any) -> Context:
    work: Any = SimpleNamespace(table=TABLE, now=at)
    return Context(work, None, values, actor, at, definition(), at)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_the_renewal_clock_ends_with_the_last_day(last: date) -> None:
    found = resolve.remind_on(context(valid_to=last.isoformat()))
    assert found is not None
    start = datetime.combine(date.fromisoformat(found), datetime.min.time(), LOCAL)
    limit = parse_duration(definition().matter.clocks["renew"].limit or "")
    end = due(start, limit, REGIMES["office"], TABLE).at
    assert end == datetime.combine(last + DAY, datetime.min.time(), LOCAL)


def test_no_end_no_reminder() -> None:
    assert resolve.remind_on(context()) is None


@pytest.fixture
def keeper(office: Office) -> Officer:
    matters.publish(definition(), now=START)
    post = Post.objects.create(code="certificate_keeper", title="执法证件管理员")
    Appointment.objects.create(
        officer=office.chief, post=post, unit=office.unit, valid_from=START - 3000 * DAY
    )
    return office.chief


def issued(keeper: Officer, holder: Officer, first: date, last: date) -> Case:
    inputs = {
        "holder": str(holder.pk),
        "kind": ENFORCEMENT,
        "number": "ZF-1",
        "valid_from": first,
        "valid_to": last,
        "reviewed_on": START.date(),
    }
    result = actions.open_case(MATTER, "issue", acting_officer=keeper, inputs=inputs, now=START)
    assert isinstance(result, Outcome), str(result)
    return Case.objects.get(uid=result.uid)


def test_the_officer_is_the_one_acting_unless_named(office: Office, keeper: Officer) -> None:
    issued(keeper, office.clerk, START.date(), START.date() + 30 * DAY)
    clerk = Actor("officer", str(office.clerk.pk), "李经办")
    assert resolve.enforcement(context(actor=clerk))
    assert resolve.enforcement(context(), officer=str(office.clerk.pk))
    assert not resolve.enforcement(context(actor=clerk), officer=str(office.chief.pk))
    assert not resolve.enforcement(context())
    assert not resolve.enforcement(context(actor=Actor("system")))
    assert not resolve.legal_review(context(actor=clerk))


@given(st.integers(-40, 60))
def test_both_days_count(days: int) -> None:
    day = (date(2026, 8, 1) + days * DAY).isoformat()
    assert queries.within({"valid_from": "2026-08-01", "valid_to": "2026-08-31"}, day) == (0 <= days <= 30)
    assert queries.within({"valid_from": "2026-08-01"}, day) == (days >= 0)


def test_states_decide_from_the_moment_they_changed(office: Office, keeper: Officer) -> None:
    case = issued(keeper, office.clerk, START.date() - 100 * DAY, START.date() + 100 * DAY)
    who = str(office.clerk.pk)
    assert queries.holds(who, ENFORCEMENT, START - 50 * DAY), "先发证后登记，登记之前按有效期看"
    assert not queries.holds(who, ENFORCEMENT, START - 101 * DAY)
    for day, action in ((1, "suspend"), (3, "restore"), (5, "cancel")):
        moment = START + day * DAY
        result = actions.act(str(case.uid), action, acting_officer=keeper, reason="核查", now=moment)
        assert result.ok, str(result)
    seen = [queries.holds(who, ENFORCEMENT, START + hours * DAY / 24) for hours in (12, 36, 84, 144)]
    assert seen == [True, False, True, False]
    assert [one.pk for one in queries.expiring(START, 3000)] == []
