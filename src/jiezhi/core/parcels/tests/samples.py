"""测试用的包。"""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import BinaryIO

from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.evidence.signing import Ed25519Signer
from jiezhi.core.parcels import FIRST, Entry, FileRef, Opened, Parcel, Signed, open_parcel, write_parcel
from jiezhi.core.parcels.format import PARCEL_MARK

OUTSIDE = Ed25519Signer.from_seed(b"o" * 32)
STRANGER = Ed25519Signer.from_seed(b"s" * 32)
KEY = OUTSIDE.public_key.hex()
PHOTOS = [b"\xff\xd8 first photo" * 40, b"\xff\xd8 second" * 90]
MOST = 8 << 20


def parcel(seq: int = 1, previous: str = FIRST, *, epoch: int = 1, words: str = "路灯不亮") -> Parcel:
    files = sorted((FileRef(sm3_hex(one), len(one)) for one in PHOTOS), key=lambda one: one.sm3)
    entry = Entry(
        f"case{seq}:1", "open", {"fields": {"content": words, "photos": [one.sm3 for one in files]}}
    )
    return Parcel(
        "out",
        "in",
        epoch,
        seq,
        previous,
        "2026-08-03T09:00:00+08:00",
        (1, 4, "a" * 64),
        (entry,),
        tuple(files),
    )


def signed(made: Parcel, signer: Ed25519Signer = OUTSIDE) -> Signed:
    return Signed.by(signer, PARCEL_MARK, made.to_json())


def source(ref: FileRef) -> BinaryIO:
    return io.BytesIO(next(one for one in PHOTOS if sm3_hex(one) == ref.sm3))


def written(made: Parcel, signer: Ed25519Signer = OUTSIDE) -> bytes:
    out = io.BytesIO()
    write_parcel(out, made, signed(made, signer), source)
    return out.getvalue()


def opened(data: bytes, keys: Collection[str] = (KEY,), old_keys: Collection[str] = ()) -> Opened:
    return open_parcel(io.BytesIO(data), len(data), most=MOST, keys=keys, old_keys=old_keys)
