"""编号的管理：作废、租用、归还。发号在办理的事务里（engine/numbering.py），不在这里。

号一经生成不得复用，作废的号和理由都留着（推导）；租用的一段预先从号段里划出，现场没有网络时用，剩下的归还时逐个作废。
出错：无权 → NotAllowed；号不对、租不得 → ValidationError。文字都可以直接给人看。
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from jiezhi.base.accounts.authority import is_administrator, require_active
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.casework import matters, queries
from jiezhi.base.casework.actions import officer_actor
from jiezhi.base.casework.engine.numbering import (
    CASE,
    CASE_FORMAT,
    advance,
    case_prefix,
    number_in,
    place,
    written,
)
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case, NumberIssue, NumberLease, NumberSeries
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.clockwork import LOCAL

KEEPERS = ("archivist", "unit_chief", "enforcement_chief", "office_head")
MAX_LEASE = 200
UNUSED = "租用未用"


def void_number(
    number: str, *, reason: str, acting_officer: Officer | None, now: datetime, series: str = ""
) -> NumberIssue:
    """作废一个号：发出过的、或租出去还没有用的。号留着不复用；用在件上的，件上也记一条办理记录。

    `series` 是号段，几个号段里有同样的号时必须给。件的编号不能作废。`acting_officer` 为 None 是系统；`now` 带时区。
    用在看不见的件上 → NotAllowed。
    """
    _authorise(acting_officer, now, "编号作废")
    if not reason.strip():
        raise ValidationError({"reason": "还没有写明作废的理由"})
    with transaction.atomic():
        row = _issued(number, series) or _leased(number, series, now)
        if row is None:
            raise ValidationError({"number": f"没有发出过“{number}”"})
        _visible(row, acting_officer, now)
        if row.voided_at is not None:
            raise ValidationError({"number": f"“{number}”已经作废，理由是“{row.void_reason}”"})
        case = row.case
        if case is not None and case.number in (row.text, case_prefix(case.matter) + row.text):
            raise ValidationError({"number": f"“{number}”是件的编号，件还在，不能作废"})
        _void(row, reason, acting_officer, now)
        if case is not None:
            _note_on_case(case, row, reason.strip(), acting_officer, now)
        write_record(
            "number.void", "编号作废", row, acting_officer=acting_officer, now=now, note=reason.strip()
        )
    return row


def lease_range(
    matter: str,
    sequence: str,
    count: int,
    *,
    officer: Officer,
    valid_until: datetime,
    acting_officer: Officer | None,
    now: datetime,
    device: str = "",
    scope: Mapping[str, str] | None = None,
) -> NumberLease:
    """租出接下来的 `count` 个号给 `officer`（写明在哪台设备上用的写 `device`）。返回租段。

    `sequence` 是业务模板里编号的名字，没有声明编号的件号写 case；`scope` 是单位、渠道、栏目（按它们分号段时必须给）。
    `valid_until` 不含在内；按年归零的编号，租期不得跨年（年份按北京时间）。
    """
    _authorise(acting_officer, now, "租用号段")
    require_active(officer)
    if not 1 <= count <= MAX_LEASE:
        raise ValidationError({"count": f"一次租 1 到 {MAX_LEASE} 个号"})
    if valid_until <= now:
        raise ValidationError({"valid_until": "有效期要在现在之后"})
    declared = matters.definition_of(matters.current_version(matter)).matter
    if declared.host_system:
        raise ValidationError({"matter": f"{declared.title}由{declared.host_system}编号，不能租用"})
    decl = declared.sequences.get(sequence, CASE_FORMAT if sequence == CASE else None)
    if decl is None:
        raise ValidationError({"sequence": f"{declared.title}没有“{sequence}”这种编号"})
    lacking = [word for word in decl.per if word != "matter" and not (scope or {}).get(word)]
    if lacking:
        raise ValidationError({"scope": f"这种编号按{'、'.join(lacking)}分号段，要写明是哪一个"})
    end_of_year = datetime(now.astimezone(LOCAL).year + 1, 1, 1, tzinfo=LOCAL)
    if decl.reset == "year" and valid_until > end_of_year:
        raise ValidationError({"valid_until": "这种编号年度归零，租期不得跨年"})
    key, pattern = place(matter, sequence, decl, now, scope or {})
    with transaction.atomic():
        last = advance(key, count)
        lease = NumberLease.objects.create(
            series_id=key,
            first=last - count + 1,
            last=last,
            pattern=pattern,
            officer=officer,
            device=device,
            leased_at=now,
            valid_until=valid_until,
            leased_by=acting_officer,
        )
        new = {"officer": officer.login, "device": device, "first": lease.first, "last": last}
        write_record("number.lease", "租用号段", lease, acting_officer=acting_officer, now=now, new=new)
    return lease


def return_lease(lease: int, *, acting_officer: Officer | None, now: datetime) -> list[str]:
    """归还租段（按主键），没有用的号逐个作废，返回作废的号。过期的照样要还。

    租用的本人也能还；已经离岗的人的，系统管理员办离岗交接时还。
    """
    with transaction.atomic():
        row = (
            NumberLease.objects.select_for_update(of=("self",))
            .select_related("officer")
            .filter(pk=lease)
            .first()
        )
        if row is None:
            raise ValidationError({"lease": "没有这个租段"})
        own = acting_officer is not None and acting_officer.pk == row.officer_id
        left = (
            acting_officer is not None and not row.officer.is_active and is_administrator(acting_officer, now)
        )
        if not own and not left:
            _authorise(acting_officer, now, "归还号段")
        if row.returned_at is not None:
            raise ValidationError({"lease": "这个租段已经归还"})
        used = set(
            NumberIssue.objects.filter(series=row.series_id, n__range=(row.first, row.last)).values_list(
                "n", flat=True
            )
        )
        unused = [_unused(row, n, now) for n in range(row.first, row.last + 1) if n not in used]
        for issue in unused:
            issue.voided_at, issue.void_reason, issue.voided_by = now, UNUSED, acting_officer
        NumberIssue.objects.bulk_create(unused)
        row.returned_at, row.returned_by = now, acting_officer
        row.save(update_fields=["returned_at", "returned_by"])
        texts = [issue.text for issue in unused]
        write_record(
            "number.return",
            "归还号段",
            row,
            acting_officer=acting_officer,
            now=now,
            new={"used": len(used), "voided": texts},
        )
    return texts


def _authorise(officer: Officer | None, now: datetime, what: str) -> None:
    """档案员、部门和执法队负责人、机关负责人可以管编号；None 是系统。"""
    require_active(officer)
    if officer is None or {post for post, _, _ in registry.holdings(officer.pk, now)} & set(KEEPERS):
        return
    titles = "、".join(registry.post_title(code) for code in KEEPERS)
    raise NotAllowed(f"“{what}”要由{titles}办理")


def _visible(row: NumberIssue, officer: Officer | None, now: datetime) -> None:
    """用在件上的号，要看得见那一件才能作废；None 是系统。"""
    if officer is None or row.case_id is None:
        return
    if not queries.visible(officer, now).filter(pk=row.case_id).exists():
        raise NotAllowed(f"“{row.text}”用在您无权查看的件上。请由承办单位的负责人办理")


def _issued(number: str, series: str) -> NumberIssue | None:
    rows = NumberIssue.objects.select_for_update(of=("self",)).filter(text=number).select_related("case")
    found = list(rows.filter(series=series) if series else rows)
    if len(found) > 1:
        names = "、".join(row.series_id for row in found)
        raise ValidationError({"series": f"几个号段里都有“{number}”，要写明是哪一个：{names}"})
    return found[0] if found else None


def _leased(number: str, series: str, now: datetime) -> NumberIssue | None:
    """租出去还没有用的一个号（现场写错了纸）；没有这样的为 None。"""
    leases = NumberLease.objects.select_for_update().filter(returned_at=None)
    for lease in leases.filter(series=series) if series else leases:
        n = number_in(lease.pattern, number)
        if n is not None and lease.first <= n <= lease.last:
            return _unused(lease, n, now)
    return None


def _unused(lease: NumberLease, n: int, now: datetime) -> NumberIssue:
    return NumberIssue(series_id=lease.series_id, n=n, text=written(lease.pattern, n), issued_at=now)


def _void(row: NumberIssue, reason: str, officer: Officer | None, now: datetime) -> None:
    row.voided_at, row.void_reason, row.voided_by = now, reason.strip()[:200], officer
    row.save()


def _note_on_case(case: Case, row: NumberIssue, reason: str, officer: Officer | None, now: datetime) -> None:
    work = Work(now)
    work.load([str(case.uid)])
    actor = officer_actor(officer).record(None, None, None)
    work.builtin(
        str(case.uid), "void_number", actor, {"void": row.text, "series": row.series_id}, now, reason
    )
    work.flush()


# ---- 读 ----


def leases(*, open_only: bool = False) -> list[NumberLease]:
    """租段，新的在前；`open_only` 只看没有归还的。"""
    rows = NumberLease.objects.select_related("officer").order_by("-leased_at", "-pk")
    return list(rows.filter(returned_at=None) if open_only else rows)


def series() -> list[NumberSeries]:
    """全部号段。"""
    return list(NumberSeries.objects.order_by("key"))
