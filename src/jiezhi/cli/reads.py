"""jiezhi reads：查敏感信息查看记录，可导出 CSV。"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from jiezhi.cli.output import emit, officer_named


@click.command("reads", help="敏感信息查看记录：谁、什么时候、因何看过哪一项")
@click.option("--as", "login", required=True, help="查的人的登录名；督办员、系统管理员查全部，其余只查自己的")
@click.option("--officer", default="", help="查看人的姓名或登录名")
@click.option("--case", "number", default="", help="编号（含其中几个字）")
@click.option("--field", default="", help="看了什么，如 来件人")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="从哪天")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="到哪天（含）")
@click.option("--csv", "out", type=click.Path(dir_okay=False, path_type=Path), help="导出到文件")
@click.option("--json", "as_json", is_flag=True)
def reads_command(
    login: str,
    officer: str,
    number: str,
    field: str,
    since: datetime | None,
    until: datetime | None,
    out: Path | None,
    as_json: bool,
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.casework import readers
    from jiezhi.web.office.export import table

    now = timezone.now()
    who = officer_named(login, as_json)
    wanted = readers.Filters(
        officer, number, field, since.date() if since else None, until.date() if until else None
    )
    if out is not None:
        header, rows = readers.exported(acting_officer=who, filters=wanted, now=now)
        out.write_bytes(table(header, rows))
        emit(
            {"ok": True, "rows": len(rows), "file": str(out)},
            as_json,
            [f"已导出 {len(rows)} 条到 {out.name}"],
        )
        return
    found = readers.described(readers.reads(who, wanted, now)[:500], who, now)
    lines = [
        f"{timezone.localtime(one.at):%Y-%m-%d %H:%M}　{one.officer}　{one.what}　{one.number}　{one.reason}"
        for one in found
    ]
    data = [
        {"at": one.at, "officer": one.login, "what": one.what, "case": one.number, "reason": one.reason}
        for one in found
    ]
    emit({"ok": True, "reads": data}, as_json, lines or ["没有查看记录"])
