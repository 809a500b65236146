"""件上依法清除时，节点这里留着的也清掉：送到的、收到的不再留，还没有送到的不再送。"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q, QuerySet

from jiezhi.base.casework.models import Case, Delivery
from jiezhi.connect.nodes import outbound, packing
from jiezhi.connect.nodes.models import Arrival, Incoming, OutgoingEntry, Peer
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.procedure.fold import ERASED


def forget(case: int, fields: Mapping[int, set[str]], now: datetime) -> set[str]:
    """清除的事务里做，件已锁住。`fields` 是各条办理记录（序号）里要清的字段。

    还没有送到的，清除了的不得再提供：内容里拿掉；已经成包的，那个节点重起一轮、重新成包，对方收过的认得出。
    """
    uid = str(Case.objects.values_list("uid", flat=True).get(pk=case))
    mine = Q(case=case) | Q(uid__startswith=f"{uid}:")
    entries = OutgoingEntry.objects.filter(mine, cleared_at=None)
    # 先锁节点：正在成包的等它成完，再看哪些成了包。
    for peer in (
        Peer.objects.select_for_update(no_key=True).filter(pk__in=entries.values("peer")).order_by("pk")
    ):
        _unsent(peer, uid, entries.filter(peer=peer), set().union(*fields.values()), now)
    entries.filter(parcel__acked_at__isnull=False).update(sealed="", files=[], cleared_at=now)
    _received(case, now)
    return set()


def _unsent(peer: Peer, uid: str, entries: QuerySet[OutgoingEntry], names: set[str], now: datetime) -> None:
    rows = list(entries.filter(parcel__acked_at=None, uid__startswith=f"{uid}:").order_by("pk"))
    given = {row.pk: json.loads(row.sealed)["fields"] for row in rows}
    gone = {
        digest
        for row in rows
        for name in names & set(given[row.pk])
        for digest in row.files
        if isinstance(given[row.pk][name], list) and digest in given[row.pk][name]
    }
    again = False
    for row in rows:
        changed = packing.strip(row, names, gone, hush=_hushed(row))
        again = again or (changed and row.parcel_id is not None)
    if again:
        packing.start_over(peer, now, why="件上依法清除，对方没有说收到的重新成包")


def _hushed(row: OutgoingEntry) -> bool:
    """消息里对来件人说的话有没有清除了的内容：有的，这些话都不再送，只送办到哪里。"""
    if row.kind != outbound.NEWS:
        return False
    uid, seq, _ = row.uid.split(":")
    rows = Delivery.objects.filter(event__case__uid=uid, event__seq=int(seq), kind="notify")
    words = [one.get(name, "") for one in outbound.told_in(rows) for name in ("text", "merged")]
    return any(ERASED in one for one in words)


def _received(case: int, now: datetime) -> None:
    arrivals = Arrival.objects.filter(case=case)
    parcels = Incoming.objects.select_for_update().filter(pk__in=arrivals.values("parcel"), cleared_at=None)
    for row in parcels.order_by("pk"):
        gone = set(arrivals.filter(parcel=row).values_list("uid", flat=True))
        value = json.loads(row.sealed)
        for one in value["entries"]:
            if one["id"] in gone:
                one["data"] = {}
        if row.applied_at is not None and not any(one["data"] for one in value["entries"]):
            row.sealed, row.cleared_at = "", now
        else:
            row.sealed = encode(value).decode()
        row.save(update_fields=["sealed", "cleared_at"])
        left = encode(value["entries"]).decode()
        for kept in row.files.all():  # 替没有办成的留着的材料：只有清掉的那一条用的，不再留
            if kept.file_id not in left:
                kept.delete()
