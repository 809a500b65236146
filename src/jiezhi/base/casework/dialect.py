"""两种数据库写法不同的语句，都在这里：排位列、全文索引、指定用哪个索引。

SQLite 的规划器不知道一个值有多少行，列表的语句给它写明用哪个索引；PostgreSQL 有统计，自己挑。
全文索引里是两字串的集合（见 search.py），SQLite 用 FTS5，PostgreSQL 用 tsvector，行号就是件的排位。
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, connections, migrations
from django.db.models import Func
from django.db.models.expressions import RawSQL

from jiezhi.base.casework import slices

PK_BITS = 27
"""排位的低位是件的主键：一个库至多一亿三千万件。"""

_PK = (1 << PK_BITS) - 1
_CASE, _TEXT, _WORDS = '"casework_case"', '"casework_casetext"', '"casework_words"'


class Place(Func):
    """排位：来件的那一秒在前，主键在后，所以各件不同，又按来件先后。由数据库自己算，改不错。"""

    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # 只取到秒：strftime 遇到小数会进到下一秒。逗号后不空格：Django 读表结构时按“, ”分列。
        return self._sql(compiler, "CAST(strftime('%%s',substr({},1,19)) AS integer)")

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._sql(compiler, "floor(extract(epoch from ({} AT TIME ZONE 'UTC')))::bigint")

    def _sql(self, compiler: Any, seconds: str) -> Any:
        opened, pk = (compiler.compile(one)[0] for one in self.get_source_expressions())
        return f"(({seconds.format(opened)} << {PK_BITS}) + {pk})", []


def pk_at(place: int) -> int:
    """排位 → 件的主键。"""
    return place & _PK


def place_at(moment: datetime) -> int:
    """那一刻来的件的排位从这里起。"""
    return int(moment.timestamp()) << PK_BITS


# ---- 全文索引的表 ----

_SQLITE = [
    # 内容在 casework_casetext，这里只有索引；不记位置，也不记长短。切词、折叠都在 search.py 做完了，这里只按空格分：
    # 用 ascii（非 ASCII 的字一律照收）。unicode61 的字表旧，有三十多个字不认、有的另有折法，两边就永远对不上。
    f"""CREATE VIRTUAL TABLE IF NOT EXISTS {_WORDS} USING fts5(
        words, content='casework_casetext', content_rowid='id', detail=none, columnsize=0,
        tokenize='ascii')""",
    f"""CREATE TRIGGER IF NOT EXISTS "casework_words_insert" AFTER INSERT ON {_TEXT} BEGIN
        INSERT INTO {_WORDS}(rowid, words) VALUES (NEW.id, NEW.words); END""",
    f"""CREATE TRIGGER IF NOT EXISTS "casework_words_delete" AFTER DELETE ON {_TEXT} BEGIN
        INSERT INTO {_WORDS}({_WORDS}, rowid, words) VALUES ('delete', OLD.id, OLD.words); END""",
    f"""CREATE TRIGGER IF NOT EXISTS "casework_words_update" AFTER UPDATE OF id, words ON {_TEXT} BEGIN
        INSERT INTO {_WORDS}({_WORDS}, rowid, words) VALUES ('delete', OLD.id, OLD.words);
        INSERT INTO {_WORDS}(rowid, words) VALUES (NEW.id, NEW.words); END""",
]
_POSTGRESQL = [
    # 按字节比：区域、编号按开头找要用得上索引，也与 SQLite 一样。
    f'ALTER TABLE {_CASE} ALTER COLUMN "area_path" TYPE varchar(200) COLLATE "C"',
    f'ALTER TABLE {_TEXT} ALTER COLUMN "tail" TYPE varchar(80) COLLATE "C"',
    f"""ALTER TABLE {_TEXT} ADD COLUMN IF NOT EXISTS "tokens" tsvector
        GENERATED ALWAYS AS (array_to_tsvector(string_to_array("words", ' ') || {slices.tokens('"id"', PK_BITS)}))
        STORED""",
    f'CREATE INDEX IF NOT EXISTS "casework_words" ON {_TEXT} USING gin ("tokens")',
]


def operation() -> migrations.RunPython:
    """迁移步骤：建全文索引。退回迁移时随表一起没了。"""

    def forwards(_apps: Any, schema_editor: Any) -> None:
        vendor = schema_editor.connection.vendor
        for statement in _SQLITE if vendor == "sqlite" else _POSTGRESQL:
            schema_editor.execute(statement)

    def backwards(_apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TABLE IF EXISTS {_WORDS}")

    return migrations.RunPython(forwards, backwards)


def install_after_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    """post_migrate：SQLite 改表会重建整张表、丢掉触发器，补装。"""
    real = connections[using]
    with real.cursor() as cursor:
        if real.vendor == "sqlite" and "casework_casetext" in real.introspection.table_names(cursor):
            for statement in _SQLITE:
                cursor.execute(statement)


def rebuild() -> None:
    """由 casework_casetext 重建索引，旧词一个不留。PostgreSQL 的索引列由数据库算，只重整。"""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"INSERT INTO {_WORDS}({_WORDS}) VALUES ('rebuild')")
        else:
            cursor.execute('REINDEX INDEX "casework_words"')


def index_broken() -> str:
    """全文索引里的词与 casework_casetext 对不上，就说是哪些；对得上为空串。只读，不占写锁。

    逐词对件数：改、删、插、换任何一件的词，都会有词的件数对不上。
    """
    if connection.vendor != "sqlite":
        return ""  # 索引列由数据库算出，写不进别的
    with _one_moment() as cursor:
        cursor.execute("DROP TABLE IF EXISTS temp.casework_vocab")
        cursor.execute(
            "CREATE VIRTUAL TABLE temp.casework_vocab USING fts5vocab('main', 'casework_words', 'row')"
        )
        due: Counter[str] = Counter()
        cursor.execute(f"SELECT words FROM {_TEXT}")
        while rows := cursor.fetchmany(1000):
            for (words,) in rows:
                due.update(words.split())
        cursor.execute("SELECT term, doc FROM temp.casework_vocab")
        found = dict(cursor.fetchall())
    wrong = sorted(word for word in {*due, *found} if due.get(word) != found.get(word))
    return f"全文索引里有{len(wrong)}个词与“件的文字”对不上，如“{'、'.join(wrong[:3])}”" if wrong else ""


@contextmanager
def _one_moment() -> Iterator[Any]:
    """在同一时刻里读几条语句。Django 的事务一开始就占写锁，这里不占。"""
    with connection.cursor() as cursor:
        mine = not connection.in_atomic_block
        if mine:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield cursor
        finally:
            if mine:
                cursor.execute("COMMIT")


UPSERT = (
    f'INSERT INTO {_TEXT} ("id", "case_id", "words", "tail") VALUES %s'
    ' ON CONFLICT ("id") DO UPDATE SET "words" = excluded."words", "tail" = excluded."tail"'
)


def matches(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """件的文字里这些词全都有：条件（用在全文索引作主表的语句里）和它的参数。"""
    if connection.vendor == "sqlite":
        return f"{_WORDS} MATCH %s", (" AND ".join(f'"{word}"' for word in words),)
    return f'{_TEXT}."tokens" @@ %s::tsquery', (" & ".join(f"'{word}'" for word in words),)


def places_with(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """这些词全都有的件的排位：子查询和它的参数。"""
    condition, params = matches(words)
    table, place = (_WORDS, "rowid") if connection.vendor == "sqlite" else (_TEXT, '"id"')
    return f"SELECT {place} FROM {table} WHERE {condition}", params


def text_has(words: Sequence[str], place: str) -> tuple[str, tuple[str, ...]]:
    """排位是 `place`（语句里的一列）的那件文字里这些词全都有：不用全文索引，读它的文字看，词很常见时用。"""
    condition, params = matches(words)
    if connection.vendor == "sqlite":
        condition = " AND ".join([f"(' ' || {_TEXT}.\"words\" || ' ') LIKE %s"] * len(words))
        params = tuple(f"% {word} %" for word in words)
    # 写成取一个值，不写 EXISTS：PostgreSQL 会把 EXISTS 改成连接，先从全文索引把有这些词的全取出来。
    return f'(SELECT {condition} FROM {_TEXT} WHERE {_TEXT}."id" = {place})', params


def sliced() -> bool:
    """全文索引不带次序，要分时段找，见 slices.py。"""
    return connection.vendor != "sqlite"


def lately(words: Sequence[str], newest: int) -> tuple[str, tuple[str, ...]]:
    """同 `matches`，只看排位 `newest` 之前不久的时段。"""
    some = " | ".join(f"'{one}'" for one in slices.lately(newest >> PK_BITS))
    condition, params = matches(words)
    return condition, tuple(f"{one} & ({some})" for one in params)


def newest_first(words: Sequence[str], newest: int, oldest: int, where: str) -> tuple[str, tuple[Any, ...]]:
    """有这些词、合 `where` 的件的排位，后来的在前，走到够了就停；接着写 LIMIT。参数在 `where` 的之前。

    排位在 `newest` 到 `oldest` 之间；一段一段找，一段里找到的才排序，所以很常见的词也只看最近的几段。
    """
    wanted = [
        " & ".join(f"'{word}'" for word in (*words, one))
        for one in slices.cover(newest >> PK_BITS, oldest >> PK_BITS)
    ]
    sql = (
        f'SELECT {no_due()} AS "due_at", hit."place" FROM unnest(%s::text[]) WITH ORDINALITY AS slice("words", "n")'
        f' CROSS JOIN LATERAL (SELECT {_TEXT}."id" AS "place" FROM {walked("words")}'
        f' WHERE {_TEXT}."tokens" @@ slice."words"::tsquery AND {where}) AS hit'
        ' ORDER BY slice."n", hit."place" DESC'
    )
    return sql, (wanted,)


# ---- 列表的语句 ----


def keys(values: Sequence[int]) -> RawSQL:
    """很多主键作一个参数，用在 `pk__in`：几千个参数的语句，光拼和排计划就要几十毫秒。"""
    if connection.vendor == "sqlite":
        return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(values))])
    return RawSQL("SELECT unnest(%s::bigint[])", [list(values)])


def picks_indexes() -> bool:
    """规划器自己挑得好索引，不用写明。"""
    return connection.vendor != "sqlite"


def no_due() -> str:
    """没有到期，作一列。"""
    return "NULL" if connection.vendor == "sqlite" else "NULL::timestamptz"


def walked(source: str, index: str = "") -> str:
    """取件的语句从 `source` 走起（FROM 一段）：case 件自己的索引，late 办结而还有到期的件，role、field 索引行，words 全文索引；role only、words only 只数，不取件。"""
    sqlite = connection.vendor == "sqlite"
    if source == "role only":
        return '"casework_caserole"' + (f' INDEXED BY "{index}"' if sqlite else "")
    if source == "words only":
        return _WORDS if sqlite else _TEXT
    if source == "late" and not sqlite:
        # 本该一件也没有：先取出来（OFFSET 0 不许改次序），不然规划器会从一个人经办过的几万件走起。
        late = '"closed_at" IS NOT NULL AND "due_at" IS NOT NULL'
        return f"(SELECT * FROM {_CASE} WHERE {late} OFFSET 0) AS {_CASE}"
    if source in ("case", "late"):
        return f'{_CASE} INDEXED BY "{index}"' if sqlite and index else _CASE
    link = f'ON ({_CASE}."id" ='
    if not sqlite:
        table = _TEXT if source == "words" else f'"casework_case{source}"'
        return f'{table} INNER JOIN {_CASE} {link} {table}."case_id")'
    looked = f'CROSS JOIN {_CASE} INDEXED BY "case_listed" {link}'
    if source == "words":
        return f"{_WORDS} {looked} ({_WORDS}.rowid & {_PK}))"
    table = f'"casework_case{source}"'
    return f'{table} INDEXED BY "{index}" {looked} {table}."case_id")'


def place_in(source: str) -> str:
    """各种走法里的排位列。"""
    if source == "words":
        return f"{_WORDS}.rowid" if connection.vendor == "sqlite" else f'{_TEXT}."id"'
    return f'{_CASE}."place"' if source in ("case", "late") else f'"casework_case{source}"."place"'


# ---- 办理记录的语句 ----


def from_records(told: str) -> str:
    """由办理记录（`told`，有 case_id 一列的子查询）找到件（FROM 一段）：件只翻索引，不翻行。"""
    if connection.vendor == "sqlite":
        return f'{told} AS told CROSS JOIN {_CASE} INDEXED BY "case_listed" ON {_CASE}."id" = told."case_id"'
    return f'{told} AS told INNER JOIN {_CASE} ON {_CASE}."id" = told."case_id"'


def backfilled(recent: int, since: datetime | None, late: timedelta) -> tuple[str, list[Any]]:
    """最后 `recent` 条办理记录里，`since` 以来登记、登记比发生晚 `late` 以上、是人登记的（不是导入、系统）。

    没有索引可走，所以按主键从最后一条往回看这么多条，不管总共有多少。
    """
    sqlite = connection.vendor == "sqlite"
    lag = (
        "(julianday(recorded_at) - julianday(at)) * 86400"
        if sqlite
        else "extract(epoch from recorded_at - at)"
    )
    imported = "instr(body, %s) = 0" if sqlite else "position(%s in body) = 0"
    sql = (
        'SELECT "id", "case_id" FROM "casework_event" WHERE "id" > (SELECT max("id") FROM "casework_event") - %s'
        f" AND officer_id IS NOT NULL AND recorded_at > at AND {lag} > %s AND {imported}"
    )
    params: list[Any] = [recent, late.total_seconds(), b'"kind":"import"']
    if since is not None:
        sql += " AND recorded_at >= %s"
        params.append(connection.ops.adapt_datetimefield_value(since))
    return sql, params
