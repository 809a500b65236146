"""每一页共用的外壳：先登录、该改口令的先改口令，再带上未读消息数。"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from jiezhi.base.accounts.models import Officer
from jiezhi.web.office import queries

View = Callable[..., HttpResponseBase]


def officer_of(request: HttpRequest) -> Officer:
    """登录的人。只在 `page` 之内用。"""
    return cast(Officer, request.user)


def page(view: View) -> View:
    """办公页面：须登录；口令被重置过的先改口令；内容不留在公用缓存里。"""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if officer_of(request).must_change_password and view.__name__ != "password":
            return redirect("office:password")
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return cast(View, login_required(guarded))


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, rail: str = "", status: int = 200
) -> HttpResponse:
    """出一页。`rail` 是左栏里亮着的那一项。"""
    shared = {
        "office_name": settings.OFFICE_NAME,
        "rail": rail,
        "unread": queries.unread_count(officer_of(request)) if request.user.is_authenticated else 0,
    }
    return render(request, template, {**shared, **context}, status=status)
