"""读：分派规则、派单建议、可能重复的件、热点。"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from jiezhi.base.accounts.models import AdminRecord
from jiezhi.services.dispatch.duplicates import Duplicate, near_duplicates
from jiezhi.services.dispatch.issues import Issue, Message, group_by_issue
from jiezhi.services.dispatch.models import Rule
from jiezhi.services.dispatch.placing import Placer, Placing, complete_place, place, place_many
from jiezhi.services.dispatch.routing import Choice, Router, Suggestion, route, suggest_from_history

__all__ = [
    "Choice",
    "Duplicate",
    "Issue",
    "Message",
    "Placer",
    "Placing",
    "Router",
    "Suggestion",
    "complete_place",
    "group_by_issue",
    "near_duplicates",
    "place",
    "place_many",
    "route",
    "rule_history",
    "rules_at",
    "suggest_from_history",
]


def rules_at(at: datetime) -> QuerySet[Rule]:
    """在 `at` 有效的规则，按类别、区域排。"""
    valid = Q(valid_from__lte=at) & (Q(valid_to=None) | Q(valid_to__gt=at))
    return (
        Rule.objects.filter(valid)
        .select_related("area", "unit")
        .order_by("category", "area__path", "-priority")
    )


def rule_history(rule: Rule) -> QuerySet[AdminRecord]:
    """这条规则的管理记录，新的在前。"""
    return AdminRecord.objects.filter(target_kind=Rule._meta.label_lower, target_id=str(rule.pk)).order_by(
        "-id"
    )
