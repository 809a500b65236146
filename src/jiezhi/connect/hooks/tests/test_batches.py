"""成批地推：一批里各得其所，一条坏了、一个接收方慢了不连累别的，备好了久不发的重新核对。"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import outbox, outgoing, upkeep
from jiezhi.base.casework.couriers import Couriers
from jiezhi.base.casework.models import Case, Delivery, Notice, Payload
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import archivist
from jiezhi.base.registry.models import Appointment
from jiezhi.connect.hooks import actions, content
from jiezhi.connect.hooks.models import Attempt
from jiezhi.connect.hooks.tests.receiver import Receiver, receiving
from jiezhi.connect.hooks.tests.test_pushing import DAY, HOUR, Subscribe, dispatch, opened


class Full(Couriers):
    """一趟就带满，不从一件带起。"""

    def share(self, lane: str) -> int:
        return 32


@pytest.fixture(autouse=True)
def _full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "_couriers", Full(per_lane=1))


def results(name: int) -> list[str]:
    rows = Delivery.objects.filter(kind=f"webhook.{name}").order_by("pk")
    return list(rows.values_list("result", flat=True))


def test_each_in_a_batch_gets_its_own(
    office: Office, subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """一轮里：送到的、看不见的、限指定人员的、备不成的，接收方坏的、订阅停了的、撤了的。"""
    good = subscribe("好的", officer=office.clerk, actions=["dispatch"])
    with receiving() as other:
        other.answers = [500] * 10
        bad = subscribe("坏的", officer=office.clerk, actions=["dispatch"], url=other.url)
        paused, closed = subscribe("停了的"), subscribe("撤了的")
        seen = [opened(office) for _ in range(3)]
        unseen, secret, broken = opened(office), opened(office), opened(office)
        for one in (seen[0], secret, broken, seen[1], seen[2]):
            dispatch(office, one)
        dispatch(office, unseen, "civil")
        Case.objects.filter(uid=secret.uid).update(confidential=True)
        Payload.objects.filter(event__case__uid=broken.uid, event__action="dispatch").update(sealed=b"x" * 40)
        actions.pause(paused, why="对方检修", acting_officer=None, now=START)
        actions.close(closed, why="不要了", acting_officer=None, now=START)
        outbox.drain(START + HOUR)
        assert len(other.got) == 1, "坏的接收方，一条没有送到就不再往下送"
    assert [one["data"]["case"] for one in receiver.bodies] == [one.uid for one in seen]
    said = results(good.pk)
    assert [said[0], said[3], said[4]] == ["已送到（200）"] * 3
    assert said[1] == said[5] == "绑定的人员看不见这件，没有推送"
    assert said[2].startswith("没有做成：") and "钥匙" in said[2]
    logged = Attempt.objects.filter(subscription=good)
    assert logged.filter(ok=True).count() == 3 and logged.filter(ok=False, status=None).count() == 2
    assert set(results(closed.pk)) == {"订阅已撤销，不再推送"}
    assert Delivery.objects.filter(kind=f"webhook.{closed.pk}", done_at=None).count() == 0
    assert set(results(paused.pk)) == {"订阅已暂停：对方检修"}
    waiting = Delivery.objects.filter(kind=f"webhook.{bad.pk}", done_at=None)
    assert waiting.exclude(result="").values_list("attempts", flat=True).get(result__contains="500") == 1
    assert not waiting.filter(not_before__lt=START + HOUR + timedelta(minutes=1)).exists()
    assert Attempt.objects.filter(subscription=bad, status=500).count() == 1
    bad.refresh_from_db()
    assert bad.failures == 1


def test_a_batch_takes_few_statements(
    office: Office, subscribe: Subscribe, receiver: Receiver, django_assert_max_num_queries: Any
) -> None:
    subscribe(actions=["register"])
    for _ in range(30):
        opened(office)
    Delivery.objects.exclude(kind__startswith="webhook").update(done_at=START)
    with django_assert_max_num_queries(40):
        assert outbox.drain(START).done == 30
    assert len(receiver.got) == 30


def test_what_waited_too_long_is_looked_at_again(
    office: Office, subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """备好一批，对方慢：到点没有送的带回来，重新核对看不看得见，这时限了指定人员的就不送；不算试过。"""
    monkeypatch.setattr("jiezhi.base.casework.couriers.SECONDS", 0.2)
    one = subscribe(actions=["register"])
    cases = [opened(office) for _ in range(4)]
    receiver.delay = 0.3
    assert outbox.drain(START, patience=0).away == 4
    Case.objects.filter(uid__in=[cases[1].uid, cases[3].uid]).update(confidential=True)
    assert outbox.drain(START).away == 0
    assert [told["data"]["case"] for told in receiver.bodies] == [cases[0].uid, cases[2].uid]
    rows = Delivery.objects.filter(kind=f"webhook.{one.pk}").order_by("pk")
    assert list(rows.values_list("attempts", flat=True)) == [1, 1, 1, 1]
    assert [one.startswith("已送到") for one in results(one.pk)] == [True, False, True, False]


def test_rights_taken_away_between_batches(
    office: Office, subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """撤了职，下一批就一条也不发，攒着。"""
    monkeypatch.setattr(outgoing, "_couriers", Couriers(per_lane=1, most=1))
    one = subscribe(actions=["register"])
    for _ in range(3):
        opened(office)
    receiver.delay = 0.2
    assert outbox.drain(START, patience=0).away == 1
    Appointment.objects.filter(officer=office.dispatcher).update(valid_to=START)
    outbox.drain(START)
    assert len(receiver.got) == 1
    assert Delivery.objects.filter(kind=f"webhook.{one.pk}", done_at=None).count() == 2


def test_a_slow_receiver_does_not_hold_up_a_quick_one(
    office: Office, subscribe: Subscribe, receiver: Receiver
) -> None:
    with receiving() as slow:
        slow.delay = 1.0
        subscribe("慢的", url=slow.url, actions=["register"])
        quick = subscribe("快的", actions=["register"])
        for _ in range(20):
            opened(office)
        started = time.monotonic()
        while Delivery.objects.filter(kind=f"webhook.{quick.pk}", done_at=None).exists():
            assert time.monotonic() - started < 0.9, "慢的还没有答，快的早该都收到了"
            outbox.drain(START, patience=0.01)
        assert len(receiver.got) == 20 and len(slow.got) == 1
        slow.delay = 0.0
        outbox.drain(START)
        assert len(slow.got) == 20, "慢的也一条不少"
    assert not Delivery.objects.filter(kind__startswith="webhook", done_at=None).exists()


def test_a_receiver_that_recovers_in_the_middle(
    office: Office, subscribe: Subscribe, receiver: Receiver
) -> None:
    """一趟里前面的送到了，第三条没有送到：前面的记送到，后面的没有试过，过一会儿从没有送到的接着送，一条不重。"""
    one = subscribe(actions=["register"])
    for _ in range(6):
        opened(office)
    receiver.answers = [200, 200, 503]
    outbox.drain(START)
    rows = Delivery.objects.filter(kind=f"webhook.{one.pk}").order_by("pk")
    assert list(rows.values_list("attempts", flat=True)) == [1, 1, 1, 0, 0, 0]
    one.refresh_from_db()
    assert one.failures == 1
    outbox.drain(START + timedelta(minutes=1))
    ids = [headers["webhook-id"] for headers in receiver.headers]
    assert len(ids) == 7 and len(set(ids)) == 6 and ids[2] == ids[3]
    one.refresh_from_db()
    assert one.failures == 0


def test_recording_fails_and_nothing_is_lost(
    office: Office, subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """一批记的时候出错：退回一条一条记，只有坏的那条再送。"""
    subscribe(actions=["register"])
    for _ in range(4):
        opened(office)
    real = Attempt.objects.bulk_create

    def refuse(rows: Any, **more: Any) -> Any:
        made = list(rows)
        if any(one.message.endswith(spoilt) for one in made):
            raise OSError("写不进")
        return real(made, **more)

    row = Delivery.objects.filter(kind__startswith="webhook").order_by("pk")[1]
    assert row.event is not None and row.case is not None
    spoilt = content.message_of(row.event, row.case, int(row.kind.split(".")[1]))
    monkeypatch.setattr(Attempt.objects, "bulk_create", refuse)
    outbox.drain(START)
    left = Delivery.objects.get(kind__startswith="webhook", done_at=None)
    assert left.pk == row.pk and "写不进" in left.result
    assert Attempt.objects.count() == 3
    monkeypatch.undo()
    monkeypatch.setattr(outgoing, "_couriers", Full(per_lane=1))
    outbox.drain(left.not_before)
    ids = [headers["webhook-id"] for headers in receiver.headers]
    assert len(ids) == 5 and len(set(ids)) == 4


def test_written_once_for_many_but_never_after_it_changed(
    office: Office, subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """同一步推给三个订阅只写一遍正文；依法清除之后重发，写的是清除之后的。"""
    written: list[int] = []
    real = content._body
    monkeypatch.setattr(
        content, "_body", lambda event, case: (written.append(event.pk), real(event, case))[1]
    )
    ones = [subscribe(f"平台{n}", actions=["register"]) for n in range(3)]
    case = opened(office)
    outbox.drain(START)
    assert len(receiver.got) == 3 and len(written) == 1
    done = upkeep.erase(
        case.uid, ["subject"], acting_officer=archivist(office), reason="本人申请", now=START + HOUR
    )
    assert done.ok, str(done)
    for log in Attempt.objects.all():
        actions.resend(log, acting_officer=None, now=START + DAY)
    outbox.drain(START + DAY)
    assert len(receiver.got) == 6 and len(written) == 2
    assert all("漏水" in body.decode() for _, body in receiver.got[:3])
    assert not any("漏水" in body.decode() for _, body in receiver.got[3:])
    assert len(ones) == 3 and not Notice.objects.filter(title="网络推送停了").exists()
    assert casework.act(case.uid, "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": "law"}).ok
