"""jiezhi tokens：建立时只印一次，列表看得出谁的、什么时候到期，停用立即生效。"""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from jiezhi.api.testing import Caller, problem
from jiezhi.base.accounts.models import AdminRecord, Post
from jiezhi.base.casework.testing import START, Office, make_office
from jiezhi.base.registry.models import Appointment
from jiezhi.cli.main import main


@pytest.fixture
def office(db: None) -> Office:
    made = make_office()
    post = Post.objects.create(code="admin", title="系统管理员")
    Appointment.objects.create(officer=made.chief, post=post, unit=made.unit, valid_from=START)
    return made


def tokens(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["tokens", *words])
    assert result.exit_code == code, result.output
    return result


def create(*more: str, acting: str = "fuze", code: int = 0) -> Any:
    words = [
        "create",
        "fenbo",
        "--name",
        "热线系统",
        "--scope",
        "cases:read",
        "--scope",
        "cases:open",
        "--as",
        acting,
    ]
    return json.loads(tokens(*words, "--json", *more, code=code).output)


def test_create_use_list_revoke(office: Office) -> None:
    made = create("--days", "10")
    caller = Caller(made["token"])
    assert caller.get("/cases").status_code == 200
    problem(caller.get("/areas"), 403, "scope")
    said = tokens("list").output
    assert made["prefix"] in said and "陈分拨" in said and "热线系统" in said and made["token"] not in said
    assert "已停用" in tokens("revoke", made["prefix"], "--reason", "换了系统", "--as", "fuze").output
    problem(caller.get("/cases"), 401, "unauthorized")
    assert "没有在用的令牌" in tokens("list").output
    assert "停用" in tokens("list", "--all").output
    found = AdminRecord.objects.filter(action__startswith="token.").order_by("pk")
    assert [(one.action, one.officer) for one in found] == [
        ("token.create", office.chief),
        ("token.revoke", office.chief),
    ]


def test_said_for_people_once(office: Office) -> None:
    words = ["create", "fenbo", "--name", "热线系统", "--scope", "cases:read", "--as", "fuze"]
    said = tokens(*words).output
    assert "只显示这一次" in said and "jzt_" in said


def test_who_may_not_and_what_cannot_be(office: Office) -> None:
    assert "系统管理员" in create(acting="jingban", code=1)["error"]
    assert "没有“所有”这种范围" in create("--scope", "所有", code=1)["error"]
    assert "366" in create("--days", "400", code=1)["error"]
    assert "没有开头是" in tokens("revoke", "jzt_nothing", "--reason", "x", "--as", "fuze", code=1).output
    made = create()
    assert "没有停用" in tokens("revoke", made["prefix"], "--reason", "x", "--as", "jingban", code=1).output
    assert Caller(made["token"]).get("/cases").status_code == 200
