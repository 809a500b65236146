"""测试用的小工具。"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import TransactionTestCase

from jiezhi.base.accounts import append_only


@contextmanager
def flush_allowed() -> Iterator[None]:
    """真正提交事务的测试在收尾时要清库；期间放开只追加的触发器，清完装回。

    用法：在 conftest.py 里做成整场自动启用的夹具。
    """
    original = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def teardown(self: Any) -> None:
        with append_only.suspended():
            original(self)

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[attr-defined]
    try:
        yield
    finally:
        TransactionTestCase._fixture_teardown = original  # type: ignore[attr-defined]
