"""查外部系统的登记：编号的例子合不合、引用的业务模板、环节、字段、动作、列有没有。"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pydantic import ValidationError

from jiezhi.core.procedure.errors import Problem, in_order
from jiezhi.core.procedure.explain import problems_of
from jiezhi.core.procedure.external import (
    CopyDecl,
    ExternalDecl,
    ListedMatter,
    ListSheet,
    Source,
    source_of,
)
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.matter import HostDecl, ImportLayout, MatterDecl
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.source import Mark, Path
from jiezhi.core.procedure.source import Source as File

Tell = Callable[[Path, str], None]
_COMPARED = frozenset({"state", "unit", "opened_at", "closed_at", "field", "means"})
_KEYED = frozenset({FieldType.TEXT, FieldType.CODE})


def external_of(file: File, packs: PackSet) -> tuple[ExternalDecl | None, list[Problem]]:
    """一个文件的登记和它的问题（指到行列）。读不通的为 None。`packs` 的业务模板要先读好。"""
    pack = str(file.data.get("system"))

    def at(path: Path, key: bool = False) -> Mark | None:
        return file.positions.at(path, key=key)

    try:
        decl = ExternalDecl.model_validate(file.data, by_alias=True, by_name=False)
    except ValidationError as error:
        return None, problems_of(error, ExternalDecl, file.data, at, pack=pack, file=file.file)
    found: list[Problem] = []

    def tell(path: Path, say: str) -> None:
        mark = at(path) or Mark(file.file, 0, 0)
        found.append(Problem("external", "error", pack, *mark, tuple(map(str, path)), None, say))

    check(decl, packs, tell)
    return (None if found else decl), in_order(found)


def check(decl: ExternalDecl, packs: PackSet, tell: Tell) -> None:
    """查一份登记；`tell(位置, 说法)` 报一处错误。"""
    _number(decl, tell)
    posts = _posts(packs)
    for place, post in enumerate(decl.owner):
        if post not in posts:
            tell(("owner", place), f"没有哪个业务模板用到“{post}”这个岗位；请核对岗位代码")
    for other in packs.externals.values():
        if other.title == decl.title and other.system != decl.system:
            tell(("title",), f"“{decl.title}”已经登记为 {other.system}；一个系统只登记一张")
    if bool(decl.why) == bool(decl.matters):
        tell(("why",), "没有可用的业务模板的要写明缘由（why），有的写 matters；两样恰好写一样")
    if bool(decl.sheets) != bool(decl.matters):
        tell(("sheets",), "写了 matters 就要写 sheets（清单的样子），没有 matters 的不写")
    for name, sheet in decl.sheets.items():
        _sheet(decl, name, sheet, packs, tell)
    for name, listed in decl.matters.items():
        matter = packs.find(name)
        if matter is None:
            tell(("matters", name), f"没有“{name}”这个业务模板")
        else:
            _listed(decl, name, listed, matter.decl, packs, tell)


def _number(decl: ExternalDecl, tell: Tell) -> None:
    try:
        pattern = re.compile(decl.number.pattern)
    except re.error as error:
        tell(("number", "pattern"), f"编号的写法不是正确的正则表达式：{error.msg}")
        return
    for key, wanted in (("like", True), ("unlike", False)):
        for place, text in enumerate(getattr(decl.number, key)):
            if bool(pattern.fullmatch(text)) is not wanted:
                say = "例子不合写法" if wanted else "反例却合写法"
                tell(("number", key, place), f"“{text}”：{say}；请核对 pattern 或者它")


def _posts(packs: PackSet) -> set[str]:
    names = {
        who.partition(".")
        for loaded in (*packs.matters.values(), *packs.faulty.values())
        for action in loaded.decl.actions.values()
        for who in action.by
    }
    return {post for kind, _, post in names if kind in ("post", "unit")}


def layouts_of(matter: MatterDecl, system: str) -> dict[str, ImportLayout]:
    """这个业务模板认得的、这个系统的来表。"""
    found = (
        dict(matter.host.layouts)
        if isinstance(matter.host, HostDecl) and matter.host_system == system
        else {}
    )
    for one in matter.elsewhere.values():
        if one.system == system:
            found |= one.layouts
    return found


def listed_matters(decl: ExternalDecl, sheet: ListSheet, packs: PackSet) -> list[MatterDecl]:
    """这种清单上列着的业务模板，读得出的。"""
    return [one.decl for name in decl.listed(sheet) if (one := packs.find(name))]


def known_columns(
    decl: ExternalDecl, sheet: ListSheet, matters: Iterable[MatterDecl]
) -> dict[str, list[str]]:
    """这种清单认得的列 → 几种叫法：登记里写的，连同来表认得的。"""
    found = {name: list(dict.fromkeys([name, *other])) for name, other in sheet.columns.items()}
    for matter in matters:
        layout = layouts_of(matter, decl.title).get(sheet.layout or "")
        for name, other in layout.columns.items() if layout else ():
            found.setdefault(name, list(dict.fromkeys([name, *other])))
    return found


def _sheet(decl: ExternalDecl, name: str, sheet: ListSheet, packs: PackSet, tell: Tell) -> None:
    at: Path = ("sheets", name)
    for place, other in enumerate(sheet.matters):
        if other not in decl.matters:
            tell((*at, "matters", place), f"“{other}”不在这份登记的 matters 里")
    matters = listed_matters(decl, sheet, packs)
    if sheet.layout and not any(sheet.layout in layouts_of(one, decl.title) for one in matters):
        tell((*at, "layout"), f"业务模板里没有“{sheet.layout}”这种“{decl.title}”的来表")
        return
    known = known_columns(decl, sheet, matters)
    for key in ("number", "date"):
        if getattr(sheet, key) not in {*known, None}:
            tell((*at, key), f"没有“{getattr(sheet, key)}”这一列；请写进 columns")
    owner: dict[str, str] = {}
    for column, names in known.items():
        for one in names:
            if owner.setdefault(one, column) != column:
                tell((*at, "columns"), f"列名“{one}”同时对应“{owner[one]}”和“{column}”；请只留一处")


def _listed(
    decl: ExternalDecl, name: str, listed: ListedMatter, matter: MatterDecl, packs: PackSet, tell: Tell
) -> None:
    at: Path = ("matters", name)
    if listed.key is None and decl.title not in matter.number_field:
        say = f"“{matter.title}”的主办系统和上级平台里没有“{decl.title}”；请写 key，说明凭哪个字段认件"
        tell(at, say)
    keys = [((*at, "key"), listed.key)] if listed.key else []
    keys += [((*at, "also", column), other) for column, other in listed.also.items() if other != "number"]
    for where, key in keys:
        field = matter.fields.get(key)
        if field is None or field.type not in _KEYED or not field.indexed or field.secret:
            tell(where, f"认件的“{key}”要是“{matter.title}”里可以筛选（indexed）、不敏感的文字字段")
    dated = source_of(listed.dated)
    field = matter.fields.get(dated.name) if dated and dated.kind == "field" else None
    if dated is None or dated.kind not in ("opened_at", "closed_at", "field", "means"):
        tell((*at, "dated"), "算哪一期要写 opened_at、closed_at、日期字段 field.x 或 means.x")
    elif dated.kind == "field" and (field is None or field.type is not FieldType.DATE or not field.indexed):
        tell((*at, "dated"), f"“{dated.name}”要是“{matter.title}”里可以筛选（indexed）的日期字段")
    elif dated.kind == "means":
        _source(dated, (*at, "dated"), matter, tell)
    for place, state in enumerate(listed.except_):
        _state(matter, state, (*at, "except", place), tell)
    for word, theirs in listed.states.items():
        for place, state in enumerate(theirs.here):
            _state(matter, state, (*at, "states", word, "here", place), tell)
        if theirs.leads:
            _action(matter, theirs.leads, (*at, "states", word, "leads"), tell, leads=True)
    if listed.update:
        _action(matter, listed.update, (*at, "update"), tell)
    _compare(decl, at, listed, matter, packs, tell)
    if listed.sheet:
        _copy((*at, "sheet"), decl, listed, listed.sheet, matter, tell)


def _compare(
    decl: ExternalDecl, at: Path, listed: ListedMatter, matter: MatterDecl, packs: PackSet, tell: Tell
) -> None:
    columns: set[str] = set()
    for sheet in decl.sheets.values():
        if matter.matter in decl.listed(sheet):
            columns |= set(known_columns(decl, sheet, listed_matters(decl, sheet, packs)))
    for column in listed.also:
        if column not in columns:
            tell((*at, "also", column), f"清单里没有“{column}”这一列；请写进 sheets 的 columns")
    for place, one in enumerate(listed.compare):
        where: Path = (*at, "compare", place)
        if one.column not in columns:
            tell((*where, "column"), f"清单里没有“{one.column}”这一列；请写进 sheets 的 columns")
        source = source_of(one.ours)
        if source is None or source.kind not in _COMPARED or source.part:
            tell((*where, "ours"), "要写 state、unit、opened_at、closed_at、field.x 或 means.x")
            continue
        _source(source, (*where, "ours"), matter, tell)
        field = matter.fields.get(source.name) if source.kind == "field" else None
        if field is not None and field.secret:
            tell((*where, "ours"), f"“{field.title}”是敏感字段，不进对账的结果；请去掉")
        if source.kind == "state" and not listed.states:
            tell(where, "比状态的要写 states：对方的每种状态对应我们的哪些环节")


def _copy(
    at: Path, decl: ExternalDecl, listed: ListedMatter, sheet: CopyDecl, matter: MatterDecl, tell: Tell
) -> None:
    for place, state in enumerate(sheet.when):
        _state(matter, state, (*at, "when", place), tell)
    field = listed.key or matter.number_field.get(decl.title)
    if sheet.done == "number":
        action = matter.actions.get(sheet.mark)
        if field is None:
            tell((*at, "done"), "件号就是对方的编号，看不出抄过没有；请写 means.x")
        elif action is not None and field not in action.collected():
            tell((*at, "mark"), f"“{action.title}”不采集“{matter.fields[field].title}”，登记不了对方编号")
    else:
        source = source_of(sheet.done)
        if source is None or source.kind != "means":
            tell((*at, "done"), "要写 number 或 means.x")
        elif not any(source.name in one.means for one in matter.actions.values()):
            tell((*at, "done"), f"“{matter.title}”没有动作做“{source.name}”这个含义")
    _action(matter, sheet.mark, (*at, "mark"), tell)
    for place, column in enumerate(sheet.columns):
        source = source_of(column.ours)
        where: Path = (*at, "columns", place, "ours")
        if source is None:
            tell(
                where,
                f"“{column.ours}”的写法不对；可写 number、title、state、unit、opened_at、field.x、means.x、=文字",
            )
        else:
            _source(source, where, matter, tell)


def _source(source: Source, at: Path, matter: MatterDecl, tell: Tell) -> None:
    if source.kind == "field" and source.name not in matter.fields:
        tell(at, f"“{matter.title}”没有“{source.name}”这个字段")
    elif source.kind == "means" and not any(source.name in one.means for one in matter.actions.values()):
        tell(at, f"“{matter.title}”没有动作做“{source.name}”这个含义")


def _state(matter: MatterDecl, state: str, at: Path, tell: Tell) -> None:
    if state not in matter.states:
        tell(at, f"“{matter.title}”没有“{state}”这个环节，现有：{'、'.join(matter.states)}")


def _action(matter: MatterDecl, name: str, at: Path, tell: Tell, *, leads: bool = False) -> None:
    action = matter.actions.get(name)
    if action is None:
        tell(at, f"“{matter.title}”没有“{name}”这个动作")
    elif leads and not any(who == "import" or who.startswith("post.") for who in action.by):
        tell(at, f"“{action.title}”的 by 里没有 import，也没有岗位，导入时办不了；请在业务模板里补上")
