"""不用登录的入口按地址限速。数在本进程里：挡的是一个地址把服务占满，几个进程各数各的也够。

查询码的试错另记在库里（services.residents），几个进程合在一起算。
"""

from __future__ import annotations

import threading
import time

from django.conf import settings
from django.http import HttpRequest

from jiezhi.base.accounts.address import client_address

# 记着的地址最多这么多个；再多就把过了期的清掉，还是多的全部从头数。
MOST = 50_000


class Counter:
    """`name` 是 PUBLIC_RATES 里的哪一项。"""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, int]] = {}

    def wait(self, request: HttpRequest, weight: int = 1) -> float:
        """数一次（`weight` 是这一次算多少：按字节限的是字节数）：还要等几秒；0 是让过。"""
        rate = settings.PUBLIC_RATES.get(self.name, "off")
        if rate == "off":
            return 0.0
        most, seconds = (int(part) for part in rate.split("/"))
        now, key = time.monotonic(), client_address(request)
        with self._lock:
            start, count = self._seen.get(key, (now, 0))
            if now - start >= seconds:
                start, count = now, 0
            if count + weight > most:
                return start + seconds - now
            if len(self._seen) >= MOST and key not in self._seen:
                self._forget(now, seconds)
            self._seen[key] = (start, count + weight)
        return 0.0

    def _forget(self, now: float, seconds: float) -> None:
        kept = {key: one for key, one in self._seen.items() if now - one[0] < seconds}
        self._seen = kept if len(kept) < MOST else {}
