"""换版：正在办的件从业务模板的旧版走到新版。

换版本身是一次办理：有写明的映射（环节、法律含义、时限、字段、角色各去哪里），像办理程序一样校验
（verifier/change.py），作为一条办理记录写进链，重放时由 fold 照样再做一遍。
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import Field

from jiezhi.core.procedure.base import Declaration, Name, Names, Text
from jiezhi.core.procedure.clockdue import DATE, EVERY, operation
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.view import CaseView, ClockView

DROP, STOP = "drop", "end"
KINDS = {"states": "环节", "meanings": "法律含义", "clocks": "时限", "fields": "字段", "roles": "角色"}
T = TypeVar("T")


class ChangeDecl(Declaration):
    """换版的映射。两版同名的都可以不写。"""

    from_: str | None = Field(None, alias="from", description="旧版的内容摘要，前几位即可；不写是全部旧版")
    to: str | None = Field(None, description="新版的内容摘要，前几位即可；不写是现行版本")
    states: dict[Name, Name] = Field({}, description="旧环节 → 新环节")
    meanings: dict[Name, Name] = Field({}, description="旧含义 → 新含义，或 drop（不再算做过）")
    clocks: dict[Name, Name] = Field({}, description="旧时限 → 新时限，或 end（换版时停）")
    fields: dict[Name, Name] = Field({}, description="旧字段 → 新字段，或 drop（新版不用，值留在办理记录里）")
    roles: dict[Name, Name] = Field({}, description="旧角色 → 新角色，或 drop")
    clears: dict[Name, Names] = Field({}, description="旧环节 → 在这个环节的件换过去时作废的法律含义（旧名）")
    reason: Text
    basis: Text = Field(description="凭什么换：批准文件、修订的法律")


@dataclass(frozen=True)
class ChangeMap:
    """补全之后的映射：每个旧名字到哪里，None 是不带过去。`wrong` 是（哪一种，名字，怎么不对）。"""

    states: dict[str, str | None]
    meanings: dict[str, str | None]
    clocks: dict[str, str | None]
    fields: dict[str, str | None]
    roles: dict[str, str | None]
    clears: dict[str, frozenset[str]]
    wrong: tuple[tuple[str, str, str], ...]

    @property
    def known(self) -> bool:
        """每个旧名字都有去处，提到的名字两版都有。"""
        return not self.wrong

    def meanings_in(self, state: str) -> dict[str, str | None]:
        """在旧环节 `state` 的件，法律含义各到哪里：写明作废的也不带过去。"""
        return self.meanings | dict.fromkeys(self.clears.get(state, ()))


def performed(definition: Definition) -> set[str]:
    """业务模板里有动作做的法律含义。"""
    return {meaning for action in definition.matter.actions.values() for meaning in action.means}


def change_map(old: Definition, new: Definition, decl: ChangeDecl) -> ChangeMap:
    """把声明的映射补全：同名的到同名，其余没有写的记在 `wrong`。"""
    wrong: list[tuple[str, str, str]] = []

    def fill(
        kind: str, before: Iterable[str], after: Iterable[str], given: Mapping[str, str], out: str | None
    ) -> dict[str, str | None]:
        names, targets = list(before), set(after)
        found: dict[str, str | None] = {}
        for name in names:
            target = given.get(name, name)
            if name in given and target == out:
                found[name] = None
            elif target in targets:
                found[name] = target
            elif name in given:
                wrong.append((kind, name, f"映射到“{target}”，新版没有这一项"))
            else:
                hint = f"，或写 {out}" if out else ""
                wrong.append((kind, name, f"新版没有了；请写明映射到新版的哪一项{hint}"))
        for name in sorted(set(given) - set(names)):
            wrong.append((kind, name, "旧版没有这一项；请从映射里删去或改正"))
        if kind != "states":
            taken: dict[str, str] = {}
            for name, one in found.items():
                if one is not None and one in taken:
                    wrong.append((kind, name, f"与“{taken[one]}”映射到同一项“{one}”；只能有一个"))
                elif one is not None:
                    taken[one] = name
        return found

    def live(definition: Definition) -> list[str]:
        return [name for name, state in definition.matter.states.items() if not state.terminal]

    was, now = old.matter, new.matter
    done = performed(old)
    for state, meanings in decl.clears.items():
        if state not in was.states:
            wrong.append(("states", state, "clears 里写的环节旧版没有；请改正"))
        wrong += [
            ("meanings", one, "clears 里写的含义旧版没有；请改正") for one in meanings if one not in done
        ]
    return ChangeMap(
        states=fill("states", live(old), live(new), decl.states, None),
        meanings=fill("meanings", sorted(done), performed(new), decl.meanings, DROP),
        clocks=fill("clocks", was.clocks, now.clocks, decl.clocks, STOP),
        fields=fill("fields", was.fields, now.fields, decl.fields, DROP),
        roles=fill("roles", was.roles, now.roles, decl.roles, DROP),
        clears={state: frozenset(meanings) for state, meanings in decl.clears.items()},
        wrong=tuple(wrong),
    )


def renamed(table: Mapping[str, T], names: Mapping[str, str | None]) -> dict[str, T]:
    """按映射换键；映射到 None 的去掉，没有提到的不动。"""
    return {target: value for name, value in table.items() if (target := names.get(name, name)) is not None}


def renamed_set(names: Iterable[str], table: Mapping[str, str | None]) -> frozenset[str]:
    """同 `renamed`，用于一组名字。"""
    return frozenset(renamed(dict.fromkeys(names), table))


def effects(
    old: Definition, new: Definition, decl: ChangeDecl, names: ChangeMap, view: CaseView, at: datetime
) -> dict[str, Any]:
    """一件换版的 effects：两版摘要、换掉的名字、时限的改名和停止。`at` 带时区。"""

    def moved(table: Mapping[str, str | None]) -> dict[str, str | None]:
        return {name: target for name, target in table.items() if name != target}

    changed: dict[str, Any] = {"from": old.digest, "to": new.digest, "basis": decl.basis}
    # 旧环节名新版还在用的不是改名，是把件移回去：不能据此改写以前的办理记录。
    states = {a: b for a, b in moved(names.states).items() if a not in new.matter.states}
    meanings = names.meanings_in(view.state)
    tables = {"states": states, "meanings": meanings, "fields": names.fields, "roles": names.roles}
    for key, table in tables.items():
        if different := moved(table):
            changed[key] = different
    ops = [op for op in (_operation(new, names, view, clock, at) for clock in view.clocks) if op]
    return {"changed": changed, **({"clocks": ops} if ops else {})}


def _operation(
    new: Definition, names: ChangeMap, view: CaseView, clock: ClockView, at: datetime
) -> dict[str, Any] | None:
    """一个时限怎样变：改名的保持原起算和到期；不带过去的停下；自动办理的定时，新版没有了就停。"""
    if clock.name.startswith(EVERY):
        action = new.action(clock.name.removeprefix(EVERY))
        state = names.states.get(view.state)
        stays = action is not None and action.every and state in new.sources(action)
        target = clock.name if stays else None
    elif clock.name.startswith(DATE):
        field = clock.name.removeprefix(DATE)
        other = names.fields.get(field, field)
        waits = any(f"date.{other}" in action.on for action in new.matter.actions.values())
        target = DATE + other if other is not None and waits else None
    else:
        target = names.clocks.get(clock.name)
    if target is None:
        return operation("end", clock, at) if clock.live else None
    return operation("rename", clock, at, to=target) if target != clock.name else None


def in_current_words(bodies: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """办理记录内容（从旧到新）换成现行版本的叫法：换版改过名的法律含义和环节，照新名读以前的记录。"""
    meanings: dict[str, str | None] = {}
    states: dict[str, str | None] = {}
    found: list[dict[str, Any]] = []
    for raw in reversed(list(bodies)):
        body = dict(raw)
        changed = body["effects"].get("changed")
        if states:
            body["to"] = states.get(body["to"], body["to"])
        if changed:
            meanings = _before(changed.get("meanings", {}), meanings)
            states = _before(changed.get("states", {}), states)
        if states:
            body["from"] = states.get(body["from"], body["from"])
        if meanings:
            body["effects"] = dict(body["effects"])
            for key in ("done", "cleared", "serves"):
                if key in body["effects"]:
                    body["effects"][key] = [meanings.get(one) or one for one in body["effects"][key]]
        found.append(body)
    return found[::-1]


def doers(bodies: Iterable[Mapping[str, Any]], meaning: str) -> set[str]:
    """谁做过这个含义（现在的叫法）：人员的标识。`bodies` 是一件的全部办理记录内容，从旧到新。"""
    did = (body for body in in_current_words(bodies) if meaning in body["effects"].get("done", []))
    return {body["actor"].get("id", "") for body in did} - {""}


def _before(step: Mapping[str, str | None], later: Mapping[str, str | None]) -> dict[str, str | None]:
    """两次改名连起来。不再算做过的含义，以前做过的事实还在，名字不改。"""
    table = {name: target for name, target in later.items() if name not in step}
    for name, target in step.items():
        if target is not None:
            table[name] = later.get(target, target)
    return table


def names_by_seq(bodies: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> dict[int, set[str]]:
    """这些字段（现在的叫法）在每一条办理记录里叫什么：序号 → 名字。换版改过名的，清除时要一并找到。

    换版时没有带过去的字段按原名找。
    """
    names = set(fields)
    found: dict[int, set[str]] = {}
    for body in reversed(list(bodies)):
        found[body["seq"]] = set(names)
        table = body["effects"].get("changed", {}).get("fields", {})
        origin = {target: name for name, target in table.items() if target is not None}
        gone = {name for name, target in table.items() if target is None}
        names = {
            origin.get(name, name) for name in names if name in origin or name not in table or name in gone
        }
    return found
