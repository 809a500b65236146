"""待办：工作列表和导出。"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from jiezhi.base.casework.filters import TODAY
from jiezhi.base.casework.listing import SHOWN, worklist
from jiezhi.web.forms.controls import area_groups
from jiezhi.web.office import export as exports
from jiezhi.web.office import lists, queries, words
from jiezhi.web.office.columns import Columns, fill
from jiezhi.web.office.shell import download, officer_of, page, show

CHUNK = 500
T = TypeVar("T")


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """分段，免得一条查询里的参数太多。"""
    return (items[start : start + size] for start in range(0, len(items), size))


@page
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """工作列表。筛选都在网址里，可以收藏、转发。什么也没有写的，有缺省的筛选就先用它。"""
    now = timezone.now()
    views = queries.views_of(officer_of(request))
    first = next((one.address for one in views if one.is_default), "")
    if first and not request.GET:
        return redirect(f"{reverse('office:home')}?{first}")
    wanted = lists.Wanted.read(request.GET, lists.usual_scope(officer_of(request), now))
    versions = queries.current_matters()
    chosen = lists.chosen_definition(versions, wanted.matter)
    filters = lists.filters_of(wanted, chosen)
    found = lists.listing(officer_of(request), filters, wanted.page, now)
    columns = Columns.of(wanted.columns or queries.preference_of(officer_of(request)).columns, chosen)
    fill(found.rows, columns, chosen)
    here = wanted.address()
    context = {
        "columns": columns,
        "views": [(one, one.address == here) for one in views],
        "here": here,
        "plain": wanted.address(cols=""),
        "rest": list(QueryDict(wanted.address(cols="")).items()),
        "list": found,
        "wanted": wanted,
        "now": now,
        "scopes": [
            (key, title, wanted.address(scope=key, state=wanted.state)) for key, title in lists.SCOPES.items()
        ],
        "light_links": [
            (one, wanted.address(light="" if one == wanted.light else one)) for one in ("超期", TODAY, "临期")
        ],
        "opens": lists.OPEN.items(),
        "lights": lists.LIGHTS,
        "matters": versions,
        "units": queries.unit_groups(),
        "areas": area_groups(),
        "states": [(name, state.title) for name, state in chosen.matter.states.items()] if chosen else [],
        "fields": lists.filter_fields(chosen, wanted) if chosen else [],
        "chosen": chosen,
        "export": wanted.address(cols="" if columns.usual else ",".join(columns.on)),
        "previous": wanted.address(p=found.page - 1) if found.page > 1 else None,
        "next": wanted.address(p=found.page + 1) if found.more else None,
    }
    return show(request, "office/home.html", context, rail="home")


@page
@require_safe
def export(request: HttpRequest) -> FileResponse:
    """导出正在看的列表（全部页，至多两万行）。`as=csv` 为 CSV，否则 Excel。"""
    now = timezone.now()
    wanted = lists.Wanted.read(request.GET, lists.usual_scope(officer_of(request), now))
    chosen = lists.chosen_definition(queries.current_matters(), wanted.matter)
    found = worklist(officer_of(request), lists.filters_of(wanted, chosen), now=now)
    cases = list(found.select_related("version", "unit").defer(*SHOWN)[: exports.MOST + 1])
    rows = [row for part in batched(cases[: exports.MOST], CHUNK) for row in lists.describe(part, now)]
    columns = Columns.of(wanted.columns, chosen)
    for some in batched(rows, CHUNK):
        fill(some, columns, chosen)
    stamp = f"{words.local(now):%Y%m%d-%H%M}"
    if request.GET.get("as") == "csv":
        body, ending = exports.comma_separated(rows, columns), "csv"
    else:
        note = f"{officer_of(request).name} {words.clock_time(now, now)} 导出，共 {len(rows)} 行"
        if len(cases) > exports.MOST:
            note += f"（只导出前 {exports.MOST} 行，请缩小筛选再导出其余的）"
        body, ending = exports.workbook(rows, columns, note, words.local(now)), "xlsx"
    return download(body, f"工作列表-{stamp}.{ending}")
