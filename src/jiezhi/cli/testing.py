"""测试用：在临时的 JIEZHI_HOME 上真跑命令，一条命令一个进程（或几条共用一个）。"""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiezhi

SRC = Path(next(iter(jiezhi.__path__))).parent


@dataclass(frozen=True)
class Done:
    """一条命令的结果。"""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """标准输出整个就是一份 JSON，前后没有别的。"""
        return json.loads(self.out)


# 一个进程里接连跑几条命令，省去每条都重新启动的时间；命令本身与单独跑的一样。
DRIVER = """
import json, sys
from click.testing import CliRunner
from jiezhi.cli.main import main
for line in sys.stdin:
    found = CliRunner().invoke(main, json.loads(line), prog_name="jiezhi")
    broken = found.exception if not isinstance(found.exception, SystemExit) else None
    answer = [found.exit_code, found.stdout, found.stderr + (repr(broken) if broken else "")]
    print(json.dumps(answer), flush=True)
"""


class Shell:
    """在某个 JIEZHI_HOME 上跑命令。"""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._driver: subprocess.Popen[str] | None = None

    def __call__(self, *words: object) -> Done:
        """跑一条命令（同一个测试里的各条共用一个进程）。"""
        if self._driver is None:
            self._driver = subprocess.Popen(
                [sys.executable, "-c", DRIVER],
                env=self._environment(),
                cwd=self.home.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._driver.stdin is not None and self._driver.stdout is not None
        self._driver.stdin.write(json.dumps([str(word) for word in words]) + "\n")
        self._driver.stdin.flush()
        return Done(*json.loads(self._driver.stdout.readline()))

    def close(self) -> None:
        """收掉进程。"""
        if self._driver is not None:
            self._driver.communicate()

    def alone(self, *words: object) -> Done:
        """单独一个进程跑一条命令。"""
        found = subprocess.run(
            self._command(words),
            env=self._environment(),
            cwd=self.home.parent,
            capture_output=True,
            text=True,
        )
        return Done(found.returncode, found.stdout, found.stderr)

    def on_terminal(self, *words: object) -> Done:
        """单独一个进程，标准错误接在终端上：进度条只在终端上画。"""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            self._command(words),
            env=self._environment(),
            cwd=self.home.parent,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        ) as process:
            os.close(theirs)
            out = process.communicate()[0]
        drawn = b""
        try:
            while piece := os.read(ours, 65536):
                drawn += piece
        except OSError:  # 对方关了终端
            pass
        os.close(ours)
        return Done(process.returncode, out, drawn.decode())

    @staticmethod
    def _command(words: tuple[object, ...]) -> list[str]:
        return [sys.executable, "-m", "jiezhi.cli.main", *map(str, words)]

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "JIEZHI"))}
        return kept | {
            "JIEZHI_HOME": str(self.home),
            "PYTHONPATH": str(SRC),
            "PYTHONIOENCODING": "utf-8",
        }

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """直接看库。"""
        with sqlite3.connect(self.home / "jiezhi.sqlite3") as base:
            return base.execute(sql).fetchall()
