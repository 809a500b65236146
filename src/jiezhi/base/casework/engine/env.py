"""解释器向外要的东西（core.procedure.view.Env）的实现：任职、单位、子件、材料、代码。

一个 Work（一次事务）共用一份缓存：批量办理时同一个人、同一张代码表只查一次。
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.engine import rows
from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.casework.models import Case, CaseField, CodeList, EvidenceFile
from jiezhi.base.casework.reach import Reach
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.models import PowerVersion, Unit
from jiezhi.base.registry.queries import powers
from jiezhi.core.calendar import DayTable
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.procedure.base import Call
from jiezhi.core.procedure.change import doers
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.sources import parse_source
from jiezhi.core.procedure.view import Actor, CaseView, ChildView

if TYPE_CHECKING:
    from jiezhi.base.casework.engine.work import Work

T = TypeVar("T")
Holding = tuple[str, str, str | None]  # 岗位、单位代码、区域路径（None 为不限）


def party_mark(value: Any) -> str:
    """一个当事人的标识：规范字节里只有带钥匙的摘要，还原不出姓名。"""
    return secrets.blind_index("party", encode(value).decode())[:16]


class Lookups:
    """一次事务里的查询缓存。"""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._holdings: dict[str, list[Holding]] = {}
        self._areas: dict[str, str] = {}
        self._codes: dict[str, set[str]] = {}
        self._files: dict[str, int | None] = {}
        self._people: set[str] | None = None
        self._asked: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """同样的问题一次事务只问一次；`key` 要带上问的是什么和全部参数。服务也用。"""
        if key not in self._asked:
            self._asked[key] = make()
        return cast(T, self._asked[key])

    def power(self, code: str, at: datetime) -> PowerVersion | None:
        """事项在那一天有效的版本；没有 → None。"""
        return self.once(("power", code, powers.day_of(at)), lambda: powers.in_force(code, at))

    def only_power(self, matter: str, at: datetime) -> PowerVersion | None:
        """那一天挂着这个业务模板的唯一的事项；一个也没有或不止一个 → None。"""

        def ask() -> PowerVersion | None:
            found = powers.all_in_force(at).filter(matter=matter)[:2]
            return found[0] if len(found) == 1 else None

        version = self.once(("only", matter, powers.day_of(at)), ask)
        return version and self.once(("power", version.power.code, powers.day_of(at)), lambda: version)

    def power_class(self, code: str, at: datetime) -> str | None:
        """事项的类别，同 `powers.class_of`。"""
        version = self.power(code, at)
        return version.class_name if version else powers.class_of(code, at)

    def holdings(self, officer: str) -> list[Holding]:
        """某人现在的任职。"""
        if officer not in self._holdings:
            self._holdings[officer] = self.work.standing.holdings(int(officer), self.work.now)
        return self._holdings[officer]

    def units(self) -> dict[str, tuple[str, str | None]]:
        """在用单位：代码 → （名称、上级代码）。"""
        return self.work.standing.units

    def area_path(self, code: str | None) -> str:
        """区域代码 → 路径。"""
        if code is None:
            return ""
        if code not in self._areas:
            self._areas = registry.area_paths() | self._areas
        return self._areas.get(code, "")

    def learn_path(self, code: str | None, path: str) -> None:
        """件的行上已有路径，省一次查询。"""
        if code:
            self._areas[code] = path

    def codes(self, name: str) -> set[str]:
        """代码表里的代码。"""
        if name not in self._codes:
            row = CodeList.objects.filter(name=name).first()
            self._codes[name] = set(row.codes) if row else set()
        return self._codes[name]

    def file_size(self, digest: str) -> int | None:
        """材料的字节数；没有上传过为 None。"""
        if digest not in self._files:
            self._files[digest] = (
                EvidenceFile.objects.filter(pk=digest).values_list("size", flat=True).first()
            )
        return self._files[digest]

    def has_officer(self, code: str) -> bool:
        """在岗人员。"""
        if self._people is None:
            self._people = {
                str(pk) for pk in Officer.objects.filter(is_active=True).values_list("pk", flat=True)
            }
        return code in self._people


class CaseEnv:
    """某个业务模板办理时的 Env。"""

    def __init__(self, work: Work, definition: Definition) -> None:
        self.work = work
        self.definition = definition
        self.look = work.look
        # 正在核的这一步发生在什么时候：资格、事项在不在有效期看的是那一天。
        self.at = work.now
        self.actor: Actor | None = None
        self._children: dict[str, list[Any]] = {}

    @property
    def table(self) -> DayTable:
        return self.work.table

    def may(self, who: str, actor: Actor, view: CaseView | None) -> tuple[str | None, str | None] | None:
        kind, _, name = who.partition(".")
        if who in ("system", "import", "reporter", "party"):
            return (None, None) if actor.kind == who else None
        if actor.kind not in ("officer", "import") or not actor.id:
            return None
        if kind == "role":
            return (None, view.unit) if view and actor.id in view.roles.get(name, ()) else None
        for post, unit, path in self.look.holdings(actor.id):
            if kind == "post" and post == name and self._covers(path, view):
                return post, unit
            if kind == "unit" and post == name and view and view.unit == unit:
                return post, unit
            if (
                who == "area.keeper"
                and post == "grid_worker"
                and view
                and path == self.look.area_path(view.area)
            ):
                return post, unit
        if who in extensions.resolvers:
            people = extensions.resolvers[who](self._context(view, dict(view.fields) if view else {}, actor))
            return (None, None) if actor.id in people else None
        return None

    def _context(
        self, view: CaseView | None, values: Mapping[str, Any], actor: Actor | None = None
    ) -> Context:
        return Context(self.work, view, values, actor or self.actor, self.work.now, self.definition, self.at)

    def _covers(self, path: str | None, view: CaseView | None) -> bool:
        if path is None or view is None:
            return True
        if view.area is None:
            return False  # 没有定位的件只归不限区域的人：看不见的就办不了
        return self.look.area_path(view.area).startswith(path)

    def resolve(
        self, expression: str, actor: Actor, view: CaseView | None, values: Mapping[str, Any]
    ) -> list[str]:
        source = parse_source(expression)
        if source is None:
            return []
        match source.kind:
            case "role":
                return list(view.roles.get(source.name, ())) if view else []
            case "post":
                # 与“谁能办”（_covers）一致：没有定位的件只归不限区域的人，开件时不限。
                return self._people(source.name, area_path=self.look.area_path(view.area) if view else None)
            case "unit":
                unit = registry.unit_by_code(view.unit) if view and view.unit else None
                return self._people(source.name, unit=unit) if unit else []
            case "unit.parent":
                parent = self.look.units().get(view.unit or "", ("", None))[1] if view else None
                return [parent] if parent else []
            case "unit.mine":
                holdings = self.look.holdings(actor.id) if actor.id else []
                return [holdings[0][1]] if holdings else []
            case "area.keeper":
                path = self.look.area_path(view.area) if view else ""
                return self._people("grid_worker", area_path=path) if path else []
            case "resolver" if expression in extensions.resolvers:
                return extensions.resolvers[expression](self._context(view, values, actor))
        return []

    def _people(self, post: str, *, unit: Unit | None = None, area_path: str | None = None) -> list[str]:
        def ask() -> list[str]:
            found = registry.officers_with(post, unit, area_path, at=self.work.now)
            return [str(one.pk) for one in found]

        return list(self.look.once(("people", post, unit and unit.pk, area_path), ask))

    def call(self, call: Call, view: CaseView | None, values: Mapping[str, Any]) -> bool:
        function = extensions.conditions.get(call.name)
        if function is None:
            return False
        arguments = {
            key: values.get(value.removeprefix("field."))
            if isinstance(value, str) and value.startswith("field.")
            else value
            for key, value in call.args.items()
        }
        return bool(function(self._context(view, values), **arguments))

    def fact(self, name: str, view: CaseView | None, values: Mapping[str, Any]) -> Any:
        function = extensions.facts.get(name)
        return function(self._context(view, values)) if function else None

    def children(self, view: CaseView, slot: str) -> Sequence[ChildView]:
        pending = [
            ChildView(slot, loaded.view.state, loaded.view.closed_at is not None)
            for loaded in self.work.opened_under(view.uid, slot)
        ]
        if view.uid not in self._children:  # 各种子件都来问，一次取齐
            found = Case.objects.filter(parent__uid=view.uid)
            self._children[view.uid] = list(found.values_list("slot", "uid", "state", "closed_at"))
        rows = [row[1:] for row in self._children[view.uid] if row[0] == slot]
        known = {str(uid): ChildView(slot, state, closed is not None) for uid, state, closed in rows}
        for uid in known:
            loaded = self.work.loaded.get(uid)
            if loaded is not None:
                known[uid] = ChildView(slot, loaded.view.state, loaded.view.closed_at is not None)
        return [*known.values(), *pending]

    def doers(self, view: CaseView, meaning: str) -> set[str]:
        return doers(self.work.bodies(view.uid), meaning)

    def refer(self, decl: FieldDecl, value: Any) -> str | None:
        if decl.many and isinstance(value, list):
            one = decl.model_copy(update={"many": False})
            return next((wrong for item in value if (wrong := self.refer(one, item))), None)
        match decl.type:
            case FieldType.UNIT if value not in self.look.units():
                return "不是在用的单位，请从列表中选"
            case FieldType.OFFICER if not self.look.has_officer(value):
                return "不是在岗人员，请从列表中选"
            case FieldType.AREA if not self.look.area_path(value):
                return "不是登记过的区域，请从列表中选"
            case FieldType.CODE if decl.list and value not in self.look.codes(decl.list):
                return f"没有“{value}”这一项，请从列表中选"
            case FieldType.POWER:
                found = self.look.power_class(value, self.at)
                if found is None:
                    return "不是登记过的事项，请从权责清单中选"
                if decl.power_class and found != decl.power_class:
                    return f"是{found}事项，这里只能选{decl.power_class}事项"
            case FieldType.FILE:
                missing = sum(self.look.file_size(digest) is None for digest in value)
                return f"有 {missing} 份没有上传成功，请重新上传" if missing else None
        return None

    def unique(self, fields: Mapping[str, Any], exclude: str | None) -> str | None:
        matter = self.definition.matter
        mark = rows.unique_mark(matter, fields, False)
        if not mark:
            return None
        for item in self.work.loaded.values():
            view = item.view
            other = item.definition.id == matter.matter and view.uid != exclude and view.seq
            if other and rows.unique_mark(matter, view.fields, view.closed_at is not None) == mark:
                placed = {"unit_id": view.unit, "area_path": self.look.area_path(view.area)}
                now = {"matter": matter.matter, "state": view.state, "roles": view.roles, **placed}
                return self._named(Case(number=view.number, confidential=item.row.confidential, **now))
        found = CaseField.objects.filter(name=rows.UNIQUE, text=mark).select_related("case").first()
        if found is None or str(found.case.uid) == exclude or str(found.case.uid) in self.work.loaded:
            return None
        return self._named(found.case)

    def _named(self, case: Case) -> str:
        """这一件的编号；正在办的人看不见它的为空串：挡得住他，但不说是哪一件。系统办的不瞒。"""
        actor = self.actor
        if actor is None or actor.kind == "system" or (actor.kind == "import" and not actor.id):
            return case.number
        if not actor.id.isdecimal():
            return ""
        return case.number if Reach.of(Officer(pk=int(actor.id)), self.work.now).covers(case) else ""

    def targets(
        self, for_each: str, view: CaseView | None, values: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        kind, _, name = for_each.partition(".")
        if kind == "rows":
            return [dict(row) for row in values.get(name) or []]
        if kind == "field":
            value = values.get(name)
            items = value if isinstance(value, list) else [] if value is None else [value]
            decl = self.definition.matter.fields[name]
            unit = decl.type is FieldType.UNIT
            return [{"value": item, **({"unit": item} if unit else {})} for item in items]
        if for_each in extensions.resolvers:
            found = extensions.resolvers[for_each](self._context(view, values))
            return [{"value": item} for item in found]
        if kind != "tag":
            return []
        links = registry.tagged(name, self.work.now)
        return [
            {"value": link.place.doorplate, "address": link.place.address} for link in links if link.place
        ]

    def party_key(self, value: Any) -> str:
        return party_mark(value)

    def describe_who(self, who: str) -> str:
        kind, _, name = who.partition(".")
        if who in WHO_TITLES:
            return WHO_TITLES[who]
        if kind in ("post", "unit"):
            title = self.work.standing.posts.get(name, name)
            return f"责任单位的{title}" if kind == "unit" else title
        if kind == "role":
            role = self.definition.matter.roles.get(name)
            return role.title if role else name
        return extensions.titles.get(who, who)


WHO_TITLES = {
    "system": "系统自动",
    "import": "导入",
    "reporter": "来件人",
    "party": "当事人",
    "area.keeper": "本网格的网格员",
}
