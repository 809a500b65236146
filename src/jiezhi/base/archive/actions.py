"""做存证点、导出存证点、写案卷包。每次都写管理记录。"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.actions import MIN_REASON
from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import note_reads, write_record
from jiezhi.base.archive import dossier, queries
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework.heads import FULL_EVERY, current_heads, heads_of, pack, pack_changes
from jiezhi.base.casework.models import Case, Checkpoint
from jiezhi.core import evidence
from jiezhi.core.durable import replacing
from jiezhi.core.evidence import Ed25519Signer, PackageSignature, write_package

__all__ = ["ArchiveRefused", "export_checkpoint", "make_checkpoint", "write_case_package"]


class ArchiveRefused(ValueError):
    """现在做不了；文字说明缘由和怎么办。"""


def signer() -> Ed25519Signer:
    """本机的签名钥匙。"""
    return Ed25519Signer.from_seed(secrets.sign_key())


def record_keys_export(names: Sequence[str], *, acting_officer: Officer, now: datetime) -> None:
    """记下谁导出了钥匙包、有哪几把。"""
    with transaction.atomic():
        write_record(
            "keys.export",
            "导出钥匙包",
            acting_officer,
            acting_officer=acting_officer,
            now=now,
            new={"keys": list(names)},
        )


def make_checkpoint(*, now: datetime, acting_officer: Officer | None = None) -> Checkpoint:
    """对现在全部件的链头做一个存证点（签名、接前一个），返回它的行。`acting_officer` 为 None 是定时自动做的。

    前一个存证点坏了 → ArchiveRefused（先核验全库）；有人同时在做 → ArchiveRefused（稍后再试）。
    """
    require_active(acting_officer)
    heads = current_heads()  # 一条查询一个时刻；不放进写事务，件多时不耽误办理
    before = queries.latest_checkpoint()
    number = before.number + 1 if before else 1
    try:
        previous = queries.checkpoint(before) if before else None
        packed = pack(heads)
        if before is not None and number % FULL_EVERY != 1:
            packed = pack_changes(heads, heads_of(before))
        made = evidence.build(number, now, previous, heads, settings.OFFICE_NAME, signer())
    except ValueError as error:
        raise ArchiveRefused(f"前一个存证点读不懂（{error}），没有做成。请先核验全库") from error
    try:
        with transaction.atomic():
            row = Checkpoint.objects.create(number=number, at=now, content=asdict(made), heads=packed)
            write_record(
                "archive.checkpoint",
                "做存证点",
                row,
                acting_officer=acting_officer,
                now=now,
                new={"number": number, "root": made.root, "cases": made.tree_size},
            )
    except IntegrityError as error:
        raise ArchiveRefused("有人正在做存证点。请稍后看最新的一个") from error
    return row


def export_checkpoint(
    number: int,
    path: str | os.PathLike[str],
    *,
    acting_officer: Officer | None = None,
    now: datetime | None = None,
) -> list[Path]:
    """导出一个存证点，送到机构以外保存。写三份：`path` 是存证点（JSON，可发可存），`path`.txt 供打印，
    `path`.heads 是当时各件的链头（没有个人信息，日后能据此说出哪一件被改过）。返回写了的文件。

    没有这个存证点、内容坏了 → ArchiveRefused；写不进磁盘 → OSError。给了 `now` 就写管理记录。
    """
    row = Checkpoint.objects.filter(number=number).first()
    if row is None:
        raise ArchiveRefused(f"没有第{number}号存证点。请先做一个，或核对编号")
    try:
        found = queries.checkpoint(row)
        heads = pack(heads_of(row))
    except ValueError as error:
        raise ArchiveRefused(f"第{number}号存证点读不懂（{error}）。请先核验全库") from error
    target = Path(path)
    contents = {
        target: found.to_json(),
        target.with_name(target.name + ".txt"): evidence.printable(found).encode(),
        target.with_name(target.name + ".heads"): heads,
    }
    for file, data in contents.items():
        with replacing(file, 0o666) as out:
            out.write(data)
    if now is not None:
        with transaction.atomic():
            write_record("archive.export", "导出存证点", row, acting_officer=acting_officer, now=now)
    return list(contents)


def write_case_package(
    case: Case,
    path: str | os.PathLike[str],
    *,
    acting_officer: Officer,
    now: datetime,
    reveal: bool,
    reason: str = "",
) -> PackageSignature:
    """写一件的案卷包（`path` 与同名 .sig），任何人凭它不联网就能核验。返回签名。

    只有看得见这件的人能写（否则 NotAllowed）。包里有各栏的全部内容：这件有敏感内容时，须 `reveal=True` 并
    写明 `reason`（至少 4 个字），每一项先落一条敏感信息查看记录再写包；`reveal=False` 而有敏感内容的
    → ArchiveRefused。材料、内容读不出 → ArchiveRefused；办理记录被改动过 → core 的 PackageRefused。
    不能在别的事务里调用（RuntimeError）：外层回滚会抹掉已看过的事实。
    """
    require_active(acting_officer)
    if not casework.visible(acting_officer, now).filter(pk=case.pk).exists():
        raise NotAllowed("没有这件，或您无权查看。请联系责任单位")
    try:
        made = dossier.gather(case, acting_officer=acting_officer, now=now)
    except dossier.Incomplete as error:
        raise ArchiveRefused(str(error)) from error
    reason = reason.strip()
    if made.sensitive and not reveal:
        titles = "、".join(made.sensitive.values())
        raise ArchiveRefused(
            f"这件有敏感内容（{titles}），案卷包须带全部内容才能核验。确需导出的，请选“包含敏感内容”并写明理由"
        )
    if made.sensitive and len(reason) < MIN_REASON:
        raise ArchiveRefused(f"案卷包里有敏感内容，请写明导出理由，至少 {MIN_REASON} 个字")
    held = {
        "events": len(made.source.records),
        "files": len(made.source.files),
        "sensitive": list(made.sensitive),
    }
    with transaction.atomic(durable=True):
        seen = [(case, made.sensitive, case.number)]
        note_reads(seen, reason=f"导出案卷包：{reason}", acting_officer=acting_officer, now=now)
        write_record(
            "archive.package",
            "导出案卷包",
            case,
            acting_officer=acting_officer,
            now=now,
            new=held,
            note=reason,
        )
    return write_package(path, made.source, signer(), now)
