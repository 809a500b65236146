"""几个进程、各几个线程同时开件：并成一个事务（缺省）与各自一个事务，交替着量。用法：python bench/together.py [每线程件数]"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import threading
import time

from common import demo_street

demo_street()

from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from jiezhi.base.casework import actions  # noqa: E402
from jiezhi.core.procedure.view import Actor  # noqa: E402
from jiezhi.demo.street import build_street  # noqa: E402

PROCESSES, THREADS, ROUNDS = 2, 4, 3
PLAN = build_street()


def work(count: int, apart: bool, out: object) -> None:
    """一个进程：几个线程各开 `count` 件，交回每件的用时。`apart` 为真时给定时刻，就不并。"""
    times: list[float] = []

    def run(number: int) -> None:
        for i in range(count):
            place = PLAN.buildings[(number * count + i) % len(PLAN.buildings)]
            spot = {"address": place.label, "lon": str(place.lon), "lat": str(place.lat)}
            inputs = {"content": f"路灯不亮了（{number}-{i}）", "spot": spot}
            start = time.perf_counter()
            now = timezone.now() if apart else None
            assert actions.open_case("report.snapshot", actor=Actor("reporter"), inputs=inputs, now=now).ok
            times.append(time.perf_counter() - start)
        connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    out.put(times)  # type: ignore[attr-defined]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    fork = multiprocessing.get_context("fork")
    connections.close_all()
    rates: dict[bool, list[float]] = {True: [], False: []}
    late: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(ROUNDS * 2):
        apart, out = bool(turn % 2), fork.Queue()
        start = time.perf_counter()
        running = [fork.Process(target=work, args=(count, apart, out)) for _ in range(PROCESSES)]
        for one in running:
            one.start()
        times = sorted(value for _ in running for value in out.get())
        for one in running:
            one.join()
        rates[apart].append(len(times) / (time.perf_counter() - start))
        late[apart].append(times[int(len(times) * 0.95)] * 1000)
    for apart, label in ((False, "并"), (True, "不并")):
        print(
            f"{label}：每秒 {statistics.median(rates[apart]):,.0f} 件，p95 {statistics.median(late[apart]):.0f} 毫秒"
            f"（各 {ROUNDS} 轮的中位，{PROCESSES} 个进程 × {THREADS} 个线程）"
        )


main()
