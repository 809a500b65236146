"""案卷包里的每一种篡改，都要点名是哪一号、哪一栏、哪个附件。"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jiezhi.core.evidence import (
    FaultKind,
    encode,
    seal,
    sm3_hex,
    verify_package,
)
from jiezhi.core.evidence.tests.samples import (
    PHOTO,
    SIGNER,
    body,
    chain_of,
    package,
    resign,
    rewrite,
    source,
)

K = FaultKind
README = "说明.txt"
PHOTO_NAME = "files/" + sm3_hex(PHOTO)
KEY = SIGNER.public_key
BARE: dict = {"openings": {}, "erased": {}, "files": {}, "checkpoint": None, "inclusion": None}


def kinds(path):
    report = verify_package(path, trusted_key=KEY)
    assert report.ok == (not report.faults)
    return {fault.kind for fault in report.faults}


def said(path):
    return "\n".join(fault.say for fault in verify_package(path, trusted_key=KEY).faults)


def lines(contents):
    return [json.loads(line) for line in contents["events.jsonl"].splitlines()]


def put_lines(contents, events):
    contents["events.jsonl"] = b"".join(encode(event) + b"\n" for event in events)


def test_altered_event_is_named(tmp_path):
    path = package(tmp_path)

    def change(contents):
        events = lines(contents)
        events[2]["body"] = events[2]["body"].replace("step3", "step9")
        put_lines(contents, events)

    rewrite(path, change)
    assert kinds(path) == {K.PACKAGE_ALTERED, K.MEMBER_ALTERED, K.BODY_ALTERED}
    assert "第3号办理记录的内容被改动" in said(path)
    assert "“events.jsonl”与清单所载的摘要或大小不符" in said(path)


def test_altered_event_is_named_even_when_the_list_was_brought_in_line(tmp_path):
    path = package(tmp_path)

    def change(contents):
        events = lines(contents)
        events[5]["body"] = events[5]["body"].replace("step6", "step9")
        put_lines(contents, events)

    rewrite(path, change, listed=True)
    assert kinds(path) == {K.PACKAGE_ALTERED, K.BODY_ALTERED}
    resign(path)  # and even when the forger holds the office's key
    assert kinds(path) == {K.BODY_ALTERED}
    assert "第6号" in said(path)


def test_removed_inserted_reordered_repeated_events(tmp_path):
    expected = {
        "remove": (K.MISSING, "缺少第3号"),
        "cut": (K.MISSING, "缺少第6号办理记录（末尾被截去）"),
        "insert": (K.INSERTED, "排在第4条的与前后接不上"),
        "swap": (K.REORDERED, "第4号办理记录的先后次序"),
        "repeat": (K.REPEATED, "第2号办理记录重复出现2次"),
    }
    for what, (kind, words) in expected.items():
        folder = tmp_path / what
        folder.mkdir()
        path = package(folder)

        def change(contents, what=what):
            events = lines(contents)
            if what == "remove":
                del events[2]
            elif what == "cut":
                del events[5]
            elif what == "insert":
                new = encode(body(3, action="forged")).decode()
                events.insert(3, {**events[2], "body": new})
            elif what == "swap":
                events[2], events[3] = events[3], events[2]
            else:
                events.insert(1, events[1])
            put_lines(contents, events)

        rewrite(path, change)
        assert kind in kinds(path), what
        assert words in said(path), what


def test_altered_opening_is_named(tmp_path):
    path = package(tmp_path)

    def change(contents):
        contents["openings.json"] = contents["openings.json"].replace("擅自".encode(), "经许可".encode())

    rewrite(path, change, listed=True)
    resign(path)
    assert kinds(path) == {K.OPENING_ALTERED}
    assert "第2号办理记录的“cause”" in said(path)


@pytest.mark.parametrize("content", [b"null", b"{}", b"[]", b'{"2":{"erased":{},"openings":{}}}', b"x"])
def test_taken_openings_are_missed(tmp_path, content):
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.update({"openings.json": content}), listed=True)
    resign(path)
    assert kinds(path) & {K.OPENING_MISSING, K.MEMBER_MALFORMED}


def test_erasure_needs_a_later_event_that_says_so(tmp_path):
    made = source()
    taken = source(openings={}, erased=made.erased)  # cause withheld as well
    path = package(tmp_path, taken, check=False)
    assert kinds(path) == {K.OPENING_MISSING}
    claimed = {2: {**made.erased[2], "cause": {"by_seq": 5, "at": "2026-11-04T09:04:00+08:00"}}}
    path = package(tmp_path, source(openings={}, erased=claimed), check=False)
    assert kinds(path) == {K.ERASURE_UNSUPPORTED}
    assert "“cause”称已依法清除，但没有哪条办理记录写明" in said(path)


def test_erasure_event_alone_is_enough_and_must_be_told_truly(tmp_path):
    assert verify_package(package(tmp_path, source(erased={})), trusted_key=KEY).ok
    wrong = {2: {"phone": {"by_seq": 6, "at": "2026-11-04T09:04:00+08:00"}}}
    assert kinds(package(tmp_path, source(erased=wrong), check=False)) == {K.ERASURE_UNSUPPORTED}
    wrong = {2: {"phone": {"by_seq": 5, "at": "昨天"}}}
    assert kinds(package(tmp_path, source(erased=wrong), check=False)) == {K.ERASURE_UNSUPPORTED}


def test_erased_but_still_there(tmp_path):
    made = source()
    _, phone = seal("phone", "13800000000", b"b" * 16)
    kept = {2: {**made.openings[2], "phone": phone}}
    path = package(tmp_path, source(openings=kept, erased={}), check=False)
    assert kinds(path) == {K.ERASURE_CONTRADICTED}


def test_erasure_cannot_point_ahead(tmp_path):
    digest, _ = seal("phone", "1", b"b" * 16)
    bodies = [
        body(1, effects={"erase": [{"seq": 2, "fields": ["phone"]}]}),
        body(2, inputs={"phone": digest}),
    ]
    records = chain_of([encode(item) for item in bodies])
    made = source(records=records, openings={}, erased={}, files={}, checkpoint=None, inclusion=None)
    assert kinds(package(tmp_path, made, check=False)) == {K.ERASURE_UNSUPPORTED, K.OPENING_MISSING}


def test_erased_file(tmp_path):
    made = source()
    bodies = [json.loads(record.body) for record in made.records]
    bodies[5]["effects"] = {"erase": [{"seq": 3, "files": [sm3_hex(PHOTO)]}]}
    records = chain_of([encode(item) for item in bodies])
    path = package(tmp_path, source(records=records, files={}))
    report = verify_package(path, trusted_key=KEY)
    assert report.ok
    assert any("附件“现场照片.jpg”已依法清除（见第6号" in note for note in report.notes)
    bodies[5]["effects"] = {}
    records = chain_of([encode(item) for item in bodies])
    lost = source(records=records, files={}, checkpoint=None, inclusion=None)
    assert kinds(package(tmp_path, lost, check=False)) == {K.FILE_MISSING}


def test_unasked_opening(tmp_path):
    _, extra = seal("secret", 1, b"d" * 16)
    made = source()
    path = package(tmp_path, source(openings={**made.openings, 3: {"secret": extra}}), check=False)
    assert kinds(path) == {K.OPENING_EXTRA}
    path = package(tmp_path, source(openings={**made.openings, 30: {"secret": extra}}), check=False)
    assert kinds(path) == {K.OPENING_EXTRA}


def test_files_altered_removed_added(tmp_path):
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.update({PHOTO_NAME: PHOTO[:-1] + b"!"}))
    assert kinds(path) == {K.PACKAGE_ALTERED, K.MEMBER_ALTERED, K.FILE_ALTERED}
    assert "第3号办理记录的附件“现场照片.jpg”" in said(path)
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.pop(PHOTO_NAME))
    assert kinds(path) == {K.PACKAGE_ALTERED, K.MEMBER_MISSING, K.FILE_MISSING}
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.update({"files/" + "0" * 64: b"planted"}))
    assert kinds(path) == {K.PACKAGE_ALTERED, K.MEMBER_EXTRA, K.FILE_EXTRA}


@pytest.mark.parametrize(
    "name", ["case.json", "definition.json", "events.jsonl", "manifest.json", "说明.txt"]
)
def test_removed_member_is_named(tmp_path, name):
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.pop(name))
    assert K.MEMBER_MISSING in kinds(path)
    assert f"包内缺“{name}”" in said(path)


def test_extra_member_is_named(tmp_path):
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.update({"病毒.exe": b"MZ"}), listed=True)
    resign(path)
    assert K.MEMBER_EXTRA in kinds(path)
    assert "病毒.exe" in said(path)


def test_definition_and_header_swapped(tmp_path):
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.update({"definition.json": b"{}"}), listed=True)
    resign(path)
    assert kinds(path) == {K.DEFINITION_MISMATCH}
    path = package(tmp_path)
    rewrite(path, lambda contents: contents.update({"case.json": encode({"uid": "X"})}), listed=True)
    resign(path)
    assert kinds(path) == {K.FOREIGN}


def test_repacked_without_any_change_is_still_not_the_original(tmp_path):
    path = package(tmp_path)
    rewrite(path, lambda contents: None)
    report = verify_package(path, trusted_key=KEY)
    assert {fault.kind for fault in report.faults} == {K.PACKAGE_ALTERED}
    assert any("不是当时签出的那一份" in note for note in report.notes)


def test_checkpoint_tampering(tmp_path):
    def change(item, value):
        def apply(contents):
            content = json.loads(contents["checkpoint.json"])
            content[item[0]][item[1]] = value
            contents["checkpoint.json"] = encode(content)

        return apply

    for item, value, kind in (
        (("checkpoint", "tree_size"), 5, K.CHECKPOINT_PROOF),
        (("checkpoint", "at"), "2020-01-01T00:00:00+08:00", K.CHECKPOINT_SIGNATURE),
        (("inclusion", "seq"), 3, K.CHECKPOINT_PROOF),
        (("inclusion", "path"), ["zz"], K.CHECKPOINT_MALFORMED),
        (("checkpoint", "number"), 0, K.CHECKPOINT_MALFORMED),
    ):
        path = package(tmp_path)
        rewrite(path, change(item, value), listed=True)
        resign(path)
        assert kind in kinds(path), item
        assert verify_package(path, trusted_key=KEY).facts["covered_to"] == 0


def test_history_rewritten_after_the_checkpoint_is_caught_before_it(tmp_path):
    made = source()
    bodies = [json.loads(record.body) for record in made.records]
    bodies[1]["action"] = "forged"
    rewritten = source(records=chain_of([encode(item) for item in bodies]))
    path = package(tmp_path, rewritten, check=False)
    assert kinds(path) == {K.CHECKPOINT_PROOF}
    without = package(tmp_path, replace(rewritten, checkpoint=None, inclusion=None))
    assert verify_package(without, trusted_key=KEY).ok  # what this can't prove, as the docstring says
