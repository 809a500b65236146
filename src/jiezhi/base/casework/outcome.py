"""办理的结果。"""

from __future__ import annotations

from dataclasses import dataclass, field

from jiezhi.core.procedure.view import Missing, Refusal


@dataclass(frozen=True, slots=True)
class Outcome:
    """办成了：哪件、第几条记录。`repeated` 表示同一请求早已办成，这次没有再办一遍。"""

    uid: str
    number: str
    seq: int
    state: str
    warnings: tuple[Missing, ...] = ()
    repeated: bool = False
    children: tuple[str, ...] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """办成了。"""
        return True


@dataclass(frozen=True, slots=True)
class Refused:
    """没有办成；`refusal` 把差的一次说全。值，不是异常。"""

    refusal: Refusal

    @property
    def ok(self) -> bool:
        """没有办成。"""
        return False

    def __str__(self) -> str:
        return str(self.refusal)


Result = Outcome | Refused


def refuse(title: str, code: str, say: str, remedy: str = "") -> Refused:
    """拼一个只有一项的“没有办成”。"""
    return Refused(Refusal("", title, (Missing(code, say, remedy),)))
