"""命令行：编号的作废、租用、归还；执法证件的名册、到期、持证比例。"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import timezone

from jiezhi.base.accounts.models import Post
from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Case, NumberIssue
from jiezhi.base.registry.models import Appointment
from jiezhi.cli.main import main
from jiezhi.connect.excel.tests import build
from jiezhi.web.office.testing import Street, make_street

pytestmark = pytest.mark.django_db


@pytest.fixture
def street() -> Street:
    found = make_street()
    for login, post in (
        ("fuze", "archivist"),
        ("duban", "certificate_keeper"),
        ("jingban", "enforcement_officer"),
    ):
        Appointment.objects.create(
            officer=found[login],
            post=Post.objects.get(code=post),
            unit=found.units["law"],
            valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        )
    return found


def run(*words: object, code: int = 0) -> Any:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, done.output + repr(done.exception)
    return json.loads(done.stdout) if "--json" in words else done.stdout + done.stderr


def report(street: Street, **more: Any) -> Any:
    inputs = {"content": "路灯不亮"}
    return actions.open_case(
        "report.snapshot", "report", acting_officer=street["fenbo"], inputs=inputs, now=timezone.now(), **more
    )


def test_lease_use_void_return(street: Street) -> None:
    assert "还没有发过号" in run("numbers", "list")
    now = timezone.localtime()
    new_year = now.replace(year=now.year + 1, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    until = min(now + timedelta(hours=1), new_year).isoformat()  # 租期不得跨年
    lease = ("numbers", "lease", "report.snapshot", "case_no", 3, "fenbo", "--until", until, "--as")
    assert "要由档案员" in run(*lease, "jingban", code=1)
    assert "有效期要写成带时区的" in run(*lease[:6], "--until", "明天", "--as", "fuze", code=1)
    made = run(*lease, "fuze", "--device", "执法终端 1 号", "--json")
    assert (made["first"], made["last"]) == (1, 3)
    year = made["series"].rsplit("/", 1)[-1]  # 号段按取号那一刻的年份
    assert report(street, leased={"case": f"SP{year}000002"}).ok
    shown = run("numbers", "list")
    assert "第 1—3 号，租给陈分拨（执法终端 1 号）" in shown
    void = ("numbers", "void", f"SP{year}000002", "--reason", "写错", "--as", "fuze")
    assert "是件的编号" in run(*void, code=1)
    assert "已作废" in run("numbers", "void", f"SP{year}000001", "--reason", "写坏了", "--as", "fuze")
    back = run("numbers", "return", made["lease"], "--as", "fenbo", "--json")
    assert back == {"ok": True, "voided": [f"SP{year}000003"]}
    assert "已经归还" in run("numbers", "return", made["lease"], "--as", "fenbo", code=1)
    assert run("numbers", "list", "--json")["ok"] is True
    NumberIssue.objects.filter(n=1).delete()
    broken = run("numbers", "list", "--json", code=1)
    assert broken["gaps"] == [f"号段“{made['series']}”（发到3号）缺第1号，共1个"]


HEAD = ["序号", "姓名", "证件种类", "证号", "发证日期", "有效期至", "年审日期", "备注"]


def test_roster_list_and_rate(street: Street, tmp_path: Path) -> None:
    today = timezone.localdate()
    soon = today + timedelta(days=30)
    later = f"{today + timedelta(days=4 * 365):%Y/%m/%d}"
    path = tmp_path / "名册.xlsx"
    path.write_bytes(
        build.table(
            HEAD,
            [1, "李经办", "行政执法证", "ZF-1", "2022年3月1日", soon.isoformat(), today.isoformat(), ""],
            [2, "王负责", "行政执法证", "ZF-2", "2022-03-01", later, today.isoformat(), ""],
            [
                3,
                "查无此人",
                "行政执法证",
                "ZF-3",
                "2022-03-01",
                later.replace("/", "-"),
                today.isoformat(),
                "",
            ],
            [4, "赵民政", "行政执法证", "ZF-4", "2022-03-01", "不详", today.isoformat(), ""],
        )
    )
    words = ("certificates", "import", path, "--as", "duban", "--json")
    tried = run(*words, "--dry-run", code=1)
    assert (tried["opened"], Case.objects.filter(matter="enforcement.certificate").count()) == (2, 0)
    done = run(*words, code=1)
    assert (done["opened"], [one["row"] for one in done["refused"]]) == (2, [4, 5])
    assert "没有在岗的“查无此人”" in done["refused"][0]["why"] and "日期应写成" in done["refused"][1]["why"]
    again = run(*words, code=1)
    assert (again["opened"], again["repeated"]) == (0, 2)
    assert run("certificates", "rate", "--json") == {"total": 1, "certified": 1, "without": []}
    assert [one["number"] for one in run("certificates", "list", "--json")] == ["ZF-1"]
    assert "90 天之内没有到期的证件" not in run("certificates", "list")
    lacking = tmp_path / "缺列.csv"
    lacking.write_text("姓名,证件种类\n李经办,行政执法证\n", encoding="utf-8")
    assert "没有这些列：证件编号、有效期起" in run("certificates", "import", lacking, "--as", "duban", code=1)
