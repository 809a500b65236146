"""对方从较早的备份恢复：还在的重新送，已经清掉的说明白，往来不堵；一个节点出事，不连累别的。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.casework.testing import START
from jiezhi.connect.nodes import actions, exchange, packing, queries
from jiezhi.connect.nodes.models import Outgoing, OutgoingEntry, Peer
from jiezhi.connect.nodes.tests.counterpart import Counterpart, arrive, reported
from jiezhi.core.parcels import FIRST, Entry

DAY = timedelta(days=1)
LATE = START + 31 * DAY


def restored(other: Counterpart, epoch: int, receipt: tuple[int, int, str]) -> None:
    """对方退回到只收到 `receipt` 的时候，重起一轮。"""
    other.epoch, other.seq, other.last, other.receipt = epoch, 0, FIRST, receipt
    arrive(other.parcel(Entry(f"hello:{epoch}", "hello", {"office": "内网"}), now=LATE), LATE)


def texts(entries: list[Entry]) -> list[Any]:
    return [one.data["fields"]["content"] for one in entries if one.kind == "open"]


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_was_cleared_is_told_and_the_rest_goes_on(
    inside: tuple[Counterpart, Peer], by_hand: bool
) -> None:
    """两件送到三十天清掉了，第三件刚送到；对方说什么也没有：第三件、后来的照送，清掉的两件写明、提醒人。"""
    other, peer = inside
    for n in (1, 2):
        reported(n)
        other.take_all(peer, START)
    reported(3)
    other.take_all(peer, START + 20 * DAY)
    actions.sweep(LATE)
    before = peer.out_epoch
    restored(other, 2, (1, 0, FIRST))
    peer.refresh_from_db()
    assert peer.out_epoch > before and "2 条" in peer.trouble and "核对" in peer.trouble
    assert AdminRecord.objects.filter(action="node.renew").count() == 1
    if by_hand:
        actions.renew(peer, why="再起一轮", acting_officer=None, now=LATE)
    reported(4)
    assert texts(other.take_all(peer, LATE)) == ["第3处路灯不亮", "第4处路灯不亮"]
    found = queries.standing(peer)
    assert (found.waiting, found.unacked, found.returned) == (0, 0, 2)
    if not by_hand:
        exchange._remember(peer, "连不上", LATE)
        peer.refresh_from_db()
        assert "2 条" in peer.trouble and peer.failures == 1, "要人处理的话不被连不上盖掉"
    lost = OutgoingEntry.objects.exclude(refused="")
    assert lost.count() == 2 and all(one.refused == packing.LOST and one.case for one in lost)
    actions.sweep(LATE + 40 * DAY)
    assert texts(other.take_all(peer, LATE + 40 * DAY)) == []


def test_what_was_received_in_an_earlier_round_is_sent_again(inside: tuple[Counterpart, Peer]) -> None:
    """本机重起过一轮之后，对方退回到那以前：前一轮里它没有了的也重新送，不是只送这一轮的。"""
    other, peer = inside
    for n in (1, 2):
        reported(n)
        other.take_all(peer, START)
    kept = (1, 1, Outgoing.objects.get(seq=1).digest)
    actions.renew(peer, why="换了机器", acting_officer=None, now=START)
    reported(3)
    other.take_all(peer, START)
    restored(other, 9, kept)
    assert texts(other.take_all(peer, LATE)) == ["第2处路灯不亮", "第3处路灯不亮"]
    peer.refresh_from_db()
    assert peer.trouble == ""


def test_a_receipt_of_an_earlier_round_is_no_false_alarm(inside: tuple[Counterpart, Peer]) -> None:
    """对方其实收到了而回执没到，本机重起了一轮，对方随后也重起：不误报本机从备份恢复，照常送。"""
    other, peer = inside
    reported(1)
    packing.pack(peer, START)
    for row in packing.unacknowledged(peer):
        with packing.written(row) as path:
            other.take(path)
    actions.renew(peer, why="换了机器", acting_officer=None, now=START)
    restored(other, 9, other.receipt)
    peer.refresh_from_db()
    assert peer.trouble == "" and texts(other.take_all(peer, LATE)) == ["第1处路灯不亮"]


def test_nothing_lost_nothing_starts_over(inside: tuple[Counterpart, Peer]) -> None:
    """对方重起一轮而什么也没有少：不跟着重起，不来回没完。"""
    other, peer = inside
    reported(1)
    other.take_all(peer, START)
    actions.sweep(LATE)
    restored(other, 2, other.receipt)
    peer.refresh_from_db()
    assert (peer.out_epoch, peer.acked, peer.trouble) == (1, 1, "")


def test_one_peer_in_trouble_does_not_stop_the_others(
    inside: tuple[Counterpart, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = inside
    second = Counterpart("zuihou", b"z" * 32).join("superior", START, unit="district")
    Peer.objects.update(address="https://203.0.113.9/jiedian/")
    seen = []

    def exchanged(peer: Peer, now: Any) -> None:
        seen.append(peer.code)
        raise RuntimeError("意外")

    monkeypatch.setattr(exchange, "exchange", exchanged)
    exchange.exchange_due(START)
    assert seen == [first.code, second.code]
    for one in Peer.objects.all():
        assert "意外" in one.trouble and one.failures == 1 and one.next_at == START + timedelta(minutes=1)


def test_parcels_are_bounded_by_their_words_too(
    inside: tuple[Counterpart, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """清单的大小收方有上限：文字多的分成几包。"""
    other, peer = inside
    for n in range(1, 5):
        reported(n)
    size = max(len(one.sealed.encode()) for one in OutgoingEntry.objects.all())
    monkeypatch.setattr(packing, "MOST_WORDS", 2 * size)
    assert packing.pack(peer, START) == 2
    monkeypatch.setattr(packing, "MOST_WORDS", 1)
    reported(5), reported(6)
    assert packing.pack(peer, START) == 2, "一条就超过的自成一包"
    assert len(texts(other.take_all(peer, START))) == 6
