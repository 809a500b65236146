"""找表头：标题行下面的那一行或两行列名。"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from jiezhi.connect.excel.cells import Cell, blank, column_letters, header_key, header_text, show

Merge = tuple[int, int, int, int]  # first row, first column, last row, last column; from 0, inclusive
_LEVELS = 3


@dataclass(frozen=True)
class Header:
    """Where the header is and what it says. `first`, `last`: rows from 0 within the rows looked at."""

    first: int
    last: int
    names: list[str]  # one per column of the grid, "" where nothing is written
    matched: int  # how many wanted names were met


def find_header(
    rows: Sequence[Sequence[Cell]], merges: Sequence[Merge], wanted: Collection[str]
) -> Header | None:
    """The header among the first rows of a sheet.

    In: rows as read, merged ranges (empty when the format does not tell), wanted names and synonyms (may be
    empty). Rows containing most wanted names win; when none is met, the first row that looks like a header:
    several short texts, no numbers or dates. Out: None when no row looks like one.
    """
    keys = {header_key(name) for name in wanted} - {""}
    best: Header | None = None
    if keys:
        for row in range(len(rows)):
            if sum(not blank(cell) for cell in rows[row]) == 0:
                continue
            found = _expand(rows, merges, row, keys)
            if found.matched and (best is None or found.matched > best.matched):
                best = found
        if best is not None:
            return best
    scores = [_looks(row) for row in rows]
    top = max(scores, default=0)
    if top < 1:
        return None
    # The first row nearly as good as the best: data rows of pure text look just like headers.
    row = next(i for i, score in enumerate(scores) if score >= max(1, 0.7 * top))
    return _expand(rows, merges, row, keys)


def _looks(row: Sequence[Cell]) -> float:
    score = 0.0
    seen: set[str] = set()
    for cell in row:
        if blank(cell):
            continue
        text = header_text(cell)
        if isinstance(cell, str) and len(text) <= 24 and not _numeric(text) and text not in seen:
            score += 1
        else:
            score -= 1.5
        seen.add(text)
    return score


def _numeric(text: str) -> bool:
    return any(mark.isdigit() for mark in text) and not any(mark.isalpha() for mark in text)


def _expand(rows: Sequence[Sequence[Cell]], merges: Sequence[Merge], row: int, keys: set[str]) -> Header:
    """The header of which `row` is a part, one to three rows deep."""
    first, last = row, row
    if merges:
        changed = True
        while changed:
            changed = False
            for top, left, bottom, right in merges:
                tall = bottom > top
                if tall and top <= last and bottom >= first and (top < first or bottom > last):
                    if bottom - top < _LEVELS:
                        first, last, changed = min(first, top), max(last, bottom), True
                elif not tall and right > left and top == last and _group(rows, top):
                    if last + 1 < len(rows) and last + 1 - first < _LEVELS and _textual(rows[last + 1]):
                        last, changed = last + 1, True
                elif not tall and right > left and top == row - 1 == first - 1 and _group(rows, top):
                    first, changed = top, True
    else:
        if row + 1 < len(rows) and _two_levels(rows[row], rows[row + 1]):
            last = row + 1
        elif row > 0 and _two_levels(rows[row - 1], rows[row]):
            first = row - 1
    names = _join(rows, merges, first, last)
    matched = len({_matched(name, keys) for name in names} - {""})
    return Header(first, last, names, matched)


def _matched(name: str, keys: set[str]) -> str:
    for text in (name, name.rsplit("/", 1)[-1]):
        key = header_key(text)
        if key in keys:
            return key
    return ""


def _group(rows: Sequence[Sequence[Cell]], row: int) -> bool:
    """Whether a row is the upper level of a header rather than a title: it says at least two things."""
    return len({header_text(cell) for cell in rows[row] if not blank(cell)}) >= 2


def _textual(row: Sequence[Cell]) -> bool:
    said = [cell for cell in row if not blank(cell)]
    return bool(said) and all(
        isinstance(cell, str) and len(cell) <= 24 and not _numeric(header_text(cell)) for cell in said
    )


def _two_levels(upper: Sequence[Cell], lower: Sequence[Cell]) -> bool:
    """Without merge information: every gap above is filled below, and below is blank where above stands
    alone.
    """
    width = max(len(upper), len(lower))
    up = [not blank(cell) for cell in [*upper, *[""] * (width - len(upper))]]
    down = [not blank(cell) for cell in [*lower, *[""] * (width - len(lower))]]
    while up and not (up[-1] or down[-1]):
        up.pop()
        down.pop()
    if sum(up) < 2 or all(up) or all(down) or not up[0] or not _textual(upper) or not _textual(lower):
        return False
    for column in range(len(up)):
        if not up[column] and not down[column]:
            return False
        if not up[column] and up[column - 1] and not down[column - 1]:
            return False  # a group must name its first column below, too
    return True


def _join(rows: Sequence[Sequence[Cell]], merges: Sequence[Merge], first: int, last: int) -> list[str]:
    width = max((len(rows[r]) for r in range(first, last + 1)), default=0)
    grid = [
        [*(header_text(c) for c in rows[r]), *[""] * (width - len(rows[r]))] for r in range(first, last + 1)
    ]
    for top, left, bottom, right in merges:
        if first <= top and bottom <= last:
            for r in range(top, bottom + 1):
                for c in range(left, min(right + 1, width)):
                    grid[r - first][c] = grid[top - first][left]
    if not merges and last > first:
        for r in range(len(grid) - 1):
            for c in range(1, width):
                if not grid[r][c] and grid[r + 1][c]:
                    grid[r][c] = grid[r][c - 1]
    names = []
    for c in range(width):
        parts: list[str] = []
        for r in range(len(grid)):
            if grid[r][c] and (not parts or parts[-1] != grid[r][c]):
                parts.append(grid[r][c])
        names.append("/".join(parts))
    return names


def settle_names(
    names: Sequence[str], filled: Collection[int], offset: int
) -> tuple[list[int], list[str], list[str]]:
    """Decide which columns to keep and give each one its own name.

    In: names per column, the columns in which the first data rows hold something, the sheet's first column.
    Out: kept columns, their names, warnings. A nameless column is kept only when filled.
    """
    kept, final, warnings = [], [], []
    seen: Counter[str] = Counter()
    taken = {header_key(name) for name in names if name}
    for column, name in enumerate(names):
        letters = column_letters(column + offset)
        if not name:
            if column not in filled:
                continue
            name = f"{letters}列"
            warnings.append(f"{letters} 列没有列名，暂称“{name}”。")
        key = header_key(name)
        seen[key] += 1
        if seen[key] > 1:
            number = seen[key]
            while header_key(f"{name}({number})") in taken:
                number += 1
            renamed = f"{name}({number})"
            taken.add(header_key(renamed))
            warnings.append(f"列名“{name}”重复，{letters} 列改称“{renamed}”。")
            name = renamed
        kept.append(column)
        final.append(name)
    return kept, final, warnings


def as_written(rows: Sequence[Sequence[Cell]], first: int, last: int, kept: Sequence[int]) -> list[list[str]]:
    """The header rows cell by cell as they stood, for writing the same layout again."""
    return [[_cell(rows[r], c) for c in kept] for r in range(first, last + 1)]


def _cell(row: Sequence[Cell], column: int) -> str:
    if column >= len(row) or blank(row[column]):
        return ""
    value = row[column]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else show(value)
