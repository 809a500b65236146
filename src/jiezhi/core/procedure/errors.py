"""业务模板里的问题：在哪个文件第几行、哪个动作、凭什么、怎么回事。

加载器、特性展开和校验器都只报 Problem，不抛第一个就停：写模板的人一次看到全部问题。
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warn"]

_SEVERITY_TITLES = {"error": "错误", "warn": "提醒"}


@dataclass(frozen=True)
class Problem:
    """一处问题。

    code      稳定的代号（如 `yaml.syntax`、`decl.missing`、`law.before`），程序和测试认它；
    severity  error 不让用，warn 只提醒；
    pack      业务模板代号（matter）或共用文件的代号；
    file      给人看的文件路径，用 `/` 分隔；line、column 从 1 数起，0 表示说不出是哪一行；
    path      走到这里的次序：动作标题，或文件里的键；
    basis     依据，如 `penalty-2021.60`;
    say       一句中文：怎么回事、怎么改。
    """

    code: str
    severity: Severity
    pack: str
    file: str
    line: int
    column: int
    path: tuple[str, ...] = field(default=())
    basis: str | None = None
    say: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", tuple(str(part) for part in self.path))

    @property
    def place(self) -> str:
        """`文件：行`;没有行号时只有文件；没有文件时是业务模板代号。"""
        where = self.file or self.pack
        return f"{where}:{self.line}" if self.line else where

    @property
    def is_error(self) -> bool:
        """是不是不让用的错误。"""
        return self.severity == "error"

    def __str__(self) -> str:
        tail = f"（依据 {self.basis}）" if self.basis else ""
        notice = "" if self.is_error else "〔提醒〕"
        return f"{self.place} {notice}{self.say}{tail}"

    def as_json(self) -> dict[str, Any]:
        """可直接转成 JSON 的写法，键的次序固定。"""
        return {
            "code": self.code,
            "severity": self.severity,
            "severity_title": _SEVERITY_TITLES[self.severity],
            "pack": self.pack,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": list(self.path),
            "basis": self.basis,
            "say": self.say,
        }

    def sort_key(self) -> tuple[str, int, int, str, str]:
        """按文件、行、列排；同一处错误在前。"""
        return (self.file, self.line, self.column, self.severity, self.say)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """去掉一模一样的，按文件和行排好。"""
    return sorted(dict.fromkeys(problems), key=Problem.sort_key)


class PackError(Exception):
    """业务模板不能用。`problems` 是全部问题，至少一个。"""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
