"""贴着的标签。"""

from datetime import datetime

from django.db.models import Q, QuerySet

from jiezhi.base.registry.models import Area, Party, Place, Tag, TagLink


def current_links(at: datetime) -> QuerySet[TagLink]:
    """在 `at` 有效（已贴上、未取下、未到期）的标签。"""
    return TagLink.objects.filter(
        Q(removed_at=None) | Q(removed_at__gt=at),
        Q(expires_at=None) | Q(expires_at__gt=at),
        added_at__lte=at,
    )


def target_filter(target: Place | Area | Party) -> dict[str, int]:
    return {f"{target._meta.model_name}_id": target.pk}


def tags_on(target: Place | Area | Party, at: datetime) -> list[Tag]:
    """某地点、区域或当事人在 `at` 的标签。"""
    links = current_links(at).filter(**target_filter(target)).select_related("tag").order_by("tag__code")
    return [link.tag for link in links]


def tagged(code: str, at: datetime) -> QuerySet[TagLink]:
    """在 `at` 贴着 `code` 这个标签的全部对象。"""
    return current_links(at).filter(tag__code=code).select_related("place", "area", "party")
