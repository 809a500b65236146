"""jiezhi param；公布业务模板包时代入本单位的参数。"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import ParamSetting
from jiezhi.cli.main import main
from jiezhi.cli.packs import DEFAULT, publish_all

MATTER = "report.snapshot"


@pytest.fixture
def admin(db: None) -> str:
    publish_all(DEFAULT)
    run(
        "officer",
        "add",
        "guanli",
        "钱管理",
        "--post",
        "admin",
        "--unit",
        "office",
        "--unit-name",
        "综合办",
        "--password-stdin",
        input="yunqiao-2026x\n",
    )
    return Officer.objects.get().login


def run(*words: str, input: str | None = None, code: int = 0) -> Result:
    result = CliRunner().invoke(main, list(words), input=input)
    assert result.exit_code == code, result.output
    return result


def limit() -> str | None:
    return matters.definition_of(matters.current_version(MATTER)).matter.clocks["handle"].limit


def test_show_change_and_reset(admin: str) -> None:
    shown = run("param", MATTER).output
    assert "handle_limit 办理时限：5个工作日（最少 1个工作日，最多 10个工作日），依据待核" in shown
    assert limit() == "5个工作日"
    said = run("param", MATTER, "handle_limit", "3个工作日", "--as", admin, "--reason", "清单定三天").output
    assert "handle_limit 办理时限：3个工作日" in said and "钱管理调整：清单定三天" in said
    assert limit() == "3个工作日"
    # 再公布一遍业务模板包，调整还在
    assert publish_all(DEFAULT) == []
    assert limit() == "3个工作日"
    data = json.loads(run("param", MATTER, "--json").output)
    one = next(item for item in data["params"] if item["name"] == "handle_limit")
    assert (one["value"], one["default"], one["status"], one["set_by"]) == (
        "3个工作日",
        "5个工作日",
        "待核",
        "钱管理",
    )
    run("param", MATTER, "handle_limit", "--reset", "--as", admin, "--reason", "恢复")
    assert limit() == "5个工作日" and not ParamSetting.objects.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nothing.here",), "没有“nothing.here”这个业务模板"),
        ((MATTER, "handle_limit"), "请给新的取值"),
        ((MATTER, "--reset"), "请写明把哪个参数"),
        ((MATTER, "handle_limit", "3个工作日"), "--as 登录名"),
        ((MATTER, "handle_limit", "3个工作日", "--as", "guanli"), "理由"),
        ((MATTER, "handle_limit", "30个工作日", "--as", "guanli", "--reason", "试"), "超过上限"),
        ((MATTER, "handle_limit", "3个工作日", "--as", "meiyou", "--reason", "试"), "没有在岗人员"),
    ],
)
def test_refusals_say_what_to_do(admin: str, words: tuple[str, ...], says: str) -> None:
    assert says in run("param", *words, code=1).output
    assert limit() == "5个工作日"


def test_a_setting_the_pack_no_longer_allows_is_not_dropped_silently(admin: str) -> None:
    ParamSetting.objects.create(
        matter=MATTER, name="handle_limit", value="90日", set_at=timezone.now(), reason="旧"
    )
    refused = publish_all(DEFAULT)
    assert len(refused) == 1 and "超过上限" in refused[0] and f"jiezhi param {MATTER}" in refused[0]
    assert limit() == "5个工作日"
    ParamSetting.objects.update(name="gone_limit")
    assert "请用 --reset 去掉" in run("param", MATTER).output
    run("param", MATTER, "gone_limit", "--reset", "--as", admin, "--reason", "模板已没有")
    assert publish_all(DEFAULT) == []


def test_two_packs_with_one_number_format_are_not_published(db: None, tmp_path: Path) -> None:
    for source in DEFAULT.rglob("*.yaml"):
        target = tmp_path / source.relative_to(DEFAULT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    text = (tmp_path / "reports" / "snapshot.yaml").read_text(encoding="utf-8")
    assert text.count(f"matter: {MATTER}") == 1
    text = text.replace(f"matter: {MATTER}", "matter: report.copy").replace("{n:06}", "{n:04}")
    (tmp_path / "reports" / "copy.yaml").write_text(text, encoding="utf-8")
    refused = publish_all(tmp_path)
    shared = [one for one in refused if "格式相同" in one]
    assert len(shared) == 2
    assert all(MATTER in one and "report.copy" in one for one in shared)
    assert any("copy.yaml:" in one for one in shared) and any("snapshot.yaml:" in one for one in shared)
