"""读来路不明的包：先看是不是认得的钥匙、对清单的原始字节验签，再解析；逐字节照唯一的写法对，对不上就不收。"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from jiezhi.core.evidence.canonical import decode_canonical
from jiezhi.core.evidence.digest import hasher, sm3_hex
from jiezhi.core.parcels.format import FILES, MANIFEST, PARCEL_MARK, SIGNATURE, FileRef, Parcel, Signed
from jiezhi.core.parcels.writing import CHUNK, LOCAL, directory, local_header

# 清单、签名最多几字节；清单里最多几个值（照逗号和括号的个数估，不先解析）：每个值在内存里约 70 字节。
MAX_MANIFEST = 8 << 20
MAX_SIGNATURE = 4 << 10
MAX_VALUES = 1_000_000
MAX_FILES = 5_000
# 开头这么多字节里一定有完整的清单和签名：收到这里就能先认人。
HEAD = MAX_MANIFEST + MAX_SIGNATURE + (1 << 10)
_NAME = 100


class Why(StrEnum):
    """为什么不收（程序用；给人看的话在 Refused 里）。"""

    UNREADABLE = "unreadable"
    ALTERED = "altered"
    STRANGER = "stranger"
    NOT_FOR_US = "not_for_us"
    OLD_KEY = "old_key"
    FORGED = "forged"
    CONFLICT = "conflict"
    STALE = "stale"
    TOO_FAR = "too_far"


class Refused(Exception):
    """不收，和缘由。"""

    def __init__(self, why: Why, say: str) -> None:
        super().__init__(say)
        self.why = why


@dataclass(frozen=True, slots=True)
class Opened:
    """读出来的一包：清单确是 `signed.public_key` 签的，还没有核对是不是它自称的那个节点、给谁的。

    `places` 是各份材料在文件里的位置（摘要 → 起点、字节数）。
    """

    parcel: Parcel
    manifest: bytes
    signed: Signed
    places: dict[str, tuple[int, int]]

    @property
    def digest(self) -> str:
        """清单的摘要。"""
        return sm3_hex(self.manifest)


def check_signer(file: BinaryIO, size: int, *, keys: Collection[str], old_keys: Collection[str] = ()) -> None:
    """只看开头：清单是不是 `keys` 里哪一把签的。`file` 可以只收到一半（不少于 `HEAD` 字节）。不是 → Refused。"""
    _signed_manifest(_Reader(file, size), keys, old_keys)


def open_parcel(
    file: BinaryIO, size: int, *, most: int, keys: Collection[str], old_keys: Collection[str] = ()
) -> Opened:
    """读一包（可以定位的文件，共 `size` 字节，超过 `most` 不读）。`keys` 是现在认的公钥，`old_keys` 是换下来的。

    不认识的钥匙、签名不对的，不读、不解析清单；与唯一的写法差一个字节、清单不是规范写法、材料与自己的名称不符，
    都 → Refused。
    """
    if size > most:
        raise Refused(Why.UNREADABLE, f"包有 {size >> 20} MB，超过上限 {most >> 20} MB")
    reader = _Reader(file, size)
    manifest, signed = _signed_manifest(reader, keys, old_keys)
    if sum(manifest.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise Refused(Why.UNREADABLE, "清单里的内容多得不正常")
    try:
        parcel = Parcel.from_json(manifest)
    except ValueError as error:
        raise Refused(Why.ALTERED, f"清单不成样：{error}") from error
    if len(parcel.files) > MAX_FILES:
        raise Refused(Why.UNREADABLE, "包里的材料太多")
    places = {ref.sm3: reader.file(ref) for ref in parcel.files}
    reader.finish()
    return Opened(parcel, manifest, signed, places)


def _signed_manifest(
    reader: _Reader, keys: Collection[str], old_keys: Collection[str]
) -> tuple[bytes, Signed]:
    """先读签名认钥匙，再回头读清单验签；读完停在材料前面。"""
    place = reader.passed(MANIFEST, MAX_MANIFEST)
    signature = reader.text(*reader.passed(SIGNATURE, MAX_SIGNATURE))
    try:
        signed = Signed.from_value(decode_canonical(signature))
    except ValueError as error:
        raise Refused(Why.ALTERED, f"签名不成样，被改动过：{error}") from error
    if signed.public_key in old_keys:
        raise Refused(Why.OLD_KEY, "签名用的是已经换掉的钥匙")
    if signed.public_key not in keys:
        raise Refused(Why.STRANGER, "签名的钥匙不是哪一个登记过、核对过指纹的节点的")
    manifest = reader.text(*place)
    if not signed.good(PARCEL_MARK, manifest):
        raise Refused(Why.FORGED, "签名与清单不符，是伪造的或被改动过")
    return manifest, signed


class _Reader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        file.seek(0)
        self._file = file
        self._size = size
        self._members: list[tuple[bytes, int, int, int]] = []

    def _header(self, name: str) -> tuple[int, int, int]:
        at = self._file.tell()
        head = self._file.read(LOCAL.size + len(name.encode()))
        if len(head) < LOCAL.size:
            raise Refused(Why.UNREADABLE, "不是节点之间的包，或者末尾被截断")
        found = LOCAL.unpack(head[: LOCAL.size])
        crc, size = found[6], found[8]
        if head != local_header(name.encode(), size, crc):
            raise Refused(Why.ALTERED, f"“{name[:_NAME]}”的位置或写法不对，包被改动过")
        if size > self._size - self._file.tell():
            raise Refused(Why.ALTERED, "末尾被截断")
        self._members.append((name.encode(), size, crc, at))
        return size, crc, self._file.tell()

    def passed(self, name: str, most: int) -> tuple[str, int, int, int]:
        """跨过一段文字，先不读；返回（名称、字节数、CRC、起点），交给 `text` 读。"""
        size, crc, at = self._header(name)
        if size > most:
            raise Refused(Why.UNREADABLE, f"“{name}”大得不正常")
        self._file.seek(at + size)
        return name, size, crc, at

    def text(self, name: str, size: int, crc: int, at: int) -> bytes:
        after = self._file.tell()
        self._file.seek(at)
        data = self._file.read(size)
        if len(data) != size or zlib.crc32(data) != crc:
            raise Refused(Why.ALTERED, f"“{name}”被改动过")
        self._file.seek(after)
        return data

    def file(self, ref: FileRef) -> tuple[int, int]:
        size, crc, at = self._header(FILES + ref.sm3)
        if size != ref.size:
            raise Refused(Why.ALTERED, f"材料 {ref.sm3[:8]} 的大小与清单不符")
        work, real, left = hasher(), 0, size
        while left and (piece := self._file.read(min(CHUNK, left))):
            work.update(piece)
            real = zlib.crc32(piece, real)
            left -= len(piece)
        if left or real != crc or work.digest().hex() != ref.sm3:
            raise Refused(Why.ALTERED, f"材料 {ref.sm3[:8]} 被改动过")
        return at, size

    def finish(self) -> None:
        expected = directory(self._members)
        if self._file.read(len(expected) + 1) != expected:
            raise Refused(Why.ALTERED, "包的目录被改动过，或者后面多出了东西")


def verify(opened: Opened, *, me: str, key: str) -> None:
    """核对是给我的、签它的是自称的那个节点现在的钥匙（`key`，十六进制）。不是 → Refused。"""
    parcel = opened.parcel
    if parcel.receiver != me:
        raise Refused(Why.NOT_FOR_US, f"是给节点“{parcel.receiver}”的，不是给我的")
    if opened.signed.public_key != key:
        raise Refused(Why.FORGED, f"签名不是节点“{parcel.sender}”登记的钥匙签的")
