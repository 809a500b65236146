"""登录、二次验证、退出、改口令。"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView, RedirectURLMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from jiezhi.base.accounts import queries, twofactor
from jiezhi.base.accounts.actions import set_password
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.signin import WAITING, SignInForm, wait_for_second, waiting_for_second
from jiezhi.base.registry.queries import holdings
from jiezhi.web.office import keeping
from jiezhi.web.office.shell import officer_of, page, show

BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(LoginView):
    """登录。输错次数由 django-axes 数，锁定页是 office/locked.html。启用了二次验证的，口令对了再问动态码。"""

    template_name = "office/login.html"
    authentication_form = SignInForm  # type: ignore[assignment]
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        more = {"office_name": settings.OFFICE_NAME, keeping.FIELD: keeping.kept_of(self.request)}
        return super().get_context_data(**kwargs) | more

    def form_valid(self, form: Any) -> HttpResponse:
        officer = form.get_user()
        if twofactor.enabled(officer):
            wait_for_second(self.request, officer)
            then = self.get_redirect_url()
            if kept := keeping.kept_of(self.request):  # 转过去就丢了，直接出第二步
                context = {"form": CodeForm(), "next": then, keeping.FIELD: kept}
                return render(self.request, "office/second.html", context)
            return redirect(reverse("office:second") + (f"?{urlencode({'next': then})}" if then else ""))
        enter(self.request, officer)
        return after(self.request, officer, self.get_success_url())


class CodeForm(forms.Form):
    """动态码或恢复码。"""

    code = forms.CharField(
        label="动态码",
        max_length=20,
        help_text="验证器上现在显示的 6 位数字；手机不在身边的，输一个恢复码",
        error_messages={"required": "请填写动态码"},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )


@method_decorator([never_cache, sensitive_post_parameters("code", keeping.FIELD)], name="dispatch")
class Second(RedirectURLMixin, FormView):
    """登录的第二步：核动态码，对了才有登录身份。"""

    template_name = "office/second.html"
    form_class = CodeForm
    next_page = settings.LOGIN_REDIRECT_URL
    officer: Officer

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        officer = waiting_for_second(request)
        if officer is None:
            messages.info(request, "请先输登录名和口令；超过五分钟没有输动态码的要从头来")
            return redirect("office:login")
        self.officer = officer
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, form_class: Any = None) -> CodeForm:
        form = super().get_form(form_class)
        form.fields["code"].widget.attrs["autofocus"] = True
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        more = {"office_name": settings.OFFICE_NAME, "next": self.get_redirect_url()}
        return super().get_context_data(**kwargs) | more | {keeping.FIELD: keeping.kept_of(self.request)}

    def form_valid(self, form: CodeForm) -> HttpResponse:
        found = twofactor.verify(self.officer, form.cleaned_data["code"])
        if not found.ok:
            form.add_error("code", found.say)
            return self.render_to_response(
                self.get_context_data(form=form), status=429 if found.locked else 422
            )
        enter(self.request, self.officer)
        if found.left is not None:
            messages.warning(self.request, f"用掉了一个恢复码，还剩 {found.left} 个。不够时到“登录安全”重发")
        return after(self.request, self.officer, self.get_success_url())


def after(request: HttpRequest, officer: Officer, then: str) -> HttpResponse:
    """登录成了去哪里：带着没办完的表单的，回到那张表单；口令被重置过的先改口令。"""
    back = None if officer.must_change_password else keeping.come_back(request, then)
    return back or redirect(then)


def enter(request: HttpRequest, officer: Officer) -> None:
    """登录，并告诉他该知道的：上次登录以后别人解除过他的二次验证；他的岗位建议启用。"""
    before = officer.last_login
    login(request, officer, backend=BACKEND)
    request.session.pop(WAITING, None)
    for record in queries.records_of(officer).filter(
        action="twofactor.remove", at__gt=before or officer.created_at
    ):
        if record.officer_id != officer.pk:
            who = record.officer.name if record.officer else "系统管理员（在服务器上）"
            when = timezone.localtime(record.at)
            messages.warning(
                request,
                f"您的二次验证已由{who}于 {when:%Y-%m-%d %H:%M} 解除，原因“{record.note}”。不是您要求的，请立即改口令并报告",
            )
    posts = {post for post, _, _ in holdings(officer.pk, timezone.now())}
    if posts & set(settings.TWO_FACTOR_ADVISED_POSTS) and not twofactor.enabled(officer):
        messages.info(request, "您的岗位权限大，建议启用二次验证：右上角“登录安全”")


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
