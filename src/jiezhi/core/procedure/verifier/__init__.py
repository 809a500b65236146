"""校验器：业务模板的类型检查。

`verify` 在环节 × 未作废的法律含义 × 命名判断的全部可达状况上逐步核对，其余办理条件当作随时可能具备。
报出的每一处都说明在哪一行、怎么走到的、凭什么、怎么改。
"""

from __future__ import annotations

from typing import Any

from jiezhi.core.procedure.abstract import Machine, relevance
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.verifier import (
    assigned,
    basis,
    clocks,
    confidential,
    expressions,
    materials,
    names,
    numbering,
    outsiders,
    papers,
    people,
    protect,
    reach,
    rules,
    states,
    waiting,
)
from jiezhi.core.procedure.verifier.between import same_numbers
from jiezhi.core.procedure.verifier.catalogue import UNCHECKED, Catalogue, MatterInfo
from jiezhi.core.procedure.verifier.explore import CAP, Graph
from jiezhi.core.procedure.verifier.report import Locate, Report, locator

__all__ = [
    "Catalogue",
    "Graph",
    "Locate",
    "MatterInfo",
    "explore",
    "locator",
    "same_numbers",
    "summary",
    "verify",
]


def verify(
    definition: Definition,
    *,
    locate: Locate | None = None,
    catalogue: Catalogue | None = None,
    cap: int = CAP,
) -> list[Problem]:
    """校验一个业务模板，返回全部问题（按文件和行排）；没有 error 才能公布。

    `locate` 由模板里的位置（如 ("actions", "decide", "to", 0)）找到文件和行，由加载器给；
    `catalogue` 是外面的名录，None 表示不查这些名字；`cap` 是最多穷举多少种状况。不抛异常。
    """
    report = Report(definition, locate)
    outside = catalogue or UNCHECKED
    states.check(report)
    expressions.check(report, outside)
    names.check(report, outside)
    names.check_params(report)
    outsiders.check(report, outside)
    numbering.check(report)
    papers.check(report)
    people.check_names(report, outside)
    clocks.check(report)
    confidential.check(report)
    protect.check(report)
    basis.check(report)
    materials.check(report)
    if report.broken:
        return report.problems()  # 名字不全，走法没法穷举；先改这些
    graph = explore(definition, cap)
    if graph.truncated:
        say = f"走法过于复杂（超过 {cap} 种状况），校验不完；请拆成子件，或减少相互独立的法律含义和命名判断"
        report.add("matter.too_complex", ("actions",), say)
        return report.problems()
    reach.check(report, graph)
    found = assigned.check(report, graph, outside)
    people.check_paths(report, graph, found)
    clocks.check_paths(report, graph)
    waiting.check(report, graph)
    protect.check_paths(report, graph)
    rules.check(report, graph)
    return report.problems()


def explore(definition: Definition, cap: int = CAP) -> Graph:
    """穷举可达状况（含保护期的起算），同一份定义只穷举一次。名字有错的模板会抛异常，先 `verify`。"""

    def make() -> Graph:
        protected = [name for name, clock in definition.matter.clocks.items() if clock.protects]
        return Graph(Machine(definition, relevance(definition), protected), cap)

    return definition.once(f"graph:{cap}", make)


def summary(definition: Definition, problems: list[Problem] | None = None) -> dict[str, Any]:
    """概况（供 `jiezhi check --json`）：各有多少、穷举了多少种状况、哪些依据还没有核对原文。

    `problems` 是已经校验出来的问题；不给就现校验（不查外面的名录）。
    """
    matter = definition.matter
    report = Report(definition, None)
    resting: dict[str, list[str]] = {"已核对(网)": [], "待核": [], "推导": []}
    cites = [reference for _, reference, _ in basis.cited(report)]
    cites += [rule.basis for law in definition.laws for rule in law.rules.values()]
    for reference in dict.fromkeys(cites):
        citation = definition.citation(reference)
        if citation and citation.status in resting:
            resting[citation.status].append(reference)
    configs: int | None = None
    if not any(problem.is_error for problem in (verify(definition) if problems is None else problems)):
        configs = len(explore(definition).keys)
    return {
        "matter": definition.id,
        "title": matter.title,
        "digest": definition.digest,
        "states": len(matter.states),
        "actions": len(matter.actions),
        "clocks": len(matter.clocks),
        "meanings": sorted({meaning for action in matter.actions.values() for meaning in action.means}),
        "rules": sum(len(law.rules) for law in definition.laws),
        "configs": configs,
        "resting": resting,
    }
