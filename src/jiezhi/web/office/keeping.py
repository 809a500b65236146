"""登录过期时正在填的表单：交上来先登录，再回到那张表单，填的还在，由人看一遍再按一次。

内容只在本人浏览器里来回（隐藏的一栏），不进会话、不落库、不进日志。照片和文件带不了，要重新选。
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from jiezhi.base.accounts.signin import SignInForm

FIELD = "kept"
RESUME = "resume"
MOST = 200_000
# 认得 RESUME 的几张表单；都没有口令、动态码。
FORMS = frozenset(["office:act", "office:open", "office:merge", "office:dispatch-act", "office:onsite-act"])
LEFT_OUT = frozenset(["csrfmiddlewaretoken", FIELD, RESUME])


def resumed(request: HttpRequest) -> bool:
    """登录之后回到表单：只把填的放回，什么也不办；页面上说一声。"""
    back = bool(request.POST.get(RESUME))
    if back:
        messages.info(request, "登录之前填的都放回来了，看一遍再按一次。照片和文件要重新选")
    return back


def kept_of(request: HttpRequest) -> str:
    """登录页上带着的内容；没有为空串，太长的不要。"""
    text = request.POST.get(FIELD, "")
    return text if len(text) <= MOST else ""


def sign_in_first(request: HttpRequest) -> HttpResponse | None:
    """没有登录而交来一张填好的表单：出登录页，内容带着。不是认得的表单、太长的为 None（照常转到登录页）。"""
    found = request.resolver_match
    if request.method != "POST" or found is None or found.view_name not in FORMS:
        return None
    post = request.POST.copy()
    for name in LEFT_OUT:
        post.pop(name, None)
    text = post.urlencode()
    if not text or len(text) > MOST:
        return None
    context = {
        "form": SignInForm(request),
        "next": request.path,
        FIELD: text,
        "files": bool(request.FILES),
        "office_name": settings.OFFICE_NAME,
    }
    return _private(render(request, "office/login.html", context, status=403))


def come_back(request: HttpRequest, target: str) -> HttpResponse | None:
    """登录成了：出一页，按一下回到 `target` 那张表单。没有带着内容、去处不是认得的表单为 None。"""
    text = kept_of(request)
    if not text or not _is_form(request, target):
        return None
    values = [(name, value) for name, some in QueryDict(text).lists() for value in some]
    context = {
        "target": target,
        "values": [(name, value) for name, value in values if name not in LEFT_OUT],
        "office_name": settings.OFFICE_NAME,
        "again": reverse("office:work"),
    }
    return _private(render(request, "office/resume.html", context))


def _is_form(request: HttpRequest, target: str) -> bool:
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        return False
    try:
        return resolve(urlsplit(target).path).view_name in FORMS
    except Resolver404:
        return False


def _private(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    return response
