"""还剩多久、到期怎么说、字段值怎么显示。"""

from __future__ import annotations

from datetime import datetime

import pytest

from jiezhi.core.calendar import CHINA, DayTable, Unit, seed_table
from jiezhi.core.procedure.fields import FieldDecl
from jiezhi.core.procedure.measuring import Measured
from jiezhi.web.office import words

TABLE: DayTable = seed_table()


def at(day: int, hour: int = 0, minute: int = 0, month: int = 8) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("due", "now", "unit", "said"),
    [
        (at(8), at(4, 9), Unit.WORKDAY, "还剩3个工作日"),  # 8月7日（周五）当日届满
        (at(8), at(7, 17), Unit.WORKDAY, "今天到期"),
        (at(8), at(8, 10), Unit.WORKDAY, "已超期（不足1个工作日）"),  # 周六
        (at(8), at(11, 9), Unit.WORKDAY, "已超2个工作日"),
        (at(8), at(4, 9), Unit.DAY, "还剩3日"),
        (at(4, 11), at(4, 9), Unit.HOUR, "还剩2小时"),
        (at(4, 11), at(4, 11, 30), Unit.HOUR, "已超30分钟"),
        (at(4, 11), at(1, 11), Unit.HOUR, "还剩3日"),
        (at(5, 10), at(4, 17), Unit.WORK_HOUR, "还剩2个工作小时"),
    ],
)
def test_what_is_left_in_words(due: datetime, now: datetime, unit: Unit, said: str) -> None:
    assert words.remaining(due, now, TABLE, unit) == said


def test_time_taken_in_words() -> None:
    assert words.measured_words(Measured(), "工作日") == ""
    assert words.measured_words(Measured(3), "工作日") == "3个工作日"
    assert words.measured_words(Measured(2, 130, running=True), "工作小时") == "已用2个工作小时10分钟"


def test_a_whole_day_period_names_its_last_day() -> None:
    assert words.due_words(at(13), at(1)) == "8月12日前"
    assert words.due_words(at(12, 15), at(1)) == "8月12日 15:00 前"
    assert words.due_words(datetime(2027, 1, 5, tzinfo=CHINA), at(1)) == "2027年1月4日前"


@pytest.mark.parametrize(
    ("declared", "value", "said"),
    [
        ({"type": "money"}, 123450, "1234.50元"),
        ({"type": "count", "unit": "人次"}, 3, "3人次"),
        ({"type": "flag"}, True, "是"),
        ({"type": "date"}, "2026-08-01", "2026年8月1日"),
        ({"type": "money"}, 500000, "5000元"),
        ({"type": "factors"}, {"首次": True, "次数": 2}, "首次：是；次数：2"),
        ({"type": "rating", "max": 5}, 4, "4分（满分5分）"),
        ({"type": "unit"}, "law", "执法队"),
        ({"type": "code", "list": "c"}, "城乡建设/占道经营", "城乡建设 · 占道经营"),
        ({"type": "place"}, {"address": "东桥路12号", "doorplate": "44"}, "东桥路12号（门牌 44）"),
        ({"type": "datetime"}, "2026-08-01T01:30:00+00:00", "2026年8月1日9时30分"),
        ({"type": "rows", "columns": {"a": {"title": "名称", "type": "text"}}}, [{"a": "伞"}], "名称 伞"),
        ({"type": "party"}, "已依法清除", "已依法清除"),
    ],
)
def test_values_in_words(declared: dict[str, object], value: object, said: str) -> None:
    decl = FieldDecl.model_validate({"title": "某项", **declared})
    assert words.value_words(decl, value, words.Names(units={"law": "执法队"})) == said
