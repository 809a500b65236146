"""来件人、当事人自己办的步骤：不由他们填的字段，可以网上登记的开件动作，告诉他们的查询码。"""

from __future__ import annotations

from collections.abc import Iterator

from jiezhi.core.procedure.actions import ActionDecl, OnlineDecl
from jiezhi.core.procedure.fields import FieldDecl
from jiezhi.core.procedure.inputs import OUTSIDERS
from jiezhi.core.procedure.values import ValueProblem, normalize
from jiezhi.core.procedure.verifier.catalogue import Catalogue
from jiezhi.core.procedure.verifier.report import Place, Report


def check(report: Report, catalogue: Catalogue) -> None:
    """查 office、online，以及通知里给并入各件的话。"""
    matter = report.definition.matter
    for name, decl in matter.fields.items():
        for at, column in _columns(("fields", name), decl):
            if column.office:
                say = f"表格的列“{column.title}”不能写 office；请写在整个字段“{decl.title}”上"
                report.add("office.column", (*at, "office"), say)
    online = any(action.online for action in matter.actions.values())
    if "网上" in matter.guide.ways and not online and matter.host_system is None:
        say = "指南说可以网上办，却没有可以网上登记（online）的开件动作；请从 ways 里删去网上，或写 online"
        report.add("online.guide", ("guide", "ways"), say)
    joinable = any("absorb" in action.means for action in matter.actions.values())
    for name, action in matter.actions.items():
        if action.online is not None:
            _online(report, catalogue, name, action, action.online)
        if OUTSIDERS & set(action.by):
            _fillable(report, name, action)
        for i, notice in enumerate(action.notify):
            at = ("actions", name, "notify", i, "merged")
            if notice.merged is not None and notice.to not in ("reporter", "followers"):
                report.add(
                    "notice.merged", at, "merged 是对并入各件的来件人说的话，to 要写 reporter；请删去 merged"
                )
            elif notice.merged is not None and not joinable:
                report.add(
                    "notice.merged", at, "这份业务模板不能合并，merged 没有人听；请删去，或引用 mergeable"
                )


def _columns(at: Place, decl: FieldDecl) -> Iterator[tuple[Place, FieldDecl]]:
    for name, column in decl.columns.items():
        place: Place = (*at, "columns", name)
        yield place, column
        yield from _columns(place, column)


def _fillable(report: Report, name: str, action: ActionDecl) -> None:
    """来件人、当事人办这一步，必填的不能是他填不了的。"""
    fields = report.definition.matter.fields
    given = {*action.fill, *(action.online.set if action.online else ())}
    for i, raw in enumerate(action.collect):
        decl = fields.get(raw)  # 选填的写作 x?，不在字段里
        if decl is not None and decl.office and raw not in given and decl.default is None:
            say = (
                f"动作{report.action(name)}可以由来件人、当事人办，必填的{report.field(raw)}却不由他们填（office）；"
                "请改成选填、写缺省值，或去掉 office"
            )
            report.add("office.required", ("actions", name, "collect", i), say)


def _online(report: Report, catalogue: Catalogue, name: str, action: ActionDecl, online: OnlineDecl) -> None:
    matter = report.definition.matter
    at: Place = ("actions", name, "online")
    if not action.opens_case or "reporter" not in action.by:
        say = f"动作{report.action(name)}写了 online（可以网上登记），它要是开件动作，by 里要有 reporter；请改正"
        report.add("online.action", at, say)
    if matter.host_system is not None:
        say = f"主办系统是“{matter.host_system}”，件要在那里登记，不能写 online；请删去"
        report.add("online.host", at, say)
    for field, value in online.set.items():
        place: Place = (*at, "set", field)
        decl = matter.fields.get(field)
        if decl is None:
            report.unknown("field", "字段", field, matter.fields, place)
            continue
        if field not in action.collected() or not decl.office:
            say = f"online 里由系统写入的{report.field(field)}，要是这一步采集、不由来件人填（office: true）的；请改正"
            report.add("online.field", place, say)
        try:
            normalize(decl, value)
        except ValueProblem as error:
            report.add("online.value", place, f"online 给{report.field(field)}写的“{value}”{error}；请改正")
    for i, word in enumerate(online.needs):
        if catalogue.conditions is not None and word not in catalogue.conditions:
            report.unknown("condition", "登记的条件", word, catalogue.conditions, (*at, "needs", i))
