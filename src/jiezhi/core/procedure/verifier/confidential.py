"""限指定人员的业务：开件就要有人，往后只有件上的人办、只告诉件上的人；不能合并，不能开立子件。

它可以作别的业务的子件：随之开立是系统办的，照系统开件的规矩要指定到人；上级件上只有它的标识，看不见它的人点不开。
"""

from __future__ import annotations

from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import START
from jiezhi.core.procedure.sources import parse_source
from jiezhi.core.procedure.verifier.report import Report
from jiezhi.core.procedure.verifier.separate import OUTSIDERS

# 合起来办的：并入各件的来件人会收到主件的答复、查得到主件的进度。
_JOINING = frozenset({"merge", "absorb"})


def check(report: Report) -> None:
    """没有声明 confidential 的不查。"""
    matter = report.definition.matter
    if not matter.confidential:
        return
    for name, action in matter.actions.items():
        opening = START in action.from_
        title = report.action(name)
        if opening:
            _opened(report, name, action)
        if _JOINING & set(action.means):
            say = (
                f"限指定人员的业务不能合并（动作{title}）：合并之后各件的来件人会互相知道进度；"
                "请不引用 mergeable，或去掉这个动作"
            )
            report.add("confidential.merge", ("actions", name), say)
            continue
        for who in action.by:
            if not opening and who not in OUTSIDERS and not who.startswith("role."):
                say = f"限指定人员的业务，动作{title}不能由“{who}”办：看不见件的人办不了；请改由件上的角色办"
                report.add("confidential.by", ("actions", name, "by"), say)
        for i, notice in enumerate(action.notify):
            if notice.to not in ("reporter", "followers") and not notice.to.startswith("role."):
                say = f"限指定人员的业务，动作{title}不能通知“{notice.to}”；请改为通知件上的角色"
                report.add("confidential.notify", ("actions", name, "notify", i), say)
        if action.open:
            say = f"限指定人员的业务，动作{title}不能开立子件：子件别人看得见；请改为由件上的人另行登记"
            report.add("confidential.open", ("actions", name, "open"), say)


def _opened(report: Report, name: str, action: ActionDecl) -> None:
    """开件动作不管由谁办，都要指定得到人。"""
    title, at = report.action(name), ("actions", name, "assign")
    roles = report.definition.matter.roles
    sources = [source for role, source in action.assign.items() if role in roles and source != "none"]
    if not sources:
        say = f"限指定人员的业务，动作{title}开件时没有指定角色，开了就没有人看得见；请写 assign"
        report.add("confidential.nobody", at, say)
    elif not any(_gives_people(action, source) for source in sources):
        say = (
            f"限指定人员的业务，动作{title}开件时可能指定不到人（{'、'.join(sources)}），开了就没有人看得见；"
            "请用 post.x 或必填的人员字段指定；actor 只在全由工作人员开件时有人，来件人、当事人、系统、导入开的要分成另一个动作"
        )
        report.add("confidential.nobody", at, say)


def _gives_people(action: ActionDecl, source: str) -> bool:
    """开件时有来源可取。岗位上当时有没有人、服务登记的来源取不取得到，办理时再查（engine/work.py）。

    选填的人员字段、写错的来源另有别的校验报。
    """
    found = parse_source(source)
    if found is not None and found.kind == "actor":
        return not OUTSIDERS & set(action.by)
    return found is None or found.kind in ("field", "post", "resolver")
