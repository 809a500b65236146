"""权责清单：现在有效的事项，各类多少；一个事项的依据、承办单位、救济和历次变动。"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from jiezhi.base.registry.queries import powers
from jiezhi.services.promise import queries as services
from jiezhi.web.public import queries
from jiezhi.web.public.shell import missing, reading, show


@reading
def listing(request: HttpRequest) -> HttpResponse:
    """清单。类别、查找的字都在网址里。"""
    wanted = queries.Sought.read(request.GET)
    return show(
        request, "public/powers.html", {"list": queries.powers(wanted, timezone.now()), "wanted": wanted}
    )


@reading
def power(request: HttpRequest, code: str) -> HttpResponse:
    """一个事项；已经废止的只有历次变动。"""
    now = timezone.now()
    # PostgreSQL 不收空字符。
    history = powers.public_history(code, now) if "\x00" not in code else []
    if not history:
        return missing(request, "public:powers", "权责清单", "清单上没有这个事项")
    row = powers.in_force(code, now)
    definition = services.service(row.matter) if row else None
    context = {
        "code": code,
        "power": powers.public_row(row) if row else None,
        "history": history,
        "guide": services.guide(definition) if definition else None,
    }
    return show(request, "public/power.html", context)
