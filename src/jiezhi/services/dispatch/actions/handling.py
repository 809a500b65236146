"""派单、退回、上报：按法律含义找到模板里的动作，走唯一的门（casework.actions.act）。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions as door
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Result, refuse
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.fields import FieldType


def dispatch_case(
    case: str,
    unit: str | None = None,
    *,
    acting_officer: Officer | None,
    inputs: Mapping[str, Any] | None = None,
    now: datetime | None = None,
    **more: Any,
) -> Result:
    """派单给 `unit`（单位代码）；模板按规则自己定单位的不必给。其余同 `casework.actions.act`。"""
    return _by_meaning(case, "dispatch", acting_officer, dict(inputs or {}), now, unit=unit, **more)


def return_case(
    case: str,
    *,
    reason: str,
    acting_officer: Officer | None,
    inputs: Mapping[str, Any] | None = None,
    now: datetime | None = None,
    **more: Any,
) -> Result:
    """退回分派，必须写明理由。"""
    if not reason.strip():
        return refuse("退回", "reason", "还没有写明退回的理由", "写明为什么不归本单位办、应归谁办")
    return _by_meaning(case, "return", acting_officer, dict(inputs or {}), now, reason=reason, **more)


def escalate(
    case: str,
    *,
    reason: str,
    acting_officer: Officer | None,
    inputs: Mapping[str, Any] | None = None,
    now: datetime | None = None,
    **more: Any,
) -> Result:
    """往上报：社区报街道，街道报区级单位。报给谁由模板的 `assign: {unit: dispatch.up}` 定。"""
    return _by_meaning(case, "escalate", acting_officer, dict(inputs or {}), now, reason=reason, **more)


_TITLES = {"dispatch": "派单", "return": "退回", "escalate": "上报"}


def _by_meaning(
    uid: str,
    meaning: str,
    acting_officer: Officer | None,
    inputs: dict[str, Any],
    now: datetime | None,
    *,
    unit: str | None = None,
    **more: Any,
) -> Result:
    title = _TITLES[meaning]
    try:
        row = Case.objects.select_related("version").defer("version__content").filter(uid=uid).first()
    except (ValidationError, ValueError):
        row = None
    if row is None:
        return refuse(title, "no_case", "没有这件，或您无权查看", "核对编号")
    definition = matters.definition_of(row.version)
    table = definition.matter.actions
    named = [name for name, action in table.items() if meaning in action.means]
    if not named:
        return refuse(
            title, "no_action", f"{definition.matter.title}没有“{title}”这一步", "按页面上列出的动作办理"
        )
    here = [name for name in named if row.state in definition.sources(table[name])]
    # 同一含义有几个动作时（如人工派、系统派），人办人的、系统办系统的。
    mine = [name for name in here if ("system" in table[name].by) == (acting_officer is None)]
    name = (mine or here or named)[0]
    if unit is not None:
        field = unit_field(table[name], definition.matter.fields)
        if field is None:
            return refuse(
                title,
                "unit",
                f"“{table[name].title}”按规则定单位，不能另选",
                "不选单位直接办，或先改分派规则",
            )
        inputs.setdefault(field, unit)
    return door.act(uid, name, acting_officer=acting_officer, inputs=inputs, now=now, **more)


def unit_field(action: ActionDecl, fields: Mapping[str, Any]) -> str | None:
    """承办单位填在哪个字段：`assign: {unit: field.x}` 的 x，否则唯一的单位字段。"""
    source = action.assign.get("unit", "")
    if source.startswith("field."):
        return source.removeprefix("field.")
    found: Sequence[str] = [name for name in action.collected() if fields[name].type is FieldType.UNIT]
    return found[0] if len(found) == 1 else None
