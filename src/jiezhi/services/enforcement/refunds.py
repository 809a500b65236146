"""登记给业务模板用的：决定撤销、变更之后，多缴的退还给当事人；加处罚款随变更后的数额减下来。金额都是整数分。

缴过多少：paid 是累计的，只许越登越多；当场收缴还没有缴付银行的看 cash，分期的看各期的 paid 合计，三者取多的；
法院执行的看执行到位金额。
应缴多少：决定已经撤销的是零；没有撤销的是罚款加上加处的。
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.casework.models import Case
from jiezhi.services.discretion.queries import DECIDED


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.fact("penalty.refund", "应当退还的罚款（分，累计）", owed)
    extensions.condition("penalty.refund_whole", "退还的不少于应当退还的", refund_whole)
    extensions.condition("penalty.paid_kept", "累计实缴的不少于以前登记的", paid_kept)
    extensions.condition("penalty.nothing_to_refund", "没有要退还的", nothing_to_refund)
    extensions.fact("penalty.surcharge_altered", "按变更后的罚款折算的加处罚款（分）", surcharge_altered)
    extensions.condition("penalty.surcharge_altered_right", "加处罚款随变更减下来", surcharge_altered_right)


def owed(context: Context) -> int:
    """应当退还的合计，连同以前退还的；没有的为零。"""
    if context.view is None:
        return 0
    fields, done = context.view.fields, context.view.done
    parts, courts = _children(context.view.uid)
    paid = _paid(fields, parts)
    executed = _sum(courts, "executed_amount")
    if not DECIDED & done:
        return paid + executed
    fine = fields.get("fine") or 0
    added = max([fields.get("surcharge") or 0, *(one.get("surcharge") or 0 for one in courts)])
    due = fine + min(fine, added + _sum(parts, "surcharge"))
    # 法院照裁定执行的不算多缴；后来变更了的，连同执行到位的一起算。
    return max(0, paid + (executed if "amend" in done else 0) - due)


def _paid(fields: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> int:
    return max(fields.get("paid") or 0, fields.get("cash") or 0, _sum(parts, "paid"))


def paid_kept(context: Context, paid: Any = None) -> bool:
    """这次登记的累计实缴，不少于以前登记缴过的：改小了，多缴的就查不出、不退了。"""
    stored = context.view.fields if context.view else {}
    parts = _children(context.view.uid)[0] if context.view else []
    return isinstance(paid, int) and paid >= _paid(stored, parts)


def _children(uid: str) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """分期的各期，申请法院执行的各次。"""
    rows = Case.objects.filter(parent__uid=uid, slot__in=("instalment", "court"))
    found: dict[str, list[Mapping[str, Any]]] = {"instalment": [], "court": []}
    for slot, fields in rows.values_list("slot", "fields"):
        found[slot].append(fields)
    return found["instalment"], found["court"]


def _sum(rows: list[Mapping[str, Any]], name: str) -> int:
    return sum(row.get(name) or 0 for row in rows)


def refund_whole(context: Context, refund: Any = None) -> bool:
    """累计退还的不少于应当退还的，并且确有要退还的。"""
    return isinstance(refund, int) and 0 < owed(context) <= refund


def nothing_to_refund(context: Context) -> bool:
    """没有缴过，或者多缴的已经退还。"""
    returned = context.view.fields.get("refund") if context.view else None
    return owed(context) <= (returned or 0)


def surcharge_altered(context: Context) -> int | None:
    """变更后的加处罚款：加处是按罚款数额的日数算的，所以照罚款减少的比例折算；没有加处过的为 None。"""
    stored = context.view.fields if context.view else {}
    before, added, after = stored.get("fine"), stored.get("surcharge"), context.values.get("fine")
    if not before or not added or not isinstance(after, int):
        return None
    return int(added) * after // int(before)


def surcharge_altered_right(context: Context, surcharge: Any = None) -> bool:
    """加处罚款不高于折算的。"""
    return (surcharge or 0) <= (surcharge_altered(context) or 0)
