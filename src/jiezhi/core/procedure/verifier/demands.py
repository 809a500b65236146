"""法律规则里不看走法的几种：做这个含义的动作必须有什么（条件、角色、岗位、文书、字段、保护期、倒数时限）。"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.errors import Severity
from jiezhi.core.procedure.law import RuleDecl
from jiezhi.core.procedure.papersure import certain
from jiezhi.core.procedure.verifier import periods
from jiezhi.core.procedure.verifier.report import Report
from jiezhi.core.procedure.words import gloss

Tell = Callable[[str, str], None]
PUBLISHED = ("audience", "conditions", "ways", "fee", "result", "remedies", "clock")
KINDS = frozenset(
    ("require", "role", "by", "document", "collects", "protects", "notice", "guide")
    + ("test", "rests", "keeps", "opens")
)


def demand(report: Report, rule: RuleDecl, say: str, severity: Severity) -> None:
    """核对一条这样的规则；`say` 是“违反法律规则……”的说法。"""

    def tell(name: str, detail: str) -> None:
        at = ("actions", name) if name else ("clocks",)
        text = f"动作{report.action(name)}{say}：{detail}" if name else f"{say}：{detail}"
        report.add(f"law.{rule.kind}", at, text, basis=rule.basis, severity=severity)

    for name, action in _doing(report, rule.means):
        _CHECKS[rule.kind](report, rule, name, action, tell)


def _doing(report: Report, means: str) -> Iterator[tuple[str, ActionDecl]]:
    for name, action in report.definition.matter.actions.items():
        if means in action.means:
            yield name, action


def _require(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    given = {f"{key}: {value}" for key, value in rule.args.items()}
    shown = f"{rule.condition}（{'、'.join(sorted(given))}）" if given else rule.condition
    wrong = ""
    for need in report.definition.needs[name]:
        call = need.decl.call if need.decl is not None and need.effect == "stop" else None
        if call is None or call.name != rule.condition:
            continue
        if call.args == rule.args:
            return
        wrong = "、".join(f"{key}: {value}" for key, value in call.args.items()) or "没有参数"
    if wrong:
        tell(name, f"条件 {rule.condition} 的参数不对（现在{wrong}）；请照写 {shown}，一项不差")
        return
    tell(name, f"没有能拦住办理的条件 {shown}；请在 needs 里写上（call: {{name: {rule.condition}}}）")


def _role(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    role = rule.role or ""
    decl = report.definition.matter.roles.get(role)
    if decl is None:
        tell(name, f"没有声明角色 {role}；请在 roles 里写上")
        return
    if decl.min < rule.min:
        tell(name, f"“{decl.title}”至少 {rule.min} 人；请把 min 改为 {rule.min}")
    if rule.condition and rule.condition not in decl.needs:
        tell(name, f"“{decl.title}”没有要求资格 {rule.condition}；请写进角色的 needs")
    others = [who for who in action.by if who != f"role.{role}"]
    # 这一步指定的，办理时还要核办理人在不在里面（effects）。
    if others and action.assign.get(role, "none") == "none":
        tell(name, f"只能由“{decl.title}”办；请把 by 改为 role.{role}，或在这一步用 assign 指定他们")


def _by(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    allowed = {f"post.{post}" for post in rule.posts}
    if not set(action.by) <= allowed:
        tell(name, f"只能由{'、'.join(sorted(allowed))}办；请改 by")


def _document(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    if not action.document:
        tell(name, "没有出文书；请在 document 里写上")
        return
    documents, wanted = report.definition.matter.documents, frozenset(rule.mentions)
    printed = {
        word
        for one in action.document
        if one in documents
        for word in certain(documents[one].text, wanted, rule.given)
    }
    lacks = [word for word in rule.mentions if word not in printed]
    if lacks:
        titles = [report.field(word) if word.isascii() else f"“{word}”" for word in lacks]
        tell(name, f"文书里没有{'、'.join(titles)}；请在模板里写上（只在注释、判断里写的不算）")


def _collects(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    field = report.field(rule.field or "")
    if rule.field not in action.required():
        tell(name, f"没有必填{field}（{rule.field}）；请写进 collect，不带问号")
        return
    decl = report.definition.matter.fields.get(rule.field)
    if rule.type is not None and decl is not None and decl.type is not rule.type:
        tell(name, f"{field}的类型是 {decl.type.value}；请改为 {rule.type.value}")


def _guide(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    matter = report.definition.matter
    lacks = [gloss(key) for key in PUBLISHED if not getattr(matter.guide, key)]
    if not matter.materials:
        lacks.append(gloss("materials"))
    if lacks:
        tell(name, f"办事指南还没有{'、'.join(lacks)}；请在 guide（材料在 materials）里写上")


def _test(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    wanted = "".join((rule.cel or "").split())
    for need in report.definition.needs[name]:
        cel = need.decl.cel if need.decl is not None and need.effect == "stop" else None
        if cel is not None and "".join(cel.split()) == wanted:
            _filled_by_hand(report, cel, name, action, tell)
            return
    tell(name, f"没有能拦住办理的条件 {rule.cel}；请在 conditions 里声明（cel: {rule.cel}），并写进 needs")


def _filled_by_hand(report: Report, cel: str, name: str, action: ActionDecl, tell: Tell) -> None:
    """判断用到的字段由办理人填：系统定好的、留着缺省的，判断就是空的。"""
    matter = report.definition.matter
    used = sorted(report.definition.expression(cel).variables & set(matter.fields))
    for field in used:
        setting = [key for key, one in matter.actions.items() if field in one.set]
        if setting:
            tell(setting[0], f"{report.field(field)}是要核的内容，不能由系统定；请从 set 里删去，由办理人填")
        if matter.fields[field].default is not None:
            tell(name, f"{report.field(field)}是要核的内容，不能有缺省值；请删去 default")
    if not set(used) & set(action.required()):
        fields = "、".join(map(report.field, used))
        tell(name, f"这一步没有必填{fields}，会沿用以前填的；请写进 collect，不带问号")


def _rests(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    field = rule.field or ""
    if field not in report.definition.matter.fields:
        tell(name, f"没有声明字段 {field}；请在 fields 里写上")
    elif rule.means not in report.definition.rests_on.get(field, ()):
        what = report.meaning(rule.means)
        tell(
            name,
            f"{report.field(field)}改了，{what}不作废；请在 meanings 里写 {rule.means}: rests_on 含 {field}",
        )


def _keeps(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    resting = [voids for voids in report.definition.rests_on.values() if rule.means in voids]
    if resting and rule.any_of:
        tell(name, f"它依赖的字段一改就作废了；请从 meanings 里删去，只由{report.meanings(rule.any_of)}了结")
    elif any(not set(rule.all_of) <= voids for voids in resting):
        tell(name, f"它依赖的字段一改就单独作废了；请让{report.meanings(rule.all_of)}也依赖这些字段")
    for key, other in report.definition.matter.actions.items():
        if rule.means not in other.clears:
            continue
        if not set(rule.all_of) <= {*other.clears}:
            tell(key, f"作废了{report.meaning(rule.means)}，却没有一并作废{report.meanings(rule.all_of)}")
        if rule.any_of and not set(rule.any_of) & {*other.means}:
            tell(key, f"作废了{report.meaning(rule.means)}，却没有做{report.meanings(rule.any_of)}之一")


def _opens(report: Report, rule: RuleDecl, name: str, action: ActionDecl, tell: Tell) -> None:
    children = [child for child in action.open.values() if child.matter == rule.matter]
    if not children:
        tell(name, f"没有随之开立 {rule.matter}；请在 open 里写上")
    elif all(child.for_each for child in children):
        tell(name, f"按 {children[0].for_each} 开立 {rule.matter}，没有来源就一件也不开；请删去 for_each")


_CHECKS = {
    "require": _require,
    "role": _role,
    "by": _by,
    "document": _document,
    "collects": _collects,
    "protects": periods.protects,
    "notice": periods.notice,
    "guide": _guide,
    "test": _test,
    "rests": _rests,
    "keeps": _keeps,
    "opens": _opens,
}
