"""表里的一行 → 要依次办的几步。问题一次说全；不查件、不写库。"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
NumberRule = Callable[[str], re.Pattern[str] | None]
_number_rules: list[NumberRule] = []


def number_rule(function: NumberRule) -> None:
    """登记编号的规则：给系统的名称，返回它的编号怎样写；没有登记过的系统返回 None。"""
    if function not in _number_rules:
        _number_rules.append(function)


@dataclass(frozen=True, slots=True)
class Act:
    """一步：办什么、何时、填什么（规范写法）。"""

    step: Step
    at: datetime | None
    values: dict[str, Any]


@dataclass(slots=True)
class Planned:
    """一行。有 `problems` 的不办；`ours` 是表里写的我方编号；`held` 是不开新件的缘由（已有的件照认）。"""

    row: int
    number: str
    acts: list[Act] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    note: str = ""
    ours: str = ""
    held: str = ""


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
        rules = (rule(mapping.system) for rule in _number_rules)
        self.pattern = next((one for one in rules if one is not None), None)

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
        elif number and self.pattern is not None and not self.pattern.fullmatch(number):
            found.problems.append(
                f"{self.mapping.number}：“{number}”不像{self.mapping.system}的编号，请核对是不是选错了列"
            )
        layout = self.mapping.layout
        found.ours = str(values.get(layout.ours) or "") if layout.ours else ""
        for column, words in layout.only.items():
            if values.get(column) not in words:
                found.held = f"“{column}”是“{values.get(column) or ''}”，这里没有这一件，不登记"
        found.problems += [text for text in row.warnings if _LOST in text]
        found.note = "；".join(text for text in row.warnings if _LOST not in text)[:400]
        spoilt = {text.partition(COLON)[0] for text in problems}
        for step in self.mapping.steps:
            if step.when and values.get(step.when) is None:
                continue
            if step.decl.again and not any(values.get(cell.column) is not None for cell in step.cells):
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
        made: list[Entry] = []
        name = f"row{planned.row}"
        for place, act in enumerate(planned.acts if acts is None else acts):
            opening = not case and place == 0
            made.append(
                Entry(
                    action=act.step.decl.action,
                    matter=self.mapping.definition.id if opening else "",
                    case="" if opening else case or f"@{name}",
                    inputs=self.inputs(planned, act) if opening else act.values,
                    at=act.at,
                    key=self.key(planned, act),
                    origin=self.origin(planned, file),
                    opens=name if opening else "",
                    group=name,
                )
            )
        return made

    def inputs(self, planned: Planned, act: Act) -> dict[str, Any]:
        """开件填的：本平台主办的，连同对方的编号。"""
        if not self.mapping.number_field:
            return act.values
        return {**act.values, self.mapping.number_field: planned.number}

    def origin(self, planned: Planned, file: str) -> dict[str, str]:
        """办理记录里写明从哪里来。"""
        return {
            "number": planned.number,
            "system": self.mapping.system,
            "file": file,
            "row": str(planned.row),
        }

    def key(self, planned: Planned, act: Act, seen: str = "") -> str:
        """请求标识。`seen` 是跟着走的列办的时候件的样子：同一次变动只办一次，变回来再变还办。"""
        action = act.step.decl.action
        return request_key(self.mapping.system, planned.number, f"{action}:{seen}" if seen else action)


@dataclass(frozen=True, slots=True)
class Difference:
    """一列与已有的不同：原来、现在（都是规范写法）。"""

    cell: Cell
    before: Any
    now: Any


def differing(
    step: Step, values: Mapping[str, Any], stored: Mapping[str, Any], gone: set[str]
) -> list[Difference]:
    """与已有的不同的列。表里没有写的、已依法清除的（`gone`）不比。"""
    return [
        Difference(cell, part_of(cell, stored), mine)
        for cell in step.cells
        if cell.column
        and cell.field not in gone
        and (mine := part_of(cell, values)) is not None
        and mine != part_of(cell, stored)
    ]


def part_of(cell: Cell, values: Mapping[str, Any]) -> Any:
    """一栏在件上的值。"""
    value = values.get(cell.field)
    if not cell.part:
        return value
    return value.get(cell.part) if isinstance(value, dict) else None
