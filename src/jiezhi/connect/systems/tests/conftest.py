"""一个小街道：公布了热线、网络问政、行政处罚的业务模板和外部系统的登记；一名热线专员、一名执法队负责人。"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import matters
from jiezhi.base.casework.extensions import extensions
from jiezhi.base.casework.testing import START, Office, make_office
from jiezhi.base.registry.models import Appointment, Unit
from jiezhi.connect.systems import actions
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.packset import PackSet

PUBLISHED = (
    "hotline.order",
    "online.message",
    "enforcement.penalty",
    "enforcement.spot",
    "publishing.review",
)
SINCE = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Street:
    """小街道和负责外部系统的人。"""

    office: Office
    clerk: Officer
    chief: Officer
    admin: Officer
    packs: PackSet
    give: Callable[..., Officer]


@pytest.fixture(scope="session")
def packs() -> PackSet:
    return load_folder(settings.PACKS_DIR)


@pytest.fixture
def street(db: None, packs: PackSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    office = make_office()
    monkeypatch.setitem(extensions.facts, "dispatch.unit", lambda context: "law")
    monkeypatch.setitem(extensions.resolvers, "dispatch.unit", lambda context: ["law"])
    for name in PUBLISHED:
        matters.publish(packs.matters[name].definition, now=START)
    for name, codes in packs.codes.items():
        matters.publish_codes(name, codes.title, codes.codes)
    actions.publish_from(packs, START)

    def give(login: str, name: str, post: str, unit: Unit = office.unit, area: object = None) -> Officer:
        row, _ = Post.objects.get_or_create(code=post, defaults={"title": post})
        officer, _ = Officer.objects.get_or_create(
            login=login, defaults={"name": name, "staff_kind": "established", "password": "!"}
        )
        Appointment.objects.create(officer=officer, post=row, unit=unit, area=area, valid_from=SINCE)
        return officer

    home = settings.HOME
    settings.HOME = tmp_path
    yield Street(
        office,
        give("rexian", "何热线", "hotline_clerk", office.other),
        give("duizhang", "危队长", "enforcement_chief"),
        give("guanli", "廖管理", "admin", office.other),
        packs,
        give,
    )
    settings.HOME = home
