"""一次事务里的办理：先算（解释器），再记（办理记录），最后一起写库。

`act()` 是只办一件的 Work,`act_many()` 是办很多件的 Work：检查完全相同，只是写库时成批。
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jiezhi.base.casework import matters
from jiezhi.base.casework.builtins import BUILTIN, harmless
from jiezhi.base.casework.engine import numbering, offspring, sending
from jiezhi.base.casework.engine.env import CaseEnv, Lookups
from jiezhi.base.casework.engine.flush import Buffer
from jiezhi.base.casework.engine.identity import new_uid
from jiezhi.base.casework.engine.loading import Loaded, fetch
from jiezhi.base.casework.engine.opening import opening_version, unseen
from jiezhi.base.casework.models import Case, Event, MatterVersion
from jiezhi.base.casework.outcome import Outcome, Refused, Result, refuse
from jiezhi.base.registry import queries as registry
from jiezhi.core.calendar import DayTable
from jiezhi.core.evidence import GENESIS, link, seal
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.fold import REASON, apply
from jiezhi.core.procedure.interpreter import changed_since, plan
from jiezhi.core.procedure.view import SYSTEM, Actor, CaseView, ChildPlan, Missing, Plan, Refusal, Request


@dataclass(frozen=True, slots=True)
class Mark:
    """办到某一步的记号：见 `Work.mark`。"""

    records: int
    buffered: tuple[int, int]
    numbers: tuple[dict[str, int], int]


class Work:
    """一次事务。用法：在 `transaction.atomic()` 里建，办理若干次，最后 `flush()`。"""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._standing: registry.Standing | None = None
        self.look = Lookups(self)
        self.loaded: dict[str, Loaded] = {}
        self.buffer = Buffer(self)
        self.numbers = numbering.Counter(now)
        self._records: list[tuple[Loaded, CaseView, bytes]] = []
        self._versions: dict[str, MatterVersion] = {}
        self._envs: dict[str, CaseEnv] = {}
        self._stored: dict[str, list[dict[str, Any]]] = {}

    @property
    def standing(self) -> registry.Standing:
        """任职、单位、工作日表；用到时才取，一次事务一版。"""
        if self._standing is None:
            self._standing = registry.standing()
        return self._standing

    @property
    def table(self) -> DayTable:
        """工作日表。"""
        return self.standing.table

    # ---- 读 ----

    def load_for_reading(self, uids: Iterable[str]) -> None:
        """只看不办：不加锁。"""
        self.load(uids, lock=False)

    def load(self, uids: Iterable[str], *, lock: bool = True) -> None:
        """把这些件读进来（加锁）。已经在手上的不再读。不成样的标识当作没有。"""
        for item in fetch((uid for uid in dict.fromkeys(uids) if uid not in self.loaded), lock=lock):
            self.look.learn_path(item.row.area_id, item.row.area_path)
            self.loaded[item.view.uid] = item

    def opened_under(self, parent: str, slot: str) -> list[Loaded]:
        """本次事务里新开、还没有写库的子件。"""
        return [
            item
            for item in self.loaded.values()
            if item.stored is None and item.view.parent == parent and item.row.slot == slot
        ]

    def bodies(self, uid: str) -> list[dict[str, Any]]:
        """一件的全部办理记录内容，含本次事务里还没有写库的。各个条件都来问，库里的只取一次；取到的不许改。"""
        loaded = self.loaded[uid]
        if loaded.row.pk and uid not in self._stored:
            rows = Event.objects.filter(case=loaded.row.pk).order_by("seq").values_list("body", flat=True)
            self._stored[uid] = [json.loads(bytes(body)) for body in rows]
        return self._stored.get(uid, []) + loaded.bodies

    def version(self, matter: str) -> MatterVersion:
        """现行的业务模板版本。"""
        if matter not in self._versions:
            self._versions[matter] = matters.current_version(matter)
        return self._versions[matter]

    def env(self, definition: Definition, request: Request | None = None) -> CaseEnv:
        """某个业务模板的 Env；`request` 是正在核的这一步（谁、什么时候），不给就是现在、不说谁。"""
        if definition.digest not in self._envs:
            self._envs[definition.digest] = CaseEnv(self, definition)
        found = self._envs[definition.digest]
        found.at, found.actor = (request.at, request.actor) if request else (self.now, None)
        return found

    # ---- 办 ----

    def open(
        self,
        matter: str,
        request: Request,
        *,
        key: str | None = None,
        digest: str = "",
        uid: str | None = None,
        parent: Loaded | None = None,
        slot: str = "",
        unit: str | None = None,
    ) -> Result:
        """开件。`request.action` 为空时用唯一的开件动作。"""
        away = self._away(request.actor)
        if away is not None:
            return away
        version, action = self.opening(matter, request.action, request)
        definition = matters.definition_of(version)
        request = replace(request, action=action)
        outcome = plan(definition, None, request, self.env(definition, request))
        if isinstance(outcome, Refusal):
            return Refused(outcome)
        if definition.matter.confidential and not any(outcome.effects.get("roles", {}).values()):
            return unseen(outcome)
        uid = uid or new_uid(request.at)
        row = Case(uid=uuid.UUID(uid), matter=matter, version=version, slot=slot)
        row.confidential = definition.matter.confidential
        row.host_system = definition.matter.host_system or ""
        if parent is not None:
            outcome.effects["parent"] = parent.view.uid
            if parent.view.area is not None:  # 没有另定区域的随上级件：不然管这一片的人办不了它
                outcome.effects.setdefault("area", parent.view.area)
        if unit is not None:
            outcome.effects.setdefault("unit", unit)
        children = offspring.plan_children(self, outcome, request)
        if isinstance(children, Refused):
            return children
        mark = self.mark()
        # 取号放在全部检查之后：取了就是发出，不能再反悔。
        refused = self._take_numbers(definition, request, uid, outcome, None)
        if refused is not None:
            self.undo(mark)
            return refused
        outcome.effects["number"] = outcome.numbers["case"]
        loaded = Loaded(row, CaseView(uid=uid, state=START), definition, GENESIS, None)
        self.loaded[uid] = loaded
        self._record(loaded, None, outcome, request, key, digest)
        refused = offspring.open_children(self, loaded, children, request, outcome.numbers)
        if refused is not None:
            self.undo(mark)
            return refused
        return self._outcome(loaded, outcome, children)

    def act(
        self,
        uid: str,
        request: Request,
        *,
        key: str | None = None,
        digest: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> Result:
        """办理。件必须已经 `load` 过；没有这件时返回“没有办成”。"""
        loaded = self.loaded.get(uid)
        if loaded is None:
            return refuse("办理", "no_case", "没有这件，或您无权查看", "核对编号")
        away = self._away(request.actor)
        if away is not None:
            return away
        definition, view = loaded.definition, loaded.view
        decl = definition.action(request.action)
        if decl is not None and decl.jointly and not extra:
            # 单独办“并入”会留下一件没有主件的“已并入”。
            return refuse(decl.title, "merge", "合并要选定主件和并入的件", "用“合并”办理")
        if request.expected_version is not None and decl is not None and not decl.commutes:
            stale = self._stale(loaded, request)
            if stale is not None:
                return Refused(Refusal(request.action, decl.title, (stale,)))
        outcome = plan(definition, view, request, self.env(definition, request))
        if isinstance(outcome, Refusal):
            return Refused(outcome)
        if outcome.effects.get("closed") is False and loaded.row.parent_id:
            # 重新打开子件要锁上级件：上级件已按“子件都办结”办过的，不能再打开。
            parent = Case.objects.select_for_update().filter(pk=loaded.row.parent_id).first()
            if parent is not None and parent.closed_at is not None:
                say = f"上级件 {parent.number} 已经办结，不能再打开"
                return refuse(outcome.decl.title, "parent", say, "先重新打开上级件")
        if loaded.row.merged_into_id and outcome.effects.get("closed") is False:
            outcome.effects["merged_into"] = None  # 并入了又单独重新办理：不再跟着主件
        outcome.effects.update(extra or {})
        children = offspring.plan_children(self, outcome, request)
        if isinstance(children, Refused):
            return children
        mark = self.mark()
        refused = self._take_numbers(definition, request, uid, outcome, view)
        if refused is not None:
            self.undo(mark)
            return refused
        self._record(loaded, view, outcome, request, key, digest)
        refused = offspring.open_children(self, loaded, children, request, outcome.numbers)
        if refused is not None:
            self.undo(mark)
            return refused
        return self._outcome(loaded, outcome, children)

    def builtin(
        self,
        uid: str,
        name: str,
        actor: Mapping[str, str],
        effects: Mapping[str, Any],
        at: datetime,
        reason: str = "",
        files: Sequence[dict[str, Any]] = (),
        to: str = "",
        followups: Sequence[str] = (),
        values: Mapping[str, Any] | None = None,
    ) -> Result:
        """平台自带的动作（重算时限、依法清除、文书归卷、换版……）：权限由调用者先查。

        `files` 是不属于哪个字段的材料：{digest, kind, name, size}。`to` 是新环节（换版），不给就不变。
        `values` 是随之改的字段（离岗交接）；改了会使含义作废的字段不能放在这里。
        """
        loaded = self.loaded[uid]
        outcome = Plan(
            name,
            BUILTIN[name],
            loaded.view.state,
            to or loaded.view.state,
            {**(values or {}), **({REASON: reason} if reason else {})},
            dict(effects),
            dict(actor),
            followups=list(followups),
        )
        request = Request(action=name, actor=SYSTEM, now=self.now, at=at)
        self._record(loaded, loaded.view, outcome, request, None, "", files)
        return self._outcome(loaded, outcome, [])

    def _away(self, actor: Actor) -> Refused | None:
        """离岗停用的人，登录、令牌、会话哪一处漏了也办不成。"""
        if not actor.id.isdecimal() or int(actor.id) not in self.standing.left:
            return None
        say = f"{actor.name or '这名人员'}已经离岗停用，不能再办理"
        return refuse("办理", "officer_left", say, "由在岗的人办理；回来上班的，请系统管理员先恢复账号")

    def _stale(self, loaded: Loaded, request: Request) -> Missing | None:
        expected = request.expected_version
        if expected is None or expected == loaded.view.seq:
            return None
        recent = [body for body in self.bodies(loaded.view.uid) if body["seq"] > expected]
        if recent and all(harmless(body["action"]) for body in recent):
            return None
        return changed_since(loaded.definition, expected, loaded.view, recent)

    def _take_numbers(
        self, definition: Definition, request: Request, uid: str, outcome: Plan, view: CaseView | None
    ) -> Refused | None:
        """取这一步要的号，放进 `outcome.numbers`。"""
        taken = self.numbers.take(definition, request, uid, outcome, view)
        if isinstance(taken, str):
            return refuse(outcome.decl.title, "number", taken, "核对编号；租用的号用不得的，由系统取号")
        outcome.numbers |= taken
        return None

    def opening(self, matter: str, action: str, request: Request) -> tuple[MatterVersion, str]:
        """开件用的业务模板版本（带参数的事项各有一份）和开件动作：不写就用唯一的那个。"""
        current = self.version(matter)
        definition = matters.definition_of(current)
        action = action or (definition.opening_actions[0] if definition.opening_actions else "")
        return opening_version(self.look, current, definition, action, request.inputs, request.at), action

    # ---- 记 ----

    def _record(
        self,
        loaded: Loaded,
        view: CaseView | None,
        outcome: Plan,
        request: Request,
        key: str | None,
        request_digest_hex: str,
        attached: Sequence[dict[str, Any]] = (),
    ) -> None:
        definition = loaded.definition
        values = outcome.values | {name: text for name, text in outcome.numbers.items() if name != "case"}
        digests: dict[str, str] = {}
        openings: dict[str, Any] = {}
        files: list[dict[str, Any]] = [dict(item) for item in attached]
        for name, value in values.items():
            digest, opening = seal(name, value)
            digests[name] = digest
            openings[name] = opening.to_json()
            decl = definition.matter.fields.get(name)
            if decl is not None and decl.type is FieldType.FILE and value:
                # 附件的“名称”写字段名：原文件名可能有个人信息，而办理记录不可删改。
                files += [
                    {"digest": item, "kind": decl.kind, "name": name, "size": self.look.file_size(item) or 0}
                    for item in value
                ]
        body: dict[str, Any] = {
            "v": 1,
            "case": loaded.view.uid,
            "seq": loaded.view.seq + 1,
            "matter": definition.id,
            "definition": definition.digest,
            "action": outcome.action,
            "at": request.at.astimezone(LOCAL).isoformat(),
            "recorded_at": request.now.astimezone(LOCAL).isoformat(),
            "actor": outcome.actor,
            "from": outcome.from_state,
            "to": outcome.to_state,
            "inputs": digests,
            "files": files,
            "effects": outcome.effects,
        }
        data = encode(body)
        before = loaded.view
        self._records.append((loaded, before, loaded.head))
        previous, loaded.head = loaded.head, link(loaded.head, data)
        loaded.view = apply(view, body, values)
        loaded.bodies.append(body)
        event = Event(
            seq=body["seq"],
            action=outcome.action,
            at=request.at,
            recorded_at=request.now,
            officer_id=int(outcome.actor["id"]) if outcome.actor.get("id", "").isdigit() else None,
            from_state=outcome.from_state or "",
            to_state=outcome.to_state,
            previous=previous,
            body=data,
            digest=loaded.head,
            key=key,
            request_digest=request_digest_hex,
        )
        self.buffer.event(loaded, before, event, openings, files, values, outcome.effects.get("clocks", []))
        sending.queue(self, loaded, outcome, request, event, view)

    def _outcome(self, loaded: Loaded, outcome: Plan, children: Sequence[tuple[ChildPlan, str]]) -> Outcome:
        return Outcome(
            uid=loaded.view.uid,
            number=loaded.view.number,
            seq=loaded.view.seq,
            state=loaded.view.state,
            warnings=tuple(outcome.warnings),
            children=tuple(uid for _, uid in children),
        )

    # ---- 退 ----

    def mark(self) -> Mark:
        """记下办到了这里，之后可以 `undo` 退回来。"""
        return Mark(len(self._records), self.buffer.size(), self.numbers.mark())

    def undo(self, mark: Mark) -> None:
        """把 `mark` 之后办的全部退掉（都还没有写库），就像没有办过。"""
        while len(self._records) > mark.records:
            loaded, view, head = self._records.pop()
            if view.seq == 0:
                del self.loaded[view.uid]
                continue
            loaded.view, loaded.head = view, head
            loaded.bodies.pop()
        self.buffer.undo(mark.buffered)
        self.numbers.undo(mark.numbers)

    def case_id(self, uid: str) -> int | None:
        """写库之后件的主键。"""
        loaded = self.loaded.get(uid)
        return loaded.row.pk if loaded else None

    def flush(self) -> None:
        """把办成的全部写库；写了就不能再 `undo`。"""
        for loaded, _, _ in self._records:
            if loaded.row.merged_into_id and loaded.view.closed_at is None:
                loaded.row.merged_into = None
        self.buffer.flush()
        self.numbers.flush(self.case_id)
        self._records.clear()
        self._stored.clear()
        self._envs.clear()
