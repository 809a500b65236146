"""SQLite 的写入排队：同一时刻只有一个写事务，等的人由内核按时叫醒。

SQLite 自己等锁是睡一会儿再试，几个进程抢时有人一等几秒、锁空着也没人拿；先在这里排好队，`BEGIN IMMEDIATE`
就不用等。只管先后，不管对错：不排队的写事务照样由 SQLite 的锁挡着。进程死了，内核会放开它的位置。
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction

_files: dict[tuple[int, str], int] = {}


class _Fair:
    """先来先得的锁：放开时直接交给排在最前的，刚放开的人抢不回去。"""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def __exit__(self, *error: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


_mine = _Fair()
_inside = threading.local()


@contextmanager
def queueing() -> Iterator[None]:
    """在写事务之前排队，事务完了让开。已经排到的、已经在事务里的、用 PostgreSQL 的不用排。"""
    name = str(connection.settings_dict["NAME"])
    queued = connection.vendor == "sqlite" and Path(name).is_absolute()
    if not queued or connection.in_atomic_block or getattr(_inside, "now", False):
        yield
        return
    with _mine:
        # 两道门：站在里门口的只有一个，所以刚出来的进程要排到它后面，不会一家连着办。
        outer, inner = _handle(f"{name}.queue"), _handle(f"{name}.turn")
        fcntl.flock(outer, fcntl.LOCK_EX)
        try:
            fcntl.flock(inner, fcntl.LOCK_EX)
        finally:
            fcntl.flock(outer, fcntl.LOCK_UN)
        _inside.now = True
        try:
            yield
        finally:
            _inside.now = False
            fcntl.flock(inner, fcntl.LOCK_UN)


@contextmanager
def writing() -> Iterator[None]:
    """排着队的写事务。"""
    with queueing(), transaction.atomic():
        yield


def _handle(path: str) -> int:
    key = (os.getpid(), path)  # 分叉出来的进程要自己打开，不然与父进程是同一把锁
    if key not in _files:
        _files[key] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return _files[key]
