"""后续发送与时限届满。"""

from datetime import datetime, timedelta

import pytest
from django.db import connection

from jiezhi.base.casework import actions, matters, outbox
from jiezhi.base.casework.models import Case, Clock, Delivery, Event, Notice
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.test_actions import DAY, HOUR, dispatched, opened


def test_unit_is_told_once_even_if_worker_runs_twice(office: Office) -> None:
    dispatched(office)
    first = outbox.drain(START + 2 * HOUR)
    second = outbox.drain(START + 2 * HOUR)
    assert (first.done, first.failed, second.done) == (1, 0, 0)
    notice = Notice.objects.get()
    assert notice.officer == office.clerk and "路灯不亮" in notice.text


def test_merged_reporters_hear_the_answer(office: Office) -> None:
    master = dispatched(office)
    other = opened(office, "灯坏了")
    done = actions.merge(
        master.uid, [other.uid], acting_officer=office.dispatcher, reason="同一件", now=START + HOUR
    )
    assert all(result.ok for result in done)
    actions.act(
        master.uid, "answer", acting_officer=office.clerk, inputs={"reply": "已经换灯"}, now=START + DAY
    )
    outbox.drain(START + DAY)
    told = {notice.case.number: notice.text for notice in Notice.objects.filter(to_reporter=True)}
    assert set(told) == {master.number, other.number}
    assert told[other.number].startswith(f"您反映的 {other.number} 已并入 {master.number}")


def test_unknown_kind_waits_and_says_so(office: Office) -> None:
    case = opened(office)
    row = Delivery.objects.create(
        case=Case.objects.get(uid=case.uid), kind="fax", key="fax:1", payload={}, not_before=START
    )
    assert outbox.drain(START).failed == 1
    row.refresh_from_db()
    assert row.done_at is None and "fax" in row.result and row.not_before == START + timedelta(minutes=1)
    assert outbox.drain(START).failed == 0, "过一会儿再试"
    assert outbox.drain(row.not_before).failed == 1


def test_deemed_act_happens_at_the_due_moment(office: Office) -> None:
    deemed = {
        **MATTER["actions"],
        "lapse": {
            "title": "逾期视为退回", "means": "return", "from": "handling", "to": "new", "by": "system",
            "on": "clock.handle.expires", "deemed": "逾期未办，视为退回", "assign": {"unit": "none"},
        },
    }  # fmt: skip
    matters.publish(definition(actions=deemed), now=START)
    case = dispatched(office)
    due = Clock.objects.get(case__uid=case.uid, name="handle").due_at
    assert outbox.fire_clocks(due - timedelta(seconds=1)) == 0
    assert outbox.fire_clocks(due + 3 * DAY) == 1
    assert outbox.fire_clocks(due + 3 * DAY) == 0
    outbox.drain(due + 3 * DAY)
    row = Case.objects.get(uid=case.uid)
    event = Event.objects.filter(case=row).latest("seq")
    assert (row.state, event.action, event.at, event.recorded_at) == ("new", "lapse", due, due + 3 * DAY)


def test_followup_act_waits_for_its_conditions(office: Office) -> None:
    auto = {
        **MATTER["actions"],
        "auto_dispatch": {
            "title": "自动派单", "means": "dispatch", "from": "new", "to": "handling", "by": "system",
            "on": "open", "needs": "field.to_unit", "assign": {"unit": "field.to_unit"},
        },
    }  # fmt: skip
    auto["register"] = {**auto["register"], "collect": ["subject", "spot?", "reporter?", "to_unit?"]}
    matters.publish(definition(actions=auto), now=START)
    known, unknown = opened(office, to_unit="law"), opened(office, "说不清")
    assert isinstance(known, Outcome)
    outbox.drain(START + HOUR)
    assert Case.objects.get(uid=known.uid).unit_id == "law"
    assert Case.objects.get(uid=unknown.uid).state == "new"
    told = Delivery.objects.get(case__uid=unknown.uid, kind="auto")
    assert told.done_at is not None and "还没有“承办单位”" in told.result


def test_children_closing_moves_the_parent(office: Office) -> None:
    actions_ = {
        **MATTER["actions"],
        "split": {
            "title": "分办", "from": "new", "to": "handling", "by": "post.dispatcher",
            "open": {"part": {"matter": "test.report", "title": "分办件", "action": "register", "copy": {"subject": "field.subject"}}},
        },
        "gathered": {
            "title": "分办都已办结", "from": "handling", "to": "answered", "by": "system", "on": "children.part.closed",
        },
    }  # fmt: skip
    matters.publish(definition(actions=actions_), now=START)
    case = opened(office)
    split = actions.act(case.uid, "split", acting_officer=office.dispatcher, now=START + HOUR)
    assert isinstance(split, Outcome) and len(split.children) == 1
    child = Case.objects.get(uid=split.children[0])
    assert (child.parent and str(child.parent.uid), child.slot, child.title) == (case.uid, "part", "路灯不亮")
    actions.merge(
        opened(office, "别的").uid,
        [str(child.uid)],
        acting_officer=office.dispatcher,
        reason="并",
        now=START + DAY,
    )
    outbox.drain(START + DAY)
    assert Case.objects.get(uid=case.uid).state == "answered"


def test_what_is_prepared_outside_the_transaction_reaches_the_handler(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_handlers", dict(outbox._handlers))
    case = Case.objects.get(uid=opened(office).uid)
    seen: list[object] = []
    depth = len(connection.savepoint_ids)

    def prepare(row: Delivery, now: datetime) -> str:
        assert len(connection.savepoint_ids) == depth  # 还没有进事务
        if not seen:
            seen.append("坏了一次")
            raise OSError("磁盘满了")
        return f"给{row.key}备的"

    def act(row: Delivery, now: datetime, prepared: str) -> str:
        assert len(connection.savepoint_ids) > depth
        seen.append(prepared)
        return "好了"

    outbox.handler("slow", act, prepare=prepare)
    row = Delivery.objects.create(case=case, kind="slow", key="slow:1", payload={}, not_before=START)
    assert outbox.drain(START).failed == 1
    row.refresh_from_db()
    assert "磁盘满了" in row.result and row.done_at is None
    assert outbox.drain(START + HOUR).failed == 0
    assert seen == ["坏了一次", "给slow:1备的"]


def test_slow_ones_do_not_hold_up_the_rest(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """先排进来的排版每轮只做几份，通知先到。"""
    monkeypatch.setattr(outbox, "_handlers", dict(outbox._handlers))
    order: list[str] = []
    outbox.handler("slow", lambda row, now, made: order.append(row.key) or "好", prepare=lambda row, now: 1)
    outbox.handler("quick", lambda row, now: order.append(row.key) or "好")
    case = Case.objects.get(uid=opened(office).uid)
    for key in ("slow:1", "slow:2", "slow:3", "quick:1"):
        kind = key.partition(":")[0]
        Delivery.objects.create(case=case, kind=kind, key=key, payload={}, not_before=START)
    assert outbox.drain(START, slow=2).done == 3
    assert order == ["quick:1", "slow:1", "slow:2"]
    assert outbox.drain(START, slow=2).done == 1 and order[-1] == "slow:3"
