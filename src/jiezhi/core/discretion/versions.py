"""新旧法：从旧兼从轻（行政处罚法 §37）。选的是哪一个、为什么，写成一句话记在件上。"""

from __future__ import annotations

from dataclasses import dataclass

from jiezhi.core.discretion.decl import BenchmarkDecl
from jiezhi.core.discretion.engine import Span, span_text

BASIS = "penalty-2021.37"


@dataclass(frozen=True, slots=True)
class Choice:
    """适用哪一条基准（空是都没有），和选择的说明。"""

    benchmark: BenchmarkDecl | None
    text: str


def choose(
    old: BenchmarkDecl | None,
    new: BenchmarkDecl | None,
    old_span: Span | None,
    new_span: Span | None,
    label: str = "",
) -> Choice:
    """`old` 行为时的、`new` 处罚时的。新的较轻才用新的；分不出轻重、新的没有的，用旧的。

    轻重先比法定上限，再比下限；幅度算不出来的（待填写）不当作较轻。
    """
    if old is None or new is None or old.discretion == new.discretion and old == new:
        return Choice(old or new, "")
    told = [
        f"行为时适用“{old.title}”（{span_text(old_span) if old_span else '幅度待填写'}）",
        f"处罚时适用“{new.title}”（{span_text(new_span) if new_span else '幅度待填写'}）",
    ]
    lighter = old_span is not None and new_span is not None and new_span[::-1] < old_span[::-1]
    verdict = "新的处罚较轻，适用新的" if lighter else "新的不较轻，适用行为时的"
    tail = f"（{label}）" if label else ""
    return Choice(new if lighter else old, f"{'；'.join(told)}；{verdict}{tail}")
