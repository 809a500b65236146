"""网页、Word 打印单、命令行三处的材料、条件、时限相同；空白表、一次性告知单出自同一份声明。"""

from __future__ import annotations

import io
import json
import re
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.test import Client
from django.urls import reverse
from docx import Document

from jiezhi.cli.main import main
from jiezhi.core.procedure.checklist import lacking
from jiezhi.core.procedure.guide import guide_of, main_clock, saved_words, sections
from jiezhi.web.office.testing import Street, make_street, packs

SERVICES = sorted(
    name for name, one in packs().matters.items() if one.definition and main_clock(one.definition)
)


@pytest.fixture
def street(db: None) -> Street:
    return make_street()


@pytest.fixture
def browser(street: Street) -> Client:
    client = Client()
    client.force_login(street["jingban"], backend="django.contrib.auth.backends.ModelBackend")
    return client


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _page(client: Client, matter: str) -> str:
    answer = client.get(reverse("office:guide", args=[matter]))
    assert answer.status_code == 200
    return _squeezed(unescape(re.sub(r"<[^>]+>", "", answer.content.decode())))


def _paper(client: Client, matter: str) -> str:
    answer = client.get(reverse("office:guide_file", args=[matter]))
    assert answer.status_code == 200
    word = Document(io.BytesIO(b"".join(answer.streaming_content)))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    return _squeezed("".join([*(line.text for line in word.paragraphs), *cells]))


def test_there_are_at_least_twelve_services() -> None:
    assert len(SERVICES) >= 12
    kinds = {packs().matters[name].decl.class_ for name in SERVICES}
    assert {"行政许可", "行政给付", "公共服务", "其他"} <= kinds


@pytest.mark.parametrize("matter", ["service.poster", "service.minimum_living", "service.owners_committee"])
def test_page_paper_and_command_say_the_same(browser: Client, matter: str) -> None:
    definition = packs().matters[matter].definition
    guide = guide_of(definition)
    told = CliRunner().invoke(main, ["guide", matter]).output
    places = {"网页": _page(browser, matter), "打印单": _paper(browser, matter), "命令行": _squeezed(told)}
    wanted = [
        cell for one in guide.materials for cell in (one.title, one.amount, one.free, one.help, one.basis)
    ]
    wanted += [
        cell for one in guide.limits for cell in (one.title, one.legal, one.promised, saved_words(one))
    ]
    wanted += [one.text for one in (*guide.conditions, *guide.remedies)] + [guide.fee, guide.ways]
    for place, text in places.items():
        missing = [cell for cell in wanted if cell and _squeezed(cell) not in text and cell != "—"]
        assert not missing, f"{place}没有：{missing}"
    assert len(guide.materials) == len(definition.matter.materials)


@pytest.mark.parametrize("matter", SERVICES)
def test_every_service_is_complete_and_quotes_only_checked_law(matter: str) -> None:
    definition = packs().matters[matter].definition
    guide = guide_of(definition)
    assert guide.audience and guide.conditions and guide.ways and guide.result and guide.remedies
    assert all(one.basis for one in guide.materials), "每样材料都有依据"
    text = json.dumps(guide.as_json(), ensure_ascii=False)
    assert "待核" not in text
    limit = guide.limits[0]
    told = bool(limit.note) or limit.legal == "法律没有规定"
    assert (limit.saved is None) == told, "算不出压缩的说明为什么"
    assert limit.saved is None or limit.saved >= 0, "承诺不长于法定"
    assert sections(guide)


def test_the_notice_lists_what_the_guide_asks_for(street: Street) -> None:
    """一次性告知单里的材料名、依据和指南一字不差。"""
    definition = packs().matters["service.billboard"].definition
    guide = {one.title: one for one in guide_of(definition).materials}
    for one in lacking(definition, {"entrusted": True}):
        assert (one.amount, one.basis) == (guide[one.title].amount, guide[one.title].basis)
    assert len(lacking(definition, {"entrusted": True})) == len(guide)


def test_blank_forms_come_from_the_same_declaration(browser: Client) -> None:
    answer = browser.get(reverse("office:form_file", args=["service.poster", "form"]))
    word = Document(io.BytesIO(b"".join(answer.streaming_content)))
    cells = {cell.text for table in word.tables for row in table.rows for cell in row.cells}
    assert "张挂、张贴宣传品审批" in cells and "申请人（签名或者盖章）" in cells
    for name in ("grant_decision", "nothing"):  # 决定书不是空白表
        assert browser.get(reverse("office:form_file", args=["service.poster", name])).status_code == 404


def test_every_blank_form_can_be_printed(browser: Client) -> None:
    printed = 0
    for matter in SERVICES:
        materials = packs().matters[matter].decl.materials.values()
        for form in {one.form for one in materials if one.form}:
            printed += 1
            answer = browser.get(reverse("office:form_file", args=[matter, form]))
            word = Document(io.BytesIO(b"".join(answer.streaming_content)))
            cells = {cell.text for table in word.tables for row in table.rows for cell in row.cells}
            assert any("申请人" in one for one in cells), f"{matter} 的 {form} 没有申请人一栏"
    assert printed >= 8


def test_the_lists_and_the_columns(browser: Client, street: Street) -> None:
    listed = browser.get(reverse("office:guides")).content.decode()
    assert all(packs().matters[name].decl.title in listed for name in SERVICES)
    speed = browser.get(reverse("office:speed")).content.decode()
    assert "零件不能算作证明" in speed and "85" in speed
    assert browser.get(reverse("office:guide", args=["report.snapshot"])).status_code == 404
    assert browser.get(reverse("office:guide", args=["no.such"])).status_code == 404
    assert Client().get(reverse("office:speed")).status_code == 302


def test_commands_write_the_paper_and_the_figures(street: Street, tmp_path: Path) -> None:
    target = tmp_path / "指南.docx"
    answer = CliRunner().invoke(main, ["guide", "service.poster", "--docx", str(target)])
    assert answer.exit_code == 0, answer.output
    assert Document(str(target)).core_properties.title == "张挂、张贴宣传品审批办事指南"
    assert CliRunner().invoke(main, ["guide", "no.such"]).exit_code == 1
    data = json.loads(CliRunner().invoke(main, ["guide", "service.poster", "--json"]).output)
    assert data["limits"][0]["legal"] == "20个工作日"
    figures = json.loads(CliRunner().invoke(main, ["speed", "--json"]).output)
    assert (figures["checked"], figures["overdue"], figures["wrong"]) == (0, 0, 0)
    assert {row["matter"] for row in figures["rows"]} == set(SERVICES)
    assert "不能证明" in CliRunner().invoke(main, ["speed", "--since", "2026-01-01"]).output
