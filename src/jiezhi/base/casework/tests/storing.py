"""测试用：收一份材料，看收不收、文件夹里留下什么。"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import files
from jiezhi.base.casework.files import FileRefused
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.testing import START


def store(
    data: bytes, name: str = "材料.jpg", kind: files.Kind = "any", officer: Officer | None = None
) -> EvidenceFile:
    return files.store(io.BytesIO(data), name, kind=kind, acting_officer=officer, now=START)


def refused(data: bytes, name: str = "材料.jpg", kind: files.Kind = "any") -> str:
    with pytest.raises(FileRefused) as error:
        store(data, name, kind)
    assert EvidenceFile.objects.count() == 0
    return str(error.value)


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def boxed(brand: bytes) -> bytes:
    return struct.pack(">I4s4sI", 24, b"ftyp", brand, 0) + b"isommp42" + b"\0" * 40
