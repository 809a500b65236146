"""人：谁能办、角色有没有指定过、互斥的角色会不会落到同一个人。"""

from __future__ import annotations

from collections.abc import Collection

from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.sources import NEEDS_CASE, SPELLINGS, parse_source
from jiezhi.core.procedure.verifier.assigned import Assigned
from jiezhi.core.procedure.verifier.catalogue import Catalogue
from jiezhi.core.procedure.verifier.explore import Graph
from jiezhi.core.procedure.verifier.report import Place, Report
from jiezhi.core.procedure.verifier.separate import OUTSIDERS, differ

PLAIN = frozenset({"area.keeper", "reporter", "party", "system", "import"})
SPECIAL_TARGETS = frozenset({"unit", "area"})


def check_names(report: Report, catalogue: Catalogue) -> None:
    """by、assign、roles 里的名字和写法。"""
    matter = report.definition.matter
    for name, role in matter.roles.items():
        if name in SPECIAL_TARGETS:
            report.add("role.reserved", ("roles", name), f"角色不能叫“{name}”，这是系统用的词，请换一个代号")
        for i, other in enumerate(role.distinct_from):
            at: Place = ("roles", name, "distinct_from", i)
            if other not in matter.roles:
                report.unknown("role", "角色", other, matter.roles, at)
            elif other == name:
                report.add(
                    "role.conflict", at, f"角色“{role.title}”写了不得与自己同一人；请删去或改成别的角色"
                )
    for name, action in matter.actions.items():
        _who(report, catalogue, name, action)
        for target, source in action.assign.items():
            _assign(report, catalogue, name, action, target, source)


def _who(report: Report, catalogue: Catalogue, name: str, action: ActionDecl) -> None:
    matter = report.definition.matter
    at: Place = ("actions", name, "by")
    if not action.by:
        report.add("who.nobody", at, f"动作{report.action(name)}没有写谁能办；请写 by")
    for i, who in enumerate(action.by):
        kind, _, rest = who.partition(".")
        place: Place = (*at, i)
        if who == "organ":
            say = f"动作{report.action(name)}：外部机关写在 organ: 里，by 写代为记录的岗位（post.x）"
            report.add("who.organ", place, say)
        elif kind == "post":
            if catalogue.posts is not None and rest not in catalogue.posts:
                report.unknown("post", "岗位", rest, catalogue.posts, place)
        elif kind == "unit":
            if catalogue.unit_posts is not None and rest not in catalogue.unit_posts:
                report.unknown("post", "责任单位岗位", rest, catalogue.unit_posts, place)
        elif kind == "role":
            if rest not in matter.roles:
                report.unknown("role", "角色", rest, matter.roles, place)
        elif who not in PLAIN:
            if "." not in who:
                report.unknown("who", "办理人写法", who, [*PLAIN, "post.x", "role.x"], place)
            elif catalogue.resolvers is not None and who not in catalogue.resolvers:
                report.unknown("resolver", "人员来源", who, catalogue.resolvers, place)
    # 外部机关随签名包、导入表送来的（import），包和表就是凭据；但总要有岗位能代为记录：对方可能没有接上。
    posts = [who for who in action.by if who.startswith(("post.", "unit."))]
    if action.organ and (not posts or set(action.by) - {*posts, "import"}):
        say = f"动作{report.action(name)}是“{action.organ}”做的，要由岗位代为记录；by 请写 post.x，随包送来的另加 import"
        report.add("who.organ", at, say)
    if action.automatic and "system" not in action.by:
        say = f"动作{report.action(name)}写了自动办理的时机，by 里要有 system"
        report.add("who.automatic", at, say)
    if set(action.by) == {"system"} and not action.automatic:
        say = f"动作{report.action(name)}只能由系统办，却没有写时机；请写 on 或 every，或改由岗位办理"
        report.add("who.nobody", at, say)


def _assign(
    report: Report, catalogue: Catalogue, name: str, action: ActionDecl, target: str, source: str
) -> None:
    matter = report.definition.matter
    at: Place = ("actions", name, "assign", target)
    if target not in matter.roles and target not in SPECIAL_TARGETS:
        report.unknown("role", "角色", target, [*matter.roles, *SPECIAL_TARGETS], at)
        return
    found = parse_source(source)
    if found is None:
        report.unknown("who", "人员来源", source, [*SPELLINGS, "服务登记的来源"], at)
        return
    if source == "unit.none":
        report.add("assign.none", at, "unit.none 就是清空；请写成 none")
    elif found.kind == "field":
        if _known(report, found.name, matter.fields, "field", "字段", at):
            _field_source(report, at, target, found.name)
    elif found.kind == "role":
        _known(report, found.name, matter.roles, "role", "角色", at)
    elif found.kind == "post":
        _known(report, found.name, catalogue.posts, "post", "岗位", at)
    elif found.kind == "unit":
        _known(report, found.name, catalogue.unit_posts, "post", "责任单位岗位", at)
    elif found.kind == "resolver":
        _known(report, found.name, catalogue.resolvers, "resolver", "人员来源", at)
    wanted = target if target in SPECIAL_TARGETS else "people"
    if found.gives not in (wanted, "any", "nothing"):
        what = {"people": "人", "unit": "单位", "area": "区域"}
        say = (
            f"动作{report.action(name)}的 assign 里，{target} 要的是{what[wanted]}，"
            f"{source} 给出的是{what[found.gives]}；请换一个来源"
        )
        report.add("assign.kind", at, say)
    outsiders = all(who in OUTSIDERS for who in action.by)
    if found.kind in ("actor", "unit.mine") and outsiders:
        whom = "办理人指定为角色" if found.kind == "actor" else "办理人的单位指定为责任单位"
        say = f"动作{report.action(name)}不由工作人员办理，不能把{whom}；请改从字段或岗位来"
        report.add("role.actor", at, say)
    if found.kind in NEEDS_CASE and action.opens_case:
        say = (
            f"开件动作{report.action(name)}用 {source} 指定，可开件时还没有责任单位和区域，指定不到人；"
            "请在后面的动作里指定，或用 post.x"
        )
        report.add("assign.opening", at, say)
    if found.kind == "unit" and "unit" in action.assign:
        say = (
            f"动作{report.action(name)}同时改责任单位，又用 {source} 指定，指定到的会是原来单位的人；"
            "请分成两个动作"
        )
        report.add("assign.unit_first", at, say)
    _conflict(report, name, action, target, source)


def _known(report: Report, name: str, known: Collection[str] | None, kind: str, noun: str, at: Place) -> bool:
    """名字在名录里没有；名录为 None 表示不查。"""
    if known is None or name in known:
        return True
    report.unknown(kind, noun, name, known, at)
    return False


def _field_source(report: Report, at: Place, target: str, field: str) -> None:
    """角色取自人员字段，责任单位取自单位字段，区域取自区域字段。"""
    decl = report.definition.matter.fields[field]
    wanted = {"unit": FieldType.UNIT, "area": FieldType.AREA}.get(target, FieldType.OFFICER)
    noun = {FieldType.UNIT: "单位", FieldType.AREA: "区域", FieldType.OFFICER: "人员"}[wanted]
    if decl.type is not wanted:
        say = f"{target} 要从{noun}字段（type: {wanted.value}）来，{report.field(field)}不是；请换一个字段"
        report.add("assign.kind", at, say)
    elif decl.many and target in SPECIAL_TARGETS:
        say = f"{target} 只能有一个，{report.field(field)}可以有几个；请换一个字段，或按它逐项开立子件"
        report.add("assign.kind", at, say)


def _conflict(report: Report, name: str, action: ActionDecl, target: str, source: str) -> None:
    roles = report.definition.matter.roles
    if target not in roles:
        return
    clashes: list[str] = []
    if source == "actor":
        clashes = [
            who[5:] for who in action.by if who.startswith("role.") and differ(report, target, who[5:])
        ]
        clashes += [
            other
            for other, from_ in action.assign.items()
            if from_ == "actor" and differ(report, target, other)
        ]
    elif source.startswith("role."):
        clashes = [source[5:]] if differ(report, target, source[5:]) else []
    elif source != "none":
        clashes = [
            other
            for other, from_ in action.assign.items()
            if from_ == source and differ(report, target, other)
        ]
    if clashes:
        one, two = roles[target].title, roles[clashes[0]].title
        say = f"动作{report.action(name)}会让同一个人既是“{one}”又是“{two}”，这两个角色不得同一人；请改换指定的人"
        report.add("role.conflict", ("actions", name, "assign", target), say)


def check_paths(report: Report, graph: Graph, assigned: Assigned) -> None:
    """按角色办理的动作，走到那里时角色都指定了没有。"""
    matter = report.definition.matter
    ever = {
        role
        for name, action in matter.actions.items()
        if graph.taken[name]
        for role, source in action.assign.items()
        if source != "none"
    }
    for name, action in matter.actions.items():
        roles = [who[5:] for who in action.by if who.startswith("role.")]
        if not graph.taken[name]:
            continue
        for role in roles:
            if role not in ever and role in matter.roles:
                say = (
                    f"角色“{matter.roles[role].title}”从来没有指定过人，"
                    f"动作{report.action(name)}没有人能办；请在 assign 里指定"
                )
                report.add("role.never_assigned", ("actions", name, "by"), say)
        known = [role for role in roles if role in ever and role in matter.roles]
        sources = [source for source in action.assign.values() if source.startswith("role.")]
        if not known and not sources:
            continue
        before = assigned.roles_before(name)
        if (
            known
            and len(roles) == len(action.by)
            and not any(before & assigned.bit[f"role.{role}"] for role in known)
        ):
            title = "”或“".join(matter.roles[role].title for role in known)
            say = (
                f"有的走法走到动作{report.action(name)}时还没有指定“{title}”；"
                "请在这之前的动作里 assign，或加一个岗位也能办"
            )
            path = assigned.witness(f"role.{known[0]}", name, before=True)
            report.add("role.unassigned", ("actions", name, "by"), say, path=path)
        for target, source in action.assign.items():
            role = source.removeprefix("role.")
            if source.startswith("role.") and role in matter.roles and not before & assigned.bit[source]:
                say = (
                    f"有的走法走到动作{report.action(name)}时还没有指定“{matter.roles[role].title}”，"
                    "不能从它来指定别的角色"
                )
                path = assigned.witness(source, name, before=True)
                at: Place = ("actions", name, "assign", target)
                report.add("role.unassigned", at, say + "；请先指定", path=path)
