"""节点出了事有人知道，同一件事只说一次；居民只看到一句固定的话，看不到缘由、看不到程序的话。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import outbox
from jiezhi.base.casework.models import Case, Clock, Notice
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.registry.models import Appointment
from jiezhi.connect.nodes import actions, applying, exchange, packing, reminding
from jiezhi.connect.nodes.models import Arrival, Incoming, OutgoingEntry, Peer
from jiezhi.connect.nodes.tests.counterpart import Counterpart, arrive, case, reported
from jiezhi.core.evidence.instants import to_iso
from jiezhi.core.parcels import Entry
from jiezhi.core.procedure.view import Actor
from jiezhi.services.residents.queries import progress

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = START + HOUR


@pytest.fixture(autouse=True)
def administrator(office: Office) -> Officer:
    made = Officer.objects.create(login="guanli", name="周管理", staff_kind="established", password="!")
    post, _ = Post.objects.get_or_create(code="admin", defaults={"title": "系统管理员"})
    Appointment.objects.create(
        officer=made, post=post, unit=office.other, valid_from=START.replace(year=2020)
    )
    return made


@pytest.fixture
def outside(office: Office) -> Counterpart:
    made = Counterpart("yunqiao-wai")
    made.join("outside", START, opens="report.snapshot")
    return made


def told(now: Any) -> list[str]:
    """这时提醒，新写下的消息：题目，系统管理员和分拨员各一条。"""
    had = set(Notice.objects.values_list("pk", flat=True))
    reminding.remind_managers(now)
    outbox.drain(now)
    fresh = list(Notice.objects.exclude(pk__in=had).filter(case=None).order_by("pk"))
    for one in {row.title for row in fresh}:
        assert {row.officer.login for row in fresh if row.title == one} == {"guanli", "fenbo"}
    return [row.title for row in fresh if row.officer.login == "guanli"]


def last() -> str:
    return Notice.objects.filter(case=None).order_by("-pk")[0].text


# ---- 办不成 ----


def bad(number: int) -> Entry:
    one = case(number, START)
    return Entry(one.uid, one.kind, {k: v for k, v in one.data.items() if k != "at"})


def test_what_was_not_done_is_told_once(outside: Counterpart) -> None:
    arrive(outside.parcel(bad(1), now=START), NOW)
    applying.apply_waiting(NOW)
    assert told(NOW) == ["节点送来的没有办成"] and told(NOW) == []
    assert "1 条" in last() and "jiezhi nodes retry" in last()
    for number in range(2, 30):
        arrive(outside.parcel(bad(number), now=START), NOW + HOUR)
    applying.apply_waiting(NOW + HOUR, limit=100)
    assert told(NOW + HOUR) == [], "接连出的攒着"
    assert told(NOW + 7 * HOUR) == ["节点送来的没有办成"] and "29 条" in last()
    assert told(NOW + 8 * HOUR) == [] and told(NOW + 30 * HOUR)[:1] != ["节点送来的没有办成"]


def test_a_parcel_that_stops_is_told(outside: Counterpart) -> None:
    arrive(outside.parcel(case(1, START), now=START), NOW)
    Incoming.objects.update(sealed="{")
    applying.apply_waiting(NOW)
    assert told(NOW + HOUR) == ["节点的包停住了"] and told(NOW + 2 * HOUR) == []
    trouble = Incoming.objects.get().trouble
    assert trouble == "没有办成，稍后再试：写法不对" and trouble in last()


@pytest.mark.parametrize(
    ("error", "say"),
    [
        (KeyError("at"), "缺“at”这一项"),
        (ValueError("时刻没有时区"), "时刻没有时区"),
        (ValueError("Invalid isoformat string: '十三日'"), "写法不对"),
        (TypeError("'int' object is not iterable"), "写法不对"),
        (OSError(28, "No space left on device"), "读写材料出错"),
    ],
)
def test_what_went_wrong_is_said_in_chinese(error: Exception, say: str) -> None:
    assert applying.why(error) == say


# ---- 对方没有办成 ----


def refuse(other: Counterpart, uid: str, now: Any, say: str = "内容不成样：KeyError('at')") -> None:
    arrive(other.parcel(Entry(f"refused:{uid}", "refused", {"entry": uid, "say": say}), now=now), now)
    applying.apply_waiting(now)


def shown(uid: str, now: Any) -> str:
    """来件人查进度看到的全部。"""
    return str(progress(Case.objects.get(uid=uid), now=now))


def test_the_other_side_could_not_do_it(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    made = reported(1)
    (entry,) = other.take_all(peer, START)
    refuse(other, entry.uid, NOW)
    assert told(NOW) == ["送出去的对方没有办成"] and told(NOW) == []
    assert made.number in last() and "KeyError" not in last()
    assert Notice.objects.filter(case=None).last().link == f"/cases/{made.uid}/"
    seen = shown(made.uid, NOW)
    assert "街道还没有收下，工作人员正在处理，编号不变" in seen
    assert "KeyError" not in seen and "不成样" not in seen
    assert OutgoingEntry.objects.get(kind="open").refused == "内容不成样：KeyError('at')", "缘由给工作人员看"


def test_a_withdrawal_that_was_not_accepted(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    made = reported(1)
    casework.act(made.uid, "withdraw", actor=Actor("reporter"), reason="不用了", now=START)
    outbox.drain(START)
    _, withdrawn = other.take_all(peer, START)
    refuse(other, withdrawn.uid, NOW, "SP2026000001 现在是“待核查”，不能办“撤回”")
    assert "街道仍在办理" in shown(made.uid, NOW) and "待核查" not in shown(made.uid, NOW)


def test_the_district_could_not_do_it(district: tuple[Counterpart, Peer], office: Office) -> None:
    other, peer = district
    made = reported(1, "report.snapshot")
    done = casework.act(
        made.uid, "send_outside", acting_officer=office.dispatcher,
        inputs={"to_unit": "district"}, reason="归区里管", now=START,
    )  # fmt: skip
    assert done.ok, str(done)
    outbox.drain(START)
    (entry,) = other.take_all(peer, START)
    refuse(other, entry.uid, NOW)
    assert told(NOW) == ["送出去的对方没有办成"] and "来件人看到的" not in last()
    assert "街道还没有收下" not in str(Case.objects.get(uid=made.uid).fields)


# ---- 往来 ----


def test_a_gap_is_told_after_a_while(outside: Counterpart) -> None:
    first, second, third = (outside.parcel(case(n, START), now=START) for n in (1, 2, 3))
    arrive(first, NOW)
    arrive(third, NOW)
    assert told(NOW) == [], "晚到一步的不算"
    assert told(NOW + HOUR) == ["节点的包缺号"] and "缺第 2 号" in last()
    assert told(NOW + 2 * HOUR) == []
    arrive(second, NOW + 3 * HOUR)
    assert told(NOW + 3 * HOUR) == []


def test_no_news_for_a_day(outside: Counterpart, settings: Any) -> None:
    assert told(START + 23 * HOUR) == []
    assert told(START + DAY) == ["节点没有消息"] and told(START + 3 * DAY) == []
    arrive(outside.parcel(now=START + 3 * DAY), START + 3 * DAY)
    assert told(START + 3 * DAY + HOUR) == []
    settings.NODE_SILENT_HOURS = 24 * 14
    assert told(START + 10 * DAY) == [], "半个月摆渡一次的街道写长些"
    settings.NODE_SILENT_HOURS = 24
    assert told(START + 10 * DAY) == ["节点没有消息"], "又断了，再说一回"


def test_a_stopped_or_new_peer_is_not_missed(outside: Counterpart) -> None:
    actions.stop(Peer.objects.get(), why="不用了", acting_officer=None, now=START)
    assert told(START + 9 * DAY) == []


def test_trouble_is_told(inside: tuple[Counterpart, Peer], settings: Any) -> None:
    _, peer = inside
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    Peer.objects.update(address="http://127.0.0.1:9/jiedian/")
    peer.refresh_from_db()
    exchange.exchange(peer, NOW)
    assert told(NOW) == [], "一次没有连上不算"
    for _ in range(reminding.FAILURES):
        exchange.exchange(Peer.objects.get(), NOW)
    assert told(NOW) == ["与节点的往来出了问题"] and "连不上" in last()
    assert told(NOW + HOUR) == []
    Peer.objects.update(
        trouble="对方收到的第 1 轮第 9 号不是本机现在的那一包，请用 jiezhi nodes renew 重起一轮"
    )
    assert told(NOW + HOUR) == ["与节点的往来出了问题"] and told(NOW + HOUR) == []


def test_a_fault_in_the_program_is_told_in_chinese(
    inside: tuple[Counterpart, Peer], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Peer.objects.update(address="https://example.com/jiedian/")

    def broken(*given: Any) -> None:
        raise TypeError("unsupported operand type(s)")

    monkeypatch.setattr(packing, "pack", broken)
    exchange.exchange_due(NOW)
    assert "unsupported" not in Peer.objects.get().trouble and "写法不对" in Peer.objects.get().trouble
    assert "unsupported operand" in caplog.text, "原文在日志里"


# ---- 外网来件的时限 ----


def test_a_report_not_received_in_time_is_told(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    made = reported(1)
    clock = Clock.objects.get(case__uid=made.uid)
    assert clock.name == "sending" and clock.due_at - START == DAY
    late = START + 25 * HOUR
    outbox.fire_clocks(late)
    outbox.drain(late)
    outbox.drain(late)
    people = Notice.objects.filter(case__uid=made.uid, to_reporter=False).values_list(
        "officer__login", flat=True
    )
    assert set(people) == {"guanli", "fenbo"}
    assert Case.objects.get(uid=made.uid).state == "sending"
    (entry,) = other.take_all(peer, late)
    news = {
        "round": entry.uid, "number": "SP2026000001", "stage": "received", "state": "待分派",
        "told": [], "fields": {}, "reason": "", "files": [], "at": to_iso(late),
    }  # fmt: skip
    arrive(other.parcel(Entry("n:1", "news", news), now=late), late)
    applying.apply_waiting(late)
    clock.refresh_from_db()
    assert clock.status == "ended" and Case.objects.get(uid=made.uid).state == "received"


def test_reopening_counts_again(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    made = reported(1)
    (entry,) = other.take_all(peer, START)
    for uid, stage in (("n:1", "received"), ("n:2", "done")):
        news = {
            "round": entry.uid, "number": "SP2026000001", "stage": stage, "state": stage,
            "told": [], "fields": {}, "reason": "", "files": [], "at": to_iso(START),
        }  # fmt: skip
        arrive(other.parcel(Entry(uid, "news", news), now=START), START)
    applying.apply_waiting(START)
    assert not Clock.objects.exclude(status="ended").exists()
    done = casework.act(made.uid, "reopen", actor=Actor("reporter"), reason="还是不亮", now=NOW)
    assert done.ok, str(done)
    assert Clock.objects.exclude(status="ended").get().due_at == NOW + DAY
    assert Arrival.objects.filter(outcome="refused").count() == 0
