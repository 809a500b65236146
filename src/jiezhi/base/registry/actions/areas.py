"""区域与边界。"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import apply_changes, snapshot, write_record
from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import Area, AreaLevel, AreaVersion

AREA_FIELDS = ["code", "name", "level", "parent"]


def build_area(*, code: str, name: str, level: str, parent: Area | None) -> Area:
    """组成还没保存的区域，算好 path 与 depth。出错：ValidationError。"""
    code = code.strip()
    if level not in AreaLevel.values:
        raise ValidationError({"level": f"没有“{level}”这一级，应为 {'、'.join(AreaLevel.values)} 之一"})
    if parent is not None and AreaLevel(parent.level).rank >= AreaLevel(level).rank:
        raise ValidationError(
            {"parent": f"{AreaLevel(level).label}不能放在{AreaLevel(parent.level).label}“{parent.name}”之下"}
        )
    own = code
    if parent is not None and code.startswith(parent.code) and code != parent.code:
        own = code[len(parent.code) :]
    path = f"{parent.path if parent else '/'}{own}/"
    return Area(
        code=code, name=name.strip(), level=level, parent=parent, path=path, depth=path.count("/") - 1
    )


def check_polygon(geometry: Any, name: str) -> str:
    """边界能不能用。返回自动修复的说明（没有为空串）。出错：ValidationError（说哪里不对、怎样改）。"""
    from jiezhi.core.space import AreaIndex

    try:
        index = AreaIndex([(name, geometry)])
    except ValueError as error:
        raise ValidationError({"geometry": str(error)}) from error
    return index.repaired[0].reason if index.repaired else ""


def create_area(
    *,
    code: str,
    name: str,
    level: str,
    acting_officer: Officer | None,
    parent: Area | None = None,
    geometry: dict[str, Any] | None = None,
    valid_from: datetime | None = None,
    reason: str = "首次登记",
    now: datetime | None = None,
) -> Area:
    """新设区域；给了 `geometry`(GeoJSON 面，WGS-84)就同时登记第一版边界，自 `valid_from`（默认即时）起。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    area = build_area(code=code, name=name, level=level, parent=parent)
    area.full_clean()
    repaired = check_polygon(geometry, area.name) if geometry is not None else ""
    with transaction.atomic():
        area.save(force_insert=True)
        if geometry is not None:
            AreaVersion.objects.create(
                area=area, geometry=geometry, valid_from=valid_from or now, reason=reason
            )
            stamps.touch(stamps.AREAS)
        write_record(
            "area.create",
            "新设区域",
            area,
            acting_officer=acting_officer,
            now=now,
            new={**snapshot(area, AREA_FIELDS), "has_polygon": geometry is not None},
            note=f"边界已自动修复：{repaired}" if repaired else "",
        )
    return area


def change_area(
    area: Area, *, name: str, acting_officer: Officer | None, now: datetime | None = None
) -> Area:
    """改区域名称。代码、级别、上级不能改：请停用后另设。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    with transaction.atomic():
        area = Area.objects.select_for_update().get(pk=area.pk)
        changed, old, new = apply_changes(area, {"name": name.strip()})
        if changed:
            area.full_clean()
            area.save(update_fields=changed)
            write_record(
                "area.change", "修改区域", area, acting_officer=acting_officer, now=now, old=old, new=new
            )
    return area


def replace_polygon(
    area: Area, geometry: dict[str, Any], *, reason: str, effective: datetime
) -> dict[str, Any]:
    """关旧版、开新版；返回旧版的起止供记录。调用者负责事务、检查图形和换戳。"""
    last = AreaVersion.objects.select_for_update().filter(area=area).order_by("-valid_from").first()
    old: dict[str, Any] = {}
    if last is not None:
        if effective <= last.valid_from:
            start = timezone.localtime(last.valid_from)
            raise ValidationError(
                {
                    "effective": f"新边界的生效时间要晚于“{area.name}”上一版的起始时间（{start:%Y-%m-%d %H:%M}）"
                }
            )
        old = snapshot(last, ["valid_from", "valid_to"]) | {"version": last.pk}
        if last.valid_to is None or last.valid_to > effective:
            last.valid_to = effective
            last.save(update_fields=["valid_to"])
    AreaVersion.objects.create(area=area, geometry=geometry, valid_from=effective, reason=reason)
    return old


def change_area_polygon(
    area: Area,
    geometry: dict[str, Any],
    *,
    reason: str,
    acting_officer: Officer | None,
    effective: datetime | None = None,
    now: datetime | None = None,
) -> AreaVersion:
    """改边界：旧版到 `effective`（默认即时）为止，新版从那时起。历史不改。"""
    now = now or timezone.now()
    effective = effective or now
    require_administrator(acting_officer, now)
    if not reason.strip():
        raise ValidationError({"reason": "请写明改边界的原因（如批准文件）"})
    repaired = check_polygon(geometry, area.name)
    with transaction.atomic():
        area = Area.objects.select_for_update().get(pk=area.pk)
        if not area.is_active:
            raise ValidationError({"area": f"{area.name}已停用，不能改边界"})
        old = replace_polygon(area, geometry, reason=reason.strip(), effective=effective)
        version = AreaVersion.objects.get(area=area, valid_from=effective)
        stamps.touch(stamps.AREAS)
        write_record(
            "area.polygon",
            "改区域边界",
            area,
            acting_officer=acting_officer,
            now=now,
            old=old,
            new={"version": version.pk, "valid_from": effective.isoformat()},
            note=f"{reason.strip()}{f';边界已自动修复：{repaired}' if repaired else ''}",
        )
    return version


def close_area(
    area: Area, *, reason: str, acting_officer: Officer | None, now: datetime | None = None
) -> Area:
    """停用区域，边界到此为止；历史照旧查得到。下面还有在用区域的不能停用。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if not reason.strip():
        raise ValidationError({"reason": "请写明停用原因"})
    with transaction.atomic():
        area = Area.objects.select_for_update().get(pk=area.pk)
        if not area.is_active:
            raise ValidationError({"area": f"{area.name}已经停用"})
        if below := area.children.filter(is_active=True).count():
            raise ValidationError({"area": f"下面还有 {below} 个在用的区域，请先停用它们"})
        area.is_active = False
        area.save(update_fields=["is_active"])
        # 还没生效的版本随之作废；正在生效的到此为止。
        AreaVersion.objects.filter(area=area, valid_from__gte=now).delete()
        current = AreaVersion.objects.filter(area=area).order_by("-valid_from").first()
        if current is not None and (current.valid_to is None or current.valid_to > now):
            current.valid_to = now
            current.save(update_fields=["valid_to"])
        stamps.touch(stamps.AREAS)
        write_record(
            "area.close",
            "停用区域",
            area,
            acting_officer=acting_officer,
            now=now,
            old={"is_active": True},
            new={"is_active": False},
            note=reason.strip(),
        )
    return area
