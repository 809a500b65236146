"""办公页面自己的写操作。件的办理都走 casework 的门，这里只有已读。"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.models import Notice


def mark_read(
    *, acting_officer: Officer, notices: list[int] | None = None, now: datetime | None = None
) -> int:
    """把自己的消息记为已读；不给 `notices` 就是全部。返回记了几条。别人的消息动不了。"""
    rows = Notice.objects.filter(officer=acting_officer, read_at=None)
    if notices is not None:
        rows = rows.filter(pk__in=notices)
    return rows.update(read_at=now or timezone.now())
