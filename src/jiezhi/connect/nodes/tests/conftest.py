"""节点的测试：小单位，加上随手拍和外网来件两份真的业务模板。"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import matters
from jiezhi.base.casework.testing import START, Office, make_office
from jiezhi.base.registry.models import Appointment, Unit
from jiezhi.connect.nodes.models import Peer
from jiezhi.connect.nodes.tests.counterpart import Counterpart
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.packset import PackSet


@lru_cache(maxsize=1)
def packs() -> PackSet:
    return load_folder(Path(conf.PACKS_DIR))


def publish() -> None:
    """公布随手拍、外网来件和代码表。"""
    found = packs()
    for code_list in found.codes.values():
        matters.publish_codes(code_list.list, code_list.title, code_list.codes)
    for name in ("report.snapshot", "outside.report"):
        definition = found.matters[name].definition
        assert definition is not None
        matters.publish(definition, now=START)


@pytest.fixture
def office(db: None, settings: Any) -> Office:
    settings.NODE = "yunqiao-nei"
    made = make_office()
    post = Post.objects.create(code="callback", title="回访员")
    caller = Officer.objects.create(login="huifang", name="赵回访", staff_kind="established", password="!")
    since = START.replace(year=2020)
    Appointment.objects.create(officer=caller, post=post, unit=made.other, valid_from=since)
    Unit.objects.create(code="district", name="区城管局", kind="external", path="/district/")
    publish()
    return made


@pytest.fixture
def inside(office: Office, settings: Any) -> tuple[Counterpart, Peer]:
    """本机是外网节点，对方是内网。"""
    settings.NODE = "yunqiao-wai"
    made = Counterpart("yunqiao-nei")
    return made, made.join("inside", START)


@pytest.fixture
def district(office: Office) -> tuple[Counterpart, Peer]:
    """本机是街道节点，对方是区城管局。"""
    made = Counterpart("chengguan")
    return made, made.join("superior", START, unit="district")
