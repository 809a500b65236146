"""服务只能登记五种东西：人员来源、条件、随之发生、事实（预填）、听众。

在各应用的 `AppConfig.ready()` 里登记；业务模板按名字引用。校验器由此知道哪些名字是有的。
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.view import Actor, CaseView

if TYPE_CHECKING:
    from datetime import date, datetime

    from jiezhi.base.casework.engine.work import Work
    from jiezhi.core.procedure.definition import Definition


@dataclass(frozen=True, slots=True)
class Context:
    """登记的函数看到的东西。`view` 为 None 表示正在开件；`values` 是合并了本次填写的字段值。

    `now` 是系统时刻，`at` 是事情发生的时刻（补录时更早），都带时区。
    """

    work: Work
    view: CaseView | None
    values: Mapping[str, Any]
    actor: Actor | None = None
    now: datetime | None = None
    definition: Definition | None = None
    at: datetime | None = None

    @property
    def moment(self) -> datetime:
        """事情发生的时刻；没有另给的是系统时刻。"""
        return self.at or self.now or self.work.now

    @property
    def day(self) -> date:
        """事情发生在北京时间的哪一天。"""
        return self.moment.astimezone(CHINA).date()

    @property
    def fields(self) -> dict[str, Any]:
        """件上已有的和本次填写的合在一起（预填时 `values` 只有本次的）；没有填的不抹掉已有的。"""
        stored = self.view.fields if self.view else {}
        return {**stored, **{name: value for name, value in self.values.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Step:
    """刚办成的一步，给听众看的。`opened` 为开件，`closed` 为这一步办结；`means` 是法律含义。"""

    action: str
    means: tuple[str, ...]
    from_state: str
    to_state: str
    seq: int
    opened: bool
    closed: bool


Resolver = Callable[[Context], list[str]]
Test = Callable[..., bool]
Fact = Callable[[Context], Any]
Consequence = Callable[[Context], Iterable[tuple[str, dict[str, Any]]]]
Listener = Callable[[Context, Step], Iterable[tuple[str, dict[str, Any]]]]


@dataclass
class Extensions:
    """登记表。名字带服务名前缀，如 `dispatch.unit`;重名不许。"""

    resolvers: dict[str, Resolver] = field(default_factory=dict)
    conditions: dict[str, Test] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    consequences: dict[str, Consequence] = field(default_factory=dict)
    listeners: dict[str, Listener] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    def _add(self, table: dict[str, Any], name: str, title: str, value: Any) -> None:
        if name in table and table[name] is not value:
            raise ValueError(f"“{name}”已经登记过")
        table[name] = value
        self.titles[name] = title

    def resolver(self, name: str, title: str, function: Resolver) -> None:
        """登记人员（单位、区域）来源：返回代号列表。"""
        self._add(self.resolvers, name, title, function)

    def condition(self, name: str, title: str, function: Test) -> None:
        """登记条件：`function(context, **参数)` 返回是否成立。"""
        self._add(self.conditions, name, title, function)

    def fact(self, name: str, title: str, function: Fact) -> None:
        """登记事实：预填字段用的值。"""
        self._add(self.facts, name, title, function)

    def consequence(self, name: str, title: str, function: Consequence) -> None:
        """登记随之发生：返回要排入后续发送的（种类、内容）。"""
        self._add(self.consequences, name, title, function)

    def listener(self, name: str, title: str, function: Listener) -> None:
        """登记听众：任何一件办成任何一步都问它，返回要排入后续发送的（种类、内容）。

        在办理的事务里调用，所以要快：订阅之类放进程内缓存，按版本戳（`context.work.standing.stamps`）失效，不查库。
        """
        self._add(self.listeners, name, title, function)


extensions = Extensions()
