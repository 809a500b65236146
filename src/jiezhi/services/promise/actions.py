"""把办事指南和空白申请表排成 Word 打印单：用文书的打印单版式排，内容和网页、命令行是同一份。"""

from __future__ import annotations

from datetime import date

from jiezhi.base.documents.layouts import Paper, compose
from jiezhi.base.documents.layouts.style import style
from jiezhi.base.documents.values import office
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.guide import Guide, Section, sections
from jiezhi.core.procedure.papers import fill
from jiezhi.core.prose import day_words


def guide_docx(guide: Guide, definition: Definition, on: date) -> bytes:
    """办事指南的打印单（docx 的字节）。`on` 是打印日，页脚写明业务模板的版本。"""
    text = "\n".join(line for section in sections(guide) for line in _marked(section))
    return compose(_paper(f"{guide.title}办事指南", definition, on), text, style())


def form_docx(definition: Definition, name: str, on: date) -> bytes:
    """空白申请表（docx 的字节）。`name` 是 documents 里的名字；不是某份材料的空白表 → ValueError。

    空白表没有件：模板里只能用 case.matter、office、title、on，其余的留空。
    """
    forms = {item.form for item in definition.matter.materials.values()}
    if name not in forms or name not in definition.matter.documents:
        raise ValueError("没有这份空白表")
    decl = definition.matter.documents[name]
    blank = {"number": "", "title": "", "matter": definition.matter.title, "opened_on": "", "unit": ""}
    text = fill(decl.text, {"case": blank, "office": office(), "title": decl.title, "on": day_words(on)})
    return compose(_paper(decl.title, definition, on, signs=tuple(decl.signs)), text, style())


def _paper(title: str, definition: Definition, on: date, signs: tuple[str, ...] = ()) -> Paper:
    version = f"{definition.id} {definition.digest[:8]}"
    return Paper(
        title=title,
        layout="sheet",
        office=office()["name"],
        number="",
        date=day_words(on),
        signs=signs,
        seal=False,
        mark=f"{title} {version}",
        code=version,
    )


def _marked(section: Section) -> list[str]:
    """一节变成轻标记：小标题一段，表格或者逐条。"""
    lines = [f"**{section.title}**"]
    lines += section.lines
    if section.rows:
        lines.append(f"| {' | '.join(section.head)} |")
        lines.append("|" + "|".join("-" * width for width in section.widths) + "|")
        lines += [f"| {' | '.join(_safe(cell) for cell in row)} |" for row in section.rows]
    return lines


def _safe(text: str) -> str:
    return text.replace("|", "／").replace("\n", " ")
