"""工作列表：网址里的筛选 ↔ 查询；每一行给人看的样子。列表和导出用同一份。"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.http import QueryDict

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework.filters import TODAY
from jiezhi.base.casework.models import Case, Clock, MatterVersion
from jiezhi.base.casework.queries import AREA_POSTS, Filters, light_of, listed
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.web.office import queries, words
from jiezhi.web.office.forms.controls import Lists

PAGE = 50
SCOPES = {
    "own": "我经办的、轮到我的和本单位的",
    "desk": "我手上的",
    "mine": "我经办的",
    "unit": "本单位的",
    "all": "我看得见的全部",
}
OPEN = {"open": "在办", "closed": "已办结", "any": "在办和已办结"}
LIGHTS = ("正常", TODAY, "临期", "超期")
PREFIX = "f-"


@dataclass
class Wanted:
    """网址里的筛选，认得的才留下。"""

    scope: str = "all"
    open: str = "open"
    matter: str = ""
    state: str = ""
    unit: str = ""
    area: str = ""
    light: str = ""
    words: str = ""
    page: int = 1
    fields: dict[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    usual: str = "all"

    @classmethod
    def read(cls, query: QueryDict, usual: str = "all") -> Wanted:
        """认不得的一律当没有写，不报错。`usual` 是没有写范围时的范围（见 `usual_scope`）。"""

        def one(name: str, allowed: Sequence[str] | None = None, default: str = "") -> str:
            value = str(query.get(name, "")).replace("\x00", "").strip()[:100]
            return value if allowed is None or value in allowed else default

        number = query.get("p", "")
        return cls(
            usual=usual,
            scope=one("scope", list(SCOPES), usual) or usual,
            open=one("open", list(OPEN), "open") or "open",
            matter=one("matter"),
            state=one("state"),
            unit=one("unit"),
            area=one("area"),
            light=one("light", LIGHTS),
            words=one("q"),
            page=max(1, int(number)) if number.isdecimal() and len(number) < 6 else 1,
            fields={
                key.removeprefix(PREFIX): str(query[key]).replace("\x00", "").strip()[:200]
                for key in query
                if key.startswith(PREFIX) and str(query[key]).strip()
            },
            columns=tuple(name[:60] for name in ",".join(query.getlist("cols")).split(",") if name)[:40],
        )

    def address(self, **changes: str | int) -> str:
        """换一项筛选之后的网址（只有“?”之后的部分）。换了别的就回到第一页。"""
        items: dict[str, str | int] = {
            "scope": self.scope if self.scope != self.usual else "",
            "open": self.open if self.open != "open" else "",
            "matter": self.matter,
            "state": self.state,
            "unit": self.unit,
            "area": self.area,
            "light": self.light,
            "q": self.words,
            **{f"{PREFIX}{name}": value for name, value in self.fields.items()},
            "cols": ",".join(self.columns),
            **changes,
        }
        return urlencode({key: value for key, value in items.items() if value})

    @property
    def filtered(self) -> bool:
        """有没有筛选。"""
        return bool(
            self.matter
            or self.state
            or self.unit
            or self.area
            or self.light
            or self.words
            or self.fields
            or self.scope != self.usual
        )


@dataclass
class Row:
    """列表的一行。"""

    case: Case
    matter: str
    state: str
    unit: str
    people: str
    light: words.Light
    opened: str
    area: str = ""
    fields: list[str] = field(default_factory=list)


@dataclass
class FilterField:
    """一个可以筛选的字段。`groups` 为空的填文字。"""

    name: str
    title: str
    groups: list[queries.Group]
    value: str


@dataclass
class Listing:
    """一页列表。"""

    rows: list[Row]
    count: queries.Count
    page: int
    pages: int
    more: bool


def usual_scope(officer: Officer, now: datetime) -> str:
    """打开待办时看哪些：管一片区域的（分拨、督办、网格员等）看全部，别的看自己的、轮到自己岗位的和本单位的。"""
    posts = {post for post, _, _ in registry.holdings(officer.pk, now)}
    return "own" if posts and not posts & AREA_POSTS else "all"


def indexed(definition: Definition) -> dict[str, FieldDecl]:
    """这个业务可以拿来筛选的字段。"""
    return {name: decl for name, decl in definition.matter.fields.items() if decl.indexed and not decl.secret}


def filters_of(wanted: Wanted, chosen: Definition | None) -> Filters:
    """网址里的筛选 → 件的筛选；字段只认所选业务声明了可筛选的。"""
    allowed = indexed(chosen) if chosen else {}
    # 不管区域的人，看得见的就是自己的、轮到自己的和本单位的，不用再筛。
    everything = wanted.scope == "all" or (wanted.scope == "own" and wanted.usual == "own")
    return Filters(
        matter=wanted.matter,
        state=wanted.state if chosen else "",
        unit=wanted.unit,
        area=registry.area_paths().get(wanted.area, "没有这个区域") if wanted.area else "",
        light=wanted.light,
        scope="" if everything else wanted.scope,
        open={"open": True, "closed": False}.get(wanted.open),
        words=wanted.words,
        fields={name: value for name, value in wanted.fields.items() if name in allowed},
    )


def listing(officer: Officer, filters: Filters, number: int, now: datetime) -> Listing:
    """取一页；总数数到 1001 为止。"""
    found = listed(officer, filters, first=(number - 1) * PAGE, size=PAGE, now=now)
    count = queries.counted(found.total)
    pages = max(1, -(-count.number // PAGE))
    shown = max(pages, number + found.more)
    return Listing(describe(found.cases, now), count, number, shown, found.more)


def describe(cases: Sequence[Case], now: datetime) -> list[Row]:
    """行的文字：环节、单位、经办人、灯。四条查询，与行数无关。"""
    if not cases:
        return []
    table = registry.standing().table
    people = queries.officer_names(one for case in cases for who in case.roles.values() for one in who)
    running: dict[int, list[Clock]] = {}
    for one in Clock.objects.filter(case__in=[case.pk for case in cases], status="running"):
        running.setdefault(one.case_id, []).append(one)
    found = []
    for case in cases:
        definition = matters.definition_of(case.version)
        matter = definition.matter
        clock = next((one for one in running.get(case.pk, []) if one.due_at == case.due_at), None)
        title = matter.clocks[clock.name].title if clock and clock.name in matter.clocks else ""
        state = matter.states.get(case.state)
        holders = dict.fromkeys(people.get(str(one), "") for who in case.roles.values() for one in who)
        found.append(
            Row(
                case=case,
                matter=matter.title,
                state=state.title if state else case.state,
                unit=str(case.unit) if case.unit else "",
                people="、".join(filter(None, holders)),
                light=words.light(light_of(case, now), case.due_at, now, table, clock, title),
                opened=words.clock_time(case.opened_at, now),
            )
        )
    return found


def chosen_definition(versions: Sequence[MatterVersion], matter: str) -> Definition | None:
    """筛选所选的业务。"""
    version = next((one for one in versions if one.matter == matter), None)
    return matters.definition_of(version) if version else None


def filter_fields(chosen: Definition, wanted: Wanted) -> list[FilterField]:
    """所选业务的筛选字段。"""
    lists = Lists()
    found = []
    for name, decl in indexed(chosen).items():
        if decl.type is FieldType.FLAG:
            groups: list[queries.Group] = [("", [("是", "是"), ("否", "否")])]
        elif decl.type is FieldType.RATING:
            groups = [("", [(str(n), f"{n} 分") for n in range(1, (decl.max or 5) + 1)])]
        elif decl.type is FieldType.OFFICER:
            continue  # “我经办的”已经够用；全街道的人在这里列出来太长
        else:
            groups = lists.of(decl) if decl.type is not FieldType.UNIT else []
        if decl.type is FieldType.UNIT:
            continue  # 责任单位另有筛选
        found.append(FilterField(name, decl.title, groups, wanted.fields.get(name, "")))
    return found
