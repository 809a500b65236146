"""开件用哪一份业务模板：填的事项带参数的，用它公布时解析好的那一份。开了谁也看不见的不开。"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jiezhi.base.casework.engine.env import Lookups
from jiezhi.base.casework.models import MatterVersion
from jiezhi.base.casework.outcome import Refused, refuse
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.powers import power_fields
from jiezhi.core.procedure.values import ValueProblem, normalize
from jiezhi.core.procedure.view import Plan


def opening_version(
    look: Lookups,
    current: MatterVersion,
    definition: Definition,
    action: str,
    inputs: Mapping[str, Any],
    at: datetime,
) -> MatterVersion:
    """开件用的业务模板版本：填的事项带参数、挂的是这个模板，就用它公布时解析好的那一份，否则用现行的。

    事项照记到件上的样子认（去掉空白、没有填的用缺省值），不然同一个事项换个写法就躲开了它的参数。
    """
    for name in power_fields(definition.matter, action):
        decl = definition.matter.fields[name]
        try:
            code = normalize(decl, inputs.get(name, decl.default))
        except ValueProblem:
            continue
        version = look.power(code, at) if isinstance(code, str) else None
        if version is not None and version.params and version.matter == current.matter:
            return MatterVersion.objects.get(digest=version.resolved)
    return current


def unseen(outcome: Plan) -> Refused:
    """限指定人员的件，开了没有一个人在件上：谁也看不见，超期也没有人知道，所以不开。"""
    say = "这种件只有件上的人看得见，现在没有指定到一个人"
    remedy = "选好由谁办再登记；选不到人的，请改由工作人员登记，或请系统管理员检查业务模板和任职"
    return refuse(outcome.decl.title, "confidential.nobody", say, remedy)
