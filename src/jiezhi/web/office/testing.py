"""测试用的小街道：用随程序带的业务模板，几个单位、几个人、一片网格。"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.accounts.posts import STANDARD_POSTS
from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.registry.models import Appointment, Area, AreaVersion, Unit
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.packset import PackSet
from jiezhi.services.discretion import actions as discretion

PASSWORD = "yunqiao-2026"
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[113.0, 23.0], [113.02, 23.0], [113.02, 23.02], [113.0, 23.02], [113.0, 23.0]]],
}

#: 登录名、姓名、岗位、单位、管的区域（空为不限）
PEOPLE = (
    ("fenbo", "陈分拨", "dispatcher", "party", ""),
    ("rexian", "何热线", "hotline_clerk", "party", ""),
    ("duban", "周督办", "supervisor", "party", ""),
    ("huifang", "梁回访", "callback", "party", ""),
    ("jingban", "李经办", "unit_clerk", "law", ""),
    ("fuze", "王负责", "unit_chief", "law", ""),
    ("minzheng", "赵民政", "unit_clerk", "civil", ""),
    ("wangge", "孙网格", "grid_worker", "station", "grid"),
    ("lvren", "路闲人", "", "civil", ""),
)


@dataclass
class Street:
    """建好的街道；`people` 按登录名取人。"""

    people: dict[str, Officer]
    units: dict[str, Unit]
    grid: Area

    def __getitem__(self, login: str) -> Officer:
        return self.people[login]

    def report(self, content: str = "东桥路12号路灯不亮", **more: Any) -> Outcome:
        """网格员登记一件随手拍；`more` 是别的填写内容。"""
        inputs = {
            "content": content,
            "spot": {"address": "东桥路12号", "lon": "113.005", "lat": "23.008"},
            "reporter": {"name": "林小燕", "phone": "13800138001"},
            "category": "城乡建设/市政设施",
            **more,
        }
        result = actions.open_case("report.snapshot", "report", acting_officer=self["wangge"], inputs=inputs)
        assert isinstance(result, Outcome), str(result)
        return result


@lru_cache(maxsize=1)
def packs() -> PackSet:
    """随程序带的业务模板包；读一次。"""
    return load_folder(settings.PACKS_DIR)


def publish_packs(now: datetime = SINCE) -> None:
    """公布全部业务模板和代码表。"""
    for found in packs().matters.values():
        matters.publish(found.definition, now=now)
    for name, codes in packs().codes.items():
        matters.publish_codes(name, codes.title, codes.codes)
    discretion.publish(packs().benchmarks.values(), packs().statutes, now=now)


def make_street() -> Street:
    """建好单位、区域、岗位、人员，公布业务模板（直接写库，只用于测试和试看）。口令都是 PASSWORD。"""
    publish_packs()
    street = Area.objects.create(
        code="990101001", name="云桥街道", level="street", path="/990101001/", depth=1
    )
    community = Area.objects.create(
        code="990101001001",
        name="东桥社区",
        level="community",
        parent=street,
        path="/990101001/001/",
        depth=2,
    )
    grid = Area.objects.create(
        code="990101001001007",
        name="东桥第7网格",
        level="grid",
        parent=community,
        path="/990101001/001/007/",
        depth=3,
    )
    for one in (street, community, grid):
        AreaVersion.objects.create(area=one, geometry=SQUARE, valid_from=SINCE, reason="初始")
    units = {
        code: Unit.objects.create(code=code, name=name, kind=kind, path=f"/{code}/")
        for code, name, kind in (
            ("party", "党政综合办公室", "internal"),
            ("law", "综合行政执法队", "internal"),
            ("civil", "公共服务办公室", "internal"),
            ("station", "东桥社区工作站", "community"),
        )
    }
    posts = {
        code: Post.objects.create(code=code, title=post.title, signs=post.signs)
        for code, post in STANDARD_POSTS.items()
    }
    people = {}
    for login, name, post, unit, area in PEOPLE:
        officer = Officer(login=login, name=name, staff_kind="established")
        officer.set_password(PASSWORD)
        officer.save()
        people[login] = officer
        if post:
            Appointment.objects.create(
                officer=officer,
                post=posts[post],
                unit=units[unit],
                area=grid if area else None,
                valid_from=SINCE,
            )
    return Street(people, units, grid)
