"""留存的来表原件：断了接着导、出退回表要用。里面整张都是个人信息：加密存，导完一段时间就删，依法清除时也删。"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.errors import SecretError
from jiezhi.base.casework.models import Case
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.models import ImportRow, ImportRun
from jiezhi.core.durable import replacing
from jiezhi.core.evidence.digest import sm3_hex

# 没有哪一次导入认的（存了没有记下就断电、删到一半断电），放这么多秒再删。
STRAY = 24 * 3600


def folder() -> Path:
    """留存原件的目录。"""
    return Path(settings.HOME) / "imports"


def store(content: bytes) -> str:
    """加密留存，返回内容的摘要，文件就叫这个；只有运行本系统的账号读得到，没有数据钥匙读不出。"""
    digest = sm3_hex(content)
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder() / digest
    if not path.is_file():
        with replacing(path) as out:
            out.write(secrets.encrypt_bytes(content))
    return digest


def path_of(run: ImportRun) -> Path | None:
    """留存的原件在哪里；已经删去的为 None。"""
    path = folder() / run.stored
    return path if run.stored and path.is_file() else None


def read(run: ImportRun) -> bytes:
    """原件的内容。不在了、与上传时不一致 → SheetError。"""
    path = path_of(run)
    if path is None:
        raise SheetError("留存的原件已经不在了。请重新上传这个文件，已导入的不会重复。")
    try:
        content = secrets.decrypt_bytes(path.read_bytes())
    except SecretError as error:
        raise SheetError(f"留存的原件读不出来：{error}。也可以重新上传，已导入的不会重复。") from error
    if sm3_hex(content) != run.sm3:
        raise SheetError("留存的原件与上传时不一致。请重新上传这个文件，已导入的不会重复。")
    return content


def sweep(now: datetime) -> None:
    """每天一次：导完 IMPORT_KEEP_DAYS 天的删去，没有导完的留着；没有哪一次导入认的也删。逐行的结果都留着。"""
    kept = ImportRun.objects.exclude(stored="")
    old = kept.filter(
        status=ImportRun.Status.DONE, finished_at__lt=now - timedelta(days=settings.IMPORT_KEEP_DAYS)
    )
    wanted = set(kept.exclude(pk__in=old.values("pk")).values_list("stored", flat=True))
    _discard(set(old.values_list("stored", flat=True)) - wanted)
    known = set(kept.values_list("stored", flat=True))
    for path in folder().iterdir() if folder().is_dir() else ():
        if path.name not in known and path.stat().st_mtime < time.time() - STRAY:
            path.unlink(missing_ok=True)


def forget(case: int, fields: Mapping[int, set[str]], now: datetime) -> set[str]:
    """件上依法清除：有这一件的来表原件整份删去（试导的、没有导入的行里也认它的编号）；没有导完的，请重新上传。"""
    row = Case.objects.get(pk=case)
    numbers = set(ImportRow.objects.filter(case=row.uid).values_list("number", flat=True)) - {""}
    if not numbers:
        return set()
    found = ImportRow.objects.filter(Q(case=row.uid) | Q(number__in=numbers, run__matter=row.matter))
    runs = ImportRun.objects.filter(pk__in=found.values("run")).exclude(stored="")
    _discard(set(runs.values_list("stored", flat=True)))
    return set()


def _discard(names: Iterable[str]) -> None:
    """先记下没有了，提交之后再删：退回的事务不会把还要用的删掉。"""
    with transaction.atomic():
        for name in names:
            ImportRun.objects.filter(stored=name).update(stored="")
            transaction.on_commit(partial((folder() / name).unlink, missing_ok=True))
