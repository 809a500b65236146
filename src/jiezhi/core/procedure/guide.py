"""办事指南：由一份业务模板生成，网页、打印单、命令行用的是同一份数据。

条件、材料、环节、时限、收费、救济、依据都取自声明；实际用时、电话由外面给。只引用核对过的依据。
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from jiezhi.core.calendar import REGIMES, Duration, parse_duration
from jiezhi.core.procedure.clockdue import regime_of
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.guards import GuardError
from jiezhi.core.procedure.materials import MaterialDecl

WORKING, CALENDAR = "工作日", "日"


@dataclass(frozen=True, slots=True)
class GuideMaterial:
    """一份材料。`when` 是什么情形才要（空为都要），`free` 是怎样可以不交。"""

    name: str
    title: str
    amount: str
    when: str
    free: str
    help: str
    form: str
    basis: str


@dataclass(frozen=True, slots=True)
class Limit:
    """从受理到决定的三列：法定、承诺，和外面算的实际。单位都写明是工作日还是日。

    `saved` 是压缩幅度（百分数，一位小数）；两列数的不是同一种日子时没有，`note` 说明。
    """

    title: str
    legal: str
    promised: str
    basis: str
    saved: float | None = None
    note: str = ""
    actual: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """一条文字和它的依据。"""

    text: str
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """一个事项的办事指南。"""

    matter: str
    title: str
    kind: str
    audience: str
    conditions: tuple[Line, ...]
    materials: tuple[GuideMaterial, ...]
    steps: tuple[Line, ...]
    limits: tuple[Limit, ...]
    ways: str
    fee: str
    result: str
    notes: tuple[str, ...]
    remedies: tuple[Line, ...]
    bases: tuple[str, ...]
    office: str = ""
    phone: str = ""

    def as_json(self) -> dict[str, Any]:
        """可以直接输出 JSON 的样子。"""
        return asdict(self)


def guide_of(
    definition: Definition, *, office: str = "", phone: str = "", actual: dict[str, str] | None = None
) -> Guide:
    """生成办事指南。

    `office`、`phone` 是办理单位和咨询电话；`actual` 是时限代号 → 实际用时的说法（没有办过的不给）。
    没有写 guide 的业务模板也能生成，只是那几项为空。
    """
    matter, guide = definition.matter, definition.matter.guide
    return Guide(
        matter=matter.matter,
        title=matter.title,
        kind=matter.class_,
        audience=guide.audience or "",
        conditions=tuple(Line(item.text, definition.label(item.basis)) for item in guide.conditions),
        materials=tuple(_material(definition, name, item) for name, item in matter.materials.items()),
        steps=tuple(
            Line(state.title, state.help or "") for state in matter.states.values() if not state.terminal
        ),
        limits=tuple(_limits(definition, actual or {})),
        ways="、".join(guide.ways),
        fee=guide.fee,
        result=guide.result or "",
        notes=tuple(guide.notes),
        remedies=tuple(Line(item.text, definition.label(item.basis)) for item in guide.remedies),
        bases=tuple(_bases(definition)),
        office=office,
        phone=phone,
    )


def _material(definition: Definition, name: str, item: MaterialDecl) -> GuideMaterial:
    free = [f"{item.shared}能核到的不用交"] if item.shared else []
    free += [f"可以书面承诺代替：{item.promise}"] if item.promise else []
    form = definition.matter.documents.get(item.form or "")
    return GuideMaterial(
        name,
        item.title,
        item.amount,
        situation(definition, item.when),
        "；".join(free),
        item.help or "",
        form.title if form else "",
        definition.label(item.basis),
    )


def situation(definition: Definition, when: str | None) -> str:
    """什么情形才要，用命名判断的名称说；都要的为空。"""
    if not when:
        return ""
    try:
        guard = definition.guard(when)
    except GuardError:
        return when
    words = {"and": "且", "or": "或", "not": "不是"}
    titles = {
        name: decl.title for name, decl in definition.matter.predicates.items() if name in guard.predicates
    }
    parts = [
        titles.get(part, words.get(part, part))
        for part in when.replace("(", " ( ").replace(")", " ) ").split()
    ]
    return "".join(parts)


def _limits(definition: Definition, actual: dict[str, str]) -> Iterator[Limit]:
    """办理时限在前，其余有法定期限的在后；保护当事人的期间不是本单位的时限。"""
    matter = definition.matter
    main = main_clock(definition)
    for name in dict.fromkeys([*([main] if main else []), *matter.clocks]):
        clock = matter.clocks[name]
        citation = definition.citation(clock.basis)
        legal = citation.limit if citation else None
        if clock.limit is None or clock.protects or (name != main and legal is None):
            continue
        yield limit_of(definition, name, actual.get(name, ""))


def main_clock(definition: Definition) -> str | None:
    """办理时限（从受理或收件到决定）的代号；没有写指南的为 None。"""
    name = definition.matter.guide.clock
    return name if name in definition.matter.clocks else None


def main_limit(definition: Definition) -> Limit | None:
    """办理时限的法定、承诺两列和压缩幅度。"""
    name = main_clock(definition)
    return limit_of(definition, name) if name else None


def limit_of(definition: Definition, name: str, actual: str = "") -> Limit:
    """一个时限的法定、承诺两列和压缩幅度；法定期限取自依据的条文，按那部法律的数法换成日。"""
    clock = definition.matter.clocks[name]
    citation = definition.citation(clock.basis)
    legal = citation.limit if citation else None
    label = definition.label(clock.basis)
    regime = regime_of(definition, clock)
    promised = days(clock.limit or "", regime.name)
    if legal is None:
        return Limit(clock.title, "法律没有规定", _said(promised, clock.limit or ""), label, actual=actual)
    lawful = days(legal, _law_regime(definition, clock.basis))
    saved, note = None, ""
    if lawful and promised and lawful[1] == promised[1]:
        saved = round((lawful[0] - promised[0]) * 100 / lawful[0], 1)
    elif lawful and promised:
        note = f"法定数的是{lawful[1]}，承诺数的是{promised[1]}，不能直接比"
    return Limit(
        clock.title, _said(lawful, legal), _said(promised, clock.limit or ""), label, saved, note, actual
    )


def _law_regime(definition: Definition, basis: str) -> str:
    citation = definition.citation(basis)
    return citation.regime if citation else "office"


def days(text: str, regime: str) -> tuple[int, str] | None:
    """`20日` 按这部法律的数法是多少个什么日：(20, "工作日")；不是以日计的为 None。"""
    try:
        found = parse_duration(text)
    except ValueError:
        return None
    counted = REGIMES[regime].effective(found) if regime in REGIMES else found
    if not isinstance(counted, Duration) or counted.unit.value not in (WORKING, CALENDAR):
        return None
    return counted.amount, counted.unit.value


def _said(found: tuple[int, str] | None, text: str) -> str:
    return f"{found[0]}个工作日" if found and found[1] == WORKING else f"{found[0]}日" if found else text


def _bases(definition: Definition) -> Iterator[str]:
    seen = set()
    matter = definition.matter
    cites = [item.basis for item in matter.guide.conditions]
    cites += [item.basis for item in matter.materials.values()]
    cites += [action.basis for action in matter.actions.values() if action.basis]
    cites += [clock.basis for clock in matter.clocks.values()]
    for reference in cites:
        citation = definition.citation(reference)
        label = definition.label(reference)
        if label and citation and citation.status == "已核对" and label not in seen:
            seen.add(label)
            yield label


@dataclass(frozen=True, slots=True)
class Section:
    """指南的一节，给网页、打印单、命令行照排：逐条的文字，或一张表（列名、列宽比例、各行）。"""

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def cells(self) -> list[list[tuple[str, str]]]:
        """各行，每格带列名（窄屏上一格一行要用）。"""
        return [list(zip(self.head, row, strict=True)) for row in self.rows]


def sections(guide: Guide) -> list[Section]:
    """指南分成几节；空的一节不出。三处的内容由此一致。"""
    found = [
        Section("谁可以办", (guide.audience,) if guide.audience else ()),
        Section("办理条件", tuple(_cited(line) for line in guide.conditions)),
        Section(
            "要交的材料",
            head=("材料", "份数", "什么情形要", "怎样可以不交", "填写说明", "依据"),
            widths=(5, 3, 3, 5, 5, 5),
            rows=tuple(
                (one.title, one.amount, one.when or "都要", one.free or "—", _help(one), one.basis)
                for one in guide.materials
            ),
        ),
        Section(
            "办理环节",
            head=("环节", "说明"),
            widths=(2, 7),
            rows=tuple((line.text, line.basis or "—") for line in guide.steps),
        ),
        Section(
            "办理时限",
            head=("事项", "法定", "承诺", "压缩", "实际", "依据"),
            widths=(3, 3, 3, 3, 4, 5),
            rows=tuple(
                (one.title, one.legal, one.promised, saved_words(one), one.actual or "—", one.basis or "—")
                for one in guide.limits
            ),
        ),
        Section("怎样办", (guide.ways,) if guide.ways else ()),
        Section("收费", (guide.fee,)),
        Section("办成了给什么", (guide.result,) if guide.result else ()),
        Section(
            "在哪里办、问谁",
            tuple(one for one in (guide.office, guide.phone and f"咨询电话 {guide.phone}") if one),
        ),
        Section("注意", guide.notes),
        Section("不服怎么办", tuple(_cited(line) for line in guide.remedies)),
        Section("依据", guide.bases),
    ]
    return [one for one in found if one.lines or one.rows]


def saved_words(limit: Limit) -> str:
    """压缩幅度的说法：百分数；不能直接比的说明；法律没有规定的为“—”。"""
    if limit.saved is not None:
        return f"{limit.saved:g}%"
    return limit.note or "—"


def _cited(line: Line) -> str:
    return f"{line.text}（{line.basis}）" if line.basis else line.text


def _help(one: GuideMaterial) -> str:
    parts = [one.help, f"用《{one.form}》，免费提供" if one.form else ""]
    return "；".join(part.rstrip("。") for part in parts if part) or "—"
