"""“我的工作”一屏上的东西：几件、最急的、变了什么、哪里慢了。看得见什么、能办什么都问 casework。"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import desk
from jiezhi.base.casework.filters import NO_UNIT, TODAY
from jiezhi.base.casework.listing import tallies
from jiezhi.base.casework.queries import Filters, listed
from jiezhi.base.registry import queries as registry
from jiezhi.core.calendar import CHINA, DayTable
from jiezhi.web.office import lists, queries

URGENT = 10
EACH = 6
LONGEST = timedelta(days=14)
OFF_WORK = time(17, 30)
OVERSEERS = frozenset(["leader", "supervisor", "dispatcher", "community_lead"])
"""管一片的岗位，都看得见那一片的全部。"""


@dataclass(frozen=True, slots=True)
class Tile:
    """一个数，点开是带筛选的列表。`mark` 是灯的样式名，空为不亮灯。"""

    title: str
    shown: str
    address: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Urgent:
    """最急的一件，和他现在能办什么。"""

    row: lists.Row
    can: desk.Doable


@dataclass(frozen=True, slots=True)
class Group:
    """一类变化：列出来的几条和没有列的件数。"""

    kind: str
    changes: list[desk.Change]
    more: int


@dataclass(frozen=True, slots=True)
class Slow:
    """一个单位：在办、临期、超期，各是一个数和点开的列表。"""

    unit: str
    tiles: tuple[Tile, Tile, Tile]


def tiles_and_urgent(officer: Officer, now: datetime) -> tuple[list[Tile], list[Urgent], bool]:
    """手上几件、今天到期、临期、超期各几件；最急的十件，后面还有没有。"""
    usual = lists.usual_scope(officer, now)

    def address(scope: str, light: str = "") -> str:
        return lists.Wanted(usual=usual, scope=scope, light=light).address()

    lights = {TODAY: "soon", "临期": "soon", "超期": "late"}
    asked = {"mine": Filters(scope="mine", open=True)}
    asked |= {light: Filters(scope="desk", open=True, light=light) for light in lights}
    counts = {
        name: queries.counted(number).shown for name, number in tallies(officer, asked, now=now).items()
    }
    found = listed(officer, Filters(scope="desk", open=True), size=URGENT, now=now)
    tiles = [
        Tile("手上的", queries.counted(found.total).shown, address("desk")),
        Tile("其中我经办的", counts["mine"], address("mine")),
        *(
            Tile(light, counts[light], address("desk", light), mark if counts[light] != "0" else "")
            for light, mark in lights.items()
        ),
    ]
    can = desk.doable(found.cases, officer, now)
    rows = lists.describe(found.cases, now)
    urgent = [Urgent(row, can.get(row.case.pk, desk.Doable())) for row in rows]
    return tiles, urgent, found.more


def last_evening(table: DayTable, now: datetime) -> datetime:
    """上一个工作日的下班时刻（北京时间 17:30）。"""
    day = now.astimezone(CHINA).date() - timedelta(days=1)
    while not table.is_workday(day):
        day -= timedelta(days=1)
    return datetime.combine(day, OFF_WORK, CHINA)


def since(looked_at: datetime | None, now: datetime) -> datetime:
    """变化从什么时候列起：上次看到的时刻，没有看过的从上一个工作日下班起；最早十四天前。"""
    start = looked_at or last_evening(registry.standing().table, now)
    return max(start, now - LONGEST)


def changed(officer: Officer, start: datetime, now: datetime) -> list[Group]:
    """变化，分类；没有的类不列。"""
    found = desk.changes(officer, start, now)
    groups = []
    for kind in desk.KINDS:
        some = [one for one in found if one.kind == kind]
        if some:
            groups.append(Group(kind, some[:EACH], max(0, len(some) - EACH)))
    return groups


def oversees(officer: Officer, now: datetime) -> bool:
    """要不要给他看各单位的快慢。"""
    return not OVERSEERS.isdisjoint(post for post, _, _ in registry.holdings(officer.pk, now))


def slow(officer: Officer, now: datetime) -> list[Slow]:
    """各单位在办、临期、超期，超期多的在前；限看得见的。"""
    names = queries.unit_names()
    usual = lists.usual_scope(officer, now)
    found = []
    for one in desk.loads(officer, now):
        whole = lists.Wanted(usual=usual, scope="all", unit=one.unit or NO_UNIT)
        count = queries.counted(one.open)
        soon = queries.counted(one.soon).shown
        tiles = (
            Tile("在办", count.shown, whole.address()),
            # 在办的数到一千为止，临期的只数了其中的。
            Tile(
                "临期",
                f"{soon}+" if count.more and one.soon else soon,
                whole.address(light="临期"),
                "soon" if one.soon else "",
            ),
            Tile(
                "超期",
                queries.counted(one.late).shown,
                whole.address(light="超期"),
                "late" if one.late else "",
            ),
        )
        found.append(Slow(names.get(one.unit, "还没有单位的"), tiles))
    return found
