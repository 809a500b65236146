"""办公页面自己的写操作。件的办理都走 casework 的门，这里只有已读和查看敏感信息。"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.actions import MIN_REASON
from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer, SensitiveRead
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case, Notice
from jiezhi.base.casework.queries import definition_of


def mark_read(
    *, acting_officer: Officer, notices: list[int] | None = None, now: datetime | None = None
) -> int:
    """把自己的消息记为已读；不给 `notices` 就是全部。返回记了几条。别人的消息动不了。"""
    rows = Notice.objects.filter(officer=acting_officer, read_at=None)
    if notices is not None:
        rows = rows.filter(pk__in=notices)
    return rows.update(read_at=now or timezone.now())


def reveal_field(
    case: Case, name: str, *, reason: str, acting_officer: Officer, now: datetime | None = None
) -> Any:
    """查看件上一个敏感字段的明文。先提交一条查看记录，再返回明文；记录写不成就不给看。

    调用者须已确认此人看得到这件。不能在别的事务里调用（RuntimeError）。
    没有这个字段、不是敏感字段 → KeyError；原因太短 → ValidationError。
    """
    require_active(acting_officer)
    decl = definition_of(case).matter.fields[name]
    if not decl.secret:
        raise KeyError(name)
    if len(reason.strip()) < MIN_REASON:
        raise ValidationError({"reason": f"请写明查看原因，至少 {MIN_REASON} 个字"})
    with transaction.atomic(durable=True):
        SensitiveRead(
            at=now or timezone.now(),
            officer=acting_officer,
            target_kind=case._meta.label_lower,
            target_id=str(case.pk),
            field=name,
            field_title=decl.title,
            reason=reason.strip()[:300],
            case_number=case.number,
        ).save()
    return case_view(case, ()).fields.get(name)
