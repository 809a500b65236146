"""登记新件：选业务、填表、看看有没有重复，然后登记。"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jiezhi.base.casework import actions, matters, queries
from jiezhi.base.casework.outcome import Refused
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import HostDecl
from jiezhi.core.procedure.view import Missing
from jiezhi.services.dispatch import placing
from jiezhi.services.dispatch.duplicates import DUPLICATE_SCORE, Duplicate, near_duplicates
from jiezhi.services.dispatch.session import text_of
from jiezhi.web.office import keeping
from jiezhi.web.office.forms import actform, controls
from jiezhi.web.office.shell import officer_of, own_unit, page, show


@page
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """我能登记哪些件。"""
    found = []
    for version, action in queries.openable(officer_of(request)):
        definition = matters.definition_of(version)
        found.append(
            {
                "version": version,
                "action": action,
                "decl": definition.action(action),
                "definition": definition,
            }
        )
    return show(request, "office/new.html", {"found": found}, rail="new")


@page
@require_http_methods(["GET", "POST"])
def open_form(request: HttpRequest, matter: str, action: str) -> HttpResponse:
    """登记表。很像已有的件时先让人看一眼，仍要登记的再点一次。"""
    officer, now = officer_of(request), timezone.now()
    version = next(
        (one for one, name in queries.openable(officer, now=now) if (one.matter, name) == (matter, action)),
        None,
    )
    if version is None:
        raise Http404("没有这项业务，或您不能登记")
    definition = matters.definition_of(version)
    decl = definition.action(action)
    assert decl is not None
    if request.method != "POST":
        draft = actform.start(definition, decl, {})
        return _form(request, definition, decl, action, draft)
    back = keeping.resumed(request)
    draft = actform.read(request, definition, decl, officer=officer, now=now, current={}, store=not back)
    if back:
        return _form(request, definition, decl, action, draft)
    if draft.problems:
        return _form(request, definition, decl, action, draft, draft.problems, status=422)
    key = f"web:{officer.pk}:{matter}:{draft.token}"[:120]
    if not request.POST.get("confirmed"):
        similar = _similar(request, definition, draft.inputs)
        if similar:
            return _form(request, definition, decl, action, draft, similar=similar)
    result = actions.open_case(
        matter,
        action,
        acting_officer=officer,
        inputs=draft.inputs,
        at=draft.at,
        reason=draft.reason,
        key=key,
        origin={"number": draft.number} if draft.number else None,
    )
    if isinstance(result, Refused):
        draft.token = actform.new_token()
        return _form(request, definition, decl, action, draft, result.refusal.missing, status=422)
    said = "刚才已经登记过，没有重复登记" if result.repeated else "已登记"
    messages.success(request, f"{said}，编号 {result.number}")
    for item in result.warnings:
        messages.warning(request, f"提醒：{item}")
    if queries.case_for(officer, result.uid) is None:
        messages.info(request, "这件已按规则转给承办单位，不在您的列表里")
        return redirect("office:home")
    return redirect("office:case", uid=result.uid)


def _similar(request: HttpRequest, definition: Definition, inputs: dict[str, Any]) -> list[Duplicate]:
    matter = definition.matter
    text = text_of(inputs, matter.summary)
    if not text:
        return []
    now = timezone.now()
    found = placing.place(inputs.get(matter.located_by or ""), text, at=now)
    rows = near_duplicates(
        [definition.id],
        found.place,
        now,
        text,
        area_path=found.area_path,
        reporter=inputs.get(matter.reported_by or ""),
        within=queries.visible(officer_of(request), now),
    )
    return [row for row in rows if row.score >= DUPLICATE_SCORE]


def _form(
    request: HttpRequest,
    definition: Definition,
    decl: ActionDecl,
    action: str,
    draft: actform.Draft,
    missing: Any = (),
    *,
    similar: list[Duplicate] | None = None,
    status: int = 200,
) -> HttpResponse:
    missing = tuple(missing)
    host = definition.matter.host
    citation = definition.citation(decl.basis)
    lists = controls.Lists(own_unit(officer_of(request)))
    asked = controls.questions(definition, decl, draft.inputs, timezone.now())
    found = controls.controls(definition, decl, draft, lists, missing, asked=asked)
    shown, more = controls.arrange(definition, decl, found)
    context = {
        "definition": definition,
        "decl": decl,
        "action": action,
        "draft": draft,
        "missing": missing,
        "similar": similar,
        "host": host if isinstance(host, HostDecl) else None,
        "number_errors": [item for item in missing if isinstance(item, Missing) and item.code == "number"],
        "basis": citation.label if citation and citation.status in ("已核对", "推导", "内部规定") else "",
        "controls": shown,
        "more": more,
        "at_errors": [item for item in missing if item.field == "at"],
        "reason_errors": [item for item in missing if item.field == "reason"],
        "multipart": True,
    }
    return show(request, "office/open.html", context, rail="new", status=status)
