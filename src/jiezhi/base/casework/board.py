"""看板：一种业务的各环节上有哪些件，一件怎样从这一环节到那一环节。

列、卡片按索引一次取；能不能移，放下的时候照件页的按钮一样问（`queries.available`），不逐件先算。
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import dialect, matters, queries
from jiezhi.base.casework.arms import LIVE, Sql, every, run, where_of
from jiezhi.base.casework.filters import Filters
from jiezhi.base.casework.listing import ENOUGH, SHOWN, several
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.casework.reach import Reach, under
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.view import Missing, Plan, Refusal

CARDS = 50
"""一列至多几张卡片。"""
ENDED_WITHIN = timedelta(days=7)
"""办结的列只看这些天办结的。"""


@dataclass(slots=True)
class Column:
    """一个环节。`total` 数到 ENOUGH + 1 为止；办结的列，没有展开时没有卡片。"""

    state: str
    title: str
    help: str
    ended: bool
    onward: tuple[str, ...]
    total: int = 0
    cases: list[Case] = field(default_factory=list)


def columns(
    officer: Officer, definition: Definition, *, unit: str, area: str, ended: bool, now: datetime
) -> list[Column]:
    """一种业务的各列：没办结的环节在前，照流程的先后；`area` 是区域路径，`ended` 为真时办结的列也出卡片。三条查询。

    业务换过版，现行版本里没有的环节不成列，件在工作列表里还在。
    """
    states = definition.matter.states
    names = sorted(states, key=lambda name: states[name].terminal)
    found = [
        Column(
            name, states[name].title, states[name].help or "", states[name].terminal, onward(definition, name)
        )
        for name in names
    ]
    live = [one for one in found if not one.ended]
    asked = [Filters(matter=definition.id, state=one.state, unit=unit, area=area, open=True) for one in live]
    places = several(officer, asked, now, ENOUGH + 1)
    shown = {
        one.state: [dialect.pk_at(place) for place in some] for one, some in zip(live, places, strict=True)
    }
    shown |= _lately_ended(officer, definition, found, unit, area, now)
    for one in found:
        one.total = len(shown[one.state])
        shown[one.state] = shown[one.state][:CARDS] if ended or not one.ended else []
    rows = Case.objects.filter(pk__in=dialect.keys([pk for some in shown.values() for pk in some]))
    cases = {case.pk: case for case in rows.select_related("version", "unit", "area").defer(*SHOWN)}
    for one in found:
        one.cases = [cases[pk] for pk in shown[one.state] if pk in cases]
    return found


def _lately_ended(
    officer: Officer, definition: Definition, found: Sequence[Column], unit: str, area: str, now: datetime
) -> dict[str, list[int]]:
    """办结的各列：环节 → 这几天办结的件，后办结的在前。办结时间没有索引，从走到这个环节的办理记录找。一条查询。"""
    closed: dict[str, list[int]] = {one.state: [] for one in found if one.ended}
    since = now - ENDED_WITHIN
    narrow = Q(matter=definition.id, closed_at__gte=since) & under(area) & (Q(unit=unit) if unit else Q())
    where = where_of(narrow & Reach.of(officer, now).q) if officer.is_active else None
    lists: list[Sql] = []
    for which, state in enumerate(closed):
        acts = _arriving(definition.id, state)
        told = Event.objects.filter(action__in=acts, at__gte=since).order_by().values_list("case_id", "at")
        here = where_of(Q(state=state))
        if not acts or where is None or here is None:
            continue
        sql, params = told.query.sql_with_params()
        rest = every(here, where)
        assert rest is not None
        lists.append(
            Sql(
                f'SELECT {which} AS which, "casework_case"."id" AS pk FROM {dialect.from_records(f"({sql})")}'
                f' WHERE {rest.sql} GROUP BY "casework_case"."id" ORDER BY max(told."at") DESC LIMIT %s',
                (*params, *rest.params, ENOUGH + 1),
            )
        )
    if lists:
        names = list(closed)
        sql = " UNION ALL ".join(f"SELECT * FROM ({one.sql}) AS list" for one in lists)
        for which, pk in run(sql, [value for one in lists for value in one.params]):
            closed[names[which]].append(pk)
    return closed


def _arriving(matter: str, state: str) -> list[str]:
    """走到这个环节的动作，各个版本的都算。"""
    return sorted(
        {
            name
            for definition in matters.everything()
            if definition.id == matter
            for name, act in definition.matter.actions.items()
            if any(branch.state == state for branch in act.to)
        }
    )


def onward(definition: Definition, state: str) -> tuple[str, ...]:
    """从这个环节由人办一步能到的环节，照流程的先后。只看流程，不看哪一件、谁来办。"""
    reached = {
        branch.state
        for name in definition.by_state[state]
        for branch in definition.matter.actions[name].to
        if by_hand(definition.matter.actions[name])
    }
    return tuple(name for name in definition.matter.states if name in reached and name != state)


def by_hand(act: ActionDecl) -> bool:
    """由办公人员办的一步：不是系统、导入、来件人办的，也不是并入、收并。"""
    return not act.jointly and not set(act.by) <= {"system", "import", "reporter", "party"}


@dataclass(frozen=True, slots=True)
class Ways:
    """一件到一个环节的办法：现在能办的动作，和差的（一个也没有能办的时候才有）。"""

    ready: tuple[str, ...]
    missing: tuple[Missing, ...]


def ways(case: Case, officer: Officer, to: str, *, now: datetime) -> Ways:
    """这个人现在怎样把这一件办到环节 `to`。与件页的按钮、与 `act` 用同样的检查，什么也不写。"""
    definition = queries.definition_of(case)
    states = definition.matter.states
    here = states[case.state].title
    if to not in states:
        return Ways((), (Missing("state", "这件所用的业务模板里没有这个环节", "打开这件，照件页上列出的办"),))
    if to == case.state:
        return Ways((), (Missing("state", f"这件现在就在“{here}”", "不用再移"),))
    leading = [
        name
        for name in definition.by_state[case.state]
        if any(branch.state == to for branch in definition.matter.actions[name].to)
        and by_hand(definition.matter.actions[name])
    ]
    if not leading:
        say = f"从“{here}”不能一步到“{states[to].title}”"
        onto = "、".join(states[name].title for name in onward(definition, case.state))
        return Ways(
            (),
            (
                Missing(
                    "state", say, f"从这里可以到：{onto}" if onto else "这一步不由人移，由系统或者来件人办"
                ),
            ),
        )
    answered = dict(queries.available(case, officer, now=now))
    ready = tuple(name for name in leading if isinstance(answered.get(name), Plan))
    if ready:
        return Ways(ready, ())
    short = [found.missing for name in leading if isinstance(found := answered.get(name), Refusal)]
    if not short:  # 轮不到他办：说由谁办
        short = [one.missing for name in leading if (one := queries.refused(case, officer, name, now=now))]
    said = dict.fromkeys(item for some in short for item in some if item.blocking)
    return Ways((), tuple(said))


def in_hand(officer: Officer, now: datetime) -> dict[str, int]:
    """看得见的在办件，各业务多少件，多的在前。一条查询，只翻在办件的索引。"""
    seen = where_of(Reach.of(officer, now).q) if officer.is_active else None
    if seen is None:
        return {}
    start = dialect.walked("case", "case_open")
    sql = f'SELECT "matter", count(*) FROM {start} WHERE {LIVE.sql} AND {seen.sql} GROUP BY "matter"'
    return dict(sorted(run(sql, seen.params), key=lambda one: (-one[1], one[0])))
