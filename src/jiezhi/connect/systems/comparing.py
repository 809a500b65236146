"""一件与对方清单的一行逐项比：差在哪，两边各是什么。

对账的结果只追加、清除不了，所以不放自由文字：不能筛选的文字字段只说不同，读不出的格子只说缘由、不抄内容。
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from jiezhi.base.casework.models import Case, Event
from jiezhi.base.documents.values import Names
from jiezhi.connect.systems.reading import Theirs
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.external import CompareDecl, ExternalDecl, ListedMatter, Source, source_of
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.plain import value_words
from jiezhi.core.prose import yuan

Times = Mapping[tuple[int, str], datetime]
UNSEEN = "（文字不同）"
_QUOTED = re.compile("“[^”]*”")


@dataclass
class Comparer:
    """一种业务模板的比法。`unchecked` 记没有比的：缘由 → 几件。"""

    decl: ExternalDecl
    listed: ListedMatter
    definition: Definition
    columns: set[str]
    names: Names
    unchecked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.items: list[tuple[CompareDecl, Source]] = []
        for one in self.listed.compare:
            source = source_of(one.ours)
            if one.column in self.columns and source is not None:
                self.items.append((one, source))

    def times(self, cases: Iterable[Case]) -> Times:
        """这些件最近一次做各含义的时刻；作废了的不算。"""
        return times_of(
            self.definition, cases, {source.name for _, source in self.items if source.kind == "means"}
        )

    def differences(self, theirs: Theirs, case: Case, times: Times) -> list[dict[str, str]]:
        """差在哪：什么、对方、本单位。"""
        found: list[dict[str, str]] = []
        for one, source in self.items:
            if one.column in theirs.wrong:
                why = _QUOTED.sub("这一格", theirs.wrong[one.column])
                found.append({"title": one.title, "there": why, "here": ""})
                continue
            pair = self._pair(one, source, theirs.values.get(one.column), case, times)
            if pair is not None:
                found.append({"title": one.title, "there": pair[0][:200], "here": pair[1][:200]})
        return found

    def _pair(
        self, one: CompareDecl, source: Source, there: Any, case: Case, times: Times
    ) -> tuple[str, str] | None:
        """不同的给（对方、本单位），相同的为 None。"""
        match source.kind:
            case "state":
                return self._state(there, case)
            case "unit":
                return self._unit(there, case)
            case "opened_at":
                return _moments(there, case.opened_at, one.exact)
            case "closed_at":
                return _moments(there, case.closed_at, one.exact)
            case "means":
                return _moments(there, times.get((case.pk, source.name)), one.exact)
        return self._field(one, source.name, there, case)

    def _state(self, there: Any, case: Case) -> tuple[str, str] | None:
        state = self.definition.matter.states.get(case.state)
        here = state.title if state else case.state
        if there is None:
            return "（空白）", here
        theirs = self.listed.states.get(str(there))
        if theirs is None:
            self.unchecked[f"状态“{str(there)[:40]}”在登记里没有对应"] += 1
            return None
        return None if case.state in theirs.here else (str(there), here)

    def _unit(self, there: Any, case: Case) -> tuple[str, str] | None:
        here = case.unit.name if case.unit else ""
        mapped = self.decl.units.get(str(there or ""), there)
        if not there and not here:
            return None
        if case.unit is not None and _plain(mapped) in (_plain(here), _plain(case.unit.code)):
            return None
        return str(there or "（空白）"), here or "（还没有派）"

    def _field(self, one: CompareDecl, name: str, there: Any, case: Case) -> tuple[str, str] | None:
        decl = self.definition.matter.fields[name]
        here = case.fields.get(name)
        if here == ERASED:
            self.unchecked[f"“{decl.title}”{ERASED}"] += 1
            return None
        if decl.type is FieldType.DATETIME:
            return _moments(there, datetime.fromisoformat(here) if here else None, one.exact)
        if decl.type is FieldType.DATE:
            return _moments(there, date.fromisoformat(here) if here else None, False)
        if decl.type is FieldType.MONEY:
            return None if there == here else (_money(there), _money(here))
        words = self._words(decl, here)
        if decl.type in (FieldType.COUNT, FieldType.RATING, FieldType.FLAG):
            return None if there == here else (_said(decl, there), words or "（空白）")
        if _plain(there) == _plain(words):
            return None
        if decl.type is FieldType.TEXT and not decl.indexed:
            return UNSEEN, UNSEEN
        return str(there or "（空白）"), words or "（空白）"

    def _words(self, decl: FieldDecl, value: Any) -> str:
        return value_words(decl, value, self.names.get)


def times_of(
    definition: Definition, cases: Iterable[Case], meanings: Iterable[str]
) -> dict[tuple[int, str], datetime]:
    """（件、含义）→ 最近一次做它的时刻；作废了的没有。"""
    wanted = set(meanings)
    held = {case.pk: wanted & set(case.done) for case in cases}
    actions: dict[str, set[str]] = {
        name: wanted & set(one.means)
        for name, one in definition.matter.actions.items()
        if wanted & set(one.means)
    }
    found: dict[tuple[int, str], datetime] = {}
    if not actions or not held:
        return found
    events = Event.objects.filter(case__in=held, action__in=actions).order_by("case", "seq")
    for pk, action, at in events.values_list("case_id", "action", "at"):
        for meaning in actions[action] & held[pk]:
            found[(pk, meaning)] = at
    return found


def _moments(there: Any, here: datetime | date | None, exact: bool) -> tuple[str, str] | None:
    first, second = _moment(there, exact), _moment(here, exact)
    return None if first == second else (first or "（空白）", second or "（还没有）")


def _moment(value: Any, exact: bool) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(CHINA)
        return f"{local:%Y-%m-%d %H:%M}" if exact else f"{local:%Y-%m-%d}"
    return value.isoformat() if isinstance(value, date) else ""


def _money(value: Any) -> str:
    return yuan(value) if isinstance(value, int) else "（空白）"


def _said(decl: FieldDecl, value: Any) -> str:
    if value is None:
        return "（空白）"
    if decl.type is FieldType.FLAG:
        return "是" if value else "否"
    return str(value)


def _plain(value: Any) -> str:
    """比文字用的：全半角、空白、大小写不算不同。"""
    return "".join(unicodedata.normalize("NFKC", str(value or "")).split()).lower()


def chunks(rows: Sequence[Any], size: int = 500) -> Iterable[Sequence[Any]]:
    """分批。"""
    return (rows[at : at + size] for at in range(0, len(rows), size))
