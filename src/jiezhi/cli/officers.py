"""jiezhi officer：新增人员并任职（空库里的第一位系统管理员也从这里来）；改资料、返岗、任职、改岗位；二次验证。"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing

ADMIN = "admin"
FIRST = (
    "库里还没有人员，谁也登录不了。先建第一位系统管理员（会问口令）：\n"
    "  jiezhi officer add 登录名 姓名 --post admin --unit 单位代码 --unit-name 单位名称\n"
    "例如：jiezhi officer add lixiaoming 李小明 --title 科员 --post admin --unit office --unit-name 党政综合办公室"
)


STAFF = click.Choice(["established", "contract", "auxiliary", "volunteer"])


@click.group("officer", help="人员：新增、任职、改资料、返岗")
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
    type=STAFF,
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


@officer_command.command("change", help="改 LOGIN 的资料；只写要改的")
@click.argument("login")
@click.option("--name", help="姓名")
@click.option("--title", help="职务")
@click.option("--phone", help="电话")
@click.option("--staff", "staff_kind", type=STAFF, help="用工性质：编制、合同制、辅助、志愿")
@click.option("--as", "acting", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def change_command(login: str, acting: str, as_json: bool, **given: str | None) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.base.accounts import actions

    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not changes:
        fail("没有写要改什么：--name、--title、--phone、--staff 至少写一项", as_json)
    officer, acting_officer = officer_named(login, as_json), officer_named(acting, as_json)
    with refusing("没有改动", as_json):
        officer = actions.change_officer(officer, acting_officer=acting_officer, **changes)
    emit(
        {"ok": True, "login": officer.login, "changed": sorted(changes)},
        as_json,
        [f"已改{officer.name}的资料"],
    )


@officer_command.command("return", help="返岗：LOGIN 离岗的人的登录名，账号恢复并设新口令；接口令牌另建")
@click.argument("login")
@click.option(
    "--post",
    "posts",
    multiple=True,
    help="岗位代码；可写几次，与 --unit 一起写；不写的以后用 officer appoint 任职",
)
@click.option("--unit", "unit_code", default="", help="任职单位的代码")
@click.option("--password-stdin", is_flag=True, help="从标准输入读口令，不问")
@click.option("--as", "acting", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def return_command(
    login: str, posts: tuple[str, ...], unit_code: str, password_stdin: bool, acting: str, as_json: bool
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.base.accounts.queries import officer_by_login

    officer, acting_officer = officer_by_login(login), officer_named(acting, as_json)
    if officer is None:
        fail(f"没有登录名为“{login}”的人员", as_json)
    if bool(posts) != bool(unit_code):
        fail("任职要同时写 --post 和 --unit；都不写的，返岗后用 jiezhi officer appoint 任职", as_json)
    _allowed(acting_officer, as_json, "没有办返岗")
    password = _password(password_stdin, as_json)
    with refusing("没有办返岗", as_json):
        _return(officer, password, posts, unit_code, acting_officer)
    lines = [f"{officer.name}已返岗，第一次登录要改口令"]
    if not posts:
        lines.append(
            "还没有任职，什么也办不了。任职："
            f"jiezhi officer appoint {officer.login} --post 岗位 --unit 单位代码 --as {acting_officer.login}"
        )
    emit({"ok": True, "login": officer.login, "posts": list(posts)}, as_json, lines)


@officer_command.command("appoint", help="任职：LOGIN 在岗的人的登录名；在原有任职之外再加")
@click.argument("login")
@click.option("--post", "posts", multiple=True, required=True, help="岗位代码，如 unit_clerk；可写几次")
@click.option("--unit", "unit_code", required=True, help="任职单位的代码")
@click.option("--area", "area_code", default="", help="只管这个区域（区域代码）；不写不限区域")
@click.option("--as", "acting", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def appoint_command(
    login: str, posts: tuple[str, ...], unit_code: str, area_code: str, acting: str, as_json: bool
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.db import transaction
    from django.utils import timezone

    officer, acting_officer = officer_named(login, as_json), officer_named(acting, as_json)
    with refusing("没有任职", as_json), transaction.atomic():
        _appoint(officer, posts, unit_code, acting_officer, timezone.now(), area_code)
    data = {"ok": True, "login": officer.login, "posts": list(posts), "unit": unit_code}
    emit(data, as_json, [f"{officer.name}已任职：{'、'.join(dict.fromkeys(posts))}"])


@officer_command.command("post", help="改岗位：CODE 岗位代码（业务模板按它引用，不能改）")
@click.argument("code")
@click.option("--title", help="岗位名称")
@click.option("--description", help="说明")
@click.option("--signs/--no-signs", default=None, help="这个岗位的人能不能在文书上签字")
@click.option("--active/--inactive", "is_active", default=None, help="停用的岗位不能再任职")
@click.option("--as", "acting", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def post_command(code: str, acting: str, as_json: bool, **given: Any) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.base.accounts import actions
    from jiezhi.base.accounts.models import Post

    changes = {name: value for name, value in given.items() if value is not None}
    post = Post.objects.filter(code=code).first()
    if post is None:
        fail(f"没有代码为“{code}”的岗位", as_json)
    if not changes:
        fail("没有写要改什么：--title、--description、--signs、--inactive 等至少写一项", as_json)
    with refusing("没有改动", as_json):
        post = actions.change_post(post, acting_officer=officer_named(acting, as_json), **changes)
    emit({"ok": True, "code": post.code, "changed": sorted(changes)}, as_json, [f"已改岗位“{post.title}”"])


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


def _return(officer: Any, password: str, posts: tuple[str, ...], unit: str, acting_officer: Any) -> None:
    """恢复账号、设口令、任职，同进退。"""
    from django.db import transaction
    from django.utils import timezone

    from jiezhi.base.accounts import actions as accounts

    now = timezone.now()
    with transaction.atomic():
        officer = accounts.reactivate_officer(officer, acting_officer=acting_officer, now=now)
        accounts.set_password(officer, password, acting_officer=acting_officer, now=now)
        if posts:
            _appoint(officer, posts, unit, acting_officer, now)


def _appoint(
    officer: Any, posts: tuple[str, ...], unit: str, acting_officer: Any, now: datetime, area: str = ""
) -> None:
    """任这几个岗位；单位、区域没有 → ValidationError。调用者开事务。"""
    from django.core.exceptions import ValidationError

    from jiezhi.base.registry import actions as registry
    from jiezhi.base.registry.models import Area, Unit

    row = Unit.objects.filter(code=unit).first()
    if row is None:
        raise ValidationError({"unit": f"没有代码为“{unit}”的单位"})
    place = Area.objects.filter(code=area).first() if area else None
    if area and place is None:
        raise ValidationError({"area": f"没有代码为“{area}”的区域"})
    for post in dict.fromkeys(posts):
        registry.appoint(officer, post, row, area=place, acting_officer=acting_officer, now=now)


def _allowed(acting_officer: Any, as_json: bool, failed: str = "没有新增") -> None:
    """先核权限再问口令，免得白填。"""
    from django.utils import timezone

    from jiezhi.base.accounts.authority import require_administrator

    with refusing(failed, as_json):
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
