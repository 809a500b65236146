"""只能追加的表：模型、查询集和数据库触发器三道防线。

触发器防的是绕过程序的误改；能改库结构的人仍能拆掉触发器，那一层由办理记录的指纹链和外存的检查点发现。
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS, connections, migrations, models

from jiezhi.base.accounts.errors import AppendOnlyError

PREFIX = "append_only_"
MESSAGE = "这类记录只能追加，不能修改或删除"
POSTGRESQL_BODY = f"BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END"


class AppendOnlyQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(MESSAGE)

    def delete(self) -> NoReturn:
        raise AppendOnlyError(MESSAGE)

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(MESSAGE)


class AppendOnlyModel(models.Model):
    """抽象基类：只能新增。子类的表在迁移里用 `operation()`,并在每次迁移后自动补装触发器。"""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError(MESSAGE)
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(MESSAGE)


def _sqlite(table: str, key: str) -> list[str]:
    stop = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    name = PREFIX + table
    return [
        f'CREATE TRIGGER IF NOT EXISTS "{name}_update" BEFORE UPDATE ON "{table}" {stop}',
        f'CREATE TRIGGER IF NOT EXISTS "{name}_delete" BEFORE DELETE ON "{table}" {stop}',
        # INSERT OR REPLACE 会先删旧行而不触发删除触发器，所以另拦一道。
        f'CREATE TRIGGER IF NOT EXISTS "{name}_replace" BEFORE INSERT ON "{table}" '
        f'WHEN EXISTS (SELECT 1 FROM "{table}" WHERE "{key}" = NEW."{key}") {stop}',
    ]


def _postgresql(table: str, key: str) -> list[str]:
    name = PREFIX + table
    return [
        "CREATE OR REPLACE FUNCTION jiezhi_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$${POSTGRESQL_BODY}$$",
        f'DROP TRIGGER IF EXISTS "{name}_change" ON "{table}"',
        f'CREATE TRIGGER "{name}_change" BEFORE DELETE OR UPDATE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION jiezhi_append_only()",
        f'DROP TRIGGER IF EXISTS "{name}_truncate" ON "{table}"',
        f'CREATE TRIGGER "{name}_truncate" BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION jiezhi_append_only()",
    ]


_INSTALL: dict[str, Callable[[str, str], list[str]]] = {"sqlite": _sqlite, "postgresql": _postgresql}


def statements(vendor: str, table: str, key: str = "id") -> list[str]:
    """某种数据库上给 `table` 装触发器的语句（可重复执行）；不认识的数据库 → ValueError。"""
    if vendor not in _INSTALL:
        raise ValueError(f"还不支持在 {vendor} 上保护只追加的表")
    return _INSTALL[vendor](table, key)


def _removal(vendor: str, table: str) -> list[str]:
    name = PREFIX + table
    if vendor == "sqlite":
        return [f'DROP TRIGGER IF EXISTS "{name}_{what}"' for what in ("update", "delete", "replace")]
    return [f'DROP TRIGGER IF EXISTS "{name}_{what}" ON "{table}"' for what in ("change", "truncate")]


def operation(*tables: str) -> migrations.RunPython:
    """迁移步骤：给这些表装上触发器（退回迁移时拆掉）。"""

    def forwards(_apps: Any, schema_editor: Any) -> None:
        for table in tables:
            for statement in statements(schema_editor.connection.vendor, table):
                schema_editor.execute(statement)

    def backwards(_apps: Any, schema_editor: Any) -> None:
        for table in tables:
            for statement in _removal(schema_editor.connection.vendor, table):
                schema_editor.execute(statement)

    return migrations.RunPython(forwards, backwards)


def _models(label: str | None = None) -> list[type[models.Model]]:
    found = apps.get_app_config(label).get_models() if label else apps.get_models()
    return [model for model in found if issubclass(model, AppendOnlyModel)]


def install_after_migrate(
    sender: AppConfig, using: str = DEFAULT_DB_ALIAS, plan: Any = None, **kwargs: Any
) -> None:
    """post_migrate：补装本应用各只追加表的触发器。"""
    connection = connections[using]
    if not (mine := _models(sender.label)):
        return
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for model in mine:
            if model._meta.db_table in present:
                for statement in statements(connection.vendor, model._meta.db_table):
                    cursor.execute(statement)


@contextmanager
def suspended(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """暂时拆掉本程序装的全部只追加触发器。只给测试清库用（flush 会删行），业务代码不得调用。"""
    connection = connections[using]
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        tables = [m._meta.db_table for m in _models() if m._meta.db_table in present]
        for table in tables:
            for statement in _removal(connection.vendor, table):
                cursor.execute(statement)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in tables:
                for statement in statements(connection.vendor, table):
                    cursor.execute(statement)
