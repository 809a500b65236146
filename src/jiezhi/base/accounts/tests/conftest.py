from collections.abc import Callable

import pytest

from jiezhi.base.accounts import actions, authority
from jiezhi.base.accounts.models import Officer

PASSWORD = "Yunqiao-2031"


@pytest.fixture
def make_officer(db: None) -> Callable[..., Officer]:
    def make(login: str = "li.min", **given: object) -> Officer:
        values = {"name": "李敏", "staff_kind": "established", "password": PASSWORD, **given}
        return actions.create_officer(login=login, acting_officer=None, **values)  # type: ignore[arg-type]

    return make


@pytest.fixture
def admin(make_officer: Callable[..., Officer], monkeypatch: pytest.MonkeyPatch) -> Officer:
    """系统管理员：在这一层用登记的判断来模拟任职。"""
    officer = make_officer("root.wang", name="王管")
    monkeypatch.setattr(authority, "_checks", [lambda who, at: who.pk == officer.pk])
    return officer
