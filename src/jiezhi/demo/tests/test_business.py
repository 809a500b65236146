"""演示的执法、服务件：哪天启动都停在该停的环节，各岗位都有事可看，文书不在启动时做，账号表排得齐。"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as configured
from django.db import transaction

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters, queries, replay
from jiezhi.base.casework.models import Case, Clock, Delivery
from jiezhi.base.registry.models import Appointment
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.view import Plan
from jiezhi.demo.business import open_business
from jiezhi.demo.certificates import issue_certificates
from jiezhi.demo.install import demo_logins, install_street
from jiezhi.demo.plan import StreetPlan
from jiezhi.services.discretion import actions as discretion

LOCAL = ZoneInfo("Asia/Shanghai")
SINCE = datetime(2026, 1, 5, 9, tzinfo=LOCAL)
STOPS = {
    "enforcement.penalty": ["clue", "hearing_out", "investigating", "performing"],
    "enforcement.spot": ["performing"],
    "enforcement.caution": ["cautioned"],
    "publishing.review": ["published", "reviewing", "reviewing"],
    "service.temporary_use": ["supplementing"],
    "service.billboard": ["reviewing"],
    "service.poster": ["granted"],
    "service.licence": ["valid"],
}
# 平常的一天；申辩期夹着春节、国庆的两天；放假安排还没有公布的一年；半夜。
DAYS = ["2026-11-18T11:00", "2026-03-05T11:00", "2026-10-20T11:00", "2027-03-11T11:00", "2026-11-18T00:10"]


@pytest.fixture(scope="module")
def street(django_db_setup: None, django_db_blocker: Any) -> Iterator[StreetPlan]:
    """演示街道的人、地、权责清单；每个测试在其上各开一层事务。"""
    packs = load_folder(configured.PACKS_DIR)
    with django_db_blocker.unblock(), transaction.atomic():
        for found in packs.matters.values():
            matters.publish(found.definition, now=SINCE)
        for name, codes in packs.codes.items():
            matters.publish_codes(name, codes.title, codes.codes)
        discretion.publish(packs.benchmarks.values(), packs.statutes, now=SINCE)
        yield install_street(now=SINCE, cases=False, packs=packs)
        transaction.set_rollback(True)


@pytest.fixture
def opened(request: Any, street: StreetPlan, db: None) -> int:
    """在某一天建起来的演示件的件数。"""
    now = datetime.fromisoformat(getattr(request, "param", DAYS[0])).replace(tzinfo=LOCAL)
    issue_certificates(street, now - timedelta(days=60))
    return open_business(street, now)


@pytest.mark.parametrize("opened", DAYS, indirect=True)
def test_every_case_stops_where_it_should_whatever_the_day(opened: int) -> None:
    assert opened == 10
    for matter, states in STOPS.items():
        found = Case.objects.filter(matter=matter).values_list("state", flat=True)
        assert sorted(found) == states, matter
    for case in Case.objects.exclude(matter="enforcement.certificate"):
        assert replay.differences(case) == []


def test_papers_are_left_to_the_worker(opened: int) -> None:
    papers = Delivery.objects.filter(kind="document")
    assert papers.filter(done_at=None).count() == papers.count() >= 15


def test_each_post_finds_a_next_step(opened: int, street: StreetPlan) -> None:
    """各岗位的人打开自己那件，都有一步能办。"""
    waiting = {
        ("enforcement.penalty", "clue"): ("enforcement_officer", "propose"),
        ("enforcement.penalty", "investigating"): ("enforcement_officer", "report"),
        ("enforcement.penalty", "hearing_out"): ("enforcement_chief", "review_defence"),
        ("enforcement.penalty", "performing"): ("finance_clerk", "pay"),
        ("enforcement.spot", "performing"): ("enforcement_officer", "record"),
        ("enforcement.caution", "cautioned"): ("enforcement_officer", "recheck"),
        ("service.temporary_use", "supplementing"): ("window_clerk", "supply"),
        ("service.billboard", "reviewing"): ("enforcement_officer", "examine"),
        ("service.poster", "granted"): ("window_clerk", "hand_over"),
        ("publishing.review", "reviewing"): ("publisher", "review"),
    }
    now = datetime.fromisoformat(DAYS[0]).replace(tzinfo=LOCAL)
    for (matter, state), (post, action) in waiting.items():
        officer = Officer.objects.get(login=street.holders(post)[0].login)
        case = queries.visible(officer, now).filter(matter=matter, state=state).first()
        assert case is not None, (matter, state, post)
        able = {name for name, one in queries.available(case, officer, now=now) if isinstance(one, Plan)}
        assert action in able, (matter, state, able)


def test_one_sees_a_case_of_another_unit_only_when_it_is_his_turn(opened: int, street: StreetPlan) -> None:
    """财务人员看得见等缴款的，看不见还在调查的；窗口人员看不见处罚案件。"""
    finance = Officer.objects.get(login=street.holders("finance_clerk")[0].login)
    seen = set(queries.visible(finance).values_list("matter", "state"))
    assert seen == {("enforcement.penalty", "performing"), ("enforcement.spot", "performing")}
    window = Officer.objects.get(login=street.holders("window_clerk")[0].login)
    assert not queries.visible(window).filter(matter__startswith="enforcement.").exists()


def test_the_certificate_is_about_to_expire(opened: int) -> None:
    case = Case.objects.get(matter="enforcement.certificate", fields__number="YQ-ZF-0901")
    now = datetime.fromisoformat(DAYS[0]).replace(tzinfo=LOCAL)
    assert Clock.objects.get(case=case, name="renew", status="running").due_at - now < timedelta(days=22)
    assert queries.light_of(case, now) == "临期"


def test_login_table_has_one_aligned_line_for_each_held_post(street: StreetPlan, db: None) -> None:
    head, *lines = demo_logins()
    titles = [line.split()[0] for line in lines]
    assert "口令都是" in head and len(titles) == len(set(titles))
    for title in (
        "执法人员", "执法队负责人", "法制审核员", "听证主持人", "街道办负责人", "窗口人员",
        "便民中心负责人", "公示管理员", "权责清单管理员", "执法证件管理员", "财务人员",
    ):  # fmt: skip
        assert title in titles
    logins = [line.split()[1] for line in lines]
    assert Officer.objects.filter(login__in=logins).count() == len(set(logins))
    assert len({line.index(login) for line, login in zip(lines, logins, strict=True)}) == 1, "登录名对齐"
    # 没有人的岗位不印
    gone = Appointment.objects.filter(post__code="finance_clerk").values("officer")
    Officer.objects.filter(pk__in=gone).update(is_active=False, left_at=SINCE)
    assert "财务人员" not in [line.split()[0] for line in demo_logins()[1:]]
