"""件的样子（不涉及数据库）：解释器看到的件、请求、结果。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from jiezhi.core.calendar import DayTable
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.base import Call
from jiezhi.core.procedure.fields import FieldDecl

ActorKind = Literal["officer", "reporter", "party", "system", "import"]


@dataclass(frozen=True, slots=True)
class Actor:
    """办理人。居民（reporter/party）不带姓名：办理记录不可删改，个人信息只放在可清除的地方。"""

    kind: ActorKind
    id: str = ""
    name: str = ""

    def record(self, post: str | None, unit: str | None, organ: str | None) -> dict[str, str]:
        """写进办理记录的样子；`organ` 表示外部机关的行为由此人代为记录。"""
        items = {
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "post": post,
            "unit": unit,
            "organ": organ,
        }
        return {key: value for key, value in items.items() if value}


SYSTEM = Actor("system", name="系统")


@dataclass(frozen=True, slots=True)
class ClockView:
    """一个时限现在的样子。`due_at` 是不含在内的终点；`status` 为 running、paused 或 ended。

    `void`：这一轮不算数（重新告知之前的保护期），不能当作已经届满或者放弃。
    """

    name: str
    key: str
    round: int
    status: str
    started_at: datetime
    due_at: datetime
    ended_at: datetime | None = None
    provisional: bool = False
    limit: str = ""
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    extensions: tuple[str, ...] = ()
    void: bool = False

    @property
    def live(self) -> bool:
        """还没有结束。"""
        return self.status != "ended"


@dataclass(frozen=True, slots=True)
class ChildView:
    """子件的样子。"""

    slot: str
    state: str
    closed: bool


@dataclass(slots=True)
class CaseView:
    """件现在的样子：就是全部办理记录依次作用的结果（见 fold.py）。"""

    uid: str
    state: str
    seq: int = 0
    number: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    done: frozenset[str] = frozenset()
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unit: str | None = None
    area: str | None = None
    tags: frozenset[str] = frozenset()
    clocks: list[ClockView] = field(default_factory=list)
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    closed_at: datetime | None = None
    merged_into: str | None = None
    parent: str | None = None

    def running(self, name: str) -> list[ClockView]:
        """还没有结束的、叫这个名字的时限（按当事人可能有几个）。"""
        return [clock for clock in self.clocks if clock.name == name and clock.live]

    def counted(self, name: str) -> list[ClockView]:
        """叫这个名字的、算数的各轮：起算过，没有因重新告知作废。"""
        return [clock for clock in self.clocks if clock.name == name and not clock.void]


@dataclass(frozen=True, slots=True)
class Request:
    """一次办理请求。`at` 是事情发生的时刻，`now` 是系统知道的时刻，都带时区。

    `leased` 是现场离线时已经用掉的租用号：字段（件号写 case）→ 号。
    """

    action: str
    actor: Actor
    now: datetime
    at: datetime
    inputs: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    expected_version: int | None = None
    origin: Mapping[str, str] = field(default_factory=dict)
    leased: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Missing:
    """还差的一项：差什么、怎么补、凭什么。`blocking` 为假的只提醒。"""

    code: str
    say: str
    remedy: str = ""
    basis: str = ""
    field: str = ""
    blocking: bool = True

    def __str__(self) -> str:
        remedy = f"({self.remedy})" if self.remedy else ""
        basis = f"〔{self.basis}〕" if self.basis else ""
        return f"{self.say}{remedy}{basis}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """没有办成：把差的一次说全。"""

    action: str
    title: str
    missing: tuple[Missing, ...]

    def __str__(self) -> str:
        marks = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
        parts = [
            f"{marks[i] if i < len(marks) else f'({i + 1})'} {item}" for i, item in enumerate(self.missing)
        ]
        return f"“{self.title}”还差：{' '.join(parts)}"


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """随之开立的一件子件。"""

    slot: str
    matter: str
    action: str | None
    inputs: dict[str, Any]
    unit: str | None = None
    # 子件字段 ← 这一步取的号：号要等检查都过了才取，取了再填。
    numbered: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """可以办，办了是这样。`effects` 进规范字节；`values` 是写入的字段值（只进加密的载荷）。"""

    action: str
    decl: ActionDecl
    from_state: str | None
    to_state: str
    values: dict[str, Any]
    effects: dict[str, Any]
    actor: dict[str, str]
    children: list[ChildPlan] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    followups: list[str] = field(default_factory=list)
    warnings: list[Missing] = field(default_factory=list)


class Env(Protocol):
    """解释器向外要的东西；由 casework 提供，测试里用假的。"""

    @property
    def table(self) -> DayTable:
        """工作日表。"""

    def may(self, who: str, actor: Actor, view: CaseView | None) -> tuple[str | None, str | None] | None:
        """这个人算不算 `who`;算则返回（岗位、单位）代号，不算返回 None。"""

    def resolve(
        self, expression: str, actor: Actor, view: CaseView | None, values: Mapping[str, Any]
    ) -> list[str]:
        """人员、单位、网格的来源表达式 → 代号列表。"""

    def call(self, call: Call, view: CaseView | None, values: Mapping[str, Any]) -> bool:
        """服务登记的条件是否成立。"""

    def children(self, view: CaseView, slot: str) -> Sequence[ChildView]:
        """某一种子件。"""

    def doers(self, view: CaseView, meaning: str) -> set[str]:
        """做过这个法律含义的人员代号。"""

    def refer(self, decl: FieldDecl, value: Any) -> str | None:
        """引用（单位、人员、材料、代码……）是否存在；不存在返回中文说明。"""

    def unique(self, fields: Mapping[str, Any], exclude: str | None) -> str | None:
        """同类未办结件里有没有这些字段值相同的；有则返回它的编号，正在办的人看不见它的返回空串；没有为 None。"""

    def targets(
        self, for_each: str, view: CaseView | None, values: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """子件逐项开立的对象：每项给出可引用的值（row.x）。"""

    def party_key(self, value: Any) -> str:
        """一个当事人的不可逆标识（带钥匙的摘要）：办理记录里区分各当事人的时限，又不写姓名。"""

    def fact(self, name: str, view: CaseView | None, values: Mapping[str, Any]) -> Any:
        """服务登记的事实（预填值）；没有就是 None。"""

    def describe_who(self, who: str) -> str:
        """`by` 的一种写法对人怎么说。"""
