"""我要报事：没有脚本的一张表单也登得成；填过的不丢；附近的件不露别人的信息；重复的只登记一件。"""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone
from PIL import Image

from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import matters
from jiezhi.base.casework.extensions import extensions
from jiezhi.base.casework.models import Case, EvidenceFile, EvidenceUse
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.base.casework.testing import definition
from jiezhi.services.dispatch.nearby import nearby
from jiezhi.services.residents.queries import promised
from jiezhi.web.office.testing import Street, make_street, packs
from jiezhi.web.public.views import reporting

HERE, DONE = "/bianmin/baoshi/", "/bianmin/baoshi/haole/"
SPOT = {"f-spot-address": "东桥路12号", "f-spot-lon": "113.005", "f-spot-lat": "23.008", "pin": "1"}
RATES: dict[str, str] = {}


@pytest.fixture
def street(db: None, settings: Any, tmp_path: Any) -> Street:
    settings.FILES_DIR, settings.PUBLIC_RATES, settings.RESIDENT_MIN_FREE_BYTES = tmp_path / "files", RATES, 1
    return make_street()


def photo(colour: str = "green", gps: tuple[float, float] | None = None) -> io.BytesIO:
    stream, exif = io.BytesIO(), Image.Exif()
    if gps:
        exif.get_ifd(0x8825).update({1: "N", 2: (gps[1], 0.0, 0.0), 3: "E", 4: (gps[0], 0.0, 0.0)})
    Image.new("RGB", (64, 48), colour).save(stream, "JPEG", exif=exif)
    stream.seek(0)
    stream.name = "我家门口.jpg"
    return stream


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return found[1]


def send(client: Client, **data: Any) -> Any:
    token = hidden(client.get(HERE).content.decode(), "token")
    return client.post(HERE, {"yewu": "report.snapshot", "token": token, **data})


def text(answer: Any) -> str:
    return str(answer.content.decode())


# ---- 登记 ----


def test_a_plain_form_registers_with_photos(street: Street, client: Client) -> None:
    answer = send(client, **{"f-content": "路灯不亮", "f-photos": [photo(), photo("red")], **SPOT})
    assert answer.status_code == 302 and answer["Location"] == DONE
    case = Case.objects.get()
    assert case.fields["content"] == "路灯不亮" and case.fields["channel"] == "居民手机"
    assert case.area_id == "990101001001007" and EvidenceUse.objects.filter(case=case).count() == 2
    page = client.get(DONE)
    code = receipt_code(str(case.uid))
    assert case.number in text(page) and code in text(page) and "no-store" in page["Cache-Control"]
    assert "登记起1个工作日内分派" in text(page) and "已登记，等着派到责任单位" in text(page)
    assert code not in str(client.session.items()) and case.number not in str(client.session.items())


def test_the_code_is_shown_only_to_that_browser_and_not_for_long(
    street: Street, client: Client, monkeypatch: Any
) -> None:
    send(client, **{"f-content": "路灯不亮"})
    assert Client().get(DONE)["Location"] == "/bianmin/jindu/"
    later = timezone.now() + timedelta(minutes=16)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert client.get(DONE)["Location"] == "/bianmin/jindu/"


def test_sending_twice_registers_once(street: Street, client: Client) -> None:
    token = hidden(text(client.get(HERE)), "token")
    data = {"yewu": "report.snapshot", "token": token, "f-content": "路灯不亮", **SPOT}
    for _ in range(2):
        assert client.post(HERE, {**data, "f-photos": photo()})["Location"] == DONE
        assert Case.objects.get().number in text(client.get(DONE))
    changed = client.post(HERE, {**data, "f-content": "路灯不亮，还有井盖", "confirmed": "1"})
    assert changed.status_code == 422 and "刚才已经登记过一件" in text(changed)
    assert Case.objects.count() == 1 and hidden(text(changed), "token") != token, "确实要另报的再点一次"


def test_what_was_typed_stays_and_photos_are_not_sent_again(street: Street, client: Client) -> None:
    answer = send(client, **{"f-content": "", "f-reporter-phone": "123", "f-photos": photo(), **SPOT})
    assert answer.status_code == 422 and not Case.objects.exists()
    page = text(answer)
    assert "还没有“反映的事”" in page and "东桥路12号" in page and 'src="data:image/jpeg;base64,' in page
    assert 'data-start="words"' in page
    slip, digest = hidden(page, "f-photos-slip"), EvidenceFile.objects.get().pk
    assert digest not in page
    again = {"f-content": "路灯不亮", "f-photos-slip": slip, "token": hidden(page, "token"), **SPOT}
    assert client.post(HERE, {"yewu": "report.snapshot", **again}).status_code == 302
    assert EvidenceUse.objects.get().file_id == digest


def test_dropped_forged_and_bad_photos(street: Street, client: Client) -> None:
    page = text(send(client, **{"f-content": "", "f-photos": photo()}))
    slip = hidden(page, "f-photos-slip")
    data = {"f-content": "路灯不亮", "f-photos-slip": slip, "f-photos-drop": slip}
    assert send(client, **data).status_code == 302 and not EvidenceUse.objects.exists()
    forged = text(send(client, **{"f-content": "路灯不亮", "f-photos-slip": EvidenceFile.objects.get().pk}))
    assert "请重新选照片" in forged
    bad = io.BytesIO(b"%PDF-1.4 not a photo")
    bad.name = "x.pdf"
    answer = send(client, **{"f-content": "路灯不亮", "f-photos": bad})
    assert answer.status_code == 422 and "没有收" in text(answer) and "路灯不亮" in text(answer)


@pytest.mark.parametrize(
    "words",
    ["甲" * 5000, "🔥😀路灯", "\u202e反写", "<script>alert(1)</script>路灯", "路\x00灯不亮", "  "],
    ids=["很长", "表情", "从右到左", "尖括号", "空字节", "空白"],
)
def test_odd_words_never_break(street: Street, client: Client, words: str) -> None:
    answer = send(client, **{"f-content": words, "f-reporter-name": words, **SPOT})
    assert answer.status_code in (302, 422)
    page = text(client.get(answer["Location"]) if answer.status_code == 302 else answer)
    assert "<script>alert" not in page
    if answer.status_code == 422:
        assert words.strip().replace("\x00", "")[:20].replace("<", "&lt;").replace(">", "&gt;") in page


def test_too_many_is_told_how_long_to_wait(street: Street, client: Client, monkeypatch: Any) -> None:
    monkeypatch.setitem(RATES, "report", "1/60")
    with override_settings(PUBLIC_RATES={"report": "1/60"}):
        monkeypatch.setattr(reporting, "REPORTS", reporting.Counter("report"))
        assert send(client, **{"f-content": "第一件"}).status_code == 302
        answer = send(client, **{"f-content": "第二件的话", **SPOT})
    assert answer.status_code == 429 and re.search(r"请 \d+ 秒后再点一次", text(answer))
    assert "第二件的话" in text(answer) and Case.objects.count() == 1


def test_too_much_is_refused_before_it_is_read(street: Street, client: Client, monkeypatch: Any) -> None:
    with override_settings(PUBLIC_RATES={"bytes": "500/60"}):
        monkeypatch.setattr(reporting, "BYTES", reporting.Counter("bytes"))
        answer = client.post(HERE, {"yewu": "report.snapshot", "f-photos": photo()})
        assert answer.status_code == 429 and "秒后再点一次" in text(answer)
        assert client.post(f"{HERE}zhaopian/", {"file": photo()}).status_code == 429
    assert not EvidenceFile.objects.exists()


def test_only_our_own_forms(street: Street) -> None:
    strict = Client(enforce_csrf_checks=True)
    for path in (HERE, f"{HERE}zhaopian/", f"{HERE}weizhi/"):
        answer = strict.post(path, {"yewu": "report.snapshot", "file": photo()})
        assert answer.status_code == 403 and "待办" not in text(answer), "不把居民引到办公页面"
    assert not EvidenceFile.objects.exists()


def test_residents_choose_when_there_are_several(street: Street, client: Client, monkeypatch: Any) -> None:
    assert 'name="f-content"' in text(client.get(HERE)), "只有一种的直接填"
    matters.publish(definition(matter="test.noise", title="噪声来件"), now=timezone.now())
    page = text(client.get(HERE))
    assert page.index("随手拍") < page.index("噪声来件") and 'name="f-' not in page
    assert 'name="f-subject"' in text(client.get(f"{HERE}?yewu=test.noise"))
    for wrong in ("?yewu=hotline.order", "?yewu=report.snapshot&dongzuo=dispatch", "?yewu=%00"):
        missing = client.get(HERE + wrong)
        assert missing.status_code == 404 and "回到便民服务" in text(missing) and "待办" not in text(missing)
    assert client.post(HERE, {"yewu": "hotline.order", "f-content": "试"}).status_code == 404
    monkeypatch.setitem(extensions.conditions, "nodes.lacks", lambda context: False)
    assert 'name="f-subject"' in text(client.get(HERE)), "只剩一种"


def test_nothing_open_says_where_to_go(db: None, client: Client) -> None:
    assert "请到街道窗口" in text(client.get(HERE))


def test_residents_are_not_asked_what_is_not_theirs(street: Street, client: Client) -> None:
    page = text(client.get(HERE))
    assert 'name="f-channel"' not in page and "李经办" not in page
    answer = send(client, **{"f-content": "路灯不亮", "f-channel": "窗口", "f-to_unit": "law"})
    assert answer.status_code == 302 and Case.objects.get().fields["channel"] == "居民手机"


# ---- 照片、地点（脚本用的） ----


def test_a_photo_first(street: Street, client: Client) -> None:
    answer = client.post(f"{HERE}zhaopian/", {"file": photo()})
    slip = answer.json()["slip"]
    assert answer.json()["size"] == EvidenceFile.objects.get().size
    assert send(client, **{"f-content": "路灯不亮", "f-photos-slip": slip}).status_code == 302
    assert EvidenceUse.objects.count() == 1
    assert client.post(f"{HERE}zhaopian/", {}).status_code == 422
    wrong = client.post(f"{HERE}zhaopian/", {"file": io.BytesIO(b"hello")})
    assert wrong.status_code == 422 and "照片" in wrong.json()["say"]


def test_the_photos_own_position_is_proposed(street: Street, client: Client) -> None:
    page = text(send(client, **{"f-content": "", "f-photos": photo(gps=(113.0, 23.0))}))
    assert "照片里带着拍摄的位置" in page and hidden(page, "f-spot-lon") == "113.000000"
    kept = text(send(client, **{"f-content": "", "f-photos": photo(gps=(113.0, 23.0)), **SPOT}))
    assert hidden(kept, "f-spot-lon") == "113.005", "写了地点的不动"


def located(client: Client, **data: str) -> str:
    return text(client.post(f"{HERE}weizhi/", {"yewu": "report.snapshot", **data}))


def test_a_place_is_recognised(street: Street, client: Client) -> None:
    assert "云桥街道 · 东桥社区 · 东桥第7网格" in located(client, lon="113.005", lat="23.008")
    assert "不在本街道" in located(client, lon="116.4", lat="39.9")
    assert "没有认出是哪个社区" in located(client, address="不知道哪里")
    assert "地点" in located(client, lon="abc", lat="1") and "先写地址" in located(client)
    plain = text(send(client, **{"do": "place", "f-content": "还没写完", **SPOT}))
    assert "东桥第7网格" in plain and "还没写完" in plain and not Case.objects.exists()
    without = {**SPOT}
    del without["pin"]
    assert "东桥第7网格" not in text(send(client, **{"do": "place", **without, "f-spot-address": "某处"}))


# ---- 附近在办的 ----

TALE = "我叫欧阳槐序，电话13987417391，东桥路12号301室王建国家门口路灯不亮"


def test_nearby_cases_show_no_ones_details(street: Street, client: Client) -> None:
    street.report(TALE, reporter={"name": "欧阳槐序", "phone": "13987417391"})
    page = located(client, lon="113.005", lat="23.008")
    assert "市政设施" in page and "待分派" in page and "今天来件" in page and "东桥第7网格附近" in page
    number = Case.objects.get().number
    for secret in ("路灯不亮", "欧阳槐序", "13987417391", "王建国", "301", "12号", number, "113.005"):
        assert secret not in page, secret
    assert "附近在办的" not in located(client, lon="113.009", lat="23.008"), "远的不列"
    assert located(client, lon="113.005", lat="23.008").count("<li>") == 1


def test_nearby_tells_no_more_than_its_square(street: Street) -> None:
    """同一格里从哪一点问都一样：问多少次也推不出件在格子里的哪里。"""
    street.report()
    now = timezone.now()
    west, south = int(113.005 * 1250) / 1250, int(23.008 * 1250) / 1250
    inside = [
        nearby("report.snapshot", {"lon": west + x / 12500, "lat": south + y / 12500}, now)
        for x in (1, 5, 9)
        for y in (1, 5, 9)
    ]
    assert len(inside[0]) == 1 and all(one == inside[0] for one in inside)


def test_closed_other_and_limited_cases_are_not_nearby(street: Street) -> None:
    spot, now = {"lon": "113.005", "lat": "23.008"}, timezone.now()
    ended = street.report("第一件")
    casework.act(
        ended.uid, "refer", acting_officer=street["fenbo"], inputs={"refer_to": "法院"}, reason="已立案"
    )
    assert nearby("report.snapshot", spot, now) == []
    street.report("第二件")
    assert len(nearby("report.snapshot", spot, now)) == 1 and nearby("hotline.order", spot, now) == []
    assert nearby("report.snapshot", spot, now + timedelta(days=70)) == []
    Case.objects.update(confidential=True)
    assert nearby("report.snapshot", spot, now) == []


def test_very_like_ones_are_shown_before_registering(street: Street, client: Client) -> None:
    street.report()
    answer = send(client, **{"f-content": "东桥路12号路灯不亮", **SPOT})
    page = text(answer)
    assert answer.status_code == 200 and "还没有替您登记" in page and Case.objects.count() == 1
    assert Case.objects.get().number not in page and "林小燕" not in page
    again = {"f-content": "东桥路12号路灯不亮", "confirmed": "1", "token": hidden(page, "token"), **SPOT}
    assert client.post(HERE, {"yewu": "report.snapshot", **again}).status_code == 302
    assert Case.objects.count() == 2


def test_a_phone_number_finds_nothing(street: Street, client: Client) -> None:
    """凭别人的电话试不出他报过什么。"""
    street.report()
    far = {"f-spot-lon": "113.018", "f-spot-lat": "23.018", "pin": "1"}
    answer = send(client, **{"f-content": "东桥路12号路灯不亮", "f-reporter-phone": "13800138001", **far})
    assert answer.status_code == 302


def test_promises_come_from_the_declaration() -> None:
    found = packs().matters
    assert promised(found["report.snapshot"].definition) == [
        "登记起1个工作日内分派",
        "“派给责任单位”起5个工作日内办理",
    ]
    assert promised(found["outside.report"].definition) == [], "没有声明的不说"


def test_the_form_asks_few_queries(street: Street, client: Client, django_assert_num_queries: Any) -> None:
    client.get(HERE)
    assert settings.PUBLIC_RATES == RATES
    for count in (3, 6):
        for number in range(count):
            street.report(f"第{number}件摊档")
        with django_assert_num_queries(QUERIES):
            client.post(f"{HERE}weizhi/", {"yewu": "report.snapshot", "lon": "113.005", "lat": "23.008"})


QUERIES = 5
