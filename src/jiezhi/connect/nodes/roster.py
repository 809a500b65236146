"""登记的节点，进程内缓存：办理的事务里不查库。"""

from __future__ import annotations

from dataclasses import dataclass

from jiezhi.base.casework.extensions import Context
from jiezhi.base.registry import stamps
from jiezhi.connect.nodes.models import Peer

STAMP = "nodes"


@dataclass(frozen=True, slots=True)
class Known:
    """一个节点，办理时要知道的。"""

    pk: int
    kind: str
    trusted: bool
    unit: str
    opens: str


_cache: stamps.StampedCache[tuple[Known, ...]] = stamps.StampedCache(STAMP)


def _load() -> tuple[Known, ...]:
    rows = Peer.objects.values_list("pk", "kind", "status", "unit", "opens").order_by("pk")
    return tuple(
        Known(pk, kind, status == Peer.Status.TRUSTED, unit, opens) for pk, kind, status, unit, opens in rows
    )


def known(context: Context) -> tuple[Known, ...]:
    """全部节点。"""
    return _cache.get(_load, context.work.standing.stamps.get(STAMP, ""))


def has(context: Context, kind: str = Peer.Kind.INSIDE) -> bool:
    """登记了在用的这一种节点。有内网办理节点的就是外网机：登记的件送得进去。"""
    return any(one.kind == kind and one.trusted for one in known(context))


def lacks(context: Context, kind: str = Peer.Kind.INSIDE) -> bool:
    """没有在用的这一种节点。"""
    return not has(context, kind)
