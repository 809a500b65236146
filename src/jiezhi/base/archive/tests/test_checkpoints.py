"""存证点：做、接续、导出、与送出去的对照。"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.archive import actions, queries
from jiezhi.base.archive.actions import ArchiveRefused
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import integrity
from jiezhi.base.casework.heads import unpack
from jiezhi.base.casework.models import Checkpoint, Event
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import DAY, done, life, reseal, run, tampering
from jiezhi.core import evidence


def test_checkpoints_follow_one_another(office: Office) -> None:
    assert queries.latest_checkpoint() is None
    empty = actions.make_checkpoint(now=START)
    life(office)
    second = actions.make_checkpoint(now=START + DAY, acting_officer=office.chief)
    life(office, "灯坏了", "blue")
    third = actions.make_checkpoint(now=START + 2 * DAY)
    assert [row.number for row in (empty, second, third)] == [1, 2, 3]
    assert queries.latest_checkpoint() == third
    found = [queries.checkpoint(row) for row in (empty, second, third)]
    assert [one.tree_size for one in found] == [0, 1, 2]
    for before, after in zip(found, found[1:], strict=False):
        assert evidence.verify_checkpoint(after, before) == []
    assert evidence.verify_checkpoint(found[2], found[1], queries.heads_of(third)) == []
    assert integrity.verify_database().ok
    record = AdminRecord.objects.get(action="archive.checkpoint", target_id=str(second.pk))
    assert record.officer == office.chief and record.new["cases"] == 1


def test_only_changes_are_kept_between_full_ones(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "FULL_EVERY", 3)
    case = life(office)
    life(office, "灯坏了", "blue")
    for day in range(5):
        if day == 4:
            done(casework.act(str(case.uid), "close", acting_officer=office.dispatcher, now=START + 9 * DAY))
        actions.make_checkpoint(now=START + day * DAY)
    kept = [unpack(bytes(row.heads)) for row in Checkpoint.objects.order_by("number")]
    assert [full for full, _ in kept] == [True, False, False, True, False]
    assert [len(heads) for _, heads in kept] == [2, 0, 0, 2, 1]
    for row in Checkpoint.objects.all():
        assert evidence.verify_checkpoint(queries.checkpoint(row), None, queries.heads_of(row)) == []


def test_heads_come_from_events_not_from_the_row(office: Office) -> None:
    case = life(office)
    run("UPDATE casework_case SET head = %s, seq = 9 WHERE id = %s", b"\1" * 32, case.pk)
    row = actions.make_checkpoint(now=START + DAY)
    last = Event.objects.get(case=case, seq=4)
    assert queries.heads_of(row) == [(str(case.uid), 4, bytes(last.digest))]


def test_a_broken_predecessor_stops_it(office: Office) -> None:
    actions.make_checkpoint(now=START)
    run("UPDATE casework_checkpoint SET content = '{}'")
    with pytest.raises(ArchiveRefused, match="先核验全库"):
        actions.make_checkpoint(now=START + DAY)
    assert Checkpoint.objects.count() == 1


def test_two_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    actions.make_checkpoint(now=START)
    monkeypatch.setattr(queries, "latest_checkpoint", lambda: None)  # 另一进程刚做完，这里还没看到
    with pytest.raises(ArchiveRefused, match="有人正在做"):
        actions.make_checkpoint(now=START + DAY)


def test_export_and_compare(office: Office, tmp_path: Path) -> None:
    case = life(office)
    life(office, "灯坏了", "blue")
    row = actions.make_checkpoint(now=START + DAY)
    written = actions.export_checkpoint(
        1, tmp_path / "存证点1.json", acting_officer=office.chief, now=START + DAY
    )
    assert [path.name for path in written] == ["存证点1.json", "存证点1.json.txt", "存证点1.json.heads"]
    outside, text, heads = (path.read_bytes() for path in written)
    assert text.decode() == queries.printable(row) and "公钥指纹" in text.decode()
    assert evidence.Checkpoint.from_json(outside) == queries.checkpoint(row)
    assert not list(tmp_path.glob(".*.tmp")) and AdminRecord.objects.filter(action="archive.export").exists()
    assert queries.compare_exported(outside, heads) == []

    # 拿着全部钥匙的内部人员重写历史，连行印、库里的存证点也重做一遍：库内核验通过，与送出去的一对照就露出来。
    previous = evidence.GENESIS
    with tampering():
        for event in Event.objects.filter(case=case).order_by("seq"):
            body = json.loads(bytes(event.body)) | {"matter": "test.report"}
            body["actor"]["name"] = "别人"
            data = evidence.encode(body)
            digest = evidence.link(previous, data)
            sql = "UPDATE casework_event SET previous = %s, body = %s, digest = %s WHERE id = %s"
            run(sql, previous, data, digest, event.pk)
            previous = digest
        run("UPDATE casework_case SET head = %s WHERE id = %s", previous, case.pk)
        assert "seal" in {fault.kind for fault in integrity.verify_database().faults}, "没有钥匙的瞒不住"
    reseal(case)
    Checkpoint.objects.all().delete()
    actions.make_checkpoint(now=START + DAY)
    assert integrity.verify_database().ok
    found = queries.compare_exported(outside, heads)
    assert any("送出之后被换过" in say for say in found)
    assert any(case.number in say and "第4号及以前" in say for say in found) and len(found) == 2


def test_comparing_what_does_not_belong(office: Office, tmp_path: Path) -> None:
    life(office)
    actions.make_checkpoint(now=START + DAY)
    path, _, heads = actions.export_checkpoint(1, tmp_path / "a.json")
    assert "读不懂" in queries.compare_exported(b"{}")[0]
    assert "链头文件读不懂" in queries.compare_exported(path.read_bytes(), b"?")[0]
    life(office, "灯坏了", "blue")
    actions.make_checkpoint(now=START + DAY)
    later = actions.export_checkpoint(2, tmp_path / "b.json")[2]
    assert "不是一起导出的" in queries.compare_exported(path.read_bytes(), later.read_bytes())[0]
    uid = unpack(heads.read_bytes())[1][0][0]
    run("UPDATE casework_case SET uid = %s WHERE uid = %s", "0" * 32, uid.replace("-", ""))
    assert "被删去" in queries.compare_exported(path.read_bytes(), heads.read_bytes())[0]
    Checkpoint.objects.all().delete()
    assert "库里没有第1号存证点" in queries.compare_exported(path.read_bytes())[0]


def test_export_of_what_is_not_there(office: Office, tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="没有第1号"):
        actions.export_checkpoint(1, tmp_path / "a.json")
    actions.make_checkpoint(now=START)
    Checkpoint.objects.update(heads=b"?")
    with pytest.raises(ArchiveRefused, match="读不懂"):
        actions.export_checkpoint(1, tmp_path / "a.json")
    assert list(tmp_path.glob("a.json*")) == []
