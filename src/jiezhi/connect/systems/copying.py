"""抄录单：把我们的件按对方的录入次序印出来（Word 一件一页，Excel 一批一表），抄完登记。"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.actions import MIN_REASON
from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import note_reads, write_record
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import matters
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Result, refuse
from jiezhi.base.casework.queries import masked_value, visible
from jiezhi.base.documents.layouts import Paper, compose
from jiezhi.base.documents.layouts.style import style
from jiezhi.base.documents.values import Names, office
from jiezhi.connect.excel.actions import content_of_file
from jiezhi.connect.excel.layouts import Layout, export
from jiezhi.connect.excel.reader import read_sheet
from jiezhi.connect.excel.values import as_number_text
from jiezhi.connect.systems import queries
from jiezhi.connect.systems.comparing import times_of
from jiezhi.connect.systems.queries import Register
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.external import CopyDecl, Source, source_of
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.papers import fill
from jiezhi.core.procedure.plain import value_words
from jiezhi.core.prose import day_words, moment_words

OURS = "本单位编号"
MAX_PAGES = 200
_TEMPLATE = """\
{% for sheet in sheets %}
{% if sheet.again %}
===
^ **{{ title }}**
{% endif %}
> 本单位编号：{{ sheet.number }}
|----|--------|
{% for line in sheet.lines %}
| {{ line.title }} | {{ line.text }} |
{% endfor %}
| {{ theirs }}（抄录后填） | {{ sheet.theirs }} |
= 抄录人：　　　　　　　　抄录时间：　　　　年　　月　　日
{% endfor %}
"""


@dataclass(frozen=True, slots=True)
class Copied:
    """一件抄录单的内容：各栏的值（次序就是对方录入的次序）、对方编号。"""

    number: str
    theirs: str
    values: tuple[Any, ...]


def copy_sheets(
    system: str,
    matter: str,
    out: str | PathLike[str] | BinaryIO,
    *,
    acting_officer: Officer,
    numbers: Sequence[str] | None = None,
    form: str = "docx",
    reason: str = "",
    now: datetime | None = None,
) -> int:
    """写出抄录单，返回几件。`form` 是 docx（一件一页）或 xlsx（一批一表，列序同对方）。

    `numbers` 是要印的件号，不写是全部等着抄的；只印这个人看得见的。个人信息打码；写明 `reason`（至少 4 个字）才印
    全文：先记入管理记录，每一件、每一项再各落一条敏感信息查看记录。没有抄录单、没有这件、一次太多 → ValidationError；写不下 → SheetError。
    """
    moment = now or timezone.now()
    require_active(acting_officer)
    register = queries.usable(system)
    sheet = queries.sheet_of(register, matter)
    cases = _cases(register, matter, acting_officer, numbers, moment)
    if form == "docx" and len(cases) > MAX_PAGES:
        raise ValidationError(f"一次最多印 {MAX_PAGES} 件，现有 {len(cases)} 件；请分批，或用 Excel 批量表")
    reason = reason.strip()
    if reason and len(reason) < MIN_REASON:
        raise ValidationError(f"印个人信息全文要写明调取理由，至少 {MIN_REASON} 个字；不写理由的打码")
    writer = _Writer(register, matter, sheet, Names(moment), plain=bool(reason))
    if reason:
        # 先记后写：记不成就不给，写到一半断了也查得到。
        with transaction.atomic(durable=True):
            write_record(
                "systems.copy",
                "印含个人信息的抄录单",
                Case,
                acting_officer=acting_officer,
                now=moment,
                new={"系统": register.decl.title, "件": [case.number for case in cases][:500]},
                note=reason,
            )
            read = [(case, writer.secrets(case), case.number) for case in cases]
            note_reads(read, reason=reason, acting_officer=acting_officer, now=moment)
    rows = [writer.copied(case, times) for case, times in writer.batches(cases)]
    if form == "xlsx":
        _workbook(register, sheet, rows, out)
    else:
        _store(_docx(register, sheet, rows, writer, moment), out)
    return len(rows)


def _cases(
    register: Register, matter: str, officer: Officer, numbers: Sequence[str] | None, now: datetime
) -> list[Case]:
    if numbers is None:
        found = queries.to_copy(register, matter, officer, now)
        if not found:
            raise ValidationError("没有等着抄录的件")
        return found
    rows = visible(officer, now).filter(matter=matter, number__in=numbers)
    by_number = {
        case.number: case for case in rows.select_related("version", "unit").defer("version__content")
    }
    absent = [number for number in numbers if number not in by_number]
    if absent:
        raise ValidationError(f"没有这些件，或您无权查看：{'、'.join(absent[:10])}")
    return [by_number[number] for number in dict.fromkeys(numbers)]


class _Writer:
    """件 → 抄录单的各栏。"""

    def __init__(
        self, register: Register, matter: str, sheet: CopyDecl, names: Names, *, plain: bool
    ) -> None:
        self.sources = [source for one in sheet.columns if (source := source_of(one.ours)) is not None]
        self.key = register.key_of(matter)
        self.names = names
        self.plain = plain

    def batches(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Mapping[tuple[int, str], datetime]]]:
        """逐件，连同用到的各含义的时刻；按业务模板的版本成批查。"""
        meanings = {source.name for source in self.sources if source.kind == "means"}
        times: dict[tuple[int, str], datetime] = {}
        for version in {case.version_id: case.version for case in cases}.values():
            some = [case for case in cases if case.version_id == version.pk]
            times |= times_of(matters.definition_of(version), some, meanings)
        for case in cases:
            yield case, times

    def secrets(self, case: Case) -> dict[str, str]:
        """这一件印得出的敏感字段：代号 → 名称。"""
        declared = matters.definition_of(case.version).matter.fields
        fields = case_view(case, ()).fields
        names = {source.name for source in self.sources if source.kind == "field"}
        return {
            name: declared[name].title
            for name in sorted(names & set(declared))
            if declared[name].secret and fields.get(name) not in (None, ERASED)
        }

    def copied(self, case: Case, times: Mapping[tuple[int, str], datetime]) -> Copied:
        """一件的各栏。"""
        definition = matters.definition_of(case.version)
        fields = case_view(case, ()).fields
        values = tuple(self._value(source, case, definition, fields, times) for source in self.sources)
        return Copied(case.number, str(fields.get(self.key or "") or ""), values)

    def _value(
        self,
        source: Source,
        case: Case,
        definition: Definition,
        fields: Mapping[str, Any],
        times: Mapping[tuple[int, str], datetime],
    ) -> Any:
        match source.kind:
            case "number" | "title":
                return getattr(case, source.kind)
            case "state":
                state = definition.matter.states.get(case.state)
                return state.title if state else case.state
            case "unit":
                return case.unit.name if case.unit else ""
            case "opened_at" | "closed_at":
                return getattr(case, source.kind)
            case "means":
                return times.get((case.pk, source.name))
            case "text":
                return source.name
        return self._field(source, definition.matter.fields.get(source.name), fields.get(source.name))

    def _field(self, source: Source, decl: FieldDecl | None, value: Any) -> Any:
        if decl is None or value is None:
            return None
        if value == ERASED:
            return ERASED
        if decl.secret and not self.plain:
            value = masked_value(decl, value)
        if source.part:
            rows = value if isinstance(value, list) else [value]
            parts = [str(one.get(source.part) or "") if isinstance(one, dict) else str(one) for one in rows]
            return "、".join(filter(None, parts))
        if (
            isinstance(value, str)
            and decl.type is FieldType.DATETIME
            and not (decl.secret and not self.plain)
        ):
            return datetime.fromisoformat(value)
        if isinstance(value, int) and decl.type is FieldType.MONEY:
            return value / 100
        return value_words(decl, value, self.names.get)


def _words(value: Any) -> str:
    if isinstance(value, datetime):
        return moment_words(value.astimezone(CHINA))
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value) if value not in (None, "") else "—"


def _docx(
    register: Register, sheet: CopyDecl, rows: Sequence[Copied], writer: _Writer, now: datetime
) -> bytes:
    titles = [one.title for one in sheet.columns]
    sheets = [
        {
            "again": place > 0,
            "number": row.number,
            "theirs": row.theirs,
            "lines": [
                {"title": title, "text": _words(value)}
                for title, value in zip(titles, row.values, strict=True)
            ],
        }
        for place, row in enumerate(rows)
    ]
    text = fill(_TEMPLATE, {"sheets": sheets, "title": sheet.title, "theirs": register.decl.number.title})
    on = day_words(now.astimezone(CHINA).date())
    paper = Paper(
        title=sheet.title,
        layout="sheet",
        office=office()["name"],
        number="",
        date=on,
        signs=(),
        seal=False,
        mark=f"{sheet.title} {on}",
        code=f"{register.decl.title} {register.digest[:8]}",
    )
    return compose(paper, text, style())


def _workbook(
    register: Register, sheet: CopyDecl, rows: Sequence[Copied], out: str | PathLike[str] | BinaryIO
) -> None:
    layout = Layout(headers=[one.title for one in sheet.columns], sheet_name=sheet.title[:31])
    theirs = _their_header(register)
    extra = [title for title in (OURS, theirs) if title not in layout.headers]
    lines = (
        [*row.values, *({OURS: row.number, theirs: row.theirs}[title] for title in extra)] for row in rows
    )
    export(layout, lines, out, extra=extra)


def _their_header(register: Register) -> str:
    return f"对方{register.decl.number.title}"


def _store(data: bytes, out: str | PathLike[str] | BinaryIO) -> None:
    if isinstance(out, str | PathLike):
        Path(out).write_bytes(data)
    else:
        out.write(data)


# ---- 抄完登记 ----


def mark_copied(
    system: str,
    matter: str,
    entries: Mapping[str, str],
    *,
    acting_officer: Officer,
    now: datetime | None = None,
) -> list[tuple[str, Result]]:
    """抄完登记：本单位编号 → 对方给的编号（不用回填编号的写空）。逐件走同一个门，返回各件的结果。"""
    moment = now or timezone.now()
    require_active(acting_officer)
    register = queries.usable(system)
    sheet = queries.sheet_of(register, matter)
    key = register.key_of(matter) if sheet.done == "number" else None
    rows = visible(acting_officer, moment).filter(matter=matter, number__in=list(entries))
    known = dict(rows.values_list("number", "uid"))
    found: list[tuple[str, Result]] = []
    for ours, theirs in entries.items():
        if ours not in known:
            found.append((ours, refuse("登记抄录", "no_case", f"没有 {ours} 这件，或您无权查看", "核对编号")))
        elif key and not theirs:
            found.append((ours, refuse("登记抄录", "number", "还没有填对方给的编号", "填写后再登记")))
        else:
            inputs = {key: theirs} if key else {}
            uid = str(known[ours])
            found.append(
                (
                    ours,
                    casework.act(uid, sheet.mark, acting_officer=acting_officer, inputs=inputs, now=moment),
                )
            )
    return found


def read_marks(system: str, source: Any, name: str = "") -> dict[str, str]:
    """读填好对方编号的批量表：本单位编号 → 对方编号；没有填的行不算。缺列 → SheetError。"""
    register = queries.usable(system)
    content, name = content_of_file(source, name)
    theirs = _their_header(register)
    sheet = read_sheet(content, wanted={OURS, theirs}, name=name)
    lacking = [title for title in (OURS, theirs) if title not in sheet.headers]
    if lacking:
        raise ValidationError(f"表里没有这些列：{'、'.join(lacking)}。请用抄录单的批量表，填好对方编号再传。")
    first, second = sheet.headers.index(OURS), sheet.headers.index(theirs)
    found: dict[str, str] = {}
    for row in sheet.rows:
        ours, given = as_number_text(row.cells[first]), as_number_text(row.cells[second])
        if ours and given:
            found[ours] = given
    return found
