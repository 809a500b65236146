"""平台自带的动作：每种业务都有，不改环节。上层的（如文书归卷）由上层登记。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jiezhi.core.procedure.actions import ActionDecl

BUILTIN: dict[str, ActionDecl] = {
    "recompute_clock": ActionDecl.model_validate({"title": "重算时限", "from": "any", "by": "system"}),
    "void_number": ActionDecl.model_validate({"title": "编号作废", "from": "any", "by": "post.archivist"}),
    "change_version": ActionDecl.model_validate(
        {"title": "换版", "from": "any", "by": ["post.office_head", "post.power_keeper"], "reason": True}
    ),
    "erase": ActionDecl.model_validate({"title": "依法清除", "from": "any", "by": "post.archivist"}),
    # 只把离岗的人换成接手的人，别人的办理照旧：不算页面打开之后的变动。
    "take_over": ActionDecl.model_validate(
        {"title": "离岗交接", "from": "any", "by": "post.admin", "reason": True, "commutes": True}
    ),
}
# 归进来的材料是照哪一号办理的内容做的：办理记录的 effects → 序号；没有写的为 None。
Source = Callable[[Mapping[str, Any]], int | None]
sources: dict[str, Source] = {}


def register(name: str, title: str, *, source: Source | None = None) -> None:
    """登记上层的自带动作，在 AppConfig.ready() 里调用：由系统办，不改环节、不改字段，与别人的办理互不影响。

    归进来的材料印着件上内容的，写 `source`，并在 effects 的 uses 里列出用到的字段：这些字段依法清除时连同清除。
    """
    decl = ActionDecl.model_validate({"title": title, "from": "any", "by": "system", "commutes": True})
    if BUILTIN.get(name, decl) != decl:
        raise ValueError(f"自带动作“{name}”已经登记过")
    BUILTIN[name] = decl
    if source is not None:
        sources[name] = source


def harmless(name: str) -> bool:
    """自带动作里与别人的办理互不影响的。"""
    return name in BUILTIN and BUILTIN[name].commutes


def action_title(name: str) -> str | None:
    """自带动作的名称；不是自带的为 None。"""
    return BUILTIN[name].title if name in BUILTIN else None
