"""环节、去向、办理条件和法律含义的名字。这里有错，走法就没法穷举。"""

from __future__ import annotations

from jiezhi.core.procedure.abstract import END
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.base import ConditionDecl
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.guards import GuardError, parse_guard
from jiezhi.core.procedure.needs import NeedError, parse_need
from jiezhi.core.procedure.verifier.report import Place, Report


def check(report: Report) -> None:
    """查环节、去向、办理条件、法律含义、命名判断的名字；有错时置 report.broken。"""
    definition = report.definition
    matter = definition.matter
    for name, state in matter.states.items():
        if name in (START, "any", END):
            report.add(
                "state.reserved", ("states", name), f"环节不能叫“{name}”，这是系统用的词，请换一个代号"
            )
            report.broken = True
        if state.ended and not state.terminal:
            report.add(
                "state.ended",
                ("states", name),
                f"环节{report.state(name)}写了怎样结束，就要写 terminal: true",
            )
    if not any(state.terminal for state in matter.states.values()):
        report.add(
            "state.no_terminal", ("states",), "没有办结环节，件永远办不完；请把办结的环节写上 terminal: true"
        )
        report.broken = True
    for name, action in matter.actions.items():
        _sources(report, name, action)
        _branches(report, name, action)
        _needs(report, name, action)
        for key in ("means", "clears", "serves"):
            for i, meaning in enumerate(getattr(action, key)):
                known_meaning(report, meaning, ("actions", name, key, i))
    if not any(START in action.from_ for action in matter.actions.values()):
        report.add("action.no_opening", ("actions",), "没有开件动作；请写一个 from: start 的动作")
        report.broken = True
    for name, decl in matter.predicates.items():
        if decl.field not in matter.fields:
            report.unknown(
                "field", "字段", decl.field, matter.fields, ("predicates", name, "field"), breaks=True
            )
    for name, rests in matter.meanings.items():
        known_meaning(report, name, ("meanings", name))
        if not any(name in action.means for action in matter.actions.values()):
            say = f"没有动作做{report.meaning(name)}，写它依赖哪些字段没有用；请补上动作或删去"
            report.add("meaning.never_done", ("meanings", name), say)
        for i, field in enumerate(rests.rests_on):
            at: Place = ("meanings", name, "rests_on", i)
            if field not in matter.fields:
                report.unknown("field", "字段", field, matter.fields, at)
            elif not any(field in action.written() for action in matter.actions.values()):
                say = f"{report.meaning(name)}依赖的字段{report.field(field)}没有动作填写；请补上或删去"
                report.add("meaning.rests_on_unwritten", at, say)
    _rules(report)


def known_meaning(report: Report, name: str, at: Place) -> bool:
    """含义要在词表里。"""
    if name in report.definition.means:
        return True
    report.unknown("meaning", "法律含义", name, report.definition.means, at, breaks=True)
    return False


def _sources(report: Report, name: str, action: ActionDecl) -> None:
    states = report.definition.matter.states
    for i, source in enumerate(action.from_):
        if source not in states and source not in (START, "any"):
            report.unknown("state", "环节", source, states, ("actions", name, "from", i), breaks=True)
    at: Place = ("actions", name, "from")
    if START in action.from_ and len(action.from_) > 1:
        say = f"{report.action(name)}既是开件又从别的环节办；请分成两个动作"
        report.add("state.start_mixed", at, say)
        report.broken = True
    ended = [source for source in action.from_ if source in states and states[source].terminal]
    if "any" in action.from_ and ended:
        say = f"{report.action(name)}写了 any（未办结的环节）又写办结环节{report.state(ended[0])}；请分成两个动作"
        report.add("state.any_terminal", at, say)
    if action.except_ and "any" not in action.from_:
        say = f"{report.action(name)}没有写 from: any,except 不起作用；请删去"
        report.add("state.except", ("actions", name, "except"), say)
    for i, source in enumerate(action.except_):
        if source not in states:
            report.unknown("state", "环节", source, states, ("actions", name, "except", i), breaks=True)
        elif states[source].terminal:
            say = f"any 本来就不含办结环节，except 里的{report.state(source)}请删去"
            report.add("state.except", ("actions", name, "except", i), say)


def _branches(report: Report, name: str, action: ActionDecl) -> None:
    matter = report.definition.matter
    if START in action.from_ and not action.to:
        say = f"开件动作{report.action(name)}没有写去哪个环节；请写 to"
        report.add("state.start_target", ("actions", name), say)
        report.broken = True
    plain = [i for i, branch in enumerate(action.to) if branch.when is None]
    if len(action.to) > 1 and plain and plain != [len(action.to) - 1]:
        say = f"{report.action(name)}的去向里，不写 when 的“其余”只能有一支，并且写在最后"
        report.add("branch.else", ("actions", name, "to", plain[0]), say)
    for i, branch in enumerate(action.to):
        at: Place = ("actions", name, "to", i)
        if branch.state not in matter.states:
            report.unknown("state", "环节", branch.state, matter.states, (*at, "state"), breaks=True)
        guard_names(report, branch.when, (*at, "when"))


def guard_names(report: Report, text: str | None, at: Place) -> None:
    """去向判断里的名字。"""
    try:
        guard = parse_guard(text)
    except GuardError as error:
        report.add("guard.syntax", at, str(error))
        report.broken = True
        return
    known = report.definition.matter.predicates
    for predicate in sorted(guard.predicates - set(known)):
        report.unknown("predicate", "命名判断", predicate, known, at, breaks=True)
    for meaning in sorted(guard.meanings):
        known_meaning(report, meaning, at)


def _needs(report: Report, name: str, action: ActionDecl) -> None:
    definition = report.definition
    for i, raw in enumerate(action.needs):
        at: Place = ("actions", name, "needs", i)
        try:
            need = parse_need(definition.matter, raw, dict(definition.means))
        except NeedError as error:
            report.add("unknown.need", at, f"{report.action(name)}的{error}；请改正写法或先声明")
            report.broken = True
            continue
        if need.kind == "done":
            known_meaning(report, need.name, at)
    for i, raw in enumerate(action.needs):
        if isinstance(raw, str) and raw in action.needs[:i]:
            report.add("need.repeated", ("actions", name, "needs", i), f"办理条件“{raw}”重复写了；请删去一条")


def conditions(definition: Definition) -> list[tuple[Place, ConditionDecl, list[str]]]:
    """全部办理条件声明：位置、声明、用到它的动作。"""
    matter = definition.matter
    found: list[tuple[Place, ConditionDecl, list[str]]] = []
    for name, decl in matter.conditions.items():
        users = [key for key, action in matter.actions.items() if name in action.needs]
        found.append((("conditions", name), decl, users))
    for key, action in matter.actions.items():
        for i, raw in enumerate(action.needs):
            if isinstance(raw, ConditionDecl):
                found.append((("actions", key, "needs", i), raw, [key]))
    return found


def _rules(report: Report) -> None:
    for law in report.definition.laws:
        for name, rule in law.rules.items():
            words = [rule.means, *rule.all_of, *rule.any_of, *rule.clears]
            words += [word for word in (rule.after, rule.from_means) if word]
            for word in words:
                if word != END and word not in report.definition.means:
                    say = f"法律规则“{law.law}·{name}”用的含义“{word}”不在词表里；请改正法律规则文件"
                    report.add("unknown.meaning", (), say)
            try:
                guard = parse_guard(rule.when)
            except GuardError as error:
                report.add("guard.syntax", (), f"法律规则“{law.law}·{name}”的{error}")
                report.broken = True
                continue
            for word in sorted(guard.meanings - set(report.definition.means)):
                say = f"法律规则“{law.law}·{name}”用的含义“{word}”不在词表里；请改正法律规则文件"
                report.add("unknown.meaning", (), say)
