from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from jiezhi.base.accounts import actions, address
from jiezhi.base.accounts.signin import SignInForm
from jiezhi.base.accounts.tests.conftest import PASSWORD


def attempt(login: str, password: str, ip: str = "10.0.0.1", forwarded: str | None = None) -> SignInForm:
    data = {"username": login, "password": password}
    more = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    request = RequestFactory().post("/login", data, REMOTE_ADDR=ip, **more)
    request.session = SessionStore()
    form = SignInForm(request, data)
    form.is_valid()
    return form


def message(form: SignInForm) -> str:
    return " ".join(form.non_field_errors())


@pytest.fixture
def officer(make_officer):
    return make_officer("li.min")


def test_right_password(officer):
    assert attempt("li.min", PASSWORD).get_user() == officer
    assert attempt(" LI.Min", PASSWORD).get_user() == officer


def test_five_wrong_lock_and_right_one_is_refused(officer):
    said = [message(attempt("li.min", "wrong")) for _ in range(5)]
    assert "还可以再试 4 次" in said[0] and "还可以再试 1 次" in said[3]
    assert "连续输错 5 次" in said[4] and "15 分钟" in said[4]
    refused = attempt("li.min", PASSWORD)
    assert refused.get_user() is None and "锁定" in message(refused)
    # 锁的是这个账号在这个地址上：别人不受影响。
    assert attempt("li.min", PASSWORD, ip="10.0.0.2").get_user() == officer


@pytest.mark.parametrize(("minutes", "open_again"), [(14, False), (16, True)])
def test_opens_after_cool_off(officer, minutes, open_again):
    for _ in range(5):
        attempt("li.min", "wrong")
    for row in AccessAttempt.objects.all():
        row.attempt_time -= timedelta(minutes=minutes)
        row.save()
    form = attempt("li.min", PASSWORD)
    assert (form.get_user() == officer) is open_again
    assert ("锁定" in message(form)) is not open_again


def test_case_does_not_buy_more_attempts(officer):
    for written in ("li.min", "LI.MIN", "Li.Min", "li.min", "li.Min"):
        attempt(written, "wrong")
    assert attempt("li.min", PASSWORD).get_user() is None


def test_success_forgets_failures(officer):
    for _ in range(4):
        attempt("li.min", "wrong")
    form = attempt("li.min", PASSWORD)
    login(form.request, form.get_user())
    assert "还可以再试 4 次" in message(attempt("li.min", "wrong"))


def test_reset_unlocks(officer):
    for _ in range(5):
        attempt("li.min", "wrong")
    actions.set_password(officer, "Another-2032", acting_officer=None)
    assert attempt("li.min", "Another-2032").get_user() == officer


def test_unknown_account_reads_the_same(officer):
    assert message(attempt("nobody", "wrong")) == message(attempt("li.min", "wrong"))


def test_attempts_keep_no_password(officer):
    attempt("li.min", "wrong-secret")
    row = AccessAttempt.objects.get()
    assert row.username == "li.min"
    assert "wrong-secret" not in f"{row.post_data}{row.get_data}{row.path_info}"


def test_empty_form_says_what_to_fill(db):
    form = attempt("", "")
    assert form.errors["username"] == ["请填写登录名"] and form.errors["password"] == ["请填写口令"]


def test_a_forged_forwarded_header_does_not_buy_more_attempts(officer):
    for n in range(5):
        attempt("li.min", "wrong", forwarded=f"6.6.6.{n}")
    assert attempt("li.min", PASSWORD, forwarded="6.6.6.9").get_user() is None
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {"10.0.0.1"}


def test_behind_a_proxy_the_visitor_is_locked_and_not_the_proxy(officer, settings):
    settings.TRUSTED_PROXIES = 1
    for n in range(5):  # 左边的是来人自己写的，最右边的才是代理看到的
        attempt("li.min", "wrong", forwarded=f"6.6.6.{n}, 1.2.3.4")
    assert attempt("li.min", PASSWORD, forwarded="9.9.9.9, 1.2.3.4").get_user() is None
    assert attempt("li.min", PASSWORD, forwarded="1.2.3.4, 1.2.3.5").get_user() == officer, "同一代理后的别人"


@pytest.mark.parametrize(
    ("remote", "forwarded", "wanted"),
    [
        ("10.0.0.1", "2001:db8:1:2::1", "2001:db8:1:2::"),
        ("10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("", None, None),
    ],
)
def test_what_is_counted_is_always_an_address(settings, remote, forwarded, wanted):
    settings.TRUSTED_PROXIES = 1
    more = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    assert address.for_sign_in(RequestFactory().get("/", REMOTE_ADDR=remote, **more)) == wanted
