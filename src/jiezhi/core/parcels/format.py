"""清单和签名的写法：规范字节，多一项少一项都不认。"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jiezhi.core.evidence.canonical import Json, decode_canonical, encode
from jiezhi.core.evidence.digest import is_hex, sm3_hex
from jiezhi.core.evidence.instants import from_iso
from jiezhi.core.evidence.signing import Signer, verify_signature

VERSION = 1
FIRST = "0" * 64  # 第一包没有上一包
MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
FILES = "files/"
# 签名覆盖的话前面加一句，别处签的东西拿来冒充不了。
PARCEL_MARK = b"jiezhi parcel 1\n"
# 轮次、序号、字节数都在这之内：库里的整数列是 32 位。
MAX_COUNT = 2**31 - 1
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}\Z")
_ID = re.compile(r"[0-9a-z:._-]{1,120}\Z")


def is_code(text: object) -> bool:
    """是不是节点代码：2 到 40 位小写字母、数字、短横。"""
    return type(text) is str and _CODE.match(text) is not None


@dataclass(frozen=True, slots=True)
class FileRef:
    """一份材料：SM3 摘要（十六进制）和字节数。"""

    sm3: str
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """一条内容：`uid` 在发方唯一，收方凭它认重；`data` 是只含规范类型的内容。"""

    uid: str
    kind: str
    data: Mapping[str, Any]

    def to_value(self) -> dict[str, Json]:
        return {"id": self.uid, "kind": self.kind, "data": dict(self.data)}

    @classmethod
    def from_value(cls, value: Json) -> Entry:
        """`to_value` 的反面；不成样 → ValueError。"""
        if type(value) is not dict or set(value) != {"id", "kind", "data"}:
            raise ValueError("条目的项目不对")
        uid, kind, data = value["id"], value["kind"], value["data"]
        if type(uid) is not str or not _ID.match(uid) or type(kind) is not str or type(data) is not dict:
            raise ValueError("条目的写法不对")
        return cls(uid, kind, data)


@dataclass(frozen=True, slots=True)
class Parcel:
    """一包的清单。`receipt` 是（对方的第几轮，连续收到第几号，那一包的摘要）；`previous` 是我上一包清单的摘要。"""

    sender: str
    receiver: str
    epoch: int
    seq: int
    previous: str
    at: str
    receipt: tuple[int, int, str]
    entries: tuple[Entry, ...]
    files: tuple[FileRef, ...] = ()

    def to_json(self) -> bytes:
        """清单的规范字节。"""
        return encode(
            {
                "v": VERSION,
                "from": self.sender,
                "to": self.receiver,
                "epoch": self.epoch,
                "seq": self.seq,
                "previous": self.previous,
                "at": self.at,
                "receipt": list(self.receipt),
                "entries": [one.to_value() for one in self.entries],
                "files": [{"sm3": one.sm3, "size": one.size} for one in self.files],
            }
        )

    def digest(self) -> str:
        """清单的摘要：下一包的 `previous`。"""
        return sm3_hex(self.to_json())

    @classmethod
    def from_json(cls, data: bytes) -> Parcel:
        """`to_json` 的反面，一字不差才认；否则 ValueError。"""
        value = decode_canonical(data)
        names = {"v", "from", "to", "epoch", "seq", "previous", "at", "receipt", "entries", "files"}
        if type(value) is not dict or set(value) != names or value["v"] != VERSION or value["v"] is True:
            raise ValueError("清单的项目或版本不对")
        sender, receiver, previous, at = (value[key] for key in ("from", "to", "previous", "at"))
        if not is_code(sender) or not is_code(receiver) or not is_hex(previous):
            raise ValueError("清单的节点代码或摘要写法不对")
        from_iso(at)
        receipt, entries, files = value["receipt"], value["entries"], value["files"]
        if (
            type(receipt) is not list
            or len(receipt) != 3
            or type(entries) is not list
            or type(files) is not list
        ):
            raise ValueError("清单的项目写法不对")
        found = cls(
            sender=str(sender),
            receiver=str(receiver),
            epoch=read_count(value["epoch"], 1),
            seq=read_count(value["seq"], 1),
            previous=str(previous),
            at=str(at),
            receipt=(read_count(receipt[0], 1), read_count(receipt[1], 0), read_digest(receipt[2])),
            entries=tuple(Entry.from_value(one) for one in entries),
            files=tuple(_file(one) for one in files),
        )
        names_of = [one.sm3 for one in found.files]
        if names_of != sorted(set(names_of)):
            raise ValueError("材料有重复或次序不对")
        if len({one.uid for one in found.entries}) != len(found.entries):
            raise ValueError("有重复的条目")
        return found


def read_count(value: Json, least: int) -> int:
    """不小于 `least`、不超过 MAX_COUNT 的整数；不是 → ValueError。"""
    if type(value) is not int or not least <= value <= MAX_COUNT:
        raise ValueError("序号写法不对")
    return value


def read_digest(value: Json) -> str:
    """小写十六进制的摘要；不是 → ValueError。"""
    if not is_hex(value):
        raise ValueError("摘要写法不对")
    return str(value)


def _file(value: Json) -> FileRef:
    if type(value) is not dict or set(value) != {"sm3", "size"} or not is_hex(value["sm3"]):
        raise ValueError("材料的写法不对")
    return FileRef(str(value["sm3"]), read_count(value["size"], 1))


@dataclass(frozen=True, slots=True)
class Signed:
    """签名：算法、公钥、签名，后两样是小写十六进制。"""

    algorithm: str
    public_key: str
    signature: str

    @classmethod
    def by(cls, signer: Signer, mark: bytes, content: bytes) -> Signed:
        """用 `signer` 签。"""
        signature = signer.sign(mark + content)
        return cls(signer.algorithm, signer.public_key.hex(), signature.hex())

    def good(self, mark: bytes, content: bytes) -> bool:
        """签名对不对（公钥是不是那个节点的，另外核对）。"""
        key, signature = bytes.fromhex(self.public_key), bytes.fromhex(self.signature)
        return verify_signature(self.algorithm, key, mark + content, signature)

    def to_value(self) -> dict[str, Json]:
        return {"algorithm": self.algorithm, "public_key": self.public_key, "signature": self.signature}

    def to_json(self) -> bytes:
        """规范字节。"""
        return encode(self.to_value())

    @classmethod
    def from_value(cls, value: Json) -> Signed:
        """`to_value` 的反面；不成样 → ValueError。"""
        if type(value) is not dict or set(value) != {"algorithm", "public_key", "signature"}:
            raise ValueError("签名的项目不对")
        algorithm, key, signature = (value[name] for name in ("algorithm", "public_key", "signature"))
        if type(algorithm) is not str or not is_hex(key) or not is_hex(signature, 64):
            raise ValueError("签名的写法不对")
        return cls(algorithm, str(key), str(signature))
