"""一次事务里的办理：先算（解释器），再记（办理记录），最后一起写库。

`act()` 是只办一件的 Work,`act_many()` 是办很多件的 Work：检查完全相同，只是写库时成批。
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jiezhi.base.casework import matters
from jiezhi.base.casework.engine import numbering, sending
from jiezhi.base.casework.engine.env import CaseEnv, Lookups
from jiezhi.base.casework.engine.flush import Buffer
from jiezhi.base.casework.engine.identity import new_uid, number_scope
from jiezhi.base.casework.engine.loading import Loaded, fetch
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
from jiezhi.core.procedure.view import SYSTEM, CaseView, ChildPlan, Missing, Plan, Refusal, Request


@dataclass(frozen=True, slots=True)
class Mark:
    """办到某一步的记号：见 `Work.mark`。"""

    records: int
    buffered: tuple[int, int]
    numbers: tuple[dict[str, int], int]


# 一步之内子件套子件最多几层：再多就是模板自己开自己。
MAX_DEPTH = 5


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
        """一件的全部办理记录内容，含本次事务里还没有写库的。"""
        loaded = self.loaded[uid]
        stored: list[dict[str, Any]] = []
        if loaded.row.pk:
            rows = Event.objects.filter(case=loaded.row.pk).order_by("seq").values_list("body", flat=True)
            stored = [json.loads(bytes(body)) for body in rows]
        return stored + loaded.bodies

    def version(self, matter: str) -> MatterVersion:
        """现行的业务模板版本。"""
        if matter not in self._versions:
            self._versions[matter] = matters.current_version(matter)
        return self._versions[matter]

    def env(self, definition: Definition) -> CaseEnv:
        """某个业务模板的 Env。"""
        if definition.digest not in self._envs:
            self._envs[definition.digest] = CaseEnv(self, definition)
        return self._envs[definition.digest]

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
        version = self.version(matter)
        definition = matters.definition_of(version)
        action = request.action or (definition.opening_actions[0] if definition.opening_actions else "")
        request = Request(
            action=action,
            actor=request.actor,
            now=request.now,
            at=request.at,
            inputs=request.inputs,
            reason=request.reason,
            origin=request.origin,
        )
        outcome = plan(definition, None, request, self.env(definition))
        if isinstance(outcome, Refusal):
            return Refused(outcome)
        uid = uid or new_uid(request.at)
        row = Case(uid=uuid.UUID(uid), matter=matter, version=version, slot=slot)
        row.host_system = definition.matter.host_system or ""
        if parent is not None:
            outcome.effects["parent"] = parent.view.uid
        if unit is not None:
            outcome.effects.setdefault("unit", unit)
        children = self._plan_children(outcome, request)
        if isinstance(children, Refused):
            return children
        mark = self.mark()
        # 取号放在全部检查之后：取了就是发出，不能再反悔。
        number = self._number(definition, request, uid, outcome)
        if isinstance(number, Refused):
            return number
        outcome.effects["number"] = number
        loaded = Loaded(row, CaseView(uid=uid, state=START), definition, GENESIS, None)
        self.loaded[uid] = loaded
        self._record(loaded, None, outcome, request, key, digest)
        refused = self._open_children(loaded, children, request)
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
        definition, view = loaded.definition, loaded.view
        decl = definition.action(request.action)
        if decl is not None and {"merge", "absorb"} & set(decl.means) and not extra:
            # 单独办“并入”会留下一件没有主件的“已并入”。
            return refuse(decl.title, "merge", "合并要选定主件和并入的件", "用“合并”办理")
        if request.expected_version is not None and decl is not None and not decl.commutes:
            stale = self._stale(loaded, request)
            if stale is not None:
                return Refused(Refusal(request.action, decl.title, (stale,)))
        outcome = plan(definition, view, request, self.env(definition))
        if isinstance(outcome, Refusal):
            return Refused(outcome)
        if outcome.effects.get("closed") is False and loaded.row.parent_id:
            # 重新打开子件要锁上级件：上级件已按“子件都办结”办过的，不能再打开。
            parent = Case.objects.select_for_update().filter(pk=loaded.row.parent_id).first()
            if parent is not None and parent.closed_at is not None:
                say = f"上级件 {parent.number} 已经办结，不能再打开"
                return refuse(outcome.decl.title, "parent", say, "先重新打开上级件")
        outcome.effects.update(extra or {})
        children = self._plan_children(outcome, request)
        if isinstance(children, Refused):
            return children
        mark = self.mark()
        self._record(loaded, view, outcome, request, key, digest)
        refused = self._open_children(loaded, children, request)
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
    ) -> Result:
        """平台自带的动作（重算时限、依法清除……）：不改环节，权限由调用者先查。"""
        from jiezhi.base.casework.builtins import BUILTIN

        loaded = self.loaded[uid]
        outcome = Plan(
            name,
            BUILTIN[name],
            loaded.view.state,
            loaded.view.state,
            {REASON: reason} if reason else {},
            dict(effects),
            dict(actor),
        )
        request = Request(action=name, actor=SYSTEM, now=self.now, at=at)
        self._record(loaded, loaded.view, outcome, request, None, "")
        return self._outcome(loaded, outcome, [])

    def _stale(self, loaded: Loaded, request: Request) -> Missing | None:
        expected = request.expected_version
        if expected is None or expected == loaded.view.seq:
            return None
        recent = [body for body in self.bodies(loaded.view.uid) if body["seq"] > expected]
        return changed_since(loaded.definition, expected, loaded.view, recent)

    def _number(self, definition: Definition, request: Request, uid: str, outcome: Plan) -> str | Refused:
        matter = definition.matter
        if matter.host_system:
            number = str(request.origin.get("number", "")).strip()
            if not number:
                return refuse(
                    matter.title, "number", f"还没有{matter.host_system}的编号", "填写对方系统的编号"
                )
            return number
        action = matter.actions[request.action]
        sequence = action.number.get("case")
        if sequence is None:
            return self.numbers.case_number(matter.matter, request.at, uid)
        declared = matter.sequences[sequence]
        scope = number_scope(declared, outcome.effects.get("unit"), outcome.values)
        return self.numbers.issue(matter.matter, sequence, declared, request.at, scope, uid)

    def _plan_children(self, outcome: Plan, request: Request) -> list[tuple[ChildPlan, str]] | Refused:
        result: list[tuple[ChildPlan, str]] = []
        for child in outcome.children:
            definition = matters.definition_of(self.version(child.matter))
            if definition.matter.host_system:
                return refuse(
                    outcome.decl.title, "child", f"{definition.matter.title}由外面的系统编号，不能随之开立"
                )
            opening = child.action or (definition.opening_actions[0] if definition.opening_actions else "")
            probe = Request(opening, SYSTEM, request.now, request.at, inputs=child.inputs)
            answer = plan(definition, None, probe, self.env(definition))
            if isinstance(answer, Refusal):
                return Refused(Refusal(outcome.action, outcome.decl.title, answer.missing))
            result.append((child, new_uid(request.at)))
        if result:
            outcome.effects["children"] = [{"slot": child.slot, "case": uid} for child, uid in result]
        return result

    def _open_children(
        self, parent: Loaded, children: Sequence[tuple[ChildPlan, str]], request: Request
    ) -> Refused | None:
        """随之开立子件；有一件开不成就返回它缺什么，由调用者把这一步退掉。"""
        if children and self._depth(parent) >= MAX_DEPTH:
            return refuse("开立子件", "child", f"子件套了 {MAX_DEPTH} 层", "请系统管理员检查业务模板")
        for child, uid in children:
            opening = Request(child.action or "", SYSTEM, request.now, request.at, inputs=child.inputs)
            result = self.open(
                child.matter, opening, uid=uid, parent=parent, slot=child.slot, unit=child.unit
            )
            if isinstance(result, Refused):
                return result
        return None

    def _depth(self, loaded: Loaded) -> int:
        depth, item = 0, loaded
        while item.view.parent and item.view.parent in self.loaded:
            depth, item = depth + 1, self.loaded[item.view.parent]
        return depth

    # ---- 记 ----

    def _record(
        self,
        loaded: Loaded,
        view: CaseView | None,
        outcome: Plan,
        request: Request,
        key: str | None,
        request_digest_hex: str,
    ) -> None:
        definition = loaded.definition
        values = dict(outcome.values)
        self._issue_numbers(loaded, outcome, request, values)
        digests: dict[str, str] = {}
        openings: dict[str, Any] = {}
        files: list[dict[str, Any]] = []
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

    def _issue_numbers(self, loaded: Loaded, outcome: Plan, request: Request, values: dict[str, Any]) -> None:
        definition = loaded.definition
        for name, sequence in outcome.decl.number.items():
            if name != "case":
                declared = definition.matter.sequences[sequence]
                unit = outcome.effects.get("unit", loaded.view.unit)
                scope = number_scope(declared, unit, {**loaded.view.fields, **outcome.values})
                values[name] = self.numbers.issue(
                    definition.id, sequence, declared, request.at, scope, loaded.view.uid
                )

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
        self.buffer.flush()
        self.numbers.flush(self.case_id)
        self._records.clear()
