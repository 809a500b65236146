"""同进退的几条：全办成才算，有一条没有办成就都不留下。"""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions, queries
from jiezhi.base.casework.actions import Entry
from jiezhi.base.casework.engine import running
from jiezhi.base.casework.models import Case, Delivery, Event, NumberIssue, NumberSeries
from jiezhi.base.casework.outcome import Refused, Result
from jiezhi.base.casework.testing import START, Office

HOUR = timedelta(hours=1)


def row(name: str, unit: str = "law") -> list[Entry]:
    """登记之后马上派单。"""
    return [
        Entry(matter="test.report", inputs={"subject": name}, opens=name, group=name, key=f"开：{name}"),
        Entry(case=f"@{name}", action="dispatch", inputs={"to_unit": unit}, group=name, key=f"派：{name}"),
    ]


def run(officer: Officer, rows: Sequence[list[Entry]], batch: int = 500) -> list[Result]:
    entries = [entry for one in rows for entry in one]
    return actions.act_many(entries, acting_officer=officer, now=START + HOUR, batch=batch)


def test_refused_second_step_takes_the_opening_with_it(office: Office) -> None:
    results = run(office.dispatcher, [row("路灯"), row("井盖", "没有这个单位"), row("垃圾")])
    assert [result.ok for result in results] == [True, True, False, False, True, True]
    first, second = results[2], results[3]
    assert isinstance(first, Refused) and first.refusal.missing[0].code == "group"
    assert isinstance(second, Refused) and "承办单位" in str(second)
    assert sorted(Case.objects.values_list("title", "seq")) == [("垃圾", 2), ("路灯", 2)]
    assert Event.objects.count() == 4
    assert Delivery.objects.filter(kind="notify").count() == 2


def test_numbers_of_undone_cases_are_issued_to_the_next(office: Office) -> None:
    run(office.dispatcher, [row("甲", "没有"), row("乙"), row("丙", "没有"), row("丁")])
    numbers = sorted(Case.objects.values_list("number", flat=True))
    assert [number[-6:] for number in numbers] == ["000001", "000002"]
    assert NumberIssue.objects.count() == 2 and NumberSeries.objects.get().last == 2


def test_all_undone_leaves_the_next_number_free(office: Office) -> None:
    run(office.dispatcher, [row("甲", "没有")])
    assert not Case.objects.exists() and not NumberIssue.objects.exists()
    run(office.dispatcher, [row("乙")])
    assert Case.objects.get().number.endswith("000001")


def test_undone_step_leaves_an_older_case_as_it_was(office: Office) -> None:
    (opened,) = actions.act_many(
        [Entry(matter="test.report", inputs={"subject": "旧件"})], acting_officer=office.dispatcher, now=START
    )
    uid = opened.uid  # type: ignore[union-attr]
    good = Entry(case=uid, action="dispatch", inputs={"to_unit": "law"}, group="g")
    bad = Entry(case=uid, action="close", group="g")
    after = Entry(case=uid, action="dispatch", inputs={"to_unit": "civil"})
    results = actions.act_many([good, bad, after], acting_officer=office.dispatcher, now=START + HOUR)
    assert [result.ok for result in results] == [False, False, True]
    case = Case.objects.get(uid=uid)
    assert (case.seq, case.unit_id, case.state) == (2, "civil", "handling")
    assert queries.timeline(case)[1].event.action == "dispatch"


def test_group_is_never_split_between_batches(office: Office) -> None:
    rows = [row("路灯"), row("井盖", "没有"), row("垃圾"), row("噪音")]
    results = run(office.dispatcher, rows, batch=3)
    assert [result.ok for result in results] == [True, True, False, False, True, True, True, True]
    assert {case.seq for case in Case.objects.all()} == {2}


def test_group_done_before_is_not_done_again(office: Office) -> None:
    run(office.dispatcher, [row("路灯")])
    again = run(office.dispatcher, [row("路灯"), row("井盖")])
    assert [getattr(result, "repeated", None) for result in again] == [True, True, False, False]
    assert Event.objects.count() == 4


def test_clash_with_another_clerk_does_not_mix_up_the_rest(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """别人抢先登记了同一请求：整批重来时逐组各办各的，引用的件不会张冠李戴。"""
    rows = [row("路灯"), row("井盖"), row("垃圾")]
    came: list[str] = []

    original = running._known

    def late(entries: Sequence[Entry]) -> dict[str, Event]:
        known = original(entries)
        if not came:
            came.append("抢先")
            actions.open_case(
                "test.report",
                acting_officer=office.dispatcher,
                inputs={"subject": "井盖"},
                key="开：井盖",
                now=START,
            )
        return known

    monkeypatch.setattr(running, "_known", late)
    results = run(office.dispatcher, rows)
    assert [result.ok for result in results] == [True] * 6
    assert sorted(Case.objects.values_list("title", "seq")) == [("井盖", 2), ("垃圾", 2), ("路灯", 2)]
