"""备份：完整、增量、轮换、不带钥匙；改一个字节、缺一个文件都查得出；恢复到别处一样。"""

from __future__ import annotations

import base64
import os
import random
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings as live
from django.db import connection

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.archive import actions, backup, pgtools, restoring
from jiezhi.base.archive import backupformat as form
from jiezhi.base.archive import backupwriting as writing
from jiezhi.base.archive.backupformat import BackupError
from jiezhi.base.archive.backupwriting import DirectorySink
from jiezhi.base.archive.tests.backups import NOW, everything, make, own_key, real_db, restored
from jiezhi.base.casework import files, upkeep
from jiezhi.base.casework.models import Case, Event, EvidenceFile
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import DAY, archivist, done, life, photo
from jiezhi.config import keys
from jiezhi.core.evidence import fingerprint

pytestmark = real_db


def test_a_whole_backup(case: Case, root: Path) -> None:
    actions.make_checkpoint(now=NOW)
    made = make(root)
    found = made.manifest
    assert found.counts == {"cases": 1, "events": Event.objects.count()} and found.file_count == 1
    assert found.checkpoint is not None and found.checkpoint[0] == 1 and found.lost == ()
    assert found.migrations["casework"] == "0001_initial" and found.vendor == connection.vendor
    seen = restoring.examine(root)
    assert seen.problems == () and seen.manifest == found
    assert seen.mark == fingerprint(own_key())
    assert restoring.examine(made.path, trusted_key=own_key()).problems == ()
    with pytest.raises(BackupError, match="不是这把钥匙签的"):
        restoring.examine(root, trusted_key=os.urandom(32))
    record = AdminRecord.objects.get(action="archive.backup")
    assert record.new == {**found.counts, "name": made.path.name, "lost": 0}
    assert all(path.stat().st_mode & 0o077 == 0 for path in everything(root)), "只有本用户读得到"


def test_the_next_one_copies_only_what_is_new(
    case: Case, office: Office, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(root)
    life(office, "灯坏了", "blue")
    written: list[Path] = []
    real = writing.write
    monkeypatch.setattr(
        writing,
        "write",
        lambda path, stream, digest="": written.append(path) or real(path, stream, digest),
    )
    second = make(root, 1)
    assert second.manifest.file_count == 2
    assert len([path for path in written if path.is_relative_to(root / form.MATERIALS)]) == 1, (
        "先前抄过的不再抄"
    )
    assert [path.name for path in form.snapshots(root)] == ["20260804-090000", "20260804-100000"]
    assert restoring.examine(root).manifest.counts["cases"] == 2, "给根目录就是最近的一次"


def test_restored_elsewhere_it_is_the_same(case: Case, root: Path, tmp_path: Path) -> None:
    models = Path(live.HOME) / "models"
    models.mkdir(exist_ok=True)
    (models / "report.npz").write_bytes(b"model")
    try:
        made = make(root)
    finally:
        shutil.rmtree(models)
    home = tmp_path / "新机器"
    found = restored(made.path, home)
    assert found.problems == ()
    digest = EvidenceFile.objects.get().pk
    assert (home / form.place_of(digest)).read_bytes() == files.path_of(digest).read_bytes()
    assert (home / "models" / "report.npz").read_bytes() == b"model"
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(home / "jiezhi.sqlite3")) as base:
            rows = base.execute("SELECT number, seq, head FROM casework_case").fetchall()
        assert rows == [(case.number, case.seq, bytes(case.head))]
    assert (home / "keys" / keys.AWAITING).exists()
    with pytest.raises(keys.KeysAwaited, match="jiezhi keys import"):
        keys.load_or_create(home / "keys" / "data.key", 16)
    with pytest.raises(BackupError, match="不是空的"):
        restored(made.path, home)


def test_no_key_is_in_it(case: Case, root: Path) -> None:
    secrets.sign_key()
    folder = Path(live.KEYS_DIR)
    held = [path.read_bytes() for path in folder.glob("*.key")]
    assert len(held) >= 4, [path.name for path in folder.iterdir()]
    made, package = make(root), make(root / "一份.zip", 1)
    looked = b"".join(path.read_bytes() for path in everything(root))
    with zipfile.ZipFile(package.path) as archive:
        looked += b"".join(archive.read(name) for name in archive.namelist())
        assert not [name for name in archive.namelist() if "key" in name]
    assert made.manifest.file_count == 1 and len(looked) > 10_000
    for key in held:
        for written in (key, key.hex().encode(), base64.b64encode(key), base64.urlsafe_b64encode(key)):
            assert written not in looked


@pytest.mark.parametrize("single", [False, True], ids=["目录", "一个文件"])
def test_any_flipped_byte_is_found(case: Case, root: Path, tmp_path: Path, single: bool) -> None:
    made = make(root / "一份.zip" if single else root)
    rng = random.Random(20261122)
    places = [path for path in everything(root) if path.stat().st_size]
    chosen = [(path, rng.randrange(path.stat().st_size)) for path in places for _ in range(12)]
    home = tmp_path / "新机器"
    for path, at in chosen:
        original = path.read_bytes()
        changed = bytearray(original)
        changed[at] ^= rng.randrange(1, 256)
        path.write_bytes(changed)
        try:
            with pytest.raises(BackupError):
                restored(made.path, home)
            assert not home.exists(), "没有恢复成的什么也不留下"
        finally:
            path.write_bytes(original)
    assert restoring.examine(made.path).problems == ()


def test_a_missing_file_is_named(case: Case, root: Path, tmp_path: Path) -> None:
    made = make(root)
    (material,) = everything(root / "files")
    material.unlink()
    assert restoring.examine(root).problems == (f"{form.place_of(material.name)} 不见了",)
    home = tmp_path / "新机器"
    with pytest.raises(BackupError, match="缺损 1 个文件"):
        restored(made.path, home)
    found = restored(made.path, home, despite=True)
    assert len(found.problems) == 1 and (home / "keys").is_dir()
    for name in (form.MANIFEST, form.SIGNATURE, form.FILES, form.DATABASES[connection.vendor]):
        (made.path / name).rename(root / "挪开")
        with pytest.raises(BackupError):
            restoring.examine(made.path)
        (root / "挪开").rename(made.path / name)


def test_a_package_cut_short(case: Case, root: Path) -> None:
    made = make(root / "一份.zip")
    whole = made.path.read_bytes()
    for short in (1, form.ROOM, form.ROOM + 30):
        made.path.write_bytes(whole[:-short])
        with pytest.raises(BackupError):
            restoring.examine(made.path)
    with zipfile.ZipFile(made.path, "w") as archive:
        archive.writestr(form.MANIFEST, b"{}")
    with pytest.raises(BackupError, match="末尾没有签名"):
        restoring.examine(made.path)


def test_erased_while_copying(
    case: Case, office: Office, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """抄到一半，有人依法清除：重取一次快照，备出来的是清除之后的样子。"""
    officer, real, calls = archivist(office), DirectorySink.material, []

    def material(self: DirectorySink, digest: str, size: int, source: Path) -> None:
        if not calls:
            calls.append(digest)
            done(upkeep.erase(str(case.uid), ["photos"], acting_officer=officer, reason="本人申请", now=NOW))
        real(self, digest, size, source)

    monkeypatch.setattr(DirectorySink, "material", material)
    found = make(root).manifest
    assert found.file_count == 0 and found.lost == ()
    assert found.counts["events"] == Event.objects.count(), "清除的那条办理记录也在"
    assert restoring.examine(root).problems == ()


def test_swept_while_copying(case: Case, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """清扫与备份同时在做：没有用到的材料扫掉了，备份照样完整。"""
    unused, real, calls = photo("green"), DirectorySink.material, []

    def material(self: DirectorySink, digest: str, size: int, source: Path) -> None:
        if not calls:
            calls.append(files.sweep(START + 9 * DAY))
        real(self, digest, size, source)

    monkeypatch.setattr(DirectorySink, "material", material)
    found = make(root).manifest
    assert calls == [1] and not EvidenceFile.objects.filter(pk=unused.pk).exists()
    assert found.file_count == 1 and found.lost == () and restoring.examine(root).problems == ()


def test_what_was_lost_before_is_listed(case: Case, office: Office, root: Path) -> None:
    second = life(office, "灯坏了", "blue")
    gone, bent = (row.pk for row in EvidenceFile.objects.order_by("uploaded_at", "pk"))
    files.path_of(gone).unlink()
    files.path_of(bent).chmod(0o600)
    files.path_of(bent).write_bytes(b"x" * EvidenceFile.objects.get(pk=bent).size)
    for target in (root, root / "一份.zip"):
        found = make(target).manifest
        assert set(found.lost) == {gone, bent} and found.file_count == 0
        assert found.counts["cases"] == 2, second.number


def test_only_the_last_few_are_kept(case: Case, office: Office, root: Path) -> None:
    first = make(root)
    officer = archivist(office)
    done(upkeep.erase(str(case.uid), ["photos"], acting_officer=officer, reason="本人申请", now=NOW))
    make(root, 1, keep=2)
    assert len(everything(root / "files")) == 1, "旧的那份还要用"
    third = make(root, 2, keep=2)
    assert third.dropped == (first.path.name,) and len(form.snapshots(root)) == 2
    assert everything(root / "files") == [], "没有哪一份用到的材料清掉"
    with pytest.raises(BackupError, match="没有轮换"):
        make(root / "一份.zip", keep=2)


def test_an_unreadable_old_one_stops_the_clearing(case: Case, office: Office, root: Path) -> None:
    make(root)
    officer = archivist(office)
    done(upkeep.erase(str(case.uid), ["photos"], acting_officer=officer, reason="本人申请", now=NOW))
    second = make(root, 1)
    (second.path / form.FILES).write_bytes(b"?")
    make(root, 2, keep=2)
    assert len(everything(root / "files")) == 1


def test_left_by_a_power_cut(case: Case, root: Path) -> None:
    (root / ".making-20260101-000000").mkdir(parents=True)
    (root / "20260101-000000").mkdir()  # 没有清单的不算一份
    made = make(root)
    assert form.snapshots(root) == [made.path] and not list(root.glob(".making-*"))


def test_two_at_the_same_place(case: Case, root: Path) -> None:
    root.mkdir()
    with backup._alone(root), pytest.raises(BackupError, match="另一处正在"):
        make(root)


def test_nowhere_to_write(case: Case, tmp_path: Path) -> None:
    (tmp_path / "文件").write_text("x")
    with pytest.raises(BackupError, match="磁盘空间和权限"):
        make(tmp_path / "文件")


def test_without_the_programs(case: Case, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgtools, "PLACES", ())
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(BackupError, match="这台机器上没有 pg_dump.*postgresql-client"):
        pgtools.tool("pg_dump")
    if connection.vendor == "postgresql":
        with pytest.raises(BackupError, match="没有 pg_dump"):
            make(root)
        assert not form.snapshots(root) and not list(root.glob(".making-*"))


def test_the_wrong_kind_of_database(case: Case, root: Path, tmp_path: Path) -> None:
    make(root)
    home = tmp_path / "新机器"
    if connection.vendor == "sqlite":
        with pytest.raises(BackupError, match="不能恢复到 PostgreSQL"):
            restoring.restore(root, home, trusted_key=own_key(), database_url="postgres://a@b/c")
    else:
        with pytest.raises(BackupError, match="先建一个空库"):
            restoring.restore(root, home, trusted_key=own_key())
    assert not home.exists()


@pytest.mark.parametrize("name", ["空文件夹", "没有"])
def test_what_is_not_a_backup(tmp_path: Path, name: str) -> None:
    (tmp_path / "空文件夹").mkdir()
    with pytest.raises(BackupError):
        restoring.examine(tmp_path / name)
    (tmp_path / "a.zip").write_bytes(b"PK")
    with pytest.raises(BackupError, match="打不开"):
        restoring.examine(tmp_path / "a.zip")
