"""办理记录链：每条记录的摘要 = SM3（前一条的摘要 ‖ 本条的规范字节），改一处则后面全对不上。

This module checks linkage only, and fast: a sound chain takes one SM3 per record. Anything unsound is handed
to `diagnose`, which takes its time to name what happened. What the bodies say is checked in `events`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.digest import sm3
from jiezhi.core.evidence.faults import Fault

GENESIS = b"\0" * 32


class Record(NamedTuple):
    """One event as stored: number within its case (from 1), previous digest, canonical bytes, digest."""

    seq: int
    previous: bytes
    body: bytes
    digest: bytes


class Head(NamedTuple):
    """Where a chain is known to end, from a source outside it (a checkpoint, a package's manifest)."""

    seq: int
    digest: bytes


def link(previous: bytes, body: bytes) -> bytes:
    """Digest of an event: SM3(previous ‖ body), 32 bytes. ValueError when `previous` is not 32 bytes."""
    if len(previous) != 32:  # otherwise bytes could be moved between the two parts
        raise ValueError("前一摘要应为32字节")
    return sm3(previous + body)


def case_marker(case: str) -> bytes:
    """The bytes by which every body of this case names it. Their absence proves a body foreign."""
    return b'"case":' + encode(case)


def verify_chain(records: Iterable[Record], *, case: str | None, head: Head | None = None) -> list[Fault]:
    """Check the linkage of one case's records, given in the order they are kept in.

    case: the case the records are filed under; also checks that each body names it (None: don't look into
    bodies). head: where the chain must end; without it a cut-off tail can't be seen. Records must be numbered
    from 1 without gaps. No records and no head is sound. Returns the faults, none when sound; never raises.
    """
    rows = records if isinstance(records, (list, tuple)) else list(records)
    if _sound(rows, case) and (head is None or _ends_at(rows, head)):
        return []
    from jiezhi.core.evidence.diagnose import diagnose

    return diagnose(rows, case, head)


def _sound(rows: Sequence[Record], case: str | None) -> bool:
    previous = GENESIS
    expected = 1
    marker = b"" if case is None else case_marker(case)
    for seq, before, body, digest in rows:
        if seq != expected or before != previous or sm3(previous + body) != digest or marker not in body:
            return False
        previous = digest
        expected += 1
    return True


def _ends_at(rows: Sequence[Record], head: Head) -> bool:
    last = rows[-1] if rows else None
    return (last.seq, last.digest) == head if last else head == (0, GENESIS)


@dataclass(slots=True)
class ManyResult:
    """What `verify_many` counted and found."""

    cases: int = 0
    records: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults


def verify_many(chains: Iterable[tuple[str | None, Sequence[Record]]]) -> ManyResult:
    """`verify_chain` over many cases: pairs (case, its records in order). Streams; keeps only the faults."""
    result = ManyResult()
    for case, records in chains:
        result.cases += 1
        result.records += len(records)
        if not _sound(records, case):
            result.faults.extend(verify_chain(records, case=case))
    return result
