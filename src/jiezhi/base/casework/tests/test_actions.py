"""开件、办理、合并：用科室里的话写的情景。"""

import json
from datetime import timedelta

import pytest

from jiezhi.base.accounts import actions as accounts
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions, matters, queries
from jiezhi.base.casework.models import Case, Clock, Delivery, Event
from jiezhi.base.casework.outcome import Outcome, Refused
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.core.procedure.view import Actor

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def opened(office: Office, subject: str = "路灯不亮", **more: object) -> Outcome:
    result = actions.open_case(
        "test.report", acting_officer=office.dispatcher, inputs={"subject": subject, **more}, now=START
    )
    assert isinstance(result, Outcome), str(result)
    return result


def dispatched(office: Office, **more: object) -> Outcome:
    case = opened(office, **more)
    result = actions.act(
        case.uid, "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": "law"}, now=START + HOUR
    )
    assert isinstance(result, Outcome), str(result)
    return result


def codes(result: object) -> set[str]:
    assert isinstance(result, Refused), result
    return {item.code for item in result.refusal.missing}


def test_whole_life(office: Office) -> None:
    case = dispatched(office)
    answer = actions.act(
        case.uid, "answer", acting_officer=office.clerk, inputs={"reply": "灯泡已经换好"}, now=START + DAY
    )
    assert answer.ok, str(answer)
    row = Case.objects.get(uid=case.uid)
    assert (row.state, row.unit_id, row.seq, row.title) == ("answered", "law", 3, "路灯不亮")
    assert row.done == ["answer", "dispatch", "register"]
    assert row.roles == {"handler": [str(office.clerk.pk)]}
    handle = Clock.objects.get(case=row, name="handle")
    assert handle.status == "ended" and handle.due_at.isoformat() == "2026-08-10T16:00:00+00:00"
    early = actions.act(case.uid, "close", acting_officer=office.dispatcher, now=START + 2 * DAY)
    assert codes(early) == {"clock.objection"}
    assert "行政处罚法" in str(early)
    late = actions.act(case.uid, "close", acting_officer=office.dispatcher, now=START + 9 * DAY)
    assert late.ok
    row.refresh_from_db()
    assert row.closed_at == START + 9 * DAY
    assert [event.action for event in Event.objects.filter(case=row).order_by("seq")] == [
        "register",
        "dispatch",
        "answer",
        "close",
    ]


def test_refusal_lists_everything_at_once(office: Office) -> None:
    case = dispatched(office)
    result = actions.act(
        case.uid,
        "answer",
        acting_officer=office.stranger,
        inputs={"reply": "好", "subject": "改标题"},
        now=START + DAY,
    )
    assert codes(result) == {"who", "input", "need.condition.reply_long"}
    text = str(result)
    assert text.startswith("“答复”还差：①") and "责任单位的科室经办人" in text and "写清楚处理情况" in text
    assert Event.objects.filter(case__uid=case.uid).count() == 2


def test_unknown_matter_and_unknown_action(office: Office) -> None:
    nothing = actions.open_case("no.such", acting_officer=office.dispatcher, now=START)
    assert codes(nothing) == {"unknown_matter"}
    case = opened(office)
    assert codes(actions.act(case.uid, "fly", acting_officer=office.dispatcher, now=START)) == {
        "unknown_action"
    }
    assert codes(actions.act("不是标识", "close", acting_officer=office.dispatcher, now=START)) == {"no_case"}


def test_second_officer_is_told_what_changed(office: Office) -> None:
    case = opened(office)
    seen = case.seq
    first = actions.act(
        case.uid,
        "dispatch",
        acting_officer=office.dispatcher,
        inputs={"to_unit": "law"},
        version=seen,
        now=START + HOUR,
    )
    second = actions.act(
        case.uid,
        "dispatch",
        acting_officer=office.dispatcher,
        inputs={"to_unit": "civil"},
        version=seen,
        now=START + 2 * HOUR,
    )
    assert first.ok and codes(second) == {"version"}
    assert "陈分拨办了“派单”" in str(second) and "办理中" in str(second)
    assert Case.objects.get(uid=case.uid).unit_id == "law"


def test_same_request_twice_is_done_once(office: Office) -> None:
    case = opened(office)
    again = {
        "acting_officer": office.dispatcher,
        "inputs": {"to_unit": "law"},
        "key": "phone-1",
        "now": START + HOUR,
    }
    first = actions.act(case.uid, "dispatch", **again)
    second = actions.act(case.uid, "dispatch", **again)
    assert isinstance(first, Outcome) and isinstance(second, Outcome)
    assert not first.repeated and second.repeated and first.seq == second.seq
    other = actions.act(case.uid, "dispatch", **{**again, "inputs": {"to_unit": "civil"}})
    assert codes(other) == {"key"}


def test_time_cannot_run_backwards_or_ahead(office: Office) -> None:
    case = dispatched(office)
    early = actions.act(
        case.uid,
        "answer",
        acting_officer=office.clerk,
        inputs={"reply": "已处理好"},
        at=START,
        now=START + DAY,
    )
    assert codes(early) == {"at"}
    ahead = actions.act(
        case.uid,
        "answer",
        acting_officer=office.clerk,
        inputs={"reply": "已处理好"},
        at=START + 3 * DAY,
        now=START + DAY,
    )
    assert codes(ahead) == {"at"}


def test_extension_moves_due_once_within_cap(office: Office) -> None:
    case = dispatched(office)
    too_long = actions.act(
        case.uid,
        "extend",
        acting_officer=office.chief,
        inputs={"longer": "9个工作日"},
        reason="人手不足",
        now=START + DAY,
    )
    assert codes(too_long) == {"extend"}
    once = actions.act(
        case.uid,
        "extend",
        acting_officer=office.chief,
        inputs={"longer": "5个工作日"},
        reason="等材料",
        now=START + DAY,
    )
    assert once.ok, str(once)
    clock = Clock.objects.get(case__uid=case.uid, name="handle")
    assert clock.due_at.isoformat() == "2026-08-17T16:00:00+00:00"
    assert [entry.kind for entry in clock.entries.order_by("pk")] == ["start", "extend"]
    twice = actions.act(
        case.uid,
        "extend",
        acting_officer=office.chief,
        inputs={"longer": "1个工作日"},
        reason="再等",
        now=START + DAY,
    )
    assert codes(twice) == {"extend"} and "最多延长 1 次" in str(twice)


def test_return_clears_the_approval_it_names(office: Office) -> None:
    case = dispatched(office)
    no_reason = actions.act(case.uid, "return", acting_officer=office.clerk, now=START + DAY)
    assert codes(no_reason) == {"reason"}
    assert actions.act(case.uid, "return", acting_officer=office.clerk, reason="不属本队", now=START + DAY).ok
    row = Case.objects.get(uid=case.uid)
    assert (row.state, row.unit_id, row.done) == ("new", None, ["register", "return"])


def test_merge_joins_all_or_none(office: Office) -> None:
    master, one, two = opened(office), opened(office, "灯坏了"), opened(office, "路灯黑")
    results = actions.merge(
        master.uid, [one.uid, two.uid], acting_officer=office.dispatcher, reason="同一盏灯", now=START + HOUR
    )
    assert all(result.ok for result in results), [str(result) for result in results]
    rows = Case.objects.filter(merged_into__uid=master.uid)
    assert {row.state for row in rows} == {"merged"} and rows.count() == 2
    again = actions.act(
        one.uid, "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": "law"}, now=START + DAY
    )
    assert "state" in codes(again)
    blocked = actions.merge(
        master.uid, [one.uid], acting_officer=office.dispatcher, reason="再并", now=START + DAY
    )
    assert not all(result.ok for result in blocked)
    assert Case.objects.get(uid=master.uid).seq == 2


def test_visible_is_mine_or_my_unit(office: Office) -> None:
    case = dispatched(office)
    assert queries.visible(office.dispatcher).filter(uid=case.uid).exists()
    assert queries.visible(office.clerk).filter(uid=case.uid).exists()
    assert not queries.visible(office.stranger).exists()


def test_buttons_answer_the_same_question(office: Office) -> None:
    case = Case.objects.get(uid=dispatched(office).uid)
    names = dict(queries.available(case, office.clerk, now=START + DAY))
    assert set(names) == {"return", "answer"}
    assert queries.available(case, office.stranger, now=START + DAY) == []


def test_deliveries_commit_with_the_act(office: Office) -> None:
    case = dispatched(office)
    row = Delivery.objects.get(case__uid=case.uid, kind="notify")
    assert (
        row.payload["to"] == "unit"
        and case.number in row.payload["text"]
        and "8月10日 前办" in row.payload["text"]
    )


@pytest.mark.parametrize("value", ["没有这个单位", "", None])
def test_wrong_unit_is_refused(office: Office, value: str | None) -> None:
    case = opened(office)
    result = actions.act(
        case.uid, "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": value}, now=START + HOUR
    )
    assert codes(result) == {"input"}


def test_informing_again_gives_the_party_the_whole_period_again(office: Office) -> None:
    """新事实要重新告知，听证期重新起算：不能只给剩下的几天。"""
    again = {
        **MATTER["actions"],
        "inform_again": {
            "title": "重新告知", "means": "answer", "from": "answered", "by": "unit.unit_clerk", "collect": ["reply"],
        },
    }  # fmt: skip
    matters.publish(definition(actions=again), now=START)
    case = dispatched(office)
    actions.act(
        case.uid, "answer", acting_officer=office.clerk, inputs={"reply": "告知如下"}, now=START + DAY
    )
    actions.act(
        case.uid,
        "inform_again",
        acting_officer=office.clerk,
        inputs={"reply": "补充告知"},
        now=START + 7 * DAY,
    )
    rounds = list(Clock.objects.filter(case__uid=case.uid, name="objection").order_by("round"))
    assert [(one.round, one.status) for one in rounds] == [(1, "ended"), (2, "running")]
    # 8月10日告知，五个工作日到8月17日；第一轮的8月11日不算数。
    assert codes(actions.act(case.uid, "close", acting_officer=office.dispatcher, now=START + 10 * DAY)) == {
        "clock.objection"
    }
    assert actions.act(case.uid, "close", acting_officer=office.dispatcher, now=START + 15 * DAY).ok


def test_joining_alone_is_refused(office: Office) -> None:
    """只有“合并”能并入：单独办会留下没有主件的“已并入”。"""
    case = opened(office)
    for name in ("join", "absorb"):
        result = actions.act(case.uid, name, acting_officer=office.dispatcher, reason="并", now=START + HOUR)
        assert codes(result) == {"merge"}
    assert Case.objects.get(uid=case.uid).state == "new"


def test_request_mark_of_another_case_is_not_taken_for_this_one(office: Office) -> None:
    one, two = opened(office), opened(office)
    same = {
        "acting_officer": office.dispatcher,
        "inputs": {"to_unit": "law"},
        "key": "k",
        "now": START + HOUR,
    }
    assert actions.act(one.uid, "dispatch", **same).ok
    assert codes(actions.act(two.uid, "dispatch", **same)) == {"key"}


def test_half_filled_place_is_completed_but_never_overwritten(office: Office) -> None:
    """预填只补缺的：给了地址的补坐标，人写的不改；办理记录写明哪些是预填。"""
    from jiezhi.base.casework.extensions import extensions

    extensions.facts.setdefault(
        "test.spot", lambda context: {"address": "别处", "lon": "113.95", "lat": "22.75"}
    )
    register = {**MATTER["actions"]["register"], "fill": {"spot": "test.spot"}}
    matters.publish(definition(actions={**MATTER["actions"], "register": register}), now=START)
    given = Case.objects.get(uid=opened(office, spot={"address": "云桥路1号"}).uid)
    assert given.fields["spot"] == {"address": "云桥路1号", "lon": "113.9500000", "lat": "22.7500000"}
    blank = Case.objects.get(uid=opened(office).uid)
    assert blank.fields["spot"]["address"] == "别处"
    effects = [json.loads(bytes(event.body))["effects"] for event in Event.objects.order_by("pk")]
    assert [item.get("filled") for item in effects] == [None, ["spot"]]


def test_somebody_who_left_cannot_act_even_with_a_role(office: Office) -> None:
    """登录、令牌、会话漏了也一样：手里还攥着停用之前取出的人员，角色还挂着，照样办不成。"""
    case = dispatched(office)
    kept = Officer.objects.get(pk=office.clerk.pk)
    accounts.deactivate_officer(office.clerk, reason="调走", acting_officer=None, now=START + HOUR)
    inputs, when = {"reply": "换好了"}, START + 2 * HOUR
    refused = actions.act(case.uid, "answer", acting_officer=kept, inputs=inputs, now=when)
    assert codes(refused) == {"officer_left"} and "李经办已经离岗停用" in str(refused)
    (many,) = actions.act_many(
        [actions.Entry("answer", case=case.uid, inputs=inputs)], acting_officer=kept, now=when
    )
    assert codes(many) == {"officer_left"}
    opening = actions.open_case("test.report", acting_officer=kept, inputs={"subject": "漏水"}, now=when)
    assert codes(opening) == {"officer_left"}
    imported = actions.act(
        case.uid, "answer", actor=Actor("import", str(kept.pk), kept.name), inputs=inputs, now=when
    )
    assert codes(imported) == {"officer_left"} and Event.objects.count() == 2
    accounts.reactivate_officer(kept, acting_officer=None, now=when)
    again = actions.act(case.uid, "answer", acting_officer=kept, inputs=inputs, now=when)
    assert codes(again) == {"who"}, "回来上班的照平常核：任职已经结束，要另办"
