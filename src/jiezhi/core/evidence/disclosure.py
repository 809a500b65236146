"""填报内容的开示与依法清除：每一栏要么对得上摘要，要么有一条后来的办理记录写明把它清除了。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jiezhi.core.evidence.canonical import Json
from jiezhi.core.evidence.events import EventBody
from jiezhi.core.evidence.faults import FaultKind, Findings, show
from jiezhi.core.evidence.instants import from_iso, in_words
from jiezhi.core.evidence.openings import Opening, check


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What is handed over for one event: openings by field, and what is listed as erased
    ({"by_seq": number of the erasing event, "at": when})."""

    openings: Mapping[str, Opening] = field(default_factory=dict)
    erased: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErasureIndex:
    """Which event of the chain erased what."""

    fields: Mapping[tuple[int, str], int]
    files: Mapping[str, int]


def index_erasures(bodies: Mapping[int, EventBody], findings: Findings, case: str) -> ErasureIndex:
    """Collect the erasures the chain itself records; one that points at itself or ahead is a fault."""
    fields: dict[tuple[int, str], int] = {}
    files: dict[str, int] = {}
    for seq, body in sorted(bodies.items()):
        for erasure in body.erases:
            if erasure.seq >= seq:
                say = f"第{seq}号办理记录称清除第{erasure.seq}号的内容，而只能清除在它之前的。"
                findings.fault(FaultKind.ERASURE_UNSUPPORTED, f"{case}#{seq}", say)
                continue
            for name in erasure.fields:
                fields.setdefault((erasure.seq, name), seq)
            for digest in erasure.files:
                files.setdefault(digest, seq)
    return ErasureIndex(fields, files)


def check_disclosure(
    bodies: Mapping[int, EventBody],
    disclosed: Mapping[int, Disclosed],
    erasures: ErasureIndex,
    case: str,
    findings: Findings,
) -> None:
    """Check every field of every event against what is handed over for it.

    A field is in order when its opening gives the digest in the event, or when a later event records its
    erasure (a note, 已依法清除). Everything else is a fault naming event and field.
    """
    nothing = Disclosed()
    for seq, body in sorted(bodies.items()):
        given = disclosed.get(seq, nothing)
        where = f"{case}#{seq}"
        for name, digest in sorted(body.inputs.items()):
            _field(bodies, seq, name, digest, given, erasures.fields.get((seq, name)), where, findings)
        for name in sorted(set(given.openings) | set(given.erased)):
            if name not in body.inputs:
                say = f"第{seq}号办理记录没有“{show(name)}”这一栏，却附了它的内容。"
                findings.fault(FaultKind.OPENING_EXTRA, where, say)
    for seq in sorted(set(disclosed) - set(bodies)):
        say = f"附有第{seq}号办理记录的填报内容，而没有这一号记录（或其正文读不懂）。"
        findings.fault(FaultKind.OPENING_EXTRA, f"{case}#{seq}", say)


def _field(
    bodies: Mapping[int, EventBody],
    seq: int,
    name: str,
    digest: str,
    given: Disclosed,
    erased_by: int | None,
    where: str,
    findings: Findings,
) -> None:
    label = f"第{seq}号办理记录的“{show(name)}”"
    opening, listed = given.openings.get(name), given.erased.get(name)
    if opening is not None:
        if not check(name, opening, digest):
            findings.fault(FaultKind.OPENING_ALTERED, where, f"{label}与记录里的摘要不符：内容被改动。")
        if erased_by is not None or listed is not None:
            say = f"{label}写明已清除，却仍附有内容。"
            findings.fault(FaultKind.ERASURE_CONTRADICTED, where, say)
        return
    if erased_by is None:
        if listed is not None:
            say = f"{label}称已依法清除，但没有哪条办理记录写明清除它。"
            findings.fault(FaultKind.ERASURE_UNSUPPORTED, where, say)
        else:
            say = f"{label}缺内容，也没有清除它的办理记录：被抽走。"
            findings.fault(FaultKind.OPENING_MISSING, where, say)
        return
    if listed is not None and not _agrees(listed, erased_by):
        say = f"{label}的清除说明与第{erased_by}号办理记录不一致。"
        findings.fault(FaultKind.ERASURE_UNSUPPORTED, where, say)
    findings.note(f"{label}已依法清除（见第{erased_by}号办理记录，{in_words(bodies[erased_by].at)}）。")


def _agrees(listed: Mapping[str, Json], erased_by: int) -> bool:
    # The listed time may be when the bytes were destroyed; the time that counts is the event's own.
    try:
        from_iso(listed.get("at"))
    except ValueError:
        return False
    return set(listed) == {"by_seq", "at"} and listed["by_seq"] == erased_by
