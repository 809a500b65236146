"""自己那一件：凭编号和查询码查到（或刚登记好）的，在这个浏览器里记十五分钟，免得每办一步重输。

会话里只有件的标识和到什么时候为止，没有编号、查询码和内容。
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jiezhi.base.casework.models import Case
from jiezhi.services.residents import queries

FOR = timedelta(minutes=15)
KEY, FRESH = "public.mine", "public.fresh"


def remember(request: HttpRequest, uid: str, *, fresh: bool = False) -> None:
    """记住这一件；`fresh` 为真是刚登记好的，可以再看一次查询码。"""
    request.session.cycle_key()  # 别人先前放在这个浏览器里的会话标识从此没有用
    if not request.user.is_authenticated:
        request.session.set_expiry(FOR)
    until = (timezone.now() + FOR).isoformat()
    request.session[KEY] = [uid, until]
    if fresh:
        request.session[FRESH] = [uid, until]


def current(request: HttpRequest) -> Case | None:
    """记着的那一件；没有、过了时候为 None。"""
    uid = _held(request, KEY)
    return queries.found(uid) if uid else None


def fresh(request: HttpRequest) -> Case | None:
    """刚登记好的那一件。"""
    uid = _held(request, FRESH)
    return queries.found(uid) if uid else None


def forget(request: HttpRequest) -> None:
    """清掉。没有登录办公页面的，整个会话都不留。"""
    if request.user.is_authenticated:
        for key in (KEY, FRESH):
            request.session.pop(key, None)
    else:
        request.session.flush()


def _held(request: HttpRequest, key: str) -> str:
    held = request.session.get(key)
    if not isinstance(held, list) or len(held) != 2:
        return ""
    until: datetime | None = parse_datetime(str(held[1]))
    return str(held[0]) if until is not None and timezone.now() < until else ""
