"""包：写法唯一、改一个字节就认得出、冒充的不收、序号窗口不丢不重。"""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile
import zlib
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.evidence.instants import BEIJING
from jiezhi.core.evidence.signing import Ed25519Signer
from jiezhi.core.parcels import (
    FIRST,
    Note,
    Refused,
    Verdict,
    Why,
    Window,
    check_signer,
    judge,
    open_parcel,
    reading,
    verify,
    write_parcel,
)
from jiezhi.core.parcels.format import MANIFEST, PARCEL_MARK, SIGNATURE, Parcel, Signed
from jiezhi.core.parcels.notes import MAX_NOTE
from jiezhi.core.parcels.tests.samples import (
    KEY,
    OUTSIDE,
    PHOTOS,
    STRANGER,
    opened,
    parcel,
    signed,
    source,
    written,
)
from jiezhi.core.parcels.window import AHEAD
from jiezhi.core.parcels.writing import directory, local_header

NOW = datetime(2026, 8, 3, 9, 0, tzinfo=BEIJING)


def why(data: bytes, key: str = KEY, me: str = "in", old: tuple[str, ...] = ()) -> Why:
    with pytest.raises(Refused) as caught:
        verify(opened(data, {KEY, key} - set(old), old), me=me, key=key)
    return caught.value.why


def test_written_and_read_back() -> None:
    data = written(parcel())
    found = opened(data)
    verify(found, me="in", key=KEY)
    assert found.parcel == parcel() and found.digest == parcel().digest()
    for sm3, (at, size) in found.places.items():
        assert sm3_hex(data[at : at + size]) == sm3
    assert len(found.places) == len(PHOTOS)
    assert written(parcel()) == data, "什么时候写都一字不差"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:  # 普通的解压软件也打得开
        assert archive.testzip() is None and len(archive.namelist()) == 4


def test_every_single_byte_matters() -> None:
    """一千次随机改一个字节，次次认得出；截断、添尾、删去材料也是。"""
    data = written(parcel())
    rng = random.Random(20260803)
    for _ in range(1000):
        place = rng.randrange(len(data))
        spoilt = bytearray(data)
        spoilt[place] ^= rng.randrange(1, 256)
        with pytest.raises(Refused):
            verify(opened(bytes(spoilt)), me="in", key=KEY)
    for cut in rng.sample(range(len(data)), 60):
        with pytest.raises(Refused):
            opened(data[:cut])
    with pytest.raises(Refused):
        opened(data + b"\0")


def test_who_signed_it_and_for_whom() -> None:
    data = written(parcel())
    assert why(data, me="other") is Why.NOT_FOR_US
    assert why(written(parcel(), STRANGER)) is Why.STRANGER, "谁的都不是"
    assert why(data, key=STRANGER.public_key.hex()) is Why.FORGED, "是登记过的钥匙，但不是自称的那个节点的"
    assert why(data, key=STRANGER.public_key.hex(), old=(KEY,)) is Why.OLD_KEY
    # 照抄公钥，自己签：清单一样，签名不对。
    forged = signed(parcel(), STRANGER)
    out = io.BytesIO()
    write_parcel(out, parcel(), Signed(forged.algorithm, KEY, forged.signature), source)
    assert why(out.getvalue()) is Why.FORGED
    # 换了内容，签名还是原来的。
    out = io.BytesIO()
    write_parcel(out, parcel(words="没有事"), signed(parcel()), source)
    assert why(out.getvalue()) is Why.FORGED


def test_materials_must_be_the_ones_listed() -> None:
    with pytest.raises(ValueError, match="与清单不符"):
        write_parcel(io.BytesIO(), parcel(), signed(parcel()), lambda ref: io.BytesIO(b"another"))


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" * 20, b"\x00" * 500, b"not a zip at all" * 10])
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        opened(data)


def test_too_big_is_not_read() -> None:
    with pytest.raises(Refused, match="上限"):
        open_parcel(io.BytesIO(b""), 1 << 40, most=1 << 20, keys=())


def _raw(manifest: bytes, signer: Ed25519Signer = OUTSIDE) -> bytes:
    """不管清单成不成样，照样签、照样装。"""
    members, out = [], b""
    for name, text in (
        (MANIFEST, manifest),
        (SIGNATURE, Signed.by(signer, PARCEL_MARK, manifest).to_json()),
    ):
        members.append((name.encode(), len(text), zlib.crc32(text), len(out)))
        out += local_header(name.encode(), len(text), zlib.crc32(text)) + text
    return out + directory(members)


BOMBS = {
    "many": b"[" + b",".join([b"[]"] * 400_000) + b"]",
    "deep": b"[" * 900_000 + b"]" * 900_000,
    "deep within bounds": b"[" * 200_000 + b"]" * 200_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_not_parsed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """不认识的人寄来的不解析；认识的人寄来的，解析之前先估多大、解析时限深。"""
    data = _raw(BOMBS[name], STRANGER)
    with monkeypatch.context() as patched:
        patched.setattr(Parcel, "from_json", lambda data: pytest.fail("不该解析"))
        with pytest.raises(Refused) as caught:
            opened(data)
        assert caught.value.why is Why.STRANGER
        forged = Signed(signed(parcel()).algorithm, KEY, signed(parcel()).signature)
        patched.setattr(Signed, "by", lambda *given: forged)
        with pytest.raises(Refused) as caught:
            opened(_raw(BOMBS[name]))
        assert caught.value.why is Why.FORGED
    monkeypatch.setattr(reading, "MAX_VALUES", 300_000)
    data = _raw(BOMBS[name])
    tracemalloc.start()
    try:
        with pytest.raises(Refused):
            opened(data)
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()


def test_a_manifest_too_big_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_MANIFEST", 100)
    assert why(written(parcel())) is Why.UNREADABLE
    monkeypatch.undo()
    monkeypatch.setattr(reading, "MAX_SIGNATURE", 10)
    assert why(written(parcel())) is Why.UNREADABLE


def test_the_head_is_enough_to_know_the_signer() -> None:
    """只收到开头就能认人：不认识的不用收完。"""
    data = written(parcel())
    head = data[: data.index(b"PK", data.index(SIGNATURE.encode()))]
    check_signer(io.BytesIO(head), len(head), keys={KEY})
    for keys, old, expected in (((), (), Why.STRANGER), ((), (KEY,), Why.OLD_KEY)):
        with pytest.raises(Refused) as caught:
            check_signer(io.BytesIO(head), len(head), keys=keys, old_keys=old)
        assert caught.value.why is expected
    with pytest.raises(Refused):
        check_signer(io.BytesIO(head[:-200]), len(head) - 200, keys={KEY})


def test_manifest_is_strict() -> None:
    good = parcel().to_json()
    assert Parcel.from_json(good) == parcel()
    for old, new in (
        (b'"v":1', b'"v":2'),
        (b'"seq":1', b'"seq":0'),
        (b'"seq":1', b'"seq":true'),
        (b'"seq":1', b'"seq":2147483648'),
        (b'"from":"out"', b'"from":"OUT"'),
        (b'"at":"2026', b'"at":"x026'),
        (b'"receipt":[1,4,', b'"receipt":[1,4,4,'),
        (b'"receipt":[1,4,', b'"receipt":[0,4,'),
        (b'"kind":"open"', b'"kind":7'),
        (b"{", b"{ "),
    ):
        assert old in good
        with pytest.raises(ValueError):
            Parcel.from_json(good.replace(old, new, 1))
    twice = Parcel(**{**_fields(parcel()), "entries": parcel().entries * 2})
    with pytest.raises(ValueError, match="重复"):
        Parcel.from_json(twice.to_json())
    wrong = Parcel(**{**_fields(parcel()), "files": tuple(reversed(parcel().files))})
    with pytest.raises(ValueError, match="次序"):
        Parcel.from_json(wrong.to_json())


def _fields(one: Parcel) -> dict[str, object]:
    return {name: getattr(one, name) for name in Parcel.__dataclass_fields__}


# ---- 小条 ----


def test_notes() -> None:
    note = Note("fetch", "in", "out", "2026-08-03T09:00:00+08:00", 1, 7, "b" * 64, (9, 12))
    data = note.sealed(OUTSIDE)
    found, mark = Note.opened(data)
    assert found == note
    found.check(mark, me="out", key=KEY)
    assert found.fresh(NOW + timedelta(minutes=4)) and not found.fresh(NOW + timedelta(minutes=6))
    for me, key in (("in", KEY), ("out", STRANGER.public_key.hex())):
        with pytest.raises(Refused):
            found.check(mark, me=me, key=key)
    with pytest.raises(Refused, match="大得不正常"):
        Note.opened(b" " * (MAX_NOTE + 1))
    rng = random.Random(3)
    for _ in range(500):
        spoilt = bytearray(data)
        spoilt[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        with pytest.raises(Refused):
            again, signed_by = Note.opened(bytes(spoilt))
            again.check(signed_by, me="out", key=KEY)


def test_a_parcel_signature_is_no_receipt() -> None:
    """同一把钥匙在清单上签的，拿到别处不作数。"""
    from jiezhi.core.parcels.notes import MARK

    assert not signed(parcel()).good(MARK, parcel().to_json())


# ---- 序号窗口 ----


def test_verdicts() -> None:
    window = Window(2, 5, "a" * 64, {7: "b" * 64})
    ask = [
        ((2, 6, "a" * 64, "c" * 64, None), Verdict.NEXT),
        ((2, 6, "d" * 64, "c" * 64, None), Verdict.CONFLICT),
        ((2, 5, "x", "a" * 64, "a" * 64), Verdict.REPEAT),
        ((2, 5, "x", "e" * 64, "a" * 64), Verdict.CONFLICT),
        ((2, 7, "x", "b" * 64, None), Verdict.REPEAT),
        ((2, 7, "x", "c" * 64, None), Verdict.CONFLICT),
        ((2, 8, "x", "c" * 64, None), Verdict.HOLD),
        ((2, 6 + AHEAD, "x", "c" * 64, None), Verdict.TOO_FAR),
        ((1, 6, "a" * 64, "c" * 64, None), Verdict.STALE),
        ((3, 1, FIRST, "c" * 64, None), Verdict.RENEWED),
        ((3, 2, FIRST, "c" * 64, None), Verdict.TOO_FAR),
        ((3, 1, "a" * 64, "c" * 64, None), Verdict.CONFLICT),
    ]
    for given_, expected in ask:
        assert judge(window, *given_) is expected, given_


@given(st.lists(st.integers(1, 12), max_size=80), st.randoms())
def test_any_order_any_loss_any_repeat_loses_and_doubles_nothing(
    order: list[int], rng: random.Random
) -> None:
    """照任意次序、任意重复地来，最后补送一遍：恰好按号收全，一包不重。"""
    chain: dict[int, tuple[str, str]] = {}
    previous = FIRST
    for seq in range(1, 13):
        digest = f"{rng.getrandbits(256):064x}"
        chain[seq] = (previous, digest)
        previous = digest
    window, taken = Window(), []
    held: dict[int, str] = {}
    for seq in [*order, *range(1, 13)]:
        previous, digest = chain[seq]
        known = chain[seq][1] if seq <= window.upto else None
        verdict = judge(window, 1, seq, previous, digest, known)
        assert verdict in (Verdict.NEXT, Verdict.HOLD, Verdict.REPEAT, Verdict.TOO_FAR)
        if verdict is Verdict.HOLD:
            held[seq] = digest
            window = Window(window.epoch, window.upto, window.last, dict(held))
        while verdict is Verdict.NEXT:
            taken.append(seq)
            held.pop(seq, None)
            window = Window(1, seq, chain[seq][1], dict(held))
            seq += 1
            if seq not in held:
                break
            verdict = judge(window, 1, seq, *chain[seq], None)
    assert taken == list(range(1, 13)) and not held
