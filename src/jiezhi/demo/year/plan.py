"""这一年有哪些件：必有的先排，其余照平常的多少填满。每一件有自己的随机源，次序、规模变了不牵动别的件。"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jiezhi.demo.year import counter, keeping, permits, platforms, relief, sidework, snapshot, street
from jiezhi.demo.year import penalty as penalties
from jiezhi.demo.year.drive import Start
from jiezhi.demo.year.licences import LICENCES
from jiezhi.demo.year.life import Life, Story
from jiezhi.demo.year.people import Town, Trouble

Teller = Callable[..., Story]


@dataclass(frozen=True)
class Must:
    """必有的一件。`span` 是从第几天到第几天之间开始，`given` 交给经过；`place` 是哪一类诉求（地点另选）。"""

    tell: Teller
    given: Mapping[str, Any] = field(default_factory=dict)
    span: tuple[int, int] = (8, 250)
    place: str = ""


INSIDE = (
    "城乡建设/占道经营",
    "城乡建设/环境卫生",
    "城乡建设/物业管理",
    "应急安全/电动车充电",
    "城乡建设/楼道杂物",
    "环境保护/噪声扰民",
)
OUTSIDE = "城乡建设/市政设施"
# 走完要很久的，早些开始。
_ENDINGS: dict[str, int] = {
    "court": 12,
    "unlawful": 90,
    "instalments": 130,
    "upheld": 130,
    "overturned": 130,
    "altered": 120,
}
_OPTIONS = (
    "hearing interview attach", "hearing hearing_dropped", "hearing hearing_withdrawn", "defence review", "complex departs", "waive",
    "late_defence", "redo recuse", "suspend correction", "preserve_all typo sent_back", "slow",
)  # fmt: skip


def must() -> Iterator[Must]:
    """每一种业务、每一种特别的经过至少一件。"""
    for nth, (tell, fates) in enumerate(_REQUESTS):
        for turn, fate in enumerate(fates):
            yield Must(tell, {"fate": fate}, (8, 290), INSIDE[(nth + turn) % len(INSIDE)])
    yield Must(snapshot.snapshot, {"fate": "outside_back"}, (8, 290), OUTSIDE)
    yield Must(platforms.hotline, {}, (8, 290), OUTSIDE)
    for fate in street.SPOT:
        yield Must(street.spot, {"fate": fate}, (110, 250))
    for fate in street.CAUTION:
        yield Must(street.caution, {"fate": fate}, (8, 200))
    for fate in sidework.CORRECTION:
        yield Must(sidework.correction, {"fate": fate}, (8, 300))
    for ending in penalties.PENALTY:
        latest = _ENDINGS.get(ending, 180)
        yield Must(penalties.penalty, {"ending": ending, "options": "interview"}, (latest // 3, latest))
    for options in _OPTIONS:
        yield Must(penalties.penalty, {"options": options}, (30, 180))
    for name in counter.FILINGS:
        yield Must(counter.filing, {"name": name}, (8, 320))
    for fate in counter.FILING:
        yield Must(counter.filing, {"name": "small_works", "fate": fate}, (8, 320))
    for nth, fate in enumerate(permits.PERMIT):
        yield Must(permits.permit, {"name": permits.PERMITS[nth % 3], "fate": fate, "after": ""}, (8, 240))
    for after in LICENCES:
        yield Must(permits.permit, {"name": "temporary_use", "after": after}, (8, 160))
    for pledge in permits.PLEDGES:
        yield Must(permits.permit, {"name": "poster", "pledge": pledge, "after": "cancelled"}, (8, 250))
    for name in relief.RELIEFS:
        yield Must(relief.relief, {"name": name}, (8, 280))
    for fate in relief.RELIEF:
        yield Must(relief.relief, {"name": "medical_relief", "fate": fate}, (8, 260))
    for fate in ("urgent", "small"):
        yield Must(relief.relief, {"name": "temporary_relief", "fate": fate}, (8, 260))
    for family in relief.FAMILY:
        yield Must(relief.relief, {"family": family}, (3, 90))
    for unit, fate in (
        ("construction", "suspended"),
        ("emergency", "renewed"),
        ("economy", "lapsed"),
        ("law_safety", "cancelled"),
    ):
        yield Must(keeping.certified, {"unit": unit, "fate": fate}, (2, 40))
    yield Must(keeping.reviewed, {}, (280, 290))
    for nth, fate in enumerate(("", "", "repaired", "scrapped"), 1):
        yield Must(keeping.equipped, {"nth": nth, "fate": fate}, (-20, 60))
    for fate in keeping.HANDOVER:
        yield Must(keeping.handed, {"fate": fate}, (40, 300))
    yield Must(keeping.submitted, {"fate": "expired"}, (-25, -20))
    for fate in ("", "again"):
        yield Must(keeping.submitted, {"fate": fate}, (20, 280))


_REQUESTS: tuple[tuple[Teller, Mapping[str, float]], ...] = (
    (snapshot.snapshot, snapshot.FATES),
    (platforms.hotline, platforms.HOTLINE),
    (platforms.online, platforms.ONLINE),
)
LEAST = sum(1 for _ in must())
"""必有的有几件：再少就不齐了。"""


def _usual(rng: random.Random) -> tuple[Teller, dict[str, Any]]:
    """平常来的一件：哪一种、怎样的经过。"""

    def of(table: Mapping[str, float]) -> str:
        return rng.choices(list(table), list(table.values()))[0]

    name = rng.choices(list(_SHARES), list(_SHARES.values()))[0]
    match name:
        case "snapshot":
            return snapshot.snapshot, {"fate": of(snapshot.FATES)}
        case "hotline":
            return platforms.hotline, {"fate": of(platforms.HOTLINE)}
        case "online":
            return platforms.online, {"fate": of(platforms.ONLINE)}
        case "spot":
            return street.spot, {"fate": of(street.SPOT)}
        case "caution":
            return street.caution, {"fate": of(street.CAUTION)}
        case "correction":
            return sidework.correction, {"fate": of(sidework.CORRECTION)}
        case "penalty":
            return penalties.penalty, {"ending": of(penalties.PENALTY)}
        case "handover":
            return keeping.handed, {"fate": of(keeping.HANDOVER)}
        case "submitted":
            return keeping.submitted, {}
        case "poster" if rng.random() < 0.3:
            return permits.permit, {"name": name, "pledge": of(permits.PLEDGES)}
        case _ if name in permits.PERMITS:
            return permits.permit, {"name": name, "fate": of(permits.PERMIT)}
        case _ if name in relief.RELIEFS:
            return relief.relief, {"name": name, "fate": of(relief.RELIEF)}
    return counter.filing, {"name": name, "fate": of(counter.FILING)}


_SHARES = {
    "hotline": 46, "snapshot": 22, "online": 9, "small_works": 5, "spot": 4, "caution": 2.6, "temporary_use": 1.6, "poster": 1.6,
    "job_relief": 1.5, "penalty": 1, "minimum_living": 0.8, "temporary_relief": 0.7, "medical_relief": 0.7, "billboard": 0.6,
    "correction": 0.6, "owners_committee": 0.5, "handover": 0.4, "owners_meeting": 0.3, "housing_relief": 0.3, "extreme_poverty": 0.2,
    "disaster_housing": 0.2, "population_charter": 0.2, "submitted": 0.2,
}  # fmt: skip
"""各种业务平常占几份。"""

_ANY_TIME = frozenset({snapshot.snapshot, platforms.hotline, platforms.online})


def starts(town: Town, cases: int, seed: int) -> list[Start]:
    """全部的件各从什么时候开始，共 `cases` 件（随之开立的子件另算）；少于 LEAST 的只排必有的。"""
    found = []
    for serial, one in enumerate(must()):
        rng = random.Random(f"must:{seed}:{serial}")
        given = dict(one.given)
        if one.place:
            given["found"] = Trouble(town.somewhere(rng, *town.words.topics[one.place]["at"]), one.place)
        at = town.year.between(*one.span, rng, office=one.tell not in _ANY_TIME)
        found.append(_start(town, f"year:{seed}:m{serial}", at, one.tell, given))
    for serial in range(cases - LEAST):
        rng = random.Random(f"usual:{seed}:{serial}")
        tell, given = _usual(rng)
        at = town.year.arrival(rng) if tell in _ANY_TIME else town.year.visit(rng)
        found.append(_start(town, f"year:{seed}:{serial}", at, tell, given))
    return found


def _start(town: Town, key: str, at: datetime, tell: Teller, given: Mapping[str, Any]) -> Start:
    def begin() -> tuple[Life, Story]:
        life = Life(random.Random(key), at, key, town.year.table, town.pace)
        return life, tell(life, town, **given)

    return Start(at, begin)
