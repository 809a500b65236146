"""分派台：看队列、看一件、派给谁、退回、并入、成批采纳。办理都走 casework 的门。"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from jiezhi.base.casework import actions, queries
from jiezhi.base.casework.actions import Entry
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome, Refused
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.view import Missing, Plan
from jiezhi.services.dispatch import waiting
from jiezhi.services.dispatch.actions.handling import unit_field
from jiezhi.web.forms.tokens import new_token
from jiezhi.web.office.dispatching import PAGE, Item, Queue, read_queue
from jiezhi.web.office.forms import actform, controls
from jiezhi.web.office.shell import officer_of, page, show
from jiezhi.web.office.trying import UNSEEN, attempt, key_of, seen_version

RECENT = "dispatch.units"
KEPT = 8
LAST_PAGE = 400


class Told(NamedTuple):
    """成批采纳里一件的结果。"""

    case: Case
    ok: bool
    text: str


def _uid(text: str) -> str:
    """成样的全局标识；不成样的为空串。"""
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _address(request: HttpRequest, **changes: str) -> str:
    """分派台的网址：业务筛选、第几页跟着走。"""
    given = request.POST
    items = {"matter": given.get("matter", "")[:80], "p": given.get("p", "")[:4], **changes}
    query = urlencode({key: value for key, value in items.items() if value})
    return reverse("office:dispatch") + (f"?{query}" if query else "")


def _item(request: HttpRequest, uid: str) -> Item | None:
    """这一件，看得见才有。"""
    case = queries.case_for(officer_of(request), uid) if uid else None
    return Item(case, officer_of(request), timezone.now(), "past" in request.GET) if case else None


def _render(
    request: HttpRequest,
    item: Item | None,
    queue: Queue,
    *,
    tried: actform.Draft | None = None,
    chosen: str = "",
    missing: tuple[Missing, ...] = (),
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    given = request.GET if request.method == "GET" else request.POST
    context: dict[str, Any] = {
        "queue": queue,
        "item": item,
        "d": item,
        "missing": missing,
        "token": new_token(),
        "matter": given.get("matter", "")[:80],
        **more,
    }
    if item is not None:
        context |= _forms(request, item, tried, chosen, missing)
        before, after = queue.beside(str(item.case.uid))
        context |= {"case": item.case, "before": before, "after": after}
    return show(request, "office/dispatch.html", context, rail="dispatch", status=status)


def _forms(
    request: HttpRequest,
    item: Item,
    draft: actform.Draft | None,
    chosen: str,
    missing: tuple[Missing, ...],
) -> dict[str, Any]:
    """要填的那个动作的表单：点了的那个，没有点就是派单。"""
    names = [act.name for act in item.open_acts]
    asked = bool(chosen) and (chosen in names or draft is not None)
    chosen = chosen if asked else item.usual_act
    decl = item.definition.action(chosen)
    if decl is None:
        return {}
    field = item.unit_of(decl)
    if draft is None:
        draft = actform.start(item.definition, decl, item.current)
        if field:  # 一键采纳的在上面；这里是派给别的单位，或者所建议的单位不能一键派
            known = item.suits(decl) and not item.quick and not item.doubtful
            draft.raw[field] = item.suggestion.unit if known else ""
    lists = controls.Lists(item.case.unit_id)
    found = controls.controls(item.definition, decl, draft, lists, missing)
    usual = item.usual(_recent(request))
    for control in found:
        if control.name == field and usual:
            rest = [(group, [one for one in rows if one[0] not in usual]) for group, rows in control.groups]
            first = ("常派的", [(one, item.unit_name(one)) for one in usual])
            control.groups = [first, *((group, rows) for group, rows in rest if rows)]
    shown, folded = controls.arrange(item.definition, decl, found)
    return {
        "chosen": chosen,
        "asked": asked or bool(missing),
        "decl": decl,
        "draft": draft,
        "controls": shown,
        "more": folded,
        "at_errors": [one for one in missing if one.field == "at"],
        "reason_errors": [one for one in missing if one.field == "reason"],
    }


def _recent(request: HttpRequest) -> list[str]:
    """这个人最近派过的单位，新的在前。"""
    found = request.session.get(RECENT, [])
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _read_queue(request: HttpRequest) -> Queue:
    given = request.GET if request.method == "GET" else request.POST
    number = given.get("p", "")
    at = int(number) if number.isdecimal() and len(number) < 5 else 1
    matter = given.get("matter", "").replace("\x00", "")[:80]
    return read_queue(officer_of(request), matter, min(max(at, 1), LAST_PAGE), timezone.now())


@page
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """队列和当前一件。`case` 是哪一件，不写就是头一件；`act` 是要填的动作；`done` 是刚办完的一件。"""
    queue = _read_queue(request)
    asked = _uid(request.GET.get("case", ""))
    item = _item(request, asked)
    gone = None
    if item is not None and not item.waiting:
        item, gone = None, item
    if item is None and queue.rows:
        item = _item(request, str(queue.rows[0].case.uid))
    done = _item(request, _uid(request.GET.get("done", "")))
    undo = _undo(done) if done else None
    return _render(request, item, queue, chosen=request.GET.get("act", ""), gone=gone, done=done, undo=undo)


def _undo(done: Item) -> tuple[str, str] | None:
    """派错了怎么收回：业务模板里含义是退回重派、这个人现在能办的动作（代号、名称）；没有为 None。"""
    for name, outcome in queries.available(done.case, done.officer, now=done.now):
        decl = done.definition.action(name)
        if isinstance(outcome, Plan) and decl is not None and "return" in decl.means:
            return name, decl.title
    return None


def _next(request: HttpRequest, **more: str) -> HttpResponse:
    return redirect(_address(request, case=_uid(request.POST.get("next", "")), **more))


@page
@require_POST
def act(request: HttpRequest, uid: UUID, action: str) -> HttpResponse:
    """办一步分派或退回，办完到下一件。别人先办了的说清楚，也到下一件。"""
    item = _item(request, str(uid))
    if item is None:
        raise Http404("没有这件，或您无权查看")
    decl = item.definition.action(action)
    if decl is None or not {waiting.DISPATCH, waiting.REFER} & set(decl.means):
        raise Http404("分派台没有这个办理动作")
    tried = attempt(request, item, action, decl)
    if tried.outcome is None:
        return _refused(request, uid, tried.missing, chosen=action, tried=tried.draft)
    unit = tried.draft.inputs.get(item.unit_of(decl))
    if isinstance(unit, str):
        request.session[RECENT] = list(dict.fromkeys([unit, *_recent(request)]))[:KEPT]
    for warning in tried.outcome.warnings:
        messages.warning(request, f"提醒：{warning}")
    _tell(request, item, tried.outcome, decl.title, str(unit or ""))
    return _next(request, done=str(uid))


def _tell(request: HttpRequest, item: Item, outcome: Outcome, title: str, unit: str) -> None:
    state = item.definition.matter.states[outcome.state].title
    to = f"，派给{name}" if (name := item.unit_name(unit)) else ""
    already = "已经办过，没有重复办理" if outcome.repeated else f"办好了{to}"
    messages.success(request, f"{outcome.number} “{title}”{already}，现在是“{state}”")


def _refused(request: HttpRequest, uid: UUID, missing: tuple[Missing, ...], **more: Any) -> HttpResponse:
    """没有办成：还等着分派的，原样放回；别人先办走了的，说清楚、到下一件。"""
    item = _item(request, str(uid))
    if item is None or not item.waiting:
        number = item.case.number if item else "这一件"
        messages.warning(
            request, f"{number} 没有办成：{'；'.join(one.say for one in missing)}。已为您换到下一件"
        )
        return _next(request)
    return _render(request, item, _read_queue(request), missing=missing, status=422, **more)


@page
@require_POST
def join(request: HttpRequest, uid: UUID) -> HttpResponse:
    """把当前一件并入另一件。"""
    item = _item(request, str(uid))
    if item is None:
        raise Http404("没有这件，或您无权查看")
    officer, into = officer_of(request), _uid(request.POST.get("into", ""))
    master = queries.case_for(officer, into) if into else None
    reason, version = request.POST.get("reason", "")[:2000], seen_version(request, item)
    missing: tuple[Missing, ...] = ()
    if version is None:
        missing = (UNSEEN,)
    elif master is None:
        missing = (Missing("number", "没有要并入的那一件，或您无权查看", "刷新后再选"),)
    else:
        results = actions.merge(
            into,
            [str(uid)],
            acting_officer=officer,
            reason=reason,
            key=key_of(request, into),
            seen={str(uid): version},
        )
        refused = [one for one in results if isinstance(one, Refused)]
        if not refused:
            messages.success(request, f"{item.case.number} 已并入 {master.number}，今后一起办理、一起答复")
            return _next(request, done=into)
        missing = tuple(dict.fromkeys(one for result in refused for one in result.refusal.missing))
    return _refused(request, uid, missing, join_into=into, join_reason=reason)


@page
@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """成批采纳：勾了的几件都派给所建议的那个单位，逐件说结果。"""
    officer, unit = officer_of(request), request.POST.get("unit", "")[:80]
    wanted: dict[str, int] = {}
    for one in request.POST.getlist("one")[:PAGE]:
        uid, _, version = one.partition(".")
        if _uid(uid) and version.isdecimal() and len(version) < 10:
            wanted[_uid(uid)] = int(version)
    name = registry.standing().units.get(unit, ("", None))[0]
    seen = queries.visible(officer).filter(uid__in=list(wanted)).select_related("version")
    cases = {str(one.uid): one for one in seen}
    outside = unit in registry.standing().external
    told: list[Told] = []
    entries: list[tuple[Case, Entry]] = []
    for uid, case in ((uid, cases[uid]) for uid in wanted if uid in cases):
        definition = queries.definition_of(case)
        names = [
            one for at in waiting.waiting_states(definition) for one in waiting.desk_actions(definition, at)
        ]
        action = waiting.quick_action(definition, names, outside=outside)
        field = unit_field(definition.matter.actions[action], definition.matter.fields) if action else None
        if action is None or field is None:
            told.append(Told(case, False, "这一件不能一键派出，请单独办"))
            continue
        given = {"case": uid, "version": wanted[uid], "key": key_of(request, uid)}
        entries.append((case, Entry(action=action, inputs={field: unit}, **given)))  # type: ignore[arg-type]
    results = actions.act_many([entry for _, entry in entries], acting_officer=officer) if entries else []
    for (case, _), result in zip(entries, results, strict=True):
        if isinstance(result, Refused):
            told.append(Told(case, False, "；".join(one.say for one in result.refusal.missing)))
        else:
            said = "已经办过，没有重复办理" if result.repeated else f"派给了{name}"
            told.append(Told(case, True, said))
    queue = _read_queue(request)
    item = _item(request, str(queue.rows[0].case.uid)) if queue.rows else None
    ok = sum(one.ok for one in told)
    return _render(request, item, queue, told=told, told_any=True, told_ok=ok, told_not=len(told) - ok)
