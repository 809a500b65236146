"""读：审批提速。每个事项的法定、承诺、实际三列，压缩幅度，超期和错批各几件、核对了多少件。

全从件、时限和办理记录算，不另存数：点得到每一件。用时的算法见 core.procedure.measuring（起点当天不计，含依法不计入
期限的时间，所以只会偏长）。
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import F, Q, QuerySet

from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case, Clock, Event, MatterVersion
from jiezhi.base.documents.values import office
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.change import in_current_words
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.guide import Guide, Limit, guide_of, main_clock, main_limit
from jiezhi.core.procedure.measuring import measure
from jiezhi.core.procedure.tracking import END, parse_event
from jiezhi.services.promise.resolve import EXPLAINED

REASON = "late_reason"
RECENT = timedelta(days=365)
# 决定作出之后被推翻的：复议、诉讼撤销或者确认违法，本机关撤销。
WRONG = frozenset({"confirmed_unlawful", "revoke"})


@dataclass(frozen=True, slots=True)
class Late:
    """超期的一件：编号和公开说明的理由（还没有说明为空）。"""

    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pace:
    """一个事项的三列和几个数。`decided` 是已经作出决定、核对过的件；`wrong` 是被撤销、确认违法的件的编号。

    `mean`、`longest` 以 `unit` 计，没有办结的为 None。
    """

    matter: str
    title: str
    limit: Limit
    received: int
    decided: int
    mean: float | None
    longest: int | None
    unit: str
    overdue: tuple[Late, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """全部事项。`checked` 是核对了多少件（作出决定的），超期、错批为零就是这么多件里一件也没有。"""

    rows: tuple[Pace, ...]
    checked: int
    overdue: int
    wrong: int

    def as_json(self) -> dict[str, Any]:
        """可以直接输出 JSON 的样子。"""
        return asdict(self)


def services() -> list[tuple[MatterVersion, Definition]]:
    """现行的、有办事指南（写了办理时限）的业务模板，按名称排。"""
    rows = MatterVersion.objects.filter(is_current=True).defer("content").order_by("title")
    found = [(row, matters.definition_of(row)) for row in rows]
    return [(row, definition) for row, definition in found if main_clock(definition)]


def service(matter: str) -> Definition | None:
    """现行的、有办事指南的一种业务的声明；没有这种业务、没有指南 → None。"""
    try:
        definition = matters.definition_of(matters.current_version(matter))
    except matters.UnknownMatter:
        return None
    return definition if main_clock(definition) else None


def guide(definition: Definition, actual: str = "") -> Guide:
    """一份办事指南，带上本机关的名称、地址、电话。`actual` 是办理时限实际用时的说法，不公开的不给。"""
    contact = office()
    where = "".join((contact["name"], contact["address"] and f"（{contact['address']}）"))
    times = {main_clock(definition) or "": actual} if actual else {}
    return guide_of(definition, office=where, phone=contact["phone"], actual=times)


def blank_forms(definition: Definition) -> dict[str, str]:
    """这种业务提供的空白表：文书代号 → 名称。"""
    documents = definition.matter.documents
    return {
        item.form: documents[item.form].title
        for item in definition.matter.materials.values()
        if item.form in documents
    }


def speed(
    within: QuerySet[Case], now: datetime, *, since: datetime | None = None, until: datetime | None = None
) -> Speed:
    """三列和核对的结果。

    `within` 是看得到的件（页面传 `queries.visible(人)`，命令行传全部）；`since`、`until` 按收件时刻筛（含起、不含止），
    都带时区。
    """
    chosen = within
    if since is not None:
        chosen = chosen.filter(opened_at__gte=since)
    if until is not None:
        chosen = chosen.filter(opened_at__lt=until)
    rows = _paces([definition for _, definition in services()], chosen, now)
    return Speed(
        rows,
        sum(row.decided for row in rows),
        sum(len(row.overdue) for row in rows),
        sum(len(row.wrong) for row in rows),
    )


def pace_of(definition: Definition, within: QuerySet[Case], now: datetime) -> Pace:
    """一个事项近一年（`RECENT`）收的件的三列和几个数；没有写办理时限的事项不该问（ValueError）。"""
    if main_clock(definition) is None:
        raise ValueError(f"“{definition.matter.title}”没有写办理时限")
    return _paces([definition], within.filter(opened_at__gte=now - RECENT), now)[0]


@dataclass(frozen=True, slots=True)
class _Row:
    """算这些数要的一件。"""

    pk: int
    matter: str
    number: str
    done: list[str]
    closed: bool
    digest: str


def _paces(definitions: Sequence[Definition], within: QuerySet[Case], now: datetime) -> tuple[Pace, ...]:
    """几个事项的三列和几个数；不管几个事项，语句一样多。"""
    cases = within.filter(matter__in=[one.id for one in definitions])
    rows: dict[str, list[_Row]] = {one.id: [] for one in definitions}
    columns = ("pk", "matter", "number", "done", "closed_at", "version__digest")
    for pk, matter, number, done, closed_at, digest in cases.values_list(*columns):
        rows[matter].append(_Row(pk, matter, number, done, closed_at is not None, digest))
    late, wrong = _late(definitions, cases, now), _wrong(cases, rows)
    spans = _spans(definitions, cases, rows, now)
    found = []
    for one in definitions:
        taken, unit = spans[one.id]
        limit = main_limit(one)
        assert limit is not None
        found.append(
            Pace(
                one.id,
                one.matter.title,
                replace(limit, actual=_said(taken, unit)),
                len(rows[one.id]),
                len(taken),
                round(sum(taken) / len(taken), 1) if taken else None,
                max(taken, default=None),
                unit,
                tuple(late.get(one.id, ())),
                tuple(wrong.get(one.id, ())),
            )
        )
    return tuple(found)


def _said(spans: list[int], unit: str) -> str:
    """实际用时的说法；都在当天办完的说“当天”。"""
    if not spans:
        return "还没有办结的件"
    mean, longest = sum(spans) / len(spans), max(spans)
    word = f"个{unit}" if unit == "工作日" else unit
    taken = f"平均{mean:.1f}{word}，最长{longest}{word}" if longest else "都在当天"
    return f"{taken}（{len(spans)}件）"


def _spans(
    definitions: Sequence[Definition],
    cases: QuerySet[Case],
    rows: Mapping[str, Sequence[_Row]],
    now: datetime,
) -> dict[str, tuple[list[int], str]]:
    """业务模板 → 办完的各用了多久，和单位。换过版的件按各自的版本算；只读办完了的件的办理记录。"""
    found: dict[str, tuple[list[int], str]] = {one.id: ([], "") for one in definitions}
    wanted: dict[int, tuple[Definition, str]] = {}
    for one in definitions:
        name = one.matter.guide.actual
        if name is None or name not in one.matter.measures:
            continue
        found[one.id] = ([], one.matter.measures[name].unit)
        for row in rows[one.id]:
            own = matters.definition_with(row.digest) or one
            if name in own.matter.measures and _may_be_done(own, name, row):
                wanted[row.pk] = (own, name)
    if not wanted:
        return found
    table = registry.standing().table
    events = Event.objects.filter(case__in=cases).order_by("case_id", "seq").values_list("case_id", "body")
    for pk, bodies in groupby(events.iterator(), key=lambda row: row[0]):
        if pk not in wanted:
            continue
        own, name = wanted[pk]
        told = in_current_words(json.loads(bytes(body)) for _, body in bodies)
        taken = measure(own, told, table, now)[name]
        if taken.value is not None and not taken.running:
            found[own.id][0].append(taken.value)
    return found


def _may_be_done(definition: Definition, name: str, row: _Row) -> bool:
    """用时的止点到没到：止于某个含义、办结的，件上看得出没有到，就不用读办理记录。"""
    end = parse_event(definition.matter.measures[name].to)
    if end is None or end.kind != "means":
        return True
    return row.closed if end.name == END else end.name in row.done


def _late(definitions: Sequence[Definition], cases: QuerySet[Case], now: datetime) -> dict[str, list[Late]]:
    """业务模板 → 办理时限超过的件：停了的看停的时刻，在走的看现在；依法暂停的不算。按编号排。"""
    over = Q(ended_at__gte=F("due_at")) | Q(ended_at=None, status="running", due_at__lte=now)
    mine = Q(pk=None)
    for one in definitions:
        mine |= Q(case__matter=one.id, name=main_clock(one))
    clocks = Clock.objects.filter(over, mine)
    found: dict[str, list[Late]] = defaultdict(list)
    for row in cases.filter(pk__in=clocks.values("case")).order_by("number"):
        reason = str(row.fields.get(REASON, "")) if EXPLAINED in row.done else ""
        found[row.matter].append(Late(row.number, reason))
    return found


def _wrong(cases: QuerySet[Case], rows: Mapping[str, Sequence[_Row]]) -> dict[str, list[str]]:
    """业务模板 → 被撤销、被确认违法的件（编号），连同随它开立的（许可证件）。"""
    found = {name: {row.number for row in held if WRONG & set(row.done)} for name, held in rows.items()}
    children = Case.objects.filter(parent__in=cases)
    for matter, number, done in children.values_list("parent__matter", "parent__number", "done"):
        if WRONG & set(done):
            found[matter].add(number)
    return {name: sorted(numbers) for name, numbers in found.items()}
