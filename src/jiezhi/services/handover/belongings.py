"""离岗的人名下的别的东西：上层各应用登记怎样列出来，交接前给人看（如接口令牌）。

要随账号停用一并了结的，由各应用听 `accounts.actions.officer_left`，与停用在同一事务里做；这里只管列。
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from jiezhi.base.accounts.models import Officer

Lister = Callable[[Officer, datetime], list[str]]


@dataclass(frozen=True, slots=True)
class Belonging:
    """一种东西。`then` 说交接时怎样：随账号停用，还是要人另办。"""

    title: str
    then: str
    lister: Lister


_found: dict[str, Belonging] = {}


def belonging(name: str, title: str, then: str, lister: Lister) -> None:
    """登记一种东西；在 AppConfig.ready() 里调用，重复登记同一个名字的以后一次为准。"""
    _found[name] = Belonging(title, then, lister)


def listed(officer: Officer, now: datetime) -> list[tuple[str, str, list[str]]]:
    """这个人名下有的：（名称，交接时怎样，逐项）；没有的种类不列。"""
    rows = [(one.title, one.then, one.lister(officer, now)) for one in _found.values()]
    return [row for row in rows if row[2]]
