"""依法清除之后不再提供：还没有成包的拿掉，已成包没有回执的重新成包，别的件照送，不会办两遍。"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jiezhi.base.accounts.models import AdminRecord, Officer
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import files, outbox, upkeep
from jiezhi.base.casework.models import Case, Delivery, Event, EvidenceFile
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import archivist
from jiezhi.connect.nodes import applying, erasing, outbound, packing
from jiezhi.connect.nodes.models import OutgoingEntry, Peer
from jiezhi.connect.nodes.tests.counterpart import Counterpart, arrive, case, photo, reported
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.procedure.fold import ERASED, REASON
from jiezhi.core.procedure.view import Actor

NOW = START + timedelta(hours=1)
PHONE = "13800138001"


@pytest.fixture(name="archivist")
def _archivist(office: Office) -> Officer:
    return archivist(office)


def erase(uid: str, archivist: Officer, *fields: str) -> None:
    done = upkeep.erase(uid, list(fields), acting_officer=archivist, reason="本人要求删除", now=NOW)
    assert done.ok, str(done)


def parcels(peer: Peer) -> bytes:
    """我方要送的全部，逐字节。"""
    packing.pack(peer, NOW)
    found = b""
    for row in packing.unacknowledged(peer):
        with packing.written(row) as path:
            found += path.read_bytes()
    return found


def test_what_is_not_yet_packed_goes_without(
    inside: tuple[Counterpart, Peer], archivist: Officer, django_capture_on_commit_callbacks: Any
) -> None:
    other, peer = inside
    made, kept = reported(1), reported(2)
    with django_capture_on_commit_callbacks(execute=True):
        erase(made.uid, archivist, "reporter", "photos")
    assert PHONE not in OutgoingEntry.objects.order_by("pk")[0].sealed
    first, second = other.take_all(peer, NOW)
    assert first.data["fields"] == {"content": "第1处路灯不亮"} and first.data["files"] == []
    assert second.data["number"] == kept.number
    assert second.data["fields"]["reporter"]["phone"] == PHONE, "别的件照送"
    assert not AdminRecord.objects.filter(action="node.renew").exists(), "还没有成包，不用重起"


def test_what_is_packed_but_not_acknowledged_is_packed_anew(
    inside: tuple[Counterpart, Peer], archivist: Officer
) -> None:
    other, peer = inside
    done = reported(1)
    other.take_all(peer, START)
    made, kept = reported(2), reported(3)
    before = parcels(peer)
    assert PHONE.encode() in before
    old = Peer.objects.get().out_epoch
    erase(made.uid, archivist, "reporter")
    assert Peer.objects.get().out_epoch > old
    entries = other.take_all(peer, NOW)
    assert [one.data.get("number") for one in entries] == [made.number, kept.number, None]
    assert "reporter" not in entries[0].data["fields"] and "reporter" in entries[1].data["fields"]
    assert [one.uid for one in other.got].count(f"{made.uid}:1") == 1, "标识不变，收过的认得出"
    record = AdminRecord.objects.get(action="node.renew")
    assert "依法清除" in record.note
    assert OutgoingEntry.objects.filter(case__uid=done.uid).get().sealed, "送到了的别的件不动"


def test_what_was_acknowledged_is_not_kept(inside: tuple[Counterpart, Peer], archivist: Officer) -> None:
    other, peer = inside
    made = reported(1)
    other.take_all(peer, START)
    erase(made.uid, archivist, "reporter")
    row = OutgoingEntry.objects.get()
    assert row.sealed == "" and row.cleared_at == NOW
    assert Peer.objects.get().out_epoch == 1


def test_the_reason_of_a_step_goes_too(inside: tuple[Counterpart, Peer], archivist: Officer) -> None:
    other, peer = inside
    made = reported(1)
    casework.act(made.uid, "withdraw", actor=Actor("reporter"), reason=f"打{PHONE}说好了", now=NOW)
    outbox.drain(NOW)
    packing.pack(peer, NOW)
    erase(made.uid, archivist, REASON)
    opened, withdrawn, _ = other.take_all(peer, NOW)
    assert withdrawn.data["means"] == ["withdraw"] and withdrawn.data["reason"] == ""
    assert opened.data["fields"]["reporter"]["phone"] == PHONE, "没有要求清除的照送"


def test_erased_before_it_is_even_listed(inside: tuple[Counterpart, Peer], archivist: Officer) -> None:
    """排上了、worker 还没有做：做的时候看的是清除之后的。"""
    other, peer = inside
    made = casework.open_case(
        "outside.report",
        "report",
        actor=Actor("reporter"),
        inputs={"content": "路灯不亮", "reporter": {"name": "林小燕", "phone": PHONE}},
        now=START,
    )
    erase(made.uid, archivist, "reporter")
    outbox.drain(NOW)
    (entry,) = other.take_all(peer, NOW)
    assert "reporter" not in entry.data["fields"]


def test_a_photo_erased_elsewhere_is_left_out_when_packing(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    reported(1)
    EvidenceFile.objects.filter(pk=sm3_hex(photo(1))).update(erased_at=START)
    files.remove(sm3_hex(photo(1)))
    (entry,) = other.take_all(peer, NOW)
    assert entry.data["fields"]["photos"] == [] and entry.data["files"] == []


def test_the_answer_erased_inside_is_not_told_outside(office: Office, archivist: Officer) -> None:
    """内网：答复写错了人，清除之后，还没有送出去的消息里也没有。"""
    outside = Counterpart("yunqiao-wai")
    peer = outside.join("outside", START, opens="report.snapshot")
    arrive(outside.parcel(case(1, START), now=START), START)
    applying.apply_waiting(START)
    uid = str(Case.objects.get().uid)
    shot = files.store(io.BytesIO(photo(9)), "后.jpg", kind="photo", acting_officer=office.clerk, now=START)
    for action, who, inputs in (
        ("dispatch", office.dispatcher, {"to_unit": "law"}),
        ("sign", office.clerk, {}),
        ("answer", office.clerk, {"reply": "卖早点的那一家答应搬走", "after_photos": [shot.pk]}),
        ("check", Officer.objects.get(login="huifang"), {}),
    ):
        done = casework.act(uid, action, acting_officer=who, inputs=inputs, now=NOW)
        assert done.ok, str(done)
    outbox.drain(NOW)
    assert "卖早点" in parcels(peer).decode(errors="ignore")
    erase(uid, archivist, "reply")
    assert any(ERASED in one.payload["text"] for one in Delivery.objects.filter(kind="notify"))
    news = outside.take_all(peer, NOW)
    assert "卖早点" not in str([one.data for one in news])
    assert [one.data["stage"] for one in news if one.kind == "news"][-1] == "answered", "办到哪里照说"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite 的写本来就一个一个来")
def test_what_is_being_erased_is_waited_for(inside: tuple[Counterpart, Peer]) -> None:
    """写成内容之前先锁住件：正在清除的提交之后才看，不会把清除之前的写进去。"""
    casework.open_case(
        "outside.report", "report", actor=Actor("reporter"), inputs={"content": "路灯不亮"}, now=START
    )
    with CaptureQueriesContext(connection) as seen:
        outbox.drain(START)
    said = [one["sql"] for one in seen]
    lock = next(n for n, sql in enumerate(said) if "FOR NO KEY UPDATE" in sql and '"casework_case"' in sql)
    assert lock < next(n for n, sql in enumerate(said) if '"casework_payload"' in sql)


def test_what_is_said_of_the_merged_is_hushed_too(inside: tuple[Counterpart, Peer]) -> None:
    """并入的件听到另一句：那一句里有清除了的，也不再送。"""
    done = reported(1)
    event = Event.objects.get(case__uid=done.uid, seq=1)
    row = OutgoingEntry(kind=outbound.NEWS, uid=f"{done.uid}:1:{done.uid}")
    said = {"to": "reporter", "text": "已经答复", "merged": "已经答复：换好了"}
    told = Delivery.objects.create(
        case=event.case, event=event, kind="notify", key="x", payload=said, not_before=NOW
    )
    assert not erasing._hushed(row)
    told.payload = {**said, "merged": f"已经答复：{ERASED}"}
    told.save()
    assert erasing._hushed(row)
