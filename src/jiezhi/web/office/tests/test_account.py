"""登录、锁定、改口令、没有登录什么也看不到。"""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from jiezhi.web.office import urls
from jiezhi.web.office.testing import PASSWORD, Street

OPEN_TO_ALL = {"login", "logout"}
SAMPLE = {
    "uid": uuid4(),
    "action": "answer",
    "field": "reporter",
    "digest": "a" * 64,
    "matter": "report.snapshot",
    "name": "form",
    "short": "ABCD2345",
    "code": "CF-056",
    "slug": "overdue",
}
PAGES = [pattern for pattern in urls.urlpatterns if pattern.name not in OPEN_TO_ALL]


def sign_in(client: Client, login: str, password: str) -> object:
    return client.post(reverse("office:login"), {"username": login, "password": password})


def test_right_password_enters_and_wrong_one_says_how_many_tries_are_left(street: Street) -> None:
    client = Client()
    wrong = client.post(reverse("office:login"), {"username": "fenbo", "password": "no"})
    assert wrong.status_code == 200 and "还可以再试 4 次" in wrong.content.decode()
    right = client.post(reverse("office:login"), {"username": "FENBO", "password": PASSWORD})
    assert right.status_code == 302 and right["Location"] == reverse("office:work")
    assert "陈分拨" in client.get(right["Location"]).content.decode()


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(street: Street) -> None:
    client = Client()
    for _ in range(5):
        last = client.post(reverse("office:login"), {"username": "fenbo", "password": "no"})
    assert last.status_code == 429 and "账号暂时锁定" in last.content.decode()
    again = client.post(reverse("office:login"), {"username": "fenbo", "password": PASSWORD})
    assert again.status_code == 429 and "15 分钟后再试" in again.content.decode()
    other = client.post(reverse("office:login"), {"username": "duban", "password": PASSWORD})
    assert other.status_code == 302


@pytest.mark.parametrize("pattern", PAGES, ids=[pattern.name for pattern in PAGES])
def test_every_page_asks_to_sign_in_first(db: None, pattern: object) -> None:
    names = pattern.pattern.converters  # type: ignore[attr-defined]
    address = reverse(f"office:{pattern.name}", kwargs={name: SAMPLE[name] for name in names})  # type: ignore[attr-defined]
    for answer in (Client().get(address), Client().post(address)):
        assert answer.status_code == 302 and answer["Location"].startswith(reverse("office:login")), address


def test_a_reset_password_must_be_changed_before_anything_else(street: Street) -> None:
    officer = street["fenbo"]
    officer.must_change_password = True
    officer.save()
    client = Client()
    sign_in(client, "fenbo", PASSWORD)
    assert client.get(reverse("office:home"))["Location"] == reverse("office:password")
    mismatch = {"current": PASSWORD, "password": "xin-kou-ling-1", "again": "xin-kou-ling-2"}
    answer = client.post(reverse("office:password"), mismatch)
    assert answer.status_code == 422 and "两次填的新口令不一样" in answer.content.decode()
    wrong = client.post(reverse("office:password"), {**mismatch, "current": "no", "again": "xin-kou-ling-1"})
    assert "现在的口令不对" in wrong.content.decode()
    right = client.post(reverse("office:password"), {**mismatch, "again": "xin-kou-ling-1"})
    assert right.status_code == 302
    assert client.get(reverse("office:home")).status_code == 200, "改了口令不该被赶出去"


def test_signing_out_needs_a_post_and_ends_the_session(street: Street) -> None:
    client = Client()
    sign_in(client, "fenbo", PASSWORD)
    assert client.get(reverse("office:logout")).status_code == 405
    client.post(reverse("office:logout"))
    assert client.get(reverse("office:home")).status_code == 302


def test_error_pages_are_chinese_and_say_what_to_do(street: Street) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    assert "没有这一页" in client.get("/no-such-page/").content.decode()
    stale = client.post(reverse("office:login"), {"username": "fenbo", "password": PASSWORD})
    assert stale.status_code == 403 and "页面放得太久了" in stale.content.decode()
