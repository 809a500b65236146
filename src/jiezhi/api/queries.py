"""令牌的读。"""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from jiezhi.api.actions import MARK, TOKENS, digest_of
from jiezhi.api.models import ApiToken
from jiezhi.base.accounts.models import Officer
from jiezhi.base.registry import stamps

_usable: stamps.StampedCache[dict[str, ApiToken]] = stamps.StampedCache(TOKENS)


def token_of(secret: str) -> ApiToken | None:
    """令牌对应的行，连同人员；没有停用的才有。到没到期、在不在岗另看 `usable`。

    令牌留在进程里，按令牌和人员的版本戳失效：平时只花一条查戳的查询，停用、离岗、改了人员立即生效。
    """
    if not secret.startswith(MARK):
        return None
    found = stamps.everything()
    people, mine = found.get(stamps.PEOPLE, ""), found.get(TOKENS, "")
    table = _usable.get(_table, f"{people}|{mine}")
    return table.get(digest_of(secret))


def _table() -> dict[str, ApiToken]:
    return {row.digest: row for row in tokens().filter(revoked_at=None)}


def tokens() -> QuerySet[ApiToken]:
    """全部令牌，新的在前。"""
    return ApiToken.objects.select_related("officer", "created_by")


def token_starting(prefix: str) -> ApiToken | None:
    """开头几位对得上的令牌；没有为 None。"""
    return tokens().filter(prefix=prefix[:12]).first()


def usable_tokens(officer: Officer, now: datetime) -> QuerySet[ApiToken]:
    """绑定在这个人名下、还能用的令牌。"""
    return ApiToken.objects.filter(officer=officer, revoked_at=None, expires_at__gt=now)
