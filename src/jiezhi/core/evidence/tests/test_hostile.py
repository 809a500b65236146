"""来路不明的案卷包：核验程序不得出错中断、不得被撑爆、不得写出任何文件。"""

from __future__ import annotations

import io
import struct
import warnings
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiezhi.core.evidence import LIMITS, FaultKind, Findings, Limits, parse_body, verify_package
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.events import BodyError
from jiezhi.core.evidence.tests.samples import SIGNER, body, members, package, resign, rewrite, sig_path

K = FaultKind
KEY = SIGNER.public_key


def kinds(path, limits=LIMITS):
    report = verify_package(path, trusted_key=KEY, limits=limits)
    assert report.ok == (not report.faults)
    return {fault.kind for fault in report.faults}


def test_truncated_anywhere(tmp_path):
    path = package(tmp_path)
    good = path.read_bytes()
    for size in [*range(0, len(good), 61), len(good) - 1]:
        path.write_bytes(good[:size])
        report = verify_package(path, trusted_key=KEY)
        found = {fault.kind for fault in report.faults}
        assert {K.PACKAGE_ALTERED, K.PACKAGE_UNREADABLE} <= found
        assert f"少了{len(good) - size}字节" in report.faults[0].say


def test_something_appended_or_prepended(tmp_path):
    path = package(tmp_path)
    good = path.read_bytes()
    for changed in (good + b"tail", b"head" + good):
        path.write_bytes(changed)
        assert K.PACKAGE_ALTERED in kinds(path)


def test_not_there_or_not_a_file(tmp_path):
    assert kinds(tmp_path / "没有.zip") == {K.SIGNATURE_MISSING, K.PACKAGE_UNREADABLE}
    (tmp_path / "folder.zip").mkdir()
    assert K.PACKAGE_UNREADABLE in kinds(tmp_path / "folder.zip")
    assert not verify_package("bad\0name").ok


@pytest.mark.parametrize(
    "name",
    ["../../etc/cron.d/x", "/etc/passwd", "files/../../x", "..\\x", "C:/x", "a\u202egpj.exe", "说明.txt\n"],
)
def test_unsafe_names(tmp_path, name):
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.update({name: b"x"}), listed=True)
    resign(path)
    report = verify_package(path, trusted_key=KEY)
    assert K.NAME_UNSAFE in {fault.kind for fault in report.faults}
    for fault in report.faults:
        assert fault.say.isprintable() and fault.where.isprintable()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["案卷.zip", "案卷.zip.sig"]


def test_name_cut_off_at_a_null(tmp_path):
    path = package(tmp_path)
    data = path.read_bytes().replace(b"case.json", b"case\0json")
    path.write_bytes(data)
    assert K.NAME_UNSAFE in kinds(path)


def test_same_name_twice(tmp_path):
    path = package(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("case.json", b'{"uid":"other"}')
    resign(path)
    assert kinds(path) == {K.NAME_REPEATED}


def bomb(path, name, size, method=zipfile.ZIP_DEFLATED):
    contents = members(path)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for other, data in contents.items():
            if other != name:
                archive.writestr(other, data)
        with archive.open(name, "w", force_zip64=False) as out:
            for _ in range(size >> 20):
                out.write(bytes(1 << 20))
    path.write_bytes(stream.getvalue())
    resign(path)


def test_zip_bomb_is_not_inflated(tmp_path):
    path = package(tmp_path)
    bomb(path, "openings.json", 40 << 20)
    assert path.stat().st_size < 100_000
    assert K.TOO_LARGE in kinds(path)  # more than any text may be
    report = verify_package(path, trusted_key=KEY, limits=Limits(inflated=20 << 20))
    assert [fault.say for fault in report.faults] == ["包内文件解开后大得不正常，不予解开。"]
    assert "case" not in report.facts  # nothing at all was inflated


def test_zip_bomb_that_lies_about_its_size(tmp_path):
    path = package(tmp_path)
    bomb(path, "openings.json", 8 << 20)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 8 << 20), struct.pack("<I", 100)))
    resign(path)
    assert K.MEMBER_ALTERED in kinds(path)


def test_too_many_members_and_too_large_a_directory(tmp_path):
    path = package(tmp_path)
    assert kinds(path, Limits(members=3)) == {K.PACKAGE_UNREADABLE}
    assert kinds(path, Limits(directory=100)) == {K.PACKAGE_UNREADABLE}
    assert kinds(path, Limits(package=100)) == {K.TOO_LARGE}
    assert kinds(path, Limits(signature=10)) == {K.SIGNATURE_MALFORMED}
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    data[end + 8 : end + 12] = struct.pack("<HH", 2, 2)  # lies about the count; the directory has more
    path.write_bytes(data)
    assert kinds(path, Limits(members=3)) == {K.PACKAGE_ALTERED, K.TOO_LARGE}


def test_zip64_and_odd_compression_are_refused(tmp_path):
    path = package(tmp_path)
    data = path.read_bytes()
    end = data.rfind(b"PK\x05\x06")
    path.write_bytes(data[:end] + b"PK\x06\x07" + bytes(16) + data[end:])
    resign(path)
    assert kinds(path) == {K.PACKAGE_UNREADABLE}
    path = package(tmp_path)
    bomb(path, "openings.json", 1 << 20, zipfile.ZIP_BZIP2)
    assert K.MEMBER_MALFORMED in kinds(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"v":1}',
        b'{"case":"X","events":-1,"head":null,"members":{},"v":1}',
        b'{"case":"X","events":1,"head":"zz","members":{},"v":1}',
        b'{"case":"X","events":0,"head":null,"members":{"a":1},"v":1}',
        b'{"case":"X","events":0,"head":null,"members":{"a":{"size":-1,"sm3":"x"}},"v":1}',
        b'{"uid":1}',
        b"1" * 10_000,
    ],
)
@pytest.mark.parametrize(
    "name",
    ["manifest.json", "case.json", "events.jsonl", "openings.json", "definition.json", "checkpoint.json"],
)
def test_nonsense_in_any_member(tmp_path, name, content):
    name += ".jsonl" if name == "events" else ".json"
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.update({name: content}), listed=name != "manifest.json")
    resign(path)
    report = verify_package(path, trusted_key=KEY)
    assert not report.ok
    assert not any("核验中途无法继续" in fault.say for fault in report.faults)


def test_faults_and_notes_are_bounded():
    findings = Findings(limit=3)
    for number in range(10):
        findings.fault(K.MISSING, str(number), "缺。")
        findings.note(f"{number}")
    findings.fault(K.MISSING, "0", "缺。")  # the same again isn't counted
    findings.close()
    assert [fault.kind for fault in findings.faults] == [K.MISSING] * 3 + [K.TOO_MANY]
    assert "另有7处" in findings.faults[-1].say
    assert "另有7条" in findings.notes[-1]


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_damage_never_raises(tmp_path, data):
    path = tmp_path / "案卷.zip"
    good = (package(tmp_path) if not path.exists() else path).read_bytes()
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        cut = data.draw(st.integers(0, 30))
        changed[at : at + cut] = data.draw(st.binary(max_size=30))
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(changed)
    sig_path(damaged).write_bytes(sig_path(path).read_bytes())
    report = verify_package(damaged, trusted_key=KEY)
    assert report.ok == (bytes(changed) == good)


def test_body_layout():
    good = parse_body(encode(body(1, effects={"erase": [{"seq": 1, "fields": ["a"]}]}, extra="allowed")))
    assert good.erases[0].fields == ("a",)
    assert good.from_state is None and good.to_state == "s1"
    for changes in (
        {"v": 2},
        {"v": True},
        {"case": ""},
        {"seq": 0},
        {"seq": "1"},
        {"matter": None},
        {"definition": "AB" * 32},
        {"at": "2026-11-22T09:00:00"},
        {"recorded_at": "x"},
        {"actor": []},
        {"from": 1},
        {"to": None},
        {"inputs": {"a": "short"}},
        {"inputs": []},
        {"files": [{}]},
        {"files": [{"digest": "ab" * 32, "name": 1, "kind": "", "size": 1}]},
        {"files": [{"digest": "ab" * 32, "name": "", "kind": "", "size": -1}]},
        {"effects": None},
        {"effects": {"erase": {}}},
        {"effects": {"erase": [{"seq": 1}]}},
        {"effects": {"erase": [{"seq": 1, "fields": [1]}]}},
        {"effects": {"erase": [{"seq": 1, "files": ["x"]}]}},
    ):
        with pytest.raises(BodyError):
            parse_body(encode(body(1, **changes)))
    for name in body(1):
        content = body(1)
        del content[name]
        with pytest.raises(BodyError):
            parse_body(encode(content))
    with pytest.raises(BodyError):
        parse_body(b" " + encode(body(1)))
