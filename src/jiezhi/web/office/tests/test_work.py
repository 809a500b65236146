"""我的工作：几件、最急的、变了什么、哪里慢了；别人的件一处也不漏出来。"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jiezhi.base.accounts.models import Post
from jiezhi.base.casework import actions, desk
from jiezhi.base.casework.models import Case
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.models import Appointment
from jiezhi.core.calendar import CHINA
from jiezhi.web.office import mywork
from jiezhi.web.office.testing import SINCE, Street
from jiezhi.web.office.tests.test_worklist import Enter, Make, numbers

WORK = "office:work"
TILE = re.compile(
    r'href="([^"]*)"><b>([^<]+)<small> [件条]</small></b><span>(?:<span[^>]*>.</span> )?([^<]+)<'
)


def page_of(client: Client, **query: str) -> str:
    answer = client.get(reverse(WORK), query)
    assert answer.status_code == 200
    return answer.content.decode()


def tiles(text: str) -> dict[str, tuple[str, str]]:
    """名称 → （数，网址）。"""
    return {
        title.strip(): (shown, address.replace("&amp;", "&")) for address, shown, title in TILE.findall(text)
    }


def section(text: str, name: str) -> str:
    """一段。"""
    return text.split(f'aria-labelledby="{name}-title"', 1)[1].split("</section>", 1)[0]


def due(case: Any, hours: float, warn: float = -1) -> None:
    now = timezone.now()
    Case.objects.filter(uid=case.uid).update(
        due_at=now + timedelta(hours=hours), warn_at=now + timedelta(hours=warn)
    )


def test_every_number_opens_the_list_it_counts(enter: Enter, report: Make, handed: Make) -> None:
    late, soon, fine = handed("甲处积水"), handed("乙处垃圾"), handed("丙处树倒")
    new = report("还没有派的一件")
    due(late, -3)
    due(soon, 100)
    due(fine, 900, 800)
    for who, mine, hand in (("jingban", "3", "3"), ("fuze", "0", "3"), ("fenbo", "0", "1")):
        client = enter(who)
        found = tiles(page_of(client))
        assert found["手上的"][0] == hand and found["其中我经办的"][0] == mine, who
        for title, (shown, address) in found.items():
            if title != "未读消息":
                assert len(numbers(client.get(address).content.decode())) == int(shown), (who, title)
    assert tiles(page_of(enter("jingban")))["超期"][0] == "1"
    assert tiles(page_of(enter("jingban")))["临期"][0] == "1"
    assert numbers(enter("fenbo").get(tiles(page_of(enter("fenbo")))["手上的"][1]).content.decode()) == [
        new.number
    ]


def test_due_today_is_counted_by_the_local_day(
    enter: Enter, handed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    today, night, tomorrow = handed("甲处积水"), handed("乙处垃圾"), handed("丙处树倒")
    noon = datetime(2026, 8, 3, 12, tzinfo=CHINA)
    for case, at in (
        (today, noon.replace(hour=15)),
        (night, datetime(2026, 8, 4, tzinfo=CHINA)),  # 整日届满：今天的最后一刻
        (tomorrow, datetime(2026, 8, 4, 9, tzinfo=CHINA)),
    ):
        Case.objects.filter(uid=case.uid).update(due_at=at, warn_at=None)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    client = enter("jingban")
    shown, address = tiles(page_of(client))["今天到期"]
    assert shown == "2"
    assert set(numbers(client.get(address).content.decode())) == {today.number, night.number}


def test_the_most_urgent_come_first_with_the_step_to_take(enter: Enter, report: Make, handed: Make) -> None:
    cases = [handed(f"第{number}处积水") for number in range(11)]
    for place, case in enumerate(cases):
        due(case, 50 - place)
    client = enter("jingban")
    text = section(page_of(client), "urgent")
    order = re.findall(r'class="number">([^<]+)<', text)
    assert order == [case.number for case in reversed(cases)][:10]
    assert f'href="{reverse("office:case", args=[cases[10].uid])}?act=answer"' in text and "处理完毕" in text
    opened = client.get(reverse("office:case", args=[cases[10].uid]), {"act": "answer"}).content.decode()
    assert 'name="f-reply"' in opened, "按钮直达那张表单"
    waiting = report("等着派的一件")
    desk_text = section(page_of(enter("fenbo")), "urgent")
    assert waiting.number in desk_text and "?act=dispatch" in desk_text
    assert not any(case.number in desk_text for case in cases), "在别的单位办的不算分拨员手上的"


def test_what_changed_is_sorted_by_kind_and_until_one_has_looked(
    enter: Enter, report: Make, handed: Make, street: Street
) -> None:
    case = handed("甲处积水")
    client = enter("jingban")
    text = section(page_of(client), "changes")
    assert "新派来的" in text and "甲处积水" in text and "陈分拨" in text
    assert "签收" not in text, "自己办的不列"
    assert actions.act(case.uid, "return", acting_officer=street["jingban"], reason="属住建部门").ok
    back = section(page_of(enter("fenbo")), "changes")
    assert "退回来的" in back and "李经办" in back
    until = re.search(r'name="until" value="([^"]+)"', text)
    assert until is not None
    handed("乙处垃圾")
    answer = client.post(reverse("office:work-looked"), {"until": until[1].replace("&#x2B;", "+")})
    assert answer.status_code == 302
    after = section(page_of(client), "changes")
    assert "乙处垃圾" in after and "甲处积水" not in after, "看过之后才有的照样列"
    client.post(reverse("office:work-looked"), {"until": "不是时刻"})
    assert "上次看过以后没有新的变化" in page_of(client)
    assert "乙处垃圾" in section(page_of(client, cong="zuotian"), "changes")
    assert "乙处垃圾" not in section(page_of(client), "changes"), "再看一遍不改记下的时刻"


def test_residents_words_are_a_kind_of_their_own(enter: Enter, handed: Make, street: Street) -> None:
    from jiezhi.core.procedure.view import Actor
    from jiezhi.web.office.tests.test_casepage import photo

    case = handed("甲处积水")
    page = enter("jingban").get(reverse("office:case", args=[case.uid]), {"act": "answer"}).content.decode()
    data = {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("token", "version")}  # type: ignore[index]
    sent = {**data, "f-reply": "已经清理", "f-after_photos": photo()}
    assert enter("jingban").post(reverse("office:act", args=[case.uid, "answer"]), sent).status_code == 302
    assert actions.act(case.uid, "check", acting_officer=street["huifang"], inputs={}).ok
    said = {"rating": 1, "rating_note": "又积水了"}
    rated = actions.act(case.uid, "unhappy", actor=Actor("reporter"), inputs=said)
    assert rated.ok, str(rated)
    found = desk.changes(street["jingban"], timezone.now() - timedelta(hours=1), timezone.now())
    assert any(one.kind == desk.SPOKEN and one.who == "来件人" for one in found), found


@pytest.mark.django_db
def test_since_is_the_end_of_the_last_workday() -> None:
    table = registry.standing().table
    monday = datetime(2026, 8, 3, 9, tzinfo=CHINA)
    assert mywork.last_evening(table, monday) == datetime(2026, 7, 31, 17, 30, tzinfo=CHINA)
    looked = monday - timedelta(days=1)
    assert mywork.since(looked, monday) == looked
    assert mywork.since(monday - timedelta(days=99), monday) == monday - timedelta(days=14)


def test_nothing_of_others_shows_anywhere(enter: Enter, handed: Make, street: Street) -> None:
    theirs, sealed = handed("雀舌巷井盖"), handed("雀舌巷密报")
    Case.objects.filter(uid=sealed.uid).update(confidential=True)
    due(theirs, -3)
    due(sealed, -3)
    stranger = page_of(enter("minzheng"))
    assert "雀舌巷" not in stranger
    assert {shown for shown, _ in tiles(stranger).values()} == {"0"}
    assert "雀舌巷" not in page_of(enter("lvren")) and "slow-title" not in page_of(enter("lvren"))
    # 限指定人员的：件上的人看得到，同单位的、看得到全街道的都看不到，数里也没有。
    owner = page_of(enter("jingban"))
    assert "雀舌巷密报" in owner and tiles(owner)["超期"][0] == "2"
    for who in ("fuze", "duban"):
        text = page_of(enter(who))
        assert "雀舌巷密报" not in text, who
    assert tiles(page_of(enter("fuze")))["超期"][0] == "1"
    slow = section(page_of(enter("duban")), "slow")
    assert re.findall(r"</span> (\d+)<", slow) == ["1"], "超期的只数看得见的"
    # 停用的人、任期满的人什么也没有。
    Appointment.objects.filter(officer=street["jingban"]).update(valid_to=timezone.now())
    registry_moved(street)
    now = timezone.now()
    assert desk.loads(street["fuze"], now)[0].late == 1
    street["fuze"].is_active = False
    assert desk.loads(street["fuze"], now) == [] == desk.changes(street["fuze"], SINCE, now)


def registry_moved(street: Street) -> None:
    """任职绕过信号改了，换一个戳。"""
    Post.objects.get(code="unit_clerk").save()


def test_leaders_see_every_unit_and_each_number_opens_its_list(
    enter: Enter, report: Make, handed: Make
) -> None:
    late, soon = handed("甲处积水"), handed("乙处垃圾")
    report("还没有派的一件")
    due(late, -3)
    due(soon, 30)
    client = enter("duban")
    text = section(page_of(client), "slow")
    assert text.index("综合行政执法队") < text.index("还没有单位的"), "超期多的在前"
    links = re.findall(r'href="([^"]+)"[^>]*>(?:<span[^>]*>.</span> )?(\d+)<', text)
    assert [count for _, count in links] == ["2", "1", "1", "1"]
    for address, count in links:
        assert len(numbers(client.get(address.replace("&amp;", "&")).content.decode())) == int(count), address
    assert "slow-title" not in page_of(enter("jingban")), "只给管一片的岗位看"


def test_more_cases_ask_no_more(enter: Enter, handed: Make, django_assert_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = enter("jingban")
    counts = []
    for _ in range(2):
        for number in range(4):
            handed(f"第{number}处积水")
        page_of(client)
        with CaptureQueriesContext(connection) as asked:
            page_of(client)
        counts.append(len(asked))
    assert counts[0] == counts[1]
