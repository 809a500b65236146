"""存证点：重写了的历史只有它查得出；它自己被改、被删、换了签名也查得出；链头怎样打包。"""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from jiezhi.base.casework import actions, integrity
from jiezhi.base.casework.heads import current_heads, heads_of, pack, pack_changes, unpack
from jiezhi.base.casework.models import Case, Checkpoint, Event
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import (
    DAY,
    HOUR,
    checkpoint,
    done,
    life,
    reseal,
    run,
    said,
    tampered,
    tampering,
)
from jiezhi.core import evidence


def rewrite_history(case: Case) -> None:
    """内部人员把第1号记录换掉，后面全部重算，件的行也一并改好。"""
    previous = evidence.GENESIS
    with tampering():
        for event in Event.objects.filter(case=case).order_by("seq"):
            body = json.loads(bytes(event.body))
            if event.seq == 1:
                body["actor"]["name"] = "别人"
            data = evidence.encode(body)
            digest = evidence.link(previous, data)
            sql = "UPDATE casework_event SET previous = %s, body = %s, digest = %s WHERE id = %s"
            run(sql, previous, data, digest, event.pk)
            previous = digest
        run("UPDATE casework_case SET head = %s WHERE id = %s", previous, case.pk)


def test_rewritten_history_is_found_by_the_checkpoint_only(office: Office) -> None:
    case = life(office)
    life(office, "灯坏了", "blue")
    with_checkpoint = checkpoint()
    rewrite_history(case)
    assert {fault.kind for fault in integrity.verify_database().faults} == {"seal", "checkpoint"}
    reseal(case)  # 没有钥匙的到这里就瞒不住；有钥匙的连行印一起重做
    report = integrity.verify_database()
    assert [(fault.kind, fault.case, fault.seq) for fault in report.faults] == [
        ("checkpoint", case.number, 4)
    ]
    assert with_checkpoint.number == 1
    Checkpoint.objects.all().delete()
    assert integrity.verify_database().ok  # 没有存证点就查不出：这正是要勤做、送出去的缘由


def test_work_after_a_checkpoint_is_no_fault(office: Office) -> None:
    case = life(office)
    first = checkpoint()
    done(actions.act(str(case.uid), "close", acting_officer=office.dispatcher, now=START + 9 * DAY))
    life(office, "灯坏了", "blue")
    assert integrity.verify_database().ok
    checkpoint(2, first)
    assert integrity.verify_database().ok


def test_checkpoints_altered_removed_or_resigned(office: Office) -> None:
    life(office)
    first = checkpoint()
    second = checkpoint(2, first)
    other = evidence.Ed25519Signer.from_seed(b"\7" * 32)
    heads = current_heads()
    resigned = evidence.build(2, START + DAY, first, heads, "云桥街道办事处", other)
    changed = [(heads[0][0], heads[0][1], b"\1" * 32)]
    for sql, value, words in (
        (
            "UPDATE casework_checkpoint SET content = %s WHERE number = 2",
            json.dumps(asdict(second) | {"office": "别处"}),
            ("签名不符",),
        ),
        (
            "UPDATE casework_checkpoint SET content = %s WHERE number = 2",
            json.dumps({key: value for key, value in asdict(second).items() if key != "root"}),
            ("读不懂",),
        ),
        ("DELETE FROM casework_checkpoint WHERE number = %s", 1, ("缺第1至第1号",)),
        (
            "UPDATE casework_checkpoint SET content = %s WHERE number = 2",
            json.dumps(asdict(resigned)),
            ("不是用本机",),
        ),
        (
            "UPDATE casework_checkpoint SET heads = %s WHERE number = 2",
            pack(changed),
            ("链头与它的总摘要不符",),
        ),
        ("UPDATE casework_checkpoint SET heads = %s WHERE number = 2", b"?", ("链头读不出",)),
    ):
        with tampered(sql, value):
            assert said("号存证点", *words).row == "存证点"
    assert integrity.verify_database().ok


def test_heads_pack_and_change(office: Office) -> None:
    life(office)
    before = current_heads()
    life(office, "灯坏了", "blue")
    after = current_heads()
    assert unpack(pack(after)) == (True, after) and len(after) == 2
    full, changes = unpack(pack_changes(after, before))
    assert not full and len(changes) == 1 and changes[0] not in before
    assert unpack(pack_changes(before, after))[0]  # 少了件就存全部
    Checkpoint.objects.create(number=1, at=START, content={}, heads=pack(before))
    last = Checkpoint.objects.create(number=2, at=START + HOUR, content={}, heads=pack_changes(after, before))
    assert heads_of(last) == after
    Checkpoint.objects.filter(number=1).delete()
    with pytest.raises(ValueError, match="缺第1号"):
        heads_of(last)
    for bad in (b"", b"Xabc", b"Fabc", pack(after)[:-3]):
        with pytest.raises(ValueError, match="链头"):
            unpack(bad)
