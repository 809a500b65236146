"""裁量基准的写法：一个事项、一种对象的情形、档次和幅度。

数额一律是整数分。法定幅度只写法律条文里有的；条文没有写数额的（留给地方规定的）不写 `limit`，
就是“待本地填写”，由本单位照地方规定填，填好之前不能用来算。
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jiezhi.core.procedure.base import Cite, Declaration, DottedName, Name, Text, Title

ANYONE = "不分"
PartyKind = Literal["自然人", "法人或其他组织", "不分"]
TierKind = Literal["不予处罚", "减轻", "从轻", "一般", "从重"]
WEIGHT: dict[str, int] = {"不予处罚": 0, "减轻": 1, "从轻": 2, "一般": 3, "从重": 4}
Cents = Annotated[int, Field(ge=0, le=2**53 - 1)]


class LimitDecl(Declaration):
    """法定幅度：`low`、`high` 是定额（分，“以下”的下限写 0），或 `times` 是违法所得的最低、最高倍数。"""

    low: Cents | None = None
    high: Cents | None = None
    times: Annotated[list[Annotated[int, Field(ge=0, le=1000)]], Field(min_length=2, max_length=2)] | None = (
        None
    )


class FactorDecl(Declaration):
    """一种情形。选项从轻到重排；是否类的“是”比“否”重，`eases` 的反过来；次数越多越重。"""

    title: Title
    type: Literal["choice", "flag", "count"]
    choices: dict[Name, Title] = {}
    max: Annotated[int, Field(ge=1, le=20)] | None = Field(None, description="次数到这么多为止不再区分")
    eases: bool = Field(False, description="“是”比“否”轻")
    help: Text | None = None


class TierDecl(Declaration):
    """一档。幅度三选一：`range` 法定幅度的百分比区间，`fine` 定额区间（分），`penalty` 不罚款的处罚（如警告）。

    不予处罚的不写幅度。减轻的写 `below`：法定下限的百分比区间（定额也可以），并写 `basis`。
    `when` 是只看本基准情形的 CEL 表达式；不写的，只因法定情形（应当从轻、减轻）才适用。
    """

    title: Title
    kind: TierKind
    when: str | None = None
    range: Annotated[list[Annotated[int, Field(ge=0, le=100)]], Field(min_length=2, max_length=2)] | None = (
        None
    )
    below: Annotated[list[Annotated[int, Field(ge=0, le=100)]], Field(min_length=2, max_length=2)] | None = (
        None
    )
    fine: Annotated[list[Cents], Field(min_length=2, max_length=2)] | None = None
    penalty: Title | None = None
    basis: Cite | None = None


class BenchmarkDecl(Declaration):
    """一条裁量基准。`discretion` 是代号，`power` 是事项代码（案由）。

    status 为“示范”的，界面和说明里都写明须以公布的基准替换；公布过的写“公布”并写 `issued`（公布的文件名）。
    """

    discretion: DottedName
    title: Title
    power: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,40}$")]
    party: PartyKind
    basis: Cite
    status: Literal["示范", "公布"]
    issued: Title | None = None
    in_force: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="施行日 YYYY-MM-DD")
    until: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$", description="失效日（不含）")
    limit: LimitDecl | None = None
    warning: bool = Field(False, description="法律规定可以只给予警告")
    note: Text | None = None
    factors: Annotated[dict[Name, FactorDecl], Field(min_length=1)]
    tiers: Annotated[dict[Name, TierDecl], Field(min_length=2)]
