"""居民接口按地址限速：用完的拒绝，说明还要等几秒。"""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from ninja.throttling import BaseThrottle

from jiezhi.base.accounts.throttle import Counter


def size(request: HttpRequest) -> int:
    """来的字节：照来人说的长短，网页服务器不会多收；没有说的按最大的一份算。"""
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isdecimal() else int(settings.EVIDENCE_MAX_BYTES)


class ByAddress(BaseThrottle):
    """`name` 是 PUBLIC_RATES 里的哪一项；`weigh` 是一次算多少，不写的一次算一。"""

    def __init__(self, name: str, weigh: Callable[[HttpRequest], int] | None = None) -> None:
        self._counter = Counter(name)
        self._weigh = weigh
        self._mine = threading.local()

    def allow_request(self, request: HttpRequest) -> bool:
        """这一次让不让过。"""
        self._mine.wait = self._counter.wait(request, self._weigh(request) if self._weigh else 1)
        return not self._mine.wait

    def wait(self) -> float | None:
        """刚才被拒绝的还要等几秒。"""
        return getattr(self._mine, "wait", None)
