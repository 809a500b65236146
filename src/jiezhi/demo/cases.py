"""演示街道的工单：同一个门办出来的，各种环节都有。"""

from __future__ import annotations

from datetime import datetime, timedelta

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions, outbox
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.view import Actor
from jiezhi.demo.plan import ReportPlan, StreetPlan

CHANNELS = {"来访": "窗口", "来电": "电话", "网格员上报": "网格员"}
RESIDENT = Actor("reporter")


def open_cases(plan: StreetPlan, now: datetime, *, count: int = 24) -> int:
    """用演示街道的诉求开 `count` 件随手拍，时间散在最近九天；返回开成几件。"""
    buildings = {building.code: building for building in plan.buildings}
    dispatcher = _holder("dispatcher")
    opened = 0
    for index, report in enumerate(plan.reports[:count]):
        at = now - timedelta(hours=9 * (count - index) + index % 5)
        building = buildings[report.building]
        channel = CHANNELS.get(report.channel)  # 窗口、电话来的由工作人员登记；居民自己来的不写来源
        by_desk = channel is not None and dispatcher is not None
        result = actions.open_case(
            "report.snapshot",
            "report",
            acting_officer=dispatcher if by_desk else None,
            actor=None if by_desk else RESIDENT,
            inputs={
                "content": report.text,
                "spot": {"address": building.label, "lon": str(building.lon), "lat": str(building.lat)},
                "reporter": {"name": report.reporter, "phone": f"1390000{index:04}"},
                "category": f"{report.category}/{report.subcategory}",
                **({"channel": channel} if by_desk else {}),
            },
            at=at,
            now=at,
            key=f"demo:{report.number}",
        )
        if isinstance(result, Outcome):
            opened += 1
            outbox.drain(at)
            _further(result.uid, report, index, at, now, dispatcher)
    return opened


def _holder(post: str, unit: str | None = None) -> Officer | None:
    found = registry.officers_with(post, unit=registry.unit_by_code(unit) if unit else None)
    return found[0] if found else None


def _further(
    uid: str, report: ReportPlan, index: int, at: datetime, now: datetime, dispatcher: Officer | None
) -> None:
    """按次序让一些件往前走：签收、紧急、督办、退回、延期。"""
    case = Case.objects.get(uid=uid)
    clerk = _holder("unit_clerk", case.unit_id) if case.unit_id else None
    chief = _holder("unit_chief", case.unit_id) if case.unit_id else None
    if case.state != "handling" or clerk is None:
        return
    step = at + timedelta(hours=1)
    if step > now:
        return
    if index % 6 == 5:
        actions.act(
            uid, "return", acting_officer=clerk, reason="现场核对不属本单位职责，请改派。", at=step, now=step
        )
        return
    if index % 6 != 4:
        actions.act(uid, "sign", acting_officer=clerk, at=step, now=step)
    if report.urgent and dispatcher:
        actions.act(uid, "mark_urgent", acting_officer=dispatcher, at=step, now=step)
    if index % 8 == 3 and chief:
        actions.act(
            uid,
            "extend",
            acting_officer=chief,
            inputs={"extend_by": "3个工作日"},
            reason="需要物业和业主商定方案。",
            at=step,
            now=step,
        )
    if index % 7 == 2:
        supervisor = _holder("supervisor")
        if supervisor:
            actions.act(
                uid,
                "supervise",
                acting_officer=supervisor,
                inputs={"demand": "三天内见到现场照片。"},
                at=step,
                now=step,
            )
    outbox.drain(step)
