"""行政处罚法自己写明的情形（§30—§33）：每条基准都适用，不必逐条写进基准。

应当不予处罚、应当从轻或者减轻的，不由办案人选；首违可不罚是“可以”，由机关决定。
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MINOR, YOUNG, ADULT, NOT_APPLICABLE = "不满14", "已满14未满18", "成年人", "不适用"
LIGHTER = "lighter"


@dataclass(frozen=True, slots=True)
class Statutory:
    """一种法定情形：填什么、属于哪一组、依据。"""

    title: str
    group: str
    basis: str


STATUTORY: Mapping[str, Statutory] = {
    "mental": Statutory("精神障碍，不能辨认或者不能控制自己行为", "exempt", "penalty-2021.31"),
    "no_fault": Statutory("有证据足以证明没有主观过错", "exempt", "penalty-2021.33"),
    "minor": Statutory("违法行为轻微", "minor", "penalty-2021.33"),
    "corrected": Statutory("及时改正", "minor", "penalty-2021.33"),
    "harmless": Statutory("没有造成危害后果", "minor", "penalty-2021.33"),
    "first": Statutory("初次违法", "first", "penalty-2021.33"),
    "slight": Statutory("危害后果轻微", "first", "penalty-2021.33"),
    "eliminated": Statutory("主动消除或者减轻危害后果", "mitigate", "penalty-2021.32"),
    "coerced": Statutory("受他人胁迫或者诱骗", "mitigate", "penalty-2021.32"),
    "confessed": Statutory("主动供述行政机关尚未掌握的违法行为", "mitigate", "penalty-2021.32"),
    "merit": Statutory("配合查处有立功表现", "mitigate", "penalty-2021.32"),
    "other_mitigation": Statutory("其他依法应当从轻或者减轻的", "mitigate", "penalty-2021.32"),
    LIGHTER: Statutory("减轻（不写为从轻）", "choice", "penalty-2021.32"),
}
"""情形代号 → 法定情形。全是“是/否”，没有填的当“否”。`lighter` 只在应当从轻或者减轻时起作用。"""


@dataclass(frozen=True, slots=True)
class Ruling:
    """法定情形算出来的结果；`because` 是（情形、依据）。

    exempt 应当不予处罚；mitigated 应当从轻或者减轻；may_exempt 可以不予处罚（首违）；lighter 选择减轻。
    """

    exempt: tuple[str, str] | None = None
    mitigated: tuple[tuple[str, str], ...] = ()
    may_exempt: bool = False
    lighter: bool = False


def rule(flags: Mapping[str, Any], age_band: str) -> Ruling:
    """由法定情形和年龄段算。`flags` 的值是真假；同时有几种不罚的取最先的一种。"""
    on = {name for name in STATUTORY if flags.get(name) is True}
    exempt: tuple[str, str] | None = None
    if age_band == MINOR:
        exempt = ("不满十四周岁", "penalty-2021.30")
    elif "mental" in on:
        exempt = (STATUTORY["mental"].title, "penalty-2021.31")
    elif {"minor", "corrected", "harmless"} <= on:
        exempt = ("违法行为轻微并及时改正，没有造成危害后果", "penalty-2021.33")
    elif "no_fault" in on:
        exempt = (STATUTORY["no_fault"].title, "penalty-2021.33")
    mitigated = [
        (one.title, one.basis) for name, one in STATUTORY.items() if name in on and one.group == "mitigate"
    ]
    if age_band == YOUNG:
        mitigated.insert(0, ("已满十四周岁不满十八周岁", "penalty-2021.30"))
    return Ruling(
        exempt,
        tuple(mitigated),
        may_exempt=exempt is None and {"first", "slight", "corrected"} <= on,
        lighter=LIGHTER in on,
    )
