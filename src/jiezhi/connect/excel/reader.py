"""读表：.xlsx .xls .xlsb .ods .csv，连同真实表格里的各种毛病。

Formulas are never evaluated; links are never followed; macros are never looked at.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import python_calamine as calamine

from jiezhi.connect.excel import delimited, header, package
from jiezhi.connect.excel.cells import (
    Cell,
    blank,
    clean,
    column_letters,
    header_key,
    looks_like_formula,
    show,
)
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.header import Merge

_HEAD = 40  # rows looked at for the header, and for which columns are in use
_TOTAL = re.compile(
    r"[合总小共累]\s*计\s*(?:[:\uff1a].*)?|本页合计|总\s*数\s*[:\uff1a].*|[(\uff08]?[合总]计[)\uff09]?"
)
_NOTE = re.compile(
    r"(?:注|备\s*注|说\s*明|填表说明|填报人|填表人|制表人?|审核人?|复核人?|负责人|单位负责人|联系人|联系电话|"
    r"填报(?:单位|日期|时间)|制表(?:日期|时间)|打印(?:日期|时间)|导出(?:日期|时间))\s*\d*\s*[:\uff1a]"
)


class Row(NamedTuple):
    """One data row. `number` is the row's number in the file as a spreadsheet shows it (from 1)."""

    number: int
    cells: tuple[Cell, ...]
    warnings: tuple[str, ...] = ()


@dataclass
class Sheet:
    """A sheet being read. `rows` can be walked once; `warnings` and `skipped` are complete after that."""

    headers: list[str]
    rows: Iterator[Row]
    warnings: list[str]
    name: str = ""
    kind: str = ""
    titles: list[str] = field(default_factory=list)  # lines above the header
    header_rows: list[list[str]] = field(default_factory=list)  # as written, level by level
    header_merges: list[Merge] = field(default_factory=list)  # within header_rows
    header_number: int = 1  # row number of the header's last row (from 1)
    widths: list[float | None] = field(default_factory=list)  # in characters, as Excel counts
    skipped: list[tuple[int, str]] = field(default_factory=list)  # row number, why not read
    date1904: bool = False


@dataclass
class _Grid:
    rows: Iterator[list[Cell]]  # from the sheet's first row
    first_column: int = 0
    merges: list[Merge] = field(default_factory=list)  # columns counted from first_column
    facts: package.Facts = field(default_factory=package.Facts)
    name: str = ""
    warnings: list[str] = field(default_factory=list)


def read_sheet(
    path_or_bytes: str | PathLike[str] | bytes,
    *,
    sheet: str | None = None,
    max_rows: int = 200_000,
    wanted: Collection[str] = (),
    name: str = "",
    allow_no_rows: bool = False,
) -> Sheet:
    """Open a table and find its header.

    In: a path or the bytes of a file; `sheet` a worksheet's name (default: the visible one that fits best);
    `wanted` column names and synonyms to recognise the header by (`ColumnMap.wanted()`); `name` the file's
    name when bytes are given, for messages and for comparing with the content. Out: a `Sheet`; blank rows,
    totals and notes are left out and listed in `skipped`. Vertically merged cells are filled down. More than
    `max_rows` rows raise while walking. Raises `SheetError` with a sentence for the user.
    """
    if isinstance(path_or_bytes, bytes):
        content = path_or_bytes
    else:
        path = Path(path_or_bytes)
        name = name or path.name
        try:
            if path.stat().st_size > package.MAX_FILE:
                raise SheetError(f"文件超过 {package.MAX_FILE >> 20} MB。请按时间分成几个文件后分别导入。")
            content = path.read_bytes()
        except OSError:
            raise SheetError(f"找不到或打不开文件“{path.name}”。请重新选择文件。") from None
    kind = package.kind_of(content, name)
    if kind == "text":
        grid = _text_grid(content)
        if sheet is not None:
            raise SheetError("CSV 文件没有工作表之分。请不要指定工作表。")
    else:
        if kind != "xls":
            package.check_zip(content)
        if kind == "ods":
            package.check_ods(content)
        grid = _workbook_grid(content, kind, sheet, max_rows, wanted)
    return _assemble(grid, kind, max_rows, wanted, allow_no_rows)


def _text_grid(content: bytes) -> _Grid:
    text, encoding = delimited.decode(content)
    warnings = []
    if encoding == "gb18030" and "\ufffd" in text:
        warnings.append("部分文字的编码认不出来，请检查有无乱码。")
    return _Grid(delimited.rows_of(text), warnings=warnings)


def _workbook_grid(
    content: bytes, kind: str, sheet: str | None, max_rows: int, wanted: Collection[str]
) -> _Grid:
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = [
            meta.name
            for meta in book.sheets_metadata
            if meta.typ == calamine.SheetTypeEnum.WorkSheet
            and (meta.visible == calamine.SheetVisibleEnum.Visible or meta.name == sheet)
        ]
        if sheet is not None:
            if sheet not in names:
                raise SheetError(f"没有名为“{sheet}”的工作表。文件里有：{'、'.join(names) or '（无）'}。")
            names = [sheet]
        candidates: list[tuple[int, _Grid]] = []
        for at, each in enumerate(names[:20]):
            facts = package.xlsx_facts(content, each, max_rows) if kind == "xlsx" else package.Facts()
            source = book.get_sheet_by_name(each)
            if source.end is None:
                continue
            left = source.start[1] if source.start else 0
            merges = [
                (r1, max(0, c1 - left), r2, c2 - left)
                for (r1, c1), (r2, c2) in (source.merged_cell_ranges or [])
                if c2 >= left
            ]
            grid = _Grid(iter(source.iter_rows()), left, merges, facts, each)
            score = 0
            if wanted and len(names) > 1:
                head = list(itertools.islice(source.iter_rows(), _HEAD))
                found = header.find_header(head, _head_merges(merges), wanted)
                score = found.matched if found else 0
            candidates.append((score * 100 - at, grid))
    except calamine.PasswordError:
        raise SheetError("文件设了密码，读不了。请用 Excel 或 WPS 打开，去掉密码，保存后再导入。") from None
    except calamine.CalamineError:
        raise SheetError("文件打不开，可能已损坏，或不是真正的 Excel 文件。" + package.RESAVE) from None
    if not candidates:
        raise SheetError("表里没有内容。请确认导出已经完成，再重新上传。")
    grid = max(candidates, key=lambda pair: pair[0])[1]
    others = [g.name for _, g in candidates if g is not grid]
    if others:
        grid.warnings.append(f"读的是工作表“{grid.name}”；没有读的还有：{'、'.join(others)}。")
    return grid


def _head_merges(merges: Iterable[Merge]) -> list[Merge]:
    return [merge for merge in merges if merge[0] < _HEAD]


def _assemble(grid: _Grid, kind: str, max_rows: int, wanted: Collection[str], allow_no_rows: bool) -> Sheet:
    head = list(itertools.islice(grid.rows, _HEAD))
    found = header.find_header(head, _head_merges(grid.merges), wanted)
    if found is None:
        if all(blank(cell) for row in head for cell in row):
            raise SheetError("表里没有内容。请确认导出已经完成，再重新上传。")
        raise SheetError("找不到列名所在的行。请确认表格里有一行列名（如：编号、内容、时间），再导入。")
    body = head[found.last + 1 :]
    filled = {c for row in body for c, cell in enumerate(row) if not blank(cell)}
    names = found.names + [""] * (max(filled, default=-1) + 1 - len(found.names))
    kept, headers, notes = header.settle_names(names, filled, grid.first_column)
    if sum(1 for n in names if n) < 2 and len(filled) > 1:
        raise SheetError("找不到列名所在的行。请确认表格里有一行列名（如：编号、内容、时间），再导入。")
    position = {column: i for i, column in enumerate(kept)}
    result = Sheet(
        headers=headers,
        rows=iter(()),
        warnings=[*grid.warnings, *notes],
        name=grid.name,
        kind=kind,
        titles=[_line(row) for row in head[: found.first] if not all(map(blank, row))],
        header_rows=header.as_written(head, found.first, found.last, kept),
        header_merges=_inside(grid.merges, found, position),
        header_number=found.last + 1,
        widths=[grid.facts.widths.get(c + grid.first_column) for c in kept] if grid.facts.widths else [],
        date1904=grid.facts.date1904,
    )
    rows = _walk(itertools.chain(body, grid.rows), grid, kept, result, max_rows)
    first = next(rows, None)
    if first is None and not allow_no_rows:
        raise SheetError("只有列名，没有数据。请确认导出时选对了时间范围，再重新导出。")
    result.rows = rows if first is None else itertools.chain([first], rows)
    return result


def _line(row: Sequence[Cell]) -> str:
    return " ".join(clean(show(cell)) for cell in row if not blank(cell))


def _inside(merges: Iterable[Merge], found: header.Header, position: dict[int, int]) -> list[Merge]:
    inside = []
    for top, left, bottom, right in merges:
        columns = [position[c] for c in range(left, right + 1) if c in position]
        if found.first <= top and bottom <= found.last and columns:
            inside.append((top - found.first, columns[0], bottom - found.first, columns[-1]))
    return inside


def _walk(
    source: Iterable[list[Cell]], grid: _Grid, kept: list[int], sheet: Sheet, max_rows: int
) -> Iterator[Row]:
    fills = _fills(grid.merges, sheet.header_number)
    if any(fills.values()):
        sheet.warnings.append("有上下合并的格子，已把内容补到合并的每一行。")
    straight = kept == list(range(len(kept)))
    width = kept[-1] + 1 if kept else 0
    keys = [header_key(n) for n in sheet.headers]
    current: dict[int, Cell] = {}
    lost: set[int] = set()
    hazards = grid.facts.hazards
    count = 0
    for index, cells in enumerate(source, start=sheet.header_number):
        for column, start in fills.get(index, ()):
            if start:
                current[column] = cells[column] if column < len(cells) else ""
            elif column < len(cells):
                cells[column] = current.get(column, "")
        said = [c for c in cells if c != "" and not blank(c)]
        if not said:
            continue
        number = index + 1
        reason = _reason(said, len(kept), keys, cells, kept)
        if reason:
            sheet.skipped.append((number, reason))
            sheet.warnings.append(f"第 {number} 行{reason}，没有读入。")
            continue
        count += 1
        if count > max_rows:
            raise SheetError(f"数据超过 {max_rows} 行。请按时间分成几个文件后分别导入。")
        if len(cells) > width:
            for column in range(width, len(cells)):
                if column not in lost and not blank(cells[column]):
                    lost.add(column)
                    letters = column_letters(column + grid.first_column)
                    sheet.warnings.append(f"{letters} 列没有列名，第 {number} 行起的内容没有读入。")
        elif len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        picked = tuple(cells[:width]) if straight else tuple([cells[c] for c in kept])
        warnings = list(hazards.get(index, ())) if hazards else []
        for position, cell in enumerate(picked):
            if isinstance(cell, str) and cell and cell[0] in "=+-@\t" and looks_like_formula(clean(cell)):
                warnings.append(f"“{sheet.headers[position]}”的内容像公式，按文字读入，请核对")
        if len(said) == 1 and len(kept) >= 4:
            warnings.append("这一行只有一格有内容，请核对是不是表下的说明")
        yield Row(number, picked, tuple(warnings))


def _fills(merges: Iterable[Merge], body: int) -> dict[int, list[tuple[int, bool]]]:
    """Per row from 0: columns of vertically merged cells, and whether the range starts there."""
    fills: dict[int, list[tuple[int, bool]]] = {}
    for top, left, bottom, right in merges:
        if top >= body and bottom > top and right == left:
            for row in range(top, bottom + 1):
                fills.setdefault(row, []).append((left, row == top))
    return fills


def _reason(said: list[Cell], width: int, keys: list[str], cells: Sequence[Cell], kept: list[int]) -> str:
    """Why a row is not data; empty when it is."""
    first = said[0]
    if not isinstance(first, str):
        return ""
    text = clean(first)
    if len(text) <= 12 and _TOTAL.fullmatch(text):
        return "像是合计行"
    if _NOTE.match(text) and len(said) <= max(1, width // 2):
        return "像是表下的说明"
    if len(said) > 1 and header_key(text) in keys:
        written = [header_key(show(cells[c])) if c < len(cells) else "" for c in kept]
        same = sum(1 for a, b in zip(written, keys, strict=True) if a and (a == b or b.endswith(a)))
        if same == len(said):
            return "是重复的列名"
    return ""
