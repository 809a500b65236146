"""公开页面：任何人不用登录就能看。只看 base.publishing 里现在公开的，别的一概没有。"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jiezhi.base.publishing import queries as publishing
from jiezhi.web.public import queries

# 比数据库能存的编号大的网址直接当没有。
LARGEST = 2**63 - 1


# 撤下的不能还留在别人的缓存里。
@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """公示列表。筛选都在网址里，可以收藏、转发。"""
    found = queries.listing(queries.Wanted.read(request.GET), timezone.now())
    return _page(request, "public/home.html", list=found, wanted=found.wanted)


@never_cache
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """公示的一条；期满撤下的、没有的，都是 404，话不一样。"""
    now = timezone.now()
    row = publishing.visible(now).filter(pk=pk).first() if pk <= LARGEST else None
    if row is None:
        gone = pk <= LARGEST and publishing.gone(now, pk)
        return _page(request, "public/missing.html", status=404, gone=gone)
    return _page(request, "public/show.html", row=row)


def _page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, template, {"office_name": settings.OFFICE_NAME, **context}, status=status)
