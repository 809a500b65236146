"""办理时要反复问的几样：谁任什么职、有哪些单位、工作日表。进程内留着，按版本戳失效，一条查询核对全部戳。"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import Appointment, Unit, UnitKind
from jiezhi.base.registry.queries import calendar
from jiezhi.core.calendar import DayTable

Holding = tuple[str, str, str | None]
_Window = tuple[datetime, datetime | None, Holding]


@dataclass(frozen=True)
class Standing:
    """某一版的任职和单位。`units`:在用单位代码 → （名称、上级代码）;`external`:外部单位；`posts`:岗位名称；`left`:离岗停用的人员。

    `stamps` 是这一次核对时的全部版本戳，别的缓存（订阅之类）凭它知道自己还作不作数，不必再查。
    """

    table: DayTable
    units: dict[str, tuple[str, str | None]]
    people: dict[int, list[_Window]] = field(repr=False)
    external: frozenset[str] = frozenset()
    posts: dict[str, str] = field(default_factory=dict)
    stamps: dict[str, str] = field(default_factory=dict)
    left: frozenset[int] = frozenset()

    def holdings(self, officer: int, at: datetime) -> list[Holding]:
        """某人在 `at` 的 （岗位代码, 单位代码, 区域 path;None 为不限区域）。"""
        return [
            held
            for start, end, held in self.people.get(officer, ())
            if start <= at and (end is None or at < end)
        ]


_lock = threading.Lock()
_held: dict[str, tuple[str, Standing]] = {}


def standing() -> Standing:
    """现在的一版。缓存命中时一条查询；人员、岗位、单位、任职改过之后，下一次取即为新的。"""
    found = stamps.everything()
    calendar_stamp, people_stamp = found.get(stamps.CALENDAR, ""), found.get(stamps.PEOPLE, "")
    held = _held.get(connection.alias)
    stamp = f"{people_stamp}|{calendar_stamp}"
    if people_stamp and held is not None and held[0] == stamp:
        return replace(held[1], stamps=found)
    with _lock:
        table = calendar.table_for(calendar_stamp)
        made = Standing(table, _units(), _people(), _external(), _posts(), found, _left())
        _held[connection.alias] = (stamp, made)
    return made


def _units() -> dict[str, tuple[str, str | None]]:
    rows = Unit.objects.filter(is_active=True).values_list("code", "name", "parent__code")
    return {code: (name, parent) for code, name, parent in rows}


def _external() -> frozenset[str]:
    return frozenset(Unit.objects.filter(kind=UnitKind.EXTERNAL).values_list("code", flat=True))


def _posts() -> dict[str, str]:
    return dict(Post.objects.values_list("code", "title"))


def _left() -> frozenset[int]:
    return frozenset(Officer.objects.filter(is_active=False).values_list("pk", flat=True))


def _people() -> dict[int, list[_Window]]:
    rows = (
        Appointment.objects.filter(officer__is_active=True, post__is_active=True, unit__is_active=True)
        .order_by("id")
        .values_list("officer_id", "valid_from", "valid_to", "post__code", "unit__code", "area__path")
    )
    people: dict[int, list[_Window]] = {}
    for officer, start, end, post, unit, path in rows:
        people.setdefault(officer, []).append((start, end, (post, unit, path)))
    return people
