"""版本戳：跨进程的缓存失效。"""

import secrets
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from jiezhi.base.registry.models import Stamp

AREAS = "areas"
CALENDAR = "calendar"
PEOPLE = "people"

T = TypeVar("T")


def touch(name: str) -> None:
    """内容变了。须与改动在同一事务里调用。"""
    Stamp.objects.update_or_create(name=name, defaults={"value": secrets.token_hex(16)})


def current(name: str) -> str:
    """现在的戳；从未变过时为空串。"""
    return Stamp.objects.filter(name=name).values_list("value", flat=True).first() or ""


class StampedCache(Generic[T]):
    """按版本戳缓存一个值，进程内共用。每次取值查一次戳（一条主键级查询）。"""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._held: tuple[str, T] | None = None

    def get(self, build: Callable[[], T], stamp: str | None = None) -> T:
        """取值；`stamp` 是调用者刚查过的戳，不给就查一次。"""
        # 先读戳再读内容：其间有人改动，至多把新内容记在旧戳名下，下次就会重建。
        stamp = current(self._name) if stamp is None else stamp
        held = self._held
        if held is not None and held[0] == stamp:
            return held[1]
        with self._lock:
            held = self._held
            if held is None or held[0] != stamp:
                held = self._held = (stamp, build())
        return held[1]
