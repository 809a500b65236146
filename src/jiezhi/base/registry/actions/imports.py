"""成批导入区域、地点。要么全部成功，要么一条不进，并一次说出所有问题。"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.registry import stamps
from jiezhi.base.registry.actions.areas import build_area, change_area, check_polygon, replace_polygon
from jiezhi.base.registry.actions.places import build_place, check_place
from jiezhi.base.registry.models import Area, AreaLevel, AreaVersion, Place
from jiezhi.base.registry.queries.areas import area_index

MAX_PROBLEMS = 50  # 问题太多时只列前面这些
BATCH = 500


@dataclass(frozen=True)
class ImportResult:
    """新增、有改动、没有变化的条数。"""

    created: int
    changed: int
    same: int


@dataclass(frozen=True)
class _Row:
    where: str
    code: str
    name: str
    level: str
    parent: str
    geometry: dict[str, Any] | None


def _said(error: ValidationError) -> str:
    return ";".join(error.messages)


def _refuse(problems: list[str]) -> None:
    if problems:
        more = len(problems) - MAX_PROBLEMS
        shown = problems[:MAX_PROBLEMS] + ([f"另有 {more} 个问题，改好上面的再导入"] if more > 0 else [])
        raise ValidationError({"features": shown})


def _read(features: Iterable[Any]) -> tuple[list[_Row], list[str]]:
    rows: list[_Row] = []
    problems: list[str] = []
    seen: set[str] = set()
    for number, feature in enumerate(features, start=1):
        if isinstance(feature, Mapping):
            given, geometry = feature.get("properties") or {}, feature.get("geometry")
        else:
            given, geometry = feature.properties, feature.geometry
        values = {key: str(given.get(key) or "").strip() for key in ("code", "name", "level", "parent")}
        where = f"第 {number} 个区域（“{values['name'] or values['code']}”）"
        lacking = [
            title for key, title in (("code", "代码 code"), ("name", "名称 name"), ("level", "级别 level"))
            if not values[key]
        ]  # fmt: skip
        if lacking:
            problems.append(f"{where}缺少{'、'.join(lacking)}")
        elif values["level"] not in AreaLevel.values:
            problems.append(
                f"{where}的级别“{values['level']}”不认识，应为 {'、'.join(AreaLevel.values)} 之一"
            )
        elif values["code"] in seen:
            problems.append(f"{where}的代码 {values['code']} 重复")
        else:
            seen.add(values["code"])
            rows.append(_Row(where=where, geometry=geometry, **values))
    rows.sort(key=lambda row: AreaLevel(row.level).rank)
    return rows, problems


def _check_known(row: _Row, known: Area, areas: Mapping[int, Area]) -> str:
    if known.level != row.level:
        return f"{row.where}原来是{AreaLevel(known.level).label}，级别不能改；请停用后另设"
    parent = areas[known.parent_id].code if known.parent_id else ""
    if row.parent and row.parent != parent:
        return f"{row.where}的上级原来是“{parent or '无'}”，不能改成“{row.parent}”；请停用后另设"
    return "" if known.is_active else f"{row.where}已停用，不能再导入"


def import_areas(
    features: Iterable[Any],
    *,
    reason: str,
    acting_officer: Officer | None,
    effective: datetime | None = None,
    now: datetime | None = None,
) -> ImportResult:
    """导入区域。

    每个图形的属性：code、name、level(district、street、community、grid、building)、parent（上级代码）。
    `features` 是 `core.space.Feature` 或 GeoJSON Feature 字典，次序不限；geometry 可以为空。
    已有的区域按代码对上：名称、边界有变就改（边界旧版保留），没提到的不动。新边界自 `effective`（默认即时）起。
    """
    now = now or timezone.now()
    effective = effective or now
    require_administrator(acting_officer, now)
    if not reason.strip():
        raise ValidationError({"reason": "请写明导入的原因或依据"})
    rows, problems = _read(features)
    for row in rows:
        if row.geometry is not None:
            try:
                check_polygon(row.geometry, row.name)
            except ValidationError as error:
                problems.append(_said(error))
    _refuse(problems)
    with transaction.atomic():
        by_code = {area.code: area for area in Area.objects.select_for_update()}
        by_id = {area.pk: area for area in by_code.values()}
        fresh: list[_Row] = []
        changed = same = 0
        shapes = dict(
            AreaVersion.objects.filter(valid_to=None, area__code__in=[r.code for r in rows]).values_list(
                "area__code", "geometry"
            )
        )
        for level in AreaLevel.values:
            batch: list[Area] = []
            for row in (row for row in rows if row.level == level):
                known = by_code.get(row.code)
                if known is None:
                    area = _build(row, by_code, problems)
                    if area is not None:
                        fresh.append(row)
                        batch.append(area)
                    continue
                if problem := _check_known(row, known, by_id):
                    problems.append(problem)
                    continue
                renamed = known.name != row.name
                moved = row.geometry is not None and row.geometry != shapes.get(row.code)
                if renamed:
                    change_area(known, name=row.name, acting_officer=acting_officer, now=now)
                if moved:
                    _move(known, row, reason, effective, acting_officer, now, problems)
                changed, same = changed + (renamed or moved), same + (not renamed and not moved)
            if not problems:
                Area.objects.bulk_create(batch, batch_size=BATCH)
            by_code.update({area.code: area for area in batch})
        _refuse(problems)
        AreaVersion.objects.bulk_create(
            [
                AreaVersion(
                    area=by_code[row.code], geometry=row.geometry, valid_from=effective, reason=reason.strip()
                )
                for row in fresh
                if row.geometry is not None
            ],
            batch_size=BATCH,
        )
        stamps.touch(stamps.AREAS)
        write_record(
            "area.import",
            "导入区域",
            Area,
            acting_officer=acting_officer,
            now=now,
            new={"created": [row.code for row in fresh], "changed": changed, "same": same},
            note=reason.strip(),
        )
    return ImportResult(created=len(fresh), changed=changed, same=same)


def _build(row: _Row, by_code: Mapping[str, Area], problems: list[str]) -> Area | None:
    parent = by_code.get(row.parent) if row.parent else None
    if row.parent and parent is None:
        problems.append(f"{row.where}的上级 {row.parent} 没有登记，也不在这次导入里")
        return None
    try:
        area = build_area(code=row.code, name=row.name, level=row.level, parent=parent)
        area.clean_fields(exclude=["parent"])
    except ValidationError as error:
        problems.append(f"{row.where}：{_said(error)}")
        return None
    if any(area.path == other.path for other in by_code.values()):
        problems.append(f"{row.where}的代码 {row.code} 与同一上级下的另一区域混同，请改用完整代码")
        return None
    return area


def _move(
    area: Area,
    row: _Row,
    reason: str,
    effective: datetime,
    acting_officer: Officer | None,
    now: datetime,
    problems: list[str],
) -> None:
    assert row.geometry is not None
    try:
        old = replace_polygon(area, row.geometry, reason=reason.strip(), effective=effective)
    except ValidationError as error:
        problems.append(_said(error))
        return
    write_record(
        "area.polygon",
        "改区域边界",
        area,
        acting_officer=acting_officer,
        now=now,
        old=old,
        new={"valid_from": effective.isoformat()},
        note=reason.strip(),
    )


def import_places(
    rows: Iterable[Mapping[str, Any]],
    *,
    reason: str,
    acting_officer: Officer | None,
    now: datetime | None = None,
) -> ImportResult:
    """导入地点：每行有 address，可有 doorplate、lon、lat、kind、area(Area)。只新增；门牌已登记的算没有变化。

    没给 area 而有坐标的，成批按现行网格边界定网格。
    """
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    places = [build_place(**row) for row in rows]
    grids = area_index(AreaLevel.GRID, now)
    loose = [
        (place, place.lon, place.lat)
        for place in places
        if place.area is None and place.lon is not None and place.lat is not None
    ]
    hits = grids.locate_many([lon for _, lon, _ in loose], [lat for _, _, lat in loose])
    areas = Area.objects.in_bulk(list(grids.keys))
    for (place, _, _), hit in zip(loose, hits, strict=True):
        if hit >= 0:
            place.area = areas[grids.keys[hit]]
    problems: list[str] = []
    seen: set[str] = set()
    for number, place in enumerate(places, start=1):
        try:
            check_place(place, alone=False)
        except ValidationError as error:
            problems.append(f"第 {number} 行：{_said(error)}")
        if place.doorplate and place.doorplate in seen:
            problems.append(f"第 {number} 行：门牌编码 {place.doorplate} 重复")
        seen.add(place.doorplate or "")
    _refuse(problems)
    with transaction.atomic():
        known = set(Place.objects.exclude(doorplate=None).values_list("doorplate", flat=True))
        fresh = [place for place in places if place.doorplate not in known]
        Place.objects.bulk_create(fresh, batch_size=BATCH)
        write_record(
            "place.import",
            "导入地点",
            Place,
            acting_officer=acting_officer,
            now=now,
            new={"created": len(fresh), "same": len(places) - len(fresh)},
            note=reason.strip(),
        )
    return ImportResult(created=len(fresh), changed=0, same=len(places) - len(fresh))
