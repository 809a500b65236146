"""追责时效、年龄、一事不再罚款。"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from jiezhi.base.casework.engine.env import Lookups
from jiezhi.base.casework.extensions import Context
from jiezhi.core.calendar import DayTable
from jiezhi.core.procedure.view import CaseView, ClockView
from jiezhi.services.enforcement import resolve

NOW = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
TABLE = DayTable.from_chinesecalendar(2020, 2026)


class Work:
    now = NOW
    table = TABLE

    def __init__(self) -> None:
        self.look = Lookups(self)  # type: ignore[arg-type]


def context(view: CaseView | None = None, at: datetime = NOW, **values: Any) -> Context:
    return Context(Work(), view, values, now=NOW, at=at)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("acted", "more", "within"),
    [
        ("2024-08-03", {}, True),
        ("2024-08-02", {}, False),
        ("2022-01-01", {"act_ended_on": "2024-08-03"}, True),
        ("2022-01-01", {"act_ended_on": "2024-08-02"}, False),
        ("2021-08-03", {"endangers": True}, True),
        ("2021-08-02", {"endangers": True}, False),
        ("2021-08-03", {"endangers": False}, False),
    ],
)
def test_two_years_or_five(acted: str, more: dict[str, Any], within: bool) -> None:
    assert resolve.within_limitation(context(act_on=acted, **more)) is within


def test_the_limit_runs_to_the_discovery_not_to_the_filing() -> None:
    view = CaseView("u", "clue", opened_at=datetime(2026, 8, 1, 2, 0, tzinfo=UTC))
    assert resolve.within_limitation(context(view, act_on="2024-08-01"))
    assert not resolve.within_limitation(context(act_on="2024-08-01"))
    assert not resolve.within_limitation(context())


def test_the_last_day_is_not_put_off_by_a_holiday() -> None:
    # 2026-02-17 是春节假期
    assert resolve.last_day(date(2024, 2, 17), False, TABLE) == date(2026, 2, 17)


@pytest.mark.parametrize(
    ("acted", "band"),
    [
        ("2026-08-03", "不满14"),
        ("2026-08-04", "已满14未满18"),
        ("2030-08-03", "已满14未满18"),
        ("2030-08-04", "成年人"),
    ],
)
def test_a_year_is_full_on_the_day_after_the_birthday(acted: str, band: str) -> None:
    assert resolve.band(date(2012, 8, 3), date.fromisoformat(acted)) == band


def person(number: str) -> dict[str, str]:
    return {"name": "某", "identifier": number}


BOY, MAN = "44030020130910123X", "440300199003077011"
UNIT = {"name": "某公司", "identifier": "91350100M000100Y43"}


@pytest.mark.parametrize(
    ("values", "met"),
    [
        ({"party_kind": "法人或其他组织", "age_band": "不适用", "parties": [UNIT], "fine": 100}, True),
        ({"party_kind": "法人或其他组织", "age_band": "成年人", "parties": [UNIT]}, False),
        ({"party_kind": "自然人", "age_band": "不适用", "parties": [person(MAN)]}, False),
        ({"party_kind": "自然人", "age_band": None, "parties": [person(MAN)]}, False),
        ({"party_kind": "自然人", "age_band": "成年人", "parties": [person(MAN)], "fine": 100}, True),
        ({"party_kind": "自然人", "age_band": "成年人", "parties": [person(BOY)], "fine": 100}, False),
        ({"party_kind": "自然人", "age_band": "成年人", "parties": [person(MAN), person(BOY)]}, False),
        ({"party_kind": "自然人", "age_band": "不满14", "parties": [person(BOY)], "fine": 100}, False),
        (
            {"party_kind": "自然人", "age_band": "不满14", "parties": [person(BOY)], "decision_kind": "处罚"},
            False,
        ),
        (
            {
                "party_kind": "自然人",
                "age_band": "不满14",
                "parties": [person(BOY)],
                "decision_kind": "轻微不罚",
            },
            True,
        ),
        (
            {"party_kind": "自然人", "age_band": "成年人", "parties": [{"name": "没有带证件"}], "fine": 1},
            True,
        ),
    ],
)
def test_age(values: dict[str, Any], met: bool) -> None:
    assert resolve.age_respected(context(act_on="2026-08-03", **values)) is met


def test_surcharge_reads_the_clock_or_the_instalment() -> None:
    due = datetime(2026, 7, 23, 16, 0, tzinfo=UTC)  # 7 月 24 日零时：最后一天是 23 日
    clock = ClockView("pay", "", 1, "ended", datetime(2026, 7, 8, tzinfo=UTC), due)
    view = CaseView("u", "performing", fields={"fine": 10_000}, clocks=[clock])
    assert resolve.surcharged(context(view)) == 10_000 * 3 * 11 // 100
    assert resolve.surcharged(context(view, dispute_on="2026-07-30")) == 10_000 * 3 * 6 // 100
    assert resolve.surcharged(context(amount=10_000, due_on="2026-08-01")) == 10_000 * 3 * 2 // 100
    assert resolve.surcharged(context(fine=10_000)) is None
