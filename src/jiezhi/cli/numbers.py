"""jiezhi numbers：编号的号段、作废、租用、归还。"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from jiezhi.cli.output import emit, officer_named, refusing

_AS = click.option("--as", "login", required=True, help="办理人的登录名")
_JSON = click.option("--json", "as_json", is_flag=True)


@click.group("numbers", help="编号：号段、作废、租用、归还")
def numbers_command() -> None:
    """命令组。"""


@numbers_command.command("list", help="各号段发到几号、接不接得上，没有归还的租段")
@_JSON
def list_command(as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.casework import numbers, queries

    now = timezone.now()
    gaps = queries.number_gaps()
    leases = numbers.leases(open_only=True)
    series = numbers.series()
    data = {
        "ok": not gaps,
        "series": {row.key: row.last for row in series},
        "leases": [
            {
                "id": row.pk, "series": row.series_id, "first": row.first, "last": row.last,
                "officer": row.officer.login, "device": row.device, "until": row.valid_until,
                "expired": row.valid_until <= now,
            }
            for row in leases
        ],
        "gaps": [str(gap) for gap in gaps],
    }  # fmt: skip
    lines = [f"{row.key}：发到 {row.last} 号" for row in series]
    for row in leases:
        device = f"（{row.device}）" if row.device else ""
        late = "，已过期，请归还" if row.valid_until <= now else ""
        lines.append(
            f"租段 {row.pk}：{row.series_id} 第 {row.first}—{row.last} 号，租给{row.officer.name}{device}，"
            f"有效到 {timezone.localtime(row.valid_until):%Y-%m-%d %H:%M}{late}"
        )
    emit(data, as_json, [*lines, *(f"{gap}。" for gap in gaps)] or ["还没有发过号"])
    if gaps:
        raise SystemExit(1)


@numbers_command.command("void", help="作废一个号，号留着不再用：NUMBER 为编号")
@click.argument("number")
@click.option("--reason", required=True, help="作废的理由")
@click.option("--series", default="", help="号段；几个号段里有同样的号时要写")
@_AS
@_JSON
def void_command(number: str, reason: str, series: str, login: str, as_json: bool) -> None:
    def run(officer: Any, now: datetime) -> tuple[dict[str, Any], str]:
        from jiezhi.base.casework import numbers

        row = numbers.void_number(number, reason=reason, series=series, acting_officer=officer, now=now)
        return {"number": row.text, "series": row.series_id}, f"“{row.text}”已作废，不再使用"

    _run(login, as_json, run)


@numbers_command.command(
    "lease",
    help="租出一段号：MATTER 业务模板代号，SEQUENCE 编号名（件号写 case），COUNT 几个，TO 租给谁的登录名",
)
@click.argument("matter")
@click.argument("sequence")
@click.argument("count", type=int)
@click.argument("to")
@click.option("--until", required=True, help="有效到，如 2026-08-31T18:00+08:00")
@click.option("--device", default="", help="在哪台设备上用")
@click.option(
    "--scope", "pairs", multiple=True, metavar="unit=代码", help="按单位、渠道、栏目分号段时写明是哪一个"
)
@_AS
@_JSON
def lease_command(
    matter: str,
    sequence: str,
    count: int,
    to: str,
    until: str,
    device: str,
    pairs: tuple[str, ...],
    login: str,
    as_json: bool,
) -> None:
    def run(officer: Any, now: datetime) -> tuple[dict[str, Any], str]:
        from jiezhi.base.casework import numbers
        from jiezhi.cli.cases import moment

        scope = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        row = numbers.lease_range(
            matter,
            sequence,
            count,
            officer=officer_named(to, as_json),
            device=device,
            scope=scope,
            valid_until=moment(until, as_json, "有效期"),
            acting_officer=officer,
            now=now,
        )
        data = {"lease": row.pk, "series": row.series_id, "first": row.first, "last": row.last}
        return data, f"租段 {row.pk}：{row.series_id} 第 {row.first}—{row.last} 号"

    _run(login, as_json, run)


@numbers_command.command("return", help="归还租段，没有用的号逐个作废：LEASE 为租段号（numbers list 里有）")
@click.argument("lease", type=int)
@_AS
@_JSON
def return_command(lease: int, login: str, as_json: bool) -> None:
    def run(officer: Any, now: datetime) -> tuple[dict[str, Any], str]:
        from jiezhi.base.casework import numbers

        voided = numbers.return_lease(lease, acting_officer=officer, now=now)
        return {"voided": voided}, f"已归还，作废没有用的 {len(voided)} 个号"

    _run(login, as_json, run)


def _run(login: str, as_json: bool, run: Any) -> None:
    """办一步；办不成用一句中文说明并退出。"""
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.casework.matters import UnknownMatter

    with refusing("没有办成", as_json, UnknownMatter):
        data, line = run(officer_named(login, as_json), timezone.now())
    emit({"ok": True, **data}, as_json, [line])
