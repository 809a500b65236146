"""唯一的门：开件、办理、批量办理、合并。件只能这样变。

每个函数一次短事务：核权限 → 核版本 → 核填写 → 核条件 → 办理记录 → 件、时限、随之发生 → 后续发送。
没有办成是返回值（Refused），把差的一次说全；事务里不做文件和网络的事。
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.engine.memory import not_collecting
from jiezhi.base.casework.engine.running import Entry, Prepare, answered, run_batch, run_one
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.outcome import Result, refuse
from jiezhi.core.procedure.view import SYSTEM, Actor, Request

__all__ = ["Entry", "act", "act_many", "import_actor", "merge", "officer_actor", "open_case"]

BATCH = 500


def officer_actor(acting_officer: Officer | None) -> Actor:
    """办理人：给人员就是人员，None 是系统。"""
    if acting_officer is None:
        return SYSTEM
    return Actor("officer", str(acting_officer.pk), acting_officer.name)


def import_actor(officer: Officer | None) -> Actor:
    """导入的人；None 是定时的、命令行的导入。"""
    return Actor("import", str(officer.pk) if officer else "", officer.name if officer else "导入")


def open_case(
    matter: str,
    action: str = "",
    *,
    acting_officer: Officer | None = None,
    actor: Actor | None = None,
    inputs: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    now: datetime | None = None,
    reason: str = "",
    key: str | None = None,
    origin: Mapping[str, str] | None = None,
    leased: Mapping[str, str] | None = None,
) -> Result:
    """开件。居民来件时 `acting_officer` 为 None、`actor` 给 Actor("reporter")。没有这个模板 → Refused。"""
    entry = Entry(
        action=action,
        matter=matter,
        inputs=inputs or {},
        at=at,
        reason=reason,
        key=key,
        origin=origin or {},
        leased=leased or {},
    )
    return run_one(entry, actor or officer_actor(acting_officer), now)


def act(
    case: str,
    action: str,
    *,
    acting_officer: Officer | None = None,
    actor: Actor | None = None,
    inputs: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    now: datetime | None = None,
    reason: str = "",
    version: int | None = None,
    key: str | None = None,
    origin: Mapping[str, str] | None = None,
    leased: Mapping[str, str] | None = None,
) -> Result:
    """办理一步。`case` 是全局标识；`version` 是办理人看到的版本，对不上就说明这期间谁办了什么。"""
    entry = Entry(
        action=action,
        case=case,
        inputs=inputs or {},
        at=at,
        reason=reason,
        version=version,
        key=key,
        origin=origin or {},
        leased=leased or {},
    )
    return run_one(entry, actor or officer_actor(acting_officer), now)


def act_many(
    entries: Iterable[Entry],
    *,
    acting_officer: Officer | None = None,
    actor: Actor | None = None,
    now: datetime | None = None,
    batch: int = BATCH,
    prepare: Prepare | None = None,
    on_batch: Callable[[Sequence[Result]], None] | None = None,
) -> list[Result]:
    """按次序办很多件，检查与 `act` 相同；每 `batch` 条一个事务，断电后已提交的批次不丢、未提交的批次不半截。

    某条没有办成不影响别的条；引用它所开的件的后续请求随之没有办成。`on_batch` 在每批提交后调用（进度）。
    `prepare` 在每批办理前调用，服务可借此成批预取。
    """
    who = actor or officer_actor(acting_officer)
    results: list[Result] = []
    opened: dict[str, str | None] = {}
    pending: list[Entry] = []

    def run() -> None:
        with not_collecting():
            found = run_batch(pending, who, now or timezone.now(), opened, prepare)
        results.extend(found)
        if on_batch:
            on_batch(found)
        pending.clear()

    for entry in entries:
        pending.append(entry)
        # 同一件的几步、同进退的几条不拆到两批，断电时不会只办了前一半又重来时对不上。
        together = bool(entry.group) and len(pending) > 1 and pending[-2].group == entry.group
        if len(pending) >= batch and not entry.case.startswith("@") and not together:
            last = pending.pop()
            run()
            pending.append(last)
    if pending:
        run()
    return results


def merge(
    into: str,
    others: Sequence[str],
    *,
    acting_officer: Officer,
    reason: str,
    now: datetime | None = None,
    version: int | None = None,
    key: str | None = None,
    seen: Mapping[str, int] | None = None,
) -> list[Result]:
    """把 `others` 并入 `into`:各件照声明办“并入”，主件办“收并”；全部能办才办，否则一件也不办。

    之后主件的通知同样发给被并各件的来件人，他们凭自己的编号也查得到进度。`key` 是请求标识，记在主件那一步上：
    同一请求再来，只答复主件那一步“已办”。`seen` 是办理人看到的各件的版本（全局标识 → 版本），对不上的不并。
    """
    moment = now or timezone.now()
    actor = officer_actor(acting_officer)
    others = [uid for uid in dict.fromkeys(others) if uid != into]
    if not others:
        return [refuse("合并", "merge", "还没有选要并入的件", "至少选一件")]
    with transaction.atomic():
        work = Work(moment)
        work.load([into, *others])
        asked = Entry(action="merge", case=into, inputs={"others": sorted(others)}, reason=reason, key=key)
        before = answered(asked, actor)
        if before is not None:
            return [before]
        master = work.loaded.get(into)
        if master is None:
            return [refuse("合并", "no_case", "没有主件，或您无权查看", "核对编号")]
        absorb = next(
            (name for name, a in master.definition.matter.actions.items() if "absorb" in a.means), None
        )
        if absorb is None:
            return [refuse("合并", "merge", f"{master.definition.matter.title}不能合并", "分别办理")]
        results: list[Result] = []
        for uid in others:
            loaded = work.loaded.get(uid)
            join = loaded and next(
                (name for name, a in loaded.definition.matter.actions.items() if "merge" in a.means), None
            )
            if not loaded or not join:
                results.append(refuse("合并", "merge", f"{uid} 不能并入", "分别办理"))
                continue
            known = (seen or {}).get(uid)
            request = Request(join, actor, moment, moment, reason=reason, expected_version=known)
            results.append(work.act(uid, request, extra={"merged_into": into}))
        request = Request(absorb, actor, moment, moment, reason=reason, expected_version=version)
        digest = asked.digest(actor) if key else ""
        results.append(work.act(into, request, key=key, digest=digest, extra={"merged": list(others)}))
        refused = [result for result in results if not result.ok]
        if not refused:
            work.flush()
        # 一件也没有办的时候，不能说别的几件办成了。
        return refused or results
