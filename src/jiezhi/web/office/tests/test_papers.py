"""文书、扫描件归卷、权责清单的页面：看不见的取不到，重出要理由，认不出的列出来等人工归。"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from jiezhi.base.accounts.models import Officer, Post, SensitiveRead
from jiezhi.base.casework import actions, outbox
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.documents.models import Document, Scan
from jiezhi.base.documents.testing import printed
from jiezhi.base.registry.models import Appointment
from jiezhi.web.office.testing import SINCE, Street

Enter = Callable[[str], Client]


def appoint(street: Street, login: str, post: str, unit: str) -> Officer:
    """给小街道的一个人再加一个岗。"""
    officer = street[login]
    Appointment.objects.create(
        officer=officer, post=Post.objects.get(code=post), unit=street.units[unit], valid_from=SINCE
    )
    return officer


@pytest.fixture
def receipt(street: Street) -> Document:
    """窗口收的一件，收件凭证已经做好。"""
    clerk = appoint(street, "minzheng", "window_clerk", "civil")
    found = actions.open_case(
        "service.temporary_use",
        "receive",
        acting_officer=clerk,
        inputs={
            "purpose": "装修材料临时堆放",
            "spot": {"address": "东桥路12号门前"},
            "area_size": 12,
            "use_from": "2026-12-01",
            "use_to": "2026-12-05",
            "applicant": {"name": "东桥装饰队", "phone": "13800138001"},
        },
    )
    assert isinstance(found, Outcome), str(found)
    assert outbox.drain(timezone.now()).failed == 0
    return Document.objects.get(case__uid=found.uid)


def page(client: Client, document: Document) -> str:
    return client.get(reverse("office:case", args=[document.case.uid])).content.decode()


def picture(sheet: Image.Image, name: str = "扫描.png") -> SimpleUploadedFile:
    stream = io.BytesIO()
    sheet.save(stream, "PNG")
    return SimpleUploadedFile(name, stream.getvalue(), content_type="image/png")


def test_a_paper_is_listed_and_taken_with_the_reading_on_record(enter: Enter, receipt: Document) -> None:
    client = enter("minzheng")
    text = page(client, receipt)
    assert "收件凭证" in text and f"短号 {receipt.short}" in text and "取去打印" in text
    address = reverse("office:paper", args=[receipt.case.uid, receipt.short])
    assert client.get(address).status_code == 405, "取用要留记录，只能提交"
    answer = client.post(address)
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"].startswith("attachment")
    assert SensitiveRead.objects.filter(field="applicant", officer__login="minzheng").exists()


def test_a_paper_of_a_case_one_cannot_see_is_not_found(enter: Enter, receipt: Document, handed: Any) -> None:
    for login in ("jingban", "lvren"):
        client = enter(login)
        for name in ("paper", "reissue"):
            address = reverse(f"office:{name}", args=[receipt.case.uid, receipt.short])
            assert client.post(address, {"reason": "看一看别人的"}).status_code == 404
    # 自己的件配别人的短号，也没有
    own = handed()
    address = reverse("office:paper", args=[own.uid, receipt.short])
    assert enter("jingban").post(address).status_code == 404


def test_a_case_without_papers_shows_no_papers(enter: Enter, handed: Any) -> None:
    case = Case.objects.get(uid=handed().uid)
    text = enter("jingban").get(reverse("office:case", args=[case.uid])).content.decode()
    assert 'id="papers-title"' not in text


def test_the_case_page_asks_no_more_with_more_papers(
    enter: Enter, receipt: Document, django_assert_max_num_queries: Any
) -> None:
    client = enter("minzheng")
    page(client, receipt)
    with django_assert_max_num_queries(32):
        page(client, receipt)
    for _ in range(3):
        reissue = reverse("office:reissue", args=[receipt.case.uid, _latest(receipt).short])
        client.post(reissue, {"reason": "印刷有污损"})
        outbox.drain(timezone.now())
    assert Document.objects.filter(case=receipt.case).count() == 4
    with django_assert_max_num_queries(32):
        page(client, receipt)


def _latest(document: Document) -> Document:
    return Document.objects.filter(case=document.case, state="made").latest("version")


def test_reissuing_needs_a_reason_and_voids_the_old(enter: Enter, receipt: Document) -> None:
    client = enter("minzheng")
    address = reverse("office:reissue", args=[receipt.case.uid, receipt.short])
    refused = client.post(address, {"reason": ""}, follow=True).content.decode()
    assert "理由" in refused and Document.objects.count() == 1
    done = client.post(address, {"reason": "印刷有污损"}, follow=True).content.decode()
    assert "正在重出" in done
    outbox.drain(timezone.now())
    receipt.refresh_from_db()
    assert receipt.state == "void" and _latest(receipt).version == 2
    assert "已作废" in page(client, receipt)


def test_a_scan_files_itself_and_the_signed_copy_can_be_seen(enter: Enter, receipt: Document) -> None:
    client = enter("minzheng")
    text = client.post(reverse("office:scan"), {"files": [picture(printed(receipt))]}).content.decode()
    assert "已归卷" in text and receipt.case.number in text
    receipt.refresh_from_db()
    assert receipt.state == "signed" and "看签回件" in page(client, receipt)
    address = reverse("office:paper", args=[receipt.case.uid, receipt.short])
    copy = client.post(address, {"signed": "1"})
    image = Image.open(io.BytesIO(b"".join(copy.streaming_content)))  # type: ignore[attr-defined]
    assert image.size == printed(receipt).size, "就是传上来的那张"


def test_an_unreadable_scan_waits_and_is_filed_by_hand(enter: Enter, receipt: Document) -> None:
    client = enter("minzheng")
    blank = client.post(reverse("office:scan"))
    assert blank.status_code == 422 and "还没有选扫描件" in blank.content.decode()
    sheet = printed(receipt)
    sheet.paste(255, (0, round(sheet.height * 0.88), sheet.width, sheet.height))
    text = client.post(reverse("office:scan"), {"files": [picture(sheet)]}).content.decode()
    assert "没有归" in text and "等人工归的" in text
    scan = Scan.objects.get(filed=None)
    by_hand = reverse("office:scan-by-hand")
    wrong = client.post(by_hand, {"page": scan.pk, "short": "ZZZZ", "reason": "页脚磨损"}, follow=True)
    assert "没有短号为“ZZZZ”的文书" in wrong.content.decode()
    bare = client.post(by_hand, {"page": scan.pk, "short": receipt.short, "reason": ""}, follow=True)
    assert "理由" in bare.content.decode() and Scan.objects.get(pk=scan.pk).filed_id is None
    # 别人看不到等着归的页，也归不了
    assert 'name="page"' not in enter("jingban").get(reverse("office:scan")).content.decode()
    sent = {"page": scan.pk, "short": receipt.short, "reason": "页脚磨损，内容核对无误"}
    assert "已归到" in client.post(by_hand, sent, follow=True).content.decode()
    assert Scan.objects.get(pk=scan.pk).filed_id is not None


def test_the_power_list_finds_and_explains_when_empty(enter: Enter) -> None:
    client = enter("jingban")
    empty = client.get(reverse("office:powers")).content.decode()
    assert "清单还是空的" in empty and "公布" in empty
    none = client.get(reverse("office:powers"), {"q": "查无此项"}).content.decode()
    assert "没有符合的事项" in none and "看全部" in none
    assert client.get(reverse("office:power", args=["CF-999"])).status_code == 404


def test_the_rail_shows_what_the_post_uses(enter: Enter, street: Street) -> None:
    def rail(login: str) -> str:
        text = enter(login).get(reverse("office:home")).content.decode()
        return text[text.index('<nav class="rail"') : text.index("</nav>")]

    appoint(street, "minzheng", "window_clerk", "civil")
    assert "扫描件归卷" in rail("minzheng") and "审批提速" in rail("minzheng")
    assert "扫描件归卷" not in rail("wangge") and "审批提速" not in rail("wangge")
    # 只是不显示：地址照样由页面自己管
    assert enter("wangge").get(reverse("office:scan")).status_code == 200
