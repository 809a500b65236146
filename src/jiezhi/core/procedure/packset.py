"""读好的全部业务模板和它们共用的东西。"""

from __future__ import annotations

from dataclasses import dataclass, field

from jiezhi.core.discretion.decl import BenchmarkDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import Problem, in_order
from jiezhi.core.procedure.external import ExternalDecl
from jiezhi.core.procedure.law import CodeListFile, LawDecl, StatuteDecl
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.powers import PowerDecl
from jiezhi.core.procedure.source import Mark, Path, Positions
from jiezhi.core.procedure.traits import LoadedTrait


@dataclass
class LoadedMatter:
    """读好的一个业务模板。

    decl        展开通用做法之后、代入参数之前的声明（本单位调整参数用它）;
    definition  参数取缺省值编译好的版本；
    positions   展开之后每个键、每个值在哪个文件第几行；
    from_traits 哪些条目来自哪个通用做法，如 ("actions", "transfer") → "transferable";
    problems    它自己的问题。
    """

    decl: MatterDecl
    definition: Definition
    file: str
    positions: Positions
    problems: list[Problem] = field(default_factory=list)
    from_traits: dict[Path, str] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """没有错误（可以有提醒）。"""
        return not any(problem.is_error for problem in self.problems)


@dataclass
class PackSet:
    """一个文件夹里的全部声明。

    `papers` 是文书模板的文字（相对路径 → 文字，如 `_documents/receipt.md`）。
    `matters` 只有没有错误的；`faulty` 是读得出来但有错误的，只供校验和编辑时一并列出问题、画图，不得拿来办件。
    """

    root: str = ""
    means: dict[str, str] = field(default_factory=dict)
    statutes: dict[str, StatuteDecl] = field(default_factory=dict)
    laws: list[LawDecl] = field(default_factory=list)
    traits: dict[str, LoadedTrait] = field(default_factory=dict)
    codes: dict[str, CodeListFile] = field(default_factory=dict)
    papers: dict[str, str] = field(default_factory=dict)
    matters: dict[str, LoadedMatter] = field(default_factory=dict)
    faulty: dict[str, LoadedMatter] = field(default_factory=dict)
    powers: dict[str, PowerDecl] = field(default_factory=dict)
    benchmarks: dict[str, BenchmarkDecl] = field(default_factory=dict)
    externals: dict[str, ExternalDecl] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    marks: dict[tuple[str, str], Mark] = field(default_factory=dict)

    @property
    def errors(self) -> list[Problem]:
        """全部错误，按文件和行排好。"""
        return in_order(problem for problem in self.problems if problem.is_error)

    def find(self, matter_id: str) -> LoadedMatter | None:
        """按代号找，有错误的也找得到。"""
        return self.matters.get(matter_id) or self.faulty.get(matter_id)

    def mark(self, matter_id: str, path: Path = (), *, key: bool = True) -> Mark:
        """业务模板里一个位置的文件、行、列。来自通用做法的，是通用做法的文件和行；找不到就退到上一级。"""
        matter = self.find(matter_id)
        if matter is None:
            return Mark("", 0, 0)
        return matter.positions.at(path, key=key) or Mark(matter.file, 0, 0)

    def position(self, matter_id: str, path: Path = ()) -> tuple[str, int]:
        """同 `mark`,只要文件和行。"""
        file, line, _ = self.mark(matter_id, path)
        return file, line

    def shared_mark(self, kind: str, name: str) -> Mark:
        """共用东西在哪里声明：kind 为 means、statutes、laws、traits、codes、powers。"""
        return self.marks.get((kind, name), Mark("", 0, 0))
