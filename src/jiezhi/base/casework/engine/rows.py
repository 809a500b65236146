"""件的行 ↔ 件的样子（CaseView）。读出来、写回去都只在这里。"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from jiezhi.base.accounts import secrets
from jiezhi.base.casework.models import Case, Clock
from jiezhi.core.calendar import DayTable, Duration, parse_duration
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.procedure import clockwork
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.view import CaseView, ClockView

LIGHT_DEFAULT = "80%"


def clock_view(row: Clock) -> ClockView:
    """时限的行 → 样子。"""
    return ClockView(
        name=row.name,
        key=row.key,
        round=row.round,
        status=row.status,
        started_at=row.started_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        provisional=row.provisional,
        limit=row.limit,
        pauses=tuple(
            (datetime.fromisoformat(a), datetime.fromisoformat(b) if b else None) for a, b in row.pauses
        ),
        extensions=tuple(row.extensions),
        void=row.void,
    )


def case_view(row: Case, clocks: Iterable[Clock]) -> CaseView:
    """件的行、时限行 → 样子；敏感字段在这里解密。"""
    fields = dict(row.fields)
    if row.sealed:
        fields |= json.loads(secrets.decrypt(bytes(row.sealed)))
    return CaseView(
        uid=str(row.uid),
        state=row.state,
        seq=row.seq,
        number=row.number,
        fields=fields,
        done=frozenset(row.done),
        roles={role: tuple(people) for role, people in row.roles.items()},
        unit=row.unit_id,
        area=row.area_id,
        tags=frozenset(row.tags),
        clocks=[clock_view(clock) for clock in clocks],
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        closed_at=row.closed_at,
    )


def fill_case(row: Case, view: CaseView, definition: Definition) -> None:
    """把样子写进行（不保存）。区域路径、并入关系由调用者补。"""
    matter = definition.matter
    plain: dict[str, Any] = {}
    sensitive: dict[str, Any] = {}
    for name, value in view.fields.items():
        decl = matter.fields.get(name)
        (sensitive if decl is None or decl.secret else plain)[name] = value
    row.fields = plain
    if sensitive or row.sealed:
        row.sealed = secrets.encrypt(json.dumps(sensitive, ensure_ascii=False)) if sensitive else None
    row.number = view.number
    row.state = view.state
    row.seq = view.seq
    row.done = sorted(view.done)
    row.unit_id = view.unit
    row.area_id = view.area
    row.tags = sorted(view.tags)
    row.roles = {role: list(people) for role, people in view.roles.items()}
    assert view.opened_at is not None and view.changed_at is not None
    row.opened_at, row.changed_at, row.closed_at = view.opened_at, view.changed_at, view.closed_at
    row.title = title_of(plain, matter)
    # 敏感的地点不落明的坐标：只在加密的字段里，地图和相似件都不用它。
    place = plain.get(matter.located_by) if matter.located_by else None
    if isinstance(place, dict) and "lon" in place:
        from jiezhi.core.space import cell  # 带进 numpy、shapely，有坐标的件才用

        row.lon, row.lat = float(place["lon"]), float(place["lat"])
        row.cell = cell(row.lon, row.lat)
    else:
        row.lon = row.lat = row.cell = None


def title_of(fields: Mapping[str, Any], matter: MatterDecl) -> str:
    """件名：声明作件名的字段；没有填、保密的，用业务名称。"""
    decl = matter.fields.get(matter.summary or "")
    title = None if decl is None or decl.secret else fields.get(matter.summary or "")
    return str(title)[:200] if title else matter.title


def office_clocks(view: CaseView, definition: Definition) -> list[ClockView]:
    """约束本单位、要亮灯的时限：声明过的、不是保护当事人的、不归当事人自己办的、正在计时的；主办系统给了期限的以它为准。"""
    table = definition.matter.clocks
    found = [
        clock
        for clock in view.clocks
        if (clock.status == "running" or _paused_late(clock))
        and clock.name in table
        and table[clock.name].protects is None
        and table[clock.name].whose is None
    ]
    over = {name for clock in found if not clock.limit for name in table[clock.name].over}
    return [clock for clock in found if clock.name not in over] if over else found


def _paused_late(clock: ClockView) -> bool:
    """扣除之前就已经超期的：停着也还是超期，灯不能灭。"""
    return clock.status == "paused" and clock.due_at <= clock.pauses[-1][0]


def warn_at(definition: Definition, clock: ClockView, table: DayTable) -> datetime | None:
    """从什么时候起算“临期”：声明的几个提醒里最早的一个。"""
    decl = definition.matter.clocks.get(clock.name)
    if decl is None:
        return None
    moments = []
    for text in decl.warn or [LIGHT_DEFAULT]:
        if text.endswith("%"):
            span = clock.due_at - clock.started_at
            moments.append(clock.started_at + span * (int(text[:-1]) / 100))
        else:
            duration = parse_duration(text)
            if isinstance(duration, Duration):
                regime = clockwork.regime_of(definition, decl)
                moments.append(clockwork.before(clock.due_at, duration, regime, table))
    return max(min(moments), clock.started_at) if moments else None


CLOCK_ALL = (
    "case_id", "name", "key", "round", "status", "limit", "started_at", "due_at", "warn_at", "ended_at",
    "provisional", "pauses", "extensions", "void", "fired_at",
)  # fmt: skip


def clock_values(case_id: int, view: ClockView, warn: datetime | None) -> tuple[Any, ...]:
    """新起算的时限各列的值，次序照 CLOCK_ALL。"""
    identity = (case_id, view.name, view.key, view.round, view.status, view.limit)
    times = (view.started_at, view.due_at, warn, view.ended_at)
    return (*identity, *times, view.provisional, _pauses(view), list(view.extensions), view.void, None)


def _pauses(view: ClockView) -> list[list[str | None]]:
    return [[a.isoformat(), b.isoformat() if b else None] for a, b in view.pauses]


def fill_clock(row: Clock, view: ClockView, warn: datetime | None) -> None:
    """把变动过的时限写进行（不保存）。到期变了就重新等它届满。"""
    if row.due_at != view.due_at:
        row.fired_at = None
    row.status, row.limit = view.status, view.limit
    row.due_at, row.ended_at = view.due_at, view.ended_at
    row.provisional, row.pauses, row.extensions = view.provisional, _pauses(view), list(view.extensions)
    row.void, row.warn_at = view.void, warn


def index_values(
    view: CaseView, definition: Definition, names: Sequence[str]
) -> list[tuple[str, str, int | None]]:
    """声明为 indexed 的字段 → （字段、文字、数值）。敏感字段不进筛选。"""
    rows: list[tuple[str, str, int | None]] = []
    for name in names:
        decl = definition.matter.fields.get(name)
        value = view.fields.get(name)
        if decl is None or not decl.indexed or decl.secret or value in (None, ERASED):
            continue
        for item in dict.fromkeys(map(_hashable, value)) if isinstance(value, list) else [value]:
            number = int(item) if isinstance(item, int) else None
            text = "是" if item is True else "否" if item is False else str(item)
            rows.append((name, text[:200], number))
    return rows


UNIQUE = "#unique"


def unique_mark(matter: MatterDecl, fields: Mapping[str, Any], closed: bool) -> str:
    """“同时只能有一件”的标记：字段值的摘要；已办结、没有这种要求或没有填全的为空串。

    地点先认门牌，再认地址，最后认坐标：同一处有没有带坐标都是同一处。
    """
    values = [_same(fields.get(name)) for name in matter.unique_open]
    if closed or not values or any(value in (None, ERASED) for value in values):
        return ""
    return sm3_hex(encode([matter.matter, *values]))


def _same(value: Any) -> Any:
    if isinstance(value, dict) and {"doorplate", "address", "lon"} & set(value):
        return value.get("doorplate") or value.get("address") or f"{value['lon']},{value.get('lat')}"
    return value


def _hashable(item: Any) -> Any:
    return item if isinstance(item, str | int) else json.dumps(item, ensure_ascii=False, sort_keys=True)


PARTY_KINDS = (("name", "name"), ("phone", "phone"), ("id", "identifier"), ("account", "account"))
"""凭什么找当事人：（索引种类，当事人的哪一项）。"""


def party_indexes(
    view: CaseView, definition: Definition, names: Sequence[str]
) -> list[tuple[str, str, str, str]]:
    """当事人字段 → （字段、种类、整值索引、后四位索引）。"""
    rows = []
    for name in names:
        decl = definition.matter.fields.get(name)
        value = view.fields.get(name)
        if decl is None or decl.type is not FieldType.PARTY:
            continue
        for party in value if isinstance(value, list) else [value]:
            for kind, key in PARTY_KINDS:
                if isinstance(party, dict) and party.get(key):
                    tail = secrets.tail_index(kind, party[key]) if kind in ("phone", "id") else ""
                    rows.append((name, kind, secrets.blind_index(kind, party[key]), tail))
    return rows
