"""向外面发 HTTP：网络推送和节点共用。管住连到哪里、总共多久、收多少，什么错都变成一句话，不抛异常。

只许 https 和公网地址；内网要用的网段写在设置 OUTGOING_NETWORKS 里（JIEZHI_NETWORKS=10.1.0.0/16,…），这些网段里
http 也可以。域名解析出来的地址逐个核对，并且就连核对过的那个地址（不给对方在两次解析之间换地址的机会）；
不跟随重定向，不用环境变量里的代理。直接用 httpx 底下的 httpcore：连接那一步要自己管。

接连发几次的用一条 `Line`，连接留着用；每开一条连接都重新解析、核对，`Line` 关了连接就断，不留到以后。
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, BinaryIO, Self

import httpcore
import httpx
from django.conf import settings

SECONDS = 10.0
MOST = 4096
MAX_URL = 500
CHUNK = 1 << 18
TOGETHER = 1 << 16
# 传大的：每收发这么多字节，时限宽一秒（约 1 兆比特每秒）。
SLOWEST = 128 << 10
_NAT64 = ip_network("64:ff9b::/96")
# 除了 Python 认得的（is_global），还不许的。IANA 特殊用途地址登记里不能从公网到的，和已经废除的 IPv6 写法：
# 兼容 IPv4 的、站点本地的、6to4 中继的，本地转换的（RFC 8215）、SRv6 的、文档用的。
_NEVER = tuple(
    ip_network(one)
    for one in (
        "192.0.0.0/24", "192.88.99.0/24", "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "3fff::/20", "5f00::/16",
        "fec0::/10",
    )
)  # fmt: skip


class Blocked(Exception):
    """这个地址不许发；说明为什么、怎么办。"""


@dataclass(frozen=True, slots=True)
class Answer:
    """对方的答复。`status` 为 None 是没有收到答复，缘由在 `error`。`millis` 是用了多少毫秒。"""

    status: int | None
    millis: int
    body: bytes = b""
    error: str = ""

    @property
    def text(self) -> str:
        """答复的文字；认不出的、控制字符去掉。"""
        words = self.body.decode("utf-8", errors="ignore")
        return "".join(one for one in words if one.isprintable() or one in "\n\t")


def check_url(url: str) -> str:
    """登记时先看写法，返回规范的写法。不许的 → Blocked；域名指到哪里在发的时候才核对。"""
    try:
        parts = httpx.URL(url.strip())
        host = parts.host  # 写错了的国际化域名，取的时候才报
    except (httpx.InvalidURL, TypeError, ValueError):
        raise Blocked("地址写法不对，应像 https://example.org/tui") from None
    if len(url) > MAX_URL or not host:
        raise Blocked("地址写法不对，应像 https://example.org/tui")
    if parts.userinfo:
        raise Blocked("地址里不能写用户名和口令；对方要核对身份，用签名")
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not settings.OUTGOING_NETWORKS):
        raise Blocked("地址要以 https:// 开头；内网要用 http 的，先在设置 JIEZHI_NETWORKS 里写明网段")
    try:
        literal = ip_address(host)
    except ValueError:
        literal = None
    if literal is not None:
        check_address(literal, plain=parts.scheme == "http")
    return str(parts)


def check_address(address: IPv4Address | IPv6Address, *, plain: bool) -> None:
    """这个地址能不能连；`plain` 是不加密的 http。不许 → Blocked。"""
    inner = _inner(address)
    if any(inner in ip_network(one) for one in settings.OUTGOING_NETWORKS):
        return
    if plain:
        raise Blocked(f"{address} 不在允许用 http 的网段里；请改用 https，或请系统管理员核对 JIEZHI_NETWORKS")
    if not inner.is_global or inner.is_multicast or any(inner in one for one in _NEVER):
        raise Blocked(f"{address} 是内网或本机的地址，不许发；确要发的，请系统管理员写进 JIEZHI_NETWORKS")


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """IPv6 写法里包着的 IPv4 地址：不然内网地址换个写法就混过去了。"""
    if isinstance(address, IPv4Address):
        return address
    wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
    if address in _NAT64:
        wrapped = IPv4Address(int(address) & 0xFFFFFFFF)
    return wrapped or address


def carry(
    url: str,
    source: BinaryIO,
    size: int,
    headers: Mapping[str, str],
    *,
    seconds: float,
    into: BinaryIO | None = None,
    most: int = MOST,
) -> Answer:
    """传大的，不整个读进内存：`source` 里的 `size` 字节边读边发；给了 `into`，答复 200 的正文至多 `most` 字节写进去。

    时限是 `seconds` 秒，每收发 SLOWEST 字节再宽一秒。不抛异常。
    """
    with Line() as line:
        return line.carry(url, _pieces(source), size, headers, _Clock(seconds, SLOWEST), most, into)


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(CHUNK):
        yield piece


class Line:
    """一条线：用完要关（`with`），只许一个线程用。对方断开了的，下一次自会另连。"""

    def __init__(self) -> None:
        self._gate = _Gate()
        self._pool: httpcore.ConnectionPool | None = None
        self._target: tuple[str, httpx.URL] | None = None
        self._broken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.close()

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        seconds: float | None = None,
        most: int = MOST,
    ) -> Answer:
        """发一次，总共至多 `seconds` 秒（不给是 SECONDS），答复至多收 `most` 字节（再多的不收，状态照记）。不抛异常。"""
        clock = _Clock(SECONDS if seconds is None else seconds)
        before = self._gate.tried
        answer = self.carry(url, iter((body,)), len(body), headers, clock, most, None)
        if answer.status is None and self._broken and before and self._gate.tried == before:
            # 留着的连接，对方正好在这时断开：不算没有送到，另连一条再发。
            answer = self.carry(url, iter((body,)), len(body), headers, clock, most, None)
        return answer

    def carry(
        self,
        url: str,
        body: Iterator[bytes],
        size: int,
        headers: Mapping[str, str],
        clock: _Clock,
        most: int,
        into: BinaryIO | None,
    ) -> Answer:
        """发一次，正文边取边发。各项同模块的 `carry`。"""
        status: int | None = None
        received, error = bytearray(), ""
        self._broken = False
        try:
            pool, parts = self._ready(url)
            self._gate.turn(clock, plain=parts.scheme == "http")
            sent = [("host", parts.netloc.decode()), *headers.items(), ("content-length", str(size))]
            with pool.stream("POST", str(parts), headers=sent, content=body) as back:
                status = back.status
                kept = into if status == 200 else None
                room = most if kept is into else min(most, MOST)
                for piece in back.iter_stream():
                    if kept is None:
                        received += piece[:room]
                    else:
                        kept.write(piece[:room])
                    room -= len(piece)
                    if room <= 0:
                        break
        except Blocked as blocked:
            error = str(blocked)
        except httpcore.TimeoutException:
            error = f"超过 {round(clock.allowed, 1):g} 秒没有答复完"
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as problem:
            error, self._broken = _words(problem), True
        return Answer(status, clock.millis, bytes(received), error)

    def _ready(self, url: str) -> tuple[httpcore.ConnectionPool, httpx.URL]:
        if self._target is None or self._target[0] != url:
            self._target = url, httpx.URL(check_url(url))
        if self._pool is None:
            trusted = _trusted(str(settings.OUTGOING_CA))
            self._pool = httpcore.ConnectionPool(
                ssl_context=trusted, network_backend=self._gate, max_connections=1
            )
        return self._pool, self._target[1]


class _Clock:
    """总的时限；`slowest` 不是 0 时，每收发这么多字节宽一秒。"""

    def __init__(self, seconds: float, slowest: int = 0) -> None:
        self._started = time.monotonic()
        self._slowest = slowest
        self.allowed = seconds

    def left(self) -> float:
        return self._started + self.allowed - time.monotonic()

    def moved(self, size: int) -> None:
        if self._slowest:
            self.allowed += size / self._slowest

    @property
    def millis(self) -> int:
        return round((time.monotonic() - self._started) * 1000)


def _words(problem: Exception) -> str:
    text = str(problem)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"对方的证书核不过（自建的证书请写进 JIEZHI_CA）：{text}"[:300]
    if isinstance(problem, httpcore.ConnectError | OSError):
        return f"连不上：{text}"[:300]
    return f"对方的答复不成样：{text}"[:300]


@lru_cache(maxsize=4)
def _trusted(extra: str) -> ssl.SSLContext:
    """信任的证书：系统里的，加上单位自建的（设置 OUTGOING_CA）。"""
    context = ssl.create_default_context()
    if extra:
        context.load_verify_locations(extra)
    return context


class _Gate(httpcore.NetworkBackend):
    """连接的一步：解析、逐个核对、连核对过的地址；之后的读写都不许超过总的时刻。"""

    def __init__(self) -> None:
        self.tried = 0
        self._plain = False

    def turn(self, clock: _Clock, *, plain: bool) -> None:
        """轮到这一次：之后的连接、读写都照它的时限。"""
        self.clock = clock
        self._plain = plain

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        self.tried += 1
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        for address in addresses:
            check_address(ip_address(address.partition("%")[0]), plain=self._plain)
        problem: Exception = OSError(f"解析不出 {host} 的地址")
        for address in addresses[:3]:
            try:
                left = max(self.clock.left(), 0.01)
                return _Timed(httpcore.SyncBackend().connect_tcp(address, port, left), self)
            except httpcore.ConnectError as error:
                problem = error
        raise problem


class _Timed(httpcore.NetworkStream):
    """到点就断的连接：一个字节一个字节慢慢给的，也拖不过总的时刻。"""

    def __init__(self, stream: httpcore.NetworkStream, gate: _Gate) -> None:
        self._stream = stream
        self._gate = gate
        self._held = b""

    def _left(self) -> float:
        left = self._gate.clock.left()
        if left <= 0:
            raise httpcore.ReadTimeout("到点了")
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with suppress(httpcore.WriteError):  # 对方没有收完就答了的，照样收它的答复
            self._flush()
        data = self._stream.read(max_bytes, self._left())
        self._gate.clock.moved(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # 头和不大的正文攒着一起发：少一次来回。
        self._held += buffer
        if len(self._held) > TOGETHER:
            self._flush()

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held:
            self._stream.write(held, self._left())
            self._gate.clock.moved(len(held))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._left()), self._gate)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
