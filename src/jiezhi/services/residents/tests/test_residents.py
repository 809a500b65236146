"""居民来件：能登记的、能办的只是声明给来件人的；查询码试错有数；看到的没有别人的信息。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jiezhi.base.accounts.models import Post
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import matters, outbox
from jiezhi.base.casework.extensions import extensions
from jiezhi.base.casework.models import Case, Notice
from jiezhi.base.casework.outcome import Outcome, Refused
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.base.casework.testing import MATTER, START, Office, definition, make_office
from jiezhi.base.registry.models import Appointment
from jiezhi.services.residents import actions, queries
from jiezhi.services.residents.models import CodeMiss

HERE = "10.0.0.1"


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


@pytest.fixture
def mine(office: Office) -> Case:
    found = actions.report(
        "test.report", inputs={"subject": "漏水", "reporter": {"name": "王小明", "phone": "13800138001"}}
    )
    assert isinstance(found, Outcome), str(found)
    return Case.objects.get(uid=found.uid)


def wrong(number: str, address: str = HERE, now: Any = START) -> actions.CodeRefused:
    with pytest.raises(actions.CodeRefused) as refused:
        actions.find(number, "WRONG", address=address, now=now)
    return refused.value


# ---- 来件 ----


def test_only_what_is_declared_for_reporters(office: Office) -> None:
    acts = {**MATTER["actions"], "register": {**MATTER["actions"]["register"], "by": ["post.dispatcher"]}}
    matters.publish(definition(matter="test.inner", actions=acts), now=START)
    for matter, action in (
        ("test.inner", ""),
        ("test.none", ""),
        ("test.report", "dispatch"),
        ("test.report", "none"),
    ):
        found = actions.report(matter, action, inputs={"subject": "漏水"})
        assert isinstance(found, Refused) and found.refusal.missing[0].remedy
    assert not Case.objects.exists()
    assert [(row.matter, name) for row, name in queries.openable()] == [("test.report", "register")]


def test_only_what_says_so_is_open_online(office: Office, monkeypatch: Any) -> None:
    """居民能办、没有写明可以网上登记的不列也不收；主办系统在外面的、这台机器上条件不成立的一样。"""
    register = MATTER["actions"]["register"]
    answers = {"place.yes": True, "place.no": False}
    for name, answer in answers.items():
        monkeypatch.setitem(extensions.conditions, name, lambda context, answer=answer: answer)
    for code, change, more in (
        ("test.window", {"online": None}, {}),
        ("test.hosted", {}, {"host": {"system": "省平台", "number": "编号"}}),
        ("test.elsewhere", {"online": {"needs": ["place.yes", "place.no"]}}, {}),
        ("test.here", {"online": {"needs": "place.yes"}}, {}),
    ):
        acts = {**MATTER["actions"], "register": {**register, **change}}
        matters.publish(definition(matter=code, actions=acts, **more), now=START)
        found = actions.report(code, inputs={"subject": "漏水"})
        assert found.ok is (code == "test.here"), (code, str(found))
        if isinstance(found, Refused):
            assert found.refusal.missing[0].remedy == "到街道窗口办理"
    assert {row.matter for row, _ in queries.openable()} == {"test.here", "test.report"}


def test_only_what_is_asked_may_be_filled(office: Office) -> None:
    """由系统预填的、别的步骤的、不由来件人填的字段，居民写不进来，也不问他；说的是字段的名称。"""
    fields = {**MATTER["fields"], "channel": {"title": "来源", "type": "text", "office": True}}
    register = {**MATTER["actions"]["register"], "online": {"set": {"channel": "居民手机"}}}
    register["collect"] = [*register["collect"], "channel?"]
    acts = {**MATTER["actions"], "register": register}
    matters.publish(definition(fields=fields, actions=acts), now=START)
    for name, title in (
        ("to_unit", "承办单位"),
        ("reply", "答复"),
        ("channel", "来源"),
        ("no_such", "no_such"),
    ):
        found = actions.report("test.report", inputs={"subject": "漏水", name: "law"})
        assert isinstance(found, Refused)
        assert [(one.field, one.say) for one in found.refusal.missing] == [(name, f"“登记”不填“{title}”")]
    assert not Case.objects.exists()
    assert actions.report("test.report", inputs={"subject": "漏水"}).ok
    assert Case.objects.get().fields["channel"] == "居民手机"


def test_reporting_costs_what_the_door_costs_and_one_more(office: Office) -> None:
    inputs = {"subject": "漏水"}
    actions.report("test.report", inputs=inputs)
    with CaptureQueriesContext(connection) as ours:
        actions.report("test.report", inputs=inputs)
    with CaptureQueriesContext(connection) as door:
        casework.open_case("test.report", "register", actor=actions.RESIDENT, inputs=inputs)
    assert len(ours) <= len(door) + 1


# ---- 查询码 ----


def test_the_right_code_writes_nothing(mine: Case) -> None:
    with CaptureQueriesContext(connection) as queries_:
        found = actions.find(mine.number, receipt_code(str(mine.uid)), address=HERE, now=START)
    assert found == mine and len(queries_) == 2
    assert not CodeMiss.objects.exists()


def test_others_guessing_at_my_number_do_not_stop_me(mine: Case) -> None:
    for n in range(100):
        assert wrong(mine.number, f"10.0.{n}.1").wait is None
    code = receipt_code(str(mine.uid))
    assert actions.find(mine.number, code, address="10.9.9.9", now=START) == mine


def test_one_address_over_many_numbers(mine: Case) -> None:
    for n in range(actions.TRIES):
        assert wrong(f"SP{n}").wait is None
    code = receipt_code(str(mine.uid))
    with pytest.raises(actions.CodeRefused, match="60 分钟后"):
        actions.find(mine.number, code, address=HERE, now=START)
    assert actions.find(mine.number, code, address="10.0.0.2", now=START) == mine


def test_the_count_starts_over_after_a_while(mine: Case) -> None:
    for _ in range(actions.TRIES):
        wrong(mine.number)
    assert wrong(mine.number, HERE, START + timedelta(minutes=59)).wait == timedelta(minutes=1)
    later = START + actions.WINDOW + timedelta(seconds=1)
    assert actions.find(mine.number, receipt_code(str(mine.uid)), address=HERE, now=later) == mine
    assert wrong(mine.number, HERE, later).wait is None
    assert set(CodeMiss.objects.values_list("count", flat=True)) == {1}
    wrong("SP1", "10.0.0.3", later + timedelta(days=2))
    assert CodeMiss.objects.filter(kind="address").count() == 1, "旧的不留"


def test_what_is_kept_about_guessing_is_nobodys_address(mine: Case) -> None:
    wrong(mine.number)
    kept = dict(CodeMiss.objects.values_list("kind", "mark"))
    assert set(kept) == {"office", "address"} and len(kept["address"]) == 64
    assert HERE not in str(kept) and mine.number not in str(kept)


def test_much_guessing_is_told_once_and_refuses_nobody(
    mine: Case, office: Office, monkeypatch: Any, caplog: Any
) -> None:
    post = Post.objects.create(code="admin", title="系统管理员")
    Appointment.objects.create(
        officer=office.stranger, post=post, unit=office.other, valid_from=START - timedelta(days=1)
    )
    monkeypatch.setattr(actions, "ALARM", 5)
    for n in range(8):
        wrong("SP1", f"10.0.1.{n}")
    assert caplog.text.count("查询码试错到了 5 次") == 1
    assert actions.find(mine.number, receipt_code(str(mine.uid)), address="10.0.1.1", now=START) == mine
    outbox.drain(START)
    (notice,) = Notice.objects.filter(officer=office.stranger)
    assert notice.case is None and notice.title == "有人在乱试查询码"
    later = START + actions.WINDOW + timedelta(seconds=1)
    for n in range(5):
        wrong("SP1", f"10.0.2.{n}", later)
    outbox.drain(later)
    assert Notice.objects.filter(officer=office.stranger).count() == 2, "下一个小时还在试，再说一次"


# ---- 进度 ----


def test_progress_shows_only_what_is_public(mine: Case, office: Office) -> None:
    casework.act(str(mine.uid), "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": "law"})
    mine.refresh_from_db()
    found = queries.progress(mine)
    assert (found.state, found.merged, [one.title for one in found.steps]) == (
        "办理中",
        False,
        ["待分派", "办理中"],
    )
    assert found.contents == [] and found.choices == [], "没有声明可以给来件人看的都不给"
    for hidden in ("王小明", "13800138001", "陈分拨", "漏水"):
        assert hidden not in str(found)


def test_following_a_merge_stops_somewhere(mine: Case) -> None:
    """并入关系万一绕成圈（不该有），也停得下来。"""
    Case.objects.filter(pk=mine.pk).update(merged_into=mine)
    mine.refresh_from_db()
    assert queries.progress(mine).number == mine.number
