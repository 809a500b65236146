"""稳妥地写文件：落盘了才换上，任何时候断电，看到的是完整的旧文件或完整的新文件。"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO


def flush(what: Path | IO[bytes]) -> None:
    """落盘：打开着的文件，或者路径（文件的内容；文件夹里的增减、改名）。写不下去 → OSError。"""
    if not isinstance(what, Path):
        what.flush()
        os.fsync(what.fileno())
        return
    handle = os.open(what, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # 有的文件系统（如 SMB 共享）没有文件夹的落盘这回事。
        if error.errno != errno.EINVAL or not what.is_dir():
            raise
    finally:
        os.close(handle)


def flush_folders(root: Path) -> None:
    """`root` 和里面各层文件夹落盘（文件自己已经落盘）；没有 `root` 就什么也不做。"""
    for folder, _, _ in os.walk(root):
        flush(Path(folder))


@contextmanager
def creating(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """新建 `path` 来写，写完落盘；没有写成就不留。已有 → FileExistsError，不动它。文件夹由调用者 `flush`。

    `mode` 是权限（umask 之内），缺省只有本用户读得到。
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        try:
            yield out
            flush(out)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


@contextmanager
def replacing(path: Path, mode: int = 0o600, *, folder: bool = True) -> Iterator[BinaryIO]:
    """写到旁边的临时文件，写完落盘才换上 `path`；没有写成的，原来的不动，临时的删去。`mode` 同 `creating`。

    `folder` 为假时不管文件夹的落盘：一次换许多个的，最后一起 `flush`。
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with creating(temporary, mode) as out:
            yield out
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    if folder:
        flush(path.parent)
