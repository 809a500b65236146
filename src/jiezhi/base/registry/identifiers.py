"""证件号的检查（算法在 core.procedure.identifiers）：按登记时选的证件种类。"""

from datetime import date

from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.registry.models import IdentifierKind
from jiezhi.core.procedure import identifiers
from jiezhi.core.procedure.identifiers import uscc_problem

__all__ = ["identifier_problem", "ric_problem", "uscc_problem"]


def ric_problem(number: str, today: date | None = None) -> str:
    """18 位身份证号哪里不对；没问题为空串。`number` 须已统一写法；`today` 不给就是今天（北京时间）。"""
    return identifiers.ric_problem(number, today or timezone.localdate())


def identifier_problem(kind: str, value: str) -> str:
    """按证件种类检查 `value`（任意写法）。"""
    number = secrets.normalise(value)
    if kind == IdentifierKind.NONE:
        return "请选择证件种类" if number else ""
    if not number:
        return "请填写证件号，或把证件种类改为“未填”"
    if kind == IdentifierKind.RIC:
        return ric_problem(number)
    if kind == IdentifierKind.USCC:
        return uscc_problem(number)
    return "" if 4 <= len(number) <= 40 else "证件号应为 4 到 40 位"
