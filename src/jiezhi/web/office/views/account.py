"""登录、退出、改口令。"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from jiezhi.base.accounts.actions import set_password
from jiezhi.base.accounts.signin import SignInForm
from jiezhi.web.office.shell import officer_of, page, show


class SignIn(LoginView):
    """登录。输错次数由 django-axes 数，锁定页是 office/locked.html。"""

    template_name = "office/login.html"
    authentication_form = SignInForm  # type: ignore[assignment]
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"office_name": settings.OFFICE_NAME}


class SignOut(LogoutView):
    """退出（只收 POST）。"""

    http_method_names = ("post", "options")


class PasswordForm(forms.Form):
    """改口令。"""

    current = forms.CharField(
        label="现在的口令",
        strip=False,
        error_messages={"required": "请填写现在的口令"},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label="新口令",
        strip=False,
        help_text="至少 8 位，不要用常见的口令，不要全是数字",
        error_messages={"required": "请填写新口令"},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="再填一次新口令",
        strip=False,
        error_messages={"required": "请再填一次新口令"},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", "两次填的新口令不一样，请重新填写")
        return data


@page
def password(request: HttpRequest) -> HttpResponse:
    """改自己的口令；被重置过的必须先改。"""
    officer = officer_of(request)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            changed = set_password(officer, data["password"], current=data["current"], acting_officer=officer)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            update_session_auth_hash(request, changed)
            messages.success(request, "口令已改好，下次用新口令登录")
            return redirect("office:home")
    status = 422 if request.method == "POST" else 200
    return show(
        request, "office/password.html", {"form": form, "must": officer.must_change_password}, status=status
    )
