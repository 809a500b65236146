"""外面的名录：岗位、人员来源、登记的条件……业务模板里写的名字在这里查有没有。"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field


@dataclass(frozen=True)
class MatterInfo:
    """别的业务模板的概况：开件动作各要填哪些必填字段、有哪些字段、哪些是敏感的。"""

    opening: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Catalogue:
    """每一栏为 None 表示不查这一类名字（如单独检查一份业务模板时）。

    posts 岗位（post.x）;unit_posts 责任单位内的岗位（unit.x）;resolvers 服务登记的人员来源（如 roster.on_duty）;
    conditions 登记的办理条件；consequences 登记的随之发生；facts 登记的事实（fill）;tags 标签；
    matters 别的业务模板；lists 代码表。
    """

    posts: Set[str] | None = None
    unit_posts: Set[str] | None = None
    resolvers: Set[str] | None = None
    conditions: Set[str] | None = None
    consequences: Set[str] | None = None
    facts: Set[str] | None = None
    tags: Set[str] | None = None
    matters: Mapping[str, MatterInfo] | None = None
    lists: Set[str] | None = None


UNCHECKED = Catalogue()
