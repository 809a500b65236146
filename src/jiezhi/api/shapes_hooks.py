"""推送管理的样子。"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from jiezhi.api.shapes import In

Login = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Names = Annotated[list[Annotated[str, StringConstraints(max_length=80)]], Field(max_length=200)]
Why = Annotated[str, StringConstraints(max_length=200)]


class HookIn(In):
    """新订阅。筛选空的是都要。"""

    name: Title
    url: Url = Field(description="推到哪里：https 的地址")
    officer: Login = Field(description="绑定的人员（登录名）：只推他看得见的件")
    matters: Names = []
    actions: Names = []
    means: Names = []
    states: Names = []


class HookChange(In):
    """改订阅：写了的才改。"""

    name: Title | None = None
    url: Url | None = None
    officer: Login | None = None
    matters: Names | None = None
    actions: Names | None = None
    means: Names | None = None
    states: Names | None = None


class WhyIn(In):
    """缘由。"""

    why: Why


class HookOut(BaseModel):
    """一个订阅。地址里可能带着口令，只给机器名。"""

    id: int
    name: str
    host: str
    officer: str
    matters: list[str]
    actions: list[str]
    means: list[str]
    states: list[str]
    status: Literal["active", "paused", "closed"]
    why: str
    failures: int
    waiting: int
    created_at: datetime


class HookSecret(HookOut):
    """带着密钥：只在新建、换密钥时给。"""

    secret: str


class AttemptOut(BaseModel):
    """一次推送。"""

    id: int
    message: str
    at: datetime
    ok: bool
    status: int | None
    millis: int
    error: str
    answer: str
    by_hand: bool


class AttemptPage(BaseModel):
    """推送日志的一页，新的在前。"""

    items: list[AttemptOut]
    page: int
    more: bool


class Queued(BaseModel):
    """排上了，由 worker 去送。"""

    queued: bool = True
