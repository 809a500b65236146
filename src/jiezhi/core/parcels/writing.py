"""把一包写成 zip。写法只有一种：不压缩、时间和属性固定、没有附加项，所以同一包什么时候写都一字不差。"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from jiezhi.core.evidence.digest import hasher
from jiezhi.core.parcels.format import FILES, MANIFEST, SIGNATURE, FileRef, Parcel, Signed

CHUNK = 1 << 18
LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
_DATE = (1 << 5) | 1  # 1980年1月1日
_UTF8 = 0x800


def local_header(name: bytes, size: int, crc: int) -> bytes:
    """一份内容前面的头。"""
    return LOCAL.pack(b"PK\x03\x04", 20, _UTF8, 0, 0, _DATE, crc, size, size, len(name), 0) + name


def directory(members: Sequence[tuple[bytes, int, int, int]]) -> bytes:
    """末尾的目录；`members` 是（名称、字节数、CRC、头的位置）。"""
    start = sum(LOCAL.size + len(name) + size for name, size, _, _ in members)
    listed = b"".join(
        CENTRAL.pack(
            b"PK\x01\x02", 20, 20, _UTF8, 0, 0, _DATE, crc, size, size, len(name), 0, 0, 0, 0, 0o600 << 16, at
        )
        + name
        for name, size, crc, at in members
    )
    count = len(members)
    return listed + END.pack(b"PK\x05\x06", 0, 0, count, count, len(listed), start, 0)


def write_parcel(
    out: BinaryIO, parcel: Parcel, signed: Signed, source: Callable[[FileRef], BinaryIO]
) -> None:
    """写一包。`source` 打开一份材料，由这里关。材料与清单不符（被删、被改）→ ValueError。"""
    members: list[tuple[bytes, int, int, int]] = []
    at = 0

    def put(name: str, size: int, crc: int, pieces: Iterator[bytes]) -> None:
        nonlocal at
        header = local_header(name.encode(), size, crc)
        members.append((name.encode(), size, crc, at))
        out.write(header)
        for piece in pieces:
            out.write(piece)
        at += len(header) + size

    for name, text in ((MANIFEST, parcel.to_json()), (SIGNATURE, signed.to_json())):
        put(name, len(text), zlib.crc32(text), iter([text]))
    for ref in parcel.files:
        with source(ref) as stream:
            crc = _checked(stream, ref)
            stream.seek(0)
            put(FILES + ref.sm3, ref.size, crc, _pieces(stream))
    out.write(directory(members))


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        yield piece


def _checked(stream: BinaryIO, ref: FileRef) -> int:
    work, crc, size = hasher(), 0, 0
    for piece in _pieces(stream):
        work.update(piece)
        crc = zlib.crc32(piece, crc)
        size += len(piece)
    if work.digest().hex() != ref.sm3 or size != ref.size:
        raise ValueError(f"材料 {ref.sm3[:8]} 与清单不符，原件可能被改动过")
    return crc
