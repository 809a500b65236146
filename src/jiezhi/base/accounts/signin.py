"""登录表单：中文说明，以及连续输错后的锁定（django-axes，次数和时长见设置）；口令对了、还没有核动态码的那一段。"""

import time
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off, get_credentials, get_failure_limit
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import Officer


def locked_message(request: HttpRequest) -> str:
    """被锁定时给人看的话。"""
    limit = get_failure_limit(request, {})
    wait = get_cool_off(request)
    minutes = int(wait.total_seconds() // 60) if wait else 0
    when = f"请 {minutes} 分钟后再试" if minutes else "请联系系统管理员"
    if minutes and getattr(settings, "AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT", True):
        when += "（其间再试会重新计时）"
    return f"连续输错 {limit} 次，这个账号已暂时锁定。{when}，或请系统管理员重置口令"


class SignInForm(forms.Form):
    """`SignInForm(request, data)`;`is_valid()` 后用 `get_user()`。与 Django 的 LoginView 兼容。"""

    username = forms.CharField(
        label="登录名",
        max_length=64,
        error_messages={"required": "请填写登录名"},
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label="口令",
        strip=False,
        error_messages={"required": "请填写口令"},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        self.officer: Officer | None = None
        super().__init__(*args, **kwargs)

    def clean_username(self) -> str:
        # 写法统一后再计数，否则换大小写或全角就能多试几轮。
        return secrets.normalise_login(self.cleaned_data["username"])

    def clean(self) -> dict[str, Any]:
        login, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if login and password:
            # 两个名字都给：axes 按设置取其一，Django 的后端用 username。
            user = authenticate(self.request, username=login, login=login, password=password)
            if isinstance(user, Officer):
                self.officer = user
            else:
                raise ValidationError(self._refusal(login))
        return self.cleaned_data

    def _refusal(self, login: str) -> str:
        credentials = get_credentials(username=login, login=login)
        if not AxesProxyHandler.is_allowed(self.request, credentials):
            return locked_message(self.request)
        left = get_failure_limit(self.request, credentials) - AxesProxyHandler.get_failures(
            self.request, credentials
        )
        # 不说是账号不存在还是口令不对。
        return f"登录名或口令不对。还可以再试 {left} 次，之后会暂时锁定；忘记口令请联系系统管理员"

    def get_user(self) -> Officer | None:
        return self.officer


WAITING = "accounts.second_factor"
WAITING_SECONDS = 300


def wait_for_second(request: HttpRequest, officer: Officer) -> None:
    """口令对了，等动态码：会话里只记下是谁在等，没有登录身份；五分钟内有效，口令一改就作废。"""
    request.session.flush()
    request.session[WAITING] = [officer.pk, officer.get_session_auth_hash(), int(time.time())]


def waiting_for_second(request: HttpRequest) -> Officer | None:
    """这个会话在等谁的动态码；没有、过了时候、期间停用或改过口令的为 None。"""
    pk, mark, since = request.session.get(WAITING) or (0, "", 0)
    if not 0 <= time.time() - since <= WAITING_SECONDS:
        return None
    officer = Officer.objects.filter(pk=pk, is_active=True).first()
    return officer if officer and constant_time_compare(officer.get_session_auth_hash(), mark) else None
