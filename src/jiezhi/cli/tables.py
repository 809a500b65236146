"""jiezhi import / export：来表导入，照原样导出。"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jiezhi.cli.output import emit, fail, officer_named, progress

if TYPE_CHECKING:
    from jiezhi.connect.excel.queries import ImportReport


@click.command("import", help="导入 Excel 或 CSV:MATTER 为业务模板代号")
@click.argument("matter")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "login", required=True, help="导入人的登录名")
@click.option("--layout", help="哪一种来表；不写就挑最对得上的")
@click.option("--map", "pairs", multiple=True, metavar="我们的列=表里的列", help="列名对不上时指定")
@click.option("--dry-run", is_flag=True, help="只试导，什么也不登记")
@click.option("--resume", is_flag=True, help="接着上次没导完的")
@click.option("--errors", type=click.Path(path_type=Path), help="把没有导入的行另存为表，改好再导")
@click.option("--json", "as_json", is_flag=True)
def import_command(
    matter: str,
    file: Path,
    login: str,
    layout: str | None,
    pairs: tuple[str, ...],
    dry_run: bool,
    resume: bool,
    errors: Path | None,
    as_json: bool,
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.core.exceptions import PermissionDenied
    from django.utils import timezone

    from jiezhi.assist.classify import facts
    from jiezhi.base.casework.matters import UnknownMatter
    from jiezhi.connect.excel import SheetError, actions

    columns = {}
    for pair in pairs:
        ours, mark, theirs = pair.partition("=")
        if not mark:
            fail(f"“{pair}”应写成 我们的列=表里的列", as_json)
        columns[ours.strip()] = theirs.strip()
    officer = officer_named(login, as_json)
    try:
        run = _unfinished(matter, file) if resume else None
        if run is None:
            run = actions.start_import(
                matter,
                file,
                layout=layout,
                column_map=columns or None,
                acting_officer=officer,
                now=timezone.now(),
                dry_run=dry_run,
            )
        with progress("导入", run.total, as_json) as bar:
            done = 0

            def step(rows: int, total: int) -> None:
                nonlocal done
                bar.update(rows - done)
                done = rows

            report = actions.run_import(run, progress=step, prepare=(facts.prefetch,))
    except (SheetError, UnknownMatter, PermissionDenied) as error:
        fail(str(error), as_json)
    if errors is not None and report.refused:
        actions.write_error_report(run, errors)
    emit(_data(report), as_json, _lines(report, errors))
    if report.refused:
        raise SystemExit(2)


def _unfinished(matter: str, file: Path) -> Any:
    from jiezhi.connect.excel import queries
    from jiezhi.core.evidence.digest import sm3_hex

    return queries.unfinished().filter(matter=matter, sm3=sm3_hex(file.read_bytes())).order_by("-pk").first()


def _data(report: ImportReport) -> dict[str, Any]:
    return {
        "ok": report.refused == 0,
        "run": report.run,
        "status": str(report.status),
        "dry_run": report.dry_run,
        "rows": report.rows,
        "opened": report.opened,
        "repeated": report.repeated,
        "refused": report.refused,
        "skipped": report.skipped,
        "kinds": [{"problem": text, "rows": number} for text, number in report.kinds],
        "problems": [
            {"row": one.row, "number": one.number, "problems": list(one.problems)} for one in report.problems
        ],
        "notes": list(report.notes),
    }


def _lines(report: ImportReport, errors: Path | None) -> list[str]:
    lines = [*report.notes]
    lines += [f"第 {one.row} 行 {one.number}：{';'.join(one.problems)}" for one in report.problems]
    if len(report.problems) < report.refused:
        lines.append(f"……另有 {report.refused - len(report.problems)} 行没有列出")
    if errors is not None and report.refused:
        lines.append(f"没有导入的行已另存为 {errors.name}，改好“问题”列说的再导入即可，导过的不会重复")
    return [*lines, str(report)]


@click.command("export", help="照来表的样子导出您看得见的件：MATTER 为业务模板代号")
@click.argument("matter")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--as", "login", required=True, help="导出人的登录名；只导出他看得见的")
@click.option("--layout", help="哪一种来表的样子；不写就用最近一次导入的")
@click.option("--state", default="", help="只导出某个环节的")
@click.option("--reason", default="", help="写明调取理由才导出个人信息全文，并记入管理记录")
@click.option("--json", "as_json", is_flag=True)
def export_command(
    matter: str, file: Path, login: str, layout: str | None, state: str, reason: str, as_json: bool
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.base.casework.matters import UnknownMatter
    from jiezhi.base.casework.queries import Filters, worklist
    from jiezhi.connect.excel import SheetError, exporting, queries

    officer = officer_named(login, as_json)
    try:
        known = queries.layouts(matter)
        shape: Any = layout or queries.runs().filter(matter=matter, dry_run=False).order_by("-pk").first()
        if shape is None:
            shape = next(iter(known), None)
        if shape is None:
            fail(f"“{matter}”没有声明来表的样子，不能照样导出", as_json)
        cases = worklist(officer, Filters(matter=matter, state=state))
        rows = exporting.export_cases(
            cases, shape, str(file), acting_officer=officer, matter=matter, reason=reason
        )
    except (SheetError, UnknownMatter) as error:
        fail(str(error), as_json)
    emit({"ok": True, "rows": rows, "file": str(file)}, as_json, [f"已导出 {rows} 行到 {file.name}"])
