"""把件按来表的样子写出去，右边加上编号、环节、责任单位、答复、办结时间。"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.actions import MIN_REASON
from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import note_reads, write_record
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.casework.queries import masked_value, seen
from jiezhi.connect.excel import queries
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.layouts import Layout, export
from jiezhi.connect.excel.mapping import SheetMapping, choose
from jiezhi.connect.excel.models import ImportRun
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED

APPENDED = ("编号", "环节", "责任单位", "答复", "办结时间")
_CHUNK = 500


def export_cases(
    cases: QuerySet[Case],
    shape: ImportRun | Layout | str,
    out: str | PathLike[str] | BinaryIO,
    *,
    acting_officer: Officer,
    matter: str = "",
    reason: str = "",
    now: datetime | None = None,
) -> int:
    """把 `cases` 里这个人看得见的件写成表，返回行数。

    `shape` 是一次导入（照它来时的样子）、一张表的样子，或来表的代号；后两种要给 `matter`。
    个人信息打码；写明 `reason`（调取理由，至少 4 个字）才写出全文：先记入管理记录，每一件、每一项再各落一条
    敏感信息查看记录（成批，先提交后写出）。
    写全文时不能在别的事务里调用（RuntimeError）：外层回滚会抹掉已导出的事实。
    表里我们没有对应的列留空。写不下抛 SheetError。
    """
    require_active(acting_officer)
    moment = now or timezone.now()
    matter = shape.matter if isinstance(shape, ImportRun) else matter
    if not matter:
        raise SheetError("请指明导出哪个业务模板的件。")
    layout, mapping, columns = _shape(shape, matter)
    found = cases.filter(seen(acting_officer, moment, "pk"), matter=matter)
    extra = [title for title in APPENDED if title not in layout.headers]
    reason = reason.strip()
    if reason and len(reason) < MIN_REASON:
        raise SheetError(
            f"导出个人信息全文要写明调取理由，至少 {MIN_REASON} 个字；不写理由的，个人信息打码。"
        )
    reader = _Reader(acting_officer, reason, moment) if reason else None
    writer = _Lines(mapping, columns, layout.headers, extra, reader=reader)
    if reason:
        # 先记后写：记不成就不给，写到一半断了也查得到。
        with transaction.atomic(durable=True):
            write_record(
                "export.cases",
                "导出含个人信息的表",
                Case,
                acting_officer=acting_officer,
                now=moment,
                new={"matter": matter, "rows": found.count()},
                note=reason,
            )
    return export(layout, writer.lines(found), out, extra=extra)


def _shape(shape: ImportRun | Layout | str, matter: str) -> tuple[Layout, SheetMapping, dict[str, str]]:
    """表的样子、对应、我们的列 → 表里的列名。"""
    mappings = queries.mappings_for(matter)
    if isinstance(shape, ImportRun):
        layout = Layout.model_validate(shape.sheet)
        return layout, choose(mappings, layout.headers, shape.layout, shape.columns)[0], dict(shape.columns)
    if isinstance(shape, str):
        if shape not in mappings:
            known = "、".join(f"{key}（{item.layout.title}）" for key, item in mappings.items())
            raise SheetError(f"没有“{shape}”这种来表。可选：{known}。")
        mapping = mappings[shape]
        names = list(mapping.strict.columns)
        return Layout(headers=names), mapping, {name: name for name in names}
    mapping, matching = choose(mappings, shape.headers, None, None)
    return shape, mapping, {ours: shape.headers[at] for ours, at in matching.found.items()}


@dataclass(frozen=True, slots=True)
class _Reader:
    """写出全文的：谁、因何、什么时候。"""

    officer: Officer
    reason: str
    now: datetime

    def note(self, seen: Sequence[tuple[Case, Mapping[str, str]]]) -> None:
        """这一批要写出哪几项：先提交。"""
        with transaction.atomic(durable=True):
            note_reads(
                [(case, fields, case.number) for case, fields in seen],
                reason=f"导出表格：{self.reason}",
                acting_officer=self.officer,
                now=self.now,
            )


class _Lines:
    """件 → 一行格子。"""

    def __init__(
        self,
        mapping: SheetMapping,
        columns: Mapping[str, str],
        headers: Sequence[str],
        extra: Sequence[str],
        *,
        reader: _Reader | None,
    ) -> None:
        self.mapping = mapping
        self.headers = headers
        self.extra = extra
        self.reader = reader
        self.ours = {header: ours for ours, header in columns.items()}
        matter = mapping.definition.matter
        # 列 ← 字段，或哪几个动作的发生时间：补登的“答复时间”和在这里答复的时间是一回事。
        self.sources: dict[str, tuple[str, str]] = {}
        self.moments: dict[str, frozenset[str]] = {}
        for step in mapping.steps:
            for cell in step.cells:
                if cell.column:
                    self.sources.setdefault(cell.column, (cell.field, cell.part))
            if step.decl.at and step.decl.at not in self.sources:
                same = {name for name, action in matter.actions.items() if step.means & set(action.means)}
                self.moments.setdefault(step.decl.at, frozenset(same | {step.decl.action}))
        self.reply = _reply_field(mapping.definition)

    def lines(self, cases: QuerySet[Case]) -> Iterator[list[Any]]:
        """逐行；分批取，内存与件数无关。"""
        # 先取好主键：写查看记录要提交，不能夹在一条没有读完的查询里。
        keys = list(cases.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(keys), _CHUNK):
            rows = Case.objects.filter(pk__in=keys[start : start + _CHUNK])
            rows = rows.select_related("version", "unit").defer("version__content")
            yield from self._some(list(rows.order_by("pk")))

    def _some(self, cases: Sequence[Case]) -> Iterator[list[Any]]:
        wanted = frozenset().union(*self.moments.values())
        times: dict[tuple[int, str], datetime] = {}
        if cases and wanted:
            events = Event.objects.filter(case__in=[case.pk for case in cases], action__in=wanted).order_by(
                "seq"
            )
            for pk, action, at in events.values_list("case_id", "action", "at"):
                for column, actions in self.moments.items():
                    if action in actions:
                        times[(pk, column)] = at
        opened = [_opened(case) for case in cases]
        if self.reader is not None:
            pairs = zip(cases, opened, strict=True)
            self.reader.note([(case, self._secret(case, fields)) for case, fields in pairs])
        for case, fields in zip(cases, opened, strict=True):
            yield self._line(case, fields, times)

    def _secret(self, case: Case, fields: Mapping[str, Any]) -> dict[str, str]:
        """这一行要写出的敏感项：代码 → 名称。"""
        declared = matters.definition_of(case.version).matter.fields
        columns = [self.ours.get(header, "") for header in self.headers]
        names = {self.sources[column][0] for column in columns if column in self.sources}
        if "答复" in self.extra:
            names.add(self.reply)
        return {
            name: declared[name].title
            for name in sorted(names)
            if name in declared and declared[name].secret and fields.get(name) not in (None, ERASED)
        }

    def _line(
        self, case: Case, fields: Mapping[str, Any], times: Mapping[tuple[int, str], datetime]
    ) -> list[Any]:
        definition = matters.definition_of(case.version)
        cells = [
            self._cell(case, definition, fields, times, self.ours.get(header, "")) for header in self.headers
        ]
        state = definition.matter.states.get(case.state)
        more = {
            "编号": case.number,
            "环节": state.title if state else case.state,
            "责任单位": case.unit.name if case.unit else "",
            "答复": self._text(definition, fields, self.reply, ""),
            "办结时间": case.closed_at,
        }
        return [*cells, *(more[title] for title in self.extra)]

    def _cell(
        self,
        case: Case,
        definition: Definition,
        fields: Mapping[str, Any],
        times: Mapping[tuple[int, str], datetime],
        column: str,
    ) -> Any:
        if column == self.mapping.number:
            return fields.get(self.mapping.number_field) if self.mapping.number_field else case.number
        if column in self.sources:
            name, part = self.sources[column]
            return self._text(definition, fields, name, part)
        return times.get((case.pk, column))

    def _text(self, definition: Definition, fields: Mapping[str, Any], name: str, part: str) -> Any:
        decl, value = definition.matter.fields.get(name), fields.get(name)
        if decl is None or value is None:
            return None
        if value == ERASED:
            return ERASED
        if decl.secret and self.reader is None:
            value = masked_value(decl, value)
            if isinstance(value, str):
                return None if part else value
        if part:
            return value.get(part) if isinstance(value, dict) else None
        return _shown(decl, value)


def _opened(case: Case) -> dict[str, Any]:
    sealed = json.loads(secrets.decrypt(bytes(case.sealed))) if case.sealed else {}
    return {**case.fields, **sealed}


def _shown(decl: FieldDecl, value: Any) -> Any:
    if decl.type is FieldType.DATETIME:
        return datetime.fromisoformat(value)
    if decl.type is FieldType.DATE:
        return datetime.fromisoformat(value).date()
    if decl.type is FieldType.MONEY:
        return value / 100
    if decl.type is FieldType.CHOICE:
        return decl.choices.get(value, value)
    if isinstance(value, dict):
        return value.get("address") or value.get("name") or "、".join(str(item) for item in value.values())
    if isinstance(value, list):
        return "、".join(str(item) for item in value)
    return value


def _reply_field(definition: Definition) -> str:
    """答复写在哪个字段：办“答复”时必填的文字。"""
    fields = definition.matter.fields
    for action in definition.matter.actions.values():
        if "answer" in action.means:
            for name in action.required():
                if fields[name].type is FieldType.TEXT:
                    return name
    return ""
