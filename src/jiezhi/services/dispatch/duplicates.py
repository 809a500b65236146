"""找可能重复的在办件：附近、近期、说的是同一件事。只提示，由人判断是否合并。

为了让人判断，给出全文和照片，不只给标题：只看标题和小图分不清是不是同一件事。
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Value

from jiezhi.base.accounts import secrets
from jiezhi.base.casework.dialect import pk_at, place_at
from jiezhi.base.casework.models import Case
from jiezhi.services.dispatch.session import text_of
from jiezhi.services.dispatch.words import similarity

RADIUS = 150.0
"""米。再远的不算同一处。"""

SPAN = timedelta(days=60)
"""只看这么久以内来的在办件。"""

FULL_SIMILARITY = 0.4
"""文字相似（0 到 1）到这么多，就当作说的是同一件事；换了人、换了说法，很少再高。"""

SAME_CATEGORY = 0.35
"""知道在一处而类别又相同，抵得上这么大一份（说同一件事的人，用词常常全不相同）。"""

LEAST_TOPIC = 0.25
"""文字加类别合起来不到这么多的，再近也是两件事，不列。"""

DUPLICATE_SCORE = 55
"""到这个分才算“很可能重复”，自动提示；再低的只在列表里给人看。"""

MAX_CANDIDATES = 100
"""最多逐件比这么多：本人报过的、近的在前，同样的后来的在前。"""
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """一件可能重复的。`score`、`similarity` 0 到 100;`metres` 为 None 表示有一边没有坐标。

    `description` 是全文，`photos` 是材料的摘要（凭它取图）。
    """

    case: Case
    score: int
    metres: float | None
    hours: float
    similarity: int
    because: str
    description: str
    photos: tuple[str, ...]


def near_duplicates(
    matters: str | Sequence[str],
    spot: Mapping[str, Any] | None,
    at: datetime,
    text: str,
    exclude: str | None = None,
    limit: int = 5,
    *,
    area_path: str = "",
    category: str = "",
    reporter: Any = None,
    within: QuerySet[Case] | None = None,
) -> list[Duplicate]:
    """最可能重复的在办件，像的在前。

    `matters` 业务模板（一个或几个，空为不限）；`spot` 地点（WGS-84）；`at` 本件来件时间；
    `exclude` 本件的全局标识；`area_path` 没有坐标时凭它找；`category` 类别；
    `reporter` 来件人（凭账号、电话找本人报过的）；
    `within` 限定看得见的件（`casework.queries.visible`），不给则是全部不限指定人员的件。
    至多两条查询，都走索引。
    """
    spot = spot or {}
    wanted = {matters} if isinstance(matters, str) else set(matters)
    mine: dict[int, bool] = {}
    far: dict[int, bool] = {}
    point = _point(spot)
    oldest, later = place_at(at - SPAN), place_at(at + timedelta(seconds=1))
    for place, matter, lon, lat, own in _candidates(spot, area_path, _indexes(reporter)):
        if oldest <= place < later and (not wanted or matter in wanted):
            pk = pk_at(place)
            mine[pk] = mine.get(pk, False) or bool(own)
            far[pk] = _gap(point, lon, lat) > RADIUS
    if not mine:
        return []
    likely = sorted(mine, key=lambda pk: (not mine[pk], far[pk], -pk))[:MAX_CANDIDATES]
    rows = (Case.objects.filter(confidential=False) if within is None else within).filter(pk__in=likely)
    found = [
        one
        for row in rows.defer("sealed", "head", "roles", "tags", "done").order_by()
        if str(row.uid) != exclude
        and (one := _compare(row, spot, at, text, category, mine[row.pk])) is not None
    ]
    return sorted(found, key=lambda one: (-one.score, -one.case.opened_at.timestamp()))[:limit]


def _candidates(
    spot: Mapping[str, Any], area_path: str, indexes: list[str]
) -> Iterable[tuple[int, str, float | None, float | None, int]]:
    """附近的、同一区域没有坐标的、同一来件人的：（排位、业务模板、经度、纬度、是否本人）。一条查询。

    取排位不取主键和来件时间：它是一个整数，两样都在里面，一处有几千件时省一半。

    各片只写自己那个索引用得上的条件，别的条件取出来再看：条件写在一起，数据库会改走业务模板或时间的索引，
    把这个模板的件、近期的件全翻一遍。
    """
    columns = ("place", "matter", "lon", "lat", "own")
    point = _point(spot)
    arms: list[Any] = []
    if point is not None:
        from jiezhi.core.space import cells_within  # 带进 numpy、shapely，有坐标才用

        cells = cells_within(*point, RADIUS)
        near = Case.objects.filter(cell__in=cells, closed_at=None)
        arms.append(near.annotate(own=Value(0)))
    if area_path:
        there = Case.objects.filter(area_path=area_path, closed_at=None)
        arms.append((there if point is None else there.filter(cell=None)).annotate(own=Value(0)))
    if indexes:
        theirs = Case.objects.filter(party_rows__index__in=indexes, closed_at=None)
        arms.append(theirs.annotate(own=Value(1)))
    if not arms:
        return []
    first, *others = [arm.order_by().values_list(*columns) for arm in arms]
    return first.union(*others, all=True) if others else first


def _compare(
    row: Case, spot: Mapping[str, Any], at: datetime, text: str, category: str, mine: bool
) -> Duplicate | None:
    there = _place_of(row)
    point = _point(spot)
    gap = _gap(point, row.lon, row.lat) if point and row.lon is not None and row.lat is not None else None
    same_door = bool(spot.get("doorplate")) and spot.get("doorplate") == there.get("doorplate")
    if gap is not None and gap > RADIUS and not same_door:
        return None
    words = text_of(row.fields) or row.title
    where = (str(spot.get("address") or ""), str(there.get("address") or ""))
    alike = similarity(text, words, without=where)
    same_kind = bool(category) and row.fields.get("category") == category
    # 不知道在不在一处的，类别相同说明不了什么：同一类的件多得是，只看说的是不是一件事。
    placed = gap is not None or same_door
    topic = min(1.0, alike / FULL_SIMILARITY + SAME_CATEGORY * (same_kind and placed))
    if topic < LEAST_TOPIC:
        return None
    hours = max((at - row.opened_at).total_seconds() / 3600, 0.0)
    near = 1.0 if same_door else 0.45 if gap is None else 1 - gap / RADIUS * 0.8
    recent = 1 / (1 + hours / (24 * 14))  # 两周前的折半
    # 说的是不是一件事最要紧，所以是乘：说的不像，再近再新也不是。
    score = 100 * topic**0.5 * (0.5 + 0.3 * near + 0.2 * recent)
    return Duplicate(
        case=row,
        score=round(score),
        metres=None if gap is None else round(gap, 1),
        hours=round(hours, 1),
        similarity=round(100 * alike),
        because=_because(gap, same_door, hours, alike, same_kind, mine),
        description=words,
        photos=tuple(_photos(row)),
    )


def _because(
    gap: float | None, same_door: bool, hours: float, alike: float, same_kind: bool, mine: bool
) -> str:
    place = "同一门牌" if same_door else "同一片区域" if gap is None else f"相距约 {gap:.0f} 米"
    when = f"{hours:.0f} 小时前" if hours < 48 else f"{hours / 24:.0f} 天前"
    level = "说的事很像" if alike >= FULL_SIMILARITY else "说的事有些像" if alike >= 0.1 else "说法不同"
    parts = [
        place,
        f"{when}来件",
        *(["类别相同"] if same_kind else []),
        level,
        *(["是同一来件人"] if mine else []),
    ]
    return "，".join(parts)


def _place_of(row: Case) -> Mapping[str, Any]:
    """件上的地点：有地址或门牌的那个字段。"""
    places = (value for value in row.fields.values() if isinstance(value, dict))
    return next((value for value in places if {"address", "doorplate", "lon"} & value.keys()), {})


def _photos(row: Case) -> list[str]:
    """件上各材料字段里的文件摘要。"""
    lists = (value for value in row.fields.values() if isinstance(value, list))
    return [item for value in lists for item in value if isinstance(item, str) and _DIGEST.match(item)]


def _gap(point: tuple[float, float] | None, lon: float | None, lat: float | None) -> float:
    """相距多少米；有一边没有坐标的算 0。"""
    if point is None or lon is None or lat is None:
        return 0.0
    from jiezhi.core.space import metres

    return metres(*point, lon, lat)


def _point(spot: Mapping[str, Any]) -> tuple[float, float] | None:
    try:
        return float(spot["lon"]), float(spot["lat"])
    except (KeyError, TypeError, ValueError):
        return None


def _indexes(reporter: Any) -> list[str]:
    if not isinstance(reporter, Mapping):
        return []
    pairs = (("account", "account"), ("phone", "phone"), ("id", "identifier"))
    return [secrets.blind_index(kind, str(reporter[key])) for kind, key in pairs if reporter.get(key)]
