"""列表显示哪些列。网址里写了照网址（存下来的筛选因此也带着列），没有写照个人偏好，都没有是缺省的。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jiezhi.base.casework.desk import field_values
from jiezhi.base.registry.models import Area
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.web.forms.controls import Lists
from jiezhi.web.office import queries
from jiezhi.web.office.lists import PREFIX, Row, indexed

PLAIN = {
    "title": "件名",
    "number": "编号",
    "matter": "业务",
    "state": "环节",
    "unit": "单位",
    "people": "经办人",
    "light": "时限预警",
    "opened": "登记时间",
    "area": "区域",
}
USUAL = ("title", "number", "matter", "state", "unit", "people", "light", "opened")


@dataclass(frozen=True, slots=True)
class Columns:
    """一张列表的列。`on` 是显示的；`fields` 是显示的筛选字段：（字段、名称）；`choices` 是可以选的：（列、名称）。"""

    on: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    choices: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, wanted: Sequence[str], chosen: Definition | None) -> Columns:
        """`wanted` 里认得的；一列也不认得就是缺省的。字段列要选定业务才有；件名、编号至少留一样，不然没有地方点进去。"""
        decls = {PREFIX + name: decl.title for name, decl in indexed(chosen).items()} if chosen else {}
        choices = PLAIN | decls
        on = [name for name in choices if name in wanted]
        if PLAIN.keys().isdisjoint(on):
            on = [*USUAL, *on]
        elif {"title", "number"}.isdisjoint(on):
            on = ["title", *on]
        fields = tuple((name.removeprefix(PREFIX), decls[name]) for name in on if name in decls)
        return cls(tuple(on), fields, tuple(choices.items()))

    @property
    def usual(self) -> bool:
        """就是缺省的那些列。"""
        return set(self.on) == set(USUAL)

    @property
    def heads(self) -> list[str]:
        """表头；几样并在一格里的合写。"""
        found = []
        for pair, title in (
            (("title", "number"), ""),
            (("matter", "state"), "业务与环节"),
            (("unit", "people"), "谁在办"),
        ):
            both = [name for name in pair if name in self.on]
            if both:
                found.append(title if title and len(both) == 2 else PLAIN[both[0]])
        found += [PLAIN[name] for name in ("light", "opened", "area") if name in self.on]
        return [*found, *(title for _, title in self.fields)]


def fill(rows: Sequence[Row], columns: Columns, chosen: Definition | None) -> None:
    """把区域、筛选字段填进各行。查询数与行数无关。"""
    if "area" in columns.on:
        names = _areas()
        for row in rows:
            row.area = names.get(row.case.area_id or "", "")
    if not columns.fields or chosen is None:
        return
    decls = {name: chosen.matter.fields[name] for name, _ in columns.fields}
    values = field_values([row.case for row in rows], list(decls))
    said = _labels(decls, values)
    for row in rows:
        row.fields = [
            "、".join(said[name].get(one, one) for one in values.get((row.case.pk, name), ()))
            for name in decls
        ]


def _areas() -> dict[str, str]:
    rows = Area.objects.values_list("code", "name", "parent__name")
    return {code: f"{parent} · {name}" if parent else name for code, name, parent in rows}


def _labels(
    decls: Mapping[str, FieldDecl], values: Mapping[tuple[int, str], Sequence[str]]
) -> dict[str, dict[str, str]]:
    """字段 → 值 → 给人看的。"""
    lists = Lists()
    found: dict[str, dict[str, str]] = {}
    for name, decl in decls.items():
        if decl.type is FieldType.UNIT:
            found[name] = queries.unit_names()
        elif decl.type is FieldType.OFFICER:
            found[name] = queries.officer_names(
                one for (_, key), some in values.items() if key == name for one in some
            )
        else:
            found[name] = {code: title for _, items in lists.of(decl) for code, title in items}
    return found
