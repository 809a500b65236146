"""填写的内容：检查、规范、补上服务预填的。"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.values import ValueProblem, normalize
from jiezhi.core.procedure.view import CaseView, Env, Missing, Request

# 不是工作人员的：声明了“不由来件人填”的字段、只由系统预填（不在 collect 里）的字段他们写不进来。
OUTSIDERS = frozenset({"reporter", "party"})


def fillable(definition: Definition, action: ActionDecl, kind: str) -> list[str]:
    """`kind` 这一种办理人（officer、reporter……）办这一步能写的字段。"""
    if kind not in OUTSIDERS:
        return list(dict.fromkeys([*action.collected(), *action.fill]))
    fields = definition.matter.fields
    return [name for name in action.collected() if not fields[name].office]


@dataclass(frozen=True, slots=True)
class Collected:
    """规范写法的值、有问题的项，以及哪些是系统预填而没有人写过的（写进办理记录，人看得出是建议）。"""

    values: dict[str, Any]
    problems: list[Missing]
    filled: list[str]


def collect(
    definition: Definition,
    action: ActionDecl,
    view: CaseView | None,
    request: Request,
    env: Env,
    *,
    probe: bool,
) -> Collected:
    """检查请求里填的内容，补上服务预填的；`probe` 为真时只给定值。"""
    values: dict[str, Any] = dict(action.set)
    found: list[Missing] = []
    filled: list[str] = []
    if probe:
        return Collected({**values, **dict.fromkeys(action.blank)}, found, filled)
    kind = request.actor.kind
    allowed = set(fillable(definition, action, kind))
    ours = action.online.set if action.online and kind in OUTSIDERS else {}
    for name in request.inputs:
        if name not in allowed:
            decl = definition.matter.fields.get(name)
            title = decl.title if decl else name
            found.append(Missing("input", f"“{action.title}”不填“{title}”", "去掉这一项", field=name))
    required = set(action.required())
    for name in dict.fromkeys([*action.collected(), *action.fill]):
        decl = definition.matter.fields[name]
        given = request.inputs.get(name, decl.default) if name in allowed else decl.default
        raw = ours.get(name, given)
        if name in action.fill:
            raw = _filled(definition, action, name, raw, view, values, env)
        try:
            value = normalize(decl, raw)
        except ValueProblem as error:
            found.append(Missing("input", f"“{decl.title}”{error}", "改正后再办", field=name))
            continue
        if value is None:
            if name in required:
                found.append(Missing("input", f"还没有“{decl.title}”", decl.help or "填写后再办", field=name))
            if name in action.blank:
                values[name] = None
            continue  # 选填的留空就是不写，不把原来的值抹掉
        wrong = _refer(env, decl, value)
        if wrong:
            found.append(Missing("input", f"“{decl.title}”{wrong}", "改正后再办", field=name))
            continue
        values[name] = value
        if name in action.fill and request.inputs.get(name) in (None, "", decl.default):
            filled.append(name)
    return Collected(values, found, filled)


def _refer(env: Env, decl: FieldDecl, value: Any) -> str | None:
    """引用（单位、人员、材料、代码……）是否存在；表格逐行逐列查，说明是第几行哪一列。"""
    if decl.type is not FieldType.ROWS:
        return env.refer(decl, value)
    for index, row in enumerate(value, 1):
        for name, column in decl.columns.items():
            wrong = _refer(env, column, row[name]) if name in row else None
            if wrong:
                return f"第 {index} 行“{column.title}”{wrong}"
    return None


def _lenient(decl: FieldDecl, raw: Any) -> Any:
    try:
        return normalize(decl, raw)
    except ValueProblem:
        return None


def _filled(
    definition: Definition,
    action: ActionDecl,
    name: str,
    raw: Any,
    view: CaseView | None,
    values: dict[str, Any],
    env: Env,
) -> Any:
    """预填：没填的用事实；填了一部分的（如只有地址没有坐标）补上缺的；填了的不改。"""
    given = _lenient(definition.matter.fields[name], raw)
    if given is None and raw not in (None, ""):
        return raw  # 填错了的照样报，不拿事实顶替
    if given is not None and not isinstance(given, dict):
        return raw
    found = env.fact(action.fill[name], view, {**values, name: given})
    if given is None:
        return found
    return {**found, **given} if isinstance(found, dict) else raw
