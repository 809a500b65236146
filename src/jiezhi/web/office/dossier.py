"""件页面：把一件的各部分凑齐，给模板用。只读；看得见看不见由调用者先查。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework import readers
from jiezhi.base.casework.disclosure import may_tell_code
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.measures import measures_of
from jiezhi.base.casework.models import Case, EvidenceUse
from jiezhi.base.documents.models import Document
from jiezhi.base.documents.queries import documents_of
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.view import Plan, Refusal
from jiezhi.services.dispatch import routing
from jiezhi.services.dispatch.duplicates import Duplicate, near_duplicates
from jiezhi.services.dispatch.session import text_of
from jiezhi.services.serving.queries import servings
from jiezhi.web.office import ledger, queries, words
from jiezhi.web.office.parts import Act, Fact, Link, Material, Step, party_lines

# 做过了所以不能再做的（如已签收），不是“还差”，不列。
ALREADY = "need.not done."


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
    def in_open(self) -> dict[str, Any]:
        """不用保密的字段值：给建议、找相似的只用这些。"""
        return {name: value for name, value in self.current.items() if not self.is_secret(name)}

    def is_secret(self, name: str) -> bool:
        """这个字段要不要保密；没有声明的当作要。"""
        decl = self.definition.matter.fields.get(name)
        return decl is None or decl.secret

    @cached_property
    def table(self) -> Any:
        return registry.standing().table

    @cached_property
    def clock_rows(self) -> list[Any]:
        return ledger.clocks_of(self.case)

    @cached_property
    def clocks(self) -> list[ledger.LedgerClock]:
        return ledger.ledger(self.clock_rows, self.definition, self.now, self.table)

    @cached_property
    def measures(self) -> list[tuple[str, str]]:
        """用时：起算了的各项（名称，多久）。超出工作日表算不出的不列。"""
        try:
            found = measures_of(self.case, self.now, self._bodies)
        except ValueError:
            return []
        declared = self.definition.matter.measures
        said = [(declared[name], one) for name, one in found.items() if one.value is not None]
        return [(decl.title, words.measured_words(one, decl.unit)) for decl, one in said]

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
        powers: set[str] = set()
        fields = self.definition.matter.fields
        shown = [(fields[name].type, value) for name, value in self.current.items() if name in fields]
        shown += [(FieldType(kind), value) for line in self._lines for _, value, kind in line.values if kind]
        for kind, value in shown:
            found = set(map(str, value)) if isinstance(value, list) else {str(value)}
            if kind is FieldType.OFFICER:
                people |= found
            elif kind is FieldType.POWER:
                powers |= found
        return words.Names(
            units=queries.unit_names(),
            officers=queries.officer_names(people),
            powers=queries.power_names(powers) if powers else {},
        )

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
            if not act.decl.jointly and not any(item.code.startswith(ALREADY) for item in act.missing)
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
        category = str(self.in_open.get("category") or "")
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
            shown = casework.masked_value(decl, value) if decl.secret else value
            people = shown if isinstance(shown, list) else [shown]
            parts = [line for one in people if isinstance(one, dict) for line in party_lines(one)]
            hidden = decl.secret and not erased
            found.append((Fact(name, decl.title, ERASED if erased else "", hidden, erased), parts))
        return found

    @cached_property
    def may_tell_code(self) -> bool:
        """能不能看查询码、抄给来件人。"""
        return may_tell_code(self.case, self.officer, self.now, self._bodies)

    @cached_property
    def places(self) -> list[tuple[Fact, Mapping[str, Any]]]:
        """地点；敏感的打码。"""
        found = []
        for name, decl in self.definition.matter.fields.items():
            value = self.current.get(name)
            if decl.type is FieldType.PLACE and isinstance(value, dict):
                shown = casework.masked_value(decl, value) if decl.secret else value
                found.append((Fact(name, decl.title, "", decl.secret), shown))
        return found

    def _fact(self, name: str, decl: FieldDecl, value: Any) -> Fact:
        if value == ERASED:
            return Fact(name, decl.title, ERASED, erased=True)
        hidden = decl.secret
        text = words.value_words(decl, casework.masked_value(decl, value) if hidden else value, self.names)
        return Fact(name, decl.title, text, hidden, long=len(text) > 30)

    # ---- 办理记录 ----

    @cached_property
    def _lines(self) -> list[casework.Line]:
        return casework.timeline(self.case)

    @property
    def _bodies(self) -> list[Mapping[str, Any]]:
        return [line.body for line in self._lines]

    @cached_property
    def papers(self) -> list[Document]:
        """文书，先办的在前。"""
        return list(documents_of(self.case))

    @cached_property
    def servings(self) -> list[tuple[str, str, date | None]]:
        """送达：（文书，打码的受送达人，视为送达日）。"""
        shown = []
        for one in servings(self.case, self._bodies):
            party = casework.masked_value(self.definition.matter.fields[one.field], one.party)
            shown.append((one.title, str(party.get("name", "")), one.deemed))
        return shown

    @cached_property
    def evidence(self) -> list[EvidenceUse]:
        # 文书和签回件在“文书”里取，不在材料里再列一遍。
        fields = self.definition.matter.fields
        papers = {one.title for one in self.papers}
        return [
            use for use in casework.evidence_of(self.case) if use.field in fields or use.field not in papers
        ]

    @cached_property
    def materials(self) -> list[Material]:
        """件上的全部材料，按办理先后。"""
        return [self._material(use) for use in self.evidence]

    @cached_property
    def _names_of_files(self) -> dict[str, str]:
        return casework.evidence_names(self.evidence)

    def _material(self, use: EvidenceUse) -> Material:
        file, hidden = use.file, self.is_secret(use.field)
        # 保密的材料，文件名也可能有内容。
        name = casework.plain_name(file) if hidden else self._names_of_files[file.digest]
        taken = None if hidden else file.taken_at
        return Material(file.digest, name, file.kind, file.size, taken, use.field, hidden)

    @cached_property
    def steps(self) -> list[Step]:
        """办理记录，新的在前。"""
        files: dict[int, list[Material]] = {}
        for use in self.evidence:
            files.setdefault(use.event_id, []).append(self._material(use))
        return [self._step(line, files.get(line.event.pk, [])) for line in reversed(self._lines)]

    def _step(self, line: casework.Line, files: list[Material]) -> Step:
        event, matter = line.event, self.definition.matter
        decl = matter.actions.get(event.action)
        values = []
        for name, (title, value, kind) in zip(line.names, line.values, strict=True):
            if kind == FieldType.FILE and value != ERASED:
                continue
            item = matter.fields.get(name) or FieldDecl(title=title, type=FieldType.TEXT)
            text = words.value_words(item, value, self.names)
            values.append(
                Fact(
                    name,
                    title,
                    text,
                    erased=value == ERASED,
                    long=len(text) > 30,
                    suggested=name in line.filled and value != ERASED,
                )
            )
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

    @cached_property
    def readings(self) -> list[readers.Read]:
        """谁看过敏感内容，新的在前，至多五十条；不该他看的为空。"""
        rows = readers.readers_of(self.case, self.officer, self.now)
        if rows is None:
            return []
        return readers.described(rows[:50], self.officer, self.now, visible_case=True)

    # ---- 相关 ----

    @cached_property
    def merged_into(self) -> Case | None:
        """并入了哪件；看不见那件的为 None。"""
        if self.case.merged_into_id is None:
            return None
        return casework.visible(self.officer, self.now).filter(pk=self.case.merged_into_id).first()

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
        spot = self.in_open.get(matter.located_by or "")
        reporter = self.current.get(matter.reported_by or "")
        return near_duplicates(
            [self.case.matter],
            spot if isinstance(spot, dict) else None,
            self.now,
            text_of(self.in_open, matter.summary),
            exclude=str(self.case.uid),
            area_path=self.case.area_path,
            category=str(self.in_open.get("category") or ""),
            reporter=reporter if isinstance(reporter, dict) else None,
            within=casework.visible(self.officer, self.now),
        )
