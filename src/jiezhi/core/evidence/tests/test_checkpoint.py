"""存证点：签名、接续、链头、凭据、打印。"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.evidence import (
    Checkpoint,
    FaultKind,
    Inclusion,
    build,
    check_inclusion,
    decode,
    digest_of,
    encode,
    fingerprint,
    printable,
    prove_inclusion,
    verify_checkpoint,
)
from jiezhi.core.evidence.tests.samples import AT, OFFICE, OTHER_SIGNER, SIGNER

HEADS = [(f"件{n:03}", n + 1, bytes([n]) * 32) for n in range(7)]
FIRST = build(1, AT, None, HEADS, OFFICE, SIGNER)
SECOND = build(2, AT + timedelta(hours=1), FIRST, HEADS[:5], OFFICE, SIGNER)


def kinds(*args, **kwargs):
    return {fault.kind for fault in verify_checkpoint(*args, **kwargs)}


def test_sound_in_any_order_of_heads():
    assert verify_checkpoint(FIRST, heads=HEADS) == []
    assert verify_checkpoint(SECOND, FIRST, HEADS[:5][::-1]) == []
    assert FIRST.previous == "0" * 64
    assert SECOND.previous == digest_of(FIRST)
    assert build(2, AT + timedelta(hours=1), digest_of(FIRST), HEADS[:5], OFFICE, SIGNER) == SECOND
    assert FIRST.at == "2026-11-22T09:30:00+08:00"
    assert verify_checkpoint(build(1, AT, None, [], OFFICE, SIGNER), heads=[]) == []


def test_json_round_trip_is_strict():
    data = FIRST.to_json()
    assert Checkpoint.from_json(data) == FIRST
    content = decode(data)
    assert isinstance(content, dict)
    for broken in (
        b" " + data,
        encode({**content, "more": 1}),
        encode({key: value for key, value in content.items() if key != "office"}),
        encode({**content, "number": "1"}),
        encode({**content, "number": True}),
        encode({**content, "tree_size": -1}),
        encode({**content, "root": FIRST.root.upper()}),
        encode({**content, "signature": ""}),
        encode({**content, "at": "2026-11-22T09:30:00"}),
        encode([content]),
    ):
        with pytest.raises(ValueError):
            Checkpoint.from_json(broken)


def test_every_altered_byte_is_caught():
    data = FIRST.to_json()
    for position in range(len(data)):
        changed = data[:position] + bytes([data[position] ^ 0x20]) + data[position + 1 :]
        try:
            checkpoint = Checkpoint.from_json(changed)
        except ValueError:
            continue
        assert verify_checkpoint(checkpoint) != []


@pytest.mark.parametrize("name", [item for item in asdict(FIRST) if item not in ("signature", "algorithm")])
def test_any_altered_item_breaks_the_signature(name):
    value = getattr(FIRST, name)
    other = value + 1 if isinstance(value, int) else getattr(SECOND, name)
    if other == value:
        other = "另一街道办事处" if name == "office" else OTHER_SIGNER.public_key.hex()
    assert FaultKind.CHECKPOINT_SIGNATURE in kinds(replace(FIRST, **{name: other}))


def test_unknown_algorithm_and_nonsense_do_not_raise():
    assert kinds(replace(FIRST, algorithm="SM2")) == {FaultKind.CHECKPOINT_SIGNATURE}
    assert kinds(replace(FIRST, root="zz")) == {FaultKind.CHECKPOINT_MALFORMED}
    assert kinds(replace(FIRST, office="\ud800")) == {FaultKind.CHECKPOINT_MALFORMED}
    assert kinds(replace(FIRST, number=None)) == {FaultKind.CHECKPOINT_MALFORMED}
    assert kinds(SECOND, replace(FIRST, office="\ud800")) == {FaultKind.CHECKPOINT_ORDER}
    assert kinds(SECOND, replace(FIRST, at="x")) == {FaultKind.CHECKPOINT_ORDER}


def test_order():
    third = build(3, AT + timedelta(hours=2), SECOND, HEADS, OFFICE, SIGNER)
    assert kinds(third, FIRST) == {FaultKind.CHECKPOINT_ORDER}
    replaced = build(1, AT, None, HEADS[:2], OFFICE, SIGNER)
    (fault,) = verify_checkpoint(SECOND, replaced)
    assert "接不上第1号" in fault.say
    early = build(2, AT - timedelta(hours=1), FIRST, HEADS, OFFICE, SIGNER)
    (fault,) = verify_checkpoint(early, FIRST)
    assert "时间早于" in fault.say
    assert kinds(build(1, AT, "ab" * 32, HEADS, OFFICE, SIGNER)) == {FaultKind.CHECKPOINT_ORDER}
    assert kinds(build(2, AT, None, HEADS, OFFICE, SIGNER)) == {FaultKind.CHECKPOINT_ORDER}


def test_heads():
    changed = [*HEADS[:-1], (HEADS[-1][0], HEADS[-1][1], b"x" * 32)]
    (fault,) = verify_checkpoint(FIRST, heads=changed)
    assert fault.kind == FaultKind.CHECKPOINT_ROOT
    (fault,) = verify_checkpoint(FIRST, heads=HEADS[:-1])
    assert "7件" in fault.say and "6件" in fault.say
    assert kinds(FIRST, heads=[*HEADS, HEADS[0]]) == {FaultKind.CHECKPOINT_ROOT}


def test_build_refuses():
    with pytest.raises(ValueError):
        build(3, AT, FIRST, HEADS, OFFICE, SIGNER)
    with pytest.raises(ValueError):
        build(1, AT, None, [HEADS[0], HEADS[0]], OFFICE, SIGNER)
    with pytest.raises(ValueError):
        build(0, AT, None, HEADS, OFFICE, SIGNER)
    with pytest.raises(ValueError):
        build(1, AT, "nonsense", HEADS, OFFICE, SIGNER)
    with pytest.raises(ValueError):
        build(1, datetime(2026, 1, 1), None, HEADS, OFFICE, SIGNER)  # no time zone
    with pytest.raises(ValueError):
        build(1, AT, None, [("a", 1, b"short")], OFFICE, SIGNER)


@given(st.integers(1, 30), st.data())
@settings(max_examples=40)
def test_inclusion(count, data):
    heads = [(f"c{n}", n + 1, bytes([n]) * 32) for n in range(count)]
    checkpoint = build(1, datetime(2026, 1, 1, tzinfo=UTC), None, heads, OFFICE, SIGNER)
    case, seq, digest = data.draw(st.sampled_from(heads))
    proof = prove_inclusion(heads, case)
    assert (proof.seq, proof.digest) == (seq, digest.hex())
    assert check_inclusion(checkpoint, proof)
    assert Inclusion.from_value(decode(encode(proof.to_value()))) == proof
    assert not check_inclusion(checkpoint, replace(proof, seq=seq + 1))
    assert not check_inclusion(checkpoint, replace(proof, case="other"))
    assert not check_inclusion(checkpoint, replace(proof, digest="zz"))


def test_no_proof_for_an_absent_case():
    with pytest.raises(KeyError):
        prove_inclusion(HEADS, "没有的件")


def test_paper_holds_everything_needed():
    text = printable(SECOND)
    bare = "".join(text.split())
    for needed in (SECOND.root, SECOND.previous, digest_of(SECOND), SECOND.signature, SECOND.public_key):
        assert needed in bare
    assert fingerprint(SIGNER.public_key) in text
    assert "第2号" in text and OFFICE in text and "5件" in text and "2026年11月22日10时30分00秒" in text
    assert "首个存证点" in printable(FIRST)
