"""导入对方的导出表：回填对方编号、开件和认件、随对方的状态办理。件只经唯一的门变。"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework.actions import Entry
from jiezhi.base.casework.outcome import Outcome, Refused, Result
from jiezhi.connect.excel import actions as excel
from jiezhi.connect.excel.changes import values_of
from jiezhi.connect.excel.engine import Prepare
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.models import SheetChange
from jiezhi.connect.excel.queries import ImportReport, mappings_for
from jiezhi.connect.systems import queries
from jiezhi.connect.systems.comparing import chunks
from jiezhi.connect.systems.matching import Finder
from jiezhi.connect.systems.queries import Register, definition_of
from jiezhi.connect.systems.reading import read_list
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.procedure.externalcheck import layouts_of

Status = SheetChange.Status


@dataclass
class Imported:
    """一次导入的结果。

    `reports` 是各业务模板开件、认件的结果（没有来表的没有）；`entered` 是回填了对方编号的件；`led` 是见对方状态变了随之
    办成的；`left` 是没有办成的：编号、缘由。
    """

    reports: dict[str, ImportReport] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    led: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def import_sheet(
    system: str,
    source: Any,
    *,
    acting_officer: Officer | None,
    name: str = "",
    layout: str | None = None,
    column_map: Mapping[str, str] | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
    prepare: Sequence[Prepare] = (),
) -> Imported:
    """导入对方的导出表：先凭我方编号回填对方编号，再照来表开件、认件、记下对方改了的，最后随对方的状态办理。

    同一份表导多少遍都一样；断了再导一遍即可。`dry_run` 只试，什么也不留下。
    清单对不上 → SheetError；不能用 → ValidationError；无权 → NotAllowed。
    """
    moment = now or timezone.now()
    require_active(acting_officer)
    register = queries.usable(system)
    queries.require_manager(register, acting_officer, moment)
    content, name = excel.content_of_file(source, name)
    more = {"layout": layout, "progress": progress, "prepare": prepare}
    if not dry_run:
        return _import(register, content, name, column_map, acting_officer, moment, more)
    with transaction.atomic():  # 照样办一遍，再全部退掉：说的和真导一样
        found = _import(register, content, name, column_map, acting_officer, moment, more)
        transaction.set_rollback(True)
    return found


def _import(
    register: Register,
    content: bytes,
    name: str,
    column_map: Mapping[str, str] | None,
    officer: Officer | None,
    now: datetime,
    more: Mapping[str, Any],
) -> Imported:
    found = Imported()
    entering = _enter(register, content, name, column_map, officer, now, found)
    importable = [
        matter
        for matter in register.decl.matters
        if layouts_of(definition_of(matter).matter, register.decl.title)
    ]
    for matter in importable:
        try:
            run = excel.start_import(
                matter,
                content,
                layout=more["layout"],
                column_map=_known_to(matter, column_map),
                acting_officer=officer,
                now=now,
                name=name,
            )
        except SheetError as error:
            if not entering:
                raise
            found.notes.append(f"只回填对方编号，没有登记新件：{error}")
            continue
        found.reports[matter] = excel.run_import(
            run, progress=more["progress"], now=now, prepare=more["prepare"]
        )
        _lead(register, matter, officer, now, found)
    if not importable and not entering:
        raise SheetError(f"“{register.decl.title}”的表只用来对账，没有要导入的。请用对账。")
    return found


def _known_to(matter: str, column_map: Mapping[str, str] | None) -> dict[str, str] | None:
    """来表认得的那几列；只在对账里用的列不给它。"""
    known = {column for one in mappings_for(matter).values() for column in one.strict.columns}
    return {ours: header for ours, header in (column_map or {}).items() if ours in known} or None


def _enter(
    register: Register,
    content: bytes,
    name: str,
    column_map: Mapping[str, str] | None,
    officer: Officer | None,
    now: datetime,
    found: Imported,
) -> bool:
    """对方清单上写着我方编号（或文号）而这边没有登记对方编号的：回填。没有要回填的业务模板返回假。"""
    finders = []
    for matter in register.decl.matters:
        finder = Finder(register, matter)
        enter = finder.definition.matter.elsewhere.get(finder.key or "")
        if finder.listed.also and enter is not None:
            finders.append((finder, enter.enter))
    if not finders:
        return False
    theirs = read_list(register, content, file_name=name, column_map=column_map, now=now)
    unclear = {number for _, number, _ in theirs.doubtful}
    digest = sm3_hex(content)
    for finder, action in finders:
        for some in chunks([row for number, row in sorted(theirs.rows.items()) if number not in unclear]):
            known = finder.by_number([row.number for row in some])
            matched = finder.by_other([row for row in some if row.number not in known])
            entries: list[tuple[str, Entry]] = []
            for row in some:
                for case in matched.get(row.number, [])[:1]:
                    recorded = case.fields.get(finder.key or "")
                    if recorded:
                        said = f"{case.number} 登记的是 {recorded}，清单上是 {row.number}，没有改"
                        found.left.append((row.number, said))
                        continue
                    origin = {
                        "number": row.number,
                        "system": register.decl.title,
                        "file": digest,
                        "row": str(row.row),
                    }
                    key = f"enter:{sm3_hex(encode([register.decl.title, row.number, str(case.uid)]))}"
                    entry = Entry(
                        action,
                        case=str(case.uid),
                        inputs={finder.key or "": row.number},
                        key=key,
                        origin=origin,
                    )
                    entries.append((case.number, entry))
            actor = casework.import_actor(officer)
            results = casework.act_many([entry for _, entry in entries], actor=actor, now=now)
            for (ours, _), result in zip(entries, results, strict=True):
                if isinstance(result, Refused):
                    found.left.append((ours, str(result)))
                elif not getattr(result, "repeated", False):
                    found.entered.append(ours)
    return True


def _lead(register: Register, matter: str, officer: Officer | None, now: datetime, found: Imported) -> None:
    """跟着改了的状态，登记里写了随之办理的就办（每次变动只办一次）；办不成的说明缘由，留给对账。"""
    leads = {word: one.leads for word, one in register.decl.matters[matter].states.items() if one.leads}
    columns = {one.column for one in register.decl.matters[matter].compare if one.ours == "state"}
    if not leads or not columns:
        return
    rows = SheetChange.objects.filter(
        system=register.decl.title, matter=matter, status=Status.FOLLOWED, led=False, column__in=columns
    )
    for row in rows.order_by("pk"):
        word = str(values_of(row)[1] or "")
        action = leads.get(word)
        said = ""
        if action is not None:
            with transaction.atomic():
                result = casework.act(
                    str(row.case),
                    action,
                    actor=casework.import_actor(officer),
                    reason=f"{register.decl.title}的状态变为“{word}”",
                    key=f"lead:{row.pk}",
                    now=now,
                )
                said = _led(register, matter, row, action, result, found)
        SheetChange.objects.filter(pk=row.pk).update(led=True, said=said[:400])


def _led(
    register: Register, matter: str, row: SheetChange, action: str, result: Result, found: Imported
) -> str:
    title = definition_of(matter).matter.actions[action].title
    if isinstance(result, Outcome):
        found.led.append(row.number)
        return f"随之办了“{title}”"
    said = f"对方已是“{values_of(row)[1]}”，这里没有跟着办：{result}"
    found.left.append((row.number, said))
    return said
