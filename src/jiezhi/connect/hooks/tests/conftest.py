"""网络推送的测试：小单位、一个本机的接收方。"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jiezhi.base.casework.testing import START, Office, make_office
from jiezhi.connect.hooks import actions
from jiezhi.connect.hooks.models import Subscription
from jiezhi.connect.hooks.tests.receiver import Receiver, receiving


@pytest.fixture(autouse=True)
def _local(settings: Any) -> None:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def subscribe(office: Office, receiver: Receiver) -> Callable[..., Subscription]:
    def through(name: str = "数据平台", **more: Any) -> Subscription:
        given = {"url": receiver.url, "officer": office.dispatcher, **more}
        return actions.create(name=name, acting_officer=None, now=START, **given)

    return through
