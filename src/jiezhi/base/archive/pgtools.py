"""PostgreSQL 自带的 pg_dump、pg_restore：找得到就用，找不到说清楚。口令从环境变量给，不上命令行。"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jiezhi.base.archive.backupformat import BackupError
from jiezhi.config.database import DRIVER

# Debian、Ubuntu 的包不把它们放进 PATH。
PLACES = ("/usr/lib/postgresql",)
# 命令行谁都看得见（ps）：这些不上命令行。
SECRETS = ("password", "sslpassword")


def tool(name: str) -> str:
    """程序的路径；没有 → BackupError。几个版本都在的用最新的。"""
    found = shutil.which(name)
    if found:
        return found
    versions = [path for place in PLACES for path in Path(place).glob(f"*/bin/{name}")]
    if versions:
        return str(max(versions, key=lambda path: float(path.parent.parent.name)))
    raise BackupError(
        f"这台机器上没有 {name}。请装上与数据库服务器同版本或更新的 PostgreSQL 客户端"
        "（Debian、Ubuntu：apt install postgresql-client），或在装有它的机器上办"
    )


def conninfo(database: Mapping[str, Any]) -> str:
    """Django 的数据库设置 → libpq 的连接说明，不含口令（`PASSWORD`）。"""
    from psycopg.conninfo import make_conninfo  # 不用 PostgreSQL 的不引入

    given = {
        "dbname": str(database["NAME"]),
        "user": database.get("USER"),
        "host": database.get("HOST"),
        "port": database.get("PORT"),
        **database.get("OPTIONS", {}),
    }
    words: dict[str, Any] = {
        name: value
        for name, value in given.items()
        if value and isinstance(value, str | int) and name not in DRIVER
    }
    return make_conninfo(**words)


def run(program: str, words: Sequence[str], database: Mapping[str, Any]) -> None:
    """运行；没有成 → BackupError（带上它说的话）。"""
    options = dict(database.get("OPTIONS", {}))
    secrets = {name: str(options.pop(name)) for name in SECRETS if name in options}
    if "sslpassword" in secrets:  # libpq 没有给它留环境变量
        raise BackupError(
            f"数据库网址里写了 sslpassword，{program} 只能从命令行收它，谁都看得见，没有运行。"
            "请把客户端证书的私钥换成不设口令、只有本用户读得到的"
        )
    environment = dict(os.environ)
    if password := secrets.get("password") or database.get("PASSWORD"):
        environment["PGPASSWORD"] = str(password)
    done = subprocess.run(
        [tool(program), "--no-password", *words, "--dbname", conninfo({**database, "OPTIONS": options})],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BackupError(f"{program} 没有成：{done.stderr.strip()[-600:]}")
