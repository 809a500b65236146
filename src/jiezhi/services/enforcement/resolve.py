"""登记给业务模板用的：追责时效、一事不再罚款、年龄、加处罚款。

用到的字段按约定取：parties（或 party）当事人、party_kind、age_band、cause、act_on、act_ended_on、spot、endangers、fine、
decision_kind、not_same_act；条件的参数与字段同名，写了的优先。
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from jiezhi.base.accounts import secrets
from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.casework.models import Case
from jiezhi.core.calendar import CHINA, REGIMES, DayTable, due, last_day_of, parse_duration
from jiezhi.core.discretion.statutory import ADULT, MINOR, NOT_APPLICABLE, YOUNG
from jiezhi.core.procedure import identifiers
from jiezhi.services.discretion.queries import DECIDED
from jiezhi.services.discretion.resolve import weighing
from jiezhi.services.enforcement.surcharge import Due, Period, surcharge


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.condition("penalty.within_limitation", "没有过追责时效", within_limitation)
    extensions.condition("penalty.not_fined_before", "同一违法行为没有罚过款", not_fined_before)
    extensions.fact("penalty.surcharge", "到办理那天应加处的罚款（分）", surcharged)
    extensions.condition("penalty.age_respected", "未成年人依法不罚或者从轻、减轻", age_respected)


def _values(context: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    return context.fields | {name: value for name, value in given.items() if value is not None}


def within_limitation(context: Context, **given: Any) -> bool:
    """没有过追责时效（行政处罚法 §36）：二年，涉及公民生命健康安全、金融安全且有危害后果的五年。

    从行为日起，连续或者继续的从终了日起；到发现之日止，发现之日就是登记线索（开件）的日子；原决定被撤销、重新办理的
    （写了原案案号），是原案登记线索的日子。没有填行为日的、原案不是同一当事人已经撤销的案件的，不成立。
    """
    values = _values(context, given)
    began = values.get("act_ended_on") or values.get("act_on")
    if not began:
        return False
    opened = context.view.opened_at if context.view else None
    if values.get("former"):
        former = _former(values)
        if former is None:
            return False
        opened = former.opened_at
    found = opened.astimezone(CHINA).date() if opened else context.day
    return found <= last_day(date.fromisoformat(began), bool(values.get("endangers")), context.work.table)


def _former(values: Mapping[str, Any]) -> Case | None:
    """重新办理的原案：处罚案件，决定已经撤销，同一违法行为日，同一当事人。"""
    marks = [mark for party in parties(values) for mark in _marks(party)]
    matters = ("enforcement.penalty", "enforcement.spot")
    found = Case.objects.filter(number=str(values["former"]).strip(), matter__in=matters)
    case = found.filter(party_rows__index__in=marks).first()
    if case is None or "revoke" not in case.done or case.fields.get("act_on") != values.get("act_on"):
        return None
    return case


def last_day(acted: date, endangers: bool, table: DayTable) -> date:
    """追责时效的最后一天。不因休假日顺延：顺延对当事人不利。"""
    years = parse_duration("5年" if endangers else "2年")
    end = due(datetime.combine(acted, time.min, CHINA), years, REGIMES["penalty-2021"], table)
    assert end.last_day is not None
    return end.last_day


def not_fined_before(context: Context, **given: Any) -> bool:
    """同一违法行为没有罚过款（§29）：别的案件里同一当事人、同一行为日、同案由或同地点，已经决定罚款的，不成立。

    写了“不是同一违法行为的说明”的成立。只回答是否，不说是哪一件、什么内容。
    """
    values = _values(context, given)
    if str(values.get("not_same_act") or "").strip() or not values.get("act_on"):
        return True
    marks = [mark for party in parties(values) for mark in _marks(party)]
    if not marks:
        return True
    others = Case.objects.filter(party_rows__index__in=marks).distinct()
    if context.view is not None:
        others = others.exclude(uid=context.view.uid)
    return not any(_same_act(values, fields, done) for fields, done in others.values_list("fields", "done"))


def _marks(party: Mapping[str, Any]) -> list[str]:
    """有证件号的凭证件号，没有的凭电话。"""
    if party.get("identifier"):
        return [secrets.blind_index("id", party["identifier"])]
    return [secrets.blind_index("phone", party["phone"])] if party.get("phone") else []


def _same_act(mine: Mapping[str, Any], other: Mapping[str, Any], done: list[str]) -> bool:
    if not DECIDED & set(done) or {"revoke", "confirmed_unlawful"} & set(done) or not other.get("fine"):
        return False
    if other.get("act_on") != mine.get("act_on"):
        return False
    here, there = _spot(mine.get("spot")), _spot(other.get("spot"))
    return other.get("cause") == mine.get("cause") or bool(here) and here == there


def _spot(value: Any) -> str:
    if not isinstance(value, Mapping):
        return ""
    return str(
        value.get("doorplate") or value.get("address") or f"{value.get('lon', '')},{value.get('lat', '')}"
    )


def parties(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """件上的当事人。"""
    found = values.get("parties") or values.get("party") or []
    items = found if isinstance(found, list) else [found]
    return [one for one in items if isinstance(one, Mapping)]


def born_on(party: Mapping[str, Any]) -> date | None:
    """身份证号里的生日；没有填、不是身份证的为 None。"""
    number = str(party.get("identifier") or "")
    clean, wrong = identifiers.party_identifier(str(party.get("identifier_kind") or ""), number)
    # 9 开头的多半是全是数字的统一社会信用代码。
    return None if wrong or clean.startswith("9") else identifiers.born_on(clean)


def band(born: date, acted: date) -> str:
    """行为那天的年龄段。"""
    age = identifiers.age_on(born, acted)
    return MINOR if age < 14 else YOUNG if age < 18 else ADULT


def age_respected(context: Context, **given: Any) -> bool:
    """年龄填得对，并且依法对待（§30）：不满十四周岁的不得处罚；已满十四不满十八的罚款不得高过从轻档。

    单位写“不适用”；自然人要写年龄段，有身份证号的与生日核对，几个人的按最年轻的。
    """
    values = _values(context, given)
    told = values.get("age_band")
    if values.get("party_kind") == "法人或其他组织":
        # 证件是居民身份证的就是自然人，写成单位会绕过年龄和数额的限制。
        return told == NOT_APPLICABLE and not any(born_on(one) for one in parties(values))
    if told not in (ADULT, YOUNG, MINOR):
        return False
    acted = values.get("act_on")
    births = [born for one in parties(values) if (born := born_on(one)) is not None]
    if births and acted and band(max(births), date.fromisoformat(acted)) != told:
        return False
    fine = values.get("fine") or 0
    if told == MINOR:
        return not fine and values.get("decision_kind") != "处罚"
    if told == YOUNG and fine:
        found = weighing(context, **given).assessment
        return found is None or found.ready and fine <= found.high
    return True


def surcharged(context: Context) -> int | None:
    """到办理那天（写了缴款日期的到那天）应加处的罚款（分，§72）；还说不出数额、到期日的为 None。

    分期的一期看 amount 和 due_on；一次缴清的看 fine 和时限 pay。复议、诉讼期间不算（§73），分期的看上级件的。
    """
    values, view = context.fields, context.view
    amount = values.get("amount") if values.get("due_on") else values.get("fine")
    last = _last_day_to_pay(context, values)
    if not isinstance(amount, int) or last is None:
        return None
    until = date.fromisoformat(values["paid_on"]) if values.get("paid_on") else context.day
    dues = [Due(amount, last, ((until, amount),))] if values.get("paid_on") else [Due(amount, last)]
    paused = dispute(values)
    if view is not None and view.parent:
        above = Case.objects.filter(uid=view.parent).values_list("fields", flat=True).first()
        paused += dispute(above or {})
    return surcharge(dues, until, paused)


def _last_day_to_pay(context: Context, values: Mapping[str, Any]) -> date | None:
    if values.get("due_on"):
        return date.fromisoformat(values["due_on"])
    clocks = [one for one in context.view.clocks if one.name == "pay"] if context.view else []
    if not clocks:
        return None
    return last_day_of(max(one.due_at for one in clocks))


def dispute(values: Mapping[str, Any]) -> list[Period]:
    """件上登记的复议、诉讼期间，先后几次都算；还没有结束的止为 None。"""
    rows = [row for row in values.get("disputes") or [] if row.get("on") and row.get("ended_on")]
    found: list[Period] = [
        (date.fromisoformat(row["on"]), date.fromisoformat(row["ended_on"])) for row in rows
    ]
    if not values.get("dispute_on"):
        return found
    start = date.fromisoformat(values["dispute_on"])
    ended = values.get("dispute_ended_on")
    end = date.fromisoformat(ended) if ended else None
    this = (start, end if end is None or end >= start else None)
    return found if this in found else [*found, this]
