"""我的工作：最近变了什么，几件上现在能办什么，各单位手上有多少。都只在看得见的之内。"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Subquery, Value

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import dialect, matters
from jiezhi.base.casework.actions import officer_actor
from jiezhi.base.casework.arms import LIVE, Sql, column, every, run, where_of
from jiezhi.base.casework.builtins import BUILTIN, action_title
from jiezhi.base.casework.engine.reading import read_together
from jiezhi.base.casework.listing import ENOUGH
from jiezhi.base.casework.models import Case, CaseField, Event
from jiezhi.base.casework.reach import Reach, visible
from jiezhi.base.registry.models import Unit
from jiezhi.core.procedure import interpreter
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.view import Plan, Request

RECENT = 10_000
"""最近的变化至多往前翻这么多条办理记录：一个街道大半个月的。"""
TAKEN_OVER = "take_over"
RETURNING = frozenset(["return", "rework", "reopen"])
ASSIGNED, RETURNED, SPOKEN, STEPPED = "新派来的", "退回来的", "居民的评价和要求", "别人办了一步的"
KINDS = (ASSIGNED, RETURNED, SPOKEN, STEPPED)
UNITS_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class Change:
    """一件上最近的一步。`kind` 是 KINDS 之一；`who` 是谁办的。"""

    kind: str
    case: Case
    at: datetime
    title: str
    who: str
    state: str


def changes(officer: Officer, since: datetime, now: datetime, *, most: int = 200) -> list[Change]:
    """`since` 之后别人在与他有关的件（件上有他的、本单位的、轮到他的）上办的，新的在前；一件一类只列最近一步。

    从办理记录取，按登记的时间算；只翻最近 RECENT 条，至多取 `most` 条。两条查询。
    """
    if not officer.is_active:
        return []
    reach = Reach.of(officer, now)
    near = visible(officer, now).filter(Q(unit__in=reach.units) | reach.desk, pk=OuterRef("case"))
    # 登记的时间没有索引：从最后一条往前翻，翻多少有个限。
    last = Subquery(Event.objects.order_by("-pk").values("pk")[:1])
    rows = Event.objects.filter(pk__gt=last - Value(RECENT), recorded_at__gt=since)
    rows = rows.exclude(officer=officer.pk).exclude(action__in=BUILTIN.keys() - {TAKEN_OVER})
    rows = rows.filter(Exists(near)).order_by("-pk")
    found: dict[tuple[str, int], Change] = {}
    keys = list(rows.values_list("pk", flat=True)[:most])
    whole = Event.objects.filter(pk__in=keys).select_related("case__version", "officer")
    whole = whole.defer("case__version__content", "case__sealed", "case__fields", "case__head")
    for event in sorted(whole, key=lambda one: (one.recorded_at, one.pk), reverse=True) if keys else ():
        change = _change(event)
        found.setdefault((change.kind, event.case_id), change)
    return list(found.values())


def _change(event: Event) -> Change:
    definition = matters.definition_of(event.case.version)
    decl = definition.action(event.action)
    actor = json.loads(bytes(event.body))["actor"]
    kinds = {"reporter": "来件人", "party": "当事人", "system": "系统", "import": "导入"}
    name = event.officer.name if event.officer else kinds.get(actor["kind"], "")
    state = definition.matter.states.get(event.to_state)
    return Change(
        kind=_kind(event, decl, actor["kind"]),
        case=event.case,
        at=event.recorded_at,
        title=action_title(event.action) or (decl.title if decl else event.action),
        who=str(actor.get("organ") or name),
        state=state.title if state else event.to_state,
    )


def _kind(event: Event, decl: ActionDecl | None, who: str) -> str:
    means = set(decl.means) if decl else set()
    if event.seq > 1 and (who in ("reporter", "party") or "rate" in means):
        return SPOKEN
    if RETURNING & means or (decl and decl.clears and "correct" not in means):
        return RETURNED
    if event.seq == 1 or "dispatch" in means or event.action == TAKEN_OVER:
        return ASSIGNED
    return STEPPED


@dataclass(frozen=True, slots=True)
class Doable:
    """一件上他现在能办的：主要的一步（动作、叫法；没有为空），和另外还有没有别的常办的。"""

    action: str = ""
    title: str = ""
    others: bool = False


def doable(cases: Sequence[Case], officer: Officer, now: datetime) -> dict[int, Doable]:
    """这几件（已经核对过看得见）上他现在能办什么，按件的主键。与按钮用同样的检查；查询数与件数无关。"""
    work = read_together([str(case.uid) for case in cases], now)
    request = Request("", officer_actor(officer), now, now)
    found: dict[int, Doable] = {}
    for item in work.loaded.values():
        env = work.env(item.definition, request)
        outcomes = interpreter.available(item.definition, item.view, request, env)
        names = [one.action for one in outcomes if isinstance(one, Plan)]
        decls = [(name, item.definition.matter.actions[name]) for name in names]
        usual = [(name, decl) for name, decl in decls if decl.weight in ("primary", "normal")]
        main = next(((name, decl.title) for name, decl in usual if decl.weight == "primary"), ("", ""))
        found[item.row.pk] = Doable(*main, others=bool(usual))
    return found


@dataclass(frozen=True, slots=True)
class Load:
    """一个单位在办的件。各数到 ENOUGH + 1 为止；在办的更多时，临期只数最先到期的那些。`unit` 空串是还没有单位的。"""

    unit: str
    open: int
    soon: int
    late: int


def loads(officer: Officer, now: datetime) -> list[Load]:
    """各单位在办、临期、超期多少件（限看得见的），超期多的在前；一件也没有的单位不列。

    每个单位只走它在办的那一段索引，数到为止。两条查询（单位很多时，每四百个单位一条）。
    """
    if not officer.is_active:
        return []
    late, soon = where_of(Q(due_at__lte=now)), where_of(Q(due_at__gt=now, warn_at__lte=now))
    seen = where_of(Reach.of(officer, now).q)
    if late is None or soon is None:
        return []
    whole = every(LIVE, seen)
    found = []
    codes = ["", *Unit.objects.order_by("pk").values_list("code", flat=True)]
    for start in range(0, len(codes), UNITS_AT_ONCE):
        parts = [_load(code, whole, late, soon) for code in codes[start : start + UNITS_AT_ONCE]]
        given = [part for part in parts if part is not None]
        if given:
            sql = " UNION ALL ".join(part.sql for part in given)
            found += [Load(*row) for row in run(sql, [value for part in given for value in part.params])]
    return sorted((one for one in found if one.open), key=lambda one: (-one.late, -one.soon, -one.open))


def _load(code: str, whole: Sql | None, late: Sql, soon: Sql) -> Sql | None:
    mine = column("unit_id", code) if code else Sql('"casework_case"."unit_id" IS NULL')
    where = every(mine, whole)
    if where is None:
        return None
    start = dialect.walked("case", "case_open_unit")
    marks = [
        f"CASE WHEN {one.sql} THEN 1 ELSE 0 END AS {name}" for one, name in ((late, "late"), (soon, "soon"))
    ]
    rows = (
        f"SELECT {', '.join(marks)} FROM {start} WHERE {where.sql}"
        ' ORDER BY "casework_case"."due_at" ASC NULLS LAST LIMIT %s'
    )
    label = "CAST(%s AS varchar(80))"
    sql = f"SELECT {label}, count(*), coalesce(sum(soon), 0), coalesce(sum(late), 0) FROM ({rows}) AS part"
    return Sql(sql, (code, *late.params, *soon.params, *where.params, ENOUGH + 1))


def field_values(cases: Sequence[Case], names: Sequence[str]) -> dict[tuple[int, str], list[str]]:
    """这些件（已经核对过看得见）的可筛选字段：（件的主键、字段）→ 值。一条查询。"""
    found: dict[tuple[int, str], list[str]] = {}
    rows = CaseField.objects.filter(case__in=[case.pk for case in cases], name__in=names)
    for pk, name, text in rows.order_by("pk").values_list("case", "name", "text") if cases and names else ():
        found.setdefault((pk, name), []).append(text)
    return found
