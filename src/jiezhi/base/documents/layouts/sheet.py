"""一张纸：页边、文档网格、页脚的二维码和页码，段落和表格的写法。各版式在它上面排。"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import segno
from docx import Document as new_document
from docx.document import Document as Word
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table as WordTable
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph as Line
from docx.text.run import Run as WordRun

from jiezhi.base.documents.layouts.style import Style
from jiezhi.base.documents.markup import Cell, Run, Table

__all__ = ["CENTER", "RED", "RIGHT", "Paper", "Sheet"]
CENTER, RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
RED = RGBColor(0xC0, 0x00, 0x00)


@dataclass(frozen=True, slots=True)
class Paper:
    """一份文书要排的东西（正文除外）。`mark` 是二维码内容，`code` 是印在旁边给人念的。"""

    title: str
    layout: str
    office: str
    number: str
    date: str
    signs: tuple[str, ...]
    seal: bool
    mark: str
    code: str
    red_head: bool = True


class Sheet:
    """正在排的一份 Word 文件。"""

    def __init__(self, style: Style, *, bottom: float | None = None) -> None:
        self.style = style
        self.word: Word = new_document()
        self._defaults()
        section = self.word.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(style.top), Mm(bottom or style.bottom)
        section.left_margin, section.right_margin = Mm(style.left), Mm(style.right)
        section.header_distance, section.footer_distance = Mm(15), Mm(8)
        grid = section._sectPr.find(qn("w:docGrid"))
        if grid is None:
            grid = OxmlElement("w:docGrid")
            section._sectPr.append(grid)
        grid.set(qn("w:type"), style.grid)
        grid.set(qn("w:linePitch"), str(round(style.line * 20)))
        grid.set(qn("w:charSpace"), str(round(style.squeeze * 4096)))  # 单位 1/4096 磅

    def _defaults(self) -> None:
        normal = self.word.styles["Normal"]
        normal.font.size = Pt(self.style.body)
        normal.font.name = self.style.font("fang")
        fonts = normal.element.get_or_add_rPr().get_or_add_rFonts()
        for key in ("w:eastAsia", "w:ascii", "w:hAnsi", "w:cs"):
            fonts.set(qn(key), self.style.font("fang"))
        layout = normal.paragraph_format
        layout.space_before = layout.space_after = Pt(0)
        layout.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        layout.line_spacing = Pt(self.style.line)

    # ---- 文字 ----

    def write(
        self, line: Line, text: str, *, role: str = "fang", size: float = 0, bold: bool = False,
        color: RGBColor | None = None,
    ) -> WordRun:  # fmt: skip
        """写一段文字。`role` 是字体，见 `Style.font`。"""
        run: WordRun = line.add_run(text)
        name = self.style.font(role)
        run.font.name = name
        run.font.size = Pt(size or self.style.body)
        fonts = run._element.get_or_add_rPr().get_or_add_rFonts()
        for key in ("w:eastAsia", "w:ascii", "w:hAnsi", "w:cs"):
            fonts.set(qn(key), name)
        if self.style.grid == "lines" and size in (0, self.style.body):
            spacing = OxmlElement("w:spacing")
            spacing.set(qn("w:val"), str(math.floor(self.style.squeeze * 20)))
            run._element.get_or_add_rPr().append(spacing)
        if bold:
            run.bold = True
        if color is not None:
            run.font.color.rgb = color
        return run

    def runs(
        self, line: Line, runs: Sequence[Run], *, role: str = "fang", heading: str = "", size: float = 0
    ) -> None:
        """写几段文字；标题部分用 `heading` 的字体。"""
        for run in runs:
            self.write(
                line, run.text, role=heading if run.heading and heading else role, size=size, bold=run.bold
            )

    def line(self, text: str = "", *, align: WD_ALIGN_PARAGRAPH | None = None, **style: object) -> Line:
        """一段不缩进的文字。"""
        line: Line = self.word.add_paragraph()
        if align is not None:
            line.alignment = align
        if text:
            self.write(line, text, **style)  # type: ignore[arg-type]
        return line

    def indent(self, line: Line, *, first: float = 0, left: float = 0, right: float = 0) -> None:
        """缩进，单位“字”（正文字号）。"""
        unit = self.style.body
        layout = line.paragraph_format
        if first:
            layout.first_line_indent = Pt(unit * first)
        if left:
            layout.left_indent = Pt(unit * left)
        if right:
            layout.right_indent = Pt(unit * right)

    def blank(self) -> None:
        """空一行。"""
        self.word.add_paragraph()

    def page(self) -> None:
        """换页。"""
        self.word.add_paragraph().add_run().add_break(WD_BREAK.PAGE)

    def rule(self, line: Line, *, color: str = "000000", size: int = 6, above: bool = False) -> None:
        """段落下（上）面的横线；`size` 单位八分之一磅。"""
        borders = OxmlElement("w:pBdr")
        edge = OxmlElement("w:top" if above else "w:bottom")
        for key, value in (("val", "single"), ("sz", str(size)), ("space", "4"), ("color", color)):
            edge.set(qn(f"w:{key}"), value)
        borders.append(edge)
        line._p.get_or_add_pPr().insert_element_before(
            borders,
            "w:shd",
            "w:tabs",
            "w:suppressAutoHyphens",
            "w:snapToGrid",
            "w:spacing",
            "w:ind",
            "w:jc",
            "w:rPr",
        )

    # ---- 表格 ----

    def table(self, table: Table, *, size: float, labels: bool) -> WordTable:
        """一张有框线的表。`labels`：没有表头的，第一、三……列是栏目名，居中。"""
        columns = table.columns
        widths = [float(one) for one in table.widths] or self._even(columns, labels and not table.header)
        widths = widths[:columns] + [1.0] * (columns - len(widths))
        made = self.word.add_table(rows=0, cols=columns)
        made.style = "Table Grid"
        made.alignment = WD_TABLE_ALIGNMENT.CENTER
        made.autofit = False
        total = sum(widths)
        sizes = [Mm(self.style.width * one / total) for one in widths]
        for column, width in zip(made.columns, sizes, strict=True):
            column.width = width
        for index, cells in enumerate(table.rows):
            row = made.add_row()
            _whole_row(row)
            if labels and not table.header:
                row.height_rule = WD_ROW_HEIGHT_RULE.AT_LEAST
                row.height = Mm(_tall(cells[-1]))
            head = table.header and index == 0
            if head:
                _repeat(row)
            place = 0
            for number, cell in enumerate(cells):
                # 最后一格占满余下的列：少写了列的行也不破。
                span = columns - place if number == len(cells) - 1 else cell.span
                target = row.cells[place]
                if span > 1:
                    target = target.merge(row.cells[min(place + span, columns) - 1])
                label = head or (labels and not table.header and number % 2 == 0 and len(cells) > 1)
                self.cell(target, cell, size=size, center=label, bold=head)
                place += span
        return made

    def _even(self, columns: int, labels: bool) -> list[float]:
        """栏目名一样宽，内容分余下的；不是栏目表的平分。"""
        if not labels or columns not in (2, 4):
            return [1.0] * columns
        pairs = columns // 2
        return [self.style.label, self.style.width / pairs - self.style.label] * pairs

    def cell(self, target: _Cell, cell: Cell, *, size: float, center: bool, bold: bool = False) -> None:
        """写一格。"""
        target.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        for number, runs in enumerate(cell.lines):
            line = target.paragraphs[0] if not number else target.add_paragraph()
            self.loose(line, size)
            if center:
                line.alignment = CENTER
            self.runs(line, [Run(run.text, run.bold or bold) for run in runs], size=size)

    def loose(self, line: Line, size: float) -> None:
        """表格里的行距：单倍多一点，不贴文档网格，格子才放得紧。"""
        layout = line.paragraph_format
        layout.line_spacing_rule = WD_LINE_SPACING.AT_LEAST
        layout.line_spacing = Pt(size * 1.5)
        layout.space_before = layout.space_after = Pt(2)
        snap = OxmlElement("w:snapToGrid")
        snap.set(qn("w:val"), "0")
        line._p.get_or_add_pPr().insert_element_before(snap, "w:spacing", "w:ind", "w:jc", "w:rPr")

    # ---- 页脚 ----

    def footer(self, paper: Paper, above: str = "") -> None:
        """每页页脚：左边二维码和核验码，右边“第×页 共×页”；`above` 是它们上面的签名栏。"""
        footer = self.word.sections[0].footer
        footer.is_linked_to_previous = False
        first = footer.paragraphs[0]
        if above:
            self.loose(first, self.style.small)
            self.write(first, above, size=12)
        else:
            first._p.getparent().remove(first._p)
        size = self.style.code_size
        table = footer.add_table(1, 3, Mm(self.style.width))
        table.autofit = False
        widths = (size + 2, 84, self.style.width - size - 86)
        for cell, column, width in zip(table.rows[0].cells, table.columns, widths, strict=True):
            cell.width = column.width = Mm(width)
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        left, middle, right = (cell.paragraphs[0] for cell in table.rows[0].cells)
        for line in (left, middle, right):
            self.loose(line, self.style.tiny)
        _no_padding(table)
        picture = io.BytesIO()
        segno.make(paper.mark, error="q", boost_error=False, micro=False).save(
            picture, kind="png", scale=12, border=2
        )
        picture.seek(0)
        shape = left.add_run().add_picture(picture, width=Mm(size))
        for side in ("distT", "distB", "distL", "distR"):  # 不写的，有的软件当作四周空 3 毫米
            shape._inline.set(side, "0")
        shape._inline.docPr.set("descr", f"文书二维码 {paper.code}")
        self.write(middle, f"{paper.title}\n核验码 {paper.code}", role="plain", size=self.style.tiny)
        right.alignment = RIGHT
        self.write(right, "第 ", role="plain", size=self.style.small)
        self._number(right, "PAGE")
        self.write(right, " 页 共 ", role="plain", size=self.style.small)
        self._number(right, "NUMPAGES")
        self.write(right, " 页", role="plain", size=self.style.small)
        tail = footer.add_paragraph()  # Word 要求表格后面有一段
        tail.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        tail.paragraph_format.line_spacing = Pt(1)

    def _number(self, line: Line, code: str) -> None:
        run = self.write(line, "", role="plain", size=self.style.small)
        for kind, text in (("begin", ""), ("", code), ("separate", ""), ("text", "1"), ("end", "")):
            if kind in ("begin", "separate", "end"):
                part = OxmlElement("w:fldChar")
                part.set(qn("w:fldCharType"), kind)
            else:
                part = OxmlElement("w:t" if kind == "text" else "w:instrText")
                part.text = text
            run._r.append(part)

    def save(self, title: str) -> bytes:
        """写成字节。文件属性里只有题名，没有个人信息。"""
        core = self.word.core_properties
        core.title, core.author, core.comments, core.last_modified_by = title, "", "", ""
        target = io.BytesIO()
        self.word.save(target)
        return target.getvalue()


def _tall(cell: Cell) -> float:
    """栏目表一行至少多高（毫米）：等着手写的高些。"""
    text = "".join(run.text for line in cell.lines for run in line).strip()
    return 14 if not text or text.replace("\u3000", "") == "年月日" else 9


def _whole_row(row: _Row) -> None:
    """一行不拆到两页。"""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _repeat(row: _Row) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _no_padding(table: WordTable) -> None:
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), "0")
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    look = table._tbl.tblPr.find(qn("w:tblLook"))
    if look is not None:
        look.addprevious(margins)
    else:
        table._tbl.tblPr.append(margins)
