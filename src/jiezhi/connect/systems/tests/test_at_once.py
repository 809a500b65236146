"""同时来的两条登记同一个对方编号：后一条看得见前一条刚办成的，不会记重。"""

from __future__ import annotations

import copy

from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.actions import Entry, officer_actor
from jiezhi.base.casework.engine import running
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import MATTER, START, definition, make_office


def test_two_at_once_with_the_same_outer_number(db: None) -> None:
    office = make_office()
    matter = copy.deepcopy(MATTER)
    matter |= {"matter": "test.num", "title": "记号的件"}
    matter["fields"]["outer"] = {"title": "对方编号", "type": "text", "indexed": True}
    matter["conditions"]["free"] = {
        "title": "没有记在别的件上",
        "call": {"name": "systems.number_free", "args": {"number": "field.outer", "field": "outer"}},
        "say": "已记在别的件上",
        "remedy": "核对",
        "basis": "office.handle",
    }
    matter["actions"]["enter"] = {
        "title": "登记对方编号",
        "from": "any",
        "by": "post.dispatcher",
        "collect": ["outer"],
        "needs": "free",
    }
    matters.publish(definition(**matter), now=START)
    opened = [
        actions.open_case("test.num", acting_officer=office.dispatcher, inputs={"subject": one})
        for one in "甲乙"
    ]
    entries = [
        Entry(case=one.uid, action="enter", inputs={"outer": "SZ-1"})
        for one in opened
        if isinstance(one, Outcome)
    ]
    first, second = running._together([(one, officer_actor(office.dispatcher)) for one in entries])
    assert first.ok
    assert not second.ok and "已记在别的件上" in str(second)
