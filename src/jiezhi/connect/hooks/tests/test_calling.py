"""向外发 HTTP：只连许可的地址。"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest

from jiezhi.connect import calling
from jiezhi.connect.hooks.tests.receiver import Receiver

INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "2002:a00:1::", "ff02::1",
    "::7f00:1", "::10.0.0.1", "::8.8.8.8", "64:ff9b:1::a00:1", "64:ff9b:1::808:808", "fec0::1", "192.0.0.8", "192.0.0.10",
    "192.88.99.1", "5f00::1", "3fff::1", "2001:20::1", "2001:1::1", "2001:db8::1", "198.18.0.1", "240.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_inside_addresses_are_refused(settings: Any, address: str) -> None:
    settings.OUTGOING_NETWORKS = []
    with pytest.raises(calling.Blocked):
        calling.check_address(ip_address(address), plain=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111"])
def test_public_addresses_only_over_tls(settings: Any, address: str) -> None:
    settings.OUTGOING_NETWORKS = ["10.0.0.0/8"]
    calling.check_address(ip_address(address), plain=False)
    with pytest.raises(calling.Blocked):
        calling.check_address(ip_address(address), plain=True)
    calling.check_address(ip_address("10.9.9.9"), plain=True)


def test_a_name_that_points_inside_is_refused_when_connecting(
    settings: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """登记时域名好好的，发的时候指到了本机：连的那一步挡住；一个好一个坏的也挡。"""
    settings.OUTGOING_NETWORKS = []
    port = int(receiver.url.split(":")[2].split("/")[0])

    def points(*addresses: str) -> Any:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]
        return lambda *args, **more: found

    for addresses in (("127.0.0.1",), ("1.1.1.1", "127.0.0.1")):
        monkeypatch.setattr(socket, "getaddrinfo", points(*addresses))
        answer = calling.post(f"https://looks-fine.example:{port}/", b"x", {})
        assert answer.status is None and "不许发" in answer.error
    assert not receiver.got


def test_answers_are_bounded_and_redirects_not_followed(settings: Any, receiver: Receiver) -> None:
    receiver.words, receiver.answers = "啊" * 100_000, [307]
    answer = calling.post(receiver.url, b"{}", {"x": "1"}, most=1000)
    assert answer.status == 307 and len(answer.body) == 1000 and len(receiver.got) == 1
    assert receiver.headers[0]["x"] == "1"


def test_a_proxy_in_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert calling.post(receiver.url, b"", {}).status == 200


def test_nobody_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answer = calling.post(f"http://127.0.0.1:{port}/", b"", {})
    assert answer.status is None and "连不上" in answer.error
    assert calling.post("https://没有这个.invalid/", b"", {}, seconds=5).status is None
    assert "写法不对" in calling.post("https://", b"", {}).error


# ---- 传大的 ----


def test_large_things_are_streamed_both_ways(receiver: Receiver) -> None:
    """发的不整个读进内存，收的直接落文件；一个字节不差。"""
    receiver.words = "0123456789abcdef" * (1 << 18)  # 4 MB
    source, into = io.BytesIO(b"sent" * (1 << 19)), io.BytesIO()
    real, most = source.read, []
    source.read = lambda size=-1: most.append(size) or real(size)  # type: ignore[method-assign,func-returns-value]
    answer = calling.carry(receiver.url, source, 2 << 20, {}, seconds=20, into=into, most=5 << 20)
    assert (answer.status, answer.error, answer.body) == (200, "", b"")
    assert into.getvalue() == receiver.words.encode() and receiver.got[0][1] == source.getvalue()
    assert 0 < max(most) <= calling.CHUNK and min(most) > 0
    into = io.BytesIO()
    calling.carry(receiver.url, io.BytesIO(b"x"), 1, {}, seconds=20, into=into, most=1 << 20)
    assert len(into.getvalue()) == 1 << 20, "超过上限的不收"
    receiver.answers = [403]
    into = io.BytesIO()
    answer = calling.carry(receiver.url, io.BytesIO(b"x"), 1, {}, seconds=20, into=into, most=1 << 20)
    assert answer.status == 403 and answer.text.startswith("0123") and not into.getvalue()


def test_receiving_takes_time_in_proportion() -> None:
    """收八倍的字节，不该用六十四倍的时间：每来一段就把前面的重抄一遍，就会。"""

    def took(pieces: int) -> float:
        fastest = 9.0
        for _ in range(3):
            with serving([b"x" * (1 << 16)] * pieces) as url:
                started = time.perf_counter()
                answer = calling.post(url, b"", {}, seconds=60, most=1 << 30)
                fastest = min(fastest, time.perf_counter() - started)
                assert len(answer.body) == pieces << 16
        return fastest

    assert took(256) < 0.5 + 24 * took(32)


def test_the_deadline_widens_with_what_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """慢而一直在传的，传得完；停住不动的，到点就断。"""
    monkeypatch.setattr(calling, "SLOWEST", 10)
    slow = [b"x" * 10] * 8
    with serving(slow, pause=0.1) as url:
        into = io.BytesIO()
        answer = calling.carry(url, io.BytesIO(b""), 0, {}, seconds=0.3, into=into, most=1000)
        assert (answer.status, answer.error, len(into.getvalue())) == (200, "", 80)
        assert "没有答复完" in calling.post(url, b"", {}, seconds=0.3).error
    with serving([b"", b""], pause=2.0) as url:
        monkeypatch.setattr(calling, "SLOWEST", 1 << 20)
        answer = calling.carry(url, io.BytesIO(b""), 0, {}, seconds=0.3, into=io.BytesIO(), most=1000)
        assert "没有答复完" in answer.error and answer.millis < 1500


@contextmanager
def serving(pieces: list[bytes], pause: float = 0.0) -> Iterator[str]:
    """答复这几段，每段之前等一等。"""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(200)
            self.send_header("content-length", str(sum(map(len, pieces)) or 10))
            self.end_headers()
            for piece in pieces:
                time.sleep(pause)
                try:
                    self.wfile.write(piece)
                except OSError:
                    return

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
