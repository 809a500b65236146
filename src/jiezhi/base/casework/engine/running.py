"""把请求办成：单独一条、一批、几个人同时来的并在一个事务里。检查都由 Work 做，这里只管事务和先后。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from jiezhi.base.casework.engine.clash import number_taken, working
from jiezhi.base.casework.engine.fastsql import Prepared
from jiezhi.base.casework.engine.gathering import Gathering
from jiezhi.base.casework.engine.identity import request_digest
from jiezhi.base.casework.engine.turnstile import writing
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.matters import UnknownMatter
from jiezhi.base.casework.models import Event
from jiezhi.base.casework.outcome import Outcome, Result, refuse
from jiezhi.base.registry import stamps
from jiezhi.core.procedure.view import SYSTEM, Actor, Request

Prepare = Callable[[Work, Sequence["Entry"]], None]
# 请求标识 → （内容摘要，那一次的结果）。
Known = dict[str, tuple[str, Outcome]]


@dataclass(frozen=True, slots=True)
class Entry:
    """一次开件或办理的请求。

    开件给 `matter`;办理给 `case`（全局标识）。`at` 是事情发生的时刻，不给就是现在。
    `key` 是请求标识：同一标识同一内容再来，不再办一遍，答复“已办”；内容不同则不收。
    `opens` 给本批里后面的请求引用：`case="@行12"` 指同一批里 `opens="行12"` 开的那件。
    `group` 相同、挨在一起的几条同进退：有一条没有办成，其余的也不留下。
    `leased` 是现场离线时已经写在文书上的租用号：字段（件号写 case）→ 号；不在办理人名下未过期的租段里就不收。
    `actor` 是这一条的办理人，一批里各条的人不同时才写；不写是整批的办理人。
    """

    action: str = ""
    matter: str = ""
    case: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    reason: str = ""
    version: int | None = None
    key: str | None = None
    origin: Mapping[str, str] = field(default_factory=dict)
    leased: Mapping[str, str] = field(default_factory=dict)
    opens: str = ""
    group: str = ""
    actor: Actor | None = None

    def digest(self, actor: Actor) -> str:
        """内容摘要，与 `key` 一起认“同一请求”。导入不论由谁导，都算同一请求。"""
        actor = self.actor or actor
        who = "" if actor.kind == "import" else f"{actor.kind}:{actor.id}"
        case = "" if self.case.startswith("@") else self.case
        at = self.at.isoformat() if self.at else ""
        number = self.origin.get("number", "")
        parts = [self.matter, self.action, case, at, self.inputs, self.reason, number, who]
        return request_digest([*parts, self.leased] if self.leased else parts)


def run_one(entry: Entry, actor: Actor, now: datetime | None) -> Result:
    """办一条。没有给时刻（就是现在）的，与同时来的几条并成一个事务。"""
    gate = _gate(entry) if now is None else None
    if gate is not None:
        return gate.submit((entry, actor))
    return _alone(entry, actor, now or timezone.now())


def _alone(entry: Entry, actor: Actor, moment: datetime) -> Result:
    try:
        with working(moment) as work:
            result = _run(work, entry, actor, {}, _known([entry]))
            if result.ok:
                work.flush()
            else:
                transaction.set_rollback(True)  # 没有办成的什么也不留下，取过的号也还回去
            return result
    except IntegrityError as error:
        return _conflict(entry, error, actor)


def _together(jobs: Sequence[tuple[Entry, Actor]]) -> list[Result]:
    """同时来的几条并在一个事务里，一条一条办：后一条看得见前一条办成的，没有办成的退回到它之前；一起提交了才答复。

    省的是落盘和等锁：各办各的结果与先后单独办完全一样。
    """
    moment = timezone.now()
    with stamps.read_once(), writing():
        return [_alone(entry, actor, moment) for entry, actor in jobs]


def _as_batch(jobs: Sequence[tuple[Entry, Actor]]) -> list[Result]:
    """同时来的几条作一批办，写库的语句也并着：彼此看不见没写的，与各自同时办一样。"""
    entries = [replace(entry, actor=entry.actor or actor) for entry, actor in jobs]
    return run_batch(entries, SYSTEM, timezone.now(), {}, None)


Gate = Gathering[tuple[Entry, Actor], Result]


def _alone_now(job: tuple[Entry, Actor]) -> Result:
    return _alone(*job, timezone.now())


_everything: Gate = Gathering(_together, _alone_now)
_openings: dict[str, Gate] = defaultdict(lambda: Gathering(_as_batch, _alone_now))


def _gate(entry: Entry) -> Gate | None:
    """这一条在哪里等着并：SQLite 同时只有一个写事务，都在一处，一条一条办。

    PostgreSQL 只并同一种业务的开件：它们本来就因同一个号段一件接一件；办理一步各锁各的件，自会并行，并在一起反而
    会互相等。已经在事务里的不并。
    """
    if connection.in_atomic_block:
        return None
    if connection.vendor == "sqlite":
        return _everything
    return _openings[entry.matter] if entry.matter else None


def run_batch(
    entries: Sequence[Entry],
    actor: Actor,
    now: datetime,
    opened: dict[str, str | None],
    prepare: Prepare | None,
) -> list[Result]:
    """办一批，一个事务；`opened` 记着前面各批 `opens` 开的件。"""
    parts = [list(part) for _, part in groupby(entries, key=_Grouping())]
    try:
        return _parts(parts, actor, now, opened, prepare)
    except IntegrityError:
        # 有人同时登记了同一编号之类：逐条（同进退的逐组）再办，让每条各说各的缘由。
        return [result for part in parts for result in _part_alone(part, actor, now, opened, prepare)]


class _Grouping:
    """groupby 的键：同组的挨在一起算一份，没有组的各算一份。"""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, entry: Entry) -> str | int:
        self.count += 1
        return entry.group or self.count


def _parts(
    parts: Sequence[Sequence[Entry]],
    actor: Actor,
    now: datetime,
    opened: dict[str, str | None],
    prepare: Prepare | None,
) -> list[Result]:
    entries = [entry for part in parts for entry in part]
    with working(now) as work:
        work.load([entry.case for entry in entries if entry.case and not entry.case.startswith("@")])
        if prepare:
            prepare(work, entries)
        known = _known(entries)
        found: list[Result] = []
        for part in parts:
            mark = work.mark() if len(part) > 1 else None
            results = [_run(work, entry, actor, opened, known) for entry in part]
            if mark is not None and not all(result.ok for result in results):
                work.undo(mark)
                for entry, result in zip(part, results, strict=True):
                    if entry.key and isinstance(result, Outcome) and not result.repeated:
                        known.pop(entry.key, None)
                results = _none_of(part, results, opened)
            found += results
        work.flush()
        return found


def _none_of(part: Sequence[Entry], results: Sequence[Result], opened: dict[str, str | None]) -> list[Result]:
    """同进退的几条没有全办成：办成的也算没有办（早已办成的除外）。"""
    answers: list[Result] = []
    for entry, result in zip(part, results, strict=True):
        if isinstance(result, Outcome) and not result.repeated:
            if entry.opens:
                opened[entry.opens] = None
            what = entry.action or entry.matter
            result = refuse(what, "group", "同一组里另有没有办成的", "先改正那一项的问题")
        answers.append(result)
    return answers


def _part_alone(
    part: Sequence[Entry],
    actor: Actor,
    now: datetime,
    opened: dict[str, str | None],
    prepare: Prepare | None,
) -> list[Result]:
    try:
        return _parts([part], actor, now, opened, prepare)
    except IntegrityError as error:
        conflict = error
    if _known(part):
        # 别人刚办了同一请求：再来一遍就认得出“已办”。
        try:
            return _parts([part], actor, now, opened, prepare)
        except IntegrityError as error:
            conflict = error
    results: list[Result] = [_conflict(part[0], conflict, actor)]
    if part[0].opens:
        opened[part[0].opens] = None
    for entry in part[1:]:
        results.append(refuse(entry.action, "group", "同一组里另有没有办成的", "先改正那一项的问题"))
    return results


def _done() -> QuerySet[Event]:
    return Event.objects.select_related("case").defer("body", "case__fields")


_BY_KEY = Prepared(lambda key: _done().filter(key=key), "key", lambda key: key)


def _known(entries: Sequence[Entry]) -> Known:
    """这些请求标识里办过的。同一批里刚办成的由 `_run` 补进来。"""
    keys = [entry.key for entry in entries if entry.key]
    if not keys:
        return {}
    if len(keys) == 1:
        rows = _BY_KEY.fetch(keys[0])
    else:
        rows = list(_done().filter(key__in=keys))
    return {
        row.key or "": (
            row.request_digest,
            Outcome(str(row.case.uid), row.case.number, row.seq, row.to_state, repeated=True),
        )
        for row in rows
    }


def answered(entry: Entry, actor: Actor) -> Result | None:
    """这个请求标识以前办过的：答复“已办”，或者内容不同不收；没有办过为 None。"""
    known = _known([entry])
    return _again(entry, known[entry.key], actor) if entry.key in known else None


def _run(work: Work, entry: Entry, actor: Actor, opened: dict[str, str | None], known: Known) -> Result:
    actor = entry.actor or actor
    if entry.key and entry.key in known:
        result = _again(entry, known[entry.key], actor)
        if entry.opens:
            opened[entry.opens] = result.uid if isinstance(result, Outcome) else None
        if isinstance(result, Outcome):
            work.load([result.uid])
        return result
    request = Request(
        action=entry.action,
        actor=actor,
        now=work.now,
        at=entry.at or work.now,
        inputs=entry.inputs,
        reason=entry.reason,
        expected_version=entry.version,
        origin=entry.origin,
        leased=entry.leased,
    )
    digest = entry.digest(actor) if entry.key else ""
    if entry.matter:
        try:
            result = work.open(entry.matter, request, key=entry.key, digest=digest)
        except UnknownMatter as error:
            result = refuse(entry.matter, "unknown_matter", str(error), "到“事项与设置”里看已公布的业务模板")
        if entry.opens:
            opened[entry.opens] = result.uid if isinstance(result, Outcome) else None
        return _noted(entry, digest, result, known)
    uid = entry.case
    if uid.startswith("@"):
        found = opened.get(uid[1:])
        if found is None:
            return refuse(entry.action, "not_opened", "前面的开件没有办成", "先改正开件的问题")
        uid = found
    work.load([uid])
    return _noted(entry, digest, work.act(uid, request, key=entry.key, digest=digest), known)


def _noted(entry: Entry, digest: str, result: Result, known: Known) -> Result:
    """办成的记下：同一批里同一请求再来，认得出“已办”。"""
    if entry.key and isinstance(result, Outcome):
        known[entry.key] = (digest, replace(result, repeated=True, warnings=(), children=()))
    return result


def _again(entry: Entry, before: tuple[str, Outcome], actor: Actor) -> Result:
    digest, outcome = before
    if digest != entry.digest(actor):
        return refuse(
            entry.action or entry.matter,
            "key",
            "同一请求标识以前办过，但内容不同",
            "确认是不是重复提交；确要再办，请从页面重新办理",
        )
    return outcome


def _conflict(entry: Entry, error: IntegrityError, actor: Actor) -> Result:
    if entry.key:
        found = _known([entry]).get(entry.key)
        if found is not None:
            return _again(entry, found, actor)
    text = str(error)
    if "one_case_per_number" in text or "casework_case.number" in text:
        return number_taken(error, str(entry.origin.get("number", "")))
    if "no_number_twice" in text or "casework_numberissue.n" in text:
        return refuse(entry.action or entry.matter, "number", "这个号有人同时用了", "核对租用的号再办")
    if "one_event_per_seq" in text or "casework_event.seq" in text:
        return refuse(entry.action, "version", "有人同时办了这件", "刷新后核对再办")
    raise error
