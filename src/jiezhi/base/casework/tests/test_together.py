"""上级件动了，子件随之办理；几个当事人的期间都要起算、都届满；补录的看发生那天。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework import actions, matters, outbox
from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.casework.models import Case, Delivery
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.test_actions import DAY, HOUR, dispatched

CHILD: dict[str, Any] = {
    "matter": "test.notice",
    "title": "公示",
    "covers": ["B1"],
    "class": "群众诉求",
    "fields": {"subject": {"title": "标题", "type": "text"}},
    "clocks": {},
    "predicates": {},
    "conditions": {},
    "roles": {},
    "summary": "subject",
    "located_by": None,
    "reported_by": None,
    "states": {"up": {"title": "公示中"}, "down": {"title": "已撤下", "terminal": True}},
    "actions": {
        "put_up": {"title": "公示", "from": "start", "to": "up", "by": "system", "collect": ["subject"]},
        "take_down": {"title": "撤下", "from": "up", "to": "down", "by": "system", "on": "parent.return"},
    },
}


def test_children_follow_what_the_parent_means(office: Office) -> None:
    matters.publish(definition(**CHILD), now=START)
    split = {
        "title": "公示", "from": "handling", "by": "unit.unit_clerk",
        "open": {"notice": {"matter": "test.notice", "title": "公示", "copy": {"subject": "field.subject"}}},
    }  # fmt: skip
    matters.publish(definition(actions={**MATTER["actions"], "publish": split}), now=START)
    case = dispatched(office)
    opened = actions.act(case.uid, "publish", acting_officer=office.clerk, now=START + HOUR)
    assert isinstance(opened, Outcome)
    child = Case.objects.get(uid=opened.children[0])
    outbox.drain(START + HOUR)
    child.refresh_from_db()
    assert child.state == "up", "上级件还没有退回"
    returned = actions.act(
        case.uid, "return", acting_officer=office.clerk, now=START + 2 * HOUR, reason="派错了"
    )
    assert returned.ok
    outbox.drain(START + 2 * HOUR)
    child.refresh_from_db()
    assert (child.state, child.closed_at is not None) == ("down", True)
    # 断电重来：同一条再做一遍，子件不会办两次。
    Delivery.objects.filter(kind="parent").update(done_at=None)
    outbox.drain(START + 3 * HOUR)
    child.refresh_from_db()
    assert child.seq == 2


def test_every_party_has_his_own_period(office: Office) -> None:
    fields = {
        **MATTER["fields"],
        "parties": {"title": "当事人", "type": "party", "many": True, "sensitive": True},
        "told": {"title": "送达谁", "type": "party", "sensitive": True},
    }
    clocks = {
        **MATTER["clocks"],
        "objection": {
            **MATTER["clocks"]["objection"],
            "from": "served.inform",
            "per": "field.told",
            "among": "field.parties",
        },
    }
    acts = {
        **MATTER["actions"],
        "name": {"title": "登记当事人", "from": "answered", "by": "post.dispatcher", "collect": ["parties"]},
        "inform": {"title": "告知", "means": "inform", "from": "answered", "by": "post.dispatcher"},
        "tell": {
            "title": "送达", "serves": "inform", "from": "answered", "by": "post.dispatcher",
            "collect": ["told"],
        },
        "close": {**MATTER["actions"]["close"], "needs": ["done.inform", "clock.objection.expired"]},
    }  # fmt: skip
    matters.publish(definition(fields=fields, clocks=clocks, actions=acts), now=START)
    case = dispatched(office)
    who = [{"name": "张三", "phone": "13900000001"}, {"name": "李四", "phone": "13900000002"}]

    def do(action: str, officer: Any, days: int, **inputs: Any) -> Any:
        return actions.act(case.uid, action, acting_officer=officer, inputs=inputs, now=START + days * DAY)

    assert do("answer", office.clerk, 1, reply="已经处理好了").ok
    assert do("name", office.dispatcher, 1, parties=who).ok
    assert do("inform", office.dispatcher, 1).ok
    assert do("tell", office.dispatcher, 1, told=who[0]).ok
    # 张三的期间早过了，李四还没有送达：不能办结。
    refused = do("close", office.dispatcher, 30)
    assert not refused.ok and "还有当事人的" in str(refused) and "先送达每一个当事人" in str(refused)
    assert do("tell", office.dispatcher, 30, told=who[1]).ok
    refused = do("close", office.dispatcher, 31)
    assert not refused.ok and "才届满" in str(refused)
    assert do("close", office.dispatcher, 60).ok


@pytest.fixture
def seen() -> Any:
    """登记一个记下时刻的条件，用完撤掉。"""
    moments: list[Any] = []

    def test(context: Context) -> bool:
        moments.append((context.at, context.now))
        return True

    extensions.condition("test.moment", "看时刻", test)
    yield moments
    del extensions.conditions["test.moment"]


def test_conditions_see_when_it_happened(office: Office, seen: list[Any]) -> None:
    need = {
        "title": "看时刻", "call": {"name": "test.moment"}, "say": "不行", "remedy": "改", "basis": "office.handle",
    }  # fmt: skip
    acts = {**MATTER["actions"], "answer": {**MATTER["actions"]["answer"], "needs": [need]}}
    matters.publish(definition(actions=acts), now=START)
    case = dispatched(office)
    happened = START + timedelta(hours=2)
    done = actions.act(
        case.uid,
        "answer",
        acting_officer=office.clerk,
        inputs={"reply": "已经处理好了"},
        at=happened,
        now=START + DAY,
    )
    assert done.ok and seen == [(happened, START + DAY)]
