"""视为送达日怎么算、填错了拦不拦、送达全了没有。"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiezhi.base.casework.extensions import Context
from jiezhi.core.calendar import DayTable
from jiezhi.services.serving import resolve
from jiezhi.services.serving.resolve import deemed_day, served_days

TABLE = DayTable.from_chinesecalendar(2025, 2026)
LOCAL = ZoneInfo("Asia/Shanghai")
WAYS = ["直接送达", "留置送达", "电子送达", "委托送达", "邮寄送达"]
DAYS = st.dates(date(2025, 1, 1), date(2026, 11, 20))


@given(DAYS, st.sampled_from(WAYS))
def test_every_other_way_counts_from_its_own_day(day: date, way: str) -> None:
    assert deemed_day(way, day, TABLE) == day


@given(DAYS)
def test_announcement_takes_thirty_whole_days(day: date) -> None:
    found = deemed_day("公告送达", day, TABLE)
    last = day + timedelta(days=30)
    assert found == (last if TABLE.is_workday(last) else TABLE.next_workday(last))


@pytest.mark.parametrize(
    ("on", "wanted"),
    [
        (date(2026, 8, 10), date(2026, 9, 9)),  # 周三
        (date(2026, 9, 1), date(2026, 10, 8)),  # 10月1日是国庆，顺延到假后第一日
        (date(2026, 8, 6), date(2026, 9, 7)),  # 9月5日是周六
    ],
)
def test_announcement_dates(on: date, wanted: date) -> None:
    assert deemed_day("公告送达", on, TABLE) == wanted


def context(at: datetime = datetime(2026, 8, 10, 10, tzinfo=LOCAL), **values: Any) -> Context:
    work: Any = SimpleNamespace(table=TABLE, now=at)
    return Context(work, None, values, None, at, None, at)


def test_the_fact_fills_the_day() -> None:
    assert resolve.deemed(context(inform_way="公告送达", inform_on="2026-08-10")) == "2026-09-09"
    assert resolve.deemed(context(inform_way="邮寄送达", inform_on="2026-08-10")) == "2026-08-10"
    assert resolve.deemed(context(inform_way="邮寄送达")) is None


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ({"way": "直接送达", "on": "2026-08-10", "deemed": "2026-08-10"}, True),
        ({"way": "直接送达", "on": "2026-08-10", "deemed": "2026-08-09"}, False),
        ({"way": "直接送达", "on": "2026-08-11", "deemed": "2026-08-11"}, False),  # 还没有到的日子
        ({"way": "公告送达", "on": "2026-08-10", "deemed": "2026-08-10"}, False),
        ({"way": "公告送达", "on": "2026-08-10", "deemed": "2026-09-09"}, True),
        (
            {
                "way": "电子送达",
                "on": "2026-08-10",
                "deemed": "2026-08-10",
                "arrived": "2026-08-10T09:00:00+08:00",
            },
            True,
        ),
        # 北京时间 8月10日 0点30分
        (
            {
                "way": "电子送达",
                "on": "2026-08-10",
                "deemed": "2026-08-10",
                "arrived": "2026-08-09T16:30:00+00:00",
            },
            True,
        ),
        (
            {
                "way": "电子送达",
                "on": "2026-08-10",
                "deemed": "2026-08-10",
                "arrived": "2026-08-09T09:00:00+08:00",
            },
            False,
        ),
        ({"way": None, "on": None, "deemed": None}, False),
    ],
)
def test_a_day_that_was_not_worked_out_is_refused(given: dict[str, Any], right: bool) -> None:
    assert resolve.deemed_right(context(), **given) is right


STEPS = st.lists(
    st.one_of(st.just("inform"), st.just("other"), st.sampled_from(["甲", "乙", "丙"])), max_size=12
)


@given(STEPS)
def test_only_the_service_after_the_last_paper_counts(steps: list[str]) -> None:
    bodies = []
    wanted: dict[str, str] = {}
    for number, step in enumerate(steps, 1):
        effects: dict[str, Any] = {}
        if step == "inform":
            effects, wanted = {"done": ["inform"]}, {}
        elif step != "other":
            effects = {"serves": ["inform"], "served": {"to": step, "deemed": f"2026-08-{number:02}"}}
            wanted[step] = f"2026-08-{number:02}"
        bodies.append({"seq": number, "effects": effects, "from": "a", "to": "a"})
    assert served_days(bodies, "inform") == wanted
    assert served_days(bodies, "decide") == {}
