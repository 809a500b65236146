"""居民接口的样子。"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from jiezhi.api.shapes import AskOut, In, Inputs, MissingOut, Name, Reason

Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Photo = Annotated[str, StringConstraints(max_length=600)]


class ReportIn(In):
    """居民来件。"""

    matter: Name = Field("report.snapshot", description="业务模板，见 GET /public/matters；缺省是随手拍")
    action: Annotated[str, StringConstraints(max_length=48)] = ""
    inputs: Inputs


class Receipt(BaseModel):
    """登记好了。凭编号和查询码查进度；查询码只在这里给，请记下来。"""

    number: str
    code: str
    repeated: bool = False


class PhotoOut(BaseModel):
    """收下的一张照片：来件时把 `slip` 写在照片字段里，一天之内有效。拿着它的才能用这张照片，不要给别人。"""

    slip: str
    size: int
    width: int | None
    height: int | None


class MoveOut(BaseModel):
    """走到一个环节。"""

    at: datetime
    title: str


class SaidOut(BaseModel):
    """告诉过您的一句话。"""

    at: datetime
    text: str


class ShownOut(BaseModel):
    """您反映的内容和办理结果。"""

    name: str
    title: str
    text: str


class MineOut(BaseModel):
    """您现在能办的一步。"""

    action: str
    title: str
    help: str
    reason: bool
    fields: list[AskOut]


class ProgressOut(BaseModel):
    """办到哪一步。"""

    number: str
    matter: str
    state: str
    help: str
    merged: bool = Field(description="已并入另一件一起办，环节是那一件的")
    opened_at: datetime
    closed_at: datetime | None
    steps: list[MoveOut]
    messages: list[SaidOut]
    contents: list[ShownOut]
    choices: list[MineOut]


class MineIn(In):
    """来件人办一步。"""

    code: Code
    inputs: Inputs = {}
    reason: Reason = ""


class MineDone(BaseModel):
    """办好了。"""

    number: str
    state: str
    warnings: list[MissingOut] = []
    repeated: bool = False
