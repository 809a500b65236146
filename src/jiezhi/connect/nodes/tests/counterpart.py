"""测试里的对方：不用数据库，照写法做包、读包。"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import files, outbox
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import START
from jiezhi.connect.nodes import actions, identity, packing, receiving
from jiezhi.connect.nodes.identity import Card
from jiezhi.connect.nodes.models import Peer
from jiezhi.connect.nodes.receiving import Received
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.evidence.instants import to_iso
from jiezhi.core.evidence.signing import Ed25519Signer
from jiezhi.core.parcels import FIRST, Entry, FileRef, Note, Parcel, Signed, open_parcel, verify, write_parcel
from jiezhi.core.parcels.format import PARCEL_MARK
from jiezhi.core.procedure.view import Actor


def photo(colour: int) -> bytes:
    """一张小照片。"""
    stream = io.BytesIO()
    Image.new("RGB", (20, 16), (colour % 256, 80, 120)).save(stream, "JPEG")
    return stream.getvalue()


class Counterpart:
    """对方节点：发包（`parcel`）、收我方的包（`take`）。"""

    def __init__(self, code: str, seed: bytes = b"x" * 32) -> None:
        self.code = code
        self.signer = Ed25519Signer.from_seed(seed)
        self.epoch, self.seq, self.last = 1, 0, FIRST
        self.receipt = (1, 0, FIRST)
        self.got: list[Entry] = []

    @property
    def card(self) -> Card:
        return Card(self.code, f"节点{self.code}", self.signer.public_key.hex())

    def join(self, kind: str, now: datetime, **more: Any) -> Peer:
        """在我方登记、核对指纹。"""
        peer = actions.add(self.card, kind=kind, acting_officer=None, now=now, **more)
        return actions.trust(peer, fingerprint=self.card.fingerprint, acting_officer=None, now=now)

    def parcel(self, *entries: Entry, files: tuple[bytes, ...] = (), now: datetime, to: str = "") -> bytes:
        """下一包。"""
        refs = sorted({sm3_hex(one): one for one in files}.items())
        made = Parcel(
            self.code,
            to or identity.me(),
            self.epoch,
            self.seq + 1,
            self.last,
            to_iso(now),
            self.receipt,
            entries,
            tuple(FileRef(digest, len(one)) for digest, one in refs),
        )
        self.seq, self.last = made.seq, made.digest()
        return self.sealed(made, dict(refs))

    def sealed(self, made: Parcel, contents: Mapping[str, bytes]) -> bytes:
        out = io.BytesIO()
        signed = Signed.by(self.signer, PARCEL_MARK, made.to_json())
        write_parcel(out, made, signed, lambda ref: io.BytesIO(contents[ref.sm3]))
        return out.getvalue()

    def take(self, source: Path | BinaryIO) -> list[Entry]:
        """读我方发出的一包，核对签名，返回里面的内容。"""
        data = source.read_bytes() if isinstance(source, Path) else source.read()
        key = identity.card().public_key
        opened = open_parcel(io.BytesIO(data), len(data), most=1 << 30, keys={key})
        verify(opened, me=self.code, key=key)
        self.receipt = (opened.parcel.epoch, opened.parcel.seq, opened.digest)
        self.got += opened.parcel.entries
        return list(opened.parcel.entries)

    def take_all(self, peer: Peer, now: datetime) -> list[Entry]:
        """收我方要送的全部，并给回执；返回新的内容。"""
        packing.pack(peer, now)
        found: list[Entry] = []
        for row in packing.unacknowledged(peer):
            with packing.written(row) as path:
                found += self.take(path)
        self.send_note("receipt", now)
        return found

    def send_note(self, kind: Any, now: datetime, held: tuple[int, ...] = ()) -> None:
        made = Note(kind, self.code, identity.me(), to_iso(now), *self.receipt, held)
        receiving.receive_note(made.sealed(self.signer), via="file", now=now)


def arrive(data: bytes, now: datetime) -> Received:
    """这些字节来了。"""
    return receiving.receive(io.BytesIO(data), len(data), via="file", now=now)


def case(number: int, now: datetime, **fields: Any) -> Entry:
    """对方送来的一件。"""
    data = {
        "ref": f"00000000-0000-4000-8000-{number:012}",
        "number": f"WW2026{number:06}",
        "office": "外网",
        "at": to_iso(now),
        "fields": {
            "content": f"第{number}处路灯不亮",
            "reporter": {"name": "林小燕", "phone": "13800138001"},
            **fields,
        },
        "reason": "",
        "files": [
            {"sm3": digest, "size": 1, "name": "照片.jpg", "kind": "photo"}
            for digest in fields.get("photos", [])
        ],
    }
    return Entry(f"{data['ref']}:1", "open", data)


def reported(number: int = 1, matter: str = "outside.report", **more: Any) -> Outcome:
    """居民在本机报一件，连同排上的都做完。"""
    row = files.store(io.BytesIO(photo(number)), "现场.jpg", kind="photo", acting_officer=None, now=START)
    inputs = {
        "content": f"第{number}处路灯不亮",
        "photos": [row.pk],
        "reporter": {"name": "林小燕", "phone": "13800138001"},
        **more,
    }
    found = casework.open_case(matter, "report", actor=Actor("reporter"), inputs=inputs, now=START)
    assert isinstance(found, Outcome), str(found)
    outbox.drain(START)
    return found
