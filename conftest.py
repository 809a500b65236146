"""全部测试共用的夹具。"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis

# 机器忙时一次慢不算错；速度在 bench 里量。
hypothesis.register_profile("jiezhi", deadline=None)
hypothesis.load_profile("jiezhi")


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    """每个测试自己的材料目录：别的测试留下的文件不算数。"""
    settings.FILES_DIR = tmp_path / "files"


@pytest.fixture(autouse=True, scope="session")
def _flush_allowed() -> Iterator[None]:
    """真正提交事务的测试收尾清库时，放开只追加的触发器。"""
    from jiezhi.base.accounts.testing import flush_allowed

    with flush_allowed():
        yield
