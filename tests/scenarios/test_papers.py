"""文书：敬告书当场印出来，当事人签了字，几件的混在一起扫，各归各的卷；扫错的说得出错在哪里。"""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest
from PIL import Image

from jiezhi.base.casework import actions, files
from jiezhi.base.casework.models import Case, EvidenceFile
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.documents import actions as papers
from jiezhi.base.documents import queries
from jiezhi.base.documents.models import Document
from jiezhi.base.documents.testing import printed, worn


@pytest.fixture
def team(desk: Any) -> list[Any]:
    return [desk.person("enforcement_officer", nth=n) for n in (0, 1)]


def cautioned(desk: Any, team: list[Any], name: str) -> Document:
    """敬告一个人，敬告书做好。"""
    building = desk.building()
    inputs = {
        "act": "阳台外吊挂衣物",
        "spot": {"lon": str(building.lon), "lat": str(building.lat)},
        "parties": [{"name": name, "phone": "13500135001"}],
        "party_kind": "自然人",
        "cause": "CF-060",
        "act_on": desk.now.date().isoformat(),
        "facts": "临街阳台外吊挂衣物",
        "photos": [desk.photo()],
        "must_file": False,
        "handlers": [str(one.pk) for one in team],
    }
    opened = actions.open_case(
        "enforcement.caution", "register", inputs=inputs, now=desk.now, acting_officer=team[0]
    )
    assert isinstance(opened, Outcome), str(opened)
    case = Case.objects.get(uid=opened.uid)
    desk.does(
        case, team[0], "敬告", 事实="临街阳台外吊挂衣物", 敬告的情形="首违可不罚", 为什么属于这种情形="第一次发现，没有坠落",
        初次违法=True, 危害后果轻微=True, 提示和改正要求="请收回衣物，改用阳台内侧晾晒", 改正期限="2026-08-10",
        怎样敬告="当面口头并交付敬告书",
    )  # fmt: skip
    desk.worker()
    return Document.objects.get(case=case, name="caution")


def scanned(desk: Any, officer: Any, *sheets: Image.Image) -> EvidenceFile:
    target = io.BytesIO()
    sheets[0].save(target, "PDF", resolution=200, save_all=True, append_images=sheets[1:])
    target.seek(0)
    return files.store(target, "扫描仪.pdf", kind="any", acting_officer=officer, now=desk.now)


def test_printed_signed_scanned_and_in_the_file(desk: Any, team: list[Any]) -> None:
    first, second = cautioned(desk, team, "黎大海"), cautioned(desk, team, "贺小满")
    word = docx.Document(str(files.path_of(first.docx_id or "")))
    text = "\n".join(line.text for line in word.paragraphs)
    assert "敬告书" in text and "黎大海" in text and "请收回衣物，改用阳台内侧晾晒" in text
    assert "贺小满" not in text

    # 两件的敬告书一起放进扫描仪，有一张放倒了、有点歪，还夹了一张外单位的纸。
    desk.later(hours=1)
    stray = printed(Document(short="ABCDEFGH", code="2345678923"))
    sheets = [worn(printed(second), tilt=2, noise=0.002), printed(first).rotate(180), stray]
    found = papers.file_scan(scanned(desk, team[0], *sheets), acting_officer=team[0], now=desk.now)
    assert {(one.document.pk, one.pages) for one in found.filed} == {(second.pk, (1,)), (first.pk, (2,))}
    assert [one.result for one in found.left] == ["forged"] and "不要签收" in found.left[0].say
    papers.set_aside(found.left, acting_officer=team[0], reason="夹进来的外单位的纸", now=desk.now)
    assert not queries.waiting_scans(team[0], desk.now)

    for document in (first, second):
        case = Case.objects.get(pk=document.case_id)
        assert desk.steps(case)[-2:] == ["文书归卷", "签回归卷"]
        desk.same(case)
    # 照片一张、敬告书一份、签回的一份，都在案卷包里，离开系统也核验得过。
    assert desk.package(Case.objects.get(pk=first.case_id), team[0]).facts["files"] == 3
