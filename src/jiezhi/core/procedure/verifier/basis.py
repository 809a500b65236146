"""依据：引用的条文在不在、核对到什么程度，能不能用来拦办理。"""

from __future__ import annotations

from collections.abc import Iterator

from jiezhi.core.procedure.law import CAN_STOP
from jiezhi.core.procedure.matter import ClockDecl
from jiezhi.core.procedure.verifier.report import POWER_CLASSES, Place, Report
from jiezhi.core.procedure.verifier.states import conditions


def check(report: Report) -> None:
    """查全部依据。"""
    matter = report.definition.matter
    if matter.class_ in POWER_CLASSES:
        for name, action in matter.actions.items():
            if action.means and action.basis is None:
                say = (
                    f"{matter.class_}的动作{report.action(name)}有法律含义却没有写依据；"
                    "请写 basis（法律代号.条号）"
                )
                report.add("basis.missing", ("actions", name), say)
    for at, basis, stops in cited(report):
        citation = report.definition.citation(basis)
        if citation is None:
            say = f"依据 {basis} 不在法律名录里；请核对法律代号和条号，或先把条文录入名录"
            report.add("basis.unknown", (*at, "basis"), say, basis=basis)
        elif stops and citation.status not in CAN_STOP:
            say = (
                f"{stops}会拦住办理，可它的依据是“{citation.status}”；"
                f"只有已核对的条文才能拦，请先核对原文，或改为只提醒（effect: warn）"
            )
            report.add("basis.unverified", at, say, basis=basis)
        elif citation.status == "待核" and at[0] != "params":
            say = f"依据 {basis} 还没有核对（待核），不能对外引用，也不能默认启用；请先核对原文，或改成参数"
            report.add("basis.unverified", at, say, basis=basis, severity="warn")


def cited(report: Report) -> Iterator[tuple[Place, str, str]]:
    """全部依据：位置、依据、会拦住办理的是什么（不拦的为空）。"""
    matter = report.definition.matter
    for at, condition, _ in conditions(report.definition):
        yield at, condition.basis, f"办理条件“{condition.title}”" if condition.effect == "stop" else ""
    for name, clock in matter.clocks.items():
        yield ("clocks", name), clock.basis, _clock_stops(clock)
        for i, exclude in enumerate(clock.excludes):
            yield ("clocks", name, "excludes", i), exclude.basis, ""
        if clock.extension:
            yield ("clocks", name, "extension"), clock.extension.basis, ""
    for name, action in matter.actions.items():
        if action.basis:
            yield ("actions", name), action.basis, ""
    for name, param in matter.params.items():
        yield ("params", name), param.basis, ""


def _clock_stops(clock: ClockDecl) -> str:
    if clock.protects:
        return f"保护期“{clock.title}”"
    if clock.binds:
        return f"倒数时限“{clock.title}”"
    return ""
