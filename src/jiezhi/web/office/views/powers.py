"""权责清单：按类别看全部事项，一个事项的各版。"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from jiezhi.base.casework.statutes import current_statutes
from jiezhi.base.registry.models import PowerVersion
from jiezhi.base.registry.queries import powers
from jiezhi.core.procedure.definition import numbered
from jiezhi.web.office import queries
from jiezhi.web.office.shell import page, show


@page
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """全部事项。`class` 类别、`duty` 职责类别、`q` 名称或代码里的字。"""
    now = timezone.now()
    wanted = {key: request.GET.get(key, "").strip()[:60] for key in ("class", "duty", "q", "status")}
    rows = [row for row in powers.latest() if _fits(row, wanted)]
    counts = powers.counts(now)
    context = {
        "rows": rows,
        "classes": counts["classes"],
        "duties": counts["duties"],
        "total": counts["total"]["total"],
        "wanted": wanted,
        "filtered": any(wanted.values()),
    }
    return show(request, "office/powers.html", context, rail="powers")


def _fits(row: PowerVersion, wanted: dict[str, str]) -> bool:
    return (
        wanted["class"] in ("", row.class_name)
        and wanted["duty"] in ("", row.duty)
        and wanted["status"] in ("", row.status)
        and (wanted["q"] in row.title or wanted["q"].upper() in row.power.code.upper())
    )


@page
@require_safe
def detail(request: HttpRequest, code: str) -> HttpResponse:
    """一个事项：依据、授权、责任单位和历次版本。"""
    versions = list(powers.versions(code).reverse())
    if not versions:
        raise Http404("没有这个事项")
    now = timezone.now()
    current = powers.in_force(code, now) or versions[0]
    bases = [{**one, "where": numbered(str(one["article"]))} for one in current.bases]
    titles = {one.matter: one.title for one in queries.current_matters()}
    context = {
        "version": current,
        "bases": bases,
        "procedure": titles.get(current.matter, ""),
        "versions": versions,
        "exercisable": powers.in_force(code, now) is not None
        and powers.exercisable(current, now, statutes=current_statutes()),
        "day": powers.day_of(now),
    }
    return show(request, "office/power.html", context, rail="powers")
