"""攒问题：定位到文件和行，附上走到那里的次序和依据。"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import Problem, Severity, in_order
from jiezhi.core.procedure.source import Positions

Place = tuple[str | int, ...]
Locate = Callable[[Place], tuple[str, int]]

POWER_CLASSES = frozenset({"行政处罚", "行政强制", "行政许可", "行政检查"})


def locator(positions: Positions, file: str = "") -> Locate:
    """由加载器记下的位置表（LoadedMatter.positions）做 `locate`;`file` 是说不出位置时的文件名。"""

    def locate(path: Place) -> tuple[str, int]:
        mark = positions.at(path)
        return (mark.file, mark.line) if mark else (file, 0)

    return locate


class Report:
    """一次校验的全部问题。`broken` 为真时名字不全，走法没法穷举。"""

    def __init__(self, definition: Definition, locate: Locate | None) -> None:
        self.definition = definition
        self.locate = locate
        self.found: list[Problem] = []
        self.broken = False

    def add(
        self,
        code: str,
        at: Place,
        say: str,
        *,
        path: Iterable[str] = (),
        basis: str | None = None,
        severity: Severity = "error",
    ) -> None:
        """记一处问题。`at` 是在业务模板里的位置，如 ("actions", "decide", "to", 0)。"""
        file, line = self._where(at)
        if basis:
            citation = self.definition.citation(basis)
            if citation and citation.status != "待核" and citation.label not in say:
                say = f"{say}（依据：{citation.label}）"
        pack = self.definition.id
        self.found.append(Problem(code, severity, pack, file, line, 0, tuple(path), basis, say))

    def unknown(
        self, kind: str, noun: str, name: str, known: Iterable[str], at: Place, *, breaks: bool = False
    ) -> None:
        """提到了没有的名字；有写法相近的就提示。"""
        near = get_close_matches(name, list(known), n=1, cutoff=0.6)
        hint = f"是不是想写“{near[0]}”" if near else "先声明它，或改成已有的"
        self.add(f"unknown.{kind}", at, f"没有叫“{name}”的{noun}，{hint}")
        self.broken |= breaks

    def problems(self) -> list[Problem]:
        """去重、按文件和行排好的问题。"""
        return in_order(self.found)

    def _where(self, at: Place) -> tuple[str, int]:
        if self.locate is None:
            return "", 0
        file = ""
        while True:
            try:
                file, line = self.locate(at)
            except (KeyError, IndexError, TypeError, ValueError):
                line = 0
            if line or not at:
                return file, line
            at = at[:-1]  # 单个写法没有下标、通用做法带来的没有行号：退到上一层

    # ---- 说法 ----

    def action(self, name: str) -> str:
        """动作的名称。"""
        decl = self.definition.action(name)
        return f"“{decl.title}”" if decl else f"“{name}”"

    def state(self, name: str) -> str:
        """环节的名称。"""
        decl = self.definition.matter.states.get(name)
        return f"“{decl.title}”" if decl else f"“{name}”"

    def meaning(self, name: str) -> str:
        """法律含义的名称；end 是办结。"""
        return "办结" if name == "end" else f"“{self.definition.means.get(name, name)}”"

    def meanings(self, names: Iterable[str]) -> str:
        """几个含义，用顿号连。"""
        return "、".join(self.meaning(name) for name in names)

    def field(self, name: str) -> str:
        """字段的名称。"""
        decl = self.definition.matter.fields.get(name)
        return f"“{decl.title}”" if decl else f"“{name}”"

    def clock(self, name: str) -> str:
        """时限的名称。"""
        decl = self.definition.matter.clocks.get(name)
        return f"“{decl.title}”" if decl else f"“{name}”"
