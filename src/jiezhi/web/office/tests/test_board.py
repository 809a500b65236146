"""看板：只有看得见的件；移一张卡片就是办一步，办不了的说差什么，连点两次只办一次。"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jiezhi.base.casework import actions, board, matters
from jiezhi.base.casework.models import Case, Clock, Event
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import START, definition
from jiezhi.web.office.testing import Street

Enter = Callable[[str], Client]
Make = Callable[..., Outcome]
TOKEN = "a" * 32
SNAP = "/kanban/?matter=report.snapshot"


def page_of(client: Client, **query: str) -> str:
    answer = client.get("/kanban/", {"matter": "report.snapshot"} | query)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(text: str) -> dict[str, list[str]]:
    """各列的卡片：环节 → 件的标识。"""
    parts = re.split(r'data-state="(\w+)"', text)[1:]
    found = zip(parts[::2], parts[1::2], strict=True)
    return {state: re.findall(r'data-card="([0-9a-f-]+):', body) for state, body in found}


def move(client: Client, case: Outcome, to: str, version: int | None = None, token: str = TOKEN) -> Any:
    """移一张卡片；`version` 是页面出来时的版本。"""
    seq = Case.objects.get(uid=case.uid).seq if version is None else version
    return client.post(SNAP, {"token": token, "move": f"{case.uid}:{seq}:{to}"})


def told(street: Street, case: Outcome, *steps: tuple[str, str, dict[str, Any]], reason: str = "") -> Outcome:
    """办几步：谁、什么动作、填什么。"""
    for who, action, inputs in steps:
        result = actions.act(case.uid, action, acting_officer=street[who], inputs=inputs, reason=reason)
        assert isinstance(result, Outcome), str(result)
        case = result
    return case


def answered(street: Street, case: Outcome) -> Outcome:
    """到“已答复待评价”。"""
    steps = (
        ("fenbo", "send_outside", {"to_unit": "party"}),
        ("fenbo", "outside_answer", {"reply": "区里已经修好"}),
    )
    return told(street, case, *steps, reason="属区级部门")


def state_of(case: Outcome) -> str:
    return str(Case.objects.get(uid=case.uid).state)


def test_cards_stand_in_the_columns_of_the_procedure(
    street: Street, enter: Enter, report: Make, handed: Make
) -> None:
    new, handling = report(), handed("市场南门占道")
    closed = told(street, answered(street, report("区里修的灯")), ("huifang", "rate", {"rating": 5}))
    client = enter("fenbo")
    text = page_of(client)
    columns = shown(text)
    assert list(columns)[:5] == ["new", "handling", "checking", "answered", "outside"], (
        "照流程的先后，办结的在后"
    )
    assert columns["new"] == [new.uid] and columns["handling"] == [handling.uid]
    assert columns["closed"] == [] and ">已办结 1<" in text.replace("\n", ""), "办结的收起，只数数"
    assert shown(page_of(client, ended="1"))["closed"] == [closed.uid]
    assert "李经办" in text and f"…{new.number[-6:]}" in text and "东桥第7网格" in text
    assert shown(page_of(client, unit="law"))["new"] == []
    assert shown(page_of(client, area="990101001001007"))["new"] == [new.uid]
    assert shown(page_of(client, area="没有"))["new"] == []
    assert shown(client.get("/kanban/").content.decode())["new"] == [new.uid], "没有选的，先看件最多的业务"
    longer = timezone.now() - board.ENDED_WITHIN - timedelta(days=1)
    Case.objects.filter(uid=closed.uid).update(closed_at=longer)
    assert shown(page_of(client, ended="1"))["closed"] == [], "只看近 7 天办结的"


def test_only_what_one_may_see_is_on_the_board(
    street: Street, enter: Enter, report: Make, handed: Make
) -> None:
    report()
    mine = handed("市场南门占道")
    ended = told(street, answered(street, report("区里修的灯")), ("huifang", "rate", {"rating": 5}))
    assert sum(shown(page_of(enter("jingban"), ended="1")).values(), []) == [mine.uid]
    nobody = enter("lvren")
    assert sum(shown(page_of(nobody, ended="1")).values(), []) == []
    assert "现在没有您看得见的在办件" in nobody.get("/kanban/").content.decode()
    Case.objects.update(confidential=True)
    text = page_of(enter("duban"), ended="1")
    assert sum(shown(text).values(), []) == [] and ended.number[-6:] not in text
    assert sum(shown(page_of(enter("jingban"))).values(), []) == [mine.uid], "件上的人看得见"
    assert move(enter("minzheng"), mine, "checking").status_code == 404
    assert move(nobody, Outcome("0" * 36, "", 1, ""), "new", 1).status_code == 404


def test_moving_a_card_is_one_act_at_the_door(
    street: Street, enter: Enter, report: Make, handed: Make
) -> None:
    """要填的打开表单；差材料、没有权限、流程上到不了、版本旧了的说清楚；唯一又不用填的直接办。"""
    case, clerk, desk = handed(), enter("jingban"), enter("fenbo")
    seq = Case.objects.get(uid=case.uid).seq
    form = move(clerk, case, "checking")
    assert form.headers["Location"] == f"/cases/{case.uid}/?act=answer", "处理完毕有要填的"
    for client, to, words in (
        (clerk, "closed", "从“办理中”不能一步到“已办结”"),
        (clerk, "handling", "这件现在就在“办理中”"),
        (clerk, "没有", "没有这个环节"),
        (desk, "checking", "要由"),
    ):
        answer = move(client, case, to)
        text = answer.content.decode()
        assert answer.status_code == 422 and words in text and "卡片还在原来的环节" in text, to
        assert case.uid in shown(text)["handling"]
    unsigned = told(street, report("没有签收的"), ("fenbo", "dispatch", {"to_unit": "law"}))
    short = move(clerk, unsigned, "checking")
    assert short.status_code == 422 and "签收" in short.content.decode(), "差签收"
    broken = clerk.post(SNAP, {"token": TOKEN, "move": f"{case.uid}::checking"})
    assert broken.status_code == 422 and "请刷新后再办" in broken.content.decode()
    for nonsense in ("", "x", "\x00:1:new", f"{case.uid}x:1:new", "：" * 5000):
        assert clerk.post(SNAP, {"move": nonsense}).status_code == 404
    assert Case.objects.get(uid=case.uid).seq == seq, "一样也没有办"


DIRECT = "test.report"


def over(case: Outcome) -> None:
    """要求听证的期限早过了。"""
    now = timezone.now()
    spent = {"started_at": now - timedelta(days=30), "due_at": now - timedelta(days=20)}
    Clock.objects.filter(case__uid=case.uid, name="objection").update(**spent)


@pytest.fixture
def ready(street: Street, enter: Enter) -> Callable[[], Outcome]:
    """到了“已答复”的一件小业务：分拨员点一下就办结，没有要填的。"""
    matters.publish(definition(), now=START)

    def make() -> Outcome:
        made = actions.open_case(
            DIRECT, "register", acting_officer=street["fenbo"], inputs={"subject": "路灯不亮"}
        )
        assert isinstance(made, Outcome), str(made)
        return told(
            street,
            made,
            ("fenbo", "dispatch", {"to_unit": "law"}),
            ("jingban", "answer", {"reply": "已经处理好了"}),
        )

    return make


def test_a_plain_step_is_done_at_once_and_once(
    street: Street, enter: Enter, ready: Callable[[], Outcome]
) -> None:
    client, case = enter("fenbo"), ready()
    # 要求听证的期限还没有过：办不了，说差什么。
    barred = move(client, case, "closed")
    assert barred.status_code == 422 and "要求听证的期限" in barred.content.decode()
    over(case)
    seq = Case.objects.get(uid=case.uid).seq
    stale = move(client, case, "closed", seq - 1)
    assert stale.status_code == 422 and "您打开之后这件已有变动" in stale.content.decode()
    for times in range(2):
        answer = move(client, case, "closed", seq)
        assert answer.status_code == 302
        said = client.get(answer.headers["Location"]).content.decode()
        assert ("已经办过，没有重复办理" if times else "“办结”办好了") in said
    assert Event.objects.filter(case__uid=case.uid, action="close").count() == 1
    assert state_of(case) == "closed"


def test_two_clicks_in_flight_act_once(
    enter: Enter, ready: Callable[[], Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """头一次点的问过能不能办、还没有办，第二次点的已经办成：头一次的认出是同一个请求。"""
    client, case = enter("fenbo"), ready()
    over(case)
    ask, answers = board.ways, []

    def meanwhile(*args: Any, **more: Any) -> board.Ways:
        found = ask(*args, **more)
        monkeypatch.setattr(board, "ways", ask)
        answers.append(move(enter("fenbo"), case, "closed", case.seq))
        return found

    monkeypatch.setattr(board, "ways", meanwhile)
    answers.append(move(client, case, "closed", case.seq))
    assert [one.status_code for one in answers] == [302, 302]
    assert "已经办过，没有重复办理" in client.get(answers[1].headers["Location"]).content.decode()
    assert Event.objects.filter(case__uid=case.uid, action="close").count() == 1


def test_fifty_cards_to_a_column_and_the_rest_is_said(
    enter: Enter, report: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "CARDS", 2)
    for number in range(3):
        report(f"第{number}处路灯不亮")
    text = page_of(enter("fenbo"))
    assert len(shown(text)["new"]) == 2 and "还有 1 件，到列表里看" in text
    assert "/?matter=report.snapshot&amp;state=new&amp;scope=all" in text


def test_the_menu_offers_only_what_the_procedure_allows(street: Street) -> None:
    snap = matters.definition_of(matters.current_version("report.snapshot"))
    assert board.onward(snap, "handling") == ("new", "checking", "outside", "withdrawn")
    assert "merged" not in board.onward(snap, "new"), "并入要选两件，不在看板上办"
    assert board.onward(snap, "closed") == ("new",), "办结的可以重新办理"
