"""居民在浏览器里：拍照报一件 → 记下编号和查询码 → 查进度；办结后不满意要求重办，再办好，评价满意。"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from jiezhi.base.casework import actions, files, outbox
from jiezhi.base.casework.models import Case, EvidenceFile, EvidenceUse
from jiezhi.base.casework.outcome import Outcome
from jiezhi.web.office.testing import Street, make_street

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = {"手机": (360, 800), "无脚本": (1280, 900)}


def photo(name: str, size: tuple[int, int] = (2400, 1800), *, gps: bool = False) -> dict[str, Any]:
    """一张手机拍的照片：方向要转，带拍摄位置（东桥第7网格里）。"""
    stream, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    if gps:
        exif.get_ifd(0x8825).update({1: "N", 2: (23.0, 0.0, 28.8), 3: "E", 4: (113.0, 0.0, 18.0)})
    Image.effect_noise(size, 80).convert("RGB").save(stream, "JPEG", exif=exif, quality=92)
    return {"name": name, "mimeType": "image/jpeg", "buffer": stream.getvalue()}


@pytest.fixture
def page(browser: Any, live_server: Any, request: Any, settings: Any, tmp_path: Any) -> Iterator[Any]:
    """居民的浏览器，没有登录。页面上有脚本错误、控制台报错、被内容安全策略拦下的，测试失败。"""
    settings.FILES_DIR, settings.RESIDENT_MIN_FREE_BYTES = tmp_path / "files", 1
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN",
        java_script_enabled=request.param != "无脚本",
    )
    problems: list[str] = []
    found = context.new_page()
    found.set_default_timeout(10_000)
    found.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
    found.on("pageerror", lambda error: problems.append(str(error)))
    found.goto(f"{live_server.url}/bianmin/baoshi/")
    yield found
    context.close()
    expected = ("status of 422", "ERR_INTERNET_DISCONNECTED")
    assert [one for one in problems if not any(words in one for words in expected)] == []


def fits(page: Any) -> None:
    page.wait_for_load_state("load")
    assert page.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") == 0


def does(street: Street, case: Case, who: str, action: str, **inputs: Any) -> None:
    found = actions.act(str(case.uid), action, acting_officer=street[who], inputs=inputs)
    assert isinstance(found, Outcome), str(found)


def answered(street: Street, case: Case, reply: str) -> None:
    """责任单位拍照答复，回访员核查，结果告诉了来件人。"""
    stream = io.BytesIO()
    Image.new("RGB", (320, 240), "green").save(stream, "JPEG")
    stream.seek(0)
    row = files.store(stream, "后.jpg", kind="photo", acting_officer=street["jingban"], now=timezone.now())
    does(street, case, "jingban", "answer", reply=reply, after_photos=[row.digest])
    does(street, case, "huifang", "check")
    outbox.drain(now=timezone.now())


def numbers(page: Any) -> tuple[str, str]:
    """登记好了的那一页给的编号和查询码。"""
    page.get_by_role("heading", name="登记好了").wait_for()
    first, second = page.locator(".ticket dd").all_inner_texts()
    return first, second


def look_up(page: Any, number: str, code: str) -> None:
    page.get_by_role("link", name="查进度", exact=True).first.click()
    page.get_by_label("编号").fill(number)
    page.get_by_label("查询码").fill(code)
    page.get_by_role("button", name="查进度").click()
    page.get_by_role("heading", name=number).wait_for()


@pytest.mark.parametrize("page", ["手机"], indirect=True)
def test_report_track_rework_and_rate(page: Any) -> None:
    street = make_street()

    page.reload()
    page.get_by_label("现场照片").set_input_files([photo("路灯.jpg", gps=True)])
    page.get_by_text("已收下，").wait_for()
    stored = EvidenceFile.objects.get()
    assert max(stored.width or 0, stored.height or 0) == 1600, "在手机上缩小了再传"
    assert stored.height == 1600 and (stored.lon, stored.lat) == (113.005, 23.008), "摆正了，位置还在"
    page.get_by_role("button", name="下一步：在哪里").click()
    page.get_by_text("照片里带着拍摄的位置").wait_for()
    page.get_by_text("东桥第7网格").wait_for()
    fits(page)
    page.go_back()
    page.get_by_text("已收下，").wait_for()
    page.get_by_role("button", name="下一步：在哪里").click()
    page.get_by_label("地址、路口或者小区名").fill("东桥路12号门口")
    page.get_by_role("button", name="下一步：说一说").click()
    page.get_by_role("button", name="登记").click()
    page.get_by_role("alert").filter(has_text="还没有“反映的事”").wait_for()
    page.get_by_label("反映的事").fill("路灯不亮，晚上看不清路")
    page.get_by_label("怎么称呼您").fill("林小燕")
    page.get_by_label("手机或电话").fill("13800138001")
    fits(page)
    page.get_by_role("button", name="登记").dblclick()
    number, code = numbers(page)
    fits(page)
    case = Case.objects.get()
    assert case.number == number and case.fields["spot"]["address"] == "东桥路12号门口"
    assert EvidenceUse.objects.filter(case=case).count() == 1
    page.get_by_role("button", name="清除并退出").click()
    page.get_by_text("已经退出").wait_for()

    look_up(page, number, code)
    assert code not in page.url and number not in page.url
    page.get_by_text("现在：待分派").wait_for()
    fits(page)

    does(street, case, "fenbo", "dispatch", to_unit="law")
    does(street, case, "jingban", "sign")
    answered(street, case, "灯泡已经换好")
    page.reload()
    page.get_by_text("灯泡已经换好").first.wait_for()
    page.get_by_role("link", name="不满意，要求重办").click()
    page.get_by_text("1 分 很不满意").click()
    page.get_by_role("button", name="不满意，要求重办").click()
    page.get_by_role("alert").filter(has_text="还没有“评价意见”").wait_for()
    page.get_by_label("评价意见").fill("晚上还是不亮")
    fits(page)
    page.get_by_role("button", name="不满意，要求重办").click()
    page.get_by_role("status").filter(has_text="现在是“办理中”").wait_for()

    answered(street, case, "换了新的灯头，晚上试过了")
    page.reload()
    page.get_by_text("5 分 很满意").click()
    page.get_by_role("button", name="评价满意").click()
    page.get_by_role("status").filter(has_text="现在是“已办结”").wait_for()
    case.refresh_from_db()
    assert case.state == "closed" and case.fields["rating"] == 5


@pytest.mark.parametrize("page", ["手机"], indirect=True)
def test_a_lost_connection_loses_nothing(page: Any) -> None:
    make_street()
    page.reload()
    page.context.set_offline(True)
    page.get_by_label("现场照片").set_input_files([photo("路灯.jpg", (640, 480))])
    page.get_by_text("没有传上去").wait_for()
    page.get_by_role("button", name="下一步：在哪里").click()
    page.get_by_label("地址、路口或者小区名").fill("东桥路12号")
    page.get_by_role("button", name="下一步：说一说").click()
    page.get_by_label("反映的事").fill("路灯不亮")
    page.get_by_role("button", name="登记").click()
    page.get_by_role("alert").filter(has_text="现在没有网络，还没有登记").wait_for()
    page.context.set_offline(False)
    page.get_by_role("button", name="登记").click()
    page.get_by_role("alert").filter(has_text="有 1 张照片没有传上去").wait_for()
    page.go_back()
    page.go_back()
    page.get_by_role("button", name="再传一次").click()
    page.get_by_text("已收下，").wait_for()
    page.reload()
    page.get_by_text("已收下，").wait_for()
    page.get_by_role("button", name="下一步：在哪里").click()
    assert page.get_by_label("地址、路口或者小区名").input_value() == "东桥路12号", "没交的字还在"
    page.get_by_role("button", name="下一步：说一说").click()
    page.get_by_role("button", name="登记").click()
    number, _ = numbers(page)
    assert Case.objects.get().number == number and Case.objects.get().fields["content"] == "路灯不亮"
    assert EvidenceUse.objects.count() == 1, "重新打开之前收下的照片还在"
    page.goto(page.url.replace("haole/", ""))
    page.get_by_role("button", name="下一步：在哪里").click()
    assert page.get_by_label("地址、路口或者小区名").input_value() == "", "登记好了就不再留"


@pytest.mark.parametrize("page", ["无脚本"], indirect=True)
def test_report_without_scripts(page: Any) -> None:
    street = make_street()
    street.report()
    page.reload()
    page.get_by_label("现场照片").set_input_files([photo("路灯.jpg", (640, 480), gps=True)])
    page.get_by_label("反映的事").fill("东桥路12号路灯不亮")
    page.get_by_role("button", name="看看是哪个社区").click()
    page.get_by_text("照片里带着拍摄的位置").wait_for()
    page.get_by_text("附近在办的").wait_for()
    assert page.get_by_label("反映的事").input_value() == "东桥路12号路灯不亮"
    fits(page)
    page.get_by_role("button", name="登记", exact=True).click()
    number, code = numbers(page)
    assert EvidenceUse.objects.filter(case__number=number).count() == 1
    look_up_from_done(page, number)
    page.get_by_role("button", name="退出，查另一件").click()
    look_up(page, number, code.lower().replace("-", " "))


def look_up_from_done(page: Any, number: str) -> None:
    """刚登记好的，不用再输。"""
    page.get_by_role("link", name="看这一件的进度").click()
    page.get_by_role("heading", name=number).wait_for()
