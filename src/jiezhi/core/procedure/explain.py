"""把 pydantic 的报错变成中文、带位置的 Problem。

声明的形状由 pydantic 检查，它说英文，而且联合类型的每一支都报一遍。这里把每条错误对回文件里的位置，
同一处只留说得上话的那几条，并说清楚怎么改。
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from jiezhi.core.procedure.base import Cite, DottedName, Name
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.source import Mark, Path
from jiezhi.core.procedure.words import gloss, place_name

_SCALAR_ERRORS = {
    "string_type", "int_type", "bool_type", "none_required", "literal_error", "int_from_float", "int_parsing",
    "bool_parsing", "enum", "string_too_long", "string_pattern_mismatch", "string_too_short",
}  # fmt: skip
_SHAPE_ERRORS = {"model_type", "model_attributes_type", "dict_type", "list_type"}
_KINDS = {
    "string_type": "文字", "int_type": "整数", "int_parsing": "整数", "int_from_float": "整数",
    "bool_type": "true 或 false", "bool_parsing": "true 或 false", "list_type": "列表", "none_required": "空",
    "dict_type": "“键: 值”", "model_type": "“键: 值”", "model_attributes_type": "“键: 值”",
}  # fmt: skip


def _pattern_of(annotated: Any) -> str:
    return str(next(item.pattern for item in annotated.__metadata__ if getattr(item, "pattern", None)))


_PATTERNS = {
    _pattern_of(Name): "只能用小写字母、数字和下划线，以字母开头，如 reply_time",
    _pattern_of(DottedName): "只能用小写字母、数字、下划线和点，如 hotline.report",
    _pattern_of(Cite): "要写成“法律代号.条号”，如 penalty-2021.60",
}


def problems_of(
    error: ValidationError,
    model: type[BaseModel],
    data: Any,
    at: Callable[[Path, bool], Mark | None],
    *,
    pack: str,
    file: str,
) -> list[Problem]:
    """一次检查的全部问题。`at(path, key)` 给出位置；键错指向键，值错指向值。"""
    grouped: dict[Path, list[tuple[Any, bool]]] = {}
    for item in error.errors(include_url=False):
        path, on_key = _raw_path(item, data)
        grouped.setdefault(path, []).append((item, on_key))
    found: list[Problem] = []
    for path, items in grouped.items():
        deeper = any(other != path and other[: len(path)] == path for other in grouped)
        for item, on_key, say in _worded(model, data, path, _relevant(items, _at(data, path), deeper)):
            mark = at(path, on_key) or Mark(file, 0, 0)
            where = place_name(data, path)
            text = f"{where}：{say}" if where else say
            found.append(
                Problem(f"decl.{item['type']}", "error", pack, *mark, tuple(map(str, path)), None, text)
            )
    return found


def _raw_path(item: Any, data: Any) -> tuple[Path, bool]:
    """pydantic 的路径 → 文件里的路径：去掉联合类型的标签和“单个写法变列表”多出来的 0。"""
    path: list[str | int] = []
    current = data
    loc = list(item["loc"])
    on_key = bool(loc) and loc[-1] == "[key]"
    for index, part in enumerate(loc[:-1] if on_key else loc):
        last = index == len(loc) - 1
        listed = isinstance(current, list) and isinstance(part, int) and part < len(current)
        if listed or (isinstance(current, Mapping) and part in current):
            current = current[part]
            path.append(part)
        elif last and item["type"] == "missing":
            path.append(part)
    return tuple(path), on_key or item["type"] in ("extra_forbidden", "missing")


def _at(data: Any, path: Path) -> Any:
    for part in path:
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _relevant(items: list[tuple[Any, bool]], value: Any, deeper: bool) -> list[tuple[Any, bool]]:
    """联合类型各支都报了错时，去掉与所写的形状不相干的那几支。"""
    unrelated = _SCALAR_ERRORS if isinstance(value, dict | list) else _SHAPE_ERRORS
    kept = [pair for pair in items if pair[1] or pair[0]["type"] not in unrelated]
    if kept:
        return kept
    return [] if deeper else items


def _worded(
    model: type[BaseModel], data: Any, path: Path, items: list[tuple[Any, bool]]
) -> list[tuple[Any, bool, str]]:
    by_type = [item for item, on_key in items if item["type"] in _KINDS and not on_key]
    worded: list[tuple[Any, bool, str]] = []
    if by_type:
        wanted = "、".join(dict.fromkeys(_KINDS[item["type"]] for item in by_type))
        worded.append((by_type[0], False, f"{_name(path)} 要写{wanted}，现在写的是{_shown(_at(data, path))}"))
    for item, on_key in items:
        if item not in by_type:
            worded.append((item, on_key, _say(model, data, path, item, on_key)))
    unique: dict[str, tuple[Any, bool, str]] = {}
    for entry in worded:
        unique.setdefault(entry[2], entry)
    return list(unique.values())


def _name(path: Path) -> str:
    words = [part for part in path if isinstance(part, str)]
    number = f"第 {path[-1] + 1} 项" if path and isinstance(path[-1], int) else ""
    return (gloss(words[-1]) if words else "整个文件") + number


def _shown(value: Any) -> str:
    if value is None:
        return "空的"
    if isinstance(value, bool):
        return f"“{'true' if value else 'false'}”"
    if isinstance(value, int):
        return f"整数“{value}”（要当文字用请加引号）"
    if isinstance(value, list):
        return "列表"
    if isinstance(value, dict):
        return "“键: 值”"
    text = str(value)
    return f"“{text[:30]}{'…' if len(text) > 30 else ''}”"


def _say(model: type[BaseModel], data: Any, path: Path, item: Any, on_key: bool) -> str:
    kind, context = item["type"], item.get("ctx", {})
    name, shown = _name(path), _shown(_at(data, path))
    if kind == "missing":
        return f"少写了 {gloss(path[-1])}"
    if kind == "extra_forbidden":
        comma = "（如果它是一句话里逗号后面的部分，请给整句话加引号）" if _at(data, path) is None else ""
        return _unknown_key(model, path) + comma
    if on_key:
        name, shown = "键", f"“{path[-1]}”"
    if kind == "string_pattern_mismatch":
        rule = _PATTERNS.get(str(context.get("pattern")), "写法不合要求")
        return f"{name} 写成了{shown}：{rule}"
    if kind in ("literal_error", "enum"):
        allowed = str(context.get("expected", "")).replace("'", "").replace(" or ", "、").replace(", ", "、")
        value = _at(data, path)
        near = difflib.get_close_matches(value, allowed.split("、"), 1) if isinstance(value, str) else []
        hint = f"（是不是想写 {near[0]}?）" if near else ""
        return f"{name} 不能写{shown}，只能写：{allowed}{hint}"
    if kind == "value_error":
        return f"{name}：{context.get('error', '写法不对')}"
    simple = {
        "string_too_long": f"{name} 太长，最多 {context.get('max_length')} 个字",
        "string_too_short": f"{name} 不能是空的",
        "too_short": f"{name} 至少要写 {context.get('min_length')} 项",
        "too_long": f"{name} 最多写 {context.get('max_length')} 项",
        "greater_than_equal": f"{name} 不能小于 {context.get('ge')}，现在是{shown}",
        "greater_than": f"{name} 要大于 {context.get('gt')}，现在是{shown}",
        "less_than_equal": f"{name} 不能大于 {context.get('le')}，现在是{shown}",
        "less_than": f"{name} 要小于 {context.get('lt')}，现在是{shown}",
        "invalid_key": f"键“{path[-1] if path else ''}”要写文字",
        "int_parsing_size": f"{name} 的整数太大",
    }
    return simple.get(kind, f"{name} 的写法不对（现在是{shown}）")


def _unknown_key(model: type[BaseModel], path: Path) -> str:
    allowed = sorted(keys_at(model, path[:-1]))
    key = str(path[-1])
    near = difflib.get_close_matches(key, allowed, 1, 0.6)
    if near:
        return f"不认识“{key}”，是不是想写 {gloss(near[0])}?"
    if allowed and len(allowed) <= 12:
        return f"不认识“{key}”，这里可以写：{'、'.join(allowed)}"
    return f"不认识“{key}”，请核对写法或删掉"


def keys_at(model: type[BaseModel], path: Path) -> set[str]:
    """声明里某个位置可以写哪些键。"""
    here: list[Any] = [model]
    for part in path:
        following: list[Any] = []
        for kind in here:
            following += _below(kind, part)
        here = [option for kind in following for option in _options(kind)]
    found: set[str] = set()
    for kind in here:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= {info.alias or name for name, info in kind.model_fields.items()}
    return found


def _below(kind: Any, part: str | int) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [info.annotation for name, info in kind.model_fields.items() if (info.alias or name) == part]
    origin, args = get_origin(kind), get_args(kind)
    if origin is dict and isinstance(part, str):
        return [args[1]]
    if origin is list and isinstance(part, int):
        return [args[0]]
    return []


def _options(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType, typing.Union):
        return [option for arm in get_args(kind) for option in _options(arm)]
    return [kind]
