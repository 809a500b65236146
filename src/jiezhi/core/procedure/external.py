"""外部系统的登记：它管什么、编号怎样写、清单长什么样、多久对一次账、谁负责、抄录单的次序。

随包的在 `packs/_systems/`，一个文件一个系统；本单位改过的存在库里，写法相同。查得对不对在 externalcheck.py。
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from jiezhi.core.procedure.base import Declaration, DottedName, Name, Names, Text, Title

Pattern = Annotated[str, Field(min_length=1, max_length=200)]
WEEK = "一二三四五六日"
_PERIOD = re.compile(rf"每日|每周[{WEEK}]|每月(?:[1-9]|1\d|2[0-8])日")


def _period(text: str) -> str:
    if not _PERIOD.fullmatch(text):
        raise ValueError("要写成“每日”“每周一”或“每月5日”（1 到 28）的样子")
    return text


Period = Annotated[str, AfterValidator(_period)]


@dataclass(frozen=True, slots=True)
class Source:
    """件上的一项。kind 为 number、title、state、unit、opened_at、closed_at、field、means、text。

    field 的 `part` 是地点、当事人的一部分；means 是最近一次做这个含义的时刻；text 是定值。
    """

    kind: str
    name: str = ""
    part: str = ""


PLAIN = ("number", "title", "state", "unit", "opened_at", "closed_at")


def source_of(text: str) -> Source | None:
    """件上的一项的写法 → Source；写得不对为 None。"""
    if text in PLAIN:
        return Source(text)
    if text.startswith("="):
        return Source("text", text[1:])
    kind, _, rest = text.partition(".")
    name, _, part = rest.partition(".")
    if kind == "field" and name:
        return Source("field", name, part)
    return Source("means", name) if kind == "means" and name and not part else None


class NumberDecl(Declaration):
    """对方的编号：叫什么、怎样写（正则，整个匹配），例子都要合、反例都要不合。"""

    title: Title
    pattern: Pattern
    like: Annotated[Names, Field(min_length=1)]
    unlike: Names = []


class TheirState(Declaration):
    """对方的一种状态对应我们的哪几个环节；`leads` 是导入时见它变成这样就接着办的动作。"""

    here: Annotated[Names, Field(min_length=1)]
    leads: Name | None = None


class CompareDecl(Declaration):
    """对账时比的一项：对方的哪一列与我们的什么比。时刻只比到日，`exact` 的比到分。"""

    title: Title
    column: Title
    ours: str = Field(description="state、unit、opened_at、closed_at、field.x、means.x（最近一次做它的时刻）")
    exact: bool = False


class CopyColumn(Declaration):
    """抄录单的一栏，次序就是对方录入的次序。"""

    title: Title
    ours: str = Field(
        description="number、title、state、unit、opened_at、closed_at、field.x、field.x.部分、means.x，=文字 是定值"
    )


class CopyDecl(Declaration):
    """抄录单：把我们的件按对方的录入次序印出来。"""

    title: Title
    when: Annotated[Names, Field(min_length=1, description="到了这些环节的要抄")]
    done: str = Field(description="number（登记了对方编号）或 means.x：抄过了凭什么认")
    mark: Name = Field(description="抄完办的动作")
    columns: Annotated[list[CopyColumn], Field(min_length=1)]


class ListedMatter(Declaration):
    """对方的清单上列着我们的哪一种件。

    `key` 是双方认件的字段（不写时：对方主办的凭件号，elsewhere 声明过的凭那个字段）；`also` 是还没有登记对方
    编号时凭清单的哪一列认：number（件号）或字段。`dated` 决定一件算在哪一期：opened_at、closed_at、日期字段
    field.x、最近一次做某个含义 means.x；`except` 的环节不必在对方清单上。
    """

    key: Name | None = None
    also: dict[Title, Name] = {}
    dated: str = "opened_at"
    except_: Names = Field([], alias="except")
    states: dict[Title, TheirState] = {}
    compare: Annotated[list[CompareDecl], Field(min_length=1)]
    update: Name | None = None
    sheet: CopyDecl | None = None


class ListSheet(Declaration):
    """对方导出的一种清单。`layout` 是业务模板里的来表：它认得的列这里不用再写。

    `date` 是看一行算哪一期的列；不写的，每次都是全部在册的，不分期。
    """

    title: Title
    number: Title
    date: Title | None = None
    layout: Name | None = None
    columns: dict[Title, Names] = Field({}, description="列 ← 认得的几种叫法")
    matters: Names = Field([], description="列着哪几种件；不写是登记里的全部")


class ExternalDecl(Declaration):
    """一个外部系统。`title` 与业务模板里写的主办系统、上级平台同名。没有可用的业务模板时写 `why`。"""

    system: Name
    title: Title
    help: Text | None = None
    authority: Title
    number: NumberDecl
    period: Period
    owner: Annotated[Names, Field(min_length=1)]
    why: Text | None = None
    matters: dict[DottedName, ListedMatter] = {}
    sheets: dict[Name, ListSheet] = {}
    units: dict[Title, str] = {}

    def listed(self, sheet: ListSheet) -> dict[str, ListedMatter]:
        """这种清单上列着的业务模板。"""
        return {name: one for name, one in self.matters.items() if not sheet.matters or name in sheet.matters}


@dataclass(frozen=True, slots=True)
class Window:
    """一期：从 `since`（含）到 `until`（不含），最迟在 `deadline` 那天对完。都是北京时间的日子。"""

    since: date
    until: date
    deadline: date


def windows(period: str, first: date, today: date) -> list[Window]:
    """到今天为止已经满了的各期，从旧到新，不早于 `first` 开始的那一期。

    每日的次日对；每周的对上一个周一到周日；每月的对上一个自然月。
    """
    found: list[Window] = []
    start = first
    if period.startswith("每周"):
        start = first - timedelta(days=first.weekday())
    elif period.startswith("每月"):
        start = first.replace(day=1)
    while (until := _next(period, start)) <= today:
        found.append(Window(start, until, until + timedelta(days=_late(period))))
        start = until
    return found


def _next(period: str, start: date) -> date:
    if period == "每日":
        return start + timedelta(days=1)
    if period.startswith("每周"):
        return start + timedelta(days=7)
    return (start + timedelta(days=32)).replace(day=1)


def _late(period: str) -> int:
    """满期之后第几天对账：每周一对上周的是 0，每月5日对上月的是 4。"""
    if period.startswith("每周"):
        return WEEK.index(period[-1])
    return int(period[2:-1]) - 1 if period.startswith("每月") else 0
