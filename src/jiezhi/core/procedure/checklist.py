"""材料齐不齐：办理条件 materials.complete、一次性告知单、页面上的清单用的是同一个函数。"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.materials import PREFIX, PROMISED, SHARED, STATE, VERIFIED, MaterialDecl
from jiezhi.core.procedure.view import Missing

PLEDGE = "pledge"
"""有这个含义的业务，承诺要书面作出过（没有撤回）才能代替材料。"""


@dataclass(frozen=True, slots=True)
class Lacking:
    """缺的一样：名称、份数、怎么补、凭什么要（可以给人看的写法）、有没有空白表。"""

    name: str
    title: str
    amount: str
    remedy: str
    basis: str
    form: str = ""

    def missing(self) -> Missing:
        """办理条件里的一项。"""
        say = f"还差“{self.title}”（{self.amount}）"
        return Missing(f"material.{self.name}", say, self.remedy, self.basis, PREFIX + self.name)

    def row(self) -> dict[str, str]:
        """告知单里的一行。"""
        found = {"material": self.title, "amount": self.amount, "remedy": self.remedy, "basis": self.basis}
        return {key: value for key, value in found.items() if value}


def wanted(
    definition: Definition, values: Mapping[str, Any], done: Set[str] = frozenset()
) -> dict[str, MaterialDecl]:
    """这一件要交的材料：没有写情形的，和情形成立的。`values` 是字段值，`done` 是做过而未作废的含义。"""
    truth = definition.predicate_values(values)
    return {
        name: material
        for name, material in definition.matter.materials.items()
        if definition.guard(material.when).holds(truth, done)
    }


def settled(
    definition: Definition, values: Mapping[str, Any], done: Set[str] = frozenset()
) -> dict[str, str]:
    """登记过的核验：材料 → 怎样核的。没有声明可以共享、可以承诺的，登记了也不算；承诺撤回了的也不算。"""
    found: dict[str, str] = {}
    pledging = any(PLEDGE in action.means for action in definition.matter.actions.values())
    pledged = not pledging or PLEDGE in done
    rows = values.get(STATE)
    for row in rows if isinstance(rows, list) else []:
        material = definition.matter.materials.get(str(row.get("material")))
        state = row.get("state")
        allowed = material is not None and (
            state == VERIFIED
            or (state == SHARED and material.shared)
            or (state == PROMISED and material.promise and pledged)
        )
        if allowed:
            found[str(row["material"])] = str(state)
    return found


def lacking(definition: Definition, values: Mapping[str, Any], done: Set[str] = frozenset()) -> list[Lacking]:
    """缺的全部材料，按声明的次序。收到的、核过原件的、共享核到的、承诺代替的算有；依法清除了的也算收过。"""
    ready = settled(definition, values, done)
    found = []
    for name, material in wanted(definition, values, done).items():
        given = values.get(PREFIX + name)
        if name in ready or given == ERASED or given:
            continue
        form = definition.matter.documents.get(material.form or "")
        found.append(
            Lacking(
                name,
                material.title,
                material.amount,
                remedy_of(material, form.title if form else ""),
                definition.label(material.basis),
                form.title if form else "",
            )
        )
    return found


def remedy_of(material: MaterialDecl, form: str = "") -> str:
    """怎么补：照哪张表填、能不能共享核验、能不能承诺代替。"""
    parts = [f"请交“{material.title}”{material.amount}"]
    if not material.original + material.copies:
        parts = [f"请带“{material.title}”的原件来核验"]
    if form:
        parts = [f"请填写《{form}》（窗口免费提供），交{material.amount}"]
    if material.help:
        parts.append(material.help.rstrip("。"))
    if material.shared:
        parts.append(f"{material.shared}能核到的不用交")
    if material.promise:
        parts.append("也可以书面承诺代替")
    return "；".join(parts)
