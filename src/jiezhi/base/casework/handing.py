"""离岗交接：把离岗的人在件上的角色转给接手的人。每件一条办理记录，环节、时限都不动。

接手的人要合角色的要求（资格、人数、不得是同一人），不合的不转，说明为什么，留给人另定。由谁接手、账号怎么办、
号段和设备怎么办，是上层（services/handover）的事。
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.posts import ADMIN
from jiezhi.base.casework.actions import officer_actor
from jiezhi.base.casework.engine.clash import working
from jiezhi.base.casework.engine.loading import Loaded
from jiezhi.base.casework.engine.memory import not_collecting
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.effects import roles_wrong
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.view import CaseView

BATCH = 200


@dataclass(frozen=True, slots=True)
class Move:
    """一件上的一个角色。`to` 是接手的人，没有转的为 None，`problem` 说为什么；`warning` 是转了但要留意的。"""

    uid: str
    number: str
    matter: str
    matter_title: str
    role: str
    role_title: str
    to: Officer | None = None
    confidential: bool = False
    problem: str = ""
    warning: str = ""

    @property
    def ok(self) -> bool:
        """转（得）成。"""
        return self.to is not None


# 给一件上的一个角色，答谁接手；没有定谁为 None。限指定人员的件要逐件点名。
Choose = Callable[[Move], Officer | None]


def held(officer: Officer) -> list[str]:
    """这个人有角色的、没有办结的件（全局标识），按开件先后。"""
    rows = Case.objects.filter(role_rows__officer=officer, closed_at=None).order_by("pk").distinct()
    return [str(uid) for uid in rows.values_list("uid", flat=True)]


def plan_moves(leaver: Officer, choose: Choose, *, now: datetime, batch: int = BATCH) -> Iterator[Move]:
    """预览：每件每个角色转给谁、哪些不能转、为什么。什么也不写。"""
    for part in _parts(held(leaver), batch):
        work = Work(now)
        work.load_for_reading(part)
        for uid in part:
            if (loaded := work.loaded.get(uid)) is not None:
                yield from _moves(work, loaded, str(leaver.pk), choose)


def move(
    leaver: Officer,
    choose: Choose,
    *,
    acting_officer: Officer,
    reason: str,
    now: datetime,
    batch: int = BATCH,
    on_batch: Callable[[Sequence[Move]], None] | None = None,
) -> list[Move]:
    """转。每 `batch` 件一个事务；断了再来一遍，已经转了的不在他名下，不会再转。返回全部结果，含没有转的。

    只有系统管理员能办；离岗的人账号要先停用（不然转的时候又有新件派给他）→ ValueError。
    """
    require_administrator(acting_officer, now)
    if leaver.is_active:
        raise ValueError("先停用离岗的人的账号再转件")
    found: list[Move] = []
    actor = officer_actor(acting_officer).record(ADMIN, None, None)
    for part in _parts(held(leaver), batch):
        done: list[Move] = []
        with working(now) as work, not_collecting():
            work.load(part)
            for uid in part:
                loaded = work.loaded.get(uid)
                if loaded is None or loaded.view.closed_at is not None:
                    continue
                moves = list(_moves(work, loaded, str(leaver.pk), choose))
                roles = _roles(loaded.view, moves, str(leaver.pk))
                if roles:
                    values = _fields(loaded.definition, loaded.view, moves, str(leaver.pk))
                    work.builtin(uid, "take_over", actor, {"roles": roles}, now, reason, values=values)
                done += moves
            work.flush()
        found += done
        if on_batch:
            on_batch(done)
    return found


def _parts(uids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (uids[start : start + size] for start in range(0, len(uids), size))


def _moves(work: Work, loaded: Loaded, leaver: str, choose: Choose) -> Iterator[Move]:
    """这一件上他的各个角色。几个角色都转的，后面的在前面的转了之后的样子上核。"""
    view, definition = loaded.view, loaded.definition
    env = work.env(definition)
    ahead = definition.once(f"ahead:{view.state}", lambda: _ahead(definition, view.state))
    for role, people in view.roles.items():
        decl = definition.matter.roles.get(role)
        if leaver not in people or decl is None or role not in ahead:
            continue
        head = Move(
            view.uid, view.number, definition.id, definition.matter.title, role, decl.title,
            confidential=loaded.row.confidential,
        )  # fmt: skip
        to = choose(head)
        if decl.personal:
            yield replace(head, problem="只属于本人，不转；请按规定办理注销、收回")
        elif to is None:
            named = "限指定人员，要点名这一件由谁接手" if head.confidential else "没有定由谁接手"
            yield replace(head, problem=named)
        elif wrong := _wrong(env, definition, view, role, leaver, str(to.pk)):
            yield replace(head, problem=f"{to.name}不能接手：{wrong}")
        else:
            view = replace(view, roles={**view.roles, role: _swapped(people, leaver, str(to.pk))})
            yield replace(head, to=to, warning=_warning(work, definition, view, role, to))


def _wrong(env: Any, definition: Definition, view: CaseView, role: str, leaver: str, to: str) -> str:
    people = list(_swapped(view.roles[role], leaver, to))
    found = roles_wrong(definition, view, {role: people}, view.fields, env, joining={to})
    return "；".join(item.say for item in found)


def _warning(work: Work, definition: Definition, view: CaseView, role: str, to: Officer) -> str:
    """接手的人不在责任单位的，责任单位的岗位办的动作他办不了。"""
    units = {unit for _, unit, _ in work.look.holdings(str(to.pk))}
    if view.unit is None or view.unit in units:
        return ""
    name = work.look.units().get(view.unit, (view.unit, None))[0]
    return f"{to.name}不在责任单位（{name}），要由责任单位的岗位办的步骤他办不了"


def _swapped(people: Sequence[str], leaver: str, to: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(to if one == leaver else one for one in people))


def _roles(view: CaseView, moves: Sequence[Move], leaver: str) -> dict[str, list[str]]:
    return {
        one.role: list(_swapped(view.roles[one.role], leaver, str(one.to.pk)))
        for one in moves
        if one.to is not None
    }


def _fields(definition: Definition, view: CaseView, moves: Sequence[Move], leaver: str) -> dict[str, Any]:
    """角色是照哪个字段指定的，那个字段里的人一并换：台账、文书上写的才与实际一致。

    改了会使含义作废的字段不动（那要照业务模板自己的办法变更）。
    """
    found: dict[str, Any] = {}
    for one in moves:
        if one.to is None:
            continue
        sources = {action.assign.get(one.role, "") for action in definition.matter.actions.values()}
        for name in sorted(source[6:] for source in sources if source.startswith("field.")):
            decl, value = definition.matter.fields.get(name), view.fields.get(name)
            if decl is None or decl.type is not FieldType.OFFICER or definition.rests_on.get(name):
                continue
            if isinstance(value, list) and leaver in value:
                found[name] = list(_swapped(value, leaver, str(one.to.pk)))
            elif value == leaver:
                found[name] = str(one.to.pk)
    return found


def _ahead(definition: Definition, state: str) -> frozenset[str]:
    """从这个环节往后还用得着的角色：有动作要由他办、要通知他、要照他指定。只记着谁办过的不算。"""
    matter = definition.matter
    reached, waiting = {state}, [state]
    used: set[str] = set()
    while waiting:
        for name in definition.by_state.get(waiting.pop(), []):
            action = matter.actions[name]
            words = [*action.by, *action.assign.values(), *(one.to for one in action.notify)]
            used |= {word[5:] for word in words if word.startswith("role.")}
            fresh = {branch.state for branch in action.to} - reached
            reached |= fresh
            waiting += fresh
    return frozenset(used)
