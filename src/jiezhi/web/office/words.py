"""给人看的写法：日期、还剩多久、字段值。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jiezhi.base.casework.models import Clock
from jiezhi.core import prose
from jiezhi.core.calendar import (
    CHINA,
    DayTable,
    Duration,
    Remaining,
    Unit,
    last_day_of,
    parse_duration,
    whole_day,
)
from jiezhi.core.calendar.durations import spoken
from jiezhi.core.calendar.periods import spoken_minutes
from jiezhi.core.procedure import plain
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.measuring import Measured
from jiezhi.core.prose import short_day

LIGHT_MARKS = {"正常": "ok", "临期": "soon", "超期": "late", "": "none"}


def local(moment: datetime) -> datetime:
    """北京时间。"""
    return moment.astimezone(CHINA)


def day(moment: datetime, now: datetime) -> str:
    """8月12日；不是今年的带年份。"""
    return short_day(local(moment).date(), local(now).year)


def clock_time(moment: datetime, now: datetime) -> str:
    """8月12日 09:30。"""
    return f"{day(moment, now)} {local(moment):%H:%M}"


def due_words(due_at: datetime, now: datetime) -> str:
    """到期：整日届满的写最后一日（“8月12日前”含当日），按小时的写到分。"""
    return prose.due_words(due_at, now) + ("前" if whole_day(due_at) else " 前")


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
    if not whole_day(due_at) or unit.measured_in_hours:
        if unit is Unit.WORK_HOUR:
            minutes = (table.office_position(due_at) - table.office_position(now)) // 60_000_000
        else:
            unit, minutes = Unit.HOUR, int((due_at - now).total_seconds() // 60)
        minutes = abs(minutes)
        if unit is Unit.HOUR and minutes >= 48 * 60:
            return f"{'已超' if overdue else '还剩'}{minutes // 1440}日"
        return str(Remaining(minutes, unit, overdue))
    last, today = last_day_of(due_at), local(now).date()
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
    powers: Mapping[str, str] = field(default_factory=dict)

    def get(self, decl: FieldDecl, value: str) -> str:
        """名称；没有的照写代号，代码的各级用间隔号分开。"""
        if decl.type is FieldType.CODE:
            return value.replace("/", " · ")
        known = {
            FieldType.UNIT: self.units,
            FieldType.OFFICER: self.officers,
            FieldType.AREA: self.areas,
            FieldType.POWER: self.powers,
        }
        return known[decl.type].get(value, value)


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
    """字段值给人看的写法；地点另写门牌，材料另外显示。"""
    words = plain.value_words(decl, value, names.get)
    if decl.type is FieldType.PLACE and isinstance(value, dict) and {"address", "doorplate"} <= value.keys():
        words += f"（门牌 {value['doorplate']}）"
    return words
