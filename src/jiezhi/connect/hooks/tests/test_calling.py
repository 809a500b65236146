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
        answer = post(f"https://looks-fine.example:{port}/", b"x", {})
        assert answer.status is None and "不许发" in answer.error
    assert not receiver.got


def test_answers_are_bounded_and_redirects_not_followed(settings: Any, receiver: Receiver) -> None:
    receiver.words, receiver.answers = "啊" * 100_000, [307]
    answer = post(receiver.url, b"{}", {"x": "1"}, most=1000)
    assert answer.status == 307 and len(answer.body) == 1000 and len(receiver.got) == 1
    assert receiver.headers[0]["x"] == "1"


def test_a_proxy_in_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert post(receiver.url, b"", {}).status == 200


def test_nobody_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answer = post(f"http://127.0.0.1:{port}/", b"", {})
    assert answer.status is None and "连不上" in answer.error
    assert post("https://没有这个.invalid/", b"", {}, seconds=5).status is None
    assert "写法不对" in post("https://", b"", {}).error


# ---- 一条线接连发 ----


def test_one_connection_for_many_and_every_connection_is_checked(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """连接留着用，只解析一次；对方关了就另连，另连时域名已指到不许的地址，挡住。"""
    with keeping(answers=3) as (port, got):
        asked: list[str] = []
        real = socket.getaddrinfo

        def points(host: str, *args: Any, **more: Any) -> Any:
            if host != "looks-fine.example":  # 连核对过的地址时
                return real(host, *args, **more)
            asked.append("10.0.0.1" if len(asked) else "127.0.0.1")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (asked[-1], port))]

        monkeypatch.setattr(socket, "getaddrinfo", points)
        with calling.Line() as line:
            url = f"http://looks-fine.example:{port}/tui"
            said = [line.post(url, f"第{n}条".encode(), {}) for n in range(3)]
            assert [(one.status, one.text) for one in said] == [(200, "好")] * 3
            assert asked == ["127.0.0.1"] and len(got) == 1, "同一条连接，没有再解析"
            after = line.post(url, b"x", {})
            assert after.status is None and "不在允许用 http 的网段" in after.error
            assert asked == ["127.0.0.1", "10.0.0.1"]
        with calling.Line() as line:
            asked.clear()
            assert line.post(url, b"x", {}).status == 200 and asked == ["127.0.0.1"], "新的线重新解析"
    assert [len(bodies) for bodies in got] == [3, 1] and got[0][2] == "第2条".encode()


def test_a_kept_connection_the_other_side_dropped_is_not_a_failure() -> None:
    """对方答了两次就不声不响地关：下一条另连一条发，不算没有送到；新连的也不答，才算。"""
    with keeping(answers=2, silently=True) as (port, got), calling.Line() as line:
        said = [line.post(f"http://127.0.0.1:{port}/", b"x" * 10, {}).status for _ in range(6)]
        assert said == [200] * 6 and [len(bodies) for bodies in got] == [2, 2, 2]
    with keeping(answers=0, silently=True) as (port, got), calling.Line() as line:
        answer = line.post(f"http://127.0.0.1:{port}/", b"x", {})
        assert answer.status is None and "对方的答复不成样" in answer.error and len(got) == 1


def test_a_kept_connection_has_a_deadline_for_each() -> None:
    """前一条用掉的时间不算在后一条头上，后一条拖住不答也到点就断。"""
    with keeping(answers=9, pause=0.25) as (port, got), calling.Line() as line:
        url = f"http://127.0.0.1:{port}/"
        assert [line.post(url, b"x", {}, seconds=0.5).status for _ in range(3)] == [200] * 3
        started = time.monotonic()
        slow = line.post(url, b"x", {}, seconds=0.1)
        assert slow.status is None and "没有答复完" in slow.error and time.monotonic() - started < 0.25
        assert line.post(url, b"x", {}, seconds=2).status == 200 and len(got) == 2, "断了的连接不再用"


@contextmanager
def keeping(
    answers: int, *, silently: bool = False, pause: float = 0.0
) -> Iterator[tuple[int, list[list[bytes]]]]:
    """留着连接的接收方：一条连接上答 `answers` 次就关；`silently` 是收了下一条才不声不响地关。给出端口、各连接收到的。"""
    got: list[list[bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.mine: list[bytes] = []
            got.append(self.mine)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if len(self.mine) == answers:
                self.close_connection = True
                return
            self.mine.append(body)
            time.sleep(pause)
            self.send_response(200)
            self.send_header("content-length", str(len("好".encode())))
            self.end_headers()
            self.wfile.write("好".encode())
            self.close_connection = not silently and len(self.mine) == answers

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *words: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.server_address[1], got
    finally:
        server.shutdown()
        server.server_close()


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
                answer = post(url, b"", {}, seconds=60, most=1 << 30)
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
        assert "没有答复完" in post(url, b"", {}, seconds=0.3).error
    with serving([b"", b""], pause=2.0) as url:
        monkeypatch.setattr(calling, "SLOWEST", 1 << 20)
        answer = calling.carry(url, io.BytesIO(b""), 0, {}, seconds=0.3, into=io.BytesIO(), most=1000)
        assert "没有答复完" in answer.error and answer.millis < 1500


def post(url: str, body: bytes, headers: dict[str, str], **more: Any) -> calling.Answer:
    """用一条新的线发一次。"""
    with calling.Line() as line:
        return line.post(url, body, headers, **more)


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
