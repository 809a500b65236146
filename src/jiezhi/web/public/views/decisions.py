"""执法公示：只看 base.publishing 里现在公开的，别的一概没有。"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from jiezhi.base.publishing import queries as publishing
from jiezhi.web.public import queries
from jiezhi.web.public.shell import missing, reading, show

# 比数据库能存的编号大的网址直接当没有。
LARGEST = 2**63 - 1


@reading
def listing(request: HttpRequest) -> HttpResponse:
    """公示列表。筛选都在网址里，可以收藏、转发。"""
    found = queries.listing(queries.Wanted.read(request.GET), timezone.now())
    return show(request, "public/decisions.html", {"list": found, "wanted": found.wanted})


@reading
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    """公示的一条；期满撤下的、没有的，都是 404，话不一样。"""
    now = timezone.now()
    row = publishing.visible(now).filter(pk=pk).first() if pk <= LARGEST else None
    if row is None:
        gone = pk <= LARGEST and publishing.gone(now, pk)
        said = "公示期满，已经撤下" if gone else "没有这条公示"
        more = "这条公示的期限已经届满，内容已经删去，不再提供。" if gone else ""
        return missing(request, "public:decisions", "现在的公示", said, more)
    return show(request, "public/decision.html", {"row": row})
