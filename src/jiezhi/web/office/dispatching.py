"""分派台：队列的各行，当前一件的建议、简图、能办的动作。只读；看得见看不见、能不能办由 casework 说。"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.safestring import mark_safe

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case, EvidenceFile
from jiezhi.base.casework.queries import definition_of, light_of
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.models import Area, AreaLevel
from jiezhi.base.registry.models.areas import path_and_above
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.fields import FieldType
from jiezhi.services.dispatch import waiting
from jiezhi.services.dispatch.actions.handling import unit_field
from jiezhi.services.dispatch.duplicates import Duplicate
from jiezhi.services.dispatch.routing import Router, Suggestion, suggest_from_history
from jiezhi.services.dispatch.waiting import DISPATCH, REFER, Near, Queued, desk_actions, quick_action
from jiezhi.web.office import lists, queries, sketch
from jiezhi.web.office.dossier import Dossier
from jiezhi.web.office.parts import Act, Material

PAGE = 30
AROUND = 300.0
"""简图的半边长，米。"""
LISTED = sketch.NUMBERED


@dataclass(frozen=True, slots=True)
class Row:
    """队列的一行。"""

    row: lists.Row
    queued: Queued
    unit: str
    area: str

    @property
    def case(self) -> Case:
        """这一件。"""
        return self.row.case

    @property
    def returned(self) -> bool:
        """所建议的单位退回过它。"""
        return self.queued.suggestion.unit in self.queued.returned

    @property
    def batch(self) -> str:
        """成批采纳时归到哪个单位；空的不能成批。没有把握的不成批。"""
        found = self.queued
        return found.suggestion.unit if found.action and not found.doubtful else ""


class Batch(NamedTuple):
    """同一建议、可以一起采纳的几件。"""

    unit: str
    name: str
    cases: int


@dataclass(frozen=True, slots=True)
class Queue:
    """队列的一页。`kinds` 是他能分派的业务：（代号，名称）。"""

    rows: list[Row]
    count: queries.Count
    page: int
    more: bool
    kinds: list[tuple[str, str]]

    @property
    def batches(self) -> list[Batch]:
        """这一页里能成批采纳的：建议派给同一单位的至少两件。"""
        names = {row.batch: row.unit for row in self.rows if row.batch}
        counts = Counter(row.batch for row in self.rows if row.batch)
        return [Batch(unit, names[unit], count) for unit, count in counts.most_common() if count > 1]

    def beside(self, uid: str) -> tuple[str, str]:
        """这一件的上一件、下一件（全局标识），没有为空串；不在这一页的，下一件是头一件。"""
        uids = [str(row.case.uid) for row in self.rows]
        if uid not in uids:
            return "", uids[0] if uids else ""
        at = uids.index(uid)
        return uids[at - 1] if at else "", uids[at + 1] if at + 1 < len(uids) else ""


def read_queue(officer: Officer, matter: str, number: int, now: datetime) -> Queue:
    """取一页队列。"""
    found, items = waiting.queue(officer, now, matter=matter, first=(number - 1) * PAGE, size=PAGE)
    codes = {case.area_id for case in found.cases if case.area_id}
    areas = dict(Area.objects.filter(code__in=codes).values_list("code", "name"))
    units = registry.standing().units
    rows = [
        Row(row, one, units.get(one.suggestion.unit, ("", None))[0], areas.get(row.case.area_id or "", ""))
        for row, one in zip(lists.describe(found.cases, now), items, strict=True)
    ]
    kinds = dict.fromkeys(step[0] for step in waiting.steps_of(officer, now))
    current = matters.current()
    titles = [(one, current[one].matter.title) for one in kinds]
    return Queue(rows, queries.counted(found.total), number, found.more, titles)


@dataclass
class Item(Dossier):
    """当前一件：件页面的内容之外，还有建议、分派动作、简图。"""

    asked: bool = False

    @property
    def waiting(self) -> bool:
        """还等着分派。"""
        return self.case.closed_at is None and self.case.state in waiting.waiting_states(self.definition)

    @cached_property
    def category(self) -> str:
        """类别代码；没有定为空。"""
        return str(self.in_open.get(waiting.CATEGORY) or "")

    @cached_property
    def category_words(self) -> str:
        """类别给人看的写法。"""
        return self.category.replace("/", " · ")

    @cached_property
    def guessed(self) -> bool:
        """类别是系统按文字归的，没有人写过。"""
        for line in reversed(self._lines):
            if waiting.CATEGORY in line.names:
                return waiting.CATEGORY in line.filled
        return False

    @cached_property
    def _router(self) -> Router:
        return Router(registry.standing().units)

    @cached_property
    def suggestion(self) -> Suggestion:
        """建议派给谁。"""
        return self._router.route(self.category, self.case.area_path, self.case.matter, self.now)

    @cached_property
    def past(self) -> Suggestion | None:
        """近一年这类件最后由谁答复；点了才查。"""
        if not self.asked or not self.category:
            return None
        return suggest_from_history(self.category, self.case.area_path, matter=self.case.matter, now=self.now)

    def unit_name(self, code: str) -> str:
        """单位名称。"""
        return registry.standing().units.get(code, ("", None))[0]

    @cached_property
    def returned(self) -> bool:
        """所建议的单位退回过这一件。"""
        return self.suggestion.unit in waiting.returned_by(self.definition, self._bodies)

    @property
    def doubtful(self) -> bool:
        """没有把握，要由人自己定。"""
        return self.suggestion.doubtful or self.returned

    @cached_property
    def suggested_name(self) -> str:
        """建议的单位的名称。"""
        return self.unit_name(self.suggestion.unit)

    # ---- 能办什么 ----

    @cached_property
    def desk_acts(self) -> list[Act]:
        """分派、退回一类的动作，派单的在前；不能办的也在内，写着差什么。"""
        names = desk_actions(self.definition, self.case.state)
        found = [act for act in self.acts if act.name in names]
        return sorted(found, key=lambda act: (DISPATCH not in act.decl.means, not act.ready, act.decl.reason))

    @property
    def open_acts(self) -> list[Act]:
        """现在能办的。"""
        return [act for act in self.desk_acts if act.ready]

    @property
    def barred_acts(self) -> list[Act]:
        """还差条件的。"""
        return [act for act in self.desk_acts if not act.ready]

    def quick_for(self, unit: str) -> str:
        """一键派给 `unit` 用的动作；空的不能一键。"""
        names = [act.name for act in self.open_acts]
        outside = unit in registry.standing().external  # 不一定是所建议的那个
        return (quick_action(self.definition, names, outside=outside) if unit else None) or ""

    @cached_property
    def outside(self) -> bool:
        """建议的是外部单位。"""
        return self.suggestion.unit in registry.standing().external

    @property
    def usual_act(self) -> str:
        """先摆出来填的动作：派单的，建议的是外部单位就是移送、上报一类的；没有为空。"""
        fits = [act for act in self.open_acts if self.suits(act.decl)]
        return next((act.name for act in [*fits, *self.open_acts]), "")

    def suits(self, decl: ActionDecl) -> bool:
        """这个动作派得到所建议的那种单位。"""
        return DISPATCH in decl.means and (waiting.ESCALATE in decl.means) is self.outside

    @cached_property
    def quick(self) -> str:
        """一键采纳用的动作。"""
        return self.quick_for(self.suggestion.unit)

    @cached_property
    def quick_field(self) -> str:
        """一键采纳时单位填在哪个字段。"""
        decl = self.definition.action(self.quick)
        return (unit_field(decl, self.definition.matter.fields) if decl else None) or ""

    @property
    def quick_title(self) -> str:
        """一键采纳用的动作的名称。"""
        decl = self.definition.action(self.quick)
        return decl.title if decl else ""

    @cached_property
    def choices(self) -> list[tuple[str, str, str, str]]:
        """同样适用的几条规则各派给谁：（单位、名称、理由、一键用的动作）；只有一个时为空。"""
        found = self.suggestion.choices
        rows = [(one.unit, one.name, one.because, self.quick_for(one.unit)) for one in found]
        return [row for row in rows if row[3]] if not self.suggestion.unit else []

    @cached_property
    def choice_field(self) -> str:
        """上面几个一键派时单位填在哪个字段。"""
        decl = self.definition.action(self.choices[0][3]) if self.choices else None
        return (unit_field(decl, self.definition.matter.fields) if decl else None) or ""

    @property
    def refer(self) -> Act | None:
        """退回来源、移送并告知的动作，快捷键 r。"""
        return next((act for act in self.open_acts if REFER in act.decl.means), None)

    @cached_property
    def correcting(self) -> Act | None:
        """能补上类别的更正动作。"""
        found = [act for act in self.acts if act.ready and "correct" in act.decl.means]
        return next((act for act in found if waiting.CATEGORY in act.decl.collected()), None)

    @property
    def may_join(self) -> bool:
        """能并入另一件。"""
        return any(act.ready and "merge" in act.decl.means for act in self._available)

    def unit_of(self, decl: ActionDecl) -> str:
        """派单的动作把单位填在哪个字段；没有为空。"""
        return (unit_field(decl, self.definition.matter.fields) if DISPATCH in decl.means else None) or ""

    def usual(self, recent: list[str]) -> list[str]:
        """选单里排在最前的单位：规则说的、这个人最近派过的、规则里常派的。"""
        ruled = [one.unit for one in self.suggestion.choices]
        found = [*ruled, *recent, *self._router.usual(self.case.area_path, self.case.matter, self.now)]
        return [one for one in dict.fromkeys(found) if self.unit_name(one)][:8]

    # ---- 在哪里 ----

    @cached_property
    def _near(self) -> list[Near]:
        return waiting.nearby(self.officer, self.case, AROUND, self.now)

    @cached_property
    def _outlines(self) -> list[Any]:
        if self.case.lon is None or self.case.lat is None:
            return []
        index = registry.area_index(AreaLevel.GRID, self.now)
        return index.outlines(self.case.lon, self.case.lat, AROUND)

    @cached_property
    def _areas(self) -> list[tuple[int, str, str, str]]:
        keys = {one.key for one in self._outlines}
        above = path_and_above(self.case.area_path) if self.case.area_path else []
        rows = Area.objects.filter(Q(pk__in=keys) | Q(path__in=above)).order_by("path")
        return list(rows.values_list("pk", "path", "name", "level")) if keys or above else []

    @cached_property
    def where(self) -> str:
        """社区、网格：从大到小；只定到街道的写街道。"""
        above = set(path_and_above(self.case.area_path)) if self.case.area_path else set()
        big = (AreaLevel.DISTRICT, AreaLevel.STREET)
        names = [name for _, path, name, level in self._areas if path in above and level not in big]
        return "　".join(names) or str(self.case.area or "")

    @cached_property
    def drawing(self) -> str:
        """简图；没有坐标为空。图里的文字由 draw 转义。"""
        if self.case.lon is None or self.case.lat is None:
            return ""
        names = {pk: name for pk, _, name, _ in self._areas}
        dots = [(one.east, one.north) for one in self._near]
        said = f"简图：本件在正中，四周各 {AROUND:.0f} 米，附近在办的 {len(dots)} 件"
        return mark_safe(sketch.draw(self._outlines, names, dots, metres=AROUND, label=said))

    @property
    def near(self) -> list[tuple[Near, str, str]]:
        """附近在办的前几件：（哪件，环节，时限预警）；编号与简图上的一样。"""
        found = []
        for one in self._near[:LISTED]:
            states = definition_of(one.case).matter.states
            title = states[one.case.state].title if one.case.state in states else ""
            found.append((one, title, light_of(one.case, self.now)))
        return found

    @property
    def near_more(self) -> int:
        """附近还有几件没有列出。"""
        return max(0, len(self._near) - LISTED)

    # ---- 内容 ----

    @property
    def photos(self) -> list[Material]:
        """不保密的照片。"""
        return [one for one in self.materials if one.kind == "photo" and not one.hidden]

    @property
    def other_files(self) -> list[Material]:
        """照片之外的材料，和保密的。"""
        return [one for one in self.materials if one.kind != "photo" or one.hidden]

    @property
    def told(self) -> list[Any]:
        """基本情况里给分派看的：类别、单位另写。"""
        types = self.definition.matter.fields
        return [
            one
            for one in self.facts
            if one.name != waiting.CATEGORY and types[one.name].type is not FieldType.UNIT
        ]

    @property
    def earlier(self) -> list[Any]:
        """登记之后办过的，新的在前：退回、上报、更正都在这里。"""
        return self.steps[:-1][:5]

    @cached_property
    def alike(self) -> list[tuple[Duplicate, list[str]]]:
        """可能是同一件事的：哪件，和它的照片（摘要）。"""
        digests = {digest for one in self.similar for digest in one.photos}
        shown = EvidenceFile.objects.filter(pk__in=digests, kind="photo", erased_at=None)
        known = set(shown.values_list("pk", flat=True)) if digests else set()
        return [(one, [digest for digest in one.photos if digest in known][:4]) for one in self.similar]
