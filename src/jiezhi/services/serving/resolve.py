"""登记给业务模板用的名字：视为送达日、下一个受送达人、送达全了没有。

字段照通用做法 served 的约定：`{doc}_to` 受送达人、`{doc}_way` 方式、`{doc}_on` 日期。
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from jiezhi.base.casework.engine.env import party_mark
from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.core.calendar import REGIMES, DayTable, due, parse_duration
from jiezhi.core.procedure.change import in_current_words
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.core.procedure.fields import FieldType

ANNOUNCED, ELECTRONIC = "公告送达", "电子送达"
PERIOD = parse_duration("30日")
REGIME = REGIMES["civil-2023"]


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.fact("serving.party", "下一个还没有送达的当事人", next_party)
    extensions.fact("serving.deemed", "按送达方式和日期算的视为送达日", deemed)
    extensions.condition("serving.is_party", "受送达人是本件当事人", is_party)
    extensions.condition("serving.deemed_right", "视为送达日算得对", deemed_right)
    extensions.condition("serving.all_served", "已送达全体当事人", all_served)


def deemed_day(way: str, on: date, table: DayTable) -> date:
    """视为送达日。公告：自发出公告之日起经过三十日的末日，首日不计、末日休假的顺延（民事诉讼法（2023）§85、§95）；

    其余就是签收、留置、到达、收件那天（§88—§91）。
    """
    if way != ANNOUNCED:
        return on
    found = due(datetime(on.year, on.month, on.day, tzinfo=LOCAL), PERIOD, REGIME, table)
    assert found.last_day is not None
    return found.last_day


def deemed(context: Context) -> str | None:
    """视为送达日（YYYY-MM-DD）；本次没有填方式、日期的为 None。"""
    for name, way in context.values.items():
        on = context.values.get(f"{name.removesuffix('_way')}_on")
        if name.endswith("_way") and way and on:
            return deemed_day(str(way), date.fromisoformat(str(on)), context.work.table).isoformat()
    return None


def deemed_right(context: Context, way: Any, on: Any, deemed: Any, arrived: Any = None) -> bool:
    """送达日期不晚于办理的时刻，电子送达与到达时间同一天，视为送达日就是算出的那天。"""
    if not (way and on and deemed):
        return False
    day = date.fromisoformat(str(on))
    if day > context.day:
        return False
    moment = datetime.fromisoformat(str(arrived)).astimezone(LOCAL) if arrived else None
    if way == ELECTRONIC and moment is not None and moment.date() != day:
        return False
    return bool(deemed == deemed_day(str(way), day, context.work.table).isoformat())


def is_party(context: Context, to: Any, parties: Any) -> bool:
    """受送达人与本件某个当事人的登记一字不差：各人的期间按它区分。"""
    return to is not None and to in several(parties)


def all_served(context: Context, parties: Any, served: str) -> bool:
    """最近一次做 `served`（作出这种文书）之后，每个当事人都送达过，且视为送达日都到了。"""
    wanted = {party_mark(party) for party in several(parties)}
    if context.view is None or not wanted:
        return False
    found = served_days(context.work.bodies(context.view.uid), served)
    today = context.day.isoformat()
    return all(found.get(mark, "9999") <= today for mark in wanted)


def next_party(context: Context) -> dict[str, Any] | None:
    """还没有送达的第一个当事人；填了姓名等一部分的，是与它相符的那个当事人。"""
    matter, view = context.definition.matter if context.definition else None, context.view
    if matter is None or view is None:
        return None
    fields = matter.fields
    name = next((n for n in context.values if n.endswith("_to") and fields[n].type is FieldType.PARTY), "")
    known = next((n for n, one in fields.items() if one.type is FieldType.PARTY and one.many), "")
    parties = several(view.fields.get(known))
    given = context.values.get(name)
    if isinstance(given, Mapping):
        return next((one for one in parties if given.items() <= one.items()), None)
    done = served_days(context.work.bodies(view.uid), name.removesuffix("_to"))
    return next((one for one in parties if party_mark(one) not in done), None)


def served_days(bodies: Iterable[Mapping[str, Any]], served: str) -> dict[str, str]:
    """最近一次做 `served` 之后送达了谁：当事人标识 → 视为送达日。`bodies` 是一件的办理记录内容，从旧到新。"""
    found: dict[str, str] = {}
    for body in in_current_words(bodies):
        effects = body["effects"]
        if served in effects.get("done", ()) or served in effects.get("cleared", ()):
            found = {}
        if served in effects.get("serves", ()):
            found[effects["served"]["to"]] = effects["served"]["deemed"]
    return found


def several(value: Any) -> list[dict[str, Any]]:
    """当事人字段的值 → 各个当事人；依法清除了的、没有填的不算。"""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]
