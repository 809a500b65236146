"""成批导入分派规则。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import snapshot, write_record
from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import Area, Unit
from jiezhi.services.dispatch.actions.rules import check_rule, replace_rule, require_keeper
from jiezhi.services.dispatch.models import Rule
from jiezhi.services.dispatch.routing import STAMP

MAX_PROBLEMS = 50
_YES, _NO = frozenset({"是", "1", "true", "自动", "√"}), frozenset({"否", "0", "false", "", "人工", "none"})


@dataclass(frozen=True)
class RuleImport:
    """新增、有改动、停用、没有变化的条数；`ties` 是同样具体而单位不同、将来要人选的说明。"""

    created: int
    changed: int
    ended: int
    same: int
    ties: tuple[str, ...] = ()


def import_rules(
    rows: Iterable[Mapping[str, Any]],
    *,
    reason: str,
    acting_officer: Officer | None,
    replace: bool = False,
    now: datetime | None = None,
) -> RuleImport:
    """导入分派规则表。要么全部成功，要么一条不进，并一次说出所有问题。

    每行：category（或 category 加 subcategory）、unit（单位代码、名称或简称），可有 area（区域代码或名称）、
    matter、automatic（是、否）、priority、note。按 类别+区域+模板+单位 与现行规则对上：自动、优先、
    说明有变就换新的一段。
    `replace` 为真时，表里没有的现行规则一并停用。
    """
    now = now or timezone.now()
    require_keeper(acting_officer, now)
    if not reason.strip():
        raise ValidationError({"reason": "请写明导入的原因或依据"})
    wanted = _read(rows, now)
    with transaction.atomic():
        current = {
            _key(rule): rule
            for rule in Rule.objects.select_for_update(of=("self",))
            .filter(valid_to=None)
            .select_related("unit", "area")
        }
        created: list[Rule] = []
        changed: list[dict[str, Any]] = []
        same = 0
        for key, rule in wanted.items():
            known = current.get(key)
            if known is None:
                created.append(rule)
                continue
            changes = {
                name: getattr(rule, name)
                for name in ("automatic", "priority", "note")
                if getattr(rule, name) != getattr(known, name)
            }
            if not changes:
                same += 1
                continue
            fresh = replace_rule(known, changes, now)
            changed.append({"rule": known.pk, "now": fresh.pk, **snapshot(fresh, list(changes))})
        gone = [rule for key, rule in current.items() if key not in wanted] if replace else []
        for rule in gone:
            rule.valid_to = max(now, rule.valid_from)
        Rule.objects.bulk_update(gone, ["valid_to"])
        Rule.objects.bulk_create(created, batch_size=500)
        stamps.touch(STAMP)
        write_record(
            "dispatch.rule.import",
            "导入分派规则",
            Rule,
            acting_officer=acting_officer,
            now=now,
            new={
                "created": [str(rule) for rule in created],
                "changed": changed,
                "ended": [rule.pk for rule in gone],
                "same": same,
            },
            note=reason.strip(),
        )
        ties = _ties(Rule.objects.filter(valid_to=None).select_related("unit", "area"))
    return RuleImport(len(created), len(changed), len(gone), same, ties)


def _key(rule: Rule) -> tuple[str, int | None, str, int]:
    return rule.category, rule.area_id, rule.matter, rule.unit_id


def _ties(rules: Iterable[Rule]) -> tuple[str, ...]:
    groups: dict[tuple[Any, ...], list[Rule]] = {}
    for rule in rules:
        groups.setdefault((rule.category, rule.area_id, rule.matter, rule.priority), []).append(rule)
    return tuple(
        f"“{found[0].category}”{found[0].area.name if found[0].area else '全街道'}同时归"
        f"{'、'.join(str(rule.unit) for rule in found)}，来件要人工选定；想自动派出请只留一个，或分出优先"
        for found in groups.values()
        if len(found) > 1
    )


def _read(rows: Iterable[Mapping[str, Any]], now: datetime) -> dict[tuple[str, int | None, str, int], Rule]:
    units: dict[str, Unit] = {}
    for one in Unit.objects.filter(is_active=True):
        units.update({word: one for word in (one.code, one.name, one.short) if word})
    areas: dict[str, Area] = {}
    for each in Area.objects.filter(is_active=True):
        areas.update({each.code: each, each.name: each})
    wanted: dict[tuple[str, int | None, str, int], Rule] = {}
    problems: list[str] = []
    for number, row in enumerate(rows, start=1):
        text = {key: "" if value is None else str(value).strip() for key, value in row.items()}
        where = f"第 {number} 行："
        category = "/".join(part for part in (text.get("category", ""), text.get("subcategory", "")) if part)
        unit, area = units.get(text.get("unit", "")), areas.get(text.get("area", ""))
        automatic = text.get("automatic", "").lower()
        lacking = []
        if unit is None:
            lacking.append(
                f"没有“{text.get('unit', '')}”这个在用单位" if text.get("unit") else "缺少承办单位 unit"
            )
        if text.get("area") and area is None:
            lacking.append(f"没有“{text['area']}”这个在用区域")
        if automatic not in _YES | _NO:
            lacking.append(f"自动派出只能写“是”或“否”，现在是“{text['automatic']}”")
        if text.get("priority") and not text["priority"].lstrip("-").isdigit():
            lacking.append(f"优先应为整数，现在是“{text['priority']}”")
        if not category:
            lacking.append("缺少类别 category")
        if lacking or unit is None:
            problems += [where + problem for problem in lacking]
            continue
        rule = Rule(
            category=category,
            area=area,
            matter=text.get("matter", ""),
            unit=unit,
            automatic=automatic in _YES,
            priority=int(text.get("priority") or 0),
            valid_from=now,
            note=text.get("note", ""),
        )
        try:
            check_rule(rule)
        except ValidationError as error:
            problems.append(where + ";".join(error.messages))
            continue
        if _key(rule) in wanted:
            problems.append(f"{where}与前面的一行重复")
        wanted[_key(rule)] = rule
    if problems:
        more = len(problems) - MAX_PROBLEMS
        tail = [f"另有 {more} 个问题，改好上面的再导入"] if more > 0 else []
        raise ValidationError({"rules": problems[:MAX_PROBLEMS] + tail})
    return wanted
