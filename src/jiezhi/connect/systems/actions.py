"""写：登记随包公布、本单位改登记、采用或不采用对方的改动。导入在 importing.py，对账在 reconciling.py，抄录在 copying.py。

件只经唯一的门变；登记的改动、不采用都写管理记录。
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.actions import MIN_REASON
from jiezhi.base.accounts.authority import require_active, require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome, Result
from jiezhi.connect.excel.changes import values_of
from jiezhi.connect.excel.models import SheetChange
from jiezhi.connect.systems import queries
from jiezhi.connect.systems.models import SystemEntry
from jiezhi.connect.systems.queries import Register, content_of
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.errors import PackError
from jiezhi.core.procedure.loader import load_external
from jiezhi.core.procedure.packset import PackSet

Status = SheetChange.Status

# ---- 登记 ----


def publish_from(packs: PackSet, now: datetime) -> None:
    """随业务模板包公布里面的登记；本单位改过的不动，只重新核对它与现在的业务模板合不合。"""
    with transaction.atomic():
        known = {row.code: row for row in SystemEntry.objects.select_for_update()}
        for code, decl in packs.externals.items():
            row = known.pop(code, None)
            content = content_of(decl)
            if row is None:
                SystemEntry.objects.create(
                    code=code,
                    title=decl.title,
                    shipped=content,
                    since=now.astimezone(CHINA).date(),
                    changed_at=now,
                )
                continue
            faults = _faults(row, packs)
            if (row.shipped, row.faults) != (content, faults):
                title = row.title if row.local is not None else decl.title
                SystemEntry.objects.filter(pk=code).update(
                    shipped=content, faults=faults, title=title, changed_at=now
                )
        for row in known.values():
            if row.local is None:
                row.delete()
            else:
                SystemEntry.objects.filter(pk=row.pk).update(shipped=None, faults=_faults(row, packs))


def _faults(row: SystemEntry, packs: PackSet) -> list[str]:
    if row.local is None:
        return []
    try:
        load_external(row.text, packs, f"{row.code}.yaml")
    except PackError as error:
        return [str(one) for one in error.problems]
    return []


def change(
    text: str, packs: PackSet, *, acting_officer: Officer | None, now: datetime, file: str = "登记"
) -> SystemEntry:
    """本单位改一个外部系统的登记，或新登记一个。`text` 是整份 YAML，写法同随包的；只有系统管理员能办，写进管理记录。

    写错的 → PackError（指到行列）；无权 → NotAllowed。
    """
    require_administrator(acting_officer, now)
    decl = load_external(text, packs, file)
    with transaction.atomic():
        old = SystemEntry.objects.select_for_update().filter(pk=decl.system).first()
        if SystemEntry.objects.filter(title=decl.title).exclude(pk=decl.system).exists():
            raise ValidationError({"title": f"“{decl.title}”已经登记为别的代号，一个系统只登记一张"})
        content = content_of(decl)
        row = old or SystemEntry(code=decl.system, since=now.astimezone(CHINA).date())
        before = (old.local or old.shipped) if old else {}
        row.title, row.local, row.text, row.faults = decl.title, content, text, []
        row.changed_at, row.officer = now, acting_officer
        row.save()
        write_record(
            "systems.change",
            "改外部系统的登记",
            row,
            acting_officer=acting_officer,
            now=now,
            old=before,
            new=content,
        )
    return row


def reset(code: str, *, acting_officer: Officer | None, now: datetime) -> SystemEntry | None:
    """去掉本单位改的，改回随包的；随包没有的整个去掉（返回 None）。只有系统管理员能办，写进管理记录。"""
    require_administrator(acting_officer, now)
    with transaction.atomic():
        row = SystemEntry.objects.select_for_update().filter(pk=code).first()
        if row is None or row.local is None:
            raise ValidationError(f"“{code}”没有本单位改过的登记，不用改回")
        write_record(
            "systems.reset",
            "外部系统的登记改回随包的",
            row,
            acting_officer=acting_officer,
            now=now,
            old=row.local,
            new=row.shipped or {},
        )
        if row.shipped is None:
            row.delete()
            return None
        row.local, row.text, row.faults = None, "", []
        row.title, row.changed_at, row.officer = row.shipped["title"], now, acting_officer
        row.save()
    return row


# ---- 对方改了的 ----


def adopt(
    rows: Sequence[SheetChange], *, acting_officer: Officer, reason: str, now: datetime | None = None
) -> Result:
    """照对方的改动更正一件：走登记里写的动作，一次办完。`rows` 是同一件上等着处理的改动。

    不是同一件、已处理过、这个动作改不了这一列 → ValidationError；办不成（无权、环节不对……）返回 Refused，什么也没有变。
    """
    moment = now or timezone.now()
    require_active(acting_officer)
    if not rows or len({row.case for row in rows}) != 1:
        raise ValidationError("请选同一件上要采用的改动")
    with transaction.atomic():
        locked = list(
            SheetChange.objects.select_for_update().filter(pk__in=[row.pk for row in rows]).order_by("pk")
        )
        if any(row.status != Status.WAITING for row in locked):
            raise ValidationError("选的改动里有已经处理过的，请刷新后再选")
        case = Case.objects.select_related("version").get(uid=locked[0].case)
        register = _register_of(locked[0])
        action = queries.listed_of(register, case.matter).update
        if action is None:
            raise ValidationError(f"“{register.decl.title}”的登记没有写照对方更正用哪个动作，请到那件上更正")
        inputs = _inputs(case, action, locked)
        result = casework.act(
            str(case.uid), action, acting_officer=acting_officer, inputs=inputs, reason=reason, now=moment
        )
        if isinstance(result, Outcome):
            SheetChange.objects.filter(pk__in=[row.pk for row in locked]).update(
                status=Status.CORRECTED,
                event=result.seq,
                said=reason.strip()[:400],
                settled_at=moment,
                officer=acting_officer,
            )
    return result


def _inputs(case: Case, action: str, rows: Sequence[SheetChange]) -> dict[str, Any]:
    definition = queries.definition_of(case.matter)
    decl = definition.matter.actions[action]
    fields = case_view(case, ()).fields
    inputs: dict[str, Any] = {}
    for row in rows:
        if row.field not in decl.collected():
            raise ValidationError(f"“{decl.title}”改不了“{row.column}”；核对之后写明缘由，不采用")
        if not bytes(row.sealed):
            raise ValidationError(f"“{row.column}”的内容已依法清除，不能采用")
        value = values_of(row)[1]
        if row.part:
            value = {**(inputs.get(row.field) or fields.get(row.field) or {}), row.part: value}
        inputs[row.field] = value
    return inputs


def dismiss(
    rows: Sequence[SheetChange], *, acting_officer: Officer, reason: str, now: datetime | None = None
) -> int:
    """核对过，不照对方的改：写明缘由（至少 4 个字），写进管理记录。以后表里还是这个值，不再列。返回几处。"""
    moment = now or timezone.now()
    require_active(acting_officer)
    if len(reason.strip()) < MIN_REASON:
        raise ValidationError(f"请写明不采用的缘由，至少 {MIN_REASON} 个字")
    with transaction.atomic():
        locked = list(SheetChange.objects.select_for_update().filter(pk__in=[row.pk for row in rows]))
        if any(row.status != Status.WAITING for row in locked):
            raise ValidationError("选的改动里有已经处理过的，请刷新后再选")
        for row in locked:
            queries.require_manager(_register_of(row), acting_officer, moment)
            write_record(
                "systems.dismiss",
                "不采用对方的改动",
                row,
                acting_officer=acting_officer,
                now=moment,
                new={"编号": row.number, "列": row.column},
                note=reason.strip(),
            )
        return SheetChange.objects.filter(pk__in=[row.pk for row in locked]).update(
            status=Status.DISMISSED, said=reason.strip()[:400], settled_at=moment, officer=acting_officer
        )


def _register_of(row: SheetChange) -> Register:
    entry = SystemEntry.objects.filter(title=row.system).first()
    if entry is None:
        raise ValidationError(f"“{row.system}”的登记已经没有了，请到那件上更正")
    return queries.register_of(entry.code)
