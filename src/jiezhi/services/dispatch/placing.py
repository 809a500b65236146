"""定位：由一个地点（坐标、门牌、地址）和来件的文字，定到最细的区域。

先后：坐标落在网格 → 坐标在网格外 30 米内 → 门牌 → 地址 → 坐标落在社区 → 文字里说到的地点、网格、社区 →
街道。坐标一律 WGS-84。定不准不猜：几个候选都像时，只定到它们共同的上级区域。
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry import stamps
from jiezhi.base.registry.addresses import common_prefix, normalise_address
from jiezhi.base.registry.models import Area, AreaLevel, Place
from jiezhi.base.registry.models.areas import path_and_above
from jiezhi.services.dispatch.words import address_keys

if TYPE_CHECKING:
    from jiezhi.core.space import AreaIndex

DRIFT_METRES = 30.0
"""手机定位在楼间常漂这么远；网格外这个距离以内归到最近的网格。"""

ADDRESS_SCORE = 0.6
"""地址不是一头包含另一头、也不是同一条路的，开头相同部分至少占这么多才算数；都只定到社区、不补坐标。"""

HOW = {
    "coordinates": "坐标落在网格内",
    "near": "坐标在网格边上",
    "doorplate": "门牌",
    "address": "地址",
    "community": "坐标落在社区内",
    "words": "来件文字里说到的地方",
    "root": "定不到更细，先归街道",
    "outside": "坐标不在本街道",
    "none": "还没有登记区域",
}

_CHUNK = 5000  # 一条查询里最多放几个地址


@dataclass(frozen=True, slots=True)
class Placing:
    """定位的结果。`how` 见 HOW;`confidence` 0 到 100;`place` 是补全了坐标、地址的地点（规范写法）。"""

    area_code: str
    area_path: str
    how: str
    confidence: int
    place: dict[str, str]


class AreaRow(NamedTuple):
    """一个区域。"""

    code: str
    path: str
    level: str
    name: str
    active: bool


_NOTHING = AreaRow("", "", "", "", False)


# 候选地址多过这个数，就把登记地址整个取来在内存里比。
MANY_KEYS = 400


class _Areas:
    """区域表和文字里认得的区域名；进程里留着，区域一改就重取。"""

    def __init__(self) -> None:
        rows = Area.objects.order_by("path").values_list("pk", "code", "path", "level", "name", "is_active")
        self.by_id = {row[0]: AreaRow(*row[1:]) for row in rows}
        self.by_path = {row.path: row for row in self.by_id.values()}
        active = [row for row in self.by_id.values() if row.active]
        streets = [row for row in active if row.level == AreaLevel.STREET]
        self.root = (streets or active or [_NOTHING])[0]
        self.names = _names(active)


_areas: stamps.StampedCache[_Areas] = stamps.StampedCache(stamps.AREAS)


class Placer:
    """一次定位作业：区域表和边界各取一次，门牌、地址查过的不再查。`at` 定用哪一版边界。"""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or timezone.now()
        areas = _areas.get(_Areas)
        self.by_id, self.by_path = areas.by_id, areas.by_path
        self.root, self._names = areas.root, areas.names
        self._indexes: dict[str, AreaIndex[int]] = {}
        self._doorplates: dict[str, Place | None] = {}
        self._exact: dict[str, list[Place]] = {}
        self._known: set[str] | None = None
        self._memo: dict[tuple[str, ...], Placing] = {}

    def index(self, level: str) -> AreaIndex[int]:
        """某一级区域的边界。"""
        if level not in self._indexes:
            self._indexes[level] = registry.area_index(level, self.at)
        return self._indexes[level]

    def place(self, value: Any, text: str = "") -> Placing:
        """定一个；同样的问过就直接答。"""
        value = value if isinstance(value, Mapping) else {"address": value} if isinstance(value, str) else {}
        key = _memo_key(value, text)
        if key not in self._memo:
            self.place_many([value], [text])
        return self._memo[key]

    def place_many(
        self, values: Sequence[Mapping[str, Any] | None], texts: Sequence[str] | None = None
    ) -> list[Placing]:
        """成批定位，次序同传入。"""
        texts = texts if texts is not None else [""] * len(values)
        if len(texts) != len(values):
            raise ValueError(f"地点有 {len(values)} 个，文字有 {len(texts)} 段，个数要相同")
        import numpy as np  # 只有成批定位用它，不进每条命令的启动

        points = [_point(value) for value in values]
        result: list[Placing | None] = [None] * len(values)
        rest: list[int] = []
        given = np.array([point or (np.nan, np.nan) for point in points], dtype=np.float64).reshape(-1, 2)
        grids = self.index(AreaLevel.GRID) if np.isfinite(given).any() else None
        if grids is None:
            rest = list(range(len(values)))
        else:
            rows = [self.by_id[key] for key in grids.keys]
            for at, hit in enumerate(grids.locate_many(given[:, 0], given[:, 1]).tolist()):
                if hit < 0:
                    rest.append(at)
                else:
                    row = rows[hit]
                    result[at] = Placing(row.code, row.path, "coordinates", 95, values[at])  # type: ignore[arg-type]
        self._fetch([values[at] or {} for at in rest], [texts[at] for at in rest])
        for at in rest:
            result[at] = self._slow(values[at] or {}, points[at], texts[at])
        found = [one for one in result if one is not None]
        if len(values) <= _CHUNK:
            self._memo |= {
                _memo_key(value or {}, text): one
                for value, text, one in zip(values, texts, found, strict=True)
            }
        return found

    def _fetch(self, values: Iterable[Mapping[str, Any]], texts: Iterable[str]) -> None:
        """门牌、完全相同的地址、文字里可能的地址，一次取来。"""
        doors: set[str] = set()
        keys: set[str] = set()
        for value, text in zip(values, texts, strict=True):
            door, address = _doorplate(value), str(value.get("address") or "")
            if door and door not in self._doorplates:
                doors.add(door)
            if address:
                keys |= {normalise_address(address)} | address_keys(address)
            if text:
                keys |= address_keys(text)
        keys -= self._exact.keys() | {""}
        for part in _parts(sorted(doors)):
            self._doorplates |= dict.fromkeys(part)
            for one in Place.objects.filter(doorplate__in=part, is_active=True):
                self._doorplates[one.doorplate or ""] = one
        for key in keys:
            self._exact[key] = []
        for part in _parts(sorted(self._registered(keys))):
            for one in Place.objects.filter(address_key__in=part, is_active=True).order_by("pk"):
                self._exact[one.address_key].append(one)

    def _registered(self, keys: set[str]) -> set[str]:
        """可能的地址里真有登记的。成批时候选上万，先与全部登记地址在内存里比，剩下几个才去查。"""
        if len(keys) <= MANY_KEYS:
            return keys
        if self._known is None:
            self._known = set(Place.objects.filter(is_active=True).values_list("address_key", flat=True))
        return keys & self._known

    def _slow(self, value: Mapping[str, Any], point: tuple[float, float] | None, text: str) -> Placing:
        value = dict(value)
        if point is not None:
            near = self.index(AreaLevel.GRID).nearest(*point, DRIFT_METRES)
            if near is not None:
                return self._at(self.by_id[near[0]], "near", round(85 - near[1]), value)
        door = self._doorplates.get(_doorplate(value)) if value.get("doorplate") else None
        row = self._area_of(door) if door else None
        if door and row:
            return self._at(row, "doorplate", 95, _completed(value, door))
        address = str(value.get("address") or "")
        found = self._by_address(value, address) if address else None
        if found is not None:
            return found
        if point is not None:
            hit = self.index(AreaLevel.COMMUNITY).locate(*point)
            if hit is not None:
                return self._at(self.by_id[hit], "community", 70, value)
        found = self._by_words(value, f"{address}。{text}")
        if found is not None:
            return found
        if self.root is _NOTHING:
            return Placing("", "", "none", 0, value)
        outside = (
            point is not None
            and len(self.index(AreaLevel.STREET)) > 0
            and (self.index(AreaLevel.STREET).locate(*point) is None)
        )
        return self._at(self.root, "outside" if outside else "root", 5 if outside else 10, value)

    def _by_address(self, value: dict[str, str], address: str) -> Placing | None:
        key = normalise_address(address)
        exact = self._exact.get(key, [])
        if exact:
            return self._common(exact, "address", 90, value, len(exact) == 1)
        found = registry.find_address(address, limit=50)
        if not found:
            return None
        # 写到了室、铺：登记的楼栋整个在所写地址的开头。
        inside = [one.place for one in found if key.startswith(one.place.address_key)]
        if inside:
            longest = max(len(one.address_key) for one in inside)
            nearest = [one for one in inside if len(one.address_key) == longest]
            return self._common(nearest, "address", 88, value, len(nearest) == 1)
        # 只写到楼、到路：登记的几处都以所写地址开头。
        below = [one.place for one in found if one.place.address_key.startswith(key)]
        if below:
            return self._common(below, "address", 75, value, len(below) == 1)
        road = [one.place for one in found if _same_road(key, one.place.address_key)]
        close = [one.place for one in found if one.score >= max(ADDRESS_SCORE, found[0].score)]
        best = road or close
        placed = self._common(best, "address", round(60 * found[0].score), value, False) if best else None
        if placed is None:
            return None
        community = self._up_to(placed.area_path, AreaLevel.COMMUNITY)
        return self._at(community, "address", placed.confidence, value) if community else placed

    def _by_words(self, value: dict[str, str], text: str) -> Placing | None:
        hits = [(key, self._exact[key]) for key in address_keys(text) if self._exact.get(key)]
        if hits:
            longest = max(len(key) for key, _ in hits)
            places = [one for key, found in hits if len(key) == longest for one in found]
            placed = self._common(places, "words", 65, value, len(places) == 1)
            if placed is not None:
                return placed
        for certain, names in self._names:
            rows = {row for name, row in names if name in text}
            if len(rows) == 1:
                return self._at(rows.pop(), "words", certain, value)
            if rows:
                return None  # 说到几个社区，不猜是哪个
        return None

    def _common(
        self, places: Sequence[Place], how: str, confidence: int, value: dict[str, str], single: bool
    ) -> Placing | None:
        """几处地点共同的最细区域；只到街道就不算定到。只有一处时补全坐标和地址。"""
        rows = [row for row in map(self._area_of, places) if row is not None]
        if not rows:
            return None
        shared = set(path_and_above(rows[0].path)).intersection(*(path_and_above(row.path) for row in rows))
        row = self.by_path.get(max(shared, key=len, default=""))
        if row is None or AreaLevel(row.level).rank <= AreaLevel.STREET.rank:
            return None
        if len({one.path for one in rows}) > 1:
            confidence -= 15
        return self._at(row, how, confidence, _completed(value, places[0]) if single else value)

    def _area_of(self, place: Place) -> AreaRow | None:
        if place.area_id is not None:
            return self.by_id.get(place.area_id)
        if place.lon is None or place.lat is None:
            return None
        for level in (AreaLevel.GRID, AreaLevel.COMMUNITY):
            hit = self.index(level).locate(place.lon, place.lat)
            if hit is not None:
                return self.by_id[hit]
        return None

    def _up_to(self, path: str, level: str) -> AreaRow | None:
        rows = (self.by_path.get(one) for one in path_and_above(path))
        return next((row for row in rows if row and row.level == level), None)

    def _at(self, row: AreaRow, how: str, confidence: int, place: Mapping[str, Any]) -> Placing:
        return Placing(row.code, row.path, how, confidence, dict(place))


def _names(active: Sequence[AreaRow]) -> list[tuple[int, list[tuple[str, AreaRow]]]]:
    """文字里可以认的区域名：网格全名、社区全名、社区去掉“社区”二字（至少两个字）。"""
    grids = [(row.name, row) for row in active if row.level == AreaLevel.GRID and len(row.name) >= 4]
    full = [(row.name, row) for row in active if row.level == AreaLevel.COMMUNITY]
    short = [(name.removesuffix("社区"), row) for name, row in full]
    return [(70, grids), (60, full), (45, [(name, row) for name, row in short if len(name) >= 2])]


def _point(value: Mapping[str, Any] | None) -> tuple[float, float] | None:
    if not value:
        return None
    lon, lat = value.get("lon"), value.get("lat")
    if lon is None or lat is None:
        return None
    try:
        x, y = float(lon), float(lat)
    except ValueError:
        return None
    return (x, y) if abs(x) <= 180 and abs(y) <= 90 else None


def _same_road(one: str, other: str) -> bool:
    """同一条路、不同号：去掉开头相同的，两边都接着门牌号。"""
    shared = len(common_prefix(one, other))
    return one[shared : shared + 1].isdigit() and other[shared : shared + 1].isdigit()


def _doorplate(value: Mapping[str, Any]) -> str:
    return secrets.normalise(str(value.get("doorplate") or ""))


def _memo_key(value: Mapping[str, Any], text: str) -> tuple[str, ...]:
    point = _point(value)
    where = ("", "") if point is None else (f"{point[0]:.7f}", f"{point[1]:.7f}")
    return (*where, str(value.get("address") or ""), str(value.get("doorplate") or ""), text)


def _completed(value: Mapping[str, Any], place: Place) -> dict[str, str]:
    """用登记的地点补上没有写的：坐标、地址、门牌。写了的不改。"""
    full = dict(value)
    if _point(full) is None and place.lon is not None and place.lat is not None:
        full["lon"], full["lat"] = f"{place.lon:.7f}", f"{place.lat:.7f}"
    if not full.get("address"):
        full["address"] = place.address
    if place.doorplate and not full.get("doorplate"):
        full["doorplate"] = place.doorplate
    return full


def _parts(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[at : at + _CHUNK] for at in range(0, len(items), _CHUNK))


def place(value: Any, text: str = "", *, at: datetime | None = None) -> Placing:
    """定一个地点。

    `value` 是地点字段的值（{lon, lat, address, doorplate} 的任意部分，WGS-84），`text` 是来件的文字；
    `at` 定用哪一版边界，默认现在。定不到时归街道（how 为 root 或 outside），没有登记区域时代码为空。
    """
    return Placer(at).place(value, text)


def place_many(
    values: Sequence[Mapping[str, Any] | None],
    texts: Sequence[str] | None = None,
    *,
    at: datetime | None = None,
) -> list[Placing]:
    """成批定位，次序同传入；查询条数与件数无关（只写了半截地址的除外，每个不同的地址至多四条）。"""
    return Placer(at).place_many(values, texts)


def complete_place(value: Any, text: str = "", *, at: datetime | None = None) -> dict[str, str] | None:
    """补全地点：有坐标的原样返回；凭门牌、地址、文字找到唯一登记地点的，补上坐标、地址、门牌。

    什么也没有说、也认不出的为 None。
    """
    return Placer(at).place(value, text).place or None
