"""督办台：五张单子，各有多少、前几件，点开是全部，可以筛选、导出、催办。怎么算见 casework.oversight。"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import oversight, queries
from jiezhi.base.casework.builtins import action_title
from jiezhi.base.casework.listing import ENOUGH
from jiezhi.core.procedure.fields import FieldType
from jiezhi.web.forms.tokens import new_token
from jiezhi.web.office import export as exports
from jiezhi.web.office import lists, words
from jiezhi.web.office import queries as office
from jiezhi.web.office.columns import Columns
from jiezhi.web.office.shell import download, officer_of, page, show

SLUGS = {
    "chaoqi": "overdue",
    "bulu": "backfilled",
    "tuihui": "returned",
    "bumanyi": "unhappy",
    "wuzhaopian": "photoless",
}
FEW = 5
PAGE = 50
CHUNK = 500
COUNTED = {"backfilled": "补录 {} 步", "returned": "退回 {} 次", "unhappy": "不满意 {} 次"}


@dataclass(frozen=True, slots=True)
class Entry:
    """单子上的一件。`note` 是怎么回事；`acts` 是能办的催办、督办：（网址、名称），`field` 是它们要写的一项。"""

    row: lists.Row
    note: str
    acts: Sequence[tuple[str, str]] = ()
    field: Any = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """一张单子给人看的样子。"""

    slug: str
    title: str
    how: str
    empty: str
    count: office.Count
    entries: Sequence[Entry]


def _asked(request: HttpRequest) -> oversight.Asked:
    span = request.GET.get("span", "")
    unit = request.GET.get("unit", "").replace("\x00", "").strip()[:100]
    return oversight.Asked(unit, span if span in oversight.SPANS else "")


def _address(asked: oversight.Asked, **changes: str) -> str:
    found = {"unit": asked.unit, "span": asked.span} | changes
    return urlencode({key: value for key, value in found.items() if value})


def _barred(request: HttpRequest) -> HttpResponse | None:
    if oversight.may_oversee(officer_of(request), timezone.now()):
        return None
    return show(request, "office/supervision_barred.html", {}, rail="supervision", status=403)


def _entries(
    found: dict[str, list[tuple[int, int]]], officer: Officer, now: datetime, *, acting: bool
) -> dict[str, list[Entry]]:
    """各单子上的件成行。查询数与行数无关。"""
    cases = oversight.cases_of({pk for some in found.values() for pk, _ in some})
    rows = {row.case.pk: row for row in lists.describe(list(cases.values()), now)}
    late = oversight.backfills(pk for pk, _ in found.get("backfilled", ()))
    urging = oversight.urging(list(cases.values()), officer, now=now) if acting and cases else {}
    return {
        sheet: [
            _entry(rows[pk], _note(sheet, rows[pk], times, late.get(pk)), urging.get(pk, ()))
            for pk, times in some
            if pk in rows
        ]
        for sheet, some in found.items()
    }


def _entry(row: lists.Row, note: str, names: Iterable[str]) -> Entry:
    definition = queries.definition_of(row.case)
    decls = [(name, definition.matter.actions[name]) for name in names]
    fields = {tuple(decl.collected()) for _, decl in decls}
    asks = next(iter(fields)) if len(fields) == 1 else ()
    plain = len(asks) == 1 and definition.matter.fields[asks[0]].type is FieldType.TEXT
    here = plain and not any(decl.reason or decl.confirm for _, decl in decls)
    uid = row.case.uid
    acts = [
        (
            reverse("office:act", args=[uid, name])
            if here
            else f"{reverse('office:case', args=[uid])}?act={name}",
            decl.title,
        )
        for name, decl in decls
    ]
    return Entry(
        row, note, acts, definition.matter.fields[asks[0]] if here else None, asks[0] if here else ""
    )


def _note(sheet: str, row: lists.Row, times: int, late: tuple[str, timedelta] | None) -> str:
    if sheet == "overdue":
        return f"{row.light.clock or '时限'}：{row.light.due}"
    if sheet == "photoless":
        return "没有照片"
    said = COUNTED[sheet].format(times)
    if late is None:
        return said
    decl = queries.definition_of(row.case).action(late[0])
    title = action_title(late[0]) or (decl.title if decl else late[0])
    hours = int(late[1].total_seconds() // 3600)
    return f"{said}，“{title}”迟记{f'{hours // 24}天' if hours >= 48 else f'{hours}小时'}"


def _sheet(slug: str, asked: oversight.Asked, total: int, entries: Sequence[Entry]) -> Sheet:
    kind = SLUGS[slug]
    one = oversight.SHEETS[kind]
    return Sheet(slug, one.title, asked.how(kind), one.empty, office.counted(total), entries)


def _shared(asked: oversight.Asked) -> dict[str, Any]:
    spans = [("", "近 30 天（超期的不限）"), *oversight.SPANS.items()]
    return {
        "asked": asked,
        "address": _address(asked),
        "spans": [(key, title, _address(asked, span=key)) for key, title in spans],
        "units": office.unit_groups(),
        "token": new_token(),
    }


@page
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """五张单子，各列前几件。"""
    if barred := _barred(request):
        return barred
    officer, now, asked = officer_of(request), timezone.now(), _asked(request)
    found = {
        kind: oversight.listed(officer, kind, asked, now=now, most=ENOUGH + 1) for kind in SLUGS.values()
    }
    shown = _entries({kind: some[:FEW] for kind, some in found.items()}, officer, now, acting=True)
    sheets = [_sheet(slug, asked, len(found[kind]), shown[kind]) for slug, kind in SLUGS.items()]
    context = _shared(asked) | {"sheets": sheets, "back": request.get_full_path()}
    return show(request, "office/supervision.html", context, rail="supervision")


@page
@require_safe
def sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """一张单子的全部（到 1000 件为止），翻页。"""
    if barred := _barred(request):
        return barred
    if slug not in SLUGS:
        raise Http404("没有这张单子")
    officer, now, asked = officer_of(request), timezone.now(), _asked(request)
    text = request.GET.get("p", "")
    number = max(1, int(text)) if text.isdecimal() and len(text) < 4 else 1
    found = oversight.listed(officer, SLUGS[slug], asked, now=now, most=ENOUGH + 1)
    first = (number - 1) * PAGE
    part = {SLUGS[slug]: found[:ENOUGH][first : first + PAGE]}
    entries = _entries(part, officer, now, acting=True)[SLUGS[slug]]
    context = _shared(asked) | {
        "sheet": _sheet(slug, asked, len(found), entries),
        "page": number,
        "previous": _address(asked, p=str(number - 1)) if number > 1 else None,
        "next": _address(asked, p=str(number + 1)) if len(found[:ENOUGH]) > first + PAGE else None,
        "back": request.get_full_path(),
    }
    return show(request, "office/supervision_sheet.html", context, rail="supervision")


@page
@require_safe
def export(request: HttpRequest, slug: str) -> FileResponse | HttpResponse:
    """导出一张单子（全部，至多两万行）。`as=csv` 为 CSV，否则 Excel。"""
    if barred := _barred(request):
        return barred
    if slug not in SLUGS:
        raise Http404("没有这张单子")
    officer, now, asked, kind = officer_of(request), timezone.now(), _asked(request), SLUGS[slug]
    usual = Columns.of((), None)
    found = oversight.listed(officer, kind, asked, now=now, most=exports.MOST + 1)
    parts = [found[start : start + CHUNK] for start in range(0, min(len(found), exports.MOST), CHUNK)]
    rows = [
        (*exports.cells(one.row, usual), one.note)
        for part in parts
        for one in _entries({kind: part}, officer, now, acting=False)[kind]
    ]
    one, stamp = oversight.SHEETS[kind], f"{words.local(now):%Y%m%d-%H%M}"
    header = [*exports.heads(usual), ("怎么回事", 24)]
    if request.GET.get("as") == "csv":
        return download(exports.table([name for name, _ in header], rows), f"督办台-{one.title}-{stamp}.csv")
    note = (
        f"{one.title}：{asked.how(kind)}{officer.name} {words.clock_time(now, now)} 导出，共 {len(rows)} 行"
    )
    if len(found) > exports.MOST:
        note += f"（只导出前 {exports.MOST} 行，请缩小筛选再导出其余的）"
    body = exports.sheet_of(one.title, header, rows, note, words.local(now))
    return download(body, f"督办台-{one.title}-{stamp}.xlsx")
