"""docs/api.md 与程序一致：范围、出错的种类都写到了，推送验签的例子真能用。"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jiezhi.api.models import SCOPES
from jiezhi.api.problems import KINDS
from jiezhi.connect.hooks import signing

TEXT = (Path(__file__).parents[4] / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_scope_and_every_kind_of_problem_is_described() -> None:
    assert [one for one in [*SCOPES, *KINDS] if f"`{one}`" not in TEXT] == []


def test_the_example_tells_real_pushes_from_forged_ones() -> None:
    found = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)  # noqa: S102
    genuine, secret, old, body = names["genuine"], signing.new_secret(), signing.new_secret(), b'{"a":1}'
    headers = signing.headers([secret, old], "msg_1", datetime.now(UTC), body)
    assert genuine(headers, body, secret) and genuine(headers, body, old), "换密钥期间两把都认"
    assert not genuine(headers, body + b" ", secret)
    assert not genuine(headers, body, signing.new_secret())
    assert not genuine(headers | {"webhook-id": "msg_2"}, body, secret)
    late = signing.headers([secret], "msg_1", datetime.fromtimestamp(time.time() - 301, UTC), body)
    assert not genuine(late, body, secret)
