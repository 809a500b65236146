"""公开页面上的一页：网址里的筛选 ↔ 查询。认不得的筛选当没有写，不报错。"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import QueryDict

from jiezhi.base.publishing import queries as publishing
from jiezhi.base.publishing.models import Publication

PAGE = 20
LAST_PAGE = 500


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
            category=query.get("lanmu", "").replace("\x00", "").strip()[:20],
            words=query.get("q", "").replace("\x00", "").strip()[:60],
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
