"""读：谁看得见哪些件、件的列表、办理记录、现在能办什么。"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework.actions import officer_actor
from jiezhi.base.casework.builtins import action_title
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.filters import Filters
from jiezhi.base.casework.listing import ENOUGH, Listed, listed, worklist
from jiezhi.base.casework.models import (
    Case,
    Event,
    EvidenceFile,
    EvidenceUse,
    MatterVersion,
    NumberIssue,
    NumberLease,
    NumberSeries,
)
from jiezhi.base.casework.reach import AREA_POSTS, seen, visible
from jiezhi.base.casework.sniffing import KINDS
from jiezhi.core.procedure import interpreter
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED, REASON
from jiezhi.core.procedure.view import Plan, Refusal, Request

__all__ = [
    "AREA_POSTS",
    "ENOUGH",
    "Filters",
    "Line",
    "Listed",
    "NumberGap",
    "available",
    "case_for",
    "definition_of",
    "done_before",
    "evidence_names",
    "evidence_of",
    "light_of",
    "listed",
    "masked",
    "masked_value",
    "number_gaps",
    "openable",
    "plain_name",
    "refused",
    "seen",
    "timeline",
    "visible",
    "worklist",
]

HIDDEN = "******"


def case_for(officer: Officer, uid: str) -> Case | None:
    """看得见才返回。"""
    return (
        visible(officer)
        .filter(uid=uid)
        .select_related("version", "unit", "area", "merged_into", "parent")
        .first()
    )


def definition_of(case: Case) -> Definition:
    """件所用的业务模板版本。"""
    return matters.definition_of(case.version)


def available(
    case: Case, officer: Officer, *, now: datetime | None = None
) -> list[tuple[str, Plan | Refusal]]:
    """这个人在这件上现在能办什么；差条件的也列出，说明差什么。与 `act` 用同样的检查。"""
    moment = now or timezone.now()
    work = Work(moment)
    work.load_for_reading([str(case.uid)])
    loaded = work.loaded[str(case.uid)]
    request = Request("", officer_actor(officer), moment, moment)
    outcomes = interpreter.available(
        loaded.definition, loaded.view, request, work.env(loaded.definition, request)
    )
    return [
        (outcome.action, outcome) for outcome in outcomes if not _automatic(loaded.definition, outcome.action)
    ]


def refused(
    case: Case, officer: Officer, action: str, *, version: int | None = None, now: datetime | None = None
) -> Refusal | None:
    """这个人现在办这个动作差什么权、差什么条件（要填的不看）；不差为 None。与按钮用同样的检查，什么也不写。

    `version` 是他看到的版本：期间有变动的，先说变动。收材料之前用它，免得没有权的人先把文件存进来。
    """
    moment = now or timezone.now()
    work = Work(moment)
    work.load_for_reading([str(case.uid)])
    loaded = work.loaded[str(case.uid)]
    definition, view = loaded.definition, loaded.view
    request = Request(action, officer_actor(officer), moment, moment)
    outcome = interpreter.plan(definition, view, request, work.env(definition, request), probe=True)
    if not isinstance(outcome, Refusal):
        return None
    decl = definition.action(action)
    if version is not None and version != view.seq and decl is not None and not decl.commutes:
        recent = [body for body in work.bodies(view.uid) if body["seq"] > version]
        changed = interpreter.changed_since(definition, version, view, recent)
        return Refusal(outcome.action, outcome.title, (changed,))
    return Refusal(outcome.action, outcome.title, tuple(item for item in outcome.missing if item.blocking))


def done_before(key: str) -> bool:
    """这个请求标识办过没有：重复提交不再收材料、不再问够不够条件。"""
    return Event.objects.filter(key=key).exists()


def openable(officer: Officer, *, now: datetime | None = None) -> list[tuple[MatterVersion, str]]:
    """这个人能登记哪些件：（业务模板版本, 开件动作）。"""
    moment = now or timezone.now()
    work = Work(moment)
    found = []
    request = Request("", officer_actor(officer), moment, moment)
    for version in MatterVersion.objects.filter(is_current=True).order_by("title"):
        definition = matters.definition_of(version)
        for outcome in interpreter.available(definition, None, request, work.env(definition, request)):
            if isinstance(outcome, Plan):
                found.append((version, outcome.action))
    return found


def _automatic(definition: Definition, name: str) -> bool:
    decl = definition.action(name)
    return decl is not None and set(decl.by) <= {"system", "import", "reporter", "party"}


@dataclass(frozen=True, slots=True)
class Line:
    """办理记录的一行，给人看的。

    `body` 是办理记录的内容；`values` 是（名称，值，类型），`names` 是对应的字段；`filled` 里的是系统预填、没有人写过的。
    """

    event: Event
    title: str
    who: str
    reason: str
    values: Sequence[tuple[str, Any, str]]
    late: bool
    deemed: str
    body: Mapping[str, Any]
    names: tuple[str, ...] = ()
    filled: frozenset[str] = frozenset()


def timeline(case: Case, *, show_sensitive: bool = False) -> list[Line]:
    """一件的办理记录，从旧到新；敏感内容打码，清除的注明。补录（登记比发生晚一小时以上）标出。"""
    definition = definition_of(case)
    events = list(Event.objects.filter(case=case).order_by("seq").select_related("officer", "payload"))
    return [_line(definition, event, show_sensitive) for event in events]


def _line(definition: Definition, event: Event, show_sensitive: bool) -> Line:
    body = json.loads(bytes(event.body))
    if body["definition"] != definition.digest:  # 换版之前的，照那时的叫法
        definition = matters.definition_with(body["definition"]) or definition
    decl = definition.action(event.action)
    payload = getattr(event, "payload", None)
    openings = json.loads(secrets.decrypt(bytes(payload.sealed))) if payload else {}
    values = []
    names = []
    for name in body["inputs"]:
        if name == REASON:
            continue
        field = definition.matter.fields.get(name)
        title = field.title if field else name
        value = openings[name]["value"] if name in openings else ERASED
        if (field is None or field.secret) and not show_sensitive:
            value = masked_value(field, value)
        if value is not None:
            values.append((title, value, field.type if field else FieldType.TEXT))
            names.append(name)
    actor = body["actor"]
    kinds = {"reporter": "来件人", "party": "当事人", "system": "系统", "import": "导入"}
    who = actor.get("organ") or actor.get("name") or kinds.get(actor["kind"], "")
    return Line(
        event=event,
        title=action_title(event.action) or (decl.title if decl else event.action),
        who=who,
        reason=_reason(body, openings),
        values=values,
        late=(event.recorded_at - event.at).total_seconds() > 3600,
        deemed=body["effects"].get("deemed", ""),
        body=body,
        names=tuple(names),
        filled=frozenset(body["effects"].get("filled", ())),
    )


def _reason(body: Mapping[str, Any], openings: Mapping[str, Any]) -> str:
    if REASON not in body["inputs"]:
        return ""
    return str(openings[REASON]["value"]) if REASON in openings else ERASED


def masked(value: Any) -> Any:
    """敏感内容打码。"""
    if isinstance(value, dict):
        tools = {"phone": secrets.mask_phone, "identifier": secrets.mask_id, "name": secrets.mask_name}
        return {key: tools.get(key, secrets.mask_name)(str(item)) for key, item in value.items()}
    text = str(value)
    return text[:1] + "*" * min(len(text) - 1, 8) if len(text) > 1 else "*"


def masked_value(decl: FieldDecl | None, value: Any) -> Any:
    """保密字段的值打码；表格只打敏感的列。选项、日期、数目露出一个字也是泄露，整个遮住。没有声明的当作敏感。"""
    if value is None or value == ERASED:
        return value
    if decl is not None and decl.type is FieldType.ROWS and isinstance(value, list):
        return [_masked_row(decl, row) for row in value]
    if isinstance(value, list):
        return [masked_value(decl, item) for item in value]
    if isinstance(value, dict) or decl is None or decl.type in (FieldType.TEXT, FieldType.PARTY):
        return masked(value)
    return HIDDEN


def _masked_row(decl: FieldDecl, row: Any) -> Any:
    if not isinstance(row, dict):
        return HIDDEN
    columns = decl.columns
    return {
        name: masked_value(columns.get(name), item)
        if decl.sensitive or name not in columns or columns[name].secret
        else item
        for name, item in row.items()
    }


def evidence_of(case: Case) -> QuerySet[EvidenceUse]:
    """件上的全部材料。"""
    return EvidenceUse.objects.filter(case=case).select_related("file", "event").order_by("event__seq", "pk")


def evidence_names(uses: Sequence[EvidenceUse]) -> dict[str, str]:
    """一件上的材料叫什么（摘要 → 名称）。`uses` 是这件的材料使用。

    原文件名是最先传的人起的，可能有别人的个人信息：只有最先用在这一件、又是他传的，才显示；
    同样的内容用到别的件上，只说种类和校验码。
    """
    digests = {use.file_id for use in uses}
    first = EvidenceUse.objects.filter(file__in=digests).order_by().values("file").annotate(one=Min("pk"))
    firsts = set(first.values_list("one", flat=True)) if digests else set()
    names = {use.file_id: plain_name(use.file) for use in uses}
    for use in uses:
        if use.pk in firsts and use.file.name and use.event.officer_id == use.file.uploaded_by_id:
            names[use.file_id] = use.file.name
    return names


def plain_name(file: EvidenceFile) -> str:
    """不露原文件名的名称：种类、校验码前六位和后缀。"""
    ending = PurePath(file.name).suffix
    return f"{KINDS.get(file.kind, KINDS['any'])}{file.digest[:6]}{ending}"


def light_of(case: Case, now: datetime) -> str:
    """时限预警：正常、临期、超期；没有计时的为空。"""
    if case.due_at is None:
        return ""
    if now >= case.due_at:
        return "超期"
    return "临期" if case.warn_at and now >= case.warn_at else "正常"


@dataclass(frozen=True, slots=True)
class NumberGap:
    """一个号段接不上的地方。`last` 为 None 表示号段的行不见了。"""

    series: str
    last: int | None
    what: str
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        if self.last is None:
            return f"号段“{self.series}”的行不见了，而它发出过{len(self.numbers)}个号：被删去"
        shown = "、".join(str(n) for n in self.numbers[:20])
        return f"号段“{self.series}”（发到{self.last}号）{self.what}第{shown}号，共{len(self.numbers)}个"


def number_gaps() -> list[NumberGap]:
    """每个号段从 1 到最后一号，每个号要么发出（含作废），要么在没有归还的租段里；接不上的列出来。"""
    with transaction.atomic():  # 号段、发出的号、租段要在同一时刻看
        series = dict(NumberSeries.objects.values_list("key", "last"))
        times: dict[str, Counter[int]] = defaultdict(Counter)
        for key, n in NumberIssue.objects.order_by().values_list("series_id", "n").iterator():
            times[key][n] += 1
        spans: dict[str, list[tuple[int, int, bool]]] = defaultdict(list)
        leases = NumberLease.objects.values_list("series_id", "first", "last", "returned_at")
        for key, first, last, returned in leases:
            spans[key].append((first, last, returned is None))
    found: list[NumberGap] = []
    for key in sorted({*series, *times, *spans}):
        if key not in series:
            found.append(NumberGap(key, None, "", tuple(times[key])))
            continue
        end, seen = series[key], times[key]
        leased = Counter(n for first, last, _ in spans[key] for n in range(first, last + 1))
        out = {n for first, last, is_out in spans[key] if is_out for n in range(first, last + 1)}
        for what, numbers in (
            ("缺", set(range(1, end + 1)) - set(seen) - out),
            ("多出", {n for n in {*seen, *leased} if not 1 <= n <= end}),
            ("重发", {n for n, count in seen.items() if count > 1}),
            ("重租", {n for n, count in leased.items() if count > 1}),
        ):
            if numbers:
                found.append(NumberGap(key, end, what, tuple(sorted(numbers))))
    return found
