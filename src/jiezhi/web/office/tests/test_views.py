"""存下来的筛选和选列：各人自己的，都写在网址里，导出与所见一致。"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from jiezhi.base.casework.models import Case
from jiezhi.base.registry.models import Area
from jiezhi.web.office import actions, queries
from jiezhi.web.office.models import SavedView
from jiezhi.web.office.testing import Street
from jiezhi.web.office.tests.test_worklist import HOME, Enter, Make, numbers, page_of, table

VIEWS = "office:views"


def post(client: Client, **data: Any) -> Any:
    return client.post(reverse(VIEWS), data)


def chips(text: str) -> dict[str, str]:
    """列表上方存下的筛选：名称 → 网址。"""
    bar = text.split('aria-label="存下的筛选"', 1)
    found = re.findall(r'href="([^"]+)"[^>]*>([^<]+)', bar[1].split("</nav>")[0]) if len(bar) > 1 else []
    return {name: unescape(address) for address, name in found}


def test_a_filter_is_saved_renamed_used_first_and_removed(enter: Enter, report: Make, handed: Make) -> None:
    lamp, stall = report(), handed("市场南门占道")
    client = enter("fenbo")
    here = re.search(r'name="address" value="([^"]*)"', page_of(client, unit="law", light="", bogus="x"))
    assert here is not None and unescape(here[1]) == "unit=law", "认得的才存"
    saved = post(client, do="save", name=" 执法队的  ", address="unit=law&bogus=x&p=3", default="1")
    assert saved.status_code == 302 and saved["Location"].endswith("?unit=law")
    text = page_of(client, unit="law")
    assert chips(text)["执法队的"].endswith("?unit=law") and 'aria-current="true">执法队的' in text
    # 打开待办先用它；写了什么的网址不动；清除得了。
    first = client.get(reverse(HOME))
    assert first.status_code == 302 and first["Location"].endswith("?unit=law")
    assert set(numbers(page_of(client, scope="all"))) == {lamp.number, stall.number}
    assert f'href="{reverse(HOME)}?scope=all">清除筛选' in text
    view = SavedView.objects.get()
    assert post(client, do="rename", view=view.pk, name="执法队").status_code == 302
    assert "执法队" in chips(page_of(client, unit="law"))
    assert post(client, do="no-first", view=view.pk).status_code == 302
    assert client.get(reverse(HOME)).status_code == 200
    assert post(client, do="first", view=view.pk).status_code == 302
    page = client.get(reverse(VIEWS)).content.decode()
    assert "确定删除“执法队”" in page and "打开待办时不用它" in page
    assert post(client, do="remove", view=view.pk).status_code == 302
    assert chips(page_of(client)) == {} and "还没有存下筛选" in client.get(reverse(VIEWS)).content.decode()


def test_views_are_ones_own(enter: Enter, street: Street, report: Make) -> None:
    report()
    mine = actions.save_view("我的", "unit=law", default=True, acting_officer=street["fenbo"])
    other = enter("duban")
    assert chips(page_of(other)) == {} and other.get(reverse(HOME)).status_code == 200
    for do in ("rename", "remove", "first"):
        answer = post(other, do=do, view=mine.pk, name="改了")
        assert answer.status_code == 422 and "没有这个筛选" in answer.content.decode()
    mine.refresh_from_db()
    assert mine.name == "我的" and mine.is_default


@pytest.mark.parametrize(
    ("data", "say"),
    [
        ({"do": "save", "name": "  ", "address": "unit=law"}, "请给这个筛选起个名称"),
        ({"do": "save", "name": "长" * 41, "address": "unit=law"}, "最多 40 个字"),
        ({"do": "rename", "view": "9" * 30, "name": "改"}, "没有这个筛选"),
        ({"do": "rename", "view": "x", "name": "改"}, "没有这个筛选"),
        ({"do": "？"}, "没有看懂"),
    ],
)
def test_what_cannot_be_done_is_said(enter: Enter, data: dict[str, str], say: str) -> None:
    answer = post(enter("fenbo"), **data)
    assert answer.status_code == 422 and say in answer.content.decode()
    assert not SavedView.objects.exists()


def test_names_and_numbers_of_views_are_kept_in_bounds(street: Street) -> None:
    who = street["fenbo"]
    for number in range(actions.MOST_VIEWS):
        actions.save_view(f"第{number}个", f"q={number}", default=True, acting_officer=who)
    with pytest.raises(ValidationError, match="最多存"):
        actions.save_view("再一个", "q=x", acting_officer=who)
    again = actions.save_view("第3个", "q=改", acting_officer=who)
    assert again.address == "q=改" and SavedView.objects.count() == actions.MOST_VIEWS
    assert SavedView.objects.filter(is_default=True).count() == 1
    with pytest.raises(ValidationError, match="已经有一个"):
        actions.rename_view(again.pk, "第4个", acting_officer=who)


def test_what_was_searched_for_is_not_readable_in_the_database(street: Street) -> None:
    actions.save_view("某人的", "q=13800138001", acting_officer=street["fenbo"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM office_savedview")
        assert b"13800138001" not in bytes(cursor.fetchone()[0])
    assert queries.views_of(street["fenbo"])[0].address == "q=13800138001"


def test_script_in_a_name_stays_text(enter: Enter) -> None:
    client = enter("fenbo")
    post(client, do="save", name="<script>x</script>", address="unit=law")
    for text in (page_of(client, unit="law"), client.get(reverse(VIEWS)).content.decode()):
        assert "<script>x" not in text and "&lt;script&gt;x" in text


def heads(text: str) -> list[str]:
    return re.findall(
        r'<th scope="col">([^<]+)</th>', text.split("工作列表</caption>")[1].split("</thead>")[0]
    )


def test_columns_follow_the_address_then_the_person_and_go_to_the_export(
    enter: Enter, report: Make, handed: Make, street: Street
) -> None:
    report()
    stall = handed("市场南门占道", category="城乡建设/占道经营")
    Case.objects.filter(uid=stall.uid).update(area=Area.objects.get(code="990101001001007"))
    client = enter("fenbo")
    assert heads(page_of(client)) == ["件名", "业务与环节", "谁在办", "时限预警", "登记时间"]
    query = {"matter": "report.snapshot", "cols": ["number", "state", "area", "f-category", "bogus"]}
    text = client.get(reverse(HOME), query).content.decode()
    assert heads(text) == ["编号", "环节", "区域", "诉求类别"]
    assert "东桥社区 · 东桥第7网格" in text and "占道经营" in text and stall.number in text
    link = re.search(r'href="([^"]*/export/[^"]*as=csv)"', text)
    assert link is not None
    answer = client.get(unescape(link[1]))
    head, *rows = [line.split(",") for line in answer.getvalue().decode("utf-8-sig").splitlines()]
    assert head == ["编号", "环节", "区域", "诉求类别"]
    assert [stall.number, "办理中", "东桥社区 · 东桥第7网格", "占道经营"] in rows
    # 存下的筛选带着列；偏好只管没有写列的网址；没有选定业务就没有字段列。
    saved = post(client, do="save", name="带列的", address="matter=report.snapshot&cols=number,f-category")
    assert "cols=number%2Cf-category" in saved["Location"]
    assert post(client, do="columns", cols="title,opened", address="unit=law").status_code == 302
    assert heads(page_of(client)) == ["件名", "登记时间"]
    assert heads(page_of(client, cols="number,f-category")) == ["编号"]
    assert heads(client.get(saved["Location"]).content.decode()) == ["编号", "诉求类别"]
    assert post(client, do="columns", cols="title", usual="1").status_code == 302
    assert len(heads(page_of(client))) == 5
    assert heads(page_of(enter("duban"))) == ["件名", "业务与环节", "谁在办", "时限预警", "登记时间"]


@pytest.mark.parametrize("cols", ["", "bogus", "f-content", "f-reporter", ",,,", "x" * 300])
def test_columns_one_does_not_have_fall_back(enter: Enter, report: Make, cols: str) -> None:
    case = report()
    client = enter("fenbo")
    text = page_of(client, cols=cols, matter="report.snapshot")
    assert heads(text) == ["件名", "业务与环节", "谁在办", "时限预警", "登记时间"], (
        "敏感的、没有声明可筛选的字段不能作列"
    )
    assert numbers(text) == [case.number]
    answer = client.get(reverse("office:export"), {"cols": "state", "as": "xlsx"})
    assert table(answer, "xlsx") == [[Case.objects.get().title, "待分派"]], "件名、编号至少留一样"
