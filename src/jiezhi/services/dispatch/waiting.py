"""等着分派的：停在哪些环节算、谁能分派、用哪个动作派给一个单位；等着到场的；附近还有哪些在办的。

都照业务模板的含义和环节判断，不认动作名：含义是派单（dispatch）而由人办的，从它还没有派出去的环节办，就是分派；
同一环节里退回来源、移送并告知（refer）的也算，所以只管退回的岗位也看得见等着的件。
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import dialect, matters
from jiezhi.base.casework.filters import Filters, Step
from jiezhi.base.casework.listing import ENOUGH, SHOWN, Listed, places, several
from jiezhi.base.casework.models import Case, CaseField, Event
from jiezhi.base.casework.queries import visible
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.services.dispatch.actions.handling import unit_field
from jiezhi.services.dispatch.routing import Router, Suggestion

DISPATCH, REFER, ESCALATE, RETURN = "dispatch", "refer", "escalate", "return"
INSPECT, ANSWER, KEEPER = "inspect", "answer", "area.keeper"
NOT_PEOPLE = frozenset({"system", "import", "reporter", "party"})
CATEGORY = "category"
NEARBY = 60
"""简图上最多画这么多件在办的，近的在前。"""
_LOOKED = 400


def by_people(decl: ActionDecl) -> bool:
    """由人办的：不是只由系统、导入、来件人办。"""
    return not set(decl.by) <= NOT_PEOPLE


def waiting_states(definition: Definition) -> tuple[str, ...]:
    """等着分派的环节：由人派单的动作从这里办，而没有哪个派单的动作派到这里。"""

    def find() -> tuple[str, ...]:
        every = [one for one in definition.matter.actions.values() if DISPATCH in one.means]
        led = {branch.state for one in every for branch in one.to}
        mine = [one for one in every if by_people(one) and not one.opens_case]
        found = dict.fromkeys(state for one in mine for state in definition.sources(one))
        return tuple(state for state in found if state not in led and not definition.is_terminal(state))

    return definition.once("dispatch.waiting", find)


def desk_actions(definition: Definition, state: str) -> dict[str, ActionDecl]:
    """这个环节里的分派、退回动作，照声明的先后。"""
    table = definition.matter.actions
    named = [(name, table[name]) for name in definition.by_state.get(state, ())]
    return {name: decl for name, decl in named if {DISPATCH, REFER} & set(decl.means) and by_people(decl)}


def quick_action(definition: Definition, names: Collection[str], *, outside: bool = False) -> str | None:
    """`names` 里一键就能派给一个单位的那个动作：除了单位没有别的必填，不用写理由；没有为 None。

    `outside`：要派给外部单位。外部单位不在本平台办件，要用上报、移送一类的（escalate）。
    """
    for name in names:
        decl = definition.matter.actions[name]
        field = unit_field(decl, definition.matter.fields)
        asks = bool(decl.reason or decl.confirm or set(decl.required()) - {field})
        if DISPATCH in decl.means and field and not asks and outside is (ESCALATE in decl.means):
            return name
    return None


def steps_of(officer: Officer, now: datetime) -> tuple[Step, ...]:
    """这个人能分派（或退回来源）的都停在哪里：（业务模板、环节、区域路径）。只认按岗位办的。"""
    found: dict[Step, None] = {}
    held = registry.holdings(officer.pk, now)
    for matter, definition in matters.current().items():
        for state in waiting_states(definition):
            posts = {who for decl in desk_actions(definition, state).values() for who in decl.by}
            paths = {path or "" for post, _, path in held if f"post.{post}" in posts}
            for path in sorted(paths):
                if not any(path.startswith(other) for other in paths - {path}):
                    found[(matter, state, path)] = None
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Queued:
    """队列里的一件和建议派给谁。`action` 是一键采纳用的动作，空的不能一键采纳；`returned` 是退回过它的单位。"""

    case: Case
    category: str
    suggestion: Suggestion
    action: str
    returned: frozenset[str] = frozenset()

    @property
    def doubtful(self) -> bool:
        """没有把握：建议本身没有把握，或者所建议的单位退回过这一件。"""
        return self.suggestion.doubtful or self.suggestion.unit in self.returned


def queue(
    officer: Officer, now: datetime, *, matter: str = "", first: int = 0, size: int = 30
) -> tuple[Listed, list[Queued]]:
    """等着这个人分派的，快到期的在前，同样的先来的在前；从第 `first` 件起取 `size` 件，各带建议。

    只排前一千件：再多就不是一件一件看的事了。查询数与件数无关。
    """
    wanted = Filters(open=True, matter=matter, steps=steps_of(officer, now))
    waits = places(officer, wanted, now, ENOUGH + 1)
    keys = dialect.keys([dialect.pk_at(place) for place in waits])
    due = (
        list(Case.objects.filter(pk__in=keys).order_by().values_list("due_at", "place", "pk"))
        if waits
        else []
    )
    ordered = [pk for _, _, pk in sorted(due, key=lambda row: (row[0] is None, row[0] or now, row[1]))]
    page = ordered[first : first + size]
    rows = Case.objects.filter(pk__in=page).select_related("version", "unit").defer(*SHOWN)
    cases = {case.pk: case for case in rows} if page else {}
    found = Listed([cases[pk] for pk in page if pk in cases], len(waits), len(ordered) > first + size)
    fields = CaseField.objects.filter(case__in=page, name=CATEGORY)
    categories = dict(fields.values_list("case", "text")) if page else {}
    return found, suggested(found.cases, categories, now)


def suggested(cases: Sequence[Case], categories: Mapping[int, str], now: datetime) -> list[Queued]:
    """逐件建议派给谁。`categories` 是主键 → 类别。规则、单位、退回的记录各取一次。"""
    standing, returned = registry.standing(), _returned(cases)
    router = Router(standing.units)
    made = []
    for case in cases:
        category = categories.get(case.pk, "")
        found = router.route(category, case.area_path, case.matter, now)
        definition = matters.definition_of(case.version)
        names = desk_actions(definition, case.state)
        outside = found.unit in standing.external
        action = quick_action(definition, names, outside=outside) if found.unit else None
        made.append(Queued(case, category, found, action or "", returned.get(case.pk, frozenset())))
    return made


def returned_by(definition: Definition, bodies: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """退回过一件的单位。`bodies` 是它的办理记录内容。"""
    names = _returning(definition)
    return frozenset(
        body["actor"]["unit"] for body in bodies if body["action"] in names and body["actor"].get("unit")
    )


def _returning(definition: Definition) -> frozenset[str]:
    """责任单位自己退回、上报的动作；分拨员收回的不算退回。"""
    table = definition.matter.actions
    return frozenset(
        name
        for name, decl in table.items()
        if RETURN in decl.means and any(who.startswith("unit.") for who in decl.by)
    )


def _returned(cases: Sequence[Case]) -> dict[int, frozenset[str]]:
    definitions = {case.pk: matters.definition_of(case.version) for case in cases}
    names = {name for one in definitions.values() for name in _returning(one)}
    found: dict[int, list[Any]] = defaultdict(list)
    if cases:
        rows = Event.objects.filter(case__in=list(definitions), action__in=names)
        for pk, body in rows.order_by().values_list("case", "body"):
            found[pk].append(json.loads(bytes(body)))
    return {pk: returned_by(definitions[pk], bodies) for pk, bodies in found.items()}


def site_states(definition: Definition) -> dict[str, frozenset[str]]:
    """要有人到场的环节 → 谁办：有由人办的现场核实（inspect），或者必须拍照的答复（answer）。"""

    def find() -> dict[str, frozenset[str]]:
        fields = definition.matter.fields
        found: dict[str, frozenset[str]] = {}
        for decl in definition.matter.actions.values():
            asked = [fields[one] for one in decl.required()]
            photos = any(one.type is FieldType.FILE and one.kind == "photo" for one in asked)
            there = INSPECT in decl.means or (ANSWER in decl.means and photos)
            for state in definition.sources(decl) if there and by_people(decl) and not decl.organ else ():
                if not definition.is_terminal(state):
                    found[state] = found.get(state, frozenset()) | set(decl.by)
        return found

    return definition.once("dispatch.site", find)


def on_site(officer: Officer, now: datetime, *, size: int) -> Listed:
    """轮到这个人到场、处置的在办件，快到期的在前：自己经办的、等着他的岗位办的、自己网格的。四条查询。"""
    held = registry.holdings(officer.pk, now)
    grids = sorted({path for post, _, path in held if post == "grid_worker" and path})
    every = [
        (matter, state, who)
        for matter, definition in matters.current().items()
        for state, who in site_states(definition).items()
    ]
    mine = tuple((matter, state, "") for matter, state, _ in every)
    kept = tuple((matter, state, path) for matter, state, who in every if KEEPER in who for path in grids)
    wanted = [Filters(open=True, scope="desk", steps=mine), Filters(open=True, steps=kept)]
    waits = {dialect.pk_at(place) for part in several(officer, wanted, now, size + 1) for place in part}
    rows = Case.objects.filter(pk__in=waits).select_related("version", "unit").defer(*SHOWN)
    cases = sorted(rows, key=lambda one: (one.due_at is None, one.due_at or now, one.pk)) if waits else []
    return Listed(cases[:size], len(cases), len(cases) > size)


@dataclass(frozen=True, slots=True)
class Near:
    """附近在办的一件，相距多少米；东、北各多少米。"""

    case: Case
    metres: float
    east: float
    north: float


def nearby(officer: Officer, case: Case, metres: float, now: datetime) -> list[Near]:
    """`case` 四周 `metres` 米见方（半边长）以内在办的、这个人看得见的件，近的在前；它没有坐标为空。

    两条查询：先凭方格的索引取，再核对看不看得见。
    """
    if case.lon is None or case.lat is None:
        return []
    from jiezhi.core.space import cells_within, flat_offset  # 带进 numpy、shapely，有坐标才用

    lon, lat = case.lon, case.lat
    rows = Case.objects.filter(cell__in=cells_within(lon, lat, metres * 1.42), closed_at=None)
    spots: list[tuple[Any, ...]] = list(rows.order_by().values_list("pk", "lon", "lat")[:_LOOKED])
    where = {pk: flat_offset(lon, lat, x, y) for pk, x, y in spots if pk != case.pk}
    inside = {pk: spot for pk, spot in where.items() if max(map(abs, spot)) <= metres}
    close = sorted(inside, key=lambda pk: (inside[pk][0] ** 2 + inside[pk][1] ** 2, pk))[: NEARBY * 2]
    seen = visible(officer, now).filter(pk__in=close).select_related("version").order_by()
    cases = {
        one.pk: one for one in seen.defer("sealed", "fields", "head", "done", "tags", "version__content")
    }
    return [
        Near(cases[pk], (inside[pk][0] ** 2 + inside[pk][1] ** 2) ** 0.5, *inside[pk])
        for pk in close
        if pk in cases
    ][:NEARBY]
