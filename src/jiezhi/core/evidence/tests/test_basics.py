"""规范字节、SM3、加盐摘要、签名。"""

from __future__ import annotations

import hashlib
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.evidence import (
    Ed25519Signer,
    Opening,
    check,
    decode,
    encode,
    fingerprint,
    hmac_sm3,
    is_canonical,
    seal,
    sm3,
    sm3_file,
    sm3_hex,
    verify_signature,
)
from jiezhi.core.evidence import digest as digest_module

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ints = st.integers(-(2**53 - 1), 2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | ints | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
@settings(max_examples=150)
def test_canonical_round_trip(value):
    data = encode(value)
    assert decode(data) == value
    assert is_canonical(data)
    assert encode(decode(data)) == data


@given(st.dictionaries(texts, ints, min_size=2, max_size=5))
@settings(max_examples=60)
def test_key_order_does_not_matter_and_other_spellings_are_not_canonical(value):
    turned = dict(reversed(list(value.items())))
    assert encode(turned) == encode(value)
    assert not is_canonical(json.dumps(value).encode())  # spaces


def test_exact_bytes():
    assert encode({"b": [1, True, None], "a": '中"\n'}) == '{"a":"中\\"\\n","b":[1,true,null]}'.encode()


class Text(str):
    pass


@pytest.mark.parametrize(
    "value",
    [1.0, {"a": 1.5}, [float("nan")], b"x", (1, 2), {1}, {1: "a"}, {None: 1}, {"a": {True: 1}}, Text("a")],
)
def test_refused_types(value):
    with pytest.raises(TypeError):
        encode(value)


def deep(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, ["a\ud83d"], 2**53, -(2**53), deep(70)])
def test_refused_values(value):
    with pytest.raises(ValueError):
        encode(value)


def test_a_value_that_holds_itself_is_refused():
    value: list = []
    value.append(value)
    with pytest.raises(ValueError):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1.0",
        b"1e3",
        b"NaN",
        b"Infinity",
        b'{"a":1,"a":2}',
        b'"\\ud800"',
        b"\xef\xbb\xbf1",
        b"\xff",
        b"[" * 100_000,
        b"[" * 100 + b"]" * 100,
        b"9" * 5000,
        b"1 2",
    ],
)
def test_decode_refuses(data):
    with pytest.raises(ValueError):
        decode(data)
    assert not is_canonical(data)


@pytest.mark.parametrize("data", [b' {"a":1}', b'{"b":1,"a":2}', b'"\\u4e2d"', b"-0", b'"\\/"', b"1\n"])
def test_readable_but_not_canonical(data):
    decode(data)
    assert not is_canonical(data)


@pytest.mark.parametrize(("message", "expected"), digest_module.VECTORS)
def test_sm3_vectors_in_both_implementations(message, expected):
    assert sm3(message).hex() == sm3_hex(message) == expected
    assert digest_module._sm3_cryptography(message).hex() == expected
    assert sm3_file(io.BytesIO(message)).hex() == expected
    pieces = digest_module._CryptographyHasher()
    for byte in message:
        pieces.update(bytes([byte]))
    assert pieces.digest().hex() == expected


def test_falls_back_when_hashlib_lacks_or_miscomputes_sm3(monkeypatch):
    def lacking(name):
        raise ValueError(name)

    monkeypatch.setattr(hashlib, "new", lacking)
    assert digest_module._choose()[0] == "cryptography"
    monkeypatch.setattr(hashlib, "new", lambda name: hashlib.sha256())
    name, function, new = digest_module._choose()
    assert name == "cryptography"
    assert function(b"abc").hex() == digest_module.VECTORS[0][1]
    assert new().digest() == sm3(b"")


@given(st.binary(min_size=1, max_size=150), st.binary(max_size=100))
@settings(max_examples=50)
def test_hmac_is_rfc_2104(key, data):
    block = (sm3(key) if len(key) > 64 else key).ljust(64, b"\0")
    inner = sm3(bytes(b ^ 0x36 for b in block) + data)
    assert hmac_sm3(key, data) == sm3(bytes(b ^ 0x5C for b in block) + inner)


def test_hmac_needs_a_key():
    with pytest.raises(ValueError):
        hmac_sm3(b"", b"x")


@given(texts, values)
@settings(max_examples=80)
def test_seal_and_check(field, value):
    digest, opening = seal(field, value)
    assert check(field, opening, digest)
    assert Opening.from_json(decode(encode(opening.to_json()))) == opening
    assert not check(field + "x", opening, digest)
    assert not check(field, Opening(opening.salt_hex, [value]), digest)
    assert not check(field, Opening("0" * 32, value), digest)


def test_salts_differ_and_same_salt_gives_same_digest():
    assert seal("a", 1)[0] != seal("a", 1)[0]
    assert seal("a", 1, b"s" * 16) == seal("a", 1, b"s" * 16)
    with pytest.raises(ValueError):
        seal("a", 1, b"short")


@pytest.mark.parametrize("salt", ["", "AB" * 16, "ab" * 15, "zz" * 16])
def test_malformed_openings_are_false_not_errors(salt):
    assert not check("a", Opening(salt, 1), "0" * 64)
    with pytest.raises(ValueError):
        Opening.from_json({"salt": salt, "value": 1})


def test_unencodable_opening_is_false():
    assert not check("a", Opening("0" * 32, 1.5), "0" * 64)  # type: ignore[arg-type]


def test_signature():
    # RFC 8032 §7.1, test 1
    signer = Ed25519Signer.from_seed(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert signer.public_key.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = signer.sign(b"")
    assert signature.hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    assert verify_signature("Ed25519", signer.public_key, b"", signature)
    assert not verify_signature("Ed25519", signer.public_key, b"x", signature)
    assert not verify_signature("SM2", signer.public_key, b"", signature)
    assert not verify_signature("Ed25519", signer.public_key[:-1], b"", signature)
    assert not verify_signature("Ed25519", b"\xff" * 32, b"", signature)
    assert not verify_signature("Ed25519", signer.public_key, b"", signature[:-1])
    with pytest.raises(ValueError):
        Ed25519Signer.from_seed(b"short")


def test_fingerprint_can_be_read_aloud():
    groups = fingerprint(b"k" * 32).split("-")
    assert [len(group) for group in groups] == [4] * 6
    assert all(group.isdigit() for group in groups)
    assert fingerprint(b"k" * 32) != fingerprint(b"l" * 32)
