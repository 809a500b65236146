"""行印：一行的各列合起来的带钥匙摘要，和这一行存在一起；绕过程序改了哪一列，核验都对不上。

用法：模型继承 `SealedModel`。新增的一行，行印在同一条 INSERT 里（不论经 `save`、`bulk_create` 还是办理的热路径）；
改一行，锁住它、核过原来的行印再改、再重算。原来就不相符的改了也不重算，不替人遮掩。`unsealed` 列的列不算，改它们不多查。

空的列（空、空串、空表）不写进摘要，所以以后加一列可空的，旧行印照样相符。自增的主键不在其中：插入之前还不知道。
发现不了：整行换回它从前的样子连同那时的行印；整行删去（各表另有核对的除外）；两行互换自增的主键。
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from functools import cache
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.models.query_utils import DeferredAttribute

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.errors import SecretError
from jiezhi.config.keys import KeysAwaited
from jiezhi.core.evidence.canonical import plain_json

CHUNK = 500
M = TypeVar("M", bound=models.Model)
_UNREADABLE = (SecretError, ValidationError, ValueError, TypeError, AttributeError, LookupError)


class _SealAttribute(DeferredAttribute):
    """还没有入库的一行，取行印就是照现在的各列算：谁来写库都一样。"""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        if instance._state.adding:
            instance.__dict__[self.field.attname] = secrets.row_seal(content_of(instance))
        return super().__get__(instance, cls)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SealField(models.BinaryField):
    """行印这一列。"""

    descriptor_class = _SealAttribute


class SealedQuerySet(models.QuerySet[M]):
    def update(self, **kwargs: Any) -> int:
        """改若干行，并重算它们的行印；只改不算的列时与平常的 `update` 一样。"""
        model: Any = self.model
        if not model.seals(kwargs) or self.query.is_sliced:
            return super().update(**kwargs)
        count = 0
        with transaction.atomic(using=self.db):
            keys = list(self.order_by().values_list("pk", flat=True))
            for start in range(0, len(keys), CHUNK):
                part = keys[start : start + CHUNK]
                whole = _whole(self.model, part, self.db)
                # 条件要带着：锁上之前刚被别人改得不合条件的，不能改。
                count += models.QuerySet.update(self.filter(pk__in=part), **kwargs)
                _reseal(self.model, whole, self.db)
        return count


class SealedModel(models.Model):
    """抽象基类：每一行带行印。"""

    #: 不算进行印的列，写明为什么。
    unsealed: ClassVar[frozenset[str]] = frozenset()

    seal = SealField("行印", max_length=17, default=b"", blank=True, editable=False)

    objects = SealedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        names = kwargs.get("update_fields")
        if self._state.adding or (names is not None and not self.seals(names)):
            super().save(*args, **kwargs)
            return
        using = kwargs.get("using") or self._state.db
        with transaction.atomic(using=using):
            whole = _whole(type(self), [self.pk], using)
            super().save(*args, **kwargs)
            for seal in _reseal(type(self), whole, using):
                self.seal = seal

    @classmethod
    def seals(cls, names: Iterable[str]) -> bool:
        """这些列里有没有算进行印的。"""
        return any(cls._meta.get_field(name).attname not in cls.unsealed | {"seal"} for name in names)  # type: ignore[union-attr]


def content_of(row: models.Model) -> bytes:
    """一行算进行印的内容。有一列读不出（密文坏了、类型不对）时抛出原来的错误。"""
    model = type(row)
    found: dict[str, Any] = {}
    for name, usual, to_python in _columns(model):
        value = getattr(row, name)
        if value is None:
            continue
        if type(value) is not usual:
            value = to_python(value)
        if usual is not str and usual is not int:
            value = _plain(value)
        if value != "" and value != [] and value != {}:
            found[name] = value
    return plain_json([model._meta.label_lower, found]).encode()


def intact(row: models.Model) -> bool:
    """这一行与它的行印相符。"""
    try:
        return secrets.row_seal_fits(content_of(row), bytes(row.seal or b""))  # type: ignore[attr-defined]
    except KeysAwaited:
        raise
    except _UNREADABLE:
        return False


def broken(model: type[SealedModel]) -> Iterator[tuple[Any, models.Model | None]]:
    """行印不符的各行：（主键，那一行）；整行读不出的，行为 None。"""
    for keys in _keys(model):
        try:
            rows: list[models.Model] = list(model._base_manager.filter(pk__in=keys))
        except _UNREADABLE:  # 有一行的某一列变成了读不出的样子：逐行再读
            rows = []
            for key in keys:
                try:
                    rows += model._base_manager.filter(pk=key)
                except _UNREADABLE:
                    yield key, None
        yield from ((row.pk, row) for row in rows if not intact(row))


def sealed_models() -> list[type[SealedModel]]:
    """全部带行印的模型。"""
    from django.apps import apps

    return [model for model in apps.get_models() if issubclass(model, SealedModel)]


def _keys(model: type[models.Model]) -> Iterator[list[Any]]:
    keys: list[Any] = []
    for key in model._base_manager.order_by("pk").values_list("pk", flat=True).iterator(CHUNK):
        keys.append(key)
        if len(keys) == CHUNK:
            yield keys
            keys = []
    if keys:
        yield keys


# 值已经是这个类型的，不用再转；办理的热路径上每件要算两行。
_USUAL: tuple[tuple[type[models.Field[Any, Any]], type], ...] = (
    (models.CharField, str),
    (models.TextField, str),
    (models.IntegerField, int),
    (models.DateTimeField, datetime),
)


@cache
def _columns(model: type[models.Model]) -> tuple[tuple[str, type | None, Any], ...]:
    """算进行印的各列：（属性名，平常的类型，怎样转成它）。"""
    found = []
    for field in model._meta.concrete_fields:
        if field.attname in getattr(model, "unsealed", ()) or field.generated:
            continue
        if isinstance(field, SealField | models.AutoField):
            continue
        target: Any = field
        while isinstance(target, models.ForeignKey):
            target = target.target_field
        usual = next((plain for kind, plain in _USUAL if isinstance(target, kind)), None)
        found.append((field.attname, usual, target.to_python))
    return tuple(found)


def _plain(value: Any) -> Any:
    """同一个值，写之前和读出来一个样子。"""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, datetime):
        return value.timestamp() if value.tzinfo else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _whole(model: type[models.Model], keys: list[Any], using: str | None) -> list[Any]:
    """锁住这些行，返回行印相符的。"""
    rows = model._base_manager.using(using).select_for_update().filter(pk__in=keys).order_by("pk")
    return [row.pk for row in rows if intact(row)]


def _reseal(model: type[models.Model], keys: list[Any], using: str | None) -> list[bytes]:
    """照库里现在的样子重算这些行的行印，返回新的。"""
    if not keys:
        return []
    rows = list(model._base_manager.using(using).filter(pk__in=keys))
    seals = [secrets.row_seal(content_of(row)) for row in rows]
    real: Any = connections[using or DEFAULT_DB_ALIAS]
    pk = model._meta.pk
    values = [
        (real.Database.Binary(seal), pk.get_db_prep_value(row.pk, real))
        for row, seal in zip(rows, seals, strict=True)
    ]
    with real.cursor() as cursor:
        cursor.executemany(
            f'UPDATE "{model._meta.db_table}" SET "seal" = %s WHERE "{pk.column}" = %s', values
        )
    return seals
