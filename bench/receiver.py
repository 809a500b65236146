"""测推送用的接收方：另一个进程里的小 HTTP 服务。读完每一个请求，认重，每 SAMPLE 条核一次签名；不用线程，免得它自己是瓶颈。

单独量它能收多快：python bench/receiver.py
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

SAMPLE = 20
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"


@dataclass
class Receiving:
    """收到了什么：几条、几个标识、核过几个签名、几个不对。"""

    secret: str = ""
    count: int = 0
    seen: set[str] = field(default_factory=set)
    checked: int = 0
    wrong: int = 0

    def take(self, headers: dict[str, str], body: bytes) -> None:
        self.count += 1
        self.seen.add(headers["webhook-id"])
        if self.count % SAMPLE == 1:
            self.checked += 1
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            key = base64.b64decode(self.secret.removeprefix("whsec_"))
            made = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            self.wrong += made not in headers["webhook-signature"].split()

    def __str__(self) -> str:
        return f"{self.count} 条，{len(self.seen)} 个标识，核了 {self.checked} 个签名，{self.wrong} 个不对"


class _Reading(asyncio.Protocol):
    def __init__(self, receiving: Receiving) -> None:
        self._receiving = receiving
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._out = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            lines = self._held[:end].decode("latin-1").split("\r\n")[1:]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            whole = end + 4 + int(headers["content-length"])
            if len(self._held) < whole:
                return
            body, self._held = self._held[end + 4 : whole], self._held[whole:]
            self._receiving.take(headers, body)
            self._out.write(ANSWER)


def _serve(pipe: Connection, secret: str) -> None:
    async def run() -> None:
        found = Receiving(secret)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Reading(found), "127.0.0.1", 0)
        pipe.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/tui")
        await loop.run_in_executor(None, pipe.recv)
        pipe.send((str(found), time.process_time()))

    asyncio.run(run())


@contextmanager
def receiver(secret: str) -> Iterator[str]:
    """接收方的地址；出来时说收到了什么、用了它自己多少处理器时间。"""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()
    process = fork.Process(target=_serve, args=(there, secret), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("完")
        told, busy = here.recv()
        print(f"  接收方收到 {told}；它自己用了处理器 {busy:.2f} 秒")
        process.join()


def main() -> None:
    count, body = 20_000, b"x" * 600
    given = {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,"}
    request = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    with receiver("whsec_" + base64.b64encode(b"k" * 32).decode()) as url:
        to = http.client.HTTPConnection(url.split("/")[2])
        to.connect()
        assert to.sock is not None
        sent = f"POST /tui HTTP/1.1\r\n{request}content-length: {len(body)}\r\n\r\n".encode() + body
        start = time.perf_counter()
        for _ in range(count):
            to.sock.sendall(sent)
            to.sock.recv(4096)
        print(f"一条连接一问一答：每秒 {count / (time.perf_counter() - start):,.0f}")
        to.close()


if __name__ == "__main__":
    main()
