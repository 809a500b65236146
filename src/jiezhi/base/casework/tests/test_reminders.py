"""不说某一件的消息：由 worker 写给各人，同样的事只写一次，离岗的不给。"""

from __future__ import annotations

from datetime import timedelta

import pytest

from jiezhi.base.accounts import actions as accounts
from jiezhi.base.casework import outbox
from jiezhi.base.casework.models import Delivery, Notice
from jiezhi.base.casework.reminders import remind
from jiezhi.base.casework.testing import START, Office


def test_one_to_each_and_only_once(office: Office) -> None:
    for _ in range(2):
        fresh = remind(
            "对账:1",
            to=[office.clerk, office.chief, office.clerk],
            title="没有对账",
            text="请对账",
            link="/x/",
            now=START,
        )
    assert not fresh and Delivery.objects.count() == 1
    assert outbox.drain(START).done == 1 and outbox.drain(START).done == 0
    notices = Notice.objects.order_by("officer")
    assert {one.officer_id for one in notices} == {office.clerk.pk, office.chief.pk} and len(notices) == 2
    assert {(one.case, one.title, one.link, one.to_reporter) for one in notices} == {
        (None, "没有对账", "/x/", False)
    }


def test_nobody_to_tell_is_not_queued(office: Office) -> None:
    assert not remind("a", to=[], title="x", text="y", now=START) and not Delivery.objects.exists()


def test_somebody_who_left_meanwhile_is_not_told(office: Office) -> None:
    remind("a", to=[office.clerk, office.chief], title="x", text="y", now=START)
    accounts.deactivate_officer(office.clerk, reason="调走", acting_officer=None, now=START)
    outbox.drain(START + timedelta(minutes=1))
    assert Notice.objects.get().officer == office.chief


@pytest.mark.parametrize("link", ["https://a.b/", "//a.b/", "javascript:1"])
def test_only_our_own_pages(office: Office, link: str) -> None:
    with pytest.raises(ValueError, match="本系统"):
        remind("a", to=[office.clerk], title="x", text="y", link=link, now=START)
