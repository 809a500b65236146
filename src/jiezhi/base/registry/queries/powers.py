"""权责清单：某一天哪一版生效，各版，各类多少，给公众看的清单。

日子都按北京时间算：一版在 [valid_from, valid_to) 各日有效；授权的起止两日都算在内。
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from jiezhi.base.registry.models import PowerVersion
from jiezhi.base.registry.models.powers import PUBLISHED
from jiezhi.core.calendar import stands
from jiezhi.core.procedure.law import CAN_STOP, StatuteDecl
from jiezhi.core.procedure.powers import CLASSES, DUTIES, EXERCISED, LASTING, basis_line

VERIFIED = "已核对"
_COMPARED = {
    "title": "名称",
    "class": "类别",
    "duty": "职责类别",
    "bases": "依据",
    "authorisation": "授权",
    "unit": "承办单位",
    "fee": "收费",
}
Statutes = Mapping[str, StatuteDecl]


def day_of(at: datetime | date) -> date:
    """这一刻是北京时间的哪一天。"""
    return timezone.localtime(at).date() if isinstance(at, datetime) else at


def effective(at: datetime | date) -> Q:
    """那一天有效的版本（PowerVersion 的条件）。"""
    day = day_of(at)
    ends = Q(valid_to=None) | Q(valid_to__gt=day)
    return Q(status__in=PUBLISHED, valid_from__lte=day) & ends


def in_force(code: str, at: datetime | date) -> PowerVersion | None:
    """事项在那一天有效的版本；没有 → None。只看版本的起止，授权在不在期内另看 `authorised`。"""
    found = PowerVersion.objects.filter(effective(at), power__code=code)
    return found.select_related("power", "unit").first()


def class_of(code: str, at: datetime | date) -> str | None:
    """事项的类别：那一天有效的版本的，没有有效的取最后一版的；没有登记过这个事项 → None。"""
    version = in_force(code, at) or versions(code).last()
    return version.class_name if version else None


def all_in_force(at: datetime | date) -> QuerySet[PowerVersion]:
    """那一天有效的全部事项，按代码排。"""
    found = PowerVersion.objects.filter(effective(at)).select_related("power", "unit")
    return found.order_by("power__code")


def of_matter(matter: str, at: datetime | date) -> list[str]:
    """那一天挂着这个业务模板的事项代码。"""
    found = PowerVersion.objects.filter(effective(at), matter=matter).order_by("power__code")
    return list(found.values_list("power__code", flat=True))


def versions(code: str) -> QuerySet[PowerVersion]:
    """一个事项的全部版本，从旧到新。"""
    found = PowerVersion.objects.filter(power__code=code).order_by("number")
    return found.select_related("power", "unit", "drafted_by", "reviewed_by", "published_by")


def latest() -> list[PowerVersion]:
    """每个事项一行：有生效的取生效的，没有的取最后一版（改过稿的不算）。按代码排。"""
    rank = {"in_force": 0, "ready": 1, "review": 1, "draft": 1, "ended": 2, "dropped": 3}
    chosen: dict[int, PowerVersion] = {}
    for row in PowerVersion.objects.select_related("power", "unit").order_by("power__code", "-number"):
        held = chosen.get(row.power_id)
        if held is None or rank[row.status] < rank[held.status]:
            chosen[row.power_id] = row
    return list(chosen.values())


def authorised(version: PowerVersion, at: datetime | date, statutes: Statutes | None = None) -> bool:
    """那一天授权已核对、在起止之内；条文直接授权的，给了现行名录 `statutes` 就连同那一条有没有失效一起看。"""
    held, day = version.authorisation, day_of(at).isoformat()
    if held.get("status") != VERIFIED or not held.get("announcement") or not held.get("from"):
        return False
    to = held.get("to")
    if held.get("article") and _lapsed(held["article"], at, statutes):
        return False
    return bool(held["from"] <= day and to and (to == LASTING or day <= to))


def exercisable(
    version: PowerVersion,
    at: datetime | date,
    units: Container[str] | None = None,
    statutes: Statutes | None = None,
) -> bool:
    """那一天能不能凭这一版行使：没有收回；处罚、强制、检查、许可还要依据已核对且有效、授权在起止之内。

    `units` 是行使的单位和它的各级上级的代码，责任单位要在其中；不给不查。`statutes` 是现行的法律名录：公布之后才标的
    失效日也算。版本本身有没有生效由调用者先看。
    """
    if version.duty == "收回":
        return False
    if units is not None and version.unit and version.unit.code not in units:
        return False
    if version.class_name not in EXERCISED:
        return True
    return bool(verified_bases(version, at, statutes)) and authorised(version, at, statutes)


def verified_bases(
    version: PowerVersion, on: datetime | date, statutes: Statutes | None = None
) -> list[dict[str, Any]]:
    """这一版里已核对、那一天有效的依据。`statutes` 见 `basis_stands`。"""
    return [one for one in version.bases if one["status"] == VERIFIED and basis_stands(one, on, statutes)]


def basis_stands(line: dict[str, Any], on: datetime | date, statutes: Statutes | None = None) -> bool:
    """这一条在那一天有没有效（施行日含，失效日不含）。

    给了现行的法律名录 `statutes`，名录里后来标的失效日也算：只会更紧，名录里没有的照冻结的看。
    """
    day = day_of(on).isoformat()
    return stands(line["in_force"], line["until"], day) and not _lapsed(line["cite"], on, statutes)


def _lapsed(reference: str, on: datetime | date, statutes: Statutes | None) -> bool:
    now = basis_line(statutes, reference) if statutes is not None else None
    return bool(now and now["until"] and day_of(on).isoformat() >= now["until"])


def counts(at: datetime | date) -> dict[str, dict[str, int]]:
    """那一天有效的事项各有多少：`classes` 按类别，`duties` 按职责类别，没有的也列 0；`total` 里是总数。"""
    rows = PowerVersion.objects.filter(effective(at)).values_list("class_name", "duty")
    classes, duties = Counter(one for one, _ in rows), Counter(one for _, one in rows)
    return {
        "classes": {name: classes[name] for name in CLASSES},
        "duties": {name: duties[name] for name in DUTIES},
        "total": {"total": sum(classes.values())},
    }


def public_list(at: datetime | date) -> list[dict[str, Any]]:
    """给公众看的清单：那一天有效的事项。待核、只核对过网页的条文不对外引用。"""
    return [public_row(row) for row in all_in_force(at)]


def public_row(row: PowerVersion) -> dict[str, Any]:
    """清单上的一个事项给公众看的样子。"""
    return {
        "code": row.power.code,
        "title": row.title,
        "class": row.class_name,
        "duty": row.duty,
        "bases": basis_labels(row.bases),
        "authorisation": _authorisation_label(row.authorisation),
        "unit": row.unit.name if row.unit else "",
        "fee": row.fee,
        "since": row.valid_from,
        "version": row.number,
        "digest": row.digest,
    }


@dataclass(frozen=True, slots=True)
class PublicChange:
    """清单上的一次变动：第几版、名称、自哪天起到哪天前有效（没有止的为 None）、与前一版比改了哪些、为什么废止。"""

    number: int
    title: str
    since: date
    until: date | None
    changed: tuple[str, ...]
    ended_because: str


def public_history(code: str, at: datetime | date) -> list[PublicChange]:
    """一个事项生效过的各版，新的在前；没有公布的稿子、起草和审核的人都不给，还没到起日的也不给。"""
    took_effect = Q(valid_to=None) | Q(valid_to__gt=F("valid_from"))
    rows = PowerVersion.objects.filter(
        took_effect, power__code=code, status__in=PUBLISHED, valid_from__lte=day_of(at)
    ).select_related("power", "unit")
    found: list[PublicChange] = []
    before: dict[str, Any] = {}
    for row in rows.order_by("number"):
        now = public_row(row)
        changed = tuple(said for key, said in _COMPARED.items() if before and before[key] != now[key])
        assert row.valid_from is not None  # 公布了的都有起日（数据库的约束）
        found.append(
            PublicChange(row.number, row.title, row.valid_from, row.valid_to, changed, row.ended_because)
        )
        before = now
    return found[::-1]


def basis_labels(lines: Iterable[dict[str, Any]]) -> list[str]:
    """可以对外引用的依据写法，如 《行政处罚法》（2021年修订）第60条。"""
    said = []
    for one in lines:
        if one["status"] in CAN_STOP:
            number, _, item = one["article"].partition("-")
            where = f"第{number}条" + (f"第（{item}）项" if item else "") if number.isdigit() else ""
            said.append(f"《{one['name']}》（{one['version']}）{where}")
    return said


def _authorisation_label(held: dict[str, Any]) -> str:
    if held.get("status") != VERIFIED or not held.get("announcement"):
        return ""
    to = "长期" if held.get("to") == LASTING else f"至 {held.get('to')}"
    return f"{held['announcement']}（自 {held.get('from')} 起，{to}）"
