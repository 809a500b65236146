"""材料的存取：按内容的 SM3 摘要存放，原件不改；写到一半断电不留半份。

目录：`FILES_DIR/ab/<摘要>`；上传中的、排版转换用的在 `FILES_DIR/uploading/`，收完改名进来、落盘。先有文件、后有登记，
所以断电最多留下没有登记的文件（`audit` 查得出），不会有登记而没有文件。
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError, Q

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import photos
from jiezhi.base.casework.engine.turnstile import writing
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.photos import PhotoFacts
from jiezhi.base.casework.sniffing import (
    GIF,
    HEIC,
    JPEG,
    KINDS,
    PNG,
    WEBP,
    FileRefused,
    FileType,
    check_name,
    clean_name,
    fitting_name,
    is_recording,
    sniff,
)
from jiezhi.core.durable import flush
from jiezhi.core.evidence.digest import hasher, is_hex, sm3_file

__all__ = [
    "Audit", "FileRefused", "Kind", "NoRoom", "audit", "audit_files", "check_room", "open_file", "path_of",
    "clean_name", "public_copy", "size_limit", "store", "sweep", "workplace",
    "thumbnail", "unknown_files",
]  # fmt: skip

Kind = Literal["photo", "video", "audio", "document", "scan", "any"]
# 扫描件：拍的照片，或扫成的文件。
SCANS = ("photo", "document")
UPLOADING = "uploading"
CHUNK = 1 << 16
LEFT_OVER = timedelta(days=1)
UNUSED = timedelta(days=2)
UNCLAIMED = timedelta(hours=6)
"""不是人员传的（居民传的、程序做的）过这么久没有用上就清：谁都能传，不能长占着盘。"""
PILLOW = {found.mime: found.pillow for found in (JPEG, PNG, GIF, WEBP, HEIC)}


class NoRoom(FileRefused):
    """存材料的盘快满了。"""


def _root() -> Path:
    return Path(settings.FILES_DIR)


def check_room(least: int) -> None:
    """存材料的盘剩得不到 `least` 字节就不收。出错：NoRoom。"""
    if shutil.disk_usage(workplace()).free < least:
        raise NoRoom("存照片的地方快满了，暂时收不下。请先不带照片登记，或者过些时候再传；急的打街道值班电话")


def workplace() -> Path:
    """临时放内容的文件夹（没有就建），与材料同一处、同样的权限：断电留下的由 `sweep` 收走。"""
    folder = _root() / UPLOADING
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def size_limit(start: bytes, kind: Kind = "any") -> int:
    """收 `kind` 这一种时，开头是 `start` 的一份最多几字节。"""
    recording = kind in ("any", "video", "audio") and is_recording(start)
    return int(settings.EVIDENCE_MAX_RECORDING_BYTES if recording else settings.EVIDENCE_MAX_BYTES)


def path_of(digest: str) -> Path:
    """摘要对应的存放位置（不管有没有）。摘要写法不对 → ValueError。"""
    if not is_hex(digest):
        raise ValueError("材料的摘要写法不对")
    return _root() / digest[:2] / digest


def store(
    upload: BinaryIO, name: str, *, kind: Kind, acting_officer: Officer | None, now: datetime
) -> EvidenceFile:
    """收下一份材料，返回登记的行；同样的内容再来，返回原来那一行。

    upload：打开的二进制流，边读边算摘要，超过上限即止。kind：要收哪一种（scan 是照片或文件），内容不是这一种的不收。
    acting_officer：上传的人，居民上传时为 None。now：带时区。出错：FileRefused（中文，说明怎么办）。
    """
    title = clean_name(name)
    check_name(title)
    temporary = workplace() / f"{secrets.token_hex(12)}.part"
    try:
        digest, size = _receive(upload, temporary, kind)
        found = sniff(temporary, title)
        if kind not in ("any", found.kind) and not (kind == "scan" and found.kind in SCANS):
            wanted = KINDS[kind] if kind != "scan" else "扫描件（PDF 或图片）"
            raise FileRefused(f"这里要交{wanted}，收到的是{KINDS[found.kind]}。请重新选择")
        facts = photos.examine(temporary, found) if found.kind == "photo" else None
        _settle(temporary, path_of(digest))
        with writing():
            row = _register(digest, size, fitting_name(title, found), found, facts, acting_officer, now)
        # 登记之前，同样内容的旧文件可能刚好被清扫：还在手上的这份补进去。
        if temporary.exists() and not path_of(digest).is_file():
            _settle(temporary, path_of(digest))
    finally:
        temporary.unlink(missing_ok=True)
    return row


def _receive(upload: BinaryIO, target: Path, kind: Kind) -> tuple[str, int]:
    work, size, limit = hasher(), 0, 0
    with target.open("xb") as stream:
        while chunk := upload.read(CHUNK):
            limit = limit or size_limit(chunk, kind)
            size += len(chunk)
            if size > limit:
                raise FileRefused(f"文件超过 {limit // (1024 * 1024)} MB。请压缩、截短或分成几份再上传")
            work.update(chunk)
            stream.write(chunk)
        if not size:
            raise FileRefused("文件是空的（0 字节）。请核对原文件后重新上传")
    return work.digest().hex(), size


def _settle(temporary: Path, target: Path) -> None:
    """改名到位，落盘。已有同样内容的不动；已有的坏了（与摘要不符）由新的替换。

    先改名、后落盘：内容和名字一次写下去。断在中间，留下的没有登记；内容不全的，再传时认得出、换掉。
    """
    same_size = target.is_file() and target.stat().st_size == temporary.stat().st_size
    if same_size and _digest(target) == target.name:
        return
    fresh = not target.parent.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary.chmod(0o440)
    os.replace(temporary, target)
    for path in [target, target.parent, *([target.parent.parent] if fresh else [])]:
        flush(path)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return sm3_file(stream).hex()


def _register(
    digest: str,
    size: int,
    name: str,
    found: FileType,
    facts: PhotoFacts | None,
    acting_officer: Officer | None,
    now: datetime,
) -> EvidenceFile:
    seen = {
        "taken_at": facts.taken_at if facts else None,
        "lon": facts.lon if facts else None,
        "lat": facts.lat if facts else None,
    }
    own = {"name": name, "uploaded_by": acting_officer, "uploaded_at": now}
    defaults = {
        "mime": found.mime,
        "kind": found.kind,
        "size": size,
        "width": facts.width if facts else None,
        "height": facts.height if facts else None,
        **seen,
        **own,
    }
    row, fresh = EvidenceFile.objects.get_or_create(digest=digest, defaults=defaults)
    if not fresh:
        changes: dict[str, Any] = {}
        if not row.uses.exists():  # 前一个人传了没有用：算现在这个人传的，也从现在起算清扫
            # 人员传了还没有用上的，居民又传来同样的一份：还算人员传的，他手上的照样能用。
            taken = acting_officer is None and row.uploaded_by_id is not None
            changes |= {"uploaded_at": now} if taken else own
        if row.erased_at is not None:  # 清除过的又依法收到同样的一份
            changes |= {"erased_at": None, **seen, **own}
        if changes:
            kept = EvidenceFile.objects.filter(pk=digest).update(**changes)
            if not kept:  # 刚被清扫掉
                return _register(digest, size, name, found, facts, acting_officer, now)
            row.refresh_from_db()
    return row


def open_file(file: EvidenceFile) -> BinaryIO:
    """打开原件（只读）；用完由调用者关。文件不在 → FileNotFoundError。"""
    return path_of(file.digest).open("rb")


def public_copy(file: EvidenceFile) -> bytes:
    """给公众看的照片：重新编码的 JPEG，不带任何附加信息，方向摆正，最长边不超过 1600 像素。

    不是照片 → FileRefused；原件损坏或不在 → OSError。
    """
    return _copy(file, photos.PUBLIC_SIDE)


def thumbnail(file: EvidenceFile) -> bytes:
    """缩略图：同 `public_copy`，最长边不超过 320 像素。"""
    return _copy(file, photos.THUMBNAIL_SIDE)


def _copy(file: EvidenceFile, side: int) -> bytes:
    if file.mime not in PILLOW:
        raise FileRefused("只有照片能做公开的副本；其他材料要公开，请先另存一份去掉个人信息的")
    return photos.reencode(path_of(file.digest), PILLOW[file.mime], side)


def remove(digest: str) -> None:
    """删去一份原件；已经不在的不算错。只给依法清除和清扫用。"""
    path_of(digest).unlink(missing_ok=True)


def sweep(now: datetime) -> int:
    """清掉没有用的，返回清了几个：一天以前没有传完的、转换到一半的，传了而哪一步也没有用、上层也没有留着的
    （人员传的过两天，别的过六小时）。
    """
    oldest, count = (now - LEFT_OVER).timestamp(), 0
    for path in (_root() / UPLOADING).glob("*"):
        try:
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                count += 1
        except FileNotFoundError:
            continue
    old = Q(uploaded_at__lt=now - UNUSED) | Q(uploaded_by=None, uploaded_at__lt=now - UNCLAIMED)
    unused = EvidenceFile.objects.filter(old, uses=None)
    for digest in list(unused.values_list("digest", flat=True)):
        # 一份一个事务：正在用它办理的排在前面，这里就清不到；文件在登记删去之后、提交之前删。
        with transaction.atomic():
            if unused.select_for_update(of=("self",)).filter(digest=digest).first() is not None:
                try:
                    EvidenceFile.objects.filter(digest=digest).delete()
                except ProtectedError:
                    continue  # 等着人工归的扫描件之类，上层还留着用
                remove(digest)
                count += 1
    return count


@dataclass(frozen=True, slots=True)
class Audit:
    """登记与文件对不上的：登记了没有文件的、内容与摘要不符的（都是摘要）、没有登记的文件（相对路径）。"""

    missing: tuple[str, ...]
    altered: tuple[str, ...]
    unknown: tuple[str, ...]


def audit_files(contents: bool = True) -> Iterator[tuple[str, str]]:
    """逐份核对：依次给出（ok、missing 或 altered, 摘要）。`contents` 为假时只比大小，不读内容。"""
    kept = EvidenceFile.objects.filter(erased_at=None).order_by("digest")
    for digest, size in kept.values_list("digest", "size").iterator():
        path = path_of(digest) if is_hex(digest) else None
        if path is None or not path.is_file():
            yield "missing", digest
        elif path.stat().st_size != size or (contents and _digest(path) != digest):
            yield "altered", digest
        else:
            yield "ok", digest


def unknown_files() -> list[str]:
    """材料目录里没有登记的文件（相对路径）；上传中的不算。"""
    # 先列文件再取登记：期间传完的，登记里已经有了。
    root = _root()
    paths = [path for path in root.rglob("*") if path.is_file()] if root.is_dir() else []
    names = {path.relative_to(root).as_posix() for path in paths}
    known = {
        f"{digest[:2]}/{digest}"
        for digest in EvidenceFile.objects.filter(erased_at=None).values_list("digest", flat=True).iterator()
    }
    return sorted(name for name in names - known if not name.startswith(UPLOADING + "/"))


def audit(contents: bool = True) -> Audit:
    """登记与文件互相对照。"""
    found = list(audit_files(contents))
    return Audit(
        missing=tuple(digest for state, digest in found if state == "missing"),
        altered=tuple(digest for state, digest in found if state == "altered"),
        unknown=tuple(unknown_files()),
    )
