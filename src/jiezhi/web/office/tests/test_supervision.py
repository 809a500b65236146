"""督办台：五张单子各数对、只列看得见的、能导出、能催办；没有这些岗位的看不了。"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions, oversight
from jiezhi.base.casework.models import Case, Event, EvidenceUse
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.oversight import LATE, SHEETS, Asked
from jiezhi.base.casework.queries import definition_of, visible
from jiezhi.base.registry.models import Appointment
from jiezhi.web.office.testing import SINCE, Street
from jiezhi.web.office.views.supervision import SLUGS

Enter = Callable[[str], Client]
Make = Callable[..., Outcome]


def does(street: Street, case: Outcome, who: str, action: str, reason: str = "", **inputs: Any) -> Outcome:
    result = actions.act(case.uid, action, acting_officer=street[who], inputs=inputs, reason=reason)
    assert isinstance(result, Outcome), str(result)
    return result


@pytest.fixture
def sheets(street: Street, report: Make, handed: Make) -> dict[str, Outcome]:
    """各单子上该有的一件，和一件哪张单子也不该有的。"""
    now = timezone.now()
    fine, overdue, returned, unhappy, photoless = report(), report(), report(), report(), report()
    Case.objects.filter(uid=overdue.uid).update(due_at=now - timedelta(days=3))
    for _ in range(2):
        does(street, returned, "fenbo", "dispatch", to_unit="law")
        does(street, returned, "fuze", "return", "不属本单位")
    once = report()
    does(street, once, "fenbo", "dispatch", to_unit="law")
    does(street, once, "fuze", "return", "不属本单位")
    for one in (unhappy, photoless):
        does(street, one, "fenbo", "send_outside", "属区级部门", to_unit="party")
        does(street, one, "fenbo", "outside_answer", reply="区里已经修好")
    does(street, unhappy, "huifang", "unhappy", rating=1, rating_note="还是不亮")
    does(street, photoless, "huifang", "rate", rating=5)
    late = actions.open_case(
        "report.snapshot",
        "report",
        acting_officer=street["wangge"],
        inputs={"content": "补录的一件"},
        at=now - timedelta(hours=3),
        now=now,
    )
    assert isinstance(late, Outcome), str(late)
    return {
        "overdue": overdue,
        "backfilled": late,
        "returned": returned,
        "unhappy": unhappy,
        "photoless": photoless,
        "": fine,
    }


def naive(officer: Officer, sheet: str, asked: Asked) -> set[int]:
    """照定义逐件看，不用单子的语句。"""
    now, found = timezone.now(), set()
    since = asked.since(sheet, now)
    for case in visible(officer, now):
        if asked.unit and case.unit_id != asked.unit:
            continue
        acts = definition_of(case).matter.actions
        events = list(Event.objects.filter(case=case))
        recent = [one for one in events if since is None or one.at >= since]
        means = [acts[one.action].means for one in recent if one.action in acts]
        match sheet:
            case "overdue":
                on = case.closed_at is None and case.due_at is not None and case.due_at <= now
                on = on and (since is None or case.due_at >= since)
            case "backfilled":
                steps = [one for one in events if since is None or one.recorded_at >= since]
                on = any(
                    one.recorded_at - one.at > LATE
                    and one.officer_id
                    and json.loads(bytes(one.body))["actor"]["kind"] == "officer"
                    for one in steps
                )
            case "returned":
                on = sum("return" in one for one in means) >= 2
            case "unhappy":
                on = any({"rate", "rework"} <= set(one) or one == ["reopen"] for one in means)
            case _:
                photos = EvidenceUse.objects.filter(case=case, field="after_photos").exists()
                on = case.matter == "report.snapshot" and case.state == "closed" and not photos
                on = on and (since is None or case.opened_at >= since)
        if on:
            found.add(case.pk)
    return found


def test_each_sheet_lists_what_its_words_say(street: Street, sheets: dict[str, Outcome]) -> None:
    now = timezone.now()
    for who in ("duban", "fuze", "fenbo", "wangge", "lvren"):
        for sheet in SHEETS:
            for asked in (Asked(), Asked(span="7"), Asked(span="year"), Asked(unit="law")):
                found = oversight.listed(street[who], sheet, asked, now=timezone.now(), most=99)
                wanted = (
                    naive(street[who], sheet, asked) if oversight.may_oversee(street[who], now) else set()
                )
                assert {pk for pk, _ in found} == wanted, (who, sheet, asked)
    for sheet, case in sheets.items():
        if sheet:
            found = oversight.listed(street["duban"], sheet, Asked(), now=timezone.now(), most=99)
            assert [Case.objects.get(pk=pk).number for pk, _ in found] == [case.number], sheet
    times = oversight.listed(street["duban"], "returned", Asked(), now=timezone.now(), most=99)
    assert [count for _, count in times] == [2]


def test_steps_are_told_apart_by_their_meanings(street: Street) -> None:
    """核查不通过是退回，不是来件人不满意；并入的单独重新办理不算不满意。"""
    from jiezhi.base.casework import matters

    acts = {one.id: one for one in matters.everything()}
    named = {
        test: {
            (matter, name)
            for matter, one in acts.items()
            for name, act in one.matter.actions.items()
            if test(one, act)
        }
        for test in (oversight.complains, oversight.sends_back)
    }
    complaints, returns = named[oversight.complains], named[oversight.sends_back]
    assert {
        ("report.snapshot", "unhappy"),
        ("hotline.order", "rework"),
        ("report.snapshot", "reopen"),
    } <= complaints
    assert {("report.snapshot", "check_failed"), ("service.minimum_living", "sent_back")} <= returns
    assert ("report.snapshot", "unmerge") not in complaints | returns
    assert not complaints & returns


def test_imported_steps_are_not_back_filled(street: Street) -> None:
    now = timezone.now()
    result = actions.open_case(
        "report.snapshot",
        "report",
        actor=actions.import_actor(street["fenbo"]),
        inputs={"content": "别处导来的一件"},
        at=now - timedelta(days=4),
        now=now,
    )
    assert isinstance(result, Outcome), str(result)
    assert Event.objects.get(case__uid=result.uid, seq=1).officer_id == street["fenbo"].pk
    assert oversight.listed(street["duban"], "backfilled", Asked(), now=now, most=9) == []


def page_of(client: Client, slug: str = "", **query: str) -> str:
    where = reverse("office:supervision-sheet", args=[slug]) if slug else reverse("office:supervision")
    answer = client.get(where, query)
    assert answer.status_code == 200
    return answer.content.decode()


def numbers(text: str) -> list[str]:
    return [part.split("<")[0] for part in text.split('<span class="number">')[1:]]


def test_the_desk_shows_every_sheet_and_its_way_of_counting(enter: Enter, sheets: dict[str, Outcome]) -> None:
    client = enter("duban")
    text = page_of(client)
    for slug, sheet in SLUGS.items():
        assert sheets[sheet].number in text and Asked().how(sheet) in text
        assert numbers(page_of(client, slug)) == [sheets[sheet].number]
    assert sheets[""].number not in text
    assert "退回 2 次" in text and "“登记随手拍”迟记3小时" in text
    for query in ({"span": "7"}, {"span": "？", "p": "九"}, {"unit": "没有"}, {"p": "9"}):
        page_of(client, **query)
        page_of(client, "tuihui", **query)
    assert client.get("/duban/meiyou/").status_code == 404


def test_empty_sheets_say_so(enter: Enter) -> None:
    client = enter("duban")
    assert all(one.empty in page_of(client) for one in SHEETS.values())
    assert "没有超期的件" in page_of(client, "chaoqi")


def test_only_what_one_may_see_is_counted_listed_and_exported(
    street: Street, enter: Enter, sheets: dict[str, Outcome]
) -> None:
    """部门负责人只看得见本单位的；限指定人员的件，督办员也看不见。"""
    Case.objects.filter(uid=sheets["overdue"].uid).update(unit="civil")
    chief = enter("fuze")
    assert numbers(page_of(chief)) == []
    Case.objects.filter(uid=sheets["overdue"].uid).update(unit="law")
    assert numbers(page_of(chief)) == [sheets["overdue"].number]
    Case.objects.update(confidential=True)
    for client in (chief, enter("duban")):
        assert numbers(page_of(client)) == []
        for slug in SLUGS:
            assert numbers(page_of(client, slug)) == []
            answer = client.get(reverse("office:supervision-export", args=[slug]), {"as": "csv"})
            assert table(answer, "csv") == []


def table(answer: Any, kind: str) -> list[list[str]]:
    content = answer.getvalue()
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return [[str(cell) for cell in row] for row in sheet[2:]]


def test_a_sheet_is_exported_as_shown(enter: Enter, sheets: dict[str, Outcome]) -> None:
    client = enter("duban")
    for slug, sheet, kind in [(*one, kind) for one in SLUGS.items() for kind in ("xlsx", "csv")]:
        rows = table(client.get(reverse("office:supervision-export", args=[slug]), {"as": kind}), kind)
        assert [row[0] for row in rows] == [sheets[sheet].number]
        assert rows[0][-1], "写明怎么回事"


def test_other_posts_are_told_whose_desk_it_is(enter: Enter, sheets: dict[str, Outcome]) -> None:
    paths = ("/duban/", "/duban/chaoqi/", "/duban/chaoqi/daochu/")
    for who, where in [(who, where) for who in ("jingban", "wangge", "lvren", "fenbo") for where in paths]:
        client = enter(who)
        answer = client.get(where)
        text = answer.content.decode()
        assert answer.status_code == 403 and "督办台给督办员" in text
        assert not any(one.number in text for one in sheets.values())
        assert 'href="/duban/"' not in client.get("/kanban/").content.decode()


def test_urging_from_the_desk_goes_through_the_case_door_and_back(
    street: Street, enter: Enter, sheets: dict[str, Outcome]
) -> None:
    client, case = enter("duban"), sheets["overdue"]
    assert f'formaction="/cases/{case.uid}/act/supervise/"' in page_of(client, "chaoqi")
    form = {"version": "1", "f-demand": "今天到场", "token": "a" * 32, "back": "/duban/chaoqi/?span=7"}
    for _ in range(2):
        answer = client.post(reverse("office:act", args=[case.uid, "urge"]), form)
        assert answer.status_code == 302 and answer.headers["Location"] == "/duban/chaoqi/?span=7"
    assert Event.objects.filter(case__uid=case.uid, action="urge").count() == 1, "交两次只办一次"
    empty = client.post(
        reverse("office:act", args=[case.uid, "urge"]), form | {"f-demand": "", "token": "b" * 32}
    )
    assert empty.status_code == 422
    for elsewhere in ("https://example.org/", "//example.org/", "javascript:alert(1)", "/" + "长" * 2000):
        away = form | {"back": elsewhere, "token": "c" * 32}
        answer = client.post(reverse("office:act", args=[case.uid, "urge"]), away)
        assert answer.headers["Location"] == reverse("office:case", args=[case.uid])
    # 部门负责人不能催办：没有按钮。
    Case.objects.filter(uid=case.uid).update(unit="law")
    assert "formaction" not in page_of(enter("fuze"), "chaoqi")


def test_leaving_the_post_closes_the_desk(street: Street, enter: Enter, sheets: dict[str, Outcome]) -> None:
    client = enter("duban")
    assert numbers(page_of(client))
    for one in Appointment.objects.filter(officer=street["duban"]):
        one.valid_to = SINCE + timedelta(days=1)
        one.save()
    assert client.get("/duban/").status_code == 403
