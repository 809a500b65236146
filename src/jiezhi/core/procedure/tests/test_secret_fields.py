"""保密的字段：本身敏感的，和有一列敏感的表格；不能公开、不能写进别人的通知。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.core.procedure.fields import FieldDecl
from jiezhi.core.procedure.tests.test_verifier import PENALTY, define, packs
from jiezhi.core.procedure.verifier import verify

__all__ = ["packs"]
COLUMN = {"title": "证件号", "type": "text"}


@pytest.mark.parametrize(
    ("declared", "secret"),
    [
        ({"type": "text"}, False),
        ({"type": "place", "sensitive": True}, True),
        ({"type": "rows", "columns": {"a": COLUMN}}, False),
        ({"type": "rows", "columns": {"b": {"title": "姓名", "type": "text"}, "a": {**COLUMN, "sensitive": True}}}, True),
        ({"type": "rows", "sensitive": True, "columns": {"a": COLUMN}}, True),
    ],
)  # fmt: skip
def test_a_field_is_secret_when_it_or_a_column_is_sensitive(declared: dict[str, Any], secret: bool) -> None:
    assert FieldDecl.model_validate({"title": "某项", **declared}).secret is secret


ROWS = "  people: {title: 人员, type: rows%s, columns: {id: {title: 证件号, type: text, sensitive: true}}}\n"
TOLD = '{to: reporter, text: "{number}定于'
FIELDS = "  identifier: {title: 证件号码"


@pytest.mark.parametrize(
    ("public", "changes", "said"),
    [
        (", public: true", (), ["有敏感的列，不能给公众看"]),
        ("", (), []),
        ("", ((TOLD, TOLD.replace("reporter", "followers").replace("{number}", "{field.people}")),),
         ["通知里写了敏感字段"]),
        ("", ((TOLD, TOLD.replace("{number}", "{field.people}")),), []),
        ("", (("summary: cause", "summary: identifier"),
              (TOLD, TOLD.replace("reporter", "followers").replace("{number}", "{title}"))),
         ["件名用了敏感字段", "件名是敏感字段"]),
    ],
)  # fmt: skip
def test_secret_fields_go_nowhere_open(
    packs: Any, public: str, changes: tuple[tuple[str, str], ...], said: list[str]
) -> None:
    found = define(packs, PENALTY, (FIELDS, ROWS % public + FIELDS), *changes)
    told = [problem.say for problem in verify(found) if problem.code == "field.sensitive"]
    assert len(told) == len(said) and all(any(words in one for one in told) for words in said), told
