"""接口测试的夹具：小街道、令牌、带令牌的客户端。"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from PIL import Image

from jiezhi.api.actions import create_token
from jiezhi.api.models import SCOPES
from jiezhi.api.testing import Caller
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.outcome import Outcome
from jiezhi.web.office.testing import Street, make_street


@pytest.fixture(autouse=True)
def _unhurried(settings: Any) -> None:
    """测试都从一个地址来，次数一个进程里累计：不限速；限速另有测试。"""
    settings.PUBLIC_RATES = {}


@pytest.fixture(scope="module")
def _town(django_db_setup: None, django_db_blocker: Any) -> Iterator[Street]:
    """小街道，一个文件建一次；每个测试在其上各开一层事务。"""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_street()
        transaction.set_rollback(True)


@pytest.fixture
def street(_town: Street, db: None) -> Street:
    """每个测试拿到的人员是刚取的：别的测试改过的不算数。"""
    fresh = {login: Officer.objects.get(pk=one.pk) for login, one in _town.people.items()}
    return Street(fresh, _town.units, _town.grid)


@pytest.fixture
def caller(street: Street) -> Callable[..., Caller]:
    """某人的令牌；`scopes` 不写就是全部范围。"""

    def made(login: str, *scopes: str, **more: Any) -> Caller:
        more = {"name": "测试", "days": 30, "acting_officer": None, **more}
        _, secret = create_token(street[login], scopes=scopes or SCOPES, **more)
        return Caller(secret)

    return made


@pytest.fixture
def resident() -> Caller:
    """没有令牌的居民。"""
    return Caller()


@pytest.fixture
def opened(street: Street) -> Callable[..., Outcome]:
    """登记一件随手拍。"""
    return street.report


@pytest.fixture
def photo() -> Callable[..., io.BytesIO]:
    """一张照片；颜色不同内容就不同。"""

    def made(shade: int = 10, name: str = "现场.jpg") -> io.BytesIO:
        stream = io.BytesIO()
        Image.new("RGB", (40, 30), (shade, 80, 120)).save(stream, "JPEG")
        stream.seek(0)
        stream.name = name
        return stream

    return made
