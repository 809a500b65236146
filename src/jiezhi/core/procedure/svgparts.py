"""SVG 图的零件：量文字、折行、写字、画小钟。颜色和字号也在这里。"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

BLUE, INK, PAPER = "#1d5bb8", "#1f2a37", "#f6f7f9"
GREY, GREY_INK, PALE = "#7a8594", "#4a5666", "#e3ecf8"
FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
TITLE, SMALL = 15, 12
_NOT_FIRST = frozenset(",.:;!?)]}%\uff0c\u3002\u3001\uff1a\uff1b\uff01\uff1f\uff09\u201d\u2019\u300b\u3015")


@dataclass
class Line:
    text: str
    clock: bool = False
    taken: bool = False


def measure(text: str, size: float) -> float:
    """文字宽度（像素）：中文按一个字宽，西文按 0.62 字宽，宁宽勿窄。"""
    return sum(size if unicodedata.east_asian_width(c) in "WFA" else size * 0.62 for c in text)


def wrap(text: str, width: float) -> list[str]:
    """按字宽（以一个汉字为 1）折行：各行大致一样长，标点不在行首。"""
    total = measure(text, 1)
    if total <= width:
        return [text]
    even = total / math.ceil(total / width) + 0.5
    rows, row, used = [], "", 0.0
    for char in text:
        size = measure(char, 1)
        if row and used + size > even and char not in _NOT_FIRST:
            keep = "(" if row.endswith("(") and len(row) > 1 else ""  # 括号不在行尾
            rows.append(row.removesuffix(keep))
            row, used = keep, measure(keep, 1)
        row, used = row + char, used + size
    return [*rows, row]


def line_width(line: Line, size: float) -> float:
    return measure(line.text, size) + (18 if line.clock else 0)


def row_of(x: float, y: float, line: Line, size: float, colour: str) -> Iterable[str]:
    if line.clock:
        left = x - line_width(line, size) / 2
        yield clock_sign(left + 6, y - size / 2 + 1.5, colour)
        yield words(left + 18, y, line.text, size, colour, anchor="start")
    else:
        yield words(x, y, line.text, size, colour, bold=line.taken)


def clock_sign(x: float, y: float, colour: str) -> str:
    pen = f'fill="none" stroke="{colour}" stroke-width="1.3"/>'
    hands = f"M{num(x)} {num(y - 3.2)}V{num(y)}H{num(x + 2.6)}"
    return f'<circle cx="{num(x)}" cy="{num(y)}" r="5.2" {pen}<path d="{hands}" {pen}'


def words(
    x: float, y: float, text: str, size: float, colour: str, *, bold: bool = False, anchor: str = "middle"
) -> str:
    weight = ' font-weight="600"' if bold else ""
    spot = f'x="{num(x)}" y="{num(y)}" font-size="{num(size)}" text-anchor="{anchor}"'
    return f'<text {spot} fill="{colour}"{weight}>{plain(text)}</text>'


def plain(text: str) -> str:
    """转义；XML 不许有的控制字符去掉。"""
    return escape(
        "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff")), quote=True
    )


def num(number: float) -> str:
    text = f"{number:.1f}"
    return text[:-2] if text.endswith(".0") else text
