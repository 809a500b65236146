"""用时：怎样取一段、返工和重新打开怎么算、各种单位怎么数、不为负、只增不减。"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.measuring import Measured, measure
from jiezhi.core.procedure.testing import TABLE

FRIDAY = datetime(2026, 7, 31, 16, 0, tzinfo=CHINA)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def define(start: str, end: str, unit: str = "小时") -> Definition:
    matter = {
        "matter": "demo.timed",
        "title": "计时件",
        "covers": ["B1"],
        "class": "群众诉求",
        "states": {"new": {"title": "待办"}, "done": {"title": "办结", "terminal": True}},
        "actions": {
            "register": {"title": "登记", "from": "start", "to": "new", "by": "reporter"},
            "serve": {"title": "送达", "from": "new", "by": "reporter", "serves": ["inform"]},
        },
        "measures": {"took": {"title": "用时", "from": start, "to": end, "unit": unit}},
    }
    return Definition.build(MatterDecl.model_validate(matter), {}, (), {})


def step(at: datetime, action: str, before: str | None = "new", to: str = "new", **effects: Any) -> dict:
    return {"at": at.isoformat(), "action": action, "from": before, "to": to, "effects": effects}


def took(bodies: list[dict], start: str, end: str, unit: str = "小时", now: datetime = FRIDAY) -> Measured:
    return measure(define(start, end, unit), bodies, TABLE, now)["took"]


def opened(at: datetime = FRIDAY) -> dict:
    return step(at, "register", None, done=["register"])


def dispatched(hours: int) -> dict:
    return step(FRIDAY + hours * HOUR, "dispatch", done=["dispatch"])


def answered(hours: int) -> dict:
    return step(FRIDAY + hours * HOUR, "answer", done=["answer"])


def reworked(hours: int) -> dict:
    return step(FRIDAY + hours * HOUR, "rework", done=["rework"], cleared=["answer"])


def test_not_started_running_and_done() -> None:
    assert took([opened()], "means.dispatch", "means.answer") == Measured()
    now = FRIDAY + 90 * timedelta(minutes=1)
    running = took([opened()], "means.register", "means.answer", now=now)
    assert running == Measured(1, 90, FRIDAY, None, True)
    done = took([opened(), answered(5)], "means.register", "means.answer", now=FRIDAY + 9 * HOUR)
    assert done == Measured(5, 300, FRIDAY, FRIDAY + 5 * HOUR, False)


@pytest.mark.parametrize(
    ("unit", "value", "minutes"),
    [("工作日", 2, None), ("日", 4, None), ("小时", 90, 5400), ("工作小时", 10, 600)],
)
def test_units(unit: str, value: int, minutes: int | None) -> None:
    """周五 16:00 到下周二 10:00：首日不计，周末不算工作日；工作小时是周五 2、周一 7、周二 1。"""
    found = took([opened(), answered(90)], "open", "means.answer", unit, now=FRIDAY + 9 * DAY)
    assert found.ended_at == datetime(2026, 8, 4, 10, 0, tzinfo=CHINA)
    assert (found.value, found.minutes) == (value, minutes)


def test_sending_back_does_not_start_again() -> None:
    bodies = [opened(), dispatched(1), step(FRIDAY + 2 * HOUR, "return", cleared=["dispatch"]), dispatched(3)]
    found = took([*bodies, answered(6)], "means.dispatch", "means.answer")
    assert (found.value, found.started_at) == (5, FRIDAY + HOUR)


def test_rework_goes_on_from_the_same_start() -> None:
    bodies = [opened(), answered(5), reworked(8)]
    running = took(bodies, "means.register", "means.answer", now=FRIDAY + 10 * HOUR)
    assert (running.value, running.running) == (10, True)
    found = took([*bodies, answered(20), answered(30)], "means.register", "means.answer")
    assert (found.value, found.running) == (20, False)


def test_last_completed_pair_wins() -> None:
    bodies = [dispatched(0), answered(5), reworked(8), dispatched(10)]
    again = took([*bodies, answered(12)], "means.dispatch", "means.answer")
    assert (again.value, again.started_at) == (2, FRIDAY + 10 * HOUR)
    unfinished = took([dispatched(0), answered(5), dispatched(10)], "means.dispatch", "means.answer")
    assert (unfinished.value, unfinished.running) == (5, False)
    voided = took(
        [dispatched(0), answered(5), dispatched(10), reworked(11)],
        "means.dispatch",
        "means.answer",
        now=FRIDAY + 13 * HOUR,
    )
    assert (voided.value, voided.running, voided.started_at) == (3, True, FRIDAY + 10 * HOUR)


def test_reopening_undoes_the_end() -> None:
    close = step(FRIDAY + 4 * HOUR, "close", "new", "done", closed=True)
    reopen = step(FRIDAY + 6 * HOUR, "reopen", "done", "new", closed=False)
    for end in ("state.done", "means.end"):
        assert took([opened(), close], "open", end).value == 4
        found = took([opened(), close, reopen], "open", end, now=FRIDAY + 7 * HOUR)
        assert (found.value, found.running) == (7, True)


def test_actions_states_and_service() -> None:
    bodies = [opened(), step(FRIDAY + HOUR, "serve"), step(FRIDAY + 3 * HOUR, "close", "new", "done")]
    assert took(bodies, "action.register", "action.close").value == 3
    assert took(bodies, "state.new", "state.done").value == 3
    assert took(bodies, "served.inform", "state.done").value == 2
    # 停在原环节的一步不算“到了这个环节”
    assert took([opened(), step(FRIDAY + HOUR, "serve")], "open", "state.new").value == 0


def test_one_step_that_is_both_ends() -> None:
    assert took([opened()], "open", "means.register") == Measured(0, 0, FRIDAY, FRIDAY, False)
    visits = [step(FRIDAY + h * HOUR, "visit") for h in (0, 3, 10)]
    assert took(visits[:2], "action.visit", "action.visit").value == 3
    assert took(visits, "action.visit", "action.visit").value == 7


def test_late_entry_is_never_negative() -> None:
    early = step(FRIDAY - 5 * HOUR, "answer", done=["answer"])
    for unit in ("工作日", "日", "小时", "工作小时"):
        assert took([opened(), early], "open", "means.answer", unit).value == 0
        assert took([opened()], "open", "means.answer", unit, now=FRIDAY - DAY).value == 0


KINDS = {"dispatch": dispatched, "answer": answered, "rework": reworked}


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.integers(-48, 400)), max_size=12),
    unit=st.sampled_from(["工作日", "日", "小时", "工作小时"]),
    wait=st.integers(0, 500),
)
def test_never_negative_and_grows_with_time(steps: list[tuple[str, int]], unit: str, wait: int) -> None:
    bodies = [opened(), *(KINDS[name](hours) for name, hours in steps)]
    one = took(bodies, "means.dispatch", "means.answer", unit)
    two = took(bodies, "means.dispatch", "means.answer", unit, now=FRIDAY + wait * HOUR)
    if one.value is None:
        assert two == one and all(name != "dispatch" for name, _ in steps)
        return
    assert two.value is not None and 0 <= one.value <= two.value
    assert one.running == two.running == (one.ended_at is None)
    if not one.running:
        assert one == two and one.started_at is not None and one.started_at <= one.ended_at
