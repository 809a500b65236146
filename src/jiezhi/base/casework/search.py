"""按字找件：编号、件名、不保密的正文和地点进全文索引；姓名、电话、证件号凭盲索引。

索引里是两字串（“路灯不亮”是“路灯”“灯不”“不亮”），不是分出来的词：分词把“路灯不亮”切成“路”“灯不亮”，再找
“路灯”就找不到了。找的时候才分词：长的一句拆成几个词，各词都要有。两字串只由文字本身决定，词典升级不用重建。
敏感字段一个字也不进索引；限指定人员的件不进。
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import add
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from jiezhi.base.accounts import secrets
from jiezhi.base.casework import dialect, matters
from jiezhi.base.casework.models import Case, CaseParty, CaseText
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.fold import ERASED

MOST_TEXT = 20_000
"""一件最多取这么多字进索引。"""
MOST_WORDS = 40
"""一次最多找这么多个两字串，再长的只看前面。"""
SHORT = 4
"""不超过这么多字的连着找；再长的分词，各词都要有。"""
TAIL_LEAST = 3
"""编号凭末几位找，至少几位。"""

_HAN = "\u3400-\u9fff\U00020000-\U000323af"
_CHUNK = re.compile(r"[^\W_]+")
# 一串字母数字连着写太长的截成几段：PostgreSQL 的一个词最多两千来字节。
_UNIT = re.compile(f"[{_HAN}]|[^\\W_{_HAN}]{{1,64}}")
_HAN_ONLY = re.compile(f"[{_HAN}]+")
_QUOTED = re.compile(r"[\"“”「」]([^\"“”「」]+)[\"“”「」]")
_LAST = "\U0010ffff"


def place_at(opened_at: datetime, pk: int) -> int:
    """件的排位，与数据库自己算的（dialect.Place）一样。"""
    return (int(opened_at.timestamp()) << dialect.PK_BITS) + pk


# ---- 切字 ----


def _plain(text: str) -> str:
    """全角变半角，大小写（连同希腊字母的词尾写法）变成一种。"""
    return unicodedata.normalize("NFKC", text).casefold()


def _pairs(units: Sequence[str]) -> list[str]:
    return [one + other for one, other in zip(units, units[1:], strict=False)]


def words_of(texts: Sequence[str]) -> str:
    """几段文字 → 进索引的词，空格隔开，不重复：相邻两字连着算一个，数字、字母一串算一个字，另外自成一个。"""
    found: list[str] = []
    for chunk in _CHUNK.findall(_plain("\n".join(texts)[:MOST_TEXT])):
        units = chunk if _HAN_ONLY.fullmatch(chunk) else _UNIT.findall(chunk)
        if len(units) == 1:
            found.append(chunk)
            continue
        found += map(add, units, units[1:])
        if units is not chunk:
            found += [one for one in units if one.isascii() or len(one) > 1]
    return " ".join(dict.fromkeys(found))


def number_key(number: str) -> str:
    """编号倒过来写，去掉空白、括号、连接号和末尾的“号”：凭末几位找就是找它的开头。"""
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", number)).upper()
    return plain.removesuffix("号")[::-1]


def texts_of(number: str, title: str, fields: Mapping[str, Any], definition: Definition) -> tuple[str, ...]:
    """一件进索引的文字：编号、件名、不保密的文字和地点（地址、门牌）。"""
    found = [number]
    for name in definition.once("searched", lambda: _searched(definition)):
        value = fields.get(name)
        if value is None or value == ERASED:
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                found.append(one)
            elif isinstance(one, Mapping):
                found += [str(one[key]) for key in ("address", "doorplate") if one.get(key)]
    if not any(one.startswith(title) for one in found):
        found.insert(1, title)
    return tuple(found)


def _searched(definition: Definition) -> list[str]:
    """进索引的字段：不保密的文字和地点。"""
    kinds = (FieldType.TEXT, FieldType.PLACE)
    return [name for name, one in definition.matter.fields.items() if one.type in kinds and not one.secret]


Row = tuple[int, int, str, str]


def row_of(case: Case, texts: Sequence[str]) -> Row:
    """索引的一行：（排位、件的主键、词、倒写的编号）。"""
    return place_at(case.opened_at, case.pk), case.pk, words_of(texts), number_key(case.number)[:80]


def write(rows: Sequence[Row]) -> None:
    """写下几件的文字，有了的换掉；一条语句。"""
    if rows:
        marks = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
        with connection.cursor() as cursor:
            cursor.execute(dialect.UPSERT % marks, [value for row in rows for value in row])


# ---- 找 ----


@dataclass(frozen=True, slots=True)
class Sought:
    """要找的：`words` 全都要有的词；或者编号是 `number`、以 `tail`（倒写）结尾；或者当事人的索引在其中。"""

    words: tuple[str, ...]
    number: str
    tail: str
    indexes: tuple[str, ...]
    tails: tuple[str, ...]

    @property
    def others(self) -> list[Q]:
        """词之外的几种找法，各用各的索引。"""
        found = [Q(number=self.number)]
        if self.tail:
            ends = CaseText.objects.filter(tail__gte=self.tail, tail__lt=self.tail + _LAST)
            found.append(Q(pk__in=ends.values("case")))
        if self.indexes or self.tails:
            parties = CaseParty.objects.filter(Q(index__in=self.indexes) | Q(tail__in=self.tails))
            found.append(Q(pk__in=parties.values("case")))
        return found

    @property
    def q(self) -> Q:
        """找到的，作条件。"""
        found = Q(pk=None)
        if self.words:
            sql, params = dialect.places_with(self.words)
            found = Q(place__in=RawSQL(sql, params))
        for one in self.others:
            found |= one
        return found


def sought(text: str) -> Sought:
    """搜索框里写的 → 要找的。空格隔开的都要有，引号里的连着找；整个编号或末几位，姓名、电话、证件号、账号整个写，电话、证件号后四位。"""
    text = text.replace("\x00", " ").strip()
    squeezed = re.sub(r"\s+", "", text)
    has_digit = any(one.isdigit() for one in squeezed)
    tail = number_key(squeezed) if has_digit else ""
    indexes = [("name", text)] if len(text) >= 2 and not squeezed.isdigit() else []
    if squeezed.isascii() and len(squeezed) >= 5:
        indexes += [(kind, text) for kind in ("phone", "id", "account")]
    tails = ("phone", "id") if squeezed.isascii() and len(squeezed) == 4 else ()
    return Sought(
        words=tuple(dict.fromkeys(_wanted(text)))[:MOST_WORDS],
        number=text,
        tail=tail if len(tail) >= TAIL_LEAST else "",
        indexes=tuple(secrets.blind_index(kind, value) for kind, value in indexes),
        tails=tuple(secrets.tail_index(kind, text) for kind in tails),
    )


def _wanted(text: str) -> Iterator[str]:
    plain = _plain(text)
    for quoted in _QUOTED.findall(plain):
        for chunk in _CHUNK.findall(quoted):
            yield from _together(_UNIT.findall(chunk))
    for chunk in _CHUNK.findall(_QUOTED.sub(" ", plain)):
        units = _UNIT.findall(chunk)
        if len(units) <= SHORT:
            yield from _together(units)
        else:
            yield from _apart(units)


def _together(units: Sequence[str]) -> list[str]:
    """连着的几个字：各个两字串都要有。单独一个汉字太宽，不找。"""
    if len(units) > 1:
        return _pairs(units)
    return [one for one in units if one.isascii() or len(one) > 1]


def _apart(units: Sequence[str]) -> Iterator[str]:
    """长的一句：分成词；单字与后面（在末尾的与前面）那个字连着。"""
    import rjieba  # 词典载入要一百多毫秒，用到才引入

    at = 0
    for word in rjieba.cut("".join(units), False):
        begin, size = at, 0
        while at < len(units) and size < len(word):
            size += len(units[at])
            at += 1
        if at - begin >= 2:
            yield from _pairs(units[begin:at])
        elif at - begin == 1:
            start = begin if begin + 1 < len(units) else begin - 1
            yield from _pairs(units[start : start + 2])


# ---- 重建、核对 ----

_CHUNK_ROWS = 1000


def expected(case: Case) -> Row | None:
    """照件现在的样子应有的一行；限指定人员的件没有。要带着 `version` 取。"""
    if case.confidential:
        return None
    definition = matters.definition_of(case.version)
    return row_of(case, texts_of(case.number, case.title, case.fields, definition))


def _batches(cases: QuerySet[Case]) -> Iterator[list[Case]]:
    batch: list[Case] = []
    rows = cases.select_related("version").defer("version__content", "sealed", "head")
    for case in rows.order_by("pk").iterator(_CHUNK_ROWS):
        batch.append(case)
        if len(batch) == _CHUNK_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def reindex(progress: Callable[[int], None] | None = None, *, tidy: bool = False) -> int:
    """照件现在的样子补建件的文字，返回改动了几件；每千件一个事务，办公期间可以跑。

    全文索引与件的文字对不上的，再整个重建；`tidy` 为真时总是重建，把去掉的旧词（含依法清除的）从磁盘上清干净。
    重建时不能办理，一百万件约一两分钟，宜在下班后。
    """
    changed = 0
    for batch in _batches(Case.objects.all()):
        with transaction.atomic():
            ids = [case.pk for case in batch]
            fresh = Case.objects.select_for_update(of=("self",)).select_related("version").filter(pk__in=ids)
            due = {row[1]: row for case in fresh.defer("version__content") if (row := expected(case))}
            have = {row[1]: row for row in CaseText.objects.filter(case__in=ids).values_list(*COLUMNS)}
            gone = [pk for pk, row in have.items() if pk not in due or due[pk][0] != row[0]]
            CaseText.objects.filter(case__in=gone).delete()
            rows = [row for pk, row in due.items() if have.get(pk) != row]
            write(rows)
            changed += len({*gone, *(row[1] for row in rows)})
        if progress:
            progress(len(batch))
    if tidy or dialect.index_broken():
        dialect.rebuild()
    return changed


COLUMNS = ("id", "case_id", "words", "tail")
