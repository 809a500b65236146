"""公开站的首页、咨询。"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from jiezhi.base.publishing import queries as publishing
from jiezhi.base.registry.queries import powers
from jiezhi.web.public import queries
from jiezhi.web.public.shell import reading, show

FEW = 6


@reading
def home(request: HttpRequest) -> HttpResponse:
    """四个大入口，能办的事、最近的公示各几条。"""
    now = timezone.now()
    guides = queries.guides(queries.Sought(), now)
    rows = [row for _, held in guides.groups for row in held]
    context = {
        "guides": sorted(rows, key=lambda one: not one.online)[:FEW],
        "guide_total": guides.total,
        "decisions": publishing.visible(now)[:FEW],
        "power_total": powers.all_in_force(now).count(),
    }
    return show(request, "public/home.html", context)


@reading
def consult(request: HttpRequest) -> HttpResponse:
    """我要咨询：先在指南、清单里找，再打电话、到窗口；有可以网上咨询的业务就给出来。"""
    return show(request, "public/consult.html", {"online": queries.consulting(timezone.now())})
