"""到期没有对账、对出来没有说明的、对方改了没有处理的：由 worker 告诉负责的人，同样的事只说一次。"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from jiezhi.base.casework import chores, outbox
from jiezhi.base.casework.models import Delivery, Notice
from jiezhi.connect.systems import queries, reconciling, reminding
from jiezhi.connect.systems.tests.conftest import Street
from jiezhi.connect.systems.tests.sheets import order
from jiezhi.connect.systems.tests.test_reconciling import NOW, check, load

HOT = {"officer__login": "rexian"}


def told(now: datetime) -> list[str]:
    """worker 做一轮之后，热线专员收到的题目。"""
    reminding.remind_owners(now)
    outbox.drain(now)
    return list(
        Notice.objects.filter(**HOT, title__startswith="12345").order_by("pk").values_list("title", flat=True)
    )


def test_the_worker_does_it() -> None:
    assert "提醒对账" in chores._chores


def test_a_late_reconciliation_is_told_to_its_owner_once(street: Street) -> None:
    assert told(datetime(2026, 8, 4, 2, tzinfo=UTC)) == [], "还没有过该对的日子"
    day = datetime(2026, 8, 5, 2, tzinfo=UTC)
    assert told(day) == ["12345热线没有对账"]
    assert told(day + timedelta(hours=6)) == ["12345热线没有对账"], "同一期只说一次"
    notice = Notice.objects.get(**HOT)
    assert notice.case is None and notice.link == "/?matter=hotline.order&open=any&scope=all"
    assert "2026-08-03" in notice.text and "jiezhi systems reconcile hotline" in notice.text
    assert told(day + timedelta(days=1)) == ["12345热线没有对账"] * 2, "又欠一期，再说一次"
    assert "有 2 期" in Notice.objects.filter(**HOT).latest("pk").text
    assert not Notice.objects.filter(officer=street.office.stranger).exists()


def test_differences_left_unexplained_are_told_after_a_day(street: Street) -> None:
    load(street, order("GZ2026001"))
    run = check(street, order("GZ2026001", 工单状态="已退回"), order("GZ2026099"))
    assert "12345热线对账有不符" not in told(NOW + timedelta(hours=23))
    day = NOW + timedelta(hours=25)
    assert told(day).count("12345热线对账有不符") == 1 and told(day).count("12345热线对账有不符") == 1
    text = Notice.objects.get(title="12345热线对账有不符").text
    assert "那边有这边没有 1 处" in text and "两边都有而不一样 1 处" in text
    for one in queries.items(run):
        reconciling.explain(one, "已经补登了", acting_officer=street.clerk, now=day)
    again = check(street, order("GZ2026001", 工单状态="已退回"), order("GZ2026099"), now=day)
    assert queries.left(again) == {}
    assert told(day + timedelta(days=2)).count("12345热线对账有不符") == 1, "都说明了的不再说"


def test_nobody_in_charge_is_told_when_somebody_comes(street: Street) -> None:
    street.clerk.appointments.all().delete()
    day = datetime(2026, 8, 5, 2, tzinfo=UTC)
    assert (
        told(day) == []
        and not Delivery.objects.filter(key__startswith="remind:systems.late:hotline").exists()
    )
    street.give("rexian", "何热线", "hotline_clerk", street.office.other)
    assert told(day) == ["12345热线没有对账"]
