"""查进度：凭编号和查询码（只从表单来，不进网址）看自己那一件，能办的就在这一页办。"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from jiezhi.base.accounts.address import client_address
from jiezhi.base.accounts.throttle import Counter
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Refused
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.view import Missing
from jiezhi.services.residents import actions, queries
from jiezhi.web.forms.tokens import new_token
from jiezhi.web.public import forms, mine
from jiezhi.web.public.shell import page, show
from jiezhi.web.public.views.reporting import guarded

CODES = Counter("code")
AGAIN = "离上次查询过了 15 分钟，请再输一次编号和查询码；刚才写的没有丢，查到之后接着办"
ANSWERED = frozenset({"answer", "decide"})
# 不随表单带着走的：各自重新出。
OWN = frozenset({"csrfmiddlewaretoken", "number", "code", "token", "ban"})


@page
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """输编号和查询码；查到了就是这一件的进度。"""
    if request.method != "POST":
        case = mine.current(request)
        return _progress(request, case) if case else _ask(request)
    if wait := CODES.wait(request):
        return _ask(request, f"查得太密，请 {int(wait) + 1} 秒后再查", status=429)
    number, code = (request.POST.get(name, "").replace("\x00", "").strip() for name in ("number", "code"))
    if not number or not code:
        return _ask(request, "编号和查询码都要填", status=422)
    try:
        case = actions.find(number[:80], code[:40], address=client_address(request))
    except actions.CodeRefused as error:
        return _ask(request, str(error), status=422 if error.wait is None else 429)
    mine.remember(request, str(case.uid))
    action = request.POST.get("ban", "")
    decl = matters.definition_of(case.version).action(action) if action else None
    if decl is not None:
        draft = forms.read(request, matters.definition_of(case.version), decl, store=False)
        return _progress(request, case, action, draft)
    return redirect("public:track")


@page
@guarded
@require_POST
def act(request: HttpRequest, action: str) -> HttpResponse:
    """办自己那一件的一步：评价、要求重办、撤回……，进度页列出的才能办。"""
    case = mine.current(request)
    if case is None:
        return _ask(request, AGAIN, action=action, status=403)
    if wait := CODES.wait(request):
        messages.warning(request, f"点得太密，这一步还没有办，请 {int(wait) + 1} 秒后再点")
        return redirect("public:track")
    definition = matters.definition_of(case.version)
    decl = definition.action(action)
    if decl is None:
        raise Http404("没有这个办理动作")
    draft = forms.read(request, definition, decl)
    missing: Sequence[Missing] = draft.problems
    if not missing:
        key = f"public:{case.pk}:page:{draft.token}"
        result = actions.act(case, action, inputs=draft.inputs, reason=draft.reason, key=key)
        if not isinstance(result, Refused):
            state = definition.matter.states[result.state].title
            messages.success(request, f"“{decl.title}”办好了，现在是“{state}”")
            return redirect("public:track")
        missing = result.refusal.missing
    draft.token = new_token()
    return _progress(request, case, action, draft, missing, status=422)


@page
@require_POST
def clear(request: HttpRequest) -> HttpResponse:
    """看完了：这个浏览器里不再记着这一件。"""
    mine.forget(request)
    messages.success(request, "已经退出，这台设备上看不到刚才那一件了")
    return redirect("public:track")


def _ask(request: HttpRequest, problem: str = "", *, action: str = "", status: int = 200) -> HttpResponse:
    """编号和查询码的表单。办到一半过了时候的，填过的随着走。"""
    action = action or request.POST.get("ban", "")
    carried: list[tuple[str, str]] = []
    if action:
        carried = [("ban", action[:80])]
        for name in request.POST:
            carried += [(name, value) for value in request.POST.getlist(name) if name not in OWN]
    context = {"problem": problem, "number": request.POST.get("number", "")[:80], "carried": carried}
    return show(request, "public/track.html", context, status=status)


def _progress(
    request: HttpRequest,
    case: Case,
    action: str = "",
    draft: forms.Draft | None = None,
    missing: Sequence[Missing] = (),
    *,
    status: int = 200,
) -> HttpResponse:
    """这一件的进度和能办的；`action` 是正在填的那一步。"""
    found = queries.progress(case)
    definition = matters.definition_of(case.version)
    acts = definition.matter.actions
    can = [choice.action for choice in found.choices]
    # 没有说填哪一步的，打开主要的那一步；撤回一类的点了才打开。
    primary = next((one for one in can if acts[one].weight == "primary"), "")
    wanted = action or request.GET.get("ban", "")
    chosen = wanted if wanted in can else "" if draft else primary
    lost = _typed(definition, draft) if draft and not chosen else None
    form: dict[str, Any] | None = None
    if chosen:
        decl = acts[chosen]
        here = draft or forms.start(definition, decl)
        form = {
            "choice": found.choices[can.index(chosen)],
            "draft": here,
            "controls": forms.controls(definition, decl, here, missing),
            "missing": missing,
            "reason_errors": [one for one in missing if one.field == "reason"],
        }
    context = {
        "progress": found,
        "form": form,
        "lost": lost,
        "missing": missing if lost is not None else (),
        # 已经答复的，不再说多久答复。
        "promised": [] if found.closed_at or ANSWERED & set(case.done) else queries.promised(definition),
    }
    return show(request, "public/track_case.html", context, status=status)


def _typed(definition: Definition, draft: forms.Draft) -> list[str]:
    """这一步现在不能办了（件已经到了下一步）：写过的话列出来，可以抄走。"""
    texts = [value for value in draft.raw.values() if isinstance(value, str)]
    return [text for text in [*texts, draft.reason] if text.strip()]
