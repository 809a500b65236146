"""表单上的一个字段：用哪一种填法、有哪些可选、填过的原样放回。办公页面和公开站都用。"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jiezhi.base.casework.models import CodeList
from jiezhi.base.registry.models import Area
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.view import Missing
from jiezhi.services.discretion.queries import Question
from jiezhi.web.forms import raw as raws
from jiezhi.web.forms.raw import Raw

Choice = tuple[str, str]
Group = tuple[str, list[Choice]]


@dataclass(frozen=True, slots=True)
class Kept:
    """表单里已收下的一份材料。`name` 是这次传的人起的；`slip` 是收据：凭它再交回来，别人的收据、抄来的摘要不认。"""

    digest: str
    name: str
    size: int
    slip: str = ""


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


def area_groups() -> list[Group]:
    """在用区域，按上级分组。"""
    groups: dict[str, list[Choice]] = {}
    rows = Area.objects.filter(is_active=True).exclude(level="building").order_by("path")
    for code, name, parent in rows.values_list("code", "name", "parent__name"):
        groups.setdefault(parent or "本辖区", []).append((code, name))
    return list(groups.items())


def code_groups(name: str) -> list[Group]:
    """代码表，按一级分组；只有一级的自成一组。"""
    row = CodeList.objects.filter(name=name).first()
    codes = row.codes if row else {}
    groups: dict[str, list[Choice]] = {}
    for code, title in codes.items():
        top, _, rest = code.partition("/")
        label = codes.get(top, top)
        groups.setdefault(label, []).append((code, title if rest else f"{title}（不细分）"))
    return list(groups.items())


class Lists:
    """选单的来源；用到才查。这里只有谁都可以看的：单位、人员、事项的选单由办公页面另加。"""

    def __init__(self) -> None:
        self._held: dict[str, list[Group]] = {}

    def makers(self, decl: FieldDecl) -> dict[FieldType, Callable[[], list[Group]]]:
        """字段类型 → 取选单。"""
        return {FieldType.AREA: area_groups, FieldType.CODE: lambda: code_groups(decl.list or "")}

    def of(self, decl: FieldDecl) -> list[Group]:
        """一个字段可选的，分组。"""
        make = self.makers(decl).get(decl.type)
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
FACTORS = "各案由要填的情形不同，定了案由、当事人种类之后办理时会逐项列出；现在可以一行写一项，如“情形：取值”"


def control_of(
    name: str, decl: FieldDecl, required: bool, given: Raw, lists: Lists, *, part: bool = False
) -> Control:
    """一个字段的填法。`given` 是原话；`part` 为真是合成一项的一格。"""
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
            control.rows.append([control_of(f"{control.html}-{index}", one, False, person, lists, part=True)])
    if kind == "rows":
        for index in range(min(len(given) + EXTRA_ROWS, decl.max or raws.MAX_ROWS)):
            row = given[index] if index < len(given) else {}
            control.rows.append(
                [
                    control_of(
                        f"{control.html}-{index}-{column}", sub, False, row.get(column, ""), lists, part=True
                    )
                    for column, sub in decl.columns.items()
                ]
            )
    return control
