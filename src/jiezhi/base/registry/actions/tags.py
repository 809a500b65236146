"""标签。"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import require_active, require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import snapshot, write_record
from jiezhi.base.registry.models import Area, Party, Place, Tag, TagAbout, TagLink, TagSource
from jiezhi.base.registry.queries.tags import target_filter

_NEVER = "诉求不能变成对人的标签：来投诉、举报、信访的人不因此被标记"


def create_tag(
    *,
    code: str,
    name: str,
    about: str,
    source: str,
    acting_officer: Officer | None,
    description: str = "",
    now: datetime | None = None,
) -> Tag:
    """新设标签。`about`:place、area、party;`source`:request 诉求、patrol、decision、register、import。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if about == TagAbout.PARTY and source == TagSource.REQUEST:
        raise ValidationError({"source": _NEVER})
    tag = Tag(code=code.strip(), name=name.strip(), about=about, source=source, description=description)
    tag.full_clean()
    with transaction.atomic():
        tag.save(force_insert=True)
        write_record(
            "tag.create",
            "新设标签",
            tag,
            acting_officer=acting_officer,
            now=now,
            new=snapshot(tag, ["code", "name", "about", "source"]),
        )
    return tag


def add_tag(
    tag: Tag,
    target: Place | Area | Party,
    *,
    acting_officer: Officer | None,
    source: str | None = None,
    expires_at: datetime | None = None,
    note: str = "",
    now: datetime | None = None,
) -> TagLink:
    """贴标签。`source` 默认取标签自己的；当事人的标签必须给 `expires_at`。已贴着的返回原来那一条，不重复贴。"""
    now = now or timezone.now()
    require_active(acting_officer)
    source = source or tag.source
    problems: dict[str, str] = {}
    if not tag.is_active:
        problems["tag"] = f"标签“{tag.name}”已停用"
    elif tag.about != target._meta.model_name:
        problems["tag"] = f"标签“{tag.name}”只用于{TagAbout(tag.about).label}"
    if source not in TagSource.values:
        problems["source"] = "请选择标签来源"
    if isinstance(target, Party):
        if source == TagSource.REQUEST:
            problems["source"] = _NEVER
        if expires_at is None:
            problems["expires_at"] = "当事人的标签要写明到期时间"
    if expires_at is not None and expires_at <= now:
        problems["expires_at"] = "到期时间要晚于现在"
    if problems:
        raise ValidationError(problems)
    with transaction.atomic():
        same = TagLink.objects.select_for_update().filter(tag=tag, removed_at=None, **target_filter(target))
        if (link := same.first()) is not None:
            if link.expires_at is None or link.expires_at > now:
                return link
            link.removed_at = link.expires_at  # 到期的先收起，再贴新的
            link.save(update_fields=["removed_at"])
        link = TagLink.objects.create(
            tag=tag,
            source=source,
            added_by=acting_officer,
            added_at=now,
            expires_at=expires_at,
            note=note.strip()[:300],
            **target_filter(target),
        )
        write_record(
            "tag.add",
            f"贴标签：{tag.name}",
            target,
            acting_officer=acting_officer,
            now=now,
            new=snapshot(link, ["tag", "source", "expires_at"]),
            note=link.note,
        )
    return link


def remove_tag(
    link: TagLink, *, reason: str, acting_officer: Officer | None, now: datetime | None = None
) -> TagLink:
    """取下标签。"""
    now = now or timezone.now()
    require_active(acting_officer)
    if not reason.strip():
        raise ValidationError({"reason": "请写明取下的原因"})
    with transaction.atomic():
        link = TagLink.objects.select_for_update().get(pk=link.pk)
        if link.removed_at is not None:
            raise ValidationError({"tag": "这个标签已经取下"})
        link.removed_at, link.removed_by = now, acting_officer
        link.save(update_fields=["removed_at", "removed_by"])
        target = link.place or link.area or link.party
        assert target is not None  # 约束 taglink_exactly_one_target
        write_record(
            "tag.remove",
            f"取下标签：{link.tag.name}",
            target,
            acting_officer=acting_officer,
            now=now,
            old=snapshot(link, ["tag", "source", "expires_at"]),
            note=reason.strip(),
        )
    return link
