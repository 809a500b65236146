"""导出：正在看的这份列表，同样的筛选、次序和列，写成 Excel 或 CSV。"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import xlsxwriter

from jiezhi.web.office.lists import Row

HEADER = ("编号", "件名", "业务", "环节", "责任单位", "经办人", "时限预警", "还剩", "到期", "登记时间")
WIDTHS = (20, 48, 16, 14, 18, 14, 10, 16, 16, 18)
MOST = 20_000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def cells(row: Row) -> tuple[str, ...]:
    """一行的文字。"""
    return (
        row.case.number,
        row.case.title,
        row.matter,
        row.state,
        row.unit,
        row.people,
        row.light.word,
        row.light.left,
        row.light.due,
        row.opened,
    )


def workbook(rows: Iterable[Row], note: str, made: datetime) -> bytes:
    """Excel。一律按文字写入，不会被当成公式。"""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "constant_memory": False})
    book.set_properties({"title": "工作列表", "created": made.replace(tzinfo=None)})
    sheet = book.add_worksheet("工作列表")
    bold = book.add_format({"bold": True, "bg_color": "#e3ecf8", "border": 1, "font_name": "宋体"})
    plain = book.add_format({"border": 1, "text_wrap": True, "valign": "top", "font_name": "宋体"})
    sheet.write_string(0, 0, note)
    for column, (title, width) in enumerate(zip(HEADER, WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(1, column, title, bold)
    last = 1
    for last, row in enumerate(rows, 2):
        for column, text in enumerate(cells(row)):
            sheet.write_string(last, column, text, plain)
    sheet.freeze_panes(2, 1)
    sheet.autofilter(1, 0, last, len(HEADER) - 1)
    sheet.repeat_rows(1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    book.close()
    return stream.getvalue()


def comma_separated(rows: Iterable[Row]) -> bytes:
    """工作列表的 CSV。"""
    return table(HEADER, map(cells, rows))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV（UTF-8 带签名，Excel、WPS 双击可开）。像公式的前面加一撇。"""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(header)
    writer.writerows(_safe(row) for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def _safe(texts: Sequence[str]) -> Iterator[str]:
    return (f"'{text}" if text.startswith(_DANGEROUS) else text for text in texts)
