"""办公接口的令牌：一条查询认出令牌和人员，再看范围。"""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from jiezhi.api.actions import note_use
from jiezhi.api.models import SCOPES, ApiToken
from jiezhi.api.problems import Problem
from jiezhi.api.queries import token_of
from jiezhi.base.accounts.models import Officer


class Token(HttpBearer):
    """`scope` 是这个接口要的范围。没有令牌、停用、到期、离岗都是同一句话；范围不够另说。"""

    openapi_bearerFormat = "jzt_…"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        """认得的返回令牌的行，放在 `request.auth`；不认的抛 Problem。"""
        found = super().__call__(request)
        if found is None:
            raise Problem(
                "unauthorized",
                "请在 Authorization 头写 Bearer 和令牌；令牌停用、到期、人员离岗的都不能再用，请系统管理员另建",
                headers={"WWW-Authenticate": 'Bearer realm="jiezhi"'},
            )
        return found

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """令牌 → 行；不能用的为 None，范围不够 → Problem。"""
        now = timezone.now()
        row = token_of(token)
        if row is None or not row.usable(now):
            return None
        if self.scope not in row.scopes:
            say = f"这个令牌没有“{self.scope}”（{SCOPES[self.scope]}）这种范围，请系统管理员另建一个"
            raise Problem("scope", say)
        note_use(row, now)
        return row


def token(request: HttpRequest) -> ApiToken:
    """这次请求的令牌。只在要令牌的接口里用。"""
    return cast(ApiToken, request.auth)  # type: ignore[attr-defined]


def officer(request: HttpRequest) -> Officer:
    """这次请求是谁。"""
    return token(request).officer
