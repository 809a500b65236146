"""件页面上的各样东西：动作按钮、内容、材料、办理记录的一行、相关的件。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jiezhi.base.casework.models import Case
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.plain import PARTY_WORDS
from jiezhi.core.procedure.view import Missing
from jiezhi.web.forms.raw import PARTY_PARTS
from jiezhi.web.office import words


@dataclass(frozen=True, slots=True)
class Act:
    """一个办理动作的按钮。`missing` 不空的还不能办；`direct` 的没有要填的，点了就办。"""

    name: str
    decl: ActionDecl
    missing: tuple[Missing, ...]
    warnings: tuple[Missing, ...] = ()

    @property
    def ready(self) -> bool:
        """条件都具备。"""
        return not self.missing

    @property
    def direct(self) -> bool:
        """没有要填的，也不用先问一句。"""
        return not (self.decl.collect or self.decl.reason or self.decl.confirm)

    @property
    def quiet(self) -> bool:
        """不常用的，收在“更多”里。"""
        return self.decl.weight in ("quiet", "danger")


@dataclass(frozen=True, slots=True)
class Fact:
    """一项内容。`hidden` 的打了码，要写明原因才能查看。"""

    name: str
    title: str
    text: str
    hidden: bool = False
    erased: bool = False
    long: bool = False
    suggested: bool = False


@dataclass(frozen=True, slots=True)
class Material:
    """一份材料给人看的样子。`hidden` 的要写明原因才能取。"""

    digest: str
    name: str
    kind: str
    size: int
    taken_at: datetime | None
    field: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Step:
    """办理记录的一行。"""

    seq: int
    title: str
    who: str
    when: str
    recorded: str
    corrected: bool
    moved: str
    reason: str
    deemed: str
    values: Sequence[Fact]
    files: Sequence[Material]
    mark: str


@dataclass(frozen=True, slots=True)
class Link:
    """相关的件。"""

    how: str
    case: Case
    state: str


def plain_lines(decl: FieldDecl, value: Any, names: words.Names) -> list[tuple[str, str]]:
    """查看一项敏感内容时的各行：（名称，内容）。`value` 是明文。"""
    if decl.type is FieldType.PARTY:
        people = value if isinstance(value, list) else [value]
        return [line for one in people if isinstance(one, dict) for line in party_lines(one)]
    lines = [(decl.title, words.value_words(decl, value, names))]
    if decl.type is FieldType.PLACE and isinstance(value, dict) and value.get("lon"):
        lines.append(("坐标", f"东经 {value['lon']}，北纬 {value['lat']}"))
    return lines


def party_lines(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """来件人的各项：（名称，内容）。"""
    rest = [key for key in value if key not in PARTY_PARTS]
    return [(PARTY_WORDS.get(key, key), str(value[key])) for key in (*PARTY_PARTS, *rest) if value.get(key)]
