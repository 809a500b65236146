"""谁看过敏感内容：谁能查、筛选、限指定人员的件、导出有记录。"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from jiezhi.base.accounts.models import AdminRecord, Officer, Post, SensitiveRead
from jiezhi.base.casework import matters, readers
from jiezhi.base.casework.disclosure import reveal_field
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.readers import Filters
from jiezhi.base.casework.testing import START, Office, confidential
from jiezhi.base.casework.tests.lives import DAY, HOUR, life
from jiezhi.base.registry.models import Appointment

NOW = START + 2 * DAY


def see(case: Case, officer: Officer, reason: str = "核实地点", days: int = 0) -> None:
    now = START + DAY + days * DAY
    assert reveal_field(case, "reporter", reason=reason, acting_officer=officer, now=now)["name"] == "张三"


def supervisor(office: Office) -> Officer:
    post = Post.objects.create(code="supervisor", title="督办员")
    officer = Officer.objects.create(login="duban", name="周督办", staff_kind="established", password="!")
    Appointment.objects.create(officer=officer, post=post, unit=office.other, valid_from=START - DAY)
    return officer


def found(who: Officer, **given: object) -> list[tuple[str, str, str]]:
    rows = readers.reads(who, Filters(**given), NOW)  # type: ignore[arg-type]
    return [(one.officer, one.number, one.reason) for one in readers.described(rows, who, NOW)]


def test_everyone_sees_his_own_and_the_supervisor_everyones(office: Office) -> None:
    case = life(office)
    see(case, office.clerk)
    see(case, office.dispatcher, "电话回访")
    mine, other = ("李经办", case.number, "核实地点"), ("陈分拨", case.number, "电话回访")
    assert found(office.clerk) == [mine] and found(office.stranger) == []
    assert found(office.clerk, officer="陈分拨") == [], "写了别人的名字也查不到别人的"
    assert found(supervisor(office)) == [other, mine]


def test_filters(office: Office) -> None:
    first, second = life(office), life(office, "灯坏了", "blue")
    see(first, office.clerk)
    see(second, office.clerk, "当面核对", days=3)
    boss = supervisor(office)
    assert [one[1] for one in found(boss, number=second.number)] == [second.number]
    assert len(found(boss, officer="jingban")) == 2 == len(found(boss, officer="李经办"))
    assert found(boss, field="电话") == [] and len(found(boss, field="来件")) == 2
    day = (START + DAY).date()
    assert [one[1] for one in found(boss, until=day)] == [first.number]
    assert [one[1] for one in found(boss, since=day + timedelta(days=1))] == [second.number]
    assert len(found(boss, since=day, until=date(2099, 1, 1))) == 2


def test_days_are_those_of_beijing(office: Office) -> None:
    case = life(office)
    late = START.replace(hour=15, minute=59) + DAY  # 北京时间 8月4日 23:59
    reveal_field(case, "reporter", reason="核实地点", acting_officer=office.clerk, now=late)
    reveal_field(case, "reporter", reason="再次核实", acting_officer=office.clerk, now=late + HOUR)
    day = date(2026, 8, 4)
    assert [one[2] for one in found(office.clerk, until=day)] == ["核实地点"]
    assert [one[2] for one in found(office.clerk, since=date(2026, 8, 5))] == ["再次核实"]


def test_a_sealed_case_shows_neither_number_nor_reason(office: Office) -> None:
    matters.publish(confidential(), now=START)
    case = life(office)
    see(case, office.clerk)
    boss = supervisor(office)
    assert found(boss) == [("李经办", readers.SEALED, "")]
    assert found(boss, number=case.number) == [], "不能拿编号来试"
    assert found(office.clerk) == [("李经办", case.number, "核实地点")]


def test_on_the_case_for_those_who_answer_for_it(office: Office) -> None:
    case = life(office)
    see(case, office.dispatcher)

    def seen(officer: Officer) -> int | None:
        rows = readers.readers_of(case, officer, NOW)
        return None if rows is None else rows.count()

    assert seen(office.clerk) == 1, "经办人"
    assert seen(office.chief) == 1, "责任单位负责人"
    assert seen(supervisor(office)) == 1
    assert seen(office.dispatcher) is None and seen(office.stranger) is None


def test_the_export_is_itself_recorded(office: Office) -> None:
    case = life(office)
    see(case, office.clerk)
    header, rows = readers.exported(acting_officer=office.clerk, filters=Filters(field="来件"), now=NOW)
    assert header == readers.HEADER
    assert rows == [("2026-08-04 09:00:00", "李经办", "jingban", "来件人", case.number, "核实地点")]
    assert AdminRecord.objects.get(action="reads.export").new == {"rows": 1, "field": "来件"}


@pytest.mark.parametrize("reason", ["", " 看 "])
def test_no_reason_no_record_no_value(office: Office, reason: str) -> None:
    case = life(office)
    with pytest.raises(Exception, match="查看原因"):
        reveal_field(case, "reporter", reason=reason, acting_officer=office.clerk, now=NOW)
    assert not SensitiveRead.objects.exists()
