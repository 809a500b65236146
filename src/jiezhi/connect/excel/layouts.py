"""表的样子：进来是什么样，出去还是什么样。导出、退回有问题的行。"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import Any, BinaryIO

import xlsxwriter
from pydantic import BaseModel, ConfigDict, Field

from jiezhi.connect.excel.cells import clean
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.header import Merge
from jiezhi.connect.excel.reader import Row, Sheet
from jiezhi.core.calendar import CHINA

PROBLEM_HEADER = "问题"
MAX_ROWS = 1_048_576  # of an .xlsx worksheet
MAX_TEXT = 32_767  # characters in a cell
_FIRST_DAY = dt.date(1900, 3, 1)  # before it Excel's calendar is one day off; written as text
_BAD_IN_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))


class Layout(BaseModel):
    """What a sheet looked like coming in. JSON-serialisable (`model_dump_json`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    headers: list[str] = Field(min_length=1)
    header_rows: list[list[str]] = Field(default_factory=list)  # as written; empty: one row, `headers`
    header_merges: list[Merge] = Field(default_factory=list)  # within header_rows
    titles: list[str] = Field(default_factory=list)
    widths: list[float | None] = Field(default_factory=list)  # characters
    sheet_name: str = "Sheet1"

    @classmethod
    def of(cls, sheet: Sheet) -> Layout:
        """The layout of a sheet that was read."""
        return cls(
            headers=sheet.headers,
            header_rows=sheet.header_rows,
            header_merges=sheet.header_merges,
            titles=sheet.titles,
            widths=sheet.widths,
            sheet_name=sheet.name or "Sheet1",
        )


def export(
    layout: Layout,
    rows: Iterable[Mapping[str, Any] | Sequence[Any]],
    out: str | PathLike[str] | BinaryIO,
    *,
    extra: Sequence[str] = (),
) -> int:
    """Write rows in the layout that came in; returns how many.

    In: rows as mappings header → value, or sequences in header order; `extra` headers appended to the right.
    Dates are written as dates (aware moments in Asia/Shanghai), numbers as numbers, text as text: an
    identifier keeps its zeros, “=1+1” stays text, whole numbers of 12 digits and more become text. Memory is
    constant in the number of rows. Raises `SheetError` when there are more rows than a worksheet holds.
    """
    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": False,
        },
    )
    try:
        return _Writer(book, layout, extra).write(rows)
    finally:
        book.close()


def error_report(
    layout: Layout, rows_with_errors: Iterable[tuple[Row, Sequence[str]]], out: str | PathLike[str] | BinaryIO
) -> int:
    """Write rejected rows as they came, with a last column 问题, to be corrected and imported again.

    In: pairs of row and its problems. Out: how many rows were written. Importing ignores the 问题 column,
    and a report of a report has it once.
    """
    again = PROBLEM_HEADER in layout.headers
    at = layout.headers.index(PROBLEM_HEADER) if again else -1

    def rows() -> Iterable[Sequence[Any]]:
        for row, problems in rows_with_errors:
            said = f"原第 {row.number} 行：" + "；".join(problems)
            cells: list[Any] = list(row.cells)
            if again:
                cells[at] = said
            else:
                cells.append(said)
            yield cells

    return export(layout, rows(), out, extra=[] if again else [PROBLEM_HEADER])


class _Writer:
    def __init__(self, book: xlsxwriter.Workbook, layout: Layout, extra: Sequence[str]):
        self.layout = layout
        self.headers = [*layout.headers, *extra]
        self.extra = list(extra)
        name = clean(layout.sheet_name).translate(_BAD_IN_NAME).strip("'")[:31] or "Sheet1"
        self.sheet = book.add_worksheet(name)
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.head = book.add_format(
            {
                "bold": True,
                "border": 1,
                "align": "center",
                "valign": "vcenter",
                "text_wrap": True,
                "num_format": "@",
            }
        )
        self.text = book.add_format({"num_format": "@"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.clock = book.add_format({"num_format": "hh:mm:ss"})
        self.span = book.add_format({"num_format": "[h]:mm:ss"})

    def write(self, rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> int:
        top = self._header()
        count = 0
        for row in rows:
            if top + count >= MAX_ROWS:
                raise SheetError(f"超过 {MAX_ROWS - top} 行，一张表写不下。请缩小时间范围，分几次导出。")
            if isinstance(row, Mapping):
                for column, header in enumerate(self.headers):
                    self._cell(top + count, column, row.get(header))
            else:
                for column, value in enumerate(row[: len(self.headers)]):
                    self._cell(top + count, column, value)
            count += 1
        return count

    def _header(self) -> int:
        """Titles, header rows, merges, widths; returns the first data row. Rows go top down (constant
        memory).
        """
        layout = self.layout
        widths = [*layout.widths, *[None] * (len(self.headers) - len(layout.widths))]
        for column, width in enumerate(widths):
            name = self.headers[column]
            usual = 60 if name == PROBLEM_HEADER else min(40, max(10, 2 * len(name) + 2))
            self.sheet.set_column(column, column, width or usual)
        for row, title in enumerate(layout.titles):
            self.sheet.write_string(row, 0, title[:MAX_TEXT], self.title)
        top = len(layout.titles)
        levels = layout.header_rows or [layout.headers]
        last = len(levels) - 1
        for level, names in enumerate(levels):
            for column, header in enumerate(self.headers):
                if column < len(layout.headers):
                    text = names[column] if column < len(names) else ""
                    text = text or (header if last == 0 else "")
                else:
                    text = header if level == 0 else ""
                if text:
                    self.sheet.write_string(top + level, column, text, self.head)
                else:
                    self.sheet.write_blank(top + level, column, None, self.head)
        wanted = list(layout.header_merges)
        if last:
            wanted += [(0, c, last, c) for c in range(len(layout.headers), len(self.headers))]
        self._merge(wanted, top, last)
        self.sheet.freeze_panes(top + last + 1, 0)
        return top + last + 1

    def _merge(self, wanted: Sequence[Merge], top: int, last: int) -> None:
        """Merge header cells already written.

        `merge_range` would write the cells again, which constant memory forbids for rows gone out; the ranges
        alone go to the worksheet's list. Ranges outside the header or overlapping are dropped.
        """
        taken: set[tuple[int, int]] = set()
        for r1, c1, r2, c2 in wanted:
            if not (0 <= r1 <= r2 <= last and 0 <= c1 <= c2 < len(self.headers)):
                continue
            area = {(r, c) for r in range(r1, r2 + 1) for c in range(c1, c2 + 1)}
            if len(area) > 1 and not area & taken:
                taken |= area
                self.sheet.merge.append([top + r1, c1, top + r2, c2])

    def _cell(self, row: int, column: int, value: Any) -> None:
        sheet = self.sheet
        if value is None or value == "":
            return
        if isinstance(value, str):
            sheet.write_string(row, column, value[:MAX_TEXT], self.text)
        elif isinstance(value, bool):
            sheet.write_string(row, column, "是" if value else "否")
        elif isinstance(value, int) and abs(value) >= 10**11:
            sheet.write_string(row, column, str(value), self.text)
        elif isinstance(value, int | Decimal):
            sheet.write_number(row, column, value)
        elif isinstance(value, float):
            if value != value or abs(value) == float("inf"):
                return
            if value.is_integer() and 10**11 <= abs(value) < 10**15:
                sheet.write_string(row, column, str(int(value)), self.text)
            else:
                sheet.write_number(row, column, value)
        elif isinstance(value, dt.datetime):
            local = value.astimezone(CHINA).replace(tzinfo=None) if value.tzinfo else value
            if local.date() < _FIRST_DAY:
                sheet.write_string(row, column, local.strftime("%Y-%m-%d %H:%M:%S"), self.text)
            else:
                sheet.write_datetime(row, column, local, self.moment)
        elif isinstance(value, dt.date):
            if value < _FIRST_DAY:
                sheet.write_string(row, column, value.isoformat(), self.text)
            else:
                sheet.write_datetime(row, column, dt.datetime(value.year, value.month, value.day), self.day)
        elif isinstance(value, dt.time):
            sheet.write_datetime(row, column, value, self.clock)
        elif isinstance(value, dt.timedelta):
            sheet.write_datetime(row, column, value, self.span)
        else:
            sheet.write_string(row, column, str(value)[:MAX_TEXT], self.text)
