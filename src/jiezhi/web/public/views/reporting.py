"""我要报事：照片、地点、说明，一页里填完；没有脚本时是一张普通表单。登记走 services.residents，和居民接口同一个门。"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jiezhi.base.accounts.throttle import Counter
from jiezhi.base.casework import files, matters
from jiezhi.base.casework.outcome import Refused
from jiezhi.base.casework.queries import done_before
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.view import Missing
from jiezhi.services.dispatch.duplicates import DUPLICATE_SCORE, near_duplicates
from jiezhi.services.dispatch.nearby import Near, shown
from jiezhi.services.dispatch.placing import place
from jiezhi.services.dispatch.session import text_of
from jiezhi.services.residents import actions, queries
from jiezhi.web.forms.controls import Control
from jiezhi.web.forms.tokens import new_token
from jiezhi.web.public import forms, mine, spots
from jiezhi.web.public.shell import View, page, show

# 居民最常报的排在最前。
FIRST = "report.snapshot"
REPORTS, BYTES, READS = Counter("report"), Counter("bytes"), Counter("read")
SAY_WAIT = "这一会儿从您这里来的太多了，还没有登记。请 {} 秒后再点一次，填的都在"
ANOTHER = Missing(
    "key",
    "这张表单刚才已经登记过一件，现在内容改了，没有重复登记",
    "要看刚才那一件请去“查进度”；确实要另报一件，就再点一次",
)
MOST_SIMILAR = 3


def guarded(view: View) -> View:
    """收照片的：先看这一份多大、这个地址来得多不多，太多的不读内容就拒绝，再核对是不是本站的表单。"""
    checked: Callable[..., HttpResponseBase] = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def measured(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or ""
        size = int(length) if length.isdecimal() else settings.EVIDENCE_MAX_BYTES
        if request.method == "POST" and (wait := BYTES.wait(request, size)):
            context = {"wait": int(wait) + 1}
            return show(request, "public/report_wait.html", context, status=429)
        return checked(request, *args, **kwargs)

    return measured


@page
@guarded
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """选业务、填表、登记。能登记的只有一种时直接填。"""
    given = request.POST if request.method == "POST" else request.GET
    open_now = sorted(queries.openable(), key=lambda one: one[0].matter != FIRST)
    wanted = (given.get("yewu", ""), given.get("dongzuo", ""))
    listed = [
        (row.matter, name, matters.definition_of(row))
        for row, name in open_now
        if wanted[0] in ("", row.matter) and wanted[1] in ("", name)
    ]
    if not listed and wanted[0]:
        raise Http404("这项业务不能在网上登记")
    if len(listed) != 1:
        choices = [(matter, name, one, one.matter.actions[name]) for matter, name, one in listed]
        return show(request, "public/report_choose.html", {"choices": choices})
    matter, name, definition = listed[0]
    form = Form(request, definition, definition.matter.actions[name], name)
    if request.method != "POST":
        return form.show(forms.start(definition, form.decl))
    draft = forms.read(request, definition, form.decl)
    if request.POST.get("do") == "place":
        return form.show(draft, at="place", look=True)
    if draft.problems:
        return form.show(draft, draft.problems, status=422)
    if wait := REPORTS.wait(request):
        return form.show(draft, [Missing("wait", SAY_WAIT.format(int(wait) + 1))], status=429)
    key = f"public:page:{draft.token}"
    # 双击、后退再点的，刚才已经登记好的那一件不算“附近有人报过”。
    asked = request.POST.get("confirmed") or done_before(key)
    if not asked and (similar := _similar(definition, draft)):
        return form.show(draft, similar=similar)
    result = actions.report(matter, name, inputs=draft.inputs, key=key)
    if isinstance(result, Refused):
        draft.token = new_token()
        missing = [ANOTHER if one.code == "key" else one for one in result.refusal.missing]
        return form.show(draft, missing, status=422)
    mine.remember(request, result.uid, fresh=True)
    return redirect("public:report-done")


@page
@require_safe
def done(request: HttpRequest) -> HttpResponse:
    """登记好了：编号和查询码。只给刚登记的那个浏览器看，十五分钟。"""
    case = mine.fresh(request)
    if case is None:
        return redirect("public:track")
    definition = matters.definition_of(case.version)
    context = {
        "case": case,
        "code": receipt_code(str(case.uid)),
        "definition": definition,
        "state": definition.matter.states[case.state],
        "promised": queries.promised(definition),
    }
    return show(request, "public/report_done.html", context)


@page
@guarded
@require_POST
def photo(request: HttpRequest) -> HttpResponse:
    """先收下一张照片（脚本用）：给收据，或者说为什么没有收。"""
    upload = request.FILES.get("file")
    if upload is None:
        return JsonResponse({"say": "没有收到照片，请再选一次"}, status=422)
    if wait := forms.PHOTOS.wait(request):
        return JsonResponse({"say": f"照片传得太密，请 {int(wait) + 1} 秒后再传"}, status=429)
    try:
        row, slip = actions.receive_photo(upload, upload.name or "照片.jpg")  # type: ignore[arg-type]
    except files.FileRefused as error:
        return JsonResponse({"say": str(error)}, status=422)
    return JsonResponse({"slip": slip, "size": row.size})


@page
@require_POST
def locate(request: HttpRequest) -> HttpResponse:
    """认一个地点（脚本用）：是哪个社区、网格，附近在办的有哪些。"""
    if wait := READS.wait(request):
        problem = f"查得太密，请 {int(wait) + 1} 秒后再试；不影响登记"
        return show(request, "public/_report_place.html", {"found": spots.Found(problem=problem)})
    raw = {part: request.POST.get(part, "").replace("\x00", "").strip() for part in ("address", "lon", "lat")}
    found = spots.look(raw, request.POST.get("yewu", ""), timezone.now())
    return show(request, "public/_report_place.html", {"found": found})


def _similar(definition: Definition, draft: forms.Draft) -> list[Near]:
    """很可能是同一件事的、在办的。只比地点和说的事，不凭来件人找：不然凭电话就能试出谁报过什么。"""
    matter, now = definition.matter, timezone.now()
    text = text_of(draft.inputs, matter.summary)
    if not text or not matter.located_by:
        return []
    found = place(draft.inputs.get(matter.located_by), text, at=now)
    rows = near_duplicates([definition.id], found.place, now, text, area_path=found.area_path)
    return shown([one.case for one in rows if one.score >= DUPLICATE_SCORE][:MOST_SIMILAR], now)


class Form:
    """一种业务的报事表单。"""

    def __init__(self, request: HttpRequest, definition: Definition, decl: ActionDecl, action: str) -> None:
        self.request, self.definition, self.decl, self.action = request, definition, decl, action

    def show(
        self,
        draft: forms.Draft,
        missing: Sequence[Missing] = (),
        *,
        similar: Sequence[Near] = (),
        at: str = "",
        look: bool = False,
        status: int = 200,
    ) -> HttpResponse:
        """出表单，填过的都在。`at` 有脚本时停在哪一步；`look` 为真时认一认地点。"""
        located = self.definition.matter.located_by or ""
        spot = draft.raw.get(located)
        suggested = isinstance(spot, dict) and not any(spot.values()) and bool(draft.spot)
        if suggested:
            draft.raw[located] = spot = {**spot, **draft.spot}  # type: ignore[dict-item]
        found = None
        if look and isinstance(spot, dict):
            found = spots.look(spot, self.definition.id, timezone.now())
        steps = _steps(self.definition, forms.controls(self.definition, self.decl, draft, missing))
        wrong = (step["key"] for step in steps for one in [*step["controls"], *step["more"]] if one.errors)
        context = {
            "definition": self.definition,
            "decl": self.decl,
            "action": self.action,
            "draft": draft,
            "missing": missing,
            "similar": similar,
            "steps": steps,
            "start": at or next(wrong, steps[-1]["key"] if similar or missing else steps[0]["key"]),
            "found": found,
            "looked": look,
            "suggested": suggested,
            "promised": queries.promised(self.definition),
        }
        return show(self.request, "public/report.html", context, status=status)


def _steps(definition: Definition, found: Sequence[Control]) -> list[dict[str, Any]]:
    """照片、地点、说明三步；没有照片、地点的业务就少一两步。选填的收进“更多”，来件人的不收。"""
    matter = definition.matter
    photos = [one for one in found if one.decl.type is FieldType.FILE]
    where = [one for one in found if one.name == matter.located_by]
    words = [one for one in found if one not in photos and one not in where]
    more = [one for one in words if one.idle and one.name != matter.reported_by]
    table: tuple[tuple[str, str, list[Control], list[Control]], ...] = (
        ("photos", "拍照片", photos, []),
        ("place", "在哪里", where, []),
        ("words", "说一说", [one for one in words if one not in more], more),
    )
    return [
        {"key": key, "title": title, "controls": here, "more": rest}
        for key, title, here, rest in table
        if here or rest or key == "words"
    ]
