"""按版式排一份文书。"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from docx.shared import Pt

from jiezhi.base.documents.layouts.sheet import CENTER, RED, RIGHT, Paper, Sheet
from jiezhi.base.documents.layouts.style import Style
from jiezhi.base.documents.markup import Block, Cell, Mark, Paragraph, Run, Table, parse

TABLE_SIZE = 12.0
_BLANK_SIGN = "　　　　　　　　　　　　　　　年　　月　　日"


def compose(paper: Paper, text: str, style: Style) -> bytes:
    """排好的 docx。`text` 是填好的正文（轻标记）。"""
    blocks = parse(text)
    return _LAYOUTS[paper.layout](paper, blocks, style).save(paper.title)


def letter(paper: Paper, blocks: Sequence[Block], style: Style) -> Sheet:
    """公文函件：红头、文号、红线、标题、正文、落款。"""
    sheet = Sheet(style)
    if style.red_head and paper.red_head:
        head = sheet.line(
            paper.office, align=CENTER, role="song", size=_fitting(paper.office, style), color=RED
        )
        head.paragraph_format.line_spacing = Pt(style.red_head_size * 1.5)
        number = sheet.line(paper.number, align=CENTER)
        if style.red_rule:
            sheet.rule(number, color="C00000", size=16)
        sheet.blank()
    elif paper.number:
        sheet.line(paper.number, align=RIGHT)
    _title(sheet, paper)
    sheet.blank()
    _blocks(sheet, blocks, labels=False)
    _signs(sheet, paper)
    _closing(sheet, paper)
    sheet.footer(paper)
    return sheet


def form(paper: Paper, blocks: Sequence[Block], style: Style) -> Sheet:
    """审批表：题名、文号，栏目表，签名栏也是表格的行。"""
    sheet = Sheet(style)
    _title(sheet, paper)
    if paper.number:
        sheet.line(paper.number, align=RIGHT, size=TABLE_SIZE)
    else:
        sheet.blank()
    _blocks(sheet, blocks, labels=True)
    if paper.signs:
        rows = [[_cell(f"{one}签名"), _cell(_BLANK_SIGN)] for one in paper.signs]
        sheet.table(Table(rows), size=TABLE_SIZE, labels=True)
    _closing(sheet, paper)
    sheet.footer(paper)
    return sheet


def record(paper: Paper, blocks: Sequence[Block], style: Style) -> Sheet:
    """笔录：每页页脚都有签名栏；问答悬挂缩进。"""
    sheet = Sheet(style, bottom=style.record_bottom)
    _title(sheet, paper)
    if paper.number:
        sheet.line(paper.number, align=RIGHT, size=style.small)
    sheet.blank()
    _blocks(sheet, blocks, labels=True, size=style.small)
    _signs(sheet, paper, size=style.small)
    _closing(sheet, paper)
    sheet.footer(paper, above=_page_signs(paper, style))
    return sheet


def _page_signs(paper: Paper, style: Style) -> str:
    """每页的签名栏，排成一行。"""
    if not paper.signs:
        return ""
    room = int(style.width / 25.4 * 72 / TABLE_SIZE) // len(paper.signs) - 1
    return "　".join(f"{one}：" + "＿" * max(4, room - len(one) - 1) for one in paper.signs)


def receipt(paper: Paper, blocks: Sequence[Block], style: Style) -> Sheet:
    """送达回证：机关名、题名、一张表。"""
    sheet = Sheet(style)
    sheet.line(paper.office, align=CENTER, role="song", size=style.heading)
    return _tabular(sheet, paper, blocks)


def sheet_layout(paper: Paper, blocks: Sequence[Block], style: Style) -> Sheet:
    """打印单、办事指南、一次性告知单：字小一号，能多放些。"""
    sheet = Sheet(style)
    return _tabular(sheet, paper, blocks)


def _tabular(sheet: Sheet, paper: Paper, blocks: Sequence[Block]) -> Sheet:
    _title(sheet, paper)
    if paper.number:
        sheet.line(paper.number, align=RIGHT, size=TABLE_SIZE)
    sheet.blank()
    _blocks(sheet, blocks, labels=True, size=sheet.style.small)
    _signs(sheet, paper, size=sheet.style.small)
    _closing(sheet, paper)
    sheet.footer(paper)
    return sheet


_LAYOUTS: dict[str, Callable[[Paper, Sequence[Block], Style], Sheet]] = {
    "letter": letter,
    "form": form,
    "record": record,
    "receipt": receipt,
    "sheet": sheet_layout,
}


def _fitting(office: str, style: Style) -> float:
    """机关名排成一行的字号。"""
    widest = style.width / 25.4 * 72 / max(1, len(office))
    return min(style.red_head_size, widest)


def _title(sheet: Sheet, paper: Paper) -> None:
    line = sheet.line(paper.title, align=CENTER, role="song", size=sheet.style.heading)
    line.paragraph_format.line_spacing = Pt(sheet.style.heading * 1.5)
    line.paragraph_format.keep_with_next = True


def _blocks(sheet: Sheet, blocks: Sequence[Block], *, labels: bool, size: float = 0) -> None:
    before: Block | None = None
    for block in blocks:
        if isinstance(block, Mark):
            if block.kind == "page":
                sheet.page()
            else:
                sheet.rule(sheet.line())
        elif isinstance(block, Table):
            sheet.table(block, size=min(size or TABLE_SIZE, TABLE_SIZE), labels=labels)
        else:
            if block.kind == "attach" and not (isinstance(before, Paragraph) and before.kind == "attach"):
                sheet.blank()
            _paragraph(sheet, block, size)
        before = block


def _paragraph(sheet: Sheet, block: Paragraph, size: float) -> None:
    line = sheet.line()
    heading = {"h1": "hei", "h2": "kai"}.get(block.kind, "")
    match block.kind:
        case "right":
            line.alignment = RIGHT
            sheet.indent(line, right=sheet.style.date_indent)
        case "center":
            line.alignment = CENTER
        case "flush":
            pass
        case "ask" | "answer":
            sheet.indent(line, first=-2, left=2)
        case _:
            sheet.indent(line, first=2)
    if heading:
        line.paragraph_format.keep_with_next = True  # 标题不落在页末
    if size:
        line.paragraph_format.line_spacing = Pt(size * 1.75)
    if block.kind == "ask":
        sheet.runs(line, [Run(run.text, True) for run in block.runs], size=size)
    else:
        sheet.runs(line, block.runs, heading=heading, size=size)


def _cell(text: str) -> Cell:
    return Cell(((Run(text),),) if text else ((),))


def _signs(sheet: Sheet, paper: Paper, size: float = 0) -> None:
    if not paper.signs:
        return
    sheet.blank()
    for one in paper.signs:
        line = sheet.line(f"{one}（签名）：＿＿＿＿＿＿＿＿　　　年　　月　　日", size=size)
        line.paragraph_format.keep_together = True


def _closing(sheet: Sheet, paper: Paper) -> None:
    """落款：机关名与成文日期上下对中，日期右空四字；印章盖在上面，所以上面留两行、与前一段同在一页。"""
    if not paper.seal:
        return
    style = sheet.style
    if sheet.word.paragraphs:
        sheet.word.paragraphs[-1].paragraph_format.keep_with_next = True
    lines = [sheet.line(), sheet.line()]
    name = f"{paper.office}（印章）"
    block = max(_width(name), _width(paper.date))
    right = max(0.0, style.date_indent - (block - _width(paper.date)) / 2)
    for text in (name, paper.date):
        line = sheet.line(text, align=CENTER)
        sheet.indent(line, left=max(0.0, style.characters - right - block - 1), right=right)
        lines.append(line)
    for line in lines[:-1]:
        line.paragraph_format.keep_with_next = True


def _width(text: str) -> float:
    """几个字宽；数字、字母占半个。"""
    return sum(0.5 if one.isascii() else 1 for one in text)
