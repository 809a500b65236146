"""办一步：读回表单，该拦的先拦（没有权的不收材料），再走 casework 的门。件页面、分派台用同一段。"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from jiezhi.base.casework import actions, queries
from jiezhi.base.casework.outcome import Outcome, Refused
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.view import Missing
from jiezhi.web.office import keeping
from jiezhi.web.office.dossier import Dossier
from jiezhi.web.office.forms import actform
from jiezhi.web.office.shell import officer_of

UNSEEN = Missing("version", "这个页面不完整或已经过时，看不出您看到的是哪一步", "请刷新后再办")


@dataclass(frozen=True, slots=True)
class Tried:
    """办的结果：办成的 `outcome`；没有办成的 `missing`，和原样放回的 `draft`（换了新的表单标识）。"""

    draft: actform.Draft
    missing: tuple[Missing, ...] = ()
    outcome: Outcome | None = None


def seen_version(request: HttpRequest, dossier: Dossier) -> int | None:
    """办理人看到的版本；没有带、或不可能的为 None，页面一律不办。"""
    version = actform.version_of(request.POST)
    return version if version is not None and version <= dossier.case.seq else None


def key_of(request: HttpRequest, case: str) -> str:
    """请求标识：同一张表单交两次只办一次。"""
    return f"web:{officer_of(request).pk}:{case}:{actform.token_of(request.POST) or actform.new_token()}"


def attempt(request: HttpRequest, dossier: Dossier, action: str, decl: ActionDecl) -> Tried:
    """办 `action` 这一步。登录过期之后回来的只把填的放回：没有办，也没有差什么。"""
    uid, officer = str(dossier.case.uid), officer_of(request)
    version, key = seen_version(request, dossier), key_of(request, uid)
    back = keeping.resumed(request)
    barred: tuple[Missing, ...] = () if version is not None or back else (UNSEEN,)
    if request.FILES and not barred and not queries.done_before(key):
        # 办不成的不收材料：没有权的人不能借此往里存东西。
        refusal = queries.refused(dossier.case, officer, action, version=version, now=dossier.now)
        barred = refusal.missing if refusal else ()
    draft = actform.read(
        request,
        dossier.definition,
        decl,
        officer=officer,
        now=dossier.now,
        current=dossier.current,
        store=not barred and not back,
    )
    if back:
        return Tried(draft)
    if barred:
        draft.token = actform.new_token()
        return Tried(draft, barred)
    if draft.problems:
        return Tried(draft, tuple(draft.problems))
    result = actions.act(
        uid,
        action,
        acting_officer=officer,
        inputs=draft.inputs,
        at=draft.at,
        reason=draft.reason,
        version=version,
        key=key,
    )
    if isinstance(result, Refused):
        draft.token = actform.new_token()
        return Tried(draft, result.refusal.missing)
    return Tried(draft, outcome=result)
