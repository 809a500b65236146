"""时限台账：每个时限何时起算、扣除、延长、到期、停止，为什么。"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jiezhi.base.casework.models import Case, Clock, ClockEntry
from jiezhi.core.calendar import DayTable
from jiezhi.core.procedure.clockwork import DATE, EVERY
from jiezhi.core.procedure.definition import Definition
from jiezhi.web.office import words

KINDS = {
    "start": "起算",
    "pause": "扣除开始",
    "resume": "扣除结束",
    "extend": "延长",
    "end": "停止",
    "void": "作废",
    "due": "重算",
}
STATUS = {"running": "计时中", "paused": "扣除中", "ended": "已停止"}


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """一行流水。"""

    kind: str
    when: str
    detail: str


@dataclass(frozen=True, slots=True)
class LedgerClock:
    """一个时限。"""

    title: str
    limit: str
    status: str
    mark: str
    word: str
    left: str
    due: str
    basis: str
    protects: bool
    theirs: bool
    provisional: bool
    live: bool
    lines: Sequence[LedgerLine]


def clocks_of(case: Case) -> list[Clock]:
    """件上的时限和流水，在计时的在前。两条查询。"""
    rows = list(Clock.objects.filter(case=case).prefetch_related("entries").order_by("pk"))
    return sorted(rows, key=lambda row: (row.status == "ended", -row.pk))


def ledger(
    clocks: Iterable[Clock], definition: Definition, now: datetime, table: DayTable
) -> list[LedgerClock]:
    """时限台账，给人看的。"""
    return [_clock(row, definition, now, table) for row in clocks]


def _clock(row: Clock, definition: Definition, now: datetime, table: DayTable) -> LedgerClock:
    decl = definition.matter.clocks.get(row.name)
    title = decl.title if decl else _automatic(row.name, definition)
    if row.round > 1:
        title += f"（第 {row.round} 次）"
    citation = definition.citation(decl.basis) if decl else None
    quotable = citation and citation.status in ("已核对", "推导", "内部规定")
    moment = row.ended_at or now
    overdue = moment >= row.due_at
    theirs = bool(decl and decl.whose)
    word = ""
    if theirs:
        pass  # 当事人自己的期限，不亮灯
    elif row.status == "running":
        word = "超期" if overdue else "临期" if row.warn_at and now >= row.warn_at else "正常"
    elif row.status == "ended" and overdue:
        word = "超期"
    if row.void:
        word, left = "", "重新起算，这一轮不算"
    elif theirs:
        left = "已过" if overdue else "没有过"
    elif row.status == "running":
        left = words.remaining(row.due_at, now, table, words.measured_in(row.limit))
    elif row.status == "ended":
        left = "停止时已超期" if overdue else "按时"
    else:
        left = ""
    return LedgerClock(
        title=title,
        limit=row.limit,
        status="已过" if theirs and overdue else STATUS.get(row.status, row.status),
        mark=words.LIGHT_MARKS[word],
        word=word,
        left=left,
        due=words.due_words(row.due_at, now),
        basis=citation.label if citation and quotable else "",
        protects=bool(decl and decl.protects),
        theirs=theirs,
        provisional=row.provisional,
        live=row.status != "ended",
        lines=[_line(entry, now) for entry in sorted(row.entries.all(), key=lambda one: one.pk)],
    )


def _automatic(name: str, definition: Definition) -> str:
    action = definition.action(name.removeprefix(EVERY).removeprefix(DATE))
    return action.title if action else "到时自动办理"


def _line(entry: ClockEntry, now: datetime) -> LedgerLine:
    parts = [entry.amount, entry.reason]
    if entry.due_at is not None:
        parts.append(f"{words.due_words(entry.due_at, now)}到期")
    return LedgerLine(
        KINDS.get(entry.kind, entry.kind), words.clock_time(entry.at, now), "，".join(filter(None, parts))
    )
