"""公布与取用业务模板版本。"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from jiezhi.base.casework.models import CodeList, MatterVersion
from jiezhi.core.procedure.definition import Definition


class UnknownMatter(LookupError):
    """没有公布过这个业务模板。"""

    def __init__(self, matter: str) -> None:
        super().__init__(f"没有“{matter}”这个业务模板，请先公布，或核对名称")


_by_digest: dict[str, Definition] = {}


def definition_of(version: MatterVersion) -> Definition:
    """某个版本编译好的样子；按内容摘要缓存，版本公布后不变。"""
    found = _by_digest.get(version.digest)
    if found is None:
        found = Definition.load(bytes(version.content))
        if found.digest != version.digest:
            raise ValueError(f"业务模板“{version.title}”的内容与摘要不符，可能被改过")
        _by_digest[version.digest] = found
    return found


def current_version(matter: str) -> MatterVersion:
    """现行版本。没有 → UnknownMatter。"""
    version = MatterVersion.objects.filter(matter=matter, is_current=True).defer("content").first()
    if version is None:
        raise UnknownMatter(matter)
    return version


def publish(definition: Definition, *, now: datetime) -> MatterVersion:
    """公布一个版本为现行；内容没变就什么也不做。校验是否通过由调用者（verify 之后）负责。"""
    with transaction.atomic():
        existing = MatterVersion.objects.filter(digest=definition.digest).first()
        if existing and existing.is_current:
            return existing
        MatterVersion.objects.filter(matter=definition.id, is_current=True).update(is_current=False)
        if existing:
            MatterVersion.objects.filter(pk=existing.pk).update(is_current=True)
            existing.is_current = True
            return existing
        matter = definition.matter
        return MatterVersion.objects.create(
            matter=definition.id,
            title=matter.title,
            class_name=matter.class_,
            trade=matter.trade,
            digest=definition.digest,
            content=definition.dump(),
            published_at=now,
        )


def publish_codes(name: str, title: str, codes: Mapping[str, str]) -> None:
    """登记一张代码表（整表替换）。"""
    CodeList.objects.update_or_create(name=name, defaults={"title": title, "codes": dict(codes)})
