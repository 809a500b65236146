"""谁看得见哪些件。页面、接口、查找、导出、计数都从 `visible` 取。"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework.engine.loading import row_of
from jiezhi.base.casework.models import Case, CaseRole
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry import stamps

# 这些岗位看得见自己区域内的全部件；其余人看自己的、本单位的。
AREA_POSTS = frozenset(
    ["dispatcher", "supervisor", "leader", "hotline_clerk"]
    + ["callback", "community_lead", "grid_worker", "archivist"]
)
_LAST = "\U0010ffff"


class Turn(NamedTuple):
    """轮到他的岗位办的：一个业务模板的几个环节（没办结的、办结的），在 `area` 之内（空为不限），是 `unit` 的（空为不限）。"""

    matter: str
    live: tuple[str, ...]
    ended: tuple[str, ...]
    area: str
    unit: str = ""

    @property
    def q(self) -> Q:
        """作条件。"""
        ours = Q(unit=self.unit) if self.unit else Q()
        return Q(matter=self.matter, state__in=(*self.live, *self.ended)) & under(self.area) & ours


def under(path: str) -> Q:
    """在这片区域里（`path` 为空是不限）。写成按字节比大小，两种数据库都用得上索引。"""
    return Q(area_path__gte=path, area_path__lt=path + _LAST) if path else Q()


@dataclass(frozen=True, slots=True)
class Reach:
    """一个人看得见的范围，几样取并集：自己的 ∪ 本单位的 ∪ 自己区域的 ∪ 轮到他的岗位办的。

    限指定人员的件只有件上的人看得见，所以后三样都要再去掉它们（`openly`）。`areas` 里的空串是不限区域。
    """

    officer: int
    units: tuple[str, ...]
    areas: tuple[str, ...]
    turns: tuple[Turn, ...]
    holdings: tuple[tuple[str, str, str | None], ...] = ()

    @classmethod
    def of(cls, officer: Officer, at: datetime) -> Reach:
        """这个人此刻的范围。停用的人什么也看不见，由调用者先看。"""
        holdings = registry.holdings(officer.pk, at)
        areas = {path or "" for post, _, path in holdings if post in AREA_POSTS}
        posts: dict[str, set[str]] = defaultdict(set)
        for post, _, path in holdings:
            if post not in AREA_POSTS:
                posts[path or ""].add(post)
        turns = [
            Turn(*one, path)
            for path, held in sorted(posts.items())
            if not _within(path, areas)  # 本来就看得见这片区域的全部
            for one in matters.turn(held)
        ]
        units = dict.fromkeys(unit for _, unit, _ in holdings)
        wide = sorted(path for path in areas if not _within(path, areas - {path}))
        return cls(officer.pk, tuple(units), tuple(wide), tuple(turns), tuple(holdings))

    @property
    def duties(self) -> list[Turn]:
        """主要的一步等着他的岗位办的；都在看得见的之内（限指定人员的另去掉）。"""
        found: dict[Turn, None] = {}
        for post, unit, path in self.holdings:
            found |= dict.fromkeys(Turn(*one, path or "") for one in matters.duty({f"post.{post}"}))
            found |= dict.fromkeys(Turn(*one, "", unit) for one in matters.duty({f"unit.{post}"}))
        return list(found)

    @property
    def desk(self) -> Q:
        """手上的：件上有他的，和主要的一步等着他的岗位办的。作条件。"""
        found = Q(self.mine)
        for one in self.duties:
            found |= Q(confidential=False) & one.q
        return found

    @property
    def mine(self) -> Exists:
        """件上有他。"""
        # 加 0：逐件核对要按件找，不能按人——按人找会把他的几万件翻一遍。
        seats = CaseRole.objects.alias(who=F("officer") + 0).filter(case=OuterRef("pk"), who=self.officer)
        return Exists(seats)

    @property
    def openly(self) -> Q:
        """不限指定人员的件里看得见的。"""
        found = Q(unit__in=self.units)
        for path in self.areas:
            found |= under(path) or ~Q(pk=None)
        for turn in self.turns:
            found |= turn.q
        return Q(confidential=False) & found

    @property
    def q(self) -> Q:
        """看得见的，作条件。"""
        return self.openly | Q(self.mine)

    def covers(self, case: Case) -> bool:
        """这一件看不看得见：与 `q` 同一个意思，凭件的行判断，不查库。"""
        if any(str(self.officer) == str(one) for people in case.roles.values() for one in people):
            return True
        if case.confidential:
            return False
        return (
            case.unit_id in self.units
            or any(case.area_path.startswith(path) for path in self.areas)
            or any(
                case.matter == turn.matter
                and case.state in (*turn.live, *turn.ended)
                and case.area_path.startswith(turn.area)
                for turn in self.turns
            )
        )


def _within(path: str, areas: set[str]) -> bool:
    return any(path.startswith(one) for one in areas)


def visible(officer: Officer, at: datetime | None = None) -> QuerySet[Case]:
    """这个人看得见的件：自己的 ∪ 本单位的 ∪ 自己区域的 ∪ 现在这一步该由他的岗位办的。列表、计数、查找、导出都从这里取。

    限指定人员的件只有件上的人看得见。停用的人什么也看不见。逐件核对的写法：与别的条件合用时快；
    要成页地列，用 `listing.listed`（同样的范围，按索引取）。
    """
    if not officer.is_active:
        return Case.objects.none()
    return Case.objects.filter(Reach.of(officer, at or timezone.now()).q)


def seen(officer: Officer, at: datetime | None = None, case: str = "case") -> Exists:
    """别的表按件筛选用：它的 `case` 这一列指着的件，这个人看得见。写成逐行核对，不先把看得见的件全列出来。"""
    return Exists(visible(officer, at).filter(pk=OuterRef(case)))


def in_sight(officer: Officer, uid: str, at: datetime | None = None) -> Case | None:
    """这一件，看得见才返回。办理之前核对用：按标识取行，再凭行判断，比拼 `visible` 的语句快得多。"""
    with stamps.read_once():
        found = row_of(uid) if officer.is_active else None
        if found is None or not Reach.of(officer, at or timezone.now()).covers(found):
            return None
        return found


def in_sight_or_done(officer: Officer, uid: str, key: str | None) -> Case | None:
    """要办的一件：看得见的，或者用这个请求标识办过的（办完转给了别人，重来时照样答复“已办”）；都不是的为 None。"""
    found = in_sight(officer, uid)
    if found is None and key:
        found = Case.objects.filter(uid=uid, events__key=key).select_related("version").first()
    return found
