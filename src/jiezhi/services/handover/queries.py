"""读：交接前的预览，谁接手，离岗的人名下还有什么没有转。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.handing import Move, plan_moves
from jiezhi.base.casework.models import Case, NumberIssue, NumberLease
from jiezhi.base.documents.models import SETTLED, Scan
from jiezhi.base.registry import queries as registry
from jiezhi.services.handover import belongings


@dataclass(frozen=True, slots=True)
class Receivers:
    """谁接手：`default` 是没有另定的；`special` 是另定的，写得细的优先：`编号`、`业务模板:角色`、`业务模板` → 人。

    限指定人员的件只认编号：不逐件点名，就没有人知道该不该让他看。
    """

    default: Officer | None = None
    special: Mapping[str, Officer] = field(default_factory=dict)

    def choose(self, one: Move) -> Officer | None:
        """这一件的这个角色由谁接手；没有定为 None。"""
        named = self.special.get(one.number)
        if named or one.confidential:
            return named
        return self.special.get(f"{one.matter}:{one.role}") or self.special.get(one.matter) or self.default

    def people(self) -> list[Officer]:
        """全部接手的人，不重复。"""
        found = [self.default, *self.special.values()]
        return list({one.pk: one for one in found if one is not None}.values())

    def check(self, leaver: Officer) -> None:
        """接手的人要在岗、不是离岗的本人；不合 → ValidationError。"""
        for one in self.people():
            if one.pk == leaver.pk:
                raise ValidationError({"to": "接手的人不能是离岗的本人"})
            if not one.is_active:
                raise ValidationError({"to": f"{one.name}已离岗，不能接手"})


@dataclass(frozen=True, slots=True)
class Lease:
    """没有归还的租段：`unused` 是还没有用的号有几个，归还时逐个作废。"""

    pk: int
    text: str
    unused: int


@dataclass(frozen=True, slots=True)
class Preview:
    """交接前给人看的：每件每个角色转给谁、不能转的为什么，号段、任职、待归的扫描页，别的东西。"""

    leaver: Officer
    moves: tuple[Move, ...]
    leases: tuple[Lease, ...]
    scans: int
    appointments: tuple[str, ...]
    others: tuple[tuple[str, str, tuple[str, ...]], ...]

    @property
    def left(self) -> tuple[Move, ...]:
        """不能转、要人另定的。"""
        return tuple(one for one in self.moves if not one.ok)

    def counts(self) -> Counter[str]:
        """各人接手多少件的角色：姓名 → 几个。"""
        return Counter(one.to.name for one in self.moves if one.to is not None)


def preview(leaver: Officer, receivers: Receivers, *, now: datetime) -> Preview:
    """预览。什么也不写；离岗了的也能看（还有没有转完的）。接手的人不合适 → ValidationError。"""
    receivers.check(leaver)
    held = registry.appointments_of(leaver, now)
    return Preview(
        leaver=leaver,
        moves=tuple(plan_moves(leaver, receivers.choose, now=now)),
        leases=tuple(leases(leaver)),
        scans=waiting_scans(leaver).count(),
        appointments=tuple(f"{one.unit.name}的{one.post.title}" for one in held),
        others=tuple((title, then, tuple(items)) for title, then, items in belongings.listed(leaver, now)),
    )


def leases(officer: Officer) -> list[Lease]:
    """他名下没有归还的租段。"""
    found = []
    for row in NumberLease.objects.filter(officer=officer, returned_at=None).order_by("pk"):
        used = NumberIssue.objects.filter(series=row.series_id, n__range=(row.first, row.last)).count()
        found.append(Lease(row.pk, str(row), row.last - row.first + 1 - used))
    return found


def waiting_scans(officer: Officer) -> QuerySet[Scan]:
    """他传的、还没有归、也没有认出是哪份文书的扫描页。"""
    return Scan.objects.filter(officer=officer, filed=None, document=None).exclude(result__in=SETTLED)


def stranded(now: datetime) -> dict[Officer, list[Move]]:
    """离岗了而名下还有要人接着办的件的人 → 哪些件的哪个角色。"""
    rows = Case.objects.filter(closed_at=None, role_rows__officer__is_active=False)
    people = Officer.objects.filter(pk__in=rows.values("role_rows__officer"), is_active=False).order_by(
        "login"
    )
    found = {one: list(plan_moves(one, lambda one: None, now=now)) for one in people}
    return {one: moves for one, moves in found.items() if moves}
