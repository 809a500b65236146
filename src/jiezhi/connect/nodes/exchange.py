"""直连：把没有回执的包送过去，再把对方要给我的取来。一边有地址就够，另一边等着。"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db.models import Q

from jiezhi.connect import calling
from jiezhi.connect.nodes import applying, packing, receiving
from jiezhi.connect.nodes.models import Peer
from jiezhi.core.parcels import Refused
from jiezhi.core.parcels.notes import MAX_NOTE

log = logging.getLogger(__name__)

SEND, FETCH = "bao/", "qu/"
SECONDS = 120.0
# 一次往来最多送、取多少包：积了一周的分几次，别的节点也轮得到。
ROUND = 50
BACKOFF_MAX = timedelta(minutes=30)
ZIP = "application/zip"
NOTE = "application/json"
UNDONE = "往来没有做完"


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
        try:
            exchange(peer, now)
        except Exception as error:  # 一个节点出错，不连累别的
            log.exception("与节点 %s 往来出错", peer.code)
            _remember(peer, f"程序出错，{applying.why(error)}（原文在日志里）", now)


def exchange(peer: Peer, now: datetime) -> Exchanged:
    """与一个节点往来一次。没有连上的记下缘由，过一会儿再来。"""
    sent = fetched = 0
    trouble = ""
    try:
        packing.pack(peer, now)
        for row in packing.unacknowledged(peer)[:ROUND]:
            with packing.written(row) as path, path.open("rb") as stream:
                answer = _post(peer, SEND, stream, path.stat().st_size, ZIP, most=MAX_NOTE)
            receiving.receive_note(answer.body, via="https", now=now)
            sent += 1
        while fetched < ROUND and _fetch(peer, now):
            fetched += 1
    except (Broken, packing.CannotWrite, Refused) as error:
        trouble = str(error)[:300]
    _remember(peer, trouble, now)
    return Exchanged(peer, sent, fetched, trouble)


def _fetch(peer: Peer, now: datetime) -> bool:
    note = packing.note(peer, "fetch", now)
    with receiving.desk() as into:
        answer = _post(
            peer, FETCH, io.BytesIO(note), len(note), NOTE, into=into, most=packing.MOST_PARCEL, statuses=(200, 204)
        )  # fmt: skip
        if answer.status == 204:
            return False
        receiving.receive(into, into.tell(), via="https", now=now)
    return True


def _post(
    peer: Peer,
    path: str,
    source: BinaryIO,
    size: int,
    kind: str,
    *,
    most: int,
    into: BinaryIO | None = None,
    statuses: tuple[int, ...] = (200,),
) -> calling.Answer:
    url = peer.address.rstrip("/") + "/" + path
    answer = calling.carry(url, source, size, {"content-type": kind}, seconds=SECONDS, most=most, into=into)
    if answer.error or answer.status not in statuses:
        said = answer.text.strip()[:200]
        raise Broken(answer.error or f"{peer.name}答复 {answer.status}：{said}")
    return answer


def _remember(peer: Peer, trouble: str, now: datetime) -> None:
    row = Peer.objects.filter(pk=peer.pk)
    if not trouble:
        row.update(failures=0, next_at=None)
        row.filter(trouble__startswith=UNDONE).update(trouble="")
        return
    failures = Peer.objects.values_list("failures", flat=True).get(pk=peer.pk) + 1
    wait = min(timedelta(minutes=1) * 2 ** min(failures - 1, 6), BACKOFF_MAX)
    row.update(failures=failures, next_at=now + wait)
    # 等人处理的话（要重起一轮、有几条送不到）不能被“连不上”盖掉。
    row.filter(Q(trouble="") | Q(trouble__startswith=UNDONE)).update(trouble=f"{UNDONE}：{trouble}"[:300])
