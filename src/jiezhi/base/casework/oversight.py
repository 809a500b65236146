"""督办台的五张单子：超期的、补录的、退回两次以上的、不满意的、办结而没有照片的。怎么算都写在这里。

只按业务模板里的含义、字段类型认，不认哪个业务的动作名；只列看得见的件，不数人：对事不对人。
办理记录从 (动作, 发生时间) 的索引走起；补录的没有索引可走，只从最后的 RECENT 条里找。
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import dialect, matters
from jiezhi.base.casework.actions import officer_actor
from jiezhi.base.casework.arms import ENDED, LIVE, Sql, every, run, where_of
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.listing import SHOWN
from jiezhi.base.casework.models import Case, Event, EvidenceUse
from jiezhi.base.casework.reach import Reach
from jiezhi.base.registry import queries as registry
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure import interpreter
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.view import Plan, Request

OVERSEERS = frozenset(
    ["supervisor", "leader", "office_head", "deputy_head", "unit_chief", "enforcement_chief"]
    + ["service_chief", "community_lead"]
)
"""能看督办台的岗位；看得见哪些件还照各自的范围。"""
URGING = frozenset({"urge", "supervise"})
LATE = timedelta(hours=1)
"""登记比发生晚这么多就是补录，与办理记录上标的一样。"""
TWICE = 2
RECENT = 50_000
SPANS = {"7": "近 7 天", "30": "近 30 天", "year": "今年"}
USUAL = "30"


@dataclass(frozen=True, slots=True)
class Sheet:
    """一张单子。`how` 是怎么算的，{span} 换成时间；`always` 的平常不限时间。"""

    title: str
    how: str
    empty: str
    always: bool = False


SHEETS = {
    "overdue": Sheet(
        "超期的", "过了到期时间还没有办结，{span}到期的；超得最久的在前。", "没有超期的件", always=True
    ),
    "backfilled": Sheet(
        "补录的",
        "{span}登记的步骤里，登记比办理晚了一小时以上的（导入的、系统办的不算）；只查最后五万条办理记录。",
        "没有补录的步骤",
    ),
    "returned": Sheet(
        "退回两次以上的",
        "{span}内退回重派、退回重新调查、核查不通过退回重办，一件合计两次以上的。",
        "没有反复退回的件",
    ),
    "unhappy": Sheet(
        "不满意的", "{span}内来件人评价不满意要求重办，或者办结之后要求重新办理的。", "没有不满意的件"
    ),
    "photoless": Sheet(
        "办结而没有照片的",
        "{span}来件、已经办结，按业务应当交照片而一张也没有的（区级部门办结的也在内）。",
        "办结的都有照片",
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """怎样筛：单位代码（空为不限）、时间（SPANS 之一，空为平常的）。"""

    unit: str = ""
    span: str = ""

    def since(self, sheet: str, now: datetime) -> datetime | None:
        """从什么时候起；不限为 None。"""
        span = self.span or ("" if SHEETS[sheet].always else USUAL)
        if span == "year":
            return now.astimezone(CHINA).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        return now - timedelta(days=int(span)) if span else None

    def how(self, sheet: str) -> str:
        """这张单子怎么算，写明时间。"""
        one = SHEETS[sheet]
        said = SPANS[self.span] if self.span else ("不论哪天" if one.always else SPANS[USUAL])
        return one.how.format(span=said)


def may_oversee(officer: Officer, now: datetime) -> bool:
    """能不能看督办台。"""
    return bool({post for post, _, _ in registry.holdings(officer.pk, now)} & OVERSEERS)


def listed(officer: Officer, sheet: str, asked: Asked, *, now: datetime, most: int) -> list[tuple[int, int]]:
    """一张单子上看得见的前 `most` 件：（件的主键，次数）。次数是退回、不满意、补录的次数，没有次数的为 0。一条查询。

    不能看督办台的人一件也没有。
    """
    if not officer.is_active or not may_oversee(officer, now):
        return []
    ours = Q(unit=asked.unit) if asked.unit else Q()
    seen = where_of(Reach.of(officer, now).q & ours)
    return _FINDERS[sheet](seen, asked.since(sheet, now), now, most) if seen else []


def _overdue(seen: Sql, since: datetime | None, now: datetime, most: int) -> list[tuple[int, int]]:
    span = Q(due_at__lte=now) & (Q(due_at__gte=since) if since else Q())
    where = every(LIVE, where_of(span), seen)
    return _walk("case_open", where, '"casework_case"."due_at", "casework_case"."place" DESC', most)


def _photoless(seen: Sql, since: datetime | None, now: datetime, most: int) -> list[tuple[int, int]]:
    wanted = Q(pk__in=())
    for matter, (states, fields) in _photo_matters().items():
        taken = EvidenceUse.objects.filter(case=OuterRef("pk"), field__in=sorted(fields))
        wanted |= Q(matter=matter, state__in=sorted(states)) & Q(~Exists(taken))
    span = Q(place__gte=dialect.place_at(since)) if since else Q()
    where = every(ENDED, where_of(span), where_of(wanted), seen)
    return _walk("case_shut", where, '"casework_case"."place" DESC', most)


def _walk(index: str, where: Sql | None, order: str, most: int) -> list[tuple[int, int]]:
    """照一个索引走，够了就停。"""
    if where is None:
        return []
    start = dialect.walked("case", index)
    sql = f'SELECT "casework_case"."id", 0 FROM {start} WHERE {where.sql} ORDER BY {order} LIMIT %s'
    return [(pk, times) for pk, times in run(sql, [*where.params, most])]


def _returned(seen: Sql, since: datetime | None, now: datetime, most: int) -> list[tuple[int, int]]:
    return _stepped("returned", seen, since, most, TWICE)


def _unhappy(seen: Sql, since: datetime | None, now: datetime, most: int) -> list[tuple[int, int]]:
    return _stepped("unhappy", seen, since, most, 1)


def _stepped(kind: str, seen: Sql, since: datetime | None, most: int, least: int) -> list[tuple[int, int]]:
    """办过这几种步骤至少 `least` 次的，最近办的在前。"""
    steps = _steps()[kind]
    pairs: list[Sql] = []
    for acts, names in steps.items():
        of = where_of(Q(matter__in=names))
        assert of is not None
        marks = ", ".join(["%s"] * len(acts))
        pairs.append(Sql(f'(told."action" IN ({marks}) AND {of.sql})', (*acts, *of.params)))
    if not pairs:
        return []
    every_act = sorted({act for acts in steps for act in acts})
    told = Event.objects.filter(action__in=every_act)
    told = told.filter(at__gte=since) if since else told
    sql, params = told.order_by().values_list("case_id", "action", "at").query.sql_with_params()
    either = Sql(
        f"({' OR '.join(one.sql for one in pairs)})", tuple(value for one in pairs for value in one.params)
    )
    return _grouped(f"({sql})", params, 'max(told."at")', every(either, seen), most, least)


def _backfilled(seen: Sql, since: datetime | None, now: datetime, most: int) -> list[tuple[int, int]]:
    sql, params = dialect.backfilled(RECENT, since, LATE)
    return _grouped(f"({sql})", params, 'max(told."id")', seen, most, 1)


def _grouped(
    told: str, params: Sequence[object], newest: str, where: Sql | None, most: int, least: int
) -> list[tuple[int, int]]:
    """由办理记录（`told`，有 case_id 一列）找到件，按件数次数。"""
    if where is None:
        return []
    sql = (
        f'SELECT "casework_case"."id", count(*) FROM {dialect.from_records(told)} WHERE {where.sql}'
        f' GROUP BY "casework_case"."id" HAVING count(*) >= %s ORDER BY {newest} DESC LIMIT %s'
    )
    return [(pk, times) for pk, times in run(sql, [*params, *where.params, least, most])]


_FINDERS: Mapping[str, Callable[[Sql, datetime | None, datetime, int], list[tuple[int, int]]]] = {
    "overdue": _overdue,
    "backfilled": _backfilled,
    "returned": _returned,
    "unhappy": _unhappy,
    "photoless": _photoless,
}


# ---- 业务模板里认出来的 ----


def complains(definition: Definition, act: ActionDecl) -> bool:
    """来件人不满意：评价要求重办、回访不满意退回重办、办结之后要求重新办理。"""
    states = definition.matter.states
    if "reopen" in act.means:
        return any(one in states and states[one].ended == "done" for one in definition.sources(act))
    return "rework" in act.means and ("rate" in act.means or not _checked(definition, act))


def sends_back(definition: Definition, act: ActionDecl) -> bool:
    """退回：退回重派、重新调查，核查不通过退回重办。"""
    return "return" in act.means or ("rework" in act.means and not complains(definition, act))


def _checked(definition: Definition, act: ActionDecl) -> bool:
    """是不是自己人核查（不是回访来件人）的环节上的。"""
    near = (
        definition.matter.actions[name]
        for one in definition.sources(act)
        for name in definition.by_state[one]
    )
    return any("check" in one.means and "visit" not in one.means for one in near)


def _steps() -> dict[str, dict[tuple[str, ...], list[str]]]:
    """退回的、不满意的：同样几个动作 → 哪些业务。"""
    tests = {"returned": sends_back, "unhappy": complains}
    found: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for kind, test in tests.items():
        acts: dict[str, set[str]] = defaultdict(set)
        for definition in matters.everything():
            acts[definition.id] |= definition.once(f"oversight:{kind}", partial(_named, definition, test))
        groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for matter, names in sorted(acts.items()):
            if names:
                groups[tuple(sorted(names))].append(matter)
        found[kind] = dict(groups)
    return found


def _named(definition: Definition, test: Callable[[Definition, ActionDecl], bool]) -> frozenset[str]:
    return frozenset(name for name, act in definition.matter.actions.items() if test(definition, act))


def _photo_matters() -> dict[str, tuple[set[str], set[str]]]:
    """应当交照片的业务 → （正常办结的环节，应交的照片）。应交：往下走的一步必填的照片。"""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for definition in matters.everything():
        fields = definition.matter.fields
        due = {
            name
            for act in definition.matter.actions.values()
            if act.to
            for name in act.required()
            if name in fields and fields[name].type is FieldType.FILE and fields[name].kind == "photo"
        }
        if due:
            states, photos = found.setdefault(definition.id, (set(), set()))
            states |= {name for name, state in definition.matter.states.items() if state.ended == "done"}
            photos |= due
    return found


# ---- 单子上的一件 ----


def cases_of(found: Iterable[int]) -> dict[int, Case]:
    """单子（`listed`）上的件，带业务模板版本和单位；加密的、大块的列不取。一条查询。"""
    rows = Case.objects.filter(pk__in=dialect.keys(list(found))).select_related("version", "unit")
    return {case.pk: case for case in rows.defer(*SHOWN)}


def backfills(cases: Iterable[int]) -> dict[int, tuple[str, timedelta]]:
    """这些件上补录得最迟的一步：件的主键 → （动作，迟了多久）。一条查询。"""
    rows = Event.objects.filter(case__in=list(cases), officer__isnull=False).values_list(
        "case_id", "action", "at", "recorded_at"
    )
    found: dict[int, tuple[str, timedelta]] = {}
    for case, action, at, recorded in rows:
        late = recorded - at
        if late > LATE and late > found.get(case, ("", LATE))[1]:
            found[case] = (action, late)
    return found


def urging(cases: Sequence[Case], officer: Officer, *, now: datetime | None = None) -> dict[int, list[str]]:
    """这个人现在能催办、督办哪些：件的主键 → 业务模板里的动作。与 `queries.available` 同样的检查，成批读。"""
    moment = now or timezone.now()
    work = Work(moment)
    work.load_for_reading([str(case.uid) for case in cases])
    request = Request("", officer_actor(officer), moment, moment)
    found: dict[int, list[str]] = {}
    for loaded in work.loaded.values():
        definition, env = loaded.definition, work.env(loaded.definition, request)
        names = [
            name
            for name in definition.by_state[loaded.view.state]
            if not URGING.isdisjoint(definition.matter.actions[name].means)
        ]
        outcomes = [
            interpreter.plan(definition, loaded.view, replace(request, action=name), env, probe=True)
            for name in names
        ]
        found[loaded.row.pk] = [one.action for one in outcomes if isinstance(one, Plan)]
    return found
