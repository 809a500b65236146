"""件页面：把一件的各部分凑齐，给模板用。只读；看得见看不见由调用者先查。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case, EvidenceFile, EvidenceUse
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.view import Missing, Plan, Refusal
from jiezhi.services.dispatch import routing
from jiezhi.services.dispatch.duplicates import Duplicate, near_duplicates
from jiezhi.services.dispatch.session import text_of
from jiezhi.web.office import ledger, queries, words
from jiezhi.web.office.forms.raw import PARTY_PARTS

# 合并要同时办两头，只从“相似的件”里办，不当作一个单独的动作。
JOINTLY = frozenset({"merge", "absorb"})
# 做过了所以不能再做的（如已签收），不是“还差”，不列。
ALREADY = "need.not done."


@dataclass(frozen=True, slots=True)
class Act:
    """一个办理动作的按钮。`missing` 不空的还不能办；`direct` 的没有要填的，点了就办。"""

    name: str
    decl: ActionDecl
    missing: tuple[Missing, ...]
    warnings: tuple[Missing, ...] = ()

    @property
    def ready(self) -> bool:
        """条件都具备。"""
        return not self.missing

    @property
    def direct(self) -> bool:
        """没有要填的，也不用先问一句。"""
        return not (self.decl.collect or self.decl.reason or self.decl.confirm)

    @property
    def quiet(self) -> bool:
        """不常用的，收在“更多”里。"""
        return self.decl.weight in ("quiet", "danger")


@dataclass(frozen=True, slots=True)
class Fact:
    """一项内容。`hidden` 的打了码，要写明原因才能查看。"""

    name: str
    title: str
    text: str
    hidden: bool = False
    erased: bool = False
    long: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """办理记录的一行。"""

    seq: int
    title: str
    who: str
    when: str
    recorded: str
    corrected: bool
    moved: str
    reason: str
    deemed: str
    values: Sequence[Fact]
    files: Sequence[EvidenceFile]
    mark: str


@dataclass(frozen=True, slots=True)
class Link:
    """相关的件。"""

    how: str
    case: Case
    state: str


@dataclass
class Dossier:
    """一件的全部页面内容，用到才查。"""

    case: Case
    officer: Officer
    now: datetime

    @cached_property
    def definition(self) -> Any:
        return casework.definition_of(self.case)

    @cached_property
    def current(self) -> dict[str, Any]:
        """现在的字段值，含敏感的；只给本模块打码后用。"""
        return case_view(self.case, ()).fields

    @cached_property
    def table(self) -> Any:
        return registry.day_table()

    @cached_property
    def clock_rows(self) -> list[Any]:
        return ledger.clocks_of(self.case)

    @cached_property
    def clocks(self) -> list[ledger.LedgerClock]:
        return ledger.ledger(self.clock_rows, self.definition, self.now, self.table)

    @cached_property
    def light(self) -> words.Light:
        word = casework.light_of(self.case, self.now)
        clock = next(
            (row for row in self.clock_rows if row.status == "running" and row.due_at == self.case.due_at),
            None,
        )
        titles = self.definition.matter.clocks
        title = titles[clock.name].title if clock and clock.name in titles else ""
        return words.light(word, self.case.due_at, self.now, self.table, clock, title)

    @cached_property
    def state(self) -> Any:
        return self.definition.matter.states[self.case.state]

    @cached_property
    def names(self) -> words.Names:
        people = {str(one) for who in self.case.roles.values() for one in who}
        for line in self._lines:
            people |= {str(value) for _, value, kind in line.values if kind == FieldType.OFFICER}
        fields = self.definition.matter.fields
        for name, value in self.current.items():
            if name in fields and fields[name].type is FieldType.OFFICER:
                people.add(str(value))
        return words.Names(units=queries.unit_names(), officers=queries.officer_names(people))

    @cached_property
    def holders(self) -> list[tuple[str, str]]:
        """谁在办：单位和各角色。"""
        found = [("责任单位", str(self.case.unit))] if self.case.unit else []
        for role, people in self.case.roles.items():
            decl = self.definition.matter.roles.get(role)
            found.append(
                (
                    decl.title if decl else role,
                    "、".join(self.names.officers.get(str(one), "") for one in people),
                )
            )
        return found

    # ---- 能办什么 ----

    @cached_property
    def _available(self) -> list[Act]:
        acts = []
        for name, outcome in casework.available(self.case, self.officer, now=self.now):
            decl = self.definition.action(name)
            if isinstance(outcome, Refusal):
                blocking = tuple(item for item in outcome.missing if item.blocking)
                acts.append(Act(name, decl, blocking))
            elif isinstance(outcome, Plan):
                acts.append(Act(name, decl, (), tuple(outcome.warnings)))
        return acts

    @cached_property
    def acts(self) -> list[Act]:
        """能办的和差条件的，主要的在前。"""
        order = {"primary": 0, "normal": 1, "quiet": 2, "danger": 3}
        single = [
            act
            for act in self._available
            if not JOINTLY & set(act.decl.means)
            and not any(item.code.startswith(ALREADY) for item in act.missing)
        ]
        return sorted(single, key=lambda act: (not act.ready, order[act.decl.weight]))

    @property
    def main_acts(self) -> list[Act]:
        return [act for act in self.acts if act.ready and not act.quiet]

    @property
    def more_acts(self) -> list[Act]:
        return [act for act in self.acts if act.ready and act.quiet]

    @property
    def waiting_acts(self) -> list[Act]:
        return [act for act in self.acts if not act.ready]

    @cached_property
    def may_merge(self) -> bool:
        """能把别的件并进来。"""
        return any(act.ready and "absorb" in act.decl.means for act in self._available)

    def dispatch_notes(self, decl: ActionDecl) -> tuple[dict[str, str], dict[str, str]]:
        """派单时的建议：（单位字段 → 建议的单位，单位字段 → 理由）。别的动作为空。"""
        units = [
            name for name in decl.collected() if self.definition.matter.fields[name].type is FieldType.UNIT
        ]
        if "dispatch" not in decl.means or not units:
            return {}, {}
        category = str(self.current.get("category") or "")
        found = routing.route(category, self.case.area_path, self.case.matter, self.now)
        return {name: found.unit for name in units if found.unit}, dict.fromkeys(units, found.because)

    # ---- 内容 ----

    @cached_property
    def facts(self) -> list[Fact]:
        """基本情况：现在的各字段；来件人、地点、材料另列。"""
        found = []
        for name, decl in self.definition.matter.fields.items():
            if name not in self.current or decl.type in (FieldType.PARTY, FieldType.FILE, FieldType.PLACE):
                continue
            found.append(self._fact(name, decl, self.current[name]))
        return found

    @cached_property
    def parties(self) -> list[tuple[Fact, list[tuple[str, str]]]]:
        """来件人、当事人：打码的各项。"""
        found = []
        for name, decl in self.definition.matter.fields.items():
            if decl.type is not FieldType.PARTY or name not in self.current:
                continue
            value = self.current[name]
            erased = value == ERASED
            masked = casework.masked(value) if isinstance(value, dict) and decl.sensitive else value
            parts = party_lines(masked) if isinstance(masked, dict) else []
            hidden = decl.sensitive and not erased
            found.append((Fact(name, decl.title, ERASED if erased else "", hidden, erased), parts))
        return found

    @cached_property
    def places(self) -> list[tuple[str, Mapping[str, Any]]]:
        """地点。"""
        return [
            (decl.title, self.current[name])
            for name, decl in self.definition.matter.fields.items()
            if decl.type is FieldType.PLACE and isinstance(self.current.get(name), dict)
        ]

    def _fact(self, name: str, decl: FieldDecl, value: Any) -> Fact:
        if value == ERASED:
            return Fact(name, decl.title, ERASED, erased=True)
        hidden = decl.sensitive
        text = words.value_words(decl, casework.masked(value) if hidden else value, self.names)
        return Fact(name, decl.title, text, hidden, long=len(text) > 30)

    # ---- 办理记录 ----

    @cached_property
    def _lines(self) -> list[casework.Line]:
        return casework.timeline(self.case)

    @cached_property
    def evidence(self) -> list[EvidenceUse]:
        return list(casework.evidence_of(self.case))

    @cached_property
    def steps(self) -> list[Step]:
        """办理记录，新的在前。"""
        files: dict[int, list[EvidenceFile]] = {}
        for use in self.evidence:
            files.setdefault(use.event_id, []).append(use.file)
        return [self._step(line, files.get(line.event.pk, [])) for line in reversed(self._lines)]

    def _step(self, line: casework.Line, files: list[EvidenceFile]) -> Step:
        event, matter = line.event, self.definition.matter
        decl = matter.actions.get(event.action)
        by_title = {(item.title, item.type): (name, item) for name, item in matter.fields.items()}
        values = []
        for title, value, kind in line.values:
            if kind == FieldType.FILE and value != ERASED:
                continue
            name, item = by_title.get((title, kind), ("", FieldDecl(title=title, type=FieldType.TEXT)))
            text = words.value_words(item, value, self.names)
            values.append(Fact(name, title, text, erased=value == ERASED, long=len(text) > 30))
        moved = ""
        if event.from_state and event.from_state != event.to_state:
            moved = f"{self._state_title(event.from_state)} → {self._state_title(event.to_state)}"
        elif not event.from_state or event.from_state == "start":
            moved = self._state_title(event.to_state)
        return Step(
            seq=event.seq,
            title=line.title,
            who=line.who,
            when=words.clock_time(event.at, self.now),
            recorded=words.clock_time(event.recorded_at, self.now) if line.late else "",
            corrected=bool(decl and "correct" in decl.means),
            moved=moved,
            reason=line.reason,
            deemed=line.deemed,
            values=values,
            files=files,
            mark=bytes(event.digest).hex()[:8],
        )

    def _state_title(self, name: str) -> str:
        state = self.definition.matter.states.get(name)
        return state.title if state else name

    @property
    def taken(self) -> list[tuple[str, str, str]]:
        """走过的路，画流程图用。"""
        return [
            (line.event.from_state or "start", line.event.to_state, line.event.action) for line in self._lines
        ]

    # ---- 相关 ----

    @cached_property
    def links(self) -> list[Link]:
        """上级件、子件、并入的件；看不见的不列。"""
        case = self.case
        near = Q(parent=case) | Q(merged_into=case)
        near |= Q(pk__in=[pk for pk in (case.parent_id, case.merged_into_id) if pk])
        rows = (
            casework.visible(self.officer, self.now)
            .filter(near)
            .select_related("version")
            .order_by("-opened_at")
        )
        found = []
        for row in rows[:100]:
            if row.pk == case.parent_id:
                how = "上级件"
            elif row.pk == case.merged_into_id:
                how = "已并入"
            else:
                how = "并入本件的" if row.merged_into_id == case.pk else "随之开立的"
            states = casework.definition_of(row).matter.states
            found.append(Link(how, row, states[row.state].title if row.state in states else row.state))
        return found

    @cached_property
    def similar(self) -> list[Duplicate]:
        """可能是同一件事的在办件；已办结的件不再找。"""
        if self.case.closed_at is not None:
            return []
        matter = self.definition.matter
        spot = self.current.get(matter.located_by or "")
        reporter = self.current.get(matter.reported_by or "")
        return near_duplicates(
            [self.case.matter],
            spot if isinstance(spot, dict) else None,
            self.now,
            text_of(self.current, matter.summary),
            exclude=str(self.case.uid),
            area_path=self.case.area_path,
            reporter=reporter if isinstance(reporter, dict) else None,
            within=casework.visible(self.officer, self.now),
        )


def party_lines(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """来件人的各项：（名称，内容）。"""
    rest = [key for key in value if key not in PARTY_PARTS]
    return [
        (words.PARTY_WORDS.get(key, key), str(value[key])) for key in (*PARTY_PARTS, *rest) if value.get(key)
    ]
