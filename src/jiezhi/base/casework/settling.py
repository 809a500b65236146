"""后续发送的记账：锁住、记下做完了，或者下次什么时候再试。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F, QuerySet

from jiezhi.base.casework.models import Delivery

# 没做成的隔多久再试：1 分、2 分、4 分……最长 1 小时。
BACKOFF = timedelta(minutes=1)
BACKOFF_MAX = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Later:
    """这次没有做成，`at` 再试（不给就按退避）。和抛异常不同：函数里写下的（如尝试的记录）照样提交。"""

    why: str
    at: datetime | None = None


Result = str | Later


@dataclass(slots=True)
class Tally:
    """一轮里做成几条、没有做成几条。"""

    done: int = 0
    failed: int = 0

    def add(self, ok: bool) -> None:
        self.done += ok
        self.failed += not ok


def settle(rows: Sequence[Delivery], now: datetime, results: Sequence[Result]) -> None:
    """各自记下做完了，或者下次什么时候再试。在事务里调用，行已锁住。"""
    same: dict[str, list[int]] = defaultdict(list)
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, Later):
            postponed(row, now, result)
        else:
            same[result].append(row.pk)
    for words, keys in same.items():
        Delivery.objects.filter(pk__in=keys).update(
            done_at=now, result=words[:400], attempts=F("attempts") + 1
        )


def postponed(row: Delivery, now: datetime, later: Later) -> None:
    """这一条没有做成，记下缘由和下次什么时候再试。"""
    wait = min(BACKOFF * 2 ** min(row.attempts, 10), BACKOFF_MAX)
    Delivery.objects.filter(pk=row.pk, done_at=None).update(
        attempts=row.attempts + 1, not_before=later.at or now + wait, result=later.why[:400]
    )


def locked(keys: Iterable[int]) -> QuerySet[Delivery]:
    """锁住这些，只剩还没有做完、没有别人在做的。"""
    skip = connection.features.has_select_for_update_skip_locked
    found = Delivery.objects.select_for_update(skip_locked=True) if skip else Delivery.objects
    return found.filter(pk__in=list(keys), done_at=None)


def lock(rows: Sequence[Delivery]) -> list[Delivery]:
    """锁住这些行，返回还没有做完、没有别人在做的，次序不变。"""
    held = {row.pk: row for row in locked(row.pk for row in rows)}
    for row in rows:
        if row.pk in held and "case" in row._state.fields_cache:
            held[row.pk].case = row.case
    return [held[row.pk] for row in rows if row.pk in held]
