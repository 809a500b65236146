"""测试用：另起进程的测试各用各的库。缺省 SQLite 时库就在各自的目录里；PostgreSQL 时按目录新建一个。"""

import hashlib
import os
import sqlite3
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


def rows(home: Path, environment: dict[str, str], sql: str) -> list[tuple[Any, ...]]:
    """不经过程序直接看库。`environment` 是 `private_database` 给的。"""
    if not environment:
        with closing(sqlite3.connect(home / "jiezhi.sqlite3")) as base:
            return base.execute(sql).fetchall()
    import psycopg

    with psycopg.connect(environment["JIEZHI_DATABASE_URL"]) as base:
        return base.execute(sql.encode()).fetchall()


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
