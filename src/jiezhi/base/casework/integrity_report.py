"""全库核验的结果：问题和说明。"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[str, int, int], None]
"""（在核什么，做了几个，共几个）。"""

MAX_FAULTS = 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """一处问题。`case` 是编号，`seq` 是办理记录号，`row` 是哪种行，`column` 是哪一列；`say` 给人看。"""

    kind: str
    say: str
    case: str = ""
    seq: int | None = None
    row: str = ""
    column: str = ""


@dataclass(slots=True)
class Report:
    """核验的结果。`counts`：各核了多少；`notes` 是该知道而不是问题的（如已依法清除）；`seconds` 用时。"""

    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    omitted: int = 0

    @property
    def ok(self) -> bool:
        """一处问题也没有。"""
        return not self.faults

    def fault(self, fault: Fault) -> None:
        """记下一处问题；太多的只计数。"""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)
        else:
            self.omitted += 1

    def note(self, say: str) -> None:
        """记下一句说明。"""
        if len(self.notes) < MAX_FAULTS:
            self.notes.append(say)

    def count(self, what: str, number: int = 1) -> None:
        """累计核了多少。"""
        self.counts[what] = self.counts.get(what, 0) + number

    def __str__(self) -> str:
        counted = "、".join(f"{what}{number}" for what, number in self.counts.items())
        if self.ok:
            return f"全部相符。核对了：{counted}。"
        more = f"（另有{self.omitted}处未列）" if self.omitted else ""
        return f"发现{len(self.faults)}处问题{more}:" + " ".join(fault.say for fault in self.faults[:20])
