"""离岗交接：一次办完。先停用账号（任职、令牌同一事务里结束），再归还号段，再一批一批转件。

断在哪里都可以照样再来一遍：停用了的不再停，还了的不再还，转了的不在他名下；办完的再办是空的。
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from jiezhi.base.accounts.actions import MIN_REASON, deactivate_officer
from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.casework.handing import Move, move
from jiezhi.base.casework.models import Case, Delivery
from jiezhi.base.casework.numbers import return_lease
from jiezhi.base.documents.actions import hand_on_scans
from jiezhi.services.handover import queries
from jiezhi.services.handover.queries import Receivers

# 件上只说这一句：离岗的缘由是他的私事，只进管理记录，不抄进几千件的办理记录。
ON_THE_CASE = "离岗交接"


@dataclass(frozen=True, slots=True)
class Handed:
    """交接的结果。`left` 是没有转、要人另定的；`voided` 是归还号段作废的号。"""

    leaver: Officer
    moved: tuple[Move, ...]
    left: tuple[Move, ...]
    voided: tuple[str, ...]
    scans: int
    deactivated: bool


def hand_over(
    leaver: Officer,
    receivers: Receivers,
    *,
    acting_officer: Officer,
    reason: str,
    now: datetime,
    on_batch: Callable[[Sequence[Move]], None] | None = None,
) -> Handed:
    """办离岗交接。`receivers` 写明谁接手；接手的人不够资格的件不转，在结果的 `left` 里，另定人后再办一次。

    只有系统管理员能办，不能给自己办 → NotAllowed；接手的人不合适、没有写原因 → ValidationError。
    已经停用的人也能办：上次没有转完的、断了的。`on_batch` 在每批提交后调用（进度）。
    """
    require_administrator(acting_officer, now)
    if acting_officer.pk == leaver.pk:
        raise NotAllowed("不能给自己办离岗交接，请另一位系统管理员办理")
    if len(reason.strip()) < MIN_REASON:
        raise ValidationError({"reason": f"请写明离岗的原因，至少 {MIN_REASON} 个字"})
    receivers.check(leaver)
    leaver = Officer.objects.get(pk=leaver.pk)
    deactivated = leaver.is_active
    if deactivated:
        leaver = deactivate_officer(leaver, reason=reason, acting_officer=acting_officer, now=now)
    voided = [
        number
        for lease in queries.leases(leaver)
        for number in return_lease(lease.pk, acting_officer=acting_officer, now=now)
    ]
    moves = move(
        leaver,
        receivers.choose,
        acting_officer=acting_officer,
        reason=ON_THE_CASE,
        now=now,
        on_batch=on_batch,
    )
    scans = 0
    if receivers.default is not None:
        scans = hand_on_scans(leaver, receivers.default, acting_officer=acting_officer, now=now)
    moved = tuple(one for one in moves if one.ok)
    left = tuple(one for one in moves if not one.ok)
    with transaction.atomic():
        _tell(leaver, moved, now)
        write_record(
            "officer.handover",
            "离岗交接",
            leaver,
            acting_officer=acting_officer,
            now=now,
            new={
                "moved": len(moved),
                "left": len(left),
                "to": sorted({one.to.login for one in moved if one.to}),
                "voided_numbers": len(voided),
                "scans": scans,
            },
            note=reason.strip(),
        )
    return Handed(leaver, moved, left, tuple(voided), scans, deactivated)


def _tell(leaver: Officer, moved: Sequence[Move], now: datetime) -> None:
    """每个接手的人一条消息，挂在转给他的最后一件上；几千件也不逐件发。"""
    last: dict[int, Move] = {}
    counts: dict[int, int] = {}
    for one in moved:
        if one.to is not None:
            last[one.to.pk] = one
            counts[one.to.pk] = counts.get(one.to.pk, 0) + 1
    cases = {str(row.uid): row for row in Case.objects.filter(uid__in=[one.uid for one in last.values()])}
    for pk, one in last.items():
        case = cases[one.uid]
        text = f"{leaver.name}已离岗，他在办的 {counts[pk]} 件由您接手，都在待办的“我的”里，请核对（其中一件是 {one.number}）"
        Delivery.objects.get_or_create(
            key=f"handover:{case.uid}:{case.seq}:{pk}",
            defaults={
                "case": case,
                "kind": "notify",
                "payload": {"to": f"officer.{pk}", "text": text},
                "not_before": now,
            },
        )
