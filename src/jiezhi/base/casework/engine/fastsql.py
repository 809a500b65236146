"""办理的热路径上的读写：语句只拼一次。

Django 每次都重新拼语句，一次办理十来条，拼的时间比执行还长；这里把拼好的语句留在进程里，
值的转换仍用 Django 字段自己的，所以两种数据库一样。只给 engine/ 用。
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import connection, connections, models
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)
# SQLite 一条语句最多 32766 个参数；留有余地。
MAX_PARAMETERS = 30_000

_inserts: dict[tuple[str, type[models.Model]], tuple[str, str, list[models.Field[Any, Any]]]] = {}
_updates: dict[tuple[str, type[models.Model], tuple[str, ...]], tuple[str, list[models.Field[Any, Any]]]] = {}


def insert(rows: Sequence[models.Model]) -> None:
    """新增同一种行，一条语句；自增主键填回各行。违反唯一约束时抛 IntegrityError。"""
    if not rows:
        return
    model = type(rows[0])
    head, group, fields = _insert_parts(model)
    step = max(1, MAX_PARAMETERS // len(fields))
    auto = model._meta.auto_field
    # 批量时一件有上百个值：类型已对的不再逐个经 Django 转换，连接也不每次经代理去取。
    real = connections[connection.alias]
    plan = [(field.attname, _plain_type(field), field) for field in fields]
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        values: list[Any] = [
            value if type(value := getattr(row, name)) is kind else field.get_db_prep_save(value, real)
            for row in chunk
            for name, kind, field in plan
        ]
        sql = f"{head} VALUES {', '.join([group] * len(chunk))}"
        if auto is not None:
            sql += f' RETURNING "{auto.column}"'
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            if auto is not None:
                for row, (pk,) in zip(chunk, cursor.fetchall(), strict=True):
                    setattr(row, auto.attname, pk)
        for row in chunk:
            row._state.adding = False
            row._state.db = connection.alias


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


def _insert_parts(model: type[models.Model]) -> tuple[str, str, list[models.Field[Any, Any]]]:
    key = (connection.vendor, model)
    if key not in _inserts:
        fields = [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]
        columns = ", ".join(f'"{field.column}"' for field in fields)
        head = f'INSERT INTO "{model._meta.db_table}" ({columns})'
        _inserts[key] = (head, "(" + ", ".join(["%s"] * len(fields)) + ")", fields)
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
