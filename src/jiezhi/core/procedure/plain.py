"""字段值给人看的写法：页面、文书、办事指南写得一样。纯函数；代号的名称由调用者查。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.prose import day_words, moment_words, yuan

PARTY_WORDS = {
    "name": "姓名",
    "phone": "电话",
    "identifier": "证件号",
    "identifier_kind": "证件种类",
    "address": "住址",
    "account": "账号",
    "kind": "种类",
}
NAMED = frozenset({FieldType.OFFICER, FieldType.UNIT, FieldType.AREA, FieldType.CODE, FieldType.POWER})
"""存的是代号的类型。"""
NameOf = Callable[[FieldDecl, str], str]
"""（字段、代号）→ 名称；查不到的给代号。"""


def value_words(decl: FieldDecl, value: Any, name_of: NameOf) -> str:
    """一个字段的值写成文字：`5000元`、`2026年8月1日`、`2026年8月1日9时30分`、`是`、`张三 138…`。

    不合类型的（打了星号的、已依法清除的）原样给出；没有填的为空串。几个值用顿号相连，表格一行一行写。
    """
    if value is None or value == ERASED:
        return value or ""
    if decl.many and isinstance(value, list):
        one = decl.model_copy(update={"many": False})
        return "、".join(value_words(one, item, name_of) for item in value)
    if decl.type in NAMED:
        return name_of(decl, str(value))
    match decl.type, value:
        case FieldType.CHOICE, str():
            return decl.choices.get(value, value)
        case FieldType.FLAG, bool():
            return yes_no(value)
        case FieldType.MONEY, int():
            return yuan(value)
        case FieldType.COUNT, _:
            return f"{value}{decl.unit or ''}"
        case FieldType.RATING, int():
            return f"{value}分（满分{decl.max or 5}分）"
        case FieldType.DATE, str():
            return _dated(value, lambda: day_words(date.fromisoformat(value)))
        case FieldType.DATETIME, str():
            return _dated(value, lambda: moment_words(datetime.fromisoformat(value)))
        case FieldType.PLACE, Mapping():
            return place_words(value)
        case FieldType.PARTY, Mapping():
            return " ".join(str(value[key]) for key in PARTY_WORDS if value.get(key))
        case FieldType.ROWS, list():
            return "\n".join(_row_words(decl, row, name_of) for row in value if isinstance(row, Mapping))
        case FieldType.FACTORS, Mapping():
            return "；".join(factor_words(value))
        case FieldType.FILE, list():
            return f"{len(value)}份"
    return str(value)


def yes_no(value: bool) -> str:
    """是、否。"""
    return "是" if value else "否"


def factor_words(value: Mapping[str, Any]) -> list[str]:
    """裁量情形，一项一句：`首次：是`。"""
    return [f"{key}：{yes_no(item) if isinstance(item, bool) else item}" for key, item in value.items()]


def place_words(value: Mapping[str, Any]) -> str:
    """地址；没有地址的写门牌，再没有的写坐标。"""
    if value.get("address") or value.get("doorplate"):
        return str(value.get("address") or value["doorplate"])
    return f"东经{value['lon']}，北纬{value['lat']}" if value.get("lon") else ""


def _row_words(decl: FieldDecl, row: Mapping[str, Any], name_of: NameOf) -> str:
    parts = [
        f"{column.title} {value_words(column, row[name], name_of)}"
        for name, column in decl.columns.items()
        if name in row
    ]
    return "，".join(parts)


def _dated(value: str, words: Callable[[], str]) -> str:
    try:
        return words()
    except ValueError:
        return value
