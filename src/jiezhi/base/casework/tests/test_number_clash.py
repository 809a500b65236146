"""编号撞了，要说出是哪个号。"""

from __future__ import annotations

from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.actions import Entry, act_many, open_case
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.lives import done

SAME = {"case_no": {"title": "件号", "format": "G{year}{n:04}"}}
HOST = {"system": "区热线平台", "number": "工单编号"}


def publish(name: str, **changes: object) -> None:
    acts = dict(MATTER["actions"])
    if "sequences" in changes:
        acts["register"] = {**acts["register"], "number": "case_no"}
    matters.publish(definition(matter=name, actions=acts, **changes), now=START)


def test_our_own_number_taken(office: Office) -> None:
    publish("test.one", sequences=SAME)
    publish("test.two", sequences=SAME)
    who = {"acting_officer": office.dispatcher, "now": START}
    first = done(open_case("test.one", inputs={"subject": "甲"}, **who))
    assert first.number == "G20260001"
    refused = open_case("test.two", inputs={"subject": "乙"}, **who)
    assert not refused.ok and "G20260001" in str(refused) and "系统管理员" in str(refused)
    many = act_many(
        [
            Entry(matter="test.report", inputs={"subject": "丙"}),
            Entry(matter="test.two", inputs={"subject": "丁"}),
        ],
        **who,
    )
    assert many[0].ok and not many[1].ok and "G20260001" in str(many[1])
    assert Case.objects.count() == 2


def test_their_number_taken(office: Office) -> None:
    publish("test.hosted", host=HOST)
    given = {"acting_officer": office.dispatcher, "now": START, "origin": {"number": "R7"}}
    done(actions.open_case("test.hosted", inputs={"subject": "甲"}, **given))
    refused = actions.open_case("test.hosted", inputs={"subject": "甲"}, **given)
    assert "编号 R7 已有一件" in str(refused) and "不要重复登记" in str(refused)
