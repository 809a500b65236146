"""测试用的一条基准：个人罚款 100 元到 500 元，三种情形，四档。"""

from __future__ import annotations

import copy
from typing import Any

from jiezhi.core.discretion.decl import BenchmarkDecl

SOUND: dict[str, Any] = {
    "discretion": "test.person",
    "title": "乱扔垃圾",
    "power": "T-1",
    "party": "自然人",
    "basis": "waste-2020.111",
    "status": "示范",
    "in_force": "2026-01-01",
    "limit": {"low": 10000, "high": 50000},
    "factors": {
        "kind": {"title": "种类", "type": "choice", "choices": {"plain": "其他垃圾", "harmful": "有害垃圾"}},
        "refused": {"title": "拒不改正", "type": "flag"},
        "repeats": {"title": "处罚次数", "type": "count", "max": 2},
    },
    "tiers": {
        "reduced": {"title": "减轻", "kind": "减轻", "below": [50, 100], "basis": "penalty-2021.32"},
        "light": {
            "title": "从轻",
            "kind": "从轻",
            "when": "kind == 'plain' && !refused && repeats == 0",
            "range": [0, 30],
        },
        "usual": {
            "title": "一般",
            "kind": "一般",
            "when": "!(kind == 'plain' && !refused && repeats == 0) && repeats < 2",
            "range": [30, 60],
        },
        "heavy": {"title": "从重", "kind": "从重", "when": "repeats >= 2", "range": [60, 100]},
    },
}


def changed(**paths: Any) -> BenchmarkDecl:
    """改几处（`tiers__light__when=…`，值为 None 是删去）之后的基准。"""
    data = copy.deepcopy(SOUND)
    for path, value in paths.items():
        *above, last = path.split("__")
        holder = data
        for part in above:
            holder = holder[part]
        if value is None:
            holder.pop(last, None)
        else:
            holder[last] = value
    return BenchmarkDecl.model_validate(data)
