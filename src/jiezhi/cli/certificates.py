"""jiezhi certificates：按名册登记执法证件，看持证比例和快到期的。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jiezhi.cli.output import emit, fail, officer_named


@click.group("certificates", help="执法证件：名册导入、持证比例、到期清单")
def certificates_command() -> None:
    """命令组。"""


@certificates_command.command(
    "import", help="按名册登记：FILE 为 Excel 或 CSV，有姓名、证件种类、证件编号、有效期起等列"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "login", required=True, help="证件管理员的登录名")
@click.option("--dry-run", is_flag=True, help="只试，什么也不登记")
@click.option("--json", "as_json", is_flag=True)
def import_command(file: Path, login: str, dry_run: bool, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.connect.excel import SheetError
    from jiezhi.services.qualification.actions import import_roster

    now = timezone.now()
    officer = officer_named(login, as_json)
    try:
        lines = import_roster(_rows(file, now), acting_officer=officer, now=now, dry_run=dry_run)
    except SheetError as error:
        fail(str(error), as_json)
    refused = [line for line in lines if not line.result.ok]
    repeated = sum(getattr(line.result, "repeated", False) for line in lines)
    opened = len(lines) - len(refused) - repeated
    data = {
        "ok": not refused,
        "opened": opened,
        "repeated": repeated,
        "refused": [{"row": line.row, "why": str(line.result)} for line in refused],
    }
    said = [f"第 {line.row} 行：{line.result}" for line in refused]
    verb = "可以登记" if dry_run else "登记"
    emit(data, as_json, [*said, f"{verb} {opened} 张，早已登记 {repeated} 张，没有登记 {len(refused)} 行"])
    if refused:
        raise SystemExit(1)


def _rows(file: Path, now: Any) -> list[tuple[int, dict[str, Any]]]:
    """名册逐行：（行号，字段 → 值）。缺了必要的列抛 SheetError。"""
    from jiezhi.connect.excel import SheetError
    from jiezhi.connect.excel.errors import ValueProblem
    from jiezhi.connect.excel.moments import as_date
    from jiezhi.connect.excel.reader import read_sheet
    from jiezhi.connect.excel.values import as_text
    from jiezhi.services.qualification.actions import COLUMNS

    sheet = read_sheet(file, wanted={word for words in COLUMNS.values() for word in words})
    at = {
        name: sheet.headers.index(word)
        for name, words in COLUMNS.items()
        for word in words[::-1]
        if word in sheet.headers
    }
    lacking = [COLUMNS[name][0] for name in ("holder", "kind", "number", "valid_from") if name not in at]
    if lacking:
        raise SheetError(f"名册里没有这些列：{'、'.join(lacking)}。请补上列名后再导入。")
    found: list[tuple[int, dict[str, Any]]] = []
    for row in sheet.rows:
        values: dict[str, Any] = {}
        for name, column in at.items():
            cell = row.cells[column] if column < len(row.cells) else None
            if name in ("valid_from", "valid_to", "reviewed_on"):
                try:
                    day = as_date(cell, now=now, ahead_days=40 * 366, epoch_1904=sheet.date1904)
                    values[name] = day.isoformat() if day else None
                except ValueProblem:
                    values[name] = str(cell)  # 交给登记去说哪里不对
            else:
                values[name] = as_text(cell)
        found.append((row.number, values))
    return found


@certificates_command.command("list", help="快到期和已过期、没有注销的证件")
@click.option("--days", default=90, show_default=True, help="多少天之内到期")
@click.option("--json", "as_json", is_flag=True)
def list_command(days: int, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.accounts.models import Officer
    from jiezhi.base.casework.queries import definition_of
    from jiezhi.services.qualification import queries

    rows = queries.expiring(timezone.now(), days)
    names = dict(Officer.objects.values_list("pk", "name"))
    data = []
    for row in rows:
        state = definition_of(row).matter.states[row.state].title
        holder = names.get(int(row.fields["holder"]), "")
        fields = {key: row.fields.get(key, "") for key in ("kind", "number", "valid_to")}
        data.append({"case": row.number, "holder": holder, "state": state, **fields})
    lines = [
        f"{one['holder']} {one['kind']} {one['number']} 有效期止 {one['valid_to']} {one['state']}"
        for one in data
    ]
    emit(data, as_json, lines or [f"{days} 天之内没有到期的证件"])


@certificates_command.command("rate", help="持证比例：任执法人员岗位的人里有几个有有效的行政执法证")
@click.option("--json", "as_json", is_flag=True)
def rate_command(as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.services.qualification import queries

    rate = queries.certified_rate(timezone.now())
    names = [person.name for person in rate.without]
    data = {"total": rate.total, "certified": rate.certified, "without": names}
    line = f"执法人员 {rate.total} 人，持有效行政执法证 {rate.certified} 人"
    emit(data, as_json, [line + (f"；没有的：{'、'.join(names)}" if names else "")])
