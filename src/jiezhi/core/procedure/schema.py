"""给编辑器用的 JSON Schema：写业务模板时有中文提示、自动补全和红线。

真正的判断在加载器和校验器；这里宁可放过，不可错报。业务模板里引用通用做法的条目可以只写要改的，
所以条目里的必填项不在这里查。

    python -m jiezhi.core.procedure.schema 目录      重新生成
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from jiezhi.core.discretion.decl import BenchmarkDecl
from jiezhi.core.procedure import actions, base, fields, matter
from jiezhi.core.procedure.external import ExternalDecl
from jiezhi.core.procedure.law import CodeListFile, LawDecl, MeansFile, StatutesFile
from jiezhi.core.procedure.matter import MatterDecl, Shared, TraitDecl
from jiezhi.core.procedure.powers import PowersFile
from jiezhi.core.procedure.systems import SYSTEMS
from jiezhi.core.procedure.words import KEYS, SECTIONS

Schema: TypeAlias = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Schema = {"type": "string"}
# 各种“也可以这样写”：检查前先归一的，编辑器也要认。
_ALSO: dict[Callable[..., Any], Schema] = {
    base._as_list: _TEXT,
    actions._branches: _TEXT,
    actions._number: _TEXT,
    actions._online: {"const": True},
    actions._needs: {"anyOf": [_TEXT, {"type": "object"}]},
    fields._choices: {"type": "array", "items": {"type": ["string", "integer"]}},
    matter._traits: {"type": "array", "items": {"anyOf": [_TEXT, {"type": "object"}]}},
}


class _Generator(GenerateJsonSchema):
    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """检查前的归一函数接受的另一种写法也写进去。"""
        found = super().function_before_schema(schema)
        other = _ALSO.get(schema["function"]["function"])
        return {"anyOf": [other, found]} if other else found


def _of(model: type[BaseModel]) -> Schema:
    schema = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    _tidy(schema)
    return schema


def _tidy(node: Any) -> None:
    """去掉英文标题，补上中文说明；说明只取文档字符串的第一段。"""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
        return
    if not isinstance(node, dict):
        return
    if isinstance(node.get("title"), str):
        del node["title"]
    if isinstance(node.get("description"), str):
        node["description"] = inspect.cleandoc(node["description"])
    for name, prop in node.get("properties", {}).items():
        if isinstance(prop, dict) and name in KEYS:
            told = prop.get("description")
            word = KEYS[name]
            prop["description"] = word if not told else told if told.startswith(word) else f"{word}。{told}"
    for key, item in node.items():
        if key == "properties":
            for prop in item.values():
                _tidy(prop)
        elif key not in ("default", "enum", "const"):
            _tidy(item)


def _loosen(schema: Schema) -> None:
    """各部分的条目不查必填。"""
    for name in _entry_models():
        schema.get("$defs", {}).get(name, {}).pop("required", None)


def _entry_models() -> set[str]:
    names = set()
    for info in Shared.model_fields.values():
        parts = get_args(info.annotation) or (info.annotation,)  # guide 不是“键: 条目”，就是它自己
        names.add(parts[-1].__name__)
    return names


def _with_dollar(node: Any) -> Any:
    """通用做法里任何一个值都可以是 `$参数`。"""
    if isinstance(node, list):
        return [_with_dollar(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {
        key: value if key in ("default", "required", "description") else _with_dollar(value)
        for key, value in node.items()
        if key != "propertyNames"
    }
    if "properties" in node and isinstance(node["properties"], dict):
        found["properties"] = {key: _with_dollar(value) for key, value in node["properties"].items()}
    kind = node.get("type")
    plain = kind == "string" and not set(node) & {"pattern", "enum", "const", "maxLength", "minLength"}
    if isinstance(kind, str) and not plain or "enum" in node or "const" in node:
        about = {"description": found.pop("description")} if "description" in found else {}
        return {**about, "anyOf": [{"type": "string", "pattern": r"\$[a-z]"}, found]}
    return found


def _headed(schema: Schema, title: str) -> Schema:
    rest = {key: value for key, value in schema.items() if key != "$schema"}
    return {"$schema": DIALECT, "title": title, **rest}


def matter_schema() -> Schema:
    """业务模板文件。"""
    schema = _of(MatterDecl)
    _loosen(schema)
    schema["properties"]["covers"]["items"] = {
        "oneOf": [{"const": code, "description": name} for code, name in SYSTEMS.items()]
    }
    return _headed(schema, "业务模板")


def trait_schema() -> Schema:
    """通用做法文件。"""
    schema = _of(TraitDecl)
    _loosen(schema)
    head = {key: schema["properties"][key] for key in ("trait", "title", "help", "arguments")}
    body = {key: _with_dollar(value) for key, value in schema["properties"].items() if key in SECTIONS}
    # 部分本身必须是“键: 值”，`$` 只在条目里面。
    for key in Shared.model_fields:
        options = body[key].get("anyOf")
        if options:
            body[key] = {"description": KEYS.get(key, key), **options[1]}
    schema["properties"] = {**head, **{key: body[key] for key in Shared.model_fields}}
    schema["$defs"] = {name: _with_dollar(value) for name, value in schema.get("$defs", {}).items()}
    return _headed(schema, "通用做法")


def law_schema() -> Schema:
    """法律文件：规则、名录、含义词表三种之一。"""
    return _together("法律", (LawDecl, StatutesFile, MeansFile))


def codes_schema() -> Schema:
    """代码表文件。"""
    return _headed(_of(CodeListFile), "代码表")


def powers_schema() -> Schema:
    """权责清单种子文件。"""
    return _headed(_of(PowersFile), "权责清单")


def discretion_schema() -> Schema:
    """裁量基准文件。"""
    return _headed(_of(BenchmarkDecl), "裁量基准")


def system_schema() -> Schema:
    """外部系统的登记文件。"""
    return _headed(_of(ExternalDecl), "外部系统的登记")


def _together(title: str, models: tuple[type[BaseModel], ...]) -> Schema:
    defs: Schema = {}
    options = []
    for model in models:
        schema = _of(model)
        defs.update(schema.pop("$defs", {}))
        options.append(schema)
    return {"$schema": DIALECT, "title": title, "anyOf": options, "$defs": defs}


FILES: dict[str, Callable[[], Schema]] = {
    "matter.json": matter_schema,
    "trait.json": trait_schema,
    "law.json": law_schema,
    "codes.json": codes_schema,
    "powers.json": powers_schema,
    "discretion.json": discretion_schema,
    "system.json": system_schema,
}


def rendered() -> dict[str, str]:
    """文件名 → 内容，`packs/_schema` 里的应与它一致。"""
    return {name: json.dumps(make(), ensure_ascii=False, indent=1) + "\n" for name, make in FILES.items()}


def main(arguments: list[str]) -> int:
    """把全部 Schema 写进一个目录。"""
    if len(arguments) != 1:
        print("用法：python -m jiezhi.core.procedure.schema 目录")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in rendered().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
