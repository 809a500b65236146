"""接着翻的凭据：翻到哪一件、照什么筛选。由本机签名，改不了；换了筛选要从头翻。"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core import signing

from jiezhi.api.problems import Problem
from jiezhi.base.casework.cursor import Spot
from jiezhi.base.casework.queries import Filters

SALT = "api.cursor"


def give(spot: Spot, filters: Filters) -> str:
    """照 `filters`（不带 `after`）翻到 `spot`，下一页凭它。"""
    due = spot.due_at.isoformat() if spot.due_at else None
    return signing.dumps([_mark(filters), due, spot.place], salt=SALT)


def read(cursor: str, filters: Filters) -> Spot:
    """翻到哪一件。出错：Problem。"""
    try:
        mark, due, place = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise Problem("invalid", "cursor 不对，请用上一页给的 next，或者从第一页翻起") from error
    if mark != _mark(filters):
        raise Problem("invalid", "换了筛选，cursor 不能接着用，请从第一页翻起")
    return Spot(datetime.fromisoformat(due) if due else None, int(place))


def _mark(filters: Filters) -> str:
    return hashlib.sha256(repr(filters).encode()).hexdigest()[:16]
