"""工作列表：筛选、排序、翻页。快到期的在前，没有时限的在后，同样的后来的在前。

`worklist` 给可以再组合的查询；`listed` 给一页，结果与 `worklist` 排好序取那一页完全一样，只是按索引取：
件分三段——在办的、办结而还有到期的（依规则没有）、其余办结的；每一段里，自己的、本单位的、本区域的、轮到的各走
各的索引取前若干，并起来再取前若干。按词、按字段找的，从全文索引、筛选值走起；但看得见的不多时，从看得见的走起。
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from django.db.models import F, Max, Min, Q, QuerySet
from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import dialect, search
from jiezhi.base.casework.arms import (
    ENDED,
    LATE,
    LIVE,
    OPENLY,
    Arm,
    Sql,
    column,
    every,
    more_than,
    run,
    where_of,
)
from jiezhi.base.casework.filters import Filters, at_step
from jiezhi.base.casework.models import Case, CaseText
from jiezhi.base.casework.reach import Reach, Turn, under, visible

ENOUGH = 1000
"""总数数到这里为止。"""
FEW = 12_000
"""看得见的办结件不超过这么多，就从看得见的走起，再核对词和字段。"""
RARE = 20_000
"""有这些词的件不超过这么多，就从词走起。"""
DENSE = 600
"""最近一段时间（slices.lately）有这些词的件超过这么多，就是密，从最近的时段找起。"""
ORDER = (F("due_at").asc(nulls_last=True), F("place").desc())
SHOWN = ("sealed", "fields", "head", "done", "tags", "version__content")


def worklist(officer: Officer, filters: Filters, *, now: datetime | None = None) -> QuerySet[Case]:
    """这个人的工作列表，快到期的在前。可以再筛、再排；只要一页用 `listed`。"""
    moment = now or timezone.now()
    rows = visible(officer, moment).filter(filters.q(moment) & filters.by_fields())
    if filters.mine or filters.scope:
        rows = rows.filter(filters.scoped(Reach.of(officer, moment)))
    if filters.words:
        rows = rows.filter(search.sought(filters.words).q)
    return rows.order_by(*ORDER)


@dataclass(frozen=True, slots=True)
class Listed:
    """列表的一页。`total` 是总数，数到 ENOUGH + 1 为止；`more` 是后面还有。"""

    cases: Sequence[Case]
    total: int
    more: bool


def listed(
    officer: Officer, filters: Filters, *, first: int = 0, size: int = 50, now: datetime | None = None
) -> Listed:
    """从第 `first` 件（0 起）取 `size` 件，带业务模板版本和单位；加密的、大块的列不取。至多五条查询。

    接着翻的（`after`）不数总数。
    """
    moment = now or timezone.now()
    found = places(officer, filters, moment, max(0 if filters.after else ENOUGH + 1, first + size + 1))
    page = [dialect.pk_at(place) for place in found[first : first + size]]
    rows = Case.objects.filter(pk__in=page).select_related("version", "unit").defer(*SHOWN)
    cases = {case.pk: case for case in rows} if page else {}
    return Listed(
        [cases[pk] for pk in page if pk in cases], min(len(found), ENOUGH + 1), len(found) > first + size
    )


def places(officer: Officer, filters: Filters, moment: datetime, most: int) -> list[int]:
    """排好序的前 `most` 件的排位。"""
    return several(officer, [filters], moment, most)[0]


def several(officer: Officer, asked: Sequence[Filters], moment: datetime, most: int) -> list[list[int]]:
    """几张列表各自排好序的前 `most` 件的排位，次序同 `asked`。一共一条查询（按词找的另要先数）。"""
    found: list[list[int]] = [[] for _ in asked]
    if not officer.is_active:
        return found
    reach = Reach.of(officer, moment)
    lists: list[Sql] = []
    for which, filters in enumerate(asked):
        one = _Asked(reach, filters, moment, most)
        if parts := [*one.live(), *one.odd(), *one.ended()]:
            union = " UNION ".join(f"SELECT * FROM ({part.sql}) AS one" for part in parts)
            order = '"due_at" IS NULL, "due_at", "place" DESC'
            sql = f'SELECT {which} AS which, "place" FROM ({union}) AS every ORDER BY {order} LIMIT %s'
            lists.append(Sql(sql, (*(value for part in parts for value in part.params), most)))
    if lists:
        # 一张列表时不再包一层；几张的接起来，各自的次序不变。
        sql = (
            lists[0].sql
            if len(lists) == 1
            else " UNION ALL ".join(f"SELECT * FROM ({one.sql}) AS list" for one in lists)
        )
        for which, place in run(sql, [value for one in lists for value in one.params]):
            found[which].append(place)
    return found


def tallies(officer: Officer, wanted: Mapping[str, Filters], *, now: datetime) -> dict[str, int]:
    """几种筛选各有几件在办的，各数到 ENOUGH + 1 为止。只数在办的（`open` 写 True），不按词、不按字段。一条查询。"""
    if not officer.is_active:
        return dict.fromkeys(wanted, 0)
    reach = Reach.of(officer, now)
    columns, params = [], []
    for filters in wanted.values():
        parts = _Asked(reach, filters, now, ENOUGH + 1).live() or [Sql('SELECT 1 AS "place" WHERE 1 = 0')]
        union = " UNION ".join(f'SELECT "place" FROM ({part.sql}) AS one' for part in parts)
        columns.append(f"(SELECT count(*) FROM (SELECT 1 AS one FROM ({union}) AS every LIMIT %s) AS few)")
        params += [*(value for part in parts for value in part.params), ENOUGH + 1]
    (found,) = run(f"SELECT {', '.join(columns)}", params)
    return dict(zip(wanted, found, strict=True))


class _Asked:
    """一次列表。"""

    def __init__(self, reach: Reach, filters: Filters, moment: datetime, most: int) -> None:
        self.reach, self.filters, self.moment, self.most = reach, filters, moment, most
        self.sought = search.sought(filters.words) if filters.words else None
        self.narrow = where_of(filters.q(moment))
        self.by_fields = where_of(filters.by_fields())

    @cached_property
    def fitting(self) -> Sql | None:
        """符合筛选的。"""
        return every(self.narrow, self.by_fields)

    @cached_property
    def _span(self) -> tuple[int, int] | None:
        """全库最后来的和最先来的件的排位。一条查询。"""
        ends = CaseText.objects.aggregate(newest=Max("pk"), oldest=Min("pk"))
        return None if ends["newest"] is None else (ends["newest"], ends["oldest"])

    @cached_property
    def _common(self) -> bool:
        """有这些词的件很多；要分时段找的只数最近一段时间的，很多就是密。一条查询。"""
        if self.sought is None or not self.sought.words:
            return False
        if not dialect.sliced():
            led, most = Sql(*dialect.matches(self.sought.words)), RARE
        elif self._span is not None:
            led, most = Sql(*dialect.lately(self.sought.words, self._span[0])), DENSE
        else:
            return False
        return more_than(most, [Arm(led, source="words only")])

    def _spoken(self, kind: str) -> list[Arm]:
        """看得见的各支，顺着次序逐件读文字看有没有那些词。"""
        assert self.sought is not None
        arms = self._arms(kind, self.fitting)
        arms = self._sized(arms) if kind == "shut" else arms
        return [replace(arm, words=tuple(self.sought.words)) for arm in arms]

    @cached_property
    def whole(self) -> Sql | None:
        """看得见的、在范围里的、符合筛选的。"""
        return every(where_of(self.reach.q & self.filters.scoped(self.reach)), self.fitting)

    @cached_property
    def others(self) -> list[Sql]:
        """编号、姓名、电话，各是一种找法。"""
        found = [where_of(one) for one in self.sought.others] if self.sought else []
        return [one for one in found if one is not None]

    # ---- 三段 ----

    def live(self) -> list[Sql]:
        """在办的。"""
        if self.filters.open is False:
            return []
        arms = self._arms("open", self.fitting)
        if self.sought is None:
            return [part for arm in arms for part in arm.part(self.most)]
        if self._common:  # 顺着次序走，边走边看有没有这些词，够一页就停
            return [
                *self._small(LIVE),
                *(part for arm in self._spoken("open") for part in arm.part(self.most)),
            ]
        if dialect.sliced():
            return [*self._small(LIVE), *self._from_words(LIVE)]
        # 在办的不多，全翻一遍索引也快，再看排位在不在有这些词的里面。
        return [*self._small(LIVE), *self._having(arms)]

    def odd(self) -> list[Sql]:
        """办结而还有到期的：依规则没有，有也照样列。"""
        if self.filters.open is True:
            return []
        found = where_of(self.sought.q) if self.sought else Sql("")
        return Arm(every(LATE, self.whole, found), "case_shut_due", "late").part(self.most)

    def ended(self) -> list[Sql]:
        """其余办结的：都没有到期，后来的在前。"""
        if self.filters.open is True or self.filters.light:
            return []
        if self.sought is None:
            arms = self._arms("shut", self.fitting)
            if self.filters.fields and not self._few():
                arms = [self._from_field()]
            return [part for arm in self._sized(arms) for part in arm.part(self.most, ended=True)]
        found = self._small(ENDED)
        if not self.sought.words:
            return found
        if self._common and self._few():
            arms = self._spoken("shut")
            return [*found, *(part for arm in arms for part in arm.part(self.most, ended=True))]
        newest_first = dialect.sliced() and self._common
        return [*found, *(self._newest_first() if newest_first else self._from_words(ENDED))]

    def _from_words(self, segment: Sql) -> list[Sql]:
        """从有那些词的走起。"""
        if self.sought is None or not self.sought.words:
            return []
        led = Sql(*dialect.matches(self.sought.words))
        arm = Arm(every(led, segment, self.whole), source="words")
        return arm.part(self.most, ended=segment is ENDED)

    def _newest_first(self) -> list[Sql]:
        """有那些词的，从最近的时段找起。"""
        where = every(ENDED, self.whole)
        if where is None or self.sought is None or self._span is None:
            return []
        (newest, oldest), after = self._span, self.filters.after
        if after and after.due_at is None:
            newest = min(newest, after.place)
        sql, params = dialect.newest_first(self.sought.words, newest, oldest, where.sql)
        return [Sql(f"{sql} LIMIT %s", (*params, *where.params, self.most))]

    # ---- 看得见的各支 ----

    def _arms(self, kind: str, fitting: Sql | None) -> list[Arm]:
        """看得见的、在范围里的、符合 `fitting` 的，分成几支，各走各的索引。`kind` 是 open、shut 两段之一。"""
        reach, scope = self.reach, self.filters.range
        within = every(LIVE if kind == "open" else ENDED, fitting)
        ours = where_of(Q(unit__in=reach.units)) if scope == "unit" else Sql("")
        arms = [Arm(every(*self._mine(kind), within, ours), "role_listed", "role")]
        if scope == "mine":
            return arms
        openly = every(within, OPENLY)
        if scope == "desk":
            return arms + [arm for one in reach.duties for arm in self._duty(openly, kind, one)]
        units = [one for one in reach.units if self.filters.unit in ("", one)]
        arms += [Arm(every(column("unit_id", one), openly), self._unit_index(kind, one)) for one in units]
        if scope:
            return arms
        areas = [path for path in reach.areas if self._meets(path)]
        steps = self.filters.steps
        if steps is None:
            arms += [Arm(every(openly, where_of(under(path))), self._index(kind)) for path in areas]
        elif kind == "open":  # 一处一支，各走环节的索引，不把全街道在办的翻一遍
            within = every(where_of(replace(self.filters, steps=None).q(self.moment)), self.by_fields)
            each = [
                every(LIVE, within, OPENLY, where_of(under(path) & at_step(one)))
                for path in areas
                for one in steps
            ]
            arms += [Arm(one, "case_open_step") for one in each]
        for turn in reach.turns:
            if self.filters.matter in ("", turn.matter) and self._meets(turn.area):
                arms += self._turn(every(openly, where_of(under(turn.area))), kind, turn)
        return arms

    def _mine(self, kind: str) -> list[Sql]:
        columns = {"officer_id": self.reach.officer, "open": kind == "open"}
        return [column(name, value, "casework_caserole") for name, value in columns.items()]

    def _duty(self, openly: Sql | None, kind: str, turn: Turn) -> list[Arm]:
        if self.filters.matter not in ("", turn.matter) or not self._meets(turn.area):
            return []
        if not turn.unit:
            return self._turn(every(openly, where_of(under(turn.area))), kind, turn)
        ours = self.filters.unit in ("", turn.unit)
        return [Arm(every(where_of(turn.q), openly), f"case_{kind}_unit")] if ours else []

    @staticmethod
    def _turn(openly: Sql | None, kind: str, turn: Turn) -> list[Arm]:
        def at(*states: str) -> Arm:
            marks = ", ".join(["%s"] * len(states))
            steps = Sql(f'"casework_case"."state" IN ({marks})', states)
            return Arm(every(column("matter", turn.matter), steps, openly), f"case_{kind}_step")

        if kind == "open":
            return [at(*turn.live, *turn.ended)]
        # 办结的件停在办结的环节，每个环节的可能很多，各走各的；停在别的环节的（换版留下的）没有几件。
        return [*(at(state) for state in turn.ended), *([at(*turn.live)] if turn.live else [])]

    def _meets(self, path: str) -> bool:
        """这片区域与筛选的区域有没有交叠：没有的不用走，走了要翻完才知道一件也没有。"""
        return path.startswith(self.filters.area) or self.filters.area.startswith(path)

    def _unit_index(self, kind: str, unit: str) -> str:
        """一个单位的这一支：写明了业务和环节、这个单位办结的又多，就走环节的索引。"""
        index = f"case_{kind}_unit"
        if kind == "open" or dialect.picks_indexes() or not (self.filters.matter and self.filters.state):
            return index
        many = more_than(FEW, [Arm(every(column("unit_id", unit), ENDED), index)])
        return "case_shut_step" if many else index

    def _index(self, kind: str) -> str:
        """看一片区域的这一支走哪个索引：按筛选挑最窄的。"""
        if self.filters.unit:
            return f"case_{kind}_unit"
        if self.filters.matter and (self.filters.state or kind == "open"):
            return f"case_{kind}_step"
        return f"case_{kind}_matter" if self.filters.matter else f"case_{kind}"

    def _sized(self, arms: list[Arm]) -> list[Arm]:
        """只按区域取的，这片区域的件不多就走区域的索引，多就顺着次序走。"""
        if dialect.picks_indexes():
            return arms
        paths = [path for path in (*self.reach.areas, self.filters.area) if path]
        wide = [arm for arm in arms if arm.index == "case_shut"]
        if not wide or not paths:
            return arms
        narrowest = max(paths, key=len)
        if more_than(FEW, [Arm(every(ENDED, where_of(under(narrowest))), "case_shut_area")]):
            return arms
        return [replace(arm, index="case_shut_area") if arm in wide else arm for arm in arms]

    # ---- 词和字段 ----

    def _small(self, segment: Sql) -> list[Sql]:
        """编号、姓名、电话找出来的：都没有几件。"""
        arms = [Arm(every(segment, one, self.whole)) for one in self.others]
        return [part for arm in arms for part in arm.part(self.most)]

    def _few(self) -> bool:
        """看得见的办结件不多，从看得见的走起更快。一条查询。"""
        mine, *others = self._arms("shut", self.narrow)
        mine = replace(mine, where=every(*self._mine("shut")), source="role only")
        # 数的时候按区域走：顺着次序走要翻过全街道的件才知道一个网格的不多。
        byarea = [replace(arm, index="case_shut_area") if arm.index == "case_shut" else arm for arm in others]
        return not more_than(FEW, [mine, *byarea])

    def _having(self, arms: Sequence[Arm]) -> list[Sql]:
        """看得见的各支并起来，再核对有没有那些词：词只查一遍。"""
        parts = [part for arm in arms for part in arm.part()]
        if not parts or self.sought is None or not self.sought.words:
            return []
        some, params = dialect.places_with(self.sought.words)
        union = " UNION ALL ".join(part.sql for part in parts)
        sql = (
            f'SELECT DISTINCT "due_at", "place" FROM ({union}) AS seen WHERE "place" IN ({some})'
            ' ORDER BY "due_at" ASC NULLS LAST, "place" DESC LIMIT %s'
        )
        return [Sql(sql, (*(value for part in parts for value in part.params), *params, self.most))]

    def _from_field(self) -> Arm:
        """从筛选值走起。"""
        name, value = next(iter((self.filters.fields or {}).items()))
        led = [
            column("name", name, "casework_casefield"),
            column("text", value, "casework_casefield"),
        ]
        return Arm(every(*led, ENDED, self.whole), "field_listed", "field")
