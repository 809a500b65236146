"""jiezhi hooks：从新增、试推到看日志、重发、换密钥。"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jiezhi.base.casework import actions, outbox
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import make_office
from jiezhi.cli.tests.test_params import run
from jiezhi.connect.hooks.tests.receiver import receiving


@pytest.fixture
def boss(db: None) -> Any:
    from jiezhi.base.accounts.models import Post
    from jiezhi.base.registry.models import Appointment

    office = make_office()
    post = Post.objects.create(code="admin", title="系统管理员")
    since = timezone.now() - timedelta(days=1)
    Appointment.objects.create(officer=office.stranger, post=post, unit=office.other, valid_from=since)
    return office


def test_from_adding_to_resending(boss: Any, settings: Any) -> None:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    by = ("--as", "lvren")
    with receiving() as receiver:
        assert (
            "内网"
            in run("hooks", "add", "平台", "https://10.0.0.1/", "--officer", "fenbo", *by, code=1).output
        )
        made = json.loads(
            run(
                "hooks",
                "add",
                "平台",
                receiver.url,
                "--officer",
                "fenbo",
                "--action",
                "register",
                *by,
                "--json",
            ).output
        )
        assert made["secret"].startswith("whsec_")
        assert "管理员" in run("hooks", "test", "平台", "--as", "fenbo", code=1).output
        run("hooks", "test", "平台", *by)
        actions.open_case("test.report", acting_officer=boss.dispatcher, inputs={"subject": "路灯不亮"})
        assert "等着送 2 条" in run("hooks", "list").output
        outbox.drain(timezone.now())
        log = json.loads(run("hooks", "log", "平台", "--json").output)
        assert [(one["ok"], one["status"]) for one in log] == [(True, 200), (True, 200)]
        (step,) = [one for one in log if one["case"]]
        assert f"{step['case']}  送到（200" in run("hooks", "log").output
        run("hooks", "resend", str(step["id"]), *by)
        assert "没有这样的日志" in run("hooks", "resend", "999", *by, code=1).output
        receiver.answers = [500]
        outbox.drain(timezone.now())
        assert "没有送到：对方答复 500（手动重发）" in run("hooks", "log", "--failed").output
        assert len(receiver.got) == 3
    Case.objects.update(confidential=True)
    shown = run("hooks", "log").output
    assert step["case"] not in shown and "限指定人员的件" in shown
    run("hooks", "pause", "平台", "--why", "对方检修", *by)
    assert "暂停  平台" in run("hooks", "list").output
    assert "接着送 1 条" in run("hooks", "resume", "平台", *by).output
    fresh = json.loads(run("hooks", "rotate", "平台", *by, "--json").output)["secret"]
    assert fresh != made["secret"] and fresh not in run("hooks", "list", "--json").output
    run("hooks", "change", "平台", "--name", "新平台", "--any", "actions", *by)
    assert json.loads(run("hooks", "list", "--json").output)[0]["actions"] == []
    run("hooks", "close", "新平台", "--why", "不用了", *by)
    assert "还没有订阅" in run("hooks", "list").output
