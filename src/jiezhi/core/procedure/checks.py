"""加载时就能断定的问题：编号、代码表、参数、法律条目有没有。走得通走不通由校验器管。"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.law import RuleDecl
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.papersure import test_of
from jiezhi.core.procedure.powers import fits, suits, unknown_references
from jiezhi.core.procedure.source import Mark, Path, Positions
from jiezhi.core.procedure.systems import SYSTEMS
from jiezhi.core.procedure.traits import check_value, names_in


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
            names = names_in(value)
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


_STATIC = frozenset(
    ("require", "role", "by", "document", "collects", "protects", "notice", "guide")
    + ("test", "rests", "keeps", "opens")
)
_WANTED = {
    "never": {"after"},
    "clears": {"clears"},
    "separate": {"from_means"},
    "require": {"condition"},
    "role": {"role"},
    "by": {"posts"},
    "collects": {"field"},
    "protects": {"from_means", "limit"},
    "notice": {"limit", "field"},
    "test": {"cel"},
    "rests": {"field"},
    "opens": {"matter"},
}

# 写在别的种类上不起作用的键：以为管住了，其实没有。
_ONLY = {
    "args": {"require"},
    "type": {"collects"},
    "until": {"clock"},
    "excludes": {"clock"},
    "mentions": {"document"},
    "given": {"document"},
    "field": {"collects", "notice", "rests", "clock"},
}


def _wanted(rule: RuleDecl) -> set[str]:
    """这一种规则必须写的键：漏写了，规则就什么也把不住。"""
    if rule.kind == "keeps" and not rule.any_of:
        return {"all_of"}
    return _WANTED.get(rule.kind, set())


def check_laws(packs: PackSet) -> list[Problem]:
    """法律规则提到的法律含义和依据有没有。"""
    found: list[Problem] = []
    for law in packs.laws:
        for name, rule in law.rules.items():
            mark, path = packs.shared_mark("rules", f"{law.law}/{name}"), ("rules", name)
            where = f"法律规则“{name}”"
            words = [rule.means, *rule.all_of, *rule.any_of, *rule.clears, rule.after, rule.from_means]
            words += [*rule.until, *rule.excludes]
            for word in dict.fromkeys(word for word in words if word and word != "end"):
                if word not in packs.means:
                    near = difflib.get_close_matches(word, packs.means, 1)
                    hint = f"，是不是想写 {near[0]}?" if near else "，请先写进法律含义词表"
                    say = f"{where}：没有“{word}”这个法律含义{hint}"
                    found.append(Problem("law.unknown_means", "error", law.law, *mark, path, None, say))
            for need in sorted(_wanted(rule) - rule.model_fields_set):
                say = f"{where}：{rule.kind} 种类的规则要写 {need}"
                found.append(Problem("law.shape", "error", law.law, *mark, path, None, say))
            for key, kinds in _ONLY.items():
                if key in rule.model_fields_set and rule.kind not in kinds:
                    say = f"{where}：{rule.kind} 种类的规则用不上 {key}；请删去"
                    found.append(Problem("law.shape", "error", law.law, *mark, path, None, say))
            if rule.given is not None and test_of(rule.given) is None:
                say = f"{where}：given“{rule.given}”写法不对；请照文书模板 if 里的写"
                found.append(Problem("law.shape", "error", law.law, *mark, path, None, say))
            if rule.kind in _STATIC and rule.when is not None:
                say = f"{where}：{rule.kind} 种类的规则不看走法，不能写 when；请删去"
                found.append(Problem("law.shape", "error", law.law, *mark, path, None, say))
            statute, _, article = rule.basis.partition(".")
            if statute not in packs.statutes or article not in packs.statutes[statute].articles:
                say = f"{where}：依据“{rule.basis}”不在法律名录里"
                found.append(Problem("law.unknown_basis", "error", law.law, *mark, path, rule.basis, say))
    return found


def check_powers(packs: PackSet) -> list[Problem]:
    """权责清单的种子：引用的条文有没有，业务模板有没有、类别和参数合不合。"""
    found: list[Problem] = []
    for code, power in packs.powers.items():
        said = [
            ("power.unknown_basis", key, f"依据“{reference}”不在法律名录里")
            for key, reference in unknown_references(power, packs.statutes)
        ]
        matter = packs.find(power.matter) if power.matter else None
        if matter is not None:
            said += fits(power, matter.decl)
        elif power.matter:
            said.append(("power.unknown_matter", "matter", f"没有“{power.matter}”这个业务模板"))
        elif power.params:
            said.append(("power.param", "params", "没有挂业务模板，不能写参数"))
        for name in power.also:
            other = packs.find(name)
            if other is not None:
                said += suits(power, other.decl, "also")
            else:
                said.append(("power.unknown_matter", "also", f"没有“{name}”这个业务模板"))
        for name, key, say in said:
            mark = packs.shared_mark("powers", f"{code}/{key}")
            text = f"事项“{power.title}”：{say}"
            found.append(Problem(name, "error", code, *mark, ("powers", code, key), None, text))
    return found
