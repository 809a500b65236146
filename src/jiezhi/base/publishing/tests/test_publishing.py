"""公开审查到公示的全程：去标识、未成年人、审查人、撤回、撤下、重来不重做。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from stdnum.cn import ric

from jiezhi.base.casework import actions as door
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework import replay
from jiezhi.base.casework.models import Case, Clock, Delivery
from jiezhi.base.casework.outcome import Outcome, Refused
from jiezhi.base.publishing import actions, queries
from jiezhi.base.publishing.models import Publication
from jiezhi.base.publishing.testing import CASE, DAY, START, Team, make_team

Status = Publication.Status


@pytest.fixture
def team(db: None) -> Team:
    return make_team()


def missing(result: Any) -> str:
    assert isinstance(result, Refused), "竟然办成了"
    return str(result)


def shown() -> list[str]:
    return [row.number for row in queries.visible(START + 10 * DAY)]


def test_from_the_decision_to_the_page(team: Team) -> None:
    parent, case = team.decided()
    assert case.state == "reviewing" and shown() == []
    assert {team.publisher, team.legal} == {row.officer for row in case.role_rows.all()}
    assert case in casework.visible(team.publisher) and case not in casework.visible(team.head)
    # 去标识的草稿开件时就有，审查人看得见。
    assert case.fields["public_title"] == "张某占道经营" and case.fields["public_party"] == "张某"
    assert case.fields["public_text"] == (
        "违法事实：2026年8月1日，张某（电话***）在云桥路***门前占道经营。\n"
        "依据：《某市市容条例》第二十二条\n决定内容：罚款500元"
    )
    clock = Clock.objects.get(case=case, name="decide")
    assert clock.limit == "7个工作日" and f"{clock.due_at:%Y-%m-%d}" == "2026-08-12"
    team.ok(team.review(case, team.legal))
    team.ok(team.act(case, "publish"))
    assert shown() == [], "提交以后才公布"
    team.drain()
    row = Publication.objects.get()
    assert (row.case, row.source, row.category, row.party) == (case, parent, "行政处罚", "张某")
    assert row.published_at == START and f"{row.last_day}" == "2027-08-03"
    assert shown() == [CASE["decision_number"]]
    for secret in ("张三", "13800138000", "12号门"):
        assert secret not in f"{row.title}{row.party}{row.text}"
    assert replay.differences(Case.objects.get(pk=case.pk)) == []


def test_done_twice_is_done_once(team: Team) -> None:
    _, case = team.published()
    row = Publication.objects.get()
    delivery = Delivery.objects.get(case=case, kind="publication")
    again = actions.publish(case, delivery.payload["content"], now=START + DAY)
    assert again == row and again.published_at == START and Publication.objects.count() == 1
    Delivery.objects.filter(pk=delivery.pk).update(done_at=None)
    team.drain()
    assert Publication.objects.count() == 1


def test_withdrawn_before_it_was_published_never_appears(team: Team) -> None:
    _, case = team.decided()
    team.ok(team.review(case))
    team.ok(team.act(case, "publish"))
    team.ok(team.act(case, "withdraw", withdraw_reason="公示的内容有误"))
    team.drain()
    assert not Publication.objects.exists()
    assert {row.result for row in Delivery.objects.filter(case=case, kind="publication")} == {
        "已经撤回或撤下，不再公布",
        "本来就不在公示",
    }


# ---- 未成年人、秘密 ----


def test_minors_are_never_published(team: Team) -> None:
    _, case = team.decided()
    team.ok(team.review(case, minor=True))
    assert "当事人有未成年人" in missing(team.act(case, "publish"))
    team.ok(team.act(case, "withhold", reason="当事人是未成年人"))
    team.drain()
    case.refresh_from_db()
    assert case.state == "withheld" and not Publication.objects.exists()


def test_a_minor_overlooked_by_the_reviewer_is_found_by_the_number(team: Team) -> None:
    stem = "11010520090101123"
    child = [{"name": "小明", "identifier": stem + ric.calc_check_digit(stem + "0")}]
    _, case = team.decided(parties=child, facts="小明占道经营")
    team.ok(team.review(case))
    assert "按身份证号" in missing(team.act(case, "publish"))
    assert "应当依法公开" in missing(team.act(case, "withhold", reason="漏写"))
    team.ok(team.act(case, "again", team.legal, reason="有未成年人"))
    team.ok(team.review(case, minor=True))
    team.ok(team.act(case, "withhold", reason="当事人是未成年人"))


def test_state_secrets_stay_inside(team: Team) -> None:
    _, case = team.decided()
    team.ok(team.review(case, state_secret=True))
    assert "国家秘密" in missing(team.act(case, "publish"))


def test_private_matters_must_be_dealt_with(team: Team) -> None:
    _, case = team.decided()
    assert "怎样处理" in missing(team.review(case, private=True))
    team.ok(team.review(case, private=True, handling="已删去配方"))
    team.ok(team.act(case, "publish"))


def test_what_must_be_published_cannot_be_withheld(team: Team) -> None:
    _, case = team.decided()
    team.ok(team.review(case))
    assert "应当依法公开" in missing(team.act(case, "withhold", reason="当事人不愿意"))
    team.ok(team.act(case, "again", reason="重看有没有社会影响"))
    assert isinstance(team.act(case, "publish"), Refused), "退回之后要重新审查"
    team.ok(team.review(case, impact=False))
    team.ok(team.act(case, "withhold", reason="没有社会影响"))


# ---- 审查人 ----


def test_those_who_handled_or_decided_do_not_review(team: Team) -> None:
    from jiezhi.base.accounts.models import Post
    from jiezhi.base.registry.models import Appointment, Unit

    _, case = team.decided()
    post, unit = Post.objects.get(code="publisher"), Unit.objects.get(code="gongshi")
    for officer in (team.handler, team.head):
        Appointment.objects.create(officer=officer, post=post, unit=unit, valid_from=START - DAY)
        assert "没有承办、决定过原案" in missing(team.review(case, officer))
    team.ok(team.review(case, team.publisher))


# ---- 去标识 ----


def test_text_that_still_names_somebody_is_not_published(team: Team) -> None:
    _, case = team.decided()
    for text in ("张三占道经营", "证人李四看见", "联系人电话13900001111", "住云桥路12号3栋201室"):
        given = {"public_text": text, "others": [{"name": "李四"}]}
        assert "公开的内容里还有" in missing(team.review(case, **given))
    team.ok(team.review(case, public_text="已经处理", others=[{"name": "李四"}]))
    with pytest.raises(actions.NotFit, match="像是电话|像是银行卡号"):
        content = {"title": "题", "party": "张某", "text": "电话13900001111"}
        actions.publish(case, content, now=START)
    assert not Publication.objects.exists()


def test_the_reason_is_public_too(team: Team) -> None:
    _, case = team.published()
    assert "撤回的理由里还有" in missing(team.act(case, "withdraw", withdraw_reason="张三提出异议"))
    team.ok(team.act(case, "withdraw", withdraw_reason="公示的内容有误"))
    team.drain()
    row = Publication.objects.get()
    assert (row.status, row.reason) == (Status.WITHDRAWN, "公示的内容有误")
    assert (row.title, row.party, row.text) == ("", "", "")


# ---- 撤回、撤下 ----


def test_revoking_the_decision_starts_the_three_days(team: Team) -> None:
    parent, case = team.published()
    team.now = START + 7 * DAY
    team.ok(team.act(parent, "revoke", team.head, reason="事实有误"))
    team.drain()
    case.refresh_from_db()
    assert case.state == "withdrawing"
    clock = Clock.objects.get(case=case, name="withdraw")
    assert clock.limit == "3个工作日" and f"{clock.due_at:%Y-%m-%d}" == "2026-08-13"
    assert Clock.objects.get(case=case, name="display").status == "ended"
    # 没有人撤，到期自动撤。
    team.now = clock.due_at + timedelta(minutes=1)
    team.drain()
    row = Publication.objects.get()
    assert row.status == Status.WITHDRAWN and row.text == "" and "撤销" in row.reason
    case.refresh_from_db()
    assert case.state == "withdrawn" and replay.differences(Case.objects.get(pk=case.pk)) == []


def test_revoked_before_publication_is_dropped(team: Team) -> None:
    parent, case = team.decided()
    team.ok(team.review(case))
    team.ok(team.act(parent, "revoke", team.head, reason="事实有误"))
    team.drain()
    case.refresh_from_db()
    assert case.state == "dropped" and not Publication.objects.exists()


def test_taken_down_on_time_even_when_nobody_works(team: Team) -> None:
    _, case = team.published()
    row = Publication.objects.get()
    last, over = row.expires_at - timedelta(seconds=1), row.expires_at
    assert list(queries.visible(last)) == [row] and not queries.gone(last, row.pk)
    assert list(queries.visible(over)) == [] and queries.gone(over, row.pk)
    team.now = over + DAY
    team.drain()
    row.refresh_from_db()
    case.refresh_from_db()
    assert (row.status, row.text, case.state) == (Status.TAKEN_DOWN, "", "expired")
    assert queries.gone(team.now, row.pk)
    assert actions.take_down(case, now=team.now) is False
    assert actions.withdraw(case, "理由", now=team.now) is False


def test_publisher_may_submit_a_decision_made_elsewhere(team: Team) -> None:
    found = door.open_case(
        "publishing.review", acting_officer=team.publisher, inputs={**CASE, "organ": "区城管局"}, now=START
    )
    assert isinstance(found, Outcome), str(found)
    case = Case.objects.get(uid=found.uid)
    team.ok(team.review(case))
    team.ok(team.act(case, "publish"))
    team.drain()
    assert (Publication.objects.get().organ, Publication.objects.get().source) == ("区城管局", None)


def test_finding(team: Team) -> None:
    team.published()
    team.published(decision_number="云街罚〔2025〕3号", decided_on="2025-12-30", subject="乱倒垃圾")
    now = START + DAY
    assert [row.number for row in queries.find(now, year=2025)] == ["云街罚〔2025〕3号"]
    assert [row.title for row in queries.find(now, words="张某 〔2026〕12号")] == ["张某占道经营"]
    assert queries.find(now, category="行政许可").count() == 0
    with CaptureQueriesContext(connection) as asked:
        found = queries.choices(now)
    assert len(asked) == 2 and all("DISTINCT" in one["sql"] for one in asked), "公开首页每次都问，不能读全表"
    assert (found.years, found.categories) == ([2026, 2025], ["行政处罚"])
    assert queries.find(START - DAY).count() == 0
