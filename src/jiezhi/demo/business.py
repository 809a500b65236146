"""演示街道的执法和政务服务件：走真的门，各停在不同环节，谁登录都有自己那一步可办。人、单位、事情都是虚构的。

文书和通知只排进后续发送，由 worker 慢慢做，启动时不等。
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome, Result
from jiezhi.core.calendar import CHINA
from jiezhi.demo import stories
from jiezhi.demo.pictures import store_picture
from jiezhi.demo.plan import StreetPlan

logger = logging.getLogger(__name__)


class Stuck(Exception):
    """这一步没有办成，这一件就停在上一步。"""


class Hand:
    """替各岗位的人办事：时间写“几天前的几点”，人写岗位。"""

    def __init__(self, plan: StreetPlan, now: datetime) -> None:
        self._plan = plan
        self._now = now.astimezone(CHINA)
        self._shots = 0

    def day(self, days: int) -> str:
        """`days` 天前那天（负数是以后），YYYY-MM-DD。"""
        return (self._now - timedelta(days=days)).date().isoformat()

    def when(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        """`days` 天前的几点几分，北京时间。"""
        return (self._now - timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)

    def person(self, post: str, nth: int = 0, unit: str = "") -> Officer:
        """任某岗的第几个人。"""
        return Officer.objects.get(login=self._plan.holders(post, unit)[nth].login)

    def ids(self, post: str, count: int = 2) -> list[str]:
        """任某岗的前几个人，填在人员栏里。"""
        return [str(self.person(post, nth).pk) for nth in range(count)]

    def spot(self, community: int, kind: str = "商铺") -> dict[str, str]:
        """第几个社区里的一处楼栋。"""
        code = self._plan.communities[community].code
        one = next(b for b in self._plan.buildings if b.community == code and b.kind == kind)
        return {"address": one.label, "lon": str(one.lon), "lat": str(one.lat)}

    def photo(self, name: str, when: datetime) -> str:
        """画一张街景当照片收下，返回摘要；每张的颜色不同。"""
        self._shots += 1
        return store_picture("scene", self._shots, name=name, now=when)

    def opens(self, matter: str, action: str, who: Officer, when: datetime, **inputs: Any) -> str:
        """开一件，返回全局标识。"""
        found = actions.open_case(matter, action, acting_officer=who, inputs=inputs, at=when, now=when)
        return _uid(found)

    def does(
        self, uid: str, action: str, who: Officer, when: datetime, reason: str = "", **inputs: Any
    ) -> None:
        """办一步。"""
        _uid(actions.act(uid, action, acting_officer=who, inputs=inputs, at=when, now=when, reason=reason))

    def child(self, uid: str, matter: str) -> str:
        """随之开立的那件，返回全局标识。"""
        return str(Case.objects.get(parent__uid=uid, matter=matter).uid)


def _uid(result: Result) -> str:
    if not isinstance(result, Outcome):
        raise Stuck(str(result))
    return result.uid


def open_business(plan: StreetPlan, now: datetime) -> int:
    """建演示的执法、服务、证件各件，时间散在最近五十天；返回建到预定环节的件数。要先登记执法证件。"""
    hand = Hand(plan, now)
    told: list[Callable[[Hand], None]] = [
        stories.published_penalty,
        stories.penalty_being_heard,
        stories.penalty_under_investigation,
        stories.expiring_certificate,
        stories.caution_waiting,
        stories.billboard_in_review,
        stories.poster_granted,
        stories.stall_lacking_papers,
        stories.spot_penalty,
        stories.clue_waiting,
    ]
    done = 0
    for story in told:
        try:
            story(hand)
            done += 1
        except Stuck as stuck:
            logger.warning("演示件 %s 没有建完：%s", story.__name__, stuck)
    return done
