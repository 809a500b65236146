"""件的全局标识、请求的内容摘要、编号分号段的依据。"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.procedure.matter import SequenceDecl


def new_uid(now: datetime) -> str:
    """按时间有序的全局标识（RFC 9562 第 7 版）：索引里挨着放，写入快。"""
    stamp = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    random = uuid.uuid4().int & ((1 << 74) - 1)
    value = (stamp << 80) | (7 << 76) | ((random >> 62) << 64) | (0b10 << 62) | (random & ((1 << 62) - 1))
    return str(uuid.UUID(int=value))


def number_scope(sequence: SequenceDecl, unit: Any, fields: Mapping[str, Any]) -> dict[str, str]:
    """编号按单位、渠道、栏目分号段时各取什么值。渠道、栏目取同名字段，或声明的来源字段。"""
    sources = getattr(sequence, "sources", {})
    scope = {"unit": str(unit or "")}
    for word in ("channel", "column"):
        name = sources.get(word, word).removeprefix("field.")
        scope[word] = str(fields.get(name) or "")
    return scope


def request_digest(parts: Sequence[Any]) -> str:
    """同一请求标识再来时，用它认内容是不是同一份。"""
    return sm3_hex(json.dumps(list(parts), sort_keys=True, ensure_ascii=False, default=str).encode())
