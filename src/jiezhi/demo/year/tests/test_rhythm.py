"""一年的起伏、话的样子：不碰数据库。"""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import pytest

from jiezhi.core.calendar import DayTable
from jiezhi.demo.organisation import build_dispatch, build_units
from jiezhi.demo.street import build_street
from jiezhi.demo.year.rhythm import RAIN, Year
from jiezhi.demo.year.words import Words, load

TABLE = DayTable.from_chinesecalendar(2025, 2026)


@pytest.fixture(scope="module")
def year() -> Year:
    return Year(date(2025, 11, 23), date(2026, 11, 22), random.Random("weather"), TABLE)


@pytest.fixture(scope="module")
def words() -> Words:
    return Words()


def test_weekends_are_lighter_and_later_holidays_lighter_still_and_the_day_after_is_full(year: Year) -> None:
    rng = random.Random(1)
    moments = [year.arrival(rng) for _ in range(40_000)]
    days = Counter(moment.date() for moment in moments)

    def mean(chosen: list[date]) -> float:
        return sum(days[day] for day in chosen) / len(chosen)

    every = [year.first + timedelta(days=n) for n in range(365)]
    dry = [day for day in every if day not in year.rain and day - timedelta(days=1) not in year.rain]
    holidays = [day for day in dry if year.holiday(day)]
    work = [day for day in dry if TABLE.is_workday(day) and day not in holidays]
    rest = [day for day in dry if not TABLE.is_workday(day) and day not in holidays]
    after = [day for day in work if year.holiday(day - timedelta(days=1))]
    assert mean(holidays) < mean(rest) < mean(work) < mean(after) < mean(sorted(year.rain))
    assert date(2026, 2, 17) in holidays and date(2026, 10, 3) in holidays

    def evening(chosen: list[date]) -> float:
        hours = [moment.hour for moment in moments if moment.date() in set(chosen)]
        return sum(hour >= 19 for hour in hours) / len(hours)

    assert evening(rest) > 1.2 * evening(work)
    assert all(year.first <= moment.date() <= year.last for moment in moments)


def test_rain_and_seasons_bring_their_own_troubles(year: Year) -> None:
    assert 8 <= len(year.rain) <= 16 and all(4 <= day.month <= 9 for day in year.rain)
    noon = year.between(10, 10, random.Random(1), office=True)
    wet = noon.replace(year=2026, month=min(year.rain).month, day=min(year.rain).day)
    for category in RAIN:
        assert year.favour(category, wet) > year.favour(category, noon)
    wages = "劳动和社会保障/拖欠工资"
    assert year.favour(wages, noon.replace(month=1)) > year.favour(
        wages, noon.replace(year=2026, month=4, day=1)
    )


def test_office_moments_fall_on_working_days_in_office_hours(year: Year) -> None:
    rng = random.Random(2)
    for _ in range(300):
        moment = year.visit(rng)
        assert TABLE.is_workday(moment.date()) and 8 <= moment.hour <= 17


def test_every_kind_of_report_has_words_and_a_unit(words: Words) -> None:
    street = build_street()
    ruled = {
        (rule.category, rule.subcategory)
        for rule in build_dispatch(build_units(street.street, street.communities))
    }
    assert {tuple(name.split("/")) for name in words.topics} == ruled
    places = {building.setting + building.kind for building in street.buildings}
    for name, topic in words.topics.items():
        assert set(topic["at"]) <= places, name


def test_words_are_filled_and_rarely_repeat(words: Words) -> None:
    rng, seen, said = random.Random(3), set(), 0
    for voice in ("snapshot", "hotline", "online"):
        for category in words.topics:
            for _ in range(20):
                report = words.report(rng, voice, category, "桥畔新村3栋")
                texts = [
                    report.title,
                    report.text,
                    *(words.about(rng, report, part) for part in ("found", "done", "again")),
                ]
                assert not any(mark in text for text in texts for mark in "$|~()"), texts
                seen.add(report.text)
                said += 1
    assert len(seen) > 0.93 * said
    for kind in words.office:
        assert not any(mark in words.say(rng, kind, other="区城管局", again="又来了") for mark in "$|~()")


def test_what_is_said_keeps_to_the_same_trouble(words: Words) -> None:
    rng = random.Random(4)
    for _ in range(60):
        report = words.report(rng, "hotline", "交通运输/停车秩序", "桥畔公园", theme="e")
        assert "僵尸车" in report.title
        assert "无障碍" not in words.about(rng, report, "done")


def test_enforcement_texts_do_not_name_anyone() -> None:
    for kind, scenes in load("enforcement").items():
        for scene in scenes if kind in ("spot", "caution", "penalty") else []:
            assert {"cause", "kind"} <= set(scene), scene
