"""读：导入的结果、问题、留存的原件。"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.connect.excel.mapping import SheetMapping, choose, mappings_of
from jiezhi.connect.excel.models import ImportRow, ImportRun, SheetChange

SHOWN = 50
_VALUE = re.compile(r"“[^”]*”|\d+(?:[-:.]\d+)*")


@dataclass(frozen=True, slots=True)
class Problem:
    """有问题的一行。"""

    row: int
    number: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """一次导入的结果。`kinds` 是各种问题的条数（多的在前）,`problems` 是前 50 个有问题的行。

    `changed` 是这次看到对方改了、等着处理的列数，`followed` 是已经跟着改了的列数。
    """

    run: int
    status: str
    dry_run: bool
    total: int
    rows: int
    opened: int
    repeated: int
    refused: int
    skipped: int
    kinds: tuple[tuple[str, int], ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    changed: int = 0
    followed: int = 0

    def __str__(self) -> str:
        head = "试导" if self.dry_run else "导入"
        more = f"；对方改了 {self.changed} 处等着处理" if self.changed else ""
        more += f"；跟着对方改了 {self.followed} 处" if self.followed else ""
        return (
            f"{head} {self.rows} 行：新开 {self.opened}，已有 {self.repeated}，"
            f"没有导入 {self.refused}，跳过 {self.skipped}（{self.status}）{more}"
        )


def report(run: ImportRun) -> ImportReport:
    """总数、各种问题的条数、前 50 个有问题的行、对方改了几处。三条查询。"""
    refused = ImportRow.objects.filter(run=run, outcome=ImportRow.Outcome.REFUSED)
    kinds: Counter[str] = Counter()
    for (problems,) in refused.values_list("problems").iterator(chunk_size=2000):
        kinds.update({_VALUE.sub("…", text) for text in problems})
    noted = Counter(SheetChange.objects.filter(run=run).values_list("status", flat=True))
    shown = refused.order_by("row").values_list("row", "number", "problems")[:SHOWN]
    return ImportReport(
        run=run.pk,
        status=run.status,
        dry_run=run.dry_run,
        total=run.total,
        rows=run.rows,
        opened=run.opened,
        repeated=run.repeated,
        refused=run.refused,
        skipped=run.skipped,
        kinds=tuple(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
        problems=tuple(Problem(row, number, tuple(said)) for row, number, said in shown),
        notes=tuple(run.notes),
        changed=noted[SheetChange.Status.WAITING],
        followed=noted[SheetChange.Status.FOLLOWED],
    )


def runs(officer: Officer | None = None) -> QuerySet[ImportRun]:
    """导入的批次，新的在前；`officer` 给了只列他的。"""
    found = ImportRun.objects.select_related("officer").order_by("-started_at", "-pk")
    return found if officer is None else found.filter(officer=officer)


def unfinished() -> QuerySet[ImportRun]:
    """没有导完的（停过电、出过错）：可以接着导。"""
    return ImportRun.objects.filter(status__in=[ImportRun.Status.RUNNING, ImportRun.Status.BROKEN]).order_by(
        "pk"
    )


def layouts(matter: str) -> dict[str, str]:
    """这个业务模板认得的来表：代号 → 名称。没有声明时抛 SheetError。"""
    return {name: item.layout.title for name, item in mappings_for(matter).items()}


def mappings_for(matter: str) -> dict[str, SheetMapping]:
    """现行版本声明的来表。没有这个业务模板抛 UnknownMatter，没有声明来表抛 SheetError。"""
    return mappings_of(matters.definition_of(matters.current_version(matter)))


def wanted(mappings: dict[str, SheetMapping]) -> set[str]:
    """认表头用的全部列名。"""
    return set().union(*(item.strict.wanted() for item in mappings.values()))


def mapping_for(run: ImportRun, headers: Sequence[str]) -> SheetMapping:
    """这次导入用的对应。"""
    return choose(mappings_for(run.matter), headers, run.layout, run.columns)[0]


def refused_rows(run: ImportRun) -> Iterator[tuple[int, list[str]]]:
    """没有导入的行：行号、问题，按行号。"""
    found = ImportRow.objects.filter(run=run, outcome=ImportRow.Outcome.REFUSED).order_by("row")
    yield from found.values_list("row", "problems").iterator(chunk_size=2000)
