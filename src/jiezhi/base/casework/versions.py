"""换版：正在办的件改按业务模板的另一个版本办。

映射先像程序一样校验（core/procedure/verifier/change.py），再一件一个事务、一条办理记录地换；办结的件照原版留存。
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework.actions import officer_actor
from jiezhi.base.casework.engine.clash import working
from jiezhi.base.casework.engine.loading import Loaded
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case, MatterVersion
from jiezhi.base.casework.outcome import Refused, Result, refuse
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.change import ChangeDecl, effects, renamed
from jiezhi.core.procedure.clockstart import recurring, rounds_of
from jiezhi.core.procedure.effects import roles_wrong
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.fold import fold_clocks
from jiezhi.core.procedure.verifier.change import ChangeCheck
from jiezhi.core.procedure.view import CaseView, Missing, Refusal

# 换版改变正在办的件以后怎样办：机关负责人或权责清单管理员才能定。
POSTS = ("office_head", "power_keeper")
TITLE = "换版"


class Unchangeable(ValueError):
    """这样换不了：`problems` 是映射的问题，可能为空；文字是给人看的中文。"""

    def __init__(self, say: str, problems: list[Problem] | None = None) -> None:
        super().__init__(say)
        self.problems = problems or []


@dataclass(frozen=True, slots=True)
class Changed:
    """一件换版的结果。`result` 为 None 是试算通过、没有真换。"""

    uid: str
    number: str
    result: Result | None

    @property
    def ok(self) -> bool:
        """换成了（或试算能换）。"""
        return self.result is None or self.result.ok


def change_version(
    case: str,
    version: MatterVersion,
    decl: ChangeDecl,
    *,
    acting_officer: Officer,
    reason: str = "",
    now: datetime | None = None,
) -> Result:
    """把一件换到 `version`，作一条办理记录。`case` 是全局标识；`reason` 不给就用映射里写的理由；`now` 带时区。

    街道办负责人、权责清单管理员才能办。映射有错、这一件换过去走不通、已经办结 → Refused，件不变。
    """
    return _change(case, version, decl, acting_officer, reason, now or timezone.now(), {})


def change_all(
    matter: str,
    decl: ChangeDecl,
    *,
    acting_officer: Officer | None = None,
    reason: str = "",
    now: datetime | None = None,
    dry_run: bool = False,
    on_case: Callable[[Changed], None] | None = None,
) -> list[Changed]:
    """把一个业务模板旧版上没有办结的件逐件换到新版（一件一个事务），返回逐件结果，按开件先后。

    旧版、新版由映射里的摘要指明；新版不写是现行版本，旧版不写时只能有一个旧版还有没办结的件。`dry_run` 只试算，不写。
    映射有错、找不到版本 → Unchangeable；没有权限 → PermissionDenied（试算不查权限）。
    """
    moment = now or timezone.now()
    if not dry_run and (acting_officer is None or not _post(acting_officer, moment)):
        raise PermissionDenied("换版要由街道办负责人或权责清单管理员办理")
    old, new = _versions(matter, decl)
    check = ChangeCheck(matters.definition_of(old), matters.definition_of(new), decl)
    if not check.ok:
        raise Unchangeable("映射有错，没有换版", check.problems)
    checks = {old.digest: check}
    rows = Case.objects.filter(version=old, closed_at=None).order_by("opened_at", "pk")
    found = []
    for uid, number in rows.values_list("uid", "number"):
        answer: Result | None
        if dry_run:
            answer = _rehearse(str(uid), new, decl, moment, checks)
        else:
            assert acting_officer is not None
            answer = _change(str(uid), new, decl, acting_officer, reason, moment, checks)
        found.append(Changed(str(uid), number, answer))
        if on_case:
            on_case(found[-1])
    return found


def _versions(matter: str, decl: ChangeDecl) -> tuple[MatterVersion, MatterVersion]:
    try:
        new = matters.version_like(matter, decl.to or "")
        if decl.from_:
            return matters.version_like(matter, decl.from_), new
    except matters.UnknownMatter as error:
        raise Unchangeable(str(error)) from error
    live = Case.objects.filter(matter=matter, closed_at=None).exclude(version=new)
    found = list(MatterVersion.objects.filter(pk__in=live.values("version")).order_by("pk"))
    if not found:
        raise Unchangeable("没有旧版的件正在办，不用换版")
    if len(found) > 1:
        listed = "、".join(f"{one.digest[:12]}（{one.published_at:%Y-%m-%d}）" for one in found)
        raise Unchangeable(f"有几个旧版的件正在办，请在映射里用 from 写明换哪一个：{listed}")
    return found[0], new


def _post(officer: Officer, now: datetime) -> tuple[str, int] | None:
    """凭哪个任职办：（岗位, 单位）。"""
    held = registry.posts_of(officer, now)
    return next(((post, unit) for post, unit, _ in held if post in POSTS), None)


def _change(
    uid: str,
    version: MatterVersion,
    decl: ChangeDecl,
    officer: Officer,
    reason: str,
    now: datetime,
    checks: dict[str, ChangeCheck],
) -> Result:
    held = _post(officer, now)
    if held is None:
        return refuse(TITLE, "who", "换版要由街道办负责人或权责清单管理员办理", "请转给他们")
    try:
        with working(now) as work:
            planned = _plan(work, uid, version, decl, now, checks)
            if isinstance(planned, Refused):
                return planned
            loaded, found, state = planned
            actor = officer_actor(officer).record(held[0], None, None)
            followups = _followups(loaded, matters.definition_of(version), state)
            loaded.definition, loaded.row.version = matters.definition_of(version), version
            loaded.changed = {op["clock"]: op["to"] for op in found.get("clocks", []) if op["op"] == "rename"}
            why = reason.strip() or decl.reason
            result = work.builtin(
                uid, "change_version", actor, found, now, why, to=state, followups=followups
            )
            work.flush()
            return result
    except IntegrityError:
        return refuse(TITLE, "unique", "新版要求同时只能有一件，已有另一件未办结的", "先办结或并入那一件")


def _rehearse(
    uid: str, version: MatterVersion, decl: ChangeDecl, now: datetime, checks: dict[str, ChangeCheck]
) -> Refused | None:
    with transaction.atomic():
        planned = _plan(Work(now), uid, version, decl, now, checks)
        return planned if isinstance(planned, Refused) else None


def _plan(
    work: Work,
    uid: str,
    version: MatterVersion,
    decl: ChangeDecl,
    now: datetime,
    checks: dict[str, ChangeCheck],
) -> tuple[Loaded, dict[str, Any], str] | Refused:
    """能换：（件, effects, 新环节）；不能换：差什么。"""
    work.load([uid])
    loaded = work.loaded.get(uid)
    if loaded is None:
        return refuse(TITLE, "no_case", "没有这件", "核对编号")
    view, old, new = loaded.view, loaded.definition, matters.definition_of(version)
    if view.closed_at is not None:
        return refuse(TITLE, "closed", "已经办结的件不换版，照原版留存", "重新打开的，打开之后再换")
    if old.digest == new.digest:
        return refuse(TITLE, "same", "这一件已经是这个版本", "不用换")
    if old.digest not in checks:
        checks[old.digest] = ChangeCheck(old, new, decl)
    check = checks[old.digest]
    if not check.ok:
        missing = [Missing(one.code, one.say, "改正映射") for one in check.problems if one.is_error]
        return Refused(Refusal("change_version", TITLE, tuple(missing)))
    lacking = [
        Missing("change.unreachable", say, "改正映射，或先把这一件办到能换的环节")
        for say in check.lacking(view)
    ]
    lacking += _case_wrong(work, check, view)
    if lacking:
        return Refused(Refusal("change_version", TITLE, tuple(lacking)))
    state = check.names.states[view.state]
    assert state is not None
    found = effects(old, new, decl, check.names, view, now)
    ops = found.get("clocks", [])
    clocks = fold_clocks(view.clocks, ops)
    still = {(clock.name, clock.key) for clock in clocks if clock.live}
    ops = [
        *ops,
        *recurring(new, state, {}, now, work.env(new), rounds_of(replace(view, clocks=clocks)), still),
    ]
    return loaded, {**found, **({"clocks": ops} if ops else {})}, state


def _case_wrong(work: Work, check: ChangeCheck, view: CaseView) -> list[Missing]:
    """这一件上的人合不合新版的角色要求，有没有同类未办结的另一件。"""
    roles: Mapping[str, tuple[str, ...]] = renamed(view.roles, check.names.roles)
    fields = renamed(view.fields, check.names.fields)
    env = work.env(check.new)
    moved = replace(view, roles=dict(roles), fields=fields)
    found = roles_wrong(check.new, moved, {role: list(people) for role, people in roles.items()}, fields, env)
    names = check.new.matter.unique_open
    if names and (number := env.unique({name: fields.get(name) for name in names}, view.uid)):
        found.append(
            Missing("unique", f"新版要求同时只能有一件，已有未办结的 {number}", "先办结或并入那一件")
        )
    return found


def _followups(loaded: Loaded, new: Any, state: str) -> list[str]:
    """新环节里进环节就自动办理的动作；原来在同名环节、旧版也有的，早已试过，不再试。"""
    trigger = f"entered.{state}"
    old, same = loaded.definition, loaded.view.state == state
    found = []
    for name in new.by_state.get(state, []):
        before = old.action(name)
        tried = same and before is not None and trigger in before.on
        if trigger in new.matter.actions[name].on and not tried:
            found.append(name)
    return found
