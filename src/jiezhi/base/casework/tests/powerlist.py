"""测试用的权责清单：一个处罚的业务模板、几条依据、起草审核公布的人。"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import matters, powers
from jiezhi.base.casework.testing import MEANS, START, STATUTES, Office
from jiezhi.base.registry.models import Appointment, PowerVersion
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.law import StatuteDecl
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.packset import LoadedMatter, PackSet
from jiezhi.core.procedure.source import Positions
from jiezhi.core.procedure.traits import resolve

TODAY = date(2026, 8, 3)
LAWS: dict[str, Any] = {
    **STATUTES,
    "city": {
        "name": "城市市容和环境卫生管理条例", "version": "2017年修订", "in_force": "2017-03-01", "status": "已核对",
        "articles": {"34-1": {"text": "随地吐痰"}, "36": {"text": "堆物", "status": "待核"}},
    },
    "new": {
        "name": "新条例", "version": "2026年", "in_force": "2026-08-01", "until": "2026-12-31", "status": "已核对",
        "articles": {"5": {"text": "新增的义务"}},
    },
}  # fmt: skip
MATTER: dict[str, Any] = {
    "matter": "test.penalty", "title": "处罚", "covers": ["D1"], "class": "行政处罚", "trade": "案件", "summary": "facts",
    "params": {
        "days": {"title": "决定天数", "default": "5个工作日", "min": "1个工作日", "max": "10个工作日", "basis": "office.handle"}
    },
    "fields": {
        "cause": {"title": "案由", "type": "power", "class": "行政处罚", "indexed": True},
        "facts": {"title": "事实", "type": "text"},
        "to_unit": {"title": "承办单位", "type": "unit"},
    },
    "conditions": {
        "empowered": {
            "title": "事项生效", "call": {"name": "power.in_force", "args": {"power": "field.cause"}},
            "say": "案由不在生效的权责清单里", "remedy": "移送有权机关，或终止", "basis": "penalty-2021.64-1",
        }
    },
    "clocks": {
        "decide": {
            "title": "决定期限", "limit": "$days", "from": "open", "until": "means.decide", "basis": "office.handle"
        }
    },
    "states": {"filed": {"title": "已立案"}, "closed": {"title": "办结", "terminal": True}},
    "actions": {
        "file": {
            "title": "立案", "means": "register", "from": "start", "to": "filed", "by": ["post.dispatcher"],
            "collect": ["cause", "facts", "to_unit"], "assign": {"unit": "field.to_unit"}, "basis": "penalty-2021.64-1",
        },
        "decide": {
            "title": "决定", "means": "decide", "from": "filed", "to": "closed", "by": ["post.dispatcher"],
            "needs": ["empowered"], "basis": "penalty-2021.64-1",
        },
        "stop": {
            "title": "终止", "means": "close", "from": "filed", "to": "closed", "by": ["post.dispatcher"],
            "basis": "penalty-2021.64-1",
        },
    },
}  # fmt: skip
HELD = {"announcement": "综合执法公告", "from": "2026-01-01", "to": "2026-12-31", "status": "已核对"}
CONTENT: dict[str, Any] = {
    "title": "随地吐痰", "class": "行政处罚", "basis": ["city.34-1"], "authorisation": HELD, "unit": "law",
    "matter": "test.penalty",
}  # fmt: skip


def pack(*more: dict[str, Any]) -> PackSet:
    statutes = {key: StatuteDecl.model_validate(value) for key, value in LAWS.items()}
    loaded = {}
    for raw in ({**MATTER}, *more):
        decl = MatterDecl.model_validate(raw)
        built = Definition.build(resolve(decl), statutes, (), MEANS)
        loaded[decl.matter] = LoadedMatter(decl, built, "test.yaml", Positions())
    return PackSet(means=dict(MEANS), statutes=statutes, matters=loaded)


PACKS = pack()


@dataclass
class People:
    keeper: Officer
    reviewer: Officer
    head: Officer


def make_people(office: Office) -> People:
    """清单管理员（兼法制审核员）、法制审核员、街道办负责人；公布处罚的业务模板。"""
    made = {}
    for login, name, posts in (
        ("qingdan", "何清单", ("power_keeper", "legal_reviewer")),
        ("fazhi", "方法制", ("legal_reviewer",)),
        ("zhuren", "周主任", ("office_head",)),
    ):
        officer = Officer.objects.create(login=login, name=name, staff_kind="established", password="!")
        for code in posts:
            post, _ = Post.objects.get_or_create(code=code, defaults={"title": code})
            since = datetime(2020, 1, 1, tzinfo=UTC)
            Appointment.objects.create(officer=officer, post=post, unit=office.other, valid_from=since)
        made[login] = officer
    matters.publish(PACKS.matters["test.penalty"].definition, now=START)
    return People(made["qingdan"], made["fazhi"], made["zhuren"])


def drafted(people: People, code: str = "CF-1", now: datetime = START, **changes: Any) -> PowerVersion:
    content = {key: value for key, value in {**CONTENT, **changes}.items() if value is not None}
    return powers.draft(code, content, acting_officer=people.keeper, now=now, packs=PACKS)


def ready(people: People, code: str = "CF-1", now: datetime = START) -> PowerVersion:
    powers.submit(code, acting_officer=people.keeper, now=now)
    return powers.review(code, approve=True, opinion="同意", acting_officer=people.reviewer, now=now)


def publish(people: People, code: str = "CF-1", now: datetime = START, **more: Any) -> PowerVersion:
    return powers.publish(code, **{"acting_officer": people.head, "now": now, "packs": PACKS, **more})


def published(people: People, code: str = "CF-1", now: datetime = START, **changes: Any) -> PowerVersion:
    drafted(people, code, now, **changes)
    ready(people, code, now)
    return publish(people, code, now)


def revised(people: People, code: str = "CF-1", now: datetime = START, **changes: Any) -> PowerVersion:
    return powers.revise(code, changes, acting_officer=people.keeper, now=now, packs=PACKS)
