"""同时来的几条请求并成一个事务办（组提交）：落盘一次，锁也等一次。

先到的领头：轮到它时，把这段时间里本进程来的都带上；它们的线程等着，办完各自拿到自己的结果。答复之前都已提交，
断电不丢。一起办出了意外（撞了唯一约束、程序出错）就逐条单独再办，各说各的缘由。哪些能并由 running.py 定。
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from jiezhi.base.casework.engine.turnstile import queueing

J = TypeVar("J")
R = TypeVar("R")
# 一次最多带几条：太多了，最先来的等得久。
MOST = 16


class _Slot(Generic[J, R]):
    """一条请求的位置。"""

    def __init__(self, job: J) -> None:
        self.job = job
        self.result: R | None = None
        self.error: BaseException | None = None
        self.leads = False
        self.ready = threading.Event()


class Gathering(Generic[J, R]):
    """`together` 把几条并在一个事务里办，`alone` 单独办一条。"""

    def __init__(self, together: Callable[[Sequence[J]], list[R]], alone: Callable[[J], R]) -> None:
        self._together = together
        self._alone = alone
        self._guard = threading.Lock()
        self._waiting: deque[_Slot[J, R]] = deque()
        self._led = False

    def submit(self, job: J) -> R:
        """办一条，返回它的结果；它自己出的错在这里抛出。"""
        slot: _Slot[J, R] = _Slot(job)
        with self._guard:
            self._waiting.append(slot)
            slot.leads, self._led = not self._led, True
        if not slot.leads:
            slot.ready.wait()
        if slot.leads:
            self._lead(slot)
        if slot.error is not None:
            raise slot.error
        assert slot.result is not None
        return slot.result

    def _lead(self, mine: _Slot[J, R]) -> None:
        slots: list[_Slot[J, R]] = []
        try:
            with queueing():
                with self._guard:  # 轮到了才点人：排队时来的也带上
                    slots = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                self._run(slots)
        except BaseException as error:
            for slot in slots:
                slot.error = slot.error or error
            raise
        finally:
            with self._guard:
                if mine in self._waiting:  # 排队时就出了错，没有点到人
                    self._waiting.remove(mine)
                heir = self._waiting[0] if self._waiting else None
                self._led = heir is not None
            if heir is not None:
                heir.leads = True
                heir.ready.set()
            for slot in slots:
                slot.ready.set()

    def _run(self, slots: Sequence[_Slot[J, R]]) -> None:
        if len(slots) > 1:
            try:
                for slot, result in zip(slots, self._together([one.job for one in slots]), strict=True):
                    slot.result = result
                return
            except Exception:  # 事务已退回：逐条再办，让每条各得各的结果
                pass
        for slot in slots:
            try:
                slot.result = self._alone(slot.job)
            except Exception as error:
                slot.error = error
