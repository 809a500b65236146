"""我的工作：一屏看清手上几件、最急的、变了什么。"""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from jiezhi.base.registry import queries as registry
from jiezhi.web.office import actions, mywork, queries, words
from jiezhi.web.office.shell import officer_of, page, show

AGAIN = "zuotian"


@page
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """我的工作。`cong=zuotian` 把看过的变化从上一个工作日下班起再列一遍。"""
    officer, now = officer_of(request), timezone.now()
    looked_at = queries.preference_of(officer).looked_at
    evening = mywork.last_evening(registry.standing().table, now)
    again = request.GET.get("cong") == AGAIN
    start = mywork.since(None if again else looked_at, now)
    tiles, urgent, more = mywork.tiles_and_urgent(officer, now)
    oversees = mywork.oversees(officer, now)
    context = {
        "tiles": tiles,
        "urgent": urgent,
        "more": more,
        "changes": mywork.changed(officer, start, now),
        "since": words.clock_time(start, now),
        "looked": looked_at is not None and not again,
        "again": AGAIN if start > evening else "",
        "until": now.isoformat(),
        "oversees": oversees,
        "slow": mywork.slow(officer, now) if oversees else [],
        "now": now,
    }
    return show(request, "office/work.html", context, rail="work")


@page
@require_POST
def looked(request: HttpRequest) -> HttpResponse:
    """这些变化看过了：到打开那一页的时刻为止，打开之后才有的下次还列。"""
    now = timezone.now()
    actions.look(acting_officer=officer_of(request), now=_moment(request.POST.get("until", ""), now))
    messages.success(request, "已记下，以后只列新的变化")
    return redirect("office:work")


def _moment(text: str, now: datetime) -> datetime:
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        found = None
    return min(found, now) if found is not None and found.tzinfo else now
