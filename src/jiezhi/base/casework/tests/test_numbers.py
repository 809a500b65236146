"""编号：作废、租用、归还，任意次序之后不跳号、不重号。"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord, Officer
from jiezhi.base.casework import actions, integrity, matters, numbers, queries, replay
from jiezhi.base.casework.actions import Entry
from jiezhi.base.casework.models import Case, NumberIssue, NumberLease
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.lives import DAY, HOUR, archivist, done

MONTH = START + timedelta(days=30)
PAPER = "test.paper"


@pytest.fixture
def paper(office: Office) -> Office:
    """答复要编文号的业务：工单号“单2026-0001”，文号“云答字〔2026〕第1号”。"""
    acts = {name: dict(act) for name, act in MATTER["actions"].items()}
    acts["register"]["number"] = "case_no"
    acts["answer"] |= {"number": {"paper_no": "paper"}, "collect": ["reply"]}
    acts["again"] = {
        "title": "重新答复", "means": "answer", "from": "answered", "by": "unit.unit_clerk",
        "collect": ["reply"], "number": {"paper_no": "paper"},
    }  # fmt: skip
    found = definition(
        matter=PAPER,
        title="要编文号的来件",
        actions=acts,
        fields=MATTER["fields"] | {"paper_no": {"title": "文号", "type": "text"}},
        sequences={
            "case_no": {"title": "工单号", "format": "单{year}-{n:04}"},
            "paper": {"title": "文号", "format": "云答字〔{year}〕第{n}号"},
        },
    )
    matters.publish(found, now=START)
    return office


def answered(office: Office, leased: dict[str, str] | None = None, subject: str = "路灯不亮") -> Case:
    """登记、派单、答复（文号可以是租来的）。"""
    uid = done(opened(office, subject)).uid
    step = {"acting_officer": office.dispatcher, "now": START + HOUR}
    done(actions.act(uid, "dispatch", inputs={"to_unit": "law"}, **step))
    done(answer(office, uid, leased))
    return Case.objects.get(uid=uid)


def opened(office: Office, subject: str = "路灯不亮", **more: Any) -> Any:
    who = {"acting_officer": office.dispatcher, "now": START}
    return actions.open_case(PAPER, inputs={"subject": subject}, **who, **more)


def answer(office: Office, uid: str, leased: dict[str, str] | None = None, **more: Any) -> Any:
    who = {"acting_officer": office.clerk, "now": START + 2 * HOUR} | more
    return actions.act(uid, "answer", inputs={"reply": "已经处理好"}, leased=leased, **who)


def lease(office: Office, count: int = 3, **more: Any) -> NumberLease:
    keys = {
        "officer": office.clerk,
        "valid_until": MONTH,
        "acting_officer": office.chief,
        "now": START,
    } | more
    return numbers.lease_range(
        PAPER,
        more.pop("sequence", "paper"),
        count,
        **{key: value for key, value in keys.items() if key != "sequence"},
    )


def nothing_wrong() -> None:
    assert queries.number_gaps() == []
    report = integrity.verify_database()
    assert report.ok, str(report)


def test_a_paper_number_is_voided_and_never_used_again(paper: Office) -> None:
    case = answered(paper)
    assert case.fields["paper_no"] == "云答字〔2026〕第1号"
    seq = case.seq
    who = archivist(paper)
    row = numbers.void_number("云答字〔2026〕第1号", reason="打印错页", acting_officer=who, now=START + DAY)
    assert (row.voided_by, row.void_reason, row.voided_at) == (who, "打印错页", START + DAY)
    case.refresh_from_db()
    line = queries.timeline(case)[-1]
    assert (case.seq, line.title, line.who, line.reason) == (seq + 1, "编号作废", "赵档案", "打印错页")
    assert AdminRecord.objects.get(action="number.void").note == "打印错页"
    with pytest.raises(ValidationError, match="已经作废"):
        numbers.void_number("云答字〔2026〕第1号", reason="再作废", acting_officer=who, now=START + DAY)
    again = actions.act(
        str(case.uid), "again", acting_officer=paper.clerk, inputs={"reply": "重新答复"}, now=START + DAY
    )
    done(again)
    case.refresh_from_db()
    assert case.fields["paper_no"] == "云答字〔2026〕第2号"
    assert replay.differences(case) == []
    nothing_wrong()


def test_who_may_void_and_what_cannot_be_voided(paper: Office) -> None:
    case = answered(paper)
    who = {"acting_officer": paper.chief, "now": START + DAY}
    with pytest.raises(NotAllowed, match="档案员"):
        numbers.void_number("云答字〔2026〕第1号", reason="错", acting_officer=paper.clerk, now=START)
    with pytest.raises(ValidationError, match="理由"):
        numbers.void_number("云答字〔2026〕第1号", reason=" ", **who)
    with pytest.raises(ValidationError, match="是件的编号"):
        numbers.void_number(case.number, reason="错", **who)
    with pytest.raises(ValidationError, match="没有发出过"):
        numbers.void_number("云答字〔2026〕第9号", reason="错", **who)
    plain = done(
        actions.open_case("test.report", acting_officer=paper.dispatcher, now=START, inputs={"subject": "x"})
    )
    own = plain.number.removeprefix("TEST-REPORT-")
    with pytest.raises(NotAllowed, match="无权查看的件"):  # 还没有派到负责人的单位
        numbers.void_number(own, reason="错", **who)
    with pytest.raises(ValidationError, match="是件的编号"):
        numbers.void_number(own, reason="错", acting_officer=archivist(paper), now=START + DAY)
    assert not NumberIssue.objects.exclude(voided_at=None).exists()


def test_a_confidential_case_keeps_its_paper_number(paper: Office) -> None:
    case = answered(paper)
    Case.objects.filter(pk=case.pk).update(confidential=True)
    who = {"acting_officer": archivist(paper), "now": START + DAY}
    with pytest.raises(NotAllowed, match="无权查看的件"):
        numbers.void_number("云答字〔2026〕第1号", reason="打印错页", **who)
    assert NumberIssue.objects.get(text="云答字〔2026〕第1号").voided_at is None
    numbers.void_number("云答字〔2026〕第1号", reason="打印错页", acting_officer=None, now=START + DAY)


def test_voiding_behind_the_programs_back_is_found(paper: Office) -> None:
    case = answered(paper)
    NumberIssue.objects.filter(text="云答字〔2026〕第1号").update(voided_at=START)
    report = integrity.verify_database()
    assert [fault.say for fault in report.faults] == [
        f"{case.number}：编号“云答字〔2026〕第1号”标为作废，件上却没有作废的办理记录：被擅自改动。"
    ]


def test_a_leased_number_used_on_the_spot(paper: Office) -> None:
    out = lease(paper)
    assert (out.first, out.last) == (1, 3)
    assert answered(paper).fields["paper_no"] == "云答字〔2026〕第4号", "租出去的不再发"
    case = answered(paper, {"paper_no": "云答字〔2026〕第2号"})
    assert case.fields["paper_no"] == "云答字〔2026〕第2号"
    assert replay.differences(case) == []
    nothing_wrong()
    returned = numbers.return_lease(out.pk, acting_officer=paper.clerk, now=START + DAY)
    assert returned == ["云答字〔2026〕第1号", "云答字〔2026〕第3号"]
    rows = NumberIssue.objects.filter(n__in=(1, 3), series=out.series)
    assert {(row.void_reason, row.voided_by_id) for row in rows} == {("租用未用", paper.clerk.pk)}
    nothing_wrong()
    with pytest.raises(ValidationError, match="已经归还"):
        numbers.return_lease(out.pk, acting_officer=paper.clerk, now=START + DAY)


def test_a_leased_case_number(paper: Office) -> None:
    out = lease(paper, 2, sequence="case_no", officer=paper.dispatcher)
    assert done(opened(paper)).number == "单2026-0003"
    assert done(opened(paper, leased={"case": "单2026-0002"})).number == "单2026-0002"
    own = numbers.lease_range(
        "test.report", "case", 1, officer=paper.dispatcher, valid_until=MONTH, acting_officer=None, now=START
    )
    text = "TEST-REPORT-2026-000001"
    result = actions.open_case(
        "test.report",
        acting_officer=paper.dispatcher,
        inputs={"subject": "x"},
        now=START,
        leased={"case": text},
    )
    assert done(result).number == text
    nothing_wrong()
    for one in (out, own):
        numbers.return_lease(one.pk, acting_officer=None, now=START)
    nothing_wrong()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("云答字〔2026〕第4号", "不在您名下的租段里"),
        ("云答字〔2026〕第01号", "不在您名下的租段里"),
        ("云答字〔2026〕第号", "不在您名下的租段里"),
        ("乱写", "不在您名下的租段里"),
    ],
)
def test_numbers_outside_the_lease(paper: Office, text: str, said: str) -> None:
    lease(paper)
    uid = done(opened(paper)).uid
    done(
        actions.act(
            uid, "dispatch", inputs={"to_unit": "law"}, acting_officer=paper.dispatcher, now=START + HOUR
        )
    )
    result = answer(paper, uid, {"paper_no": text})
    assert not result.ok and said in str(result)
    assert Case.objects.get(uid=uid).state == "handling"
    nothing_wrong()


def test_leased_numbers_refused(paper: Office) -> None:
    out = lease(paper, 4)
    uid = done(opened(paper)).uid
    send = {"acting_officer": paper.dispatcher, "now": START + HOUR}
    done(actions.act(uid, "dispatch", inputs={"to_unit": "law"}, **send))
    one = {"paper_no": "云答字〔2026〕第1号"}
    assert "这一步不取“reply”的号" in str(answer(paper, uid, {"reply": "云答字〔2026〕第1号"}))
    NumberLease.objects.update(officer=paper.chief)
    assert "不在您名下的租段里" in str(answer(paper, uid, one))
    NumberLease.objects.update(officer=paper.clerk, valid_until=START + HOUR)
    assert "不在有效期内" in str(answer(paper, uid, one))
    NumberLease.objects.update(valid_until=START + HOUR + timedelta(minutes=5))
    late = answer(paper, uid, one, at=START + HOUR + timedelta(minutes=1), now=START + 9 * DAY)
    assert late.ok, "现场用时没有过期，联网晚了也收"
    other = done(opened(paper)).uid
    done(actions.act(other, "dispatch", inputs={"to_unit": "law"}, **send))
    NumberLease.objects.update(valid_until=MONTH)
    assert "已经用过或作废" in str(answer(paper, other, one))
    numbers.void_number("云答字〔2026〕第2号", reason="写坏了", acting_officer=paper.chief, now=START)
    assert "已经用过或作废" in str(answer(paper, other, {"paper_no": "云答字〔2026〕第2号"}))
    numbers.return_lease(out.pk, acting_officer=paper.chief, now=START)
    assert "已经归还" in str(answer(paper, other, {"paper_no": "云答字〔2026〕第3号"}))
    nothing_wrong()


def test_the_same_leased_number_twice_in_one_batch(paper: Office) -> None:
    lease(paper, officer=paper.dispatcher, sequence="case_no")
    entries = [
        Entry(matter=PAPER, inputs={"subject": str(i)}, leased={"case": "单2026-0002"}, key=f"k{i}")
        for i in (1, 2)
    ]
    first, second = actions.act_many(entries, acting_officer=paper.dispatcher, now=START)
    assert first.ok and "已经用过或作废" in str(second)
    again = actions.act_many(entries[:1], acting_officer=paper.dispatcher, now=START)
    assert again[0].ok and isinstance(again[0], Outcome) and again[0].repeated
    changed = Entry(matter=PAPER, inputs={"subject": "1"}, leased={"case": "单2026-0003"}, key="k1")
    assert "内容不同" in str(actions.act_many([changed], acting_officer=paper.dispatcher, now=START)[0])
    nothing_wrong()


def test_leases_that_cannot_be_given(paper: Office) -> None:
    with pytest.raises(NotAllowed):
        lease(paper, acting_officer=paper.clerk)
    for count in (0, 201):
        with pytest.raises(ValidationError, match="一次租"):
            lease(paper, count)
    with pytest.raises(ValidationError, match="现在之后"):
        lease(paper, valid_until=START)
    with pytest.raises(ValidationError, match="不得跨年"):
        lease(paper, valid_until=datetime(2026, 12, 31, 16, 1, tzinfo=UTC))
    with pytest.raises(ValidationError, match="没有“x”这种编号"):
        lease(paper, sequence="x")
    assert lease(paper, valid_until=datetime(2026, 12, 31, 16, 0, tzinfo=UTC)).first == 1


def test_gaps_are_told(paper: Office) -> None:
    out = lease(paper)
    answered(paper)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM casework_numberissue WHERE series_id LIKE %s", ["test.paper/paper/%"])
    assert [str(gap) for gap in queries.number_gaps()] == [
        "号段“test.paper/paper/2026”（发到4号）缺第4号，共1个"
    ]
    NumberLease.objects.filter(pk=out.pk).update(returned_at=START, last=6)
    found = {(gap.what, gap.numbers) for gap in queries.number_gaps()}
    assert found == {("缺", (1, 2, 3, 4)), ("多出", (5, 6))}
    NumberLease.objects.create(
        series=out.series,
        first=2,
        last=2,
        pattern="x{n}",
        officer=paper.clerk,
        leased_at=START,
        valid_until=MONTH,
    )
    assert ("重租", (2,)) in {(gap.what, gap.numbers) for gap in queries.number_gaps()}


STEP = st.one_of(
    st.tuples(st.just("issue"), st.just(0)),
    st.tuples(st.just("lease"), st.integers(1, 4)),
    st.tuples(st.just("use"), st.integers(0, 30)),
    st.tuples(st.just("group"), st.integers(0, 30)),
    st.tuples(st.just("void"), st.integers(0, 30)),
    st.tuples(st.just("return"), st.integers(0, 5)),
)


@examples(max_examples=25, deadline=None)
@given(steps=st.lists(STEP, max_size=14))
def test_any_order_leaves_no_gap_and_no_repeat(
    django_db_setup: None, django_db_blocker: Any, steps: Any
) -> None:
    """发号、租号、用租来的号、同进退里撤回、作废、归还，任意次序：每个号恰好有一个下落，件号各不相同。"""
    with django_db_blocker.unblock(), transaction.atomic():
        try:
            _play(steps)
        finally:
            transaction.set_rollback(True)


def _play(steps: list[tuple[str, int]]) -> None:
    from jiezhi.base.casework.testing import make_office

    office = make_office()
    matters.publish(
        definition(
            matter=PAPER,
            sequences={"case_no": {"title": "工单号", "format": "单{year}-{n:04}"}},
            actions=MATTER["actions"] | {"register": MATTER["actions"]["register"] | {"number": "case_no"}},
        ),
        now=START,
    )
    who: Officer = office.dispatcher
    for kind, n in steps:
        leased = {"case": f"单2026-{n:04}"}
        open_leases = numbers.leases(open_only=True)
        if kind == "issue":
            done(opened(office))
        elif kind == "lease":
            numbers.lease_range(
                PAPER, "case_no", n, officer=who, valid_until=MONTH, acting_officer=None, now=START
            )
        elif kind == "use":
            legal = any(one.first <= n <= one.last for one in open_leases)
            fresh = not NumberIssue.objects.filter(series__key=f"{PAPER}/case_no/2026", n=n).exists()
            assert opened(office, leased=leased).ok == (legal and fresh)
        elif kind == "group":
            entries = [
                Entry(matter=PAPER, inputs={"subject": "一"}, group="g"),
                Entry(matter=PAPER, inputs={"subject": "二"}, group="g", leased=leased),
                Entry(matter=PAPER, inputs={}, group="g"),
            ]
            assert not any(result.ok for result in actions.act_many(entries, acting_officer=who, now=START))
        elif kind == "void":
            with suppress(ValidationError):
                numbers.void_number(f"单2026-{n:04}", reason="错", acting_officer=None, now=START)
        elif open_leases:
            numbers.return_lease(open_leases[n % len(open_leases)].pk, acting_officer=None, now=START)
        assert queries.number_gaps() == []
    taken = list(Case.objects.filter(matter=PAPER).values_list("number", flat=True))
    assert len(taken) == len(set(taken))
    rows = NumberIssue.objects.filter(series_id=f"{PAPER}/case_no/2026", voided_at=None)
    assert sorted(taken) == sorted(rows.values_list("text", flat=True))
