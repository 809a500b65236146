"""jiezhi powers：种子登记为草稿，审核、公布、废止、导出。"""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import powers
from jiezhi.base.registry.models import Appointment, Power, Unit
from jiezhi.cli.main import main
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.loader import load_folder

CODE = "FW-026"


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["powers", *words])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def seeded(db: None, settings: object) -> list[str]:
    now = timezone.now()
    unit = Unit.objects.create(code="office", name="综合办", kind="internal", path="/office/")
    for login, post in (("qingdan", "power_keeper"), ("fazhi", "legal_reviewer"), ("zhuren", "office_head")):
        officer = Officer.objects.create(login=login, name=login, staff_kind="established", password="!")
        held = Post.objects.create(code=post, title=post)
        Appointment.objects.create(officer=officer, post=held, unit=unit, valid_from=now - timedelta(days=9))
    return powers.seed(load_folder(settings.PACKS_DIR), now=now)  # type: ignore[attr-defined]


def ready() -> None:
    run("submit", CODE, "--as", "qingdan")
    run("review", CODE, "--approve", "--opinion", "同意", "--as", "fazhi")


def test_from_seed_to_repeal(seeded: list[str], tmp_path: Path) -> None:
    listed = json.loads(run("list", "--json").output)
    assert [one["code"] for one in listed] == seeded and len(listed) >= 80
    assert {one["status"] for one in listed} == {"draft"}
    fines = run("list", "--class", "行政处罚").output
    assert "CF-058-1 随地吐痰（行政处罚，基本）：第1版草稿" in fines and CODE not in fines
    assert run("counts").output.startswith("生效 0 项")
    ready()
    assert "没有责任单位" in run("publish", CODE, "--as", "zhuren", code=1).output
    run("review", CODE, "--return", "--opinion", "写责任单位", "--as", "fazhi")
    change = tmp_path / "修订.yaml"
    change.write_text(f"powers:\n  {CODE}:\n    unit: office\n", encoding="utf-8")
    assert f"{CODE} 应急知识宣传普及" in run("revise", str(change), "--as", "qingdan").output
    ready()
    before = datetime.now(CHINA).date()
    said = run("publish", CODE, "--as", "zhuren").output
    today = before if str(before) in said else datetime.now(CHINA).date()  # 正好跨过午夜
    assert f"{CODE} 应急知识宣传普及（公共服务，基本）：第2版生效，自 {today} 起，综合办" in said
    assert json.loads(run("counts", "--json").output)["classes"]["公共服务"] == 1
    assert run("stale").output == "要修订的 0 项\n"
    run("export", str(tmp_path / "清单.csv"))
    with (tmp_path / "清单.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["代码"], row["责任单位"], row["依据"]) for row in rows] == [
        (CODE, "综合办", "《突发事件应对法》（2024年修订）第42条")
    ]
    assert "废止" in run("repeal", CODE, "--reason", "上级收回", "--as", "zhuren").output
    assert run("counts").output.startswith("生效 0 项")


NEW = """\
powers:
  FW-901:
    title: 应急演练
    class: 公共服务
    basis: emergency-2024.42
    unit: office
  FW-902:
    title: 应急讲座
    class: 公共服务
    basis: emergency-2024.42
"""


def test_new_powers_are_drafted_from_a_file(seeded: list[str], tmp_path: Path) -> None:
    """文件写法同种子；修订只写要改的，null 去掉一项。"""
    file = tmp_path / "新事项.yaml"
    file.write_text(NEW, encoding="utf-8")
    made = json.loads(run("draft", str(file), "--as", "qingdan", "--json").output)
    assert [(one["code"], one["unit"], one["status"]) for one in made] == [
        ("FW-901", "office", "draft"), ("FW-902", None, "draft"),
    ]  # fmt: skip
    assert (
        "FW-901：事项“FW-901”已经登记过，请用修订"
        in run("draft", str(file), "--as", "qingdan", code=1).output
    )
    file.write_text("powers:\n  FW-901: {title: 应急演练组织, unit: null}\n", encoding="utf-8")
    [one] = json.loads(run("revise", str(file), "--as", "qingdan", "--json").output)
    assert (one["title"], one["unit"], one["version"]) == ("应急演练组织", None, 2)


def test_one_bad_power_drafts_none(seeded: list[str], tmp_path: Path) -> None:
    file = tmp_path / "新事项.yaml"
    file.write_text(NEW.replace("42\n", "999\n").replace("999\n    unit", "42\n    unit"), encoding="utf-8")
    said = run("draft", str(file), "--as", "qingdan", code=1).output
    assert "FW-902：" in said and "emergency-2024.999" in said
    assert not Power.objects.filter(code__startswith="FW-90").exists()
    assert "要由power_keeper办" in run("draft", str(file), "--as", "zhuren", code=1).output


@pytest.mark.parametrize(
    "text", ["", "- FW-901", "FW-901: {title: 演练}", "powers: {FW-901: 演练}", "powers: {}", "powers: ["]
)
def test_a_file_written_wrong_says_how(seeded: list[str], tmp_path: Path, text: str) -> None:
    file = tmp_path / "错.yaml"
    file.write_text(text, encoding="utf-8")
    said = run("draft", str(file), "--as", "qingdan", code=1).output
    assert "没有办成" in said and "错.yaml" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("publish", CODE, "--as", "zhuren"), "待公布的才能公布"),
        (("publish", CODE, "--as", "meiyou"), "没有在岗人员"),
        (("submit", CODE, "--as", "zhuren"), "要由power_keeper办"),
        (("repeal", CODE, "--reason", "收回", "--as", "zhuren"), "没有生效的版本"),
        (("publish", CODE, "--from", "2020-01-01", "--as", "zhuren"), "早于今天"),
        (("submit", "CF-999", "--as", "qingdan"), "没有登记过事项"),
    ],
)
def test_refusals_say_why(seeded: list[str], words: tuple[str, ...], says: str) -> None:
    assert says in run(*words, code=1).output


def test_formulas_are_not_exported_as_formulas() -> None:
    from jiezhi.cli.powers import _cell

    assert [_cell(one) for one in ("=1+1", ["甲", "乙"], None, 3)] == ["'=1+1", "甲；乙", "", "3"]
