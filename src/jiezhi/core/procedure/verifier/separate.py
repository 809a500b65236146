"""分离：做这件事的人不得是做那件事的人。"""

from __future__ import annotations

from jiezhi.core.procedure.errors import Severity
from jiezhi.core.procedure.law import RuleDecl
from jiezhi.core.procedure.verifier.explore import Graph
from jiezhi.core.procedure.verifier.report import Report

# 不是本单位工作人员，自然不会和承办人是同一个人。
OUTSIDERS = frozenset({"reporter", "party", "system", "import"})


def separate(report: Report, graph: Graph, rule: RuleDecl, opening: str, severity: Severity) -> None:
    """核对 separate 规则。认可的写法：

    办理条件 distinct_from 写明不得是做过 from_means 的人；或者两件事各由互斥的角色做，
    而且那件事做过之后角色不再换人。
    """
    other = rule.from_means or ""
    actions = report.definition.matter.actions
    doers = [name for name, action in actions.items() if other in action.means and graph.taken[name]]
    for name, action in actions.items():
        if rule.means not in action.means or not graph.taken[name]:
            continue
        same = other in action.means
        if not same and (
            not doers
            or set(action.by) <= OUTSIDERS
            or all(bool(actions[doer].organ) != bool(action.organ) for doer in doers)
            or all(set(actions[doer].by) <= OUTSIDERS for doer in doers)
            or _condition(report, name, other)
            or _roles(report, graph, name, doers)
        ):
            continue
        say = (
            f"动作{report.action(name)}{opening}:"
            f"做{report.meaning(rule.means)}的可能就是做{report.meaning(other)}的人；"
            f"请加办理条件 distinct_from: {other}，或由互斥的角色分别办理"
        )
        report.add("law.separate", ("actions", name, "by"), say, basis=rule.basis, severity=severity)


def _condition(report: Report, name: str, other: str) -> bool:
    return any(
        need.effect == "stop" and need.decl is not None and other in (need.decl.distinct_from or ())
        for need in report.definition.needs[name]
    )


def _roles(report: Report, graph: Graph, name: str, doers: list[str]) -> bool:
    matter = report.definition.matter

    def only_roles(action: str) -> set[str] | None:
        by = matter.actions[action].by
        return {who[5:] for who in by} if by and all(who.startswith("role.") for who in by) else None

    mine = only_roles(name)
    theirs = [only_roles(doer) for doer in doers]
    if mine is None or any(found is None for found in theirs):
        return False
    their_roles = {role for found in theirs if found for role in found}
    if not all(differ(report, a, b) for a in mine for b in their_roles):
        return False
    # 换过承办人之后，原来的承办人可能来审核：做过之后不得再换。
    changing = {
        action
        for action, decl in matter.actions.items()
        if their_roles & set(decl.assign) and graph.taken[action]
    }
    after_doing = {edge[3] for doer in doers for _, edge in graph.taken[doer]}
    return not any(
        edge[0].name in changing for config in _onwards(graph, after_doing) for edge in graph.edges[config]
    )


def _onwards(graph: Graph, start: set[int]) -> set[int]:
    found, waiting = set(start), list(start)
    while waiting:
        for edge in graph.edges[waiting.pop()]:
            if edge[3] not in found:
                found.add(edge[3])
                waiting.append(edge[3])
    return found


def differ(report: Report, a: str, b: str) -> bool:
    """两个角色是不是声明了不得同一人。"""
    roles = report.definition.matter.roles
    one, two = roles.get(a), roles.get(b)
    return bool(one and b in one.distinct_from) or bool(two and a in two.distinct_from)
