"""现场处置：列轮到自己到场的；一步一步办，走同一道门；看不见的没有。"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.services.dispatch.waiting import site_states
from jiezhi.web.office.testing import Street, packs

Enter = Callable[[str], Client]


def photo(colour: str) -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(stream, "JPEG")
    return SimpleUploadedFile("现场.jpg", stream.getvalue(), content_type="image/jpeg")


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def hidden(text: str, action: str) -> dict[str, str]:
    found = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', text, re.S)
    assert found is not None
    return dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', found[0]))


def test_states_to_be_visited_are_read_from_meanings() -> None:
    found = {name: set(site_states(one.definition)) for name, one in packs().matters.items()}
    assert found["report.snapshot"] == {"handling"}, "区级部门办的不用我们到场"
    assert found["hotline.order"] == set(), "照片可不拍的不算"


def test_the_list_is_whose_turn_it_is_to_go(
    street: Street, enter: Enter, report: Callable[..., Outcome], handed: Callable[..., Outcome]
) -> None:
    mine, waiting = handed("东桥路12号路灯不亮"), report("还没有分派的")
    clerk = shown(enter("jingban"), "/xianchang/")
    assert f"/xianchang/{mine.uid}/" in clerk and f"/xianchang/{waiting.uid}/" not in clerk
    assert 'data-lon="113.005000"' in clerk and "位置只在这台手机里用" in clerk
    assert f"/xianchang/{mine.uid}/" in shown(enter("wangge"), "/xianchang/"), "自己网格的要核实"
    for who in ("minzheng", "lvren"):
        assert "现在没有要您到场的件" in shown(enter(who), "/xianchang/")
    desk = enter("jingban")
    shown(desk, "/xianchang/")
    with CaptureQueriesContext(connection) as few:
        shown(desk, "/xianchang/")
    handed("东桥路13号路灯不亮"), handed("东桥路14号路灯不亮")
    with CaptureQueriesContext(connection) as many:
        shown(desk, "/xianchang/")
    assert len(many) == len(few)


def test_handled_on_the_spot(street: Street, enter: Enter, handed: Callable[..., Outcome]) -> None:
    """到场拍照，处理完拍照写结果；差的说清楚，填的还在；办完轮到别人就回到列表。"""
    case = handed()
    clerk = enter("jingban")
    page = shown(clerk, f"/xianchang/{case.uid}/")
    assert "我已到场核实" in page and "处理完毕" in page and "东桥第7网格" in page and "<svg" in page
    assert "138****8001" not in page and "林" not in page, "来件人不在这一页"
    address = f"/xianchang/{case.uid}/inspect/"
    form = shown(clerk, address)
    assert 'capture="environment"' in form
    after = clerk.post(
        address,
        hidden(form, address) | {"f-site_photos": photo("red"), "f-site_note": "灯泡坏了"},
        follow=True,
    )
    assert "“我已到场核实”办好了" in unescape(after.content.decode()), "还由他办，留在这一件"
    assert after.redirect_chain[-1][0] == f"/xianchang/{case.uid}/"
    address = f"/xianchang/{case.uid}/answer/"
    given: dict[str, Any] = hidden(shown(clerk, address), address) | {"f-reply": "灯泡已经换好，试亮正常"}
    refused = clerk.post(address, given)
    body = unescape(refused.content.decode())
    assert refused.status_code == 422 and "还没有“处理后照片”" in body and "灯泡已经换好，试亮正常" in body
    done = clerk.post(
        address, hidden(body, address) | {"f-reply": given["f-reply"], "f-after_photos": photo("green")}
    )
    assert done.status_code == 302 and done.headers["Location"] == "/xianchang/"
    assert Case.objects.get(uid=case.uid).state == "checking"


def test_out_of_sight_is_not_there(street: Street, enter: Enter, handed: Callable[..., Outcome]) -> None:
    case = handed()
    for who in ("minzheng", "lvren"):
        for path in (f"/xianchang/{case.uid}/", f"/xianchang/{case.uid}/answer/"):
            assert enter(who).get(path).status_code == 404
        assert enter(who).post(f"/xianchang/{case.uid}/answer/", {"version": "3"}).status_code == 404
    assert enter("jingban").get(f"/xianchang/{case.uid}/join/").status_code == 404
    assert enter("jingban").get(f"/xianchang/{case.uid}/mei-you/").status_code == 404
