"""备份：运行着也能备，备出来的是某一时刻完整的。

先取库的快照，再照快照里的登记抄材料：材料只增不改，快照里登记了的，文件早已存妥。抄的时候有材料不见了，看是不是这期间
依法清除、清扫掉的：是，就重取一次快照（抄过的不再抄），所以不用停办，也不用锁住清扫；不是，就是原件早已丢失，写进清单。
钥匙不进备份，另用 `jiezhi keys export` 保管。
"""

from __future__ import annotations

import fcntl
import io
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from jiezhi import __version__
from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.archive import backupformat as form
from jiezhi.base.archive import backupwriting as writing
from jiezhi.base.archive import pgtools
from jiezhi.base.archive.actions import signer
from jiezhi.base.archive.backupformat import BackupError, Entry, Manifest
from jiezhi.base.archive.backupwriting import DirectorySink, Sink, ZipSink
from jiezhi.base.casework import files
from jiezhi.base.casework.models import Checkpoint, EvidenceFile
from jiezhi.core.durable import flush, flush_folders
from jiezhi.core.evidence.instants import BEIJING, to_iso

ATTEMPTS = 5
Progress = Callable[[int, int], None]
"""（抄了几份材料，共几份）。"""


@dataclass(frozen=True, slots=True)
class Made:
    """做好的一份备份。`mended` 是备份里坏了、这次从原件重抄好的材料；`unread` 是读不懂的旧备份；`dropped` 是轮换掉的。"""

    path: Path
    manifest: Manifest
    mended: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(slots=True)
class _Shot:
    """库在一个时刻的样子：文件，和从它里面读出的。"""

    path: Path
    files: list[tuple[str, int]]
    counts: dict[str, int]
    migrations: dict[str, str]
    checkpoint: tuple[int, str] | None


def backup(
    target: Path,
    *,
    now: datetime,
    acting_officer: Officer | None = None,
    keep: int = 0,
    progress: Progress | None = None,
) -> Made:
    """做一份备份，返回它。`target` 以 .zip 结尾的是一个文件（签名在包尾），否则是目录：材料几次共用，只抄新的。

    `keep` 大于 0 时目录里只留最近几份。None 是定时自动做的。做不成 → BackupError，目标里不留半份。
    """
    require_active(acting_officer)
    single = target.suffix == ".zip"
    if single and keep:
        raise BackupError("备份成一个文件时没有轮换；要留最近几份，请备份到目录")
    folder = target.parent if single else target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            made = _to_zip(target, now, progress) if single else _to_folder(target, now, progress)
            dropped = rotate(target, keep, made.path) if keep else []
    except OSError as error:
        raise BackupError(f"写不进备份的位置：{error}。请检查磁盘空间和权限") from error
    with transaction.atomic():
        write_record(
            "archive.backup",
            "备份",
            Checkpoint,
            acting_officer=acting_officer,
            now=now,
            new={**made.manifest.counts, "name": made.path.name, "lost": len(made.manifest.lost)},
        )
    return replace(made, dropped=tuple(dropped))


def rotate(root: Path, keep: int, just: Path) -> list[str]:
    """只留最近 `keep` 份（刚做的 `just` 总在内），再清掉没有哪一份用到的材料；返回去掉的各份的名字。

    先后照清单里的序号。清单读不懂的不算数，也不动它；有一份读不懂就不清材料。
    """
    shelf, unread = form.shelf(root)
    made = [path for _, path in shelf if path != just] + [just]
    gone = made[:-keep]
    for one in gone:
        # 清单先没：断在中间的也不会被当作一份好的备份。
        (one / form.MANIFEST).unlink()
        shutil.rmtree(one)
    if unread:
        return [path.name for path in gone]
    used: set[str] = set()
    for one in made[-keep:]:
        try:
            used |= {digest for digest, _ in form.listed((one / form.FILES).read_bytes())}
        except (BackupError, OSError):
            return [path.name for path in gone]
    for store in (root / form.MATERIALS, root / form.DAMAGED):
        for path in store.rglob("*") if store.is_dir() else ():
            if path.is_file() and path.name not in used:
                path.unlink()
    return [path.name for path in gone]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """同一个位置同时只做一份。"""
    with (folder / ".backup.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError("另一处正在往这里备份，请等它做完") from error
        yield


def _to_folder(root: Path, now: datetime, progress: Progress | None) -> Made:
    for left in root.glob(".making-*"):  # 上次断在中间的
        shutil.rmtree(left)
    name = f"{now.astimezone(BEIJING):%Y%m%d-%H%M%S}"
    names = (f"{name}-{number}" if number > 1 else name for number in count(1))
    final = next(root / one for one in names if not (root / one).exists())
    shelf, unread = form.shelf(root)
    serial, after = (shelf[-1][0].serial + 1, shelf[-1][0].checked) if shelf else (1, "")
    work = root / f".making-{final.name}"
    try:
        work.mkdir(mode=0o700)
        manifest, mended = _fill(lambda: DirectorySink(root, work, after), work, now, progress, serial)
        writing.write(work / form.MANIFEST, io.BytesIO(manifest.to_json()))
        signature = form.sign(work / form.MANIFEST, settings.OFFICE_NAME, signer(), now)
        writing.write(work / form.SIGNATURE, io.BytesIO(signature))
        flush_folders(root / form.MATERIALS)
        flush_folders(work)
        work.rename(final)
        flush(root)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Made(final, manifest, mended, tuple(one.name for one in unread))


def _to_zip(target: Path, now: datetime, progress: Progress | None) -> Made:
    work = target.with_name(f".making-{target.stem}")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    package = work / target.name
    try:
        archives: list[zipfile.ZipFile] = []

        def fresh() -> ZipSink:
            for old in archives:
                old.close()
            # 重取快照的从头写：写进包里的去不掉，而里面可能有刚刚依法清除的。
            archives.append(zipfile.ZipFile(package, "w", zipfile.ZIP_STORED, allowZip64=True))
            return ZipSink(archives[-1])

        manifest, _ = _fill(fresh, work, now, progress)
        ZipSink(archives[-1]).put(form.MANIFEST, io.BytesIO(manifest.to_json()))
        archives[-1].close()
        signed = package.stat().st_size - form.ROOM
        signature = form.sign(package, settings.OFFICE_NAME, signer(), now, signed)
        with package.open("r+b") as stream:
            stream.seek(signed)
            stream.write(signature.ljust(form.ROOM))
            flush(stream)
        package.chmod(0o600)
        # 到这里旧的还好好的，改了名新的就是完好的：断在哪里都有一份。
        package.replace(target)
        flush(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Made(target, manifest)


def _fill(
    fresh: Callable[[], Sink], work: Path, now: datetime, progress: Progress | None, serial: int = 0
) -> tuple[Manifest, tuple[str, ...]]:
    """快照、材料、别的文件夹都写进去；返回清单（还没有写）和重抄好的材料。"""
    mended: set[str] = set()
    for _ in range(ATTEMPTS):
        shot = _snapshot(work / ".shot")
        sink = fresh()
        lost = _materials(sink, shot.files, progress)
        mended |= sink.mended
        if not any(_explained(digest) for digest in lost):
            break
    else:
        raise BackupError("备份期间一直有材料在清除，备不出完整的一份。请过一会儿再备")
    kept = [(digest, size) for digest, size in shot.files if digest not in lost]
    names = "".join(f"{digest} {size}\n" for digest, size in kept).encode()
    manifest = Manifest(
        serial=serial,
        made_at=to_iso(now),
        office=settings.OFFICE_NAME,
        program=__version__,
        vendor=connection.vendor,
        database=sink.take(form.DATABASES[connection.vendor], shot.path),
        files=sink.put(form.FILES, io.BytesIO(names)),
        file_count=len(kept),
        file_bytes=sum(size for _, size in kept),
        counts=shot.counts,
        migrations=shot.migrations,
        checkpoint=shot.checkpoint,
        folders=tuple(_folders(sink)),
        lost=tuple(sorted(lost)),
        checked=sink.checked,
    )
    return manifest, tuple(sorted(mended))


def _materials(sink: Sink, wanted: Sequence[tuple[str, int]], progress: Progress | None) -> set[str]:
    """抄材料；返回不见了的、内容不对的。"""
    sink.plan([digest for digest, _ in wanted])
    lost: set[str] = set()
    for done, (digest, size) in enumerate(wanted, 1):
        try:
            sink.material(digest, size, files.path_of(digest))
        except (FileNotFoundError, writing.Altered):
            lost.add(digest)
        if progress and (done % 20 == 0 or done == len(wanted)):
            progress(done, len(wanted))
    return lost


def _explained(digest: str) -> bool:
    """取快照之后才依法清除、清扫掉的。"""
    return not EvidenceFile.objects.filter(pk=digest, erased_at=None).exists()


def _folders(sink: Sink) -> Iterator[Entry]:
    """`JIEZHI_HOME` 里别的要备的文件夹（归类模型、留存的来表）。正在写的、刚删的不管。"""
    home = Path(settings.HOME)
    for name in form.BACKUP_FOLDERS:
        for path in sorted((home / name).rglob("*")):
            inside = path.relative_to(home).as_posix()
            if path.is_file() and not path.name.startswith("."):
                try:
                    with path.open("rb") as stream:
                        yield sink.put(f"{form.FOLDERS}/{inside}", stream)
                except FileNotFoundError:
                    continue


# ---- 库的快照 ----


def _snapshot(path: Path) -> _Shot:
    path.unlink(missing_ok=True)
    return _sqlite(path) if connection.vendor == "sqlite" else _postgresql(path)


def _sqlite(path: Path) -> _Shot:
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        # 一口气抄完：分几次抄，别人一写就从头来，忙的时候永远抄不完。WAL 下不挡别人办理。
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        return _look(path, lambda sql: copy.execute(sql).fetchall())


def _postgresql(path: Path) -> _Shot:
    import psycopg

    database = connection.settings_dict
    with psycopg.connect(pgtools.conninfo(database), password=database["PASSWORD"] or None) as held:
        held.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        # 件数、材料名单和 pg_dump 看的是同一个快照。
        mark = held.execute("SELECT pg_export_snapshot()").fetchone()
        assert mark is not None
        words = [
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={mark[0]}",
            f"--file={path}",
        ]
        pgtools.run("pg_dump", words, database)
        return _look(path, lambda sql: held.execute(sql.encode()).fetchall())


def _look(path: Path, ask: Callable[[str], list[Any]]) -> _Shot:
    found = ask("SELECT digest, size FROM casework_evidencefile WHERE erased_at IS NULL ORDER BY digest")
    last = ask("SELECT number, content FROM casework_checkpoint ORDER BY number DESC LIMIT 1")
    return _Shot(
        path,
        files=[(str(digest), int(size)) for digest, size in found],
        counts={
            "cases": ask("SELECT count(*) FROM casework_case")[0][0],
            "events": ask("SELECT count(*) FROM casework_event")[0][0],
        },
        migrations=dict(ask("SELECT app, max(name) FROM django_migrations GROUP BY app ORDER BY app")),
        checkpoint=(last[0][0], _mark(last[0][1])) if last else None,
    )


def _mark(content: Any) -> str:
    import json

    value = json.loads(content) if isinstance(content, str | bytes) else content
    return str(value.get("root", ""))
