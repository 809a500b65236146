"""测试用：另起进程的测试各用各的库。缺省 SQLite 时库就在各自的目录里；PostgreSQL 时按目录新建一个。"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

SERVER = os.environ.get("JIEZHI_DATABASE_URL")


def _url(name: str) -> str:
    return urlunsplit(urlsplit(SERVER or "")._replace(path=f"/{name}"))


def _manage(*statements: str) -> None:
    import psycopg

    with psycopg.connect(_url("postgres"), autocommit=True) as server:
        for statement in statements:
            server.execute(statement.encode())


def private_database(home: Path) -> dict[str, str]:
    """给 `home` 一个空库，返回要加进环境变量的项；SQLite 不用另建，返回空。"""
    if not SERVER:
        return {}
    name = "jiezhi_" + hashlib.sha256(str(home).encode()).hexdigest()[:16]
    _manage(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    return {"JIEZHI_DATABASE_URL": _url(name)}


def copied_database(home: Path, source: Path, environment: dict[str, str]) -> dict[str, str]:
    """给 `home` 一个与 `source`（它的环境变量在 `environment`）一样的库，返回要加进环境变量的项；源库不能有人连着。"""
    if not SERVER:
        home.mkdir(parents=True, exist_ok=True)
        for path in source.glob("jiezhi.sqlite3*"):
            shutil.copy(path, home / path.name)
        return {}
    name = "jiezhi_" + hashlib.sha256(str(home).encode()).hexdigest()[:16]
    origin = urlsplit(environment["JIEZHI_DATABASE_URL"]).path.lstrip("/")
    _manage(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {origin}")
    return {"JIEZHI_DATABASE_URL": _url(name)}


def rows(home: Path, environment: dict[str, str], sql: str) -> list[tuple[Any, ...]]:
    """不经过程序直接看库。`environment` 是 `private_database` 给的。"""
    if not environment:
        with closing(sqlite3.connect(home / "jiezhi.sqlite3")) as base:
            return base.execute(sql).fetchall()
    import psycopg

    with psycopg.connect(environment["JIEZHI_DATABASE_URL"]) as base:
        return base.execute(sql.encode()).fetchall()


class Elsewhere:
    """另起进程的测试用的一处：自己的数据目录和库。`scripts` 是被跑的程序所在的文件夹。"""

    def __init__(self, home: Path, scripts: Path) -> None:
        self.home = home
        self._scripts = scripts
        self._database = private_database(home)
        self.environment = os.environ | {
            "JIEZHI_HOME": str(home),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "DJANGO_SETTINGS_MODULE": "jiezhi.config.settings",
            **self._database,
        }

    @property
    def is_sqlite(self) -> bool:
        return not self._database

    def look(self, sql: str) -> list[tuple[Any, ...]]:
        """不经过程序直接看库。"""
        return rows(self.home, self._database, sql)

    def _ran(self, *words: str) -> str:
        found = subprocess.run(
            [sys.executable, *words], env=self.environment, capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout

    def run(self, script: str, *words: str) -> str:
        """跑完一个程序，返回它印的；出错连同错误一起报。"""
        return self._ran(str(self._scripts / script), *words)

    def python(self, code: str, *words: str) -> str:
        """跑一小段程序（已经 django.setup()），返回它印的。"""
        return self._ran("-c", f"import django; django.setup()\n{code}", *words)

    def start(self, script: str, *words: str) -> subprocess.Popen[str]:
        """另起一个进程，等它说 ready。"""
        process = subprocess.Popen(
            [sys.executable, str(self._scripts / script), *words],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None and process.stdout.readline().strip() == "ready"
        return process

    def together(self, processes: Sequence[subprocess.Popen[str]]) -> list[list[str]]:
        """同时放行，返回各自印的行。"""
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [process.communicate()[0].splitlines() for process in processes]

    def verify(self) -> str:
        """全库核验，必须相符。"""
        said = self._ran("-m", "jiezhi.cli.main", "verify", "--database")
        assert "全部相符" in said
        return said


class Snapshot:
    """现在这个库的样子，可以反复恢复。建、恢复之前都要先断开全部连接。"""

    def __init__(self, database: dict[str, Any]) -> None:
        self._name = database["NAME"]
        self._sqlite = database["ENGINE"].endswith("sqlite3")
        if self._sqlite:
            self._bytes = Path(self._name).read_bytes()
        else:
            _manage(f"CREATE DATABASE {self._name}_clean TEMPLATE {self._name}")

    def restore(self) -> None:
        """恢复到当时的样子。"""
        if not self._sqlite:
            _manage(
                f"DROP DATABASE {self._name} WITH (FORCE)",
                f"CREATE DATABASE {self._name} TEMPLATE {self._name}_clean",
            )
            return
        for extra in ("-wal", "-shm"):
            Path(f"{self._name}{extra}").unlink(missing_ok=True)
        Path(self._name).write_bytes(self._bytes)
