"""jiezhi discretion：看裁量基准；填写条文没有写明数额的法定幅度。"""

from __future__ import annotations

from typing import Any

import click

from jiezhi.cli.output import emit, officer_named, refusing


@click.group("discretion", help="看裁量基准，填写条文没有写明数额的法定幅度")
def discretion_command() -> None:
    """命令组。"""
    from jiezhi.cli.main import django_ready

    django_ready()


@discretion_command.command("list", help="列出现行的裁量基准和它们的法定幅度")
@click.option("--json", "as_json", is_flag=True)
def list_command(as_json: bool) -> None:
    from jiezhi.core.discretion.engine import legal_span, span_text
    from jiezhi.services.discretion import queries

    rows = list(queries.benchmark_rows())
    local = queries.local_spans(row.code for row in rows)
    found: list[dict[str, Any]] = []
    for row in rows:
        decl = queries.decl_of(row)
        times = decl.limit.times if decl.limit else None
        span = legal_span(decl, None, local.get(row.code))
        shown = (
            f"违法所得{times[0]}至{times[1]}倍"
            if times
            else span
            if isinstance(span, str)
            else span_text(span)
        )
        found.append(
            {
                "code": row.code,
                "title": row.title,
                "power": row.power,
                "party": row.party,
                "status": decl.issued or queries.DEMONSTRATION,
                "pending": decl.limit is None and row.code not in local,
                "range": shown,
            }
        )
    lines = [
        f"{one['code']} {one['title']}（{one['power']}，{one['party']}）：{one['range']}。{one['status']}"
        for one in found
    ]
    emit({"ok": True, "benchmarks": found}, as_json, lines or ["还没有公布裁量基准，先 jiezhi load-packs"])


@discretion_command.command("set", help="填写基准 CODE 的法定幅度 LOW 到 HIGH（单位：元）")
@click.argument("code")
@click.argument("low", type=int)
@click.argument("high", type=int)
@click.option("--source", required=True, help="依据：地方规定的名称和条号")
@click.option("--reason", required=True, help="理由")
@click.option("--as", "login", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def set_command(code: str, low: int, high: int, source: str, reason: str, login: str, as_json: bool) -> None:
    from django.utils import timezone

    from jiezhi.services.discretion import actions

    with refusing("没有填写", as_json):
        actions.set_limit(
            code,
            low * 100,
            high * 100,
            source=source,
            reason=reason,
            acting_officer=officer_named(login),
            now=timezone.now(),
        )
    emit({"ok": True, "code": code}, as_json, [f"{code} 的法定幅度已填写，写进了管理记录"])
