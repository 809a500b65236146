"""谁看得见：任期满、换岗、离岗、限指定人员；并案和子件的另一头；相似的件；扫描件；凭据到期；居民。"""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from jiezhi.api.testing import BASE
from jiezhi.base.casework import actions, queries, search
from jiezhi.base.casework.models import Case, CaseField, Notice
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.base.documents.models import Document
from jiezhi.base.documents.testing import printed
from jiezhi.web.office.views import files as files_view

OWNER, OTHER = "jingban", "minzheng"
LOST = ("guoqi", "huangang", "ligang")


def fetched(town: Any, who: str, path: str, data: Any = None) -> Any:
    return town.client(who, "api").get(BASE + path, data).json()


# ---- 谁看得见：任期、换岗、离岗 ----


def test_those_who_lost_sight_did_have_it(town: Any) -> None:
    """几位以前确实看得见（不然试他们没有意义），现在一件也看不见；甲现在看得见每一件。"""
    before = timezone.now() - timedelta(days=30)
    plain = town.cases["plain"].pk
    for who in LOST[:2]:
        assert queries.visible(town.officer(who), before).filter(pk=plain).exists(), who
    assert Notice.objects.filter(officer__login="ligang", case=town.cases["handed"]).exists()
    for who in (*LOST, OTHER, "lvren"):
        assert not queries.visible(town.officer(who)).filter(unit="law").exists(), who
    assert str(town.officer("ligang").pk) not in str(town.cases["handed"].roles), "交接走了"
    mine = queries.visible(town.officer(OWNER))
    assert {case.pk for case in town.cases.values()} <= set(mine.values_list("pk", flat=True))


def test_counts_are_exact(town: Any) -> None:
    """数也只数看得见的：乙一件，甲的全部；离岗的令牌不认。"""
    totals = {
        who: fetched(town, who, "/cases", {"open": "any"})["total"] for who in (OWNER, OTHER, "huangang")
    }
    assert totals == {OWNER: len(town.cases), OTHER: 1, "huangang": 1}
    for words in (town.target["name"], town.target["phone4"], town.target["address"], town.target["tail"]):
        assert fetched(town, OTHER, "/cases", {"q": words, "open": "any"})["total"] == 0, words
        assert fetched(town, OWNER, "/cases", {"q": words, "open": "any"})["total"] > 0, words
    answer = town.client("ligang", "api").get(BASE + "/cases")
    assert answer.status_code == 401


def test_a_case_made_confidential_is_no_longer_found(town: Any) -> None:
    """限指定人员的：本单位的人、分拨、督办都看不见、找不到，收过的消息也不再显示。"""
    sealed = town.cases["sealed"]
    for who in ("fuze", "fenbo", "duban", "guanli"):
        assert town.client(who).get(f"/cases/{sealed.uid}/").status_code == 404, who
        for way in ("/", "/notices/", "/reads/"):
            text = town.page(who, way, {"q": "密报", "open": "any", "scope": "all"})
            assert sealed.number not in text and sealed.title not in text, f"{who} {way}"
    assert sealed.title in town.page(OWNER, "/notices/")


def test_old_messages_fall_silent_only_when_the_post_changed(town: Any) -> None:
    """换了岗的：旧消息不再显示；没有换过岗的，件转走了，原来的消息照旧。"""
    assert "这件现在不归您看" in town.page("huangang", "/notices/")
    case = town.cases["plain"]
    town.does(case, "fenbo", "recall", "责任单位不对")
    town.does(case, "fenbo", "dispatch", to_unit="civil")
    assert town.client(OWNER).get(f"/cases/{case.uid}/").status_code == 404
    assert case.title in town.page(OWNER, "/notices/")


def test_a_pass_to_a_secret_file_runs_out(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """写明原因之后的取件凭据：过了时限，甲自己也要重新写明。"""
    path = f"/cases/{town.target['secret']}/files/{town.target['hidden']}/"
    data = {"seen": town.target["seen"]}
    assert "JFIF" in town.page(OWNER, path, data)
    monkeypatch.setattr(files_view, "SEEN_SECONDS", -1)
    assert town.client(OWNER).get(path, data).status_code == 404


# ---- 并案、子件的另一头 ----


def test_the_other_end_of_a_link_is_not_told(town: Any) -> None:
    """乙的件并进了甲的、乙的件是甲的件分出来的：乙看自己的那一件，看不到另一头。"""
    own = Case.objects.get(uid=town.target["own"])
    main, secret, child = (town.cases[kind] for kind in ("main", "secret", "child"))
    rows = actions.merge(
        str(main.uid), [str(own.uid)], acting_officer=town.officer("fenbo"), reason="同一处的"
    )
    assert all(isinstance(one, Outcome) for one in rows), rows
    Case.objects.filter(pk=child.pk).update(unit="civil")
    for mine, far in ((own, main), (child, secret)):
        seen = [
            town.page(OTHER, f"/cases/{mine.uid}/"),
            json.dumps(fetched(town, OTHER, f"/cases/{mine.uid}")),
        ]
        for text in seen:
            assert mine.number in text
            assert far.number not in text and str(far.uid) not in text
    assert main.number in town.page("fenbo", f"/cases/{own.uid}/")


def test_similar_cases_are_only_ones_own_to_see(town: Any) -> None:
    """乙办一件很像甲的：件页面不提甲的。"""
    spot = {"address": town.target["address"], "lon": "113.005", "lat": "23.008"}
    inputs = {"content": town.cases["plain"].title, "spot": spot}
    inputs["reporter"] = {"name": town.target["name"], "phone": town.target["phone"]}
    found = actions.open_case(
        "report.snapshot", "report", acting_officer=town.officer("wangge"), inputs=inputs
    )
    assert isinstance(found, Outcome)
    case = Case.objects.get(uid=found.uid)
    town.does(case, "fenbo", "dispatch", to_unit="civil")
    numbers = {one.number for one in town.cases.values()}
    text = town.page(OTHER, f"/cases/{case.uid}/")
    assert case.number in text and not [one for one in numbers if one in text]
    assert town.cases["plain"].number in town.page("fenbo", f"/cases/{case.uid}/")


def test_what_stands_in_the_way_is_not_named(town: Any) -> None:
    """同时只能有一件的：库里的、同一批里刚开的，看不见就不说是哪一件；看得见的照说。"""
    inputs = {"subject": "试登记", "to_unit": "law"}
    taken = actions.Entry("register", "test.scope", inputs=inputs | {"household": town.target["household"]})
    fresh = actions.Entry("register", "test.scope", inputs=inputs | {"household": "户棠棣一"})
    told = {}
    for who in (OTHER, OWNER):
        found = actions.act_many([taken, fresh, fresh], acting_officer=town.officer(who), now=timezone.now())
        first, opened, second = found
        assert not first.ok and isinstance(opened, Outcome) and not second.ok
        told[who] = (town.cases["secret"].number in str(first), opened.number in str(second))
        Case.objects.filter(uid=opened.uid).update(closed_at=timezone.now())
        CaseField.objects.filter(case__uid=opened.uid).delete()
    assert told == {OTHER: (False, False), OWNER: (True, True)}


def test_a_scanned_paper_of_anothers_case_says_nothing(town: Any) -> None:
    """乙传来甲的文书的扫描件：与没有这份文书说同一句话；甲传的归了卷。"""
    document = Document.objects.get(case=town.cases["paper"])
    stream = io.BytesIO()
    printed(document, dpi=120).save(stream, "PNG")

    def scan(who: str) -> str:
        upload = SimpleUploadedFile("扫描.png", stream.getvalue(), content_type="image/png")
        return str(town.told(town.client(who).post("/scan/", {"files": [upload]})))

    told = scan(OTHER)
    assert "没有这份文书，或您无权查看" in told and not town.leaks(told)
    assert "已归卷" in scan(OWNER)
    assert not town.leaks(scan(OTHER)), "甲归了卷之后再传也一样"


# ---- 居民 ----


def test_residents_need_the_very_code(town: Any) -> None:
    """没有查询码、别件的查询码、号码是别人的：同一句话；码对了也没有办理人姓名、电话、保密的内容。"""
    client = Client()
    plain, sealed, own = town.cases["plain"], town.cases["sealed"], Case.objects.get(uid=town.target["own"])
    codes = {case.number: receipt_code(str(case.uid)) for case in (plain, sealed, own)}
    said = set()
    for number in (*codes, "SP2026973916"):
        for owner, code in {**codes, "": "00000-00000"}.items():
            answer = client.get(f"{BASE}/public/reports/{number}", headers={"X-Query-Code": code})
            text = answer.content.decode()
            if owner == number:
                assert answer.status_code == 200 and number in text
                continue
            assert answer.status_code == 404, (number, owner)
            said.add(text.replace(number, "〈写的〉"))
    assert len(said) == 1, said
    whole = client.get(
        f"{BASE}/public/reports/{plain.number}", headers={"X-Query-Code": codes[plain.number]}
    ).content.decode()
    assert town.target["address"] in whole
    for hidden in (town.target["phone"], town.target["name"], "李经办", "在场", str(plain.uid)):
        assert hidden not in whole, hidden
    # 没有来件人的业务（处罚、入户事项的文书），编号和算得出的码都对，也不给查
    wrong = client.post(
        f"{BASE}/public/reports/{plain.number}/actions/withdraw",
        json.dumps({"code": codes[own.number]}),
        content_type="application/json",
    )
    assert wrong.status_code == 404 and Case.objects.get(pk=plain.pk).closed_at is None


def test_nothing_of_the_confidential_is_in_the_index(town: Any) -> None:
    """限指定人员的一个字也不进全文索引：重建之后也一样。"""
    search.reindex(tidy=True)
    assert queries.worklist(town.officer("fenbo"), queries.Filters(words="密报")).count() == 0
    assert queries.worklist(town.officer("fenbo"), queries.Filters(words="井盖叮当")).count() > 0
