"""跑腿的：在线程池里做费时而不碰数据库的事（发 HTTP），一条路上慢了不拖住别的路。

只有主线程碰数据库：它备好东西交出去（`send`），做完了再收回来（`landed`）。线程里出的错当作结果带回来。
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

SIZE = 32
PER_LANE = 4


@dataclass(frozen=True, slots=True)
class Errand:
    """交出去的一件事：`token` 是主线程认它用的，`lane` 是哪一条路（同一个接收方）。"""

    token: Any
    lane: str
    future: Future[Any]

    def result(self) -> Any:
        """做完的结果；线程里抛出的异常原样抛出。"""
        return self.future.result()


class Couriers:
    """一班跑腿的：一共 `size` 个，每条路上同时至多 `per_lane` 个。"""

    def __init__(self, size: int = SIZE, per_lane: int = PER_LANE) -> None:
        self._size = size
        self._per_lane = per_lane
        self._pool: ThreadPoolExecutor | None = None
        self._out: list[Errand] = []
        self._busy: Counter[str] = Counter()

    def __len__(self) -> int:
        """在外面的有几个。"""
        return len(self._out)

    def room(self, lane: str) -> int:
        """这条路上还能派几个。"""
        return min(self._per_lane - self._busy[lane], self._size - len(self._out))

    def send(self, token: Any, lane: str, work: Callable[[Any], Any], load: Any) -> None:
        """派一个出去做 `work(load)`；先看过 `room`。"""
        if self._pool is None:  # 用到才起线程：网页进程、命令行用不着
            self._pool = ThreadPoolExecutor(self._size, thread_name_prefix="courier")
        self._busy[lane] += 1
        self._out.append(Errand(token, lane, self._pool.submit(work, load)))

    def landed(self, patience: float | None = 0) -> list[Errand]:
        """回来了的。一个也没有时最多等 `patience` 秒（None 为一直等到有一个回来）。"""
        if not self._out:
            return []
        done, _ = wait([one.future for one in self._out], timeout=patience, return_when=FIRST_COMPLETED)
        back = [one for one in self._out if one.future in done]
        self._out = [one for one in self._out if one.future not in done]
        self._busy -= Counter(one.lane for one in back)
        return back
