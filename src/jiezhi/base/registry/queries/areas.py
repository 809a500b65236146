"""区域及其边界。"""

import threading
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import Area, AreaVersion

if TYPE_CHECKING:
    from jiezhi.core.space import AreaIndex

KEEP = 16  # 进程里最多留几份索引：各级现行的，加上最近用过的历史


class _Snapshots:
    """（级别, 戳） → 各段时间的索引。边界在两次变动之间不变，所以按段缓存，而不是按时刻。"""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, str, datetime, datetime], AreaIndex[int]] = OrderedDict()

    def find(self, level: str, stamp: str, at: datetime) -> "AreaIndex[int] | None":
        with self._lock:
            for key in reversed(self._held):
                if key[:2] == (level, stamp) and key[2] <= at < key[3]:
                    self._held.move_to_end(key)
                    return self._held[key]
        return None

    def keep(self, level: str, stamp: str, span: tuple[datetime, datetime], index: "AreaIndex[int]") -> None:
        with self._lock:
            for key in [key for key in self._held if key[1] != stamp]:
                del self._held[key]
            self._held[(level, stamp, *span)] = index
            while len(self._held) > KEEP:
                self._held.popitem(last=False)


_snapshots = _Snapshots()
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


def _valid(at: datetime) -> Q:
    return Q(valid_from__lte=at) & (Q(valid_to=None) | Q(valid_to__gt=at))


def area_index(level: str, at: datetime | None = None) -> "AreaIndex[int]":
    """某一级区域在 `at`（默认现在）的边界索引；键是 Area 的 id。

    缓存按版本戳失效：经本应用的写操作改过任何边界后，下一次取即为新的。缓存命中时一条查询。
    """
    at = at or timezone.now()
    stamp = stamps.current(stamps.AREAS)
    held = _snapshots.find(level, stamp, at)
    if held is not None:
        return held
    from jiezhi.core.space import AreaIndex

    versions = AreaVersion.objects.filter(area__level=level)
    edges = {edge for pair in versions.values_list("valid_from", "valid_to") for edge in pair if edge}
    span = (
        max((edge for edge in edges if edge <= at), default=_EARLIEST),
        min((edge for edge in edges if edge > at), default=_LATEST),
    )
    rows = versions.filter(_valid(at)).order_by("area_id").values_list("area_id", "geometry")
    index: AreaIndex[int] = AreaIndex(list(rows))
    if stamp:
        _snapshots.keep(level, stamp, span, index)
    return index


_paths: stamps.StampedCache[dict[str, str]] = stamps.StampedCache(stamps.AREAS)


def area_paths() -> dict[str, str]:
    """全部区域（含停用的）：代码 → 路径。"""
    return _paths.get(lambda: dict(Area.objects.values_list("code", "path")))


def area_by_code(code: str) -> Area | None:
    return Area.objects.filter(code=code).first()


def versions_of(area: Area) -> QuerySet[AreaVersion]:
    """边界的历史，早的在前。"""
    return AreaVersion.objects.filter(area=area).order_by("valid_from")


def geometry_of(area: Area, at: datetime) -> dict[str, Any] | None:
    """某区域在 `at` 的边界；那时没有边界为 None。"""
    return AreaVersion.objects.filter(_valid(at), area=area).values_list("geometry", flat=True).first()
