"""节点出了事告诉人：系统管理员看往来，分拨员顾着来件。worker 定时叫；同样的事只说一次，接连出的并成一条。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import localtime

from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.posts import ADMIN
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.reminders import remind
from jiezhi.base.registry import queries as registry
from jiezhi.connect.nodes import exchange, outbound, queries
from jiezhi.connect.nodes.models import Arrival, Incoming, Peer
from jiezhi.core.evidence.digest import sm3_hex

DISPATCHER = "dispatcher"
# 接连没有办成的，出了一条就说，往后攒到这一段过完再说合计。
SPELL = timedelta(hours=6)
LOOKED_BACK = timedelta(days=2)
# 缺号、办到一半的，先等这么久：多半是路上晚了一步。
PATIENCE = timedelta(hours=1)
# 连着这么多次没有连上才算出了事（约半小时）。
FAILURES = 5
SHOWN = 5
LOOK = "缘由请系统管理员用 jiezhi nodes status 看"


@dataclass(frozen=True, slots=True)
class Word:
    """要说的一件事；`key` 相同的只说一次。"""

    key: str
    title: str
    text: str
    link: str = ""


def remind_managers(now: datetime) -> None:
    """该提醒的各发一条。`now` 带时区。没有登记节点的什么也不做。"""
    peers = list(queries.peers())
    if not peers:
        return
    found = [*_spells(now), *_stuck(now)]
    for peer in peers:
        if peer.status == Peer.Status.TRUSTED:
            found += [*_missing(peer, now), *_silent(peer, now)]
        found += _trouble(peer)
    if found:
        people = _people(now)
        for one in found:
            remind(f"nodes.{one.key}", to=people, title=one.title, text=one.text, link=one.link, now=now)


def _people(now: datetime) -> list[Officer]:
    return [one for post in (ADMIN, DISPATCHER) for one in registry.officers_with(post, at=now)]


# ---- 没有办成的 ----


def _spells(now: datetime) -> Iterator[Word]:
    """我方没有办成的、对方说没有办成的，按节点、按段合起来。"""
    mine = Q(outcome=Arrival.Outcome.REFUSED)
    theirs = Q(kind=outbound.REFUSED, case__isnull=False)
    rows = Arrival.objects.filter(mine | theirs, at__gte=_start(now) - LOOKED_BACK)
    spells: dict[tuple[str, Peer, datetime], list[Arrival]] = defaultdict(list)
    for row in rows.select_related("peer", "case").order_by("pk"):
        kind = "returned" if row.kind == outbound.REFUSED and row.case_id else "refused"
        spells[kind, row.peer, _start(row.at)].append(row)
    for (kind, peer, start), found in spells.items():
        whole = start + SPELL <= now and len(found) > 1  # 只有一条的，出的时候已经说过
        key = f"{kind}:{peer.pk}:{start:%Y%m%d%H}{':all' if whole else ''}"
        yield (_refused if kind == "refused" else _returned)(key, peer, found)


def _start(at: datetime) -> datetime:
    """`at` 在哪一段：本地时间 0、6、12、18 点起。"""
    local = localtime(at)
    return local.replace(hour=local.hour // 6 * 6, minute=0, second=0, microsecond=0)


def _refused(key: str, peer: Peer, rows: list[Arrival]) -> Word:
    text = f"{peer.name}送来的有 {len(rows)} 条没有办成。{LOOK}，补好之后用 jiezhi nodes retry 再办。"
    return Word(key, "节点送来的没有办成", text)


def _returned(key: str, peer: Peer, rows: list[Arrival]) -> Word:
    cases = list({row.case.pk: row.case for row in rows if row.case is not None}.values())
    text = f"送{peer.name}的有 {len(rows)} 条对方没有办成：{_numbers(cases)}。请与对方说清、办妥。{LOOK}。"
    if peer.kind == Peer.Kind.INSIDE:
        text += "来件人看到的只是街道没有收下、没有办成，看不到缘由，编号不变。"
    return Word(key, "送出去的对方没有办成", text, _page(cases))


def _numbers(cases: list[Case]) -> str:
    more = f"等 {len(cases)} 件" if len(cases) > SHOWN else ""
    return "、".join(case.number for case in cases[:SHOWN]) + more


def _page(cases: list[Case]) -> str:
    return reverse("office:case", args=[cases[0].uid]) if len(cases) == 1 else ""


def _stuck(now: datetime) -> Iterator[Word]:
    rows = Incoming.objects.exclude(trouble="").filter(applied_at=None, received_at__lte=now - PATIENCE)
    for row in rows.select_related("peer"):
        text = (
            f"{row.peer.name}的第 {row.seq} 号包办到一半停住了，它后面的都等着：{row.trouble}。"
            "查明之前会一遍遍再试，缘由的原文在日志里。"
        )
        yield Word(f"stuck:{row.pk}", "节点的包停住了", text)


# ---- 往来 ----


def _missing(peer: Peer, now: datetime) -> Iterator[Word]:
    missing = queries.missing(peer)
    waiting = peer.incoming.filter(epoch=peer.in_epoch, seq__gt=peer.in_seq, received_at__lte=now - PATIENCE)
    if not missing or not waiting.exists():
        return
    numbers = "、".join(map(str, missing[:SHOWN])) + (f"等 {len(missing)} 个" if len(missing) > SHOWN else "")
    text = (
        f"{peer.name}的包缺第 {numbers} 号，后面的收着没有办。直连的会自己补上；用文件交换的，"
        f"先用 jiezhi nodes export {peer.code} 把回执送过去，再请对方重新写出来送来。"
    )
    yield Word(f"missing:{peer.pk}:{peer.in_epoch}:{peer.in_seq}", "节点的包缺号", text)


def _silent(peer: Peer, now: datetime) -> Iterator[Word]:
    """很久没有消息的，每断一次说一回。"""
    since = peer.heard_at or peer.created_at
    if now - since < timedelta(hours=settings.NODE_SILENT_HOURS):
        return
    text = (
        f"{localtime(since):%m月%d日 %H:%M} 以来没有收到{peer.name}的任何东西（包、回执）。"
        "直连的请看网络和对方的机器，用文件交换的请看有没有按时摆渡。"
    )
    yield Word(f"silent:{peer.pk}:{since:%Y%m%d%H%M%S}", "节点没有消息", text)


def _trouble(peer: Peer) -> Iterator[Word]:
    """要人处理的（要重起一轮、有几条送不到）马上说；没有连上的，连着几次才说，一天至多一回。"""
    if not peer.trouble:
        return
    key = f"trouble:{peer.pk}:{peer.out_epoch}:{sm3_hex(peer.trouble.encode())[:16]}"
    if peer.trouble.startswith(exchange.UNDONE):
        if peer.failures < FAILURES:
            return
        heard = peer.heard_at or peer.created_at
        key = f"undone:{peer.pk}:{localtime(heard):%Y%m%d}"
    yield Word(key, "与节点的往来出了问题", f"{peer.name}：{peer.trouble}")
