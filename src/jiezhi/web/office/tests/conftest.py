"""办公页面测试的夹具。"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jiezhi.base.casework import actions
from jiezhi.base.casework.outcome import Outcome
from jiezhi.web.office.testing import Street, make_street


@pytest.fixture
def street(db: None) -> Street:
    return make_street()


@pytest.fixture
def enter(street: Street) -> Callable[[str], Client]:
    """以某人登录的浏览器。"""

    def login(who: str) -> Client:
        client = Client()
        client.force_login(street[who], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return login


@pytest.fixture
def report(street: Street) -> Callable[..., Outcome]:
    """登记一件随手拍。"""
    return street.report


@pytest.fixture
def handed(street: Street, report: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """登记并派给综合行政执法队、已签收的一件。"""

    def through(*args: Any, **more: Any) -> Outcome:
        case = report(*args, **more)
        for action, who, inputs in (("dispatch", "fenbo", {"to_unit": "law"}), ("sign", "jingban", {})):
            result = actions.act(case.uid, action, acting_officer=street[who], inputs=inputs)
            assert isinstance(result, Outcome), str(result)
            case = result
        return case

    return through
