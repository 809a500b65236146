"""经 HTTP 的速度：居民来件（不带、带 300 KB 照片）、办一步、列表、一件；两个网页进程、八个客户端。

用法：python bench/web.py [--seconds 15] [--workers 2] [--clients 8]
      JIEZHI_PG_FSYNC=on bash tests/postgres.sh python bench/web.py …
客户端也在同一台机器上、也是 Python，占的处理器算在里面。两种库都落盘（SQLite FULL；PostgreSQL 的缺省设置）。限速关掉。
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import multiprocessing
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from common import demo_street

Call = Callable[[http.client.HTTPConnection, int], None]
WORDS = "楼下垃圾桶满了没有人收，味道很大，麻烦尽快处理"


class Failed(Exception):
    """答复不是预料中的。"""


def ask(
    link: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes = b"",
    kind: str = "application/json",
    token: str = "",
    wanted: tuple[int, ...] = (200, 201),
) -> bytes:
    headers = {"Content-Type": kind} if body else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    link.request(method, path, body or None, headers)
    answer = link.getresponse()
    data = answer.read()
    if answer.status not in wanted:
        raise Failed(f"{method} {path} → {answer.status} {data[:300].decode(errors='replace')}")
    return data


def jpeg() -> bytes:
    """一张约 300 KB 的照片。"""
    from PIL import Image

    noise = Image.effect_noise((1200, 900), 60).convert("RGB")
    for quality in range(30, 96, 5):
        stream = io.BytesIO()
        noise.save(stream, "JPEG", quality=quality)
        if len(stream.getvalue()) >= 300_000:
            break
    return stream.getvalue()


def different(photo: bytes) -> bytes:
    """同一张照片，注释段不同：内容摘要每次都不同，真的要存一遍。"""
    note = random.randbytes(32).hex().encode()
    return photo[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + photo[2:]


def report_call(places: list[tuple[str, str, str]], photo: bytes | None) -> Call:
    def call(link: http.client.HTTPConnection, at: int) -> None:
        address, lon, lat = places[at % len(places)]
        inputs = {
            "content": f"{WORDS}（{at}）",
            "spot": {"address": address, "lon": lon, "lat": lat},
            "reporter": {"name": "张三", "phone": f"139{at % 100_000_000:08}"},
        }
        if photo is not None:
            edge = "----jiezhi"
            head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
            body = head.encode() + different(photo) + f"\r\n--{edge}--\r\n".encode()
            kind = f"multipart/form-data; boundary={edge}"
            inputs["photos"] = [json.loads(ask(link, "POST", "/api/v1/public/files", body, kind))["slip"]]
        ask(link, "POST", "/api/v1/public/reports", json.dumps({"inputs": inputs}).encode())

    return call


def step_call(cases: list[str], token: str, unit: str) -> Call:
    left = iter(cases)
    guard = threading.Lock()

    def call(link: http.client.HTTPConnection, at: int) -> None:
        with guard:
            uid = next(left)
        body = json.dumps({"inputs": {"to_unit": unit}}).encode()
        ask(link, "POST", f"/api/v1/cases/{uid}/actions/dispatch", body, token=token)

    return call


def get_call(paths: list[str], token: str) -> Call:
    return lambda link, at: ask(link, "GET", paths[at % len(paths)], token=token) and None


def client(port: int, calls: Call, seconds: float, number: int, threads: int, out: object) -> None:
    """一个客户端进程，几个线程各用一条长连接；把每次的用时交回去。"""
    times: list[float] = []

    def work(one: int) -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        link.connect()
        link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        at, until = number * 10_000_000 + one * 1_000_000, time.perf_counter() + seconds
        while (start := time.perf_counter()) < until:
            try:
                calls(link, at)
            except StopIteration:
                break
            times.append(time.perf_counter() - start)
            at += 1

    workers = [threading.Thread(target=work, args=(one,)) for one in range(threads)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    out.put(times)  # type: ignore[attr-defined]


def measure(label: str, port: int, made: Callable[[int], Call], seconds: float, clients: int) -> None:
    """`made(第几个客户端进程)` 给出要做的；印每秒次数和中位、p95、最长（毫秒）。"""
    processes = 1 if clients == 1 else 2
    out: multiprocessing.Queue[list[float]] = multiprocessing.Queue()
    start = time.perf_counter()
    running = [
        multiprocessing.Process(
            target=client, args=(port, made(one), seconds, one, clients // processes, out)
        )
        for one in range(processes)
    ]
    for one in running:
        one.start()
    times = sorted(value for _ in running for value in out.get())
    for one in running:
        one.join()
    took = min(time.perf_counter() - start, seconds)
    middle, late = statistics.median(times), times[int(len(times) * 0.95) - 1]
    load = os.getloadavg()[0]
    print(
        f"{label}：{len(times) / took:,.0f} 次每秒；中位 {middle * 1000:.1f}、p95 {late * 1000:.1f}、"
        f"最长 {times[-1] * 1000:.0f} 毫秒（{len(times)} 次，{clients} 个客户端，负载 {load:.1f}）",
        flush=True,
    )


def memory(pid: int) -> list[int]:
    """一个进程的各个子进程占的内存（MB）。"""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(line.split()[1]) // 1024
        for child in children
        for line in Path(f"/proc/{child}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    ]


def serve(workers: int) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    rates = {f"JIEZHI_RATE_{name}": "off" for name in ("REPORT", "FILE", "BYTES", "CODE", "READ")}
    words = ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--workers", str(workers), "--blocking-threads", "4", "--log-level", "warning"]
    server = subprocess.Popen(
        [sys.executable, *words, "jiezhi.config.wsgi:application"], env=os.environ | rates
    )
    for _ in range(300):
        try:
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            ask(link, "GET", "/api/v1/public/matters")
            return server, port
        except OSError:
            time.sleep(0.1)
    raise SystemExit("服务没有起来")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=15)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--clients", type=int, default=8)
    chosen = options.parse_args()
    demo_street(cases=True)
    from django.db import connection, connections

    from jiezhi.api.actions import create_token
    from jiezhi.api.models import SCOPES
    from jiezhi.base.casework import actions
    from jiezhi.base.casework.models import Case
    from jiezhi.base.registry import queries as registry
    from jiezhi.base.registry.models import Place
    from jiezhi.core.procedure.view import Actor

    dispatcher = registry.officers_with("dispatcher")[0]
    _, token = create_token(dispatcher, name="测速", scopes=list(SCOPES), days=1, acting_officer=None)
    rows = Place.objects.exclude(lon=None).values_list("address", "lon", "lat")[:300]
    places = [(address, str(lon), str(lat)) for address, lon, lat in rows]
    units = registry.standing().units
    unit = next(code for code in units if code not in registry.standing().external)
    # 办一步要用的件：先开好，一件只派一次。
    waiting: list[str] = []
    for at in range(int(chosen.seconds * 300)):
        address, lon, lat = places[at % len(places)]
        spot = {"address": address, "lon": lon, "lat": lat}
        made = actions.open_case(
            "report.snapshot",
            actor=Actor("reporter"),
            inputs={"content": f"{WORDS}（先开 {at}）", "spot": spot},
        )
        waiting.append(made.uid)  # type: ignore[union-attr]
    some = [str(uid) for uid in Case.objects.order_by("-seq").values_list("uid", flat=True)[:100]]
    vendor = connection.vendor
    connections.close_all()
    photo = jpeg()
    server, port = serve(chosen.workers)
    try:
        print(f"数据库 {vendor}；{chosen.workers} 个网页进程，照片 {len(photo) // 1000} KB", flush=True)
        plain, pictured = report_call(places, None), report_call(places, photo)
        measure("热身", port, lambda one: plain, 3, chosen.clients)
        measure("来件", port, lambda one: plain, chosen.seconds, chosen.clients)
        measure("来件带照片", port, lambda one: pictured, chosen.seconds, chosen.clients)
        measure("单独来件", port, lambda one: plain, chosen.seconds / 2, 1)
        measure("单独来件带照片", port, lambda one: pictured, chosen.seconds / 2, 1)
        half = len(waiting) // 2
        parts = [waiting[:half], waiting[half:]]
        measure(
            "办一步", port, lambda one: step_call(parts[one], token, unit), chosen.seconds, chosen.clients
        )
        measure(
            "列表", port, lambda one: get_call(["/api/v1/cases"], token), chosen.seconds / 2, chosen.clients
        )
        detail = [f"/api/v1/cases/{uid}" for uid in some]
        measure("一件", port, lambda one: get_call(detail, token), chosen.seconds / 2, chosen.clients)
        print(f"网页进程占内存（MB）：{memory(server.pid)}", flush=True)
    finally:
        server.terminate()
        server.wait()


main()
