from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from jiezhi.base.accounts import actions as accounts
from jiezhi.base.accounts.models import Officer
from jiezhi.base.registry import actions
from jiezhi.base.registry.models import Area, Unit

NOW = datetime(2031, 3, 3, 1, 0, tzinfo=UTC)
STREET, COMMUNITY = "990101001", "990101001001"
GRIDS = ("990101001001001", "990101001001002")


def square(west: float, south: float, size: float = 0.01) -> dict[str, Any]:
    """边长 `size` 度的方块（GeoJSON 面）。"""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(code: str, name: str, level: str, parent: str = "", geometry: Any = None) -> dict[str, Any]:
    properties = {"code": code, "name": name, "level": level, "parent": parent}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


FEATURES = [
    feature(GRIDS[1], "二格", "grid", COMMUNITY, square(114.01, 22.5)),
    feature(GRIDS[0], "一格", "grid", COMMUNITY, square(114.0, 22.5)),
    feature(STREET, "云桥街道", "street", "", square(114.0, 22.5, 0.02)),
    feature(COMMUNITY, "南岸社区", "community", STREET, square(114.0, 22.5, 0.02)),
]


@pytest.fixture
def make_officer(db: None) -> Callable[..., Officer]:
    def make(login: str, **given: Any) -> Officer:
        values = {"name": login.title(), "staff_kind": "established", **given}
        return accounts.create_officer(login=login, acting_officer=None, now=NOW, **values)

    return make


@pytest.fixture
def unit(db: None) -> Unit:
    return actions.create_unit(
        code="law", name="综合行政执法办公室", short="执法办", kind="internal", acting_officer=None, now=NOW
    )


@pytest.fixture
def posts(db: None) -> None:
    accounts.install_standard_posts(acting_officer=None, now=NOW)


@pytest.fixture
def clerk(make_officer: Callable[..., Officer]) -> Officer:
    return make_officer("clerk", staff_kind="contract")


@pytest.fixture
def admin(make_officer: Callable[..., Officer], unit: Unit, posts: None) -> Officer:
    officer = make_officer("admin.wang")
    actions.appoint(officer, "admin", unit, valid_from=NOW, acting_officer=None, now=NOW)
    return officer


@pytest.fixture
def areas(db: None) -> dict[str, Area]:
    actions.import_areas(FEATURES, reason="首次登记", acting_officer=None, now=NOW)
    return {area.code: area for area in Area.objects.all()}
