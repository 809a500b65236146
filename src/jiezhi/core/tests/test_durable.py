"""稳妥地写文件：先落盘后换上，写不成的不留、不动原来的。"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from jiezhi.core.durable import creating, flush, flush_folders, replacing


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """已有的一个文件，文件夹里只有它。"""
    path = tmp_path / "来表.xlsx"
    path.write_bytes(b"old")
    return path


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """落盘、改名的先后；落盘时说明是哪一种、当时正式的名字下是什么。"""
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flushing(handle: int) -> None:
        done.append("文件夹落盘" if stat.S_ISDIR(os.fstat(handle).st_mode) else "文件落盘")
        fsync(handle)

    def renaming(source: Path, target: Path) -> None:
        done.append(f"换上 {source.read_bytes().decode()}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flushing)
    monkeypatch.setattr(os, "replace", renaming)
    return done


def alone(path: Path, content: bytes) -> bool:
    """文件夹里只有它，内容是这个。"""
    return list(path.parent.iterdir()) == [path] and path.read_bytes() == content


def test_flushed_before_it_takes_the_place(kept: Path, said: list[str]) -> None:
    with replacing(kept) as out:
        out.write(b"new")
        assert kept.read_bytes() == b"old" and said == []
    assert said == ["文件落盘", "换上 new", "文件夹落盘"]
    assert alone(kept, b"new")


def test_the_folder_may_wait(kept: Path, said: list[str]) -> None:
    with replacing(kept, folder=False) as out:
        out.write(b"new")
    assert said == ["文件落盘", "换上 new"]
    flush(kept.parent)
    assert said[2:] == ["文件夹落盘"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_changes_when_the_writing_fails(
    kept: Path, said: list[str], error: type[BaseException]
) -> None:
    with pytest.raises(error), replacing(kept) as out:
        out.write(b"half")
        raise error
    assert alone(kept, b"old") and said == []


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_nothing_changes_when_the_disk_fails(
    kept: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, broken, full)
    with pytest.raises(OSError, match="No space"), replacing(kept) as out:
        out.write(b"new")
    assert alone(kept, b"old")


def test_a_new_file_is_not_written_over(kept: Path, said: list[str]) -> None:
    with pytest.raises(FileExistsError), creating(kept) as out:
        out.write(b"new")
    assert alone(kept, b"old") and said == []


def test_a_new_file_half_written_is_not_left(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "钥匙包"
    with pytest.raises(ValueError), creating(path) as out:
        out.write(b"half")
        raise ValueError
    assert list(tmp_path.iterdir()) == [] and said == []
    with creating(path) as out:
        out.write(b"whole")
    assert alone(path, b"whole") and said == ["文件落盘"]


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_only_the_owner_reads_it_unless_said(kept: Path) -> None:
    modes = []
    for given in ((), (0o666,)):
        with replacing(kept, *given) as out:
            modes.append(stat.S_IMODE(os.fstat(out.fileno()).st_mode))
        modes.append(stat.S_IMODE(kept.stat().st_mode))
    assert modes == [0o600, 0o600, 0o644, 0o644], "写的时候就是，不是写完再改"


@pytest.mark.parametrize("error", [errno.EINVAL, errno.EIO])
def test_only_a_folder_may_have_no_flush(kept: Path, error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError):
        flush(kept)
    if error == errno.EINVAL:
        flush(kept.parent)
    else:
        with pytest.raises(OSError):
            flush(kept.parent)


def test_every_folder_below_is_flushed(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "材料" / "ab").mkdir(parents=True)
    (tmp_path / "材料" / "ab" / "一张照片").write_bytes(b"x")
    flush_folders(tmp_path / "材料")
    flush_folders(tmp_path / "没有的")
    assert said == ["文件夹落盘"] * 2
