"""写管理记录、敏感信息查看记录。管理记录与它所记的改动在同一个事务里；查看记录先提交，后给值。"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection, models

from jiezhi.base.accounts.fields import EncryptedTextField
from jiezhi.base.accounts.models import AdminRecord, Officer, SensitiveRead

NEVER_RECORDED = frozenset({"password"})


def plain(value: Any) -> Any:
    """转成可存 JSON 的样子。"""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return str(value)


def snapshot(instance: models.Model, names: list[str]) -> dict[str, Any]:
    """取出若干字段的现值供记录：加密字段只记遮盖后的样子，口令从不记。"""
    taken: dict[str, Any] = {}
    for name in names:
        if name in NEVER_RECORDED:
            continue
        field = instance._meta.get_field(name)
        value = getattr(instance, getattr(field, "attname", name))
        if isinstance(field, EncryptedTextField):
            value = field.mask(value)
        taken[name] = plain(value)
    return taken


def write_record(
    action: str,
    title: str,
    target: models.Model | type[models.Model],
    *,
    acting_officer: Officer | None,
    now: datetime,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    note: str = "",
) -> AdminRecord:
    """追加一条管理记录。须在事务中调用（否则改动与记录可能只成其一）。

    `target` 是一个对象，成批操作时给模型类；`action` 代码（如 `officer.create`）,`title` 给人看的中文；
    `old`、`new` 须已去掉敏感内容（见 `snapshot`）。
    """
    if not connection.in_atomic_block:
        raise RuntimeError("管理记录须与改动在同一个事务里写")
    whole_kind = isinstance(target, type)
    record = AdminRecord(
        at=now,
        officer=acting_officer,
        action=action,
        title=title,
        target_kind=target._meta.label_lower,
        target_id="" if whole_kind else str(target.pk),
        target_label=str(target._meta.verbose_name if whole_kind else target)[:200],
        old=old or {},
        new=new or {},
        note=note[:500],
    )
    record.save()
    return record


def note_reads(
    read: Iterable[tuple[models.Model, Mapping[str, str], str]],
    *,
    reason: str,
    acting_officer: Officer,
    now: datetime,
) -> int:
    """追加敏感信息查看记录，返回几条。给明文的每条路都从这里记。

    `read` 是（看谁的，项目代码 → 名称，因办理哪一件）。调用者要让它先提交（`transaction.atomic(durable=True)`）
    再把值给出去：外层事务回滚会抹掉已看过的事实。
    """
    rows = [
        SensitiveRead(
            at=now,
            officer=acting_officer,
            target_kind=target._meta.label_lower,
            target_id=str(target.pk),
            field=name[:64],
            field_title=title[:64],
            reason=reason.strip()[:300],
            case_number=case_number[:100],
        )
        for target, fields, case_number in read
        for name, title in fields.items()
    ]
    SensitiveRead.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def apply_changes(
    instance: models.Model, changes: dict[str, Any]
) -> tuple[list[str], dict[str, Any], dict[str, Any]]:
    """把 `changes` 写到对象上（不保存），返回真正变了的字段名，以及它们的旧值、新值（已遮盖）。"""
    changed = [name for name, value in changes.items() if getattr(instance, name) != value]
    old = snapshot(instance, changed)
    for name in changed:
        setattr(instance, name, changes[name])
    return changed, old, snapshot(instance, changed)
