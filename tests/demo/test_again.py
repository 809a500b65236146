"""同样的种子，同样的街道；中途断了接着走，走出来的一字不差。"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from django.db import transaction

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case, Clock, Event, Notice
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.fields import FieldType
from jiezhi.demo.year.plan import LEAST
from jiezhi.demo.year.run import make_year
from jiezhi.web.office.testing import publish_packs

pytestmark = pytest.mark.django_db
DAYS = 64


class Broken(Exception):
    """断电。"""


@pytest.fixture(scope="module", autouse=True)
def published(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        publish_packs(datetime(2025, 6, 1, tzinfo=CHINA))
        yield
        transaction.set_rollback(True)


def walked(seed: int, *stops: int) -> dict[str, Any]:
    """从空库走到第 `stops[-1]` 天，途中断几次；走完的内容。库随后复原。"""

    def stop_at(days: int) -> Any:
        def on_day(done: int, total: int, day: date) -> None:
            if done == days:
                raise Broken

        return on_day

    with transaction.atomic():
        for days in stops:
            with pytest.raises(Broken):
                make_year(
                    cases=LEAST + 80, seed=seed, until=date(2026, 8, 31), now=datetime(2026, 9, 9, tzinfo=CHINA), on_day=stop_at(days)
                )  # fmt: skip
        found = content()
        transaction.set_rollback(True)
    return found


def content() -> dict[str, Any]:
    """库里的办理记录、时限、通知，去掉随机的：盐和它的摘要、链头、全局标识、人员的行号。"""
    numbers = {str(uid): number for uid, number in Case.objects.values_list("uid", "number")}
    logins = {str(pk): login for pk, login in Officer.objects.values_list("pk", "login")}
    found: dict[str, Any] = {"events": [], "clocks": [], "notices": []}
    events = Event.objects.select_related("case__version", "payload").order_by("pk")
    for event in events:
        text = bytes(event.body).decode()
        for uid, number in numbers.items():
            text = text.replace(uid, number)
        body = json.loads(text)
        del body["inputs"]
        body["actor"] = body["actor"] | {"id": logins.get(body["actor"].get("id", ""), "")}
        roles = body["effects"].pop("roles", {})
        fields = matters.definition_of(event.case.version).matter.fields
        sealed = json.loads(secrets.decrypt(bytes(event.payload.sealed))) if hasattr(event, "payload") else {}
        values = {name: opening["value"] for name, opening in sealed.items()}
        for name, value in values.items():
            if name in fields and fields[name].type is FieldType.OFFICER:
                values[name] = [logins[one] for one in ([value] if isinstance(value, str) else value)]
        people = {role: [logins[one] for one in ids] for role, ids in roles.items()}
        found["events"].append([event.case.number, body, values, people])
    for clock in Clock.objects.select_related("case").order_by("pk"):
        found["clocks"].append(
            [clock.case.number, clock.name, clock.round, clock.due_at, clock.ended_at, clock.fired_at]
        )
    for notice in Notice.objects.select_related("case", "officer").order_by("pk"):
        who = notice.officer.login if notice.officer else ""
        found["notices"].append([notice.case.number, who, notice.text, notice.created_at])
    return found


def test_the_same_seed_gives_the_same_street_even_when_broken_off() -> None:
    whole, broken = walked(7, DAYS), walked(7, 31, 52, DAYS)
    assert len(whole["events"]) > 200
    for part in ("events", "clocks", "notices"):
        assert len(whole[part]) == len(broken[part])
        assert not [pair for pair in zip(whole[part], broken[part], strict=True) if pair[0] != pair[1]][:1]


def test_another_seed_gives_another_street() -> None:
    assert walked(7, 40)["events"] != walked(8, 40)["events"]
