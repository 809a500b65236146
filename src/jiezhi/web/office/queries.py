"""办公页面自己的读：未读消息、选单用的单位和人员、名称对照。件一律从 casework.queries.visible 取。"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.models import MatterVersion, Notice
from jiezhi.base.casework.queries import seen
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.models import Appointment, Unit
from jiezhi.base.registry.models.powers import PowerStatus, PowerVersion
from jiezhi.web.forms.controls import Choice, Group
from jiezhi.web.office.models import Preference, SavedView

ENOUGH = 1000
UNIT_KINDS = {"internal": "街道科室", "community": "社区", "external": "外部单位", "superior": "上级单位"}


class Count(NamedTuple):
    """条数；到 1000 就不再数。"""

    shown: str
    more: bool
    number: int


def counted(number: int) -> Count:
    """把数到 1001 为止的条数写成给人看的。"""
    return Count("1000+", True, ENOUGH) if number > ENOUGH else Count(str(number), False, number)


def unread_count(officer: Officer) -> str:
    """未读消息条数；没有为空串，多了写 99+。"""
    found = Notice.objects.filter(officer=officer, read_at=None)[:100].count()
    return "99+" if found > 99 else str(found or "")


def notices_of(officer: Officer, now: datetime) -> QuerySet[Notice]:
    """这个人的消息，新的在前。

    `withheld` 为真的不再给看：收到之后他的任职有到期、结束的，或者那一件限指定人员了，而他现在看不见那一件。
    """
    kept = Q(case__confidential=True)
    if (ended := registry.last_ended(officer.pk, now)) is not None:
        kept |= Q(created_at__lte=ended)
    rows = Notice.objects.filter(officer=officer).annotate(
        withheld=ExpressionWrapper(Q(case__isnull=False) & kept & ~Q(seen(officer, now)), BooleanField())
    )
    return rows.select_related("case").order_by("-created_at", "-pk")


def views_of(officer: Officer) -> list[SavedView]:
    """他存下来的筛选，先存的在前。"""
    return list(SavedView.objects.filter(officer=officer).order_by("pk"))


def preference_of(officer: Officer) -> Preference:
    """他的偏好；没有存过的是缺省的。"""
    return Preference.objects.filter(officer=officer).first() or Preference(officer=officer, columns=[])


def unit_names() -> dict[str, str]:
    """单位代码 → 名称（停用的也在，旧记录要用）。"""
    return {code: short or name for code, name, short in Unit.objects.values_list("code", "name", "short")}


def officer_names(ids: Iterable[str]) -> dict[str, str]:
    """人员代号 → 姓名。"""
    wanted = {int(one) for one in ids if str(one).isdigit()}
    if not wanted:
        return {}
    return {str(pk): name for pk, name in Officer.objects.filter(pk__in=wanted).values_list("pk", "name")}


def unit_groups() -> list[Group]:
    """在用单位，按种类分组，选单用。"""
    groups: dict[str, list[Choice]] = {}
    for code, name, kind in (
        Unit.objects.filter(is_active=True).order_by("path").values_list("code", "name", "kind")
    ):
        groups.setdefault(UNIT_KINDS.get(kind, "其他"), []).append((code, name))
    return list(groups.items())


def officer_groups(first_unit: str | None = None) -> list[Group]:
    """在岗人员，按单位分组；`first_unit`（责任单位）排在最前。"""
    rows = (
        Appointment.objects.filter(valid_to=None, officer__is_active=True, unit__is_active=True)
        .order_by("unit__path", "officer__login", "pk")
        .values_list("unit__code", "unit__name", "officer_id", "officer__name", "post__title")
    )
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for code, unit, pk, name, post in rows:
        groups.setdefault((code, unit), {}).setdefault(str(pk), f"{name}（{post}）")
    ordered = sorted(groups.items(), key=lambda item: item[0][0] != first_unit)
    return [(unit, list(people.items())) for (_, unit), people in ordered]


def power_groups(class_name: str | None = None) -> list[Group]:
    """生效的事项，按类别分组；给了类别只列这一类。"""
    rows = PowerVersion.objects.filter(status=PowerStatus.IN_FORCE).order_by("class_name", "power__code")
    if class_name:
        rows = rows.filter(class_name=class_name)
    groups: dict[str, list[Choice]] = {}
    for code, title, kind in rows.values_list("power__code", "title", "class_name"):
        groups.setdefault(kind, []).append((code, title))
    return list(groups.items())


def power_names(codes: Iterable[str]) -> dict[str, str]:
    """事项代码 → 最后一版的名称（废止的也在，旧记录要用）。"""
    rows = PowerVersion.objects.filter(power__code__in=list(codes)).order_by("number")
    return dict(rows.values_list("power__code", "title"))


def current_matters() -> list[MatterVersion]:
    """现行的业务模板。"""
    return list(MatterVersion.objects.filter(is_current=True).defer("content").order_by("title"))
