"""业务模板语言的各种写法真的照办：当事人的保护期、角色、到期等待、同时只有一件、编号、理由。"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework import actions, matters, outbox, queries
from jiezhi.base.casework.models import Case, CaseField, Clock, Event, Payload
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.replay import differences
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.test_actions import DAY, HOUR, codes, dispatched, opened

PARTIES = {
    "addressee": {"title": "受送达人", "type": "party", "sensitive": True},
    "served_on": {"title": "视为送达日", "type": "date"},
    "hearing_on": {"title": "听证日期", "type": "date"},
}


def publish(**changes: Any) -> None:
    matters.publish(definition(**changes), now=START)


def with_actions(**more: Any) -> dict[str, Any]:
    return {**MATTER["actions"], **more}


def act(office: Office, uid: str, name: str, when: timedelta, who: str = "clerk", **more: Any) -> Any:
    return actions.act(uid, name, acting_officer=getattr(office, who), now=START + when, **more)


def parties(office: Office) -> str:
    """先告知、逐人送达、期满才能办结的业务；返回派出去的一件。"""
    clock = {
        **MATTER["clocks"]["objection"],
        "from": "served.answer",
        "at": "field.served_on",
        "per": "field.addressee",
    }
    serve = {
        "title": "送达", "from": "handling", "by": "unit.unit_clerk", "serves": "answer",
        "collect": ["addressee", "served_on"],
    }  # fmt: skip
    waive = {
        "title": "放弃听证", "from": "handling", "by": "unit.unit_clerk", "waives": "objection",
        "collect": ["addressee"],
    }  # fmt: skip
    finish = {"title": "办完", "means": "close", "from": "handling", "to": "closed", "by": "unit.unit_clerk"}
    publish(
        fields={**MATTER["fields"], **PARTIES},
        clocks={**MATTER["clocks"], "objection": clock},
        actions=with_actions(serve=serve, waive=waive, finish=finish),
    )
    return dispatched(office).uid


def test_one_partys_waiver_is_his_own(office: Office) -> None:
    uid = parties(office)
    for name in ("张三", "李四"):
        given = {"addressee": {"name": name}, "served_on": "2026-08-03"}
        assert act(office, uid, "serve", 2 * HOUR, inputs=given).ok
    assert Clock.objects.filter(case__uid=uid, name="objection", status="running").count() == 2
    assert act(office, uid, "waive", 3 * HOUR, inputs={"addressee": {"name": "张三"}}).ok
    assert codes(act(office, uid, "finish", DAY)) == {"clock.objection"}
    assert act(office, uid, "finish", 9 * DAY).ok
    bodies = [bytes(body).decode() for body in Event.objects.values_list("body", flat=True)]
    assert not any("张三" in body or "李四" in body for body in bodies), "办理记录里不能有姓名"


@pytest.mark.parametrize("day", ["2020-01-01", "2026-08-02"])
def test_protected_period_cannot_start_in_the_past(office: Office, day: str) -> None:
    uid = parties(office)
    given = {"addressee": {"name": "张三"}, "served_on": day}
    refused = act(office, uid, "serve", 2 * HOUR, inputs=given)
    assert codes(refused) == {"clock"} and "不能早于办理当天" in str(refused)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1890-05-05", "2026-13-01"])
def test_absurd_dates_are_refused_in_words(office: Office, day: str) -> None:
    uid = parties(office)
    assert codes(act(office, uid, "serve", HOUR * 2, inputs={"addressee": "甲", "served_on": day})) == {
        "input"
    }


def test_act_long_before_computers_is_refused(office: Office) -> None:
    early = actions.open_case(
        "test.report",
        acting_officer=office.dispatcher,
        inputs={"subject": "旧事"},
        at=START.replace(year=1900),
        now=START,
    )
    assert codes(early) == {"at"}


def test_backward_clock_shows_the_last_day_and_bars_after_it(office: Office) -> None:
    clock = {
        "title": "听证通知", "at_least": "7日", "before": "field.hearing_on", "binds": "inform",
        "basis": "office.handle", "regime": "penalty-2021",
    }  # fmt: skip
    setting = {"title": "定听证日期", "from": "handling", "by": "unit.unit_clerk", "collect": ["hearing_on"]}
    notify = {"title": "通知听证", "means": "inform", "from": "handling", "by": "unit.unit_clerk"}
    publish(
        fields={**MATTER["fields"], **PARTIES},
        clocks={**MATTER["clocks"], "notice": clock},
        actions=with_actions(setting=setting, notify_hearing=notify),
    )
    uid = dispatched(office).uid
    assert act(office, uid, "setting", 2 * HOUR, inputs={"hearing_on": "2026-08-20"}).ok
    row = Clock.objects.get(case__uid=uid, name="notice")
    assert row.status == "running" and row.due_at < START + 10 * DAY
    assert codes(act(office, uid, "notify_hearing", 12 * DAY)) == {"clock.backward"}
    assert act(office, uid, "setting", 3 * DAY, inputs={"hearing_on": "2026-09-20"}).ok
    assert act(office, uid, "notify_hearing", 12 * DAY).ok
    statuses = list(
        Clock.objects.filter(case__uid=uid, name="notice").order_by("round").values_list("status")
    )
    assert statuses == [("ended",), ("ended",)]


def test_roles_that_must_differ_and_their_number(office: Office) -> None:
    roles = {
        "handler": {"title": "经办人"},
        "reviewer": {"title": "审核人", "distinct_from": ["handler"], "min": 1},
    }
    fields = {**MATTER["fields"], "pair": {"title": "承办人员", "type": "officer"}}
    review = {
        "title": "指定审核人", "from": "answered", "by": "unit.unit_clerk", "collect": ["pair"],
        "assign": {"reviewer": "field.pair"},
    }  # fmt: skip
    publish(roles=roles, fields=fields, actions=with_actions(review=review))
    uid = dispatched(office).uid
    assert act(office, uid, "answer", DAY, inputs={"reply": "已经处理好"}).ok
    same = act(office, uid, "review", DAY, inputs={"pair": str(office.clerk.pk)})
    assert codes(same) == {"role.reviewer"} and "不得是同一人" in str(same)
    assert act(office, uid, "review", DAY, inputs={"pair": str(office.chief.pk)}).ok
    publish(
        roles={**roles, "reviewer": {**roles["reviewer"], "min": 2}},
        fields=fields,
        actions=with_actions(review=review),
    )
    again = dispatched(office).uid
    act(office, again, "answer", DAY, inputs={"reply": "已经处理好"})
    assert codes(act(office, again, "review", DAY, inputs={"pair": str(office.chief.pk)})) == {
        "role.reviewer"
    }


def test_expiry_waits_until_it_can_be_done(office: Office) -> None:
    """到期时不在那个环节：时限还在走，回到那个环节时照办，不丢。"""
    lapse = {
        "title": "逾期退回", "means": "return", "from": "handling", "to": "new", "by": "system",
        "on": "clock.handle.expires", "assign": {"unit": "none"},
    }  # fmt: skip
    aside = {"title": "搁置", "from": "handling", "to": "answered", "by": "unit.unit_clerk"}
    resume = {"title": "恢复", "from": "answered", "to": "handling", "by": "unit.unit_clerk"}
    publish(actions=with_actions(lapse=lapse, aside=aside, resume=resume))
    uid = dispatched(office).uid
    assert act(office, uid, "aside", DAY).ok
    due = Clock.objects.get(case__uid=uid, name="handle").due_at
    assert outbox.fire_clocks(due + HOUR) == 1
    assert outbox.drain(due + HOUR).failed == 1
    assert Case.objects.get(uid=uid).state == "answered"
    assert actions.act(uid, "resume", acting_officer=office.clerk, now=due + DAY).ok
    outbox.drain(due + 2 * DAY)
    assert Case.objects.get(uid=uid).state == "new"


def test_only_one_open_case_for_the_same_place(office: Office) -> None:
    move = {"title": "改地点", "from": ["new", "answered"], "by": "post.dispatcher", "collect": ["spot"]}
    register = {**MATTER["actions"]["register"], "collect": ["subject", "spot"]}
    reopen = {"title": "重开", "from": "closed", "to": "new", "by": "post.dispatcher"}
    finish = {"title": "结", "from": "new", "to": "closed", "by": "post.dispatcher"}
    publish(
        unique_open=["spot"], actions=with_actions(register=register, move=move, reopen=reopen, finish=finish)
    )
    here, there = {"address": "云桥路1号"}, {"address": "云桥路2号"}
    first = opened(office, spot=here)
    try_again = actions.open_case(
        "test.report",
        acting_officer=office.dispatcher,
        inputs={"subject": "又一件", "spot": {**here, "lon": "113.95", "lat": "22.75"}},
        now=START,
    )
    assert codes(try_again) == {"unique"} and first.number in str(try_again)
    second = opened(office, spot=there)
    assert codes(act(office, second.uid, "move", HOUR, who="dispatcher", inputs={"spot": here})) == {"unique"}
    batch = [
        actions.Entry(
            matter="test.report", action="register", inputs={"subject": "批", "spot": {"address": "新路9号"}}
        )
        for _ in range(2)
    ]
    results = actions.act_many(batch, acting_officer=office.dispatcher, now=START)
    assert [result.ok for result in results] == [True, False]
    assert act(office, first.uid, "finish", HOUR, who="dispatcher").ok
    third = opened(office, spot=here)
    assert codes(act(office, first.uid, "reopen", 2 * HOUR, who="dispatcher")) == {"unique"}
    assert CaseField.objects.filter(name="#unique").count() == 3
    assert all(not differences(case) for case in Case.objects.all()), third


def test_numbers_run_by_unit_and_channel(office: Office) -> None:
    sequences = {
        "doc": {"title": "文号", "per": ["unit", "channel"], "format": "{unit}{channel}〔{year}〕{n:03}"}
    }
    fields = {
        **MATTER["fields"],
        "channel": {"title": "渠道", "type": "choice", "choices": ["网", "电"]},
        "doc_no": {"title": "文号", "type": "text"},
    }
    number = {
        "title": "编号", "from": "handling", "by": "post.dispatcher", "collect": ["channel"], "number": {"doc_no": "doc"},
    }  # fmt: skip
    publish(sequences=sequences, fields=fields, actions=with_actions(numbering=number))
    found = []
    for unit, channel in (("law", "网"), ("civil", "网"), ("law", "网"), ("law", "电")):
        uid = opened(office).uid
        act(office, uid, "dispatch", HOUR, who="dispatcher", inputs={"to_unit": unit})
        assert act(office, uid, "numbering", 2 * HOUR, who="dispatcher", inputs={"channel": channel}).ok
        found.append(Case.objects.get(uid=uid).fields["doc_no"])
    assert found == ["law网〔2026〕001", "civil网〔2026〕001", "law网〔2026〕002", "law电〔2026〕001"]


def test_reason_is_sealed_like_any_other_content(office: Office) -> None:
    uid = dispatched(office).uid
    assert act(office, uid, "return", DAY, reason="来件人13900001111说不是这里").ok
    event = Event.objects.get(case__uid=uid, action="return")
    assert "13900001111" not in bytes(event.body).decode()
    assert "13900001111" not in json.dumps(str(bytes(Payload.objects.get(event=event).sealed)))
    line = queries.timeline(Case.objects.get(uid=uid))[-1]
    assert line.reason == "来件人13900001111说不是这里" and line.values == []


def test_failed_merge_claims_nothing(office: Office) -> None:
    master, one = opened(office), opened(office, "别的")
    results = actions.merge(
        master.uid, [one.uid, "不是件"], acting_officer=office.dispatcher, reason="并", now=START + HOUR
    )
    assert results and not any(isinstance(result, Outcome) for result in results)
    assert Event.objects.filter(case__uid=one.uid).count() == 1


def test_refused_grandchild_leaves_nothing_and_skips_no_number(office: Office) -> None:
    """子件又要开的子件开不成：整步不办，号也不跳。"""
    lacking = {"part": {"matter": "test.child", "title": "分办件", "copy": {"subject": "field.subject"}}}
    empty = {"grand": {"matter": "test.report", "title": "再分", "action": "register"}}
    publish(
        actions=with_actions(split={"title": "分办", "from": "new", "by": "post.dispatcher", "open": lacking})
    )
    child = {**MATTER["actions"], "register": {**MATTER["actions"]["register"], "open": empty}}
    matters.publish(definition(matter="test.child", actions=child), now=START)
    uid = opened(office).uid
    refused = act(office, uid, "split", HOUR, who="dispatcher")
    assert codes(refused) == {"input"} and Case.objects.count() == 1
    first, second = opened(office).number, opened(office).number
    assert int(second[-6:]) == int(first[-6:]) + 1 == 3
