"""办理的热路径上的读写：语句只拼一次。

Django 每次都重新拼语句，一次办理十来条，拼的时间比执行还长；这里把拼好的语句留在进程里，
值的转换仍用 Django 字段自己的，所以两种数据库一样。只给 engine/ 用。
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, connections, models
from django.db.models.query import get_related_populators

from jiezhi.core.evidence.canonical import plain_json

M = TypeVar("M", bound=models.Model)
# SQLite 一条语句最多 32766 个参数；留有余地。
MAX_PARAMETERS = 30_000

_inserts: dict[tuple[str, type[models.Model]], _Insert] = {}
_updates: dict[tuple[str, type[models.Model], tuple[str, ...]], tuple[str, list[models.Field[Any, Any]]]] = {}


def insert(rows: Sequence[models.Model]) -> None:
    """新增同一种行，一条语句；自增主键填回各行。违反唯一约束时抛 IntegrityError。"""
    if not rows:
        return
    model = type(rows[0])
    parts = _insert_parts(model)
    auto = model._meta.auto_field
    keys = insert_values(model, parts.names, [parts.read(row) for row in rows])
    for row, pk in zip(rows, keys, strict=True):
        if auto is not None:
            setattr(row, auto.attname, pk)
        row._state.adding = False
        row._state.db = connection.alias


def insert_values(
    model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[Any]:
    """同 `insert`，给的是各列的值（次序照 `names`，须给全除自增主键外的列）；返回各行的主键。

    只写不再用的行（时限流水、筛选值……）不必先造模型实例，一件省下近十个。
    """
    if not rows:
        return []
    parts = _insert_parts(model)
    if tuple(names) != parts.names:
        raise ValueError(f"{model.__name__} 的列不对：{', '.join(names)}")
    step = max(1, MAX_PARAMETERS // len(parts.names))
    auto = model._meta.auto_field
    real = connections[connection.alias]
    converters = [make(real) for make in parts.converters]
    keys: list[Any] = []
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        values: list[Any] = [
            convert(value) for row in chunk for convert, value in zip(converters, row, strict=True)
        ]
        sql = f"{parts.head} VALUES {', '.join([parts.group] * len(chunk))}{parts.tail}"
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            keys += [pk for (pk,) in cursor.fetchall()] if auto is not None else [None] * len(chunk)
    return keys


def _converter(field: models.Field[Any, Any]) -> Callable[[Any], Callable[[Any], Any]]:
    """值 → 数据库里的样子。给数据库连接，返回转换函数；类型已对的原样过，一批里反复出现的时刻只转换一次。"""
    prepare = field.get_db_prep_save
    plain = _plain_type(field)
    if plain is not None:
        return lambda real: lambda value: value if type(value) is plain else prepare(value, real)
    if isinstance(field, models.JSONField):
        # SQLite 里 JSON 就是文字：中文原样写，不转义，省一半地方。
        return lambda real: _json_text if real.vendor == "sqlite" else lambda value: prepare(value, real)

    def start(real: Any) -> Callable[[Any], Any]:
        known: dict[datetime, Any] = {}

        def convert(value: Any) -> Any:
            if type(value) is datetime:
                if value not in known:
                    known[value] = prepare(value, real)
                return known[value]
            return prepare(value, real)

        return convert

    return start


def _json_text(value: Any) -> str:
    if not value and type(value) in (list, dict):
        return "[]" if type(value) is list else "{}"
    return plain_json(value)


_PLAIN: tuple[tuple[type[models.Field[Any, Any]], type], ...] = (
    (models.CharField, str),
    (models.TextField, str),
    (models.IntegerField, int),
    (models.FloatField, float),
)


def _plain_type(field: models.Field[Any, Any]) -> type | None:
    """值是这个类型就能原样交给数据库；没有这样的类型（时间、JSON……）时为 None。"""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return next((plain for kind, plain in _PLAIN if isinstance(field, kind)), None)


class _Insert:
    """新增一种行的语句和各列的转换。"""

    def __init__(self, model: type[models.Model]) -> None:
        auto = model._meta.auto_field
        fields = [field for field in model._meta.concrete_fields if field is not auto and not field.generated]
        columns = ", ".join(f'"{field.column}"' for field in fields)
        self.names = tuple(field.attname for field in fields)
        self.read = attrgetter(*self.names)
        self.head = f'INSERT INTO "{model._meta.db_table}" ({columns})'
        self.group = "(" + ", ".join(["%s"] * len(fields)) + ")"
        self.tail = f' RETURNING "{auto.column}"' if auto is not None else ""
        self.converters = [_converter(field) for field in fields]


def _insert_parts(model: type[models.Model]) -> _Insert:
    key = (connection.vendor, model)
    if key not in _inserts:
        _inserts[key] = _Insert(model)
    return _inserts[key]


def update(row: models.Model, names: Sequence[str]) -> None:
    """按主键改一行的若干列。"""
    model = type(row)
    key = (connection.vendor, model, tuple(names))
    if key not in _updates:
        fields: list[models.Field[Any, Any]] = [model._meta.get_field(name) for name in names]  # type: ignore[misc]
        columns = ", ".join(f'"{field.column}" = %s' for field in fields)
        pk = model._meta.pk.column
        _updates[key] = (f'UPDATE "{model._meta.db_table}" SET {columns} WHERE "{pk}" = %s', fields)
    sql, fields = _updates[key]
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, row.pk])


def update_many(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """同 `update`，改同一种的很多行：一条语句逐行带值执行。

    Django 的 bulk_update 把几百行拼成一条 CASE，光拼就要每行几毫秒。
    """
    if len(rows) < 2:
        for row in rows:
            update(row, names)
        return
    model, real = type(rows[0]), connections[connection.alias]
    fields: list[models.Field[Any, Any]] = [model._meta.get_field(name) for name in names]  # type: ignore[misc]
    columns = ", ".join(f'"{field.column}" = %s' for field in fields)
    sql = f'UPDATE "{model._meta.db_table}" SET {columns} WHERE "{model._meta.pk.column}" = %s'
    converters = [_converter(field)(real) for field in fields]
    read = attrgetter(*(field.attname for field in fields))
    values = [
        [*(convert(value) for convert, value in zip(converters, read(row), strict=True)), row.pk]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)


class Prepared:
    """一条只有一个参数的查询，语句只拼一次。

    `build` 收到参数、返回查询集；参数在条件里只出现一次。`prepare` 把参数变成数据库里的样子。
    """

    def __init__(
        self, build: Callable[[Any], models.QuerySet[Any]], example: Any, prepare: Callable[[Any], Any]
    ) -> None:
        self._build = build
        self._example = example
        self._prepare = prepare
        self._compiled: dict[str, tuple[Any, str, list[Any], int]] = {}

    def fetch(self, value: Any) -> list[Any]:
        """执行，返回模型实例。"""
        compiler, sql, params, place = self._parts()
        actual = [*params[:place], self._prepare(value), *params[place + 1 :]]
        with connection.cursor() as cursor:
            cursor.execute(sql, actual)
            rows = cursor.fetchall()
        if not rows:
            return []
        converters = compiler.get_converters([item[0] for item in compiler.select])
        if converters:
            rows = compiler.apply_converters(rows, converters)
        info = compiler.klass_info
        model = info["model"]
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        names = [item[0].target.attname for item in compiler.select[first:last]]
        related = get_related_populators(info, compiler.select, connection.alias)  # type: ignore[call-arg]
        found = []
        for row in map(list, rows):
            instance = model.from_db(connection.alias, names, row[first:last])
            for populator in related:
                populator.populate(row, instance)
            found.append(instance)
        return found

    def _parts(self) -> tuple[Any, str, list[Any], int]:
        if connection.vendor not in self._compiled:
            queryset = self._build(self._example)
            compiler = queryset.query.get_compiler(connection.alias, connection=connection)
            sql, params = compiler.as_sql()
            wanted = self._prepare(self._example)
            self._compiled[connection.vendor] = (compiler, sql, list(params), list(params).index(wanted))
        return self._compiled[connection.vendor]
