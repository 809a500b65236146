"""读：谁持有什么有效的证件、持证比例、快到期的。"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.models import Case, CaseField, Clock, Event
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.clockwork import LOCAL

MATTER = "enforcement.certificate"
ENFORCEMENT, REVIEW, BAR = "行政执法证", "法制审核资格", "法律职业资格"
VALID = "valid"


def certificates(officers: Iterable[str], kind: str) -> list[Case]:
    """这些人（人员代号）的某种证件，含注销的；从筛选值查。"""
    held = CaseField.objects.filter(name="holder", text__in=list(officers)).values("case")
    kinds = CaseField.objects.filter(name="kind", text=kind).values("case")
    return list(Case.objects.filter(Q(pk__in=held) & Q(pk__in=kinds), matter=MATTER).order_by("pk"))


def valid_at(found: Iterable[Case], at: datetime) -> set[int]:
    """这些证件里 `at`（带时区）那一刻有效的（主键）：在有效期内，没有暂扣、过期、注销，年审没有过期。

    证件先有、后登记的，登记之前那段按有效期看。不管几张，办理记录和年审各一条语句。
    """
    rows = list(found)
    keys = [one.pk for one in rows]
    events: dict[int, list[tuple[datetime, str, str]]] = defaultdict(list)
    reviews: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    if keys:
        told = Event.objects.filter(case__in=keys).order_by("case", "seq")
        for case, moment, state, action in told.values_list("case", "at", "to_state", "action"):
            events[case].append((moment, state, action))
        clocks = Clock.objects.filter(case__in=keys, name="review")
        for case, start, end in clocks.values_list("case", "started_at", "due_at"):
            reviews[case].append((start, end))
    return {one.pk for one in rows if _stands(one, events[one.pk], reviews[one.pk], at)}


def _stands(
    certificate: Case,
    events: Iterable[tuple[datetime, str, str]],
    reviews: Iterable[tuple[datetime, datetime]],
    at: datetime,
) -> bool:
    fields = certificate.fields
    if any(action == "renew" and moment > at for moment, _, action in events):
        fields = _fields_at(certificate, at)
    if not within(fields, at.astimezone(LOCAL).date().isoformat()):
        return False
    past = [state for moment, state, _ in events if moment <= at]
    if past and past[-1] != VALID:
        return False
    covering = [start <= at < end for start, end in reviews if start <= at]
    return not covering or any(covering)


def within(fields: Mapping[str, str], day: str) -> bool:
    """`day`（YYYY-MM-DD）在不在有效期内，首尾两天都算；没有有效期止的一直有效。"""
    return fields.get("valid_from", "9999") <= day <= fields.get("valid_to", "9999")


def _fields_at(certificate: Case, at: datetime) -> dict[str, str]:
    """换证之前的有效期：从到那一刻为止的办理记录里取；那时还没有登记的取最早登记的。"""
    found: dict[str, str] = {}
    for event in Event.objects.filter(case=certificate.pk).order_by("seq").select_related("payload"):
        if event.at > at and found:
            break
        openings = (
            json.loads(secrets.decrypt(bytes(event.payload.sealed))) if hasattr(event, "payload") else {}
        )
        found |= {name: openings[name]["value"] for name in ("valid_from", "valid_to") if name in openings}
    return {name: value for name, value in found.items() if value}


def holds(officer: str, kind: str, at: datetime) -> bool:
    """这个人（人员代号）在 `at` 有没有某种有效的证件。"""
    return bool(valid_at(certificates([officer], kind), at))


@dataclass(frozen=True, slots=True)
class Rate:
    """持证比例：任执法人员岗位的人，有有效行政执法证的；`without` 是没有的人。"""

    total: int
    certified: int
    without: tuple[Officer, ...]


def certified_rate(at: datetime, post: str = "enforcement_officer") -> Rate:
    """此刻任 `post` 的人里，有几个有有效的行政执法证。"""
    people = registry.officers_with(post, at=at)
    found = certificates([str(person.pk) for person in people], ENFORCEMENT)
    valid = valid_at(found, at)
    held = {str(one.fields.get("holder")) for one in found if one.pk in valid}
    without = [person for person in people if str(person.pk) not in held]
    return Rate(len(people), len(people) - len(without), tuple(without))


def expiring(at: datetime, days: int = 90) -> list[Case]:
    """`days` 天之内到期（含已经过期）而没有注销的证件，先到期的在前。"""
    until: date = at.astimezone(LOCAL).date() + timedelta(days=days)
    soon = CaseField.objects.filter(name="valid_to", text__lte=until.isoformat()).values("case")
    rows = Case.objects.filter(pk__in=soon, matter=MATTER, closed_at=None)
    return sorted(rows, key=lambda one: (str(one.fields.get("valid_to")), one.pk))
