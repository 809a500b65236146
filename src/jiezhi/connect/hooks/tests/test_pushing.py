"""推送：签名、打码、谁看得见、重送、暂停、重发。接收方是本机真的 HTTP 服务。"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from jiezhi.base.accounts.actions import deactivate_officer
from jiezhi.base.accounts.models import AdminRecord, Post
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import outbox, outgoing, upkeep
from jiezhi.base.casework.couriers import Couriers
from jiezhi.base.casework.models import Case, Delivery, Notice
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import archivist
from jiezhi.base.registry.models import Appointment
from jiezhi.connect import calling
from jiezhi.connect.hooks import actions, queries
from jiezhi.connect.hooks.models import Attempt, Subscription
from jiezhi.connect.hooks.tests.receiver import Receiver

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
Subscribe = Callable[..., Subscription]


def opened(office: Office, now: datetime = START, **more: object) -> Outcome:
    inputs = {
        "subject": "三楼王小明家漏水，电话13800138001",
        "reporter": {"name": "王小明", "phone": "13800138001"},
    }
    found = casework.open_case(
        "test.report", acting_officer=office.dispatcher, inputs={**inputs, **more}, now=now
    )
    assert isinstance(found, Outcome), str(found)
    return found


def dispatch(office: Office, case: Outcome, unit: str = "law", now: datetime = START + HOUR) -> None:
    done = casework.act(
        case.uid, "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": unit}, now=now
    )
    assert done.ok, str(done)


def test_a_step_is_pushed_signed_and_masked(office: Office, subscribe: Subscribe, receiver: Receiver) -> None:
    one = subscribe()
    case = opened(office)
    assert not receiver.got, "办理的事务里不发网络"
    assert outbox.drain(START).failed == 0
    ((headers, body),) = receiver.got
    seconds = headers["webhook-timestamp"]
    assert int(seconds) == int(START.timestamp())
    signed = f"{headers['webhook-id']}.{seconds}.".encode() + body
    key = base64.b64decode(one.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    (told,) = receiver.bodies
    assert told["type"] == "case.opened" and told["timestamp"].startswith("2026-08-03T09:00:00")
    data = told["data"]
    assert (data["case"], data["number"], data["action"], data["state"]) == (
        case.uid,
        case.number,
        "register",
        "new",
    )
    assert data["means"] == ["register"] and data["state_title"] == "待分派"
    assert data["values"]["reporter"] == {"name": "王**", "phone": "138****8001"}
    text = body.decode()
    assert "13800138001" not in text and "王小明" not in text
    (log,) = Attempt.objects.all()
    assert (log.ok, log.status, log.answer, log.message) == (True, 200, "收到", headers["webhook-id"])
    assert outbox.drain(START + HOUR).done == 0, "送到了就不再送"


def test_only_what_the_bound_officer_may_see(
    office: Office, subscribe: Subscribe, receiver: Receiver
) -> None:
    """绑定执法队经办人：派给执法队的推，派给别的单位的不推，限指定人员的不推。"""
    subscribe(officer=office.clerk, actions=["dispatch"])
    mine, other, secret = opened(office), opened(office), opened(office)
    dispatch(office, mine)
    dispatch(office, other, "civil")
    dispatch(office, secret)
    Case.objects.filter(uid=secret.uid).update(confidential=True)
    outbox.drain(START + HOUR)
    assert [one["data"]["case"] for one in receiver.bodies] == [mine.uid]
    said = Delivery.objects.filter(kind__startswith="webhook.").exclude(result__startswith="已送到")
    assert set(said.values_list("result", flat=True)) == {"绑定的人员看不见这件，没有推送"}
    assert Attempt.objects.filter(ok=False, error="绑定的人员看不见这件，没有推送").count() == 2


def test_what_was_not_pushed_says_why_and_can_be_pushed_later(
    office: Office, subscribe: Subscribe, receiver: Receiver
) -> None:
    one = subscribe(officer=office.clerk, actions=["dispatch"])
    case = opened(office)
    dispatch(office, case, "civil")
    outbox.drain(START + HOUR)
    (log,) = Attempt.objects.all()
    assert (log.ok, log.error) == (False, "绑定的人员看不见这件，没有推送")
    assert log.case is not None and log.case.number == case.number
    one.refresh_from_db()
    assert one.failures == 0, "不是对方的错"
    actions.change(one, officer=office.dispatcher, acting_officer=None, now=START + DAY)
    actions.resend(log, acting_officer=None, now=START + DAY)
    outbox.drain(START + DAY)
    assert [told["data"]["case"] for told in receiver.bodies] == [case.uid]


@pytest.mark.parametrize("how", ["停用", "任期满了"])
def test_when_the_bound_officer_leaves_it_waits_for_another(
    office: Office, subscribe: Subscribe, receiver: Receiver, how: str
) -> None:
    """离岗了什么也看不见，不能当作做完：攒着，告诉管理员，改绑之后接着送。"""
    post = Post.objects.create(code="admin", title="系统管理员")
    Appointment.objects.create(officer=office.stranger, post=post, unit=office.other, valid_from=START - DAY)
    one = subscribe(officer=office.dispatcher)
    case = opened(office)
    if how == "停用":
        deactivate_officer(office.dispatcher, reason="调离本单位", acting_officer=None, now=START)
    else:
        Appointment.objects.filter(officer=office.dispatcher).update(valid_to=START)
    for hours in range(3):
        outbox.drain(START + hours * HOUR)
    waiting = Delivery.objects.get(kind=f"webhook.{one.pk}")
    assert waiting.done_at is None and "已离岗" in waiting.result and not receiver.got
    (notice,) = Notice.objects.filter(officer=office.stranger)
    assert "数据平台" in notice.text and f"jiezhi hooks change {one.pk}" in notice.text
    taking = Post.objects.get(code="dispatcher")
    Appointment.objects.create(
        officer=office.stranger, post=taking, unit=office.other, valid_from=START - DAY
    )
    actions.change(one, officer=office.stranger, acting_officer=None, now=START + 3 * HOUR)
    outbox.drain(START + 3 * HOUR)
    assert [told["data"]["case"] for told in receiver.bodies] == [case.uid]
    assert Notice.objects.filter(officer=office.stranger).count() == 1


def test_filters(office: Office, subscribe: Subscribe, receiver: Receiver) -> None:
    subscribe("按含义", means=["answer"])
    subscribe("按环节", states=["handling"])
    subscribe("别的业务", matters=["test.report"], actions=["close"])
    case = opened(office)
    dispatch(office, case)
    casework.act(
        case.uid, "answer", acting_officer=office.clerk, inputs={"reply": "已经修好"}, now=START + DAY
    )
    outbox.drain(START + DAY)
    assert sorted(one["data"]["action"] for one in receiver.bodies) == ["answer", "dispatch"]


def test_failing_is_retried_later_and_later_then_paused_and_administrators_hear(
    office: Office, subscribe: Subscribe, receiver: Receiver, settings: object
) -> None:
    post = Post.objects.create(code="admin", title="系统管理员")
    Appointment.objects.create(officer=office.stranger, post=post, unit=office.other, valid_from=START - DAY)
    one = subscribe()
    receiver.answers = [500] * 10
    opened(office)
    now, waits = START, []
    for _ in range(10):
        assert outbox.drain(now).failed == 1
        assert outbox.drain(now).failed == 0, "没到时候不再试"
        row = Delivery.objects.get(kind=f"webhook.{one.pk}")
        waits.append(row.not_before - now)
        now = row.not_before
    minutes = [wait.total_seconds() / 60 for wait in waits]
    assert minutes[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    one.refresh_from_db()
    assert one.status == "paused" and "连续 10 次" in one.why and "500" in one.why
    outbox.drain(now)
    (notice,) = Notice.objects.filter(officer=office.stranger)
    assert notice.case is None and notice.title == "网络推送停了"
    assert "数据平台" in notice.text and "jiezhi hooks resume" in notice.text
    assert AdminRecord.objects.filter(action="hook.pause", officer=None).count() == 1
    assert len(receiver.got) == 10 and len({one["webhook-id"] for one in receiver.headers}) == 1

    dispatch(office, opened(office, now), now=now)  # 暂停期间照样攒着
    assert outbox.drain(now).done >= 1 and len(receiver.got) == 10
    actions.resume(one, acting_officer=None, now=now)
    outbox.drain(now)
    # 一条路上同时送几条，先后不保证，对方凭序号认。
    assert sorted(body["data"]["seq"] for body in receiver.bodies[10:]) == [1, 1, 2]
    one.refresh_from_db()
    assert (one.status, one.failures) == ("active", 0)


def test_many_failing_at_once_count_once(office: Office, subscribe: Subscribe, receiver: Receiver) -> None:
    one = subscribe()
    receiver.answers = [503] * 8
    for _ in range(6):
        opened(office)
    outbox.drain(START)
    one.refresh_from_db()
    assert one.failures == 1 and one.status == "active"
    waiting = Delivery.objects.filter(kind=f"webhook.{one.pk}", done_at=None)
    assert waiting.count() == 6 and not waiting.filter(not_before__lt=START + timedelta(minutes=1)).exists()


@pytest.mark.parametrize(("answer", "say"), [(302, "不跟随"), (404, "对方答复 404"), (410, "对方答复 410")])
def test_what_counts_as_not_delivered(
    office: Office, subscribe: Subscribe, receiver: Receiver, answer: int, say: str
) -> None:
    one = subscribe()
    receiver.answers = [answer]
    opened(office)
    assert outbox.drain(START).failed == 1
    log = Attempt.objects.get()
    assert (log.ok, log.status) == (False, answer) and say in log.error and len(receiver.got) == 1
    one.refresh_from_db()
    assert one.status == ("paused" if answer == 410 else "active")


def test_a_slow_receiver_holds_up_nobody(
    office: Office, subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """一个接收方拖住不答：这一轮马上回来，通知照发，别的接收方照收；慢的答完了再记。"""
    slow = subscribe("慢的", actions=["dispatch"])
    receiver.delay = 0.6
    dispatch(office, opened(office))
    started = time.monotonic()
    drained = outbox.drain(START + HOUR, patience=0.01)
    assert time.monotonic() - started < 0.5
    assert drained.away == 1 and Notice.objects.filter(officer=office.clerk).count() == 1
    assert outbox.drain(START + HOUR, patience=0.01).away == 1 and len(receiver.got) == 1, (
        "在外面的不再派一遍"
    )
    drained = outbox.drain(START + HOUR)
    assert (drained.done, drained.away) == (1, 0)
    assert Attempt.objects.get(subscription=slow).ok


def test_nobody_answers_in_time(
    office: Office, subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """一个字节一个字节慢慢给的，也到点就断。"""
    monkeypatch.setattr(calling, "SECONDS", 0.4)
    subscribe()
    receiver.drip, receiver.words = True, "慢" * 20
    opened(office)
    started = time.monotonic()
    assert outbox.drain(START).done == 1
    assert time.monotonic() - started < 1.5
    log = Attempt.objects.get()
    assert (log.ok, log.status) == (True, 200) and log.answer.startswith("慢"), (
        "状态已经答了，算送到；没收完的不收"
    )
    receiver.drip, receiver.delay = False, 1.0
    opened(office)
    assert outbox.drain(START).failed == 1
    assert "没有答复完" in Attempt.objects.latest("id").error


def test_resend_from_the_log(office: Office, subscribe: Subscribe, receiver: Receiver) -> None:
    one = subscribe()
    case = opened(office)
    outbox.drain(START)
    log = Attempt.objects.get()
    actions.resend(log, acting_officer=None, now=START + HOUR)
    outbox.drain(START + HOUR)
    again = queries.attempts(one)[0]
    assert again.by_hand and again.ok and again.message == log.message
    assert receiver.got[0][1] == receiver.got[1][1], "正文一字不差"
    erased = upkeep.erase(
        case.uid,
        ["subject", "reporter"],
        acting_officer=archivist(office),
        reason="本人申请",
        now=START + DAY,
    )
    assert erased.ok, str(erased)
    actions.resend(log, acting_officer=None, now=START + DAY)
    outbox.drain(START + DAY)
    assert "漏水" not in receiver.got[-1][1].decode(), "依法清除的，重发也没有了"


def test_worker_killed_while_a_push_is_out(
    office: Office, subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """送出去而没有记下就断电：租期过了再送一遍，标识相同。"""
    one = subscribe()
    opened(office)
    monkeypatch.setattr(outgoing, "_couriers", Couriers())
    receiver.delay = 0.3
    assert outbox.drain(START, patience=0).away == 1
    monkeypatch.setattr(outgoing, "_couriers", Couriers())  # 新的进程：不记得派出去过
    assert outbox.drain(START + timedelta(minutes=1)).done == 0, "租期没过，另一个 worker 也不重复送"
    assert outbox.drain(START + timedelta(minutes=3)).done == 1
    assert len({one["webhook-id"] for one in receiver.headers}) == 1
    assert Attempt.objects.filter(subscription=one).count() == 1


def test_sweeping(office: Office, subscribe: Subscribe, receiver: Receiver) -> None:
    one = subscribe()
    opened(office)
    outbox.drain(START)
    actions.pause(one, why="对方停机检修", acting_officer=None, now=START)
    opened(office, START + DAY)
    actions.sweep(START + 5 * DAY)
    assert queries.waiting(one) == 1
    actions.sweep(START + 9 * DAY)
    assert queries.waiting(one) == 0
    given_up = queries.attempts(one)[0]
    assert not given_up.ok and "七天" in given_up.error
    actions.resume(one, acting_officer=None, now=START + 10 * DAY)
    actions.resend(given_up, acting_officer=None, now=START + 10 * DAY)
    actions.sweep(START + 16 * DAY)
    assert queries.waiting(one) == 1, "手动重发的从重发那天算，不按那一步是哪天办的"
    outbox.drain(START + 16 * DAY)
    assert len(receiver.got) == 2, "放弃了的可以手动重发"
    actions.sweep(START + 185 * DAY)
    assert list(Attempt.objects.values_list("at", flat=True)) == [
        START + 9 * DAY, START + 16 * DAY
    ]  # fmt: skip


def test_by_hand_is_given_up_after_a_week_too(
    office: Office, subscribe: Subscribe, receiver: Receiver
) -> None:
    one = subscribe()
    opened(office)
    outbox.drain(START)
    actions.resend(queries.attempts(one)[0], acting_officer=None, now=START + DAY)
    actions.test(one, acting_officer=None, now=START + DAY)
    actions.sweep(START + 7 * DAY)
    assert queries.waiting(one) == 2
    actions.sweep(START + 9 * DAY)
    assert queries.waiting(one) == 0 and len(receiver.got) == 1


def test_test_push(office: Office, subscribe: Subscribe, receiver: Receiver) -> None:
    actions.test(subscribe(), acting_officer=None, now=START)
    assert outbox.drain(START).done == 1
    assert receiver.bodies == [
        {"type": "test", "timestamp": "2026-08-03T09:00:00+08:00", "data": {"subscription": "数据平台"}}
    ]
    with pytest.raises(Exception, match="试推"):
        actions.resend(Attempt.objects.get(), acting_officer=None, now=START)
