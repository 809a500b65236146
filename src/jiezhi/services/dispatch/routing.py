"""派给谁：按分派规则，和按历来由谁答复。

最具体的规则优先：区域越小越先，其次类别越细，其次点名业务模板的，最后看“优先”。仍然分不出的，列出各单位由人定。
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from jiezhi.base.casework.models import Case, CaseField
from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import Area, Unit
from jiezhi.base.registry.models.areas import path_and_above
from jiezhi.services.dispatch.models import Rule

STAMP = "dispatch.rules"
OUTSIDE_KINDS = frozenset({"external", "superior"})

HISTORY_SPAN = timedelta(days=365)
HISTORY_LEAST = 5
"""近一年至少答复过这么多件，才算有规律。"""
HISTORY_SHARE = 0.6
"""其中至少这么多由同一单位答复。"""
HISTORY_ROWS = 2000

Units = Mapping[str, tuple[str, str | None]]
"""在用单位：代码 → （名称、上级代码）。"""


class Row(NamedTuple):
    """规则的一行（缓存用）。"""

    pk: int
    category: str
    area: str
    area_name: str
    matter: str
    unit: str
    kind: str
    automatic: bool
    priority: int
    valid_from: datetime
    valid_to: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class Choice:
    """一个可选的承办单位和理由。"""

    unit: str
    name: str
    because: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """建议派给谁。`unit` 空表示定不下来；`choices` 列出可选的单位，第一个就是所建议的；`because` 给人看。

    `confidence` 0 到 100，只用于排序和提示；能不能自动派出只看 `automatic`。
    """

    unit: str
    confidence: int
    because: str
    automatic: bool = False
    choices: tuple[Choice, ...] = ()

    @property
    def doubtful(self) -> bool:
        """没有把握：定不下来，或者只有不分类别的规则。要由人自己定。"""
        return not self.unit or self.confidence < DOUBTFUL


DOUBTFUL = 60
"""建议的把握不到这么多的，明说没有把握。"""
USUAL = 6

Book = Mapping[str, tuple[Row, ...]]
_cache: stamps.StampedCache[Book] = stamps.StampedCache(STAMP)


def _build() -> Book:
    rows = Rule.objects.order_by("pk").values_list(
        "pk",
        "category",
        "area__path",
        "area__name",
        "matter",
        "unit__code",
        "unit__kind",
        "automatic",
        "priority",
        "valid_from",
        "valid_to",
        "note",
    )
    book: dict[str, list[Row]] = defaultdict(list)
    for pk, category, path, name, matter, *others in rows:
        one = Row._make((pk, category, path or "", name or "", matter, *others))
        book[category].append(one)
    return {category: tuple(found) for category, found in book.items()}


def patterns(category: str) -> list[str]:
    """能管到这个类别的写法，由细到粗：`a/b` → [`a/b`, `a/b/*`, `a/*`, `*`]。"""
    parts = category.split("/")
    return [category, *("/".join(parts[:n]) + "/*" for n in range(len(parts), 0, -1)), "*"]


class Router:
    """一次分派作业：规则和在用单位各取一次。`units` 给了就不再查。"""

    def __init__(self, units: Units | None = None) -> None:
        self.book = _cache.get(_build)
        if units is None:
            rows = Unit.objects.filter(is_active=True).values_list("code", "name", "parent__code")
            units = {code: (name, parent) for code, name, parent in rows}
        self.units = units

    def route(
        self,
        category: str,
        area_path: str = "",
        matter: str = "",
        at: datetime | None = None,
        *,
        outside: bool = False,
    ) -> Suggestion:
        """按规则建议承办单位。`outside` 为真时只看外部、上级单位（往上报用）。停用的单位不派。

        没有定类别的只看写“*”的规则，而且只是建议，不自动派出。
        """
        category = category.strip()
        moment = at or timezone.now()
        best: tuple[int, int, int, int] | None = None
        found: list[Row] = []
        steps = patterns(category) if category else ["*"]
        for rank, pattern in enumerate(steps):
            for row in self.book.get(pattern, ()):
                if not _applies(row, area_path, matter, moment) or row.unit not in self.units:
                    continue
                if outside and row.kind not in OUTSIDE_KINDS:
                    continue
                score = (row.area.count("/"), len(steps) - rank, int(bool(row.matter)), row.priority)
                if best is None or score > best:
                    best, found = score, [row]
                elif score == best:
                    found.append(row)
        if best is None and not category:
            return Suggestion("", 0, "还没有定类别，定了类别才能按规则分派")
        if best is None:
            return Suggestion("", 0, f"没有适用于“{category}”的分派规则，请分拨员选定承办单位")
        choices: dict[str, Choice] = {}
        for row in found:
            choices.setdefault(row.unit, Choice(row.unit, self.units[row.unit][0], self._because(row)))
        if len(choices) > 1:
            names = "、".join(one.name for one in choices.values())
            numbers = "、".join(str(row.pk) for row in found)
            text = f"第 {numbers} 号分派规则同样适用，分别是{names}，请分拨员选定"
            return Suggestion("", 50, text, False, tuple(choices.values()))
        row = found[0]
        confidence = (40 if row.category == "*" else 75 if row.category.endswith("/*") else 90) + 5 * bool(
            row.area
        )
        automatic = bool(category) and all(one.automatic for one in found)
        only = choices[row.unit]
        return Suggestion(row.unit, confidence, only.because, automatic, (only,))

    def usual(self, area_path: str = "", matter: str = "", at: datetime | None = None) -> list[str]:
        """这一片、这个业务常派的单位：现行规则里由它承办的类别多的在前，至多六个。"""
        moment = at or timezone.now()
        rows = [row for rows in self.book.values() for row in rows if row.unit in self.units]
        counts = Counter(row.unit for row in rows if _applies(row, area_path, matter, moment))
        return [unit for unit, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:USUAL]]

    def _because(self, row: Row) -> str:
        scope = f"{row.area_name or '全街道'}的“{row.category}”类"
        if row.category == "*":
            scope = f"{row.area_name or '全街道'}的各类件"
        note = f"({row.note})" if row.note else ""
        return f"按第 {row.pk} 号分派规则，{scope}由{self.units[row.unit][0]}承办{note}"


def _applies(row: Row, area_path: str, matter: str, at: datetime) -> bool:
    return (
        row.valid_from <= at
        and (row.valid_to is None or at < row.valid_to)
        and (not row.area or area_path.startswith(row.area))
        and (not row.matter or row.matter == matter)
    )


def route(category: str, area_path: str = "", matter: str = "", at: datetime | None = None) -> Suggestion:
    """建议承办单位。

    `category` 类别代码（用“/”分级），`area_path` 区域路径，`matter` 业务模板；`at` 看当时有效的规则。
    两条查询（版本戳、在用单位）；办很多件用同一个 Router。
    """
    return Router().route(category, area_path, matter, at)


def suggest_from_history(
    category: str,
    area_path: str = "",
    *,
    matter: str = "",
    now: datetime | None = None,
    field: str = "category",
    answered: frozenset[str] = frozenset({"answer"}),
) -> Suggestion | None:
    """近一年这类件最后由哪个单位答复（被退回、改派的只算最后答复的单位）。只是参考，从不自动派出。

    先看本网格，不足 5 件就往上看社区、街道、不限；最多的单位不到六成、不到 5 件都不算有规律，返回 None。
    `field` 是类别字段名（须 indexed），`answered` 是算作“答复了”的法律含义。两条查询，只看最近 2000 件。
    """
    moment = now or timezone.now()
    cases = Case.objects.filter(
        pk__in=CaseField.objects.filter(name=field, text=category).values("case"),
        closed_at__gte=moment - HISTORY_SPAN,
        closed_at__lte=moment,
        merged_into=None,
        confidential=False,
        unit__is_active=True,
    )
    if matter:
        cases = cases.filter(matter=matter)
    rows = [
        (str(unit), name, path)
        for unit, name, path, done in cases.order_by("-closed_at").values_list(
            "unit_id", "unit__name", "area_path", "done"
        )[:HISTORY_ROWS]
        if answered & set(done)
    ]
    if len(rows) < HISTORY_LEAST:
        return None
    levels = [*path_and_above(area_path), ""] if area_path else [""]
    for level in levels:
        counts = Counter((unit, name) for unit, name, path in rows if path.startswith(level))
        total = sum(counts.values())
        if total < HISTORY_LEAST:
            continue
        (unit, name), most = counts.most_common(1)[0]
        if most < HISTORY_LEAST or most < HISTORY_SHARE * total:
            continue
        named = Area.objects.filter(path=level).values_list("name", flat=True).first() if level else None
        because = f"近一年{named or '全街道'}“{category}”类办结 {total} 件，其中 {most} 件由{name}答复"
        confidence = round(80 * most / total * min(1.0, total / 20))
        return Suggestion(unit, confidence, because, False, (Choice(unit, name, because),))
    return None
