"""推送的管理：订阅、暂停、恢复、换密钥、试推、日志、重发。令牌绑定的人要是系统管理员。"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from jiezhi.api import shapes_hooks as shapes
from jiezhi.api.auth import Token, officer
from jiezhi.api.problems import Problem, not_found
from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.queries import officer_by_login
from jiezhi.connect.hooks import actions, queries
from jiezhi.connect.hooks.models import Subscription

router = Router(tags=["推送"])
MANAGE = Token("hooks:manage")
PAGE = 50
# 比数据库能存的编号大的直接当没有。
LARGEST = 2**63 - 1


def _admin(request: HttpRequest) -> Officer:
    """推送日志里有别人的件：看也要系统管理员。"""
    require_administrator(officer(request), timezone.now())
    return officer(request)


def _one(request: HttpRequest, pk: int) -> tuple[Subscription, Officer]:
    admin = _admin(request)
    found = queries.subscriptions(closed=True).filter(pk=pk).first() if pk <= LARGEST else None
    if found is None:
        raise not_found("没有这个订阅")
    return found, admin


def _bound(login: str) -> Officer:
    found = officer_by_login(login)
    if found is None:
        raise Problem("invalid", f"没有登录名为“{login[:64]}”的人员")
    return found


def _outs(found: Sequence[Subscription]) -> list[dict[str, Any]]:
    """各订阅给人看的样子。"""
    waiting = queries.waiting_each(found)
    names = ("name", "host", *actions.CHOICES, "status", "why", "failures", "created_at")
    return [
        {
            "id": one.pk,
            "officer": one.officer.login,
            "waiting": waiting[one.pk],
            **{name: getattr(one, name) for name in names},
        }
        for one in found
    ]


def _out(one: Subscription) -> dict[str, Any]:
    return _outs([one])[0]


@router.get("/hooks", response=list[shapes.HookOut], auth=MANAGE, summary="全部订阅")
def listing(request: HttpRequest, closed: Annotated[bool, Query(False, description="连撤销了的")]) -> Any:
    """在用的和暂停的。"""
    _admin(request)
    return _outs(list(queries.subscriptions(closed=closed)))


@router.post("/hooks", response={201: shapes.HookSecret}, auth=MANAGE, summary="新订阅")
def create(request: HttpRequest, body: shapes.HookIn) -> Any:
    """密钥只在这里给一次，接收方凭它验签。"""
    admin = _admin(request)
    given = body.model_dump() | {"officer": _bound(body.officer)}
    one = actions.create(**given, acting_officer=admin)
    return Status(201, _out(one) | {"secret": one.secret})


@router.get("/hooks/{int:pk}", response=shapes.HookOut, auth=MANAGE, summary="一个订阅")
def detail(request: HttpRequest, pk: int) -> Any:
    """连撤销了的也看得到。"""
    return _out(_one(request, pk)[0])


@router.patch("/hooks/{int:pk}", response=shapes.HookOut, auth=MANAGE, summary="改订阅")
def change(request: HttpRequest, pk: int, body: shapes.HookChange) -> Any:
    """从下一步办理起照新的筛选推；已经排上的照新的地址送。"""
    one, admin = _one(request, pk)
    changes: dict[str, Any] = body.model_dump(exclude_none=True)
    if body.officer is not None:
        changes["officer"] = _bound(body.officer)
    return _out(actions.change(one, acting_officer=admin, **changes))


@router.post("/hooks/{int:pk}/pause", response=shapes.HookOut, auth=MANAGE, summary="暂停")
def pause(request: HttpRequest, pk: int, body: shapes.WhyIn) -> Any:
    """要推的先攒着，恢复之后接着送，攒了七天的不再送。"""
    one, admin = _one(request, pk)
    return _out(actions.pause(one, why=body.why, acting_officer=admin))


@router.post("/hooks/{int:pk}/resume", response=shapes.HookOut, auth=MANAGE, summary="恢复")
def resume(request: HttpRequest, pk: int) -> Any:
    """攒下的马上接着送。"""
    one, admin = _one(request, pk)
    return _out(actions.resume(one, acting_officer=admin))


@router.post("/hooks/{int:pk}/close", response=shapes.HookOut, auth=MANAGE, summary="撤销")
def close(request: HttpRequest, pk: int, body: shapes.WhyIn) -> Any:
    """不再推，攒下的也不送；不能恢复。"""
    one, admin = _one(request, pk)
    return _out(actions.close(one, why=body.why, acting_officer=admin))


@router.post("/hooks/{int:pk}/secret", response=shapes.HookSecret, auth=MANAGE, summary="换密钥")
def rotate(request: HttpRequest, pk: int) -> Any:
    """新的立即用，旧的再用 24 小时：这期间每次推送带两个签名。"""
    one, admin = _one(request, pk)
    fresh = actions.rotate_secret(one, acting_officer=admin)
    return _out(fresh) | {"secret": fresh.secret}


@router.post("/hooks/{int:pk}/test", response={202: shapes.Queued}, auth=MANAGE, summary="试推")
def trial(request: HttpRequest, pk: int) -> Any:
    """推一条没有内容的，看对方收不收得到。"""
    one, admin = _one(request, pk)
    actions.test(one, acting_officer=admin)
    return Status(202, {"queued": True})


@router.get("/hooks/{int:pk}/attempts", response=shapes.AttemptPage, auth=MANAGE, summary="推送日志")
def attempts(
    request: HttpRequest,
    pk: int,
    failed: Annotated[bool, Query(False, description="只看没有送到的")],
    page: Annotated[int, Query(1, ge=1, le=1000)],
) -> Any:
    """每一次推送：对方答了什么、用了多久。留一百八十天。"""
    one, _ = _one(request, pk)
    first = (page - 1) * PAGE
    rows = list(queries.attempts(one, failed=failed)[first : first + PAGE + 1])
    names = ("message", "at", "ok", "status", "millis", "error", "answer", "by_hand")
    items = [{"id": row.pk, **{name: getattr(row, name) for name in names}} for row in rows[:PAGE]]
    return {"items": items, "page": page, "more": len(rows) > PAGE}


@router.post(
    "/hooks/{int:pk}/attempts/{int:attempt}/resend",
    response={202: shapes.Queued},
    auth=MANAGE,
    summary="重发",
)
def resend(request: HttpRequest, pk: int, attempt: int) -> Any:
    """照日志里的一条重发；消息标识不变，对方认得出重复。"""
    one, admin = _one(request, pk)
    found = queries.attempts(one).filter(pk=attempt).first() if attempt <= LARGEST else None
    if found is None:
        raise not_found("没有这一条日志")
    actions.resend(found, acting_officer=admin)
    return Status(202, {"queued": True})
