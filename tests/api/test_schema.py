"""照 OpenAPI 说明把全部接口乱试一遍（schemathesis，进程内）：没有一次 500，答复都与说明相符。

每个接口试几十次；环境变量 JIEZHI_SCHEMA_EXAMPLES 可以加大（如 2000）。随意造的标识、字段名多半不存在，走不深，
所以每一次另照样子换成真的再试：真的件、真的业务模板、真的字段名，值仍是随意造的。
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode, checks
from schemathesis.core.parameters import ParameterLocation

from jiezhi.api.actions import create_token
from jiezhi.api.models import SCOPES
from jiezhi.base.accounts.models import Post
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case
from jiezhi.base.registry.models import Appointment
from jiezhi.connect.hooks import actions as hooks
from jiezhi.core.procedure.definition import Definition

EXAMPLES = int(os.environ.get("JIEZHI_SCHEMA_EXAMPLES", "8"))
SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
SCHEMA.config.phases.coverage.enabled = EXAMPLES > 100
# 与说明相不相符；“合乎说明的就该收”不查：合乎说明的也会因办理条件不收。
ALWAYS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]
AS_IS = [*ALWAYS, "negative_data_rejection", "unsupported_method", "missing_required_header"]
MATTERS = [
    "report.snapshot",
    "service.temporary_use",
    "service.minimum_living",
    "hotline.order",
    "enforcement.caution",
]


@contextmanager
def connected() -> Iterator[None]:
    """测试整个在一层事务里，不让请求收尾时断开数据库（Django 的测试客户端也这样，用完又接上，所以每次都要断开）。"""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.fixture
def everyone(street: Any, settings: Any) -> str:
    """什么岗位都任的人的令牌：走得最深。"""
    settings.OUTGOING_NETWORKS = ["203.0.113.0/24"]
    settings.EVIDENCE_MAX_BYTES = 10_000
    officer, since = street["fenbo"], timezone.now() - timedelta(days=300)
    for post in Post.objects.all():
        Appointment.objects.create(officer=officer, post=post, unit=street.units["law"], valid_from=since)
    post, _ = Post.objects.get_or_create(code="admin", defaults={"title": "系统管理员"})
    Appointment.objects.get_or_create(officer=officer, post=post, unit=street.units["law"], valid_from=since)
    _, secret = create_token(officer, name="乱试", scopes=SCOPES, days=9, acting_officer=None)
    return secret


@pytest.fixture
def world(everyone: str, opened: Callable[..., Any], resident: Any, street: Any) -> dict[str, list[str]]:
    """真的东西：件、编号和查询码、订阅、代码。"""
    for n in range(3):
        opened(f"第{n}件路灯不亮")
    made = resident.post("/public/reports", {"inputs": {"content": "井盖坏了"}}).json()
    hook = hooks.create(name="对方", url="https://203.0.113.9/", officer=street["fenbo"], acting_officer=None)
    return {
        "uid": [str(one) for one in Case.objects.values_list("uid", flat=True)],
        "number": [made["number"]],
        "code": [made["code"]],
        "X-Query-Code": [made["code"]],
        "matter": MATTERS,
        "action": sorted({name for one in MATTERS for name in _definition(one).matter.actions}),
        "name": ["report_category"],
        "pk": [str(hook.pk)],
        "area": ["990101001", "990101001001007"],
        "unit": ["law", "civil"],
    }


def _definition(matter: str) -> Definition:
    return matters.definition_of(matters.current_version(matter))


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    suppress_health_check=list(HealthCheck),
)
def test_every_door(case: Any, everyone: str, world: dict[str, list[str]]) -> None:
    header = case.meta.components.get(ParameterLocation.HEADER)
    spoiled = header is not None and header.mode is GenerationMode.NEGATIVE
    headers = {} if "/public/" in case.operation.path else {"Authorization": f"Bearer {everyone}"}
    # 表单里同一项写了两次的取后一次，说明里表达不了。
    strict = AS_IS if case.media_type != "multipart/form-data" else ALWAYS
    # 头是故意弄坏的（少了令牌），就照坏的试。
    with connected():
        case.call_and_validate(headers={} if spoiled else headers, checks=_checks(strict))
        lifelike(case, world)
        case.call_and_validate(headers=headers, checks=_checks(ALWAYS))


def _checks(names: list[str]) -> list[Any]:
    return list(checks.CHECKS.get_by_names(names))


def lifelike(case: Any, world: dict[str, list[str]]) -> None:
    """标识换成真的；填写的内容换成真的字段名，值照旧。"""
    chance = random.Random(repr((case.path_parameters, case.query, case.body)))
    for place in (case.path_parameters, case.query, case.headers, case.body):
        if isinstance(place, MutableMapping):
            for name in [*place]:
                if name in world and chance.random() < 0.9:
                    place[name] = chance.choice(world[name])
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("inputs"), dict):
        wanted = body.get("matter")
        definition = _definition(wanted if wanted in MATTERS else MATTERS[0])
        names = sorted(definition.matter.fields)
        values = list(body["inputs"].values()) or [
            chance.choice([{}, [], "x", 7, None, 1.5, True, "2026-08-01"])
        ]
        chosen = chance.sample(names, min(len(names), chance.randrange(1, 6)))
        if chance.random() < 0.5:
            chosen = [one for one in chosen if one != "content"]
        body["inputs"] = {"content": "路灯不亮"} | {one: chance.choice(values) for one in chosen}
        if "others" in body:
            body["others"] = chance.sample(world["uid"], 2)
