"""表单上的各个字段：用哪一种填法、有哪些可选、必填还是选填、差的贴在哪里。"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.queries import plain_name
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.materials import PREFIX as MATERIAL
from jiezhi.core.procedure.materials import STATE
from jiezhi.core.procedure.view import Missing
from jiezhi.services.discretion import queries as discretion
from jiezhi.services.discretion.queries import Question
from jiezhi.web.forms import controls as shared
from jiezhi.web.forms import raw as raws
from jiezhi.web.forms.controls import Control, Group, Kept, control_of
from jiezhi.web.office import queries
from jiezhi.web.office.forms.actform import CORRECTS, Draft


class Lists(shared.Lists):
    """办公页面的选单：另有单位、人员、事项。`case_unit` 的人排在最前。"""

    def __init__(self, case_unit: str | None = None) -> None:
        super().__init__()
        self.case_unit = case_unit

    def makers(self, decl: FieldDecl) -> dict[FieldType, Callable[[], list[Group]]]:
        """字段类型 → 取选单。"""
        return super().makers(decl) | {
            FieldType.UNIT: queries.unit_groups,
            FieldType.OFFICER: lambda: queries.officer_groups(self.case_unit),
            FieldType.POWER: lambda: queries.power_groups(decl.power_class),
        }


FOLD_FROM = 3
MATERIALS = "材料：带来几样收几样，没有的先空着。收下之后核对，缺的一次告知全部"


def arrange(
    definition: Definition, decl: ActionDecl, found: list[Control]
) -> tuple[list[Control], list[Control]]:
    """先填的，和收进“更多（选填）”的。在哪里、谁来的不收；选填的不多、更正、没有必填的都不收。"""
    plain = (definition.matter.located_by, definition.matter.reported_by)
    idle = [one for one in found if one.idle and one.name not in plain]
    if len(idle) < FOLD_FROM or CORRECTS in decl.means or not any(one.required for one in found):
        return found, []
    return [one for one in found if one not in idle], idle


def controls(
    definition: Definition,
    decl: ActionDecl,
    draft: Draft,
    lists: Lists,
    missing: Iterable[Missing] = (),
    notes: Mapping[str, str] | None = None,
    asked: Sequence[Question] = (),
) -> list[Control]:
    """一张表单的全部字段，按模板的次序；差的贴在字段上。"""
    missing = list(missing)
    required = set(decl.required())
    found: list[Control] = []
    for name in decl.collected():
        sub = definition.matter.fields[name]
        control = control_of(name, sub, name in required, draft.raw.get(name, ""), lists)
        control.errors = [item for item in missing if item.field == name]
        control.note = (notes or {}).get(name, "")
        if sub.type is FieldType.FACTORS and asked:
            _ask(control, asked)
        if name.startswith(MATERIAL) or name == STATE:
            control.part = True
            control.heading = MATERIALS if not any(one.heading for one in found) else ""
        if not control.note and name in decl.fill and "留空" not in control.help:
            control.note = "空着的，办理时由系统按内容补上"
        found.append(control)
    digests = [digest for control in found if control.kind == "file" for digest in control.raw or []]
    # 更正时本来就有的，没有收据。
    others = EvidenceFile.objects.filter(pk__in=[one for one in digests if one not in draft.kept])
    known = {row.pk: Kept(row.pk, plain_name(row), row.size) for row in others} if digests else {}
    known |= draft.kept
    for control in found:
        if control.kind == "file":
            control.files = [known[digest] for digest in control.raw or [] if digest in known]
    return found


def questions(
    definition: Definition, decl: ActionDecl, values: Mapping[str, Any], now: datetime
) -> list[Question]:
    """这一步要填裁量情形的，按案由、当事人种类（`values`）列出要问哪些；还不知道案由的为空。"""
    fields = definition.matter.fields
    power, party = (str(values.get(name) or "") for name in ("cause", "party_kind"))
    if not power or not any(fields[name].type is FieldType.FACTORS for name in decl.collected()):
        return []
    return discretion.questions(power, party, now.astimezone(CHINA).date())


def _ask(control: Control, asked: Sequence[Question]) -> None:
    """裁量情形逐项选，不用照着说明打字。"""
    said = raws.answers(control.raw) if isinstance(control.raw, str) else {}
    control.kind, control.help = "factors", ""
    control.questions = [(one, said.get(one.title, "")) for one in asked]
