"""登录安全：自己的二次验证（启用、恢复码、停用），系统管理员解除别人的。"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jiezhi.base.accounts import queries, twofactor
from jiezhi.base.accounts.authority import is_administrator, require_administrator
from jiezhi.web.office.shell import must_enrol, officer_of, page, show
from jiezhi.web.office.views.account import CodeForm

SHOWN = 20


class PasswordField(forms.CharField):
    """现在的口令。"""

    def __init__(self) -> None:
        super().__init__(
            label="现在的口令",
            strip=False,
            error_messages={"required": "请填写现在的口令"},
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )


class StartForm(forms.Form):
    """开始设置：再输一次口令，免得离座时别人替他设。"""

    password = PasswordField()


class OffForm(CodeForm):
    """停用。"""

    password = PasswordField()
    field_order = ("password", "code")


class RemoveForm(forms.Form):
    """解除别人的。"""

    login = forms.CharField(
        label="谁的（登录名）", max_length=64, error_messages={"required": "请填写登录名"}
    )
    reason = forms.CharField(label="原因", max_length=200, error_messages={"required": "请写明解除的原因"})


@page
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """我的二次验证，和与登录有关的管理记录。"""
    return _security(request)


def _security(request: HttpRequest, *, status: int = 200, **forms_: Any) -> HttpResponse:
    officer = officer_of(request)
    blank = {"start": StartForm, "codes": CodeForm, "off": OffForm, "remove": RemoveForm}
    # 一页几张表单，栏目的标识要分开。
    made = {f"{name}_form": kind(auto_id=f"{name}-%s") for name, kind in blank.items()}
    own = queries.records_of(officer).filter(action__startswith="twofactor.")
    context = {
        "factor": twofactor.state_of(officer),
        "must": must_enrol(officer),
        "administers": is_administrator(officer, timezone.now()),
        "records": (own | queries.records_of(officer).filter(action="officer.password"))[:SHOWN],
        **made,
        **forms_,
    }
    return show(request, "office/security.html", context, status=status)


def _bound(kind: type[forms.Form], request: HttpRequest, name: str) -> forms.Form:
    return kind(request.POST, auto_id=f"{name}-%s")


@page
@require_POST
def security_start(request: HttpRequest) -> HttpResponse:
    """开始设置：核口令，生成密钥。"""
    form = _bound(StartForm, request, "start")
    officer = officer_of(request)
    if form.is_valid():
        with _blaming(form):
            twofactor.begin(officer, form.cleaned_data["password"], acting_officer=officer)
            return redirect("office:security-setup")
    return _security(request, status=422, start_form=form)


@page
@require_http_methods(["GET", "POST"])
def security_setup(request: HttpRequest) -> HttpResponse:
    """扫码、输动态码确认；确认之后给出恢复码（只给这一次）。"""
    officer = officer_of(request)
    found = twofactor.enrolment(officer)
    if found is None:
        messages.info(request, "没有正在设置的二次验证")
        return redirect("office:security")
    form = CodeForm(request.POST or None)
    form.fields["code"].help_text = "验证器上现在显示的 6 位数字"
    form.fields["code"].widget.attrs["autofocus"] = True
    if request.method == "POST" and form.is_valid():
        with _blaming(form):
            codes = twofactor.confirm(officer, form.cleaned_data["code"], acting_officer=officer)
            return _codes(request, codes, "二次验证已启用")
    drawing = segno.make(found.uri, error="m", micro=False).svg_inline(
        scale=4, border=4, svgclass=None, lineclass=None, title="设置二次验证的二维码"
    )
    # 图由程序生成，只有方块。
    context = {"form": form, "secret": found.secret, "drawing": mark_safe(drawing)}
    status = 422 if request.method == "POST" else 200
    return _unstored(show(request, "office/security_setup.html", context, status=status))


@page
@require_POST
def security_codes(request: HttpRequest) -> HttpResponse:
    """重发恢复码。"""
    form = _bound(CodeForm, request, "codes")
    officer = officer_of(request)
    if form.is_valid():
        with _blaming(form):
            codes = twofactor.renew_codes(officer, form.cleaned_data["code"], acting_officer=officer)
            return _codes(request, codes, "恢复码已重发，旧的全部作废")
    return _security(request, status=422, codes_form=form)


@page
@require_POST
def security_off(request: HttpRequest) -> HttpResponse:
    """停用自己的；换手机也从这里来：停用再重新设置。"""
    form = _bound(OffForm, request, "off")
    officer = officer_of(request)
    if form.is_valid():
        data = form.cleaned_data
        with _blaming(form):
            twofactor.turn_off(officer, data["password"], data["code"], acting_officer=officer)
            messages.success(request, "二次验证已停用")
            return redirect("office:security")
    return _security(request, status=422, off_form=form)


@page
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """系统管理员解除别人的（丢了手机又没有恢复码）。"""
    require_administrator(officer_of(request), timezone.now())
    form = _bound(RemoveForm, request, "remove")
    if form.is_valid():
        other = queries.officer_by_login(form.cleaned_data["login"])
        with _blaming(form, PermissionDenied):
            if other is None:
                raise ValidationError({"login": "没有这个登录名，请核对"})
            twofactor.remove(other, reason=form.cleaned_data["reason"], acting_officer=officer_of(request))
            messages.success(request, f"已解除{other.name}的二次验证，他下次登录时会看到")
            return redirect("office:security")
    return _security(request, status=422, remove_form=form)


def _codes(request: HttpRequest, codes: list[str], title: str) -> HttpResponse:
    return _unstored(show(request, "office/security_codes.html", {"codes": codes, "title": title}))


def _unstored(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    return response


@contextmanager
def _blaming(form: forms.Form, *also: type[Exception]) -> Iterator[None]:
    """办不成的，把错误放到对应的栏目旁边；表单上没有那一栏的、`also` 这几种错误，放在最上面。"""
    try:
        yield
    except ValidationError as error:
        for name, says in error.message_dict.items():
            form.add_error(name if name in form.fields else None, says)
    except also as error:
        form.add_error(None, str(error))
