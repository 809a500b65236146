"""平台自带的动作：每种业务都有，不改环节。"""

from jiezhi.core.procedure.actions import ActionDecl

BUILTIN: dict[str, ActionDecl] = {
    "recompute_clock": ActionDecl.model_validate({"title": "重算时限", "from": "any", "by": "system"}),
    "void_number": ActionDecl.model_validate({"title": "编号作废", "from": "any", "by": "post.archivist"}),
    "change_version": ActionDecl.model_validate(
        {"title": "换版", "from": "any", "by": ["post.office_head", "post.power_keeper"], "reason": True}
    ),
    "erase": ActionDecl.model_validate({"title": "依法清除", "from": "any", "by": "post.archivist"}),
    # 不改环节、不改字段，与别人的办理互不影响：不算页面打开之后的变动。
    "file_document": ActionDecl.model_validate(
        {"title": "文书归卷", "from": "any", "by": "system", "commutes": True}
    ),
    "file_scan": ActionDecl.model_validate(
        {"title": "签回归卷", "from": "any", "by": "system", "commutes": True}
    ),
}


def harmless(name: str) -> bool:
    """自带动作里与别人的办理互不影响的。"""
    return name in BUILTIN and BUILTIN[name].commutes


def action_title(name: str) -> str | None:
    """自带动作的名称；不是自带的为 None。"""
    return BUILTIN[name].title if name in BUILTIN else None
