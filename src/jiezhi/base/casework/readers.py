"""谁看过敏感内容：各人查自己的，督办员、系统管理员查全部；一件上的，给这件的责任人和督办员看。"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer, SensitiveRead
from jiezhi.base.accounts.posts import ADMIN
from jiezhi.base.accounts.queries import reads_by, reads_of
from jiezhi.base.accounts.records import write_record
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.queries import visible
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.clockwork import LOCAL

SUPERVISING = frozenset({"supervisor"})
SEES_ALL = SUPERVISING | {ADMIN}
CHIEFS = frozenset({"unit_chief", "enforcement_chief", "service_chief"})
CASE = "casework.case"
SEALED = "（限指定人员的件）"


@dataclass(frozen=True, slots=True)
class Filters:
    """查看记录的筛选。`officer` 是姓名或登录名；`number` 是编号（含其中几个字）；`field` 是项目名称（含其中几个字）。

    日期按北京时间，首尾两天都算。
    """

    officer: str = ""
    number: str = ""
    field: str = ""
    since: date | None = None
    until: date | None = None

    def words(self) -> dict[str, str]:
        """写了的几项，记入管理记录用。"""
        return {name: str(value) for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Read:
    """查看记录的一行，给人看的。限指定人员的件，看不见它的人也看不到编号和原因。"""

    at: datetime
    officer: str
    login: str
    what: str
    number: str
    reason: str


def sees_all(officer: Officer, now: datetime) -> bool:
    """能不能查全部人的查看记录：督办员、系统管理员。"""
    return bool({post for post, _, _ in registry.holdings(officer.pk, now)} & SEES_ALL)


def reads(officer: Officer, filters: Filters, now: datetime) -> QuerySet[SensitiveRead]:
    """这个人能查的查看记录，新的在前：督办员、系统管理员是全部人的，其余只有自己的。"""
    rows = SensitiveRead.objects.all() if sees_all(officer, now) else reads_by(officer)
    rows = rows.select_related("officer").order_by("-pk")
    if filters.officer:
        rows = rows.filter(Q(officer__login=filters.officer.lower()) | Q(officer__name=filters.officer))
    if filters.number:
        rows = rows.filter(case_number__icontains=filters.number)
        rows = rows.exclude(target_kind=CASE, target_id__in=sorted(_sealed_from(officer, now)))
    if filters.field:
        rows = rows.filter(field_title__icontains=filters.field)
    if filters.since:
        rows = rows.filter(at__gte=datetime.combine(filters.since, time.min, LOCAL))
    if filters.until:
        rows = rows.filter(at__lt=datetime.combine(filters.until, time.min, LOCAL) + timedelta(days=1))
    return rows


def described(
    rows: Iterable[SensitiveRead], officer: Officer, now: datetime, *, visible_case: bool = False
) -> list[Read]:
    """写成给 `officer` 看的样子。`visible_case`：都是他看得见的一件上的，不用再查哪些限指定人员。"""
    rows = list(rows)
    sealed = _sealed_from(officer, now) if rows and not visible_case else set()
    found = []
    for row in rows:
        hidden = row.target_kind == CASE and row.target_id in sealed and row.officer_id != officer.pk
        found.append(
            Read(
                at=row.at,
                officer=row.officer.name,
                login=row.officer.login,
                what=row.field_title,
                number=SEALED if hidden else row.case_number,
                reason="" if hidden else row.reason,
            )
        )
    return found


HEADER = ("时间", "查看人", "登录名", "看了什么", "因办理哪一件", "原因")
MOST = 50_000


def exported(
    *, acting_officer: Officer, filters: Filters, now: datetime
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """导出查看记录：（表头，各行的文字），至多五万行。导出本身写管理记录。"""
    require_active(acting_officer)
    rows = described(reads(acting_officer, filters, now)[:MOST], acting_officer, now)
    with transaction.atomic(durable=True):
        write_record(
            "reads.export",
            "导出敏感信息查看记录",
            SensitiveRead,
            acting_officer=acting_officer,
            now=now,
            new={"rows": len(rows), **filters.words()},
        )
    return HEADER, [
        (
            f"{one.at.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}",
            one.officer,
            one.login,
            one.what,
            one.number,
            one.reason,
        )
        for one in rows
    ]


def _sealed_from(officer: Officer, now: datetime) -> set[str]:
    """限指定人员的件里，他看不见的。"""
    rows = Case.objects.filter(confidential=True).exclude(pk__in=visible(officer, now).values("pk"))
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


def readers_of(case: Case, officer: Officer, now: datetime) -> QuerySet[SensitiveRead] | None:
    """一件的查看记录，新的在前；不是这件的责任人、责任单位负责人、督办员的为 None。调用者须已确认他看得到这件。"""
    holder = any(str(officer.pk) in people for people in case.roles.values())
    holdings = registry.holdings(officer.pk, now)
    chief = any(post in CHIEFS and unit == case.unit_id for post, unit, _ in holdings)
    if holder or chief or any(post in SUPERVISING for post, _, _ in holdings):
        return reads_of(case)
    return None
