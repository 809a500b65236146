"""读：一件的各项用时。"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.change import in_current_words
from jiezhi.core.procedure.measuring import Measured, measure


def measures_of(
    case: Case, now: datetime, bodies: Iterable[Mapping[str, Any]] | None = None
) -> dict[str, Measured]:
    """这一件按它开立时的业务模板声明的各项用时：代号 → Measured（见 core.procedure.measuring）。

    `now` 带时区。调用者须已确认此人看得到这件。没有声明用时的，不读办理记录；`bodies` 是
    已经在手上的办理记录内容（从旧到新），给了就不再读。
    """
    definition = matters.definition_of(case.version)
    if not definition.matter.measures:
        return {}
    if bodies is None:
        rows = Event.objects.filter(case=case).order_by("seq").values_list("body", flat=True)
        bodies = (json.loads(bytes(body)) for body in rows)
    return measure(definition, in_current_words(bodies), registry.standing().table, now)
