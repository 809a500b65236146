"""送包：没有回执的一直可以重送、一字不差；回执对不上的不信；重起一轮；送什么、不送什么。"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.accounts.models import AdminRecord, Officer
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import files, outbox
from jiezhi.base.casework.models import Case, Delivery, EvidenceFile
from jiezhi.base.casework.testing import START, Office
from jiezhi.connect.nodes import actions, applying, identity, packing, receiving
from jiezhi.connect.nodes.models import Arrival, Link, Outgoing, OutgoingEntry, Peer
from jiezhi.connect.nodes.tests.counterpart import Counterpart, arrive, case, photo, reported
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.evidence.instants import to_iso
from jiezhi.core.parcels import FIRST, Entry, Note, Refused, Verdict
from jiezhi.core.procedure.view import Actor

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def bytes_of(row: Outgoing) -> bytes:
    with packing.written(row) as path:
        return path.read_bytes()


# ---- 送件、办理 ----


def test_a_report_is_sent_whole_and_encrypted_at_rest(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    made = reported()
    (entry,) = other.take_all(peer, START)
    assert (entry.kind, entry.data["number"]) == ("open", made.number)
    assert entry.data["fields"]["reporter"]["phone"] == "13800138001"
    (file,) = entry.data["files"]
    assert file["sm3"] == sm3_hex(photo(1)) and "现场" not in file["name"], "原文件名不送"
    row = OutgoingEntry.objects.values_list("sealed", flat=True).get()
    assert b"13800138001" not in bytes(row)
    assert packing.unacknowledged(peer).count() == 0, "有回执了"


def test_without_an_acknowledgement_it_is_sent_again_byte_for_byte(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    reported(1)
    packing.pack(peer, START)
    (first,) = packing.unacknowledged(peer)
    before = bytes_of(first)
    reported(2)
    packing.pack(peer, START + DAY)
    rows = list(packing.unacknowledged(peer))
    assert [row.seq for row in rows] == [1, 2] and bytes_of(rows[0]) == before
    other.take(io.BytesIO(bytes_of(rows[1])))  # 第一包丢了，先收到第二包
    held = Note("receipt", other.code, identity.me(), to_iso(START), 1, 0, FIRST, (2,))
    receiving.receive_note(held.sealed(other.signer), via="file", now=START)
    assert [row.seq for row in packing.unacknowledged(peer)] == [1], "它收着的不用再送"


def test_late_and_false_acknowledgements(inside: tuple[Counterpart, Peer]) -> None:
    """迟到的旧回执不理；说收到了我没有发过的那一包，不信，说明怎么办；别人签的不收。"""
    other, peer = inside
    for n in (1, 2):
        reported(n)
        other.take_all(peer, START)
    last = other.receipt
    other.receipt = (1, 1, Outgoing.objects.get(seq=1).digest)
    other.send_note("receipt", START)
    peer.refresh_from_db()
    assert (peer.acked, peer.trouble) == (2, "")
    reported(3)
    packing.pack(peer, START)
    for wrong in ((1, 3, "f" * 64), (1, 9, "f" * 64), (7, 1, "f" * 64)):
        other.receipt = wrong
        other.send_note("receipt", START)
        peer.refresh_from_db()
        assert peer.acked == 2 and "renew" in peer.trouble
    other.receipt = last
    stranger = Counterpart(other.code, b"z" * 32)
    stranger.receipt = (1, 3, Outgoing.objects.get(seq=3).digest)
    with pytest.raises(Refused):
        stranger.send_note("receipt", START)
    assert packing.unacknowledged(peer).count() == 1


def test_many_entries_make_several_parcels(
    inside: tuple[Counterpart, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, peer = inside
    for n in range(1, 8):
        reported(n)
    monkeypatch.setattr(packing, "MOST_ENTRIES", 3)
    assert packing.pack(peer, START) == 3
    monkeypatch.setattr(packing, "MOST_BYTES", 1)
    reported(8), reported(9)
    assert packing.pack(peer, START) == 2, "一条就超过的自成一包"
    got = [one.data["fields"]["content"] for one in other.take_all(peer, START)]
    assert got == [f"第{n}处路灯不亮" for n in range(1, 10)]


def test_what_the_reporter_does_later_follows_in_order(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    made = reported()
    done = casework.act(made.uid, "withdraw", actor=Actor("reporter"), reason="自己修好了", now=START + HOUR)
    assert done.ok, str(done)
    outbox.drain(START + HOUR)
    opened, act = other.take_all(peer, START + HOUR)
    assert (act.kind, act.data["means"], act.data["round"]) == ("act", ["withdraw"], opened.uid)
    assert act.data["reason"] == "自己修好了"


def test_an_act_waits_for_its_report(inside: tuple[Counterpart, Peer]) -> None:
    """两个 worker 时，后来办的先轮到也不先送。"""
    other, peer = inside
    made = reported()
    Link.objects.all().delete()
    casework.act(made.uid, "withdraw", actor=Actor("reporter"), reason="不用了", now=START + HOUR)
    assert outbox.drain(START + HOUR).failed == 1
    assert "还没有列入" in Delivery.objects.get(kind="node.act").result


def test_news_comes_back_and_moves_the_case(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    made = reported()
    (opened,) = other.take_all(peer, START)
    base = {
        "round": opened.uid,
        "number": "SP2026000009",
        "told": [],
        "fields": {},
        "reason": "",
        "files": [],
    }

    def news(uid: str, stage: str, **more: Any) -> None:
        data = {**base, "stage": stage, "state": stage, "at": to_iso(START + HOUR), **more}
        arrive(other.parcel(Entry(uid, "news", data), now=START + HOUR), START + HOUR)
        applying.apply_waiting(START + HOUR)

    for uid, stage, state in (
        ("n:1", "received", "received"),
        ("n:2", "handling", "handling"),
        ("n:3", "handling", "handling"),
        ("n:4", "answered", "answered"),
        ("n:5", "handling", "handling"),
        ("n:6", "answered", "answered"),
        ("n:7", "done", "closed"),
    ):
        news(
            uid,
            stage,
            told=["您反映的 SP2026000009 有进展"] if uid == "n:3" else [],
            fields={"reply": "修好了"},
        )
        assert Case.objects.get(uid=made.uid).state == state, uid
    row = Case.objects.get(uid=made.uid)
    assert row.fields["outside_number"] == "SP2026000009"
    events = list(Arrival.objects.order_by("pk").values_list("outcome", flat=True))
    assert events == ["done"] * 7
    news("n:8", "received", told=["您反映的 SP2026000009 还有一句话"])
    row.refresh_from_db()
    assert row.state == "closed" and row.fields["news"] == f"您反映的 {made.number} 还有一句话", (
        "编号换成他自己的"
    )
    news("n:9", "done", round="nobody:1")
    assert Arrival.objects.get(uid="n:9").outcome == "noted"


# ---- 上报 ----


def test_only_the_registered_unit_gets_it_and_without_the_name(
    district: tuple[Counterpart, Peer], office: Office
) -> None:
    other, peer = district
    for number, unit in ((1, "district"), (2, "civil")):
        made = reported(number, "report.snapshot")
        done = casework.act(
            made.uid, "send_outside", acting_officer=office.dispatcher, inputs={"to_unit": unit},
            reason="不归街道管", now=START + HOUR,
        )  # fmt: skip
        assert done.ok, str(done)
    outbox.drain(START + HOUR)
    (entry,) = other.take_all(peer, START + HOUR)
    assert entry.data["fields"]["content"] == "第1处路灯不亮" and entry.data["reason"] == "不归街道管"
    assert "reporter" not in entry.data["fields"] and len(entry.data["files"]) == 1
    actions.change(peer, sensitive=True, acting_officer=None, now=START)
    actions.stop(peer, why="停用", acting_officer=None, now=START)
    made = reported(3, "report.snapshot")
    casework.act(
        made.uid,
        "send_outside",
        acting_officer=office.dispatcher,
        inputs={"to_unit": "district"},
        reason="同上",
        now=START + HOUR,
    )
    outbox.drain(START + HOUR)
    assert OutgoingEntry.objects.filter(kind="open").count() == 1, "停用的节点不再送，照旧由人登记"


def test_news_goes_only_to_those_who_sent_the_case(office: Office) -> None:
    """内网：外网送来的件，每一步可说的话回送；自己登记的不送。办理细节、照片不送外网。"""
    outside = Counterpart("yunqiao-wai")
    peer = outside.join("outside", START, opens="report.snapshot")
    arrive(outside.parcel(case(1, START), case(2, START), now=START), START)
    applying.apply_waiting(START)
    reported(5, "report.snapshot")
    outbox.drain(START)
    told = outside.take_all(peer, START)
    assert [(one.kind, one.data["stage"]) for one in told] == [("news", "received")] * 2
    assert told[0].data["told"] == [], "登记的通知里是本机的查询码，对外网登记的人没有用"
    first, second, _ = Case.objects.filter(matter="report.snapshot").order_by("pk")
    for action, who, inputs in (
        ("dispatch", office.dispatcher, {"to_unit": "law", "dispatch_note": "内部说明"}),
        ("sign", office.clerk, {}),
    ):
        assert casework.act(str(first.uid), action, acting_officer=who, inputs=inputs, now=START + HOUR).ok
    outbox.drain(START + HOUR)
    (news,) = outside.take_all(peer, START + HOUR)
    assert (
        news.data["stage"] == "handling" and "内部说明" not in str(news.data) and "law" not in str(news.data)
    )
    # 第二件并入第一件：并入之后跟着主件走，各用各的编号说话。
    merged = casework.merge(
        str(first.uid), [str(second.uid)], acting_officer=office.dispatcher, reason="同一处", now=START + HOUR
    )
    assert all(one.ok for one in merged), [str(one) for one in merged]
    outbox.drain(START + HOUR)
    (news,) = outside.take_all(peer, START + HOUR)
    assert (news.data["stage"], news.data["number"]) == ("merged", second.number)
    shot = files.store(io.BytesIO(photo(99)), "后.jpg", kind="photo", acting_officer=office.clerk, now=START)
    for action, who, inputs in (
        ("answer", office.clerk, {"reply": "已经修好", "after_photos": [shot.pk]}),
        ("check", _caller(), {}),
    ):
        done = casework.act(str(first.uid), action, acting_officer=who, inputs=inputs, now=START + 2 * HOUR)
        assert done.ok, str(done)
    outbox.drain(START + 2 * HOUR)
    after = outside.take_all(peer, START + 2 * HOUR)
    assert [(one.data["stage"], one.data["number"]) for one in after[:-2]] == [("handling", second.number)]
    both = after[-2:]
    assert [(one.data["stage"], one.data["number"]) for one in both] == [
        ("answered", first.number), ("answered", second.number)
    ]  # fmt: skip
    assert both[1].data["told"][0].startswith(f"您反映的 {second.number} 已并入 {first.number}")
    assert both[0].data["fields"] == {"reply": "已经修好"} and both[0].data["files"] == []


def _caller() -> Officer:
    return Officer.objects.get(login="huifang")


# ---- 重起一轮、清理 ----


def test_renewing_sends_again_what_was_not_acknowledged(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    reported(1)
    other.take_all(peer, START)
    reported(2)
    packing.pack(peer, START)
    reported(3)
    before = peer.out_epoch
    assert actions.renew(peer, why="换了机器", acting_officer=None, now=START + DAY) == 1
    peer.refresh_from_db()
    assert peer.out_epoch > before and peer.out_seq == 0
    got = other.take_all(peer, START + DAY)
    assert [one.kind for one in got] == ["open", "open", "hello"]
    assert AdminRecord.objects.filter(action="node.renew").count() == 1


def test_renewing_leaves_out_what_was_erased(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    reported(1)
    packing.pack(peer, START)
    (row,) = packing.unacknowledged(peer)
    digest = sm3_hex(photo(1))
    EvidenceFile.objects.filter(pk=digest).update(erased_at=START)
    files.remove(digest)
    with pytest.raises(packing.CannotWrite, match="renew"):
        bytes_of(row)
    actions.renew(peer, why="材料依法清除", acting_officer=None, now=START + DAY)
    opened, _ = other.take_all(peer, START + DAY)
    assert opened.data["files"] == [] and opened.data["fields"].get("photos", []) == []


def test_the_other_side_was_restored_and_asks_again(inside: tuple[Counterpart, Peer]) -> None:
    """对方从备份恢复、重起一轮，说只收到第一号：第二号起重新送。"""
    other, peer = inside
    for n in (1, 2, 3):
        reported(n)
        other.take_all(peer, START)
    assert packing.unacknowledged(peer).count() == 0
    other.epoch, other.seq, other.last = 500, 0, FIRST
    other.receipt = (1, 1, Outgoing.objects.get(seq=1).digest)
    done = arrive(other.parcel(Entry("hello:500", "hello", {"office": "内网"}), now=START), START)
    assert done.verdict is Verdict.RENEWED
    assert applying.apply_waiting(START) == 1 and Arrival.objects.get().outcome == "noted"
    assert [row.seq for row in packing.unacknowledged(peer)] == [2, 3]


def test_sweeping_clears_what_was_acknowledged(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    reported(1)
    other.take_all(peer, START)
    reported(2)
    packing.pack(peer, START)
    actions.sweep(START + 31 * DAY)
    assert [bool(row.sealed) for row in OutgoingEntry.objects.order_by("pk")] == [False, True]
    first, second = Outgoing.objects.order_by("seq")
    with pytest.raises(packing.CannotWrite):
        bytes_of(first)
    assert bytes_of(second), "没有回执的一直可以重送"


def test_tampered_in_the_database(inside: tuple[Counterpart, Peer]) -> None:
    """库里的内容被改过：写不出去，不替人送假的。"""
    _, peer = inside
    reported(1)
    packing.pack(peer, START)
    entry = OutgoingEntry.objects.get()
    entry.sealed = entry.sealed.replace("路灯不亮", "一切正常")
    entry.save(update_fields=["sealed"])
    with pytest.raises(packing.CannotWrite, match="改动"):
        bytes_of(packing.unacknowledged(peer)[0])
