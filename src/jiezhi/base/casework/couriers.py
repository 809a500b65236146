"""跑腿的：在线程池里做费时而不碰数据库的事（发 HTTP），一条路上慢了不拖住别的路。

只有主线程碰数据库：它备好一批东西交出去（`send`），送完了再收回来（`landed`）。一趟带几件，一件一件地送，共用一条连接；
走了 SECONDS 秒还没有送完的带回来，下一趟重新备：备的时候核对过的（看不看得见），不能到很久以后才送出去。
一趟带几件由这条路自己定：从一件起，都送完了就加倍，没有送完的下一趟只带这一趟送了的那么多。
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

SIZE = 32
PER_LANE = 4
MOST = 32
SECONDS = 1.0
# 有一趟回来了，再等这么久看看有没有别的也回来：几趟一起记，一次落盘。
LINGER = 0.02

Work = Callable[[Sequence[Any]], Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Errand:
    """交出去的一趟：`tokens` 是主线程认各件用的，`lane` 是哪一条路（同一个接收方）。"""

    tokens: Sequence[Any]
    lane: str
    future: Future[list[Any]]

    def results(self) -> list[Any]:
        """送了的各件的结果，次序照 `tokens`；送的时候出的错是那一件的结果。比 `tokens` 少的没有送。"""
        return self.future.result()


class Couriers:
    """一班跑腿的：一共 `size` 个，每条路上同时至多 `per_lane` 个，一趟至多带 `most` 件。"""

    def __init__(self, size: int = SIZE, per_lane: int = PER_LANE, most: int = MOST) -> None:
        self._size = size
        self._per_lane = per_lane
        self._most = most
        self._pool: ThreadPoolExecutor | None = None
        self._out: list[Errand] = []
        self._busy: Counter[str] = Counter()
        self._shares: dict[str, int] = {}
        self._last: dict[str, float] = {}

    def __len__(self) -> int:
        """在外面的有几件。"""
        return sum(len(one.tokens) for one in self._out)

    @property
    def spare(self) -> int:
        """还有几个人闲着。"""
        return self._size - len(self._out)

    def room(self, lane: str) -> int:
        """这条路上还能派几个人。"""
        return min(self._per_lane - self._busy[lane], self.spare)

    def share(self, lane: str) -> int:
        """这条路上一趟带几件。"""
        return self._shares.get(lane, 1)

    def fairly(self, lanes: Iterable[str]) -> list[str]:
        """派的先后：最久没有派过的在前，人手不够时轮得到每一条路。"""
        return sorted(lanes, key=lambda lane: (self._last.get(lane, 0.0), lane))

    def send(self, tokens: Sequence[Any], lane: str, work: Work, loads: Sequence[Any]) -> None:
        """派一个出去，用 `work` 逐件送 `loads`；先看过 `room`。"""
        if self._pool is None:  # 用到才起线程：网页进程、命令行用不着
            self._pool = ThreadPoolExecutor(self._size, thread_name_prefix="courier")
        self._busy[lane] += 1
        self._last[lane] = time.monotonic()
        until = self._last[lane] + SECONDS
        self._out.append(Errand(tokens, lane, self._pool.submit(_trip, work, loads, until)))

    def landed(self, patience: float | None = 0) -> list[Errand]:
        """回来了的。一趟也没有时最多等 `patience` 秒（None 为一直等到有一趟回来）。"""
        if not self._out:
            return []
        out = [one.future for one in self._out]
        if wait(out, timeout=patience, return_when=FIRST_COMPLETED).done and patience != 0:
            wait(out, timeout=LINGER)
        back: list[Errand] = []
        still: list[Errand] = []
        for one in self._out:
            (back if one.future.done() else still).append(one)
        self._out = still
        for one in back:
            self._busy[one.lane] -= 1
            sent, given = len(one.results()), len(one.tokens)
            # 只带了几件就送完的，说明不了能带更多。
            if sent < given:
                self._shares[one.lane] = max(sent, 1)
            elif given >= self.share(one.lane):
                self._shares[one.lane] = min(given * 2, self._most)
        return back


def _trip(work: Work, loads: Sequence[Any], until: float) -> list[Any]:
    """走一趟，在线程里：第一件总要送，到点就不再送下一件。"""
    found: list[Any] = []
    try:
        for result in work(loads):
            found.append(result)
            if time.monotonic() >= until or len(found) == len(loads):
                break
        if not found:
            raise RuntimeError("没有送就回来了")
    except Exception as error:
        found.append(error)
    return found
