"""恢复：在一个空的位置把备份放回去，每个文件都核摘要。不用 Django：要恢复的机器上多半还没有可用的数据。

先核后放：签名、清单、库、每份材料都对得上才放到位；有一样不对，什么也不留下。钥匙不在备份里，另外放回。
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from jiezhi.base.archive import backupformat as form
from jiezhi.base.archive import backupwriting as writing
from jiezhi.base.archive import pgtools
from jiezhi.base.archive.backupformat import BackupError, Entry, Manifest, Source
from jiezhi.config import database, keys
from jiezhi.core.durable import flush, flush_folders, replacing
from jiezhi.core.evidence import fingerprint

# 没有核完、放妥的都在这里面。
WORK = ".restoring"
Progress = Callable[[int, int], None]
"""（核了几个文件，共几个）。"""


@dataclass(frozen=True, slots=True)
class Found:
    """看过的一份备份。`problems` 是缺的、坏了的文件；`public_key` 是签名的公钥，应是本单位的。"""

    manifest: Manifest
    public_key: bytes
    problems: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """公钥的指纹，应与钥匙包的一致。"""
        return fingerprint(self.public_key)


def look(path: Path, *, trusted_key: bytes | None = None) -> Found:
    """只看是谁签的、清单写了什么，不核各文件。签名、清单坏了 → BackupError。"""
    return _opened(form.source_of(path), trusted_key)


def examine(path: Path, *, trusted_key: bytes | None = None, progress: Progress | None = None) -> Found:
    """只核不放：签名、清单、每个文件的摘要。签名、清单、库坏了 → BackupError。"""
    source = form.source_of(path)
    found = _opened(source, trusted_key)
    _check(source, found.manifest.database, None)
    entries = [*_materials(source, found.manifest), *found.manifest.folders]
    return replace(found, problems=tuple(_each(source, entries, None, progress)))


def restore(
    path: Path,
    home: Path,
    *,
    trusted_key: bytes,
    database_url: str | None = None,
    despite: bool = False,
    progress: Progress | None = None,
) -> Found:
    """把备份放回 `home`（JIEZHI_HOME）。返回看过的备份。不是 `trusted_key` 签的不恢复：任何人都能做出一份签了名的备份。

    `home` 要没有，或者是空的（可以先放好钥匙）；PostgreSQL 的备份要给 `database_url`，库要已经建好而且是空的。
    缺了、坏了材料的不恢复，说出是哪几份；`despite` 为真时明知有缺损也恢复，缺的列在 `problems`。
    签名、清单、库坏了 → BackupError，什么也不留下。
    """
    source = form.source_of(path)
    found = _opened(source, trusted_key)
    manifest = found.manifest
    _must_be_empty(home, manifest.vendor, database_url)
    fresh = not home.exists()
    work = home / WORK
    try:
        work.mkdir(parents=True, mode=0o700)
        _check(source, manifest.database, work / "database")
        if manifest.vendor == "sqlite":
            _sound(work / "database")
        materials = _materials(source, manifest)
        problems = list(_each(source, [*materials, *manifest.folders], work, progress))
        if problems and not despite:
            raise BackupError(_told(problems))
        if manifest.vendor == "postgresql":
            _load(work / "database", database_url)
        else:
            os.replace(work / "database", work / "jiezhi.sqlite3")
        _settle(work, home)
        fresh = False
    finally:
        shutil.rmtree(home if fresh else work, ignore_errors=True)
    return replace(found, problems=tuple(problems))


def _opened(source: Source, trusted_key: bytes | None) -> Found:
    signature = source.signature(trusted_key)
    try:
        with source.open(form.MANIFEST) as stream:
            manifest = Manifest.from_json(stream.read())
    except FileNotFoundError as error:
        raise BackupError("里面没有清单：不是街治的备份") from error
    return Found(manifest, bytes.fromhex(signature.public_key))


def _materials(source: Source, manifest: Manifest) -> list[Entry]:
    """材料名单。名单本身坏了 → BackupError。"""
    data = _read(source, manifest.files)
    return [Entry(form.place_of(digest), digest, size) for digest, size in form.listed(data)]


def _read(source: Source, entry: Entry) -> bytes:
    try:
        with source.open(entry.path) as stream:
            data = stream.read(entry.size + 1)
    except (OSError, ValueError) as error:
        raise BackupError(f"{entry.path} 读不出：{error}。请换一份备份") from error
    if form.measure(io.BytesIO(data))[0] != entry.sm3:
        raise BackupError(f"{entry.path} 与清单不符：被改动，或已损坏。请换一份备份")
    return data


def _check(source: Source, entry: Entry, target: Path | None) -> None:
    """核一个少不了的文件；给了 `target` 就放过去。不对 → BackupError。"""
    if problem := _one(source, entry, target):
        raise BackupError(f"{problem}。请换一份备份")


def _each(
    source: Source, entries: Sequence[Entry], work: Path | None, progress: Progress | None
) -> Iterator[str]:
    for done, entry in enumerate(entries, 1):
        target = _target(work, entry) if work else None
        if problem := _one(source, entry, target):
            yield problem
        if progress and (done % 20 == 0 or done == len(entries)):
            progress(done, len(entries))


def _target(work: Path, entry: Entry) -> Path:
    """恢复时放到哪里；顺着符号链接会出了 `work` 的 → BackupError。"""
    target = work / entry.path.removeprefix(f"{form.FOLDERS}/")
    if not target.resolve().is_relative_to(work.resolve()):
        raise BackupError(f"{entry.path} 会写到别处去，没有恢复。请换一个新的文件夹再恢复")
    return target


def _one(source: Source, entry: Entry, target: Path | None) -> str:
    """一个文件哪里不对；对的为空串。"""
    try:
        with source.open(entry.path) as stream:
            found = writing.write(target, stream) if target else form.measure(stream)
    except FileNotFoundError:
        return f"{entry.path} 不见了"
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if target:
            target.unlink(missing_ok=True)
        return f"{entry.path} 读不出（{error}）"
    if found == (entry.sm3, entry.size):
        return ""
    if target:
        target.unlink()
    return f"{entry.path} 与清单不符：被改动，或已损坏"


def _told(problems: Sequence[str]) -> str:
    shown = "；".join(problems[:10])
    more = f"……另有 {len(problems) - 10} 个" if len(problems) > 10 else ""
    return f"备份缺损 {len(problems)} 个文件，没有恢复：{shown}{more}。请换一份备份；没有更好的，加 --despite 明知缺损也恢复"


def _must_be_empty(home: Path, vendor: str, database_url: str | None) -> None:
    if home.exists() and not home.is_dir():
        raise BackupError(f"{home.name} 不是文件夹")
    held = {one.name for one in home.iterdir()} if home.exists() else set()
    if WORK in held:
        raise BackupError(f"{home.name} 里有恢复到一半的。请整个删去这个文件夹再恢复")
    if held - {"keys"}:
        raise BackupError(f"{home.name} 不是空的，没有恢复。请换一个新的文件夹")
    if vendor == "sqlite":
        if database_url:
            raise BackupError(
                "这份备份是 SQLite 的库，不能恢复到 PostgreSQL；请去掉 JIEZHI_DATABASE_URL 再恢复"
            )
        return
    if not database_url:
        raise BackupError(
            "这份备份是 PostgreSQL 的库：请先建一个空库，把它的网址写进 JIEZHI_DATABASE_URL 再恢复"
        )
    import psycopg

    settings = database.configure(home, database_url)
    try:
        with psycopg.connect(pgtools.conninfo(settings), password=settings["PASSWORD"] or None) as base:
            row = base.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    except psycopg.Error as error:
        raise BackupError(f"连不上 JIEZHI_DATABASE_URL 的库：{error}".strip()) from error
    if row and row[0]:
        raise BackupError("JIEZHI_DATABASE_URL 的库不是空的，没有恢复。请新建一个空库")


def _sound(path: Path) -> None:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as held:
        if (said := held.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise BackupError(f"库打开检查不通过（{said}）。请换一份备份")


def _load(path: Path, database_url: str | None) -> None:
    settings = database.configure(path.parent, database_url)
    words = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", str(path)]
    pgtools.run("pg_restore", words, settings)
    path.unlink()


def _settle(work: Path, home: Path) -> None:
    """放到位；还没有钥匙的地方，记下“等着放回钥匙”：在那之前谁也不会新造一把。"""
    said = "恢复出来的数据，请先放回原来的钥匙：jiezhi keys import\n".encode()
    for marker in keys.markers(keys.folder(home), home):
        if not any(marker.parent.glob("*.key")):
            marker.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with replacing(marker) as out:
                out.write(said)
    flush_folders(work)
    for one in sorted(work.iterdir()):
        os.replace(one, home / one.name)
    flush(home)
