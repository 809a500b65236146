"""令牌：只存摘要，到期、停用、离岗立即不能用，范围不够说得明白，建立和停用都有管理记录。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jiezhi.api.actions import create_token, note_use, revoke_token
from jiezhi.api.models import SCOPES, ApiToken
from jiezhi.api.queries import token_of
from jiezhi.api.testing import Caller, problem
from jiezhi.base.accounts.actions import deactivate_officer, reactivate_officer
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.casework.testing import Office, make_office
from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import Stamp


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def made(office: Office, *scopes: str, **more: Any) -> tuple[ApiToken, str]:
    more = {"name": "热线系统", "days": 30, "acting_officer": None, **more}
    return create_token(office.dispatcher, scopes=scopes or SCOPES, **more)


def test_only_the_digest_is_kept(office: Office) -> None:
    row, secret = made(office)
    assert secret.startswith("jzt_") and len(secret) >= 40 and secret.startswith(row.prefix)
    held = list(ApiToken.objects.values())[0]
    kept = [str(value) for value in held.values()]
    kept += [str(record) for record in AdminRecord.objects.values_list("new", "old", "note", "target_label")]
    assert not any(secret[12:] in text for text in kept)


def test_creating_and_revoking_are_recorded(office: Office) -> None:
    row, _ = made(office, "cases:read")
    revoke_token(row, reason="系统下线", acting_officer=None)
    revoke_token(row, reason="再停一次", acting_officer=None)
    found = AdminRecord.objects.filter(target_id=str(row.pk)).order_by("pk")
    assert [(one.action, one.note) for one in found] == [("token.create", ""), ("token.revoke", "系统下线")]
    assert found[0].new["scopes"] == ["cases:read"]


def test_revoking_works_at_once_even_before_any_officer_was_ever_changed(office: Office) -> None:
    """人员的戳还没有过（刚装好），令牌的戳变了也要认。"""
    Stamp.objects.filter(name=stamps.PEOPLE).delete()
    row, secret = made(office)
    assert token_of(secret) == row
    revoke_token(row, reason="系统下线", acting_officer=None)
    assert stamps.current(stamps.PEOPLE) == "" and token_of(secret) is None


def test_only_an_administrator_may(office: Office) -> None:
    with pytest.raises(NotAllowed):
        made(office, acting_officer=office.dispatcher)
    row, _ = made(office)
    with pytest.raises(NotAllowed):
        revoke_token(row, reason="想停", acting_officer=office.clerk)
    with pytest.raises(ValidationError):
        revoke_token(row, reason=" ", acting_officer=None)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": " "}, "name"), ({"name": "长" * 81}, "name"), ({"days": 0}, "days"), ({"days": 367}, "days"),
        ({"scopes": ["cases:*"]}, "scopes"), ({"scopes": []}, "scopes"),
    ],
)  # fmt: skip
def test_what_cannot_be_made(office: Office, more: dict[str, Any], field: str) -> None:
    wanted = {"name": "热线", "scopes": ["cases:read"], "days": 30, **more}
    with pytest.raises(ValidationError) as refused:
        create_token(office.dispatcher, acting_officer=None, **wanted)
    assert field in refused.value.message_dict


def test_revoked_stops_at_once(office: Office) -> None:
    row, secret = made(office)
    assert Caller(secret).get("/cases").status_code == 200
    revoke_token(row, reason="泄露了", acting_officer=None)
    stopped = Caller(secret).get("/cases")
    problem(stopped, 401, "unauthorized")
    assert stopped.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_leavers_token_never_comes_back(office: Office) -> None:
    _, secret = made(office)
    assert Caller(secret).get("/cases").status_code == 200
    deactivate_officer(office.dispatcher, reason="调走", acting_officer=None)
    problem(Caller(secret).get("/cases"), 401, "unauthorized")
    assert AdminRecord.objects.filter(action="token.revoke", note="离岗：调走").count() == 1
    reactivate_officer(office.dispatcher, acting_officer=None)
    problem(Caller(secret).get("/cases"), 401, "unauthorized")


def test_expired_stops(office: Office) -> None:
    _, secret = made(office, now=timezone.now() - timedelta(days=31))
    problem(Caller(secret).get("/cases"), 401, "unauthorized")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer jzt_", "Basic abc", "jzt_x", "Bearer jzt_" + "x" * 5000, "Bearer 令牌", "bearer\tx"],
)  # fmt: skip
def test_anything_else_is_not_a_token(office: Office, header: str) -> None:
    caller = Caller()
    caller.headers = {"Authorization": header}
    problem(caller.get("/cases"), 401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "/cases", "cases:read"), ("get", "/cases/{}", "cases:read"), ("get", "/cases/{}/available", "cases:read"),
        ("post", "/cases", "cases:open"), ("post", "/cases/{}/actions/x", "cases:act"), ("post", "/cases/{}/merge", "cases:act"),
        ("get", "/cases/{}/files/x", "files:read"), ("get", "/cases/{}/files/x/thumbnail", "files:read"),
        ("post", "/files", "files:write"), ("get", "/areas", "registry:read"), ("post", "/areas/locate", "registry:read"),
        ("get", "/units", "registry:read"), ("get", "/codes/x", "registry:read"), ("get", "/powers", "registry:read"),
        ("get", "/powers/x", "registry:read"), ("get", "/guides", "registry:read"), ("get", "/guides/x", "registry:read"),
        ("get", "/matters", "registry:read"), ("get", "/matters/x", "registry:read"),
    ],
)  # fmt: skip
def test_each_door_asks_for_its_own_scope(office: Office, method: str, path: str, scope: str) -> None:
    """缺这一种就 403，说出缺哪一种；没有令牌 401；先看令牌再看内容，不成样的内容也一样。"""
    path = path.format("11111111-1111-7111-8111-111111111111")
    _, others = made(office, *[one for one in SCOPES if one != scope])
    assert scope in problem(getattr(Caller(others), method)(path), 403, "scope")["detail"]
    problem(getattr(Caller(), method)(path), 401, "unauthorized")
    _, only = made(office, scope)
    assert getattr(Caller(only), method)(path).status_code not in (401, 403)


def test_knowing_the_token_costs_one_statement(office: Office) -> None:
    row, secret = made(office)
    assert token_of(secret) is not None
    with CaptureQueriesContext(connection) as queries:
        found = token_of(secret)
    assert found == row and len(queries) == 1, queries.captured_queries


def test_last_use_is_not_written_every_time(office: Office) -> None:
    row, secret = made(office)
    now = timezone.now()
    note_use(row, now)
    with CaptureQueriesContext(connection) as queries:
        note_use(row, now + timedelta(minutes=9))
    assert len(queries) == 0
    note_use(row, now + timedelta(minutes=11))
    assert ApiToken.objects.get().last_used_at == now + timedelta(minutes=11)
    assert Caller(secret).get("/cases").status_code == 200
