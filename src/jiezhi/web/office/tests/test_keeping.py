"""登录过期时正在填的表单不丢、不漏；只在按钮里用的网址直接打开有话说。"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from jiezhi.base.accounts import twofactor
from jiezhi.base.casework.models import Case, Event
from jiezhi.config.testing_addresses import NOBODY
from jiezhi.web.office import keeping
from jiezhi.web.office.testing import PASSWORD, Street
from jiezhi.web.office.tests.test_casepage import Enter, Make, hidden, photo

SAID = "<b>雀舌巷</b>“井盖”\n第二行 🙂‮"


def fields(text: str) -> QueryDict:
    """页面上各个隐藏的栏。"""
    found = QueryDict(mutable=True)
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text):
        found.appendlist(unescape(name), unescape(value))
    return found


def expired(address: str, sent: dict[str, Any]) -> tuple[Client, Any]:
    """没有登录的浏览器把填好的表单交上来。"""
    client = Client()
    return client, client.post(address, sent)


def sign_in(client: Client, page: Any, password: str = PASSWORD, who: str = "fenbo") -> Any:
    given = {name: page[name] for name in ("next", "kept")}
    return client.post(reverse("office:login"), {"username": who, "password": password, **given})


def test_a_form_sent_after_signing_out_comes_back_filled(enter: Enter, report: Make) -> None:
    case = report()
    address = reverse("office:act", args=[case.uid, "urge"])
    shown = enter("fenbo").get(reverse("office:case", args=[case.uid]), {"act": "urge"}).content.decode()
    sent = {"token": hidden(shown, "token"), "version": hidden(shown, "version"), "f-demand": SAID}
    client, answer = expired(address, sent)
    text = answer.content.decode()
    assert answer.status_code == 403 and "登录过期了" in text and "no-store" in answer["Cache-Control"]
    assert "<b>雀舌巷" not in text
    wrong = sign_in(client, fields(text), "no")
    page = fields(wrong.content.decode())
    assert page["kept"] == fields(text)["kept"], "输错口令也不丢"
    entered = sign_in(client, page)
    text = entered.content.decode()
    assert entered.status_code == 200 and "no-store" in entered["Cache-Control"]
    assert not Event.objects.filter(action="urge").exists(), "没有替人办"
    back = fields(text)
    assert back["f-demand"] == SAID and "csrfmiddlewaretoken" in back and "password" not in back
    form = client.post(address, back)
    text = form.content.decode()
    assert form.status_code == 200 and "第二行" in unescape(text) and "<b>雀舌巷" not in text
    assert "填的都放回来了" in text and "还没有办成" not in text
    assert not Event.objects.filter(action="urge").exists(), "要由人再按一次"
    again = {"token": hidden(text, "token"), "version": hidden(text, "version"), "f-demand": "请今天到场"}
    assert client.post(address, again).status_code == 302
    assert Event.objects.filter(action="urge").count() == 1


def test_nothing_typed_stays_in_the_database(report: Make, caplog: pytest.LogCaptureFixture) -> None:
    case = report()
    address = reverse("office:act", args=[case.uid, "urge"])
    client, answer = expired(address, {"f-demand": "雀舌巷欧阳槐序", "token": "a" * 32})
    page = fields(answer.content.decode())
    for _ in range(2):
        sign_in(client, page, "no")
    sign_in(client, page)
    stored = "".join(f"{one.get_data}{one.post_data}" for one in AccessAttempt.objects.all())
    stored += "".join(str(one.get_decoded()) for one in Session.objects.all()) + caplog.text
    for mark in ("雀舌巷", "%E9%9B%80", "f-demand"):
        assert mark not in stored


def test_a_new_case_half_written_comes_back_without_its_files(street: Street, db: None) -> None:
    address = reverse("office:open", args=["report.snapshot", "report"])
    sent = {"f-content": "井盖叮当作响", "f-photos": photo(), "f-reporter-name": "林小燕", "confirmed": "1"}
    client, answer = expired(address, sent)
    text = answer.content.decode()
    assert "照片和文件要重新选" in text
    entered = sign_in(client, fields(text), who="wangge")
    form = client.post(address, fields(entered.content.decode()))
    text = form.content.decode()
    assert "井盖叮当作响" in text and "林小燕" in text and not Case.objects.exists()


def test_the_second_step_keeps_it_too(street: Street, report: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    case = report()
    monkeypatch.setattr(twofactor, "enabled", lambda officer: True)
    client, answer = expired(reverse("office:act", args=[case.uid, "urge"]), {"f-demand": "井盖叮当作响"})
    page = fields(answer.content.decode())
    second = sign_in(client, page)
    text = second.content.decode()
    assert "二次验证" in text and fields(text)["kept"] == page["kept"]
    wrong = client.post(reverse("office:second"), {**fields(text).dict(), "code": "000000"})
    assert wrong.status_code == 422 and fields(wrong.content.decode())["kept"] == page["kept"]
    monkeypatch.setattr(twofactor, "verify", lambda officer, code: twofactor.Checked(True))
    entered = client.post(reverse("office:second"), {**fields(text).dict(), "code": "123456"})
    assert fields(entered.content.decode())["f-demand"] == "井盖叮当作响"


@pytest.mark.parametrize(
    "target", ["https://203.0.113.9/cases/x/", "//203.0.113.9/", "/password/", "/no-such/", "/logout/"]
)
def test_only_our_own_forms_are_returned_to(street: Street, target: str) -> None:
    sent = {"username": "fenbo", "password": PASSWORD, "next": target, "kept": "f-demand=x"}
    answer = Client().post(reverse("office:login"), sent)
    assert answer.status_code == 302 and "203.0.113.9" not in answer["Location"]


def test_too_much_is_not_carried(street: Street, report: Make) -> None:
    case = report()
    _, answer = expired(reverse("office:act", args=[case.uid, "urge"]), {"f-demand": "字" * keeping.MOST})
    assert answer.status_code == 302 and answer["Location"].startswith(reverse("office:login"))


def test_addresses_only_for_buttons_say_so(enter: Enter, report: Make) -> None:
    case = report()
    client = enter("fenbo")
    for address, back in (
        ("/security/start/", "/security/"),
        ("/security/remove/", "/security/"),
        ("/scan/by-hand/", "/scan/"),
        ("/gongzuo/kanguo/", "/gongzuo/"),
        (f"/cases/{case.uid}/merge/", f"/cases/{case.uid}/"),
        (f"/cases/{case.uid}/act/urge/", f"/cases/{case.uid}/"),
        (f"/cases/{NOBODY}/papers/ABCD2345/reissue/", f"/cases/{NOBODY}/"),
        ("/logout/", "/"),
    ):
        answer = client.get(address)
        text = answer.content.decode()
        assert answer.status_code == 405 and "POST" in answer["Allow"], address
        assert "这个网址只在按钮里用" in text and f'href="{back}"' in text, address
    assert Client().get("/logout/").status_code == 405
    public = Client().delete(reverse("public:home"))
    assert public.status_code == 405 and "这个网址只在按钮里用" in public.content.decode()
    assert "只在按钮里用" not in Client().delete("/api/v1/cases").content.decode(), "接口照接口的样子答复"
