"""备份的样子：目录（几次备份共用一份材料）或一个 zip；清单、签名、各文件的摘要。不用 Django，另一台机器上也能读。

目录：  根/files/ab/<摘要>                 材料，几次备份共用
        根/20261122-203000/manifest.json    一次备份：清单、签名、库、材料名单、别的文件夹
zip：   同样的文件都在一个包里，签名是旁边的 .sig，管住包里每一个字节。
"""

from __future__ import annotations

import os
import re
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol

from jiezhi.core.evidence import PackageSignature, Signer, decode, encode, sm3_file, verify_signature
from jiezhi.core.evidence.digest import hasher, is_hex
from jiezhi.core.evidence.instants import to_iso

MANIFEST, SIGNATURE, FILES, FOLDERS = "manifest.json", "manifest.json.sig", "files.txt", "folders"
MATERIALS = "files"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
KIND, VERSION = "jiezhi-backup", 1
SNAPSHOT = re.compile(r"\d{8}-\d{6}(-\d+)?")
CHUNK = 1 << 20


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
        if not ok or not is_hex(value.get("sm3")) or not _inside(value["path"]):
            raise BackupError("清单里有写法不对的文件。这份备份不能用，请换一份")
        return cls(value["path"], value["sm3"], value["size"])

    def value(self) -> dict[str, Any]:
        """写进清单的样子。"""
        return {"path": self.path, "sm3": self.sm3, "size": self.size}


def _inside(path: str) -> bool:
    parts = Path(path).parts
    return bool(parts) and not Path(path).is_absolute() and ".." not in parts


@dataclass(frozen=True, slots=True)
class Manifest:
    """清单。`lost` 是备份时原件就已经不在或坏了的材料；`checkpoint` 是最近的存证点（序号、摘要），没有为 None。"""

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

    def to_json(self) -> bytes:
        """规范字节。"""
        return encode(
            {
                "v": VERSION,
                "kind": KIND,
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
                made_at=str(value["made_at"]),
                office=str(value["office"]),
                program=str(value["program"]),
                vendor=value["vendor"],
                database=Entry.read(value["database"]),
                files=Entry.read(value["files"]),
                file_count=int(value["file_count"]),
                file_bytes=int(value["file_bytes"]),
                counts={str(key): int(number) for key, number in value["counts"].items()},
                migrations={str(key): str(name) for key, name in value["migrations"].items()},
                checkpoint=(int(mark[0]), str(mark[1])) if mark else None,
                folders=tuple(Entry.read(one) for one in value["folders"]),
                lost=tuple(str(one) for one in value["lost"]),
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


def sign(path: Path, office: str, signer: Signer, at: datetime) -> bytes:
    """给一个文件签名；返回签名文件的内容。与案卷包的签名同一种写法。"""
    with path.open("rb") as stream:
        digest = sm3_file(stream).hex()
    unsigned = PackageSignature(
        file=path.name,
        sm3=digest,
        size=path.stat().st_size,
        at=to_iso(at),
        office=office,
        algorithm=signer.algorithm,
        public_key=signer.public_key.hex(),
        signature="",
    )
    return replace(unsigned, signature=signer.sign(unsigned.signed_bytes()).hex()).to_json()


def check_signature(stream: BinaryIO, data: bytes, trusted_key: bytes | None) -> PackageSignature:
    """核一个文件的签名；对不上 → BackupError。给了 `trusted_key` 还要是它签的。"""
    try:
        found = PackageSignature.from_json(data)
    except ValueError as error:
        raise BackupError("签名读不懂：被改动，或已损坏。请换一份备份") from error
    key = bytes.fromhex(found.public_key)
    if not verify_signature(found.algorithm, key, found.signed_bytes(), bytes.fromhex(found.signature)):
        raise BackupError("签名对不上：备份被改动过。请换一份备份")
    if sm3_file(stream).hex() != found.sm3:
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
    """目录里的一次备份。给根目录就取最近的一次。"""

    def __init__(self, path: Path) -> None:
        made = snapshots(path)
        if not (path / MANIFEST).is_file() and not made:
            raise BackupError(f"{path.name} 里没有备份：没有 {MANIFEST}。请指到一次备份的文件夹")
        self.folder = path if (path / MANIFEST).is_file() else made[-1]

    def open(self, path: str) -> IO[bytes]:
        """没有这个文件 → FileNotFoundError。"""
        base = self.folder.parent if path.startswith(f"{MATERIALS}/") else self.folder
        return (base / path).open("rb")

    def signature(self, trusted_key: bytes | None) -> PackageSignature:
        """清单的签名；清单管住其余各文件。"""
        try:
            data = (self.folder / SIGNATURE).read_bytes()
            with self.open(MANIFEST) as stream:
                return check_signature(stream, data, trusted_key)  # type: ignore[arg-type]
        except FileNotFoundError as error:
            raise BackupError("清单或它的签名不在：备份没有拷全。请换一份备份") from error


class ZipSource:
    """一个 zip 的备份；签名在旁边。"""

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
        """整个包的签名。"""
        beside = self.path.with_name(self.path.name + ".sig")
        if not beside.is_file():
            raise BackupError(f"旁边没有签名文件 {beside.name}。请把它与备份放在一起")
        with self.path.open("rb") as stream:
            return check_signature(stream, beside.read_bytes(), trusted_key)


def source_of(path: Path) -> Source:
    """打开一次备份；没有 → BackupError。"""
    if path.is_dir():
        return DirectorySource(path)
    if not path.is_file():
        raise BackupError(f"找不到备份 {path.name}")
    return ZipSource(path)


def snapshots(root: Path) -> list[Path]:
    """根目录里做完的各次备份，从旧到新。"""
    if not root.is_dir():
        return []
    found = [one for one in root.iterdir() if SNAPSHOT.fullmatch(one.name) and (one / MANIFEST).is_file()]
    return sorted(found, key=lambda one: one.name)


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """一段一段地读。"""
    while chunk := stream.read(CHUNK):
        yield chunk


# ---- 写 ----


class Altered(ValueError):
    """材料的内容与摘要不符。"""


def copy(stream: IO[bytes], out: IO[bytes]) -> tuple[str, int]:
    """抄过去，返回（摘要，字节数）。"""
    work, size = hasher(), 0
    for chunk in pieces(stream):
        work.update(chunk)
        size += len(chunk)
        out.write(chunk)
    return work.digest().hex(), size


def flush_folder(folder: Path) -> None:
    """目录的改动落盘。"""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, stream: IO[bytes], digest: str = "") -> tuple[str, int]:
    """抄成一个文件：写好、落盘了才改名。给了 `digest` 而内容不是它 → Altered，不留。"""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        # 里面有个人信息：只有本用户读得到。
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            found = copy(stream, out)
            out.flush()
            os.fsync(out.fileno())
        if digest and found[0] != digest:
            raise Altered(digest)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return found


@dataclass
class DirectorySink:
    """往目录里写一次备份；材料放进共用的，已有的不再抄。"""

    root: Path
    folder: Path

    def put(self, path: str, stream: IO[bytes]) -> Entry:
        """写一个文件。"""
        return Entry(path, *write(self.folder / path, stream))

    def take(self, path: str, source: Path) -> Entry:
        """收下一个文件，`source` 不再留。"""
        with source.open("rb") as stream:
            found = sm3_file(stream).hex()
            os.fsync(stream.fileno())
        size = source.stat().st_size
        source.chmod(0o600)
        os.replace(source, self.folder / path)
        return Entry(path, found, size)

    def material(self, digest: str, size: int, source: Path) -> None:
        """收一份材料；不在 → FileNotFoundError，内容不对 → Altered。"""
        target = self.root / place_of(digest)
        if target.is_file() and target.stat().st_size == size:
            return
        with source.open("rb") as stream:
            write(target, stream, digest)


@dataclass
class ZipSink:
    """往一个 zip 里写。照片、PDF、压过的库再压也小不了，只有清单和 SQLite 的库压。"""

    archive: zipfile.ZipFile
    names: set[str] = field(default_factory=set)

    def put(self, path: str, stream: IO[bytes]) -> Entry:
        """写一个文件。"""
        info = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        with self.archive.open(info, "w", force_zip64=True) as out:
            return Entry(path, *copy(stream, out))

    def take(self, path: str, source: Path) -> Entry:
        """收下一个文件，`source` 不再留。"""
        with source.open("rb") as stream:
            found = self.put(path, stream)
        source.unlink()
        return found

    def material(self, digest: str, size: int, source: Path) -> None:
        """同 `DirectorySink.material`。先核一遍再写：写进包里的去不掉。"""
        with source.open("rb") as stream:
            if sm3_file(stream).hex() != digest:
                raise Altered(digest)
            stream.seek(0)
            info = zipfile.ZipInfo(place_of(digest), (1980, 1, 1, 0, 0, 0))
            with self.archive.open(info, "w", force_zip64=True) as out:
                copy(stream, out)


Sink = DirectorySink | ZipSink
