"""区域、定位、单位、权责清单、指南、业务模板的样子。"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from jiezhi.api.shapes import AskOut, In, Titled

Short = Annotated[str, StringConstraints(max_length=200)]


class AreaOut(BaseModel):
    """一个区域和它的下级。"""

    code: str
    name: str
    level: str
    children: list[AreaOut] = []


class LocateIn(In):
    """要定的地点：坐标（WGS-84）、门牌、地址的任意几样，或者来件的文字。"""

    lon: Annotated[float, Field(ge=-180, le=180, strict=True)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90, strict=True)] | None = None
    address: Short = ""
    doorplate: Short = ""
    text: Annotated[str, StringConstraints(max_length=2000)] = ""


class LocatedOut(BaseModel):
    """定到哪里：各级区域由大到小；`how` 怎样定的，`say` 给人看的说法，`confidence` 把握 0 到 100。"""

    areas: list[Titled]
    how: str
    say: str
    confidence: int


class PlacedOut(LocatedOut):
    """另有补全了坐标、地址的地点。"""

    place: dict[str, str]


class UnitOut(BaseModel):
    """在用的单位和任职的人。"""

    code: str
    name: str
    kind: str
    parent: str | None
    officers: list[Titled]


class CodesOut(BaseModel):
    """代码表。"""

    name: str
    title: str
    codes: dict[str, str]


class PowerRow(BaseModel):
    """权责清单的一行。"""

    code: str
    title: str
    class_name: str
    duty: str
    status: str
    unit: str
    matter: str
    version: int
    valid_from: date | None
    valid_to: date | None


class PowerOut(PowerRow):
    """一个事项：依据、授权。"""

    bases: list[str]
    authorisation: dict[str, Any]
    exercisable: bool
    fee: str
    digest: str


class PublicPower(BaseModel):
    """给公众看的事项。"""

    code: str
    title: str
    class_name: str
    duty: str
    bases: list[str]
    authorisation: str
    unit: str
    fee: str
    since: date
    version: int


class GuideRow(BaseModel):
    """一份办事指南。"""

    matter: str
    title: str
    kind: str
    fee: str


class GuideOut(BaseModel):
    """办事指南：材料、条件、环节、时限、收费、救济、依据。"""

    model_config = ConfigDict(extra="allow")

    matter: str
    title: str
    kind: str


class OpeningOut(BaseModel):
    """一种开件：要填什么。"""

    matter: str
    title: str
    class_name: str
    trade: str
    action: str
    action_title: str
    reason: bool = False
    external: str = Field("", description="主办系统在外面的，登记时要写它的编号（number）")
    fields: list[AskOut]


class ActionOut(BaseModel):
    """业务模板里的一个办理动作。"""

    action: str
    title: str
    help: str
    before: list[str]
    after: list[str]
    automatic: bool
    reason: bool
    basis: str
    fields: list[AskOut]


class MatterOut(BaseModel):
    """一个业务模板的现行版本。"""

    matter: str
    title: str
    class_name: str
    trade: str
    digest: str
    states: list[Titled]
    indexed: list[str] = Field(description="列表可以拿来筛选的字段")
    actions: list[ActionOut]
