"""查询数预算：tests/budgets.yaml 里每个列表、件页、接口最多几条查询，在演示街道上核对。

办理记录 5 条和 200 条的件，件页查询数相同：多了就是逐条去查了。
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from ruamel.yaml import YAML

from jiezhi.api.actions import create_token
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.models import Case

BUDGETS = Path(__file__).resolve().parents[1] / "budgets.yaml"
PAGES: dict[str, dict[str, Any]] = YAML(typ="safe").load(BUDGETS.read_text(encoding="utf-8"))["pages"]
STALLS = "城乡建设/占道经营"


def asked(client: Client, address: str, **headers: str) -> int:
    """热身一次（业务模板、任职这些每个进程只取一回），再数一次请求几条查询。"""
    assert client.get(address, headers=headers).status_code == 200, address
    with CaptureQueriesContext(connection) as found:
        assert client.get(address, headers=headers).status_code == 200
        return len(found)


def enter(officer: Officer) -> Client:
    client = Client()
    client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def handled(desk: Any) -> Case:
    """办理中的一件，5 条办理记录：登记、自动派单、签收、两次催办。"""
    for number in range(3):
        desk.report(f"第{number}处摊档占道", desk.building(2, 3), STALLS)
    case = desk.report("学校门口摊档把路堵死", desk.building(2, 3), STALLS)
    desk.worker()
    case.refresh_from_db()
    desk.later(hours=1)
    desk.does(case, desk.person("unit_clerk", "enforcement"), "签收")
    return urged(desk, case, 5)


def urged(desk: Any, case: Case, events: int) -> Case:
    """催办到有 `events` 条办理记录。"""
    while case.seq < events:
        desk.later(minutes=1)
        desk.does(case, desk.person("supervisor"), "催办", 督办要求=f"第{case.seq}次催办")
    return case


def address_of(desk: Any, page: dict[str, Any], case: Case) -> str:
    area = desk.building(2, 3).grid
    return str(page["address"]).format(case=case.uid, number=case.number, area=area)


def count(desk: Any, page: dict[str, Any], case: Case) -> int:
    officer = desk.person(page["who"], page.get("unit", ""))
    address = address_of(desk, page, case)
    if not page.get("scopes"):
        return asked(enter(officer), address)
    # 令牌不走登录；范围照接口要的给。
    _, secret = create_token(
        officer, name="查询数预算", scopes=page["scopes"], days=1, acting_officer=desk.person("admin")
    )
    return asked(Client(), address, Authorization=f"Bearer {secret}")


@pytest.mark.parametrize("name", PAGES)
def test_no_page_asks_more_than_its_budget(desk: Any, handled: Case, name: str) -> None:
    page = PAGES[name]
    found = count(desk, page, handled)
    assert found <= page["at_most"], f"“{name}”用了 {found} 条查询，预算 {page['at_most']} 条"


def test_a_long_history_asks_no_more(desk: Any, handled: Case) -> None:
    officer = desk.person("dispatcher")
    address = reverse("office:case", args=[handled.uid])
    short = asked(enter(officer), address)
    urged(desk, handled, 200)
    assert handled.seq == 200
    assert asked(enter(officer), address) == short <= 25


def test_every_list_and_case_page_has_a_budget() -> None:
    """列表的每一种取法、件页、接口都在预算里，不许漏。"""
    text = " ".join(str(page["address"]) for page in PAGES.values())
    for part in ("scope=mine", "scope=unit", "matter=", "state=", "unit=", "area=", "light=", "q=", "f-category=",
                 "open=closed", "open=any", "p=20", "/cases/{case}/", "/api/v1/cases?", "/api/v1/cases/{case}"):  # fmt: skip
        assert part in text, part
