"""我的工作、存下的筛选、登录过期：在浏览器里走一遍。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.casework.models import Event
from jiezhi.web.office.models import SavedView
from jiezhi.web.office.testing import PASSWORD, make_street

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(page: Any, who: str) -> None:
    page.get_by_label("登录名").fill(who)
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


@pytest.mark.parametrize(("width", "script"), [(1280, True), (390, True), (360, False)])
def test_a_day_at_the_desk(browser: Any, live_server: Any, width: int, script: bool) -> None:
    """从“我的工作”直达表单，填到一半登录过期，登录后填的还在，再按一次办成；回来存下一个筛选。"""
    make_street().report("东桥路12号路灯不亮")
    context = browser.new_context(
        viewport={"width": width, "height": 800}, locale="zh-CN", java_script_enabled=script
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{live_server.url}/login/")
    sign_in(page, "fenbo")
    page.get_by_role("heading", name="我的工作").wait_for()
    page.get_by_role("link", name="派给责任单位").click()
    page.get_by_label("派单说明").fill("请当天到场")
    page.locator("#f-to_unit").select_option(label="综合行政执法队")
    context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="派给责任单位").click()
    page.get_by_text("登录过期了").wait_for()
    sign_in(page, "fenbo")
    page.get_by_role("button", name="回到刚才的表单").click()
    page.get_by_role("status").filter(has_text="填的都放回来了").wait_for()
    assert page.get_by_label("派单说明").input_value() == "请当天到场"
    assert not Event.objects.filter(action="dispatch").exists(), "没有替人办"
    page.get_by_role("button", name="派给责任单位").click()
    page.get_by_role("status").filter(has_text="现在是“办理中”").wait_for()

    page.goto(f"{live_server.url}/?unit=law")
    page.get_by_text("保存这个筛选").click()
    page.get_by_label("名称").fill("执法队的")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("status").filter(has_text="已存下“执法队的”").wait_for()
    page.get_by_text("选列").click()
    page.get_by_label("登记时间").uncheck()
    page.get_by_role("button", name="按勾选的显示").click()
    page.wait_for_url("**cols=**")
    assert page.get_by_role("columnheader", name="登记时间").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "没有横向滚动"
    assert SavedView.objects.get().address == "unit=law"
    assert problems == []
    context.close()
