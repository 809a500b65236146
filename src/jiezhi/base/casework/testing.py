"""测试用的小业务：一个单位、几个人、一个够用的业务模板。"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import MatterVersion
from jiezhi.base.registry.models import Appointment, Area, Unit
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.law import StatuteDecl
from jiezhi.core.procedure.matter import MatterDecl

START = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)  # 北京时间 8月3日（周一）9点

MEANS = {
    "register": "登记", "dispatch": "派单", "return": "退回", "answer": "答复", "close": "办结",
    "merge": "并入", "absorb": "收并", "inform": "告知", "decide": "决定", "extend": "延期",
}  # fmt: skip

STATUTES = {
    "office": {
        "name": "本单位规定", "version": "2026", "in_force": "2026-01-01", "status": "内部规定",
        "articles": {"handle": {"text": "五个工作日内答复"}, "photo": {"text": "现场处理要拍照"}},
    },
    "penalty-2021": {
        "name": "行政处罚法", "version": "2021", "in_force": "2021-07-15", "status": "已核对", "regime": "penalty-2021",
        "articles": {"64-1": {"text": "告知后五日内可以要求听证", "limit": "5日"}},
    },
}  # fmt: skip

MATTER: dict[str, Any] = {
    "matter": "test.report",
    "title": "来件",
    "covers": ["B1"],
    "class": "群众诉求",
    "trade": "工单",
    "summary": "subject",
    "located_by": "spot",
    "reported_by": "reporter",
    "roles": {"handler": {"title": "经办人"}},
    "fields": {
        "subject": {"title": "标题", "type": "text", "max": 200},
        "spot": {"title": "地点", "type": "place"},
        "reporter": {"title": "来件人", "type": "party", "sensitive": True},
        "to_unit": {"title": "承办单位", "type": "unit", "indexed": True},
        "reply": {"title": "答复", "type": "text"},
        "photos": {"title": "处理后照片", "type": "file", "kind": "photo"},
        "longer": {"title": "延长多久", "type": "duration"},
        "hard": {"title": "疑难", "type": "flag", "indexed": True},
    },
    "predicates": {"hard": {"title": "疑难件", "field": "hard", "cel": "hard == true"}},
    "conditions": {
        "reply_long": {
            "title": "答复写清楚",
            "cel": "size(reply) >= 4",
            "say": "答复太短",
            "remedy": "由经办人写清楚处理情况",
            "basis": "office.handle",
            "witness": {"met": {"reply": "已经处理好了"}, "unmet": {"reply": "好"}},
        }
    },
    "clocks": {
        "handle": {
            "title": "办理时限",
            "limit": "5个工作日",
            "from": "means.dispatch",
            "until": ["means.answer", "means.return"],
            "extension": {"each": "5个工作日", "basis": "office.handle"},
            "warn": ["1个工作日"],
            "basis": "office.handle",
        },
        "objection": {
            "title": "要求听证的期限",
            "limit": "5日",
            "from": "means.answer",
            "protects": "party",
            "guards": ["close"],
            "basis": "penalty-2021.64-1",
        },
    },
    "states": {
        "new": {"title": "待分派"},
        "handling": {"title": "办理中"},
        "answered": {"title": "已答复"},
        "closed": {"title": "已办结", "terminal": True},
        "merged": {"title": "已并入", "terminal": True, "ended": "merged"},
    },
    "actions": {
        "register": {
            "title": "登记", "means": "register", "from": "start", "to": "new",
            "by": ["post.dispatcher", "reporter", "system"], "online": True,
            "collect": ["subject", "spot?", "reporter?"],
        },
        "dispatch": {
            "title": "派单", "weight": "primary", "means": "dispatch", "from": "new", "to": "handling", "by": "post.dispatcher",
            "collect": ["to_unit", "hard?"], "assign": {"unit": "field.to_unit"},
            "notify": [{"to": "unit", "text": "新工单 {number}：{title}，{due} 前办"}],
        },
        "return": {
            "title": "退回分派", "means": "return", "from": "handling", "to": "new", "by": "unit.unit_clerk",
            "clears": ["dispatch"], "reason": True, "assign": {"unit": "none", "handler": "none"},
        },
        "extend": {
            "title": "延期", "means": "extend", "from": "handling", "by": "unit.unit_chief", "collect": ["longer"],
            "extend": {"clock": "handle", "amount": "field.longer"}, "reason": True,
        },
        "answer": {
            "title": "答复", "weight": "primary", "means": "answer", "from": "handling", "to": "answered", "by": "unit.unit_clerk",
            "collect": ["reply", "photos?"], "needs": ["done.dispatch", "reply_long"],
            "assign": {"handler": "actor"},
            "notify": [{"to": "reporter", "text": "您反映的“{title}”已答复：{field.reply}", "merged": "已答复：{field.reply}"}],
        },
        "close": {
            "title": "办结", "weight": "primary", "means": "close", "from": "answered", "to": "closed", "by": "post.dispatcher",
            "needs": "done.answer",
        },
        "join": {
            "title": "并入", "means": "merge", "from": "any", "to": "merged", "by": "post.dispatcher", "reason": True,
        },
        "absorb": {
            "title": "收并", "means": "absorb", "from": "any", "by": "post.dispatcher", "reason": True,
        },
    },
}  # fmt: skip


@dataclass
class Office:
    """测试用的街道：两个科室，分派员、经办人、科室负责人、外人各一。"""

    dispatcher: Officer
    clerk: Officer
    chief: Officer
    stranger: Officer
    unit: Unit
    other: Unit
    area: Area
    version: MatterVersion


def definition(**changes: Any) -> Definition:
    """编译测试用的业务模板；`changes` 替换顶层的键。"""
    statutes = {key: StatuteDecl.model_validate(value) for key, value in STATUTES.items()}
    return Definition.build(MatterDecl.model_validate({**MATTER, **changes}), statutes, (), MEANS)


def confidential() -> Definition:
    """限指定人员的同一个业务：登记的人、答复的人看得见，别人看不见；只由分拨员登记，不合并。"""
    changed = copy.deepcopy(MATTER)
    changed["roles"]["taker"] = {"title": "收件人"}
    register = {key: one for key, one in changed["actions"]["register"].items() if key != "online"}
    register |= {"by": "post.dispatcher", "assign": {"taker": "actor"}}
    acts = {key: one for key, one in changed["actions"].items() if key not in ("join", "absorb")}
    states = {key: one for key, one in MATTER["states"].items() if key != "merged"}
    acts |= {"register": register}
    return definition(confidential=True, roles=changed["roles"], actions=acts, states=states)


def make_office() -> Office:
    """建好单位、区域、岗位、人员和业务模板（直接写库，只用于测试）。"""
    area = Area.objects.create(code="990101001", name="测试街道", level="street", path="/990101001/", depth=1)
    units = [
        Unit.objects.create(code=code, name=name, kind="internal", path=f"/{code}/")
        for code, name in (("law", "综合执法队"), ("civil", "公共服务办"))
    ]
    posts = {
        code: Post.objects.create(code=code, title=title)
        for code, title in (
            ("dispatcher", "分拨员"),
            ("unit_clerk", "科室经办人"),
            ("unit_chief", "科室负责人"),
            ("archivist", "档案员"),
        )
    }

    def person(login: str, name: str, post: str | None, unit: Unit) -> Officer:
        officer = Officer.objects.create(login=login, name=name, staff_kind="established", password="!")
        if post:
            Appointment.objects.create(
                officer=officer, post=posts[post], unit=unit, valid_from=datetime(2020, 1, 1, tzinfo=UTC)
            )
        return officer

    return Office(
        dispatcher=person("fenbo", "陈分拨", "dispatcher", units[1]),
        clerk=person("jingban", "李经办", "unit_clerk", units[0]),
        chief=person("fuze", "王负责", "unit_chief", units[0]),
        stranger=person("lvren", "路人甲", None, units[1]),
        unit=units[0],
        other=units[1],
        area=area,
        version=matters.publish(definition(), now=START),
    )
