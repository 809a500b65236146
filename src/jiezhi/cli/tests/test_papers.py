"""jiezhi document / scan：导出和归位，与页面同一套规矩。"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import docx
import pytest
from click.testing import CliRunner

from jiezhi.base.casework import matters
from jiezhi.base.casework.testing import START, Office, make_office
from jiezhi.base.documents.models import SIGNED, Document
from jiezhi.base.documents.testing import answered, paper_definition, printed
from jiezhi.cli.papers import document_command, scan_command


@pytest.fixture
def document(db: None, settings: Any) -> Document:
    settings.SOFFICE = "off"
    made: Office = make_office()
    matters.publish(paper_definition(), now=START)
    return answered(made)


def run(command: Any, *arguments: str) -> Any:
    return CliRunner().invoke(command, list(arguments))


def test_list_and_export(document: Document, tmp_path: Path) -> None:
    number = document.case.number
    listed = run(document_command, number, "--as", "jingban")
    assert listed.exit_code == 0 and "reply 《答复书》第 1 版：已制作" in listed.output
    target = tmp_path / "答复书.docx"
    done = run(document_command, number, "reply", "--as", "jingban", "--out", str(target))
    assert done.exit_code == 0, done.output
    assert any("已经换好路灯" in line.text for line in docx.Document(str(target)).paragraphs)
    wrong = run(document_command, number, "decision", "--as", "jingban")
    assert wrong.exit_code == 1 and "没有叫“decision”的文书；这件有：reply" in wrong.output
    hidden = run(document_command, number, "reply", "--as", "lvren")
    absent = run(document_command, "没有这件", "reply", "--as", "lvren")
    assert hidden.exit_code == 1 and hidden.output.replace(number, "没有这件") == absent.output


def test_scan_files_itself(document: Document, tmp_path: Path) -> None:
    path = tmp_path / "签回.pdf"
    printed(document).save(path, "PDF", resolution=200)
    done = run(scan_command, str(path), "--as", "jingban", "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.output)
    assert data["ok"] and data["filed"][0]["case"] == document.case.number
    document.refresh_from_db()
    assert document.state == SIGNED
    blank = tmp_path / "空白.pdf"
    printed(Document(short="ABCDEFGH", code="2345678923")).save(blank, "PDF", resolution=200)
    left = run(scan_command, str(blank), "--as", "jingban")
    assert left.exit_code == 1 and "第 1 页没有归：二维码的核验码不对" in left.output
    text = tmp_path / "a.txt"
    text.write_text("不是扫描件")
    refused = run(scan_command, str(text), "--as", "jingban")
    assert refused.exit_code == 1 and "PDF 或图片" in refused.output
