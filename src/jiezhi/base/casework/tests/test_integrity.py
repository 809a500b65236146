"""绕过程序的每一种改动都查得出、说得清；没有改动就不叫。"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from jiezhi.base.accounts import append_only, secrets
from jiezhi.base.casework import actions, files, integrity
from jiezhi.base.casework.models import Case, Event, EvidenceUse, NumberIssue, Payload
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import (
    DAY,
    checkpoint,
    life,
    run,
    said,
    tampered,
    tampering,
)
from jiezhi.core import evidence


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def test_untouched_office_verifies(office: Office) -> None:
    life(office), life(office, "灯坏了", "blue")
    checkpoint()
    seen: list[tuple[str, int, int]] = []
    report = integrity.verify_database(lambda what, done, total: seen.append((what, done, total)))
    assert report.ok and report.notes == [], str(report)
    assert report.counts["件"] == 2 and report.counts["办理记录"] == 8
    assert report.counts["材料"] == 2 and report.counts["存证的链头"] == 2 and report.counts["编号"] == 2
    assert ("件", 2, 2) in seen and ("材料", 2, 2) in seen
    assert str(report).startswith("全部相符")


def test_empty_database_verifies(db: None) -> None:
    assert integrity.verify_database().ok


def test_event_body_altered(office: Office) -> None:
    case = life(office)
    event = Event.objects.get(case=case, seq=2)
    body = bytes(event.body).replace(b'"dispatch"', b'"register"')
    with tampered("UPDATE casework_event SET body = %s WHERE id = %s", body, event.pk):
        fault = said(case.number, "第2号办理记录的内容被改动")
    assert (fault.case, fault.seq, fault.row) == (case.number, 2, "办理记录")


def test_event_digest_previous_and_column_altered(office: Office) -> None:
    case = life(office)
    for column, value, word in (
        ("digest", b"\1" * 32, "第3号办理记录的摘要被改动"),
        ("previous", b"\1" * 32, "第3号办理记录的“前一摘要”被改动"),
        ("digest", b"short", "第3号"),
        ("at", "2026-08-02 00:00:00", "第3号办理记录的“发生时间”一列"),
        ("officer_id", office.stranger.pk, "第3号办理记录的“officer”一列"),
    ):
        with tampered(
            f"UPDATE casework_event SET {column} = %s WHERE case_id = %s AND seq = 3", value, case.pk
        ):
            assert said(case.number, word).seq in (3, 4), column


def test_payload_altered_swapped_or_lost(office: Office) -> None:
    case = life(office)
    first, second = Event.objects.filter(case=case).order_by("seq")[:2]
    row = Payload.objects.get(event=first)
    flipped = bytes(row.sealed[:-1]) + bytes([row.sealed[-1] ^ 1])
    with tampered("UPDATE casework_payload SET sealed = %s WHERE event_id = %s", flipped, first.pk):
        assert said("第1号办理记录的填报内容读不出", "密文解不开").seq == 1
    openings = json.loads(secrets.decrypt(bytes(row.sealed)))
    openings["subject"]["value"] = "改过的标题"
    forged = secrets.encrypt(json.dumps(openings))
    with tampered("UPDATE casework_payload SET sealed = %s WHERE event_id = %s", forged, first.pk):
        assert said("第1号办理记录的“subject”与记录里的摘要不符").seq == 1
        assert said("“标题”现为“路灯不亮”，由办理记录重算应为“改过的标题”").column == "fields.subject"
    other = Payload.objects.get(event=second).sealed
    with tampered("UPDATE casework_payload SET sealed = %s WHERE event_id = %s", other, first.pk):
        assert said("第1号办理记录没有“to_unit”这一栏，却附了它的内容").seq == 1
    with tampered("DELETE FROM casework_payload WHERE event_id = %s", first.pk):
        assert said("第1号办理记录的“subject”缺内容").seq == 1
        assert said("“标题”现为“路灯不亮”", "内容不见了").column == "fields.subject"


def test_rows_of_every_kind_altered(office: Office) -> None:
    case = life(office)
    for sql, words in (
        ("UPDATE casework_case SET state = 'closed' WHERE id = %s", ("“环节”现为“closed”", "answered")),
        ("UPDATE casework_case SET closed_at = '2026-08-09 00:00:00' WHERE id = %s", ("“办结时间”",)),
        (
            "UPDATE casework_case SET due_at = NULL, warn_at = NULL, seq = 3 WHERE id = %s",
            ("第4号", "后加的"),
        ),
        (
            "UPDATE casework_clock SET due_at = '2027-01-01' WHERE case_id = %s",
            ("时限“办理时限”第1轮的到期",),
        ),
        ("DELETE FROM casework_clockentry WHERE kind = 'extend' AND %s > 0", ("时限“handle”", "流水")),
        ("UPDATE casework_caserole SET role = 'x' WHERE case_id = %s", ("“件上角色”的行与办理记录不符",)),
        ("DELETE FROM casework_casefield WHERE case_id = %s", ("“筛选值”的行与办理记录不符", "少了")),
        ("DELETE FROM casework_caseparty WHERE case_id = %s", ("“当事人索引”的行",)),
        ("DELETE FROM casework_evidenceuse WHERE case_id = %s", ("“材料使用”的行",)),
        ("DELETE FROM casework_casetext WHERE case_id = %s", ("“件的文字”", "少了")),
    ):
        with tampered(sql, case.pk):
            assert said(case.number, *words).case == case.number


def test_event_deleted_from_the_middle_and_the_end(office: Office) -> None:
    case = life(office)
    for seq, words in ((2, ("缺少第2号办理记录",)), (4, ("缺少第4号办理记录", "末尾被截去"))):
        with tampering():
            event = Event.objects.get(case=case, seq=seq).pk
            with tampered("DELETE FROM casework_event WHERE id = %s", event):
                assert said(case.number, *words).seq == seq
                assert said("找不到它所属的办理记录").row in ("办理记录的内容", "时限流水", "材料使用")


def forge(case: Case, seq: int, previous: bytes) -> tuple[bytes, bytes]:
    last = json.loads(bytes(Event.objects.filter(case=case).order_by("-seq")[0].body))
    body = evidence.encode({**last, "seq": seq, "action": "close", "inputs": {}, "files": [], "effects": {}})
    return body, evidence.link(previous, body)


INSERT = (
    "INSERT INTO casework_event (case_id, seq, action, at, recorded_at, from_state, to_state, previous, body, digest,"
    " request_digest, seal) VALUES (%s, %s, 'close', '2026-08-03 04:00:00', '2026-08-03 04:00:00', 'answered', 'answered',"
    " %s, %s, %s, '', '')"
)


def test_forged_event_inserted(office: Office) -> None:
    case = life(office)
    last = Event.objects.get(case=case, seq=4)
    body, digest = forge(case, 5, bytes(last.digest))
    with tampered(INSERT, case.pk, 5, bytes(last.digest), body, digest):
        assert said(case.number, "第5号办理记录是后加的").seq == 5
    with tampering():
        run("UPDATE casework_event SET seq = 5 WHERE id = %s", last.pk)
        third = Event.objects.get(case=case, seq=3)
        body, digest = forge(case, 4, bytes(third.digest))
        run(INSERT, case.pk, 4, bytes(third.digest), body, digest)
    assert said(case.number, "第4号", "插进来的").case == case.number


def test_two_cases_swap_their_events(office: Office) -> None:
    one, two = life(office), life(office, "灯坏了", "blue")
    with tampering():
        run("UPDATE casework_event SET case_id = -1 WHERE case_id = %s", one.pk)
        run("UPDATE casework_event SET case_id = %s WHERE case_id = %s", one.pk, two.pk)
        run("UPDATE casework_event SET case_id = %s WHERE case_id = -1", two.pk)
    for case, other in ((one, two), (two, one)):
        assert said(case.number, "第1号办理记录属于另一件", str(other.uid)).case == case.number


def test_whole_case_deleted(office: Office) -> None:
    case = life(office)
    uid, number = str(case.uid), case.number
    life(office, "灯坏了", "blue")
    checkpoint()
    tables = ("casefield", "caseparty", "caserole", "casetext", "evidenceuse", "delivery")
    with tampering():
        run(
            "DELETE FROM casework_clockentry WHERE clock_id IN (SELECT id FROM casework_clock WHERE case_id = %s)",
            case.pk,
        )
        run(
            "DELETE FROM casework_payload WHERE event_id IN (SELECT id FROM casework_event WHERE case_id = %s)",
            case.pk,
        )
        for table in (*tables, "clock", "event"):
            run(f"DELETE FROM casework_{table} WHERE case_id = %s", case.pk)
        run("UPDATE casework_numberissue SET case_id = NULL WHERE case_id = %s", case.pk)
        run("DELETE FROM casework_case WHERE id = %s", case.pk)
    assert said(f"编号{number}发出过，而没有这一件").kind == "case_missing"
    assert said("第1号存证点", uid, "件被删去").row == "存证点"


def test_merged_case_deleted(office: Office) -> None:
    master, other = life(office), life(office, "灯坏了", "blue")
    actions.merge(
        str(master.uid),
        [str(other.uid)],
        acting_officer=office.dispatcher,
        reason="同一盏灯",
        now=START + DAY,
    )
    assert integrity.verify_database().ok
    with tampered("UPDATE casework_case SET uid = %s WHERE id = %s", "0" * 32, other.pk):
        assert said(master.number, "第5号办理记录提到的另一件", str(other.uid)).seq == 5


def test_evidence_file_altered_lost_or_added(office: Office, folder: Path) -> None:
    case = life(office)
    digest = EvidenceUse.objects.get(case=case).file_id
    path = files.path_of(digest)
    original = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(original[:-1] + b"\0")
    assert said(case.number, "red.jpg", "被改动").kind == "file_altered"
    assert integrity.verify_database(contents=False).ok  # 只比大小时看不出
    path.unlink()
    assert said(case.number, "red.jpg", "不见了").kind == "file_missing"
    path.write_bytes(original)
    (folder / "后放的.txt").write_text("x")
    assert said("没有登记的文件", "后放的.txt").row == "材料"


def test_numbers_missing_repeated_or_unissued(office: Office) -> None:
    life(office), life(office, "灯坏了", "blue")
    for sql, words in (
        ("DELETE FROM casework_numberissue WHERE n = %s", ("缺第1号",)),
        ("UPDATE casework_numberissue SET n = 7 WHERE n = %s", ("多出第7号",)),
        (
            "UPDATE casework_numberissue SET text = '2026-000009' WHERE n = %s",
            ("TEST-REPORT-2026-000001", "没有发出"),
        ),
        ("UPDATE casework_numberseries SET last = last + %s", ("缺第3号",)),
        ("DELETE FROM casework_numberseries WHERE last > %s", ("号段", "不见了")),
    ):
        with tampered(sql, 1):
            assert said(*words).kind == "number"


def test_voided_number_is_not_missed(office: Office) -> None:
    life(office)
    key = NumberIssue.objects.get().series_id
    NumberIssue.objects.create(
        series_id=key, n=2, text="2026-000002", issued_at=START, voided_at=START, void_reason="误取"
    )
    run("UPDATE casework_numberseries SET last = 2")
    assert integrity.verify_database().ok


def test_definition_altered(office: Office) -> None:
    life(office)
    content = bytes(office.version.content).replace("派单".encode(), "转办".encode())
    with tampered("UPDATE casework_matterversion SET content = %s", content):
        assert said("业务模板“来件”的内容与摘要不符").column == "content"
    with tampered("UPDATE casework_matterversion SET title = '别的'"):
        assert said("现为“别的”，应为“来件”").column == "title"
    with tampered(
        "UPDATE casework_matterversion SET content = %s, digest = %s", b"{}", evidence.sm3_hex(b"{}")
    ):
        assert said("读不懂").row == "业务模板版本"
        assert said("业务模板版本不在库里").column == "version"


def test_removed_or_hollow_trigger_is_found(office: Office) -> None:
    life(office)
    sqlite = connection.vendor == "sqlite"
    name = append_only.PREFIX + ("casework_event_update" if sqlite else "casework_event_change")
    drop = f'DROP TRIGGER "{name}"' + ("" if sqlite else ' ON "casework_event"')
    hollow = (
        f'CREATE TRIGGER "{name}" BEFORE UPDATE ON "casework_event" BEGIN SELECT 1; END',
        f'CREATE TRIGGER "{name}" BEFORE UPDATE ON "casework_event" '
        "FOR EACH ROW EXECUTE FUNCTION jiezhi_append_only()",
    )[not sqlite]
    with connection.cursor() as cursor:
        if not sqlite:
            # 还有没核的外键时，PostgreSQL 不让动触发器。
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(drop)
    assert said("办理记录", name, "不见了").kind == "trigger"
    with connection.cursor() as cursor:
        cursor.execute(hollow)
    assert said("办理记录", name, "被换过").kind == "trigger"
    with connection.cursor() as cursor:
        cursor.execute(drop)
        if not sqlite:  # 触发器是好的，它调用的函数被换成空的
            cursor.execute(append_only.statements("postgresql", "casework_event")[-3])
            cursor.execute(
                "CREATE OR REPLACE FUNCTION jiezhi_append_only() RETURNS trigger LANGUAGE plpgsql "
                "AS $$BEGIN RETURN NEW; END$$"
            )
            assert said("办理记录", name, "被换过").kind == "trigger"
            cursor.execute(drop)
        for statement in append_only.statements(connection.vendor, "casework_event"):
            cursor.execute(statement)
    assert integrity.verify_database().ok


def test_a_case_handled_while_being_verified_is_no_fault(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = life(office)
    original: Callable[..., Any] = integrity.check_case
    calls: list[int] = []

    def meanwhile(bundle: Any, shared: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:  # 读出之后、核对之前，末条记录才写进来：像是少了一条
            bundle.events = bundle.events[:-1]
        return original(bundle, shared)

    monkeypatch.setattr(integrity, "check_case", meanwhile)
    assert integrity.verify_database().ok and len(calls) == 2
    assert case.seq == 4


def test_faults_are_bounded() -> None:
    report = integrity.Report()
    for number in range(3000):
        report.fault(integrity.Fault("x", f"第{number}处。"))
    assert len(report.faults) == 2000 and "另有1000处未列" in str(report)
