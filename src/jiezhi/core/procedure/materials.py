"""材料和办事指南的声明：要交什么、凭什么要、怎样可以不交；谁能办、怎样办、收不收费。

每份材料在读入业务模板时自动成为一个材料字段 `material_<名>`，另有一个 `materials_state` 表格登记“已核原件、
共享核到、告知承诺”。动作的 collect 里写 `materials` 就是采集这些字段（都可以不填：缺不缺由办理条件
`materials.complete` 说）。
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from jiezhi.core.procedure.base import Cite, Declaration, Name, Text, Title
from jiezhi.core.procedure.fields import FieldDecl

PREFIX = "material_"
STATE = "materials_state"
COLLECT = "materials"
VERIFIED, SHARED, PROMISED = "已核原件", "共享核到", "告知承诺"

Way = Literal["窗口", "网上", "代办", "上门", "邮寄"]


class MaterialDecl(Declaration):
    """一份材料。没有依据的材料不得要求（写不出 basis 就不能写进来）。"""

    title: Title
    help: Text | None = Field(None, description="填写说明或示范")
    original: Annotated[int, Field(ge=0, le=20)] = 1
    copies: Annotated[int, Field(ge=0, le=20)] = 0
    when: str | None = Field(None, description="什么情形才要：命名判断，如 entrusted、not individual")
    shared: Title | None = Field(None, description="从哪里共享得到；核到的不用交")
    promise: Text | None = Field(None, description="可以告知承诺代替：承诺的内容")
    form: Name | None = Field(None, description="空白申请表或示范文本：documents 里的名字")
    basis: Cite

    @property
    def amount(self) -> str:
        """份数给人看的写法，如“原件1份、复印件1份”；只核原件、不留的写“原件核验”。"""
        parts = [
            f"{word}{count}份" for word, count in (("原件", self.original), ("复印件", self.copies)) if count
        ]
        return "、".join(parts) or "原件核验"


class GuideItem(Declaration):
    """指南里的一条，带依据。"""

    text: Text
    basis: Cite


class GuideDecl(Declaration):
    """办事指南里声明说不出来的部分；材料、环节、时限由同一份业务模板生成。"""

    audience: Text | None = Field(None, description="谁可以办")
    conditions: list[GuideItem] = Field([], description="办理的条件，逐条带依据")
    ways: list[Way] = []
    fee: Text = "不收费"
    result: Text | None = Field(None, description="办成了给什么")
    notes: list[Text] = []
    remedies: list[GuideItem] = Field([], description="不服怎么办，逐条带依据")
    clock: Name | None = Field(None, description="从受理到决定的时限：法定、承诺两列看它")
    actual: Name | None = Field(None, description="实际用时：measures 里的名字")


def field_of(material: MaterialDecl) -> FieldDecl:
    """材料对应的字段。"""
    return FieldDecl.model_validate(_field(material.title, material.help))


def _field(title: Any, help_: Any) -> dict[str, Any]:
    found = {"title": title, "type": "file", "sensitive": True}
    return {**found, "help": help_} if help_ else found


def _state(titles: dict[str, str]) -> dict[str, Any]:
    return {
        "title": "材料核验",
        "type": "rows",
        "help": "核过原件、共享核到、申请人承诺的，逐样登记",
        "office": True,
        "columns": {
            "material": {"title": "材料", "type": "choice", "choices": titles},
            "state": {"title": "怎样核的", "type": "choice", "choices": [VERIFIED, SHARED, PROMISED]},
            "note": {"title": "说明", "type": "text", "max": 200},
        },
    }


def expand(data: Any) -> Any:
    """业务模板的数据里补上材料字段，把 collect 里的 `materials` 换成它们。

    不改动进来的数据；形状不对的原样放过，留给声明检查去说；再展开一次结果不变。
    """
    materials = data.get("materials") if isinstance(data, dict) else None
    if not isinstance(data, dict) or (materials is not None and not isinstance(materials, dict)):
        return data
    found = {
        str(key): item for key, item in (materials or {}).items() if isinstance(item, dict | MaterialDecl)
    }
    result = dict(data)
    fields = data.get("fields")
    if found and (fields is None or isinstance(fields, dict)):
        made = {PREFIX + name: _field(*_words(item)) for name, item in found.items()}
        made[STATE] = _state({name: str(_words(item)[0]) for name, item in found.items()})
        given = fields or {}
        result["fields"] = {**given, **{name: item for name, item in made.items() if name not in given}}
    actions = data.get("actions")
    if isinstance(actions, dict):
        names = [f"{PREFIX}{name}?" for name in found] + ([f"{STATE}?"] if found else [])
        result["actions"] = {key: _collecting(action, names) for key, action in actions.items()}
    return result


def _words(item: Any) -> tuple[Any, Any]:
    if isinstance(item, MaterialDecl):
        return item.title, item.help
    return item.get("title"), item.get("help")


def _collecting(action: Any, names: list[str]) -> Any:
    collect = action.get("collect") if isinstance(action, dict) else None
    items = [collect] if isinstance(collect, str) else collect
    if not isinstance(items, list) or COLLECT not in items:
        return action
    spread = [one for item in items for one in (names if item == COLLECT else [item])]
    return {**action, "collect": spread}
