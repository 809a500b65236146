"""每一页共用的外壳：先登录、该改口令的先改口令，再带上未读消息数。"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from jiezhi.base.accounts import twofactor
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.oversight import OVERSEERS
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry import stamps
from jiezhi.web.office import keeping, queries

View = Callable[..., HttpResponseBase]


# 左栏：（亮着时的名字、网址、叫法、给哪些岗位看）；岗位为空的给所有人。只管显示，能不能看由各页自己查。
PAPERWORK = frozenset(
    ["enforcement_officer", "enforcement_chief", "legal_reviewer", "hearing_host", "office_head"]
    + ["window_clerk", "service_chief", "unit_clerk", "unit_chief", "archivist", "evidence_keeper"]
)
WINDOW = frozenset(
    ["window_clerk", "service_chief", "office_head", "deputy_head", "leader", "supervisor", "hotline_clerk"]
)
OPENNESS = frozenset(["publisher", "legal_reviewer", "enforcement_chief", "office_head", "leader"])
RAIL: tuple[tuple[str, tuple[tuple[str, str, str, frozenset[str]], ...]], ...] = (
    (
        "办件",
        (
            ("work", "office:work", "我的工作", frozenset()),
            ("home", "office:home", "待办", frozenset()),
            ("dispatch", "office:dispatch", "受理分拨", frozenset(["dispatcher", "hotline_clerk"])),
            ("onsite", "office:onsite", "现场处置", frozenset(["unit_clerk", "grid_worker"])),
            ("new", "office:new", "登记新件", frozenset()),
            ("board", "office:board", "看板", frozenset()),
            ("supervision", "office:supervision", "督办台", OVERSEERS),
            ("notices", "office:notices", "消息", frozenset()),
            ("scan", "office:scan", "扫描件归卷", PAPERWORK),
        ),
    ),
    (
        "查阅",
        (
            ("powers", "office:powers", "权责清单", frozenset()),
            ("guides", "office:guides", "办事指南", frozenset()),
            ("speed", "office:speed", "审批提速", WINDOW),
            ("reads", "office:reads", "查看记录", frozenset()),
            ("public", "public:decisions", "执法公示", OPENNESS),
        ),
    ),
)


def officer_of(request: HttpRequest) -> Officer:
    """登录的人。只在 `page` 之内用。"""
    return cast(Officer, request.user)


def own_unit(officer: Officer) -> str | None:
    """这个人第一个任职的单位；选人时排在最前。没有任职为 None。"""
    posts = registry.holdings(officer.pk, timezone.now())
    return posts[0][1] if posts else None


def must_enrol(officer: Officer) -> bool:
    """他的岗位必须启用二次验证，而他还没有启用。"""
    required = frozenset(settings.TWO_FACTOR_POSTS)
    if not required:
        return False
    posts = {post for post, _, _ in registry.holdings(officer.pk, timezone.now())}
    return bool(required & posts) and not twofactor.enabled(officer)


def page(view: View) -> View:
    """办公页面：须登录；口令被重置过的先改口令，岗位必须二次验证的先启用；内容不留在公用缓存里。"""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if view.__name__ != "password":
            if officer_of(request).must_change_password:
                return redirect("office:password")
            if not view.__name__.startswith("security") and must_enrol(officer_of(request)):
                return redirect("office:security")
        # 只看不办的一页里，任职、单位这些缓存的戳只核对一次；要办的，办的那一刻再核对。
        with stamps.read_once() if request.method in ("GET", "HEAD") else nullcontext():
            response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    inside = login_required(guarded)

    @wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated and (first := keeping.sign_in_first(request)):
            return first
        return cast(HttpResponseBase, inside(request, *args, **kwargs))

    return gate


def _rail(officer: Officer) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """这个人的左栏，分组。"""
    posts = {post for post, _, _ in registry.holdings(officer.pk, timezone.now())}
    return [
        (group, [(name, where, title) for name, where, title, who in items if not who or who & posts])
        for group, items in RAIL
    ]


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, rail: str = "", status: int = 200
) -> HttpResponse:
    """出一页。`rail` 是左栏里亮着的那一项。"""
    inside = request.user.is_authenticated
    shared = {
        "office_name": settings.OFFICE_NAME,
        "rail": rail,
        "rail_groups": _rail(officer_of(request)) if inside else [],
        "unread": queries.unread_count(officer_of(request)) if inside else 0,
    }
    return render(request, template, {**shared, **context}, status=status)


def came_from(request: HttpRequest) -> str:
    """表单里写明的、办好之后回去的那一页（`back`，只认本站的路）；没有写为空串。"""
    back = request.POST.get("back", "")
    safe = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if safe and len(back) <= 1000 else ""


def download(body: bytes | BinaryIO, name: str, *, no_store: bool = False) -> FileResponse:
    """作为附件下载，名字是 `name`。`no_store` 为真时浏览器也不留；类型一律不明写：浏览器只会存盘，不会在本站打开。"""
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    response = FileResponse(
        stream, as_attachment=True, filename=name, content_type="application/octet-stream"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    if no_store:
        response.headers["Cache-Control"] = "no-store"
    return response
