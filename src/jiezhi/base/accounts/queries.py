"""人员与岗位的读操作。"""

from django.db import models
from django.db.models import QuerySet

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import AdminRecord, Officer, Post, SensitiveRead


def officer_by_login(login: str) -> Officer | None:
    return Officer.objects.filter(login=secrets.normalise_login(login)).first()


def posts() -> QuerySet[Post]:
    return Post.objects.filter(is_active=True)


def records_of(target: models.Model) -> QuerySet[AdminRecord]:
    """某对象的管理记录，新的在前。"""
    return AdminRecord.objects.filter(
        target_kind=target._meta.label_lower, target_id=str(target.pk)
    ).select_related("officer")


def reads_of(target: models.Model) -> QuerySet[SensitiveRead]:
    """谁看过某对象的敏感信息，新的在前。"""
    return SensitiveRead.objects.filter(
        target_kind=target._meta.label_lower, target_id=str(target.pk)
    ).select_related("officer")


def reads_by(officer: Officer) -> QuerySet[SensitiveRead]:
    return SensitiveRead.objects.filter(officer=officer)
