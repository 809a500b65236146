"""全部测试共用的夹具。"""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def _flush_allowed() -> Iterator[None]:
    """真正提交事务的测试收尾清库时，放开只追加的触发器。"""
    from jiezhi.base.accounts.testing import flush_allowed

    with flush_allowed():
        yield
