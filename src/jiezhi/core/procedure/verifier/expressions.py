"""表达式、命名判断、办理条件和验证用例（witness）。"""

from __future__ import annotations

import re
from typing import Any

from jiezhi.core.procedure.base import ConditionDecl
from jiezhi.core.procedure.definition import Expression
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.verifier.catalogue import Catalogue
from jiezhi.core.procedure.verifier.report import Place, Report
from jiezhi.core.procedure.verifier.states import conditions, known_meaning

FUNCTIONS = frozenset(
    ("size", "contains", "startsWith", "endsWith", "matches", "type", "dyn")
    + ("int", "uint", "double", "string", "bytes", "duration", "timestamp")
    + ("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear")
    + ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
)
_SIZED = re.compile(r"\bsize\(\s*([a-z_]\w*)\s*\)|\b([a-z_]\w*)\.size\(\)")


def check(report: Report, catalogue: Catalogue) -> None:
    """查命名判断和办理条件。"""
    matter = report.definition.matter
    for name, decl in matter.predicates.items():
        at: Place = ("predicates", name, "cel")
        expression = compiled(report, decl.cel, at)
        if expression is None:
            report.broken = True
            continue
        others = sorted(expression.variables - {decl.field})
        if others:
            say = (
                f"命名判断“{decl.title}”只能看字段{report.field(decl.field)},"
                f"不能再看{report.field(others[0])}"
            )
            report.add("predicate.field", at, say + "；请拆成两个命名判断")
            report.broken = True
        elif decl.field not in expression.variables:
            say = f"命名判断“{decl.title}”的表达式没有看字段{report.field(decl.field)}；请改正"
            report.add("predicate.field", at, say)
    for at, condition, users in conditions(report.definition):
        _condition(report, catalogue, at, condition)
        if not users:
            say = f"办理条件“{condition.title}”没有动作用到；请在 needs 里写上它，或删去"
            report.add("condition.unused", at, say, severity="warn")


def compiled(report: Report, source: str, at: Place) -> Expression | None:
    """编译表达式，查用到的字段和函数；不能用时记下问题，返回 None。"""
    try:
        expression = report.definition.expression(source)
    except (ValueError, RuntimeError):
        report.add("cel.syntax", at, f"表达式“{source}”写法不对，算不出来；请改正")
        return None
    fields = report.definition.matter.fields
    unknown = sorted(expression.variables - set(fields))
    for name in unknown:
        report.unknown("field", "字段", name, fields, at)
    strange = sorted(name for name in expression.functions if name.isidentifier() and name not in FUNCTIONS)
    strange = [name for name in strange if not name.startswith("_")]
    for name in strange:
        report.add("cel.function", at, f"表达式“{source}”用了没有的函数 {name}；请改用字段比较")
    for match in _SIZED.finditer(source):
        decl = fields.get(match[1] or match[2])
        if decl and decl.type is FieldType.TEXT:
            say = f"表达式“{source}”里 size 数的是字节不是字数；请改用字段的 min、max 限制字数"
            report.add("cel.size", at, say)
    return None if unknown or strange else expression


def _condition(report: Report, catalogue: Catalogue, at: Place, decl: ConditionDecl) -> None:
    ways = [key for key in ("cel", "children", "call", "distinct_from") if getattr(decl, key) is not None]
    if len(ways) != 1:
        found = f"现在写了 {'、'.join(ways)}" if ways else "现在一个也没有写"
        say = f"办理条件“{decl.title}”要在 cel、children、call、distinct_from 里恰好写一个，{found}"
        report.add("condition.kind", at, say)
        return
    if decl.cel is not None:
        _tested(report, at, decl, decl.cel)
    elif decl.witness is not None:
        report.add(
            "witness.unneeded", (*at, "witness"), f"办理条件“{decl.title}”不是表达式，不用写验证用例；请删去"
        )
    if decl.children is not None:
        _children(report, (*at, "children"), decl)
    if decl.call is not None:
        if catalogue.conditions is not None and decl.call.name not in catalogue.conditions:
            report.unknown(
                "condition", "登记的条件", decl.call.name, catalogue.conditions, (*at, "call", "name")
            )
        for key, value in decl.call.args.items():
            if isinstance(value, str) and value.startswith("field."):
                field_known(report, value, (*at, "call", "args", key))
    for i, meaning in enumerate(decl.distinct_from or []):
        known_meaning(report, meaning, (*at, "distinct_from", i))


def field_known(report: Report, reference: str, at: Place) -> bool:
    """`field.x` 的 x 声明过没有。"""
    name = reference.removeprefix("field.")
    if name in report.definition.matter.fields:
        return True
    report.unknown("field", "字段", name, report.definition.matter.fields, at)
    return False


def _tested(report: Report, at: Place, decl: ConditionDecl, source: str) -> None:
    expression = compiled(report, source, (*at, "cel"))
    if decl.witness is None:
        say = f"办理条件“{decl.title}”没有验证用例；请写 witness：一组让它成立的值、一组不成立的值"
        report.add("witness.missing", at, say)
    if expression is None:
        return
    for i, name in enumerate(decl.optional_fields):
        if name not in expression.variables:
            say = f"办理条件“{decl.title}”的表达式没有用到{report.field(name)}，不必列为可以没有的字段"
            report.add("condition.optional", (*at, "optional_fields", i), say)
    if decl.witness is None:
        return
    sides: list[tuple[str, dict[str, Any], bool]] = [
        ("met", decl.witness.met, True),
        ("unmet", decl.witness.unmet, False),
    ]
    for key, values, wanted in sides:
        place: Place = (*at, "witness", key)
        for name, value in values.items():
            if name not in expression.variables:
                say = f"办理条件“{decl.title}”的验证用例写了表达式没有用到的{report.field(name)}；请删去"
                report.add("witness.field", (*place, name), say)
            choices = getattr(report.definition.matter.fields.get(name), "choices", None)
            if choices and value is not None and value not in choices:
                say = f"验证用例里{report.field(name)}没有“{value}”这个选项；请改成{'、'.join(choices)}之一"
                report.add("witness.choice", (*place, name), say)
        if expression.holds(values) is not wanted:
            should = "成立" if wanted else "不成立"
            say = (
                f"办理条件“{decl.title}”的验证用例 {key} 应当{should},"
                f"算出来却{'不成立' if wanted else '成立'}"
            )
            report.add("witness.wrong", place, f"{say}；请核对表达式“{source}”和用例")


def _children(report: Report, at: Place, decl: ConditionDecl) -> None:
    test = decl.children
    assert test is not None
    slots = [slot for action in report.definition.matter.actions.values() for slot in action.open]
    if test.of not in slots:
        report.unknown("child", "子件", test.of, slots, (*at, "of"))
    ways = [key for key in ("all", "any", "count") if getattr(test, key) is not None]
    if len(ways) != 1:
        say = f"办理条件“{decl.title}”的子件条件要在 all、any、count 里恰好写一个"
        report.add("condition.children", at, say)
