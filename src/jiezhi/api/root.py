"""接口的总装：各处的路由、出错怎样答复、OpenAPI 说明。"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import HttpError, Throttled
from ninja.errors import ValidationError as Unfit
from ninja.openapi.schema import OpenAPISchema

from jiezhi.api import problems
from jiezhi.api.auth import Token
from jiezhi.api.parsing import JsonParser, JsonRenderer
from jiezhi.api.problems import USUAL, Problem
from jiezhi.api.shapes import ProblemOut
from jiezhi.api.views import cases, files, hooks, places, public, registry
from jiezhi.base.casework.files import FileRefused, NoRoom

logger = logging.getLogger(__name__)
ABOUT = """街治的接口。办公接口用令牌（Authorization: Bearer …），令牌绑定一名人员：看得见什么、能办什么就是这个人的。
/public/ 下的不用令牌，按地址限速。出错一律是 application/problem+json（RFC 9457），办不成的在 missing 里逐项说差什么。"""


class Api(NinjaAPI):
    """说明只生成一次；每个接口都补上出错的样子。"""

    @cached_property
    def _described(self) -> dict[str, Any]:
        return described(super().get_openapi_schema(), self._scopes())

    def _scopes(self) -> dict[str, str]:
        """接口的名字 → 要的令牌范围。"""
        operations = [
            operation
            for bound in self._get_bound_routers()
            for view in bound.path_operations.values()
            for operation in view.operations
        ]
        return {
            self.get_openapi_operation_id(one): auth.scope
            for one in operations
            for auth in one.auth_callbacks
            if isinstance(auth, Token)
        }

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        """OpenAPI 3.1 的说明。"""
        return self._described  # type: ignore[return-value]

    def get_openapi_operation_id(self, operation: Any) -> str:
        """接口的名字：模块和函数。"""
        module = operation.view_func.__module__.rsplit(".", 1)[-1]
        return f"{module}_{operation.view_func.__name__}"


def described(schema: dict[str, Any], scopes: dict[str, str]) -> dict[str, Any]:
    """每个接口补上要的令牌范围和出错的答复：类型是 problem+json，样子是 ProblemOut。"""
    shape = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["components"]["schemas"] |= shape.pop("$defs", {}) | {"ProblemOut": shape}
    content = {problems.MEDIA: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    schema["components"]["responses"] = {"Problem": {"description": "出错", "content": content}}
    for operations in schema["paths"].values():
        for operation in operations.values():
            if operation["operationId"] in scopes:
                operation["security"] = [{"Token": [scopes[operation["operationId"]]]}]
            operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    return schema


api = Api(
    title="街治",
    version="1",
    description=ABOUT,
    docs_url=None,
    urls_namespace="api",
    parser=JsonParser(),
    renderer=JsonRenderer(),
)
for prefix, router in (
    ("", cases.router),
    ("", files.router),
    ("", places.router),
    ("", registry.router),
    ("", hooks.router),
    ("/public", public.router),
):
    api.add_router(prefix, router)


def _answer(kind: str, detail: str = "", **more: Any) -> Any:
    def answer(request: HttpRequest, error: Exception) -> HttpResponse:
        said = detail or str(error) or USUAL.get(kind, "")
        return Problem(kind, said, **more).response(request)

    return answer


@api.exception_handler(Problem)
def _problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return error.response(request)


@api.exception_handler(Unfit)
def _unfit(request: HttpRequest, error: Unfit) -> HttpResponse:
    """写法不对：逐处说明。"""
    found = [{"where": _where(one["loc"]), "say": _said(one)} for one in error.errors[:50]]
    return Problem("invalid", "有写得不对的地方，逐处见 errors", errors=found).response(request)


def _where(loc: Sequence[Any]) -> str:
    """错在请求的哪里，如 body.inputs、query.page。第二段是我们函数的参数名，来人不知道，去掉。"""
    parts = [str(one) for one in loc]
    if len(parts) > 1 and parts[0] == "body":
        del parts[1]
    return ".".join(parts)[:200]


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    """读内容时抛的；我们自己的 Problem 在它里面。"""
    cause = error.__cause__
    if isinstance(cause, Problem):
        return cause.response(request)
    kind = problems.BY_STATUS.get(error.status_code, "bad-request")
    return Problem(kind, USUAL.get(kind, "")).response(request)


@api.exception_handler(Throttled)
def _throttled(request: HttpRequest, error: Throttled) -> HttpResponse:
    seconds = max(1, round(error.wait or 1))
    return Problem("too-many", f"请 {seconds} 秒后再试").response(request)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return Problem("invalid", "；".join(error.messages)).response(request)


for kind_, errors_, detail_ in (
    ("not-found", (Http404,), ""),
    ("not-allowed", (PermissionDenied,), ""),
    ("unavailable", (NoRoom,), ""),
    ("invalid", (FileRefused,), ""),
    ("too-large", (RequestDataTooBig,), USUAL["too-large"]),
    ("bad-request", (SuspiciousOperation, MultiPartParserError, UnreadablePostError), USUAL["bad-request"]),
):
    for error_ in errors_:
        api.add_exception_handler(error_, _answer(kind_, detail_))


@api.exception_handler(DatabaseError)
def _database(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    """两人同时办撞上的、数据库忙、断开、盘满：过一会儿再来。别的是程序的错，照常报出去。"""
    if isinstance(error, IntegrityError):
        logger.exception("两人同时办撞上了：%s", request.path)
        return Problem("conflict", "有人同时办了同一样，请再试一次").response(request)
    busy = isinstance(error, OperationalError | InterfaceError)
    if not busy or (connection.vendor == "sqlite" and not re.search(r"locked|busy|full|disk", str(error))):
        raise error
    logger.exception("接口办不了：%s", request.path)
    return Problem("unavailable", USUAL["unavailable"], headers={"Retry-After": "5"}).response(request)


# pydantic 的说法 → 中文；没有列的说“写法不对”。
_SAYINGS = {
    "missing": "没有写",
    "extra_forbidden": "没有这一项，去掉",
    "string_type": "应为文字",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "dict_type": "应为对象",
    "list_type": "应为列表",
    "uuid_parsing": "不是全局标识",
    "uuid_type": "不是全局标识",
    "timezone_aware": "时间缺少时区",
    "string_pattern_mismatch": "写法不对",
    "model_attributes_type": "应为对象",
}
_LIMITS = {
    "string_too_long": ("max_length", "最多 {} 字"),
    "string_too_short": ("min_length", "至少 {} 字"),
    "too_long": ("max_length", "最多 {} 项"),
    "too_short": ("min_length", "至少 {} 项"),
    "greater_than_equal": ("ge", "不能小于 {}"),
    "less_than_equal": ("le", "不能大于 {}"),
    "literal_error": ("expected", "只能是 {}"),
    "value_error": ("error", "{}"),
}


def _said(one: dict[str, Any]) -> str:
    kind = str(one["type"])
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return words.format(one.get("ctx", {}).get(name, ""))[:200]
    return _SAYINGS.get(kind, "写法不对")
