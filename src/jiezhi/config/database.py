"""数据库设置：缺省是 SQLite 单文件；环境变量 JIEZHI_DATABASE_URL 指定 PostgreSQL。"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# IMMEDIATE：先读后写的事务不会在升级锁时失败；FULL：断电不丢已答复的办理记录。
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-64000;PRAGMA foreign_keys=ON;"
    ),
}

# PostgreSQL 的驱动自己的设置，不是 libpq 的：同一句反复执行的由服务器留着分析的结果，不用每次重来。
DRIVER: dict[str, Any] = {"server_side_binding": True, "prepare_threshold": 5}
# 列表的语句有几十段，即时编译（JIT）一次要一秒，执行只要几十毫秒；参数不同走法也不同，所以每次照参数排计划。
_SERVER = "-c jit=off -c plan_cache_mode=force_custom_plan"


def configure(home: Path, url: str | None = None) -> dict[str, Any]:
    """数据库设置：`url` 为空用 `home` 下的 SQLite；否则是 postgres://用户:口令@主机:端口/库名?键=值。

    用户、口令里的特殊字符用百分号转义；问号后的键值原样交给 libpq，如 sslmode=verify-full、
    host=/run/postgresql（unix socket 所在目录）。不是这样的网址、没写库名 → ValueError。
    """
    common = {"ATOMIC_REQUESTS": False, "CONN_MAX_AGE": None}
    if not url:
        file = home / "jiezhi.sqlite3"
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": file, "OPTIONS": _SQLITE_OPTIONS, **common}
    parts = urlsplit(url)
    name, options = unquote(parts.path.lstrip("/")), dict(parse_qsl(parts.query))
    if parts.scheme not in ("postgres", "postgresql") or not name:
        raise ValueError("JIEZHI_DATABASE_URL 要写成 postgres://用户:口令@主机:端口/库名")
    # 网址里写了的在后，以它为准。
    options["options"] = f"{_SERVER} {options.get('options', '')}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        # 口令也可以写在问号后面；只放在这一处，别处就不会把它当作平常的选项写出去。
        "PASSWORD": options.pop("password", "") or unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**options, **DRIVER},
        **common,
    }
