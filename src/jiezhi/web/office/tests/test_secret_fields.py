"""敏感的地点、材料、表格在页面上：打码，写明原因、先记录，才给看、才给取。"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jiezhi.base.accounts.models import SensitiveRead
from jiezhi.base.casework import actions, files, matters
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import START, definition
from jiezhi.base.casework.tests.lives import photo_bytes
from jiezhi.base.casework.tests.test_secret_fields import CARD, SECRET_ACTIONS, SECRET_FIELDS
from jiezhi.web.office.forms import actform
from jiezhi.web.office.testing import Street

Enter = Callable[[str], Client]


@pytest.fixture
def case(street: Street) -> Case:
    matters.publish(definition(fields=SECRET_FIELDS, actions=SECRET_ACTIONS), now=START)
    picture = files.store(
        io.BytesIO(photo_bytes()), "林小燕身份证.jpg", kind="photo", acting_officer=street["fenbo"], now=START
    )
    inputs = {
        "subject": "入户走访",
        "spot": {"lon": "113.005", "lat": "23.008", "address": "云桥路1号601"},
        "cards": [picture.pk],
        "ill": True,
        "people": [{"name": "大伯", "card": CARD}],
    }
    found = actions.open_case("test.report", acting_officer=street["fenbo"], inputs=inputs, now=START)
    assert isinstance(found, Outcome), str(found)
    return Case.objects.get(uid=found.uid)


def test_the_page_shows_nothing_secret(enter: Enter, case: Case) -> None:
    text = enter("fenbo").get(reverse("office:case", args=[case.uid])).content.decode()
    for secret in (CARD, "601", "113.005", "林小燕", case.evidence.get().file_id):
        assert secret not in text, secret
    assert "入户走访" in text and "大伯" in text and "******" in text and "敏感材料" in text
    for field in ("spot", "cards", "ill", "people"):
        assert reverse("office:reveal", args=[case.uid, field]) in text, field


def test_a_secret_file_is_not_served_without_a_reason(enter: Enter, case: Case) -> None:
    digest = case.evidence.get().file_id
    client = enter("fenbo")
    for name in ("file", "thumb"):
        assert client.get(reverse(f"office:{name}", args=[case.uid, digest])).status_code == 404
    forged = client.get(reverse("office:file", args=[case.uid, digest]), {"seen": "假的"})
    assert forged.status_code == 404 and not SensitiveRead.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_after_the_record_the_file_may_be_fetched_by_that_officer_only(enter: Enter, case: Case) -> None:
    digest = case.evidence.get().file_id
    client = enter("fenbo")
    answer = client.post(reverse("office:reveal", args=[case.uid, "cards"]), {"reason": "核对本人身份"})
    found = re.search(r'href="(/[^"]*seen=[^"]*)"', answer.content.decode())
    assert found and digest in found[1]
    assert SensitiveRead.objects.get().field == "cards"
    given = client.get(found[1])
    assert given.status_code == 200 and given["Cache-Control"] == "no-store"
    assert b"".join(given.streaming_content) == photo_bytes()  # type: ignore[attr-defined]
    assert "%E6%9E%97" not in given["Content-Disposition"], "原文件名里的姓不带出去"
    assert enter("duban").get(found[1]).status_code == 404, "别人拿了网址也取不到"
    thumb = reverse("office:thumb", args=[case.uid, digest])
    assert client.get(thumb + "?" + found[1].partition("?")[2]).status_code == 404
    other = client.post(reverse("office:reveal", args=[case.uid, "spot"]), {"reason": "上门走访用"})
    text = other.content.decode()
    assert "601" in text and "113.005" in text and SensitiveRead.objects.count() == 2
    rows = client.post(reverse("office:reveal", args=[case.uid, "people"]), {"reason": "核对同住人"})
    assert CARD in rows.content.decode()


def upload(data: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="image/jpeg")


def test_another_uploaders_file_name_is_not_shown(
    enter: Enter, handed: Callable[..., Outcome], street: Street
) -> None:
    first, second = handed("甲处积水"), handed("乙处垃圾")
    data = photo_bytes("teal")
    for case, who, name in ((first, "jingban", "陈大文家门口.jpg"), (second, "wangge", "巡查.jpg")):
        sent = enter(who).post(
            reverse("office:act", args=[case.uid, "inspect"]),
            {"version": str(case.seq), "token": "a" * 32, "f-site_photos": upload(data, name)},
        )
        assert sent.status_code == 302
    own = enter("fenbo").get(reverse("office:case", args=[first.uid])).content.decode()
    other = enter("fenbo").get(reverse("office:case", args=[second.uid])).content.decode()
    digest = Case.objects.get(uid=second.uid).evidence.get().file_id
    assert "陈大文家门口.jpg" in own
    assert "陈大文" not in other and f"照片{digest[:6]}.jpg" in other
    given = enter("fenbo").get(reverse("office:file", args=[second.uid, digest]))
    assert digest[:6] in given["Content-Disposition"]


def kept_of(text: str) -> dict[str, str]:
    names = ("f-site_photos-kept", "f-site_photos-slip", "token", "version")
    found = {name: re.search(rf'name="{name}" value="([^"]*)"', text) for name in names}
    assert all(found.values()), found
    return {name: one[1] for name, one in found.items() if one}


def test_the_same_bytes_first_sent_by_another_stay_in_the_form(
    enter: Enter, handed: Callable[..., Outcome], street: Street
) -> None:
    used, case = handed("甲处积水"), handed("乙处垃圾")
    data = photo_bytes("navy")
    address = reverse("office:act", args=[used.uid, "inspect"])
    sent = {"version": str(used.seq), "token": "b" * 32, "f-site_photos": upload(data, "甲家.jpg")}
    assert enter("jingban").post(address, sent).status_code == 302
    address = reverse("office:act", args=[case.uid, "inspect"])
    wrong: dict[str, Any] = {"version": str(case.seq), "token": "c" * 32, "at": "昨天"}
    refused = enter("wangge").post(address, {**wrong, "f-site_photos": upload(data, "乙处.jpg")})
    text = refused.content.decode()
    assert refused.status_code == 422 and "已收下：乙处.jpg" in text and "甲家" not in text
    kept = kept_of(text)
    bare = {name: value for name, value in kept.items() if not name.endswith("-slip")}
    assert enter("wangge").post(address, {**bare, "token": "d" * 32}).status_code == 422, "光有摘要不行"
    slip, digest = kept["f-site_photos-slip"], kept["f-site_photos-kept"]
    assert actform._slips([slip, "假的"], street["wangge"]) == {digest: "乙处.jpg"}
    assert actform._slips([slip], street["fuze"]) == {}, "别人的收据不认"
    assert enter("wangge").post(address, kept).status_code == 302
    assert Case.objects.get(uid=case.uid).fields["site_photos"] == [digest]
