"""工作列表的一支支语句：条件的一段、怎样走索引取前若干、数到为止。只由 `listing` 用。"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q

from jiezhi.base.casework import dialect
from jiezhi.base.casework.models import Case

ALL = 1_000_000_000
"""排好序的一段不限件数：写明一个限数，两种库都先排序、再一件一件往外给。"""


def run(sql: str, params: Sequence[Any]) -> list[Any]:
    """各行。"""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Sql:
    """一段语句和它的参数。空的条件是不限。"""

    sql: str
    params: tuple[Any, ...] = ()


def every(*conditions: Sql | None) -> Sql | None:
    """这些条件都要；有一个是 None（一件也不会有）就是 None。"""
    given = [one for one in conditions if one is not None]
    if len(given) < len(conditions):
        return None
    return Sql(
        " AND ".join(one.sql for one in given if one.sql),
        tuple(value for one in given for value in one.params),
    )


def where_of(q: Q) -> Sql | None:
    """条件写成语句；一件也不会有的为 None。各支的条件大半相同，所以拼语句之前先各写成一段，只写一遍。"""
    try:
        rows = Case.objects.filter(q).order_by().values_list("pk")
        sql, params = rows.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    _, _, condition = sql.partition(" WHERE ")
    return Sql(f"({condition})" if condition else "", tuple(params))


def column(name: str, value: Any, table: str = "casework_case") -> Sql:
    """这一列等于 `value`。"""
    return Sql(f'"{table}"."{name}" = %s', (value,))


LIVE = Sql('"casework_case"."closed_at" IS NULL')
ENDED = Sql('"casework_case"."closed_at" IS NOT NULL AND "casework_case"."due_at" IS NULL')
LATE = Sql('"casework_case"."closed_at" IS NOT NULL AND "casework_case"."due_at" IS NOT NULL')
OPENLY = Sql('NOT "casework_case"."confidential"')


@dataclass(frozen=True, slots=True)
class Arm:
    """一支怎么走：条件、用哪个索引、从哪里走起（见 `dialect.walked`）；`words` 是排好序之后再逐件读文字核对的词。"""

    where: Sql | None
    index: str = ""
    source: str = "case"
    words: tuple[str, ...] = ()

    def part(self, most: int | None = None, *, ended: bool = False) -> list[Sql]:
        """语句，给出（到期、排位）；一件也不会有的为空。

        给了 `most` 是前几件。`ended` 为真时是办结的一段：没有到期，只按排位。
        """
        if self.where is None:
            return []
        due = dialect.no_due() if ended else '"casework_case"."due_at"'  # 索引里没有的列不取，免得翻行
        start = dialect.walked(self.source, self.index)
        # 一个人在一件上可以有几个角色：先去重再取前若干，不然少取了件。
        distinct = "DISTINCT " if self.source == "role" else ""
        place = dialect.place_in(self.source)
        sql = f'SELECT {distinct}{due} AS "due_at", {place} AS "place" FROM {start} WHERE {self.where.sql}'
        if most is None:
            return [Sql(sql, self.where.params)]
        order = f"{place} DESC" if ended else f'"casework_case"."due_at" ASC NULLS LAST, {place} DESC'
        whole = Sql(f"{sql} ORDER BY {order} LIMIT %s", (*self.where.params, ALL if self.words else most))
        return [self._spoken(whole, most) if self.words else whole]

    def _spoken(self, rows: Sql, most: int) -> Sql:
        """排好序的 `rows` 里有那些词的前 `most` 件：读文字费时，够了就停，不在排序之前逐件去读。"""
        has, words = dialect.text_has(self.words, '"sorted"."place"')
        sql = f'SELECT "due_at", "place" FROM ({rows.sql}) AS "sorted" WHERE {has} LIMIT %s'
        return Sql(sql, (*rows.params, *words, most))

    def counted(self, most: int) -> list[Sql]:
        """数到 `most` 件为止的语句；从角色走起的只数角色，不翻件，只多不少。"""
        if self.where is None:
            return []
        start = dialect.walked(self.source, self.index)
        return [
            Sql(f"SELECT 1 AS one FROM {start} WHERE {self.where.sql} LIMIT %s", (*self.where.params, most))
        ]


def more_than(limit: int, arms: Sequence[Arm]) -> bool:
    """各支合起来超过 `limit` 件没有；数到为止。"""
    parts = [part for arm in arms for part in arm.counted(limit + 1)]
    if not parts:
        return False
    one = " UNION ALL ".join(f"SELECT * FROM ({part.sql}) AS part" for part in parts)
    params = [value for part in parts for value in part.params]
    return bool(run(f"SELECT count(*) FROM ({one}) AS every", params)[0][0] > limit)
