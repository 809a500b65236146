"""jiezhi act：在命令行办理一步（与网页同一个门）。"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from jiezhi.cli.output import case_numbered, emit, fail, officer_named


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
    happened = moment(at, as_json) if at else None
    officer = officer_named(login, as_json)
    result = actions.act(
        str(case_numbered(case, officer, as_json, key).uid),
        action,
        acting_officer=officer,
        inputs=inputs,
        reason=reason,
        at=happened,
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


def moment(text: str, as_json: bool, what: str = "发生时间") -> datetime:
    """命令行上写的时刻；不带时区或写法不对就报错退出。"""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        fail(f"{what}要写成带时区的，如 2026-08-01T09:30+08:00", as_json)
    return found


def _value(text: str) -> Any:
    if text[:1] in "[{" or text in ("true", "false", "null"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
