"""平台自带的动作：每种业务都有，不改环节。"""

from jiezhi.core.procedure.actions import ActionDecl

BUILTIN: dict[str, ActionDecl] = {
    "recompute_clock": ActionDecl.model_validate({"title": "重算时限", "from": "any", "by": "system"}),
    "erase": ActionDecl.model_validate({"title": "依法清除", "from": "any", "by": "post.archivist"}),
}


def action_title(name: str) -> str | None:
    """自带动作的名称；不是自带的为 None。"""
    return BUILTIN[name].title if name in BUILTIN else None
