"""听众：件办成一步，看哪些订阅要它，排进后续发送。在办理的事务里，不查库。"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jiezhi.base.casework.extensions import Context, Step
from jiezhi.base.registry import stamps
from jiezhi.connect.hooks.models import Subscription

KIND = "webhook"
STAMP = "hooks"


@dataclass(frozen=True, slots=True)
class Wanted:
    """一个订阅要什么；空的是都要。"""

    pk: int
    matters: frozenset[str]
    actions: frozenset[str]
    means: frozenset[str]
    states: frozenset[str]

    def fits(self, matter: str, step: Step) -> bool:
        if self.matters and matter not in self.matters:
            return False
        named = step.action in self.actions or not self.means.isdisjoint(step.means)
        if (self.actions or self.means) and not named:
            return False
        return not self.states or step.to_state in self.states


_cache: stamps.StampedCache[tuple[Wanted, ...]] = stamps.StampedCache(STAMP)


def _load() -> tuple[Wanted, ...]:
    rows = Subscription.objects.exclude(status=Subscription.Status.CLOSED).order_by("pk")
    return tuple(
        Wanted(pk, frozenset(matters), frozenset(actions), frozenset(means), frozenset(states))
        for pk, matters, actions, means, states in rows.values_list(
            "pk", "matters", "actions", "means", "states"
        )
    )


def lane(subscription: int) -> str:
    """一个订阅在后续发送里的种类：各走各的路。"""
    return f"{KIND}.{subscription}"


def listen(context: Context, step: Step) -> Iterator[tuple[str, dict[str, Any]]]:
    """要这一步的订阅各排一条；内容只有引用，推的时候才照办理记录写正文。"""
    wanted = _cache.get(_load, context.work.standing.stamps.get(STAMP, ""))
    assert context.definition is not None
    for one in wanted:
        if one.fits(context.definition.id, step):
            yield lane(one.pk), {}
