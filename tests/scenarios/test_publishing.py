"""执法公示：处罚决定先作公开审查，去标识后公布；未成年人的不公开；撤销的三个工作日内撤回；期满撤下。"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.publishing.models import Publication
from jiezhi.base.publishing.testing import CASE, Team, make_team

REVIEW = "publishing.review"
ORDINARY = {
    "是否具有一定社会影响": True,
    "当事人有没有未成年人": False,
    "是否涉及国家秘密": False,
    "是否涉及商业秘密、个人隐私": False,
}


@pytest.fixture
def team(desk: Any) -> Team:
    return make_team()


@pytest.fixture
def page(desk: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """居民打开公示页面，时间就是现在演到的时刻。"""
    monkeypatch.setattr(timezone, "now", lambda: desk.now)

    def opened(address: str = "/gongkai/") -> str:
        return Client().get(address).content.decode()

    return opened


def decided(desk: Any, team: Team, **changes: Any) -> tuple[Case, Case]:
    """立案、作出决定；返回（案件、随之开立的公开审查）。"""
    opened = actions.open_case(
        "test.penalty", acting_officer=team.handler, inputs={**CASE, **changes}, now=desk.now
    )
    assert isinstance(opened, Outcome), str(opened)
    parent = Case.objects.get(uid=opened.uid)
    desk.does(parent, team.head, "作出决定")
    desk.worker()
    return parent, Case.objects.get(parent=parent, matter=REVIEW)


def test_published_then_revoked(desk: Any, team: Team, page: Any) -> None:
    parent, case = decided(desk, team)
    assert desk.told(case, team.publisher) == [
        f"{case.number} 待公开审查：云街罚〔2026〕12号，8月12日 前公开"
    ]
    assert desk.running(case) == {"公开"} and "现在没有公示" in page()

    desk.later(hours=3)
    said = desk.refused(case, team.publisher, "公布")
    assert "审查" in said, "没有审查就不能公布"
    said = desk.refused(case, team.legal, "审查完毕", 公开的内容="张三在云桥路12号占道经营", **ORDINARY)
    assert "公开的内容里还有自然人姓名" in said and "审查人改写" in said
    desk.does(case, team.legal, "审查完毕", 审查意见="可以公开", **ORDINARY)
    desk.does(case, team.publisher, "公布")
    desk.worker()
    assert case.state == "published" and desk.running(case) == {"公示期"}
    text = page()
    assert "张某占道经营" in text and "张三" not in text and "13800138000" not in text

    desk.at(9, 1, 10)
    desk.does(parent, team.head, "撤销决定", "认定事实有误")
    desk.worker()
    case.refresh_from_db()
    assert case.state == "withdrawing" and desk.running(case) == {"撤回"}
    assert f"{desk.clock(case, '撤回').due_at.astimezone(desk.now.tzinfo):%m-%d}" == "09-05"
    said = desk.refused(case, team.publisher, "撤回公示并说明理由", 撤回的理由="张三的决定错了")
    assert "撤回的理由里还有" in said
    desk.later(hours=2)
    desk.does(case, team.publisher, "撤回公示并说明理由", 撤回的理由="原决定认定事实有误，已经撤销")
    desk.worker()
    text = page(f"/gongkai/{Publication.objects.get().pk}/")
    assert "原决定认定事实有误，已经撤销" in text and "占道经营" not in text
    assert "文书归卷" in desk.steps(case), "公开审查表制作好了"
    assert [step for step in desk.steps(case) if step != "文书归卷"] == [
        "提出公开审查", "审查完毕", "公布", "原决定被变更、撤销或确认违法", "撤回公示并说明理由",
    ]  # fmt: skip
    desk.same(parent, case)
    desk.package(case, team.publisher)


def test_a_minor_is_not_published(desk: Any, team: Team, page: Any) -> None:
    _, case = decided(desk, team)
    desk.does(case, team.legal, "审查完毕", **{**ORDINARY, "当事人有没有未成年人": True})
    assert "当事人有未成年人" in desk.refused(case, team.publisher, "公布")
    desk.does(case, team.publisher, "不公开", "当事人是未成年人")
    desk.worker()
    assert case.state == "withheld" and desk.running(case) == set() and "现在没有公示" in page()
    desk.same(case)


def test_taken_down_when_the_period_is_over(desk: Any, team: Team, page: Any) -> None:
    _, case = decided(desk, team)
    desk.does(case, team.publisher, "审查完毕", **ORDINARY)
    desk.does(case, team.publisher, "公布")
    desk.worker()
    address = f"/gongkai/{Publication.objects.get().pk}/"
    desk.at(8, 2, 9, year=2027)
    assert "罚款500元" in page(address)
    desk.at(8, 5, 9, year=2027)
    assert "公示期满，已经撤下" in page(address), "worker 没有来撤，页面也准时撤下"
    desk.worker()
    case.refresh_from_db()
    assert case.state == "expired" and Publication.objects.get().text == ""


def test_the_deciders_do_not_review(desk: Any, team: Team) -> None:
    """承办人、决定人调去管公示，也不能审自己的案子。"""
    from jiezhi.base.accounts.models import Post
    from jiezhi.base.registry.models import Appointment, Unit

    _, case = decided(desk, team)
    post, unit = Post.objects.get(code="publisher"), Unit.objects.get(code="gongshi")
    people: list[Officer] = [team.handler, team.head]
    for officer in people:
        Appointment.objects.create(officer=officer, post=post, unit=unit, valid_from=desk.now)
        assert "没有承办、决定过原案" in desk.refused(case, officer, "审查完毕", **ORDINARY)
