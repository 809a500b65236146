from collections.abc import Callable
from typing import Any

import pytest

from jiezhi.base.accounts import actions as accounts
from jiezhi.base.casework import matters
from jiezhi.base.casework.testing import START, make_office
from jiezhi.base.registry import actions as registry
from jiezhi.base.registry.models import Area, Place, Unit
from jiezhi.services.dispatch.tests.town import AREAS, PLACES, Street, definition


@pytest.fixture
def street(db: None) -> Street:
    office = make_office()
    matters.publish(definition(), now=START)
    registry.import_areas(AREAS, reason="首次登记", acting_officer=None, effective=START, now=START)
    registry.import_places(PLACES, reason="首次登记", acting_officer=None, now=START)
    root = registry.create_unit(
        code="street", name="测试街道办事处", kind="internal", acting_officer=None, now=START
    )
    station = registry.create_unit(
        code="station", name="南岸社区工作站", kind="community", parent=root, acting_officer=None, now=START
    )
    outside = registry.create_unit(
        code="out_urban", name="区城管局", kind="external", acting_officer=None, now=START
    )
    areas = {area.code: area for area in Area.objects.all()}
    assert Place.objects.exclude(area=None).count() == len(PLACES)
    return Street(office, root, station, outside, areas)


@pytest.fixture
def person(street: Street) -> Callable[..., Any]:
    """新来一个人，任某岗。"""

    def make(login: str, post: str, unit: Unit, **more: Any) -> Any:
        officer = accounts.create_officer(
            login=login, name=login, staff_kind="established", acting_officer=None, now=START
        )
        registry.appoint(officer, post, unit, valid_from=START, acting_officer=None, now=START, **more)
        return officer

    return make
