"""直连：把没有回执的包送过去，再把对方要给我的取来。一边有地址就够，另一边等着。"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from jiezhi.connect import calling
from jiezhi.connect.nodes import packing, receiving
from jiezhi.connect.nodes.models import Peer
from jiezhi.core.parcels import Refused

SEND, FETCH = "bao/", "qu/"
SECONDS = 120.0
# 一次往来最多送、取多少包：积了一周的分几次，别的节点也轮得到。
ROUND = 50
BACKOFF_MAX = timedelta(minutes=30)
ZIP = "application/zip"
NOTE = "application/json"


class Broken(Exception):
    """没有连上，或者对方不收。"""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """一次往来：送了、取了几包；`trouble` 是没有做完的缘由。"""

    peer: Peer
    sent: int
    fetched: int
    trouble: str = ""


def exchange_due(now: datetime) -> None:
    """到时候的都往来一次；由 worker 定时调用。"""
    due = Q(next_at=None) | Q(next_at__lte=now)
    for peer in Peer.objects.filter(due, status=Peer.Status.TRUSTED).exclude(address="").order_by("pk"):
        exchange(peer, now)


def exchange(peer: Peer, now: datetime) -> Exchanged:
    """与一个节点往来一次。没有连上的记下缘由，过一会儿再来。"""
    sent = fetched = 0
    trouble = ""
    try:
        packing.pack(peer, now)
        for row in packing.unacknowledged(peer)[:ROUND]:
            with packing.written(row) as path:
                answer = _post(peer, SEND, path.read_bytes(), ZIP, most=1 << 20)
            receiving.receive_note(answer.body, via="https", now=now)
            sent += 1
        while fetched < ROUND and _fetch(peer, now):
            fetched += 1
    except (Broken, packing.CannotWrite, Refused) as error:
        trouble = str(error)[:300]
    _remember(peer, trouble, now)
    return Exchanged(peer, sent, fetched, trouble)


def _fetch(peer: Peer, now: datetime) -> bool:
    answer = _post(
        peer, FETCH, packing.note(peer, "fetch", now), NOTE, most=packing.MOST_PARCEL, statuses=(200, 204)
    )
    if answer.status == 204:
        return False
    receiving.receive(io.BytesIO(answer.body), len(answer.body), via="https", now=now)
    return True


def _post(
    peer: Peer, path: str, body: bytes, kind: str, *, most: int, statuses: tuple[int, ...] = (200,)
) -> calling.Answer:
    url = peer.address.rstrip("/") + "/" + path
    answer = calling.post(url, body, {"content-type": kind}, seconds=SECONDS, most=most)
    if answer.error or answer.status not in statuses:
        said = answer.text.strip()[:200]
        raise Broken(answer.error or f"{peer.name}答复 {answer.status}：{said}")
    return answer


def _remember(peer: Peer, trouble: str, now: datetime) -> None:
    if not trouble:
        Peer.objects.filter(pk=peer.pk).update(failures=0, next_at=None)
        Peer.objects.filter(pk=peer.pk, trouble__startswith="往来没有做完").update(trouble="")
        return
    failures = Peer.objects.values_list("failures", flat=True).get(pk=peer.pk) + 1
    wait = min(timedelta(minutes=1) * 2 ** min(failures - 1, 6), BACKOFF_MAX)
    Peer.objects.filter(pk=peer.pk).update(
        failures=failures, next_at=now + wait, trouble=f"往来没有做完：{trouble}"[:300]
    )
