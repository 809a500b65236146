"""二次验证的页面：设置、登录的第二步、停用、解除、按岗位强制。"""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jiezhi.base.accounts import twofactor
from jiezhi.base.accounts.models import Officer, Post, SecondFactor
from jiezhi.base.registry.models import Appointment
from jiezhi.web.office.testing import PASSWORD, SINCE, Street

HOME, LOGIN, SECOND = (reverse(f"office:{name}") for name in ("work", "login", "second"))
SECURITY = reverse("office:security")


def code(officer: Officer, steps: int = 0) -> str:
    key = b32decode(SecondFactor.objects.get(officer=officer).secret)
    at = timezone.now() + timedelta(seconds=30 * steps)
    return TOTP(key, 6, SHA1(), 30).generate(int(at.timestamp())).decode()


def password(client: Client, login: str = "fenbo", **more: str) -> Any:
    return client.post(LOGIN, {"username": login, "password": PASSWORD, **more})


@pytest.fixture
def codes(street: Street) -> list[str]:
    """陈分拨启用好了；返回恢复码。"""
    officer = street["fenbo"]
    twofactor.begin(officer, PASSWORD, acting_officer=officer)
    then = timezone.now() - timedelta(minutes=5)
    mark = code(officer, -10)
    return twofactor.confirm(officer, mark, acting_officer=officer, now=then)


def test_setting_it_up(street: Street, enter: Callable[[str], Client]) -> None:
    client = enter("fenbo")
    assert "还没有启用" in client.get(SECURITY).content.decode()
    wrong = client.post(reverse("office:security-start"), {"password": "no"})
    assert wrong.status_code == 422 and "口令不对" in wrong.content.decode()
    started = client.post(reverse("office:security-start"), {"password": PASSWORD})
    setup = reverse("office:security-setup")
    assert started["Location"] == setup
    page = client.get(setup)
    text = page.content.decode()
    drawing = re.search(r"<svg.*?</svg>", text, re.DOTALL)
    assert drawing and "style" not in drawing[0] and "<script" not in drawing[0], "内容安全策略不许内联样式"
    secret = SecondFactor.objects.get().secret
    assert (
        " ".join(secret[i : i + 4] for i in range(0, 32, 4)) in text and page["Cache-Control"] == "no-store"
    )
    assert "动态码不对" in client.post(setup, {"code": "12345"}).content.decode()
    done = client.post(setup, {"code": code(street["fenbo"])})
    shown = re.findall(r"<code>(\w{5}-\w{5})</code>", done.content.decode())
    assert len(shown) == 10 and done["Cache-Control"] == "no-store"
    assert twofactor.enabled(street["fenbo"]) and client.get(HOME).status_code == 200
    assert client.get(setup)["Location"] == SECURITY, "启用之后看不到密钥了"
    assert secret not in client.get(SECURITY).content.decode()


def test_no_identity_before_the_code(street: Street, codes: list[str]) -> None:
    client = Client()
    target = reverse("office:notices")
    first = password(client, next=target)
    assert first["Location"].startswith(SECOND) and "_auth_user_id" not in client.session
    assert client.get(HOME)["Location"].startswith(LOGIN), "口令对了还不算登录"
    assert client.post(reverse("office:password"))["Location"].startswith(LOGIN)
    wrong = client.post(first["Location"], {"code": "000"})
    assert wrong.status_code == 422 and "还可以再试 4 次" in wrong.content.decode()
    right = client.post(first["Location"], {"code": code(street["fenbo"]), "next": target})
    assert right["Location"] == target and client.get(HOME).status_code == 200
    assert "accounts.second_factor" not in client.session


def test_the_next_page_stays_on_this_site(street: Street, codes: list[str]) -> None:
    client = Client()
    first = password(client, next="https://elsewhere.example/")
    assert first["Location"] == SECOND
    right = client.post(SECOND, {"code": code(street["fenbo"]), "next": "https://elsewhere.example/"})
    assert right["Location"] == HOME


def test_wrong_codes_lock_across_browsers(street: Street, codes: list[str]) -> None:
    for _ in range(5):
        client = Client(REMOTE_ADDR=f"10.0.0.{_}")
        password(client)
        last = client.post(SECOND, {"code": "000"})
    assert last.status_code == 429 and "暂时锁定" in last.content.decode()
    client = Client()
    password(client)
    assert client.post(SECOND, {"code": code(street["fenbo"])}).status_code == 429
    assert "_auth_user_id" not in client.session


def test_the_second_step_expires(street: Street, codes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    assert client.get(SECOND)["Location"] == LOGIN
    password(client)
    officer = street["fenbo"]
    officer.set_password("xin-kou-ling-1")
    officer.save()
    assert client.get(SECOND)["Location"] == LOGIN, "口令改了，等着的那一步作废"
    officer.set_password(PASSWORD)
    officer.save()
    password(client)
    real = timezone.now().timestamp()
    monkeypatch.setattr("jiezhi.base.accounts.signin.time.time", lambda: real + 301)
    assert client.get(SECOND)["Location"] == LOGIN
    assert "从头来" in client.get(LOGIN).content.decode()


def test_a_recovery_code_enters_once(street: Street, codes: list[str]) -> None:
    client = Client()
    password(client)
    client.post(SECOND, {"code": codes[0]})
    assert "还剩 9 个" in client.get(HOME).content.decode()
    other = Client()
    password(other)
    assert other.post(SECOND, {"code": codes[0]}).status_code == 422


def test_turning_it_off(street: Street, codes: list[str], enter: Callable[[str], Client]) -> None:
    client = enter("fenbo")
    off = reverse("office:security-off")
    assert client.post(off, {"password": PASSWORD, "code": "1"}).status_code == 422
    fresh = client.post(reverse("office:security-codes"), {"code": codes[0]}).content.decode()
    assert len(re.findall(r"<code>\w{5}-\w{5}</code>", fresh)) == 10
    client.post(off, {"password": PASSWORD, "code": code(street["fenbo"])})
    assert not twofactor.enabled(street["fenbo"])
    assert password(Client())["Location"] == HOME


def test_an_administrator_removes_it_and_the_owner_is_told(
    street: Street, codes: list[str], enter: Callable[[str], Client]
) -> None:
    owner = street["fenbo"]
    Officer.objects.filter(pk=owner.pk).update(last_login=timezone.now() - timedelta(days=1))
    form = {"login": "fenbo", "reason": "手机掉水里了"}
    refused = enter("jingban").post(reverse("office:security-remove"), form)
    assert refused.status_code == 403
    assert "解除别人的" not in enter("jingban").get(SECURITY).content.decode()
    assert twofactor.enabled(owner)
    admin = street["duban"]
    Appointment.objects.create(
        officer=admin, post=Post.objects.get(code="admin"), unit=street.units["party"], valid_from=SINCE
    )
    client = enter("duban")
    assert "解除别人的二次验证" in client.get(SECURITY).content.decode()
    assert client.post(reverse("office:security-remove"), {**form, "login": "meiyou"}).status_code == 422
    client.post(reverse("office:security-remove"), form)
    assert not twofactor.enabled(owner)
    mine = Client()
    assert password(mine)["Location"] == HOME
    said = mine.get(HOME).content.decode()
    assert "周督办" in said and "手机掉水里了" in said and "立即改口令" in said
    assert "解除二次验证" in mine.get(SECURITY).content.decode()


def test_posts_that_must_have_it(street: Street, settings: Any, enter: Callable[[str], Client]) -> None:
    settings.TWO_FACTOR_POSTS = ["dispatcher"]
    client = enter("fenbo")
    assert (
        client.get(HOME)["Location"] == SECURITY and client.get(reverse("office:notices")).status_code == 302
    )
    assert "必须启用" in client.get(SECURITY).content.decode()
    assert enter("jingban").get(HOME).status_code == 200, "别的岗位不受影响"
    client.post(reverse("office:security-start"), {"password": PASSWORD})
    client.post(reverse("office:security-setup"), {"code": code(street["fenbo"])})
    assert client.get(HOME).status_code == 200


def test_the_advised_posts_are_reminded(street: Street, settings: Any) -> None:
    settings.TWO_FACTOR_ADVISED_POSTS = ["dispatcher"]
    client = Client()
    password(client)
    assert "建议启用二次验证" in client.get(HOME).content.decode()
    other = Client()
    password(other, "jingban")
    assert "建议启用二次验证" not in other.get(HOME).content.decode()
