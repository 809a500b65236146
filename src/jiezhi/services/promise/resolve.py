"""给业务模板用的事实和条件：受理日、缺的材料、告知单列全没有、超期说明了没有。日子都按北京时间。"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.checklist import Lacking, lacking
from jiezhi.core.procedure.guide import main_clock

EXPLAINED = "explain_late"
TELL = "tell"
"""一次性告知的时限（通用做法 intake）。"""


def register() -> None:
    """登记；在 AppConfig.ready() 里调用。"""
    extensions.fact("promise.today", "今天", today)
    extensions.fact("promise.accepted_on", "应当受理的日子", accepted_on)
    extensions.fact("promise.lacking", "缺的材料", lacking_rows)
    extensions.fact("promise.day_after_valid", "有效期届满的次日", day_after_valid)
    extensions.condition("promise.not_later", "受理日没有推迟", not_later)
    extensions.condition("promise.not_deemed", "还没有视为受理", not_deemed)
    extensions.condition("promise.notice_lists_all", "告知单列全了", notice_lists_all)
    extensions.condition("promise.late_explained", "超期的说明了理由", late_explained)


def today(context: Context) -> str:
    """办理的当天（补录的是事情发生的那天）。"""
    return context.day.isoformat()


def not_deemed(context: Context) -> bool:
    """没有视为受理：一次性告知的时限不在走，或者还没有届满。"""
    clocks = context.view.clocks if context.view else []
    return not any(one.name == TELL and one.live and one.due_at <= context.moment for one in clocks)


def accepted_on(context: Context) -> str:
    """应当受理的日子：办理的当天；逾期没有告知补正的，是收到材料的日子。"""
    opened = context.view.opened_at if context.view else None
    if not_deemed(context) or opened is None:
        return today(context)
    return opened.astimezone(CHINA).date().isoformat()


def _lacking(context: Context) -> list[Lacking]:
    if context.definition is None:
        return []
    done = context.view.done if context.view else frozenset()
    return lacking(context.definition, context.fields, done)


def lacking_rows(context: Context) -> list[dict[str, str]] | None:
    """缺的材料，一样一行（告知单用）；都齐了为 None。"""
    return [one.row() for one in _lacking(context)] or None


def day_after_valid(context: Context) -> str | None:
    """字段 valid_to（有效期至，含当天）的次日；没有填为 None。"""
    value = context.values.get("valid_to")
    return (date.fromisoformat(str(value)) + timedelta(days=1)).isoformat() if value else None


def not_later(context: Context, date: Any) -> bool:  # noqa: A002
    """日期不晚于应当受理的日子；没有填算不成立。"""
    return bool(date) and str(date) <= accepted_on(context)


def notice_lists_all(context: Context, items: Any = None, more: Any = None) -> bool:
    """告知单里缺的每一样都有；没有缺的，要写明交来的材料哪里要改。"""
    missing = {one.title for one in _lacking(context)}
    listed = {str(row.get("material", "")) for row in items or []}
    return missing <= listed and bool(listed or more)


def late_explained(context: Context) -> bool:
    """办理时限没有超过；超过的已经公开说明理由。按时限到期的时刻算（到期是不含在内的终点）。"""
    if context.view is None or context.definition is None or EXPLAINED in context.view.done:
        return True
    name = main_clock(context.definition)
    clocks = [one for one in context.view.clocks if one.name == name and one.status != "paused"]
    return not any(one.due_at <= (one.ended_at or context.moment) for one in clocks)
