"""核验发现的问题。每一处都说清在哪里、出了什么事，让不懂技术的人也能照着去查。"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class FaultKind(StrEnum):
    """问题的种类（程序用；给人看的话在 `Fault.say`）。"""

    # 办理记录链
    BODY_ALTERED = "body_altered"
    DIGEST_ALTERED = "digest_altered"
    PREVIOUS_ALTERED = "previous_altered"
    RECORD_ALTERED = "record_altered"  # content or digest; nothing left to tell which
    BROKEN_LINK = "broken_link"  # both neighbours self-consistent, yet they don't join
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    REPEATED = "repeated"
    RENUMBERED = "renumbered"
    FOREIGN = "foreign"
    BODY_MALFORMED = "body_malformed"
    # 填报内容与附件
    OPENING_ALTERED = "opening_altered"
    OPENING_MISSING = "opening_missing"
    OPENING_EXTRA = "opening_extra"
    ERASURE_UNSUPPORTED = "erasure_unsupported"
    ERASURE_CONTRADICTED = "erasure_contradicted"
    FILE_ALTERED = "file_altered"
    FILE_MISSING = "file_missing"
    FILE_EXTRA = "file_extra"
    DEFINITION_MISMATCH = "definition_mismatch"
    # 存证点
    CHECKPOINT_MALFORMED = "checkpoint_malformed"
    CHECKPOINT_SIGNATURE = "checkpoint_signature"
    CHECKPOINT_ORDER = "checkpoint_order"
    CHECKPOINT_ROOT = "checkpoint_root"
    CHECKPOINT_PROOF = "checkpoint_proof"
    # 案卷包
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_MALFORMED = "signature_malformed"
    SIGNATURE_WRONG = "signature_wrong"
    KEY_UNTRUSTED = "key_untrusted"
    PACKAGE_ALTERED = "package_altered"
    PACKAGE_UNREADABLE = "package_unreadable"
    TOO_LARGE = "too_large"
    NAME_UNSAFE = "name_unsafe"
    NAME_REPEATED = "name_repeated"
    MEMBER_ALTERED = "member_altered"
    MEMBER_MISSING = "member_missing"
    MEMBER_EXTRA = "member_extra"
    MEMBER_MALFORMED = "member_malformed"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Fault:
    """一处问题。

    kind: 种类；where: 位置（`件#序号`,或案卷包内的文件名）;say: 给人看的一句中文。
    """

    kind: FaultKind
    where: str
    say: str


def show(text: str, limit: int = 80) -> str:
    """Make text of unknown origin safe to print: no control or direction-changing characters, bounded."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return "".join(c if c.isprintable() else "?" for c in cut)


@dataclass(slots=True)
class Findings:
    """Collects faults and notes while verifying. Bounded, because a forged input may hold millions."""

    limit: int = 500
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dropped_faults: int = 0
    dropped_notes: int = 0
    _seen: set[Fault] = field(default_factory=set)

    def fault(self, kind: FaultKind, where: str, say: str) -> None:
        fault = Fault(kind, show(where, 200), say)
        if fault in self._seen:  # linkage and content checks may find the same thing
            return
        if len(self.faults) < self.limit:
            self._seen.add(fault)
            self.faults.append(fault)
        else:
            self.dropped_faults += 1

    def extend(self, faults: list[Fault]) -> None:
        for item in faults:
            self.fault(item.kind, item.where, item.say)

    def note(self, say: str) -> None:
        if len(self.notes) < self.limit:
            self.notes.append(say)
        else:
            self.dropped_notes += 1

    def close(self) -> None:
        """Say how much was left out. Call once, at the end."""
        if self.dropped_faults:
            self.faults.append(
                Fault(
                    FaultKind.TOO_MANY,
                    "",
                    f"问题太多，只列前{self.limit}处，另有{self.dropped_faults}处未列。",
                )
            )
        if self.dropped_notes:
            self.notes.append(f"说明太多，只列前{self.limit}条，另有{self.dropped_notes}条未列。")
