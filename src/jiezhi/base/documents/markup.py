"""正文的轻标记：填好的文字 → 段落、表格。语法见 docs/packs.md 的“文书”一节。"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from jiezhi.core.procedure.papers import BREAK, VALUE, plain

Kind = Literal["body", "flush", "right", "center", "h1", "h2", "ask", "answer", "attach"]
_HEADINGS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"[一二三四五六七八九十]{1,3}、"), "h1"),
    (re.compile(r"（[一二三四五六七八九十]{1,3}）"), "h2"),
)
_MARKED: tuple[tuple[str, Kind], ...] = (("= ", "flush"), ("> ", "right"), ("^ ", "center"))
_LED: tuple[tuple[str, Kind], ...] = (
    ("问：", "ask"),
    ("答：", "answer"),
    ("附件：", "attach"),
    ("附：", "attach"),
)
_RULE = re.compile(r"\|[\s|:-]*-[\s|:-]*\|?")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
# 标题后同段还有正文的，标题到第一个句号为止；没有句号而又太长的，不当标题。
LONGEST_HEADING = 40


@dataclass(frozen=True, slots=True)
class Run:
    """一段同样字体的文字。"""

    text: str
    bold: bool = False
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """一段。"""

    kind: Kind
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        """全部文字。"""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Cell:
    """表格的一格：几段文字，占几列。"""

    lines: tuple[tuple[Run, ...], ...]
    span: int = 1


@dataclass(slots=True)
class Table:
    """一张表。`widths` 是列宽的比例，空的平分；`header` 为真时首行是表头。"""

    rows: list[list[Cell]] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    header: bool = False

    @property
    def columns(self) -> int:
        """列数。"""
        return max([len(self.widths), *(sum(cell.span for cell in row) for row in self.rows)])


@dataclass(frozen=True, slots=True)
class Mark:
    """横线（rule）或换页（page）。"""

    kind: Literal["rule", "page"]


Block = Paragraph | Table | Mark


def parse(text: str) -> list[Block]:
    """一行一段，空行不算。什么文字都认得出，不抛异常。"""
    blocks: list[Block] = []
    for raw in text.split("\n"):
        line = raw.strip(" \u3000")
        if not line or not plain(line).strip():
            continue
        if line.startswith("|"):
            _row(line, blocks)
        elif line == "---":
            blocks.append(Mark("rule"))
        elif line == "===":
            blocks.append(Mark("page"))
        else:
            blocks += _paragraphs(line)
    return [block for block in blocks if not isinstance(block, Table) or block.rows]


def _row(line: str, blocks: list[Block]) -> None:
    previous = blocks[-1] if blocks else None
    table = previous if isinstance(previous, Table) else None
    if table is None:
        table = Table()
        blocks.append(table)
    body = line[1:-1] if line.endswith("|") and len(line) > 1 else line[1:]
    if _RULE.fullmatch(line):
        table.widths = [max(1, part.count("-")) for part in body.split("|")]
        table.header = len(table.rows) == 1
        return
    cells: list[Cell] = []
    for part in body.split("|"):
        if part == "" and cells:  # 连写的 || ：并到左格
            cells[-1] = Cell(cells[-1].lines, cells[-1].span + 1)
        else:
            lines = [_runs(one) for one in part.strip(" ").split(BREAK)]
            cells.append(Cell(tuple(lines)))
    table.rows.append(cells[:60])


def _paragraphs(line: str) -> list[Paragraph]:
    kind: Kind = "body"
    if not line.startswith(VALUE):
        for lead, found in _MARKED:
            if line.startswith(lead):
                kind, line = found, line.removeprefix(lead).strip()
        for lead, found in _LED:
            if line.startswith(lead):
                kind = found
    made = []
    for number, part in enumerate(line.split(BREAK)):
        if number and not plain(part).strip():
            continue
        own: Kind = kind if not number else {"ask": "answer", "attach": "body"}.get(kind, kind)  # type: ignore[assignment]
        made.append(_paragraph(own, part))
    return made


def _paragraph(kind: Kind, text: str) -> Paragraph:
    if kind == "body":
        for pattern, found in _HEADINGS:
            if pattern.match(plain(text)):
                return _heading(found, text)
    return Paragraph(kind, _runs(text))


def _heading(kind: Kind, text: str) -> Paragraph:
    head, stop, rest = text.partition("。")
    if len(head) > LONGEST_HEADING:
        return Paragraph("body", _runs(text))
    runs = tuple(Run(run.text, run.bold, True) for run in _runs(head + stop))
    return Paragraph(kind, (*runs, *_runs(rest)))


def _runs(text: str) -> tuple[Run, ...]:
    runs, end = [], 0
    for found in _BOLD.finditer(text):
        if found.start() > end:
            runs.append(Run(plain(text[end : found.start()])))
        runs.append(Run(plain(found[1]), bold=True))
        end = found.end()
    if end < len(text):
        runs.append(Run(plain(text[end:])))
    return tuple(run for run in runs if run.text)
