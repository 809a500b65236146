"""登记给业务模板的事实和条件。"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from django.conf import settings

from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.view import CaseView, ClockView
from jiezhi.services.promise import resolve

NOW = datetime(2026, 8, 3, 17, 0, tzinfo=UTC)  # 北京时间 8月4日 1点
PERMIT = load_folder(settings.PACKS_DIR).matters["service.temporary_use"].definition


def _context(view: CaseView | None = None, **values: Any) -> Context:
    return Context(cast(Any, None), view, values, None, NOW, PERMIT, NOW)


def _case(*clocks: ClockView, done: frozenset[str] = frozenset()) -> CaseView:
    return CaseView("u", "granted", clocks=list(clocks), done=done, opened_at=NOW - timedelta(days=3))


def _clock(name: str, due: int, ended: int | None, status: str = "ended") -> ClockView:
    end = None if ended is None else NOW + timedelta(hours=ended)
    return ClockView(name, "", 1, status, NOW - timedelta(days=9), NOW + timedelta(hours=due), end)


def test_days_are_beijing_days() -> None:
    assert resolve.today(_context()) == "2026-08-04"
    assert resolve.accepted_on(_context(_case(_clock("tell", 1, None, "running")))) == "2026-08-04"
    assert resolve.day_after_valid(_context(valid_to="2026-12-31")) == "2027-01-01"
    assert resolve.day_after_valid(_context()) is None


@pytest.mark.parametrize(("day", "fine"), [("2026-08-04", True), ("2026-08-05", False), (None, False)])
def test_no_acceptance_for_a_later_day(day: str | None, fine: bool) -> None:
    assert resolve.not_later(_context(), day) is fine


def test_silence_dates_acceptance_back_to_the_receipt() -> None:
    silent = _case(_clock("tell", 0, None, "running"))
    assert not resolve.not_deemed(_context(silent))
    assert resolve.accepted_on(_context(silent)) == "2026-08-01"
    assert not resolve.not_later(_context(silent), "2026-08-04")
    told = _case(_clock("tell", -9, -10))
    assert resolve.not_deemed(_context(told)) and resolve.accepted_on(_context(told)) == "2026-08-04"


def test_the_notice_holds_what_the_list_lacks() -> None:
    rows = resolve.lacking_rows(_context())
    assert rows is not None and len(rows) == 3
    assert resolve.notice_lists_all(_context(), rows)
    assert not resolve.notice_lists_all(_context(), rows[:2], "签名不全")
    full = {f"material_{name}": ["x"] for name in ("application", "site_plan", "identity")}
    assert resolve.lacking_rows(_context(**full)) is None
    assert not resolve.notice_lists_all(_context(**full))
    assert resolve.notice_lists_all(_context(**full), None, "签名不全")


@pytest.mark.parametrize(
    ("clock", "fine"),
    [
        (_clock("decide", 1, 0), True),
        (_clock("decide", 0, 0), False),  # 到期是不含在内的终点
        (_clock("decide", -1, None, "running"), False),
        (_clock("decide", 1, None, "running"), True),
        (_clock("decide", -1, None, "paused"), True),
        (_clock("tell", -5, -1), True),  # 只看办理时限
    ],
)
def test_late_cases_need_a_public_reason(clock: ClockView, fine: bool) -> None:
    assert resolve.late_explained(_context(_case(clock))) is fine
    assert resolve.late_explained(_context(_case(clock, done=frozenset({"explain_late"}))))


def test_all_names_are_registered() -> None:
    names = {"promise.today", "promise.accepted_on", "promise.lacking", "promise.day_after_valid"}
    assert names <= set(extensions.facts)
    assert {
        "promise.not_later",
        "promise.not_deemed",
        "promise.notice_lists_all",
        "promise.late_explained",
    } <= set(extensions.conditions)
