"""指定（assign）的来源有哪几种写法：校验器按它查，运行时按它取，只写在这一处。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SourceKind = Literal[
    "actor",
    "none",
    "field",
    "role",
    "post",
    "unit",
    "unit.parent",
    "unit.mine",
    "area.keeper",
    "resolver",
]
Gives = Literal["people", "unit", "area", "nothing", "any"]

_PLAIN: Mapping[str, SourceKind] = {
    "actor": "actor",
    "none": "none",
    "unit.none": "none",
    "unit.parent": "unit.parent",
    "unit.mine": "unit.mine",
    "area.keeper": "area.keeper",
}
_NAMED: Mapping[str, SourceKind] = {"field": "field", "role": "role", "post": "post", "unit": "unit"}
_GIVES: Mapping[SourceKind, Gives] = {
    "actor": "people",
    "none": "nothing",
    "field": "any",
    "role": "people",
    "post": "people",
    "unit": "people",
    "unit.parent": "unit",
    "unit.mine": "unit",
    "area.keeper": "people",
    "resolver": "any",
}
# 来源要看件现在的责任单位或所在区域；开件时还没有。
NEEDS_CASE: frozenset[SourceKind] = frozenset({"unit", "unit.parent", "area.keeper"})
SPELLINGS = (
    "actor",
    "none",
    "field.x",
    "role.x",
    "post.x",
    "unit.x",
    "unit.parent",
    "unit.mine",
    "area.keeper",
)


@dataclass(frozen=True, slots=True)
class Source:
    """一个来源。`name` 是点号后面的名字（resolver 是全名），没有的为空。

    actor 本次办理人；none 清空；field 字段的值；role 件上的角色；post 任该岗位且管得到本件所在区域的人；
    unit 责任单位里任该岗位的人；unit.parent 责任单位的上级；unit.mine 办理人的单位；area.keeper 本网格的网格员；
    resolver 服务登记的来源。
    """

    kind: SourceKind
    name: str = ""

    @property
    def gives(self) -> Gives:
        """给出的是人、单位还是区域；any 要看字段或服务。"""
        return _GIVES[self.kind]


def parse_source(text: str) -> Source | None:
    """读一个来源的写法；不是任何一种写法时返回 None。`unit.none` 就是 `none`。"""
    if text in _PLAIN:
        return Source(_PLAIN[text])
    head, dot, rest = text.partition(".")
    if not head or not dot or not rest:
        return None
    if head in _NAMED:
        return Source(_NAMED[head], rest)
    if head in ("area", "tag", "rows", "row"):
        return None
    return Source("resolver", text)
