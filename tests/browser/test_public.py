"""公开站在浏览器里走一遍：首页、指南、查找、下载、权责清单、公示；大字版；嵌在别的网站里。"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from jiezhi.base.publishing.testing import make_team
from jiezhi.web.office.testing import publish_packs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = {"桌面": (1280, 900), "手机": (360, 740), "无脚本": (360, 740)}
Opened = Callable[[str], Any]


@pytest.fixture
def opened(browser: Any, live_server: Any, request: Any) -> Iterator[Opened]:
    """不登录打开公开站的一页。控制台报错、脚本错误、被内容安全策略拦下的，测试失败。"""
    publish_packs()
    make_team().published()
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN",
        java_script_enabled=request.param != "无脚本",
    )
    problems: list[str] = []
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))

    def enter(address: str) -> Any:
        page.goto(f"{live_server.url}{address}")
        return page

    yield enter
    context.close()
    assert problems == []


def fits(page: Any) -> None:
    """没有横向滚动；要点的（正文段落里的链接除外）够大。"""
    page.wait_for_load_state("load")
    assert page.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") == 0
    targets = page.locator("button, .button, .big-button, input, select, .ways a, .doors a, .size, .kinds a")
    heights = targets.evaluate_all("all => all.map(one => one.offsetHeight).filter(high => high > 0)")
    assert heights and min(heights) >= 44


@pytest.mark.parametrize("opened", ["桌面", "手机", "无脚本"], indirect=True)
def test_a_resident_finds_the_way(opened: Opened) -> None:
    page = opened("/bianmin/")
    page.get_by_role("heading", name="您要办什么").wait_for()
    for name in ("我要报事", "我要办事", "我要咨询", "查进度"):
        door = page.locator(".doors").get_by_role("link", name=name)
        box = door.bounding_box()
        assert box["y"] + box["height"] <= 740, "四个入口都在第一屏"
    fits(page)

    page.locator(".doors").get_by_role("link", name="我要办事").click()
    page.get_by_label("想办什么事").fill("宣传品")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="张挂、张贴宣传品审批").wait_for()
    assert page.get_by_role("link", name="最低生活保障申请").count() == 0
    fits(page)
    page.get_by_role("link", name="张挂、张贴宣传品审批").click()
    page.get_by_role("heading", name="要交的材料").wait_for()
    fits(page)
    with page.expect_download() as taken:
        page.get_by_role("link", name="下载这份指南").click()
    assert taken.value.suggested_filename == "张挂、张贴宣传品审批办事指南.docx"

    page.get_by_role("navigation", name="便民服务").get_by_role("link", name="我要咨询").click()
    page.get_by_label("想办什么事").fill("低保")
    fits(page)
    page.get_by_role("contentinfo").get_by_role("link", name="权责清单").click()
    page.get_by_role("heading", name="权责清单").wait_for()
    fits(page)

    page.get_by_role("contentinfo").get_by_role("link", name="执法公示").click()
    page.get_by_label("文号").fill("占道经营")
    page.get_by_role("button", name="查找").click()
    fits(page)
    page.get_by_role("link", name="张某占道经营").click()
    page.get_by_text("罚款500元").wait_for()
    page.get_by_role("heading", name="不服怎么办").first.wait_for()
    fits(page)


@pytest.mark.parametrize("opened", ["桌面", "手机", "无脚本"], indirect=True)
def test_large_words_stay_until_turned_off(opened: Opened) -> None:
    page = opened("/bianmin/zhinan/?q=宣传品")
    usual = page.locator("body").evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    page.get_by_role("link", name="大字版").click()
    page.get_by_role("link", name="普通字").wait_for()
    large = page.locator("body").evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert large >= usual * 1.2
    assert page.get_by_label("想办什么事").input_value() == "宣传品"
    fits(page)
    for address in ("/bianmin/", "/bianmin/zhinan/service.poster/", "/bianmin/zixun/", "/gongkai/"):
        page = opened(address)
        assert page.locator("html.large").count() == 1
        fits(page)
    page.get_by_role("link", name="普通字").click()
    page.get_by_role("link", name="大字版").wait_for()
    assert opened("/bianmin/").locator("html.large").count() == 0


@pytest.mark.parametrize("opened", ["手机"], indirect=True)
def test_twice_as_large_still_fits(opened: Opened) -> None:
    """放大到 200%：同样的屏只剩一半宽。"""
    for address in ("/bianmin/", "/bianmin/zhinan/service.poster/", "/gongkai/", "/bianmin/zixun/"):
        page = opened(address)
        page.set_viewport_size({"width": 180, "height": 370})
        fits(page)


@pytest.fixture
def portal(live_server: Any) -> Iterator[str]:
    """别的网站上的一页，里面嵌着公开站的首页。"""
    shell = f'<!doctype html><title>x</title><link rel="icon" href="data:,"><iframe src="{live_server.url}/bianmin/"></iframe>'

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(shell.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("opened", ["桌面"], indirect=True)
def test_a_portal_may_embed_what_is_read(
    opened: Opened, portal: str, live_server: Any, settings: Any
) -> None:
    settings.PORTAL_ORIGINS = [portal]
    page = opened("/bianmin/")
    page.goto(portal)
    inside = page.frame_locator("iframe")
    inside.get_by_role("heading", name="您要办什么").wait_for()
    report = inside.locator(".doors").get_by_role("link", name="我要报事")
    with page.context.expect_page() as other:
        report.click()
    other.value.wait_for_load_state()
    assert other.value.url.startswith(f"{live_server.url}/bianmin/baoshi/")
    assert report.get_attribute("rel") == "noopener"
