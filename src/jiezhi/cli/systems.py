"""jiezhi systems：外部系统的登记、导入、对方改了的。对账、抄录单的命令在 reconciling.py。"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jiezhi.cli import reconciling
from jiezhi.cli.output import emit, fail, officer_named, progress, refusing

if TYPE_CHECKING:
    from jiezhi.connect.systems.importing import Imported

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("systems", help="上级系统：登记、导入导出表、对账、抄录单")
def systems_command() -> None:
    from jiezhi.cli.main import django_ready

    django_ready()


@systems_command.command("list", help="登记了哪些系统，哪些能用，谁负责，多久对一次账")
@click.option("--json", "as_json", is_flag=True)
def list_command(as_json: bool) -> None:
    from django.utils import timezone

    from jiezhi.connect.systems import queries

    now = timezone.now()
    data: list[dict[str, Any]] = []
    for one in queries.registers():
        people = [person.name for person in queries.owners(one, now)]
        data.append(
            {
                "system": one.decl.system,
                "title": one.decl.title,
                "usable": one.usable,
                "local": one.local,
                "period": one.decl.period,
                "owner": list(one.decl.owner),
                "people": people,
                "matters": list(one.decl.matters),
                "why": one.decl.why or "；".join(one.faults),
            }
        )
    lines = [
        f"{one['system']} {one['title']}：{one['period']}对账，负责人 {reconciling.people_words(one['people'])}"
        + ("，本单位改过" if one["local"] else "")
        + ("" if one["usable"] else f"。还不能用：{one['why']}")
        for one in data
    ]
    emit(data, as_json, lines or ["还没有登记外部系统，先用 jiezhi load-packs 公布随包的登记"])


@systems_command.command("show", help="一个系统的登记；--yaml 印出整份，改好用 load 装回去")
@click.argument("system")
@click.option("--yaml", "as_yaml", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
def show_command(system: str, as_yaml: bool, as_json: bool) -> None:
    from jiezhi.base.registry import queries as registry
    from jiezhi.connect.systems import queries

    found = reconciling.register_of(system, as_json)
    if as_yaml:
        click.echo(found.entry.text or _yaml(queries.content_of(found.decl)), nl=False)
        return
    decl = found.decl
    lines = [
        f"{decl.title}（{decl.system}），主管：{decl.authority}",
        f"编号：{decl.number.title}，如 {'、'.join(decl.number.like)}",
        f"{decl.period}对账，由{'、'.join(registry.post_title(post) for post in decl.owner)}负责",
    ]
    lines += [f"清单 {name}：{one.title}" for name, one in decl.sheets.items()]
    for name, listed in decl.matters.items():
        compared = "、".join(one.title for one in listed.compare)
        lines.append(f"业务模板 {name}：比 {compared}" + ("；有抄录单" if listed.sheet else ""))
    if not found.usable:
        lines.append(f"还不能用：{decl.why or '；'.join(found.faults)}")
    emit(queries.content_of(decl), as_json, lines)


def _yaml(content: dict[str, Any]) -> str:
    import io

    from ruamel.yaml import YAML

    out = io.StringIO()
    writer = YAML()
    writer.width = 200
    writer.default_flow_style = False
    writer.dump(content, out)
    return out.getvalue()


@systems_command.command("load", help="装上本单位改过的登记：FILE 是整份 YAML，写法同随包的")
@click.argument("file", type=FILE)
@click.option("--as", "login", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def load_command(file: Path, login: str, as_json: bool) -> None:
    from django.conf import settings
    from django.utils import timezone

    from jiezhi.connect.systems import actions
    from jiezhi.core.procedure.errors import PackError
    from jiezhi.core.procedure.loader import load_folder

    officer = officer_named(login, as_json)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        fail("文件不是 UTF-8 编码，请另存为 UTF-8", as_json)
    with refusing("没有装上", as_json, PackError):
        row = actions.change(
            text, load_folder(settings.PACKS_DIR), acting_officer=officer, now=timezone.now(), file=file.name
        )
    emit({"ok": True, "system": row.code}, as_json, [f"已装上“{row.title}”的登记"])


@systems_command.command("reset", help="去掉本单位改的，改回随包的登记")
@click.argument("system")
@click.option("--as", "login", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def reset_command(system: str, login: str, as_json: bool) -> None:
    from django.utils import timezone

    from jiezhi.connect.systems import actions

    officer = officer_named(login, as_json)
    with refusing("没有办成", as_json):
        row = actions.reset(system, acting_officer=officer, now=timezone.now())
    said = f"“{row.title}”已改回随包的登记" if row else f"“{system}”的登记已去掉"
    emit({"ok": True}, as_json, [said])


@systems_command.command("import", help="导入对方的导出表：导多少遍都不多一件；对方改了的列出来")
@click.argument("system")
@click.argument("file", type=FILE)
@click.option("--as", "login", required=True, help="负责的人的登录名")
@click.option("--layout", help="哪一种来表；不写就挑最对得上的")
@click.option("--map", "pairs", multiple=True, metavar="我们的列=表里的列")
@click.option("--dry-run", is_flag=True, help="只试导，什么也不登记")
@click.option("--json", "as_json", is_flag=True)
def import_command(
    system: str,
    file: Path,
    login: str,
    layout: str | None,
    pairs: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    from jiezhi.assist.classify import facts
    from jiezhi.connect.excel import SheetError
    from jiezhi.connect.systems import importing

    officer = officer_named(login, as_json)
    columns = reconciling.pairs_of(pairs, as_json)
    with refusing("没有导入", as_json, SheetError), progress("导入", None, as_json) as bar:
        found = importing.import_sheet(
            system,
            file,
            acting_officer=officer,
            layout=layout,
            column_map=columns or None,
            dry_run=dry_run,
            progress=lambda rows, total: bar.update(0),
            prepare=(facts.prefetch,),
        )
    emit(_imported(found), as_json, _imported_lines(found, system))
    if any(report.refused for report in found.reports.values()) or found.left:
        raise SystemExit(2)


def _imported(found: Imported) -> dict[str, Any]:
    return {
        "reports": {
            matter: {
                "run": one.run,
                "opened": one.opened,
                "repeated": one.repeated,
                "refused": one.refused,
                "skipped": one.skipped,
                "changed": one.changed,
                "followed": one.followed,
                "problems": [
                    {"row": row.row, "number": row.number, "problems": list(row.problems)}
                    for row in one.problems
                ],
            }
            for matter, one in found.reports.items()
        },
        "entered": found.entered,
        "led": found.led,
        "left": [{"number": number, "why": why} for number, why in found.left],
    }


def _imported_lines(found: Imported, system: str) -> list[str]:
    lines = list(found.notes)
    for one in found.reports.values():
        lines += one.notes
        lines += [f"第 {row.row} 行 {row.number}：{'；'.join(row.problems)}" for row in one.problems]
        lines.append(str(one))
        if one.changed:
            lines.append(f"对方改了什么，看 jiezhi systems changes {system}")
    if found.entered:
        lines.append(f"回填对方编号 {len(found.entered)} 件")
    if found.led:
        lines.append(f"随对方的状态办理 {len(found.led)} 件")
    return lines + [f"{number}：{why}" for number, why in found.left]


@systems_command.command("changes", help="对方改了的；--adopt 照着更正，--dismiss 不采用（都要写缘由）")
@click.argument("system")
@click.option("--as", "login", required=True, help="负责的人的登录名")
@click.option("--adopt", "adopted", multiple=True, type=int, metavar="号")
@click.option("--dismiss", "dismissed", multiple=True, type=int, metavar="号")
@click.option("--reason", default="", help="缘由")
@click.option("--all", "everything", is_flag=True, help="连同已处理的")
@click.option("--json", "as_json", is_flag=True)
def changes_command(
    system: str,
    login: str,
    adopted: tuple[int, ...],
    dismissed: tuple[int, ...],
    reason: str,
    everything: bool,
    as_json: bool,
) -> None:
    from django.utils import timezone

    from jiezhi.connect.systems import actions, queries

    officer = officer_named(login, as_json)
    register = reconciling.register_of(system, as_json)
    with refusing("没有办成", as_json):
        queries.require_manager(register, officer, timezone.now())
        rows = queries.changes(register, status="" if everything or adopted or dismissed else "待处理")
        if adopted:
            groups: dict[Any, list[Any]] = {}
            for row in rows.filter(pk__in=adopted):
                groups.setdefault(row.case, []).append(row)
            for some in groups.values():
                result = actions.adopt(some, acting_officer=officer, reason=reason)
                if not result.ok:
                    fail(f"{some[0].number} 没有办成。{result}", as_json)
        if dismissed:
            actions.dismiss(list(rows.filter(pk__in=dismissed)), acting_officer=officer, reason=reason)
    if adopted or dismissed:
        rows = rows.filter(pk__in=[*adopted, *dismissed])
    data, lines = [], []
    for one in map(queries.shown_change, rows[:500]):
        row = one.row
        data.append(
            {
                "id": row.pk,
                "number": row.number,
                "column": row.column,
                "before": one.before,
                "now": one.now,
                "status": row.status,
                "said": row.said,
            }
        )
        said = f"，{row.said}" if row.said else ""
        lines.append(
            f"[{row.pk}] {row.number} {row.column}：“{one.before}”→“{one.now}”（{row.status}{said}）"
        )
    emit(data, as_json, lines or ["没有等着处理的"])


for _one in reconciling.COMMANDS:
    systems_command.add_command(_one)
