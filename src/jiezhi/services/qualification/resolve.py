"""登记给业务模板用的名字：有没有有效的执法证件、法制审核资格，换证提醒从哪天起。

证件是业务模板 enforcement.certificate 的件：字段 holder、kind、valid_from、valid_to，环节 valid 是有效，
时限 review 是年审。资格看的是事情发生的时刻（`context.at`），不是登记的时刻。
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.core.calendar import REGIMES, Duration, due_before, last_day_of, parse_duration
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.services.qualification import queries
from jiezhi.services.qualification.queries import BAR, ENFORCEMENT, REVIEW


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.condition("certificate.enforcement", "有效的行政执法证", enforcement)
    extensions.condition("certificate.legal_review", "有效的法制审核资格", legal_review)
    extensions.condition("certificate.bar_if_first", "初次从事法制审核的有法律职业资格", bar_if_first)
    extensions.condition("certificate.established", "在编在职", established)
    extensions.fact("certificate.remind_on", "从哪天起提醒换证", remind_on)


def enforcement(context: Context, officer: Any = None) -> bool:
    """事情发生时 `officer`（人员代号，不写是办理人）有没有有效的行政执法证。行政处罚法（2021）§42、§76（五）。"""
    return _holds(context, officer, ENFORCEMENT)


def legal_review(context: Context, officer: Any = None) -> bool:
    """有没有有效的法制审核资格。初次从事的要先有法律职业资格（同法§58第二款），发资格时查。"""
    return _holds(context, officer, REVIEW)


def bar_if_first(context: Context, officer: Any, kind: Any, first: Any = None) -> bool:
    """登记的是法制审核资格而且初次从事的，持证人有没有法律职业资格（行政处罚法（2021）§58第二款）。"""
    return kind != REVIEW or first is False or _holds(context, officer, BAR)


def established(context: Context, officer: Any = None) -> bool:
    """是不是在编人员。"""
    pk = _officer(context, officer)
    return bool(pk) and Officer.objects.filter(pk=pk, staff_kind="established").exists()


def remind_on(context: Context) -> str | None:
    """换证时限（renew）从哪天起算，才正好在有效期最后一天的末了届满；没有有效期的为 None。"""
    last = context.values.get("valid_to")
    if not last or context.definition is None:
        return None
    day = date.fromisoformat(str(last))
    end = datetime(day.year, day.month, day.day, tzinfo=LOCAL) + timedelta(days=1)
    limit = parse_duration(context.definition.matter.clocks["renew"].limit or "90日")
    assert isinstance(limit, Duration)
    latest = due_before(end, limit, REGIMES["office"], context.work.table).at
    return last_day_of(latest).isoformat()


def _holds(context: Context, officer: Any, kind: str) -> bool:
    pk = _officer(context, officer)
    return bool(pk) and queries.holds(pk, kind, context.moment)


def _officer(context: Context, officer: Any) -> str:
    if officer is not None:
        return str(officer)
    return context.actor.id if context.actor and context.actor.kind == "officer" else ""
