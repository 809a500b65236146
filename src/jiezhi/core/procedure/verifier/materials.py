"""材料和办事指南：每样材料凭法要、情形说得清、有地方收；指南里的每一条都有核对过的依据。"""

from __future__ import annotations

from jiezhi.core.procedure.law import CAN_STOP
from jiezhi.core.procedure.materials import PREFIX, STATE, MaterialDecl, field_of
from jiezhi.core.procedure.verifier.report import Place, Report
from jiezhi.core.procedure.verifier.states import guard_names


def check(report: Report) -> None:
    """查全部材料和指南。"""
    matter = report.definition.matter
    collected = {name for action in matter.actions.values() for name in action.collected()}
    for name, material in matter.materials.items():
        at: Place = ("materials", name)
        _basis(report, at, material)
        guard_names(report, material.when, (*at, "when"))
        if material.form is not None and material.form not in matter.documents:
            report.unknown("document", "文书", material.form, matter.documents, (*at, "form"))
        field = PREFIX + name
        if matter.fields.get(field) != field_of(material):
            say = f"材料“{material.title}”自动成为字段 {field}，不能再另外声明这个字段；请删去或改名"
            report.add("material.field", ("fields", field), say)
        elif field not in collected:
            say = f"材料“{material.title}”没有动作收；请在收件、补正的动作里写 collect: [materials]"
            report.add("material.uncollected", at, say)
    if matter.materials and STATE not in collected:
        say = "核原件、共享核到、承诺代替没有地方登记；请在收件、核对材料的动作里写 collect: [materials]"
        report.add("material.uncollected", ("materials",), say)
    _guide(report)


def _basis(report: Report, at: Place, material: MaterialDecl) -> None:
    citation = report.definition.citation(material.basis)
    place = (*at, "basis")
    title = f"材料“{material.title}”"
    if citation is None:
        say = f"{title}的依据 {material.basis} 不在法律名录里；没有依据的材料不得要求，请核对或删去"
        report.add("material.basis", place, say, basis=material.basis)
    elif citation.status == "内部规定":
        say = f"{title}只有本单位规定作依据；办理条件和材料不得由本单位自己增设，请删去或改引法律、法规、规章"
        report.add("material.basis", place, say, basis=material.basis)
    elif citation.status not in CAN_STOP:
        say = f"{title}的依据是“{citation.status}”，不能因为缺它不受理；请先核对原文，或删去"
        report.add("material.basis", place, say, basis=material.basis)


def _guide(report: Report) -> None:
    matter, guide = report.definition.matter, report.definition.matter.guide
    for key in ("conditions", "remedies"):
        for i, item in enumerate(getattr(guide, key)):
            place: Place = ("guide", key, i, "basis")
            citation = report.definition.citation(item.basis)
            if citation is None:
                say = f"指南里“{item.text}”的依据 {item.basis} 不在法律名录里；请核对"
                report.add("guide.basis", place, say, basis=item.basis)
            elif citation.status == "待核":
                say = f"指南里“{item.text}”的依据还没有核对（待核），不能写给群众看；请先核对原文，或删去"
                report.add("guide.basis", place, say, basis=item.basis)
    if guide.clock is not None and guide.clock not in matter.clocks:
        report.unknown("clock", "时限", guide.clock, matter.clocks, ("guide", "clock"))
    if guide.actual is not None and guide.actual not in matter.measures:
        report.unknown("measure", "用时", guide.actual, matter.measures, ("guide", "actual"))
