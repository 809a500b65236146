"""签过名的包里也可能有办不了的、存不下的、不该给它的：那一条当作没有办成，后面的照办，别的件不受影响。"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError

from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import files
from jiezhi.base.casework.models import Case, EvidenceFile, EvidenceUse
from jiezhi.base.casework.testing import START, Office
from jiezhi.connect.nodes import actions, applying, erasing
from jiezhi.connect.nodes.models import Arrival, Incoming, IncomingFile, Link, OutgoingEntry
from jiezhi.connect.nodes.tests.counterpart import Counterpart, arrive, case, photo
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.parcels import Entry

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = START + HOUR


@pytest.fixture
def outside(office: Office) -> Counterpart:
    made = Counterpart("yunqiao-wai")
    made.join("outside", START, opens="report.snapshot")
    return made


def altered(number: int, /, **more: Any) -> Entry:
    one = case(number, START)
    return Entry(one.uid, one.kind, {**one.data, **more})


# ---- 存不下的 ----

FIELDS = case(1, START).data["fields"]
POISON: dict[str, Callable[[], Entry]] = {
    "空字符": lambda: altered(1, number="WW\0001"),
    "键里的空字符": lambda: altered(1, fields={**FIELDS, "x\0": 1}),
    "种类里的空字符": lambda: Entry(case(1, START).uid, "op\0en", {}),
    "种类太长": lambda: Entry(case(1, START).uid, "o" * 900, {}),
    "编号太长": lambda: altered(1, number="长" * 300),
    "编号不是文字": lambda: altered(1, number={"a": 1}),
    "件的标识太长": lambda: altered(1, ref="x" * 500),
    "没有编号": lambda: Entry(
        case(1, START).uid, "open", {k: v for k, v in case(1, START).data.items() if k != "number"}
    ),
    "公元元年": lambda: altered(1, at="0001-01-01T00:00:00+08:00"),
    "公元元年西八区": lambda: altered(1, at="0001-01-01T00:00:00-08:00"),
    "材料的写法": lambda: altered(1, fields={**FIELDS, "photos": [{"a": 1}]}),
    "材料的写法二": lambda: altered(1, fields={**FIELDS, "photos": 7}),
    "材料单的写法": lambda: altered(1, files=7, fields={**FIELDS, "photos": 7}),
    "材料单的写法二": lambda: altered(1, files=[{"sm3": []}], at="x"),
    "轮次太长": lambda: Entry("a:1", "act", {"round": "x" * 999, "means": ["rate"], "fields": {}}),
    "轮次不是文字": lambda: Entry("a:1", "act", {"round": {"a": [1]}, "means": ["rate"], "fields": {}}),
    "没有办成的标识": lambda: Entry("a:1", "refused", {"entry": ["a"], "say": "x"}),
}


@pytest.mark.parametrize("name", POISON)
def test_poison_is_refused_and_the_next_is_done(outside: Counterpart, name: str) -> None:
    arrive(outside.parcel(POISON[name](), case(2, START), now=START), NOW)
    applying.apply_waiting(NOW)
    assert list(Case.objects.values_list("title", flat=True)) == ["第2处路灯不亮"], "办到一半的不留下"
    assert list(Arrival.objects.order_by("pk").values_list("outcome", flat=True)) == ["refused", "done"]
    row = Incoming.objects.get()
    assert row.applied_at is not None and row.trouble == ""
    assert Link.objects.count() == 1


def test_what_the_database_cannot_store_is_refused(
    outside: Counterpart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """别处漏核的长短，PostgreSQL 报 DataError：也当作没有办成，不是每次停在那一条。"""
    real = casework.open_case

    def opened(*given: Any, **more: Any) -> Any:
        done = real(*given, **more)
        if "第1处" in more["inputs"]["content"]:
            raise DataError("value too long for type character varying(80)")
        return done

    monkeypatch.setattr(casework, "open_case", opened)
    arrive(outside.parcel(case(1, START), case(2, START), now=START), NOW)
    assert applying.apply_waiting(NOW) == 2
    assert Case.objects.get().title == "第2处路灯不亮"


def test_one_row_that_cannot_be_read_stops_only_its_node(outside: Counterpart) -> None:
    other = Counterpart("zzz", b"z" * 32)
    other.join("subordinate", START, opens="report.snapshot")
    arrive(outside.parcel(case(1, START), now=START), NOW)
    arrive(other.parcel(case(2, START), now=START), NOW)
    Incoming.objects.filter(peer__code=outside.code).update(sealed="{")
    applying.apply_waiting(NOW)
    assert Case.objects.get().title == "第2处路灯不亮"
    assert "没有办成" in Incoming.objects.get(peer__code=outside.code).trouble


# ---- 不是它给的材料 ----


def test_only_its_own_materials(outside: Counterpart, office: Office) -> None:
    """说得出摘要，也拿不到本机别的材料；自己以前送过的，再提到时认。"""
    secret = files.store(io.BytesIO(photo(77)), "秘密.jpg", kind="photo", acting_officer=None, now=START)
    mine = photo(5)
    first = case(1, START, photos=[secret.pk, sm3_hex(mine)])
    arrive(outside.parcel(first, files=(mine,), now=START), NOW)
    applying.apply_waiting(NOW)
    assert "1 份没有收下" in Arrival.objects.get().say
    assert [one.file_id for one in EvidenceUse.objects.all()] == [sm3_hex(mine)]
    # 内网的人给这一件加了材料：外网也不能再拿去。
    made = Case.objects.get()
    for action, who, inputs in (
        ("dispatch", office.dispatcher, {"to_unit": "law"}),
        ("sign", office.clerk, {}),
        ("answer", office.clerk, {"reply": "已经修好", "after_photos": [secret.pk]}),
    ):
        done = casework.act(str(made.uid), action, acting_officer=who, inputs=inputs, now=NOW)
        assert done.ok, str(done)
    arrive(outside.parcel(case(2, START, photos=[secret.pk, sm3_hex(mine)]), now=START), NOW)
    applying.apply_waiting(NOW)
    second = Case.objects.order_by("pk")[1]
    assert [one.file_id for one in EvidenceUse.objects.filter(case=second)] == [sm3_hex(mine)]
    # 别的节点说得出这份的摘要，也不认。
    other = Counterpart("zzz", b"z" * 32)
    other.join("subordinate", START, opens="report.snapshot")
    arrive(other.parcel(case(3, START, photos=[sm3_hex(mine)]), now=START), NOW)
    applying.apply_waiting(NOW)
    third = Case.objects.order_by("pk")[2]
    assert not EvidenceUse.objects.filter(case=third).exists()


def test_materials_of_a_refused_one_wait_with_it(outside: Counterpart) -> None:
    """没有办成的等人再办，随它来的材料不清扫；再办成了，材料还在。"""
    shot = photo(9)
    bad = case(1, START, content="", photos=[sm3_hex(shot)])
    arrive(outside.parcel(bad, files=(shot,), now=START), NOW)
    applying.apply_waiting(NOW)
    files.sweep(START + 20 * DAY)
    actions.sweep(START + 40 * DAY)
    assert IncomingFile.objects.count() == 1 and EvidenceFile.objects.filter(pk=sm3_hex(shot)).exists()
    row = Incoming.objects.get()
    row.sealed = row.sealed.replace('"content":""', '"content":"补上的话"')
    row.save(update_fields=["sealed"])
    retried = actions.retry(Arrival.objects.get(), acting_officer=None, now=START + 40 * DAY)
    assert retried.outcome == "done" and EvidenceUse.objects.get().file_id == sm3_hex(shot)
    assert not IncomingFile.objects.exists()


# ---- 依法清除 ----


def test_erasing_one_leaves_the_others_in_the_parcel(outside: Counterpart) -> None:
    """清一件，同一包里没有办成、等人再办的还能再办；那一件的内容一个字也不留。"""
    bad = case(2, START, content="")
    arrive(outside.parcel(case(1, START, content="要清除的话"), bad, case(3, START), now=START), NOW)
    assert applying.apply_waiting(NOW, limit=1) == 1
    erasing.forget(Case.objects.get().pk, {}, NOW)
    row = Incoming.objects.get()
    assert "要清除的话" not in row.sealed and row.cleared_at is None
    assert applying.apply_waiting(NOW) == 2, "没有办完的接着办"
    refused = Arrival.objects.get(outcome="refused")
    assert actions.retry(refused, acting_officer=None, now=NOW).outcome == "refused", "内容还在，照样再办"
    row.refresh_from_db()
    row.sealed = row.sealed.replace('"content":""', '"content":"补上的话"')
    row.save(update_fields=["sealed"])
    assert actions.retry(refused, acting_officer=None, now=NOW).outcome == "done"
    for made in Case.objects.order_by("pk"):
        erasing.forget(made.pk, {}, NOW)
    row.refresh_from_db()
    assert row.sealed == "" and row.cleared_at == NOW, "都清掉了，整包也不留"


def test_an_erased_one_cannot_be_tried_again(outside: Counterpart) -> None:
    """清掉的不能再办，替它留着的材料也不再留；同一包里别的没有办成的，材料还留着。"""
    arrive(outside.parcel(case(1, START), now=START), NOW)
    applying.apply_waiting(NOW)
    mine, theirs = photo(11), photo(12)
    data = {
        "round": case(1, START).uid,
        "means": ["rate"],
        "at": START.isoformat(),
        "fields": {"photos": [sm3_hex(mine)]},
    }
    bad = case(3, START, content="", photos=[sm3_hex(theirs)])
    arrive(outside.parcel(Entry("a:1", "act", data), bad, files=(mine, theirs), now=START), NOW)
    applying.apply_waiting(NOW)
    refused = Arrival.objects.get(uid="a:1")
    assert refused.case is not None and IncomingFile.objects.count() == 2
    erasing.forget(refused.case.pk, {}, NOW)
    assert IncomingFile.objects.get().file_id == sm3_hex(theirs)
    with pytest.raises(ValidationError, match="清掉"):
        actions.retry(refused, acting_officer=None, now=NOW)
    assert OutgoingEntry.objects.filter(kind="refused").count() == 2
