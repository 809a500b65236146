"""执法证件（D8）：登记、年审、换证、暂扣、注销、到期；案件上的资格查的就是它。"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.models import Case, Clock
from jiezhi.base.casework.outcome import Outcome
from jiezhi.core.procedure.loader import load_matter
from jiezhi.services.qualification import queries
from jiezhi.services.qualification.actions import import_roster
from jiezhi.services.qualification.queries import BAR, ENFORCEMENT, REVIEW
from jiezhi.web.office.testing import packs

SMALL = """
matter: test.qualified
title: 资格试办
covers: [D8]
class: 资格试办
roles:
  handler: {title: 承办人, min: 2, needs: certificate.enforcement}
  reviewer: {title: 审核人, needs: certificate.legal_review, distinct_from: [handler]}
fields:
  subject: {title: 事由, type: text}
  handlers: {title: 两名承办人, type: officer, many: true}
  reviewer: {title: 指定审核人, type: officer}
conditions:
  certified:
    title: 办理人有执法证
    call: {name: certificate.enforcement}
    say: 您没有效的行政执法证
    remedy: 先登记或换发
    basis: penalty-2021.42
states:
  open: {title: 办理中}
  closed: {title: 办结, terminal: true}
actions:
  file:
    title: 立案
    means: file
    from: start
    to: open
    by: post.enforcement_chief
    collect: [subject, handlers]
    assign: {handler: field.handlers}
    basis: penalty-2021.54
  investigate: {title: 调查, means: investigate, from: open, by: role.handler, needs: certified, basis: penalty-2021.42}
  send: {title: 送审, from: open, by: role.handler, collect: reviewer, assign: {reviewer: field.reviewer}, basis: penalty-2021.58}
  review: {title: 审核, means: review, from: open, to: closed, by: role.reviewer, basis: penalty-2021.58}
"""


def certificate(officer: Any, kind: str = ENFORCEMENT) -> Case:
    return queries.certificates([str(officer.pk)], kind)[-1]


@pytest.fixture
def keeper(desk: Any) -> Any:
    return desk.person("certificate_keeper")


@pytest.fixture
def officers(desk: Any) -> Any:
    return [desk.person("enforcement_officer", nth=n) for n in (0, 1)]


@pytest.fixture
def small(desk: Any) -> None:
    definition = load_matter(SMALL, packs(), "资格试办").definition
    matters.publish(definition, now=desk.now)


def filed(desk: Any, officers: Any, **more: Any) -> Any:
    inputs = {"subject": "占道经营", "handlers": [str(one.pk) for one in officers]}
    who = desk.person("enforcement_chief")
    return actions.open_case("test.qualified", acting_officer=who, inputs=inputs, now=desk.now, **more)


def test_the_demo_street_is_certified(desk: Any, officers: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):  # 任职、证件、办理记录、年审：不管几个人
        rate = queries.certified_rate(desk.now)
    assert (rate.total, rate.certified, rate.without) == (2, 2, ())
    reviewer = desk.person("legal_reviewer")
    assert queries.holds(str(reviewer.pk), REVIEW, desk.now) and queries.holds(
        str(reviewer.pk), BAR, desk.now
    )
    assert not queries.holds(str(officers[0].pk), REVIEW, desk.now)
    assert queries.expiring(desk.now) == []
    case = Case.objects.get(pk=certificate(officers[0]).pk)
    assert case.matter == "enforcement.certificate"
    names = set(Clock.objects.filter(case=case).exclude(status="ended").values_list("name", flat=True))
    assert names == {"renew", "review", "date.remind_on"}
    assert set(Case.objects.filter(matter="enforcement.certificate").values_list("unit", flat=True)) == {
        "party_office"
    }


def test_only_certified_officers_handle_and_review(desk: Any, small: None, officers: Any) -> None:
    clerk = desk.person("unit_clerk", "construction")
    said = str(filed(desk, [officers[0], clerk]))
    assert "“承办人”中有人不具备“有效的行政执法证”" in said
    opened = filed(desk, officers)
    assert isinstance(opened, Outcome), str(opened)
    case = Case.objects.get(uid=opened.uid)
    desk.does(case, officers[0], "调查")
    reviewer = desk.person("legal_reviewer")
    review = certificate(reviewer, REVIEW)
    desk.does(review, desk.person("certificate_keeper"), "暂扣", "等待核查")
    sent = {"指定审核人": str(reviewer.pk)}
    assert "不具备“有效的法制审核资格”" in desk.refused(case, officers[0], "送审", **sent)
    desk.later(hours=1)
    desk.does(review, desk.person("certificate_keeper"), "恢复", "核查无误")
    desk.later(hours=1)
    assert "不得是同一人" in desk.refused(case, officers[0], "送审", 指定审核人=str(officers[1].pk))
    desk.does(case, officers[0], "送审", **sent)
    assert desk.does(case, reviewer, "审核").state == "closed"
    desk.same(case, review)


def test_a_suspended_holder_stops_at_once_and_backfilled_steps_look_at_that_day(
    desk: Any, small: None, officers: Any, keeper: Any
) -> None:
    opened = filed(desk, officers)
    case = Case.objects.get(uid=opened.uid)
    mine = certificate(officers[0])
    desk.later(days=1)
    desk.does(mine, keeper, "暂扣", "接受调查")
    assert desk.told(mine, officers[0]) == []
    desk.worker()
    assert "已暂扣" in desk.told(mine, officers[0])[-1]
    desk.later(hours=2)
    assert "您没有效的行政执法证" in desk.refused(case, officers[0], "调查")
    # 承办人是以前指定的，凭它办的每一步都看现在还有没有资格，不必逐个写条件。
    said = desk.refused(case, officers[0], "送审", 指定审核人=str(desk.person("legal_reviewer").pk))
    assert "您现在不具备“有效的行政执法证”，不能作为“承办人”办“送审”（" in said.replace("(", "（")
    assert "改由具备资格的人承办" in said
    assert (
        desk.buttons(case, officers[0])["送审"] is False and desk.buttons(case, officers[1])["送审"] is True
    )
    desk.does(case, officers[1], "调查")
    # 暂扣之前办的，事后补录：那天是有证的。
    before = desk.now - timedelta(hours=3)
    result = actions.act(str(case.uid), "investigate", acting_officer=officers[0], at=before, now=desk.now)
    assert result.ok, str(result)
    assert queries.certified_rate(desk.now).without == (officers[0],)


def test_expiry_is_told_beforehand_and_the_certificate_stops_by_itself(
    desk: Any, keeper: Any, officers: Any
) -> None:
    mine = certificate(officers[0])
    last = date.fromisoformat(mine.fields["valid_to"])
    assert date.fromisoformat(mine.fields["remind_on"]) == last - timedelta(days=90)
    clock = desk.clock(mine, "换证")
    assert clock.due_at == datetime(last.year, last.month, last.day, tzinfo=desk.now.tzinfo) + timedelta(
        days=1
    )

    day = last - timedelta(days=90)
    desk.at(day.month, day.day, 9, year=day.year)
    desk.worker()
    assert any("快到期" in text for text in desk.told(mine, officers[0]))
    assert any("快到期" in text for text in desk.told(mine, keeper))
    assert mine.pk in {one.pk for one in queries.expiring(desk.now)}

    review = desk.clock(mine, "年审")
    assert review.due_at < desk.now, "五年里没有年审"
    assert not queries.holds(str(officers[0].pk), ENFORCEMENT, desk.now)
    desk.does(mine, keeper, "年审通过", 最近年审日=desk.now.date())
    assert queries.holds(str(officers[0].pk), ENFORCEMENT, desk.now)

    desk.at(last.month, last.day, 23, 59, year=last.year)
    desk.worker()
    mine.refresh_from_db()
    assert mine.state == "valid" and queries.holds(str(officers[0].pk), ENFORCEMENT, desk.now)
    desk.later(minutes=1)
    desk.worker()
    mine.refresh_from_db()
    assert mine.state == "expired" and not queries.holds(str(officers[0].pk), ENFORCEMENT, desk.now)
    assert any("已过期" in text for text in desk.told(mine, officers[0]))

    desk.later(hours=10)
    start, end = desk.now.date(), desk.now.date().replace(year=desk.now.year + 5)
    said = desk.refused(mine, keeper, "换证", 证件编号="YQ-ZF-9001", 有效期起=end, 有效期止=start)
    assert "有效期止早于有效期起" in said
    desk.does(mine, keeper, "换证", 证件编号="YQ-ZF-9001", 有效期起=start, 有效期止=end)
    assert mine.state == "valid" and mine.title == "YQ-ZF-9001"
    assert queries.holds(str(officers[0].pk), ENFORCEMENT, desk.now)
    assert Clock.objects.filter(case=mine, name="renew").count() == 2
    desk.same(mine)


def test_renewal_does_not_change_what_was_true_before(desk: Any, keeper: Any, officers: Any) -> None:
    mine, who = certificate(officers[0]), str(officers[0].pk)
    before = desk.now
    desk.later(days=10)
    start = desk.now.date()
    desk.does(
        mine,
        keeper,
        "换证",
        证件编号="YQ-ZF-9002",
        有效期起=start,
        有效期止=start.replace(year=start.year + 5),
    )
    assert mine.fields["valid_from"] > before.date().isoformat()
    assert queries.holds(who, ENFORCEMENT, before) and queries.holds(who, ENFORCEMENT, desk.now)
    desk.later(hours=1)
    desk.does(mine, keeper, "注销", "调离执法岗位")
    assert mine.closed_at and not queries.holds(who, ENFORCEMENT, desk.now)
    assert queries.holds(who, ENFORCEMENT, desk.now - timedelta(minutes=30))


def test_registering_a_certificate(desk: Any, keeper: Any) -> None:
    clerk = desk.person("unit_clerk", "construction")
    paper = {"holder": str(clerk.pk), "kind": ENFORCEMENT, "number": "YQ-ZF-8001", "valid_from": "2026-01-05"}

    def issue(who: Any = keeper, **more: Any) -> Any:
        inputs = {**paper, **more}
        return actions.open_case("enforcement.certificate", acting_officer=who, inputs=inputs, now=desk.now)

    assert "要由执法证件管理员办理" in str(issue(clerk))
    assert "还没有有效期止或最近年审日" in str(issue())
    dated = {"valid_to": "2031-01-04", "reviewed_on": "2026-01-05"}
    assert issue(**dated).ok
    assert "同一持证人、证件种类已有未办结的" in str(issue(number="YQ-ZF-8002", **dated))
    review = {"kind": REVIEW, "number": "YQ-FS-1"}
    assert "没有写明是不是初次从事法制审核" in str(issue(**review))
    assert "还没有登记有效的法律职业资格" in str(issue(**review, first_review=True))
    assert issue(kind=BAR, number="A2019").ok
    assert issue(**review, first_review=True).ok
    contract = desk.person("grid_worker", nth=-1)
    result = issue(holder=str(contract.pk), number="YQ-ZF-8003", **dated)
    assert result.ok and [item.say for item in result.warnings] == ["持证人不是在编人员"]


def test_training_hours_warn_and_never_stop(desk: Any, keeper: Any, officers: Any) -> None:
    mine = certificate(officers[0])
    few = desk.tries(mine, keeper, "登记培训学时", 培训年度=2026, 本年累计学时=20)
    assert few.ok and [item.say for item in few.warnings] == ["本年累计学时还没有到本单位定的学时"]
    assert not few.warnings[0].basis or "60" not in few.warnings[0].basis
    enough = desk.tries(mine, keeper, "登记培训学时", 培训年度=2026, 本年累计学时=60)
    assert enough.ok and enough.warnings == ()
    assert queries.holds(str(officers[0].pk), ENFORCEMENT, desk.now)


def test_roster(desk: Any, keeper: Any) -> None:
    people = [desk.person("unit_clerk", unit) for unit in ("construction", "economy")]
    dated = {"valid_from": "2026-01-05", "valid_to": "2030-12-31", "reviewed_on": "2026-01-05"}
    rows = [
        (2, {"holder": people[0].name, "kind": REVIEW, "number": "R1", "first_review": "是", **dated}),
        (3, {"holder": people[0].name, "kind": BAR, "number": "B1", "valid_from": "2018-11-01"}),
        (4, {"holder": people[1].login, "kind": ENFORCEMENT, "number": "E1", **dated}),
        (5, {"holder": "查无此人", "kind": ENFORCEMENT, "number": "E2", **dated}),
        (6, {"holder": people[1].name, "kind": "驾驶证", "number": "E3", **dated}),
    ]
    tried = import_roster(rows, acting_officer=keeper, now=desk.now, dry_run=True)
    assert [line.result.ok for line in tried] == [True, True, True, False, False]
    assert not queries.certificates([str(people[0].pk)], REVIEW)
    lines = import_roster(rows, acting_officer=keeper, now=desk.now)
    assert [line.row for line in lines] == [2, 3, 4, 5, 6]
    assert [line.result.ok for line in lines] == [True, True, True, False, False]
    assert "没有在岗的“查无此人”" in str(lines[3].result) and "只能选" in str(lines[4].result)
    again = import_roster(rows[:3], acting_officer=keeper, now=desk.now)
    assert all(line.result.repeated for line in again)
