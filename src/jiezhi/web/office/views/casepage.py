"""件页面：看、办、合并、查看敏感信息、流程图。能不能看、能不能办都由 casework 说。"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST, require_safe

from jiezhi.base.casework import actions, queries
from jiezhi.base.casework.disclosure import CODE, reveal_field, tell_code
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome, Refused
from jiezhi.core.procedure.drawing import draw
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.view import Missing
from jiezhi.web.office import keeping
from jiezhi.web.office.dossier import Dossier
from jiezhi.web.office.forms import actform, controls
from jiezhi.web.office.parts import plain_lines
from jiezhi.web.office.shell import came_from, officer_of, own_unit, page
from jiezhi.web.office.shell import show as render_page
from jiezhi.web.office.trying import UNSEEN, attempt, seen_version
from jiezhi.web.office.views.files import seen_links


def _dossier(request: HttpRequest, uid: UUID) -> Dossier:
    case = queries.case_for(officer_of(request), str(uid))
    if case is None:
        raise Http404("没有这件，或您无权查看")
    return Dossier(case, officer_of(request), timezone.now())


def _render(
    request: HttpRequest,
    dossier: Dossier,
    chosen: str = "",
    draft: actform.Draft | None = None,
    missing: tuple[Missing, ...] = (),
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context: dict[str, Any] = {"d": dossier, "case": dossier.case, "tab": "case", "missing": missing, **more}
    acts = {act.name: act for act in dossier.acts}
    decl = dossier.definition.action(chosen) if chosen else None
    if decl is not None and (draft is not None or (chosen in acts and acts[chosen].ready)):
        suggested, notes = dossier.dispatch_notes(decl)
        if draft is None:
            draft = actform.start(dossier.definition, decl, dossier.current)
            draft.raw |= {name: unit for name, unit in suggested.items() if not draft.raw.get(name)}
        lists = controls.Lists(dossier.case.unit_id or own_unit(dossier.officer))
        asked = controls.questions(dossier.definition, decl, dossier.in_open, dossier.now)
        found = controls.controls(dossier.definition, decl, draft, lists, missing, notes, asked)
        shown, folded = controls.arrange(dossier.definition, decl, found)
        context |= {
            "chosen": chosen,
            "decl": decl,
            "draft": draft,
            "basis": _basis(dossier, decl.basis),
            "controls": shown,
            "more": folded,
            "at_errors": [item for item in missing if item.field == "at"],
            "reason_errors": [item for item in missing if item.field == "reason"],
            "warnings": acts[chosen].warnings if chosen in acts else (),
        }
    context["token"] = actform.new_token()
    return render_page(request, "office/case.html", context, rail="home", status=status)


def _basis(dossier: Dossier, reference: str | None) -> str:
    citation = dossier.definition.citation(reference)
    return citation.label if citation and citation.status in ("已核对", "推导", "内部规定") else ""


@page
@require_safe
def show(request: HttpRequest, uid: UUID) -> HttpResponse:
    """件页面；`?act=` 是要办的动作，表单就地打开。"""
    return _render(request, _dossier(request, uid), request.GET.get("act", ""))


@page
@require_POST
def act(request: HttpRequest, uid: UUID, action: str) -> HttpResponse:
    """办一步。办不成就把填的原样放回，差的写在旁边。"""
    dossier = _dossier(request, uid)
    officer = officer_of(request)
    decl = dossier.definition.action(action)
    if decl is None or decl.jointly:
        raise Http404("没有这个办理动作")
    tried = attempt(request, dossier, action, decl)
    result = tried.outcome
    if result is None:
        # 可能是别人先办了一步：重新取，让他看到现在的样子。
        status = 422 if tried.missing else 200
        return _render(request, _dossier(request, uid), action, tried.draft, tried.missing, status=status)
    state = dossier.definition.matter.states[result.state].title
    already = "这一步已经办过，没有重复办理" if result.repeated else f"“{decl.title}”办好了"
    back = came_from(request)
    which = f"{result.number} " if back else ""
    messages.success(request, f"{which}{already}，现在是“{state}”")
    for item in result.warnings:
        messages.warning(request, f"提醒：{item}")
    if back:
        return redirect(back)
    if queries.case_for(officer, str(uid)) is None:
        messages.info(request, f"{result.number} 接下来由别人办，您的列表里不再有这件")
        return redirect("office:home")
    return redirect("office:case", uid=uid)


@page
@require_POST
def merge(request: HttpRequest, uid: UUID) -> HttpResponse:
    """把别的件并入本件。"""
    dossier = _dossier(request, uid)
    officer = officer_of(request)
    reason = request.POST.get("reason", "")[:2000]
    numbers = [one for one in re.split(r"[\s,，、;；]+", request.POST.get("numbers", "")) if one][:50]
    wanted = set(request.POST.getlist("other"))
    seen = queries.visible(officer, dossier.now)
    rows: list[Case] = list(seen.filter(number__in=numbers)) if numbers else []
    chosen = [str(row.uid) for row in rows] + sorted(
        str(row)
        for row in seen.filter(uid__in=[one for one in wanted if _is_uid(one)]).values_list("uid", flat=True)
    )
    missing = [
        Missing("number", f"没有编号为 {one} 的件，或您无权查看", "核对编号")
        for one in numbers
        if one not in {row.number for row in rows}
    ]
    version = seen_version(request, dossier)
    if version is None:
        missing = [UNSEEN]
    back = keeping.resumed(request)
    if not missing and not back:
        results = actions.merge(
            str(uid),
            chosen,
            acting_officer=officer,
            reason=reason,
            now=dossier.now,
            version=version,
        )
        refused = [result for result in results if isinstance(result, Refused)]
        done = [result for result in results if isinstance(result, Outcome)]
        if not refused and done:
            messages.success(request, f"已并入 {len(chosen)} 件，今后一起办理、一起答复")
            return redirect("office:case", uid=uid)
        missing = list(dict.fromkeys(item for result in refused for item in result.refusal.missing))
    typed = {"reason": reason, "numbers": request.POST.get("numbers", "")[:500], "others": wanted}
    if back:
        return _render(request, dossier, merge_typed=typed)
    return _render(request, dossier, status=422, merge_missing=missing, merge_typed=typed)


@page
@require_POST
def reveal(request: HttpRequest, uid: UUID, field: str) -> HttpResponse:
    """查看打码的一项：写明原因，先记录，后显示。"""
    dossier = _dossier(request, uid)
    decl = dossier.definition.matter.fields.get(field)
    if field == CODE and dossier.may_tell_code:
        decl = FieldDecl(title="查询码", type=FieldType.TEXT)
    elif decl is None or not decl.secret or field not in dossier.current:
        raise Http404("没有这一项")
    context: dict[str, Any] = {"case": dossier.case, "d": dossier, "decl": decl, "field": field}
    reason = request.POST.get("reason", "")
    told: dict[str, Any] = {"reason": reason, "acting_officer": officer_of(request), "now": dossier.now}
    try:
        value = (
            tell_code(dossier.case, **told) if field == CODE else reveal_field(dossier.case, field, **told)
        )
    except ValidationError as error:
        context |= {"error": error.messages[0], "reason": reason}
        response = render_page(request, "office/reveal.html", context, rail="home", status=422)
    else:
        context |= {
            "lines": plain_lines(decl, value, dossier.names),
            "files": seen_links(dossier, field) if decl.type is FieldType.FILE else [],
            "reason": reason.strip(),
        }
        response = render_page(request, "office/reveal.html", context, rail="home")
    response.headers["Cache-Control"] = "no-store"
    return response


@page
@require_safe
def procedure(request: HttpRequest, uid: UUID) -> HttpResponse:
    """流程图：整个流程，走过的路，现在在哪里。"""
    dossier = _dossier(request, uid)
    svg = draw(dossier.definition, taken=dossier.taken, current=dossier.case.state)
    # 图里的文字由 draw 转义。
    context = {"d": dossier, "case": dossier.case, "tab": "procedure", "drawing": mark_safe(svg)}
    return render_page(request, "office/procedure.html", context, rail="home")


def _is_uid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
