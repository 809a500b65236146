"""一件随手拍从登记到核查，在浏览器里走一遍：网格员登记，分拨员派单，经办人签收、拍照答复，回访员核查。"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from jiezhi.base.accounts.models import Post
from jiezhi.base.casework.models import Case
from jiezhi.base.registry.models import Appointment
from jiezhi.web.office.testing import SINCE, make_street

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[[str], Any]


def photo(name: str) -> dict[str, Any]:
    stream = io.BytesIO()
    Image.new("RGB", (800, 600), "green").save(stream, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": stream.getvalue()}


def fits(page: Any) -> None:
    """没有横向滚动。点了链接新页面可能还没有根元素，等它载入再量。"""
    page.wait_for_load_state("load")
    assert page.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") == 0


def said(page: Any, words: str) -> None:
    page.get_by_role("status").filter(has_text=words).wait_for()


@pytest.mark.parametrize("visit", ["桌面", "手机"], indirect=True)
def test_from_registering_to_checking(visit: Visit) -> None:
    make_street()

    grid = visit("wangge")
    grid.get_by_role("navigation", name="主菜单").get_by_role("link", name="登记新件").click()
    grid.get_by_role("link", name="登记随手拍").click()
    grid.get_by_label("反映的事").fill("东桥路12号路灯不亮，晚上走路看不清")
    grid.get_by_label("地址（街、路、门牌或路口）").fill("东桥路12号")
    grid.get_by_label("经度").fill("113.005")
    grid.get_by_label("纬度").fill("23.008")
    grid.get_by_label("姓名或名称").fill("林小燕")
    grid.get_by_role("textbox", name="电话").fill("13800138001")
    grid.get_by_label("查找诉求类别").fill("市政")
    assert grid.locator("#f-category").input_value() == "城乡建设/市政设施", "只剩一项就选上"
    fits(grid)
    grid.get_by_role("button", name="登记随手拍").click()
    said(grid, "已登记，编号")
    number = re.search(r"SP\d+", grid.get_by_role("status").inner_text())
    assert number is not None

    desk = visit("fenbo")
    desk.get_by_role("link", name="东桥路12号路灯不亮").click()
    fits(desk)
    desk.get_by_role("link", name="派给责任单位").click()
    desk.get_by_role("button", name="派给责任单位").click()
    desk.get_by_role("alert").filter(has_text="还没有“承办单位”").wait_for()
    desk.get_by_label("派单说明").fill("请当天到场")
    desk.locator("#f-to_unit").select_option(label="综合行政执法队")
    desk.get_by_role("button", name="派给责任单位").click()
    said(desk, "现在是“办理中”")

    clerk = visit("jingban")
    clerk.get_by_role("searchbox").first.fill(number.group())
    clerk.get_by_role("button", name="查找").first.click()
    clerk.get_by_role("link", name="东桥路12号路灯不亮").click()
    assert clerk.get_by_role("link", name="处理完毕").count() == 0, "没有签收还不能答复"
    clerk.get_by_role("button", name="签收").click()
    said(clerk, "“签收”办好了")
    clerk.get_by_role("link", name="处理完毕").click()
    clerk.get_by_label("处理结果").fill("灯泡已经换好，晚上试亮正常")
    clerk.get_by_role("button", name="处理完毕").click()
    clerk.get_by_role("alert").filter(has_text="还没有“处理后照片”").wait_for()
    assert clerk.get_by_label("处理结果").input_value() == "灯泡已经换好，晚上试亮正常", "填过的还在"
    clerk.get_by_label("处理后照片").set_input_files([photo("换好的灯.jpg")])
    clerk.get_by_text("换好的灯.jpg，").wait_for()
    clerk.get_by_role("button", name="处理完毕").click()
    said(clerk, "现在是“待核查”")
    thumbnail = clerk.get_by_role("img", name="处理完毕的照片")
    thumbnail.scroll_into_view_if_needed()
    clerk.wait_for_function(
        "image => image.complete && image.naturalWidth > 0", arg=thumbnail.element_handle()
    )

    checker = visit("huifang")
    checker.get_by_role("link", name="东桥路12号路灯不亮").click()
    assert "138****8001" in checker.content() and "13800138001" not in checker.content()
    checker.get_by_role("link", name="核查通过").click()
    checker.get_by_role("button", name="核查通过").click()
    said(checker, "现在是“已答复待评价”")
    fits(checker)
    checker.get_by_role("link", name="流程图").click()
    checker.get_by_role("img", name="随手拍流程图").wait_for()
    fits(checker)

    case = Case.objects.get(number=number.group())
    assert (case.state, case.unit_id, case.seq) == ("answered", "law", 5)


@pytest.mark.parametrize("visit", ["手机", "无脚本"], indirect=True)
def test_an_application_short_of_papers_is_told_once_and_accepted(visit: Visit) -> None:
    """窗口人员收一件缺材料的申请：一次性告知、收到补正、受理。"""
    street = make_street()
    post = Post.objects.get(code="window_clerk")
    Appointment.objects.create(
        officer=street["minzheng"], post=post, unit=street.units["civil"], valid_from=SINCE
    )
    desk = visit("minzheng")
    desk.get_by_role("navigation", name="主菜单").get_by_role("link", name="登记新件").click()
    fits(desk)
    desk.locator(".card").filter(has_text="临时堆放").get_by_role("link").click()
    assert not desk.get_by_label("由代理人办").first.is_visible(), "选填的收起来"
    desk.get_by_label("堆放、搭建什么").fill("装修沙石临时堆放")
    desk.get_by_label("地址（街、路、门牌或路口）").fill("东桥路12号门前")
    desk.get_by_label("占用面积").fill("15")
    desk.get_by_label("从哪天起").fill("2026-12-01")
    desk.get_by_label("到哪天止").fill("2026-12-05")
    desk.get_by_role("button", name="收件").click()
    desk.get_by_role("alert").filter(has_text="还没有“申请人”").wait_for()
    assert desk.get_by_label("占用面积").input_value() == "15", "填过的还在"
    desk.get_by_label("姓名或名称").fill("东桥装饰队")
    desk.get_by_role("textbox", name="电话").fill("13800138001")
    fits(desk)
    desk.get_by_role("button", name="收件").click()
    said(desk, "已登记，编号")
    assert desk.get_by_role("link", name="受理", exact=True).count() == 0, "材料不齐不能受理"
    desk.get_by_text("还差“申请表”").wait_for()
    fits(desk)

    desk.get_by_role("link", name="一次性告知补正").click()
    desk.get_by_text("只能告知一次").wait_for()
    desk.get_by_role("button", name="一次性告知补正").click()
    said(desk, "现在是“待补正”")
    desk.get_by_role("link", name="收到补正材料").click()
    desk.get_by_label("申请表").set_input_files([photo("申请表.jpg")])
    desk.get_by_label("占用位置图和现场照片").set_input_files([photo("位置图.jpg")])
    desk.locator("#f-materials_state-0-material").select_option(label="申请人身份证明")
    desk.locator("#f-materials_state-0-state").select_option(label="已核原件")
    fits(desk)
    desk.get_by_role("button", name="收到补正材料").click()
    said(desk, "现在是“待受理”")
    desk.get_by_role("link", name="受理", exact=True).click()
    desk.get_by_role("button", name="受理", exact=True).click()
    said(desk, "现在是“审查中”")

    case = Case.objects.get()
    assert (case.state, case.unit_id) == ("reviewing", "civil")
    listed = {row["material"] for row in case.fields["notice_items"]}
    assert listed == {"申请表", "占用位置图和现场照片", "申请人身份证明"}, "一次告知全部"


@pytest.mark.parametrize("visit", ["无脚本"], indirect=True)
def test_registering_and_answering_without_script(visit: Visit) -> None:
    """浏览器关了脚本，也能登记、派单、签收、带照片答复。"""
    make_street()
    desk = visit("fenbo")
    desk.get_by_role("navigation", name="主菜单").get_by_role("link", name="登记新件").click()
    desk.get_by_role("link", name="登记随手拍").click()
    desk.get_by_label("反映的事").fill("东桥市场南门占道摆摊")
    desk.locator("#f-category").select_option("城乡建设/占道经营")
    desk.get_by_role("button", name="登记随手拍").click()
    desk.get_by_role("link", name="派给责任单位").click()
    desk.locator("#f-to_unit").select_option("law")
    desk.get_by_role("button", name="派给责任单位").click()
    said(desk, "现在是“办理中”")
    clerk = visit("jingban")
    clerk.get_by_role("link", name="东桥市场南门占道摆摊").click()
    clerk.get_by_role("button", name="签收").click()
    clerk.get_by_role("link", name="处理完毕").click()
    clerk.get_by_label("处理结果").fill("摊位已经劝离")
    clerk.get_by_label("处理后照片").set_input_files([photo("劝离后.jpg")])
    clerk.get_by_role("button", name="处理完毕").click()
    said(clerk, "现在是“待核查”")
    assert Case.objects.get().state == "checking"
