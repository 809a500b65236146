"""jiezhi tokens：接口令牌的建立、列表、停用。"""

from __future__ import annotations

from typing import Any

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing


@click.group("tokens", help="接口令牌：建立、列表、停用")
def tokens_command() -> None:
    """命令组。"""


@tokens_command.command("create", help="给人员 LOGIN 建一个令牌；令牌只印这一次，请交给用它的系统保管")
@click.argument("login")
@click.option("--name", required=True, help="用途：给哪个系统用")
@click.option("--scope", "scopes", multiple=True, required=True, help="范围，如 cases:read；可写几次")
@click.option("--days", default=90, show_default=True, type=int, help="有效几天，最多 366")
@click.option("--as", "acting", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def create_command(
    login: str, name: str, scopes: tuple[str, ...], days: int, acting: str, as_json: bool
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.api.actions import create_token

    admin, officer = officer_named(acting, as_json), officer_named(login, as_json)
    with refusing("没有建令牌", as_json):
        row, secret = create_token(officer, name=name, scopes=scopes, days=days, acting_officer=admin)
    data = {"ok": True, "token": secret, **_said(row)}
    lines = [
        f"已给{officer.name}建令牌，{_day(row.expires_at)} 到期，范围：{'、'.join(row.scopes)}",
        f"令牌（只显示这一次，库里不存）：{secret}",
    ]
    emit(data, as_json, lines)


@tokens_command.command("list", help="全部令牌：谁的、给谁用、什么时候到期、最后什么时候用过")
@click.option("--all", "everything", is_flag=True, help="连同停用的、到期的")
@click.option("--json", "as_json", is_flag=True)
def list_command(everything: bool, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.api.queries import tokens

    now = timezone.now()
    rows = [row for row in tokens() if everything or row.usable(now)]
    lines = [
        f"{row.prefix}…  {row.officer.name}  {row.name}  {'、'.join(row.scopes)}  {_state(row, now)}  "
        + (f"最后使用 {_day(row.last_used_at)}" if row.last_used_at else "没有用过")
        for row in rows
    ]
    emit([_said(row) for row in rows], as_json, lines or ["没有在用的令牌"])


@tokens_command.command("revoke", help="停用开头是 PREFIX（列表里的前 12 位）的令牌，立即生效")
@click.argument("prefix")
@click.option("--reason", required=True, help="为什么停用")
@click.option("--as", "acting", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def revoke_command(prefix: str, reason: str, acting: str, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.api.actions import revoke_token
    from jiezhi.api.queries import token_starting

    admin = officer_named(acting, as_json)
    row = token_starting(prefix)
    if row is None:
        fail(f"没有开头是“{prefix[:12]}”的令牌，用 jiezhi tokens list --all 查", as_json)
    with refusing("没有停用", as_json):
        row = revoke_token(row, reason=reason, acting_officer=admin)
    emit({"ok": True, **_said(row)}, as_json, [f"已停用 {row}"])


def _said(row: Any) -> dict[str, Any]:
    names = ("name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    return {"officer": row.officer.login, **{name: getattr(row, name) for name in names}}


def _state(row: Any, now: Any) -> str:
    if row.revoked_at is not None:
        return f"{_day(row.revoked_at)} 停用"
    if not row.officer.is_active:
        return "人员已离岗"
    return f"{_day(row.expires_at)} {'到期' if now < row.expires_at else '已到期'}"


def _day(moment: Any) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
