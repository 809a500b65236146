"""字段值的检查和规范写法：进来什么样都行，存下来只有一种样子（可直接进规范字节）。

规范写法里没有小数：钱是整数分，坐标是保留 7 位的十进制字符串（约 1 厘米），日期是 YYYY-MM-DD,
时刻是带时区的 ISO 8601。
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from jiezhi.core.calendar import parse_duration
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.identifiers import party_identifier

MAX_TEXT = 20_000
MAX_MANY = 50
FIRST_YEAR, LAST_YEAR = 1900, 2099
_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_SHORT = FieldDecl(title="文字", type=FieldType.TEXT, max=200)
_PARTY_KEYS = {"name", "phone", "identifier", "identifier_kind", "address", "account", "kind"}
_PLACE_KEYS = {"lon", "lat", "address", "doorplate"}


class ValueProblem(ValueError):
    """填的值不合要求；消息是给人看的中文。"""


def normalize(decl: FieldDecl, value: Any) -> Any:
    """按字段声明检查一个值，返回规范写法；None 和空串返回 None（没有填）。不合要求抛 ValueProblem。"""
    if value is None or value == "" or value == []:
        return None
    return _several(decl, value) if decl.many else _CHECKS[decl.type](decl, value)


def _several(decl: FieldDecl, value: Any) -> list[Any] | None:
    """`many` 的字段：逐个检查，去掉重复的；`min`、`max` 说的是个数。"""
    one = decl.model_copy(update={"many": False, "min": None, "max": None})
    found: list[Any] = []
    for item in value if isinstance(value, list) else [value]:
        clean = normalize(one, item)
        if clean is not None and clean not in found:
            found.append(clean)
    if found and decl.min and len(found) < decl.min:
        raise ValueProblem(f"至少 {decl.min} 个")
    if len(found) > (decl.max or MAX_MANY):
        raise ValueProblem(f"最多 {decl.max or MAX_MANY} 个")
    return found or None


def _text(decl: FieldDecl, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueProblem("应为文字")
    text = value.replace("\x00", "").strip()
    limit = decl.max or MAX_TEXT
    if len(text) > limit:
        raise ValueProblem(f"最多 {limit} 字，现有 {len(text)} 字")
    if decl.min and len(text) < decl.min:
        raise ValueProblem(f"至少 {decl.min} 字")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueProblem("含有无法保存的字符") from error
    return text


def _choice(decl: FieldDecl, value: Any) -> str:
    text = str(value)
    if text not in decl.choices:
        raise ValueProblem(f"只能选：{'、'.join(decl.choices.values())}")
    return text


def _flag(decl: FieldDecl, value: Any) -> bool:
    table = {True: True, False: False, "是": True, "否": False, "true": True, "false": False, "on": True}
    if isinstance(value, bool | str) and value in table:
        return table[value]
    raise ValueProblem("只能填“是”或“否”")


def _code(decl: FieldDecl, value: Any) -> str:
    return _text(decl, value)


def _integer(decl: FieldDecl, value: Any) -> int:
    if isinstance(value, bool):
        raise ValueProblem("应为整数")
    try:
        number = int(str(value).replace(",", "").strip())
    except ValueError as error:
        raise ValueProblem("应为整数") from error
    low = 0 if decl.min is None else decl.min
    if number < low:
        raise ValueProblem(f"不能小于 {low}")
    if decl.max is not None and number > decl.max:
        raise ValueProblem(f"不能大于 {decl.max}")
    if number > 2**53 - 1:
        raise ValueProblem("数字太大")
    return number


def _rating(decl: FieldDecl, value: Any) -> int:
    number = _integer(decl, value)
    if not 1 <= number <= (decl.max or 5):
        raise ValueProblem(f"评分为 1 到 {decl.max or 5}")
    return number


def _year(value: date) -> None:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueProblem(f"年份应在 {FIRST_YEAR} 到 {LAST_YEAR} 之间")


def _date(decl: FieldDecl, value: Any) -> str:
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        try:
            value = date.fromisoformat(str(value).strip())
        except ValueError as error:
            raise ValueProblem("日期应写成 2026-08-01 的样子") from error
    _year(value)
    text: str = value.isoformat()
    return text


def _datetime(decl: FieldDecl, value: Any) -> str:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise ValueProblem("时间应写成 2026-08-01 09:30 的样子") from error
    if moment.tzinfo is None:
        raise ValueProblem("时间缺少时区")
    _year(moment.date())
    return moment.isoformat()


def _duration(decl: FieldDecl, value: Any) -> str:
    try:
        return str(parse_duration(str(value)))
    except ValueError as error:
        raise ValueProblem(str(error)) from error


def _degrees(value: Any, limit: int, what: str) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueProblem(f"{what}应为数字") from error
    if not number.is_finite() or abs(number) > limit:
        raise ValueProblem(f"{what}超出范围")
    return f"{number:.7f}"


def _place(decl: FieldDecl, value: Any) -> dict[str, str]:
    if isinstance(value, str):
        value = {"address": value}
    if not isinstance(value, dict) or set(value) - _PLACE_KEYS:
        raise ValueProblem("地点应包含地址、门牌或坐标")
    result: dict[str, str] = {}
    lon, lat = value.get("lon"), value.get("lat")
    if lon not in (None, "") or lat not in (None, ""):
        if lon in (None, "") or lat in (None, ""):
            raise ValueProblem("坐标要同时有经度和纬度")
        result["lon"], result["lat"] = _degrees(lon, 180, "经度"), _degrees(lat, 90, "纬度")
    for key in ("address", "doorplate"):
        if value.get(key):
            result[key] = _text(_SHORT, value[key])
    if not result:
        raise ValueProblem("地点应包含地址、门牌或坐标")
    return result


def _party(decl: FieldDecl, value: Any) -> dict[str, str]:
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict) or set(value) - _PARTY_KEYS:
        raise ValueProblem("当事人应包含姓名或名称、电话等")
    result = {key: _text(_SHORT, item) for key, item in value.items() if item}
    phone = result.get("phone", "")
    if phone and not re.fullmatch(r"\+?[0-9][0-9\- ]{4,19}", phone):
        raise ValueProblem("电话只能是数字，可带区号")
    if "identifier" in result:
        number, wrong = party_identifier(result.get("identifier_kind", ""), result["identifier"])
        if wrong:
            raise ValueProblem(f"的证件号不对：{wrong}")
        result["identifier"] = number
    if not result:
        raise ValueProblem("当事人应包含姓名或名称、电话等")
    return result


def _reference(decl: FieldDecl, value: Any) -> str:
    text = str(value).strip()
    if not text or len(text) > 80 or not text.isprintable():
        raise ValueProblem(f"请选择{decl.title}")
    return text


def _files(decl: FieldDecl, value: Any) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise ValueProblem("材料要先上传")
    if not all(isinstance(item, str) and _DIGEST.match(item) for item in items):
        raise ValueProblem("材料要先上传")
    unique = list(dict.fromkeys(items))
    if decl.min and len(unique) < decl.min:
        raise ValueProblem(f"至少 {decl.min} 份")
    if len(unique) > (decl.max or 20):
        raise ValueProblem(f"最多 {decl.max or 20} 份")
    return unique


def _rows(decl: FieldDecl, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ValueProblem("应为若干行")
    if len(value) > (decl.max or 500):
        raise ValueProblem(f"最多 {decl.max or 500} 行")
    result = []
    for index, row in enumerate(value, 1):
        extra = set(row) - set(decl.columns)
        if extra:
            raise ValueProblem(f"第 {index} 行有不认得的列：{'、'.join(sorted(extra))}")
        clean = {}
        for name, column in decl.columns.items():
            try:
                item = normalize(column, row.get(name))
            except ValueProblem as error:
                raise ValueProblem(f"第 {index} 行“{column.title}”{error}") from error
            if item is not None:
                clean[name] = item
        result.append(clean)
    return result


def _factors(decl: FieldDecl, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueProblem("应为情形和取值")
    clean: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, bool) or isinstance(item, int) and abs(item) <= 2**53 - 1:
            clean[_text(_SHORT, key)] = item
        elif isinstance(item, str):
            clean[_text(_SHORT, key)] = _text(_SHORT, item)
        else:
            raise ValueProblem("情形的取值只能是文字、整数或是否")
    return clean


_CHECKS = {
    FieldType.TEXT: _text,
    FieldType.CHOICE: _choice,
    FieldType.FLAG: _flag,
    FieldType.CODE: _code,
    FieldType.MONEY: _integer,
    FieldType.COUNT: _integer,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.DURATION: _duration,
    FieldType.PLACE: _place,
    FieldType.PARTY: _party,
    FieldType.OFFICER: _reference,
    FieldType.UNIT: _reference,
    FieldType.AREA: _reference,
    FieldType.POWER: _reference,
    FieldType.FILE: _files,
    FieldType.ROWS: _rows,
    FieldType.RATING: _rating,
    FieldType.FACTORS: _factors,
}
