"""定时要做的事：各应用登记，worker 照时候做。

做过的时刻记在进程里，不落库：worker 重启后多做一遍也要无妨。
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import close_old_connections, connections

Work = Callable[[datetime], object]


@dataclass(slots=True)
class Chore:
    """一件定时的事。`aside` 的在另一个线程里做（要等网络的），用自己的数据库连接，不拖住 worker。"""

    title: str
    every: timedelta
    work: Work
    aside: bool = False
    next_at: datetime | None = None
    thread: threading.Thread | None = field(default=None, repr=False)


_chores: dict[str, Chore] = {}


def chore(title: str, every: timedelta, work: Work, *, aside: bool = False) -> None:
    """登记每隔 `every` 做一次的事；同名的以后登记的为准。`work(now)` 返回真表示还有事做，马上再来。"""
    _chores[title] = Chore(title, every, work, aside)


def daily(title: str, work: Work) -> None:
    """登记每天做一次的事。"""
    chore(title, timedelta(days=1), work)


def run_due(now: datetime, report: Callable[[str], None]) -> bool:
    """做到时候的；返回有没有还没做完、要马上再来的。出错的用 `report` 说一句，到下次再做。"""
    busy = False
    for one in _chores.values():
        if one.next_at is not None and now < one.next_at:
            continue
        if one.thread is not None and one.thread.is_alive():
            continue
        one.next_at = now + one.every
        if one.aside:
            one.thread = threading.Thread(target=_aside, args=(one, now, report), name=one.title, daemon=True)
            one.thread.start()
        else:
            busy = _do(one, now, report) or busy
    return busy


def _do(one: Chore, now: datetime, report: Callable[[str], None]) -> bool:
    try:
        more = bool(one.work(now))
    except Exception as error:  # 一件事出错不能停了别的
        report(f"“{one.title}”没有做成，下次再试：{error}")
        return False
    if more:
        one.next_at = None
    return more


def _aside(one: Chore, now: datetime, report: Callable[[str], None]) -> None:
    close_old_connections()
    try:
        _do(one, now, report)
    finally:
        connections.close_all()
