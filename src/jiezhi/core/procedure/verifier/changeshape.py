"""换版校验里不看走法的：每一项有没有去处、凭不凭空认出审批、保护期断不断、字段和时限是不是一类。"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jiezhi.core.calendar import exceeds, parse_duration
from jiezhi.core.procedure.change import KINDS, ChangeMap, performed, renamed_set
from jiezhi.core.procedure.clockdue import regime_of
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl
from jiezhi.core.procedure.verifier.report import Report


@dataclass(frozen=True)
class Pair:
    """旧版、新版、补全的映射，和记问题的地方。"""

    old: Definition
    new: Definition
    names: ChangeMap
    report: Report


def check(pair: Pair) -> None:
    """不看走法的全部检查。"""
    _declared(pair)
    _meanings(pair)
    _clocks(pair)
    _fields(pair)
    _roles(pair)


def _declared(pair: Pair) -> None:
    was, now = pair.old.matter, pair.new.matter
    if was.matter != now.matter:
        pair.report.add("change.matter", (), f"“{was.title}”和“{now.title}”不是同一个业务模板，不能换版")
    if was.class_ != now.class_:
        say = f"类别由{was.class_}改为{now.class_}，管它的法律规则不同，正在办的件不能换版"
        pair.report.add("change.class", ("class",), say)
    if was.confidential != now.confidential:
        say = "限不限指定人员的声明变了，正在办的件不能换版"
        pair.report.add("change.confidential", ("confidential",), say)
    if was.host_system != now.host_system:
        pair.report.add("change.host", ("host",), "主办系统变了，编号对不上，正在办的件不能换版")
    for kind, name, say in pair.names.wrong:
        title = title_of(pair.old, kind, name)
        pair.report.add(f"change.{kind}", (kind, name), f"{KINDS[kind]}“{title}”（{name}）：{say}")
    gone = _slots(pair.old) - _slots(pair.new)
    for slot in sorted(gone):
        say = f"子件“{slot}”新版没有了：已经开的这种子件，新版的办理条件看不到它"
        pair.report.add("change.slot", ("actions",), say, severity="warn")


def _meanings(pair: Pair) -> None:
    """改名不能凭空认出一次审批。"""
    was, now = performed(pair.old), performed(pair.new)
    for name, target in pair.names.meanings.items():
        if target is None or target == name:
            continue
        one, other = title_of(pair.old, "meanings", name), title_of(pair.new, "meanings", target)
        if name in now or target in was:
            say = f"“{one}”不能改认作“{other}”：两版都有的含义各是各的；确要重做请写 drop"
        elif target in _demanded(pair.new) and name not in _demanded(pair.old):
            say = f"“{one}”不能改认作“{other}”：“{other}”是法律规则要求先做的，不能由换版认定做过"
        else:
            continue
        pair.report.add("change.approval", ("meanings", name), say)


def _clocks(pair: Pair) -> None:
    taken = {target for name, target in pair.names.clocks.items() if target not in (None, name)}
    for name in sorted(taken & set(pair.old.matter.clocks)):
        pair.report.add("change.clocks", ("clocks", name), f"时限“{name}”旧版已经有了，不能再作新名")
    for name, target in pair.names.clocks.items():
        old = pair.old.matter.clocks[name]
        basis = old.basis
        if target is None:
            if old.protects:
                say = f"“{old.title}”保护当事人，换版不能停它；请映射到新版的保护期"
                pair.report.add("change.protected", ("clocks", name), say, basis=basis)
            elif name in pair.new.matter.clocks:
                say = f"时限“{old.title}”新版还有，换版不能停它：停了就看不出超期；请照原样接着算"
                pair.report.add("change.clocks", ("clocks", name), say, basis=basis)
            continue
        new = pair.new.matter.clocks[target]
        if (old.protects, old.whose, old.per, bool(old.limit)) != (
            new.protects,
            new.whose,
            new.per and _was(pair, new.per),
            bool(new.limit),
        ):
            say = f"时限“{old.title}”和新版的“{new.title}”不是一类（保护谁、谁的期限、按谁、向前还是倒数），不能接着算"
            pair.report.add("change.protected" if old.protects else "change.clocks", ("clocks", name), say)
            continue
        if not old.protects:
            continue
        guarded = renamed_set(old.guards, pair.names.meanings) & performed(pair.new)
        if lost := sorted(guarded - set(new.guards)):
            what = "、".join(title_of(pair.new, "meanings", one) for one in lost)
            say = f"保护期“{old.title}”换版后不再拦住{what}；请在新版的 guards 里补上"
            pair.report.add("change.protected", ("clocks", name), say, basis=basis)
        if old.limit and new.limit and old.limit != new.limit:
            spans = parse_duration(old.limit), parse_duration(new.limit)
            if exceeds(*spans, regime_of(pair.old, old)):
                say = f"保护期“{old.title}”由{old.limit}改为{new.limit}，可能短了；正在护人的保护期不得缩短"
                pair.report.add("change.protected", ("clocks", name), say, basis=basis)
    begun = {target for target in pair.names.clocks.values() if target}
    for name, clock in pair.new.matter.clocks.items():
        if name not in begun and clock.limit and not clock.protects:
            say = f"新增的时限“{clock.title}”对换版前已经过了起算点的件不起算"
            pair.report.add("change.not_started", ("clocks", name), say, severity="warn")


def _was(pair: Pair, source: str) -> str:
    """新版的 field.x 在旧版叫什么。"""
    back = {target: name for name, target in pair.names.fields.items() if target}
    return f"field.{back.get(source.removeprefix('field.'), '')}"


def _fields(pair: Pair) -> None:
    was, now = pair.old.matter.fields, pair.new.matter.fields
    for name, target in pair.names.fields.items():
        if target is None:
            if name in now and _alike(was[name], now[name]):
                say = f"字段“{was[name].title}”新版还有，旧值要带过去，不能写 drop"
                pair.report.add("change.fields", ("fields", name), say)
            continue
        if target != name and (name in now or target in was):
            say = f"字段“{was[name].title}”不能改认作“{now[target].title}”：两版都有的字段各是各的"
            pair.report.add("change.fields", ("fields", name), say)
        old, new = pair.old.matter.fields[name], pair.new.matter.fields[target]
        at = ("fields", name)
        if not _alike(old, new):
            say = f"字段“{old.title}”和新版的“{new.title}”类型不同，旧值用不了；请另设字段，旧的写 drop"
            pair.report.add("change.field_type", at, say)
        if old.secret and not new.secret:
            say = f"字段“{old.title}”旧版要保密，新版不保密，旧值会露出来；请在新版保留 sensitive"
            pair.report.add("change.secret", at, say)
        if gone := [old.choices[key] for key in old.choices if key not in new.choices]:
            say = f"字段“{old.title}”少了选项{'、'.join(gone)}，旧件上可能还是它"
            pair.report.add("change.choices", at, say, severity="warn")


def _roles(pair: Pair) -> None:
    was, now = pair.old.matter.roles, pair.new.matter.roles
    for name, target in pair.names.roles.items():
        if target not in (None, name) and (name in now or target in was):
            say = f"角色“{was[name].title}”不能改认作“{now[target].title}”：两版都有的角色各是各的"
            pair.report.add("change.roles", ("roles", name), say)


def _alike(old: FieldDecl, new: FieldDecl) -> bool:
    kept = all(key in new.columns and _alike(one, new.columns[key]) for key, one in old.columns.items())
    return kept and (old.type, old.many, old.list, old.unit) == (new.type, new.many, new.list, new.unit)


def _demanded(definition: Definition) -> set[str]:
    """法律规则要求先做的含义。"""
    rules = [rule for law in definition.laws for rule in law.rules.values()]
    return {name for rule in rules for name in [*rule.all_of, *rule.any_of]}


def _slots(definition: Definition) -> set[str]:
    return {slot for action in definition.matter.actions.values() for slot in action.open}


def title_of(definition: Definition, kind: str, name: str) -> str:
    """一项给人看的名称。"""
    if kind == "meanings":
        return definition.means.get(name, name)
    found: Any = getattr(definition.matter, kind).get(name)
    return str(found.title) if found is not None else name
