"""一次事务（Work）里共用的定位和分派：区域表、边界、规则、单位各取一次，导入几千件也不逐件查。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from jiezhi.base.casework.actions import Entry
from jiezhi.base.casework.engine.work import Work
from jiezhi.services.dispatch.placing import Placer
from jiezhi.services.dispatch.routing import Router

PLACE_KEYS = frozenset({"lon", "lat", "address", "doorplate"})
TEXT_FIELDS = ("subject", "title", "content", "description", "text")


class Session:
    """跟着一个 Work 走，Work 没了它也没了；所以它自己不能留着 Work。"""

    def __init__(self) -> None:
        self._placer: Placer | None = None
        self._router: Router | None = None

    def placer(self, work: Work) -> Placer:
        """定位；区域表到用时才取。"""
        if self._placer is None:
            self._placer = Placer(work.now)
        return self._placer

    def router(self, work: Work) -> Router:
        """分派；规则到用时才取，在用单位与办理共用一份。"""
        if self._router is None:
            self._router = Router(work.look.units())
        return self._router


_sessions: WeakKeyDictionary[Work, Session] = WeakKeyDictionary()


def session_of(work: Work) -> Session:
    """这次事务的那一份。"""
    found = _sessions.get(work)
    if found is None:
        found = _sessions[work] = Session()
    return found


def text_of(values: Mapping[str, Any], *more: str | None) -> str:
    """来件的文字：件名字段和各个正文字段连起来，重复的只取一次。"""
    found = [
        str(values[name]) for name in (*TEXT_FIELDS, *more) if name and isinstance(values.get(name), str)
    ]
    return "。".join(dict.fromkeys(found))


def prefetch(work: Work, entries: Sequence[Entry]) -> None:
    """`act_many(prepare=prefetch)`:办这一批之前，把各行的坐标、门牌、地址成批查好。"""
    values: list[Mapping[str, Any]] = []
    texts: list[str] = []
    for entry in entries:
        given = [
            value
            for value in entry.inputs.values()
            if isinstance(value, Mapping) and value and not set(value) - PLACE_KEYS
        ]
        values += given or ([{}] if entry.matter else [])
        texts += [text_of(entry.inputs)] * (len(given) or (1 if entry.matter else 0))
    if values:
        session_of(work).placer(work).place_many(values, texts)
