"""子件：开哪个业务模板、逐项开的每一项有什么可抄、系统开不开得成。"""

from __future__ import annotations

from collections.abc import Mapping

from jiezhi.core.procedure.actions import ChildDecl
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.verifier.catalogue import Catalogue, MatterInfo
from jiezhi.core.procedure.verifier.expressions import field_known
from jiezhi.core.procedure.verifier.report import Place, Report

# 这些开头的来源不是服务登记的。
_OURS = frozenset(
    {"rows", "row", "field", "tag", "role", "post", "unit", "area", "clock", "child", "children"}
)


def check(report: Report, catalogue: Catalogue, at: Place, child: ChildDecl) -> None:
    """查一种随之开立的子件。"""
    info = _opening(report, catalogue, at, child)
    row = _row(report, catalogue, at, child) if child.for_each is not None else {}
    for target, value in child.copy_fields.items():
        place: Place = (*at, "copy", target)
        if info is not None and target not in info.fields:
            report.unknown("field", f"子件“{child.title}”的字段", target, info.fields, place)
        sensitive = _copied(report, place, child, value, row)
        if sensitive and info is not None and target in info.fields and target not in info.sensitive:
            say = (
                f"敏感内容 {value} 抄到了子件“{child.title}”的普通字段 {target}；"
                "请把那个字段也标为 sensitive，或不抄"
            )
            report.add("field.sensitive", place, say)


def _copied(
    report: Report, place: Place, child: ChildDecl, value: str, row: Mapping[str, bool] | None
) -> bool:
    """抄的内容有没有；返回它是不是敏感的。`row` 为 None 表示来源已经报过错。"""
    if value.startswith("field."):
        return field_known(report, value, place) and report.definition.matter.fields[value[6:]].secret
    if not value.startswith("row.") or row is None:
        return False
    name = value[4:]
    if child.for_each is None:
        say = (
            f"子件“{child.title}”抄了 {value}，可没有写 for_each 逐项开立；请改写 field.字段，或补上 for_each"
        )
        report.add("child.rows", place, say)
    elif name not in row:
        kind = "列" if child.for_each.startswith("rows.") else f"{child.for_each} 每项的内容"
        report.unknown("column", kind, name, row, place)
    return row.get(name, False)


def _opening(report: Report, catalogue: Catalogue, at: Place, child: ChildDecl) -> MatterInfo | None:
    """子件的业务模板和开件动作：系统开不开得成。"""
    if catalogue.matters is None:
        return None
    info = catalogue.matters.get(child.matter)
    if info is None:
        report.unknown("matter", "业务模板", child.matter, catalogue.matters, (*at, "matter"))
        return None
    if child.action is not None and child.action not in info.opening:
        report.unknown("action", "开件动作", child.action, info.opening, (*at, "action"))
        return info
    if child.action is None and len(info.opening) > 1:
        say = (
            f"子件“{child.title}”的业务模板有几个开件动作；"
            f"请用 action 写明用哪个（{'、'.join(sorted(info.opening))}）"
        )
        report.add("child.action", at, say)
        return info
    if info.host is not None:
        say = (
            f"子件“{child.title}”由“{info.host}”主办，要有它的编号才能开件，不能随之开立；"
            "请改用本平台主办的业务模板，或等它的来表导入"
        )
        report.add("child.host", (*at, "matter"), say)
    opening = child.action or next(iter(info.opening), "")
    if opening not in info.opening:
        return info
    if info.by is not None and "system" not in info.by.get(opening, ()):
        say = (
            f"子件“{child.title}”随之开立是系统办的，可它的开件动作 {opening} 的 by 里没有 system，会被拒绝；"
            "请在那个业务模板里补上，或换一个开件动作"
        )
        report.add("child.by", at, say)
    if opening in info.reasons:
        say = (
            f"子件“{child.title}”的开件动作 {opening} 必须写明理由，系统写不了，会被拒绝；"
            "请换一个开件动作，或去掉它的 reason"
        )
        report.add("child.by", at, say)
    absent = sorted(info.opening[opening] - set(child.copy_fields))
    if absent:
        say = (
            f"子件“{child.title}”开件必填{'、'.join(absent)}，这里没有抄给它，会开不成；"
            "请在 copy 里补上，或改用不要求它的开件动作"
        )
        report.add("child.missing", at, say)
    return info


def _row(report: Report, catalogue: Catalogue, at: Place, child: ChildDecl) -> dict[str, bool] | None:
    """逐项开立时每一项可抄的名字 → 是不是敏感的；来源写错的返回 None。"""
    text = child.for_each or ""
    matter = report.definition.matter
    place: Place = (*at, "for_each")
    kind, _, source = text.partition(".")
    if kind == "tag" and source:
        if catalogue.tags is not None and source not in catalogue.tags:
            report.unknown("tag", "标签", source, catalogue.tags, place)
        return {"value": False, "address": False}
    if kind in ("rows", "field") and source:
        if not field_known(report, source, place):
            return None
        decl = matter.fields[source]
        if (kind == "rows") != (decl.type is FieldType.ROWS):
            say = (
                f"按 {text} 开立子件，可{report.field(source)}不是表格字段；请改写 field.{source}"
                if kind == "rows"
                else f"按 {text} 开立子件，{report.field(source)}是表格字段；请改写 rows.{source}"
            )
            report.add("child.rows", place, say)
            return None
        if kind == "rows":
            return {name: column.sensitive or decl.sensitive for name, column in decl.columns.items()}
        names = ["value", "unit"] if decl.type is FieldType.UNIT else ["value"]
        return dict.fromkeys(names, decl.secret)
    if not source or kind in _OURS:
        say = (
            f"子件“{child.title}”的 for_each 写法不对；可写 rows.字段、field.字段、tag.标签，或服务登记的来源"
        )
        report.add("child.for_each", place, say)
        return None
    if catalogue.resolvers is not None and text not in catalogue.resolvers:
        report.unknown("resolver", "服务登记的来源", text, catalogue.resolvers, place)
        return None
    return {"value": False}
