"""跨年的时限：明年放假安排没有公布就是暂定，公布后重算，也是一条办理记录。"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from jiezhi.base.casework import queries, upkeep
from jiezhi.base.registry import actions as registry


def test_a_deadline_in_a_year_not_yet_announced_is_provisional(desk: Any) -> None:
    """年底的件办到明年：明年放假安排没有公布，时限暂定；公布后作一条办理记录重算。"""
    desk.at(12, 28)
    case = desk.report("学校门口摊档把路堵死", desk.building(2, 3), "城乡建设/占道经营")
    desk.worker()
    case.refresh_from_db()
    handle = desk.clock(case, "办理")
    assert handle.provisional and not desk.clock(case, "签收").provisional
    before, seq = handle.due_at, case.seq
    assert upkeep.recompute_provisional(now=desk.now) == 0, "还没有公布，没有可重算的"

    desk.later(hours=2)
    registry.set_calendar_days(
        {
            date(2027, 1, 1): "holiday",
            date(2027, 1, 4): "rest",
            date(2027, 1, 5): "rest",
            date(2027, 1, 9): "workday",
        },
        acting_officer=desk.person("admin"),
        announce_year=2027,
        source="情景测试用的放假安排",
        now=desk.now,
    )
    assert upkeep.recompute_provisional(now=desk.now) == 1
    case.refresh_from_db()
    handle.refresh_from_db()
    assert not handle.provisional and handle.due_at == before + timedelta(days=2), (before, handle.due_at)
    assert case.seq == seq + 1 and case.due_at is not None
    line = queries.timeline(case)[-1]
    assert line.who == "系统" and line.event.action == "recompute_clock"
    assert upkeep.recompute_provisional(now=desk.now) == 0
    assert desk.running(case) == {"签收", "办理"}
    desk.does(case, desk.person("unit_clerk", "enforcement"), "签收")
    desk.same(case)
