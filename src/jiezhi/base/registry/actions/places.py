"""地点。"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import apply_changes, snapshot, write_record
from jiezhi.base.registry.addresses import normalise_address
from jiezhi.base.registry.models import Area, AreaLevel, Place
from jiezhi.base.registry.queries.areas import area_index

PLACE_FIELDS = ["doorplate", "address", "lon", "lat", "area", "kind"]


def locate(lon: float | None, lat: float | None, at: datetime) -> Area | None:
    """坐标落在哪个网格；没有坐标或不在任何网格为 None。"""
    if lon is None or lat is None:
        return None
    key = area_index(AreaLevel.GRID, at).locate(lon, lat)
    return None if key is None else Area.objects.get(pk=key)


def check_place(place: Place, *, alone: bool = True) -> None:
    """检查一个地点；成批时 `alone=False`,不逐条查库看门牌是否重复。出错：ValidationError。"""
    problems: dict[str, str] = {}
    if not place.address:
        problems["address"] = "请填写地址"
    elif not place.address_key:
        problems["address"] = "地址里没有可以辨认的文字，请重新填写"
    if (place.lon is None) != (place.lat is None):
        problems["lon"] = "经度和纬度要一起填"
    if place.area is not None and place.area.level not in (AreaLevel.GRID, AreaLevel.BUILDING):
        problems["area"] = f"地点要归到网格或楼栋，“{place.area.name}”是{AreaLevel(place.area.level).label}"
    if problems:
        raise ValidationError(problems)
    place.clean_fields(exclude=["area"])
    if alone:
        place.validate_unique()
        place.validate_constraints()


def build_place(
    *,
    address: str,
    doorplate: str | None = None,
    lon: float | None = None,
    lat: float | None = None,
    area: Area | None = None,
    kind: str = "other",
) -> Place:
    return Place(
        address=address.strip(),
        address_key=normalise_address(address),
        doorplate=secrets.normalise(doorplate or "") or None,
        lon=lon,
        lat=lat,
        area=area,
        kind=kind,
    )


def create_place(
    *,
    address: str,
    acting_officer: Officer | None,
    doorplate: str | None = None,
    lon: float | None = None,
    lat: float | None = None,
    area: Area | None = None,
    kind: str = "other",
    now: datetime | None = None,
) -> Place:
    """登记地点。没指定网格而有坐标（WGS-84）时，按现行边界定网格。"""
    now = now or timezone.now()
    require_active(acting_officer)
    place = build_place(address=address, doorplate=doorplate, lon=lon, lat=lat, area=area, kind=kind)
    if place.area is None:
        place.area = locate(lon, lat, now)
    check_place(place)
    with transaction.atomic():
        place.save(force_insert=True)
        write_record(
            "place.create",
            "登记地点",
            place,
            acting_officer=acting_officer,
            now=now,
            new=snapshot(place, PLACE_FIELDS),
        )
    return place


def change_place(
    place: Place, *, acting_officer: Officer | None, now: datetime | None = None, **changes: Any
) -> Place:
    """改地点的 address、doorplate、lon、lat、area、kind、is_active。

    只改坐标时网格不自动改，请一并给 `area`。
    """
    now = now or timezone.now()
    require_active(acting_officer)
    if unknown := set(changes) - {*PLACE_FIELDS, "is_active"}:
        raise ValueError(f"不能这样修改：{', '.join(sorted(unknown))}")
    if "doorplate" in changes:
        changes["doorplate"] = secrets.normalise(changes["doorplate"] or "") or None
    with transaction.atomic():
        place = Place.objects.select_for_update(of=("self",)).select_related("area").get(pk=place.pk)
        changed, old, new = apply_changes(place, changes)
        if not changed:
            return place
        place.address_key = normalise_address(place.address)
        check_place(place)
        place.save(update_fields=[*changed, "address_key"])
        write_record(
            "place.change", "修改地点", place, acting_officer=acting_officer, now=now, old=old, new=new
        )
    return place
