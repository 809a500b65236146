"""敏感信息查看记录：自己的；督办员、系统管理员看全部。可筛选、导出。"""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from jiezhi.base.casework import readers
from jiezhi.web.office.export import table
from jiezhi.web.office.shell import download, officer_of, page, show

PAGE = 50


@page
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """查看记录，新的在前。"""
    officer, now, wanted = officer_of(request), timezone.now(), _wanted(request)
    paginator = Paginator(readers.reads(officer, wanted, now), PAGE)
    found = paginator.get_page(request.GET.get("p"))
    context = {
        "page": found,
        "rows": readers.described(found, officer, now),
        "wanted_reads": wanted,
        "everyone": readers.sees_all(officer, now),
        "address": urlencode(wanted.words()),
    }
    return show(request, "office/reads.html", context, rail="reads")


@page
@require_safe
def export(request: HttpRequest) -> FileResponse:
    """导出正在看的（全部页）。"""
    now = timezone.now()
    header, rows = readers.exported(acting_officer=officer_of(request), filters=_wanted(request), now=now)
    return download(table(header, rows), f"查看记录-{timezone.localtime(now):%Y%m%d-%H%M}.csv")


def _wanted(request: HttpRequest) -> readers.Filters:
    words = {name: request.GET.get(name, "").strip()[:80] for name in ("officer", "number", "field")}
    return readers.Filters(**words, since=_day(request, "since"), until=_day(request, "until"))


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        return date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
