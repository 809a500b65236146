"""浏览器测试的夹具：Debian 的 Chromium，真的服务器。"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jiezhi.web.office.testing import PASSWORD

CHROMIUM = Path("/usr/bin/chromium")
SIZES = {"桌面": (1280, 900), "手机": (360, 800), "无脚本": (1280, 900)}
Visit = Callable[[str], Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """无界面的 Chromium；没有装就失败（不跳过），免得以为测过了。"""
    if not CHROMIUM.exists():
        pytest.fail(f"没有找到 {CHROMIUM}。请先安装：apt-get install chromium fonts-noto-cjk")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, pytest.MonkeyPatch.context() as patch:
        # Playwright 的同步接口自己有事件循环，Django 误以为在异步里。
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        found = driver.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--headless"]
        )
        yield found
        found.close()


@pytest.fixture
def visit(browser: Any, live_server: Any, request: Any) -> Iterator[Visit]:
    """以某人登录，得到他的页面。页面上有脚本错误、控制台报错、被内容安全策略拦下的，测试失败。"""
    width, height = SIZES[request.param]
    contexts, problems = [], []

    def enter(login: str) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            java_script_enabled=request.param != "无脚本",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{live_server.url}/")
        page.get_by_label("登录名").fill(login)
        page.get_by_label("口令").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("heading", name="待办").wait_for()
        return page

    yield enter
    for context in contexts:
        context.close()
    assert [text for text in problems if "status of 422" not in text] == []
