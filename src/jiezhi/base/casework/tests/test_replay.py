"""重放：办过的件重算出来与库里一样；改哪一列就说哪一列。"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from jiezhi.base.accounts import secrets
from jiezhi.base.casework import actions, bundles, matters, replay, upkeep
from jiezhi.base.casework.models import Case, Clock, Event
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.lives import DAY, HOUR, archivist, done, life, run, tamper, tampered
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.actions import calendar as calendar_actions
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.core.procedure.fold import ERASED


def columns(case: Case) -> set[str]:
    return {difference.column for difference in replay.differences(case)}


def test_a_whole_life_replays_to_the_same(office: Office) -> None:
    case = life(office)
    view = replay.replay(case)
    assert (view.state, view.seq, view.number, view.unit) == ("answered", 4, case.number, "law")
    assert view.fields["reporter"] == {"name": "张三", "phone": "13800001234"}
    assert {clock.name for clock in view.clocks} == {"handle", "objection"}
    assert replay.differences(case) == []


def test_every_step_replays(office: Office) -> None:
    case = life(office)
    steps: list[tuple[str, Any, dict[str, Any]]] = [("close", office.dispatcher, {})]
    for action, officer, inputs in steps:
        done(actions.act(str(case.uid), action, acting_officer=officer, inputs=inputs, now=START + 9 * DAY))
        assert replay.differences(Case.objects.get(pk=case.pk)) == []


def test_return_and_merge_replay(office: Office) -> None:
    master, other = life(office), life(office, "灯坏了", "blue")
    third = done(
        actions.open_case(
            "test.report", acting_officer=office.dispatcher, inputs={"subject": "黑"}, now=START
        )
    )
    done(
        actions.act(
            third.uid, "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": "law"}, now=START
        )
    )
    done(actions.act(third.uid, "return", acting_officer=office.clerk, reason="不属本队", now=START + HOUR))
    uids = [str(other.uid), third.uid]
    results = actions.merge(
        str(master.uid), uids, acting_officer=office.dispatcher, reason="同一盏灯", now=START + DAY
    )
    assert all(result.ok for result in results)
    assert list(replay.replay_many(Case.objects.all())) == []
    assert replay.replay(Case.objects.get(pk=other.pk)).merged_into == str(master.uid)


CASE_COLUMNS: list[tuple[str, Any, str]] = [
    ("state", "closed", "state"),
    ("seq", 7, "seq"),
    ("number", "TEST-REPORT-2026-000099", "number"),
    ("title", "别的标题", "title"),
    ("done", "[]", "done"),
    ("fields", '{"subject": "改过"}', "fields.subject"),
    ("unit_id", "civil", "unit"),
    ("area_id", "990101001", "area"),
    ("area_path", "/990101001/", "area_path"),
    ("tags", '["假标签"]', "tags"),
    ("roles", "{}", "roles"),
    ("lon", 114.9, "lon"),
    ("lat", 22.9, "lat"),
    ("cell", 1, "cell"),
    ("opened_at", "2026-08-01 00:00:00", "opened_at"),
    ("changed_at", "2026-08-01 00:00:00", "changed_at"),
    ("closed_at", "2026-08-09 00:00:00", "closed_at"),
    ("due_at", "2026-12-31 00:00:00", "due_at"),
    ("warn_at", "2026-12-31 00:00:00", "warn_at"),
    ("head", b"\0" * 32, "head"),
    ("matter", "other", "matter"),
    ("host_system", "市平台", "host_system"),
    ("slot", "x", "slot"),
    ("uid", "019fc5227e807de29db54f06a9f66c59", "uid"),
    ("sealed", None, "sealed.reporter"),
    ("sealed", b"\x01" + b"x" * 60, "sealed"),
]


def test_each_case_column_is_compared(office: Office) -> None:
    case = life(office)
    for column, value, named in CASE_COLUMNS:
        with tampered(f"UPDATE casework_case SET {column} = %s WHERE id = %s", value, case.pk):
            found = replay.differences(case)
        assert named in {difference.column for difference in found}, column
        assert all("13800001234" not in difference.say + str(difference.stored) for difference in found)
    assert replay.differences(case) == []


def test_parent_merged_and_version_are_compared(office: Office) -> None:
    case, other = life(office), life(office, colour="blue")
    newer = matters.publish(definition(title="新来件"), now=START + DAY)
    tamper(
        "UPDATE casework_case SET parent_id = %s, merged_into_id = %s, version_id = %s WHERE id = %s",
        other.pk,
        other.pk,
        newer.pk,
        case.pk,
    )
    assert {"parent", "merged_into", "version"} <= columns(case)


CLOCK_COLUMNS: list[tuple[str, Any]] = [
    ("status", "paused"),
    ("limit", "9日"),
    ("started_at", "2026-08-01 00:00:00"),
    ("due_at", "2026-12-31 00:00:00"),
    ("warn_at", "2026-12-31 00:00:00"),
    ("ended_at", None),
    ("provisional", True),
    ("pauses", '[["2026-08-04T00:00:00+08:00", null]]'),
    ("extensions", "[]"),
    ("fired_at", "2026-08-01 00:00:00"),
]


def test_each_clock_column_is_compared(office: Office) -> None:
    case = life(office)
    for column, value in CLOCK_COLUMNS:
        sql = f'UPDATE casework_clock SET "{column}" = %s WHERE case_id = %s AND name = %s'
        with tampered(sql, value, case.pk, "handle"):
            assert f"clocks.handle#1.{column}" in columns(case)


def test_clocks_added_removed_and_their_ledger(office: Office) -> None:
    case = life(office)
    objection = Clock.objects.get(case=case, name="objection")
    tamper("UPDATE casework_clock SET name = 'made_up' WHERE id = %s", objection.pk)
    assert {"clocks.made_up#1", "clocks.objection#1"} <= columns(case)
    tamper("UPDATE casework_clock SET name = 'objection' WHERE id = %s", objection.pk)
    tamper("UPDATE casework_clockentry SET reason = '改过' WHERE kind = 'extend'")
    assert columns(case) == {"clocks.handle#1.entries"}


INDEX_ROWS = [
    ("DELETE FROM casework_caserole WHERE case_id = %s", "role_rows"),
    ("UPDATE casework_caserole SET role = 'boss' WHERE case_id = %s", "role_rows"),
    ("UPDATE casework_caserole SET open = false WHERE case_id = %s", "role_rows"),
    ("UPDATE casework_caserole SET place = 7 WHERE case_id = %s", "role_rows"),
    ("UPDATE casework_casefield SET place = 7 WHERE case_id = %s AND name = 'hard'", "index_rows"),
    ("DELETE FROM casework_casetext WHERE case_id = %s", "text"),
    ("UPDATE casework_casetext SET words = '路灯' WHERE case_id = %s", "text"),
    ("UPDATE casework_casetext SET tail = '1' WHERE case_id = %s", "text"),
    ("DELETE FROM casework_casefield WHERE case_id = %s AND name = 'hard'", "index_rows"),
    ("UPDATE casework_casefield SET text = 'civil' WHERE case_id = %s AND name = 'to_unit'", "index_rows"),
    ("DELETE FROM casework_caseparty WHERE case_id = %s", "party_rows"),
    ("UPDATE casework_caseparty SET tail = 'x' WHERE case_id = %s", "party_rows"),
    ("DELETE FROM casework_evidenceuse WHERE case_id = %s", "evidence"),
    ("UPDATE casework_evidenceuse SET field = 'other' WHERE case_id = %s", "evidence"),
]


def test_index_rows_are_compared(office: Office) -> None:
    case = life(office)
    for sql, named in INDEX_ROWS:
        with tampered(sql, case.pk):
            assert columns(case) == {named}, sql


EVENT_COLUMNS: list[tuple[str, Any]] = [
    ("action", "close"),
    ("at", "2026-08-01 00:00:00"),
    ("recorded_at", "2026-08-01 00:00:00"),
    ("officer_id", None),
    ("from_state", "closed"),
    ("to_state", "closed"),
]


def test_event_columns_equal_their_body(office: Office) -> None:
    case = life(office)
    for column, value in EVENT_COLUMNS:
        with tampered(
            f"UPDATE casework_event SET {column} = %s WHERE case_id = %s AND seq = 2", value, case.pk
        ):
            found = replay.differences(case)
        assert [difference.column for difference in found] == [f"events[2].{column.removesuffix('_id')}"]
        assert found[0].seq == 2 and "第2号办理记录" in found[0].say


def test_broken_bodies_are_named_not_raised(office: Office) -> None:
    case = life(office)
    for body in (b"not json", b"[]", b"{}", b'{"effects": 3}', b"\xff\xfe"):
        with tampered("UPDATE casework_event SET body = %s WHERE case_id = %s AND seq = 3", body, case.pk):
            assert "第3号办理记录读不懂" in replay.differences(case)[0].say
            with pytest.raises(replay.ReplayFailed, match="第3号"):
                replay.replay(case)


def test_no_events_at_all(office: Office) -> None:
    case = life(office)
    tamper("UPDATE casework_event SET case_id = -1 WHERE case_id = %s", case.pk)
    with pytest.raises(replay.ReplayFailed, match="没有一条"):
        replay.replay(case)
    tamper("UPDATE casework_event SET case_id = %s WHERE case_id = -1", case.pk)
    assert replay.differences(case) == []


def test_unreadable_row_does_not_stop_the_others(office: Office) -> None:
    bad, good = life(office), life(office, colour="blue")
    nonsense = "2026-13-99 00:00:00" if connection.vendor == "sqlite" else "infinity"
    tamper("UPDATE casework_case SET changed_at = %s WHERE id = %s", nonsense, bad.pk)
    tamper("UPDATE casework_case SET state = 'closed' WHERE id = %s", good.pk)
    found = {result.number: result for result in replay.replay_many(Case.objects.all())}
    assert "读不出" in found[bad.number].differences[0].say
    assert [one.column for one in found[good.number].differences] == ["state"]


def test_erased_values_replay_as_erased(office: Office) -> None:
    case = life(office)
    officer = archivist(office)
    done(
        upkeep.erase(str(case.uid), ["reporter"], acting_officer=officer, reason="本人申请", now=START + DAY)
    )
    assert replay.replay(case).fields["reporter"] == ERASED
    assert replay.differences(Case.objects.get(pk=case.pk)) == []


def test_changed_day_table_is_not_taken_for_tampering(office: Office) -> None:
    case = done(
        actions.open_case(
            "test.report", acting_officer=office.dispatcher, inputs={"subject": "灯"}, now=START
        )
    )
    to_law = {"to_unit": "law"}
    done(actions.act(case.uid, "dispatch", acting_officer=office.dispatcher, inputs=to_law, now=START + HOUR))
    row = Case.objects.get(uid=case.uid)
    assert row.warn_at is not None and replay.differences(row) == []
    day, table = row.warn_at.astimezone(LOCAL).date(), registry.day_table()
    calendar_actions.set_calendar_days(
        {day: "holiday"}, note="临时放假", acting_officer=None, now=START + 2 * HOUR
    )
    assert registry.day_table() is not table
    assert replay.differences(row) == []
    unaware = bundles.Shared()
    unaware._changed = (None,)  # 不知道改过工作日表，就会看出不同
    assert {one.column for one in replay.differences(row, unaware)} == {"warn_at", "clocks.handle#1.warn_at"}


PART = {"title": "分件", "matter": "test.report", "copy": {"subject": "field.subject"}}
PARENT = {
    **MATTER,
    "matter": "test.parent",
    "title": "总件",
    "actions": {
        **MATTER["actions"],
        "dispatch": {**MATTER["actions"]["dispatch"], "open": {"part": PART}},
    },
}


def test_slot_of_a_child_comes_from_its_parent(office: Office) -> None:
    matters.publish(definition(**PARENT), now=START)
    parent = done(
        actions.open_case(
            "test.parent", acting_officer=office.dispatcher, inputs={"subject": "灯"}, now=START
        )
    )
    to_law = {"to_unit": "law"}
    found = actions.act(
        parent.uid, "dispatch", acting_officer=office.dispatcher, inputs=to_law, now=START + HOUR
    )
    child = Case.objects.get(uid=done(found).children[0])
    assert child.slot == "part" and child.parent is not None
    assert list(replay.replay_many(Case.objects.all())) == []
    tamper("UPDATE casework_case SET slot = 'other' WHERE id = %s", child.pk)
    assert columns(child) == {"slot"}
    tamper("UPDATE casework_case SET slot = 'part', parent_id = NULL WHERE id = %s", child.pk)
    assert columns(child) == {"parent", "slot"}


def test_bulk_takes_a_fixed_number_of_queries(office: Office, django_assert_max_num_queries: Any) -> None:
    for colour in ("red", "blue", "green"):
        life(office, colour=colour)
    seen: list[tuple[int, int]] = []
    with django_assert_max_num_queries(18):
        assert list(replay.replay_many(Case.objects.all(), lambda a, b: seen.append((a, b)))) == []
    assert seen == [(3, 3)]


def test_small_chunks_find_the_same(office: Office) -> None:
    cases = [life(office, colour=colour) for colour in ("red", "blue", "green")]
    run("UPDATE casework_case SET title = 'x' WHERE id = %s", cases[1].pk)
    for chunk in (1, 2, 500):
        found = list(replay.replay_many(Case.objects.all(), chunk=chunk))
        assert [result.number for result in found] == [cases[1].number]


def test_key_lost_is_told_apart(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = life(office)

    def lost(_data: bytes) -> str:
        raise secrets.SecretError("找不到 1 号数据钥匙")

    monkeypatch.setattr(secrets, "decrypt", lost)
    found = bundles.load(Case.objects.filter(pk=case.pk))[0]
    first = Event.objects.get(case=case, seq=1)
    assert "找不到 1 号" in found.contents[first.pk].problem
