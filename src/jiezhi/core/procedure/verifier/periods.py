"""法律规则里的时限：约束本单位的（clock）、护着当事人的（protects）、倒数的（notice），哪一样都不能架空。"""

from __future__ import annotations

from collections.abc import Callable, Collection

from jiezhi.core.calendar import REGIMES, Annual, Duration, exceeds, parse_duration
from jiezhi.core.procedure.abstract import END, parse_event
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.errors import Severity
from jiezhi.core.procedure.law import RuleDecl
from jiezhi.core.procedure.matter import ClockDecl
from jiezhi.core.procedure.verifier.report import Place, Report

Tell = Callable[[str, str], None]


def clock(report: Report, rule: RuleDecl, say: str, severity: Severity) -> None:
    """核对一条 clock 规则；`say` 是“违反法律规则……”的说法。"""
    clocks = report.definition.matter.clocks
    near = [
        name
        for name, one in clocks.items()
        if one.limit
        and (_covers(report, one.from_, rule.from_means) if rule.from_means else "open" in one.from_)
        and _covers(report, one.until, rule.means)
    ]
    faults = [_fault(report, rule, name, clocks[name]) for name in near]
    if any(fault is None for fault in faults):
        return
    if not faults:
        start = report.meaning(rule.from_means) if rule.from_means else "开件"
        text = f"{say}：没有从{start}到{report.meaning(rule.means)}的时限；请在 clocks 里补上"
        report.add("law.clock", ("clocks",), text, basis=rule.basis, severity=severity)
        return
    at, detail = faults[0] or ("", "")
    place: Place = ("clocks", near[0], at)
    text = f"时限{report.clock(near[0])}{say}：{detail}"
    report.add("law.clock", place, text, basis=rule.basis, severity=severity)


def _covers(report: Report, sources: list[str], meaning: str) -> bool:
    if meaning == END or f"means.{meaning}" in sources:
        return True
    doers = [name for name, action in report.definition.matter.actions.items() if meaning in action.means]
    return bool(doers) and all(f"action.{name}" in sources for name in doers)


def _fault(report: Report, rule: RuleDecl, name: str, one: ClockDecl) -> tuple[str, str] | None:
    """这个时限架空了规则没有：哪一项、怎样架空的。"""
    matter, allowed = report.definition.matter, {rule.means, *rule.until}
    if _exceeds(report, rule, one.limit, rule.limit):
        return "limit", f"是{one.limit}，不得超过{rule.limit}；请改短"
    if wrong := _counting(report, rule, one):
        return "regime", wrong
    if one.whose is not None:
        return "whose", "写成了当事人的期限，过了也不亮灯；请删去 whose"
    if one.due is not None:
        return "due", f"可以由 {one.due} 另给期限；请删去 due"
    if one.at not in (None, f"field.{rule.field}"):
        return "at", f"要从那件事办的时候起算，不能取自 {one.at}；请删去 at"
    for key, action in matter.actions.items():
        if name in action.stop and not allowed & set(action.means):
            return "title", f"动作{report.action(key)}会停掉它；请从 stop 里删去"
    for text in one.until:
        if not _ends_lawfully(report, text, allowed):
            return "until", f"会因“{text}”停下，法律没有这样规定；请从 until 里删去"
    for exclude in one.excludes:
        ref = parse_event(exclude.from_)
        if ref is None or ref.kind != "means" or ref.name not in rule.excludes:
            return "excludes", f"扣除了“{exclude.title}”的时间，法律没有这样规定；请删去"
    if one.extension is not None and (wrong := _extended(report, rule, one)):
        return "extension", wrong
    return None


def _ends_lawfully(report: Report, text: str, allowed: Collection[str]) -> bool:
    ref, matter = parse_event(text), report.definition.matter
    if ref is None:
        return True  # 写法不对的另外报
    match ref.kind:
        case "means":
            return ref.name in allowed
        case "action":
            return ref.name in matter.actions and bool(set(matter.actions[ref.name].means) & set(allowed))
        case "state":
            return report.definition.is_terminal(ref.name)
    return False


def _extended(report: Report, rule: RuleDecl, one: ClockDecl) -> str:
    assert one.extension is not None
    citation = report.definition.citation(rule.basis)
    if citation is None or citation.extend is None:
        return "条文没有规定可以延长；请删去 extension"
    try:
        each = parse_duration(one.extension.each)
    except ValueError:
        return ""
    if isinstance(each, Annual):
        return "延长要写多少日"
    total = str(Duration(each.amount * one.extension.times, each.unit))
    if _exceeds(report, rule, total, citation.extend):
        return f"总共可以延长{total}，超过条文的{citation.extend}；请改短"
    return ""


def _counting(report: Report, rule: RuleDecl, one: ClockDecl) -> str:
    """数日子的办法与规则的依据不同的说法；相同为空。没有写期限的规则不管怎样数。"""
    citation, mine = report.definition.citation(rule.basis), report.definition.citation(one.basis)
    if rule.limit is None or citation is None or citation.regime not in REGIMES:
        return ""
    counted = one.regime or (mine.regime if mine else "office")
    if counted == citation.regime:
        return ""
    title = REGIMES[counted].title if counted in REGIMES else counted
    return f"按“{title}”数日子，规则的依据按“{REGIMES[citation.regime].title}”数；请删去 regime，依据写规定它的条文"


def _exceeds(report: Report, rule: RuleDecl, given: str | None, cap: str | None) -> bool:
    """`given` 可能比 `cap` 长（写法不对的另外报）。"""
    citation = report.definition.citation(rule.basis)
    if given is None or cap is None or citation is None or citation.regime not in REGIMES:
        return False
    try:
        return exceeds(parse_duration(given), parse_duration(cap), REGIMES[citation.regime])
    except ValueError:
        return False


# ---- 护着当事人的 ----


def protects(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    """必须有护着这个含义的保护期：从送达起算（能送达的）、各当事人各算、全体都算过。"""
    matter, start = report.definition.matter, rule.from_means or ""
    if start and not any(start in one.means for one in matter.actions.values()):
        return  # 没有起算的那件事；该不该有，由 before 规则管
    clocks = sorted(matter.clocks.items(), key=lambda item: item[1].basis != rule.basis)
    near = {
        key: one
        for key, one in clocks
        if one.protects
        and one.limit
        and rule.means in one.guards
        and {f"means.{start}", f"served.{start}"} & set(one.from_)
    }
    faults = [_unprotected(report, rule, one) for one in near.values()]
    if not faults:
        tell(name, f"没有从{report.meaning(start)}起算、不短于{rule.limit}的保护期；请在 clocks 里补上")
    elif all(faults):
        tell(name, f"保护期{report.clock(next(iter(near)))}{faults[0]}")


def _unprotected(report: Report, rule: RuleDecl, one: ClockDecl) -> str:
    """这个保护期哪里护不住；护得住为空。"""
    actions = report.definition.matter.actions.values()
    serving = [action for action in actions if rule.from_means in action.serves]
    start = f"{'served' if serving else 'means'}.{rule.from_means}"
    if set(one.from_) != {start}:
        return f"要从 {start} 起算，现在是{'、'.join(one.from_)}；请改 from"
    if _exceeds(report, rule, rule.limit, one.limit):
        return f"是{one.limit}，短于{rule.limit}；请改长"
    if wrong := _counting(report, rule, one):
        return wrong
    services = [action.service for action in serving if action.service]
    for service in services:
        if one.per != f"field.{service.to}":
            return f"要按受送达人各算各的；请写 per: field.{service.to}"
        if one.at != f"field.{service.deemed}":
            return f"要从视为送达日起算；请写 at: field.{service.deemed}"
    if one.per and one.among is None:
        return "只看已经送到的当事人；请写 among，全体当事人都起算过、都届满才算"
    documents = report.definition.matter.documents
    made = [doc for action in actions if rule.from_means in action.means for doc in action.document]
    told = {f"field.{documents[doc].to}" for doc in made if doc in documents and documents[doc].to}
    if one.per and told and told != {one.among}:
        return f"没有包括文书要送的全体当事人；请写 among: {'、'.join(sorted(told))}"
    return ""


def notice(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    """必须受从 field 那个日期倒数的时限约束。"""
    near = [
        one for one in report.definition.matter.clocks.values() if rule.means in one.binds and one.at_least
    ]
    faults = [
        f"要从{report.field(rule.field or '')}倒数，不是 {one.before}；请改 before"
        if one.before != f"field.{rule.field}"
        else f"提前{one.at_least}，短于{rule.limit}；请改长"
        if _exceeds(report, rule, rule.limit, one.at_least)
        else _counting(report, rule, one)
        for one in near
    ]
    if not faults:
        tell(name, f"没有约束它的倒数时限（至少提前{rule.limit}）；请在 clocks 里写 at_least、before、binds")
    elif all(faults):
        tell(name, f"倒数时限“{near[0].title}”{faults[0]}")
