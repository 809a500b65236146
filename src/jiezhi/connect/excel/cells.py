"""格子里的文字：清洗，以及认出像公式的内容。"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

Cell = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta

_INVISIBLE = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad"
_INVISIBLE_RUN = re.compile(f"[{_INVISIBLE}]+")
_LINE_MARK = re.compile(r"[\t\n\r\v\f]")
_EXCEL_ESCAPE = re.compile(r"_x000[9ADad]_")
_CJK = "\u2e80-\u9fff\uff00-\uffef\u3000-\u303f"
_SPACE_BY_CJK = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_HEADER_NOISE = re.compile(r"[\s*:_\-—·.,、“”\"']+")
_FORMULA = re.compile(r"=[^=\s]|@[A-Za-z_.]+\(|[+-](?=.*[(!|=])|[+-][A-Za-z]+\d", re.DOTALL)


def clean(text: str) -> str:
    """Drop what exports leave behind: BOM, zero-width characters, “_x000D_”, white space at both ends."""
    if "_x000" in text:
        text = _EXCEL_ESCAPE.sub(" ", text)
    if not text.isascii() and _INVISIBLE_RUN.search(text):
        text = _INVISIBLE_RUN.sub("", text)
    return text.strip()


def one_line(text: str) -> str:
    """`clean`, and inner tabs and line breaks to one space each run."""
    text = clean(text)
    return " ".join(text.split()) if _LINE_MARK.search(text) else text


def header_text(value: Cell) -> str:
    """A column name as shown: one line, no spaces beside Chinese characters, letters half-width."""
    return _SPACE_BY_CJK.sub("", " ".join(clean(show(value)).translate(_HALF).split()))


def header_key(name: str) -> str:
    """What two spellings of a column name have in common: case, width, spaces, stars, colons do not count."""
    return _HEADER_NOISE.sub("", unicodedata.normalize("NFKC", clean(name)).lower())


# Letters, digits and brackets only: “,” and “:” stay as written in Chinese names.
_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0).isalnum()}


def show(value: Cell) -> str:
    """A cell's content as a clerk would see it, without trailing “.0”."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def blank(value: Cell | None) -> bool:
    """Whether a cell holds nothing but white space and invisible characters."""
    if not isinstance(value, str):
        return value is None
    if not value:
        return True
    first = value[0]  # asked a million times a sheet: one look at the first character settles most
    return (first.isspace() or first in _INVISIBLE or first == "_") and not clean(value)


def looks_like_formula(text: str) -> bool:
    """Whether text would be taken for a formula by a spreadsheet and is unlikely to be meant as text.

    “-5”, “+86 138…”, “- 见附件” are not; “=1+1”, “+cmd|'…'!A1”, “@SUM(A1)” are. Nothing is ever evaluated.
    """
    return text[:1] in ("=", "+", "-", "@") and _FORMULA.match(text) is not None


def column_letters(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
