"""jiezhi diff、change-version、draw --bpmn。"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import START, definition, make_office
from jiezhi.base.casework.tests.lives import life
from jiezhi.base.casework.tests.test_versions import changes
from jiezhi.base.registry.models import Appointment
from jiezhi.cli.main import main
from jiezhi.cli.packs import DEFAULT
from jiezhi.core.procedure.loader import load_folder

MAP = """\
# 把延期、退回去掉，几处改名
states: {handling: working, answered: told}
meanings: {extend: drop, return: drop}
clocks: {handle: answer_due, objection: plead}
fields: {reporter: visitor, to_unit: host_unit, longer: drop}
roles: {handler: clerk}
reason: 修订办理程序
basis: 本街道批准
"""


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def case(db: None) -> Case:
    office = make_office()
    found = life(office)
    head = Officer.objects.create(login="zhuren", name="周主任", staff_kind="established", password="!")
    post, _ = Post.objects.get_or_create(code="office_head", defaults={"title": "街道办负责人"})
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    Appointment.objects.create(officer=head, post=post, unit=office.unit, valid_from=begin)
    matters.publish(definition(**changes()), now=START)
    return found


def test_diff_between_published_versions(case: Case) -> None:
    old, new = case.version.digest, matters.current_version("test.report").digest
    said = run("diff", "test.report", "--from", old[:8], "--to", new[:8]).output
    assert "会影响正在办的件：" in said and "去掉动作“延期”" in said
    assert said.index("会影响正在办的件") < said.index("新增的：")
    assert "没有差别" in run("diff", "test.report", "--to", new[:8]).output
    data = json.loads(run("diff", "test.report", "--from", old[:8], "--to", new[:8], "--json").output)
    assert (data["from"], data["to"]) == (old, new) and data["changes"][0]["impact"] == 3
    assert "没有“test.report（摘要 zz）”" in run("diff", "test.report", "--to", "zz", code=1).output


def test_diff_with_the_folder(db: None) -> None:
    matters.publish(load_folder(DEFAULT).matters["report.snapshot"].definition, now=START)
    assert "没有差别" in run("diff", "report.snapshot").output
    assert "没有“nothing.here”" in run("diff", "nothing.here", code=1).output


def test_change_version(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(MAP, encoding="utf-8")
    assert (
        "可以换 1 件，不能换 0 件"
        in run("change-version", "test.report", "--map", str(file), "--dry-run").output
    )
    case.refresh_from_db()
    assert case.seq == 4, "试算不写"
    words = ("change-version", "test.report", "--map", str(file))
    assert "--as 登录名" in run(*words, code=1).output
    assert "街道办负责人或权责清单管理员" in run(*words, "--as", "jingban", code=1).output
    assert "换了 1 件" in run(*words, "--as", "zhuren").output
    case.refresh_from_db()
    assert case.state == "told" and case.version == matters.current_version("test.report")


def test_a_wrong_map_is_explained(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(MAP.replace("states: {handling: working, answered: told}\n", ""), encoding="utf-8")
    said = run("change-version", "test.report", "--map", str(file), "--dry-run", code=1).output
    assert "环节“办理中”（handling）：新版没有了" in said
    file.write_text(MAP.replace("basis: 本街道批准\n", "bases: 本街道批准\n"), encoding="utf-8")
    said = run("change-version", "test.report", "--map", str(file), "--dry-run", code=1).output
    assert "map.yaml:8" in said and "basis" in said
    data = json.loads(
        run("change-version", "test.report", "--map", str(file), "--dry-run", "--json", code=1).output
    )
    assert data["ok"] is False


def test_draw_as_bpmn(tmp_path: Path) -> None:
    out = tmp_path / "x.bpmn"
    assert "已画到 x.bpmn" in run("draw", "report.snapshot", "--bpmn", "--out", str(out)).output
    assert out.read_text(encoding="utf-8").startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<bpmn:definitions'
    )
