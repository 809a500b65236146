"""登记给业务模板用的名字：人员来源、事实、条件。

模板里的写法：`assign: {area: dispatch.area, unit: dispatch.unit}`、`fill: {spot: dispatch.spot}`、
`call: {name: dispatch.sure, args: {category: field.category, confidence: field.sure}}`。
字段按约定取：类别是 `category`;地点、来件人、件名按模板声明的 located_by、reported_by、summary。
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.registry.models import Area, Unit
from jiezhi.services.dispatch.placing import Placing
from jiezhi.services.dispatch.routing import Suggestion
from jiezhi.services.dispatch.session import session_of, text_of

SURE = 80
"""归类把握给成 0 到 100 的数时，到这么多才算有把握。"""

_UNSURE = frozenset({False, "否", "no", "false", "没有把握", "拿不准"})


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.resolver("dispatch.area", "按地点定的区域", area)
    extensions.resolver(
        "dispatch.area_or_street", "办件所在的区域；没有地点的是办理人管的区域或街道", area_or_street
    )
    extensions.resolver("dispatch.unit", "按分派规则定的单位", unit)
    extensions.resolver("dispatch.up", "责任单位的上级", up)
    extensions.fact("dispatch.spot", "补全坐标和地址的地点", spot)
    extensions.fact("dispatch.unit", "建议的承办单位", suggested_unit)
    extensions.fact("dispatch.received", "收到的时刻", received)
    extensions.condition("dispatch.inside", "是街道内的单位", inside)
    extensions.condition("dispatch.sure", "可以按规则自动派出", sure)


def received(context: Context) -> str:
    """件到本平台的时刻：事情发生在前、导入在后的，是导入的时刻。"""
    return (context.now or context.work.now).isoformat()


def _declared(context: Context, name: str, fallback: str) -> str:
    if context.definition is None:
        return fallback
    return getattr(context.definition.matter, name) or fallback


def _text(context: Context, values: Mapping[str, Any]) -> str:
    return text_of(values, _declared(context, "summary", "subject"))


def _placing(context: Context) -> Placing:
    values = context.fields
    value = values.get(_declared(context, "located_by", "spot"))
    return (
        session_of(context.work)
        .placer(context.work)
        .place(value or values.get("address"), _text(context, values))
    )


def _area_path(context: Context) -> str:
    """件已定的区域；本次改了地点的重新定。"""
    view, name = context.view, _declared(context, "located_by", "spot")
    given = context.values.get(name)
    if view is not None and view.area and (given is None or given == view.fields.get(name)):
        return context.work.look.area_path(view.area)
    return _placing(context).area_path


def _suggest(context: Context, category: Any = None) -> Suggestion:
    category = category if category is not None else context.fields.get("category")
    matter = context.definition.id if context.definition else ""
    router = session_of(context.work).router(context.work)
    return router.route(str(category or ""), _area_path(context), matter, context.now)


def area(context: Context) -> list[str]:
    """区域代码，至多一个。"""
    found = _placing(context).area_code
    return [found] if found else []


def area_or_street(context: Context) -> list[str]:
    """区域代码：填的社区，其次地点所在，其次办理人管的区域，再次整个街道（不然管街道的人办不了）。

    系统随上级件开的，没有地点就不写，随上级件。
    """
    chosen = context.values.get("community")
    if chosen:
        return [str(chosen)]
    actor = context.actor
    if actor is not None and actor.kind == "system":
        return area(context) if context.fields.get(_declared(context, "located_by", "spot")) else []
    found = area(context)
    if found or actor is None:
        return found
    held = context.work.look.holdings(actor.id) if actor.kind == "officer" else []
    paths = [path for _, _, path in held if path]
    known = Area.objects.filter(path__in=paths) if paths else Area.objects.all()
    return list(known.order_by("depth", "path").values_list("code", flat=True)[:1])


def unit(context: Context) -> list[str]:
    """承办单位代码，至多一个；规则定不下来时为空。"""
    found = _suggest(context).unit
    return [found] if found else []


def suggested_unit(context: Context) -> str | None:
    """建议的承办单位代码。"""
    return _suggest(context).unit or None


def spot(context: Context) -> dict[str, str] | None:
    """补全坐标、地址的地点；没有说地点又从文字里认不出的为 None。"""
    return _placing(context).place or None


def up(context: Context) -> list[str]:
    """往上报给谁：责任单位的上级单位；没有上级的，社区报街道；街道自己报这类件的区级单位。"""
    view = context.view
    mine = view.unit if view else None
    units = context.work.look.units()
    parent = units.get(mine or "", ("", None))[1]
    if parent and parent in units:
        return [parent]
    street = _street_unit()
    if street and street != mine and not _is_outside(mine):
        return [street]
    category = str(context.fields.get("category") or "")
    router = session_of(context.work).router(context.work)
    matter = context.definition.id if context.definition else ""
    above = router.route(category, _area_path(context), matter, context.now, outside=True).unit
    return [above] if above and above != mine else []


def _street_unit() -> str | None:
    """街道本级：没有上级、有下级的内设单位。"""
    roots = Unit.objects.filter(kind="internal", parent=None, is_active=True, children__is_active=True)
    return roots.order_by("path").values_list("code", flat=True).first()


def _is_outside(code: str | None) -> bool:
    return bool(code) and Unit.objects.filter(code=code, kind__in=("external", "superior")).exists()


def sure(context: Context, category: Any = None, confidence: Any = None) -> bool:
    """类别有了、归类有把握、恰有一个单位且规则写明可以自动派出。`confidence` 可为是否，或 0 到 100 的数。"""
    if not category:
        return False
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        if confidence in _UNSURE:
            return False
    elif confidence < SURE:
        return False
    found = _suggest(context, category)
    return found.automatic and bool(found.unit)


def inside(context: Context, unit: Any = None) -> bool:
    """承办单位不是外部单位：外部单位不在本平台办件，要走移送。"""
    return unit not in context.work.standing.external
