"""读：订阅、推送日志。"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, QuerySet

from jiezhi.base.casework.models import Delivery
from jiezhi.connect.hooks.listening import lane
from jiezhi.connect.hooks.models import Attempt, Subscription


def subscriptions(*, closed: bool = False) -> QuerySet[Subscription]:
    """全部订阅；`closed` 为真连撤销了的也列。"""
    found = Subscription.objects.select_related("officer")
    return found if closed else found.exclude(status=Subscription.Status.CLOSED)


def find(name: str) -> Subscription | None:
    """按编号或名称找订阅。"""
    rows = Subscription.objects.select_related("officer")
    found = rows.filter(name=name).first()
    if found is None and name.isdecimal() and len(name) < 10:
        found = rows.filter(pk=int(name)).first()
    return found


def attempts(one: Subscription | None = None, *, failed: bool = False) -> QuerySet[Attempt]:
    """推送日志，新的在前；`failed` 只看没有送到的。"""
    found = Attempt.objects.select_related("subscription", "case").order_by("-id")
    if one is not None:
        found = found.filter(subscription=one)
    return found.filter(ok=False) if failed else found


def waiting(one: Subscription) -> int:
    """还有几条等着送。"""
    return waiting_each([one])[one.pk]


def waiting_each(ones: Sequence[Subscription]) -> dict[int, int]:
    """各订阅（编号）还有几条等着送；一条查询。"""
    lanes = {lane(one.pk): one.pk for one in ones}
    rows = Delivery.objects.filter(kind__in=lanes, done_at=None).order_by()
    counts = dict(rows.values_list("kind").annotate(Count("pk")))
    return {pk: counts.get(kind, 0) for kind, pk in lanes.items()}
