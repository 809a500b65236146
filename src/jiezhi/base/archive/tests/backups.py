"""测试用：做备份、放到别处。"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jiezhi.base.accounts import secrets
from jiezhi.base.archive import backup, restoring
from jiezhi.base.casework.testing import START
from jiezhi.base.casework.tests.lives import DAY
from jiezhi.config.testing import private_database
from jiezhi.core.evidence import Ed25519Signer

NOW = START + DAY
# 真提交的：PostgreSQL 的 pg_dump 是另一个连接，看不见没有提交的。
real_db = pytest.mark.django_db(transaction=True)


def make(root: Path, hours: int = 0, **more: Any) -> backup.Made:
    return backup.backup(root, now=NOW + timedelta(hours=hours), **more)


def own_key() -> bytes:
    return Ed25519Signer.from_seed(secrets.sign_key()).public_key


def url_for(home: Path) -> str | None:
    return private_database(home).get("JIEZHI_DATABASE_URL")


def restored(source: Path, home: Path, **more: Any) -> restoring.Found:
    return restoring.restore(source, home, trusted_key=own_key(), database_url=url_for(home), **more)


def everything(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
