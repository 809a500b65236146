"""备份和恢复遇到坏的：别人做的清单、坏了的备份盘、往回拨的钟、断电、看得见命令行的人。"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from jiezhi.base.archive import backup, pgtools, restoring
from jiezhi.base.archive import backupformat as form
from jiezhi.base.archive import backupwriting as writing
from jiezhi.base.archive.backupformat import BackupError, Entry, Manifest
from jiezhi.base.archive.tests.backups import NOW, everything, make, real_db, restored
from jiezhi.base.casework import files, upkeep
from jiezhi.base.casework.models import Case, EvidenceFile
from jiezhi.base.casework.testing import Office
from jiezhi.base.casework.tests.lives import archivist, done, life, photo
from jiezhi.config import database, keys
from jiezhi.core.evidence import Ed25519Signer, decode, encode

STRANGER = Ed25519Signer.from_seed(b"e" * 32)


def forged(folder: Path, serial: int = 1, folders: Sequence[tuple[str, bytes]] = ()) -> Path:
    """别人照格式做的一份，签了他自己的名。`folders` 写（路径，内容）。"""
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "database.sqlite3")) as base:
        base.execute("CREATE TABLE t (a)")
        base.commit()
    (folder / form.FILES).write_bytes(b"")
    for path, data in folders:
        inside = folder / path
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_bytes(data)

    def entry(path: str) -> Entry:
        with (folder / path).open("rb") as stream:
            return Entry(path, *form.measure(stream))

    manifest = Manifest(
        serial=serial,
        made_at="2026-11-22T20:30:00+08:00",
        office="云桥街道",
        program="1",
        vendor="sqlite",
        database=entry("database.sqlite3"),
        files=entry(form.FILES),
        file_count=0,
        file_bytes=0,
        counts={"cases": 0, "events": 0},
        migrations={},
        checkpoint=None,
        folders=tuple(entry(path) for path, _ in folders),
    )
    (folder / form.MANIFEST).write_bytes(manifest.to_json())
    signature = form.sign(folder / form.MANIFEST, "云桥街道", STRANGER, datetime.now(UTC))
    (folder / form.SIGNATURE).write_bytes(signature)
    return folder


def take(source: Path, home: Path) -> restoring.Found:
    return restoring.restore(source, home, trusted_key=STRANGER.public_key)


# ---- 恢复写到哪里 ----


@pytest.mark.parametrize(
    "path",
    [
        "folders//{outside}", "folders/models/../../../victim", "folders/models//../x", "folders/./models/x",
        "folders/models", "folders/jiezhi.sqlite3", "folders/database", "folders/files/aa/x", "folders/keys/sign.key",
        "folders/.restoring/x", "/{outside}", "models/x", "folders/models/",
    ],
)  # fmt: skip
def test_only_the_folders_that_are_backed_up(tmp_path: Path, path: str) -> None:
    victim = tmp_path / "victim"
    written = path.format(outside=str(victim).lstrip("/"))
    one = forged(tmp_path / "b" / "20261122-203000", folders=((written, b"evil"),))
    victim.unlink(missing_ok=True)  # 绝对路径的，摆内容时就写在那里了
    with pytest.raises(BackupError, match="要写到别处去"):
        take(one, tmp_path / "新机器")
    assert not victim.exists() and not (tmp_path / "新机器").exists()


def test_the_usual_names_only(tmp_path: Path) -> None:
    one = forged(tmp_path / "20261122-203000")
    value: Any = decode((one / form.MANIFEST).read_bytes())
    for name in ("database", "files"):
        moved = {**value, name: {**value[name], "path": "../database.sqlite3"}}
        with pytest.raises(BackupError, match="写法不对"):
            Manifest.from_json(encode(moved))


def test_a_good_one_by_the_same_hand(tmp_path: Path) -> None:
    one = forged(tmp_path / "20261122-203000", folders=(("folders/imports/2026/表..xlsx", b"x"),))
    assert take(one, tmp_path / "新机器").problems == ()
    assert (tmp_path / "新机器" / "imports/2026/表..xlsx").read_bytes() == b"x"


def test_not_through_a_link(tmp_path: Path) -> None:
    work, outside = tmp_path / "work", tmp_path / "outside"
    work.mkdir()
    outside.mkdir()
    (work / "models").symlink_to(outside)
    with pytest.raises(BackupError, match="写到别处去"):
        restoring._target(work, Entry("folders/models/a", "0" * 64, 1))
    assert restoring._target(work, Entry("folders/imports/a", "0" * 64, 1)) == work / "imports/a"


def test_only_what_the_office_signed(tmp_path: Path) -> None:
    one = forged(tmp_path / "b" / "20261122-203000")
    assert restoring.look(one).public_key == STRANGER.public_key
    with pytest.raises(BackupError, match="不是这把钥匙签的"):
        restoring.restore(one, tmp_path / "新机器", trusted_key=os.urandom(32))
    assert not (tmp_path / "新机器").exists(), "核完再写"


def test_keys_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, etc = tmp_path / "新机器", tmp_path / "etc"
    monkeypatch.setenv("JIEZHI_HOME", str(home))
    monkeypatch.setenv("JIEZHI_KEYS", str(etc))
    take(forged(tmp_path / "20261122-203000"), home)
    with pytest.raises(keys.KeysAwaited):
        keys.load_or_create(keys.folder() / "data.key", 16)
    assert [one.name for one in etc.iterdir()] == [keys.AWAITING]
    monkeypatch.delenv("JIEZHI_KEYS")
    with pytest.raises(keys.KeysAwaited):
        keys.load_or_create(keys.folder() / "data.key", 16)


# ---- 坏了的备份盘 ----


def rot(root: Path, digest: str) -> Path:
    """备份里的一份坏了一个比特，大小没变。"""
    path = root / form.place_of(digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return path


def spoil(digest: str) -> None:
    """原件坏了。"""
    path = files.path_of(digest)
    path.chmod(0o600)
    path.write_bytes(b"x" * path.stat().st_size)


@real_db
def test_a_rotten_copy_is_made_again(case: Case, root: Path) -> None:
    make(root)
    digest = EvidenceFile.objects.get().pk
    path = rot(root, digest)
    made = make(root, 1)
    assert made.mended == (digest,) and made.manifest.lost == ()
    for one in form.snapshots(root):
        assert restoring.examine(one).problems == (), "几份备份共用的，一起好了"
    assert make(root, 2).mended == ()
    path.write_bytes(b"")
    assert make(root, 3).mended == (digest,), "截短了的也是坏了"


@real_db
def test_rotten_at_both_ends_is_said_every_time(case: Case, root: Path) -> None:
    first = make(root)
    digest = EvidenceFile.objects.get().pk
    bad = rot(root, digest).read_bytes()
    spoil(digest)
    for hours in (1, 2):
        made = make(root, hours)
        assert made.manifest.lost == (digest,) and made.manifest.file_count == 0
        assert restoring.examine(made.path).problems == ()
    assert restoring.examine(first.path).problems == (f"{form.place_of(digest)} 不见了",)
    assert (root / form.DAMAGED / digest).read_bytes() == bad, "坏的也许还看得出一些，另放着"
    make(root, 3, keep=1)
    assert everything(root / form.DAMAGED) == [], "没有哪一份用到了就去掉"


@real_db
def test_a_good_copy_of_a_lost_original_stays(case: Case, root: Path, tmp_path: Path) -> None:
    make(root)
    digest = EvidenceFile.objects.get().pk
    files.path_of(digest).unlink()
    made = make(root, 1)
    assert made.manifest.lost == () and restored(made.path, tmp_path / "新机器").problems == ()


@real_db
def test_all_are_checked_in_turn(office: Office, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colours = ("red", "blue", "green", "white", "black", "gray", "pink", "gold", "navy")
    digests = {photo(colour).pk for colour in colours}
    monkeypatch.setattr(writing, "ROUND", 4)
    make(root)
    for digest in digests:
        rot(root, digest)
    mended = [set(make(root, hours).mended) for hours in (1, 2, 3)]
    assert [len(one) for one in mended] == [3, 3, 3] and set.union(*mended) == digests
    assert restoring.examine(root).problems == ()


def test_the_portion() -> None:
    many = [f"{one:03d}" for one in range(100)]
    seen: list[str] = []
    after = ""
    for _ in range(writing.ROUND):
        due = writing.portion(many, after)
        assert len(due) == 8
        seen += due
        after = due[-1]
    assert set(seen) == set(many) and seen[:9] == many[:9]
    assert writing.portion(many, "0485")[0] == "049", "核到的那一份后来清除了，接着后面的"
    assert writing.portion([], "a") == []


def test_never_too_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST", 5)
    assert len(writing.portion([f"{one:04d}" for one in range(1000)], "")) == 5


# ---- 先后 ----


@real_db
def test_the_clock_set_back(case: Case, root: Path) -> None:
    make(root, 48)
    make(root, 72)
    late = make(root, 0, keep=2)
    assert late.dropped == ("20260806-090000",) and late.path.is_dir()
    assert late.manifest.serial == 3 and form.DirectorySource(root).folder == late.path
    again = make(root, 1, keep=1)
    assert form.snapshots(root) == [again.path]


@real_db
def test_many_in_one_second(case: Case, root: Path) -> None:
    made = [make(root).path.name for _ in range(11)]
    assert [one.name for one in form.snapshots(root)] == made and made[-1].endswith("-11")
    assert restoring.examine(root).manifest.serial == 11


@real_db
def test_a_name_freed_by_the_rotation(case: Case, root: Path) -> None:
    names = [make(root, keep=2).path.name for _ in range(4)]
    assert names[3] not in names[1:3] and len(form.snapshots(root)) == 2, "不与还在的重名"
    assert form.DirectorySource(root).folder.name == names[3]


def test_later_by_the_clock_but_earlier_made(tmp_path: Path) -> None:
    forged(tmp_path / "20271122-203000", 1)
    newest = forged(tmp_path / "20261122-203000", 2)
    assert form.DirectorySource(tmp_path).folder == newest


def test_the_one_just_made_is_never_dropped(tmp_path: Path) -> None:
    for serial, name in ((5, "20261122-203000"), (6, "20261123-203000"), (1, "20261124-203000")):
        forged(tmp_path / name, serial)
    just = tmp_path / "20261124-203000"
    assert backup.rotate(tmp_path, 1, just) == ["20261122-203000", "20261123-203000"]
    assert form.snapshots(tmp_path) == [just]


@real_db
def test_one_that_cannot_be_read(case: Case, office: Office, root: Path) -> None:
    first = make(root)
    officer = archivist(office)
    done(upkeep.erase(str(case.uid), ["photos"], acting_officer=officer, reason="本人申请", now=NOW))
    second = make(root, 1)
    (first.path / form.MANIFEST).write_bytes(b"?")
    with pytest.raises(BackupError, match=f"{first.path.name}.*认不出哪一份最近.*{second.path.name}"):
        restoring.examine(root)
    third = make(root, 2, keep=1)
    assert third.unread == (first.path.name,) and third.dropped == (second.path.name,)
    assert first.path.is_dir() and everything(root / "files"), "读不懂的不动，它用到的材料也留着"


# ---- 断电 ----


@real_db
def test_a_power_cut_at_every_step_of_replacing(
    case: Case, office: Office, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """备成同一个文件：第几次动文件时断了，旧的或新的总有一份完好，也没有旁的东西混进来。"""
    target = root / "夜备.zip"
    old = make(target).manifest
    life(office, "灯坏了", "blue")

    class PowerCut(BaseException):
        pass

    survived = 0
    for step in range(1, 30):
        left = [step]
        with monkeypatch.context() as patched:
            for owner, name in ((os, "replace"), (os, "rename"), (os, "fsync"), (Path, "replace")):
                real = getattr(owner, name)

                def cut(*words: Any, real: Any = real, left: list[int] = left, **more: Any) -> Any:
                    left[0] -= 1
                    if not left[0]:
                        raise PowerCut
                    return real(*words, **more)

                patched.setattr(owner, name, cut)
            patched.setattr(shutil, "rmtree", lambda *words, **more: None)  # 断了电，收拾也没有了
            try:
                make(target, 1)
            except PowerCut:
                survived += 1
        found = restoring.examine(target)
        assert found.problems == () and found.manifest.counts["cases"] in (1, 2)
        shutil.rmtree(root / ".making-夜备", ignore_errors=True)
        if left[0] > 0:
            break
    assert survived >= 3 and found.manifest != old and found.manifest.counts["cases"] == 2
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None, "平常的解压程序也打得开"


# ---- 口令 ----


@pytest.mark.parametrize(
    "url",
    ["postgres://u:mi-ma-1@h/street", "postgres://u@h/street?password=mi-ma-1&sslmode=prefer"],
)
def test_the_password_is_not_on_the_command_line(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], dict[str, str]]] = []

    def run(words: list[str], env: dict[str, str], **more: Any) -> subprocess.CompletedProcess[str]:
        seen.append((words, env))
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(pgtools, "tool", lambda name: name)
    monkeypatch.setattr(subprocess, "run", run)
    made = database.configure(Path("/srv"), url)
    pgtools.run("pg_dump", [], made)
    # 设置不是从网址来的，口令写在选项里也一样。
    pgtools.run("pg_dump", [], {**made, "PASSWORD": "", "OPTIONS": {"password": "mi-ma-1"}})
    for words, env in seen:
        assert not any("mi-ma-1" in word for word in words) and env["PGPASSWORD"] == "mi-ma-1"
    with pytest.raises(BackupError, match="sslpassword"):
        pgtools.run("pg_dump", [], {**made, "OPTIONS": {"sslpassword": "x"}})
    assert len(seen) == 2


@real_db
def test_a_password_after_the_question_mark_connects(office: Office, root: Path) -> None:
    """真的连一次：口令写在问号后面的，备份照样做得成。"""
    if connection.vendor != "postgresql":
        pytest.skip("只有 PostgreSQL 用口令")
    kept = dict(connection.settings_dict)
    try:
        connection.settings_dict["OPTIONS"] = {**kept["OPTIONS"], "password": "whatever"}
        assert make(root).manifest.counts["cases"] == 0
    finally:
        connection.settings_dict.update(kept)
