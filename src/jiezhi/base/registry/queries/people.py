"""谁任什么职。"""

from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.accounts.posts import ADMIN
from jiezhi.base.registry.models import Appointment, Unit
from jiezhi.base.registry.models.areas import path_and_above

PostHeld = tuple[str, int, str | None]


def in_force(at: datetime) -> Q:
    """在 `at` 这一刻有效的任职。"""
    return Q(valid_from__lte=at) & (Q(valid_to=None) | Q(valid_to__gt=at))


def appointments_of(officer: Officer, at: datetime | None = None) -> QuerySet[Appointment]:
    """某人的任职；给了 `at` 只列那一刻有效的，否则列全部。"""
    found = Appointment.objects.filter(officer=officer).select_related("officer", "post", "unit", "area")
    return found if at is None else found.filter(in_force(at))


def posts_of(officer: Officer, at: datetime) -> list[PostHeld]:
    """某人此刻的 （岗位代码, 单位 id, 区域 path;None 为不限区域）。一条查询；不缓存，调用者自己留着用。

    停用的岗位不算。
    """
    rows = (
        Appointment.objects.filter(
            in_force(at), officer_id=officer.pk, officer__is_active=True, post__is_active=True
        )
        .order_by("id")
        .values_list("post__code", "unit_id", "area__path")
    )
    return list(rows)


def holds_admin_post(officer: Officer, at: datetime) -> bool:
    """此刻是否任系统管理员。"""
    return Appointment.objects.filter(
        in_force(at), officer_id=officer.pk, post__code=ADMIN, post__is_active=True
    ).exists()


def officers_with(
    post: str, unit: Unit | int | None = None, area_path: str | None = None, *, at: datetime | None = None
) -> list[Officer]:
    """此刻在岗、任 `post`（岗位代码）的人。`unit` 限定单位；`area_path` 限定管得到这片区域的人。

    管得到：不限区域，或任职区域就是它或它的上级。管得越具体的排在越前（网格的人先于社区、街道的人）。
    """
    at = at or timezone.now()
    found = Appointment.objects.filter(
        in_force(at), post__code=post, post__is_active=True, officer__is_active=True
    ).select_related("officer")
    if unit is not None:
        found = found.filter(unit=unit)
    if area_path is not None:
        found = found.filter(Q(area=None) | Q(area__path__in=path_and_above(area_path)))
    found = found.order_by(F("area__depth").desc(nulls_last=True), "officer__login")
    first: dict[int, Officer] = {}
    for row in found:
        first.setdefault(row.officer_id, row.officer)
    return list(first.values())


def unit_by_code(code: str) -> Unit | None:
    return Unit.objects.filter(code=code).first()


def holdings(officer_id: int, at: datetime) -> list[tuple[str, str, str | None]]:
    """某人此刻的 （岗位代码, 单位代码, 区域 path;None 为不限区域）；停用的岗位和单位不算。"""
    from jiezhi.base.registry.queries.standing import standing

    return standing().holdings(officer_id, at)


def last_ended(officer_id: int, at: datetime) -> datetime | None:
    """某人到 `at` 为止最近一次任职到期、结束的时刻；没有过为 None。岗位、单位停用了的，当作此刻结束。一条查询。"""
    rows = Appointment.objects.filter(officer_id=officer_id).values_list(
        "valid_to", "post__is_active", "unit__is_active"
    )
    ends = [end if post and unit else at for end, post, unit in rows]
    return max((end for end in ends if end is not None and end <= at), default=None)


def post_title(code: str) -> str:
    """岗位名称；没有这个岗位时原样返回代码。"""
    return Post.objects.filter(code=code).values_list("title", flat=True).first() or code


def units_and_people(at: datetime) -> list[tuple[Unit, dict[int, str]]]:
    """在用的单位，上级在前，各自此刻任职的人（人员 id → 姓名，按任职先后）。两条查询。"""
    people: dict[int, dict[int, str]] = {}
    held = Appointment.objects.filter(in_force(at), officer__is_active=True, post__is_active=True)
    for unit, officer, name in held.order_by("pk").values_list("unit", "officer", "officer__name"):
        people.setdefault(unit, {})[officer] = name
    units = Unit.objects.filter(is_active=True).select_related("parent").order_by("path")
    return [(one, people.get(one.pk, {})) for one in units]
