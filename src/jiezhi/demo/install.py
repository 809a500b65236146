"""把演示街道装进空库：单位、区域、门牌、人员、派单表，再办二十来件工单，打开就有事可看。"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts import actions as accounts
from jiezhi.base.accounts.models import Officer, StaffKind
from jiezhi.base.registry import actions as registry
from jiezhi.base.registry.models import Area, Unit
from jiezhi.core.procedure.packset import PackSet
from jiezhi.demo.business import open_business
from jiezhi.demo.cases import open_cases
from jiezhi.demo.certificates import issue_certificates
from jiezhi.demo.plan import OfficerPlan, StreetPlan
from jiezhi.demo.powers import publish_powers
from jiezhi.demo.street import build_street
from jiezhi.services.dispatch import actions as dispatch

# 只用于演示街道；正式使用时库里已有人员，不会走到这里。
DEMO_PASSWORD = "yunqiao-2026"
KINDS = {"street": "internal", "inside": "internal", "community": "community", "outside": "external"}
PLACES = {
    "住宅": "residence",
    "宿舍": "residence",
    "商铺": "shop",
    "市场": "shop",
    "写字楼": "firm",
    "厂房": "firm",
    "学校": "public",
    "公共服务": "public",
    "公园": "public",
    "医疗": "public",
    "交通设施": "facility",
    "工地": "site",
}
SHOWN = (
    ("dispatcher", ""),
    ("unit_clerk", "construction"),
    ("unit_chief", "construction"),
    ("grid_worker", ""),
    ("callback", ""),
    ("hotline_clerk", ""),
    ("supervisor", ""),
    ("leader", ""),
    ("enforcement_officer", ""),
    ("enforcement_chief", ""),
    ("legal_reviewer", ""),
    ("hearing_host", ""),
    ("office_head", ""),
    ("deputy_head", ""),
    ("window_clerk", ""),
    ("service_chief", ""),
    ("publisher", ""),
    ("power_keeper", ""),
    ("certificate_keeper", ""),
    ("evidence_keeper", ""),
    ("finance_clerk", ""),
    ("archivist", ""),
    ("admin", ""),
)


def install_street(
    *, now: datetime | None = None, cases: bool = True, packs: PackSet | None = None
) -> StreetPlan:
    """在空库里建演示街道。全部经各应用的写操作，以系统身份；返回所用的街道数据。`packs` 见 publish_powers。"""
    moment = now or timezone.now()
    plan = build_street()
    long_ago = moment - timedelta(days=400)
    with transaction.atomic():
        _units(plan)
        _areas(plan, long_ago)
        _places(plan)
        _people(plan, long_ago)
        _rules(plan, long_ago)
        publish_powers(plan, long_ago, packs)
    if cases:
        issue_certificates(plan, moment - timedelta(days=60))
        open_cases(plan, moment)
        open_business(plan, moment)
    return plan


def demo_logins() -> list[str]:
    """演示账号，每个有人的岗位一行，岗位、登录名、姓名各成一列；不是演示街道则没有。"""
    plan = build_street()
    known = set(Officer.objects.filter(is_active=True).values_list("login", flat=True))
    names = {unit.code: unit.short for unit in plan.units}
    shown: dict[str, OfficerPlan] = {}
    for post, unit in SHOWN:
        able = [one for one in plan.holders(post, unit) if one.login in known]
        # 一人多岗的，尽量换一个人，让每行的账号不同。
        fresh = [one for one in able if one not in shown.values()]
        if able:
            shown[post] = (fresh or able)[0]
    if not shown:
        return []
    titles = {post.code: post.title for post in plan.posts}
    longest = max(len(titles[post]) for post in shown)
    return [
        f"演示账号（口令都是 {DEMO_PASSWORD}）：",
        *(
            f"  {titles[post]:　<{longest}}　{one.login:<16}{one.name}（{names[one.unit]}）"
            for post, one in shown.items()
        ),
    ]


def _units(plan: StreetPlan) -> None:
    built: dict[str, Unit] = {}
    for unit in plan.units:
        built[unit.code] = registry.create_unit(
            code=unit.code,
            name=unit.name,
            short=unit.short,
            kind=KINDS[unit.kind],
            parent=built.get(unit.parent),
            acting_officer=None,
        )


def _areas(plan: StreetPlan, since: datetime) -> None:
    district = {
        "type": "Feature",
        "properties": {"code": plan.district_code, "name": plan.district_name, "level": "district"},
        "geometry": None,
    }
    features = [district] + [
        {
            "type": "Feature",
            "properties": {"code": area.code, "name": area.name, "level": area.level, "parent": area.parent},
            "geometry": area.geometry,
        }
        for area in (plan.street, *plan.communities, *plan.grids)
    ]
    registry.import_areas(features, reason="演示街道", acting_officer=None, effective=since)


def _places(plan: StreetPlan) -> None:
    areas = {area.code: area for area in Area.objects.filter(level="grid")}
    registry.import_places(
        [
            {
                "address": building.address,
                "doorplate": building.code,
                "lon": building.lon,
                "lat": building.lat,
                "kind": PLACES.get(building.kind, "other"),
                "area": areas[building.grid],
            }
            for building in plan.buildings
        ],
        reason="演示街道",
        acting_officer=None,
    )


def _people(plan: StreetPlan, since: datetime) -> None:
    accounts.install_standard_posts(acting_officer=None)
    units = {unit.code: unit for unit in Unit.objects.all()}
    areas = {area.code: area for area in Area.objects.all()}
    for person in plan.officers:
        signs = any(one.post in ("unit_chief", "leader") for one in person.postings)
        contract = person.contract and not signs
        officer = accounts.create_officer(
            login=person.login,
            name=person.name,
            title=person.title,
            staff_kind=StaffKind.CONTRACT if contract else StaffKind.ESTABLISHED,
            acting_officer=None,
            now=since,
        )
        for posting in person.postings:
            for area in posting.areas or (plan.street.code,):
                registry.appoint(
                    officer,
                    posting.post,
                    units[posting.unit],
                    area=areas[area],
                    valid_from=since,
                    acting_officer=None,
                )
    # 同一个演示口令只散列一次：逐人散列要一分钟。
    Officer.objects.update(password=make_password(DEMO_PASSWORD))


def _rules(plan: StreetPlan, since: datetime) -> None:
    dispatch.import_rules(
        [
            {
                "category": f"{rule.category}/{rule.subcategory}",
                "area": rule.community or None,
                "unit": rule.unit,
                "automatic": True,
            }
            for rule in plan.dispatch
        ],
        acting_officer=None,
        now=since,
        reason="演示街道的派单表",
    )
