"""件：列表、一件的全部、能办什么、登记、办理、合并。看得见什么由 casework 说，能办什么由门说。"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status
from pydantic import StringConstraints

from jiezhi.api import paging, present, shapes
from jiezhi.api.auth import Token, officer, token
from jiezhi.api.idempotency import RequestKey
from jiezhi.api.problems import Problem, not_found, refused
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions, matters, queries, slips
from jiezhi.base.casework.cursor import Spot
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome, Refused, Result
from jiezhi.base.casework.reach import in_sight_or_done
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.view import Refusal

router = Router(tags=["件"])


@router.get("/cases", response=shapes.CasePage, auth=Token("cases:read"), summary="工作列表")
def listing(request: HttpRequest, wanted: Annotated[shapes.Wanted, Query(...)]) -> Any:
    """看得见的件里符合筛选的，快到期的在前，没有时限的在后。

    用 `page` 翻到第一万件为止；每页的 `next` 写进 `cursor` 接着翻，翻多少都行，期间新来的件不使后面的重、漏。
    """
    if wanted.page * wanted.size > shapes.FARTHEST:
        raise Problem("invalid", f"最多翻到第 {shapes.FARTHEST} 件，请缩小筛选，或者用 cursor 接着翻")
    if wanted.cursor and wanted.page > 1:
        raise Problem("invalid", "cursor 和 page 只写一样")
    filters = queries.Filters(
        matter=wanted.matter,
        state=wanted.state,
        unit=wanted.unit,
        area=_area(wanted.area),
        light=wanted.light,
        scope=wanted.scope,
        open={"open": True, "closed": False, "any": None}[wanted.open],
        words=wanted.q,
        fields=_fields(wanted.matter, wanted.field),
    )
    now, first = timezone.now(), (wanted.page - 1) * wanted.size
    after = paging.read(wanted.cursor, filters) if wanted.cursor else None
    asked = replace(filters, after=after)
    found = queries.listed(officer(request), asked, first=first, size=wanted.size, now=now)
    return {
        "items": [present.row(case, now) for case in found.cases],
        "page": None if after else wanted.page,
        "more": found.more,
        "next": paging.give(Spot.of(found.cases[-1]), filters) if found.more and found.cases else "",
        "total": None if after else min(found.total, queries.ENOUGH),
        "capped": not after and found.total > queries.ENOUGH,
    }


def _area(code: str) -> str:
    path = registry.area_paths().get(code) if code else ""
    if path is None:
        raise Problem("invalid", f"没有代码为“{code}”的区域")
    return path


def _fields(matter: str, given: list[str]) -> dict[str, str]:
    if not given:
        return {}
    try:
        definition = matters.definition_of(matters.current_version(matter))
    except matters.UnknownMatter as error:
        raise Problem("invalid", "按字段筛选要写明是哪个业务模板（matter）") from error
    found = dict(one.split(":", 1) for one in given)
    for name in found:
        decl = definition.matter.fields.get(name)
        if decl is None or not decl.indexed or decl.secret:
            raise Problem("invalid", f"“{name}”不能拿来筛选，只能用业务模板里声明了可筛选的字段")
    return found


def _case(officer: Officer, uid: UUID) -> Case:
    found = queries.case_for(officer, str(uid))
    if found is None:
        raise not_found()
    return found


@router.get("/cases/{uuid:uid}", response=shapes.CaseOut, auth=Token("cases:read"), summary="一件的全部")
def detail(request: HttpRequest, uid: UUID) -> Any:
    """内容（保密的打码）、时限、办理记录、材料清单、文书、相关的件、我现在能办什么。"""
    return present.whole(_case(officer(request), uid), officer(request), timezone.now())


@router.get(
    "/cases/{uuid:uid}/available",
    response=list[shapes.ChoiceOut],
    auth=Token("cases:read"),
    summary="我现在能办什么",
)
def available(request: HttpRequest, uid: UUID) -> Any:
    """能办的和差条件的动作：差什么、要填什么。与办理用同样的检查。"""
    return present.choices(_case(officer(request), uid), officer(request), timezone.now())


@router.post(
    "/cases",
    response={201: shapes.Done, 200: shapes.Done},
    auth=Token("cases:open"),
    summary="登记新件",
)
def opening(request: HttpRequest, body: shapes.OpenIn, key: RequestKey = "") -> Any:
    """登记成功 201；同一请求标识、同样内容再来，答复原来那一件，200。"""
    try:
        definition = matters.definition_of(matters.current_version(body.matter))
    except matters.UnknownMatter as error:
        raise Problem("invalid", str(error)) from error
    inputs = _accepted(definition, body.inputs, officer(request), body.action)
    result = actions.open_case(
        body.matter,
        body.action,
        acting_officer=officer(request),
        inputs=inputs,
        at=body.at,
        reason=body.reason,
        key=_key(request, key),
        origin={"number": body.number} if body.number else None,
    )
    return _answer(result, definition, 201)


@router.post(
    "/cases/{uuid:uid}/actions/{action}", response=shapes.Done, auth=Token("cases:act"), summary="办一步"
)
def acting(
    request: HttpRequest,
    uid: UUID,
    action: Annotated[str, StringConstraints(max_length=48)],
    body: shapes.ActIn,
    key: RequestKey = "",
) -> Any:
    """走与页面同一个门；办不成的说全差什么。"""
    full_key = _key(request, key)
    case = in_sight_or_done(officer(request), str(uid), full_key)
    if case is None:
        raise not_found()
    definition = matters.definition_of(case.version)
    inputs = _accepted(definition, body.inputs, officer(request), action, case)
    result = actions.act(
        str(uid),
        action,
        acting_officer=officer(request),
        inputs=inputs,
        at=body.at,
        reason=body.reason,
        version=body.version,
        key=full_key,
    )
    return _answer(result, definition)


@router.post("/cases/{uuid:uid}/merge", response=list[shapes.Done], auth=Token("cases:act"), summary="合并")
def merging(request: HttpRequest, uid: UUID, body: shapes.MergeIn, key: RequestKey = "") -> Any:
    """把别的件并入这一件：全部能办才办，否则一件也不办。各件都要看得见。"""
    wanted = [str(one) for one in body.others]
    visible = queries.visible(officer(request)).filter(uid__in=[uid, *wanted])
    seen = {
        str(one.uid): one
        for one in visible.select_related("version").only("uid", "version__digest", "version__matter")
    }
    if str(uid) not in seen or not set(wanted) <= seen.keys():
        raise not_found()
    results = actions.merge(
        str(uid),
        wanted,
        acting_officer=officer(request),
        reason=body.reason,
        version=body.version,
        key=_key(request, key),
    )
    missing = [item for one in results if isinstance(one, Refused) for item in one.refusal.missing]
    if missing:
        raise refused(Refusal("", "合并", tuple(dict.fromkeys(missing))))
    return [
        present.done(one, matters.definition_of(seen[one.uid].version))
        for one in results
        if isinstance(one, Outcome)
    ]


def _accepted(
    definition: Definition, inputs: dict[str, Any], officer: Officer, action: str, case: Case | None = None
) -> dict[str, Any]:
    """填写的内容，材料都换成了摘要；换不成的 → Problem。"""
    handed = slips.accept_step(definition, action, inputs, officer=officer, case=case)
    if handed.problems:
        decl = definition.action(action)
        raise refused(Refusal(action, decl.title if decl else action, handed.problems))
    return handed.inputs


def _key(request: HttpRequest, key: str) -> str | None:
    return f"api:{token(request).pk}:{key}" if key else None


def _answer(result: Result, definition: Definition, fresh: int = 200) -> Any:
    if isinstance(result, Refused):
        raise refused(result.refusal)
    return Status(200 if result.repeated else fresh, present.done(result, definition))
