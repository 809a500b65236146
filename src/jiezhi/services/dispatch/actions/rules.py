"""分派规则的增、改、停。每个都写管理记录；改是另起一段，旧的一段留着。"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import is_administrator, require_active
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import snapshot, write_record
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import Area, Unit
from jiezhi.services.dispatch.models import Rule
from jiezhi.services.dispatch.routing import STAMP

FIELDS = ["category", "area", "matter", "unit", "automatic", "priority", "valid_from", "valid_to", "note"]
CHANGEABLE = frozenset({"category", "area", "matter", "unit", "automatic", "priority", "note"})
KEEPERS = ("dispatcher",)
"""系统管理员之外，还有哪些岗位可以改分派规则。"""


def require_keeper(officer: Officer | None, now: datetime) -> None:
    require_active(officer)
    if officer is None or is_administrator(officer, now):
        return
    if not any(post in KEEPERS for post, _, _ in registry.posts_of(officer, now)):
        raise NotAllowed("分派规则由系统管理员或分拨员维护，请联系他们")


def check_rule(rule: Rule) -> None:
    rule.category = rule.category.strip()
    rule.matter, rule.note = rule.matter.strip(), rule.note.strip()
    problems: dict[str, str] = {}
    if rule.area is not None and not rule.area.is_active:
        problems["area"] = f"“{rule.area.name}”已停用，请另选区域"
    if not rule.unit.is_active:
        problems["unit"] = f"“{rule.unit.name}”已停用，请另选单位"
    if rule.valid_to is not None and rule.valid_to <= rule.valid_from:
        problems["valid_to"] = "停用时间要晚于启用时间"
    if problems:
        raise ValidationError(problems)
    rule.clean_fields(exclude=["area", "unit"])


def _twin(rule: Rule) -> Rule | None:
    """同一类别、区域、模板、单位，时间又重叠的另一条。"""
    others = Rule.objects.filter(category=rule.category, area=rule.area, matter=rule.matter, unit=rule.unit)
    for other in others.exclude(pk=rule.pk):
        starts_before = rule.valid_to is None or other.valid_from < rule.valid_to
        if starts_before and (other.valid_to is None or other.valid_to > rule.valid_from):
            return other
    return None


def create_rule(
    *,
    category: str,
    unit: Unit,
    acting_officer: Officer | None,
    area: Area | None = None,
    matter: str = "",
    automatic: bool = False,
    priority: int = 0,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    note: str = "",
    now: datetime | None = None,
) -> Rule:
    """新设规则。`valid_from` 默认即时（含），`valid_to` 默认不定期（不含）。

    出错：NotAllowed;ValidationError（类别写法不对、单位或区域停用、同样的规则已有）。
    """
    now = now or timezone.now()
    require_keeper(acting_officer, now)
    rule = Rule(
        category=category,
        area=area,
        matter=matter,
        unit=unit,
        automatic=automatic,
        priority=priority,
        valid_from=valid_from or now,
        valid_to=valid_to,
        note=note,
    )
    check_rule(rule)
    with transaction.atomic():
        if twin := _twin(rule):
            raise ValidationError({"category": f"第 {twin.pk} 号规则与此相同，请直接改那一条"})
        rule.save(force_insert=True)
        stamps.touch(STAMP)
        write_record(
            "dispatch.rule.create",
            "新设分派规则",
            rule,
            acting_officer=acting_officer,
            now=now,
            new=snapshot(rule, FIELDS),
        )
    return rule


def change_rule(
    rule: Rule, *, acting_officer: Officer | None, reason: str, now: datetime | None = None, **changes: Any
) -> Rule:
    """改规则：旧的一段到现在为止，新的一段从现在起，返回新的一段；没有变化原样返回。还没有生效的直接改。

    可改 category、area、matter、unit、automatic、priority、note。出错同 create_rule；已停用的不能改。
    """
    now = now or timezone.now()
    require_keeper(acting_officer, now)
    if unknown := set(changes) - CHANGEABLE:
        raise ValueError(f"不能这样修改：{', '.join(sorted(unknown))}")
    if not reason.strip():
        raise ValidationError({"reason": "请写明为什么改"})
    with transaction.atomic():
        rule = Rule.objects.select_for_update(of=("self",)).select_related("unit", "area").get(pk=rule.pk)
        if all(getattr(rule, name) == value for name, value in changes.items()):
            return rule
        fresh = replace_rule(rule, changes, now)
        stamps.touch(STAMP)
        write_record(
            "dispatch.rule.change",
            "修改分派规则",
            fresh,
            acting_officer=acting_officer,
            now=now,
            old={"rule": rule.pk, **snapshot(rule, FIELDS)},
            new=snapshot(fresh, FIELDS),
            note=reason.strip(),
        )
    return fresh


def replace_rule(rule: Rule, changes: Mapping[str, Any], now: datetime) -> Rule:
    if rule.valid_to is not None and rule.valid_to <= now:
        raise ValidationError({"category": "这条规则已经停用，请新设一条"})
    started = rule.valid_from < now
    end = rule.valid_to
    fresh = (
        Rule(**{name: getattr(rule, name) for name in FIELDS}) if started else Rule.objects.get(pk=rule.pk)
    )
    for name, value in changes.items():
        setattr(fresh, name, value)
    fresh.valid_to = end
    if started:
        fresh.valid_from = now
        Rule.objects.filter(pk=rule.pk).update(valid_to=now)
    check_rule(fresh)
    if twin := _twin(fresh):
        raise ValidationError({"category": f"第 {twin.pk} 号规则与此相同，请直接改那一条"})
    fresh.save()
    return fresh


def end_rule(
    rule: Rule,
    *,
    acting_officer: Officer | None,
    reason: str,
    at: datetime | None = None,
    now: datetime | None = None,
) -> Rule:
    """停用规则，自 `at`（默认现在，不能早于现在）起不再用。规则不删除。还没有生效的，从未用过。"""
    now = now or timezone.now()
    at = max(at or now, now)
    require_keeper(acting_officer, now)
    if not reason.strip():
        raise ValidationError({"reason": "请写明为什么停用"})
    with transaction.atomic():
        rule = Rule.objects.select_for_update(of=("self",)).select_related("unit", "area").get(pk=rule.pk)
        if rule.valid_to is not None and rule.valid_to <= at:
            return rule
        old = snapshot(rule, FIELDS)
        rule.valid_to = max(at, rule.valid_from)
        rule.save(update_fields=["valid_to"])
        stamps.touch(STAMP)
        write_record(
            "dispatch.rule.end",
            "停用分派规则",
            rule,
            acting_officer=acting_officer,
            now=now,
            old=old,
            new=snapshot(rule, FIELDS),
            note=reason.strip(),
        )
    return rule
