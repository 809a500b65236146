"""办一步用多少条语句：多了就是同样的事又问了一遍。"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.models import Case, MatterVersion
from jiezhi.services.enforcement.testing import Team, deciding, decision
from jiezhi.services.promise.queries import speed
from jiezhi.services.promise.testing import Window

Counts = dict[str, list[str]]


@pytest.fixture
def asked(desk: Any, monkeypatch: pytest.MonkeyPatch) -> Counts:
    """动作 → 它的语句（不算事务的起止）。业务模板先编译好：那是每个进程一次的。"""
    for version in MatterVersion.objects.filter(is_current=True):
        matters.definition_of(version)
    found: Counts = {}
    real: Callable[..., Any] = actions.act

    def counted(uid: str, name: str, **options: Any) -> Any:
        with CaptureQueriesContext(connection) as taken:
            result = real(uid, name, **options)
        found[name] = [one["sql"] for one in taken if "SAVEPOINT" not in one["sql"]]
        return result

    monkeypatch.setattr(actions, "act", counted)
    return found


def twice(statements: list[str]) -> list[str]:
    """一字不差又查了一遍的。"""
    return [one for one in statements if one.startswith("SELECT") and statements.count(one) > 1]


def test_a_step_asks_little(desk: Any, asked: Counts) -> None:
    Window(desk).granted()
    for name in ("accept", "assign_examiners", "examine"):
        assert len(asked[name]) <= 12, asked[name]
    # 决定、证照、公开审查三件一起写。
    assert len(asked["grant"]) <= 24, asked["grant"]
    assert not twice(asked["grant"])


def test_speed_asks_the_same_for_one_service_or_a_dozen(
    desk: Any, asked: Counts, django_assert_max_num_queries: Any
) -> None:
    Window(desk).granted()
    with django_assert_max_num_queries(8):
        found = speed(Case.objects.all(), desk.now)
    assert len(found.rows) >= 12 and found.checked == 1


def test_exercising_a_power_asks_little(desk: Any, asked: Counts) -> None:
    team = Team(desk)
    case = deciding(desk, team)
    desk.does(case, team.head, "作出处罚决定", **decision(desk))
    assert len(asked["report"]) <= 16, asked["report"]
    assert len(asked["decide"]) <= 24, asked["decide"]
    assert not twice(asked["decide"])
