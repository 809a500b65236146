"""CSV 等分隔文本：认编码、认分隔符。"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from jiezhi.connect.excel.cells import Cell
from jiezhi.connect.excel.errors import SheetError

_DELIMITERS = (",", "\t", ";", "|")
_TEXT_TRICK = re.compile(r'="([^"]*)"')  # how exports keep leading zeros in a CSV


def decode(content: bytes) -> tuple[str, str]:
    """Text and its encoding: UTF-8 and UTF-16 with mark, UTF-8, GB 18030. Raises `SheetError`."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        order = ["utf-16"]
    else:
        order = ["utf-8-sig", "gb18030"]
    for encoding in order:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text, encoding
    raise SheetError(
        "文字编码认不出来。请用 Excel 或 WPS 打开，另存为“CSV UTF-8（逗号分隔）”或 .xlsx 后再导入。"
    )


def delimiter_of(text: str) -> str:
    """The separator that splits the first lines most evenly into several columns; a comma if none does."""
    sample = text[:65536]
    best, best_score = ",", 0.0
    for mark in _DELIMITERS:
        rows = []
        try:
            for row in csv.reader(io.StringIO(sample, newline=""), delimiter=mark):
                if any(row):
                    rows.append(len(row))
                if len(rows) >= 30:
                    break
        except csv.Error:
            continue
        wide = [n for n in rows if n > 1]
        if not wide:
            continue
        usual = max(set(wide), key=lambda n: (wide.count(n), n))
        # Even rows count first, the number of columns second.
        score = wide.count(usual) / len(rows) + min(usual, 50) / 1000
        if score > best_score:
            best, best_score = mark, score
    return best


def rows_of(text: str) -> Iterator[list[Cell]]:
    """Rows of cells, all text. Raises `SheetError` on a cell too large to be one (an unclosed quote)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    try:
        for row in reader:
            yield [_unwrap(cell) if cell[:2] == '="' else cell for cell in row]
    except csv.Error:
        raise SheetError(
            f"第 {reader.line_num} 行附近的引号不成对，后面的内容读不出来。"
            "请在 Excel 里打开检查，另存为 .xlsx 后再导入。"
        ) from None


def _unwrap(cell: str) -> str:
    found = _TEXT_TRICK.fullmatch(cell)
    return found.group(1) if found else cell
