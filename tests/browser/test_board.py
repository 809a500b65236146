"""看板在浏览器里：真的拖一张卡片、用键盘从“移到…”移一张、没有脚本也能移、办不了的回到原列并说差什么。"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.models import Case, Clock
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import START, definition
from jiezhi.web.office.testing import Street, make_street

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[[str], Any]
BOARD = "/kanban/?matter=test.report"


@pytest.fixture
def street() -> Street:
    """街道上另有一种小业务：分拨员办结不用填什么。"""
    found = make_street()
    matters.publish(definition(), now=START)
    return found


def made(street: Street, subject: str, *, answered: bool = False) -> Outcome:
    """登记一件；`answered` 的已经答复，听证期限过了，只等办结。"""
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("fenbo", "dispatch", {"to_unit": "law"}),
        ("jingban", "answer", {"reply": "已经处理好了"}),
    ]
    case = actions.open_case(
        "test.report", "register", acting_officer=street["fenbo"], inputs={"subject": subject}
    )
    assert isinstance(case, Outcome), str(case)
    for who, action, inputs in steps if answered else []:
        done = actions.act(case.uid, action, acting_officer=street[who], inputs=inputs)
        assert isinstance(done, Outcome), str(done)
    now = timezone.now()
    spent = {"started_at": now - timedelta(days=30), "due_at": now - timedelta(days=20)}
    Clock.objects.filter(case__uid=case.uid, name="objection").update(**spent)
    return case


def column(page: Any, state: str) -> Any:
    return page.locator(f'[data-state="{state}"]')


def tile(page: Any, case: Outcome) -> Any:
    return page.locator(f"#c-{case.uid}")


def state_of(case: Outcome) -> str:
    return str(Case.objects.get(uid=case.uid).state)


@pytest.mark.parametrize("visit", ["桌面"], indirect=True)
def test_dragging_a_card_does_the_act_or_says_why_not(street: Street, visit: Visit, live_server: Any) -> None:
    done, new = made(street, "路灯不亮", answered=True), made(street, "井盖松动")
    page = visit("fenbo")
    page.goto(f"{live_server.url}{BOARD}")
    tile(page, done).drag_to(column(page, "closed"))
    page.get_by_role("status").filter(has_text="“办结”办好了，现在是“已办结”").wait_for()
    assert state_of(done) == "closed" and tile(page, done).count() == 0, "办结的列收起"

    tile(page, new).drag_to(column(page, "answered"))
    page.get_by_role("alert").filter(has_text="从“待分派”不能一步到“已答复”").wait_for()
    assert column(page, "new").locator(f"#c-{new.uid}").count() == 1, "还在原来的列"
    assert state_of(new) == "new"

    tile(page, new).drag_to(column(page, "handling"))
    page.get_by_role("heading", name="派单").wait_for()
    page.locator("#f-to_unit").select_option(label="综合行政执法队")
    page.get_by_role("button", name="派单").click()
    page.get_by_role("status").filter(has_text="“派单”办好了").wait_for()
    assert state_of(new) == "handling"


@pytest.mark.parametrize("visit", ["桌面"], indirect=True)
def test_the_keyboard_moves_a_card(street: Street, visit: Visit, live_server: Any) -> None:
    case = made(street, "路灯不亮", answered=True)
    page = visit("fenbo")
    page.goto(f"{live_server.url}{BOARD}")
    tile(page, case).locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "已办结"
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="“办结”办好了").wait_for()
    assert state_of(case) == "closed"


@pytest.mark.parametrize("visit", ["手机", "无脚本"], indirect=True)
def test_the_menu_moves_a_card_by_touch_or_without_script(
    street: Street, visit: Visit, live_server: Any
) -> None:
    case = made(street, "路灯不亮", answered=True)
    page = visit("fenbo")
    page.goto(f"{live_server.url}{BOARD}")
    assert page.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") == 0, "整页不横向滚动"
    tile(page, case).get_by_text("移到…").click()
    tile(page, case).get_by_role("button", name="已办结").click()
    page.get_by_role("status").filter(has_text="“办结”办好了").wait_for()
    assert state_of(case) == "closed"
