"""字段：件上要采集的信息。类型是封闭的，每种类型怎样检查见 values.py。"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from jiezhi.core.procedure.base import Declaration, Name, Text, Title


class FieldType(StrEnum):
    """字段类型（design §3）。"""

    TEXT = "text"
    CHOICE = "choice"
    FLAG = "flag"
    CODE = "code"
    MONEY = "money"
    COUNT = "count"
    DATE = "date"
    DATETIME = "datetime"
    DURATION = "duration"
    PLACE = "place"
    PARTY = "party"
    OFFICER = "officer"
    UNIT = "unit"
    AREA = "area"
    POWER = "power"
    FILE = "file"
    ROWS = "rows"
    RATING = "rating"
    FACTORS = "factors"


def _choices(value: object) -> object:
    if isinstance(value, list):
        return {str(item): str(item) for item in value}
    return value


class FieldDecl(Declaration):
    """一个字段。`indexed` 的才能拿来筛选列表；`sensitive` 的加密保存、打码显示、可依法清除。"""

    title: Title
    type: FieldType
    help: Text | None = None
    indexed: bool = False
    sensitive: bool = False
    public: bool = Field(False, description="可以给来件人和公众看")
    office: bool = Field(False, description="不由来件人、当事人填：他们办的步骤里不问，写了也不收")
    many: bool = Field(False, description="可以有几个（单位、人员、当事人、区域）；min、max 说的是个数")
    max: int | None = None
    min: int | None = None
    long: bool = False
    choices: Annotated[dict[str, str], BeforeValidator(_choices)] = {}
    list: Name | None = Field(None, description="代码表的名字（code 类型）")
    unit: Literal["人", "人次", "宗", "件", "份", "场", "次", "户", "家", "项"] | None = None
    kind: Literal["photo", "video", "audio", "document", "any"] = "any"
    columns: dict[Name, FieldDecl] = {}
    power_class: str | None = Field(None, alias="class")
    default: str | int | bool | None = None

    @property
    def secret(self) -> bool:
        """要不要保密：本身敏感，或（表格）有一列敏感。加密、打码、先记录后查看都看它。"""
        return self.sensitive or any(column.secret for column in self.columns.values())
