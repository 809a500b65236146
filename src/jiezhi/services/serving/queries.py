"""读：一件的各种文书送达了谁。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jiezhi.base.casework.engine.env import party_mark
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.queries import definition_of
from jiezhi.services.serving.resolve import served_days, several


@dataclass(frozen=True, slots=True)
class Served:
    """一种文书对一个当事人的送达：`field` 是当事人所在的字段，`deemed` 是视为送达日（公告的可能在将来），没有送达为 None。"""

    doc: str
    title: str
    field: str
    party: dict[str, Any]
    deemed: date | None


def servings(case: Case, bodies: Sequence[Mapping[str, Any]]) -> list[Served]:
    """作出了而没有作废的各种文书，按文书、当事人的次序；没有这种文书的为空。`bodies` 是这一件的办理记录内容，从旧到新。

    不查库。当事人的信息由调用者打码。
    """
    matter = definition_of(case).matter
    papers = {doc: one for one in matter.actions.values() if one.service for doc in one.serves}
    made = {doc: one for doc, one in papers.items() if doc in case.done}
    if not made:
        return []
    fields = case_view(case, ()).fields
    found = []
    for doc, action in made.items():
        everyone = matter.conditions.get(f"{doc}_all_served")
        if action.service is None or everyone is None or everyone.call is None:
            continue  # 没有引用 served，不知道要送给谁
        title = matter.fields[action.service.to].title.removesuffix("受送达人")
        name = str(everyone.call.args["parties"]).removeprefix("field.")
        days = served_days(bodies, doc)
        for party in several(fields.get(name)):
            day = days.get(party_mark(party))
            found.append(Served(doc, title, name, party, date.fromisoformat(day) if day else None))
    return found
