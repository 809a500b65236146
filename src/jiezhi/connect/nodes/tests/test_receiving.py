"""收包：什么也不丢、不重；伪造的、改过的、不认识的、旧钥匙的不收，记下来。"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from jiezhi.base.casework import files, upkeep
from jiezhi.base.casework.models import Case, Event, EvidenceFile, EvidenceUse
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import archivist
from jiezhi.connect.nodes import actions, applying, queries, receiving
from jiezhi.connect.nodes.models import Arrival, Incoming, IncomingFile, Link, Rejection
from jiezhi.connect.nodes.tests.counterpart import Counterpart, arrive, case, photo
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.parcels import Entry, Refused, Verdict, Why

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def outside(office: Office) -> Counterpart:
    made = Counterpart("yunqiao-wai")
    made.join("outside", START, opens="report.snapshot")
    return made


def why(data: bytes) -> str:
    before = Incoming.objects.count()
    with pytest.raises(Refused) as caught:
        arrive(data, START)
    assert Incoming.objects.count() == before
    row = queries.rejections()[0]
    assert row.why == caught.value.why and row.digest == sm3_hex(data)
    return str(row.why)


def test_a_report_arrives_with_its_photo(outside: Counterpart) -> None:
    shot = photo(1)
    data = outside.parcel(
        case(1, START, photos=[sm3_hex(shot)], spot={"address": "南山路口"}), files=(shot,), now=START
    )
    done = arrive(data, START + HOUR)
    assert (done.seq, done.verdict) == (1, Verdict.NEXT)
    assert not Case.objects.exists(), "先存妥，后办"
    assert applying.apply_waiting(START + HOUR) == 1
    made = Case.objects.get()
    assert (made.matter, made.state, made.title) == ("report.snapshot", "new", "第1处路灯不亮")
    event = Event.objects.get(case=made)
    assert (event.at, event.recorded_at) == (START, START + HOUR), "报的时刻是居民报的时刻"
    assert (
        '"node":"yunqiao-wai"' in bytes(event.body).decode() and "WW2026000001" in bytes(event.body).decode()
    )
    use = EvidenceUse.objects.get(case=made)
    assert files.path_of(use.file_id).read_bytes() == shot
    link = Link.objects.get()
    assert (link.case, link.theirs, link.number) == (made, True, "WW2026000001")
    assert Incoming.objects.get().applied_at and not IncomingFile.objects.exists()
    assert b"13800138001" not in bytes(_raw("nodes_incoming", "sealed")), "落库的是密文"


def _raw(table: str, column: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return cursor.fetchone()[0]


def test_any_order_any_repeat(outside: Counterpart) -> None:
    """十二包打乱、每包来三遍：每件恰好一件，按号的先后开。"""
    data = [outside.parcel(case(n, START), now=START) for n in range(1, 13)]
    order = data * 3
    random.Random(5).shuffle(order)

    for one in order:
        arrive(one, START)
        applying.apply_waiting(START)
    assert list(Case.objects.order_by("pk").values_list("title", flat=True)) == [
        f"第{n}处路灯不亮" for n in range(1, 13)
    ]
    assert Arrival.objects.count() == Incoming.objects.count() == 12 and not Rejection.objects.exists()


def test_a_gap_waits_and_says_what_is_missing(outside: Counterpart) -> None:
    first, second, third, fourth = (outside.parcel(case(n, START), now=START) for n in range(1, 5))
    arrive(first, START)
    assert arrive(third, START).verdict is Verdict.HOLD and arrive(fourth, START).verdict is Verdict.HOLD
    applying.apply_waiting(START)
    assert Case.objects.count() == 1
    peer = queries.find("yunqiao-wai")
    assert peer is not None
    standing = queries.standing(peer)
    assert (standing.held, standing.missing, standing.unapplied) == ((3, 4), (2,), 0)
    assert arrive(third, START).verdict is Verdict.REPEAT
    arrive(second, START + DAY)
    applying.apply_waiting(START + DAY)
    assert Case.objects.count() == 4 and queries.standing(peer).missing == ()


def test_forgeries_are_refused_and_recorded(outside: Counterpart, office: Office) -> None:
    good = outside.parcel(case(1, START), now=START)
    stranger = Counterpart("stranger", b"s" * 32)
    assert why(stranger.parcel(case(2, START), now=START)) == Why.STRANGER
    impostor = Counterpart("yunqiao-wai", b"i" * 32)
    assert why(impostor.parcel(case(3, START), now=START)) == Why.STRANGER, "自称是它，钥匙谁的都不是"
    neighbour = Counterpart("lindao", b"l" * 32)
    neighbour.join("subordinate", START, opens="report.snapshot")
    neighbour.code = "yunqiao-wai"
    assert why(neighbour.parcel(case(3, START), now=START)) == Why.FORGED, "别的节点的钥匙"
    assert why(outside.parcel(case(4, START), now=START, to="someone-else")) == Why.NOT_FOR_US
    assert why(b"PK rubbish") == Why.UNREADABLE
    rng = random.Random(11)
    for _ in range(40):  # 一千次在 core/parcels 的测试里；这里看连同登记、落库
        spoilt = bytearray(good)
        spoilt[rng.randrange(len(spoilt))] ^= rng.randrange(1, 256)
        assert why(bytes(spoilt)) in (Why.ALTERED, Why.UNREADABLE, Why.FORGED, Why.STRANGER, Why.NOT_FOR_US)
    assert arrive(good, START).verdict is Verdict.NEXT
    assert Rejection.objects.count() == 45


def test_old_keys_and_stopped_nodes(outside: Counterpart) -> None:
    peer = queries.find("yunqiao-wai")
    assert peer is not None
    fresh = Counterpart("yunqiao-wai", b"n" * 32)
    actions.change_key(peer, public_key=fresh.card.public_key, acting_officer=None, now=START)
    assert why(outside.parcel(case(1, START), now=START)) == Why.STRANGER, "没有核对新指纹之前谁的也不收"
    actions.trust(peer, fingerprint=fresh.card.fingerprint, acting_officer=None, now=START)
    outside.seq, outside.last = 0, "0" * 64
    assert why(outside.parcel(case(1, START), now=START)) == Why.OLD_KEY
    assert arrive(fresh.parcel(case(1, START), now=START), START).verdict is Verdict.NEXT
    actions.stop(peer, why="停机", acting_officer=None, now=START)
    assert why(fresh.parcel(case(2, START), now=START)) == Why.STRANGER


def test_the_same_number_with_another_content(outside: Counterpart) -> None:
    """对方从备份恢复、又从旧号发起：内容不同的不收，说明怎么办；重起一轮之后接着收，不重。"""
    for n in (1, 2, 3):
        arrive(outside.parcel(case(n, START), now=START), START)
    outside.seq -= 1
    assert why(outside.parcel(case(9, START), now=START)) == Why.CONFLICT
    assert "renew" in queries.rejections()[0].say
    outside.epoch, outside.seq, outside.last = 2, 0, "0" * 64
    again = outside.parcel(case(3, START), case(9, START), now=START)
    assert arrive(again, START).verdict is Verdict.RENEWED
    applying.apply_waiting(START)
    assert Case.objects.count() == 4, "第三件收过，认得出"
    outside.epoch = 1
    assert why(outside.parcel(case(10, START), now=START)) == Why.STALE


def test_a_held_one_that_does_not_join_is_dropped(outside: Counterpart) -> None:
    arrive(outside.parcel(case(1, START), now=START), START)
    kept = (outside.seq, outside.last)
    outside.parcel(case(2, START), now=START)
    wrong = outside.parcel(case(3, START), now=START)  # 接的是另一个第二号
    outside.seq, outside.last = kept
    second = outside.parcel(case(22, START), now=START)
    third = outside.parcel(case(33, START), now=START)
    arrive(wrong, START)
    arrive(second, START)
    applying.apply_waiting(START)
    assert Case.objects.count() == 2 and queries.rejections()[0].why == Why.CONFLICT
    arrive(third, START)
    applying.apply_waiting(START)
    assert Case.objects.count() == 3


def test_each_kind_of_node_may_send_only_its_own(outside: Counterpart, office: Office) -> None:
    """外网的机器被人占了，也办不了内网的事。"""
    arrive(outside.parcel(case(1, START), now=START), START)
    applying.apply_waiting(START)
    made = Case.objects.get()
    base = {"round": case(1, START).uid, "at": "2026-08-03T09:00:00+08:00", "fields": {}, "reason": ""}
    tries = [
        Entry("a:1", "news", {**base, "stage": "done", "state": "x", "told": []}),
        Entry("a:2", "act", {**base, "means": ["dispatch"], "title": "派单"}),
        Entry("a:3", "act", {**base, "means": ["answer"], "title": "答复"}),
        Entry("a:4", "act", {**base, "means": ["rate"], "title": "评价", "round": "nobody:1"}),
        Entry("a:5", "act", {**base, "means": ["rate", "rework"], "title": "要求重办"}),
        Entry("a:6", "erase", {}),
        Entry("a:7", "open", {"fields": 7}),
    ]
    arrive(outside.parcel(*tries, now=START), START)
    assert applying.apply_waiting(START) == 7
    made.refresh_from_db()
    assert (made.state, made.seq) == ("new", 1)
    told = dict(Arrival.objects.exclude(kind="open", outcome="done").values_list("uid", "say"))
    assert set(told) == {one.uid for one in tries}
    assert "不能送" in told["a:1"] and "不是来件人能办的" in told["a:2"] and "待分派" in told["a:5"]
    peer = queries.find("yunqiao-wai")
    assert peer is not None
    back = [one for one in outside.take_all(peer, START) if one.kind == "refused"]
    assert {one.data["entry"] for one in back} == {"a:2", "a:3", "a:4", "a:5", "a:7"}


def test_what_cannot_be_opened_is_kept_and_tried_again(outside: Counterpart) -> None:
    """栏目不合的去掉再开；实在开不了的留着、告诉对方，改好之后再办，不挡后面的。"""
    peer = queries.find("yunqiao-wai")
    assert peer is not None
    arrive(outside.parcel(case(1, START, category="没有这一类", strange="?"), now=START), START)
    arrive(outside.parcel(case(2, START, content=""), now=START), START)
    arrive(outside.parcel(case(3, START), now=START), START)
    assert applying.apply_waiting(START) == 3
    assert [one.title for one in Case.objects.order_by("pk")] == ["第1处路灯不亮", "第3处路灯不亮"]
    first = Arrival.objects.get(uid=case(1, START).uid)
    assert first.outcome == "done" and "诉求类别" in first.say and "strange" in first.say
    (bad,) = queries.refused()
    assert "反映的事" in bad.say
    assert actions.retry(bad, acting_officer=None, now=START).outcome == "refused", "内容没变，还是办不成"
    with pytest.raises(ValidationError, match="没有“no.such”"):
        actions.change(peer, opens="no.such", acting_officer=None, now=START)


def test_a_photo_that_is_not_one(outside: Counterpart) -> None:
    """签过名的材料也照样认内容：收不下的不用，来件照收，说明少了几份。"""
    junk = b"this is not a picture at all"
    arrive(outside.parcel(case(1, START, photos=[sm3_hex(junk)]), files=(junk,), now=START), START)
    applying.apply_waiting(START)
    assert Case.objects.count() == 1 and not EvidenceFile.objects.exists()
    assert "1 份没有收下" in Arrival.objects.get().say


def test_files_of_held_parcels_are_not_swept(outside: Counterpart) -> None:
    arrive(outside.parcel(case(1, START), now=START), START)
    second = outside.parcel(case(2, START), now=START)
    shot = photo(3)
    arrive(outside.parcel(case(3, START, photos=[sm3_hex(shot)]), files=(shot,), now=START), START)
    files.sweep(START + 7 * DAY)
    arrive(second, START + 7 * DAY)
    applying.apply_waiting(START + 7 * DAY)
    assert EvidenceUse.objects.get().file_id == sm3_hex(shot)


def test_erasing_and_sweeping_leave_nothing_readable(outside: Counterpart, office: Office) -> None:
    arrive(outside.parcel(case(1, START), now=START), START)
    arrive(outside.parcel(case(2, START), now=START), START)
    applying.apply_waiting(START)
    first = Case.objects.order_by("pk")[0]
    done = upkeep.erase(
        str(first.uid), ["reporter"], acting_officer=archivist(office), reason="本人申请", now=START
    )
    assert done.ok, str(done)
    assert [bool(row.sealed) for row in Incoming.objects.order_by("seq")] == [False, True]
    actions.sweep(START + 29 * DAY)
    assert Incoming.objects.filter(cleared_at=None).count() == 1
    actions.sweep(START + 31 * DAY)
    assert not any(row.sealed for row in Incoming.objects.all())
    assert arrive(outside.parcel(case(3, START), now=START), START).verdict is Verdict.NEXT, (
        "清了照样认得序号"
    )


def test_rejections_do_not_fill_the_disk(outside: Counterpart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MOST_REJECTIONS", 5)
    for _ in range(9):
        why(b"rubbish")
    assert Rejection.objects.count() == 5
