"""读来路不明的压缩包：不解压到磁盘，不相信它自报的任何数字，超限即止。"""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass, field
from typing import BinaryIO

from jiezhi.core.evidence.digest import hasher, sm3
from jiezhi.core.evidence.faults import FaultKind, Findings, show
from jiezhi.core.evidence.layout import Limits, known_name, unsafe_name

_END = b"PK\x05\x06"
_ZIP64 = b"PK\x06\x07"
_TAIL = 20 + 22 + 65535  # ZIP64 locator, end record, the longest comment


@dataclass(frozen=True, slots=True)
class Member:
    """What was read of a member: its true digest and size, and its bytes when it is one of the texts."""

    digest: bytes
    size: int
    data: bytes | None


@dataclass(slots=True)
class Archive:
    """A package's members, by name. `unread` are present but couldn't be read (already reported)."""

    names: list[str] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def data(self, name: str) -> bytes | None:
        member = self.members.get(name)
        return member.data if member else None


def _directory_problem(file: BinaryIO, size: int, limits: Limits) -> str | None:
    """Look at the end record before `zipfile` reads a table of contents of any size into memory."""
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        return "压缩包不完整（多半是末尾被截断），打不开。"
    if _ZIP64 in tail[max(0, at - 20) : at]:
        return "压缩包不是本系统写出的形式，不予打开。"
    entries, directory_size = struct.unpack_from("<HI", tail, at + 10)
    if entries > limits.members or directory_size > limits.directory:
        return "压缩包的目录大得不正常，不予打开。"
    return None


def read_archive(file: BinaryIO, size: int, name: str, limits: Limits, findings: Findings) -> Archive | None:
    """Read every member once, inflating no more than the limits allow in all.

    file: open binary file of `size` bytes. Reports what is wrong with names, sizes and contents; returns None
    when nothing can be read at all.
    """
    archive = Archive()
    if problem := _directory_problem(file, size, limits):
        findings.fault(FaultKind.PACKAGE_UNREADABLE, name, problem)
        return None
    try:
        opened = zipfile.ZipFile(file)
    except Exception:  # zipfile raises many kinds on forged input
        findings.fault(FaultKind.PACKAGE_UNREADABLE, name, "压缩包已损坏，打不开。")
        return None
    with opened:
        infos = opened.infolist()
        if len(infos) > limits.members:
            findings.fault(FaultKind.TOO_LARGE, name, f"包内文件多达{len(infos)}个，不予打开。")
            return None
        if sum(info.file_size for info in infos) > limits.inflated:
            findings.fault(FaultKind.TOO_LARGE, name, "包内文件解开后大得不正常，不予解开。")
            return None
        for info in infos:
            _read_member(opened, info, limits, archive, findings)
    return archive


def _read_member(
    opened: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, archive: Archive, findings: Findings
) -> None:
    name = info.filename
    shown = show(name)
    if unsafe_name(name) or unsafe_name(info.orig_filename):
        say = f"包内有名称可疑的文件“{show(info.orig_filename)}”，解压它可能写到别处：是后加的。"
        findings.fault(FaultKind.NAME_UNSAFE, info.orig_filename, say)
        return
    if not known_name(name):
        findings.fault(FaultKind.MEMBER_EXTRA, name, f"包内多出“{shown}”，案卷包里不该有它。")
        return
    if name in archive.members or name in archive.unread:
        findings.fault(FaultKind.NAME_REPEATED, name, f"包内有两个同名的“{shown}”，其一是后加的。")
        return
    archive.names.append(name)
    text = not name.startswith("files/")
    if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        archive.unread.add(name)
        findings.fault(FaultKind.MEMBER_MALFORMED, name, f"“{shown}”加了密或压缩方式不认识，无法核验。")
        return
    if text and info.file_size > limits.text:
        archive.unread.add(name)
        findings.fault(FaultKind.TOO_LARGE, name, f"“{shown}”大得不正常，不予解开。")
        return
    try:
        archive.members[name] = _inflate(opened, info, text)
    except Exception:  # bad checksum, broken deflate data, overlapping headers, …: zipfile raises many kinds
        archive.unread.add(name)
        findings.fault(FaultKind.MEMBER_ALTERED, name, f"“{shown}”已损坏或被改动，读不出。")


def _inflate(opened: zipfile.ZipFile, info: zipfile.ZipInfo, text: bool) -> Member:
    # ZipExtFile never gives more than the declared size, and the sum of those has been checked.
    with opened.open(info) as stream:
        if text:
            data = stream.read()
            return Member(sm3(data), len(data), data)
        work, size = hasher(), 0
        while chunk := stream.read(1 << 18):
            work.update(chunk)
            size += len(chunk)
        return Member(work.digest(), size, None)
