"""现场处置：手机上看轮到自己到场、处置的件，拍照、写结果。办理还是走件页面那张表单、那道门。"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jiezhi.base.casework import queries
from jiezhi.core.procedure.view import Missing
from jiezhi.services.dispatch.waiting import on_site
from jiezhi.web.forms.tokens import new_token
from jiezhi.web.office import lists
from jiezhi.web.office.dispatching import Item
from jiezhi.web.office.forms import actform, controls
from jiezhi.web.office.shell import officer_of, own_unit, page, show
from jiezhi.web.office.trying import attempt

MOST = 60


@page
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """轮到我到场、处置的，快到期的在前；手机上能改按近远排（位置只在手机里用，不交上来）。"""
    now = timezone.now()
    found = on_site(officer_of(request), now, size=MOST)
    context = {"rows": lists.describe(found.cases, now), "more": found.more}
    return show(request, "office/onsite.html", context, rail="onsite")


def _item(request: HttpRequest, uid: UUID) -> Item:
    case = queries.case_for(officer_of(request), str(uid))
    if case is None:
        raise Http404("没有这件，或您无权查看")
    return Item(case, officer_of(request), timezone.now())


@page
@require_safe
def one(request: HttpRequest, uid: UUID) -> HttpResponse:
    """一件的现场处置：在哪里、什么事、现在能办的几步。"""
    return _render(request, _item(request, uid), "")


@page
@require_http_methods(["GET", "HEAD", "POST"])
def handle(request: HttpRequest, uid: UUID, action: str) -> HttpResponse:
    """打开一步的表单，交上来就办；办不成就把填的原样放回。"""
    item = _item(request, uid)
    decl = item.definition.action(action)
    if decl is None or decl.jointly:
        raise Http404("没有这个办理动作")
    if request.method != "POST":
        return _render(request, item, action)
    tried = attempt(request, item, action, decl)
    if tried.outcome is None:
        status = 422 if tried.missing else 200
        return _render(request, _item(request, uid), action, tried.draft, tried.missing, status=status)
    state = item.definition.matter.states[tried.outcome.state].title
    already = "已经办过，没有重复办理" if tried.outcome.repeated else "办好了"
    messages.success(request, f"{tried.outcome.number} “{decl.title}”{already}，现在是“{state}”")
    for warning in tried.outcome.warnings:
        messages.warning(request, f"提醒：{warning}")
    after = queries.case_for(officer_of(request), str(uid))
    stays = after is not None and Item(after, officer_of(request), timezone.now()).main_acts
    return redirect("office:onsite-case", uid=uid) if stays else redirect("office:onsite")


def _render(
    request: HttpRequest,
    item: Item,
    chosen: str,
    draft: actform.Draft | None = None,
    missing: tuple[Missing, ...] = (),
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"d": item, "case": item.case, "missing": missing, "token": new_token()}
    ready = {act.name for act in item.acts if act.ready}
    decl = item.definition.action(chosen) if chosen in ready or draft is not None else None
    if decl is not None:
        draft = draft or actform.start(item.definition, decl, item.current)
        listed = controls.Lists(item.case.unit_id or own_unit(item.officer))
        found = controls.controls(item.definition, decl, draft, listed, missing)
        shown, folded = controls.arrange(item.definition, decl, found)
        context |= {
            "chosen": chosen,
            "decl": decl,
            "draft": draft,
            "controls": shown,
            "more": folded,
            "at_errors": [one for one in missing if one.field == "at"],
            "reason_errors": [one for one in missing if one.field == "reason"],
        }
    return show(request, "office/onsite_case.html", context, rail="onsite", status=status)
