"""外面的名录：岗位、人员来源、登记的条件……业务模板里写的名字在这里查有没有。"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from jiezhi.core.procedure.matter import MatterDecl


@dataclass(frozen=True)
class MatterInfo:
    """别的业务模板的概况：开件动作各要填哪些必填字段、有哪些字段、哪些是敏感的。

    `by` 是开件动作各由谁办（None 表示不查）；`host` 是外部主办系统的名称；`reasons` 是必须写明理由的开件动作。
    """

    opening: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    by: Mapping[str, frozenset[str]] | None = None
    host: str | None = None
    reasons: frozenset[str] = frozenset()

    @classmethod
    def of(cls, matter: MatterDecl) -> MatterInfo:
        """由业务模板取概况。有缺省值的和预填的不算必填：不抄给它也可能开得成。"""
        opening = {name: action for name, action in matter.actions.items() if action.opens_case}
        known = {name for name, decl in matter.fields.items() if decl.default is not None}
        return cls(
            opening={
                name: frozenset(set(action.required()) - known - set(action.fill))
                for name, action in opening.items()
            },
            fields=frozenset(matter.fields),
            sensitive=frozenset(name for name, decl in matter.fields.items() if decl.secret),
            by={name: frozenset(action.by) for name, action in opening.items()},
            host=matter.host_system,
            reasons=frozenset(name for name, action in opening.items() if action.reason),
        )


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
