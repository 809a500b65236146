"""按门牌、地址找地点。"""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.functions import Collate

from jiezhi.base.accounts import secrets
from jiezhi.base.registry.addresses import common_prefix, normalise_address
from jiezhi.base.registry.models import Place

MIN_COMMON = 3  # 共同的开头少于三个字，不算找到


@dataclass(frozen=True)
class Candidate:
    """一个候选地点。`score` 在 0 到 1 之间，1 为地址完全相同；它只用于排序，不是概率。"""

    place: Place
    score: float


def place_by_doorplate(code: str) -> Place | None:
    return Place.objects.filter(doorplate=secrets.normalise(code)).first() if code.strip() else None


def _sorted() -> Any:
    """按字节次序排的地点；两种数据库里都用得上 address_key 的索引。"""
    collation = "C" if connection.vendor == "postgresql" else "BINARY"
    return Place.objects.filter(is_active=True).annotate(sort_key=Collate(F("address_key"), collation))


def _score(key: str, place: Place) -> float:
    shared = common_prefix(key, place.address_key)
    return round(len(shared) / max(len(key), len(place.address_key)), 3)


def find_address(text: str, limit: int = 10) -> list[Candidate]:
    """按地址找地点，像的在前。先找完全相同的；没有就找开头相同部分最长的。至多四条查询。

    数字不拆开比：“12号”与“123号”不算开头相同。
    """
    key = normalise_address(text)
    if not key or limit < 1:
        return []
    exact = list(Place.objects.filter(is_active=True, address_key=key).order_by("id")[:limit])
    if exact:
        return [Candidate(place, 1.0) for place in exact]
    # 排好序以后，开头相同部分最长的，必与所找的相邻。
    below = _sorted().filter(sort_key__lt=key).order_by("-sort_key").first()
    above = _sorted().filter(sort_key__gt=key).order_by("sort_key").first()
    shared = [common_prefix(key, near.address_key) for near in (below, above) if near is not None]
    prefix = max(shared, key=len, default="")
    if len(prefix) < MIN_COMMON:
        return []
    rows = _sorted().filter(sort_key__gte=prefix, sort_key__lt=prefix + "\U0010ffff")
    found = [Candidate(place, _score(key, place)) for place in rows.order_by("sort_key", "id")[: limit * 5]]
    return sorted(found, key=lambda one: (-one.score, one.place.address_key, one.place.pk))[:limit]
