"""业务模板声明的来表 ↔ 手上这张表：每一列叫什么、是什么、填到哪一步的哪一栏。"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jiezhi.base.casework.models import CodeList
from jiezhi.base.registry.models import Area, Unit
from jiezhi.connect.excel.cells import header_key
from jiezhi.connect.excel.columns import Column, ColumnMap, Matching, match
from jiezhi.connect.excel.errors import SheetError, ValueProblem
from jiezhi.core.procedure import values as core_values
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.matter import HostDecl, ImportAct, ImportLayout

_TYPES: dict[FieldType, str] = {
    FieldType.FLAG: "bool",
    FieldType.MONEY: "money",
    FieldType.COUNT: "int",
    FieldType.RATING: "int",
    FieldType.DATE: "date",
    FieldType.DATETIME: "datetime",
}
_PARTS = {"phone": "phone", "identifier": "number_text"}
_NO_IMPORT = frozenset({FieldType.FILE, FieldType.ROWS, FieldType.FACTORS})


@dataclass(frozen=True, slots=True)
class Cell:
    """一栏从哪里来：字段、（地点、当事人的）部分、列名；或者定值。"""

    field: str
    part: str
    column: str = ""
    constant: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """一行要办的一步。"""

    decl: ImportAct
    cells: tuple[Cell, ...]
    required: tuple[str, ...]
    means: frozenset[str]
    title: str
    when: str = ""


@dataclass
class SheetMapping:
    """一种来表在一个业务模板上的完整对应。`number_field` 是记对方编号的字段；空的，件号就是对方的编号。"""

    definition: Definition
    name: str
    layout: ImportLayout
    system: str
    number_field: str = ""
    steps: list[Step] = field(default_factory=list)
    strict: ColumnMap = field(init=False)
    loose: ColumnMap = field(init=False)
    titles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.steps = [_step(self.definition, act) for act in self.layout.acts]
        columns, needed = _columns(self.definition, self.layout, self.steps)
        self.loose = ColumnMap(columns=columns)
        self.strict = ColumnMap(
            columns={
                name: column.model_copy(update={"required": True}) if name in needed else column
                for name, column in columns.items()
            }
        )
        for step in self.steps:
            for cell in step.cells:
                if cell.column:
                    self.titles.setdefault(cell.field, cell.column)

    @property
    def number(self) -> str:
        """编号列。"""
        return self.layout.number

    def match(self, headers: Sequence[str], overrides: Mapping[str, str] | None = None) -> Matching:
        """对上列；`overrides`（我们的列 → 表里的列名）优先。写错了列名抛 SheetError。"""
        found = match(headers, self.strict)
        return (
            with_overrides(found, self.strict, headers, overrides, self.layout.title) if overrides else found
        )


def with_overrides(
    found: Matching, columns: ColumnMap, headers: Sequence[str], overrides: Mapping[str, str], title: str
) -> Matching:
    """照 `overrides`（我们的列 → 表里的列名）改对应；写错了列名抛 SheetError。"""
    keys = {header_key(header): at for at, header in enumerate(headers)}
    chosen: dict[str, int] = {}
    for ours, header in overrides.items():
        if ours not in columns.columns:
            raise SheetError(f"“{title}”没有“{ours}”这一列。可对应的列：{'、'.join(columns.columns)}。")
        at = keys.get(header_key(header))
        if at is None:
            raise SheetError(f"表里没有“{header}”这一列。表里的列：{'、'.join(headers)}。")
        chosen[ours] = at
    taken = set(chosen.values())
    positions = {ours: at for ours, at in found.found.items() if at not in taken} | chosen
    used = set(positions.values())
    missing = [
        column.names[0]
        for name, column in columns.columns.items()
        if column.required and name not in positions
    ]
    return Matching(
        positions,
        missing,
        [header for at, header in enumerate(headers) if at not in used],
        {title: near for title, near in found.near.items() if title not in chosen},
        {title: near for title, near in found.doubled.items() if title not in chosen},
    )


def mappings_of(definition: Definition) -> dict[str, SheetMapping]:
    """一个业务模板声明的全部来表。没有声明抛 SheetError。"""
    matter, found = definition.matter, {}
    if isinstance(matter.host, HostDecl):
        for name, layout in matter.host.layouts.items():
            found[name] = SheetMapping(definition, name, layout, matter.host.system)
    for field_name, one in matter.elsewhere.items():
        for name, layout in one.layouts.items():
            found[name] = SheetMapping(definition, name, layout, one.system, field_name)
    if not found:
        raise SheetError(
            f"“{matter.title}”没有声明来表的样子，不能从表格导入。请逐件登记，或请系统管理员在业务模板里写明。"
        )
    return found


def choose(
    mappings: Mapping[str, SheetMapping],
    headers: Sequence[str],
    name: str | None,
    overrides: Mapping[str, str] | None,
) -> tuple[SheetMapping, Matching]:
    """挑最对得上的来表；`name` 指定哪一种。缺列抛 SheetError，说缺什么、哪一列像。"""
    if name is not None and name not in mappings:
        known = "、".join(f"{key}（{item.layout.title}）" for key, item in mappings.items())
        raise SheetError(f"没有“{name}”这种来表。可选：{known}。")
    tried: list[tuple[int, int, int, SheetMapping, Matching]] = []
    for item in [mappings[name]] if name is not None else mappings.values():
        found = item.match(headers, overrides if name is not None or _fits(item, overrides) else None)
        tried.append((len(found.missing), -len(found.found), len(tried), item, found))
    missing, _, _, best, matching = min(tried, key=lambda row: row[:3])
    if missing:
        said = "".join(matching.sentences()) + "请核对是不是选错了文件，或者指明哪一列是什么。"
        raise SheetError(f"这张表对不上“{best.layout.title}”。{said}")
    return best, matching


def _fits(item: SheetMapping, overrides: Mapping[str, str] | None) -> bool:
    return all(ours in item.strict.columns for ours in overrides or {})


def _step(definition: Definition, act: ImportAct) -> Step:
    action = definition.matter.actions[act.action]
    cells = []
    for target, source in act.fields.items():
        name, _, part = target.partition(".")
        decl = definition.matter.fields[name]
        if decl.type in _NO_IMPORT:
            raise SheetError(f"“{decl.title}”不能从表格导入。请系统管理员改正来表的声明。")
        if source.startswith("="):
            cells.append(Cell(name, part, constant=source[1:]))
        else:
            cells.append(Cell(name, part, column=source))
    when = act.when or ""
    for cell in cells:
        if when and when == (f"{cell.field}.{cell.part}" if cell.part else cell.field):
            when = cell.column
    required = tuple(name for name in action.required() if name not in action.fill)
    return Step(act, tuple(cells), required, frozenset(action.means), action.title, when)


def _columns(
    definition: Definition, layout: ImportLayout, steps: Sequence[Step]
) -> tuple[dict[str, Column], set[str]]:
    """我们的列 → 怎样读；以及表里必须有的列。"""
    kinds: dict[str, dict[str, Any]] = {layout.number: {"type": "number_text"}}
    needed = {layout.number, *layout.only}
    if layout.ours:
        kinds[layout.ours] = {"type": "number_text"}
    for step in steps:
        if step.decl.at:
            kinds[step.decl.at] = {"type": "datetime"}
            needed.add(step.decl.at)
        if step.when and not step.decl.again:
            needed.add(step.when)
        for cell in step.cells:
            if cell.column:
                kinds.setdefault(cell.column, column_kind(definition.matter.fields[cell.field], cell.part))
                if cell.field in step.required and not cell.part:
                    needed.add(cell.column)
    names = dict.fromkeys([*layout.columns, *kinds, *needed])
    return {
        name: Column(names=list(dict.fromkeys([name, *layout.columns.get(name, ())])), **kinds.get(name, {}))
        for name in names
    }, needed


def column_kind(decl: FieldDecl, part: str = "") -> dict[str, Any]:
    """一个字段（或它的一部分）的列怎样读：`Column` 的 type、choices。"""
    if part:
        return {"type": _PARTS.get(part, "text")}
    if decl.type is FieldType.CHOICE:
        return {
            "type": "choice",
            "choices": {
                **{title: code for code, title in decl.choices.items()},
                **{c: c for c in decl.choices},
            },
        }
    if decl.type is FieldType.TEXT:
        return {"type": "lines" if decl.long else "text"}
    return {"type": _TYPES.get(decl.type, "text")}


class Names:
    """把表里写的名称变成代码：类别、单位、区域。一次导入共用一份。"""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[dict[str, str], set[str]]] = {}

    def code(self, decl: FieldDecl, text: str) -> str:
        """名称或代码 → 代码；认不得抛 ValueProblem。不是引用的字段原样返回。"""
        if decl.type is FieldType.CODE and decl.list:
            return self._find(f"code:{decl.list}", text, "类别")
        if decl.type is FieldType.UNIT:
            return self._find("unit", text, "单位")
        if decl.type is FieldType.AREA:
            return self._find("area", text, "区域")
        return text

    def _find(self, table: str, text: str, what: str) -> str:
        if table not in self._tables:
            self._tables[table] = _table(table)
        known, several = self._tables[table]
        text = text.strip()
        if text in known:
            return known[text]
        if text in several:
            raise ValueProblem(f"叫“{text}”的{what}不止一个，请写代码")
        near = difflib.get_close_matches(text, list(known), n=1, cutoff=0.5)
        raise ValueProblem(
            f"没有“{text[:40]}”这个{what}" + (f"，是不是“{near[0]}”？" if near else "，请核对")
        )


def _table(name: str) -> tuple[dict[str, str], set[str]]:
    """名称、代码 → 代码；以及重名的名称。"""
    if name == "unit":
        pairs = list(Unit.objects.filter(is_active=True).values_list("code", "name"))
    elif name == "area":
        pairs = list(Area.objects.filter(is_active=True).values_list("code", "name"))
    else:
        row = CodeList.objects.filter(name=name.removeprefix("code:")).first()
        pairs = list(row.codes.items()) if row else []
    known: dict[str, str] = {}
    several: set[str] = set()
    for code, title in pairs:
        if title in known and known[title] != code:
            several.add(title)
        known[title] = code
    for title in several:
        del known[title]
    codes = {code: code for code, _ in pairs}
    return {**known, **codes}, several - set(codes)


def piece(decl: FieldDecl, part: str, value: Any, names: Names) -> Any:
    """读出来的一格 → 字段（或它的一部分）要的值。认不得抛 ValueProblem。"""
    if isinstance(value, datetime):
        return value.isoformat()
    if part == "phone":
        return str(value).replace("转", "-")
    if part or not isinstance(value, str):
        return value
    return names.code(decl, value)


def normal(decl: FieldDecl, value: Any) -> Any:
    """按字段声明检查，返回规范写法；不合要求抛 ValueProblem。"""
    try:
        return core_values.normalize(decl, value)
    except core_values.ValueProblem as error:
        raise ValueProblem(str(error)) from None
