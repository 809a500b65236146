"""表单上的各个字段：用哪一种填法、有哪些可选、必填还是选填、差的贴在哪里。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
from jiezhi.web.office.forms import raw as raws
from jiezhi.web.office.forms.actform import CORRECTS, Draft, Kept
from jiezhi.web.office.forms.raw import Raw


@dataclass(slots=True)
class Control:
    """页面上的一个字段。`kind` 决定用哪一种填法。"""

    name: str
    title: str
    kind: str
    required: bool
    help: str
    raw: Raw
    decl: FieldDecl
    groups: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    errors: list[Missing] = field(default_factory=list)
    files: list[Kept] = field(default_factory=list)
    rows: list[list[Control]] = field(default_factory=list)
    note: str = ""
    heading: str = ""
    part: bool = False
    questions: list[tuple[Question, str]] = field(default_factory=list)

    @property
    def optional(self) -> bool:
        """标“可不填”的；合成一项的各格、另有说明的材料不逐个标。"""
        return not self.required and not self.part

    @property
    def rest(self) -> str:
        """裁量情形里问题之外另写的。"""
        asked = {one.title for one, _ in self.questions}
        said = raws.answers(self.raw) if isinstance(self.raw, str) else {}
        return "\n".join(f"{title}：{value}" for title, value in said.items() if title not in asked)

    @property
    def idle(self) -> bool:
        """选填的，还没有动过、没有差什么、没有要说明的。"""
        untouched = raws.blank(self.raw) or self.raw == raws.shown(self.decl, self.decl.default)
        told = self.note or self.errors or self.decl.type is FieldType.FACTORS
        return self.optional and untouched and not told

    @property
    def html(self) -> str:
        """表单里的名字。"""
        return self.name if self.name.startswith(raws.PREFIX) else raws.PREFIX + self.name

    @property
    def many(self) -> bool:
        """几格合成的字段（用 fieldset）。"""
        return self.kind in (
            "place",
            "party",
            "parties",
            "duration",
            "rows",
            "radio",
            "rating",
            "checks",
            "factors",
        )

    @property
    def described_by(self) -> str:
        """读屏时随字段念出来的说明和差的。"""
        ids = [f"{self.html}-help"] if self.help or self.note else []
        return " ".join([*ids, *([f"{self.html}-error"] if self.errors else [])])

    @property
    def accept(self) -> str:
        """选文件时只列哪些。"""
        table = {"photo": "image/*", "video": "video/*", "audio": "audio/*"}
        return table.get(self.decl.kind, "")

    @property
    def scale(self) -> list[tuple[str, str]]:
        """评分的各档。"""
        top = self.decl.max or 5
        said = ["很不满意", "不满意", "一般", "满意", "很满意"] if top == 5 else []
        return [(str(n), f"{n} 分" + (f" {said[n - 1]}" if said else "")) for n in range(1, top + 1)]

    @property
    def duration_units(self) -> list[str]:
        """时长的单位。"""
        return raws.DURATION_UNITS


class Lists:
    """选单的来源；用到才查。"""

    def __init__(self, case_unit: str | None = None) -> None:
        self.case_unit = case_unit
        self._held: dict[str, Any] = {}

    def of(self, decl: FieldDecl) -> list[tuple[str, list[tuple[str, str]]]]:
        """一个字段可选的，分组。"""
        from jiezhi.web.office import queries

        makers = {
            FieldType.UNIT: queries.unit_groups,
            FieldType.OFFICER: lambda: queries.officer_groups(self.case_unit),
            FieldType.AREA: queries.area_groups,
            FieldType.POWER: lambda: queries.power_groups(decl.power_class),
            FieldType.CODE: lambda: queries.code_groups(decl.list or ""),
        }
        make = makers.get(decl.type)
        if make is None:
            return [("", list(decl.choices.items()))] if decl.choices else []
        key = f"{decl.type}:{decl.list}:{decl.power_class}"
        if key not in self._held:
            self._held[key] = make()
        return list(self._held[key])


KINDS = {
    FieldType.CODE: "select",
    FieldType.UNIT: "select",
    FieldType.OFFICER: "select",
    FieldType.AREA: "select",
    FieldType.POWER: "select",
    FieldType.COUNT: "number",
    FieldType.MONEY: "money",
    FieldType.DATE: "date",
    FieldType.DATETIME: "datetime",
    FieldType.DURATION: "duration",
    FieldType.PLACE: "place",
    FieldType.PARTY: "party",
    FieldType.FILE: "file",
    FieldType.ROWS: "rows",
    FieldType.RATING: "rating",
    FieldType.FACTORS: "long",
}
FEW = 5
EXTRA_ROWS = 3
EXTRA_PARTIES = 2
FOLD_FROM = 3
MATERIALS = "材料：带来几样收几样，没有的先空着。收下之后核对，缺的一次告知全部"
FACTORS = "各案由要填的情形不同，定了案由、当事人种类之后办理时会逐项列出；现在可以一行写一项，如“情形：取值”"


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
        control = _control(name, sub, name in required, draft.raw.get(name, ""), lists)
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


def _control(
    name: str, decl: FieldDecl, required: bool, given: Raw, lists: Lists, *, part: bool = False
) -> Control:
    kind = KINDS.get(decl.type, "text")
    groups = lists.of(decl)
    if decl.type is FieldType.FLAG:
        kind, groups = "select" if part else "radio", [("", [("是", "是"), ("否", "否")])]
    elif decl.type is FieldType.CHOICE:
        kind = "radio" if len(decl.choices) <= FEW and not part else "select"
    elif decl.type is FieldType.TEXT and (decl.long or (decl.max or 0) > 300):
        kind = "long"
    if decl.many:
        kind = "parties" if decl.type is FieldType.PARTY else "checks"
    # 地点的说明是写给居民手机的（点地图）；这里有自己的说明。
    told = "" if kind == "place" else decl.help or ""
    control = Control(name, decl.title, kind, required, told, given, decl, groups, part=part)
    if decl.type is FieldType.FACTORS and not control.help:
        control.help = FACTORS
    if kind in ("parties", "rows"):
        # 空着的行不留：不然每出一次表单就多几行。
        given = [row for row in given if not raws.blank(row)] if isinstance(given, list) else []
    if kind == "parties":
        one = decl.model_copy(update={"many": False, "help": None})
        for index in range(min(len(given) + EXTRA_PARTIES, decl.max or raws.MAX_ROWS)):
            person = given[index] if index < len(given) else {}
            title = decl.title if decl.max == 1 else f"{decl.title} {index + 1}"
            one = one.model_copy(update={"title": title})
            control.rows.append([_control(f"{control.html}-{index}", one, False, person, lists, part=True)])
    if kind == "rows":
        for index in range(min(len(given) + EXTRA_ROWS, decl.max or raws.MAX_ROWS)):
            row = given[index] if index < len(given) else {}
            control.rows.append(
                [
                    _control(
                        f"{control.html}-{index}-{column}", sub, False, row.get(column, ""), lists, part=True
                    )
                    for column, sub in decl.columns.items()
                ]
            )
    return control
