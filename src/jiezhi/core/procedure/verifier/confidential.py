"""限指定人员的业务：开件就要有人，往后只有件上的人办、只告诉件上的人。"""

from __future__ import annotations

from jiezhi.core.procedure.definition import START
from jiezhi.core.procedure.verifier.report import Report

# 不凭岗位、单位办的。
_ON_THE_CASE = frozenset({"reporter", "party", "system", "import"})


def check(report: Report) -> None:
    """没有声明 confidential 的不查。"""
    matter = report.definition.matter
    if not matter.confidential:
        return
    for name, action in matter.actions.items():
        opening = START in action.from_
        title = report.action(name)
        if opening and not any(
            matter.roles.get(role) and source != "none" for role, source in action.assign.items()
        ):
            say = f"限指定人员的业务，动作{title}开件时没有指定角色，开了就没有人看得见；请写 assign"
            report.add("confidential.nobody", ("actions", name, "assign"), say)
        for who in action.by:
            if not opening and who not in _ON_THE_CASE and not who.startswith("role."):
                say = f"限指定人员的业务，动作{title}不能由“{who}”办：看不见件的人办不了；请改由件上的角色办"
                report.add("confidential.by", ("actions", name, "by"), say)
        for i, notice in enumerate(action.notify):
            if notice.to not in ("reporter", "followers") and not notice.to.startswith("role."):
                say = f"限指定人员的业务，动作{title}不能通知“{notice.to}”；请改为通知件上的角色"
                report.add("confidential.notify", ("actions", name, "notify", i), say)
        if action.open:
            say = f"限指定人员的业务，动作{title}不能开立子件：子件别人看得见；请改为由件上的人另行登记"
            report.add("confidential.open", ("actions", name, "open"), say)
