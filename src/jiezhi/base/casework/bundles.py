"""成批读出件和它的一切（办理记录、内容、时限、索引……），供重放和核验；每批固定几条查询。"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, Max, QuerySet

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.errors import SecretError
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.casework.models import (
    Case,
    CaseField,
    CaseParty,
    CaseRole,
    CaseText,
    Clock,
    ClockEntry,
    Event,
    EvidenceUse,
    MatterVersion,
    Payload,
)
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.models import Area
from jiezhi.core.calendar import DayTable
from jiezhi.core.evidence import Opening, Record
from jiezhi.core.procedure.definition import Definition

CHUNK = 500


class Stored(NamedTuple):
    """一条办理记录的各列（次序即查询的列序）。"""

    pk: int
    case_id: int
    seq: int
    action: str
    at: datetime
    recorded_at: datetime
    officer_id: int | None
    from_state: str
    to_state: str
    previous: bytes
    body: bytes
    digest: bytes

    def record(self) -> Record:
        """链上的样子。"""
        return Record(self.seq, bytes(self.previous), bytes(self.body), bytes(self.digest))


_COLUMNS = (
    "pk", "case_id", "seq", "action", "at", "recorded_at", "officer_id", "from_state", "to_state", "previous",
    "body", "digest",
)  # fmt: skip


@dataclass(slots=True)
class Content:
    """一条办理记录的内容：各栏的值和盐、已清除的栏；`problem` 是读不出的缘由。"""

    openings: dict[str, Opening] = field(default_factory=dict)
    erased: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    def values(self) -> dict[str, Any]:
        """各栏的值。"""
        return {name: opening.value for name, opening in self.openings.items()}


@dataclass(slots=True)
class Bundle:
    """一件和它的一切。`slot_claims`：上级件的办理记录写明的名称；None 是没有上级件。"""

    row: Case
    parent_uid: str | None
    merged_uid: str | None
    events: list[Stored] = field(default_factory=list)
    contents: dict[int, Content] = field(default_factory=dict)
    clocks: list[Clock] = field(default_factory=list)
    entries: dict[int, list[tuple[Any, ...]]] = field(default_factory=dict)
    roles: list[tuple[str, int, bool, int]] = field(default_factory=list)
    index: list[tuple[str, str, int | None, int]] = field(default_factory=list)
    text: tuple[int, str, str] | None = None
    parties: list[tuple[str, str, str, str]] = field(default_factory=list)
    uses: list[tuple[int, str, str]] = field(default_factory=list)
    slot_claims: set[str] | None = None
    _bodies: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        """全局标识。"""
        return str(self.row.uid)

    def body(self, event: Stored) -> dict[str, Any]:
        """一条办理记录的内容（读过的不再读）。读不懂 → ValueError。"""
        found = self._bodies.get(event.pk)
        if found is None:
            found = json.loads(bytes(event.body))
            if not isinstance(found, dict):
                raise ValueError("正文不成样")
            self._bodies[event.pk] = found
        return found


class Shared:
    """各件共用的：业务模板（按摘要）、区域路径、工作日表。重放一批件时建一个。"""

    def __init__(self) -> None:
        self._definitions: dict[str, Definition | None] = {}
        self._paths: dict[str, str] | None = None
        self._table: DayTable | None = None
        self._changed: tuple[datetime | None] | None = None

    def definition(self, digest: str) -> Definition | None:
        """按内容摘要取业务模板；没有或内容与摘要不符为 None。"""
        if digest not in self._definitions:
            row = MatterVersion.objects.filter(digest=digest).first()
            self._definitions[digest] = _load(row) if row else None
        return self._definitions[digest]

    def area_path(self, code: str | None) -> str:
        """区域代码 → 路径。"""
        if self._paths is None:
            self._paths = dict(Area.objects.values_list("code", "path"))
        return self._paths.get(code, "") if code else ""

    @property
    def table(self) -> DayTable:
        """现行工作日表。"""
        if self._table is None:
            self._table = registry.day_table()
        return self._table

    @property
    def table_changed_at(self) -> datetime | None:
        """工作日表最近一次改动的时间；没有改过为 None。"""
        if self._changed is None:
            kinds = ("registry.calendarday", "registry.calendaryear")
            found = AdminRecord.objects.filter(target_kind__in=kinds).aggregate(last=Max("at"))
            self._changed = (found["last"],)
        return self._changed[0]


def _load(row: MatterVersion) -> Definition | None:
    try:
        found = Definition.load(bytes(row.content))
    except Exception:  # 内容被改坏了，读不成业务模板的样子
        return None
    return found if found.digest == row.digest else None


def load(cases: QuerySet[Case]) -> list[Bundle]:
    """读出这些件（应先限好数量）。库里的值坏到读不出时，异常照抛。"""
    rows = list(
        cases.order_by("pk")
        .annotate(parent_uid=F("parent__uid"), merged_uid=F("merged_into__uid"))
        .select_related("version")
        .defer("version__content")
    )
    found = {row.pk: Bundle(row, _text(row.parent_uid), _text(row.merged_uid)) for row in rows}
    ids = list(found)
    events = Event.objects.filter(case__in=ids).order_by("case_id", "seq", "pk").values_list(*_COLUMNS)
    for values in events:
        event = Stored(*values)
        found[event.case_id].events.append(event)
    _contents(found, ids)
    _clocks(found, ids)
    seats = CaseRole.objects.filter(case__in=ids)
    for case_id, role, officer, live, place in seats.values_list(
        "case_id", "role", "officer_id", "open", "place"
    ):
        found[case_id].roles.append((role, officer, live, place))
    index = CaseField.objects.filter(case__in=ids)
    for case_id, name, text, number, place in index.values_list("case_id", "name", "text", "number", "place"):
        found[case_id].index.append((name, text, number, place))
    texts = CaseText.objects.filter(case__in=ids)
    for case_id, place, words, tail in texts.values_list("case_id", "id", "words", "tail"):
        found[case_id].text = (place, words, tail)
    parties = CaseParty.objects.filter(case__in=ids).values_list("case_id", "field", "kind", "index", "tail")
    for case_id, name, kind, whole, tail in parties:
        found[case_id].parties.append((name, kind, whole, tail))
    uses = EvidenceUse.objects.filter(case__in=ids).values_list("case_id", "event_id", "file_id", "field")
    for case_id, event_id, digest, name in uses:
        found[case_id].uses.append((event_id, digest, name))
    _slots(found)
    return list(found.values())


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _contents(found: dict[int, Bundle], ids: list[int]) -> None:
    rows = Payload.objects.filter(event__case__in=ids).values_list(
        "event_id", "event__case_id", "sealed", "erased"
    )
    for event_id, case_id, sealed, erased in rows:
        found[case_id].contents[event_id] = _content(bytes(sealed), erased)


def _content(sealed: bytes, erased: Any) -> Content:
    if not isinstance(erased, dict) or not all(isinstance(item, dict) for item in erased.values()):
        return Content(problem="“已依法清除”一栏写法不对")
    try:
        raw = json.loads(secrets.decrypt(bytes(sealed)) or "{}")
        return Content({name: Opening.from_json(item) for name, item in raw.items()}, erased)
    except SecretError as error:
        return Content(erased=erased, problem=str(error))
    except (ValueError, AttributeError):
        return Content(erased=erased, problem="内容的写法不对")


def _clocks(found: dict[int, Bundle], ids: list[int]) -> None:
    owner: dict[int, Bundle] = {}
    for clock in Clock.objects.filter(case__in=ids).order_by("pk"):
        owner[clock.pk] = found[clock.case_id]
        found[clock.case_id].clocks.append(clock)
    entries = (
        ClockEntry.objects.filter(clock__case__in=ids)
        .order_by("event__seq", "pk")
        .values_list("clock_id", "event_id", "kind", "at", "amount", "reason", "due_at")
    )
    for clock_id, *entry in entries:
        owner[clock_id].entries.setdefault(clock_id, []).append(tuple(entry))


def _slots(found: dict[int, Bundle]) -> None:
    parents = {bundle.row.parent_id for bundle in found.values() if bundle.row.parent_id}
    if not parents:
        return
    claims: dict[tuple[int, str], set[str]] = {}
    for case_id, body in Event.objects.filter(case__in=parents).values_list("case_id", "body"):
        for child in children_in(bytes(body)):
            claims.setdefault((case_id, child.get("case", "")), set()).add(child.get("slot", ""))
    for bundle in found.values():
        if bundle.row.parent_id:
            bundle.slot_claims = claims.get((bundle.row.parent_id, bundle.uid), set())


def children_in(body: bytes) -> list[dict[str, str]]:
    """一条办理记录随之开立的子件：[{slot, case}]；读不懂的当作没有（另有核对）。"""
    if b'"children":' not in body:
        return []
    try:
        found = json.loads(body)["effects"].get("children", [])
        return [item for item in found if isinstance(item, dict)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


def mentioned_in(body: bytes) -> list[str]:
    """一条办理记录提到的别的件（开的子件、收并的、并入的主件、上级件）的全局标识。"""
    if not any(mark in body for mark in (b'"children":', b'"merged":', b'"merged_into":', b'"parent":')):
        return []
    try:
        effects = json.loads(body)["effects"]
        found = [item["case"] for item in effects.get("children", [])]
        found += [*effects.get("merged", []), effects.get("merged_into"), effects.get("parent")]
        return [uid for uid in found if isinstance(uid, str)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


@dataclass(frozen=True, slots=True)
class Unreadable:
    """库里的值坏到读不出的一件。"""

    pk: int
    number: str


def stream(cases: QuerySet[Case], chunk: int = CHUNK) -> Iterator[Bundle | Unreadable]:
    """逐批读出；一批里有读不出的，就一件一件读，读不出的那件给 Unreadable。"""
    ids = list(cases.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), chunk):
        yield from _batch(ids[start : start + chunk])


def _batch(ids: list[int]) -> Iterable[Bundle | Unreadable]:
    try:
        return load(Case.objects.filter(pk__in=ids))
    except Exception:  # 被改成不合类型的值，Django 读行时就会出错
        if len(ids) == 1:
            number = Case.objects.filter(pk=ids[0]).values_list("number", flat=True).first()
            return [Unreadable(ids[0], str(number))]
        return [item for one in ids for item in _batch([one])]
