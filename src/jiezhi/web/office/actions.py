"""办公页面自己的写操作：已读、存下来的筛选、个人偏好。件的办理都走 casework 的门。"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.models import Notice
from jiezhi.web.office.models import Preference, SavedView

MOST_VIEWS = 20
LONGEST_NAME = 40
LONGEST_ADDRESS = 2000


def mark_read(
    *, acting_officer: Officer, notices: list[int] | None = None, now: datetime | None = None
) -> int:
    """把自己的消息记为已读；不给 `notices` 就是全部。返回记了几条。别人的消息动不了。"""
    rows = Notice.objects.filter(officer=acting_officer, read_at=None)
    if notices is not None:
        rows = rows.filter(pk__in=notices)
    return rows.update(read_at=now or timezone.now())


def save_view(
    name: str, address: str, *, default: bool = False, acting_officer: Officer, now: datetime | None = None
) -> SavedView:
    """存下一个筛选；同名的换成这一个。`address` 是网址“?”之后的部分。名称不对、存得太多 → ValidationError。"""
    require_active(acting_officer)
    name = _named(name)
    if len(address) > LONGEST_ADDRESS:
        raise ValidationError("这个筛选太长，存不下。请减少几项再存")
    with transaction.atomic():
        mine = _mine(acting_officer)
        if name not in {one.name for one in mine} and len(mine) >= MOST_VIEWS:
            raise ValidationError(f"最多存 {MOST_VIEWS} 个筛选，请先删去不用的")
        if default:
            SavedView.objects.filter(officer=acting_officer).update(is_default=False)
        row, _ = SavedView.objects.update_or_create(
            officer=acting_officer,
            name=name,
            defaults={"address": address, **({"is_default": True} if default else {})},
            create_defaults={
                "address": address,
                "is_default": default,
                "created_at": now or timezone.now(),
            },
        )
    return row


def rename_view(view: int, name: str, *, acting_officer: Officer) -> SavedView:
    """给自己的筛选改名。没有这一个、名称不对、已经有叫这个名字的 → ValidationError。"""
    name = _named(name)
    with transaction.atomic():
        row = _own(view, acting_officer)
        if any(one.name == name and one.pk != row.pk for one in _mine(acting_officer)):
            raise ValidationError(f"已经有一个叫“{name}”的，请换个名称")
        row.name = name
        row.save(update_fields=["name"])
    return row


def remove_view(view: int, *, acting_officer: Officer) -> SavedView:
    """删去自己的筛选，返回删去的那一个（可以照它再存）。没有这一个 → ValidationError。"""
    with transaction.atomic():
        row = _own(view, acting_officer)
        SavedView.objects.filter(pk=row.pk).delete()
    return row


def use_view_first(view: int | None, *, acting_officer: Officer) -> SavedView | None:
    """打开待办时先用自己的哪个筛选；None 是都不用。没有这一个 → ValidationError。"""
    require_active(acting_officer)
    with transaction.atomic():
        row = None if view is None else _own(view, acting_officer)
        SavedView.objects.filter(officer=acting_officer).update(is_default=False)
        if row is not None:
            row.is_default = True
            row.save(update_fields=["is_default"])
    return row


def choose_columns(columns: Sequence[str], *, acting_officer: Officer) -> None:
    """列表以后都显示这些列；空为缺省的。认不认得由列表看。"""
    require_active(acting_officer)
    found = [one[:60] for one in dict.fromkeys(columns)][:40]
    Preference.objects.update_or_create(officer=acting_officer, defaults={"columns": found})


def look(*, acting_officer: Officer, now: datetime) -> None:
    """“我的工作”里的变化看到 `now` 为止。"""
    require_active(acting_officer)
    Preference.objects.update_or_create(officer=acting_officer, defaults={"looked_at": now})


def _named(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise ValidationError("请给这个筛选起个名称")
    if len(name) > LONGEST_NAME:
        raise ValidationError(f"名称最多 {LONGEST_NAME} 个字")
    return name


def _mine(officer: Officer) -> list[SavedView]:
    return list(SavedView.objects.select_for_update().filter(officer=officer))


def _own(view: int, officer: Officer) -> SavedView:
    require_active(officer)
    row = SavedView.objects.select_for_update().filter(officer=officer, pk=view).first()
    if row is None:
        raise ValidationError("没有这个筛选，可能已经删去了")
    return row
