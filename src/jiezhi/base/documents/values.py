"""办理那一刻的样子 → 模板里用的值：按字段类型变成给人看的写法。"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.bundles import Bundle
from jiezhi.base.casework.models import CodeList
from jiezhi.base.registry.models import Area, Unit
from jiezhi.base.registry.queries import powers
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED, REASON, apply
from jiezhi.core.procedure.matter import DocumentDecl
from jiezhi.core.procedure.papers import (
    NAMESPACES,
    PARTY_PARTS,
    PLAIN,
    Absent,
    Money,
    clean,
    fill,
    read,
)
from jiezhi.core.procedure.plain import factor_words, value_words, yes_no
from jiezhi.core.procedure.view import CaseView
from jiezhi.core.prose import day_words, due_words, moment_words, yuan


class Words(str):
    """印出来是文字，判断真假看 `truth`，`.名字` 取它的一部分（没有的为空）。"""

    truth: bool = True
    parts: Mapping[str, str]

    def __bool__(self) -> bool:
        return self.truth

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.parts.get(name, "")


class Person(Words):
    """一个当事人；逐个列的地方，只有一个也列得出。"""

    def __iter__(self) -> Iterator[Any]:
        return iter([self])


class Items(list[Any]):
    """几个值：直接印用顿号相连。"""

    def __str__(self) -> str:
        return "、".join(map(str, self))


class Row:
    """表格的一行；没有填的列为空。不用字典：列名可能叫 items、values。"""

    def __init__(self, cells: Mapping[str, Any]) -> None:
        self._cells = cells

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._cells.get(name, "")

    def __getitem__(self, name: str) -> Any:
        return self._cells.get(name, "")

    def __str__(self) -> str:
        return "，".join(map(str, self._cells.values()))


class Names:
    """代号 → 名称，查一次就记住：人员、单位、代码表一次取齐，不逐个查。

    `at` 是办理那一刻：事项的名称按当时生效的一版。
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._found: dict[tuple[str, str], str] = {}
        self._tables: dict[str, Mapping[str, str]] = {}

    def get(self, decl: FieldDecl, value: str) -> str:
        """人员、单位、区域、代码、事项的名称；找不到的印代号。"""
        key = (decl.list or decl.type.value, value)
        if key not in self._found:
            self._found[key] = self._look(decl, value) or value
        return self._found[key]

    def officer(self, pk: str) -> str:
        """人员的姓名。"""
        return self.get(FieldDecl(title="人员", type=FieldType.OFFICER), pk)

    def _look(self, decl: FieldDecl, value: str) -> str | None:
        match decl.type:
            case FieldType.OFFICER:
                return self._table("officer", _officers).get(value)
            case FieldType.UNIT:
                return self._table("unit", _units).get(value)
            case FieldType.AREA:
                return Area.objects.filter(code=value).values_list("name", flat=True).first()
            case FieldType.CODE:
                name = decl.list or ""
                return self._table(f"code.{name}", lambda: _codes(name)).get(value)
            case FieldType.POWER:
                version = powers.in_force(value, self.at) or powers.versions(value).last()
                return version.title if version else None
        return None

    def _table(self, name: str, take: Callable[[], Mapping[str, str]]) -> Mapping[str, str]:
        if name not in self._tables:
            self._tables[name] = take()
        return self._tables[name]


def _officers() -> dict[str, str]:
    return {str(pk): name for pk, name in Officer.objects.order_by().values_list("pk", "name")}


def _units() -> dict[str, str]:
    return dict(Unit.objects.order_by().values_list("code", "name"))


def _codes(name: str) -> Mapping[str, str]:
    row = CodeList.objects.filter(name=name).first()
    found: Mapping[str, str] = row.codes if row else {}
    return found


def shown(decl: FieldDecl, value: Any, names: Names) -> Any:
    """一个字段的值给人看的写法。"""
    if value == ERASED:
        return _gone(decl)
    if decl.many and isinstance(value, list):
        one = decl.model_copy(update={"many": False})
        return Items(shown(one, item, names) for item in value)
    match decl.type:
        case FieldType.FLAG:
            text = Words(yes_no(bool(value)))
            text.truth = bool(value)
            return text
        case FieldType.MONEY:
            money = Money(yuan(int(value)))
            money.fen = int(value)
            return money
        case FieldType.PARTY:
            person = Person(value.get("name", "") or value.get("phone", ""))
            person.parts = {part: value.get(part, "") for part in PARTY_PARTS}
            return person
        case FieldType.ROWS:
            columns = decl.columns
            return Items(
                Row({key: shown(columns[key], item, names) for key, item in row.items() if key in columns})
                for row in value
            )
        case FieldType.FACTORS:
            return Items(factor_words(value))
    return value_words(decl, value, names.get)


def _gone(decl: FieldDecl) -> Any:
    """已依法清除的：写法与有值时一样，模板照样填得出。"""
    match decl.type:
        case FieldType.PARTY:
            found: Any = Person(ERASED)
            found.parts = dict.fromkeys(PARTY_PARTS, "") | {"name": ERASED}
        case FieldType.ROWS:
            return Items([Row(dict.fromkeys(decl.columns, ERASED))])
        case FieldType.FACTORS:
            return Items([ERASED])
        case _:
            found = ERASED
    return Items([found]) if decl.many else found


@dataclass(frozen=True, slots=True)
class Frozen:
    """一份文书的内容：冻结在办理记录里的，和按它排好的正文。`seq` 是填的时候件办到第几号。"""

    text: str
    number: str
    on: str
    uses: tuple[str, ...]
    seq: int


def freeze(bundle: Bundle, seq: int, definition: Definition, decl: DocumentDecl) -> Frozen:
    """重放到第 `seq` 号办理记录，填好模板。之后改了字段也不影响。

    模板里的名字没有、没有填的字段直接印了 → jinja2.UndefinedError；办理记录不全、写法不许、填出来太长 → ValueError。
    """
    context = context_at(bundle, seq, definition, decl)
    text = fill(decl.text, context)
    number = clean(context["number"])
    return Frozen(text, number, context["on"], uses(definition, decl), bundle.events[-1].seq)


def context_at(bundle: Bundle, seq: int, definition: Definition, decl: DocumentDecl) -> dict[str, Any]:
    """第 `seq` 号办理那一刻，模板里能用的名字和值。办理记录不全 → ValueError。"""
    view, body, values = _replayed(bundle, seq)
    names = Names(datetime.fromisoformat(body["at"]))
    return _context(bundle, view, body, values, definition, decl, names)


def uses(definition: Definition, decl: DocumentDecl) -> tuple[str, ...]:
    """文书里印了哪些字段的内容（按代号排）：依法清除它们时文书一并清除。理由写作 fold.REASON。"""
    fields, found = definition.matter.fields, {decl.number or "", decl.to or ""}
    for mention in read(decl.text).mentions:
        found.add(mention.name)
        if mention.name in fields:  # 字段与别的名字相同时，字段优先
            continue
        if mention.name == "reason":
            found.add(REASON)
        if mention.name == "case" and mention.part in ("title", ""):
            found.add(definition.matter.summary or "")
    return tuple(sorted(found & {*fields, REASON}))


def _replayed(bundle: Bundle, seq: int) -> tuple[CaseView, dict[str, Any], dict[str, Any]]:
    view: CaseView | None = None
    for event in bundle.events:
        if event.seq > seq:
            break
        content = bundle.contents.get(event.pk)
        body = json.loads(bytes(event.body))
        values = content.values() if content else {}
        view = apply(view, body, values)
        if event.seq == seq:
            return view, body, values
    raise ValueError(f"没有第{seq}号办理记录")


def _context(
    bundle: Bundle,
    view: CaseView,
    body: Mapping[str, Any],
    values: Mapping[str, Any],
    definition: Definition,
    decl: DocumentDecl,
    names: Names,
) -> dict[str, Any]:
    matter = definition.matter
    at = datetime.fromisoformat(body["at"]).astimezone(LOCAL)
    on = day_words(at.date())
    roles = {name: Items(names.officer(pk) for pk in view.roles.get(name, ())) for name in matter.roles}
    unit = FieldDecl(title="单位", type=FieldType.UNIT)
    due = {name: min((clock.due_at for clock in view.running(name)), default=None) for name in matter.clocks}
    found: dict[str, Any] = {
        "case": {
            "number": view.number,
            "title": str(view.fields.get(matter.summary or "") or matter.title),
            "matter": matter.title,
            "opened_on": day_words((view.opened_at or at).astimezone(LOCAL).date()),
            "unit": names.get(unit, view.unit) if view.unit else "",
        },
        "office": office(),
        "on": on,
        "at": moment_words(at),
        "by": body["actor"].get("name", ""),
        "reason": str(values.get(REASON, "") or ""),
        "title": decl.title,
        "number": str(view.fields.get(decl.number or "", "") or ""),
        "handlers": roles.get("handler", Items()),
        "roles": roles,
        "done": {name: name in view.done for name in {*definition.means, *view.done}},
        "due": {
            name: due_words(moment) if moment else Absent(name=f"due.{name}") for name, moment in due.items()
        },
    }
    assert set(found) == {*NAMESPACES, *PLAIN}
    for name, field in matter.fields.items():
        value = view.fields.get(name)
        found[name] = Absent(name=field.title) if value is None else shown(field, value, names)

    def cite(reference: str) -> str:
        citation = definition.citation(reference)
        return citation.label.replace("(", "（").replace(")", "）") if citation else ""

    return found | {"cite": cite}


def office() -> dict[str, str]:
    """本机关：全称、简称、地址、电话。"""
    name = settings.OFFICE_NAME
    return {"name": name, "short": name, "address": "", "phone": "", **settings.OFFICE_CONTACT}
