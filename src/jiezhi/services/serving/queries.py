"""读：一件的某种文书送达了谁。"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from jiezhi.base.casework.engine.env import party_mark
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case
from jiezhi.services.serving.resolve import served_days


@dataclass(frozen=True, slots=True)
class Served:
    """一个当事人的送达：`deemed` 是视为送达日（公告的可能在将来），还没有送达为 None。"""

    party: dict[str, Any]
    deemed: date | None


def servings(case: Case, served: str, parties: str = "parties") -> list[Served]:
    """`served` 是文书的法律含义，`parties` 是当事人字段；按当事人的次序。当事人的信息由调用者打码。"""
    work = Work(case.changed_at)
    work.load_for_reading([str(case.uid)])
    view = work.loaded[str(case.uid)].view
    days = served_days(work.bodies(view.uid), served)
    value = view.fields.get(parties)
    found = []
    for party in value if isinstance(value, list) else [value] if value else []:
        day = days.get(party_mark(party))
        found.append(Served(party, date.fromisoformat(day) if day else None))
    return found
