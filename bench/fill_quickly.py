"""灌库时让数据库写得快：灌完各项恢复。"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def quickly(real: Any, written: Sequence[str]) -> Iterator[None]:
    """灌的时候不落盘、不查外键、不维护索引；灌完补建，收集统计，各项恢复。"""
    from django.core.management.color import no_style
    from django.db import transaction

    from jiezhi.base.accounts import append_only
    from jiezhi.base.casework import dialect
    from jiezhi.base.casework.models import (
        Case,
        CaseField,
        CaseParty,
        CaseRole,
        Clock,
        ClockEntry,
        Event,
        EvidenceUse,
    )

    sqlite = real.vendor == "sqlite"
    with real.cursor() as cursor:
        if sqlite:
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "journal_mode=OFF", "cache_size=-400000"):
                cursor.execute(f"PRAGMA {pragma}")
            for what in ("insert", "delete", "update"):
                cursor.execute(f"DROP TRIGGER casework_words_{what}")
            tables = ", ".join(f"'{table}'" for table in written)
            cursor.execute(
                f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL AND tbl_name IN ({tables})"
            )
        else:
            cursor.execute(
                "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = ANY(%s) AND NOT EXISTS"
                " (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)",
                [list(written)],
            )
        indexes = [(name, sql) for name, sql in cursor.fetchall()]
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    with append_only.suspended(), transaction.atomic():
        yield
    with real.cursor() as cursor:
        for _, sql in indexes:
            cursor.execute(sql)
        if sqlite:
            dialect.rebuild()
            dialect.install_after_migrate(None, using="default")
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {pragma}")
        else:
            models = [Case, CaseField, CaseParty, CaseRole, Clock, ClockEntry, Event, EvidenceUse]
            for sql in real.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(sql)
            cursor.execute("VACUUM ANALYZE")
    real.close()
