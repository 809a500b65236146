"""业务模板语言的公共部分：名字的写法、办理条件的写法、依据的写法。

所有声明都禁止多余的键：写错一个字的键不会被悄悄忽略。
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=48)]
DottedName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=80)
]
Title = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]
# 依据：<法律代号>.<条号>,如 penalty-2021.60；系统规则写 derived.<名>,本单位规定写 office.<名>。
Cite = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.[0-9a-z][0-9a-z-]*$", max_length=60)]


class Declaration(BaseModel):
    """一切声明的共同祖先。"""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _no_repeats(value: list[Any]) -> list[Any]:
    seen: list[Any] = []
    for item in value:
        if item in seen:
            raise ValueError(f"重复写了：{item}")
        seen.append(item)
    return value


# 单个写法和列表写法都接受：`from: new` 等于 `from: [new]`。
Names = Annotated[list[str], BeforeValidator(_as_list), AfterValidator(_no_repeats)]


class ChildrenTest(Declaration):
    """子件条件：`children` 说的是哪一种子件，`all/any/count` 三者必居其一。"""

    of: Name
    all: Literal["closed"] | Names | None = None
    any: Literal["closed"] | Names | None = None
    count: Annotated[int, Field(ge=1)] | None = None
    at: Literal["closed", "open"] | Names = "closed"


class Call(Declaration):
    """服务登记的条件：名字和参数。参数可以写 `field.x`。"""

    name: DottedName
    args: dict[str, str | int | bool] = {}


class Witness(Declaration):
    """让条件成立、不成立的两组字段值；加载时各算一次，算出来不对就不让加载。"""

    met: dict[str, Any]
    unmet: dict[str, Any]


class ConditionDecl(Declaration):
    """办理条件：说明缺什么（say）、怎么补、谁来补（remedy）、凭什么要求（basis）。"""

    title: Title
    cel: str | None = None
    children: ChildrenTest | None = None
    call: Call | None = None
    distinct_from: Names | None = Field(None, description="本次办理人不得是做过这些法律含义动作的人")
    say: Text
    remedy: Text
    basis: Cite
    effect: Literal["stop", "warn"] = "stop"
    witness: Witness | None = None
    optional_fields: Names = Field([], description="表达式里允许还没有采集的字段，未采集时按 null 算")


class ParamDecl(Declaration):
    """本单位可以在声明的界限内调整的参数。"""

    title: Title
    default: str | int
    min: str | int | None = None
    max: str | int | None = None
    basis: Cite


class PredicateDecl(Declaration):
    """命名判断：只看一个字段，校验器精确跟踪它的真假。`law` 是法律规则里用的名字。"""

    title: Title
    field: Name
    cel: str
    law: Name | None = None


class MeaningDecl(Declaration):
    """法律含义赖以成立的字段：字段改了，含义就作废，要重新做。"""

    rests_on: Names
