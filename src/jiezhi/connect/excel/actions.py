"""写：开始导入、导、断了接着导、退回有问题的行。导出在 exporting.py。"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import require_active, require_administrator
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.actions import Entry, officer_actor
from jiezhi.base.casework.engine.memory import not_collecting
from jiezhi.base.casework.engine.work import Work
from jiezhi.connect.excel import copies, queries
from jiezhi.connect.excel.columns import convert
from jiezhi.connect.excel.engine import Prepare, work_through
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.exporting import export_cases
from jiezhi.connect.excel.layouts import Layout, error_report
from jiezhi.connect.excel.mapping import SheetMapping, choose
from jiezhi.connect.excel.models import ImportRow, ImportRun
from jiezhi.connect.excel.package import MAX_FILE
from jiezhi.connect.excel.planning import Planned, Planner
from jiezhi.connect.excel.queries import ImportReport, report
from jiezhi.connect.excel.reader import Row, Sheet, read_sheet
from jiezhi.services.dispatch import session as dispatch

__all__ = [
    "MAX_ROWS", "export_cases",
    "resume_import", "run_import", "start_import", "write_error_report",
]  # fmt: skip

MAX_ROWS = 200_000
BATCH = 500
# 办每一批之前成批取好：地址、门牌、区域。
PREPARE: tuple[Prepare, ...] = (dispatch.prefetch,)
Progress = Callable[[int, int], None]


def start_import(
    matter: str,
    source: str | PathLike[str] | bytes | Any,
    *,
    layout: str | None = None,
    column_map: Mapping[str, str] | None = None,
    acting_officer: Officer | None,
    now: datetime | None = None,
    dry_run: bool = False,
    name: str = "",
) -> ImportRun:
    """收下一个文件，认出是哪种来表，数好行数；还没有导。

    `source` 是路径、字节或上传的文件；`layout` 不给就挑最对得上的；`column_map` 是我们的列 → 表里的列名。
    `dry_run` 只试导。缺列、文件读不了、超过 20 万行抛 SheetError，没有这个业务模板抛 UnknownMatter,
    不是登记这类件的人抛 NotAllowed；文字都可以直接给用户看。
    """
    moment = now or timezone.now()
    mappings = queries.mappings_for(matter)
    content, name = content_of_file(source, name)
    sheet = read_sheet(content, max_rows=MAX_ROWS, wanted=queries.wanted(mappings), name=name)
    chosen, matching = choose(mappings, sheet.headers, layout, column_map)
    _may_import(chosen, acting_officer, moment)
    total = sum(1 for _ in sheet.rows)
    digest = copies.store(content)
    return ImportRun.objects.create(
        matter=matter,
        layout=chosen.name,
        system=chosen.system,
        file_name=name[:200],
        sm3=digest,
        stored=digest,
        sheet=Layout.of(sheet).model_dump(mode="json"),
        columns={ours: sheet.headers[at] for ours, at in matching.found.items()},
        notes=[*matching.sentences(), *_unused(matching.unused), *sheet.warnings[:50]],
        dry_run=dry_run,
        total=total,
        started_at=moment,
        officer=acting_officer,
    )


def run_import(
    run: ImportRun,
    *,
    progress: Progress | None = None,
    batch: int = BATCH,
    now: datetime | None = None,
    prepare: Sequence[Prepare] = (),
) -> ImportReport:
    """导。每 `batch` 个动作左右一个事务，件和逐行结果同时落下，断电后接着导不丢不重。

    `progress（已处理行数, 总行数）` 在每批之后调用；`prepare` 是另外要成批预取的（如归类）。
    已经导完的直接给报告。原件不在了、业务模板不再认得这种表抛 SheetError；中途出错状态记“已中断”再抛出。
    """
    if run.status == ImportRun.Status.DONE:
        return report(run)
    try:
        _run(run, progress, batch, now, (*PREPARE, *prepare))
    except Exception as error:
        broken = ImportRun.objects.filter(pk=run.pk).exclude(status=ImportRun.Status.DONE)
        broken.update(status=ImportRun.Status.BROKEN, why=str(error)[:400])
        raise
    return report(run)


def resume_import(
    run: ImportRun,
    *,
    progress: Progress | None = None,
    batch: int = BATCH,
    now: datetime | None = None,
    prepare: Sequence[Prepare] = (),
) -> ImportReport:
    """断了接着导：从上次写下的那一行之后。已经导完的只给报告。"""
    run.refresh_from_db()
    return run_import(run, progress=progress, batch=batch, now=now, prepare=prepare)


def write_error_report(run: ImportRun, out: str | PathLike[str] | BinaryIO) -> int:
    """把没有导入的行照原样写出来，末列是问题，改好可再导入。返回行数；原件不在了抛 SheetError。"""
    sheet = _open(run)
    found = queries.refused_rows(run)

    def rows() -> Iterator[tuple[Row, Sequence[str]]]:
        waiting = next(found, None)
        for row in sheet.rows:
            if waiting is None:
                return
            if row.number == waiting[0]:
                yield row, waiting[1]
                waiting = next(found, None)

    return error_report(Layout.model_validate(run.sheet), rows(), out)


def _run(
    run: ImportRun, progress: Progress | None, batch: int, now: datetime | None, prepare: Sequence[Prepare]
) -> None:
    sheet = _open(run)
    mapping = queries.mapping_for(run, sheet.headers)
    matching = mapping.match(sheet.headers, run.columns)
    planner = Planner(mapping)
    moment = now or timezone.now()
    seen = dict(
        ImportRow.objects.filter(run=run).exclude(number="").order_by("-row").values_list("number", "row")
    )
    rows = (row for row in sheet.rows if row.number > run.last_row)
    pending: list[Planned] = []
    weight = 0
    for converted in convert(rows, mapping.loose, matching, now=moment, epoch_1904=sheet.date1904):
        planned = planner.plan(converted)
        pending.append(planned)
        weight += max(1, len(planned.acts))
        if weight >= batch:
            _commit(run, planner, pending, seen, moment, prepare)
            pending, weight = [], 0
            if progress:
                progress(run.rows, run.total)
    _commit(run, planner, pending, seen, moment, prepare)
    _finish(run, sheet, moment)
    if progress:
        progress(run.rows, run.total)


def _commit(
    run: ImportRun,
    planner: Planner,
    rows: Sequence[Planned],
    seen: dict[str, int],
    now: datetime,
    prepare: Sequence[Prepare],
) -> None:
    """一批：件、办理记录、逐行结果、导到哪里，同一个事务。"""
    if not rows:
        return

    def ready(work: Work, entries: Sequence[Entry]) -> None:
        for function in prepare:
            function(work, entries)

    with transaction.atomic():
        _lock(run)
        with transaction.atomic():
            with not_collecting():
                found = work_through(run, planner, rows, seen, now=now, prepare=ready)
            if run.dry_run:
                transaction.set_rollback(True)
        ImportRow.objects.bulk_create(found)
        _count(run, found)
        run.last_row = rows[-1].row
        run.status = ImportRun.Status.RUNNING
        run.save()


def _lock(run: ImportRun) -> None:
    """同一次导入只许一处在导。"""
    row = ImportRun.objects.select_for_update().values_list("last_row", "status").get(pk=run.pk)
    if row[0] != run.last_row or row[1] == ImportRun.Status.DONE:
        raise SheetError("另有一处正在导这个文件，请等它导完再看结果。")


def _count(run: ImportRun, rows: Sequence[ImportRow]) -> None:
    outcomes = [row.outcome for row in rows]
    run.opened += outcomes.count(ImportRow.Outcome.OPENED)
    run.repeated += outcomes.count(ImportRow.Outcome.REPEATED)
    run.refused += outcomes.count(ImportRow.Outcome.REFUSED)
    run.skipped += outcomes.count(ImportRow.Outcome.SKIPPED)


def _finish(run: ImportRun, sheet: Sheet, now: datetime) -> None:
    """记下读表时跳过的行（合计、表下说明），导完。"""
    with transaction.atomic():
        _lock(run)
        skipped = [
            ImportRow(run=run, row=number, outcome=ImportRow.Outcome.SKIPPED, note=reason[:400])
            for number, reason in sheet.skipped
        ]
        ImportRow.objects.bulk_create(skipped)
        _count(run, skipped)
        run.notes = list(dict.fromkeys([*run.notes, *sheet.warnings]))[:100]
        run.status, run.finished_at, run.why = ImportRun.Status.DONE, now, ""
        run.save()


def _open(run: ImportRun) -> Sheet:
    content = copies.read(run)
    wanted = queries.wanted(queries.mappings_for(run.matter))
    sheet = read_sheet(content, max_rows=MAX_ROWS, wanted=wanted, name=run.file_name)
    if sheet.headers != run.sheet["headers"]:
        raise SheetError("业务模板认的列名改过了，与开始导入时不同。请重新上传这个文件，已导入的不会重复。")
    return sheet


def content_of_file(source: Any, name: str = "") -> tuple[bytes, str]:
    """路径、字节或上传的文件 → （内容、文件名）。读不了、太大 → SheetError。"""
    if isinstance(source, bytes):
        return source, name or "导入.xlsx"
    if isinstance(source, str | PathLike):
        path = Path(source)
        try:
            if path.stat().st_size > MAX_FILE:
                raise SheetError(f"文件超过 {MAX_FILE >> 20} MB。请按时间分成几个文件后分别导入。")
            return path.read_bytes(), name or path.name
        except OSError:
            raise SheetError(f"找不到或打不开文件“{path.name}”。请重新选择文件。") from None
    content = source.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise SheetError(f"文件超过 {MAX_FILE >> 20} MB。请按时间分成几个文件后分别导入。")
    return content, name or Path(str(getattr(source, "name", "") or "导入.xlsx")).name


def _may_import(mapping: SheetMapping, officer: Officer | None, now: datetime) -> None:
    """能逐件登记的人才能导入；只有导入才能登记的，由系统管理员导。"""
    if officer is None:
        return
    require_active(officer)
    definition = mapping.definition
    by = [who for who in definition.matter.actions[mapping.steps[0].decl.action].by if who != "import"]
    env = Work(now).env(definition)
    posts = [who for who in by if who.startswith("post.")]
    if not posts:
        require_administrator(officer, now)
    elif not any(env.may(who, officer_actor(officer), None) for who in posts):
        names = "、".join(env.describe_who(who) for who in posts)
        raise NotAllowed(f"“{definition.matter.title}”要由{names}导入")


def _unused(headers: Sequence[str]) -> list[str]:
    return [f"没有用到的列：{'、'.join(headers)}。"] if headers else []
