"""测试用：真的两个节点，各自一个进程、一个库、一套钥匙，用标准输入输出指挥。

`Station` 在测试进程里，指挥另一个进程里的 `serve`；每个命令一行 JSON，答复一行 JSON。
"""

from __future__ import annotations

import atexit
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from jiezhi.config.testing import copied_database, private_database

SRC = Path(__file__).resolve().parents[3]


class Station:
    """一个节点的进程。`call("命令", …)` 等它答复。不给 `like` 是空库，给了就抄那个节点的库（它已经退出）。"""

    def __init__(self, home: Path, code: str, like: Station | None = None) -> None:
        self.home, self.code = home, code
        home.mkdir(parents=True, exist_ok=True)
        if like:  # 抄来的库里有行印、密文，要同样的钥匙；签名的各用各的
            shutil.copytree(like.home / "keys", home / "keys", ignore=shutil.ignore_patterns("sign.key"))
        self.database: dict[str, str] = (
            copied_database(home, like.home, like.database) if like else private_database(home)
        )
        self._environment = {
            **os.environ,
            "JIEZHI_HOME": str(home),
            "JIEZHI_KEYS": str(home / "keys"),
            "JIEZHI_NODE": code,
            "JIEZHI_OFFICE": code,
            "JIEZHI_NETWORKS": "127.0.0.0/8",
            "DJANGO_SETTINGS_MODULE": "jiezhi.config.settings",
            "PYTHONPATH": str(SRC),
            **self.database,
        }
        self.start()

    def start(self) -> None:
        """起进程；库在就接着用。"""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jiezhi.connect.nodes.testing"],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, do: str, **words: Any) -> None:
        """发一个命令，不等答复。"""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **words}, default=str) + "\n")
        self._process.stdin.flush()

    def read(self) -> Any:
        """等一个答复。"""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"节点 {self.code} 的进程没有了"
        found = json.loads(line)
        assert "error" not in found, found.get("error")
        return found["ok"]

    def call(self, do: str, **words: Any) -> Any:
        """发一个命令，等答复。"""
        self.send(do, **words)
        return self.read()

    def twin(self) -> Station:
        """同一个节点、同一个库的又一个进程（两个 worker）。"""
        made = copy(self)
        made.start()
        return made

    def copy(self, folder: Path) -> Station:
        """备份：抄一份库（自己已经退出）。"""
        made = copy(self)
        made.home = folder
        made.database = copied_database(folder, self.home, self.database)
        return made

    def restore(self, backup: Station) -> None:
        """退回到备份的样子（自己已经退出）。"""
        copied_database(self.home, backup.home, backup.database)

    def kill(self) -> None:
        """kill -9。"""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """正常退出。"""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)

    def command(self, *words: str, code: int = 0) -> str:
        """在这个节点上跑 jiezhi 命令。"""
        done = subprocess.run(
            [sys.executable, "-m", "jiezhi.cli.main", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


START = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)  # 北京时间 8月3日（周一）9点


@lru_cache(maxsize=1)
def _blank() -> Station:
    """装好小单位和业务模板的节点，一个测试进程只装一次，别的照抄。"""
    folder = Path(tempfile.mkdtemp(prefix="jiezhi-node-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Station(folder, "blank")
    made.call("setup", now=START)
    made.stop()
    return made


class Pair:
    """两个登记过彼此的节点，和中间搬文件的人。`left_sees` 是左边怎样登记右边。"""

    def __init__(
        self, folder: Path, left: str, right: str, left_sees: dict[str, Any], right_sees: dict[str, Any]
    ) -> None:
        self.folder = folder
        self.now = START
        self.rng = random.Random(20260803)
        self.left, self.right = (Station(folder / code, code, _blank()) for code in (left, right))
        cards = self.left.call("card"), self.right.call("card")
        self.left.call("join", text=cards[1], now=self.now, **left_sees)
        self.right.call("join", text=cards[0], now=self.now, **right_sees)

    def later(self, span: timedelta) -> datetime:
        """过一会儿；返回现在。"""
        self.now += span
        return self.now

    def carry(self, sender: Station, receiver: Station, lose: float = 0.0, times: int = 1) -> dict[str, Any]:
        """从一边写出来，丢掉一些、读几遍，读进另一边，两边都办完。"""
        sender.call("work", now=self.now)
        out = self.folder / f"disk-{self.rng.random()}"
        sender.call("export", code=receiver.code, folder=out, now=self.now)
        for path in sorted(out.iterdir()):
            if path.suffix == ".zip" and self.rng.random() < lose:
                path.unlink()
        told: dict[str, Any] = {}
        for _ in range(times):
            told = receiver.call("take", folder=out, now=self.now)
        receiver.call("work", now=self.now)
        shutil.rmtree(out)
        return told

    def settle(self) -> None:
        """来回拷到两边都没有要送的。"""
        for _ in range(8):
            self.carry(self.left, self.right)
            self.carry(self.right, self.left)
            found = [
                mine.call("standing", code=other.code)
                for mine, other in ((self.left, self.right), (self.right, self.left))
            ]
            if not any(
                one[word]
                for one in found
                for word in ("waiting", "unacked", "unapplied", "missing", "trouble")
            ):
                return
        raise AssertionError(f"送不完：{found}")

    def close(self) -> None:
        """两边都退出。"""
        for one in (self.left, self.right):
            one.stop()


# ---- 另一个进程里 ----


def serve() -> None:
    """读命令、办、答复，直到标准输入关上。"""
    import django

    django.setup()
    commands = _commands()
    for line in sys.stdin:
        words = json.loads(line)
        try:
            if "now" in words:
                words["now"] = datetime.fromisoformat(words["now"])
            answer: dict[str, Any] = {"ok": commands[words.pop("do")](**words)}
        except Exception as error:
            import traceback

            answer = {"error": f"{error!r}\n{traceback.format_exc()[-1500:]}"}
        print(json.dumps(answer, ensure_ascii=False, default=str), flush=True)


def _commands() -> dict[str, Callable[..., Any]]:
    from jiezhi.connect.nodes import testing_commands

    return {name: function for name, function in vars(testing_commands).items() if not name.startswith("_")}


if __name__ == "__main__":
    serve()
