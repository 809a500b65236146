"""一件的用时，由库里的办理记录算。"""

from __future__ import annotations

from datetime import datetime

from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.measures import measures_of
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import START, Office, definition
from jiezhi.base.casework.tests.lives import DAY, HOUR, done, life
from jiezhi.core.procedure.measuring import Measured

MEASURES = {
    "answer": {"title": "答复用时", "from": "means.dispatch", "to": "means.answer", "unit": "工作小时"},
    "whole": {"title": "全程用时", "from": "open", "to": "state.closed", "unit": "工作日"},
}


def test_none_declared(office: Office) -> None:
    assert measures_of(life(office), START) == {}


def test_running_then_done(office: Office) -> None:
    matters.publish(definition(measures=MEASURES), now=START)
    case = life(office)  # 9 点登记，10 点派单，12 点答复
    later = START + 2 * DAY
    found = measures_of(case, later)
    assert list(found) == ["answer", "whole"]
    assert found["answer"] == Measured(2, 120, START + HOUR, START + 3 * HOUR, False)
    assert found["whole"] == Measured(2, None, START, None, True)
    # 保护期 5 个工作日过后才能办结：下周二
    closed: datetime = START + 8 * DAY
    done(actions.act(str(case.uid), "close", acting_officer=office.dispatcher, now=closed))
    case = Case.objects.get(pk=case.pk)
    assert measures_of(case, closed + 30 * DAY)["whole"] == Measured(6, None, START, closed, False)
