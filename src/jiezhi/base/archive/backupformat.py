"""备份的样子：目录（几次备份共用一份材料）或一个 zip；清单、签名、各文件的摘要。不用 Django，另一台机器上也能读。

目录：  根/files/ab/<摘要>                 材料，几次备份共用
        根/20261122-203000/manifest.json    一次备份：清单、签名、库、材料名单、别的文件夹
        根/damaged/<摘要>                   查出坏了、又没有好的原件可以重抄的材料
zip：   同样的文件都在一个包里，签名在包尾的注释里，管住前面每一个字节：换包是一次改名，不会只换了一半。
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from jiezhi.core.evidence import PackageSignature, Signer, decode, encode, verify_signature
from jiezhi.core.evidence.digest import hasher, is_hex
from jiezhi.core.evidence.instants import to_iso

MANIFEST, SIGNATURE, FILES, FOLDERS = "manifest.json", "manifest.json.sig", "files.txt", "folders"
MATERIALS, DAMAGED = "files", "damaged"
# 除了库和材料还要备的：JIEZHI_HOME 下的这些文件夹（归类模型、留存的来表）。钥匙目录不在其中。
BACKUP_FOLDERS = ("models", "imports")
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
KIND, VERSION = "jiezhi-backup", 1
SNAPSHOT = re.compile(r"\d{8}-\d{6}(-\d+)?")
CHUNK = 1 << 20
# zip 的注释正好这么长：签名，后面补空格。
ROOM = 4096


class BackupError(ValueError):
    """做不成、读不懂、对不上；文字说明缘由和怎么办。"""


@dataclass(frozen=True, slots=True)
class Entry:
    """备份里的一个文件：路径、摘要、字节数。"""

    path: str
    sm3: str
    size: int

    @classmethod
    def read(cls, value: Any) -> Entry:
        """由清单里的样子；写法不对 → BackupError。"""
        ok = (
            isinstance(value, dict)
            and isinstance(value.get("path"), str)
            and isinstance(value.get("size"), int)
        )
        if not ok or not is_hex(value.get("sm3")) or value["size"] < 0:
            raise BackupError("清单里有写法不对的文件。这份备份不能用，请换一份")
        return cls(value["path"], value["sm3"], value["size"])

    def value(self) -> dict[str, Any]:
        """写进清单的样子。"""
        return {"path": self.path, "sm3": self.sm3, "size": self.size}


def _named(value: Any, path: str) -> Entry:
    """清单里名字定好了的一个文件。"""
    found = Entry.read(value)
    if found.path != path:
        raise BackupError("清单里有写法不对的文件。这份备份不能用，请换一份")
    return found


def _kept(value: Any) -> Entry:
    """清单里别的文件夹中的一个文件：只许在备的那几个文件夹里面，恢复时才不会写到别处去。"""
    found = Entry.read(value)
    parts = PurePosixPath(found.path).parts
    ok = len(parts) > 2 and parts[0] == FOLDERS and parts[1] in BACKUP_FOLDERS and ".." not in parts
    # 多余的斜线、单个的点：同一个文件只许一种写法。
    if not ok or PurePosixPath(found.path).as_posix() != found.path:
        raise BackupError("清单里有要写到别处去的文件。这份备份不能用，请换一份")
    return found


@dataclass(frozen=True, slots=True)
class Manifest:
    """清单。`lost` 是备份时原件就已经不在或坏了的材料；`checkpoint` 是最近的存证点（序号、摘要），没有为 None。

    `serial` 是目录里的第几份，只增不减（单独一个文件的为 0）；先后照它，不照钟。`checked` 是轮着核已有材料，这次核到哪一份。
    """

    serial: int
    made_at: str
    office: str
    program: str
    vendor: str
    database: Entry
    files: Entry
    file_count: int
    file_bytes: int
    counts: dict[str, int]
    migrations: dict[str, str]
    checkpoint: tuple[int, str] | None
    folders: tuple[Entry, ...] = ()
    lost: tuple[str, ...] = ()
    checked: str = ""

    def to_json(self) -> bytes:
        """规范字节。"""
        return encode(
            {
                "v": VERSION,
                "kind": KIND,
                "serial": self.serial,
                "made_at": self.made_at,
                "office": self.office,
                "program": self.program,
                "vendor": self.vendor,
                "database": self.database.value(),
                "files": self.files.value(),
                "file_count": self.file_count,
                "file_bytes": self.file_bytes,
                "counts": dict(self.counts),
                "migrations": dict(self.migrations),
                "checkpoint": list(self.checkpoint) if self.checkpoint else None,
                "folders": [one.value() for one in self.folders],
                "lost": list(self.lost),
                "checked": self.checked,
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """写法不对、版本不认识 → BackupError。"""
        try:
            value: Any = decode(data)
            if value["kind"] != KIND or value["v"] != VERSION or value["vendor"] not in DATABASES:
                raise BackupError("不是这个版本的街治备份")
            mark = value["checkpoint"]
            return cls(
                serial=int(value["serial"]),
                made_at=str(value["made_at"]),
                office=str(value["office"]),
                program=str(value["program"]),
                vendor=value["vendor"],
                database=_named(value["database"], DATABASES[value["vendor"]]),
                files=_named(value["files"], FILES),
                file_count=int(value["file_count"]),
                file_bytes=int(value["file_bytes"]),
                counts={str(key): int(number) for key, number in value["counts"].items()},
                migrations={str(key): str(name) for key, name in value["migrations"].items()},
                checkpoint=(int(mark[0]), str(mark[1])) if mark else None,
                folders=tuple(_kept(one) for one in value["folders"]),
                lost=tuple(str(one) for one in value["lost"]),
                checked=str(value["checked"]),
            )
        except BackupError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise BackupError("清单读不懂：不是街治的备份，或已损坏") from error


def place_of(digest: str) -> str:
    """材料在备份里的路径。"""
    return f"{MATERIALS}/{digest[:2]}/{digest}"


def listed(data: bytes) -> list[tuple[str, int]]:
    """材料名单 → （摘要，字节数）。写法不对 → BackupError。"""
    found = []
    for line in data.decode("ascii", "replace").splitlines():
        digest, _, size = line.partition(" ")
        if not is_hex(digest) or not size.isdecimal():
            raise BackupError("材料名单读不懂，已损坏。请换一份备份")
        found.append((digest, int(size)))
    return found


def measure(stream: IO[bytes], length: int | None = None) -> tuple[str, int]:
    """读完（给了 `length` 就只读这么多字节），返回（摘要，字节数）。"""
    work, size = hasher(), 0
    for chunk in pieces(stream, length):
        work.update(chunk)
        size += len(chunk)
    return work.digest().hex(), size


def pieces(stream: IO[bytes], length: int | None = None) -> Iterator[bytes]:
    """一段一段地读；给了 `length` 就只读这么多字节。"""
    while chunk := stream.read(CHUNK if length is None else min(CHUNK, length)):
        yield chunk
        length = None if length is None else length - len(chunk)


def sign(path: Path, office: str, signer: Signer, at: datetime, length: int | None = None) -> bytes:
    """给一个文件（或它的前 `length` 个字节）签名；返回签名的内容。与案卷包的签名同一种写法。"""
    with path.open("rb") as stream:
        digest, size = measure(stream, length)
    unsigned = PackageSignature(
        file=path.name,
        sm3=digest,
        size=size,
        at=to_iso(at),
        office=office,
        algorithm=signer.algorithm,
        public_key=signer.public_key.hex(),
        signature="",
    )
    return replace(unsigned, signature=signer.sign(unsigned.signed_bytes()).hex()).to_json()


def check_signature(
    stream: IO[bytes], data: bytes, trusted_key: bytes | None, length: int | None = None
) -> PackageSignature:
    """核一个文件（或它的前 `length` 个字节）的签名；对不上 → BackupError。给了 `trusted_key` 还要是它签的。"""
    try:
        found = PackageSignature.from_json(data)
    except ValueError as error:
        raise BackupError("签名读不懂：被改动，或已损坏。请换一份备份") from error
    key = bytes.fromhex(found.public_key)
    if not verify_signature(found.algorithm, key, found.signed_bytes(), bytes.fromhex(found.signature)):
        raise BackupError("签名对不上：备份被改动过。请换一份备份")
    if measure(stream, length) != (found.sm3, found.size):
        raise BackupError("与签名时不同：备份被改动过，或没有拷全。请换一份备份")
    if trusted_key is not None and key != trusted_key:
        raise BackupError("不是这把钥匙签的：备份可能被整个换过，或是别的单位的")
    return found


# ---- 读 ----


class Source(Protocol):
    """一次备份，从目录或 zip 里读。"""

    def open(self, path: str) -> IO[bytes]: ...
    def signature(self, trusted_key: bytes | None) -> PackageSignature: ...


class DirectorySource:
    """目录里的一次备份。给根目录就取最近的一次；有读不懂的，认不出哪一次最近 → BackupError。"""

    def __init__(self, path: Path) -> None:
        self.folder = path
        if (path / MANIFEST).is_file():
            return
        made, unread = shelf(path)
        if unread:
            names = "、".join(one.name for one in unread)
            last = f"，如 {made[-1][1].name}" if made else ""
            raise BackupError(f"有读不懂的备份（{names}），认不出哪一份最近。请指到其中一份的文件夹{last}")
        if not made:
            raise BackupError(f"{path.name} 里没有备份：没有 {MANIFEST}。请指到一次备份的文件夹")
        self.folder = made[-1][1]

    def open(self, path: str) -> IO[bytes]:
        """没有这个文件 → FileNotFoundError。"""
        base = self.folder.parent if path.startswith(f"{MATERIALS}/") else self.folder
        return (base / path).open("rb")

    def signature(self, trusted_key: bytes | None) -> PackageSignature:
        """清单的签名；清单管住其余各文件。"""
        try:
            data = (self.folder / SIGNATURE).read_bytes()
            with self.open(MANIFEST) as stream:
                return check_signature(stream, data, trusted_key)
        except FileNotFoundError as error:
            raise BackupError("清单或它的签名不在：备份没有拷全。请换一份备份") from error


class ZipSource:
    """一个 zip 的备份；签名在包尾。"""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise BackupError(f"{path.name} 打不开：不是备份，或已损坏") from error

    def open(self, path: str) -> IO[bytes]:
        """没有这个文件 → FileNotFoundError。"""
        try:
            return self._zip.open(path)
        except KeyError as error:
            raise FileNotFoundError(path) from error

    def signature(self, trusted_key: bytes | None) -> PackageSignature:
        """包尾的签名；管住它前面的每一个字节。"""
        if len(self._zip.comment) != ROOM:
            raise BackupError(f"{self.path.name} 末尾没有签名：没有拷全，或不是街治的备份。请换一份备份")
        with self.path.open("rb") as stream:
            signed = stream.seek(-ROOM, 2)
            data = stream.read().rstrip(b" ")
            stream.seek(0)
            return check_signature(stream, data, trusted_key, signed)


def source_of(path: Path) -> Source:
    """打开一次备份；没有 → BackupError。"""
    if path.is_dir():
        return DirectorySource(path)
    if not path.is_file():
        raise BackupError(f"找不到备份 {path.name}")
    return ZipSource(path)


def shelf(root: Path) -> tuple[list[tuple[Manifest, Path]], list[Path]]:
    """根目录里做完的各次备份，照序号从旧到新；和清单读不懂、排不出先后的。"""
    made: list[tuple[Manifest, Path]] = []
    unread: list[Path] = []
    for one in sorted(root.iterdir()) if root.is_dir() else ():
        if SNAPSHOT.fullmatch(one.name) and (one / MANIFEST).is_file():
            try:
                made.append((Manifest.from_json((one / MANIFEST).read_bytes()), one))
            except (BackupError, OSError):
                unread.append(one)
    made.sort(key=lambda pair: (pair[0].serial, pair[0].made_at, pair[1].name))
    return made, unread


def snapshots(root: Path) -> list[Path]:
    """根目录里做完的、清单读得懂的各次备份，从旧到新。"""
    return [path for _, path in shelf(root)[0]]
