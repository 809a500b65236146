"""浏览器测试的夹具：Debian 的 Chromium，真的服务器。"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")


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
