"""写一份备份：落盘了才改名，不留半个文件；目录的材料几次共用，轮着核已有的还好不好。"""

from __future__ import annotations

import os
import zipfile
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from jiezhi.base.archive.backupformat import DAMAGED, ROOM, Entry, measure, pieces, place_of
from jiezhi.core.durable import flush, replacing
from jiezhi.core.evidence.digest import hasher

# 已有的材料每次核这么多分之一，最多这么多份：一晚上核得完，几次备份核完一遍。
ROUND, MOST = 14, 50_000


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


def write(path: Path, stream: IO[bytes], digest: str = "") -> tuple[str, int]:
    """抄成一个文件：写好、落盘了才改名；文件夹由调用者落盘。给了 `digest` 而内容不是它 → Altered，不留。"""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, folder=False) as out:
        found = copy(stream, out)
        if digest and found[0] != digest:
            raise Altered(digest)
    return found


def portion(digests: Sequence[str], after: str) -> list[str]:
    """这一次轮到核的。`digests` 从小到大，接着 `after` 往后数，到头了再从头。"""
    many = min(-(-len(digests) // ROUND), MOST)
    start = bisect_right(digests, after)
    return [digests[(start + one) % len(digests)] for one in range(many)]


@dataclass
class DirectorySink:
    """往目录里写一次备份；材料放进共用的，已有的不再抄，只轮着核一部分，坏了的从原件重抄。

    `after` 是上一次核到哪一份；`checked` 是这一次核到哪一份；`mended` 是坏了、重抄好的。
    """

    root: Path
    folder: Path
    after: str = ""
    checked: str = ""
    mended: set[str] = field(default_factory=set)
    _due: frozenset[str] = frozenset()

    def plan(self, digests: Sequence[str]) -> None:
        """要收的材料有哪些：排出这一次核哪几份。"""
        due = portion(sorted(digests), self.after)
        self._due = frozenset(due)
        self.checked = due[-1] if due else self.after

    def put(self, path: str, stream: IO[bytes]) -> Entry:
        """写一个文件。"""
        return Entry(path, *write(self.folder / path, stream))

    def take(self, path: str, source: Path) -> Entry:
        """收下一个文件，`source` 不再留。"""
        with source.open("rb") as stream:
            found = measure(stream)
        flush(source)
        source.chmod(0o600)
        os.replace(source, self.folder / path)
        return Entry(path, *found)

    def material(self, digest: str, size: int, source: Path) -> None:
        """收一份材料；不在 → FileNotFoundError，内容不对 → Altered。"""
        target = self.root / place_of(digest)
        held = target.is_file()
        if held and target.stat().st_size == size and (digest not in self._due or _sound(target, digest)):
            return
        try:
            with source.open("rb") as stream:
                write(target, stream, digest)
        except (FileNotFoundError, Altered):
            # 留在原处的话，大小对，下一次没有轮到核它，就又当成好的了。
            if held:
                (self.root / DAMAGED).mkdir(mode=0o700, exist_ok=True)
                os.replace(target, self.root / DAMAGED / digest)
            raise
        if held:
            self.mended.add(digest)


def _sound(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as stream:
            return measure(stream)[0] == digest
    except OSError:  # 坏扇区
        return False


@dataclass
class ZipSink:
    """往一个 zip 里写。照片、PDF、压过的库再压也小不了，只有清单和 SQLite 的库压。"""

    archive: zipfile.ZipFile
    checked: str = ""
    mended: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.archive.comment = b" " * ROOM

    def plan(self, digests: Sequence[str]) -> None:
        """每一份都是新抄的，抄之前都核。"""

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
            if measure(stream)[0] != digest:
                raise Altered(digest)
            stream.seek(0)
            info = zipfile.ZipInfo(place_of(digest), (1980, 1, 1, 0, 0, 0))
            with self.archive.open(info, "w", force_zip64=True) as out:
                copy(stream, out)


Sink = DirectorySink | ZipSink
