"""找当事人。

这里不判断谁看得到谁：后四位查找只该用在自己的办理范围内，由调用者再与 `visible()` 求交。
"""

from django.db.models import QuerySet

from jiezhi.base.accounts import secrets
from jiezhi.base.registry.models import Party


def _equal(column: str, value: str) -> QuerySet[Party]:
    return Party.objects.filter(**{column: value}) if value else Party.objects.none()


def parties_by_identifier(number: str) -> QuerySet[Party]:
    """证件号完全相同的。"""
    return _equal("identifier_index", secrets.blind_index("id", number))


def parties_by_identifier_tail(four: str) -> QuerySet[Party]:
    """证件号后四位相同的。"""
    return _equal("identifier_tail", secrets.tail_index("id", four))


def parties_by_phone(phone: str) -> QuerySet[Party]:
    """电话完全相同的（一个电话可能几个人用）。"""
    return _equal("phone_index", secrets.blind_index("phone", phone))


def parties_by_phone_tail(four: str) -> QuerySet[Party]:
    """电话后四位相同的。"""
    return _equal("phone_tail", secrets.tail_index("phone", four))


def parties_by_name(name: str) -> QuerySet[Party]:
    """姓名或名称相同的（全半角、空格、大小写不计）。"""
    return _equal("name_key", secrets.normalise(name)[:100])
