"""全部件的链头：存证点所存的就是它。存库时紧凑打包，平时只存与前一个存证点不同的。"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import OuterRef, Subquery

from jiezhi.base.casework.models import Case, Checkpoint, Event
from jiezhi.core.evidence import CaseHead

_ROW = struct.Struct(">16sI32s")
_FULL, _CHANGES = b"F", b"D"
FULL_EVERY = 50  # 取一个存证点的链头最多往回读这么多行


def current_heads() -> list[CaseHead]:
    """现在全部件的链头（取自办理记录，不取自件的行），按全局标识排序。一条查询，即一个时刻的样子。"""
    last = Event.objects.filter(case=OuterRef("pk")).order_by("-seq")
    seq, digest = Subquery(last.values("seq")[:1]), Subquery(last.values("digest")[:1])
    rows = (
        Case.objects.annotate(last_seq=seq, last_digest=digest)
        .exclude(last_seq=None)
        .values_list("uid", "last_seq", "last_digest")
    )
    return sorted((str(uid), number, bytes(found)) for uid, number, found in rows.iterator())


def pack(heads: Iterable[CaseHead]) -> bytes:
    """全部链头打包（自成一体，可导出）。"""
    return _FULL + _packed(heads)


def pack_changes(heads: Sequence[CaseHead], before: Sequence[CaseHead]) -> bytes:
    """只打包与 `before` 不同的；有件不见了（依法不会有）就打包全部。"""
    old = {head[0]: head for head in before}
    if set(old) - {head[0] for head in heads}:
        return pack(heads)
    return _CHANGES + _packed(head for head in heads if old.get(head[0]) != head)


def _packed(heads: Iterable[CaseHead]) -> bytes:
    return zlib.compress(b"".join(_ROW.pack(UUID(uid).bytes, seq, digest) for uid, seq, digest in heads), 6)


def unpack(data: bytes) -> tuple[bool, list[CaseHead]]:
    """（是不是全部，链头）。写法不对 → ValueError。"""
    data = bytes(data)
    if data[:1] not in (_FULL, _CHANGES):
        raise ValueError("链头的写法不对")
    try:
        raw = zlib.decompress(data[1:])
        rows = [(str(UUID(bytes=uid)), seq, digest) for uid, seq, digest in _ROW.iter_unpack(raw)]
    except (zlib.error, struct.error) as error:
        raise ValueError("链头的写法不对") from error
    return data[:1] == _FULL, rows


def heads_of(checkpoint: Checkpoint) -> list[CaseHead]:
    """一个存证点当时的全部链头，按全局标识排序。它或它之前的行缺了、坏了 → ValueError。"""
    found: dict[str, CaseHead] = {}
    expected = checkpoint.number
    rows = Checkpoint.objects.filter(number__lte=expected).order_by("-number").values_list("number", "heads")
    for number, data in rows.iterator():
        if number != expected:
            break
        full, heads = unpack(bytes(data))
        for head in heads:
            found.setdefault(head[0], head)
        if full:
            return sorted(found.values())
        expected -= 1
    raise ValueError(f"缺第{expected}号存证点的链头")
