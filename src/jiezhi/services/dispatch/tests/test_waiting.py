"""等着分派的队列、附近在办的件、常派的单位。"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from jiezhi.base.casework import actions as door
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import START
from jiezhi.base.registry import actions as registry
from jiezhi.base.registry.models import Unit
from jiezhi.services.dispatch import actions
from jiezhi.services.dispatch.routing import Router
from jiezhi.services.dispatch.tests.town import GRID1, LAMP, NOISE, SOUTH, Street, definition
from jiezhi.services.dispatch.waiting import (
    desk_actions,
    nearby,
    queue,
    quick_action,
    steps_of,
    waiting_states,
)

HOUR = timedelta(hours=1)


def rule(street: Street, category: str, unit: str, area: str | None = None) -> None:
    actions.create_rule(
        category=category,
        unit=Unit.objects.get(code=unit),
        area=street.areas[area] if area else None,
        acting_officer=None,
        now=START,
    )


def test_states_and_actions_by_meaning(street: Street) -> None:
    """系统派的、退回之后才派的都不另算；同一环节里一键能派的是由人派、只问单位的那个。"""
    made = definition()
    assert waiting_states(made) == ("new",)
    names = desk_actions(made, "new")
    assert "auto" not in names and quick_action(made, names) == "dispatch"
    assert desk_actions(made, "handling") == {}


def test_each_dispatcher_has_his_own_area(street: Street, person: Callable[..., Any]) -> None:
    south = person("nan", "dispatcher", street.street, area=street.areas[SOUTH])
    both = person("liang", "dispatcher", street.street, area=street.areas[SOUTH])
    registry.appoint(
        both, "dispatcher", street.station, area=street.areas[GRID1], valid_from=START, acting_officer=None, now=START
    )  # fmt: skip
    path = street.areas[SOUTH].path
    assert steps_of(street.office.dispatcher, START) == (("test.report", "new", ""),)
    assert steps_of(south, START) == steps_of(both, START) == (("test.report", "new", path),), (
        "含在里面的不重复"
    )
    here = street.report("路灯不亮", spot={"lon": "114.005", "lat": "22.505"})
    street.report("江对面的", spot={"lon": "114.005", "lat": "22.52"})
    found, items = queue(south, START + HOUR)
    assert [str(one.case.uid) for one in items] == [here.uid] and found.total == 1
    assert queue(person("xian", "unit_clerk", street.station), START + HOUR)[1] == []


def test_the_first_come_is_first_and_the_returned_is_marked(street: Street) -> None:
    rule(street, LAMP, "law")
    first = street.report("路灯不亮", category=LAMP)
    second = street.report("路灯又不亮", now=START + HOUR, category=LAMP)
    officer = street.office.dispatcher
    _, items = queue(officer, START + 2 * HOUR)
    assert [str(one.case.uid) for one in items] == [first.uid, second.uid]
    assert [(one.suggestion.unit, one.action, one.doubtful) for one in items] == [
        ("law", "dispatch", False)
    ] * 2
    door.act(first.uid, "dispatch", acting_officer=officer, inputs={"to_unit": "law"}, now=START + 2 * HOUR)
    back = door.act(
        first.uid, "return", acting_officer=street.office.clerk, reason="不归我们管", now=START + 3 * HOUR
    )
    assert isinstance(back, Outcome), str(back)
    marked = {str(one.case.uid): one for one in queue(officer, START + 4 * HOUR)[1]}
    assert marked[first.uid].returned == {"law"} and marked[first.uid].doubtful
    assert not marked[second.uid].doubtful
    page, rest = queue(officer, START + 4 * HOUR, first=1, size=1)
    assert len(rest) == 1 and page.total == 2 and not page.more


def test_nearby_is_only_what_one_may_see(street: Street) -> None:
    at = {"lon": "114.005", "lat": "22.505"}
    main = street.report("路灯不亮", spot=at)
    close = street.report("井盖松动", spot={"lon": "114.0055", "lat": "22.505"})
    hidden = street.report("限指定人员的", spot={"lon": "114.0051", "lat": "22.505"})
    street.report("远处的", spot={"lon": "114.0095", "lat": "22.505"})
    street.report("没有坐标的")
    Case.objects.filter(uid=hidden.uid).update(confidential=True)
    case = Case.objects.get(uid=main.uid)
    (found,) = nearby(street.office.dispatcher, case, 300, START + HOUR)
    assert str(found.case.uid) == close.uid and 50 < found.metres < 53
    assert 50 < found.east < 53 and abs(found.north) < 1
    blank = Case.objects.get(title="没有坐标的")
    assert nearby(street.office.dispatcher, blank, 300, START + HOUR) == []


def test_usual_units_are_those_with_more_rules_here(street: Street) -> None:
    rule(street, LAMP, "law")
    rule(street, NOISE, "law")
    rule(street, LAMP, "station", GRID1)
    router = Router()
    assert router.usual(street.areas[GRID1].path, "test.report", START + HOUR) == ["law", "station"]
    assert router.usual("", "test.report", START + HOUR) == ["law"]
    found = router.route("", street.areas[GRID1].path, "test.report", START + HOUR)
    assert found.doubtful and not router.route(NOISE, "", "", START + HOUR).doubtful
    rule(street, "*", "station")
    anyhow = Router().route("没有专门规则的", "", "", START + HOUR)
    assert anyhow.unit == "station" and anyhow.doubtful, "不分类别的规则只是个参考"
