"""打印单：内容照指南，空白表只能是某份材料的。"""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.conf import settings
from docx import Document

from jiezhi.core.procedure.guide import guide_of, sections
from jiezhi.core.procedure.loader import load_folder
from jiezhi.services.promise.actions import form_docx, guide_docx

PERMIT = load_folder(settings.PACKS_DIR).matters["service.billboard"].definition
ON = date(2026, 8, 3)


def test_every_section_of_the_guide_is_printed() -> None:
    guide = guide_of(PERMIT)
    word = Document(io.BytesIO(guide_docx(guide, PERMIT, ON)))
    titles = [line.text for line in word.paragraphs]
    assert all(section.title in titles for section in sections(guide))
    tables = [section for section in sections(guide) if section.rows]
    assert [len(table.rows) - 1 for table in word.tables] == [len(one.rows) for one in tables]
    assert PERMIT.digest[:8] in "".join(
        cell.text for table in word.sections[0].footer.tables for row in table.rows for cell in row.cells
    )


def test_only_forms_of_materials_are_blank_forms() -> None:
    word = Document(io.BytesIO(form_docx(PERMIT, "form", ON)))
    assert "大型户外广告设置审批" in [cell.text for row in word.tables[0].rows for cell in row.cells]
    for name in ("grant_decision", "nothing"):
        with pytest.raises(ValueError, match="没有这份空白表"):
            form_docx(PERMIT, name, ON)
