"""读对方的清单：认出列，逐行取出编号、日期和要比的各项。问题逐行记下，不因一行停下。"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError

from jiezhi.connect.excel.columns import Column, ColumnMap, Matching, convert, match
from jiezhi.connect.excel.errors import COLON, SheetError
from jiezhi.connect.excel.mapping import column_kind, with_overrides
from jiezhi.connect.excel.reader import Sheet, read_sheet
from jiezhi.connect.systems.queries import Register, definition_of
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.external import ExternalDecl, ListedMatter, ListSheet, Source, source_of
from jiezhi.core.procedure.externalcheck import known_columns
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.matter import MatterDecl

MAX_ROWS = 200_000
# 用文字比的类型：对方写的是名称，读的时候不变成代号。
_BY_NAME = frozenset(
    {FieldType.CHOICE, FieldType.CODE, FieldType.UNIT, FieldType.AREA, FieldType.OFFICER, FieldType.POWER}
)


@dataclass(slots=True)
class Theirs:
    """对方清单的一行。`values` 是列 → 取出的值；`wrong` 是列 → 取不出的缘由；`day` 是看它算哪一期的日子。"""

    row: int
    number: str
    values: dict[str, Any]
    wrong: dict[str, str]
    day: date | None = None


@dataclass
class TheirList:
    """读好的清单。`rows` 按编号；`doubtful` 是看不懂的行：行号、编号、缘由；`columns` 是表里有的列。"""

    name: str
    sheet: ListSheet
    columns: set[str]
    rows: dict[str, Theirs] = field(default_factory=dict)
    doubtful: list[tuple[int, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_list(
    register: Register,
    content: bytes,
    *,
    file_name: str,
    sheet: str = "",
    column_map: Mapping[str, str] | None = None,
    now: datetime,
) -> TheirList:
    """读一份清单。`sheet` 不写就挑最对得上的；`column_map` 是登记里的列 → 表里的列名。

    对不上、读不了 → SheetError；没有这种清单 → ValidationError。
    """
    decl = register.decl
    if sheet and sheet not in decl.sheets:
        known = "、".join(f"{name}（{one.title}）" for name, one in decl.sheets.items())
        raise ValidationError(f"“{decl.title}”没有“{sheet}”这种清单，可选：{known}")
    matters = {name: definition_of(name).matter for name in decl.matters}
    maps = {
        name: _columns(decl, one, matters) for name, one in decl.sheets.items() if not sheet or name == sheet
    }
    wanted = set().union(*(one.wanted() for one in maps.values()))
    found = read_sheet(content, max_rows=MAX_ROWS, wanted=wanted, name=file_name, allow_no_rows=True)
    tried: list[tuple[int, int, int, str, Matching]] = []
    for name, columns in maps.items():
        fits = set(column_map or {}) <= set(columns.columns)
        matching = match(found.headers, columns)
        if column_map and (fits or sheet):
            matching = with_overrides(matching, columns, found.headers, column_map, decl.sheets[name].title)
        tried.append((len(matching.missing), -len(matching.found), len(tried), name, matching))
    missing, _, _, name, matching = min(tried, key=lambda one: one[:3])
    if missing:
        said = "".join(matching.sentences())
        raise SheetError(
            f"这张表对不上“{decl.sheets[name].title}”。{said}请核对是不是选错了文件，或者指明哪一列是什么。"
        )
    result = TheirList(name, decl.sheets[name], set(matching.found))
    result.notes += matching.sentences()
    _rows(register, result, found, maps[name], matching, now)
    if not result.rows and not result.doubtful:
        result.notes.append("清单里一行也没有，请核对导出的时间范围。")
    result.notes += found.warnings[:20]
    return result


def _columns(decl: ExternalDecl, sheet: ListSheet, matters: Mapping[str, MatterDecl]) -> ColumnMap:
    """各列怎样读：凭要比的是什么。"""
    kinds: dict[str, dict[str, Any]] = {sheet.number: {"type": "number_text"}}
    if sheet.date:
        kinds[sheet.date] = {"type": "datetime"}
    listed = decl.listed(sheet)
    for name, one in listed.items():
        for column in one.also:
            kinds.setdefault(column, {"type": "number_text"})
        for item in one.compare:
            source = source_of(item.ours)
            assert source is not None
            kinds.setdefault(item.column, _kind(source, matters[name]))
    known = known_columns(decl, sheet, [matters[name] for name in listed])
    needed = {sheet.number, sheet.date}
    return ColumnMap(
        columns={
            column: Column(names=names, required=column in needed, **kinds.get(column, {}))
            for column, names in known.items()
        }
    )


def _kind(source: Source, matter: MatterDecl) -> dict[str, Any]:
    if source.kind in ("opened_at", "closed_at", "means"):
        return {"type": "datetime"}
    decl: FieldDecl | None = matter.fields.get(source.name) if source.kind == "field" else None
    if decl is None or decl.type in _BY_NAME:
        return {"type": "text"}
    return {**column_kind(decl), **({"ahead_days": 36600} if decl.type is FieldType.DATE else {})}


def _rows(
    register: Register, result: TheirList, sheet: Sheet, columns: ColumnMap, matching: Matching, now: datetime
) -> None:
    pattern = re.compile(register.decl.number.pattern)
    label = result.sheet.number
    loose = ColumnMap(
        columns={name: one.model_copy(update={"required": False}) for name, one in columns.columns.items()}
    )
    doubled: dict[str, list[int]] = {}
    for converted in convert(sheet.rows, loose, matching, now=now, epoch_1904=sheet.date1904):
        wrong = dict(text.split(COLON, 1) for text in converted.problems)
        number = str(converted.values.get(label) or "")
        row = converted.row.number
        if not number or label in wrong:
            result.doubtful.append((row, "", f"{label}读不出" if label in wrong else f"没有{label}"))
            continue
        if not pattern.fullmatch(number) or len(number) > 80:
            # 选错列的时候这里可能是姓名、电话，结果清除不了，所以不抄。
            why = f"编号的写法不像{register.decl.title}的编号（{len(number)} 个字）"
            result.doubtful.append((row, "", why))
            continue
        one = Theirs(
            row, number, converted.values, wrong, _day(converted.values.get(result.sheet.date or ""))
        )
        earlier = result.rows.get(number)
        if earlier is None:
            result.rows[number] = one
        elif (earlier.values, earlier.wrong) != (one.values, one.wrong):
            doubled.setdefault(number, [earlier.row]).append(row)
    for number, rows in doubled.items():
        places = "、".join(str(one) for one in rows[:5])
        result.doubtful.append((rows[0], number, f"第 {places} 行编号相同而内容不同，没有比"))


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.astimezone(CHINA).date()
    return value if isinstance(value, date) else None


def compared(listed: ListedMatter, columns: set[str]) -> tuple[list[str], list[str]]:
    """这张表里比得了的项和没有那一列、比不了的项（名称）。"""
    there = [one.title for one in listed.compare if one.column in columns]
    absent = [one.title for one in listed.compare if one.column not in columns]
    return there, absent
