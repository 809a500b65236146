"""导出：正在看的这份列表，同样的筛选、次序和列，写成 Excel 或 CSV。"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import xlsxwriter

from jiezhi.web.office.columns import Columns
from jiezhi.web.office.lists import Row

# 列表的一列在表格里是哪几格：（表头、宽）。编号在最前，方便对照。
SHEET: dict[str, tuple[tuple[str, int], ...]] = {
    "number": (("编号", 20),),
    "title": (("件名", 48),),
    "matter": (("业务", 16),),
    "state": (("环节", 14),),
    "unit": (("责任单位", 18),),
    "people": (("经办人", 14),),
    "light": (("时限预警", 10), ("还剩", 16), ("到期", 16)),
    "opened": (("登记时间", 18),),
    "area": (("区域", 24),),
}
FIELD_WIDTH = 20
MOST = 20_000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def heads(columns: Columns) -> list[tuple[str, int]]:
    """表头和宽。"""
    plain = [cell for name, some in SHEET.items() if name in columns.on for cell in some]
    return plain + [(title, FIELD_WIDTH) for _, title in columns.fields]


def cells(row: Row, columns: Columns) -> list[str]:
    """一行的文字，与 `heads` 一一对应。"""
    texts = {
        "number": (row.case.number,),
        "title": (row.case.title,),
        "matter": (row.matter,),
        "state": (row.state,),
        "unit": (row.unit,),
        "people": (row.people,),
        "light": (row.light.word, row.light.left, row.light.due),
        "opened": (row.opened,),
        "area": (row.area,),
    }
    return [text for name in SHEET if name in columns.on for text in texts[name]] + row.fields


def workbook(rows: Iterable[Row], columns: Columns, note: str, made: datetime) -> bytes:
    """工作列表的 Excel。"""
    return sheet_of("工作列表", heads(columns), (cells(row, columns) for row in rows), note, made)


def sheet_of(
    title: str, header: Sequence[tuple[str, int]], rows: Iterable[Sequence[str]], note: str, made: datetime
) -> bytes:
    """Excel 一张表：头一行是 `note`，第二行是表头（名称、宽）。一律按文字写入，不会被当成公式。`made` 带时区。"""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "constant_memory": False})
    book.set_properties({"title": title, "created": made.replace(tzinfo=None)})
    sheet = book.add_worksheet(title)
    bold = book.add_format({"bold": True, "bg_color": "#e3ecf8", "border": 1, "font_name": "宋体"})
    plain = book.add_format({"border": 1, "text_wrap": True, "valign": "top", "font_name": "宋体"})
    sheet.write_string(0, 0, note)
    for column, (name, width) in enumerate(header):
        sheet.set_column(column, column, width)
        sheet.write_string(1, column, name, bold)
    last = 1
    for last, row in enumerate(rows, 2):
        for column, text in enumerate(row):
            sheet.write_string(last, column, text, plain)
    sheet.freeze_panes(2, 1)
    sheet.autofilter(1, 0, last, len(header) - 1)
    sheet.repeat_rows(1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    book.close()
    return stream.getvalue()


def comma_separated(rows: Iterable[Row], columns: Columns) -> bytes:
    """工作列表的 CSV。"""
    return table([title for title, _ in heads(columns)], (cells(row, columns) for row in rows))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV（UTF-8 带签名，Excel、WPS 双击可开）。像公式的前面加一撇。"""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(header)
    writer.writerows(_safe(row) for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def _safe(texts: Sequence[str]) -> Iterator[str]:
    return (f"'{text}" if text.startswith(_DANGEROUS) else text for text in texts)
