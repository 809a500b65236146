"""登记新件：选业务、填表、重复提示、外部编号。"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome

Enter = Callable[[str], Client]
Make = Callable[..., Outcome]
TOKEN = "0123456789abcdef0123456789abcdef"
SNAPSHOT = ("report.snapshot", "report")


def send(client: Client, which: tuple[str, str] = SNAPSHOT, **data: Any) -> Any:
    return client.post(reverse("office:open", args=which), {"token": TOKEN, **data})


LAMP = {
    "f-content": "东桥路12号路灯不亮",
    "f-spot-address": "东桥路12号",
    "f-spot-lon": "113.0051",
    "f-spot-lat": "23.0081",
    "f-reporter-name": "林小燕",
    "f-reporter-phone": "13800138001",
    "f-category": "城乡建设/市政设施",
}


def test_only_what_the_post_may_register_is_offered(enter: Enter) -> None:
    clerk = enter("rexian").get(reverse("office:new")).content.decode()
    assert "登记热线工单" in clerk and "登记随手拍" in clerk
    grid = enter("wangge").get(reverse("office:new")).content.decode()
    assert "登记随手拍" in grid and "登记热线工单" not in grid
    nobody = enter("lvren").get(reverse("office:new")).content.decode()
    assert "您的岗位不登记新件" in nobody
    assert enter("lvren").get(reverse("office:open", args=SNAPSHOT)).status_code == 404


def test_registering_once_even_when_sent_twice(enter: Enter) -> None:
    client = enter("wangge")
    form = client.get(reverse("office:open", args=SNAPSHOT)).content.decode()
    assert 'name="f-content"' in form and "<optgroup" in form
    first, second = send(client, **LAMP), send(client, **LAMP, confirmed="1")
    assert first.status_code == second.status_code == 302 and first["Location"] == second["Location"]
    row = Case.objects.get()
    assert row.title == "东桥路12号路灯不亮" and row.fields["spot"]["lon"] == "113.0051000"
    assert row.fields["channel"] == "居民手机" and row.area_id == "990101001001007"


def test_what_is_wrong_is_told_and_what_was_typed_stays(enter: Enter) -> None:
    answer = send(
        enter("wangge"), **{**LAMP, "f-content": "", "f-spot-lat": "", "f-reporter-phone": "一三八"}
    )
    text = answer.content.decode()
    assert answer.status_code == 422 and not Case.objects.exists()
    for words in (
        "还没有“反映的事”",
        "坐标要同时有经度和纬度",
        "电话只能是数字",
        'value="113.0051"',
        'value="一三八"',
    ):
        assert words in text, words


def test_a_likely_duplicate_is_shown_first_and_may_still_be_registered(enter: Enter, report: Make) -> None:
    known = report("东桥路12号路灯不亮，晚上黑")
    client = enter("wangge")
    first = send(client, **LAMP)
    text = first.content.decode()
    assert first.status_code == 200 and "可能已经有人报过" in text and known.number in text
    assert ">\n东桥路12号路灯不亮</textarea>" in text and Case.objects.count() == 1
    assert send(client, **LAMP, confirmed="1").status_code == 302 and Case.objects.count() == 2


def test_a_case_of_another_system_keeps_its_number(enter: Enter) -> None:
    client, order = enter("rexian"), ("hotline.order", "receive")
    data = {"f-subject": "路灯不亮", "f-content": "东桥路12号路灯不亮"}
    refused = send(client, order, **data)
    assert refused.status_code == 422 and 'id="number-error"' in refused.content.decode()
    assert send(client, order, **data, number="RX2026-1", token="f" * 32).status_code == 302
    assert Case.objects.get().number == "RX2026-1"
    again = send(client, order, **data, number="RX2026-1", token="e" * 32, confirmed="1")
    assert again.status_code == 422 and "已有一件" in again.content.decode()
