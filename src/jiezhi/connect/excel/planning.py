"""表里的一行 → 要依次办的几步。问题一次说全；不查件、不写库。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jiezhi.base.casework.actions import Entry
from jiezhi.connect.excel.columns import Converted
from jiezhi.connect.excel.errors import COLON, ValueProblem
from jiezhi.connect.excel.mapping import Cell, Names, SheetMapping, Step, normal, piece
from jiezhi.core.evidence.digest import sm3_hex

MAX_NUMBER = 80
MAX_KEY = 120
_LOST = "按空白处理"


@dataclass(frozen=True, slots=True)
class Act:
    """一步：办什么、何时、填什么（规范写法）。"""

    step: Step
    at: datetime | None
    values: dict[str, Any]


@dataclass(slots=True)
class Planned:
    """一行。有 `problems` 的不办。"""

    row: int
    number: str
    acts: list[Act] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    note: str = ""


def request_key(system: str, number: str, action: str) -> str:
    """请求标识：同一主办系统的同一编号的同一步，导入多少遍都只办一次。"""
    key = f"import:{system}:{number}:{action}"
    return key if len(key) <= MAX_KEY else f"import:{sm3_hex(key.encode())}"


class Planner:
    """一次导入用的：逐行出计划。"""

    def __init__(self, mapping: SheetMapping) -> None:
        self.mapping = mapping
        self.names = Names()
        self.fields = mapping.definition.matter.fields

    def plan(self, converted: Converted) -> Planned:
        """一行的计划。"""
        row, values, problems = converted
        number = str(values.get(self.mapping.number) or "")
        found = Planned(row.number, number[:MAX_NUMBER], problems=list(problems))
        if not number and not any(text.startswith(f"{self.mapping.number}{COLON}") for text in problems):
            found.problems.append(f"{self.mapping.number}：没有填写")
        if len(number) > MAX_NUMBER:
            found.problems.append(
                f"{self.mapping.number}：有 {len(number)} 个字，最多 {MAX_NUMBER} 个字，请核对"
            )
        found.problems += [text for text in row.warnings if _LOST in text]
        found.note = "；".join(text for text in row.warnings if _LOST not in text)[:400]
        spoilt = {text.partition(COLON)[0] for text in problems}
        for step in self.mapping.steps:
            if step.when and values.get(step.when) is None:
                continue
            found.acts.append(self._act(step, values, spoilt, found.problems))
        return found

    def _act(self, step: Step, values: Mapping[str, Any], spoilt: set[str], problems: list[str]) -> Act:
        given: dict[str, Any] = {}
        for cell in step.cells:
            decl = self.fields[cell.field]
            value = cell.constant or values.get(cell.column)
            if value is None:
                continue
            try:
                value = piece(decl, cell.part, value, self.names)
            except ValueProblem as problem:
                problems.append(f"{cell.column}：{problem}")
                spoilt.add(cell.column)
                continue
            if cell.part:
                given.setdefault(cell.field, {})[cell.part] = value
            else:
                given[cell.field] = value
        final: dict[str, Any] = {}
        for name, value in given.items():
            try:
                final[name] = normal(self.fields[name], value)
            except ValueProblem as problem:
                problems.append(f"{self._columns_of(step, name)}：{problem}")
        for name in step.required:
            columns = [cell.column for cell in step.cells if cell.field == name]
            if name not in given and not spoilt & set(columns):
                title = "、".join(filter(None, columns)) or self.fields[name].title
                problems.append(f"{title}：没有填写")
        at = values.get(step.decl.at) if step.decl.at else None
        if at is None and step.decl.at and step.decl.at not in spoilt:
            text = f"{step.decl.at}：没有填写"
            if text not in problems:
                problems.append(text)
        return Act(step, at, {name: value for name, value in final.items() if value is not None})

    def _columns_of(self, step: Step, name: str) -> str:
        columns = [cell.column for cell in step.cells if cell.field == name and cell.column]
        return "、".join(columns) or self.fields[name].title

    def entries(
        self, planned: Planned, file: str, case: str = "", acts: list[Act] | None = None
    ) -> list[Entry]:
        """请求：整行同进退。`case` 给了就在已有的件上补办 `acts`,不再开件。"""
        system, made = self.mapping.system, []
        origin = {"number": planned.number, "system": system, "file": file, "row": str(planned.row)}
        name = f"row{planned.row}"
        for place, act in enumerate(planned.acts if acts is None else acts):
            opening = not case and place == 0
            made.append(
                Entry(
                    action=act.step.decl.action,
                    matter=self.mapping.definition.id if opening else "",
                    case="" if opening else case or f"@{name}",
                    inputs=act.values,
                    at=act.at,
                    key=request_key(system, planned.number, act.step.decl.action),
                    origin=origin,
                    opens=name if opening else "",
                    group=name,
                )
            )
        return made


def differing(step: Step, values: Mapping[str, Any], stored: Mapping[str, Any], gone: set[str]) -> list[str]:
    """与已有的不同的列。表里没有写的、已依法清除的（`gone`）不比。"""
    return list(
        dict.fromkeys(
            cell.column
            for cell in step.cells
            if cell.column
            and cell.field not in gone
            and (mine := _part(cell, values)) is not None
            and mine != _part(cell, stored)
        )
    )


def _part(cell: Cell, values: Mapping[str, Any]) -> Any:
    value = values.get(cell.field)
    if not cell.part:
        return value
    return value.get(cell.part) if isinstance(value, dict) else None
