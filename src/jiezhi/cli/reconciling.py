"""jiezhi systems reconcile / explain / copy-sheet / copied / due：对账、抄录单、该对账的。"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing

if TYPE_CHECKING:
    from jiezhi.connect.systems.models import ReconcileRun
    from jiezhi.connect.systems.queries import Register

DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
NAMED = 5
"""负责人最多写几个名字。"""


def register_of(code: str, as_json: bool) -> Register:
    """一个系统的登记；没有就报错退出。"""
    from jiezhi.connect.systems import queries

    with refusing("没有办成", as_json):
        return queries.register_of(code)


def pairs_of(values: tuple[str, ...], as_json: bool) -> dict[str, str]:
    """`--map 我们的列=表里的列` → 对应；写法不对就报错退出。"""
    found = {}
    for pair in values:
        ours, mark, header = pair.partition("=")
        if not mark:
            fail(f"“{pair}”应写成 我们的列=表里的列", as_json)
        found[ours.strip()] = header.strip()
    return found


def people_words(names: list[str]) -> str:
    """负责人的名字，太多的只写前几个。"""
    if not names:
        return "（还没有人任这个岗位）"
    return "、".join(names[:NAMED]) + (f"等 {len(names)} 人" if len(names) > NAMED else "")


@click.command("reconcile", help="拿对方的清单对一期的账，结果存档；不改任何一件")
@click.argument("system")
@click.argument("file", type=FILE)
@click.option("--since", type=DAY, required=True, help="从哪天起（含）")
@click.option("--until", type=DAY, required=True, help="到哪天为止（不含）")
@click.option("--sheet", default="", help="哪一种清单；不写就挑最对得上的")
@click.option("--map", "pairs", multiple=True, metavar="我们的列=表里的列")
@click.option("--out", type=OUT, help="结果另存为 Excel")
@click.option("--as", "login", required=True, help="负责的人的登录名")
@click.option("--json", "as_json", is_flag=True)
def reconcile_command(
    system: str,
    file: Path,
    since: Any,
    until: Any,
    sheet: str,
    pairs: tuple[str, ...],
    out: Path | None,
    login: str,
    as_json: bool,
) -> None:
    from jiezhi.connect.excel import SheetError
    from jiezhi.connect.systems import reconciling
    from jiezhi.connect.systems.exporting import export_run

    officer = officer_named(login, as_json)
    columns = pairs_of(pairs, as_json)
    with refusing("没有对成", as_json, SheetError):
        run = reconciling.reconcile(
            system,
            file,
            since.date(),
            until.date(),
            acting_officer=officer,
            sheet=sheet,
            column_map=columns or None,
        )
        if out is not None:
            export_run(run, str(out))
    emit(_run(run), as_json, _run_lines(run, out))


def _run(run: ReconcileRun) -> dict[str, Any]:
    from jiezhi.connect.systems import queries

    return {
        "run": run.pk,
        "conclusion": run.conclusion,
        "theirs": run.theirs,
        "ours": run.ours,
        "same": run.same,
        "counts": run.counts,
        "left": queries.left(run),
        "unchecked": run.unchecked,
        "result": run.result,
        "notes": run.notes,
    }


def _run_lines(run: ReconcileRun, out: Path | None) -> list[str]:
    from jiezhi.connect.systems import queries

    lines = list(run.notes)
    lines += [f"{why}：{count} 件" for why, count in run.unchecked.items()]
    known = queries.explained(run)
    for one in queries.items(run)[:50]:
        said = "；".join(f"{d['title']} 对方“{d['there']}” 本单位“{d['here']}”" for d in one.details)
        note = known.get(one.mark)
        lines.append(
            f"[{one.pk}] {one.kind} {one.number or one.ours}"
            + (f"：{said}" if said else "")
            + (f"（已说明：{note.text}）" if note else "")
        )
    total = sum(run.counts.values())
    if total > 50:
        lines.append(f"……另有 {total - 50} 处没有列出，用 --out 另存为 Excel 看")
    lines.append(f"第 {run.pk} 次对账：{run.conclusion}")
    return [*lines, *([f"结果已另存为 {out.name}"] if out else [])]


@click.command("explain", help="说明对账的一处不符：以后对出同样的一处还算数")
@click.argument("item", type=int)
@click.option("--reason", required=True, help="缘由")
@click.option("--as", "login", required=True, help="负责的人的登录名")
@click.option("--json", "as_json", is_flag=True)
def explain_command(item: int, reason: str, login: str, as_json: bool) -> None:
    from jiezhi.connect.systems import reconciling
    from jiezhi.connect.systems.models import ReconcileItem

    officer = officer_named(login, as_json)
    row = ReconcileItem.objects.select_related("run").filter(pk=item).first()
    if row is None:
        fail(f"没有第 {item} 处不符，用对账的结果里方括号内的号", as_json)
    with refusing("没有办成", as_json):
        reconciling.explain(row, reason, acting_officer=officer)
    emit({"ok": True}, as_json, [f"已说明：{row}"])


@click.command(
    "copy-sheet", help="按对方的录入次序印抄录单：FILE 以 .docx（一件一页）或 .xlsx（一批一表）结尾"
)
@click.argument("system")
@click.argument("file", type=OUT)
@click.option("--matter", default="", help="业务模板；只有一种的不用写")
@click.option("--number", "numbers", multiple=True, help="件号；不写是全部等着抄的")
@click.option("--reason", default="", help="写明调取理由才印个人信息全文，并记入管理记录")
@click.option("--as", "login", required=True, help="谁印；只印他看得见的")
@click.option("--json", "as_json", is_flag=True)
def copy_sheet_command(
    system: str, file: Path, matter: str, numbers: tuple[str, ...], reason: str, login: str, as_json: bool
) -> None:
    from jiezhi.connect.excel import SheetError
    from jiezhi.connect.systems import copying

    form = file.suffix.lower().removeprefix(".")
    if form not in ("docx", "xlsx"):
        fail("文件名要以 .docx 或 .xlsx 结尾", as_json)
    officer = officer_named(login, as_json)
    matter = matter or _only(system, as_json)
    with refusing("没有印成", as_json, SheetError):
        count = copying.copy_sheets(
            system,
            matter,
            str(file),
            acting_officer=officer,
            numbers=list(numbers) or None,
            form=form,
            reason=reason,
        )
    emit({"ok": True, "cases": count, "file": str(file)}, as_json, [f"已写出 {count} 件到 {file.name}"])


@click.command("copied", help="抄完登记：写 本单位编号=对方编号，或给填好对方编号的批量表")
@click.argument("system")
@click.argument("pairs", nargs=-1, metavar="[本单位编号[=对方编号]]…")
@click.option("--file", "file", type=FILE, help="填好对方编号的批量表")
@click.option("--matter", default="", help="业务模板；只有一种的不用写")
@click.option("--as", "login", required=True, help="谁抄的")
@click.option("--json", "as_json", is_flag=True)
def copied_command(
    system: str, pairs: tuple[str, ...], file: Path | None, matter: str, login: str, as_json: bool
) -> None:
    from jiezhi.connect.excel import SheetError
    from jiezhi.connect.systems import copying

    officer = officer_named(login, as_json)
    matter = matter or _only(system, as_json)
    entries = {}
    for pair in pairs:
        ours, _, theirs = pair.partition("=")
        entries[ours.strip()] = theirs.strip()
    with refusing("没有登记", as_json, SheetError):
        if file is not None:
            entries |= copying.read_marks(system, file)
        results = copying.mark_copied(system, matter, entries, acting_officer=officer)
    wrong = [(number, str(result)) for number, result in results if not result.ok]
    data = {"ok": not wrong, "done": len(results) - len(wrong), "refused": [list(one) for one in wrong]}
    lines = [f"{number}：{why}" for number, why in wrong]
    emit(data, as_json, [*lines, f"登记 {len(results) - len(wrong)} 件，没有登记 {len(wrong)} 件"])
    if wrong:
        raise SystemExit(2)


def _only(system: str, as_json: bool) -> str:
    """有抄录单的只有一种业务模板时就是它。"""
    found = [name for name, one in register_of(system, as_json).decl.matters.items() if one.sheet]
    if len(found) != 1:
        fail(f"请用 --matter 写明是哪一种：{'、'.join(found) or '这个系统没有抄录单'}", as_json)
    return found[0]


@click.command("due", help="该对账而没有对的")
@click.option("--json", "as_json", is_flag=True)
def due_command(as_json: bool) -> None:
    from jiezhi.connect.systems import queries

    data, lines = [], []
    for one in queries.due():
        window = one.window
        people = [person.name for person in one.people]
        last = date.fromordinal(window.until.toordinal() - 1)
        data.append(
            {
                "system": one.register.decl.system,
                "title": one.register.decl.title,
                "since": window.since,
                "until": window.until,
                "deadline": window.deadline,
                "late": one.late,
                "people": people,
            }
        )
        span = f"{window.since}" if last == window.since else f"{window.since} 至 {last}"
        state = f"应在 {window.deadline} 对，已过" if one.late else f"请在 {window.deadline} 对"
        lines.append(
            f"{one.register.decl.title} {span} 这一期还没有对账，{state}；负责人 {people_words(people)}"
        )
    emit(data, as_json, lines or ["没有欠着的账"])
    if any(one["late"] for one in data):
        raise SystemExit(2)


COMMANDS = (reconcile_command, explain_command, copy_sheet_command, copied_command, due_command)
