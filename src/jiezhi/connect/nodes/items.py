"""收到的一条：取里面的内容，一样一样核对过才用。对方签过名，不等于写得对。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jiezhi.base.casework.models import EvidenceFile, EvidenceUse
from jiezhi.connect.nodes.models import Incoming, IncomingFile, Peer
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.evidence.instants import from_iso
from jiezhi.core.parcels import Entry
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Item:
    """收到的一条：在哪一包里，那一包带来了哪些材料（摘要），什么时候办。"""

    row: Incoming
    entry: Entry
    brought: frozenset[str]
    now: datetime

    @property
    def peer(self) -> Peer:
        """谁送的。"""
        return self.row.peer

    @property
    def data(self) -> Mapping[str, Any]:
        """内容。"""
        return self.entry.data

    def text(self, name: str, most: int) -> str:
        """内容里的一项文字，最多 `most` 字；没有、不是文字、太长 → KeyError、ValueError。"""
        value = self.data[name]
        if type(value) is not str or len(value) > most:
            raise ValueError(f"{name} 应为 {most} 字以内的文字")
        return value

    @property
    def key(self) -> str:
        """请求标识：同一条再来，不办第二遍。"""
        key = _keys_of(self.peer) + self.entry.uid
        return key if len(key) <= 120 else f"node:{sm3_hex(key.encode())}"

    def at(self, floor: datetime | None = None) -> datetime:
        """事情发生的时刻：不晚于收到包的时刻（对方的钟快了），不早于这件上一次环节变动。早得不像话的 → ValueError。"""
        at = min(from_iso(self.data["at"]), self.row.received_at)
        if at < EARLIEST:
            raise ValueError("时刻不对")
        return max(at, floor) if floor else at

    def origin(self) -> dict[str, str]:
        """哪个节点的哪一件，记进办理记录。"""
        number = self.text("number", 80) if "number" in self.data else ""
        items = {
            "node": self.peer.code,
            "system": self.peer.name,
            "number": number,
            "at": self.text("at", 40),
        }
        return {key: value for key, value in items.items() if value}

    def storable(self) -> bool:
        """没有空字符：PostgreSQL 的文字里放不下。"""
        return not _has_nul(self.entry.to_value())


def _keys_of(peer: Peer) -> str:
    return f"node:{peer.code}:"


def _has_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any("\0" in key or _has_nul(one) for key, one in value.items())
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


def inputs(
    one: Item, definition: Definition, action: str, fields: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """照这一步要填的取；没有这一栏的、材料没有收下的列出来。"""
    collected = set(definition.matter.actions[action].collected())
    found: dict[str, Any] = {}
    lost: list[str] = []
    for name, value in fields.items():
        decl = definition.matter.fields.get(name)
        if decl is None or name not in collected:
            lost.append(decl.title if decl else name)
            continue
        if decl.type is FieldType.FILE:
            here = _given(one, value)
            kept = [digest for digest in value if digest in here]
            if len(kept) < len(value):
                lost.append(f"{decl.title}（{len(value) - len(kept)} 份没有收下）")
            value = kept
        elif decl.type is FieldType.ROWS:  # 送的时候不带表格里的材料，收的时候也不认
            files = {key for key, column in decl.columns.items() if column.type is FieldType.FILE}
            value = [{key: cell for key, cell in row.items() if key not in files} for row in value]
        found[name] = value
    return found, lost


def _given(one: Item, digests: list[str]) -> set[str]:
    """其中确是这个节点给的：这一包带来的，它别的包里还留着的，以前办它送来的内容时用上的。

    本机别的材料，说得出摘要也不给它用：不然它知道了摘要就能把别人的材料挂到自己的件上。
    """
    here = set(EvidenceFile.objects.filter(pk__in=digests, erased_at=None).values_list("pk", flat=True))
    rest = here - one.brought
    if not rest:
        return here
    kept = IncomingFile.objects.filter(parcel__peer=one.peer, file__in=rest).values_list("file", flat=True)
    used = EvidenceUse.objects.filter(file__in=rest, event__key__startswith=_keys_of(one.peer))
    return (here & one.brought) | set(kept) | set(used.values_list("file", flat=True))
