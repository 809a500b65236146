"""公开站：首页、咨询、办事指南、权责清单；大字版；安全响应头和嵌入；第一次打开有多大。"""

from __future__ import annotations

import gzip
import io
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from docx import Document

from jiezhi.base.casework import powers
from jiezhi.base.casework.testing import START, make_office
from jiezhi.base.casework.tests.lives import DAY
from jiezhi.base.casework.tests.powerlist import (
    HELD,
    People,
    drafted,
    make_people,
    publish,
    published,
    ready,
    revised,
)
from jiezhi.base.publishing.testing import make_team
from jiezhi.core.procedure.guide import guide_of
from jiezhi.web.office.testing import packs, publish_packs
from jiezhi.web.public import queries, shell

HOME, GUIDES, POWERS = "/bianmin/", "/bianmin/zhinan/", "/bianmin/quanze/"
GUIDE = f"{GUIDES}service.temporary_use/"
READ = (HOME, "/bianmin/zixun/", GUIDES, GUIDE, f"{GUIDE}zhinan.docx", POWERS, "/gongkai/")
FORMS = ("/bianmin/baoshi/", "/bianmin/jindu/")
PAGES = tuple(one for one in (*READ, *FORMS) if not one.endswith(".docx"))
FIRST_VIEW = 120 * 1024


@pytest.fixture
def services(db: None) -> None:
    publish_packs()


@pytest.fixture
def people(db: None, monkeypatch: pytest.MonkeyPatch) -> People:
    """权责清单的几个人；网页上的“现在”也停在清单测试的那一天。"""
    monkeypatch.setattr("django.utils.timezone.now", lambda: START)
    return make_people(make_office())


def words(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return str(answer.content.decode())


def plain(text: str) -> str:
    """页面上的字，不算空白。"""
    return re.sub(r"\s+", "", unescape(re.sub(r"<[^>]+>", "", text)))


# ---- 每一页都一样的 ----


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_safe_and_plain(client: Client, services: None, address: str) -> None:
    answer = client.get(address)
    text = answer.content.decode()
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", text)
    assert text.count("<h1") == 1 and 'lang="zh-Hans"' in text and "跳到正文" in text
    for way in (*FORMS, GUIDES, "/bianmin/zixun/"):
        assert f'href="{way}"' in text
    labelled = set(re.findall(r'<label[^>]*\sfor="([^"]+)"', text))
    asked = re.findall(r"<(?:input|select|textarea)\b(?![^>]*type=\"hidden\")[^>]*>", text)
    if address in FORMS:
        return  # 那两页的表单各有各的测试
    named = [re.search(r'\sid="([^"]+)"', one) for one in asked]
    assert all(one and one[1] in labelled for one in named)


def test_first_view_of_the_home_page_is_small(client: Client, services: None) -> None:
    team = make_team()
    for number in range(6):
        team.published(decision_number=f"云街罚〔2026〕{number}号")
    text = words(client, HOME)
    parts = [text.encode()]
    for name in re.findall(r'/static/([^"]+)"', text):
        found = finders.find(name)
        assert found, name
        parts.append(Path(found).read_bytes())
    assert len(parts) == 3, "样式、脚本各一份"
    assert sum(len(gzip.compress(one)) for one in parts) <= FIRST_VIEW


def test_large_words_are_kept_by_the_server(client: Client, services: None) -> None:
    assert 'class="large' not in words(client, HOME) and "?zi=da" in words(client, HOME)
    answer = client.get(f"{GUIDES}?zi=da&q=宣传")
    assert answer.cookies["zi"]["samesite"] == "Lax"
    text = words(client, HOME)
    assert '<html lang="zh-Hans" class="large' in text and "普通字" in text
    assert "q=%E5%AE%A3%E4%BC%A0&amp;zi=xiao" in answer.content.decode(), "换字不丢查找的词"
    assert '<html lang="zh-Hans" class="large' in words(client, "/bianmin/baoshi/")
    client.get(f"{HOME}?zi=xiao")
    assert 'class="large' not in words(client, HOME)
    assert "zi" not in client.get(f"{HOME}?zi=%3Cb%3E").cookies


def test_only_named_portals_may_embed_and_only_what_is_read(
    client: Client, services: None, settings: Any
) -> None:
    settings.PORTAL_ORIGINS = ["https://qu.example.cn"]
    for address in READ:
        answer = client.get(address)
        assert "frame-ancestors 'self' https://qu.example.cn" in answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in answer.headers
    for address in (*FORMS, "/login/"):
        answer = client.get(address)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
    usual, embedded = words(client, HOME), words(client, f"{HOME}?embed=1")
    assert "_blank" not in usual
    for address in FORMS:
        links = re.findall(rf'<a [^>]*href="{address}"[^>]*>', embedded)
        assert links and all('target="_blank" rel="noopener"' in one for one in links)
    inside = client.get(HOME, headers={"Sec-Fetch-Dest": "iframe"}).content.decode()
    assert 'target="_blank"' in inside, "https 上不写 embed=1 也认得出"


def test_too_many_are_asked_to_wait(
    client: Client, services: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "_reads", shell.Counter("read"))
    settings.PUBLIC_RATES = {"read": "2/60"}
    for _ in range(2):
        words(client, HOME)
    answer = client.get(GUIDES)
    assert answer.status_code == 429 and 0 < int(answer.headers["Retry-After"]) <= 60
    assert "秒后再打开" in answer.content.decode()


def test_the_sign_in_page_shows_residents_the_way(client: Client, db: None) -> None:
    assert f'href="{HOME}"' in words(client, "/login/")
    assert client.get("/").headers["Location"].startswith("/login/"), "根网址仍是办公的"


# ---- 首页、咨询 ----


def test_an_empty_street_says_so(client: Client, db: None) -> None:
    text = words(client, HOME)
    assert "还没有办事指南" in text and "现在没有公示" in text and "权责清单还没有公布" in text
    assert "还没有办事指南" in words(client, GUIDES) and "还没有公布" in words(client, POWERS)


def test_contact_is_only_what_is_set(client: Client, services: None, settings: Any) -> None:
    settings.OFFICE_CONTACT = {}
    text = words(client, "/bianmin/zixun/")
    assert "tel:" not in text and "到云桥街道办事处的窗口" in text and "打电话问" not in text
    settings.OFFICE_CONTACT = {"phone": "0755-1234567", "address": "云桥路1号"}
    text = words(client, "/bianmin/zixun/")
    assert 'href="tel:0755-1234567"' in text and "云桥路1号" in text


def test_words_given_as_examples_find_something(client: Client, services: None) -> None:
    told = re.findall("“([^”]+)”", words(client, "/bianmin/zixun/"))
    assert len(told) == 2
    for word in told:
        assert f'href="{GUIDES}service.' in words(client, f"{GUIDES}?q={word}"), word


def test_home_shows_a_few_of_each(client: Client, services: None) -> None:
    team = make_team()
    team.published()
    withdrawn = team.published(decision_number="云街罚〔2026〕13号")[1]
    team.ok(team.act(withdrawn, "withdraw", withdraw_reason="原决定认定事实有误"))
    team.drain()
    text = words(client, HOME)
    assert text.count(f'href="{GUIDES}service.') == 6 and "看全部 14 项" in text
    assert "张某占道经营" in text and "云街罚〔2026〕13号（已撤回）" in text and "13800138000" not in text


# ---- 办事指南 ----


def test_guides_are_sorted_and_found(client: Client, services: None) -> None:
    text = words(client, GUIDES)
    assert text.index(">行政给付<") < text.index(">行政许可<") < text.index(">其他事项<"), "其他放最后"
    assert "张挂、张贴宣传品审批" in text and "最低生活保障申请" in text
    found = words(client, f"{GUIDES}?q=宣传品")
    assert "张挂、张贴宣传品审批" in found and "最低生活保障申请" not in found
    assert "张挂、张贴宣传品审批" in words(client, f"{GUIDES}?q=授权委托书 张贴"), "材料里的字也找得到"
    only = words(client, f"{GUIDES}?lei=行政许可")
    assert "张挂、张贴宣传品审批" in only and "最低生活保障申请" not in only
    assert 'name="lei" value="行政许可"' in only, "再查找仍在这一类里"
    assert "没有找到" in words(client, f"{GUIDES}?q=办护照") and "没有找到" in words(
        client, f"{GUIDES}?lei=x"
    )


@pytest.mark.parametrize("matter", ["service.poster", "service.minimum_living", "service.owners_committee"])
def test_a_guide_says_all_the_office_says(client: Client, services: None, matter: str) -> None:
    guide = guide_of(packs().matters[matter].definition)
    text = plain(words(client, f"{GUIDES}{matter}/"))
    wanted = [
        cell for one in guide.materials for cell in (one.title, one.amount, one.free, one.help, one.form)
    ]
    wanted += [
        cell for one in guide.limits for cell in (one.title, one.legal, one.promised, one.basis, one.note)
    ]
    wanted += [one.text for one in (*guide.conditions, *guide.steps, *guide.remedies)]
    wanted += [guide.fee, guide.ways, guide.result, guide.audience, *guide.notes, *guide.bases]
    assert [cell for cell in wanted if cell and plain(cell) not in text] == []


def test_guide_and_blank_forms_can_be_taken_away(client: Client, services: None) -> None:
    text = words(client, GUIDE)
    files = re.findall(rf'href="({GUIDE}[^"]+\.docx)"', text)
    assert f"{GUIDE}zhinan.docx" in files and len(files) > 1
    for address in files:
        answer = client.get(address)
        assert "attachment" in answer.headers["Content-Disposition"]
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert Document(io.BytesIO(b"".join(answer.streaming_content))).paragraphs
    for address in (f"{GUIDE}grant_decision.docx", f"{GUIDES}nothing/zhinan.docx", f"{GUIDES}nothing/a.docx"):
        assert "没有这份" in words(client, address, 404)
    assert "没有这份办事指南" in words(client, f"{GUIDES}report.snapshot/", 404), "没有指南的业务"
    assert "没有这份办事指南" in words(client, f"{GUIDES}%3Cb%3E%00/", 404)


def test_only_what_can_be_done_online_has_the_button(
    client: Client, services: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = "/bianmin/baoshi/?matter=service.temporary_use"
    assert way not in words(client, GUIDE) and "可网上办" not in words(client, GUIDES)
    monkeypatch.setattr(queries, "online", lambda now: {"service.temporary_use": "临时堆放"})
    assert way in words(client, GUIDE)
    assert words(client, GUIDES).count("可网上办") == 1
    home = words(client, HOME)
    assert home.index("可网上办") < home.index(f"{GUIDES}service.", home.index("可网上办")), (
        "可以网上办的排在前"
    )


# ---- 权责清单 ----


def test_the_power_list_is_counted_and_found(client: Client, people: People) -> None:
    published(people, "CF-1")
    published(people, "CF-2", title="沿街堆物")
    drafted(people, "CF-3", title="还没有公布的")
    text = plain(words(client, POWERS))
    assert "随地吐痰" in text and "沿街堆物" in text and "还没有公布的" not in text
    assert "行政处罚2项" in text and "综合执法队" in text
    assert "沿街堆物" not in words(client, f"{POWERS}?q=吐痰")
    assert "随地吐痰" in words(client, f"{POWERS}?q=cf-1") and "没有找到" in words(
        client, f"{POWERS}?lei=行政许可"
    )


def test_a_power_quotes_only_checked_law_and_names_nobody(client: Client, people: People) -> None:
    published(people, "CF-1", basis=["city.34-1", "city.36"])
    text = words(client, f"{POWERS}CF-1/")
    assert "《城市市容和环境卫生管理条例》（2017年修订）第34条" in text and "第36条" not in text
    assert "综合执法队" in text and "基本职责" in text and "行政复议" in text and "综合执法公告" in text
    assert "列入清单" in text
    for name in ("何清单", "方法制", "周主任", "同意"):
        assert name not in text
    assert "没有这个事项" in words(client, f"{POWERS}CF-9/", 404)
    words(client, f"{POWERS}{'x' * 200}/", 404)
    words(client, f"{POWERS}%00/", 404)


def test_history_tells_what_changed_and_when(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(people)
    revised(people, title="随地吐痰、便溺", fee="不收费")
    ready(people)
    publish(people, start=(START + 10 * DAY).date())
    before = words(client, f"{POWERS}CF-1/")
    assert "便溺" not in before, "还没有到起日的不给看"
    monkeypatch.setattr("django.utils.timezone.now", lambda: START + 11 * DAY)
    text = plain(words(client, f"{POWERS}CF-1/"))
    assert "随地吐痰、便溺" in text and "改了：名称、收费" in text and "起不再有效" in text
    powers.repeal("CF-1", reason="职责调整", acting_officer=people.head, now=START + 11 * DAY)
    ended = plain(words(client, f"{POWERS}CF-1/"))
    assert (
        "这个事项已经废止" in ended and "废止：职责调整" in ended and "随地吐痰" not in words(client, POWERS)
    )


def test_an_unchecked_basis_alone_says_it_is_being_checked(client: Client, people: People) -> None:
    published(
        people, "FW-1", **{"class": "公共服务", "basis": ["city.36"], "matter": None, "authorisation": HELD}
    )
    text = words(client, f"{POWERS}FW-1/")
    assert "依据还在核对" in text and "第36条" not in text


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%25_'", "lei=<b>", "q=" + "长" * 3000, "zi=<b>", "q=%E2%80%AE"]
)
def test_odd_addresses_do_no_harm(client: Client, services: None, query: str) -> None:
    for address in (HOME, GUIDES, POWERS, "/bianmin/zixun/"):
        assert "<b>" not in words(client, f"{address}?{query}")
