"""登记给业务模板用的：事实 discretion.tier/text，条件 discretion.in_law、in_tier、departure_declared。

用到的字段按约定取：cause 案由、party_kind 对象、age_band 年龄段、factors 情形、illegal_gains 违法所得（分）、
act_on 违法行为日、act_ended_on 终了日、fine 罚款（分）、decision_kind 决定种类、departs 偏离、departure_reason 偏离的理由。
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.core.discretion.statutory import NOT_APPLICABLE
from jiezhi.services.discretion import queries
from jiezhi.services.discretion.queries import Weighing

PUBLISHED = "公布"
NO_PENALTY = frozenset({"事实不成立", "移送"})
"""这样的决定没有裁量可言。"""


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.fact("discretion.tier", "裁量档次", tier)
    extensions.fact("discretion.text", "裁量说明", text)
    extensions.fact("discretion.official", "公布的裁量基准的裁量说明", official)
    extensions.condition("discretion.in_law", "罚款不出法定幅度", in_law)
    extensions.condition("discretion.in_tier", "罚款在裁量档次内", in_tier)
    extensions.condition("discretion.departure_declared", "偏离基准写明了理由", departure_declared)


def weighing(context: Context, **given: Any) -> Weighing:
    """这一件按基准裁量的结果；`given` 是条件的参数，优先于件上的字段。"""
    values = context.fields | {name: value for name, value in given.items() if value is not None}
    decided = context.day
    asked: dict[str, Any] = {
        "power": str(values.get("cause") or ""),
        "party": str(values.get("party_kind") or ""),
        "factors": _factors(values),
        "age_band": str(values.get("age_band") or NOT_APPLICABLE),
        "gains": _cents(values.get("illegal_gains")),
        "acted": _day(values.get("act_ended_on") or values.get("act_on")) or decided,
        "decided": decided,
    }
    # 档次、说明、在不在档内各问一遍，问的是同一件事。
    key = ("discretion", json.dumps(asked, sort_keys=True, default=str))
    return context.work.look.once(key, lambda: queries.weigh(**asked))


def _factors(values: Mapping[str, Any]) -> Mapping[str, Any]:
    found = values.get("factors")
    return found if isinstance(found, Mapping) else {}


def _cents(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _day(value: Any) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value else None


def tier(context: Context) -> str | None:
    """档次名称；算不出来为 None。"""
    found = weighing(context).assessment
    return found.tier if found is not None and found.ready else None


def text(context: Context) -> str:
    """裁量说明：适用哪条基准、情形、档次、幅度和理由；算不出来的说明差什么、怎么补。"""
    return weighing(context).text


def official(context: Context) -> str | None:
    """写进文书的裁量说明：公布过的基准才有；示范基准只给承办人看，为 None。"""
    found = weighing(context)
    return found.text if found.benchmark is not None and found.benchmark.status == PUBLISHED else None


def in_law(context: Context, cause: Any = None, factors: Any = None, fine: Any = None) -> bool:
    """罚款不出法定幅度。没有基准的案由系统无从核对，算成立；幅度待填写、情形没填全的不成立。"""
    values = context.fields
    if values.get("decision_kind") in NO_PENALTY:
        return True
    found = weighing(context, cause=cause, factors=factors).assessment
    return found is None or found.ready and found.suits_law(_fine(values, fine))


def in_tier(context: Context, cause: Any = None, factors: Any = None, fine: Any = None) -> bool:
    """罚款在建议的档内。没有基准、算不出档次的不成立。"""
    values = context.fields
    if values.get("decision_kind") in NO_PENALTY:
        return True
    found = weighing(context, cause=cause, factors=factors).assessment
    return found is not None and found.ready and found.suits_tier(_fine(values, fine))


def departure_declared(
    context: Context,
    cause: Any = None,
    factors: Any = None,
    fine: Any = None,
    departs: Any = None,
    reason: Any = None,
) -> bool:
    """不在档内的，要声明偏离并写理由；在档内的，不得声明偏离。没有公布基准的不算偏离，声明了的仍要写理由。"""
    values = context.fields
    declared = bool(departs if departs is not None else values.get("departs"))
    why = str(reason if reason is not None else values.get("departure_reason") or "").strip()
    benchmark = weighing(context, cause=cause, factors=factors).benchmark
    if benchmark is None or benchmark.status != PUBLISHED:
        return not declared or bool(why)
    if in_tier(context, cause, factors, fine):
        return not declared
    return declared and bool(why)


def _fine(values: Mapping[str, Any], fine: Any) -> int | None:
    if values.get("decision_kind") == "轻微不罚":
        return 0
    return _cents(fine if fine is not None else values.get("fine"))
