"""jiezhi act：在命令行办理一步（与网页同一个门）。"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from jiezhi.cli.output import emit, fail


def officer_named(login: str, as_json: bool = False) -> Any:
    """按登录名找在岗人员；没有就报错退出。"""
    from jiezhi.base.accounts.queries import officer_by_login

    officer = officer_by_login(login)
    if officer is None or not officer.is_active:
        fail(f"没有在岗人员“{login}”，请用登录名", as_json)
    return officer


def case_numbered(number: str, as_json: bool = False) -> Any:
    """按编号或全局标识找件；没有或不止一件就报错退出。"""
    from django.db.models import Q

    from jiezhi.base.casework.models import Case

    query = Q(number=number)
    if len(number) == 36:
        query |= Q(uid=number)
    rows = list(Case.objects.filter(query).select_related("version")[:2])
    if not rows:
        fail(f"没有编号为“{number}”的件", as_json)
    if len(rows) > 1:
        fail(f"有几件编号都是“{number}”（来自不同系统），请改用全局标识", as_json)
    return rows[0]


@click.command("act", help="办理一步：CASE 为编号，ACTION 为动作代号")
@click.argument("case")
@click.argument("action")
@click.option("--as", "login", required=True, help="办理人的登录名")
@click.option("--set", "values", multiple=True, metavar="字段=值", help="填写的内容；值可以是 JSON")
@click.option("--reason", default="", help="理由")
@click.option("--at", help="发生时间，如 2026-08-01T09:30+08:00；不写是现在")
@click.option("--version", type=int, help="看到的版本，对不上则不办")
@click.option("--key", help="请求标识：同一标识不会办两遍")
@click.option("--json", "as_json", is_flag=True)
def act_command(
    case: str,
    action: str,
    login: str,
    values: tuple[str, ...],
    reason: str,
    at: str | None,
    version: int | None,
    key: str | None,
    as_json: bool,
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.base.casework import actions
    from jiezhi.base.casework.outcome import Refused

    inputs = {}
    for item in values:
        name, mark, text = item.partition("=")
        if not mark:
            fail(f"“{item}”应写成 字段=值", as_json)
        inputs[name] = _value(text)
    moment = _moment(at, as_json) if at else None
    result = actions.act(
        str(case_numbered(case, as_json).uid),
        action,
        acting_officer=officer_named(login, as_json),
        inputs=inputs,
        reason=reason,
        at=moment,
        version=version,
        key=key,
    )
    if isinstance(result, Refused):
        missing = [
            {"code": one.code, "say": one.say, "remedy": one.remedy, "basis": one.basis, "field": one.field}
            for one in result.refusal.missing
        ]
        fail(str(result), as_json, data={"ok": False, "missing": missing})
    data = {"ok": True, "case": result.number, "uid": result.uid, "seq": result.seq, "state": result.state}
    emit(data, as_json, [f"{result.number} 办成，现在第 {result.seq} 条办理记录"])


def _moment(text: str, as_json: bool) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        fail("发生时间要写成带时区的，如 2026-08-01T09:30+08:00", as_json)
    return moment


def _value(text: str) -> Any:
    if text[:1] in "[{" or text in ("true", "false", "null"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
