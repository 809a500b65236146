"""待办：看得见什么、筛选、翻页、导出。"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from jiezhi.base.casework.models import Case, CaseRole
from jiezhi.base.casework.outcome import Outcome
from jiezhi.web.office import lists, queries
from jiezhi.web.office.testing import Street

Enter = Callable[[str], Client]
Make = Callable[..., Outcome]
HOME = "office:home"


def page_of(client: Client, **query: str) -> str:
    answer = client.get(reverse(HOME), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_each_officer_sees_only_what_is_his_to_see(enter: Enter, report: Make, handed: Make) -> None:
    new, mine = report(), handed("市场南门占道")
    assert {new.number, mine.number} <= set(numbers(page_of(enter("fenbo"))))
    assert numbers(page_of(enter("jingban"))) == [mine.number]
    stranger = page_of(enter("lvren"))
    assert numbers(stranger) == [] and "现在没有待办的件" in stranger
    assert enter("minzheng").get(reverse("office:case", args=[mine.uid])).status_code == 404


def numbers(text: str) -> list[str]:
    return [part.split("<")[0] for part in text.split('<span class="number">')[1:]]


def test_filters_come_from_the_address(enter: Enter, report: Make, handed: Make) -> None:
    lamp = report()
    stall = handed(
        "市场南门占道", category="城乡建设/占道经营", reporter={"name": "黄先生", "phone": "13900139002"}
    )
    client = enter("fenbo")
    cases: list[tuple[dict[str, str], list[str]]] = [
        ({"q": "占道"}, [stall.number]),
        ({"q": lamp.number}, [lamp.number]),
        ({"q": "13900139002"}, [stall.number]),
        ({"q": "9002"}, [stall.number]),
        ({"unit": "law"}, [stall.number]),
        ({"matter": "report.snapshot", "state": "new"}, [lamp.number]),
        ({"matter": "report.snapshot", "f-category": "城乡建设/占道经营"}, [stall.number]),
        ({"matter": "report.snapshot", "f-content": "x"}, [stall.number, lamp.number]),
        ({"open": "closed"}, []),
        ({"scope": "mine"}, []),
        ({"light": "超期"}, []),
        ({"p": "不是数", "open": "？", "light": "绿"}, [stall.number, lamp.number]),
    ]
    for query, expected in cases:
        assert sorted(numbers(page_of(client, **query))) == sorted(expected), query
    assert numbers(page_of(enter("jingban"), scope="mine")) == [stall.number]
    assert numbers(page_of(enter("jingban"), scope="unit")) == [stall.number]


def test_lights_say_how_much_is_left_and_filter_the_list(enter: Enter, report: Make) -> None:
    late, soon, fine = report("甲处积水"), report("乙处垃圾"), report("丙处树倒")
    now = timezone.now()
    for case, due, warn in ((late, -3, -9), (soon, 1, -1), (fine, 90, 80)):
        Case.objects.filter(uid=case.uid).update(
            due_at=now + timedelta(hours=due), warn_at=now + timedelta(hours=warn)
        )
    client = enter("fenbo")
    assert numbers(page_of(client)) == [late.number, soon.number, fine.number], "快到期的在前"
    for word, case, left in (("超期", late, "已超"), ("临期", soon, "还剩"), ("正常", fine, "还剩")):
        text = page_of(client, light=word)
        assert numbers(text) == [case.number] and left in text


def test_no_more_than_fifty_on_a_page_and_within_the_query_budget(
    enter: Enter, report: Make, django_assert_max_num_queries: Any
) -> None:
    for index in range(52):
        report(f"第{index}处路灯不亮", category="城乡建设/市政设施")
    client = enter("fenbo")
    page_of(client)
    with django_assert_max_num_queries(13):
        first = page_of(client, matter="report.snapshot", scope="all", **{"f-category": "城乡建设/市政设施"})
    assert "共 52 件" in first and len(numbers(first)) == 50
    with django_assert_max_num_queries(13):
        second = page_of(client, p="2")
    assert len(numbers(second)) == 2 and not set(numbers(first)) & set(numbers(second))
    assert numbers(page_of(client, p="99")) == []


def test_counting_stops_at_a_thousand() -> None:
    assert queries.counted(1000).shown == "1000"
    assert queries.counted(1001) == ("1000+", True, 1000)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_export_is_what_is_on_the_page(enter: Enter, report: Make, handed: Make, kind: str) -> None:
    report("=1+1 路灯")
    stall = handed("市场南门占道")
    client = enter("fenbo")
    for query in ({}, {"unit": "law"}, {"q": "路灯"}):
        answer = client.get(reverse("office:export"), {**query, "as": kind})
        assert answer.status_code == 200 and f".{kind}" in answer["Content-Disposition"]
        assert [row[0] for row in table(answer, kind)] == numbers(page_of(client, **query)), query
    rows = {row[0]: row for row in table(client.get(reverse("office:export"), {"as": kind}), kind)}
    assert rows[stall.number][1:6] == ["市场南门占道", "随手拍", "办理中", "综合行政执法队", "李经办"]
    assert any(row[1] in ("=1+1 路灯", "'=1+1 路灯") for row in rows.values())
    if kind == "csv":
        assert not any(row[1].startswith("=") for row in rows.values()), "不能让表格软件当公式算"
    assert table(enter("lvren").get(reverse("office:export"), {"as": kind}), kind) == []


def table(answer: Any, kind: str) -> list[list[str]]:
    content = answer.getvalue()
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return [[str(cell) for cell in row] for row in sheet[2:]]


def test_address_keeps_the_other_filters(street: Street) -> None:
    from django.http import QueryDict

    wanted = lists.Wanted.read(QueryDict("unit=law&f-category=a&p=3&scope=mine"))
    assert wanted.address(p=4) == "scope=mine&unit=law&f-category=a&p=4"
    assert wanted.address(scope="all") == "scope=all&unit=law&f-category=a"


def test_notices_can_be_read_only_by_their_owner(enter: Enter, handed: Make) -> None:
    from jiezhi.base.casework.models import Notice
    from jiezhi.base.casework.outbox import drain

    handed()
    drain()
    mine = Notice.objects.get(officer__login="jingban")
    other = enter("fenbo")
    other.post(reverse("office:notices"), {"one": str(mine.pk)})
    mine.refresh_from_db()
    assert mine.read_at is None
    client = enter("jingban")
    text = client.get(reverse("office:notices")).content.decode()
    assert mine.case.number in text and "全部记为已读" in text
    client.post(reverse("office:notices"), {"one": str(mine.pk)})
    mine.refresh_from_db()
    assert mine.read_at is not None
    assert "全部记为已读" not in client.get(reverse("office:notices")).content.decode()


def test_a_notice_about_no_case_has_a_title_and_somewhere_to_go(enter: Enter, handed: Make) -> None:
    from jiezhi.base.accounts.models import Officer
    from jiezhi.base.casework.outbox import drain
    from jiezhi.base.casework.reminders import remind

    client, now = enter("jingban"), timezone.now()
    me = Officer.objects.get(login="jingban")
    remind("a", to=[me], title="12345热线没有对账", text="有一期到期没有对账。", link="/?open=any", now=now)
    remind("b", to=[me], title="网络推送停了", text="对方修好之后再恢复。", now=now)
    drain()
    text = client.get(reverse("office:notices")).content.decode()
    assert "12345热线没有对账：有一期到期没有对账。" in text and '<a href="/?open=any">去看</a>' in text
    assert "网络推送停了：对方修好之后再恢复。" in text and text.count("去看</a>") == 1
    assert client.get("/?open=any").status_code == 200 and '<span class="badge">2' in page_of(client)


@pytest.mark.parametrize(
    ("who", "usual"),
    [("jingban", "own"), ("fuze", "own"), ("fenbo", "all"), ("duban", "all"), ("wangge", "all"), ("lvren", "all")],
)  # fmt: skip
def test_the_list_opens_on_ones_own_work(enter: Enter, handed: Make, who: str, usual: str) -> None:
    case = handed()
    client = enter(who)
    text = page_of(client)
    assert f'aria-current="true">{lists.SCOPES[usual]}</a>' in text
    assert "清除筛选" not in text, "打开时的范围不算筛选"
    assert numbers(text) == numbers(page_of(client, scope=usual))
    if who in ("jingban", "fuze"):
        assert numbers(text) == [case.number]


def test_own_work_is_the_unit_and_what_one_holds_elsewhere(
    enter: Enter, handed: Make, street: Street
) -> None:
    mine, ours, others = handed("甲处积水"), handed("乙处垃圾"), handed("丙处树倒")
    CaseRole.objects.all().delete()
    for case, unit, officer in (
        (mine, "civil", "jingban"),
        (ours, "law", "fuze"),
        (others, "civil", "minzheng"),
    ):
        row = Case.objects.get(uid=case.uid)
        Case.objects.filter(pk=row.pk).update(unit=unit)
        CaseRole.objects.create(case=row, role="handler", officer=street[officer], place=row.place)
    client = enter("jingban")
    assert set(numbers(page_of(client))) == {mine.number, ours.number}
    assert numbers(page_of(client, scope="mine")) == [mine.number]
    assert numbers(page_of(client, scope="unit")) == [ours.number]
    assert set(numbers(page_of(enter("fenbo"), scope="own"))) == set()
