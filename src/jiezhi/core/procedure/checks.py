"""加载时就能断定的问题：编号、代码表、参数、法律条目有没有。走得通走不通由校验器管。"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.source import Mark, Path, Positions
from jiezhi.core.procedure.systems import SYSTEMS
from jiezhi.core.procedure.traits import REFERENCE, check_value


def check_matter(decl: MatterDecl, packs: PackSet, marks: Positions, file: str) -> list[Problem]:
    """一个业务模板（已展开、形状正确）的问题。"""
    found: list[Problem] = []

    def report(code: str, path: Path, say: str, severity: Any = "error", *, key: bool = False) -> None:
        mark = marks.at(path, key=key) or Mark(file, 0, 0)
        found.append(Problem(code, severity, decl.matter, *mark, tuple(map(str, path)), None, say))

    for index, system in enumerate(decl.covers):
        if system not in SYSTEMS:
            report("covers.unknown", ("covers", index), f"没有编号为“{system}”的系统，编号是 A1 到 K7")
        elif system in decl.covers[:index]:
            report("covers.repeated", ("covers", index), f"系统编号“{system}”重复写了", "warn")
    for path, field in _fields(decl.fields, ("fields",)):
        if field.type is FieldType.CODE and field.list is None:
            report("codes.missing", path, f"字段“{field.title}”是代码，要写 list（用哪张代码表）", key=True)
        elif field.list is not None and field.type is not FieldType.CODE:
            report("codes.idle", (*path, "list"), f"字段“{field.title}”不是代码（type: code），不能写 list")
        elif field.list is not None and field.list not in packs.codes:
            known = "、".join(sorted(packs.codes)) or "（还没有代码表）"
            report("codes.unknown", (*path, "list"), f"没有名为“{field.list}”的代码表，现有：{known}")
    _check_params(decl, report)
    return found


def _fields(fields: dict[str, FieldDecl], path: Path) -> Iterator[tuple[Path, FieldDecl]]:
    for name, field in fields.items():
        yield (*path, name), field
        yield from _fields(field.columns, (*path, name, "columns"))


def _check_params(decl: MatterDecl, report: Any) -> None:
    raw = decl.model_dump(mode="json", by_alias=True, exclude_unset=True)
    used: set[str] = set()
    stack: list[tuple[Path, Any]] = [((key,), raw[key]) for key in raw if key not in ("params", "use")]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            stack += [((*path, index), item) for index, item in enumerate(value)]
        elif isinstance(value, str) and "$" in value:
            names = REFERENCE.findall(value)
            used.update(names)
            if path[-1] in ("cel", "when"):
                words = {name for name, param in decl.params.items() if isinstance(param.default, str)}
                for name in (name for name in names if name in words):
                    report("param.in_expression", path, f"表达式里只能用整数参数，“${name}”是文字")
    for name, param in decl.params.items():
        if name not in used:
            say = f"参数“{param.title}”没有用到，请删掉或用“${name}”引用"
            report("param.idle", ("params", name), say, "warn")
        wrong = check_value(param, param.default)
        if wrong:
            report("param.default", ("params", name, "default"), f"参数“{param.title}”的缺省值：{wrong}")


def check_laws(packs: PackSet) -> list[Problem]:
    """法律规则提到的法律含义和依据有没有。"""
    found: list[Problem] = []
    for law in packs.laws:
        for name, rule in law.rules.items():
            mark, path = packs.shared_mark("rules", f"{law.law}/{name}"), ("rules", name)
            where = f"法律规则“{name}”"
            words = [rule.means, *rule.all_of, *rule.any_of, *rule.clears, rule.after, rule.from_means]
            for word in dict.fromkeys(word for word in words if word and word != "end"):
                if word not in packs.means:
                    near = difflib.get_close_matches(word, packs.means, 1)
                    hint = f"，是不是想写 {near[0]}?" if near else "，请先写进法律含义词表"
                    say = f"{where}：没有“{word}”这个法律含义{hint}"
                    found.append(Problem("law.unknown_means", "error", law.law, *mark, path, None, say))
            statute, _, article = rule.basis.partition(".")
            if statute not in packs.statutes or article not in packs.statutes[statute].articles:
                say = f"{where}：依据“{rule.basis}”不在法律名录里"
                found.append(Problem("law.unknown_basis", "error", law.law, *mark, path, rule.basis, say))
    return found
