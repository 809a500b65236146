"""一个办理动作要填什么：给程序读的写法，接口和居民页面用的是同一份。"""

from __future__ import annotations

from typing import Any

from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl
from jiezhi.core.procedure.inputs import fillable

# 声明里照抄的几项：没有写的不出现。
_PLAIN = ("help", "max", "min", "unit", "default")


def asked(definition: Definition, decl: ActionDecl, kind: str = "officer") -> list[dict[str, Any]]:
    """要填的各项，按声明的次序：name、title、type、required，和各类型自己的（choices、list、kind、columns……）。

    `kind` 是谁来填（officer、reporter……）：不由来件人填的不问来件人。
    """
    required, mine = set(decl.required()), set(fillable(definition, decl, kind))
    fields = definition.matter.fields
    return [
        {"name": name, "required": name in required, **described(fields[name])}
        for name in decl.collected()
        if name in mine
    ]


def described(decl: FieldDecl) -> dict[str, Any]:
    """一个字段的声明。`list` 是代码表的名字，`kind` 是要哪一种材料，`class` 是哪一类事项。"""
    found: dict[str, Any] = {"title": decl.title, "type": decl.type.value}
    found |= {name: value for name in _PLAIN if (value := getattr(decl, name)) is not None}
    if decl.many:
        found["many"] = True
    if decl.secret:
        found["sensitive"] = True
    if decl.choices:
        found["choices"] = dict(decl.choices)
    if decl.list:
        found["list"] = decl.list
    if decl.type == "file":
        found["kind"] = decl.kind
    if decl.power_class:
        found["class"] = decl.power_class
    if decl.columns:
        found["columns"] = [{"name": name, **described(column)} for name, column in decl.columns.items()]
    return found
