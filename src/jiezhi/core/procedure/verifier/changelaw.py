"""换版校验里看法律的：当事人做过的、法律规则要看的含义抹不掉；法定时限停不掉；含义所依据的字段换不了。"""

from __future__ import annotations

from collections.abc import Iterator

from jiezhi.core.procedure.change import performed
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.guards import parse_guard
from jiezhi.core.procedure.law import RuleDecl
from jiezhi.core.procedure.verifier.changeshape import Pair, title_of
from jiezhi.core.procedure.verifier.protect import PARTIES
from jiezhi.core.procedure.verifier.rules import fitting


def check(pair: Pair) -> None:
    """看法律规则和含义依据的全部检查。"""
    _meanings(pair)
    _clocks(pair)
    _predicates(pair)
    _rests(pair)


def _rules(definition: Definition) -> Iterator[RuleDecl]:
    for law in definition.laws:
        yield from law.rules.values()


def _watched(definition: Definition) -> dict[str, str]:
    """做过就有后果的含义，抹掉就等于免了它：含义 → 为什么不能作废。"""
    found: dict[str, str] = {}
    for rule in _rules(definition):
        names = parse_guard(rule.when).meanings | ({rule.after} if rule.after else set())
        found |= dict.fromkeys(names, f"法律规则“{rule.say}”要看它做过没有")
    for action in definition.matter.actions.values():
        if PARTIES & set(action.by):
            found |= dict.fromkeys(action.means, "它是当事人办的")
    return found


def _lost(pair: Pair) -> dict[str, set[str]]:
    """每个环节的件换过去，哪些含义不再算做过（旧名）。"""
    live = [name for name, state in pair.old.matter.states.items() if not state.terminal]
    return {
        state: {name for name, target in pair.names.meanings_in(state).items() if target is None}
        for state in live
    }


def _meanings(pair: Pair) -> None:
    old, new = _watched(pair.old), _watched(pair.new)
    watched = old | new
    for name, target in pair.names.meanings.items():
        if name in watched and target not in (None, name) and target not in new:
            say = f"“{_title(pair, name)}”不能改认作“{title_of(pair.new, 'meanings', target or '')}”：{watched[name]}"
            pair.report.add("change.kept", ("meanings", name), say)
    for state, lost in _lost(pair).items():
        for name in sorted(lost & watched.keys()):
            _kept(pair, state, name, watched[name])
        for definition in (pair.old, pair.new):
            for rule in _rules(definition):
                kept = bool(rule.any_of) or not set(rule.all_of) <= lost
                alone = rule.means in lost - watched.keys() and kept
                if rule.kind == "keeps" and alone:
                    _kept(pair, state, rule.means, f"违反法律规则“{rule.say}”")


def _kept(pair: Pair, state: str, name: str, why: str) -> None:
    at = ("clears", state) if name in pair.names.clears.get(state, ()) else ("meanings", name)
    say = f"“{_title(pair, name)}”不能在换版时作废：{why}；请改映射，让它带过去"
    pair.report.add("change.kept", at, say)


def _title(pair: Pair, name: str) -> str:
    return title_of(pair.old, "meanings", name)


def _clocks(pair: Pair) -> None:
    """法律规则要有的时限，只能接着算到新版里同样的那一个。"""
    done = performed(pair.new)
    for rule in _rules(pair.new):
        if rule.kind != "clock" or rule.from_means and rule.from_means not in done:
            continue
        wanted = fitting(pair.new.matter, rule)
        for name in fitting(pair.old.matter, rule) if wanted else ():
            if pair.names.clocks.get(name) in wanted:
                continue
            titles = "”或“".join(pair.new.matter.clocks[one].title for one in wanted)
            title = pair.old.matter.clocks[name].title
            say = f"时限“{title}”是法律规则“{rule.say}”要的，换版不能停它、换成别的；请映射到“{titles}”，照原来的起算接着算"
            pair.report.add("change.clocks", ("clocks", name), say, basis=rule.basis)


def _predicates(pair: Pair) -> None:
    """法律判断看的字段要带到新版看的那个字段，不然旧件就不再属于它。"""
    now = pair.new.matter.predicates.values()
    for decl in pair.old.matter.predicates.values():
        seen = {one.field for one in now if decl.law and one.law == decl.law}
        if seen and pair.names.fields.get(decl.field) not in seen:
            title = pair.old.matter.fields[decl.field].title
            say = f"旧件是不是“{decl.title}”看的是字段“{title}”，新版看的是别的字段；请映射到新版看的那一个"
            pair.report.add("change.law", ("fields", decl.field), say)


def _rests(pair: Pair) -> None:
    """带过去的含义，两版要依据同样的字段：不然它所依据的值可能早已改过，或者以后改了也不作废。"""
    lost = list(_lost(pair).values())
    kept = {
        name: target
        for name, target in pair.names.meanings.items()
        if target and not all(name in one for one in lost)
    }
    for field, target in pair.names.fields.items():
        if target is None:
            continue
        before = {kept[name] for name in pair.old.rests_on.get(field, ()) if name in kept}
        after = pair.new.rests_on.get(target, frozenset()) & set(kept.values())
        for name in sorted(before ^ after):
            title, what = pair.new.matter.fields[target].title, title_of(pair.new, "meanings", name)
            way = "不再依据" if name in before else "才开始依据"
            say = (
                f"“{what}”{way}字段“{title}”：旧件做过的不一定是照现在的值做的；请两版写一样，或让它作废重做"
            )
            pair.report.add("change.rests", ("meanings", name), say)
