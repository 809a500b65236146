"""列的对应：哪一列填到哪一项；以及逐行取值。"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jiezhi.connect.excel import moments, values
from jiezhi.connect.excel.cells import Cell, blank, header_key
from jiezhi.connect.excel.errors import COLON, ValueProblem
from jiezhi.connect.excel.reader import Row

ColumnType = Literal[
    "text", "lines", "number_text", "int", "datetime", "date", "money", "choice", "phone", "bool"
]


class Column(BaseModel):
    """One target field: the names its column may bear (the first is the one shown), its type, its rules."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: list[str] = Field(min_length=1)
    type: ColumnType = "text"
    required: bool = False
    max_length: int | None = Field(default=None, ge=1)  # text, lines
    length: int | None = Field(default=None, ge=1)  # number_text
    choices: list[str] | dict[str, str] | None = None  # choice; a mapping gives synonym → value
    unit: Literal["元", "万元"] = "元"  # money
    negative: bool = False  # money, int
    ahead_days: int = 366  # datetime, date: how far after now is still believable

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.type == "choice" and not self.choices:
            raise ValueError(f"“{self.names[0]}”是选项列，须列出可选内容")
        if not all(header_key(name) for name in self.names):
            raise ValueError("列名不能为空")
        return self


class ColumnMap(BaseModel):
    """Target field → column. A name may belong to one field only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, Column] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        owner: dict[str, str] = {}
        for target, column in self.columns.items():
            for name in column.names:
                other = owner.setdefault(header_key(name), target)
                if other != target:
                    raise ValueError(f"列名“{name}”同时对应“{other}”和“{target}”，请只留一处")
        return self

    def wanted(self) -> set[str]:
        """All names and synonyms, to find the header by."""
        return {name for column in self.columns.values() for name in column.names}


class Matching(NamedTuple):
    """How headers and fields meet. Names shown are those of the sheet, or the field's first name."""

    found: dict[str, int]  # field → position among the headers
    missing: list[str]  # required fields without a column, by their shown name
    unused: list[str]  # headers no field takes
    near: dict[str, list[str]]  # shown name of a field without a column → unused headers that resemble it
    doubled: dict[str, list[str]]  # shown name → headers that would all fit; the first is taken

    def sentences(self) -> list[str]:
        """What to tell the user, in Chinese; empty when nothing is wrong."""
        said = []
        for title in self.missing:
            guess = f"，是不是表里的“{self.near[title][0]}”？" if self.near.get(title) else "。"
            said.append(f"缺少“{title}”列{guess}")
        said += [f"“{t}”有几列都对得上：{'、'.join(h)}，用了第一列。" for t, h in self.doubled.items()]
        return said


def match(headers: Sequence[str], columns: ColumnMap) -> Matching:
    """Pair headers with fields: by name or synonym, whole （“上/下”） before the lower level alone.

    Spaces, line breaks, width, case and stars in a header do not count. Never raises.
    """
    whole = [header_key(header) for header in headers]
    lower = [header_key(header.rsplit("/", 1)[-1]) for header in headers]
    found: dict[str, int] = {}
    doubled: dict[str, list[str]] = {}
    taken: set[int] = set()
    for keys in (whole, lower):
        for target, column in columns.columns.items():
            if target in found:
                continue
            wanted = [header_key(name) for name in column.names]
            fits = [i for name in wanted for i, key in enumerate(keys) if key == name and i not in taken]
            if not fits or (keys is lower and len(fits) > 1):
                continue  # several groups share a lower name: do not guess
            found[target] = fits[0]
            if len(fits) > 1:
                doubled[column.names[0]] = [headers[i] for i in fits]
            taken.add(fits[0])
    unused = [header for i, header in enumerate(headers) if i not in taken]
    absent = [(t, c) for t, c in columns.columns.items() if t not in found]
    near = {c.names[0]: names for _, c in absent if (names := _near(c.names, unused))}
    return Matching(found, [c.names[0] for _, c in absent if c.required], unused, near, doubled)


def _near(names: Sequence[str], unused: Sequence[str]) -> list[str]:
    scored = []
    for header in unused:
        key = header_key(header)
        best = 0.0
        for name in names:
            other = header_key(name)
            ratio = difflib.SequenceMatcher(None, key, other).ratio()
            if len(key) >= 2 and len(other) >= 2 and (key in other or other in key):
                ratio = max(ratio, 0.75)
            best = max(best, ratio)
        if best >= 0.5:
            scored.append((-best, header))
    return [header for _, header in sorted(scored)[:3]]


class Converted(NamedTuple):
    """One row's values by field (None where blank), problems in Chinese by field's name, and the row."""

    row: Row
    values: dict[str, Any]
    problems: list[str]


def convert(
    rows: Iterable[Row],
    columns: ColumnMap,
    matching: Matching,
    *,
    now: dt.datetime | None = None,
    epoch_1904: bool = False,
) -> Iterator[Converted]:
    """Turn rows into values, one `Converted` per row; a bad cell spoils its row only and is reported by name.

    `now` (aware) bounds dates in the future; `epoch_1904` is `Sheet.date1904`. A field whose column is not in
    the sheet is left out of `values`.
    """
    plan = [
        (target, at, columns.columns[target], _coercer(columns.columns[target], now, epoch_1904))
        for target, at in matching.found.items()
    ]
    for row in rows:
        result: dict[str, Any] = {}
        problems: list[str] = []
        for target, at, column, coerce in plan:
            cell = row.cells[at]
            try:
                value = coerce(cell)
            except ValueProblem as problem:
                problems.append(f"{column.names[0]}{COLON}{problem}")
                value = None
            else:
                if value is None and column.required:
                    problems.append(f"{column.names[0]}{COLON}没有填写")
            result[target] = value
        yield Converted(row, result, problems)


def _coercer(column: Column, now: dt.datetime | None, epoch_1904: bool) -> Callable[[Cell], Any]:
    ahead = column.ahead_days
    if column.type == "money":
        return lambda cell: values.as_money_fen(cell, unit=column.unit, negative=column.negative)
    if column.type == "int":
        return lambda cell: values.as_int(cell, low=None if column.negative else 0)
    if column.type == "choice":
        choices: Sequence[str] | Mapping[str, str] = column.choices or []
        known = dict(choices) if isinstance(choices, Mapping) else {name: name for name in choices}
        return lambda cell: known.get(cell) if cell in known else values.as_choice(cell, choices)  # type: ignore[arg-type]
    if column.type == "number_text":
        return lambda cell: values.as_number_text(cell, length=column.length)
    if column.type == "datetime":
        return lambda cell: moments.as_datetime(cell, now=now, ahead_days=ahead, epoch_1904=epoch_1904)
    if column.type == "date":
        return lambda cell: moments.as_date(cell, now=now, ahead_days=ahead, epoch_1904=epoch_1904)
    if column.type == "phone":
        return values.as_phone
    if column.type == "bool":
        return values.as_bool
    lines = column.type == "lines"
    return lambda cell: (
        None if blank(cell) else values.as_text(cell, max_length=column.max_length, lines=lines)
    )
