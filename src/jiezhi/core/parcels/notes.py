"""随手的小条：回执（我收到你的第几号）和来取（请给我下一包）。各自签名，丢了无妨，再写一张就是。"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from jiezhi.core.evidence.canonical import Json, decode_canonical, encode
from jiezhi.core.evidence.instants import from_iso, to_iso
from jiezhi.core.evidence.signing import Signer
from jiezhi.core.parcels.format import Signed, is_code, read_count, read_digest
from jiezhi.core.parcels.reading import Refused, Why

NoteKind = Literal["receipt", "fetch"]
MARK = b"jiezhi note 1\n"
MAX_HELD = 1000
MAX_NOTE = 64 << 10
# 来取的小条过了这么久就不认：别人捡到旧的，取不走里面的个人信息。
FRESH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Note:
    """一张小条。`epoch`、`upto`、`last` 是对方的第几轮、连续收到第几号、那一包的摘要；`held` 是收着而前面还缺的号。"""

    kind: NoteKind
    sender: str
    receiver: str
    at: str
    epoch: int
    upto: int
    last: str
    held: tuple[int, ...] = ()

    def _content(self) -> dict[str, Json]:
        return {
            "kind": self.kind,
            "from": self.sender,
            "to": self.receiver,
            "at": self.at,
            "epoch": self.epoch,
            "upto": self.upto,
            "last": self.last,
            "held": list(self.held),
        }

    def sealed(self, signer: Signer) -> bytes:
        """签好的规范字节。"""
        signed = Signed.by(signer, MARK, encode(self._content()))
        return encode({"note": self._content(), "signed": signed.to_value()})

    @classmethod
    def opened(cls, data: bytes) -> tuple[Note, Signed]:
        """读出小条和签名（还没有核对是谁签的）；不成样、超过 MAX_NOTE 字节 → Refused。"""
        try:
            if len(data) > MAX_NOTE:
                raise ValueError("大得不正常")
            value = decode_canonical(data)
            if type(value) is not dict or set(value) != {"note", "signed"}:
                raise ValueError("小条的项目不对")
            return cls._read(value["note"]), Signed.from_value(value["signed"])
        except ValueError as error:
            raise Refused(Why.UNREADABLE, f"不是签好的回执：{error}") from error

    @classmethod
    def _read(cls, value: Json) -> Note:
        names = {"kind", "from", "to", "at", "epoch", "upto", "last", "held"}
        if type(value) is not dict or set(value) != names:
            raise ValueError("小条的项目不对")
        kind, held = value["kind"], value["held"]
        if kind not in ("receipt", "fetch") or not is_code(value["from"]) or not is_code(value["to"]):
            raise ValueError("小条的写法不对")
        if type(held) is not list or len(held) > MAX_HELD:
            raise ValueError("小条的写法不对")
        from_iso(value["at"])
        return cls(
            kind="receipt" if kind == "receipt" else "fetch",
            sender=str(value["from"]),
            receiver=str(value["to"]),
            at=str(value["at"]),
            epoch=read_count(value["epoch"], 1),
            upto=read_count(value["upto"], 0),
            last=read_digest(value["last"]),
            held=tuple(read_count(one, 1) for one in held),
        )

    def check(self, signed: Signed, *, me: str, key: str) -> None:
        """核对是给我的、是那个节点现在的钥匙签的。不是 → Refused。"""
        if self.receiver != me:
            raise Refused(Why.NOT_FOR_US, f"是给节点“{self.receiver}”的，不是给我的")
        if signed.public_key != key or not signed.good(MARK, encode(self._content())):
            raise Refused(Why.FORGED, f"签名不是节点“{self.sender}”现在的钥匙签的")

    def fresh(self, now: datetime) -> bool:
        """是不是刚写的。"""
        return abs(from_iso(self.at) - now) <= FRESH


def stamp(now: datetime) -> str:
    """小条、清单上的时刻。"""
    return to_iso(now)
