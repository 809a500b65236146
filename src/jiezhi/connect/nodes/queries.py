"""读：节点、往来到了哪里、没有办成的、没有收下的。"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from jiezhi.connect.nodes import packing
from jiezhi.connect.nodes.models import Arrival, Incoming, OutgoingEntry, Peer, Rejection


@dataclass(frozen=True, slots=True)
class Standing:
    """与一个节点往来到了哪里。

    `waiting` 还没有成包的条数，`unacked` 对方还没有说收到的包数，`unapplied` 收到而没有办完的包数，
    `held` 先收着的号，`missing` 前面缺的号，`refused` 没有办成的条数，`returned` 对方没有办成的条数。
    """

    peer: Peer
    waiting: int
    unacked: int
    unapplied: int
    held: tuple[int, ...]
    missing: tuple[int, ...]
    refused: int
    returned: int


def find(code: str) -> Peer | None:
    """按代码找节点。"""
    return Peer.objects.filter(code=code).first()


def peers() -> QuerySet[Peer]:
    """全部节点。"""
    return Peer.objects.all()


def missing(peer: Peer) -> tuple[int, ...]:
    """前面缺的号。"""
    return _before(peer, _held(peer))


def _held(peer: Peer) -> tuple[int, ...]:
    current = peer.incoming.filter(epoch=peer.in_epoch, seq__gt=peer.in_seq)
    return tuple(current.order_by("seq").values_list("seq", flat=True))


def _before(peer: Peer, held: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(one for one in range(peer.in_seq + 1, max(held, default=0)) if one not in held)


def standing(peer: Peer) -> Standing:
    """与一个节点往来到了哪里。"""
    peer.refresh_from_db()
    held = _held(peer)
    return Standing(
        peer=peer,
        waiting=packing.waiting(peer).count(),
        unacked=packing.unacknowledged(peer).count(),
        unapplied=Incoming.objects.filter(peer=peer, applied_at=None).count() - len(held),
        held=held,
        missing=_before(peer, held),
        refused=peer.arrivals.filter(outcome=Arrival.Outcome.REFUSED).count(),
        returned=peer.entries.exclude(refused="").count(),
    )


def refused(peer: Peer | None = None) -> QuerySet[Arrival]:
    """收到而没有办成的，新的在前。"""
    found = Arrival.objects.filter(outcome=Arrival.Outcome.REFUSED).select_related("peer", "case")
    return (found if peer is None else found.filter(peer=peer)).order_by("-pk")


def returned() -> QuerySet[OutgoingEntry]:
    """送出去而对方没有办成的、送不到了的，新的在前。"""
    return OutgoingEntry.objects.exclude(refused="").select_related("peer", "case").order_by("-pk")


def rejections() -> QuerySet[Rejection]:
    """没有收下的，新的在前。"""
    return Rejection.objects.order_by("-pk")
