"""通用做法（trait）的展开和参数（param）的代入。

`$` 有两层意思，先后分明（后面紧跟着字母的写 `${x}`，如 `${doc}_to`）：
1. 展开 `use:` 时，通用做法里的 `$x` 如果是它声明的 arguments，就换成引用时给的值或缺省值；只换一遍，
   给的值里即使还有 `$y` 也不再当 arguments 看；
2. 剩下的 `$y` 必须是业务模板（连同通用做法带进来的）params 里的参数，由 `resolve` 换成缺省值或本单位的值。
整个值就是 `$x` 时，可以换成列表、对照表、整数（列表里的一项换成列表时并进来）；夹在文字里的 `$x` 换成文字。

合并：各部分按条目深度合并，业务模板自己写的优先；列表整个替换。但不得改通用做法里办理动作的 means,
不得去掉它的 needs、clears，也不得改它的办理条件是怎样判断的：通用做法是各模板共同的底线。
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jiezhi.core.procedure.base import ParamDecl
from jiezhi.core.procedure.errors import PackError, Problem
from jiezhi.core.procedure.matter import MatterDecl, Shared
from jiezhi.core.procedure.source import Mark, Path, Positions
from jiezhi.core.procedure.words import SECTIONS, gloss

MERGED: tuple[str, ...] = tuple(Shared.model_fields)
REFERENCE = re.compile(r"\$(?:\{([a-z][a-z0-9_]*)\}|([a-z][a-z0-9_]*))")
# 办理条件是怎样判断的：业务模板可以改说法，不能改判断。
_FIXED_IN_CONDITIONS = ("cel", "children", "call", "distinct_from", "effect", "basis")


@dataclass
class LoadedTrait:
    """读好的一个通用做法：展开之前的数据和位置。"""

    name: str
    title: str
    arguments: dict[str, Any]
    data: dict[str, Any]
    positions: Positions
    file: str
    problems: list[Problem] = field(default_factory=list)

    def used(self) -> set[str]:
        """正文里出现过的 `$x`。"""
        return references({key: self.data[key] for key in MERGED if key in self.data})


def names_in(text: str) -> list[str]:
    """文字里的 `$x`、`${x}`，按先后。"""
    return [found[1] or found[2] for found in REFERENCE.finditer(text)]


def references(value: Any) -> set[str]:
    """一个值（含键）里出现的全部 `$x`。"""
    if isinstance(value, str):
        return set(names_in(value))
    if isinstance(value, Mapping):
        return {name for key, item in value.items() for name in references(key) | references(item)}
    if isinstance(value, list):
        return {name for item in value for name in references(item)}
    return set()


def substitute(value: Any, given: Mapping[str, Any]) -> Any:
    """把 `$x` 换成 given 里的值；given 里没有的原样留着。"""
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value)
        if whole and (whole[1] or whole[2]) in given:
            return given[whole[1] or whole[2]]
        return REFERENCE.sub(
            lambda m: _as_text(given[m[1] or m[2]]) if (m[1] or m[2]) in given else m[0], value
        )
    if isinstance(value, dict):
        return {str(substitute(key, given)): substitute(item, given) for key, item in value.items()}
    if isinstance(value, list):
        found: list[Any] = []
        for item in value:
            new = substitute(item, given)
            # 列表里的一项整个是 `$x` 而给的是列表：并进来，不套一层。
            if isinstance(item, str) and isinstance(new, list):
                found += new
            else:
                found.append(new)
        return found
    return value


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass
class Expanded:
    """展开的结果。`positions` 里，通用做法带进来的条目指向通用做法的文件和行。"""

    data: dict[str, Any]
    positions: Positions
    problems: list[Problem]
    from_traits: dict[Path, str] = field(default_factory=dict)


class _Expander:
    def __init__(self, data: dict[str, Any], positions: Positions, traits: Mapping[str, LoadedTrait]) -> None:
        self.data = data
        self.own = positions
        self.traits = traits
        self.problems: list[Problem] = []
        self.pack = str(data.get("matter", ""))
        self.merged: dict[str, dict[str, Any]] = {}
        self.marks = Positions()
        self.origin: dict[Path, str] = {}

    def report(self, code: str, path: Path, say: str, *, severity: Any = "error") -> None:
        mark = self.own.at(path) or Mark("", 0, 0)
        self.problems.append(Problem(code, severity, self.pack, *mark, tuple(map(str, path)), None, say))

    def run(self) -> Expanded:
        for path, name, given in self._uses():
            trait = self.traits.get(name)
            if trait is None:
                known = "、".join(sorted(self.traits)) or "（还没有通用做法）"
                self.report("trait.unknown", path, f"没有名为“{name}”的通用做法，现有：{known}")
                continue
            self._take(trait, path, self._arguments(trait, path, given))
        result = dict(self.data)
        for section, entries in self.merged.items():
            own = self.data.get(section)
            if own is not None and not isinstance(own, dict):
                continue  # 写法不对，留给声明检查去说
            result[section] = self._merge_section(section, entries, own or {})
        self.marks.values.update(self.own.values)
        self.marks.keys.update(self.own.keys)
        self._check_references(result)
        return Expanded(result, self.marks, self.problems, self.origin)

    def _uses(self) -> list[tuple[Path, str, Mapping[str, Any]]]:
        uses = self.data.get("use")
        found: list[tuple[Path, str, Mapping[str, Any]]] = []
        if not isinstance(uses, list):
            return found
        for index, item in enumerate(uses):
            if isinstance(item, str):
                found.append((("use", index), item, {}))
            elif isinstance(item, dict):
                for name, given in item.items():
                    if isinstance(given, dict):
                        found.append((("use", index, name), name, given))
                    elif given is None:
                        say = f"“{name}”后面没有写参数：不要参数就写“- {name}”，去掉冒号"
                        self.report("trait.arguments", ("use", index, name), say)
        return found

    def _arguments(self, trait: LoadedTrait, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
        for name in given:
            if name not in trait.arguments:
                known = "、".join(trait.arguments) or "不要参数"
                say = f"通用做法“{trait.title}”没有参数“{name}”（它的参数：{known}）"
                self.report("trait.argument_unused", (*path, name), say)
        values: dict[str, Any] = {}
        for name, default in trait.arguments.items():
            value = given.get(name, default)
            if value is None:
                say = f"引用通用做法“{trait.title}”必须给参数“{name}”"
                self.report("trait.argument_missing", path, say)
            values[name] = value
        return values

    def _take(self, trait: LoadedTrait, path: Path, values: Mapping[str, Any]) -> None:
        for section in MERGED:
            entries = trait.data.get(section)
            if not isinstance(entries, dict):
                continue
            table = self.merged.setdefault(section, {})
            for raw_key, raw in entries.items():
                key, entry = str(substitute(raw_key, values)), substitute(raw, values)
                where: Path = (section, key)
                if key in table:
                    if table[key] != entry:
                        say = (
                            f"通用做法“{trait.title}”和“{self._title(self.origin[where])}”都定义了"
                            f"{SECTIONS[section]}“{key}”，内容不同，只能用一个"
                        )
                        self.report("trait.conflict", path, say)
                    continue
                table[key] = entry
                self.origin[where] = trait.name
                self._copy_marks(trait, (section, raw_key), where)

    def _title(self, name: str) -> str:
        return self.traits[name].title

    def _copy_marks(self, trait: LoadedTrait, source: Path, target: Path) -> None:
        size = len(source)
        theirs = trait.positions
        for kept, found in ((self.marks.values, theirs.values), (self.marks.keys, theirs.keys)):
            for path, mark in found.items():
                if path[:size] == source:
                    kept[(*target, *path[size:])] = mark
        self.marks.keys.setdefault(target, trait.positions.at(source) or Mark(trait.file, 0, 0))
        section = target[:1]
        self.marks.keys.setdefault(section, trait.positions.at(source[:1]) or Mark(trait.file, 0, 0))

    def _merge_section(self, section: str, entries: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
        # 业务模板自己的次序在前：按钮和打印都按它，通用做法的排在后面。
        merged: dict[str, Any] = {}
        for key in [*own, *(key for key in entries if key not in own)]:
            if key not in entries:
                merged[key] = own[key]
            elif key not in own:
                merged[key] = entries[key]
            else:
                self._check_override(section, key, entries[key], own[key])
                self._drop_marks((section, key), own[key])
                merged[key] = _deep_merge(entries[key], own[key])
        return merged

    def _drop_marks(self, path: Path, own: Any) -> None:
        """被自己写的值整个替换的地方，通用做法那边的下级位置作废。"""
        if isinstance(own, dict):
            for key, item in own.items():
                self._drop_marks((*path, key), item)
            return
        for table in (self.marks.values, self.marks.keys):
            for stale in [known for known in table if known[: len(path)] == path]:
                del table[stale]

    def _check_override(self, section: str, key: str, base: Any, own: Any) -> None:
        if not isinstance(base, dict) or not isinstance(own, dict):
            return
        trait = self._title(self.origin[(section, key)])
        name = f"{SECTIONS[section]}“{own.get('title') or base.get('title') or key}”"
        if section == "actions":
            if "means" in own and _items(own["means"]) != _items(base.get("means")):
                say = f"{name}：来自通用做法“{trait}”，不得改它的 means（法律含义）"
                self.report("trait.means_changed", (section, key, "means"), say)
            for part in ("needs", "clears"):
                kept = _items(own[part]) if part in own else _items(base.get(part))
                lost = [item for item in _items(base.get(part)) if item not in kept]
                if lost:
                    words = "、".join(
                        str(item.get("title", "")) if isinstance(item, dict) else str(item) for item in lost
                    )
                    say = f"{name}：不得去掉通用做法“{trait}”里的 {gloss(part)}：{words}，请一并写上"
                    self.report("trait.weakened", (section, key, part), say)
        if section == "conditions":
            for part in _FIXED_IN_CONDITIONS:
                if part in own and own[part] != base.get(part):
                    say = f"{name}：来自通用做法“{trait}”，可以改说法，不得改 {gloss(part)}"
                    self.report("trait.weakened", (section, key, part), say)

    def _check_references(self, data: dict[str, Any]) -> None:
        params = data.get("params")
        known = set(params) if isinstance(params, dict) else set()
        stack: list[tuple[Path, Any]] = [((key,), value) for key, value in data.items() if key != "params"]
        while stack:
            path, value = stack.pop()
            if isinstance(value, dict):
                stack += [((*path, key), item) for key, item in value.items()]
            elif isinstance(value, list):
                stack += [((*path, index), item) for index, item in enumerate(value)]
            elif isinstance(value, str) and "$" in value:
                for name in names_in(value):
                    if name not in known:
                        mark = self.marks.at(path, key=False) or Mark("", 0, 0)
                        say = f"“${name}”既不是通用做法的参数，也不是 params 里声明的参数"
                        where = tuple(map(str, path))
                        self.problems.append(
                            Problem("param.unknown", "error", self.pack, *mark, where, None, say)
                        )


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _deep_merge(base: Any, own: Any) -> Any:
    if isinstance(base, dict) and isinstance(own, dict):
        merged = dict(base)
        for key, value in own.items():
            merged[key] = _deep_merge(base[key], value) if key in base else value
        return merged
    return own


def expand(data: dict[str, Any], positions: Positions, traits: Mapping[str, LoadedTrait]) -> Expanded:
    """展开一个业务模板的 `use:`。

    进：读出来的数据（还没有检查声明）、它的位置、全部通用做法。出：合并后的数据、位置和问题；不改动进来的数据。
    """
    return _Expander(data, positions, traits).run()


def resolve(decl: MatterDecl, overrides: Mapping[str, str | int] | None = None) -> MatterDecl:
    """代入参数：`$x` 换成本单位的值（overrides）或缺省值。

    期限参数按 core.calendar 的数法比较上下限，整数参数直接比。超出界限、名字不对、类型不对，抛 PackError
    （列出全部问题，没有行号）。没有参数的业务模板原样返回。
    """
    chosen = dict(overrides or {})
    problems = [
        problem
        for name in chosen
        if name not in decl.params
        for problem in [_param_problem(decl, "param.unknown", name, f"没有参数“{name}”，不能调整")]
    ]
    values: dict[str, str | int] = {}
    for name, param in decl.params.items():
        value = chosen.get(name, param.default)
        say = check_value(param, value)
        if say:
            problems.append(_param_problem(decl, "param.out_of_bounds", name, f"参数“{param.title}”：{say}"))
        values[name] = value
    if problems:
        raise PackError(problems)
    if not values:
        return decl
    raw = decl.model_dump(mode="json", by_alias=True, exclude_unset=True)
    kept = {key: raw[key] for key in ("use", "params") if key in raw}
    return MatterDecl.model_validate({**substitute(raw, {k: str(v) for k, v in values.items()}), **kept})


def _param_problem(decl: MatterDecl, code: str, name: str, say: str) -> Problem:
    return Problem(code, "error", decl.matter, "", 0, 0, ("params", name), None, say)


def check_value(param: ParamDecl, value: str | int) -> str | None:
    """参数的一个取值合不合界限；合则 None，不合则一句中文。"""
    if isinstance(value, bool) or isinstance(value, int) != isinstance(param.default, int):
        return f"要写{'整数' if isinstance(param.default, int) else '文字'}，不能写“{value}”"
    if isinstance(value, int):
        if isinstance(param.min, int) and value < param.min:
            return f"{value} 低于下限 {param.min}"
        if isinstance(param.max, int) and value > param.max:
            return f"{value} 高于上限 {param.max}"
        return None
    # 用到才引入：读业务模板时多半用不着算日子。
    from jiezhi.core.calendar import REGIMES, exceeds, parse_duration

    try:
        wanted = parse_duration(value)
    except ValueError as error:
        return str(error) if _is_duration(param) else _check_words(value)
    regime = REGIMES["office"]
    try:
        if param.max is not None and exceeds(wanted, parse_duration(str(param.max)), regime):
            return f"{value} 可能超过上限 {param.max}"
        if param.min is not None and exceeds(parse_duration(str(param.min)), wanted, regime):
            return f"{value} 可能少于下限 {param.min}"
    except ValueError as error:
        return f"上下限写得不对：{error}"
    return None


def _is_duration(param: ParamDecl) -> bool:
    from jiezhi.core.calendar import parse_duration

    for text in (param.min, param.max, param.default):
        try:
            parse_duration(str(text))
        except ValueError:
            continue
        return True
    return False


def _check_words(value: str) -> str | None:
    if not 0 < len(value) <= 60 or re.search(r"[$\"'\\\n\r{}]", value):
        return "文字要在 60 字以内，不能有引号、花括号、反斜杠、$ 和换行"
    return None
