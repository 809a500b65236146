"""Idempotency-Key 头 → 门的请求标识。各令牌各用各的前缀，不相撞。"""

from __future__ import annotations

from typing import Annotated

from ninja import Header
from pydantic import StringConstraints

NAME = "Idempotency-Key"

RequestKey = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[!-~]{0,80}$")],
    Header("", alias=NAME, description="请求标识：带着它重来，同样的内容不会办两遍；内容不同的答复 409"),
]
PublicKey = Annotated[
    Annotated[str, StringConstraints(pattern=r"^([!-~]{16,80})?$")],
    Header("", alias=NAME, description="请求标识，至少 16 个字符的随机数（如 UUID）：带着它重来不会登记两件"),
]
