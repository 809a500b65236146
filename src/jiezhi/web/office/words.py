"""给人看的写法：日期、还剩多久、字段值。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from jiezhi.base.casework.models import Clock
from jiezhi.core.calendar import CHINA, DayTable, Duration, Remaining, Unit, parse_duration
from jiezhi.core.calendar.durations import spoken
from jiezhi.core.calendar.periods import spoken_minutes
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.measuring import Measured

DAY_END = timedelta(microseconds=1)
PARTY_WORDS = {
    "name": "姓名",
    "phone": "电话",
    "identifier": "证件号",
    "identifier_kind": "证件种类",
    "address": "住址",
    "account": "账号",
    "kind": "种类",
}
LIGHT_MARKS = {"正常": "ok", "临期": "soon", "超期": "late", "": "none"}


def local(moment: datetime) -> datetime:
    """北京时间。"""
    return moment.astimezone(CHINA)


def day(moment: datetime, now: datetime) -> str:
    """8月12日；不是今年的带年份。"""
    there, here = local(moment), local(now)
    text = f"{there.month}月{there.day}日"
    return text if there.year == here.year else f"{there.year}年{text}"


def clock_time(moment: datetime, now: datetime) -> str:
    """8月12日 09:30。"""
    return f"{day(moment, now)} {local(moment):%H:%M}"


def due_words(due_at: datetime, now: datetime) -> str:
    """到期：整日届满的写最后一日（“8月12日前”含当日），按小时的写到分。"""
    there = local(due_at)
    if (there.hour, there.minute, there.second) == (0, 0, 0):
        return f"{day(due_at - DAY_END, now)}前"
    return f"{clock_time(due_at, now)} 前"


def measured_in(limit: str) -> Unit:
    """期限按什么计：工作日、工作小时、小时；月、年按日说。写不明白的按工作日。"""
    try:
        written = parse_duration(limit)
    except ValueError:
        return Unit.WORKDAY
    unit = written.unit if isinstance(written, Duration) else Unit.DAY
    return unit if unit in (Unit.WORKDAY, Unit.HOUR, Unit.WORK_HOUR) else Unit.DAY


def remaining(due_at: datetime, now: datetime, table: DayTable, unit: Unit) -> str:
    """还剩3个工作日、今天到期、已超2个工作日。`due_at` 是不含在内的终点。"""
    overdue = now >= due_at
    end = local(due_at)
    whole_day = (end.hour, end.minute, end.second) == (0, 0, 0)
    if not whole_day or unit.measured_in_hours:
        if unit is Unit.WORK_HOUR:
            minutes = (table.office_position(due_at) - table.office_position(now)) // 60_000_000
        else:
            unit, minutes = Unit.HOUR, int((due_at - now).total_seconds() // 60)
        minutes = abs(minutes)
        if unit is Unit.HOUR and minutes >= 48 * 60:
            return f"{'已超' if overdue else '还剩'}{minutes // 1440}日"
        return str(Remaining(minutes, unit, overdue))
    last, today = (end - DAY_END).date(), local(now).date()
    if unit is Unit.WORKDAY:
        amount = table.workdays_between(today, last)
        if overdue and amount == 0:
            return "已超期（不足1个工作日）"
    else:
        amount = (last - today).days
    return str(Remaining(amount, unit, overdue, today == last))


@dataclass(frozen=True, slots=True)
class Light:
    """时限预警：一个词、一个样式名、还剩多久、哪天前、哪个时限。"""

    word: str
    mark: str
    left: str
    due: str
    clock: str = ""


def light(
    word: str, due_at: datetime | None, now: datetime, table: DayTable, clock: Clock | None, title: str
) -> Light:
    """一件的灯。没有在计时的为空词。"""
    if due_at is None or not word:
        return Light("", "none", "", "")
    unit = measured_in(clock.limit) if clock else Unit.WORKDAY
    return Light(word, LIGHT_MARKS[word], remaining(due_at, now, table, unit), due_words(due_at, now), title)


@dataclass(slots=True)
class Names:
    """代号 → 名称；一页里查一次。"""

    units: Mapping[str, str] = field(default_factory=dict)
    officers: Mapping[str, str] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def measured_words(found: Measured, unit: str) -> str:
    """一项用时：3个工作日、2小时10分钟；在走的写“已用”。"""
    if found.value is None:
        return ""
    if found.minutes is not None:
        text = spoken_minutes(found.minutes, "工作" if unit == Unit.WORK_HOUR else "")
    else:
        text = spoken(found.value, Unit(unit))
    return f"已用{text}" if found.running else text


def value_words(decl: FieldDecl, value: Any, names: Names) -> str:
    """字段值给人看的写法；材料另外显示。"""
    if value is None or value == "":
        return ""
    if value == ERASED:
        return ERASED
    match decl.type:
        case FieldType.FLAG:
            return "是" if value is True else "否" if value is False else str(value)
        case FieldType.CHOICE:
            return decl.choices.get(str(value), str(value))
        case FieldType.CODE:
            return str(value).replace("/", " · ")
        case FieldType.MONEY if isinstance(value, int):
            return f"{value / 100:,.2f} 元"
        case FieldType.COUNT:
            return f"{value} {decl.unit or ''}".strip()
        case FieldType.RATING:
            return f"{value} 分（满分 {decl.max or 5} 分）"
        case FieldType.UNIT:
            return names.units.get(str(value), str(value))
        case FieldType.OFFICER:
            return names.officers.get(str(value), str(value))
        case FieldType.AREA:
            return names.areas.get(str(value), str(value))
        case FieldType.DATETIME:
            return _moment(value)
        case FieldType.PLACE if isinstance(value, dict):
            return place_words(value)
        case FieldType.PARTY if isinstance(value, dict):
            return " ".join(str(value[key]) for key in PARTY_WORDS if value.get(key))
        case FieldType.ROWS if isinstance(value, list):
            return "；".join(_row_words(decl, row, names) for row in value if isinstance(row, dict))
        case FieldType.FACTORS if isinstance(value, dict):
            return "；".join(f"{key}：{item}" for key, item in value.items())
        case FieldType.FILE if isinstance(value, list):
            return f"{len(value)} 份"
    return str(value)


def _row_words(decl: FieldDecl, row: Mapping[str, Any], names: Names) -> str:
    parts = [
        f"{column.title} {value_words(column, row[name], names)}"
        for name, column in decl.columns.items()
        if name in row
    ]
    return "，".join(parts)


def _moment(value: Any) -> str:
    try:
        there = local(datetime.fromisoformat(str(value)))
    except ValueError:
        return str(value)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"


def place_words(value: Mapping[str, Any]) -> str:
    """地址、门牌；只有坐标的写坐标。"""
    parts = [str(value["address"])] if value.get("address") else []
    if value.get("doorplate"):
        parts.append(f"（门牌 {value['doorplate']}）")
    if not parts and value.get("lon"):
        parts.append(f"东经 {value['lon']}，北纬 {value['lat']}")
    return "".join(parts)
