"""一次看很多件：各件的办理记录、子件一次取齐，条件来问时不再逐件去查。"""

from __future__ import annotations

import json
from datetime import datetime

from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case, Event


def read_together(uids: list[str], now: datetime) -> Work:
    """把这些件读进来，只看不办。查询数与件数无关。"""
    work = Work(now)
    work.load_for_reading(uids)
    pks = {item.row.pk: uid for uid, item in work.loaded.items()}
    work._stored |= {uid: [] for uid in pks.values()}
    for pk, body in (
        Event.objects.filter(case__in=pks).order_by("case", "seq").values_list("case", "body") if pks else ()
    ):
        work._stored[pks[pk]].append(json.loads(bytes(body)))
    found: dict[str, list[tuple[object, ...]]] = {uid: [] for uid in pks.values()}
    rows = Case.objects.filter(parent__in=pks) if pks else Case.objects.none()
    for parent, *row in rows.values_list("parent", "slot", "uid", "state", "closed_at"):
        found[pks[parent or 0]].append(tuple(row))
    for uid, item in work.loaded.items():
        work.env(item.definition)._children[uid] = found[uid]
    return work
