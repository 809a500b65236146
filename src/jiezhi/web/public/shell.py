"""公开站每一页共用的外壳：谁都能看，不留在缓存里；大字版；只看的页面可以被许可的门户嵌入。"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from math import ceil
from typing import Any
from urllib.parse import urlencode

from csp.decorators import csp_replace
from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from jiezhi.base.accounts.throttle import Counter
from jiezhi.base.documents.values import office
from jiezhi.base.registry import stamps

View = Callable[..., HttpResponseBase]
# 网址里、cookie 里的名字和值：?zi=da 大字，?zi=xiao 普通字。
SIZE, LARGE, USUAL = "zi", "da", "xiao"
YEAR = 365 * 24 * 3600
# 被门户嵌着看：?embed=1；https 上浏览器自己会说。
EMBED = "embed"
_reads = Counter("read")


def page(view: View) -> View:
    """公开站的一页（可以有表单，不许被别的网站嵌入）。记住选的字的大小；办理时不用缓存里的。"""

    # 撤下的不能还留在别人的缓存里。
    @never_cache
    @wraps(view)
    def open_to_all(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        # 只看不办的一页里，版本戳只核对一次。
        with stamps.read_once():
            response = view(request, *args, **kwargs)
        chosen = request.GET.get(SIZE)
        if chosen in (LARGE, USUAL):
            response.set_cookie(SIZE, chosen, max_age=YEAR, secure=request.is_secure(), samesite="Lax")
        return response

    return open_to_all


def reading(view: View) -> View:
    """只看的一页：只许 GET、HEAD，`PORTAL_ORIGINS` 里的网站可以嵌入。"""

    @wraps(view)
    def framed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        wait = _reads.wait(request)
        if wait:
            busy = show(request, "public/busy.html", {"seconds": ceil(wait)}, status=429)
            busy.headers["Retry-After"] = str(ceil(wait))
            return busy
        origins = settings.PORTAL_ORIGINS
        if not origins:
            return view(request, *args, **kwargs)
        relaxed = csp_replace({"frame-ancestors": ["'self'", *origins]})(view)
        return xframe_options_exempt(relaxed)(request, *args, **kwargs)

    return page(require_safe(framed))


def show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """出一页。`embedded` 为真时是嵌在门户里看的：要填的在新窗口打开，因为嵌着收不到 cookie。"""
    chosen = request.GET.get(SIZE, request.COOKIES.get(SIZE))
    large = chosen == LARGE
    kept = {key: value for key, value in request.GET.items() if key != SIZE}
    shared = {
        "office_name": settings.OFFICE_NAME,
        "office": office(),
        "large": large,
        "size_address": "?" + urlencode({**kept, SIZE: USUAL if large else LARGE}),
        "embedded": request.GET.get(EMBED) == "1" or request.headers.get("Sec-Fetch-Dest") == "iframe",
    }
    return render(request, template, {**shared, **context}, status=status)


def missing(request: HttpRequest, back: str, back_title: str, said: str, more: str = "") -> HttpResponse:
    """没有这一页：说没有什么、为什么（不给就说网址可能写错了），给回列表的路。"""
    context = {"said": said, "more": more, "back": reverse(back), "back_title": back_title}
    return show(request, "public/missing.html", context, status=404)


def attachment(data: bytes, name: str) -> FileResponse:
    """作为附件下载，名字是 `name`；类型不明写，浏览器只会存盘。"""
    response = FileResponse(
        io.BytesIO(data), as_attachment=True, filename=name, content_type="application/octet-stream"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
