"""拍手册里的图：先 `jiezhi run --port 8000`（演示街道），再 `python docs/user/pictures.py http://127.0.0.1:8000`。"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

SITE = sys.argv[1].rstrip("/")
HERE = Path(__file__).parent / "pictures"
PASSWORD = "yunqiao-2026"  # 演示街道的
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 780}
# （图名、登录名、网址、宽）；没有登录名的是居民。
PICTURES = [
    ("home", "", "/bianmin/", PHONE),
    ("work", "tangyuwei", "/gongzuo/", WIDE),
    ("dispatch", "mengtingan", "/fenpai/", WIDE),
    ("board", "mengtingan", "/kanban/?matter=report.snapshot", WIDE),
    ("onsite", "tangyuwei", "/xianchang/", PHONE),
    ("slow", "malanxiang", "/gongzuo/", WIDE),
    ("supervision", "tanzhijian", "/duban/", WIDE),
]


def sign_in(page: Page, login: str) -> None:
    page.goto(f"{SITE}/login/")
    page.fill("input[name=username]", login)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.primary")
    page.wait_for_load_state()


def resident(page: Page) -> None:
    """报一件事，再查进度。"""
    page.goto(f"{SITE}/bianmin/baoshi/?yewu=report.snapshot")
    page.screenshot(path=HERE / "report.png")


def main() -> None:
    HERE.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for name, login, path, size in PICTURES:
            page = browser.new_context(viewport=size, locale="zh-CN").new_page()
            if login:
                sign_in(page, login)
            page.goto(SITE + path)
            page.screenshot(path=HERE / f"{name}.png")
        page = browser.new_context(viewport=PHONE, locale="zh-CN").new_page()
        resident(page)
        page.goto(f"{SITE}/bianmin/jindu/")
        page.screenshot(path=HERE / "track.png")
        browser.close()


main()
