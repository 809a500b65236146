"""再导入时与已有的件对照：对方改了哪几列，哪些跟着走、哪些等人处理。

底子是对方以前给过的：登记时的，人处理过（已更正、不采用）的以那时的“现在”为准；件上已是这个值的也不算改了。
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jiezhi.base.accounts import secrets
from jiezhi.base.casework.models import Case
from jiezhi.connect.excel.mapping import Cell
from jiezhi.connect.excel.models import ImportRun, SheetChange
from jiezhi.connect.excel.planning import Act, Difference, Planned, differing, part_of

Status = SheetChange.Status
FOLLOWED = Status.FOLLOWED
SETTLED = (Status.CORRECTED, Status.DISMISSED)
Place = tuple[str, str]  # 字段、它的哪一部分


@dataclass(slots=True)
class Ledger:
    """一件上对方改过的列：处理过的底子，还等着处理的。"""

    settled: dict[Place, Any] = field(default_factory=dict)
    waiting: dict[Place, SheetChange] = field(default_factory=dict)


def ledgers(cases: Iterable[Case]) -> dict[str, Ledger]:
    """件的全局标识 → 它的账。"""
    found: dict[str, Ledger] = defaultdict(Ledger)
    rows = SheetChange.objects.filter(
        case__in=[case.uid for case in cases], status__in=[*SETTLED, Status.WAITING]
    )
    for row in rows.order_by("pk"):
        place = (row.field, row.part)
        if row.status == Status.WAITING:
            found[str(row.case)].waiting[place] = row
        else:
            found[str(row.case)].settled[place] = values_of(row)[1]
    return found


def values_of(row: SheetChange) -> tuple[Any, Any]:
    """原来、现在；已依法清除的都为 None。"""
    sealed = bytes(row.sealed)
    if not sealed:
        return None, None
    before, now = json.loads(secrets.decrypt(sealed))
    return before, now


def changed(
    act: Act, opened: Mapping[str, Any], now: Mapping[str, Any], gone: set[str], ledger: Ledger
) -> list[Difference]:
    """一步的各列里，对方改了的。`opened` 是那一步办的时候填的，`now` 是件上现在的。"""
    found: list[Difference] = []
    for one in differing(act.step, act.values, now, gone):
        place = (one.cell.field, one.cell.part)
        base = ledger.settled[place] if place in ledger.settled else part_of(one.cell, opened)
        if one.now != base:
            found.append(Difference(one.cell, base, one.now))
    return found


def note(
    run: ImportRun, planned: Planned, case: Case, found: Sequence[Difference], ledger: Ledger, now: datetime
) -> list[SheetChange]:
    """要新记下的；同样的改动等着处理的不再记，改了又改的旧的作“又改了”，改回去的作“已改回”（当场写库）。"""
    made: list[SheetChange] = []
    seen: set[Place] = set()
    for one in found:
        place = (one.cell.field, one.cell.part)
        seen.add(place)
        old = ledger.waiting.get(place)
        if old is not None and values_of(old)[1] == one.now:
            continue
        if old is not None:
            _end(old, Status.REPLACED, now)
        made.append(fresh(run, planned, case, one, now))
    for place, old in ledger.waiting.items():
        if place not in seen:
            _end(old, Status.GONE, now)
    return made


def _end(row: SheetChange, status: SheetChange.Status, now: datetime) -> None:
    SheetChange.objects.filter(pk=row.pk).update(status=status, settled_at=now)


def fresh(
    run: ImportRun, planned: Planned, case: Case, one: Difference, now: datetime, **more: Any
) -> SheetChange:
    """一行“对方改了”（还没有写库）。"""
    return SheetChange(
        run=run,
        row=planned.row,
        case=case.uid,
        matter=case.matter,
        system=run.system,
        number=planned.number,
        column=one.cell.column[:60],
        field=one.cell.field,
        part=one.cell.part,
        sealed=secrets.encrypt(json.dumps([one.before, one.now], ensure_ascii=False)),
        found_at=now,
        **more,
    )


def places(cells: Iterable[Cell]) -> set[Place]:
    """填到哪里。"""
    return {(cell.field, cell.part) for cell in cells}


def erase(case: int, fields: Mapping[int, set[str]], now: datetime) -> set[str]:
    """依法清除：这些字段（序号 → 那时的叫法）抄在这里的原来、现在一并清掉。"""
    names = set().union(*fields.values()) if fields else set()
    uid = Case.objects.filter(pk=case).values("uid")
    SheetChange.objects.filter(case__in=uid, field__in=names).update(sealed=b"")
    return set()
