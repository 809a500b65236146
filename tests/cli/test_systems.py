"""命令行：外部系统的登记、导入、对方改了的、对账、抄录单、欠着的账。"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import timezone

from jiezhi.base.accounts.models import Post
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.registry.models import Appointment
from jiezhi.cli.main import main
from jiezhi.connect.excel.reader import read_sheet
from jiezhi.connect.systems import actions
from jiezhi.connect.systems.models import ReconcileRun
from jiezhi.connect.systems.tests.sheets import ORDERS, order, table
from jiezhi.web.office.testing import Street, make_street, packs

pytestmark = pytest.mark.django_db
AS = ("--as", "rexian")


@pytest.fixture
def street(settings: Any, tmp_path: Path) -> Street:
    settings.HOME = tmp_path
    found = make_street()
    actions.publish_from(packs(), timezone.now() - timedelta(days=3))
    post, _ = Post.objects.get_or_create(code="admin", defaults={"title": "系统管理员"})
    Appointment.objects.create(
        officer=found["duban"],
        post=post,
        unit=found.units["law"],
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
    )
    return found


def run(*words: object, code: int = 0) -> Any:
    done = CliRunner().invoke(main, ["systems", *[str(word) for word in words]])
    assert done.exit_code == code, done.output + repr(done.exception)
    return json.loads(done.stdout) if "--json" in words else done.stdout + done.stderr


def saved(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_bytes(table(ORDERS, *rows))
    return path


def test_register(street: Street, tmp_path: Path) -> None:
    said = run("list")
    assert "hotline 12345热线：每日对账，负责人 何热线" in said
    assert "petition 信访系统：每日对账" in said and "信访件的业务模板还没有做" in said
    assert "业务模板 hotline.order：比 状态、受理日期" in run("show", "hotline")
    assert "没有登记“x”" in run("show", "x", code=1)
    text = run("show", "hotline", "--yaml")
    wrong = tmp_path / "本地.yaml"
    wrong.write_text(text.replace("owner:\n- hotline_clerk", "owner:\n- nobody"), encoding="utf-8")
    assert "本地.yaml:" in (said := run("load", wrong, "--as", "duban", code=1)) and "nobody" in said
    right = tmp_path / "改好.yaml"
    right.write_text(text.replace("period: 每日", "period: 每周一"), encoding="utf-8")
    assert "只有系统管理员可以办" in run("load", right, *AS, code=1)
    assert "已装上“12345热线”的登记" in run("load", right, "--as", "duban")
    found = {one["system"]: one for one in run("list", "--json")}
    assert found["hotline"]["local"] and found["hotline"]["period"] == "每周一"
    assert run("show", "hotline", "--yaml") == right.read_text(encoding="utf-8")
    assert "已改回随包的登记" in run("reset", "hotline", "--as", "duban")


def test_import_changes_reconcile_copy(street: Street, tmp_path: Path) -> None:
    first = saved(tmp_path / "a.xlsx", order("GZ2026001"), order("GZ2026002"))
    assert "试导" not in run("import", "hotline", first, *AS) and Case.objects.count() == 2
    second = saved(
        tmp_path / "b.xlsx", order("GZ2026001", 标题="路灯全灭"), order("GZ2026002", 工单状态="待回访")
    )
    said = run("import", "hotline", second, *AS, code=2)
    assert "与已有的不同：标题" in said and "对方改了 1 处等着处理；跟着对方改了 1 处" in said
    data = run("changes", "hotline", *AS, "--json")
    assert [(one["column"], one["before"], one["now"]) for one in data] == [("标题", "路灯不亮", "路灯全灭")]
    assert "由受理员、督办员办" in run("changes", "hotline", "--as", "jingban", code=1)
    number = data[0]["id"]
    assert "至少 4 个字" in run("changes", "hotline", *AS, "--dismiss", number, code=1)
    assert "（已更正，热线来电更正）" in run(
        "changes", "hotline", *AS, "--adopt", number, "--reason", "热线来电更正"
    )
    assert Case.objects.get(number="GZ2026001").title == "路灯全灭"
    assert "没有等着处理的" in run("changes", "hotline", *AS)
    assert len(run("changes", "hotline", *AS, "--all", "--json")) == 2

    span = ("--since", "2026-08-03", "--until", "2026-08-04")
    before, out = Event.objects.count(), tmp_path / "结果.xlsx"
    said = run("reconcile", "hotline", second, *span, *AS, "--out", out)
    assert "本期对方 2 件，本单位 2 件，1 处不符（两边都有而不一样 1 件）。" in said and "结果.xlsx" in said
    assert Event.objects.count() == before
    assert read_sheet(out.read_bytes(), name=out.name).headers[0] == "哪一类"
    item = ReconcileRun.objects.get().items.get().pk
    assert "已说明" in run("explain", item, "--reason", "平台的状态早了一步", *AS)
    assert "已说明：平台的状态早了一步" in run("reconcile", "hotline", second, *span, *AS)
    data = run("reconcile", "hotline", second, *span, *AS, "--json")
    assert data["left"] == {} and data["counts"]["两边都有而不一样"] == 1
    assert "没有第 999999 处不符" in run("explain", 999999, "--reason", "不存在的", *AS, code=1)
    assert "应写成 我们的列=表里的列" in run("reconcile", "hotline", second, *span, *AS, "--map", "x", code=1)

    docx = tmp_path / "抄录单.docx"
    assert "没有等着抄录的件" in run("copy-sheet", "hotline", docx, *AS, code=1)
    assert "已写出 1 件" in run("copy-sheet", "hotline", docx, "--number", "GZ2026001", *AS)
    assert docx.read_bytes()[:2] == b"PK"
    assert "以 .docx 或 .xlsx 结尾" in run("copy-sheet", "hotline", tmp_path / "a.pdf", *AS, code=1)
    assert "请用 --matter 写明" in run("copy-sheet", "enforcement", docx, *AS, code=1)
    assert "登记 0 件，没有登记 1 件" in run("copied", "hotline", "GZ2026001", *AS, code=2)


def test_due(street: Street, tmp_path: Path) -> None:
    today = timezone.localdate()
    data = run("due", "--json", code=2)
    mine = [one for one in data if one["system"] == "hotline"]
    assert [one["since"] for one in mine] == [str(today - timedelta(days=n)) for n in (3, 2, 1)]
    assert [one["late"] for one in mine] == [True, True, False] and mine[0]["people"] == ["何热线"]
    sheet = saved(tmp_path / "a.xlsx")
    span = ("--since", today - timedelta(days=3), "--until", today)
    run("reconcile", "hotline", sheet, *span, *AS)
    others = [one for one in data if one["system"] != "hotline"]
    assert run("due", "--json", code=2 if any(one["late"] for one in others) else 0) == others
