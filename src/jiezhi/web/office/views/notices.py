"""消息。"""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from jiezhi.web.office import actions, queries
from jiezhi.web.office.shell import officer_of, page, show

PAGE = 50


@page
@require_http_methods(["GET", "POST"])
def inbox(request: HttpRequest) -> HttpResponse:
    """我的消息；POST 记为已读（给了 `one` 只记那一条）。"""
    officer = officer_of(request)
    if request.method == "POST":
        one = request.POST.get("one", "")
        wanted = [int(one)] if one.isdecimal() and len(one) < 18 else None
        count = actions.mark_read(acting_officer=officer, notices=wanted)
        messages.success(request, f"{count} 条消息已记为已读" if count else "没有未读的消息")
        return redirect("office:notices")
    now = timezone.now()
    paginator = Paginator(queries.notices_of(officer, now), PAGE)
    context = {"page": paginator.get_page(request.GET.get("p")), "now": now}
    return show(request, "office/notices.html", context, rail="notices")
