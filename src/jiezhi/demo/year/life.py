"""一件事的经过怎样写：每个经过是一个生成器，交出一步、拿回结果；时间由它自己往前拨，只按办公时间办公。

def story(life):
    uid = yield from life.opens("report.snapshot", "report", RESIDENT, content="……")
    life.work(hours=2)
    yield from life.does(uid, "sign", clerk)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.actions import Entry, officer_actor
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome, Result
from jiezhi.core.calendar import CHINA, DayTable
from jiezhi.core.procedure.view import Actor

RESIDENT = Actor("reporter")
PARTY = Actor("party")
Who = Officer | Actor


class Stuck(Exception):
    """这一步没有办成：经过写错了，或者业务模板变了。"""


@dataclass(frozen=True)
class Step:
    """一步：什么时候、办什么。`others` 是并入它的件，合并由 `officer` 办。"""

    now: datetime
    entry: Entry
    officer: Officer | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fork:
    """同时开始的另一个经过。"""

    life: Life
    story: Story


Story = Generator[Step | Fork, Result | None, Any]
T = TypeVar("T")
Taken = Generator[Step | Fork, Result | None, T]


class Life:
    """一件事：它的随机源、现在的时间、请求标识。`pace` 是各人办事的快慢（1 为平常）。"""

    def __init__(
        self, rng: random.Random, now: datetime, key: str, table: DayTable, pace: dict[int, float]
    ) -> None:
        self.rng = rng
        self.now = now.astimezone(CHINA)
        self.key = key
        self.table = table
        self.pace = pace
        self._steps = 0
        self._forks = 0

    # ---- 时间 ----

    @property
    def today(self) -> str:
        """今天，YYYY-MM-DD。"""
        return self.now.date().isoformat()

    def day(self, days: int) -> str:
        """`days` 天以后（负数是以前），YYYY-MM-DD。"""
        return (self.now.date() + timedelta(days=days)).isoformat()

    def after(self, **span: float) -> None:
        """过一会儿（自然时间）。"""
        self.now = (self.now + timedelta(**span)).replace(microsecond=0)

    def work(self, hours: float, who: Who | None = None) -> None:
        """办公时间里过 `hours` 小时，各件有长有短；给了 `who` 的按这个人的快慢。"""
        pace = self.pace.get(who.pk, 1.0) if isinstance(who, Officer) else 1.0
        spent = max(hours * pace * self.rng.lognormvariate(0, 0.5), 0.02)
        position = self.table.office_position(self.now) + int(spent * 3_600_000_000)
        done = max(self.now, self.table.office_moment(position)) + timedelta(seconds=self.rng.randint(1, 50))
        self.now = done.replace(microsecond=0)

    def workdays(self, days: int, hour: int = 10) -> None:
        """第 `days` 个工作日的几点多。"""
        self._to(self.table.add_workdays(self.now.date(), days), hour)

    def days(self, days: int, hour: int = 10) -> None:
        """`days` 天以后的几点多；不是工作日就顺到工作日。"""
        day = self.now.date() + timedelta(days=days)
        self._to(day if self.table.is_workday(day) else self.table.next_workday(day), hour)

    def until(self, day: date | str, hour: int = 10) -> None:
        """到某一天的几点多（不往回）。"""
        self._to(date.fromisoformat(day) if isinstance(day, str) else day, hour)

    def _to(self, day: date, hour: int) -> None:
        seconds = timedelta(minutes=self.rng.randint(2, 50), seconds=self.rng.randint(0, 59))
        self.now = max(self.now + timedelta(minutes=5), datetime.combine(day, time(hour), CHINA) + seconds)

    # ---- 办 ----

    # 各参数只按位置给：业务模板的字段什么名字都有，不会撞上。
    def opens(self, matter: str, action: str, who: Who, /, **inputs: Any) -> Taken[str]:
        """开一件，返回全局标识。"""
        entry = Entry(
            matter=matter, action=action, inputs=inputs, at=self.now, key=self._key(), actor=_actor(who)
        )
        return (yield from self._takes(entry)).uid

    def imports(
        self, matter: str, action: str, who: Who, at: datetime, number: str, /, **inputs: Any
    ) -> Taken[str]:
        """导入主办系统在外面的一件：`at` 是来件时刻（登记晚于它），`number` 是对方的编号。"""
        origin, key = {"number": number}, self._key()
        entry = Entry(
            matter=matter, action=action, inputs=inputs, at=at, origin=origin, key=key, actor=_actor(who)
        )
        return (yield from self._takes(entry)).uid

    def does(self, uid: str, action: str, who: Who, reason: str = "", /, **inputs: Any) -> Taken[Outcome]:
        """办一步。"""
        return (yield from self.records(uid, action, who, self.now, reason, **inputs))

    def records(
        self, uid: str, action: str, who: Who, at: datetime, reason: str = "", /, **inputs: Any
    ) -> Taken[Outcome]:
        """现在登记 `at` 那时发生的一步。"""
        entry = Entry(
            case=uid, action=action, inputs=inputs, at=at, reason=reason, key=self._key(), actor=_actor(who)
        )
        return (yield from self._takes(entry))

    def merges(self, into: str, others: Iterable[str], who: Officer, reason: str) -> Taken[None]:
        """把几件并入一件。"""
        entry = Entry(case=into, reason=reason)
        yield Step(self.now, entry, who, tuple(others))

    def forks(self, story: Callable[..., Story], *given: Any, **more: Any) -> Taken[None]:
        """另起一个经过，从现在开始，与这一个各走各的。"""
        self._forks += 1
        key = f"{self.key}.{self._forks}"
        life = Life(random.Random(f"{key}:{self.rng.random()}"), self.now, key, self.table, self.pace)
        yield Fork(life, story(life, *given, **more))

    def _takes(self, entry: Entry) -> Taken[Outcome]:
        result = yield Step(self.now, entry)
        if not isinstance(result, Outcome):
            raise Stuck(f"{entry.matter or entry.case} {entry.action}（{self.now:%Y-%m-%d %H:%M}）：{result}")
        return result

    def _key(self) -> str:
        self._steps += 1
        return f"{self.key}:{self._steps}"


def _actor(who: Who) -> Actor:
    return officer_actor(who) if isinstance(who, Officer) else who


def child(uid: str, matter: str, nth: int = 0) -> Case:
    """随之开立的子件。"""
    return Case.objects.filter(parent__uid=uid, matter=matter).order_by("pk")[nth]
