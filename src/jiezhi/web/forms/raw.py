"""字段在表单里的样子（raw）：交上来的原话。办不成时照原样放回，一个字不丢。

raw 与字段值互相变：`posted` 从请求取出原话，`given` 把原话变成交给办理的值，`shown` 把已有的值变成原话。
值对不对不在这里判断（core.procedure.values 判断）；这里只认得不了的才报 ValueProblem。
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import QueryDict

from jiezhi.core.calendar import CHINA, Duration, Unit, parse_duration
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.values import ValueProblem

PREFIX = "f-"
PLACE_PARTS = ("address", "doorplate", "lon", "lat")
PARTY_PARTS = ("name", "phone", "identifier", "address")
DURATION_PARTS = ("amount", "unit")
DURATION_UNITS = [unit.value for unit in (Unit.WORKDAY, Unit.DAY, Unit.WORK_HOUR, Unit.HOUR, Unit.MONTH)]
PARTS = {
    FieldType.PLACE: PLACE_PARTS,
    FieldType.PARTY: PARTY_PARTS,
    FieldType.DURATION: DURATION_PARTS,
}
MAX_ROWS = 50
MONEY = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,2}))?")

Raw = Any
"""文字；分几格填的是 {格: 文字}；材料是摘要列表；多行的是 [{列: 原话}]。"""


def posted(name: str, decl: FieldDecl, post: QueryDict) -> Raw:
    """请求里这个字段的原话。"""
    key = name if name.startswith(PREFIX) else PREFIX + name
    if decl.many and decl.type not in PARTS:
        return [one for one in post.getlist(key) if one]
    if decl.many:
        return [posted(f"{key}-{index}", _one(decl), post) for index in range(_count(key, post))]
    if decl.type in PARTS:
        return {part: post.get(f"{key}-{part}", "").strip() for part in PARTS[decl.type]}
    if decl.type is FieldType.FILE:
        return [one for one in post.getlist(f"{key}-kept") if one]
    if decl.type is FieldType.ROWS:
        return [
            {column: posted(f"{key}-{index}-{column}", sub, post) for column, sub in decl.columns.items()}
            for index in range(_count(key, post))
        ]
    if decl.type is FieldType.FACTORS:
        return _answers(key, post)
    return post.get(key, "")


def _answers(key: str, post: QueryDict) -> str:
    """逐项选的情形、勾的法定情形和另写的，合成一行一项的原话。"""
    pairs = zip(post.getlist(f"{key}-title"), post.getlist(f"{key}-value"), strict=False)
    lines = [f"{title}：{value}" for title, value in pairs if value]
    lines += [f"{title}：是" for title in post.getlist(f"{key}-also")]
    return "\n".join(filter(None, [*lines, post.get(key, "").strip()]))


def answers(text: str) -> dict[str, str]:
    """一行一项的原话 → 情形和取值；认不得的行不要。"""
    pairs = (line.replace(":", "：").partition("：") for line in text.splitlines())
    return {key.strip(): value.strip() for key, mark, value in pairs if mark and value.strip()}


def _one(decl: FieldDecl) -> FieldDecl:
    """多值字段里的一个。"""
    return decl.model_copy(update={"many": False})


def _count(key: str, post: QueryDict) -> int:
    """页面上摆了几行。"""
    text = post.get(f"{key}-rows", "")
    return min(int(text), MAX_ROWS) if text.isdecimal() and len(text) < 5 else 0


def blank(raw: Raw) -> bool:
    """什么也没有填。时长只选了单位不算填。"""
    if isinstance(raw, dict):
        return not any(value for part, value in raw.items() if part != "unit")
    if isinstance(raw, list):
        return all(blank(item) for item in raw) if raw and isinstance(raw[0], dict) else not raw
    return not str(raw).strip()


def given(decl: FieldDecl, raw: Raw) -> Any:
    """原话 → 交给办理的值；没有填的为 None。认不得 → ValueProblem。"""
    if blank(raw):
        return None
    if decl.many:
        return [value for item in raw if (value := given(_one(decl), item)) is not None]
    match decl.type:
        case FieldType.MONEY:
            return _cents(str(raw))
        case FieldType.DATETIME:
            return aware(str(raw)) or raw
        case FieldType.DURATION:
            return _duration(raw)
        case FieldType.PLACE | FieldType.PARTY:
            return {part: value for part, value in raw.items() if value}
        case FieldType.ROWS:
            return [_row(decl, row) for row in raw if not all(blank(item) for item in row.values())]
        case FieldType.FACTORS:
            return _factors(str(raw))
    return raw


def shown(decl: FieldDecl, value: Any) -> Raw:
    """已有的值 → 原话（更正时先填上）。"""
    if decl.many:
        return [shown(_one(decl), item) for item in value] if isinstance(value, list) else []
    if decl.type in PARTS:
        parts = PARTS[decl.type]
        if decl.type is FieldType.DURATION and isinstance(value, str) and value:
            written = parse_duration(value)
            if isinstance(written, Duration):
                return {"amount": str(written.amount), "unit": written.unit.value}
        return {part: str(value.get(part, "")) if isinstance(value, Mapping) else "" for part in parts}
    if decl.type in (FieldType.FILE, FieldType.ROWS):
        return list(value or []) if decl.type is FieldType.FILE else []
    if value is None:
        return ""
    if decl.type is FieldType.FLAG:
        return "是" if value else "否"
    if decl.type is FieldType.MONEY:
        return f"{int(value) / 100:.2f}"
    if decl.type is FieldType.DATETIME:
        return datetime.fromisoformat(str(value)).astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
    if decl.type is FieldType.FACTORS and isinstance(value, Mapping):
        return "\n".join(f"{key}：{item}" for key, item in value.items())
    return str(value)


def aware(text: str) -> datetime | None:
    """表单里的时间（北京时间，不带时区）→ 带时区；写得不对为 None。"""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


def _cents(text: str) -> int:
    found = MONEY.fullmatch(text.replace(",", "").replace("，", "").removesuffix("元").strip())
    if found is None:
        raise ValueProblem("应写成金额，最多写到分，如 1234.50（元）")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _duration(raw: Mapping[str, str]) -> str:
    amount, unit = raw["amount"], raw["unit"]
    if unit not in DURATION_UNITS:
        raise ValueProblem(f"请选计时单位：{'、'.join(DURATION_UNITS)}")
    return f"{amount}{'个' if unit in ('工作日', '工作小时', '月') else ''}{unit}"


def _row(decl: FieldDecl, row: Mapping[str, Raw]) -> dict[str, Any]:
    values = {}
    for name, column in decl.columns.items():
        try:
            value = given(column, row.get(name, ""))
        except ValueProblem as error:
            raise ValueProblem(f"中的“{column.title}”{error}") from error
        if value is not None:
            values[name] = value
    return values


def _factors(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, mark, value = line.replace(":", "：").partition("：")
        if not mark or not value.strip():
            raise ValueProblem("应一行写一项，如“情形：取值”")
        found[key.strip()] = value.strip()
    return found
