"""jiezhi officer：新增人员并任职（空库里的第一位系统管理员也从这里来）；看、解除二次验证。"""

from __future__ import annotations

import sys
from typing import Any

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing

ADMIN = "admin"
FIRST = (
    "库里还没有人员，谁也登录不了。先建第一位系统管理员（会问口令）：\n"
    "  jiezhi officer add 登录名 姓名 --post admin --unit 单位代码 --unit-name 单位名称\n"
    "例如：jiezhi officer add lixiaoming 李小明 --title 科员 --post admin --unit office --unit-name 党政综合办公室"
)


@click.group("officer", help="人员：新增、任职")
def officer_command() -> None:
    """命令组。"""


@officer_command.command(
    "add", help="新增人员：LOGIN 登录名，NAME 姓名；库里没有人员时，第一位必须任系统管理员"
)
@click.argument("login")
@click.argument("name")
@click.option("--title", default="", help="职务")
@click.option("--post", "posts", multiple=True, required=True, help="岗位代码，如 admin；可写几次")
@click.option("--unit", "unit_code", required=True, help="任职单位的代码")
@click.option("--unit-name", default="", help="单位名称；没有这个单位时按它新设")
@click.option(
    "--staff",
    type=click.Choice(["established", "contract", "auxiliary", "volunteer"]),
    default="established",
    show_default=True,
    help="用工性质：编制、合同制、辅助、志愿",
)
@click.option("--phone", default="", help="电话")
@click.option("--password-stdin", is_flag=True, help="从标准输入读口令，不问")
@click.option("--as", "acting", help="系统管理员的登录名；库里已有人员时必须给")
@click.option("--json", "as_json", is_flag=True)
def add_command(
    login: str,
    name: str,
    title: str,
    posts: tuple[str, ...],
    unit_code: str,
    unit_name: str,
    staff: str,
    phone: str,
    password_stdin: bool,
    acting: str | None,
    as_json: bool,
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()

    from jiezhi.base.accounts.models import Officer

    first = not Officer.objects.exists()
    if first and acting:
        fail("库里还没有人员，不用写 --as", as_json)
    if first and ADMIN not in posts:
        fail("第一位人员必须任系统管理员：请加 --post admin，否则以后没有人能管理", as_json)
    if not first and not acting:
        fail("库里已有人员，新增要由系统管理员办：请加 --as 登录名", as_json)
    acting_officer = officer_named(acting) if acting else None
    if acting_officer is not None:
        _allowed(acting_officer, as_json)
    password = _password(password_stdin, as_json)
    with refusing("没有新增", as_json):
        officer = _add(
            acting_officer=acting_officer,
            person={"login": login, "name": name, "title": title, "staff_kind": staff, "phone": phone},
            password=password,
            posts=posts,
            unit=(unit_code, unit_name),
        )
    data = {"ok": True, "login": officer.login, "name": officer.name, "posts": list(posts), "unit": unit_code}
    emit(data, as_json, [f"已新增{officer.name}，登录名 {officer.login}。第一次登录要改口令"])


@officer_command.command(
    "two-factor", help="LOGIN 的二次验证启用没有；--remove 解除（手机丢了、恢复码也没有的）"
)
@click.argument("login")
@click.option("--remove", is_flag=True, help="解除")
@click.option("--reason", default="", help="解除的原因")
@click.option("--as", "acting", help="系统管理员的登录名；不写就是在服务器上直接办，记为系统")
@click.option("--json", "as_json", is_flag=True)
def two_factor_command(login: str, remove: bool, reason: str, acting: str | None, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()

    from jiezhi.base.accounts import twofactor

    officer = officer_named(login, as_json)
    if remove:
        acting_officer = officer_named(acting, as_json) if acting else None
        with refusing("没有解除", as_json):
            twofactor.remove(officer, reason=reason, acting_officer=acting_officer)
    found = twofactor.state_of(officer)
    data = {
        "ok": True,
        "login": officer.login,
        "enabled": found is not None,
        "recovery_codes": len(found.recovery) if found else 0,
    }
    if remove:
        line = f"已解除{officer.name}的二次验证，他下次登录时会看到"
    elif found:
        line = f"{officer.name}启用了二次验证，恢复码还剩 {len(found.recovery)} 个"
    else:
        line = f"{officer.name}没有启用二次验证"
    emit(data, as_json, [line])


def _allowed(acting_officer: Any, as_json: bool) -> None:
    """先核权限再问口令，免得白填。"""
    from django.utils import timezone

    from jiezhi.base.accounts.authority import require_administrator

    with refusing("没有新增", as_json):
        require_administrator(acting_officer, timezone.now())


def _password(from_stdin: bool, as_json: bool) -> str:
    if from_stdin:
        text = sys.stdin.readline().rstrip("\r\n")
        if not text:
            fail("标准输入里没有口令", as_json)
        return text
    found: str = click.prompt("口令", hide_input=True, confirmation_prompt="再输一次", err=True)
    return found


def _add(
    *,
    acting_officer: Any,
    person: dict[str, str],
    password: str,
    posts: tuple[str, ...],
    unit: tuple[str, str],
) -> Any:
    """新增、设单位、任职，同进退。"""
    from django.core.exceptions import ValidationError
    from django.db import transaction
    from django.utils import timezone

    from jiezhi.base.accounts import actions as accounts
    from jiezhi.base.registry import actions as registry
    from jiezhi.base.registry.models import Unit

    now, (code, unit_name) = timezone.now(), unit
    with transaction.atomic():
        accounts.install_standard_posts(acting_officer=acting_officer, now=now)
        row = Unit.objects.filter(code=code).first()
        if row is None and not unit_name.strip():
            raise ValidationError({"unit": f"没有代码为“{code}”的单位；要新设，请加 --unit-name 单位名称"})
        row = row or registry.create_unit(
            code=code, name=unit_name, kind="internal", acting_officer=acting_officer, now=now
        )
        officer = accounts.create_officer(
            **person, password=password, must_change_password=True, acting_officer=acting_officer, now=now
        )
        for post in dict.fromkeys(posts):
            registry.appoint(officer, post, row, acting_officer=acting_officer, now=now)
    return officer
