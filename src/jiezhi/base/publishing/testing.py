"""测试用：一个会作出决定、又会变更撤销的小业务，和审查、公示要用的几个人。"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.accounts.posts import STANDARD_POSTS
from jiezhi.base.casework import actions, matters, outbox
from jiezhi.base.casework.models import Case, Delivery
from jiezhi.base.casework.outcome import Outcome, Result
from jiezhi.base.registry.models import Appointment, Unit
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.law import StatuteDecl
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.packset import PackSet

START = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)  # 北京时间 8月3日（周一）9点
DAY = timedelta(days=1)
CASE: dict[str, Any] = {
    "decision_number": "云街罚〔2026〕12号",
    "decided_on": "2026-08-03",
    "parties": [{"name": "张三", "identifier": "110105199001011232", "phone": "13800138000"}],
    "subject": "张三占道经营",
    "facts": "2026年8月1日，张三（电话13800138000）在云桥路12号门前占道经营。",
    "legal_basis": "《某市市容条例》第二十二条",
    "outcome": "罚款500元",
}
FIELDS: dict[str, Any] = {
    "decision_number": {"title": "决定书文号", "type": "text"},
    "decided_on": {"title": "决定日期", "type": "date"},
    "parties": {"title": "当事人", "type": "party", "many": True, "sensitive": True},
    "subject": {"title": "案由", "type": "text"},
    "facts": {"title": "违法事实", "type": "text"},
    "legal_basis": {"title": "依据", "type": "text"},
    "outcome": {"title": "处罚内容", "type": "text"},
}
PARENT: dict[str, Any] = {
    "matter": "test.penalty",
    "title": "试验处罚",
    "covers": ["D1"],
    "class": "试验",
    "summary": "decision_number",
    "roles": {"handler": {"title": "承办人"}},
    "fields": FIELDS,
    "states": {
        "open": {"title": "已立案"},
        "decided": {"title": "已决定"},
        "revoked": {"title": "已撤销", "terminal": True, "ended": "void"},
    },
    "actions": {
        "file": {
            "title": "批准立案", "means": "file", "from": "start", "to": "open", "by": "post.enforcement_officer",
            "collect": list(FIELDS), "assign": {"handler": "actor"},
        },
        "decide": {
            "title": "作出决定", "means": "decide", "from": "open", "to": "decided", "by": "post.office_head",
            "open": {
                "publicity": {
                    "matter": "publishing.review", "title": "公开审查",
                    "copy": {name: f"field.{name}" for name in FIELDS},
                }
            },
        },
        "revoke": {
            "title": "撤销决定", "means": "revoke", "from": "decided", "to": "revoked", "by": "post.office_head",
            "reason": True,
        },
    },
}  # fmt: skip


@dataclass
class Team:
    """承办人、决定人、公示管理员、法制审核员；`now` 由测试拨。"""

    handler: Officer
    head: Officer
    publisher: Officer
    legal: Officer
    now: datetime = START

    def decided(self, **changes: Any) -> tuple[Case, Case]:
        """立案并作出决定；返回（案件、随之开立的公开审查）。"""
        opened = self.ok(
            actions.open_case(
                "test.penalty", acting_officer=self.handler, inputs={**CASE, **changes}, now=self.now
            )
        )
        self.ok(actions.act(opened.uid, "decide", acting_officer=self.head, now=self.now))
        self.drain()
        parent = Case.objects.get(uid=opened.uid)
        return parent, Case.objects.get(parent=parent)

    def ok(self, result: Result) -> Outcome:
        assert isinstance(result, Outcome), str(result)
        return result

    def act(
        self, case: Case, action: str, who: Officer | None = None, reason: str = "", **inputs: Any
    ) -> Result:
        """办一步，不管成不成；不写人就是公示管理员。"""
        return actions.act(
            str(case.uid),
            action,
            acting_officer=who or self.publisher,
            inputs=inputs,
            reason=reason,
            now=self.now,
        )

    def review(self, case: Case, who: Officer | None = None, **changes: Any) -> Result:
        """审查完毕；不另写就是有社会影响、没有别的情形。"""
        found = {"impact": True, "minor": False, "state_secret": False, "private": False, **changes}
        return self.act(case, "review", who, **found)

    def published(self, **changes: Any) -> tuple[Case, Case]:
        """审查、公布了的一件；返回（案件、公开审查）。"""
        parent, case = self.decided(**changes)
        self.ok(self.review(case))
        self.ok(self.act(case, "publish"))
        self.drain()
        case.refresh_from_db()
        return parent, case

    def drain(self) -> None:
        """到期的时限、后续发送做到没有事可做。"""
        # 排版一份文书要几秒，这里不测文书。
        Delivery.objects.filter(kind="document", done_at=None).update(done_at=self.now)
        while outbox.fire_clocks(self.now) + outbox.drain(self.now).done:
            pass


@lru_cache(maxsize=1)
def _packs() -> PackSet:
    return load_folder(settings.PACKS_DIR)


def make_team(*, since: datetime = datetime(2020, 1, 1, tzinfo=UTC)) -> Team:
    """公布公开审查和试验处罚，建好人（直接写库，只用于测试）。"""
    packs = _packs()
    review = packs.matters["publishing.review"].definition
    assert review is not None
    matters.publish(review, now=since)
    statutes = {
        "office": StatuteDecl.model_validate(
            {"name": "规定", "version": "1", "in_force": "2020-01-01", "status": "内部规定"}
        )
    }
    parent = Definition.build(MatterDecl.model_validate(PARENT), statutes, (), packs.means)
    matters.publish(parent, now=since)
    unit, _ = Unit.objects.get_or_create(
        code="gongshi", defaults={"name": "综合行政执法办公室", "kind": "internal", "path": "/gongshi/"}
    )

    def person(login: str, name: str, post: str) -> Officer:
        row, _ = Post.objects.get_or_create(code=post, defaults={"title": STANDARD_POSTS[post].title})
        officer = Officer.objects.create(login=login, name=name, staff_kind="established", password="!")
        Appointment.objects.create(officer=officer, post=row, unit=unit, valid_from=since)
        return officer

    return Team(
        handler=person("gs_zhifa", "钱执法", "enforcement_officer"),
        head=person("gs_fuze", "孙负责", "office_head"),
        publisher=person("gs_gongshi", "李公示", "publisher"),
        legal=person("gs_fazhi", "周法制", "legal_reviewer"),
    )
