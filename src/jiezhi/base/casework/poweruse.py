"""办件时怎样用权责清单：登记给业务模板的条件和事实。

模板里的写法：`call: {name: power.in_force, args: {power: field.cause}}`、`fill: {cause: power.of_matter}`。
看的都是事情发生的那一天（`context.at`），所以事项在办理中途被废止，废止之后的下一步就不成立。
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.statutes import current_statutes
from jiezhi.base.registry.models import PowerVersion
from jiezhi.base.registry.queries import powers
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.powers import EXERCISED, same_class


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.condition("power.in_force", "事项生效，依据和授权在期内，单位相符", in_force)
    extensions.condition("power.basis_in_force", "事项的依据在违法行为那一天有效", basis_in_force)
    extensions.fact("power.of_matter", "这个业务模板唯一生效的事项", of_matter)
    extensions.fact("power.title", "件上事项的名称", title)
    extensions.fact("power.basis", "件上事项可以对外引用的依据", basis)
    extensions.resolver("power.unit", "办理人的单位；网上来的是事项的责任单位", unit)


def in_force(context: Context, power: Any = None) -> bool:
    """事项（代码）在办理那一天能行使。

    版本生效、没有收回；挂的就是这个业务模板（或上级件的），类别相符；依据和授权有效；件的责任单位归它管。
    处罚、强制、检查、许可没有责任单位的不成立。
    """
    at = context.moment
    version = context.work.look.power(power, at) if isinstance(power, str) else None
    if version is None or context.definition is None:
        return False
    line = list(_line(context))
    used = {matter for matter, _ in line} & {version.matter, *version.also}
    if not used or not same_class(version.class_name, context.definition.matter.class_):
        return False
    units = _above(context, next((unit for _, unit in line if unit), None))
    if not units and version.class_name not in EXERCISED:
        return powers.exercisable(version, at)
    return powers.exercisable(version, at, units, current_statutes())


def basis_in_force(context: Context, power: Any = None, on: Any = None) -> bool:
    """事项的依据在违法行为那一天（`on`，YYYY-MM-DD 或时刻）已经施行、没有失效：已核对的各条都要有效。

    行为时还没有的条文不能用来处理它（法不溯及既往）。没有填事项、日期的不成立。
    """
    day = _day(on)
    version = context.work.look.power(power, context.moment) if isinstance(power, str) else None
    if version is None or day is None:
        return False
    lines = [one for one in version.bases if one["status"] == powers.VERIFIED]
    statutes = current_statutes()
    return bool(lines) and all(powers.basis_stands(one, day, statutes) for one in lines)


def of_matter(context: Context) -> str | None:
    """现在挂着这个业务模板的事项代码；一个也没有或不止一个 → None，由人选。"""
    if context.definition is None:
        return None
    version = context.work.look.only_power(context.definition.id, context.moment)
    return version.power.code if version else None


def unit(context: Context) -> list[str]:
    """责任单位：人办的是办理人的单位；网上来的、系统办的是挂着这个业务模板唯一生效的事项的责任单位。"""
    actor = context.actor
    if actor is not None and actor.kind == "officer":
        return [held for _, held, _ in context.work.look.holdings(actor.id)[:1]]
    matter = context.definition.id if context.definition else ""
    version = context.work.look.only_power(matter, context.moment)
    return [version.unit.code] if version and version.unit else []


def title(context: Context) -> str | None:
    """件上（或这次填的）事项的名称；没有填、没有生效的为 None。"""
    version = _version(context)
    return version.title if version else None


def basis(context: Context) -> str | None:
    """件上（或这次填的）事项已核对的依据，写成可以对外引用的样子；一条也没有的为 None。"""
    version = _version(context)
    return "；".join(powers.basis_labels(version.bases)) or None if version else None


def _version(context: Context) -> PowerVersion | None:
    if context.definition is None:
        return None
    known = context.fields
    for name, decl in context.definition.matter.fields.items():
        code = known.get(name)
        if decl.type is FieldType.POWER and isinstance(code, str):
            return context.work.look.power(code, context.moment)
    return None


def _line(context: Context) -> Iterator[tuple[str, str | None]]:
    """件和它的各级上级件：（业务模板，责任单位），从自己起。"""
    assert context.definition is not None
    view = context.view
    yield context.definition.id, view.unit if view else None
    uid, seen = view.parent if view else None, set()
    while uid and uid not in seen:
        seen.add(uid)
        loaded = context.work.loaded.get(uid)
        if loaded is not None:
            yield loaded.definition.id, loaded.view.unit
            uid = loaded.view.parent
            continue
        found = Case.objects.filter(uid=uid).values_list("matter", "unit__code", "parent__uid").first()
        if found is None:
            return
        yield found[0], found[1]
        uid = str(found[2]) if found[2] else None


def _above(context: Context, code: str | None) -> set[str]:
    """单位和它的各级上级；没有单位的为空。"""
    known, found = context.work.standing.units, set[str]()
    while code and code not in found:
        found.add(code)
        code = known.get(code, ("", None))[1]
    return found


def _day(value: Any) -> date | None:
    if isinstance(value, datetime | date):
        return powers.day_of(value)
    if not isinstance(value, str):
        return None
    try:
        return powers.day_of(datetime.fromisoformat(value)) if "T" in value else date.fromisoformat(value)
    except ValueError:
        return None
