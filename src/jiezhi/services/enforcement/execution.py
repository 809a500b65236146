"""登记给业务模板用的：决定之后的变更、缴款、分期、加处、复议诉讼和救济期。

用到的字段按约定取：fine、surcharge、parties、instalments（每期 due_on、amount）、dispute_kind、dispute_on、dispute_ended_on、
dispute_received_on、dispute_result、disputes（历次）；金额都是整数分，日子是北京时间的日期。
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.services.enforcement import resolve


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.condition("penalty.not_raised", "变更后的罚款不高于原决定", not_raised)
    extensions.condition("penalty.nothing_to_pay", "决定里没有罚款", nothing_to_pay)
    extensions.condition("penalty.surcharge_right", "加处不超过按日算的", surcharge_right)
    extensions.condition("penalty.remedies_over", "复议、诉讼的期限届满", remedies_over)
    extensions.condition("penalty.instalments_whole", "各期合计等于罚款", instalments_whole)
    extensions.condition("penalty.instalments_over", "没有未到期的分期", instalments_over)
    extensions.fact("penalty.instalment_end", "分期届满的次日", instalment_end)
    extensions.condition("penalty.disputes_kept", "历次复议诉讼照实", disputes_kept)
    extensions.condition("penalty.dispute_received", "写明了当事人收到复议决定书的日子", dispute_received)
    extensions.fact("penalty.disputes", "历次复议诉讼，连同这一次", so_far)
    extensions.fact("penalty.fine", "件上的罚款金额（分）", fine)


def _stored(context: Context) -> Mapping[str, Any]:
    return context.view.fields if context.view else {}


def not_raised(context: Context, fine: Any = None) -> bool:
    """变更后的罚款不高于件上现有的决定（变更不得加重，加重要重新告知）。"""
    before = _stored(context).get("fine")
    return isinstance(fine, int) and isinstance(before, int) and fine <= before


def fine(context: Context) -> int | None:
    """件上的罚款金额。"""
    return _stored(context).get("fine")


def nothing_to_pay(context: Context) -> bool:
    """决定里没有罚款；看件上的决定，不看这一步填的。"""
    return not _stored(context).get("fine")


def surcharge_right(context: Context, surcharge: Any = None) -> bool:
    """加处不超过算到办理那天（先缴了罚款的算到缴款那天）的数额（行政处罚法 §72、§73）。"""
    due = resolve.surcharged(context)
    return isinstance(surcharge, int) and due is not None and 0 < surcharge <= due


def remedies_over(context: Context) -> bool:
    """救济的期限都届满了：复议维持的，收到复议决定书十五日届满；法院维持的，裁判生效；别的，直接复议诉讼的期限届满。

    出处是行政诉讼法 §45、§46。还有在走的、分期没有届满的不成立；有几个当事人的，各人直接复议诉讼的期限都要届满。
    """
    if context.view is None:
        return False
    if "remedy_over" in context.view.done:  # 晚到的时机，已经届满过了
        return True
    if not instalments_over(context):
        return False
    at = context.moment
    latest: dict[tuple[str, str], Any] = {}
    for clock in sorted(context.view.clocks, key=lambda one: one.round):
        if clock.name in ("remedy", "sue") and not clock.void:
            latest[clock.name, clock.key] = clock
    after = [clock for (name, _), clock in latest.items() if name == "sue"]
    direct = [clock for (name, _), clock in latest.items() if name == "remedy"]
    if any(clock.live and clock.due_at > at for clock in after):
        return False
    fields = _stored(context)
    upheld = "upheld" in context.view.done and fields.get("dispute_result") == "维持或驳回"
    if upheld and len(fields.get("parties") or []) <= 1:
        return bool(after) or fields.get("dispute_kind") == "行政诉讼"
    return bool(direct) and all(clock.due_at <= at for clock in direct)


def dispute_received(context: Context, received: Any = None, result: Any = None) -> bool:
    """复议维持、变更的，有当事人收到复议决定书的日子，不早于决定、不晚于今天；诉讼的、撤回的没有（行政诉讼法 §45）。"""
    values = context.fields
    if values.get("dispute_kind") != "行政复议" or result == "撤回":
        return received is None
    ended = values.get("dispute_ended_on")
    return bool(received and ended and ended <= received <= context.day.isoformat())


def instalments_whole(context: Context, instalments: Any = None, instalment_end: Any = None) -> bool:
    """各期合计等于罚款，每期都还没有到期，届满的次日算得对。"""
    rows = [row for row in instalments or [] if isinstance(row, Mapping)]
    dues = [date.fromisoformat(row["due_on"]) for row in rows if row.get("due_on")]
    if not rows or len(dues) != len(rows) or min(dues) < context.day:
        return False
    total = sum(row.get("amount") or 0 for row in rows)
    return total == _stored(context).get("fine") and instalment_end == _end(rows)


def instalments_over(context: Context) -> bool:
    """没有批准分期，或者最后一期已经届满（行政处罚法 §72：申请法院的期限自分期届满之日起算）。"""
    if context.view is None or "instalment" not in context.view.done:
        return True
    end = _end(_stored(context).get("instalments") or [])
    return end is None or date.fromisoformat(end) <= context.day


def instalment_end(context: Context) -> str | None:
    """最后一期届满的次日；没有填分期的为 None。"""
    return _end(context.fields.get("instalments") or [])


def _end(rows: list[Any]) -> str | None:
    dues = [row["due_on"] for row in rows if isinstance(row, Mapping) and row.get("due_on")]
    return (date.fromisoformat(max(dues)) + timedelta(days=1)).isoformat() if dues else None


def so_far(context: Context) -> list[dict[str, Any]]:
    """历次复议诉讼：件上已有的，加上这一次（受理日在件上，结束日这一步填）。"""
    values = context.fields
    found = list(_stored(context).get("disputes") or [])
    if values.get("dispute_on") and values.get("dispute_ended_on"):
        this = {"kind": values.get("dispute_kind"), "on": values["dispute_on"]}
        found.append(this | {"ended_on": values["dispute_ended_on"]})
    return found


def disputes_kept(context: Context, disputes: Any = None) -> bool:
    """“历次复议诉讼”与登记的一致，这一次的结束不早于受理。"""
    values = context.fields
    began, ended = values.get("dispute_on"), values.get("dispute_ended_on")
    if not began or not ended or ended < began:
        return False
    return [dict(row) for row in disputes or []] == so_far(context)
