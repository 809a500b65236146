"""没有数据库的 Env：什么引用都存在，谁都有资格；用来在真实业务模板上随机走。"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from jiezhi.core.calendar import DayTable
from jiezhi.core.procedure.base import Call
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.view import Actor, CaseView, ChildView

TABLE = DayTable.from_chinesecalendar(2025, 2026)


class FakeEnv:
    """`doers_by` 记谁做过什么，其余都说“有”。"""

    def __init__(self, rng: random.Random) -> None:
        self.table = TABLE
        self.rng = rng
        self.doers_by: dict[str, set[str]] = {}

    def may(self, who: str, actor: Actor, view: CaseView | None) -> tuple[str | None, str | None] | None:
        if who in ("system", "import", "reporter", "party"):
            return (None, None) if actor.kind == who else None
        return (who, None) if actor.kind == "officer" else None

    def resolve(self, expression: str, actor: Actor, view: Any, values: Mapping[str, Any]) -> list[str]:
        return [] if expression == "unit.none" else ["u1"]

    def call(self, call: Call, view: CaseView | None, values: Mapping[str, Any]) -> bool:
        # 多数时候成立：条件多的一步也走得过去，少数时候不成立，走别的路。
        return self.rng.random() < 0.8

    def fact(self, name: str, view: CaseView | None, values: Mapping[str, Any]) -> Any:
        return None

    def children(self, view: CaseView, slot: str) -> Sequence[ChildView]:
        return [ChildView(slot, "closed", True)]

    def doers(self, view: CaseView, meaning: str) -> set[str]:
        return self.doers_by.get(meaning, set())

    def refer(self, decl: FieldDecl, value: Any) -> str | None:
        return None

    def unique(self, fields: Mapping[str, Any], exclude: str | None) -> str | None:
        return None

    def targets(self, for_each: str, view: Any, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{"value": "x"}]

    def party_key(self, value: Any) -> str:
        return str(value)[:8]

    def describe_who(self, who: str) -> str:
        return who


def sample(rng: random.Random, name: str, decl: FieldDecl, at: datetime, definition: Definition) -> Any:
    """给字段编一个合规的值。"""
    if decl.many:
        one = decl.model_copy(update={"many": False, "min": None, "max": None})
        return [
            _another(sample(rng, name, one, at, definition), n) for n in range(1, max(decl.min or 1, 1) + 1)
        ]
    match decl.type:
        case FieldType.TEXT:
            return "情" * max(decl.min or 1, 12) if not decl.max or decl.max >= 12 else "情"
        case FieldType.CHOICE:
            return rng.choice(sorted(decl.choices))
        case FieldType.FLAG:
            return rng.choice([True, False])
        case FieldType.MONEY | FieldType.COUNT:
            return rng.randint(decl.min or 0, decl.max or 100_000)
        case FieldType.RATING:
            return rng.randint(1, decl.max or 5)
        case FieldType.DATE:
            return (at + timedelta(days=30)).date().isoformat()
        case FieldType.DATETIME:
            return (at + timedelta(days=3)).isoformat()
        case FieldType.DURATION:
            return rng.choice(["1个工作日", "3个工作日", "5个工作日"])
        case FieldType.PLACE:
            return {"address": "云桥路1号"}
        case FieldType.PARTY:
            return {"name": "张三", "phone": "13900000000"}
        case FieldType.FILE:
            return ["0" * 64]
        case FieldType.ROWS:
            columns = decl.columns.items()
            return [{key: sample(rng, key, column, at, definition) for key, column in columns}]
        case FieldType.FACTORS:
            return {"a": 1}
        case _:
            return "u1"


def _another(value: Any, n: int) -> Any:
    """第 n 个：多值字段里的值各不相同。"""
    return {**value, "name": f"张三{n}"} if isinstance(value, dict) else f"u{n}"
