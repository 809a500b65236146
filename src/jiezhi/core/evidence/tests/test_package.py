"""案卷包：写出、核验、签名，逐字节翻转。"""

from __future__ import annotations

import json
import os
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiezhi.core.evidence import (
    FaultKind,
    Opening,
    PackageRefused,
    PackageSignature,
    encode,
    fingerprint,
    seal,
    sm3_hex,
    verify_package,
    verify_signature,
    write_package,
)
from jiezhi.core.evidence.tests.samples import (
    AT,
    CASE,
    DEFINITION,
    OFFICE,
    OTHER_SIGNER,
    PHOTO,
    SIGNER,
    body,
    chain_of,
    members,
    package,
    resign,
    sig_path,
    source,
)

K = FaultKind
PHOTO_NAME = "files/" + sm3_hex(PHOTO)
KEY = SIGNER.public_key
BARE: dict = {"openings": {}, "erased": {}, "files": {}, "checkpoint": None, "inclusion": None}


def kinds(path):
    report = verify_package(path, trusted_key=KEY)
    assert report.ok == (not report.faults)
    return {fault.kind for fault in report.faults}


def said(path):
    return "\n".join(fault.say for fault in verify_package(path, trusted_key=KEY).faults)


def test_sound_package(tmp_path):
    path = package(tmp_path)
    report = verify_package(path, trusted_key=KEY)
    assert report.faults == ()
    assert report.ok
    assert report.facts == {
        "case": CASE,
        "title": "占道经营案",
        "events": 6,
        "head": source().records[-1].digest.hex(),
        "files": 1,
        "office": OFFICE,
        "signed_at": "2026-11-22T09:30:00+08:00",
        "algorithm": "Ed25519",
        "fingerprint": fingerprint(KEY),
        "key_trusted": True,
        "covered_to": 4,
        "checkpoint": 1,
        "checkpoint_at": "2026-11-05T08:00:00+08:00",
    }
    notes = "\n".join(report.notes)
    assert "第2号办理记录的“phone”已依法清除（见第5号办理记录" in notes
    assert "第4号办理记录是补录" in notes and "晚了2天" in notes
    assert "第1至第4号办理记录已存于第1号存证点" in notes and "其后2条尚未存证" in notes
    assert len(report.notes) == 3
    assert sorted(item.name for item in tmp_path.iterdir()) == ["案卷.zip", "案卷.zip.sig"]


def test_members_and_readme(tmp_path):
    contents = members(package(tmp_path))
    assert list(contents) == sorted(contents)
    assert set(contents) == {
        "case.json",
        "checkpoint.json",
        "definition.json",
        "events.jsonl",
        "manifest.json",
        "openings.json",
        "说明.txt",
        PHOTO_NAME,
    }
    readme = contents["说明.txt"].decode()
    for needed in (OFFICE, "占道经营案", "jiezhi verify", fingerprint(KEY), "不能说明"):
        assert needed in readme


def test_same_input_same_bytes(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    one, two = package(first), package(second)
    assert one.read_bytes() == two.read_bytes()
    assert sig_path(one).read_bytes() == sig_path(two).read_bytes()


def test_without_a_trusted_key_it_says_what_the_signature_is_worth(tmp_path):
    path = package(tmp_path)
    report = verify_package(path)
    assert report.ok
    assert report.facts["key_trusted"] is False
    note = next(note for note in report.notes if "未指定可信公钥" in note)
    assert fingerprint(KEY) in note and "只能说明案卷包与随附的公钥一致" in note


def test_every_flipped_byte_is_caught(tmp_path):
    digest, opened = seal("a", 1, b"s" * 16)
    file = {"digest": sm3_hex(b"f"), "name": "f", "kind": "k", "size": 1}
    data = encode(body(1, inputs={"a": digest}, files=[file]))
    changes = {"openings": {1: {"a": opened}}, "files": {sm3_hex(b"f"): lambda: b"f"}}
    path = package(tmp_path, source(**BARE | changes | {"records": chain_of([data])}))
    for target in (path, sig_path(path)):
        good = target.read_bytes()
        for position in range(len(good)):
            changed = bytearray(good)
            changed[position] ^= 1 << position % 8
            target.write_bytes(changed)
            report = verify_package(path, trusted_key=KEY)
            assert not report.ok and report.faults, (target.name, position)
        target.write_bytes(good)
    assert verify_package(path, trusted_key=KEY).ok


def test_every_byte_of_the_signature_file_in_every_bit(tmp_path):
    path = package(tmp_path)
    good = sig_path(path).read_bytes()
    for position in range(len(good)):
        for bit in range(8):
            changed = bytearray(good)
            changed[position] ^= 1 << bit
            try:
                read = PackageSignature.from_json(bytes(changed))
            except ValueError:
                continue
            # Readable all the same: then the signature itself must fail. (Most don't get here.)
            assert read.to_json() == bytes(changed)
            key, signed = bytes.fromhex(read.public_key), bytes.fromhex(read.signature)
            assert not verify_signature(read.algorithm, key, read.signed_bytes(), signed), (position, bit)


def test_sampled_bytes_of_a_larger_package(tmp_path):
    photo = random.Random(5).randbytes(200_000)
    digest = sm3_hex(photo)
    bodies = [body(1, files=[{"digest": digest, "name": "录像.mp4", "kind": "video", "size": len(photo)}])]
    records = chain_of([encode(item) for item in bodies])
    made = source(
        records=records,
        openings={},
        erased={},
        files={digest: lambda: photo},
        checkpoint=None,
        inclusion=None,
    )
    path = package(tmp_path, made)
    good = path.read_bytes()
    positions = random.Random(7).sample(range(len(good)), 400)
    for position in positions:
        with open(path, "r+b") as stream:
            stream.seek(position)
            stream.write(bytes([good[position] ^ 0x40]))
        assert not verify_package(path, trusted_key=KEY).ok, position
        with open(path, "r+b") as stream:
            stream.seek(position)
            stream.write(good[position : position + 1])
    assert verify_package(path, trusted_key=KEY).ok


def test_two_versions_of_the_procedure_are_a_note(tmp_path):
    bodies = [body(1, definition="ab" * 32), body(2)]
    made = source(
        records=chain_of([encode(item) for item in bodies]),
        openings={},
        erased={},
        files={},
        checkpoint=None,
        inclusion=None,
    )
    report = verify_package(package(tmp_path, made), trusted_key=KEY)
    assert report.ok
    assert any(note.startswith("第1号办理记录是按业务模板的另一版本") for note in report.notes)


def test_signed_by_someone_else(tmp_path):
    path = package(tmp_path)
    resign(path, OTHER_SIGNER)
    assert kinds(path) == {K.KEY_UNTRUSTED}
    assert fingerprint(OTHER_SIGNER.public_key) in said(path)
    report = verify_package(path)
    assert report.ok
    assert any("存证点用的是另一把密钥" in note for note in report.notes)


def test_signature_file_problems(tmp_path):
    path = package(tmp_path)
    beside = sig_path(path)
    good = beside.read_bytes()
    content = json.loads(good)
    for broken in (
        good + b"\n",
        json.dumps(content).encode(),
        encode({**content, "more": 1}),
        encode({**content, "signature": content["signature"].upper()}),
        encode({**content, "v": 2}),
        encode({**content, "v": True}),
        encode({**content, "size": "1"}),
        encode({**content, "at": "x"}),
        b"",
        b"x" * 100_000,
        b"[" * 50_000,
    ):
        beside.write_bytes(broken)
        assert kinds(path) == {K.SIGNATURE_MALFORMED}
    beside.write_bytes(encode({**content, "office": "别的街道办事处"}))
    assert kinds(path) == {K.SIGNATURE_WRONG}
    beside.write_bytes(encode({**content, "algorithm": "SM2"}))
    assert kinds(path) == {K.SIGNATURE_WRONG}
    beside.unlink()
    assert kinds(path) == {K.SIGNATURE_MISSING}


def test_renamed_package_is_a_note(tmp_path):
    path = package(tmp_path)
    sig_path(path).rename(tmp_path / "副本.zip.sig")
    report = verify_package(path.rename(tmp_path / "副本.zip"), trusted_key=KEY)
    assert report.ok
    assert any("改名不影响内容" in note for note in report.notes)


def test_write_refuses_to_sign_what_would_not_verify(tmp_path):
    records = list(source().records)
    records[2] = records[2]._replace(body=records[1].body)
    with pytest.raises(PackageRefused) as refused:
        package(tmp_path, source(records=records))
    assert refused.value.faults
    with pytest.raises(PackageRefused):
        package(
            tmp_path, source(records=[], openings={}, erased={}, files={}, checkpoint=None, inclusion=None)
        )
    with pytest.raises(ValueError):
        package(tmp_path, source(files={sm3_hex(PHOTO): lambda: b"other"}))
    with pytest.raises(ValueError):
        package(tmp_path, source(files={"../evil": lambda: b"x"}))
    with pytest.raises(ValueError):
        package(tmp_path, source(case={"title": "没有编号"}))
    with pytest.raises(ValueError):
        package(tmp_path, source(inclusion=None))
    assert list(tmp_path.iterdir()) == []  # nothing half-written is left


def test_a_failed_write_leaves_the_earlier_pair_alone(tmp_path, monkeypatch):
    path = package(tmp_path)
    before = path.read_bytes(), sig_path(path).read_bytes()

    def failing(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError):
        package(tmp_path)
    assert (path.read_bytes(), sig_path(path).read_bytes()) == before
    assert len(list(tmp_path.iterdir())) == 2


def test_files_may_come_from_paths(tmp_path):
    original = tmp_path / "photo"
    original.write_bytes(PHOTO)
    here, there = tmp_path / "a", tmp_path / "b"
    here.mkdir()
    there.mkdir()
    from_path = package(here, source(files={sm3_hex(PHOTO): lambda: original}))
    assert verify_package(from_path, trusted_key=KEY).ok
    assert members(from_path)[PHOTO_NAME] == PHOTO


inputs = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    st.none() | st.booleans() | st.integers(0, 10**9) | st.text('中文ab\n"\\ 😀', max_size=8),
    max_size=4,
)


@given(st.lists(inputs, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trip(tmp_path: Path, events):
    openings: dict[int, dict[str, Opening]] = {}
    bodies = []
    for seq, fields in enumerate(events, 1):
        sealed = {name: seal(name, value) for name, value in fields.items()}
        openings[seq] = {name: opened for name, (_, opened) in sealed.items()}
        bodies.append(encode(body(seq, inputs={name: digest for name, (digest, _) in sealed.items()})))
    made = source(
        records=chain_of(bodies), openings=openings, erased={}, files={}, checkpoint=None, inclusion=None
    )
    path = tmp_path / "x.zip"
    signature = write_package(path, made, SIGNER, AT)
    report = verify_package(path, trusted_key=KEY)
    assert report.ok
    assert report.facts["events"] == len(events)
    assert PackageSignature.from_json(sig_path(path).read_bytes()) == signature
    written = json.loads(members(path)["openings.json"])
    assert {
        int(seq): {name: Opening.from_json(item) for name, item in entry["openings"].items()}
        for seq, entry in written.items()
    } == openings
    assert members(path)["definition.json"].decode() == DEFINITION
    assert zipfile.ZipFile(path).testzip() is None
