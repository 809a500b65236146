"""jiezhi officer add：第一位系统管理员，和以后的人。"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from jiezhi.base.accounts.actions import deactivate_officer
from jiezhi.base.accounts.authority import is_administrator
from jiezhi.base.accounts.models import AdminRecord, Officer, Post, SecondFactor
from jiezhi.base.registry.models import Appointment, Area, Unit
from jiezhi.cli import serve
from jiezhi.cli.main import main

PASSWORD = "云桥yunqiao-26"
FIRST = (
    "lixiaoming",
    "李小明",
    "--title",
    "科员",
    "--post",
    "admin",
    "--unit",
    "office",
    "--unit-name",
    "综合办",
)

pytestmark = pytest.mark.django_db


def add(*words: str, input: str | None = f"{PASSWORD}\n", code: int = 0, stdin: bool = True) -> Result:
    more = ["--password-stdin"] if stdin else []
    result = CliRunner().invoke(main, ["officer", "add", *words, *more], input=input)
    assert result.exit_code == code, result.output
    return result


def test_the_first_administrator() -> None:
    said = add(*FIRST).output
    officer = Officer.objects.get()
    assert "登录名 lixiaoming" in said and PASSWORD not in said
    assert (officer.name, officer.title, officer.must_change_password) == ("李小明", "科员", True)
    assert officer.check_password(PASSWORD)
    assert is_administrator(officer, timezone.now())
    assert Unit.objects.get().name == "综合办" and Post.objects.filter(code="unit_clerk").exists()
    assert not AdminRecord.objects.exclude(officer=None).exists()


def test_the_password_is_asked_twice_and_hidden() -> None:
    said = add(*FIRST, stdin=False, input=f"{PASSWORD}\n{PASSWORD}\n").output
    assert "口令" in said and PASSWORD not in said
    assert Officer.objects.get().check_password(PASSWORD)


def test_the_first_must_be_an_administrator() -> None:
    said = add(
        "lixiaoming", "李小明", "--post", "unit_clerk", "--unit", "office", "--unit-name", "综合办", code=1
    )
    assert "必须任系统管理员" in said.output
    assert "不用写 --as" in add(*FIRST, "--as", "lixiaoming", code=1).output
    assert not Officer.objects.exists()


@pytest.mark.parametrize(
    ("words", "given", "says"),
    [
        (("lixiaoming", "李小明", "--post", "admin", "--unit", "office"), PASSWORD, "加 --unit-name"),
        (FIRST, "123", "没有新增"),
        (FIRST, "", "没有口令"),
        ((*FIRST, "--post", "nobody"), PASSWORD, "没有代码为“nobody”的岗位"),
        (("李", *FIRST[1:]), PASSWORD, "登录名"),
    ],
)
def test_nothing_is_left_half_done(words: tuple[str, ...], given: str, says: str) -> None:
    assert says in add(*words, input=f"{given}\n", code=1).output
    assert not Officer.objects.exists() and not Unit.objects.exists() and not Post.objects.exists()


def test_later_ones_need_an_administrator() -> None:
    add(*FIRST)
    clerk = ("wangjing", "王静", "--post", "unit_clerk", "--unit", "office")
    assert "请加 --as" in add(*clerk, code=1).output
    add(*clerk, "--as", "lixiaoming")
    third = ("zhaoyi", "赵一", "--post", "unit_clerk", "--unit", "office")
    assert "只有系统管理员" in add(*third, "--as", "wangjing", code=1).output
    assert "没有在岗人员" in add(*third, "--as", "meiyou", code=1).output
    data = json.loads(add(*third, "--as", "lixiaoming", "--json").output)
    assert data == {"ok": True, "login": "zhaoyi", "name": "赵一", "posts": ["unit_clerk"], "unit": "office"}
    assert Appointment.objects.count() == 3
    made = AdminRecord.objects.filter(action="officer.create").order_by("pk")
    assert [one.officer and one.officer.login for one in made] == [None, "lixiaoming", "lixiaoming"]


def test_an_empty_database_without_the_demo_says_how_to_begin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("django.core.management.call_command", lambda *args, **kwargs: None)
    serve._prepare(no_demo=True)
    assert "jiezhi officer add" in capsys.readouterr().out
    assert not Officer.objects.exists()
    add(*FIRST)
    serve._prepare(no_demo=True)
    assert "officer add" not in capsys.readouterr().out


def test_an_upgrade_brings_the_new_static_files(settings: Any, tmp_path: Path) -> None:
    """上次收的静态文件日期再新，也换成这一版的。"""
    settings.STATIC_ROOT = tmp_path / "static"
    old = settings.STATIC_ROOT / "public" / "public.css"
    old.parent.mkdir(parents=True)
    old.write_text("旧的")
    later = time.time() + 3600
    os.utime(old, (later, later))
    (settings.STATIC_ROOT / "staticfiles.json").write_text("{}")
    serve._prepare(no_demo=True)
    assert "旧的" not in old.read_text()


def test_two_factor_is_shown_and_removed() -> None:
    add(*FIRST)
    add("wangjing", "王静", "--post", "unit_clerk", "--unit", "office", "--as", "lixiaoming")
    officer = Officer.objects.get(login="wangjing")

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["officer", "two-factor", "wangjing", *words])
        assert result.exit_code == code, result.output
        return result.output

    assert "没有启用" in run()
    SecondFactor.objects.create(officer=officer, secret="A" * 32, enabled_at=timezone.now(), recovery=["x"])
    assert json.loads(run("--json"))["recovery_codes"] == 1
    assert "原因" in run("--remove", code=1)
    assert "系统管理员" in run("--remove", "--reason", "手机丢了", "--as", "wangjing", code=1)
    assert "已解除王静" in run("--remove", "--reason", "手机丢了", "--as", "lixiaoming")
    assert not SecondFactor.objects.exists()


def run(*words: str, input: str | None = None, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["officer", *words], input=input)
    assert result.exit_code == code, result.output
    return result.output


def test_back_at_work() -> None:
    """返岗：系统管理员办，账号恢复、设新口令、另任职，都在管理记录里；在岗的、不是管理员的办不了。"""
    add(*FIRST)
    add("wangwu", "王五", "--post", "unit_clerk", "--unit", "office", "--as", "lixiaoming")
    again = ("return", "wangwu", "--password-stdin", "--as", "lixiaoming")
    new = "再来yunqiao-27\n"
    assert "王五在岗，不用办返岗" in run(*again, input=new, code=1)
    assert "系统管理员" in run(
        "return", "lixiaoming", "--password-stdin", "--as", "wangwu", input=new, code=1
    )
    admin, worker = Officer.objects.get(login="lixiaoming"), Officer.objects.get(login="wangwu")
    deactivate_officer(worker, reason="借调", acting_officer=admin)
    assert "--post 和 --unit" in run(*again, "--post", "unit_clerk", input=new, code=1)
    assert "没有代码为“nowhere”的单位" in run(
        *again, "--post", "unit_clerk", "--unit", "nowhere", input=new, code=1
    )
    worker.refresh_from_db()
    assert not worker.is_active, "没有办成的什么也没有动"
    assert "王五已返岗" in run(*again, "--post", "unit_clerk", "--unit", "office", input=new)
    worker.refresh_from_db()
    assert worker.is_active and worker.check_password("再来yunqiao-27") and worker.must_change_password
    assert Appointment.objects.filter(officer=worker, valid_to=None).count() == 1
    titles = set(AdminRecord.objects.filter(officer=admin).values_list("title", flat=True))
    assert {"返岗", "重置口令"} <= titles


def test_back_at_work_without_a_post_and_appointed_later() -> None:
    """返岗时没有任职的，提示的那条命令就办得了任职；不是管理员、没有的单位和区域、任过的办不了。"""
    add(*FIRST)
    add("wangwu", "王五", "--post", "unit_clerk", "--unit", "office", "--as", "lixiaoming")
    admin, worker = Officer.objects.get(login="lixiaoming"), Officer.objects.get(login="wangwu")
    deactivate_officer(worker, reason="借调", acting_officer=admin)
    post = ("--post", "unit_clerk", "--unit", "office", "--as", "lixiaoming")
    assert "没有在岗人员" in run("appoint", "wangwu", *post, code=1), "还没有返岗"
    said = run("return", "wangwu", "--password-stdin", "--as", "lixiaoming", input="再来yunqiao-27\n")
    assert "jiezhi officer appoint wangwu" in said
    held = Appointment.objects.filter(officer=worker, valid_to=None)
    assert not held.exists()
    for more, says in (
        ((*post, "--as", "wangwu"), "只有系统管理员"),
        ((*post, "--unit", "nowhere"), "没有代码为“nowhere”的单位"),
        ((*post, "--area", "nowhere"), "没有代码为“nowhere”的区域"),
        ((*post, "--post", "nobody"), "没有代码为“nobody”的岗位"),
    ):
        assert says in run("appoint", "wangwu", *more, code=1)
    assert not held.exists(), "没有办成的什么也没有动"
    area = Area.objects.create(code="990101", name="东边", level="street", path="/990101/", depth=1)
    data = json.loads(run("appoint", "wangwu", *post, "--area", area.code, "--json"))
    assert data == {"ok": True, "login": "wangwu", "posts": ["unit_clerk"], "unit": "office"}
    assert [(one.post.code, one.unit.code, one.area) for one in held] == [("unit_clerk", "office", area)]
    assert "不用再任" in run("appoint", "wangwu", *post, "--area", area.code, code=1)
    assert AdminRecord.objects.filter(action="appointment.create", officer=admin).count() == 2


def test_particulars_and_posts_are_changed_on_record() -> None:
    add(*FIRST)
    assert "至少写一项" in run("change", "lixiaoming", "--as", "lixiaoming", code=1)
    assert "已改李小明的资料" in run("change", "lixiaoming", "--title", "科长", "--as", "lixiaoming")
    assert Officer.objects.get().title == "科长"
    assert "没有代码为“boss”的岗位" in run("post", "boss", "--title", "大王", "--as", "lixiaoming", code=1)
    assert "已改岗位“科室内勤”" in run("post", "unit_clerk", "--title", "科室内勤", "--as", "lixiaoming")
    record = AdminRecord.objects.get(action="post.change")
    assert record.officer == Officer.objects.get() and record.new == {"title": "科室内勤"}
