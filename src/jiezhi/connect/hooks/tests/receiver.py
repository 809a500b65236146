"""测试用的接收方：本机的 HTTP 服务，记下收到的，照吩咐答复。"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """`answers` 是依次答复的状态码，答完了一律 200；`delay` 是答复之前等几秒；`drip` 为真就一个字节一个字节地答。"""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    delay: float = 0.0
    drip: bool = False
    words: str = "收到"
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    @property
    def headers(self) -> list[dict[str, str]]:
        return [headers for headers, _ in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            receiver.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
            time.sleep(receiver.delay)
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            words = receiver.words.encode()
            for piece in [bytes([one]) for one in words] if receiver.drip else [words]:
                try:
                    self.wfile.write(piece)
                    self.wfile.flush()
                except OSError:
                    return
                if receiver.drip:
                    time.sleep(0.1)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/tui"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
