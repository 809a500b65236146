"""jiezhi handover、reads：先看再办，写清单；查看记录。"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import timezone

from jiezhi.api.actions import create_token
from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework.disclosure import reveal_field
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import START
from jiezhi.base.registry.models import Appointment
from jiezhi.cli.main import main
from jiezhi.services.handover.tests.test_handover import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.django_db


def run(*words: object, code: int = 0) -> Any:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, done.output + repr(done.exception)
    return json.loads(done.stdout) if "--json" in words else done.stdout + done.stderr


def test_looked_at_first_then_done(desk: Desk, tmp_path: Path) -> None:
    case, other = desk.case(desk.leaver), desk.case(desk.leaver, helper=desk.receiver)
    words = ("handover", "jingban", "--to", "fuze", "--as", "root")
    out = tmp_path / "清单.csv"
    said = run(*words, "--csv", out)
    assert "王负责接手 1 件的角色" in said and "什么也没有动" in said and "不得是同一人" in said
    assert "结束任职：综合执法队的科室经办人" in said
    rows = out.read_text("utf-8-sig").splitlines()
    assert rows[0].startswith("编号,业务,角色") and {row.split(",")[0] for row in rows[1:]} == {
        case.number, other.number,
    }  # fmt: skip
    assert Officer.objects.get(pk=desk.leaver.pk).is_active

    assert "原因" in run(*words, "--yes", code=1)
    done = run(*words, "--yes", "--reason", "调到区住建局", "--json")
    assert [row["case"] for row in done["moved"]] == [case.number]
    assert [row["case"] for row in done["left"]] == [other.number]
    assert f"李经办（jingban）离岗了，还有 1 件的角色没有人接，如 {other.number}" in run(
        "handover", "--as", "root"
    )
    rest = run(*words, "--to", "test.report:handler=sunliu", "--yes", "--reason", "调到区住建局")
    assert "已转 1 件" in rest and "已停用" not in rest
    assert "没有要人接着办的件" in run("handover", "--as", "root")
    assert not Case.objects.filter(role_rows__officer=desk.leaver, role_rows__role="handler").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("meiyou", "--to", "fuze", "--as", "root"), "没有登录名为“meiyou”"),
        (("jingban", "--to", "meiyou", "--as", "root"), "没有在岗人员“meiyou”"),
        (("jingban", "--to", "x.y=fuze", "--as", "root"), "没有“x.y”这个业务模板"),
        (("jingban", "--to", "fuze", "--as", "fuze"), "系统管理员"),
        (("jingban", "--to", "jingban", "--as", "root"), "离岗的本人"),
    ],
)
def test_what_is_wrong_is_said(desk: Desk, words: tuple[str, ...], says: str) -> None:
    assert says in run("handover", *words, code=1)


def test_what_else_hangs_on_him_is_listed(desk: Desk) -> None:
    create_token(desk.leaver, name="热线平台", scopes=["cases:read"], days=30, acting_officer=desk.admin)
    words = ("handover", "jingban", "--to", "fuze", "--as", "root")
    assert "接口令牌：jzt_" in run(*words) and "（热线平台）" in run(*words)
    run(*words, "--yes", "--reason", "调到区住建局")
    assert "接口令牌" not in run(*words)


def test_reads(desk: Desk, tmp_path: Path) -> None:
    case = desk.case(desk.leaver)
    reveal_field(case, "reporter", reason="核实地点", acting_officer=desk.leaver, now=timezone.now())
    Appointment.objects.create(
        officer=desk.other,
        post=Post.objects.create(code="supervisor", title="督办员"),
        unit=desk.office.unit,
        valid_from=START - timedelta(days=1),
    )
    assert run("reads", "--as", "fuze") == "没有查看记录\n"
    said = run("reads", "--as", "sunliu", "--case", case.number, "--officer", "jingban")
    assert "李经办　来件人" in said and "核实地点" in said
    today = timezone.localtime().date()
    assert len(run("reads", "--as", "jingban", "--since", today, "--until", today, "--json")["reads"]) == 1
    out = tmp_path / "a.csv"
    assert "已导出 1 条" in run("reads", "--as", "jingban", "--csv", out)
    assert "核实地点" in out.read_text("utf-8-sig")
