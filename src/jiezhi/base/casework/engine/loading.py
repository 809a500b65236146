"""把件从库里读进一次事务：行、时限、样子。办一件的语句只拼一次。"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from jiezhi.base.casework import matters
from jiezhi.base.casework.engine.fastsql import Prepared
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case, Clock
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.view import CaseView


@dataclass(slots=True)
class Loaded:
    """事务里的一件：行、样子、模板。`view` 是办到现在的样子，`stored` 是库里的样子（新件为 None）。"""

    row: Case
    view: CaseView
    definition: Definition
    head: bytes
    stored: CaseView | None
    clocks: dict[tuple[str, str, int], Clock] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    # 换版：时限改了什么名（旧名 → 新名）；不是换版为 None。写库时各行照新版重做。
    changed: dict[str, str] | None = None


def _cases(lock: bool) -> QuerySet[Case]:
    found = Case.objects.select_related("version").defer("version__content")
    return found.select_for_update(of=("self",)) if lock else found


def _prepared_uid(value: uuid.UUID) -> Any:
    return Case._meta.get_field("uid").get_db_prep_value(value, connection)


_ONE = Prepared(lambda uid: _cases(False).filter(uid=uid), uuid.UUID(int=7), _prepared_uid)
_ONE_LOCKED = Prepared(lambda uid: _cases(True).filter(uid=uid), uuid.UUID(int=7), _prepared_uid)
_CLOCKS = Prepared(lambda pk: Clock.objects.filter(case=pk).order_by("pk"), 7, lambda pk: pk)


def _is_uid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def row_of(uid: str) -> Case | None:
    """只要行：不加锁，不读时限，不解密。没有、不成样的为 None。"""
    rows = _ONE.fetch(uuid.UUID(uid)) if _is_uid(uid) else []
    return rows[0] if rows else None


def fetch(uids: Iterable[str], *, lock: bool) -> list[Loaded]:
    """读这些件（`lock` 时加锁），按库里的先后；不成样的标识、没有的件不在其中。"""
    wanted = [uid for uid in uids if _is_uid(uid)]
    if not wanted:
        return []
    rows: Sequence[Case]
    found: Sequence[Clock]
    if len(wanted) == 1:
        rows = (_ONE_LOCKED if lock else _ONE).fetch(uuid.UUID(wanted[0]))
        found = _CLOCKS.fetch(rows[0].pk) if rows else []
    else:
        rows = list(_cases(lock).filter(uid__in=wanted).order_by("pk"))
        found = list(Clock.objects.filter(case__in=[row.pk for row in rows]).order_by("pk"))
    clocks: dict[int, list[Clock]] = {}
    for clock in found:
        clocks.setdefault(clock.case_id, []).append(clock)
    above = {row.parent_id for row in rows if row.parent_id}
    parents = dict(Case.objects.filter(pk__in=above).values_list("pk", "uid")) if above else {}
    return [_loaded(row, clocks.get(row.pk, ()), parents.get(row.parent_id or 0)) for row in rows]


def _loaded(row: Case, clocks: Sequence[Clock], parent: uuid.UUID | None) -> Loaded:
    view = case_view(row, clocks)
    view.parent = str(parent) if parent else None
    return Loaded(
        row=row,
        view=view,
        definition=matters.definition_of(row.version),
        head=bytes(row.head),
        stored=view,
        clocks={(clock.name, clock.key, clock.round): clock for clock in clocks},
    )
