"""读：公众看得见的公示。到期没有撤下的也不给看：worker 停了几天，页面照样准时。"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from jiezhi.base.publishing.models import Publication

Status = Publication.Status


def visible(now: datetime) -> QuerySet[Publication]:
    """现在可以给公众看的：公示中没有到期的，和已撤回的（只有文号和理由）。新的在前。"""
    fresh = Q(status=Status.SHOWN, expires_at__gt=now) | Q(status=Status.WITHDRAWN)
    return Publication.objects.filter(fresh, published_at__lte=now).order_by("-published_at", "-pk")


def gone(now: datetime, pk: int) -> bool:
    """这一条公示过、现在已经期满撤下。"""
    return (
        Publication.objects.filter(pk=pk)
        .filter(Q(status=Status.TAKEN_DOWN) | Q(status=Status.SHOWN, expires_at__lte=now))
        .exists()
    )


def find(
    now: datetime, *, year: int | None = None, category: str = "", words: str = ""
) -> QuerySet[Publication]:
    """按作出决定的年份、栏目、文字（文号、题名、当事人、内容里都有的每个词）筛选。"""
    rows = visible(now)
    if year:
        rows = rows.filter(decided_on__year=year)
    if category:
        rows = rows.filter(category=category)
    for word in words.split()[:5]:
        rows = rows.filter(
            Q(number__icontains=word)
            | Q(title__icontains=word)
            | Q(party__icontains=word)
            | Q(text__icontains=word)
        )
    return rows


@dataclass(frozen=True, slots=True)
class Choices:
    """列表上可选的年份（新的在前）和栏目。"""

    years: list[int]
    categories: list[str]


def choices(now: datetime) -> Choices:
    """公众看得见的里面有哪些年份、栏目。"""
    rows = visible(now).order_by()
    years = {one.year for one in rows.dates("decided_on", "year")}
    categories = rows.values_list("category", flat=True).distinct()
    return Choices(sorted(years, reverse=True), sorted(categories))
