"""公开站列出的东西：网址里的筛选 ↔ 查询。认不得的筛选当没有写，不报错。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.http import QueryDict

from jiezhi.base.publishing import queries as publishing
from jiezhi.base.publishing.models import Publication
from jiezhi.base.registry.queries import powers as registry
from jiezhi.core.procedure.guide import guide_of
from jiezhi.core.procedure.powers import CLASSES
from jiezhi.services.promise import queries as services
from jiezhi.services.residents import queries as residents

PAGE = 20
LAST_PAGE = 500
OTHER = "其他"
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Wanted:
    """网址里的筛选。"""

    year: int | None = None
    category: str = ""
    words: str = ""
    page: int = 1

    @classmethod
    def read(cls, query: QueryDict) -> Wanted:
        year, page = query.get("nian", ""), query.get("p", "")
        return cls(
            year=int(year) if year.isdecimal() and len(year) == 4 and int(year) > 1900 else None,
            category=_text(query, "lanmu", 20),
            words=_text(query, "q", 60),
            page=min(int(page), LAST_PAGE) if page.isdecimal() and len(page) < 5 and int(page) > 0 else 1,
        )

    @property
    def filtered(self) -> bool:
        """筛选过没有。"""
        return bool(self.year or self.category or self.words)

    def address(self, page: int) -> str:
        """同样的筛选、另一页的网址。"""
        parts = {"q": self.words, "lanmu": self.category, "nian": self.year, "p": page if page > 1 else None}
        return "?" + urlencode({key: value for key, value in parts.items() if value})


@dataclass(frozen=True, slots=True)
class Listing:
    """列表的一页。`previous`、`following` 是网址，没有为 None。"""

    rows: list[Publication]
    wanted: Wanted
    choices: publishing.Choices
    previous: str | None
    following: str | None


def listing(wanted: Wanted, now: datetime) -> Listing:
    """公众看得见的一页，新的在前。"""
    found = publishing.find(now, year=wanted.year, category=wanted.category, words=wanted.words)
    start = (wanted.page - 1) * PAGE
    rows = list(found[start : start + PAGE + 1])
    more = len(rows) > PAGE and wanted.page < LAST_PAGE
    return Listing(
        rows=rows[:PAGE],
        wanted=wanted,
        choices=publishing.choices(now),
        previous=wanted.address(wanted.page - 1) if wanted.page > 1 else None,
        following=wanted.address(wanted.page + 1) if more else None,
    )


@dataclass(frozen=True, slots=True)
class Sought:
    """办事指南、权责清单的网址里的筛选：类别、字。认不得的当没有写。"""

    kind: str = ""
    words: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Sought:
        return cls(_text(query, "lei", 20), _text(query, "q", 60))

    @property
    def filtered(self) -> bool:
        """筛选过没有。"""
        return bool(self.kind or self.words)

    def fits(self, *texts: str) -> bool:
        """这些文字合起来，每个词都有。"""
        whole = "\n".join(texts).casefold()
        return all(word.casefold() in whole for word in self.words.split()[:5])

    def address(self, kind: str) -> str:
        """同样的字、另一类的网址。"""
        parts = {"lei": kind, "q": self.words}
        return "?" + urlencode({key: value for key, value in parts.items() if value})


@dataclass(frozen=True, slots=True)
class Kind:
    """一类：名称、多少项、只看这一类的网址。全部的名称为空。"""

    name: str
    count: int
    address: str


@dataclass(frozen=True, slots=True)
class Sorted(Generic[Row]):
    """分了类的一览。`kinds` 数的是合乎查找的字的，第一个是全部（名称为空）；`groups` 只有选了的那一类。"""

    total: int
    kinds: list[Kind]
    groups: list[tuple[str, list[Row]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """办事指南的一行。`promised` 是承诺几天办好，没有写的为空；`online` 是现在能不能网上登记。"""

    matter: str
    title: str
    kind: str
    audience: str
    promised: str
    fee: str
    materials: int
    online: bool


def online(now: datetime) -> dict[str, str]:
    """居民现在可以网上登记的业务：代号 → 名称。"""
    return {row.matter: row.title for row, _ in residents.openable(now)}


def consulting(now: datetime) -> dict[str, str]:
    """可以网上登记的里面，咨询、留言一类的。"""
    return {name: title for name, title in online(now).items() if "咨询" in title or "留言" in title}


def guides(wanted: Sought, now: datetime) -> Sorted[Entry]:
    """办事指南，照业务的类别分；查找看名称、谁可以办、要交的材料。"""
    can = online(now)
    rows = []
    for row, definition in services.services():
        found = guide_of(definition)
        if not wanted.fits(found.title, found.kind, found.audience, *(one.title for one in found.materials)):
            continue
        promised = found.limits[0].promised if found.limits else ""
        rows.append(
            Entry(
                row.matter,
                found.title,
                found.kind,
                found.audience,
                promised,
                found.fee,
                len(found.materials),
                row.matter in can,
            )
        )
    count = Counter(one.kind for one in rows)
    order = sorted(count, key=lambda kind: (kind == OTHER, -count[kind], kind))  # 多的在前，其他放最后
    return _sorted(rows, wanted, lambda one: one.kind, order)


def powers(wanted: Sought, now: datetime) -> Sorted[dict[str, Any]]:
    """现在有效的权责事项，照类别分；查找看名称、编码、承办单位、依据。"""
    rows = [
        one
        for one in registry.public_list(now)
        if wanted.fits(one["title"], one["code"], one["unit"], *one["bases"])
    ]
    return _sorted(rows, wanted, lambda one: str(one["class"]), CLASSES)


def _sorted(
    rows: list[Row], wanted: Sought, kind_of: Callable[[Row], str], order: Sequence[str]
) -> Sorted[Row]:
    held = {name: [row for row in rows if kind_of(row) == name] for name in order}
    held = {name: found for name, found in held.items() if found}
    kinds = [Kind("", len(rows), wanted.address(""))]
    kinds += [Kind(name, len(found), wanted.address(name)) for name, found in held.items()]
    groups = [(name, found) for name, found in held.items() if wanted.kind in ("", name)]
    return Sorted(sum(len(found) for _, found in groups), kinds, groups)


def _text(query: QueryDict, name: str, most: int) -> str:
    return query.get(name, "").replace("\x00", "").strip()[:most]
