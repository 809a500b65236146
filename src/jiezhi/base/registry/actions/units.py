"""单位与任职。"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.accounts.records import apply_changes, snapshot, write_record
from jiezhi.base.registry.models import Appointment, Area, Unit

UNIT_FIELDS = ["code", "name", "short", "kind", "parent"]
APPOINTMENT_FIELDS = ["officer", "post", "unit", "area", "valid_from", "valid_to"]


def create_unit(
    *,
    code: str,
    name: str,
    kind: str,
    acting_officer: Officer | None,
    parent: Unit | None = None,
    short: str = "",
    now: datetime | None = None,
) -> Unit:
    """新设单位。`kind`:internal 内设、community 社区、external 外部、superior 上级。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    code = code.strip()
    unit = Unit(
        code=code,
        name=name.strip(),
        short=short.strip(),
        kind=kind,
        parent=parent,
        path=f"{parent.path if parent else '/'}{code}/",
    )
    unit.full_clean()
    with transaction.atomic():
        unit.save(force_insert=True)
        write_record(
            "unit.create",
            "新设单位",
            unit,
            acting_officer=acting_officer,
            now=now,
            new=snapshot(unit, UNIT_FIELDS),
        )
    return unit


def change_unit(
    unit: Unit, *, acting_officer: Officer | None, now: datetime | None = None, **changes: Any
) -> Unit:
    """改单位的 name、short、is_active。还有人任职的单位不能停用。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if unknown := set(changes) - {"name", "short", "is_active"}:
        raise ValueError(f"不能这样修改：{', '.join(sorted(unknown))}")
    with transaction.atomic():
        unit = Unit.objects.select_for_update().get(pk=unit.pk)
        changed, old, new = apply_changes(unit, changes)
        if not changed:
            return unit
        unit.full_clean()
        if "is_active" in changed and not unit.is_active:
            held = Appointment.objects.filter(Q(valid_to=None) | Q(valid_to__gt=now), unit=unit).count()
            if held:
                raise ValidationError({"is_active": f"还有 {held} 个任职没有结束，结束后才能停用{unit.name}"})
        unit.save(update_fields=changed)
        write_record(
            "unit.change", "修改单位", unit, acting_officer=acting_officer, now=now, old=old, new=new
        )
    return unit


def _clashes(one: Appointment) -> bool:
    """同一人同岗位同单位同区域，时间有没有重叠。"""
    same = Appointment.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=one.valid_from),
        officer=one.officer,
        post=one.post,
        unit=one.unit,
        area=one.area,
    )
    if one.valid_to is not None:
        same = same.filter(valid_from__lt=one.valid_to)
    return same.exists()


def appoint(
    officer: Officer,
    post: Post | str,
    unit: Unit,
    *,
    acting_officer: Officer | None,
    area: Area | None = None,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    now: datetime | None = None,
) -> Appointment:
    """任职。`post` 可给岗位或其代码；`area` 不给为不限区域。

    `valid_from` 默认即时（含）,`valid_to` 默认不定期（不含）。
    """
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    with transaction.atomic():
        officer = Officer.objects.select_for_update().get(pk=officer.pk)
        if isinstance(post, str):
            found = Post.objects.filter(code=post).first()
            if found is None:
                raise ValidationError({"post": f"没有代码为“{post}”的岗位"})
            post = found
        one = Appointment(
            officer=officer,
            post=post,
            unit=unit,
            area=area,
            valid_from=valid_from or now,
            valid_to=valid_to,
        )
        problems: dict[str, str] = {}
        if not officer.is_active:
            problems["officer"] = f"{officer.name}已离岗，不能任职"
        elif post.signs and not officer.may_sign:
            problems["post"] = (
                f"“{post.title}”要签批，只能由编制内人员担任；"
                f"{officer.name}是{officer.get_staff_kind_display()}人员"
            )
        if not post.is_active:
            problems["post"] = f"岗位“{post.title}”已停用"
        if not unit.is_active:
            problems["unit"] = f"{unit.name}已停用"
        if area is not None and not area.is_active:
            problems["area"] = f"{area.name}已停用"
        if one.valid_to is not None and one.valid_to <= one.valid_from:
            problems["valid_to"] = "任职的截止时间要晚于起始时间"
        elif _clashes(one):
            problems["valid_from"] = f"{officer.name}在这段时间已任{unit.name}的{post.title}，不用再任"
        if problems:
            raise ValidationError(problems)
        one.save(force_insert=True)
        write_record(
            "appointment.create",
            "任职",
            one,
            acting_officer=acting_officer,
            now=now,
            new=snapshot(one, APPOINTMENT_FIELDS),
        )
    return one


def _finish(
    one: Appointment, *, at: datetime, reason: str, acting_officer: Officer | None, now: datetime
) -> None:
    old = snapshot(one, APPOINTMENT_FIELDS)
    if at <= one.valid_from:  # 还没开始就结束：撤掉这一行，记录里留有原样
        write_record(
            "appointment.cancel",
            "撤销未开始的任职",
            one,
            acting_officer=acting_officer,
            now=now,
            old=old,
            note=reason,
        )
        one.delete()
        return
    one.valid_to = at
    one.save(update_fields=["valid_to"])
    write_record(
        "appointment.end",
        "免职",
        one,
        acting_officer=acting_officer,
        now=now,
        old={"valid_to": old["valid_to"]},
        new=snapshot(one, ["valid_to"]),
        note=reason,
    )


def end_appointment(
    appointment: Appointment,
    *,
    reason: str,
    acting_officer: Officer | None,
    at: datetime | None = None,
    now: datetime | None = None,
) -> None:
    """结束任职。`at` 默认即时；到点以后不再任职。还没开始的任职直接撤销。"""
    now = now or timezone.now()
    at = at or now
    require_administrator(acting_officer, now)
    if not reason.strip():
        raise ValidationError({"reason": "请写明免职原因"})
    with transaction.atomic():
        one = Appointment.objects.select_for_update().get(pk=appointment.pk)
        if one.valid_to is not None and one.valid_to <= at:
            raise ValidationError({"valid_to": "这个任职已经结束"})
        _finish(one, at=at, reason=reason.strip(), acting_officer=acting_officer, now=now)


def end_appointments_of_leaver(
    sender: Any, officer: Officer, at: datetime, acting_officer: Officer | None, reason: str, **kwargs: Any
) -> None:
    """人员离岗时（accounts.officer_left）在同一事务里结束其全部任职。"""
    for one in Appointment.objects.select_for_update().filter(
        Q(valid_to=None) | Q(valid_to__gt=at), officer=officer
    ):
        _finish(one, at=at, reason=f"离岗：{reason}", acting_officer=acting_officer, now=at)
