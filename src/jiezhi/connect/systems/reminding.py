"""提醒负责的人：到期没有对的账、对出来没有说明的不符、对方改了没有处理的。worker 定时叫，同样的事只说一次。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Max
from django.urls import reverse

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.reminders import remind
from jiezhi.connect.systems import queries
from jiezhi.connect.systems.queries import Due, Register

# 对出来的、对方改了的，先给负责的人一天自己处理。
PATIENCE = timedelta(days=1)


def remind_owners(now: datetime) -> None:
    """该提醒的各发一条。`now` 带时区。"""
    late: dict[str, list[Due]] = defaultdict(list)
    for one in queries.due(now):
        if one.late:
            late[one.register.decl.system].append(one)
    for windows in late.values():
        _late(windows, now)
    for register in queries.registers():
        if register.usable:
            people = queries.owners(register, now)
            _unexplained(register, people, now)
            _unsettled(register, people, now)


def _late(waiting: list[Due], now: datetime) -> None:
    last, register = waiting[-1].window, waiting[-1].register
    name, first = register.decl.title, waiting[0].window
    count = f"有 {len(waiting)} 期" if len(waiting) > 1 else "有一期"
    text = (
        f"“{name}”{count}到期没有对账，最早一期从 {first.since} 到 {first.until}（不含），应在 {first.deadline} 对。"
        f"请从那边导出清单，先导入、再对账（jiezhi systems reconcile {register.decl.system} 清单文件）。"
    )
    key = f"systems.late:{register.decl.system}:{last.until}"
    remind(key, to=waiting[-1].people, title=f"{name}没有对账", text=text, link=_list(register), now=now)


def _unexplained(register: Register, people: Iterable[Officer], now: datetime) -> None:
    run = queries.runs(register).first()
    if run is None or run.at > now - PATIENCE:
        return
    left = queries.left(run)
    if not left:
        return
    kinds = "、".join(f"{kind} {count} 处" for kind, count in left.items())
    text = (
        f"“{register.decl.title}”第 {run.pk} 次对账（{run.since} 到 {run.until}，不含）还有没有说明的：{kinds}。"
        "请逐处补办或者写明缘由（jiezhi systems explain）。"
    )
    title = f"{register.decl.title}对账有不符"
    remind(f"systems.left:{run.pk}", to=people, title=title, text=text, link=_list(register), now=now)


def _unsettled(register: Register, people: Iterable[Officer], now: datetime) -> None:
    rows = queries.changes(register).filter(found_at__lte=now - PATIENCE).order_by()
    count, newest = rows.count(), rows.aggregate(newest=Max("pk"))["newest"]
    if not count:
        return
    text = (
        f"“{register.decl.title}”的表里有 {count} 处对方改了，还没有定下照不照它改"
        f"（jiezhi systems changes {register.decl.system}）。"
    )
    title, key = f"{register.decl.title}改了没有处理", f"systems.changes:{register.decl.system}:{newest}"
    remind(key, to=people, title=title, text=text, link=_list(register), now=now)


def _list(register: Register) -> str:
    """点开看本单位的这种件。"""
    return f"{reverse('office:home')}?{urlencode({'matter': next(iter(register.decl.matters)), 'open': 'any', 'scope': 'all'})}"
