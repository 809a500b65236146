"""居民接口：不用令牌，按地址限速。来件、传照片、凭编号和查询码查进度和办自己的一步；指南、权责清单、定位只读。"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Header, Router
from ninja.files import UploadedFile
from ninja.responses import Status
from pydantic import StringConstraints

from jiezhi.api import shapes_public as shapes
from jiezhi.api import shapes_registry as listed
from jiezhi.api.idempotency import PublicKey
from jiezhi.api.present import state
from jiezhi.api.problems import Problem, missing_out, not_found, refused
from jiezhi.api.throttle import ByAddress, size
from jiezhi.api.views.places import located
from jiezhi.api.views.registry import guide_rows, guide_whole, opening
from jiezhi.base.accounts.address import client_address
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Refused
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.base.registry.queries import powers
from jiezhi.services.residents import actions, queries

router = Router(tags=["居民"])
READ, CODE = ByAddress("read"), ByAddress("code")
Number = Annotated[str, StringConstraints(min_length=1, max_length=80)]
# 写在网址里的会留在代理的访问记录、浏览器的历史里。
CodeHeader = Annotated[shapes.Code, Header(..., alias="X-Query-Code", description="查询码，写在请求头里")]
Short = Annotated[str, StringConstraints(max_length=80)]


@router.post(
    "/files",
    response={201: shapes.PhotoOut},
    throttle=[ByAddress("file"), ByAddress("bytes", size)],
    summary="传一张照片",
)
def upload(request: HttpRequest, file: Annotated[UploadedFile, File(...)]) -> Any:
    """只收照片。返回收据：只有拿着它的人能把这张照片用在来件里。"""
    row, slip = actions.receive_photo(file, file.name or "照片")  # type: ignore[arg-type]
    return Status(201, {"slip": slip, "size": row.size, "width": row.width, "height": row.height})


@router.post(
    "/reports",
    response={201: shapes.Receipt, 200: shapes.Receipt},
    throttle=ByAddress("report"),
    summary="来件",
)
def report(request: HttpRequest, body: shapes.ReportIn, key: PublicKey = "") -> Any:
    """登记成功 201，给编号和查询码；同一请求标识、同样内容再来，答复原来那一件，200。"""
    result = actions.report(
        body.matter, body.action, inputs=body.inputs, key=f"public:{key}" if key else None
    )
    if isinstance(result, Refused):
        raise refused(result.refusal)
    answer = {"number": result.number, "code": receipt_code(result.uid), "repeated": result.repeated}
    return Status(200 if result.repeated else 201, answer)


def _find(request: HttpRequest, number: str, code: str) -> Case:
    try:
        return actions.find(number, code, address=client_address(request))
    except actions.CodeRefused as error:
        if error.wait is None:
            raise not_found(str(error)) from error
        seconds = str(max(1, int(error.wait.total_seconds())))
        raise Problem("too-many", str(error), headers={"Retry-After": seconds}) from error


@router.get("/reports/{number}", response=shapes.ProgressOut, throttle=CODE, summary="查进度")
def progress(request: HttpRequest, number: Number, code: CodeHeader) -> Any:
    """办到哪一步、告诉过您什么、办理结果、现在能不能评价或要求重办。查询码试错的次数有限。"""
    return asdict(queries.progress(_find(request, number, code)))


@router.post(
    "/reports/{number}/actions/{action}", response=shapes.MineDone, throttle=CODE, summary="办自己的一步"
)
def acting(
    request: HttpRequest, number: Number, action: Short, body: shapes.MineIn, key: PublicKey = ""
) -> Any:
    """评价、要求重办、撤回……，查进度时列出的才能办。"""
    case = _find(request, number, body.code)
    result = actions.act(
        case,
        action,
        inputs=body.inputs,
        reason=body.reason,
        key=f"public:{case.pk}:{key}" if key else None,
    )
    if isinstance(result, Refused):
        raise refused(result.refusal)
    return {
        "number": result.number,
        "state": state(matters.definition_of(case.version), result.state)["title"],
        "warnings": [missing_out(one) for one in result.warnings],
        "repeated": result.repeated,
    }


@router.get("/matters", response=list[listed.OpeningOut], throttle=READ, summary="可以网上登记的")
def matter_list(request: HttpRequest) -> Any:
    """居民可以登记哪些业务，各要填什么。"""
    return [opening(row, action, actions.RESIDENT.kind) for row, action in queries.openable()]


@router.get("/guides", response=list[listed.GuideRow], throttle=READ, summary="办事指南")
def guides(request: HttpRequest) -> Any:
    """有指南的事项。"""
    return guide_rows()


@router.get("/guides/{matter}", response=listed.GuideOut, throttle=READ, summary="一份办事指南")
def guide(request: HttpRequest, matter: Short) -> Any:
    """材料、条件、环节、时限、收费、救济、依据。"""
    return guide_whole(matter)


@router.get("/powers", response=list[listed.PublicPower], throttle=READ, summary="权责清单")
def power_list(request: HttpRequest) -> Any:
    """现在有效的事项；待核的依据不对外引用。"""
    return [_power(one) for one in powers.public_list(timezone.now())]


@router.get("/powers/{code}", response=listed.PublicPower, throttle=READ, summary="一个事项")
def power(request: HttpRequest, code: Short) -> Any:
    """现在有效的一个事项。"""
    row = powers.in_force(code, timezone.now())
    if row is None:
        raise not_found("没有这个事项")
    return _power(powers.public_row(row))


def _power(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "class_name": one["class"]}


@router.post("/areas/locate", response=listed.LocatedOut, throttle=READ, summary="定位")
def locate(request: HttpRequest, body: listed.LocateIn) -> Any:
    """定到哪个社区、网格。"""
    return located(body)[0]
