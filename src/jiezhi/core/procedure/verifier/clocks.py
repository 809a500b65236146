"""时限：写法、起止点、不超过法定、延长不超过法定、倒数不短于法定。"""

from __future__ import annotations

from collections.abc import Collection

from jiezhi.core.calendar import REGIMES, Annual, Duration, Regime, exceeds, parse_duration
from jiezhi.core.procedure.abstract import parse_event
from jiezhi.core.procedure.definition import Citation
from jiezhi.core.procedure.errors import Severity
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.matter import ClockDecl
from jiezhi.core.procedure.verifier.explore import Graph
from jiezhi.core.procedure.verifier.expressions import field_known
from jiezhi.core.procedure.verifier.reach import can_happen
from jiezhi.core.procedure.verifier.report import Place, Report
from jiezhi.core.procedure.verifier.states import known_meaning

DATES = frozenset({FieldType.DATE, FieldType.DATETIME})


def check(report: Report) -> None:
    """不看走法的检查。"""
    matter = report.definition.matter
    for name, clock in matter.clocks.items():
        at: Place = ("clocks", name)
        _shape(report, at, clock)
        for key in ("from", "until"):
            for i, text in enumerate(clock.from_ if key == "from" else clock.until):
                event(report, text, (*at, key, i))
        for i, exclude in enumerate(clock.excludes):
            event(report, exclude.from_, (*at, "excludes", i, "from"))
            event(report, exclude.to, (*at, "excludes", i, "to"))
        _given(report, at, name, clock)
        for key in ("at", "before", "due", "per", "among"):
            source = getattr(clock, key)
            if source is None:
                continue
            if not source.startswith("field."):
                report.add(
                    "clock.source",
                    (*at, key),
                    f"时限“{clock.title}”的 {key} 要写成 field.字段，现在是“{source}”",
                )
            elif (
                field_known(report, source, (*at, key))
                and key not in ("per", "among")
                and matter.fields[source[6:]].type not in DATES
            ):
                say = f"时限“{clock.title}”的 {key} 要用日期字段，{report.field(source[6:])}不是"
                report.add("clock.source", (*at, key), say)
        for key in ("binds", "guards"):
            for i, meaning in enumerate(getattr(clock, key)):
                known_meaning(report, meaning, (*at, key, i))
        _lengths(report, at, clock)
    for name, action in matter.actions.items():
        for key in ("stop", "waives"):
            for i, target in enumerate(getattr(action, key)):
                if target not in matter.clocks:
                    report.unknown("clock", "时限", target, matter.clocks, ("actions", name, key, i))
        if action.every:
            duration(report, action.every, ("actions", name, "every"), f"动作{report.action(name)}的 every")
        if action.extend:
            _extend(report, name, action.extend.clock, action.extend.amount)


def event(report: Report, text: str, at: Place) -> None:
    """起止点的写法和名字。"""
    matter = report.definition.matter
    ref = parse_event(text)
    if ref is None:
        say = (
            f"起止点“{text}”写法不对；可写 open、means.含义、action.动作、state.环节、served.含义、date.字段"
        )
        report.add("clock.event", at, say)
        return
    tables: dict[str, tuple[str, Collection[str]]] = {
        "action": ("动作", matter.actions),
        "state": ("环节", matter.states),
        "date": ("字段", matter.fields),
    }
    if ref.kind in ("means", "served"):
        known_meaning(report, ref.name, at)
    elif ref.kind in tables:
        noun, known = tables[ref.kind]
        if ref.name not in known:
            report.unknown(ref.kind if ref.kind != "date" else "field", noun, ref.name, known, at)


def duration(report: Report, text: str, at: Place, what: str) -> Duration | Annual | None:
    """读一个时长；写法不对时记下问题。"""
    try:
        return parse_duration(text)
    except ValueError as error:
        report.add("clock.duration", at, f"{what}“{text}”写法不对：{error}")
        return None


def _shape(report: Report, at: Place, clock: ClockDecl) -> None:
    title = clock.title
    if (clock.limit is None) == (clock.at_least is None):
        report.add("clock.shape", at, f"时限“{title}”要在 limit（向前数）和 at_least（倒数）里恰好写一个")
    if clock.among is not None and clock.per is None:
        say = f"时限“{title}”写了 among 却没有写 per，不是按当事人的时限；请补上 per 或删去 among"
        report.add("clock.shape", (*at, "among"), say)
    if clock.whose and clock.protects:
        say = f"时限“{title}”是保护期，本来就不亮灯；请删去 whose"
        report.add("clock.shape", (*at, "whose"), say, basis=clock.basis)
    if clock.at_least is not None and (clock.before is None or not clock.binds):
        report.add(
            "clock.shape", at, f"倒数时限“{title}”要写明从哪个日期倒数（before）、约束哪些含义（binds）"
        )
    if clock.limit is not None and (clock.before or clock.binds):
        report.add(
            "clock.shape", at, f"时限“{title}”是向前数的，before、binds 不起作用；请删去，或改写 at_least"
        )
    if clock.limit is not None and not clock.from_:
        report.add("clock.never_starts", at, f"时限“{title}”没有写从什么时候起算；请写 from")
    if clock.regime is not None and clock.regime not in REGIMES:
        report.unknown("regime", "数日子的办法", clock.regime, REGIMES, (*at, "regime"))
    for i, warn in enumerate(clock.warn):
        if warn.endswith("%"):
            if not (warn[:-1].isdigit() and 0 < int(warn[:-1]) < 100):
                report.add(
                    "clock.duration", (*at, "warn", i), f"时限“{title}”的提醒“{warn}”应在 1% 到 99% 之间"
                )
        else:
            duration(report, warn, (*at, "warn", i), f"时限“{title}”的提醒")


def _given(report: Report, at: Place, name: str, clock: ClockDecl) -> None:
    """由主办系统给的期限：法定的、护着当事人的不能听别人定。"""
    for i, other in enumerate(clock.over):
        if other == name or other not in report.definition.matter.clocks:
            others = [one for one in report.definition.matter.clocks if one != name]
            report.unknown("clock", "时限", other, others, (*at, "over", i))
    if clock.over and clock.due is None:
        say = f"时限“{clock.title}”写了 over 却没有写 due；请补上 due 或删去 over"
        report.add("clock.shape", (*at, "over"), say)
    if clock.due is None:
        return
    if clock.limit is None or clock.protects or clock.per or clock.excludes:
        say = f"时限“{clock.title}”的 due 只能与 limit 合用，不能与 protects、per、excludes 合用"
        report.add("clock.shape", (*at, "due"), say)
    citation = report.definition.citation(clock.basis)
    if citation is not None and citation.status.startswith("已核对"):
        say = f"时限“{clock.title}”的期限是法定的，不能由 {clock.due} 另给；请删去 due"
        report.add("clock.given", (*at, "due"), say, basis=clock.basis)


def _lengths(report: Report, at: Place, clock: ClockDecl) -> None:
    citation = report.definition.citation(clock.basis)
    regime = _regime(clock, citation)
    what = f"时限“{clock.title}”"
    severity: Severity = "warn" if citation and citation.status in ("已核对(网)", "待核") else "error"

    def longer(a: str | None, b: str | None) -> bool:
        if a is None or b is None or regime is None:
            return False
        try:
            return exceeds(parse_duration(a), parse_duration(b), regime)
        except ValueError:
            return False  # 写法不对的另报

    for key in ("limit", "at_least"):
        text = getattr(clock, key)
        if text is not None:
            duration(report, text, (*at, key), what)
    if citation and not clock.protects and longer(clock.limit, citation.limit):
        say = f"{what}是{clock.limit}，可能长过法定的{citation.limit}；请改到不超过{citation.limit}"
        report.add("clock.beyond", (*at, "limit"), say, basis=clock.basis, severity=severity)
    if citation and clock.protects and longer(citation.limit, clock.limit):
        say = f"保护期{what}是{clock.limit}，可能短过法定的{citation.limit}；请改到不少于{citation.limit}"
        report.add("clock.short", (*at, "limit"), say, basis=clock.basis, severity=severity)
    if citation and longer(citation.at_least, clock.at_least):
        say = f"倒数{what}是{clock.at_least}，可能短过法定的{citation.at_least}；请改到不少于{citation.at_least}"
        report.add("clock.short", (*at, "at_least"), say, basis=clock.basis, severity=severity)
    if clock.extension is None:
        return
    each = duration(report, clock.extension.each, (*at, "extension", "each"), f"{what}的延长")
    grant = report.definition.citation(clock.extension.basis)
    if each is None or grant is None:
        return
    place: Place = (*at, "extension", "each")
    if isinstance(each, Annual):
        report.add("clock.duration", place, f"{what}的延长要写多少日，不能写每年几月几日")
    elif clock.protects:
        return  # 延长保护期只对当事人有利
    elif grant.extend is None:
        if grant.status in ("已核对", "已核对(网)", "待核"):
            say = f"{what}写了可以延长，但所引条文没有延长的规定；请改引写明延长的条文，或删去"
            report.add("clock.extension", place, say, basis=clock.extension.basis)
    else:
        times = clock.extension.times
        total = Duration(min(each.amount * times, 9999), each.unit)
        if longer(str(total), grant.extend):
            say = (
                f"{what}每次延长{clock.extension.each}、最多{times}次，共{total},"
                f"超过法定的{grant.extend}；请改短"
            )
            report.add("clock.extension", place, say, basis=clock.extension.basis)


def _regime(clock: ClockDecl, citation: Citation | None) -> Regime | None:
    """按依据所在法律的数法比；声明另写数法的不能借此放宽，所以仍按法律的数法。"""
    if citation is not None and citation.regime in REGIMES:
        return REGIMES[citation.regime]
    return REGIMES.get(clock.regime or "office")


def _extend(report: Report, name: str, target: str, amount: str) -> None:
    matter = report.definition.matter
    at: Place = ("actions", name, "extend")
    clock = matter.clocks.get(target)
    if clock is None:
        report.unknown("clock", "时限", target, matter.clocks, (*at, "clock"))
        return
    if clock.extension is None:
        say = (
            f"动作{report.action(name)}要延长时限“{clock.title}”，但它没有写可以延长；"
            "请在时限里写 extension，或删去"
        )
        report.add("clock.extension", at, say)
        return
    if amount.startswith("field."):
        if (
            field_known(report, amount, (*at, "amount"))
            and matter.fields[amount[6:]].type is not FieldType.DURATION
        ):
            say = f"延长多久要用时长字段，{report.field(amount[6:])}不是"
            report.add("clock.source", (*at, "amount"), say)
        return
    wanted = duration(report, amount, (*at, "amount"), f"动作{report.action(name)}延长的时间")
    try:
        each = parse_duration(clock.extension.each)
    except ValueError:
        return
    if not isinstance(wanted, Duration) or not isinstance(each, Duration):
        return
    if wanted.unit is not each.unit or wanted.amount > each.amount:
        say = (
            f"动作{report.action(name)}延长{amount}，超过时限“{clock.title}”每次可延的{each};"
            "请改短（单位要相同）"
        )
        report.add("clock.extension", (*at, "amount"), say, basis=clock.extension.basis)


def check_paths(report: Report, graph: Graph) -> None:
    """起止点在走法上会不会发生。"""
    matter = report.definition.matter
    for name, clock in matter.clocks.items():
        at: Place = ("clocks", name)
        starts = [text for text in clock.from_ if can_happen(graph, text)]
        if clock.from_ and not starts:
            say = f"时限“{clock.title}”永远不会起算：{'、'.join(clock.from_)}都不会发生；请改 from"
            report.add("clock.never_starts", (*at, "from"), say)
        for i, text in enumerate(clock.until):
            if parse_event(text) and not can_happen(graph, text):
                say = f"时限“{clock.title}”等的“{text}”永远不会发生；请改 until"
                report.add("clock.until_never", (*at, "until", i), say)
        for i, exclude in enumerate(clock.excludes):
            for key, text in (("from", exclude.from_), ("to", exclude.to)):
                if parse_event(text) and not can_happen(graph, text):
                    say = f"时限“{clock.title}”扣除时间的“{text}”永远不会发生；请改正，否则停下来的时间接不上"
                    report.add("clock.exclude_never", (*at, "excludes", i, key), say)
    for name, measure in matter.measures.items():
        for key, text in (("from", measure.from_), ("to", measure.to)):
            place: Place = ("measures", name, key)
            if parse_event(text) is None:
                event(report, text, place)
            elif not can_happen(graph, text):
                say = f"用时“{measure.title}”的“{text}”永远不会发生，算不出来；请改正"
                report.add("measure.never", place, say)
