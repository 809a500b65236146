"""分派台在浏览器里：采纳一件、改派一件、并入一件、退回一件；键盘和手机各走一遍，没有脚本也办得成。"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.services.dispatch import actions as dispatch
from jiezhi.web.office.testing import Street, make_street

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[[str], Any]
EARLY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def street() -> Street:
    """市政设施归执法队。"""
    found = make_street()
    law = found.units["law"]
    dispatch.create_rule(
        category="城乡建设/市政设施", unit=law, valid_from=EARLY, acting_officer=None, now=EARLY
    )
    return found


def fits(page: Any) -> None:
    page.wait_for_load_state("load")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"横向多出 {wide} 像素"


def said(page: Any, text: str) -> None:
    page.get_by_role("status").filter(has_text=text).wait_for()


def current(page: Any, case: Outcome) -> None:
    """当前是这一件。"""
    page.locator(".now .head").get_by_role("link", name=case.number).wait_for()


def state_of(case: Outcome) -> tuple[str, str | None]:
    row = Case.objects.get(uid=case.uid)
    return row.state, row.unit_id


@pytest.mark.parametrize("visit", ["桌面"], indirect=True)
def test_the_keyboard_clears_the_queue(street: Street, visit: Visit) -> None:
    spots = [{"lon": f"113.00{n}", "lat": "23.008"} for n in (2, 5, 8)]
    lamp, market, copy = (
        street.report(text, spot=spot)
        for text, spot in zip(("路灯不亮", "市场门口井盖松动", "天桥栏杆掉了一段"), spots, strict=True)
    )
    twin = street.report("天桥栏杆掉了一段，很危险", spot=spots[2])
    page = visit("fenbo")
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name="受理分拨").click()
    current(page, lamp)
    fits(page)
    page.keyboard.press("j")
    current(page, market)
    page.keyboard.press("k")
    current(page, lamp)
    page.keyboard.press("a")
    said(page, "派给综合行政执法队，现在是“办理中”")
    current(page, market)
    assert state_of(lamp) == ("handling", "law")

    page.get_by_text("派给别的单位").click()
    page.get_by_label("派单说明").fill("a j k r")
    current(page, market)  # 正在填写，快捷键不起作用
    page.locator("#f-to_unit").select_option(label="公共服务办公室")
    page.get_by_role("button", name="派给责任单位").click()
    said(page, "派给公共服务办公室")
    assert state_of(market) == ("handling", "civil")
    page.get_by_role("link", name="收回重派").wait_for()

    current(page, copy)
    page.get_by_text("是同一件事，并入这一件").click()
    page.get_by_role("button", name="并入").click()
    said(page, f"{copy.number} 已并入 {twin.number}")
    assert state_of(copy)[0] == "merged"

    current(page, twin)
    page.keyboard.press("r")
    page.get_by_label("移送到").fill("轨道公司")
    assert page.get_by_label("移送到").input_value() == "轨道公司"
    page.get_by_label("理由", exact=True).fill("天桥由轨道公司管")
    page.get_by_role("button", name="不属行政机关受理，告知去处").click()
    said(page, "现在是“已移送并告知”")
    page.get_by_text("没有等着分派的件").wait_for()
    assert state_of(twin)[0] == "referred"


@pytest.mark.parametrize("visit", ["手机", "无脚本"], indirect=True)
def test_on_a_phone_and_without_script(street: Street, visit: Visit, live_server: Any) -> None:
    lamps = [
        street.report(f"东桥路{n}号路灯不亮", spot={"lon": f"113.00{n}", "lat": "23.01"}) for n in (1, 4, 7)
    ]
    odd = street.report("不知道归谁管的一件事", category=None, spot=None)
    page = visit("fenbo")
    page.goto(f"{live_server.url}/fenpai/")
    current(page, lamps[0])
    fits(page)
    page.get_by_role("img", name="简图").wait_for()
    page.get_by_role("button", name="采纳，派给综合行政执法队").click()
    said(page, "办好了，派给综合行政执法队")
    current(page, lamps[1])
    for tick in page.get_by_role("checkbox").all():
        tick.check()
    page.get_by_role("button", name="采纳勾选的，派给综合行政执法队").click()
    said(page, "办成 2 件")
    fits(page)
    assert [state_of(one) for one in lamps] == [("handling", "law")] * 3
    current(page, odd)
    page.get_by_text("没有坐标，不画简图").wait_for()
    page.get_by_role("button", name="派给责任单位").click()
    page.get_by_role("alert").filter(has_text="还没有“承办单位”").wait_for()
    page.locator("#f-to_unit").select_option(label="东桥社区工作站")
    fits(page)
    page.get_by_role("button", name="派给责任单位").click()
    said(page, "派给东桥社区工作站")
    assert state_of(odd) == ("handling", "station")
